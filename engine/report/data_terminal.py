"""The data verbs on the terminal: the quality page, and what a fetch brought."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from engine.core.errors import DataError, visible
from engine.report import number_format as fmt
from engine.report.console import bullet, console, heading, row, table, text
from engine.report.phrases import plural

if TYPE_CHECKING:
    from engine.data.quality import Finding
    from engine.data.sources.base import Closes, Request, Source
    from engine.data.sources.yahoo import FetchReport

_SHADES: Final = {"error": "bold red", "warning": "yellow", "note": "dim"}
_TITLES: Final = {"error": "Errors: a run refuses these data", "warning": "Warnings: look at them", "note": "Notes"}


@runtime_checkable
class Fetching(Protocol):
    """A source that keeps a store and can fill it."""

    def fetch(self, request: Request, progress: Callable[[str, int, int], None] | None = None) -> FetchReport:
        """Bring the store up to the last closed session."""


def print_quality(closes: Closes, findings: tuple[Finding, ...]) -> None:
    """Print which closes there are and everything the quality gate found, nothing left out."""
    out = console()
    kind = closes.provenance.closes
    out.print(text(f"{closes.provenance.source}: {kind} closes in {closes.currency}", "bold"))
    out.print(
        text(f"SHA-256 of all closes {closes.provenance.sha256[:12]}, {plural(len(closes.dates), 'session')}", "dim")
    )
    out.print()
    result = table(["asset", "first", "last", "closes", "lowest", "highest"])
    for column, ticker in enumerate(closes.tickers):
        row(result, [ticker, *_life(closes, column)])
    out.print(result)
    for severity, title in _TITLES.items():
        _findings(out, title, [finding for finding in findings if finding.severity == severity])
    for note in closes.provenance.notes:
        bullet(out, note, style="dim")
    errors = sum(finding.severity == "error" for finding in findings)
    out.print()
    verdict = f"{plural(errors, 'error')}: a run would stop here" if errors else "No error: a run may use these closes"
    out.print(text(verdict))


def print_fetch(source: Source, request: Request) -> None:
    """Fill the store of a source that has one, with a progress bar on a terminal and none in a pipe.

    Raises
    ------
    DataError
        When some ticker could not be fetched; what was fetched is kept and printed first.

    """
    out = console()
    if not isinstance(source, Fetching):
        kind = str(getattr(source, "kind", "this source"))
        out.print(text(f"Nothing to fetch: source {kind} reads its closes from this machine."))
        return
    report = _with_bar(out, source, request)
    heading(out, f"{len(report.fetched)} fetched, {len(report.covered)} up to date, {len(report.failed)} failed")
    for names, what in ((report.fetched, "fetched"), (report.covered, "up to date")):
        if names:
            bullet(out, f"{what}: {', '.join(names)}")
    for note in report.notes:
        bullet(out, note)
    if report.failed:
        raise DataError(*(f"{ticker}: {reason}" for ticker, reason in report.failed))


def _with_bar(out: Console, source: Fetching, request: Request) -> FetchReport:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task("fetching", total=None)

        def show(ticker: str, done: int, total: int) -> None:
            bar.update(task, description=visible(ticker) or "done", completed=done, total=total)

        return source.fetch(request, show)


def _life(closes: Closes, column: int) -> list[str]:
    """Return first and last date, count, lowest and highest close of an asset, as text."""
    series = closes.closes[:, column]
    printed = np.flatnonzero(np.isfinite(series))
    if not len(printed):
        return [fmt.DASH, fmt.DASH, "0", fmt.DASH, fmt.DASH]
    inside = series[printed]
    return [
        str(closes.dates[printed[0]]),
        str(closes.dates[printed[-1]]),
        fmt.count(len(printed)),
        fmt.price(float(inside.min())),
        fmt.price(float(inside.max())),
    ]


def _findings(out: Console, title: str, findings: list[Finding]) -> None:
    if findings:
        heading(out, title)
    for finding in findings:
        bullet(out, finding.message, style=_SHADES[finding.severity])
