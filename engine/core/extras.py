"""What an installation may lack: the packages of an extra, and the line that says how to add them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

Extra = Literal["audit", "bench", "cluster", "excel", "sample"]
"""An extra of this project, as ``pip install 'portfolio-engine[audit]'`` names it."""


def install_command(extra: Extra) -> str:
    """Return what to run for an extra, ready to be copied into a shell.

    >>> install_command("audit")
    "pip install 'portfolio-engine[audit]'"
    """
    return f"pip install 'portfolio-engine[{extra}]'"


def is_installed(module: str) -> bool:
    """Return whether a package can be imported, without importing it."""
    return find_spec(module) is not None
