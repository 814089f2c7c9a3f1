"""The data-quality gate: what is wrong with closes, and what a reader of the results should know about them.

``inspect_closes`` runs every check of ``ASSET_CHECKS`` on plain arrays and returns findings, worst first: an *error*
would make a run meaningless, a *warning* may be real and has to be looked at, a *note* is a fact. Nothing is repaired.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, TypeAlias

import numpy as np

from engine.core.arrays import BoolArray, DateArray, FloatArray, IntArray
from engine.core.errors import DataError
from engine.data.sessions import weekdays
from engine.data.sources.base import Closes

Severity: TypeAlias = Literal["error", "warning", "note"]

CLOSE_BOUNDS: Final = (1e-9, 1e12)
"""What a close can be [currency/share]; the dearest share costs less than 1e6, a thousandfold split history 1e9."""
LARGE_RISE: Final = 0.5
"""A rise of more than this in one session [fraction] is looked at."""
LARGE_FALL: Final = 0.45
"""A fall of more than this [fraction]; a 2:1 split on a day that rose 10 % is still one."""
STALE_CLOSES: Final = 10
"""Equal closes in a row, at least, that count as a stale run."""
UNCHANGED_SHARE: Final = 0.3
"""Share of sessions without a change from which a covariance becomes nearly singular."""
FEW_CLOSES: Final = 60
"""Closes below which statistics of an asset say little."""
MAX_FINDINGS_PER_KIND: Final = 8
"""Findings of one kind that are shown one by one."""

_SPLIT_RATIOS: Final = (2.0, 3.0, 4.0, 5.0, 10.0, 20.0)
_SPLIT_TOLERANCE_BOUNDS: Final = (0.02, 0.05)
"""How far a ratio may be from a split's: 2.5 of the asset's usual daily moves, within these bounds [fraction]."""
_HUNDREDFOLD_TOLERANCE: Final = np.log(1.25)
_CLOSES_AFTER_JUMP: Final = 5
"""Closes after a jump whose median decides whether the new level stays."""
_SEVERITIES: Final = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing found; the message names the ticker, which is empty (and ``date`` None) where it concerns all data."""

    severity: Severity
    kind: str
    ticker: str
    date: np.datetime64 | None
    message: str

    def __str__(self) -> str:
        """Return ``severity: message``."""
        return f"{self.severity}: {self.message}"


@dataclass(frozen=True)
class _AssetCloses:
    """The prints of one asset: ``dates``, ``closes`` and ``rows (P,)`` of the P sessions that have one.

    ``last_row`` is the data's; ``sessions`` are those of the exchange, or None.
    """

    ticker: str
    dates: DateArray
    closes: FloatArray
    rows: IntArray
    last_row: int
    sessions: DateArray | None

    @cached_property
    def ratios(self) -> FloatArray:
        """(P-1,) each close over the one before."""
        return self.closes[1:] / self.closes[:-1]

    def finding(self, severity: Severity, kind: str, date: np.datetime64 | None, text: str) -> Finding:
        return Finding(severity, kind, self.ticker, date, f"{self.ticker}: {text}")

    def warning(self, kind: str, date: np.datetime64 | None, text: str) -> Finding:
        return self.finding("warning", kind, date, text)


@np.errstate(over="ignore", divide="ignore", invalid="ignore")  # absurd closes have absurd ratios
def inspect_closes(closes: Closes, exchange: str, sessions: DateArray | None) -> tuple[Finding, ...]:
    """Return everything found in ``closes``, errors first.

    Parameters
    ----------
    closes : as a source returned them
    exchange : whose calendar ``sessions`` are, for messages
    sessions : every session from the first date to the last, or None to leave the calendar out

    """
    findings = list(_check_date_order(closes.dates))
    if findings:
        return tuple(findings)  # rows out of order make every other statement wrong
    findings += _check_calendar(closes.dates, exchange, sessions)
    bad = (closes.closes < CLOSE_BOUNDS[0]) | (closes.closes > CLOSE_BOUNDS[1])  # nan is neither
    for column, ticker in enumerate(closes.tickers):
        series = closes.closes[:, column]
        rows = np.flatnonzero(~np.isnan(series) & ~bad[:, column])
        asset = _AssetCloses(ticker, closes.dates[rows], series[rows], rows, len(closes.dates) - 1, sessions)
        findings += _check_prices(asset, closes.dates, series, bad[:, column])
        for check in ASSET_CHECKS:
            findings += check(asset)
    findings += _check_duplicate_series(closes)
    findings += _check_survivorship(closes, findings)
    return tuple(_limit_findings(sorted(findings, key=lambda one: _SEVERITIES.index(one.severity))))


def raise_error_findings(findings: tuple[Finding, ...]) -> None:
    """Raise one DataError with a line for each error; warnings and notes pass."""
    errors = [finding.message for finding in findings if finding.severity == "error"]
    if errors:
        raise DataError(*errors)


def _check_date_order(dates: DateArray) -> Iterator[Finding]:
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
    """Weekend rows, and rows on which the exchange was closed."""
    weekend = weekdays(dates) >= 5
    if weekend.any():
        first = dates[weekend][0]
        text = f"{weekend.sum()} rows fall on a Saturday or Sunday, the first is {first}"
        yield Finding("warning", "weekend", "", first, f"{text}; shifted stamps or a market without weekends")
    if sessions is None or not len(sessions):
        return
    closed = ~weekend & ~np.isin(dates, sessions) & (dates >= sessions[0]) & (dates <= sessions[-1])
    if closed.any():
        text = f"{closed.sum()} rows are no sessions of {exchange}, the first is {dates[closed][0]}"
        yield Finding("warning", "not_a_session", "", dates[closed][0], f"{text}; is the exchange the right one?")


def _check_prices(asset: _AssetCloses, dates: DateArray, closes: FloatArray, bad: BoolArray) -> Iterator[Finding]:
    if bad.any():
        at = np.flatnonzero(bad)[0]
        found = f"close {closes[at]:g} on {dates[at]} is not a price ({bad.sum()} such)"
        bounds = f"{CLOSE_BOUNDS[0]:g} to {CLOSE_BOUNDS[1]:g} is expected; correct it or leave it empty"
        yield asset.finding("error", "not_a_price", dates[at], f"{found}, {bounds}")
    if not np.isfinite(closes).any():
        yield asset.warning("no_close", None, "has no close in this data; its weight goes elsewhere")


def _check_jumps(asset: _AssetCloses) -> Iterator[Finding]:
    """Find changes of unit, single wrong prints, unadjusted splits and other large moves."""
    ratios = asset.ratios
    splits = _nearest_split(ratios)
    large = (ratios > 1.0 + LARGE_RISE) | (ratios < 1.0 - LARGE_FALL) | (splits != 0.0)
    skip = -1
    for at in np.flatnonzero(large).tolist():
        if at <= skip:
            continue
        before, after = asset.closes[at], asset.closes[at + 1 : at + 1 + _CLOSES_AFTER_JUMP]
        date, move = asset.dates[at + 1], f"{ratios[at] - 1.0:+.1%} on {asset.dates[at + 1]}"
        if len(after) > 1 and abs(after[1] / before - 1.0) < 0.1:
            skip = at + 1  # the way back is the same fault
            closes = f"({before:g}, {after[0]:g}, {after[1]:g})"
            yield asset.warning("spike", date, f"{move} and back the next session {closes}: looks like a wrong print")
        elif _is_hundredfold(float(ratios[at])) and _is_hundredfold(float(np.median(after) / before), wide=True):
            text = f"{move} and stays there: the unit changes (pence and pounds?); bring all closes to one unit"
            yield asset.finding("error", "unit", date, text)
        elif splits[at]:
            text = f"{move}: looks like an unadjusted {_split_name(float(splits[at]))} split (ratio {ratios[at]:.4f})"
            yield asset.warning("split", date, text)
        else:
            yield asset.warning("jump", date, f"{move}: real, or a wrong or unadjusted close?")


def _nearest_split(ratios: FloatArray) -> FloatArray:
    """Return (P-1,) the split a ratio of closes is close to: 2 for 2:1, 1/2 for 1:2, 0 for none."""
    found = np.zeros(len(ratios))
    if not len(ratios):
        return found
    usual = 1.4826 * float(np.median(np.abs(np.log(ratios))))  # a standard deviation that outliers do not move
    near = min(max(2.5 * usual, _SPLIT_TOLERANCE_BOUNDS[0]), _SPLIT_TOLERANCE_BOUNDS[1])
    for split in _SPLIT_RATIOS:
        found[np.abs(ratios * split - 1.0) <= near] = split
        found[np.abs(ratios / split - 1.0) <= near] = 1.0 / split
    return found


def _split_name(split: float) -> str:
    return f"{split:.0f}:1" if split > 1.0 else f"1:{1.0 / split:.0f}"


def _is_hundredfold(ratio: float, *, wide: bool = False) -> bool:
    """Tell whether a ratio is about 100 or 1/100."""
    return bool(abs(abs(np.log(ratio)) - np.log(100.0)) < (2.0 if wide else 1.0) * _HUNDREDFOLD_TOLERANCE)


def _check_stale_runs(asset: _AssetCloses) -> Iterator[Finding]:
    changed = np.flatnonzero(np.concatenate([[True], asset.ratios != 1.0, [True]]))
    lengths = np.diff(changed)
    runs = lengths >= STALE_CLOSES
    if len(asset.closes) and runs.any():
        at = int(lengths.argmax())
        date = asset.dates[changed[at]]
        text = f"{lengths[at]} equal closes in a row from {date}; {runs.sum()} such runs of {STALE_CLOSES} or more"
        yield asset.warning("stale", date, text)


def _check_gaps(asset: _AssetCloses) -> Iterator[Finding]:
    if asset.sessions is None or not len(asset.dates):
        return
    life = asset.sessions[(asset.sessions >= asset.dates[0]) & (asset.sessions <= asset.dates[-1])]
    missing = life[~np.isin(life, asset.dates)]
    if len(missing):
        text = f"{len(missing)} of {len(life)} sessions of its life have no close, the first is {missing[0]}"
        yield asset.warning("gap", missing[0], text)


def _check_life(asset: _AssetCloses) -> Iterator[Finding]:
    """Assets that join late or end early."""
    if not len(asset.rows):
        return
    first, last = asset.dates[0], asset.dates[-1]
    behind = asset.last_row - int(asset.rows[-1])
    if behind:
        hint = " (or its newest rows are missing)" if behind <= STALE_CLOSES else ""
        text = f"last close {last}, {behind} sessions before the data end: treated as delisted, sold at its last price"
        yield asset.warning("ended", last, text + hint)
    if asset.rows[0] > 0:
        yield asset.finding("note", "late_listing", first, f"first close {first}: not held before")
    if len(asset.rows) < FEW_CLOSES:
        yield asset.warning("short", first, f"only {len(asset.rows)} closes: its statistics say little")


def _check_unchanged(asset: _AssetCloses) -> Iterator[Finding]:
    share = float((asset.ratios == 1.0).mean()) if len(asset.closes) >= FEW_CLOSES else 0.0
    if share >= UNCHANGED_SHARE:
        text = f"does not change on {share:.0%} of its sessions: its volatility and correlations are not to be trusted"
        yield asset.warning("near_constant", None, text)


ASSET_CHECKS: Final[tuple[Callable[[_AssetCloses], Iterator[Finding]], ...]] = (
    _check_jumps,
    _check_stale_runs,
    _check_gaps,
    _check_life,
    _check_unchanged,
)
"""Every check of a single asset; a new one is a function and its name here."""


def _check_duplicate_series(closes: Closes) -> Iterator[Finding]:
    """Two tickers with the same closes throughout: one file was saved under two names."""
    seen: dict[bytes, str] = {}
    for ticker, series in zip(closes.tickers, closes.closes.T, strict=True):
        if np.isfinite(series).sum() < 2:
            continue
        other = seen.setdefault(np.where(np.isnan(series), -1.0, series).tobytes(), ticker)
        if other != ticker:
            text = f"{ticker}: has the closes of {other} throughout; is one the wrong file?"
            yield Finding("warning", "twins", ticker, None, text)


def _check_survivorship(closes: Closes, findings: list[Finding]) -> Iterator[Finding]:
    if len(closes.tickers) > 1 and not any(finding.kind == "ended" for finding in findings):
        text = f"none of the {len(closes.tickers)} assets ended before the data do: only survivors, so returns flatter"
        yield Finding("warning", "survivors", "", None, text)


def _limit_findings(findings: list[Finding]) -> Iterator[Finding]:
    """Show the first findings of each kind; say of the rest how many there are and whose."""
    count: Counter[str] = Counter()
    rest: dict[str, list[Finding]] = {}
    for finding in findings:
        count[finding.kind] += 1
        if count[finding.kind] <= MAX_FINDINGS_PER_KIND or finding.severity == "error":
            yield finding
        else:
            rest.setdefault(finding.kind, []).append(finding)
    for kind, hidden in rest.items():
        whose = list(dict.fromkeys(finding.ticker for finding in hidden))
        more = ", ..." if len(whose) > MAX_FINDINGS_PER_KIND else ""
        names = ", ".join(whose[:MAX_FINDINGS_PER_KIND]) + more
        yield Finding(hidden[0].severity, kind, "", None, f"and {len(hidden)} more of the kind {kind} ({names})")
