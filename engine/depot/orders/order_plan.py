"""What is asked of a plan for one depot, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from engine.depot.orders.open_orders import OpenOrder
from engine.depot.orders.own_lots import Realised
from engine.depot.orders.sized_orders import SizedOrder, SizedOrders
from engine.depot.orders.unknown_sales import UnknownSale
from engine.depot.records import Position
from engine.simulation.account_state import AccountState
from engine.tax.book import Taxation


class OrderRequest(NamedTuple):
    """What is asked: the day of the orders, what is held by ticker [shares], cash, and what changes with them.

    ``prices`` by ticker stand for the last closes. ``flow`` is paid in, or out where negative [currency]; ``now``
    rebalances whatever the calendar says; ``exact``: nothing is left alone for being within one share of its target.
    ``rates`` by currency stand for the last fixings; ``stale_ok``: what is held and has no fresh price waits.
    ``positions`` by ticker say what was bought when; ``taxation``: by what law sales are taxed.
    ``pending`` are orders that are open already, and ``settled`` is the cash that pays for purchases which would
    need the proceeds of sales, None where these do. ``best``: orders come as close as whole ones can, in at most
    ``fewest`` orders, None for any number. ``sales`` of what the plan does not name go with what is due.
    """

    day: np.datetime64
    held: Mapping[str, float]
    cash: float
    prices: Mapping[str, float] = {}
    flow: float = 0.0
    now: bool = False
    exact: bool = False
    saved: AccountState | None = None
    rates: Mapping[str, float] = {}
    stale_ok: bool = False
    positions: Mapping[str, Sequence[Position]] = {}
    taxation: Taxation | None = None
    pending: tuple[OpenOrder, ...] = ()
    settled: float | None = None
    best: bool = False
    fewest: int | None = None
    sales: tuple[UnknownSale, ...] = ()


@dataclass(frozen=True)
class PlannedPosition:
    """One asset of the plan: ``units`` held, its sizing ``price`` and the day of it, weights before and after.

    ``drift``: how far the weight is from where drift is measured from; ``cap`` None for none.
    """

    ticker: str
    units: float
    price: float
    price_date: str
    weight: float
    target: float
    after: float
    cap: float | None
    drift: float


@dataclass(frozen=True)
class OrderPlan:
    """What to trade on ``day``, decided by closes up to ``decided_on``, and what is due next.

    ``value`` [currency] of the plan's assets and cash, ``cash`` before any order; ``due`` in words, empty where nothing
    is. ``notes`` are what a reader should know, ``after`` what is to be remembered for the next orders. ``flow`` is in
    ``cash`` already. ``realised`` by ticker what sales gain and are taxed; ``tax_before`` is due in any case.
    """

    name: str
    day: str
    decided_on: str
    currency: str
    value: float
    cash: float
    due: tuple[str, ...]
    next_day: str
    next_reason: str
    positions: tuple[PlannedPosition, ...]
    sized: SizedOrders
    notes: tuple[str, ...]
    after: AccountState
    flow: float = 0.0
    realised: Mapping[str, Realised] = field(default_factory=dict)
    tax_before: float = 0.0
    taxed: bool = False

    def realised_by(self, order: SizedOrder) -> Realised:
        """Return what one order realises, and its tax: by its shares of all those of its asset that are sold."""
        whole = self.realised.get(order.ticker)
        if order.side == "buy" or whole is None:
            return Realised(None)
        sold = sum(one.quantity for one in self.sized.orders if (one.ticker, one.side) == (order.ticker, "sell"))
        part = order.quantity / sold
        return Realised(None if whole.gain is None else whole.gain * part, whole.tax * part)
