"""What is not ordered for the run's own reasons, and the cash that has to stay and is not there."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.errors import DataError
from engine.core.shortlist import shortlist
from engine.data.market import Market
from engine.depot.orders.decision import PlannedTrades
from engine.depot.orders.sized_orders import LeftOut, SizedOrders

_CENT: Final = 0.005


def left_out_by_run(planned: PlannedTrades, market: Market, units: FloatArray, value: float) -> list[LeftOut]:
    """Return the orders that the run itself does not place, each as what its asset is away from its target.

    ``units`` (N,) are owned [shares] of a depot's ``value`` [currency].
    """
    away = planned.targets * value - units * planned.prices
    return [
        LeftOut(market.assets[j], "buy" if away[j] >= 0.0 else "sell", abs(float(away[j])), why)
        for j, why in planned.left_out.items()
    ]


def require_reserve(sized: SizedOrders, reserve: float, day: np.datetime64) -> None:
    """Raise DataError where the ``reserve`` [currency] is not there at all limits, with no purchase left to cut."""
    short = reserve - sized.worst_cash
    if not reserve or short <= _CENT or any(one.side == "buy" for one in sized.orders):
        return
    left = f"the orders of {day} leave {sized.worst_cash:,.2f} in cash when all of them fill at their limits"
    remedy = f"lower it, or pay in {short:,.2f} by --contribute"
    left_out = shortlist(f"{one.ticker} {one.money:,.2f}, {one.why}" for one in sized.left_out)
    more = f"; left out are {left_out}" if left_out else ""
    raise DataError(f"orders.reserve: found {reserve:,.2f}, and {left}, with no purchase left to cut; {remedy}{more}")
