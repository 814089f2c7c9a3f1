"""Claims about stretches of a history: a year's fall, a period's return, who won how many rolling windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from engine.core.arrays import FloatArray
from engine.core.conventions import PERIODS_PER_YEAR
from engine.core.errors import EngineError
from engine.core.fields import FieldFault, Ticker, WholeNumber, validates_fields
from engine.evidence.claims.claim_prices import CLOSES_KINDS, ClosesKind, PriceSeries
from engine.evidence.claims.computation import (
    SAMPLINGS,
    Computation,
    MeasuringTerms,
    Reading,
    Tickers,
    Way,
    refuse_itself,
    require_closes,
)
from engine.evidence.claims.intervals import align, statistic_interval


class WorstFall(Computation):
    """How far a fund fell in a calendar ``year``: from a high, before or in it, or from its beginning to its end."""

    kind: Literal["worst_fall"] = "worst_fall"
    of: Tickers
    year: Annotated[WholeNumber, Field(ge=1900, le=2200)]

    @property
    def tickers(self) -> tuple[str, ...]:
        """The funds."""
        return self.of

    @property
    def ways(self) -> Mapping[str, tuple[str, ...]]:
        """Dividends, how often closes are read, since when, which fund."""
        since = ("the_highest_close_before", "the_high_of_the_year", "the_last_close_of_the_year_before")
        funds = {"fund": self.of} if len(self.of) > 1 else {}
        return {"closes": CLOSES_KINDS, "sampling": SAMPLINGS, "since": since, **funds}

    def measure(self, way: Way, terms: MeasuringTerms) -> Reading:
        """Return the deepest fall, or the year's return."""
        series = _all_closes(self, way.get("fund", self.of[0]), way, terms)
        first = int(np.searchsorted(series.dates, np.datetime64(f"{self.year}-01-01")))
        last = int(np.searchsorted(series.dates, np.datetime64(f"{self.year}-12-31"), side="right"))
        require_closes(f"{way.get('fund', self.of[0])} in {self.year}", series.dates[first:last])
        inside = series.closes[first:last]
        if way["since"] == "the_last_close_of_the_year_before":
            figure = float(inside[-1] / _close_before(series, first) - 1.0)
        else:
            highs = np.maximum.accumulate(inside if way["since"] == "the_high_of_the_year" else series.closes[:last])
            figure = float((inside / highs[len(highs) - len(inside) :]).min() - 1.0)
        return Reading(way, figure, str(series.dates[first]), str(series.dates[last - 1]))


class PeriodReturn(Computation):
    """What a fund returned in a ``period``, from the last close before it or from the first in it."""

    kind: Literal["period_return"] = "period_return"
    of: Tickers

    @property
    def tickers(self) -> tuple[str, ...]:
        """The funds."""
        return self.of

    @property
    def ways(self) -> Mapping[str, tuple[str, ...]]:
        """Dividends, since when, which fund."""
        funds = {"fund": self.of} if len(self.of) > 1 else {}
        return {"closes": CLOSES_KINDS, "since": ("the_last_close_before", "the_first_close"), **funds}

    def measure(self, way: Way, terms: MeasuringTerms) -> Reading:
        """Return the return of the period."""
        start, end = self.window(terms.prices)
        series = _all_closes(self, way.get("fund", self.of[0]), way, terms)
        inside = series.between(start, end)
        require_closes(way.get("fund", self.of[0]), inside.dates, 2)
        first = int(np.searchsorted(series.dates, inside.dates[0]))
        base = float(inside.closes[0]) if way["since"] == "the_first_close" else _close_before(series, first)
        return Reading(way, float(inside.closes[-1]) / base - 1.0, str(inside.dates[0]), str(inside.dates[-1]))


class RollingWinShare(Computation):
    """In which share of rolling windows of so many ``years`` a fund returned more than another."""

    kind: Literal["rolling_win_share"] = "rolling_win_share"
    of: Tickers
    over: Ticker
    years: Annotated[WholeNumber, Field(ge=1, le=50)] = 5

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        yield from refuse_itself("over", self.over, self.of)

    @property
    def tickers(self) -> tuple[str, ...]:
        """The funds."""
        return (*self.of, self.over)

    @property
    def ways(self) -> Mapping[str, tuple[str, ...]]:
        """Dividends, when windows begin, since when, which fund."""
        begin = ("every_month_end", "every_session", "every_january")
        since = ("the_window_begins", "both_are_listed")
        funds = {"fund": self.of} if len(self.of) > 1 else {}
        return {"closes": CLOSES_KINDS, "windows_begin": begin, "since": since, **funds}

    def measure(self, way: Way, terms: MeasuringTerms) -> Reading:
        """Return the share of windows won; one that both end alike is not."""
        start, end = self.window(terms.prices)
        kind: ClosesKind = "price" if way["closes"] == "price" else "total_return"
        funds = way.get("fund", self.of[0]), self.over
        since = None if way["since"] == "both_are_listed" else start
        pair = align([terms.prices.series(kind, fund).between(since, end) for fund in funds])
        require_closes(" and ".join(funds), pair[0].dates)
        if way["windows_begin"] == "every_session":
            share, interval = _share_of_sessions(pair, self.years), None
        else:
            pair = [one.at_month_ends() for one in pair]
            if pair[0].periods_per_year != PERIODS_PER_YEAR["monthly"]:
                raise EngineError("closes are rarer than monthly")
            levels = np.stack([one.closes for one in pair])
            first = _first_january(pair[0]) if way["windows_begin"] == "every_january" else 0
            step = 12 if way["windows_begin"] == "every_january" else 1
            share, interval = _share_won(levels[:, first:], 12 * self.years, step), None
            if terms.intervals and step == 1:
                interval = statistic_interval(pair, self._shares_of_rows, terms.evidence)
        return Reading(way, share, str(pair[0].dates[0]), str(pair[0].dates[-1]), interval)

    def _shares_of_rows(self, returns: FloatArray, periods: float) -> FloatArray:
        """Return (draws,) shares of windows that the first of (2, draws, n) monthly returns wins."""
        levels = np.multiply.accumulate(1.0 + returns, axis=2)
        levels = np.concatenate([np.ones((*levels.shape[:2], 1)), levels], axis=2)
        growth = levels[:, :, round(periods) * self.years :] / levels[:, :, : -round(periods) * self.years]
        return np.asarray((growth[0] > growth[1]).mean(axis=1))


def _all_closes(computation: Computation, fund: str, way: Way, terms: MeasuringTerms) -> PriceSeries:
    """Return all closes of a fund up to the end of the window: what was before it counts too."""
    series = terms.prices.series("price" if way["closes"] == "price" else "total_return", fund)
    series = series.between(None, computation.window(terms.prices)[1])
    return series.at_month_ends() if way.get("sampling") == "monthly" else series


def _close_before(series: PriceSeries, row: int) -> float:
    if row == 0:
        raise EngineError("no close before it")
    return float(series.closes[row - 1])


def _first_january(series: PriceSeries) -> int:
    """Return the first row from which Januaries are counted: the last close of a December."""
    months = series.dates.astype("datetime64[M]").astype(np.int64) % 12
    if not (months == 11).any():
        raise EngineError("no December in the window")
    return int((months == 11).argmax())


def _share_won(levels: FloatArray, length: int, step: int) -> float:
    """Return the share of windows of ``length`` rows, one every ``step`` rows, that the first of two wins."""
    if levels.shape[1] <= length:
        raise EngineError(f"{levels.shape[1]} months, a window takes {length + 1}")
    growth = levels[:, length:] / levels[:, :-length]
    return float((growth[0] > growth[1])[::step].mean())


def _share_of_sessions(pair: list[PriceSeries], years: int) -> float:
    """Return the share won of windows that end with a session and begin with the last one up to its day, years before.

    >>> dates = np.array(["2020-01-02", "2020-06-01", "2021-01-02", "2021-01-04"], "datetime64[D]")
    >>> mine, theirs = (PriceSeries(dates, np.array(own)) for own in ([1.0, 2, 3, 4], [1.0, 2, 2, 5]))
    >>> _share_of_sessions([mine, theirs], 1)
    0.5
    """
    dates = pair[0].dates
    months = dates.astype("datetime64[M]")
    day = (dates - months.astype("datetime64[D]")).astype(np.int64)
    earlier = months - 12 * years
    length = ((earlier + 1).astype("datetime64[D]") - earlier.astype("datetime64[D]")).astype(np.int64)
    begins = earlier.astype("datetime64[D]") + np.minimum(day, length - 1)
    rows = np.searchsorted(dates, begins, side="right") - 1
    ends = np.flatnonzero(rows >= 0)
    if not len(ends):
        raise EngineError(f"no window of {years} years in {len(dates)} sessions")
    growth = [one.closes[ends] / one.closes[rows[ends]] for one in pair]
    return float((growth[0] > growth[1]).mean())
