"""What is remembered of a market from one run to the next: its arrays for the kernel, and when schedules decide."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, cast
from weakref import WeakKeyDictionary

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.data.market import Market
from engine.portfolio.policy import Band, Schedule
from engine.simulation.kernel.records import MarketArrays, Quotes

if TYPE_CHECKING:  # runs without taxes do without lanes
    from engine.simulation.kernel.batch.records import BatchMarket
    from engine.simulation.kernel.batch.tax_records import LaneTaxes
    from engine.simulation.tax_calendar import TaxCalendar
    from engine.tax.book import Taxation

_MAX_SCHEDULES: Final = 64
"""Schedules remembered of one market."""


class ScheduleRows(NamedTuple):
    """A schedule over the sessions of a market: ``rows`` (K,) of its decisions in order, ``reasons`` and ``band``."""

    rows: IntArray
    reasons: tuple[str, ...]
    band: Band | None

    @classmethod
    def build(cls, schedule: Schedule, market: Market) -> ScheduleRows:
        """Ask ``schedule`` about the market's sessions."""
        calendar = schedule.calendar(market.dates)
        rows = np.array(sorted(calendar), dtype=np.int64)
        return cls(rows, tuple(calendar[row] for row in rows.tolist()), schedule.band(market.dates))

    def fills(self, opening: int, delay: int, sessions: int) -> tuple[IntArray, tuple[str, ...]]:
        """Return the rows at which decisions are filled, the ``opening`` first, and why."""
        begin, end = int(self.rows.searchsorted(opening + 1)), int(self.rows.searchsorted(sessions - delay))
        rows = np.empty(1 + max(end - begin, 0), dtype=np.int64)
        rows[0], rows[1:] = opening, self.rows[begin:end] + delay
        return rows, ("opening", *self.reasons[begin:end])


NEVER: Final = ScheduleRows(np.zeros(0, dtype=np.int64), (), None)
"""The schedule of who never decides again."""


def market_arrays(market: Market) -> MarketArrays:
    """Return a market as the kernel takes it."""
    shares = np.ones((1, len(market.assets))) if market.shares is None else market.shares
    rates = np.ones(1) if market.tariff_rates is None else market.tariff_rates
    dividends = np.zeros((0, len(market.assets))) if market.dividends is None else market.dividends
    growth, all_filled = 1.0 + market.cash_rate, np.zeros((1, len(market.assets)), dtype=np.uint8)
    return MarketArrays(market.prices, growth, market.fresh, market.eligible, shares, rates, dividends, all_filled)


def quotes_at(arrays: MarketArrays, row: int) -> Quotes:
    """Return what orders at ``row`` are filled at and charged by."""
    shares, rates, unfilled = arrays.shares, arrays.tariff_rates, arrays.unfilled
    rate = float(rates[min(row, len(rates) - 1)])
    return Quotes(arrays.prices[row], shares[min(row, len(shares) - 1)], rate, unfilled[min(row, len(unfilled) - 1)])


class MarketMemory:
    """What one market's runs share: its ``arrays``, and ``delistings``: the row, and the asset that is gone by then."""

    def __init__(self, market: Market) -> None:
        """Begin with the market's arrays alone; the market itself is not kept."""
        self.arrays = market_arrays(market)
        rows, columns = market.delistings_from(0, range(len(market.assets)))
        self.delistings = tuple(zip(rows.tolist(), columns.tolist(), strict=True))
        self._schedules: dict[Hashable, ScheduleRows] = {}
        self._without: dict[tuple[str, ...], Market] = {}
        self._taxes: dict[Hashable, tuple[Taxation, LaneTaxes | None]] = {}
        self._lane_markets: dict[Hashable, BatchMarket] = {}

    @cached_property
    def closes_by_asset(self) -> FloatArray:
        """(N, T) the market's prices, each asset's side by side [currency/share]."""
        return np.ascontiguousarray(self.arrays.prices.T)

    def without(self, tickers: tuple[str, ...], market: Market) -> Market:
        """Return ``market`` as if ``tickers`` had never been listed; the same object for the same tickers."""
        found = self._without.get(tickers)
        if found is None:
            found = self._without[tickers] = market.without(tickers)
        return found

    def lane_taxes(
        self, taxation: Taxation, market: Market, opening: int, columns: tuple[int, ...], calendar: TaxCalendar
    ) -> LaneTaxes | None:
        """Return what taxes a run of ``columns``; a law is asked once, as its tables take longer than a run."""
        from engine.simulation.lane_taxes import lane_taxes  # noqa: PLC0415  (the laws of all countries)

        key = id(taxation), opening, columns
        found = self._taxes.get(key)
        if found is None:
            if len(self._taxes) >= _MAX_SCHEDULES:
                self._taxes.clear()
            found = self._taxes[key] = taxation, lane_taxes(taxation, market, opening, columns, calendar)
        return found[1]

    def lane_market(self, opening: int, columns: tuple[int, ...], build: Callable[[], BatchMarket]) -> BatchMarket:
        """Return the market of runs of ``columns``, built once."""
        key = opening, columns
        found = self._lane_markets.get(key)
        if found is None:
            if len(self._lane_markets) >= _MAX_SCHEDULES:
                self._lane_markets.clear()
            found = self._lane_markets[key] = build()
        return found

    def schedule_rows(self, schedule: Schedule, market: Market) -> ScheduleRows:
        """Return when ``schedule`` decides; one that is equal to an earlier one is not asked again."""
        key = cast("Hashable", schedule)
        try:
            found = self._schedules.get(key)
        except TypeError:  # of a user's own kind, and without a hash
            return ScheduleRows.build(schedule, market)
        if found is None:
            if len(self._schedules) >= _MAX_SCHEDULES:
                self._schedules.clear()
            found = self._schedules[key] = ScheduleRows.build(schedule, market)
        return found


_MEMORIES: Final[WeakKeyDictionary[Market, MarketMemory]] = WeakKeyDictionary()


def recall(market: Market) -> MarketMemory:
    """Return what is remembered of ``market``; it is forgotten with the market."""
    memory = _MEMORIES.get(market)
    if memory is None:
        memory = _MEMORIES[market] = MarketMemory(market)
    return memory
