"""Entry points by which packages of others add to the unions that a config chooses from: which are installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, TypeAlias, get_args

from engine.core.errors import EngineError, shorten

Group: TypeAlias = Literal["strategies", "costs", "objectives", "sources", "metrics", "taxes"]

PREFIX: Final = "portfolio_engine."
_MARK: Final = PREFIX.encode()
_MOST_BYTES: Final = 1_000_000
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
        from engine.core.crash_log import write_crash_log  # noqa: PLC0415  (most plug-ins do not fail)

        said = shorten(" ".join(f"{type(error).__name__}: {error}".split()), 300)
        log, line = write_crash_log(error), self._own_line(error)
        return PlugInError(f"{self}: {message} ({said}){line}; mend it or uninstall {self.package}; traceback: {log}")

    def _own_line(self, error: BaseException) -> str:
        """Return the last line of its own code that an error passed through, in words; "" where it passed none."""
        own, trace, line = self.target.partition(":")[0].partition(".")[0], error.__traceback__, ""
        while trace is not None:
            if str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0] == own:
                line = f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"  # noqa: PTH119
            trace = trace.tb_next
        return line


@cache
def installed_plug_ins() -> tuple[PlugIn, ...]:
    """Return the entries of all distributions on the path, in the order of group, kind and package.

    Of a distribution that is there twice the first counts, as for imports. Only the files of entry points are read.
    """
    found: list[PlugIn] = []
    seen: set[str] = set()
    for folder in _distribution_folders():
        name = (
            folder.rpartition("/")[2].rpartition(".")[0].partition("-")[0].lower().replace("_", "-").replace(".", "-")
        )
        if name in seen:
            continue
        seen.add(name)
        if _MARK in _read_entry_points(folder):
            found.extend(_entries(folder, name))
    return tuple(sorted(found, key=lambda one: (one.group, one.kind, one.package)))


def _read_entry_points(folder: str) -> bytes:
    """Return the file of a distribution's entry points, nothing where there is none: there are hundreds to look at."""
    try:
        handle = os.open(f"{folder}/entry_points.txt", os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(handle, _MOST_BYTES)
    except OSError:
        return b""
    finally:
        os.close(handle)


def _distribution_folders() -> Iterator[str]:
    for place in dict.fromkeys(sys.path):
        try:
            names = sorted(name for name in os.listdir(place or ".") if name.endswith((".dist-info", ".egg-info")))  # noqa: PTH208
        except OSError:
            continue
        yield from (f"{place or '.'}/{name}" for name in names)


def _entries(folder: str, name: str) -> Iterator[PlugIn]:
    from importlib.metadata import Distribution  # noqa: PLC0415  (reads mail headers; only plug-ins need it)

    distribution = Distribution.at(folder)
    package, version = distribution.metadata["Name"] or name, distribution.metadata["Version"] or "of no version"
    for entry in distribution.entry_points:
        group = entry.group.removeprefix(PREFIX)
        if entry.group.startswith(PREFIX) and group in GROUPS:
            yield PlugIn(group, entry.name, entry.value, package, version)


def versions_of(plug_ins: Iterable[PlugIn]) -> dict[str, str]:
    """Return the version of each one's package, by name in order."""
    return dict(sorted((one.package, one.version) for one in plug_ins))
