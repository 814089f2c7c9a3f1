"""The verbs of `engine data` on the terminal: the quality page, and what was fetched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from engine.core.errors import DataError, escape_controls
from engine.core.shortlist import foremost, shorten_failures, shortlist
from engine.core.waiting import WAITING
from engine.data.quality.findings import limit_findings
from engine.data.sources.base import SupportsFetch
from engine.report import number_format as fmt
from engine.report.console import console, print_bullet, print_heading, print_table, text
from engine.report.phrases import closes_text, plural

if TYPE_CHECKING:
    from engine.backtest.config_sections import Window
    from engine.core.waiting import Wait
    from engine.data.closes import Closes
    from engine.data.quality.findings import Finding
    from engine.data.sources.base import FetchReport, PriceRequest, PriceSource

_MOST_ROWS: Final = 40
"""Assets that are listed where not all are asked for."""
_SEVERITY_STYLES: Final = {"error": "bold red", "warning": "yellow", "note": "dim"}
_SEVERITY_TITLES: Final = {
    "error": "Errors: a run refuses these data",
    "warning": "Warnings: look at them",
    "note": "Notes",
}


def print_quality(
    closes: Closes, findings: tuple[Finding, ...], window: Window | None = None, *, every: bool = False
) -> None:
    """Print which closes there are, of ``every`` asset or of so many, and what the gate finds within ``window``."""
    out = console()
    currencies = ", ".join(
        sorted({currency or "a currency that the source does not state" for currency in closes.currencies})
    )
    out.print(text(f"{closes.provenance.source}: closes {closes_phrase(closes)}; {currencies}", "bold"))
    out.print(
        text(f"SHA-256 of all closes {closes.provenance.sha256[:12]}, {plural(len(closes.dates), 'session')}", "dim")
    )
    out.print()
    rows = [[ticker, *_price_history_cells(closes, column)] for column, ticker in enumerate(closes.tickers)]
    shown = rows if every else _unusual_first(rows)
    print_table(out, ["asset", "first", "last", "closes", "lowest", "highest"], shown)
    if hidden := len(rows) - len(shown):
        print_bullet(out, f"and {hidden} more with closes as usual here; --all lists them")
    if window and (window.start or window.end):
        first, last = window.start or closes.dates[0], window.end or closes.dates[-1]
        print_heading(out, f"Looked at from {first} to {last}")
    print_findings(out, findings, closes.provenance.notes)
    print_verdict(out, findings)


def _unusual_first(rows: list[list[str]]) -> list[list[str]]:
    """Return as many rows as a screen takes, in their order: those first that begin, end or count as few others do."""
    if len(rows) <= _MOST_ROWS:
        return rows
    spans = Counter(tuple(row[1:4]) for row in rows)
    return [rows[at] for at in foremost([-spans[tuple(row[1:4])] for row in rows], _MOST_ROWS)]


def closes_phrase(closes: Closes) -> str:
    """Return what the closes of a source are, in words."""
    return closes_text(closes.provenance.closes)


def print_findings(out: Console, findings: tuple[Finding, ...], notes: Iterable[str] = ()) -> None:
    """Print findings under a heading for each severity, the worst first, and the source's ``notes`` with the notes."""
    shown = list(limit_findings(findings))
    for severity, title in _SEVERITY_TITLES.items():
        messages = [one.message for one in shown if one.severity == severity]
        messages += dict.fromkeys(notes) if severity == "note" else ()
        if messages:
            print_heading(out, title)
        for message in messages:
            print_bullet(out, message, style=_SEVERITY_STYLES[severity])


def print_verdict(out: Console, findings: tuple[Finding, ...]) -> None:
    """Print whether a run would take the closes."""
    errors = sum(finding.severity == "error" for finding in findings)
    out.print()
    verdict = f"{plural(errors, 'error')}: a run would stop here" if errors else "No error in these closes"
    out.print(text(verdict))


def print_fetch(source: PriceSource, request: PriceRequest, *, refresh: bool = False) -> None:
    """Fill the store of a source that has one, with a progress bar on a terminal and none in a pipe.

    Raises
    ------
    DataError
        When some ticker could not be fetched; what was fetched is kept and printed first. A name of a dated list of
        which the source has no price is told and nothing else: the run goes on without it.

    """
    out = console()
    if not isinstance(source, SupportsFetch):
        out.print(text(f"Nothing to fetch: source {source.kind} reads its closes from this machine."))
        return
    report = _fetch_with_progress(out, source, request, refresh=refresh)
    absent = sorted(set(report.unknown) & request.optional)
    failed = [(ticker, reason) for ticker, reason in report.failed if ticker not in absent]
    print_heading(out, f"{len(report.fetched)} fetched, {len(report.covered)} up to date, {len(failed)} failed")
    for names, what in ((report.fetched, "fetched"), (report.covered, "up to date")):
        if names:
            print_bullet(out, f"{what}: {shortlist(names, 30)}")
    for note in report.notes:
        print_bullet(out, note)
    if absent:
        share = f"{len(absent)} of the {len(request.optional)} names of the dated universe"
        print_bullet(out, f"no price at {source.kind} of {share}: {shortlist(absent, 30)}; a run goes on without them")
    if failed:
        raise DataError(*shorten_failures(failed))


def _fetch_with_progress(out: Console, source: SupportsFetch, request: PriceRequest, *, refresh: bool) -> FetchReport:
    """Fetch beside a bar, which takes the place of the line that tells what is waited for."""
    if not out.is_terminal:
        return source.fetch(request, refresh=refresh)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task("fetching", total=None)

        def show(wait: Wait | None) -> None:
            if wait:
                bar.update(task, description=escape_controls(str(wait)), completed=wait.done, total=wait.total)

        with WAITING.heard_by(show):
            return source.fetch(request, refresh=refresh)


def _price_history_cells(closes: Closes, column: int) -> list[str]:
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
