"""Runs and the plans of sweeps side by side, over the sessions that all of them have (S18).

Where windows differ only differences to each one's own buy-and-hold are compared, never levels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from engine.analysis import metrics
from engine.analysis.bootstrap import Evidence
from engine.core.arrays import DateArray, FloatArray
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR, PERIODS_PER_YEAR, Frequency
from engine.core.errors import DataError
from engine.core.fields import format_percent
from engine.core.shortlist import shortlist
from engine.evidence.resampled_ranks import RankSpread, draw_growth, spread_ranks

_MIN_RETURNS = 60
"""Common sessions below which no ranks are drawn, as no interval is."""


@dataclass(frozen=True)
class Contestant:
    """One plan: ``dates`` (T,) of its sessions and its ``level`` (T+1,) from the capital on.

    ``held_dates`` and ``held`` are those of its own buy-and-hold, where it has one. ``risk_free`` is None where it is
    no constant; ``data`` is the SHA-256 of its prices; ``interval`` that of its difference to buy-and-hold; ``plan``
    the sentence of what it does, "" where a folder has none; ``tax_law`` what it is taxed by, "" for nothing.
    """

    label: str
    place: str
    kind: str
    currency: str
    frequency: Frequency
    dates: DateArray
    level: FloatArray
    data: str
    risk_free: float | None = 0.0
    held_dates: DateArray | None = None
    held: FloatArray | None = None
    interval: tuple[float, float] | None = None
    plan: str = ""
    tax_law: str = ""

    @property
    def window(self) -> tuple[str, str]:
        """First and last session."""
        return str(self.dates[0]), str(self.dates[-1])

    @property
    def difference(self) -> float | None:
        """Growth a year less that of its own buy-and-hold over the same days; None without one."""
        if self.held is None or self.held_dates is None or self.held_dates[-1] != self.dates[-1]:
            return None
        if self.held_dates[0] != self.dates[0]:
            return None
        mine, other = (metrics.cagr(level, _days(self.dates)) for level in (self.level, self.held))
        return None if mine is None or other is None else mine - other


@dataclass(frozen=True)
class Standing:
    """One plan among the others; what does not exist is None. ``figures`` are over the common sessions."""

    contestant: Contestant
    figures: dict[str, float | None]
    ranks: RankSpread | None


@dataclass(frozen=True)
class SideBySide:
    """Plans in the order of their ranks.

    ``by`` is what they are ranked by: ``cagr`` over the ``dates`` (K,) that all have, or, where windows differ,
    ``difference`` to buy-and-hold, each over its own. ``missing`` says why there are no chances of ranks.
    """

    by: str
    dates: DateArray
    standings: tuple[Standing, ...]
    terms: Evidence
    missing: str = ""
    notes: tuple[str, ...] = ()

    @property
    def years(self) -> float:
        """Calendar years of the common sessions."""
        return _days(self.dates) / CALENDAR_DAYS_PER_YEAR if len(self.dates) else 0.0


def compare_side_by_side(contestants: Sequence[Contestant], terms: Evidence) -> SideBySide:
    """Rank plans.

    Raises
    ------
    DataError
        When they are in several currencies or of several frequencies, or have no sessions in common.

    """
    _require_one("currency", [(one.label, one.currency) for one in contestants], "give them one account.currency")
    _require_one("frequency of closes", [(one.label, one.frequency) for one in contestants], "set data.frequency")
    dates = reduce(np.intersect1d, (one.dates for one in contestants))
    same = len({one.window for one in contestants}) == 1
    if same and len(dates) < 2:
        raise DataError("the plans have fewer than two sessions in common; nothing can be compared")
    return _by_growth(contestants, dates, terms) if same else _by_difference(contestants, dates, terms)


def _require_one(what: str, found: Sequence[tuple[str, str]], remedy: str) -> None:
    values = list(dict.fromkeys(value for _, value in found))
    if len(values) > 1:
        firsts = (next(f"{label}: {value}" for label, value in found if value == one) for one in values)
        raise DataError(f"plans of more than one {what} cannot be compared ({', '.join(firsts)}); {remedy}")


def _by_growth(contestants: Sequence[Contestant], dates: DateArray, terms: Evidence) -> SideBySide:
    """Compare levels over the common sessions of one window."""
    levels = np.column_stack([_level_on(one.dates, one.level, dates) for one in contestants])
    free = {one.risk_free for one in contestants}
    rate = free.pop() if len(free) == 1 else None
    periods = PERIODS_PER_YEAR[contestants[0].frequency]
    figures = [
        {**_level_figures(levels[:, at], dates, rate, periods), "difference": one.difference}
        for at, one in enumerate(contestants)
    ]
    growth = [one["cagr"] for one in figures]
    factors = levels[1:] / np.where(levels[:-1] > 0.0, levels[:-1], 1.0)
    years = _days(dates) / CALENDAR_DAYS_PER_YEAR
    missing = _why_no_ranks(len(dates) - 1, growth, bool((levels > 0.0).all()))
    ranks: list[RankSpread] = []
    if not missing:
        drawn = draw_growth(factors[1:] - 1.0, factors[0], np.full(len(growth), years), terms)
        ranks = spread_ranks(np.array(growth, dtype=np.float64), drawn, terms.level)
    return _in_order("cagr", dates, contestants, figures, ranks, terms, missing)


def _by_difference(contestants: Sequence[Contestant], dates: DateArray, terms: Evidence) -> SideBySide:
    """Compare differences to each one's own buy-and-hold; sessions of any of them are drawn for all of them."""
    figures: list[dict[str, float | None]] = [{"difference": one.difference} for one in contestants]
    differences = [one["difference"] for one in figures]
    without = [one.label for one, found in zip(contestants, differences, strict=True) if found is None]
    missing = f"no difference to a buy-and-hold of its own: {', '.join(without)}" if without else ""
    ranks: list[RankSpread] = []
    if not missing:
        every = reduce(np.union1d, (one.dates for one in contestants))
        columns = [
            _changes_on(own_dates, level, every)
            for one in contestants
            for own_dates, level in ((one.dates, one.level), (one.held_dates, one.held))
            if own_dates is not None and level is not None
        ]
        returns, openings = np.column_stack([one for one, _ in columns]), np.array([one for _, one in columns])
        missing = _why_no_ranks(len(every) - 1, differences, bool((returns > -1.0).all()))
        if not missing:
            years = np.repeat([_days(one.dates) / CALENDAR_DAYS_PER_YEAR for one in contestants], 2)
            drawn = draw_growth(returns, openings, years, terms)
            apart = drawn[:, 0::2] - drawn[:, 1::2]
            ranks = spread_ranks(np.array(differences, dtype=np.float64), apart, terms.level)
    return _in_order("difference", dates, contestants, figures, ranks, terms, missing)


def _why_no_ranks(count: int, values: Sequence[float | None], positive: bool) -> str:  # noqa: FBT001
    if count < _MIN_RETURNS:
        return "too few sessions to draw ranks from"
    return "" if positive and None not in values else "one of the plans lost everything or has no figure"


def _in_order(  # noqa: PLR0913, PLR0917
    by: str,
    dates: DateArray,
    contestants: Sequence[Contestant],
    figures: Sequence[dict[str, float | None]],
    ranks: Sequence[RankSpread],
    terms: Evidence,
    missing: str,
) -> SideBySide:
    spreads: Sequence[RankSpread | None] = ranks or [None] * len(contestants)
    standings = [Standing(*row) for row in zip(contestants, figures, spreads, strict=True)]
    ordered = sorted(standings, key=lambda one: -_or_least(one.figures[by]))
    return SideBySide(by, dates, tuple(ordered), terms, missing, _notes(by, contestants, terms))


def _or_least(value: float | None) -> float:
    return -math.inf if value is None else value


def _notes(by: str, contestants: Sequence[Contestant], terms: Evidence) -> tuple[str, ...]:
    drawn = (
        f"ranks: {terms.draws:,} histories, the same sessions drawn for all of them in blocks (stationary bootstrap, "
        f"seed {terms.seed}); an interval of ranks holds {format_percent(terms.level)} of them"
    )
    notes = [drawn]
    if by == "difference":
        notes.append(
            "windows differ, so that growth says more of the window than of the plan: only differences to each one's "
            "own buy-and-hold are compared"
        )
    if len({one.data for one in contestants}) > 1:
        notes.append(
            "each run read the closes of its own assets, and these are not all the same: whether closes of assets that "
            "plans share are alike is not compared"
        )
    return (*notes, *_tax_notes(contestants))


def _tax_notes(contestants: Sequence[Contestant]) -> Iterator[str]:
    """Yield of which plans figures are after tax, and which are not to be held beside each other for that."""
    taxed = [one.label for one in contestants if one.tax_law]
    if not taxed:
        return
    names = "all plans" if len(taxed) == len(contestants) else shortlist(taxed, 10)
    yield f"after tax: {names}, of what is left in the account, before what is owed at the end and on a sale"
    if untaxed := [one.label for one in contestants if not one.tax_law]:
        yield f"before tax: {shortlist(untaxed, 10)}; a plan before tax and one after it differ by the tax as well"
    if len({one.tax_law.split(". ")[0] for one in contestants if one.tax_law}) > 1:
        yield "the plans are not taxed alike: they differ by their laws, rates or allowances as well"


def _level_figures(level: FloatArray, dates: DateArray, rate: float | None, periods: float) -> dict[str, float | None]:
    returns = level[2:] / np.where(level[1:-1] > 0.0, level[1:-1], 1.0) - 1.0
    free = None if rate is None else metrics.rate_per_session(rate, periods)
    return {
        "cagr": metrics.cagr(level, _days(dates)),
        "total_return": metrics.total_return(level),
        "volatility": metrics.volatility(returns, periods),
        "sharpe": None if free is None else metrics.sharpe(returns, free, periods),
        "max_drawdown": metrics.max_drawdown(level),
    }


def _level_on(own: DateArray, level: FloatArray, dates: DateArray) -> FloatArray:
    """Return (K+1,) a level on common ``dates`` (K,), before them the capital: all begin on the first of them."""
    return np.concatenate([level[:1], level[1:][np.searchsorted(own, dates)]])


def _changes_on(own: DateArray, level: FloatArray, dates: DateArray) -> tuple[FloatArray, float]:
    """Return (N-1,) returns between ``dates`` (N,), 0 where there is none of its own, and its opening's factor."""
    returns = np.zeros(len(dates))
    before, after = level[1:-1], level[2:]
    changes = np.divide(after, before, out=np.ones_like(after), where=before > 0.0) - 1.0
    returns[np.searchsorted(dates, own[1:])] = changes
    return returns[1:], float(level[1] / level[0])


def _days(dates: DateArray) -> float:
    return float((dates[-1] - dates[0]) / np.timedelta64(1, "D"))
