"""A bare price file on the terminal: how it is read, its first and last closes, and the YAML that reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.console import Console

from engine.core.shortlist import shortlist
from engine.report import number_format as fmt
from engine.report.console import console, print_bullet, print_heading, print_table, text
from engine.report.data_terminal import closes_phrase, print_findings, print_verdict
from engine.report.phrases import plural

if TYPE_CHECKING:
    from engine.backtest.file_check import FileCheck
    from engine.data.closes import Closes
    from engine.data.price_files.contents import FileContents

_MAX_ROWS: Final = 40
"""Columns or assets that are listed one by one."""
_MAX_COLUMNS: Final = 5
"""Assets whose first and last closes are shown."""
_END_ROWS: Final = 3


def print_file_check(check: FileCheck) -> None:
    """Print how a file or folder is read."""
    out = console()
    out.print(
        text(f"{check.path}: {plural(len(check.contents), 'file')}, {plural(len(check.tickers), 'asset')}", "bold")
    )
    _print_columns(out, check.contents)
    if check.closes is not None:
        _print_closes(out, check, check.closes)
    print_heading(out, "For a config")
    for line in check.yaml.splitlines():
        out.print(text(line), soft_wrap=True)


def _print_columns(out: Console, contents: Sequence[FileContents]) -> None:
    alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for one in contents:
        if one.refusal is None:
            alike.setdefault(one.roles, []).append(one.path.name)
    for roles, files in alike.items():
        print_heading(out, f"Columns of {shortlist(files, 3)}")
        print_table(out, ["column", "read as"], roles[:_MAX_ROWS], left=(0, 1))
        if len(roles) > _MAX_ROWS:
            print_bullet(out, f"and {len(roles) - _MAX_ROWS} more columns")
    for one in contents:
        if one.series and not one.names_tickers:
            print_bullet(out, f"{one.path.name}: no ticker inside; its name makes it {next(iter(one.series))}")
        if one.empty:
            print_bullet(out, f"{one.path.name}: no close at all of {shortlist(one.empty)}", style="yellow")


def _print_closes(out: Console, check: FileCheck, closes: Closes) -> None:
    print_heading(out, f"Closes {'taken as ' if check.is_assumed else ''}{closes_phrase(closes)}")
    rows = [_asset_cells(closes, column) for column in range(len(closes.tickers))]
    print_table(out, ["asset", "currency", "frequency", "first", "last", "closes"], rows[:_MAX_ROWS], left=(0, 1, 2))
    if len(rows) > _MAX_ROWS:
        print_bullet(out, f"and {len(rows) - _MAX_ROWS} more assets")
    for name, events, none in (("dividends", closes.dividends, 0.0), ("splits", closes.splits, 1.0)):
        if events is not None:
            counts = zip(closes.tickers, (events != none).sum(axis=0).tolist(), strict=True)
            print_bullet(out, f"{name}: {shortlist(f'{ticker} {count}' for ticker, count in counts if count)}")
    shown = closes.tickers[:_MAX_COLUMNS]
    of_them = f" of the first {len(shown)} assets" if len(shown) < len(closes.tickers) else ""
    print_heading(out, f"First and last rows{of_them}")
    printed = np.flatnonzero(np.isfinite(closes.closes[:, :_MAX_COLUMNS]).any(axis=1)).tolist()
    ends = printed if len(printed) <= 2 * _END_ROWS else printed[:_END_ROWS] + printed[-_END_ROWS:]
    print_table(out, ["date", *shown], ([str(closes.dates[row]), *_close_cells(closes, row)] for row in ends))
    print_findings(out, check.findings, closes.provenance.notes)
    print_verdict(out, check.findings)


def _close_cells(closes: Closes, row: int) -> list[str]:
    return [fmt.price(float(one)) if np.isfinite(one) else fmt.DASH for one in closes.closes[row, :_MAX_COLUMNS]]


def _asset_cells(closes: Closes, column: int) -> list[str]:
    """Return currency, frequency, first and last date and count of an asset, as text."""
    printed = np.flatnonzero(np.isfinite(closes.closes[:, column]))
    first, last = (str(closes.dates[at]) for at in printed[[0, -1]]) if len(printed) else (fmt.DASH, fmt.DASH)
    frequency = (closes.frequencies[column] if closes.frequencies else None) or fmt.DASH
    currency = closes.currencies[column] or "not stated"
    return [closes.tickers[column], currency, frequency.replace("_", "-"), first, last, fmt.count(len(printed))]
