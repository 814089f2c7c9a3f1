"""What was bought when and at what cost, as far as a file of holdings says, and what sales of the oldest realise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from engine.core.arrays import FloatArray
from engine.data.market import Market
from engine.depot.orders.sized_orders import SizedOrder
from engine.depot.records import HoldingLot, Position
from engine.tax.fifo_lots import FifoLots


class OwnLot(NamedTuple):
    """What was bought at once: on which ``day``, ``quantity`` [shares] and ``cost`` [currency/share], where known."""

    day: np.datetime64 | None
    quantity: float
    cost: float | None


@dataclass(frozen=True)
class AccountHoldings:
    """What somebody holds of a plan's assets: ``units`` (N,) of the market's, ``cash`` [currency], ``lots`` by column.

    ``there`` (N,): the units without those of open purchases, None where there are none.
    """

    units: FloatArray
    cash: float
    lots: Mapping[int, tuple[OwnLot, ...]] = field(default_factory=dict)
    there: FloatArray | None = None

    @property
    def settled(self) -> AccountHoldings:
        """The same without what open purchases buy: that has no lots yet."""
        return self if self.there is None else AccountHoldings(self.there, self.cash, self.lots)


class Realised(NamedTuple):
    """What the sales of one asset realise: ``gain`` after their fees, None where no lot says; ``tax`` due at once."""

    gain: float | None
    tax: float = 0.0


def lots_by_ticker(
    positions: Mapping[str, Sequence[Position]], market: Market
) -> tuple[Mapping[str, tuple[OwnLot, ...]], tuple[str, ...]]:
    """Return the lots of each ticker, the oldest first, those of no day before them, and what is to be said of them.

    Costs in another currency than the market's are those at its rate of the lot's day; a lot of no day, or before the
    first rate, has none then. A position without lots is one.
    """
    found, lacking = dict[str, tuple[OwnLot, ...]](), list[str]()
    for ticker, parts in sorted(positions.items()):
        lots = [_own_lot(lot, one.currency, market) for one in parts for lot in _lots_of(one)]
        given = [lot.cost for one in parts for lot in _lots_of(one)]
        if any(lot.cost is None and cost is not None for lot, cost in zip(lots, given, strict=True)):
            lacking.append(ticker)
        first = np.datetime64("0001-01-01")
        found[ticker] = tuple(sorted(lots, key=lambda lot: first if lot.day is None else lot.day))
    if not lacking:
        return found, ()
    return found, (f"{', '.join(lacking)}: costs in another currency without a rate of their day are not used",)


def _lots_of(one: Position) -> tuple[HoldingLot, ...]:
    return tuple(
        lot if lot.cost is not None else lot._replace(cost=one.cost)
        for lot in one.lots or (HoldingLot(None, one.quantity, one.cost),)
    )


def _own_lot(lot: HoldingLot, currency: str, market: Market) -> OwnLot:
    day = None if lot.date is None else np.datetime64(lot.date)
    if lot.cost is None:
        return OwnLot(day, float(lot.quantity), None)
    rate = _rate_on(market, currency, day)
    return OwnLot(day, float(lot.quantity), None if rate is None else float(lot.cost) * rate)


def _rate_on(market: Market, currency: str, day: np.datetime64 | None) -> float | None:
    """Return the market's currency for one unit of another on a day; None where nobody knows it."""
    if currency in {"", market.currency}:
        return 1.0
    if currency not in market.fx or day is None:
        return None
    row = int(np.searchsorted(market.dates, day, side="right")) - 1
    rate = float(market.fx[currency][row]) if row >= 0 else float("nan")
    return rate if rate > 0.0 else None


def gains_of_oldest(orders: Sequence[SizedOrder], lots: Mapping[str, Sequence[OwnLot]]) -> dict[str, Realised]:
    """Return by ticker what sales realise, the oldest lots first; no gain where one of these has no cost."""
    found = dict[str, Realised]()
    for ticker in sorted({order.ticker for order in orders if order.side == "sell"}):
        sales = [order for order in orders if order.ticker == ticker and order.side == "sell"]
        units, fees = sum(order.quantity for order in sales), sum(order.fee for order in sales)
        cost = _cost_of_oldest(lots.get(ticker, ()), units)
        brought = sum(order.money for order in sales) - fees
        found[ticker] = Realised(None if cost is None else brought - cost)
    return found


def _cost_of_oldest(lots: Sequence[OwnLot], units: float) -> float | None:
    queue = FifoLots()
    for at, lot in enumerate(lots):
        queue.buy(at, lot.quantity, lot.quantity * (lot.cost if lot.cost is not None else float("nan")))
    if not lots or units > queue.held * (1.0 + 1e-9):
        return None
    cost = sum(part.cost for part in queue.parts_until(queue.end_of_sale(units, queue.held)))
    return None if np.isnan(cost) else cost
