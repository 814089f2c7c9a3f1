"""Distributions made by hand: a module, and beside it what an installer writes of its entry points."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent


def install(folder: Path, package: str, module: str, entries: Mapping[str, str], version: str = "1.0") -> Path:
    """Put a distribution of one module in place; ``entries`` are ``group.kind -> object``. Return the folder."""
    name = package.replace("-", "_")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(dedent(module), encoding="utf-8")
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n", encoding="utf-8")
    groups: dict[str, list[str]] = {}
    for key, target in entries.items():
        group, _, kind = key.partition(".")
        groups.setdefault(group, []).append(f"{kind} = {name}:{target}")
    text = "\n".join(f"[portfolio_engine.{group}]\n" + "\n".join(lines) for group, lines in groups.items())
    (info / "entry_points.txt").write_text(text + "\n", encoding="utf-8")
    return folder


STRATEGY = """
    import gc
    import sys
    from typing import Literal
    import numpy as np
    from engine.data.market import Market
    from strategies.own_weights import OwnWeights

    class Own(OwnWeights):
        kind: Literal["own"] = "own"

        def decide_weights(self, decision):
            {body}
"""
"""A strategy of which only the decision is to be written."""

EQUAL = "return dict.fromkeys(self.assets, 1.0 / len(self.assets))"


def strategy(body: str) -> str:
    """Return the module of a strategy that decides by ``body``, lines without indentation."""
    head = dedent(STRATEGY)
    return head.replace("{body}", body.strip().replace("\n", "\n        "))
