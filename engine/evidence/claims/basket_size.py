"""Claims that few names do better than many: baskets of both sizes from one list, drawn or chosen by a rule."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
from pydantic import Field

from engine.analysis.bootstrap import Evidence
from engine.core.arrays import DateArray, FloatArray, IntArray
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR
from engine.core.errors import EngineError
from engine.core.fields import FieldFault, Ticker, WholeNumber, validates_fields
from engine.evidence.claims.claim_prices import CLOSES_KINDS, ClosesKind
from engine.evidence.claims.computation import (
    Computation,
    Interval,
    MeasuringTerms,
    Reading,
    Style,
    Way,
    require_closes,
)
from engine.evidence.claims.intervals import align

_KEYS: Final = 2**31
"""Numbers that names are drawn by: those of a basket have the smallest."""
_KEYS_AT_ONCE: Final = 2_000_000
"""Numbers that are in memory together."""
_LEAST_STRETCHES: Final = 3
"""Ends of stretches, at least, that make one to choose by and one to hold."""


class BasketSize(Computation):
    """By how much ``few`` names beat ``many`` from one list of names, equal parts of each, rebalanced every January.

    Baskets are drawn at random, as many as the file's draws; or hold the names that did best in the year before. The
    list is what there is today: names that are gone are not in it.
    """

    kind: Literal["basket_size"] = "basket_size"
    few: Annotated[WholeNumber, Field(ge=1, le=100)]
    many: Annotated[WholeNumber, Field(ge=2, le=100)]
    names: Annotated[tuple[Ticker, ...], Field(min_length=2, max_length=1000)]
    style: ClassVar[Style] = "points"
    caveat: ClassVar[str] = (
        "the names are those of a list of today: what is gone is not among them, which flatters both sizes"
    )

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        if self.many <= self.few:
            yield ("many",), f"{self.many} names are not more than {self.few}; name the larger basket here"
        if len(set(self.names)) < self.many:
            yield ("names",), f"{len(set(self.names))} names, a basket takes {self.many}; name more"

    @property
    def tickers(self) -> tuple[str, ...]:
        """The names."""
        return tuple(dict.fromkeys(self.names))

    @property
    def ways(self) -> Mapping[str, tuple[str, ...]]:
        """Dividends, and which baskets are compared by what."""
        drawn = ("the_median_of_baskets_drawn", "the_mean_of_baskets_drawn", "wins_of_pairs_drawn_above_one_half")
        return {"closes": CLOSES_KINDS, "baskets": (*drawn, "the_best_names_of_the_year_before")}

    def measure(self, way: Way, terms: MeasuringTerms) -> Reading:
        """Return growth a year of few less that of many, or how often few had more, less one half."""
        start, end = self.window(terms.prices)
        kind: ClosesKind = "price" if way["closes"] == "price" else "total_return"
        series = align([terms.prices.series(kind, name).between(start, end) for name in self.tickers])
        dates = series[0].dates
        rows = _stretches(dates)
        factors = np.stack([one.closes[rows[1:]] / one.closes[rows[:-1]] for one in series])
        if way["baskets"] == "the_best_names_of_the_year_before":
            if len(rows) < _LEAST_STRETCHES:
                raise EngineError("no whole year to choose by")
            rows = rows[1:]
            grown = [_chosen(factors, size) for size in (self.few, self.many)]
        else:
            grown = [_drawn(factors, size, terms.evidence, at) for at, size in enumerate((self.few, self.many))]
        days = float((dates[rows[-1]] - dates[rows[0]]) / np.timedelta64(1, "D"))
        few, many = (_a_year(growth, days) for growth in grown)
        figure, interval = _compare(way["baskets"], few, many), None
        if terms.intervals and way["baskets"] in {"the_median_of_baskets_drawn", "the_mean_of_baskets_drawn"}:
            interval = _middle_part(few - many, terms.evidence.level)
        return Reading(way, figure, str(dates[rows[0]]), str(dates[rows[-1]]), interval)


def _compare(how: str, few: FloatArray, many: FloatArray) -> float:
    """Return what is measured of the growth a year of (draws,) baskets of either size."""
    if how == "wins_of_pairs_drawn_above_one_half":
        return float((few > many).mean()) - 0.5
    middle = np.mean if how == "the_mean_of_baskets_drawn" else np.median
    return float(middle(few) - middle(many))


def _stretches(dates: DateArray) -> IntArray:
    """Return the rows between which nothing is traded: the first, the first of each January after it, the last.

    Raises EngineError when there are fewer than two sessions.
    """
    require_closes("all names together", dates, 2)
    years = dates.astype("datetime64[Y]")
    begins = np.flatnonzero(years[1:] != years[:-1]) + 1
    return np.unique(np.concatenate([[0], begins, [len(dates) - 1]]))


def _drawn(factors: FloatArray, size: int, terms: Evidence, stream: int) -> FloatArray:
    """Return (draws,) growth of baskets of ``size`` names drawn at random, equal parts of each at every stretch."""
    from engine.simulation.kernel.resampled_rows import fill_resampled_rows  # noqa: PLC0415  (compiled)

    growth, step = np.ones(terms.draws), max(_KEYS_AT_ONCE // len(factors), 1)
    for first in range(0, terms.draws, step):
        part = growth[first : first + step]
        keys: IntArray = np.empty((len(part), len(factors)), dtype=np.int64)
        fill_resampled_rows(keys, stream * terms.draws + first, _KEYS, np.ones(1, dtype=np.int64), terms.seed)
        names = np.sort(np.argsort(keys, axis=1, kind="stable")[:, :size], axis=1)
        for stretch in factors.T:
            part *= _mean(stretch[names.T])
    return growth


def _chosen(factors: FloatArray, size: int) -> FloatArray:
    """Return (1,) growth of the ``size`` names that did best in the stretch before, chosen anew at each stretch."""
    growth = 1.0
    for before, stretch in zip(factors.T[:-1], factors.T[1:], strict=True):
        best = np.sort(np.argsort(-before, kind="stable")[:size])
        growth *= float(_mean(stretch[best][:, None])[0])
    return np.array([growth])


def _mean(rows: FloatArray) -> FloatArray:
    """Return the mean of (size, draws) rows, added up one after the other: the same bits for any number of draws."""
    total = np.zeros(rows.shape[1])
    for row in rows:
        total += row
    return total / len(rows)


def _a_year(growth: FloatArray, days: float) -> FloatArray:
    from engine.simulation.kernel.valuation import elementwise_power  # noqa: PLC0415  (compiled)

    return elementwise_power(growth, np.full(len(growth), CALENDAR_DAYS_PER_YEAR / days)) - 1.0


def _middle_part(differences: FloatArray, level: float) -> Interval:
    """Return between what the middle ``level`` of differences lies: what drawing one basket of each size can give."""
    ordered = np.sort(differences)
    rank = max(1, math.floor(0.5 * (1.0 - level) * (len(ordered) + 1)))
    return float(ordered[rank - 1]), float(ordered[-rank])
