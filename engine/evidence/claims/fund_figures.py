"""Claims about figures of funds: one fund's, the difference of two, and who has the best return for its risk."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Final, Literal, TypeAlias

import numpy as np
from pydantic import Field

from engine.core.arrays import FloatArray
from engine.core.errors import EngineError
from engine.core.fields import FieldFault, Ticker, validates_fields
from engine.evidence.claims.claim_prices import CLOSES_KINDS, ClosesKind, PriceSeries
from engine.evidence.claims.computation import (
    SAMPLINGS,
    WINDOWS,
    Computation,
    Interval,
    MeasuringTerms,
    Reading,
    Style,
    Tickers,
    Way,
    refuse_itself,
)
from engine.evidence.claims.intervals import difference_interval, growth_interval, statistic_interval

_ROUNDING: Final = 1e-12

FundFigure: TypeAlias = Literal["cagr", "volatility", "max_drawdown", "total_return"]


class Figure(Computation):
    """One figure of a fund, or of each of several that the sentence may mean.

    ``beside``: the funds that it is set beside, whose common window is another reading.
    """

    kind: Literal["figure"] = "figure"
    of: Tickers
    figure: FundFigure
    beside: tuple[Ticker, ...] = Field(default=(), max_length=100)

    @property
    def tickers(self) -> tuple[str, ...]:
        """The funds."""
        return self.of

    @property
    def companions(self) -> tuple[str, ...]:
        """The funds that it is set beside."""
        return self.beside

    @property
    def ways(self) -> Mapping[str, tuple[str, ...]]:
        """Dividends, how often closes are read, whose window, which fund."""
        windows = {"window": WINDOWS} if self.beside else {}
        return {"closes": CLOSES_KINDS, "sampling": SAMPLINGS, **windows, **_funds(self.of)}

    def measure(self, way: Way, terms: MeasuringTerms) -> Reading:
        """Return the fund's figure."""
        fund = way.get("fund", self.of[0])
        kind: ClosesKind = "price" if way["closes"] == "price" else "total_return"
        beside = tuple(one for one in self.beside if one != fund and terms.prices.has(kind, [one]))
        own = self.series_of((fund, *beside), way, terms.prices)[0]
        interval = None
        if terms.intervals and self.figure == "cagr":
            interval = growth_interval(own, terms.evidence)
        elif terms.intervals and self.figure == "volatility":
            interval = statistic_interval([own], _volatility_of_rows, terms.evidence)
        return _reading(way, fund_figure(own, self.figure), own, interval)


class Difference(Computation):
    """A figure of one fund minus that of another."""

    kind: Literal["difference"] = "difference"
    of: Tickers
    minus: Ticker
    figure: FundFigure = "cagr"
    style: ClassVar[Style] = "points"

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        yield from refuse_itself("minus", self.minus, self.of)

    @property
    def tickers(self) -> tuple[str, ...]:
        """The funds."""
        return (*self.of, self.minus)

    @property
    def ways(self) -> Mapping[str, tuple[str, ...]]:
        """Dividends, how often closes are read, whose window, which fund."""
        return {"closes": CLOSES_KINDS, "sampling": SAMPLINGS, "window": ("common", "own"), **_funds(self.of)}

    def measure(self, way: Way, terms: MeasuringTerms) -> Reading:
        """Return the difference, over the sessions of both or each over its own."""
        own, other = self.series_of((way.get("fund", self.of[0]), self.minus), way, terms.prices)
        difference = fund_figure(own, self.figure) - fund_figure(other, self.figure)
        interval = None
        if terms.intervals and way["window"] == "common" and self.figure == "cagr":
            interval = difference_interval(own, other, difference, terms.evidence)
        return _reading(way, difference, own, interval)


class BestRatio(Computation):
    """How much more return for its risk a fund had than the best of others; risk-free is 0."""

    kind: Literal["best_ratio"] = "best_ratio"
    of: Ticker
    among: Tickers
    style: ClassVar[Style] = "ratio"

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        yield from refuse_itself("among", self.of, self.among)

    @property
    def tickers(self) -> tuple[str, ...]:
        """The funds."""
        return (self.of, *self.among)

    @property
    def ways(self) -> Mapping[str, tuple[str, ...]]:
        """Dividends, how often closes are read, whose window, what the risk is."""
        ratios = ("sharpe", "return_over_volatility", "calmar")
        return {"closes": CLOSES_KINDS, "sampling": SAMPLINGS, "window": ("common", "own"), "ratio": ratios}

    def measure(self, way: Way, terms: MeasuringTerms) -> Reading:
        """Return the fund's ratio less the highest of the others."""
        own, *others = self.series_of(self.tickers, way, terms.prices)
        ratio = _RATIOS[way["ratio"]]
        interval = None
        if terms.intervals and way["window"] == "common" and way["ratio"] == "sharpe":
            interval = statistic_interval([own, *others], _sharpe_lead_of_rows, terms.evidence)
        return _reading(way, ratio(own) - max(ratio(other) for other in others), own, interval)


def fund_figure(series: PriceSeries, figure: FundFigure) -> float:
    """Return a figure of closes bought at the first of them and held, without costs (S13)."""
    from engine.analysis import metrics  # noqa: PLC0415  (a file of claims needs no compiler)

    if figure == "cagr":
        found = metrics.cagr(series.closes, series.days)
    elif figure == "volatility":
        found = metrics.volatility(series.returns, series.periods_per_year)
    elif figure == "max_drawdown":
        found = metrics.max_drawdown(series.closes)
    else:
        found = metrics.total_return(series.closes)
    if found is None:
        raise EngineError(f"there is no {figure} of these closes")
    return found


def _sharpe(series: PriceSeries) -> float:
    from engine.analysis import metrics  # noqa: PLC0415

    found = metrics.sharpe(series.returns, 0.0, series.periods_per_year)
    if found is None:
        raise EngineError("there is no Sharpe ratio of these closes")
    return found


def _return_over_volatility(series: PriceSeries) -> float:
    return fund_figure(series, "cagr") / _no_rounding(fund_figure(series, "volatility"))


def _calmar(series: PriceSeries) -> float:
    return fund_figure(series, "cagr") / _no_rounding(abs(fund_figure(series, "max_drawdown")))


def _no_rounding(risk: float) -> float:
    """Return a risk to divide by; raises EngineError when it is rounding (S13)."""
    if risk <= _ROUNDING:
        raise EngineError("these closes have no risk to divide by")
    return risk


_RATIOS: Final[Mapping[str, Callable[[PriceSeries], float]]] = {
    "sharpe": _sharpe,
    "return_over_volatility": _return_over_volatility,
    "calmar": _calmar,
}


def _volatility_of_rows(returns: FloatArray, periods: float) -> FloatArray:
    """Return (draws,) volatilities a year of the first fund of (funds, draws, n)."""
    return np.asarray(returns[0].std(axis=1, ddof=1) * math.sqrt(periods))


def _sharpe_lead_of_rows(returns: FloatArray, periods: float) -> FloatArray:
    """Return (draws,) Sharpe ratios of the first fund of (funds, draws, n) less the highest of the others."""
    ratios = returns.mean(axis=2) / returns.std(axis=2, ddof=1) * math.sqrt(periods)
    return np.asarray(ratios[0] - ratios[1:].max(axis=0))


def _funds(of: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Return the choice of a fund, where there is one."""
    return {"fund": of} if len(of) > 1 else {}


def _reading(way: Way, figure: float, series: PriceSeries, interval: Interval | None) -> Reading:
    return Reading(way, figure, str(series.dates[0]), str(series.dates[-1]), interval)
