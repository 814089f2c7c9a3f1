"""What every computation of a claim has: the ways in which its sentence can be meant, and a figure for each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

import numpy as np
from pydantic import BeforeValidator, Field

from engine.analysis.bootstrap import Evidence
from engine.backtest.config_sections import Window
from engine.core.arrays import DateArray
from engine.core.errors import EngineError
from engine.core.fields import ConfigModel, FieldFault, Ticker
from engine.evidence.claims.claim_prices import ClaimPrices, ClosesKind, PriceSeries
from engine.portfolio.policy import Policy

Way: TypeAlias = Mapping[str, str]
"""One way in which a sentence can be meant: what each of its words is taken for."""

Style: TypeAlias = Literal["percent", "points", "ratio"]
"""How a figure is printed: a percentage, a difference of two in percentage points, a number."""

Interval: TypeAlias = tuple[float, float]

SAMPLINGS: Final = ("daily", "monthly")
WINDOWS: Final = ("own", "common")

_LEAST_COVERED: Final = 0.9
"""Share of the days that a sentence is about from which on closes are said to cover them."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Tickers: TypeAlias = Annotated[tuple[Ticker, ...], BeforeValidator(_as_list), Field(min_length=1, max_length=100)]
"""One ticker or several."""


@dataclass(frozen=True)
class MeasuringTerms:
    """What claims are checked on, how intervals are drawn, and what builds a strategy from plain data.

    ``intervals`` says whether any are wanted.
    """

    prices: ClaimPrices
    evidence: Evidence
    build_strategy: Callable[[Mapping[str, object]], Policy]
    intervals: bool = True


@dataclass(frozen=True)
class Reading:
    """The figure of one ``way`` to mean a sentence, from the first to the last close it is made of.

    ``interval`` is where it would be in other histories of the same kind, None where it was not asked for or there is
    none.
    """

    way: Way
    figure: float
    start: str = ""
    end: str = ""
    interval: Interval | None = None


class Computation(ConfigModel):
    """The abstract base of all kinds of computations.

    ``period``: the days that the sentence is about; by default the file's window, as far as there are closes.
    """

    kind: str
    period: Window = Window()
    style: ClassVar[Style] = "percent"
    """How its figures are printed."""
    caveat: ClassVar[str] = ""
    """What its figures cannot know, in words."""

    @property
    @abstractmethod
    def tickers(self) -> tuple[str, ...]:
        """Every ticker that it needs."""

    @property
    def companions(self) -> tuple[str, ...]:
        """Tickers that it can do without: their days make another reading."""
        return ()

    @property
    @abstractmethod
    def ways(self) -> Mapping[str, tuple[str, ...]]:
        """What the sentence leaves open, and all that each can be; of each the first is meant first."""

    @abstractmethod
    def measure(self, way: Way, terms: MeasuringTerms) -> Reading:
        """Return the figure of one way; raises EngineError where there is none, saying why."""

    def plans(self) -> Iterator[Mapping[str, object]]:
        """Yield the strategies that it runs, as plain data."""
        return iter(())

    def measure_all(self, terms: MeasuringTerms) -> tuple[tuple[Reading, ...], tuple[str, ...]]:
        """Return the reading of every way there is, and why others have none."""
        readings: list[Reading] = []
        missing: list[str] = []
        for values in product(*self.ways.values()):
            way = dict(zip(self.ways, values, strict=True))
            if absent := self._absent(way, terms.prices):
                missing.append(absent)
                continue
            try:
                readings.append(self.measure(way, terms))
            except EngineError as error:
                missing.append(f"{describe_way(way)}: {error}")
        return tuple(readings), tuple(dict.fromkeys(missing))

    def _absent(self, way: Way, prices: ClaimPrices) -> str:
        """Return which closes one way lacks, "" where there are all."""
        if "closes" not in way:
            return ""
        kind: ClosesKind = "price" if way["closes"] == "price" else "total_return"
        others = {one for one in self.ways.get("fund", ()) if one != way["fund"]}
        wanted = [ticker for ticker in self.tickers if ticker not in others]
        absent = prices.absent(kind, wanted)
        words = "closes as traded" if kind == "price" else "closes with dividends"
        return f"no {words} of {', '.join(absent)}" if absent else ""

    def unknown(self, prices: ClaimPrices) -> tuple[str, ...]:
        """Return which of its tickers have no close of any kind."""
        kinds = [set(closes.tickers) for closes in prices.closes.values()]
        absent = [ticker for ticker in self.tickers if not any(ticker in known for known in kinds)]
        return (f"no closes of {', '.join(absent)} in this data",) if absent else ()

    def uncovered(self, prices: ClaimPrices) -> tuple[str, ...]:
        """Return which of its tickers have closes of less than nine tenths of the days that the sentence is about."""
        if self.period == Window():
            return ()
        start, end = self.window(prices)
        found = []
        for ticker in self.tickers:
            if prices.has("total_return", [ticker]):
                series = prices.series("total_return", ticker)
                dates = (series.between(None, end) or series).dates
                since, until = (dates[0] if start is None else start), (dates[-1] if end is None else end)
                if min(dates[-1], until) - max(dates[0], since) < _LEAST_COVERED * (until - since):
                    found.append(f"{ticker} from {since} to {until}: its closes are of {dates[0]} to {dates[-1]}")
        return tuple(found)

    def window(self, prices: ClaimPrices) -> tuple[np.datetime64 | None, np.datetime64 | None]:
        """Return the first and the last day that it is measured on."""
        start, end = self.period.start or prices.window.start, self.period.end or prices.window.end
        return (np.datetime64(start) if start else None), (np.datetime64(end) if end else None)

    def series_of(self, tickers: tuple[str, ...], way: Way, prices: ClaimPrices) -> list[PriceSeries]:
        """Return the closes of ``tickers`` as a way reads them: kind, window, how often.

        A ``common`` window goes from the latest first close of any of them to the earliest last one.

        Raises EngineError when one of them has fewer than three.
        """
        kind: ClosesKind = "price" if way.get("closes") == "price" else "total_return"
        start, end = self.window(prices)
        found = [prices.series(kind, ticker).between(start, end) for ticker in tickers]
        if way.get("window") == "common" and all(len(one) for one in found):
            both = max(one.dates[0] for one in found), min(one.dates[-1] for one in found)
            found = [one.between(*both) for one in found]
        if way.get("sampling") == "monthly":
            found = [one.at_month_ends() for one in found]
        for ticker, one in zip(tickers, found, strict=True):
            require_closes(ticker, one.dates)
        return found


def refuse_itself(key: str, fund: str, others: tuple[str, ...]) -> Iterator[FieldFault]:
    """Yield that a fund is set against itself."""
    if fund in others:
        yield (key,), f"{fund} is set against itself; name another fund"


def require_closes(ticker: str, dates: DateArray, least: int = 3) -> None:
    """Raise EngineError when there are fewer than ``least`` of them."""
    if len(dates) < least:
        raise EngineError(f"{len(dates)} closes of {ticker} in the window, at least {least} are needed")


def describe_way(way: Way) -> str:
    """Return a way as text.

    >>> describe_way({"closes": "total_return", "window": "own"})
    'total return, own window'
    """
    return ", ".join(describe_word(key, value) for key, value in way.items())


def describe_word(key: str, value: str) -> str:
    """Return what one word of a sentence is taken for, as text.

    >>> describe_word("windows_begin", "every_month_end")
    'windows begin every month end'
    """
    text = value.replace("_", " ")
    before = {"since": "since ", "from": "from ", "against": "against ", "windows_begin": "windows begin "}
    after = {"window": " window", "loss": " loss", "ratio": " ratio"}
    return f"{before.get(key, '')}{text}{after.get(key, '')}"
