"""Entry points by which packages of others add to the unions that a config chooses from: which are installed."""

from __future__ import annotations

import importlib.metadata
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from engine.core.crash_log import write_crash_log
from engine.core.errors import EngineError, shorten

Group: TypeAlias = Literal["strategies", "costs", "objectives", "sources", "metrics", "taxes"]

PREFIX: Final = "portfolio_engine."
GROUPS: Final[tuple[Group, ...]] = get_args(Group)


class PlugInError(EngineError):
    """A plug-in that cannot be used or does what it must not: the line names its package and its entry."""


@dataclass(frozen=True)
class PlugIn:
    """An entry point of an installed distribution: ``kind`` in a config is ``target`` of ``package`` in ``version``."""

    group: Group
    kind: str
    target: str
    package: str
    version: str

    def __str__(self) -> str:
        """Return how a message names it."""
        return f"plug-in {self.package} {self.version} ({PREFIX}{self.group}: {self.kind} = {self.target})"

    def fault(self, message: str, error: BaseException | None = None) -> PlugInError:
        """Return the one line that says what is wrong with it; the traceback of ``error`` goes into a file."""
        if error is None:
            return PlugInError(f"{self}: {message}; mend it or uninstall {self.package}")
        said = shorten(" ".join(f"{type(error).__name__}: {error}".split()), 300)
        log = write_crash_log(error)
        return PlugInError(f"{self}: {message} ({said}); mend it or uninstall {self.package}; traceback: {log}")


@cache
def installed_plug_ins() -> tuple[PlugIn, ...]:
    """Return the entries of all distributions on the path, in the order of group, kind and package.

    Of a distribution that is there twice the first counts, as for imports. Only the files of entry points are read.
    """
    found: list[PlugIn] = []
    seen: set[str] = set()
    for folder in _distribution_folders():
        name = re.sub(r"[-_.]+", "-", folder.name.rpartition(".")[0].partition("-")[0]).lower()
        if name in seen:
            continue
        seen.add(name)
        with suppress(OSError, UnicodeDecodeError):
            if PREFIX in (folder / "entry_points.txt").read_text(encoding="utf-8"):
                found.extend(_entries(importlib.metadata.Distribution.at(folder), name))
    return tuple(sorted(found, key=lambda one: (one.group, one.kind, one.package)))


def _distribution_folders() -> Iterator[Path]:
    for place in dict.fromkeys(sys.path):
        with suppress(OSError), os.scandir(place or ".") as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith((".dist-info", ".egg-info")))
            yield from (Path(place or ".", name) for name in names)


def _entries(distribution: importlib.metadata.Distribution, name: str) -> Iterator[PlugIn]:
    package, version = distribution.metadata["Name"] or name, distribution.metadata["Version"] or "of no version"
    for entry in distribution.entry_points:
        group = entry.group.removeprefix(PREFIX)
        if entry.group.startswith(PREFIX) and group in GROUPS:
            yield PlugIn(group, entry.name, entry.value, package, version)


def versions_of(plug_ins: Iterable[PlugIn]) -> dict[str, str]:
    """Return the version of each one's package, by name in order."""
    return dict(sorted((one.package, one.version) for one in plug_ins))
