"""Files of somebody else's, called nearly as the engine's own, around everything that the engine writes."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

from tests.support.folder_state import folder_state

OURS = (
    "manifest.json",
    "summary.json",
    "report.html",
    "equity.parquet",
    "trades.csv",
    "config.resolved.yaml",
    "results.parquet",
    "sweep.journal",
    "optimal.html",
    "plan.yaml",
    "xnys-2024-2025-4.11.days",
    "aapl-0a1b2c3d4e5f.parquet",
    "aapl-0a1b2c3d4e5f.absent",
    "0123456789abcdef0123456789abcdef.txt",
    "portfolio-engine-crash-abcdefgh.log",
    "kernel-0.68.1-0.50.0-2.4.6-0123456789abcdef",
    "templates-3.1.6-0123456789abcdef",
    ".portfolio-engine-4194305-0123456789ab.tmp",
    ".plan-0123456789abcdef.tmp",
    "unfinished",
    "CACHEDIR.TAG",
)
"""Names as the engine gives them, or nearly so."""
OTHERS = (
    "kernel-backup",
    "templates-old",
    "kernel-0.1-0123456789abcdef",
    ".x-abc.tmp",
    ".77-abc.tmp",
    "notes",
    ".plan-abcdefgh.tmp",
    "portfolio-engine-crash-aaaaaaaa.log",
    "stop.sell-12.py312.1.nbc",
    "0" * 40,
)
"""Names that are nobody's, but look like names that a program may tidy up."""


def leave_litter(root: Path, chance: random.Random, count: int) -> dict[Path, tuple[object, ...]]:
    """Leave so many things in ``root`` under names that the engine never gives; return what each of them is."""
    left = []
    for _ in range(count):
        path = root / (chance.choice(OTHERS) if chance.random() < 0.4 else _nearly(chance.choice(OURS), chance))
        if not os.path.lexists(path):
            chance.choice(_KINDS)(path)
            os.utime(path, (1_000_000_000, 1_000_000_000 + chance.randrange(10**6)), follow_symlinks=False)
            left.append(path)
    return folder_state(*left)


def _nearly(name: str, chance: random.Random) -> str:
    """Return a name that is not quite ``name``."""
    stem, dot, end = name.rpartition(".")
    at = chance.randrange(1, len(name))
    return chance.choice(
        (
            f"{name}~",
            f"{name}.bak",
            f".{name}.swp",
            f"my {name}",
            f"{stem or end}-old{dot}{end}",
            f"{name[:at]}_{name[at:]}",
            f"{name[:at]}ä\n{name[at:]}",
        )
    )


def _make_folder(path: Path) -> None:
    (path / "more").mkdir(parents=True)
    for name in ("notes", "manifest.json", ".x-abc.tmp", "more/a-1.py312.nbi"):
        (path / name).write_text("mine")


def _make_read_only(path: Path) -> None:
    path.write_bytes(b"mine")
    path.chmod(0o400)


_KINDS: tuple[Callable[[Path], object], ...] = (
    _make_folder,
    _make_read_only,
    lambda path: path.write_bytes(os.urandom(40)),
    lambda path: path.touch(),
    lambda path: path.mkdir(),
    lambda path: path.symlink_to("nowhere"),
    lambda path: path.symlink_to("."),
    os.mkfifo if os.name == "posix" else Path.touch,
)
