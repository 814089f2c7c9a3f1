"""Arguments and options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file; `engine init` writes one.")]
ConfigPaths = Annotated[list[Path], typer.Argument(metavar="CONFIG...", help="YAML files.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="K=V", help="Override a key, as --set window.end=2024-12-31.")
]
OutFolder = Annotated[Path, typer.Option("--out", metavar="DIR", help="Results go to DIR/<name>/.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print summary.json and nothing else.")]
