"""``inspect_closes`` runs every check on plain arrays and returns findings, worst first. Nothing is repaired."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, DateArray
from engine.data.closes import Closes
from engine.data.quality.asset_checks import ASSET_CHECKS
from engine.data.quality.asset_closes import AssetCloses
from engine.data.quality.findings import Finding, sort_findings
from engine.data.sessions import weekdays

CLOSE_BOUNDS: Final = (1e-9, 1e12)
"""What a close can be [currency/share]; the dearest share costs less than 1e6, a thousandfold split history 1e9."""


@np.errstate(over="ignore", divide="ignore", invalid="ignore")  # absurd closes have absurd ratios
def inspect_closes(
    closes: Closes,
    exchange: str,
    sessions: DateArray | None,
    window: tuple[np.datetime64 | None, np.datetime64 | None] = (None, None),
) -> tuple[Finding, ...]:
    """Return everything found in ``closes``, errors first, of each kind the worst first.

    Parameters
    ----------
    closes : as a source returned them
    exchange : whose calendar ``sessions`` are, for messages
    sessions : every session from the first date to the last, or None to leave the calendar out
    window : first and last day of what is asked about, None for all there is; errors count wherever they are

    """
    findings = list(_check_date_order(closes.dates))
    if findings:
        return tuple(findings)  # rows out of order make every other statement wrong
    first = closes.dates[0] if window[0] is None else window[0]
    last = closes.dates[-1] if window[1] is None else window[1]
    rows = (closes.dates >= first) & (closes.dates <= last)
    daily = [one in {None, "daily"} for one in closes.frequencies] or [True] * len(closes.tickers)
    five_days = ~np.isnan(closes.closes[:, daily]).all(axis=1)  # months' ends and coins keep no exchange's calendar
    findings += _check_calendar(closes.dates[rows & five_days], exchange, sessions)
    bad = (closes.closes < CLOSE_BOUNDS[0]) | (closes.closes > CLOSE_BOUNDS[1])  # nan is neither
    for column in range(len(closes.tickers)):
        asset = AssetCloses.of_column(closes, column, bad[:, column], (first, last), sessions)
        findings += _check_prices(asset, closes, column, bad[:, column])
        for check in ASSET_CHECKS:
            findings += check(asset)
    findings += _check_duplicate_series(closes, rows)
    findings += _check_survivorship(closes, findings)
    return sort_findings(findings)


def _check_date_order(dates: DateArray) -> Iterator[Finding]:
    """Find that there are no rows, or that their dates do not rise."""
    if not len(dates):
        yield Finding("error", "empty", "", None, "found no rows, expected closes; check the source and the window")
        return
    steps = np.diff(dates).astype(np.int64)
    for kind, wrong, text in (
        ("duplicate", steps == 0, "occurs twice; remove one of the rows"),
        ("unsorted", steps < 0, "comes after a later date; sort the rows by date"),
    ):
        if wrong.any():
            date = dates[1:][wrong][0]
            yield Finding("error", kind, "", date, f"{date} {text} ({wrong.sum()} such rows)")


def _check_calendar(dates: DateArray, exchange: str, sessions: DateArray | None) -> Iterator[Finding]:
    """Find weekend rows, and rows on which the exchange was closed."""
    weekend = weekdays(dates) >= 5
    if weekend.any():
        first = dates[weekend][0]
        rows = "1 row falls" if weekend.sum() == 1 else f"{weekend.sum()} rows fall"
        text = f"{rows} on a Saturday or Sunday, the first is {first}"
        yield Finding("warning", "weekend", "", first, f"{text}; shifted stamps or a market without weekends")
    if sessions is None or not len(sessions):
        return
    closed = ~weekend & ~np.isin(dates, sessions) & (dates >= sessions[0]) & (dates <= sessions[-1])
    if closed.any():
        rows = "1 row is no session" if closed.sum() == 1 else f"{closed.sum()} rows are no sessions"
        text = f"{rows} of {exchange}, the first is {dates[closed][0]}"
        yield Finding("warning", "not_a_session", "", dates[closed][0], f"{text}; is data.calendar the right exchange?")


def _check_prices(asset: AssetCloses, closes: Closes, column: int, bad: BoolArray) -> Iterator[Finding]:
    """Find closes that are ``bad`` (T,), too small or too large for a price, and a column without any."""
    series = closes.closes[:, column]
    if bad.any():
        at = np.flatnonzero(bad)[0]
        found = f"close {series[at]:g} on {closes.dates[at]} is not a price ({bad.sum()} such)"
        bounds = f"{CLOSE_BOUNDS[0]:g} to {CLOSE_BOUNDS[1]:g} is expected; correct it or leave it empty"
        yield asset.finding("error", "not_a_price", closes.dates[at], f"{found}, {bounds}", float(bad.sum()))
    if not np.isfinite(series).any():
        yield asset.warning("no_close", None, "has no close in this data; its weight goes elsewhere")


def _check_duplicate_series(closes: Closes, rows: BoolArray) -> Iterator[Finding]:
    """Find two tickers with the same closes throughout the window: one file was saved under two names."""
    seen: dict[bytes, str] = {}
    for ticker, whole in zip(closes.tickers, closes.closes.T, strict=True):
        series = whole[rows]
        if np.isfinite(series).sum() < 2:
            continue
        other = seen.setdefault(np.where(np.isnan(series), -1.0, series).tobytes(), ticker)
        if other != ticker:
            text = f"{ticker}: has the closes of {other} throughout; is one the wrong file?"
            yield Finding("warning", "twins", ticker, None, text)


def _check_survivorship(closes: Closes, findings: list[Finding]) -> Iterator[Finding]:
    """Find that all assets live to the end of the data."""
    if len(closes.tickers) > 1 and not any(finding.kind == "ended" for finding in findings):
        text = (
            f"none of the {len(closes.tickers)} assets ended before the data do: only survivors, which flatters returns"
        )
        yield Finding("warning", "survivors", "", None, text)
