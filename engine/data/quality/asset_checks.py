"""Checks of one asset's life: runs of equal closes, gaps, beginnings and ends, closes that hardly change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from engine.core.conventions import Frequency
from engine.data.quality.asset_closes import AssetCloses
from engine.data.quality.findings import Finding
from engine.data.quality.jumps import check_jumps

STALE_CLOSES: Final[dict[Frequency, int]] = {"seven_day": 10, "daily": 10, "weekly": 5, "monthly": 3, "quarterly": 3}
"""Equal closes in a row, at least, that count as a stale run."""
UNCHANGED_SHARE: Final = 0.3
"""Share of sessions without a change from which a covariance becomes nearly singular."""
FEW_CLOSES: Final[dict[Frequency, int]] = {"seven_day": 60, "daily": 60, "weekly": 52, "monthly": 24, "quarterly": 20}
"""Closes below which statistics of an asset say little."""
MANY_MISSING: Final = 0.1
"""Share of sessions without a close from which returns are no longer those of a session."""

DIVIDENDS_ON_ROWS: Final = 0.5
"""Share of prints with the same dividend as the print before from which it looks like a figure written on every row."""
LARGE_YIELD: Final = 0.1
"""Dividends of a year over the close from which such a figure is reported; what pays monthly seldom pays as much."""


def _check_dividends(asset: AssetCloses) -> Iterator[Finding]:
    """Find a yearly dividend that a source writes on every row, of which each would be paid."""
    paid = asset.dividends * asset.inside
    if len(paid) < 2 or not paid.any():
        return
    again = (paid[1:] > 0.0) & (paid[1:] == paid[:-1])
    days = float((asset.dates[asset.inside][-1] - asset.dates[asset.inside][0]) / np.timedelta64(1, "D"))
    yearly = float((paid / asset.closes).sum()) / max(days / 365.25, 1.0)
    if again.sum() >= DIVIDENDS_ON_ROWS * asset.inside.sum() and yearly >= LARGE_YIELD:
        first = int(again.argmax())
        text = f"the dividend {paid[first]:.6g} is stated again and again, {yearly:.0%} of the close a year"
        text += "; if it is that of a year, remove the column"
        yield asset.warning("dividends", asset.dates[first], text, yearly)


def _check_stale_runs(asset: AssetCloses) -> Iterator[Finding]:
    """Find runs of equal closes, as far as they lie in the window."""
    starts = np.flatnonzero(np.concatenate([[True], asset.ratios != 1.0])) if len(asset.closes) else np.empty(0, int)
    lengths = np.diff(np.concatenate([starts, [len(asset.closes)]]))
    within = np.add.reduceat(asset.inside, starts, dtype=np.int64) if len(starts) else lengths
    enough = STALE_CLOSES[asset.frequency]
    runs = np.flatnonzero((lengths >= enough) & (within > 1))
    if len(runs):
        worst = runs[within[runs].argmax()]
        first = asset.dates[starts[worst] : starts[worst] + lengths[worst]]
        date = first[first >= asset.window[0]][0]
        runs_found = "1 such run" if len(runs) == 1 else f"{len(runs)} such runs"
        text = f"{within[worst]} equal closes in a row from {date}; {runs_found} of {enough} or more"
        yield asset.warning("stale", date, text, float(within[worst]))


def _check_gaps(asset: AssetCloses) -> Iterator[Finding]:
    """Find sessions of the window, between the first close and the last, that have none."""
    if asset.sessions is None or not len(asset.dates):
        return
    first, last = max(asset.dates[0], asset.window[0]), min(asset.dates[-1], asset.window[1])
    life = asset.sessions[(asset.sessions >= first) & (asset.sessions <= last)]
    missing = ~np.isin(life, asset.dates)
    if not missing.any():
        return
    count, starts = int(missing.sum()), np.flatnonzero(missing & ~np.concatenate([[False], missing[:-1]]))
    lengths = np.add.reduceat(missing, starts, dtype=np.int64)  # what follows a gap until the next adds nothing
    longest, date = int(lengths.max()), life[starts[lengths.argmax()]]
    text = f"{count} of {len(life)} sessions from {life[0]} to {life[-1]} have no close"
    text += f", the longest gap is {longest} from {date}" if count > 1 else f", the one of {date}"
    if count >= MANY_MISSING * len(life):
        text += "; a return over a gap counts as one session's, so volatility and Sharpe are not to be trusted"
    yield asset.warning("gap", date, text, float(count))


def _check_life(asset: AssetCloses) -> Iterator[Finding]:
    """Find assets that join late, end early, or have few closes in the window."""
    if not len(asset.rows):
        return
    first, last = asset.dates[0], asset.dates[-1]
    behind = asset.later_sessions
    if behind and asset.window[0] <= last <= asset.window[1]:
        hint = " (or its newest rows are missing)" if behind <= STALE_CLOSES[asset.frequency] else ""
        text = f"last close {last}, {behind} sessions before the data end: treated as delisted, sold at its last price"
        yield asset.warning("ended", last, text + hint)
    if asset.rows[0] > 0 and first > asset.window[0]:
        yield asset.finding("note", "late_listing", first, f"first close {first}: not held before")
    if len(asset.rows) < FEW_CLOSES[asset.frequency]:
        many = "only 1 close" if len(asset.rows) == 1 else f"only {len(asset.rows)} closes"
        yield asset.warning("short", first, f"{many}: its statistics say little")


def _check_unchanged(asset: AssetCloses) -> Iterator[Finding]:
    """Find assets that often do not change from one session of the window to the next."""
    ratios = asset.ratios[asset.inside[1:]]
    share = float((ratios == 1.0).mean()) if len(ratios) >= FEW_CLOSES[asset.frequency] else 0.0
    if share >= UNCHANGED_SHARE:
        text = f"does not change on {share:.0%} of its sessions: its volatility and correlations are not to be trusted"
        yield asset.warning("near_constant", None, text, share)


ASSET_CHECKS: Final[tuple[Callable[[AssetCloses], Iterator[Finding]], ...]] = (
    check_jumps,
    _check_dividends,
    _check_stale_runs,
    _check_gaps,
    _check_life,
    _check_unchanged,
)
"""Every check of a single asset; a new one is a function and its name here."""
