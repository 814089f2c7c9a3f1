"""``run_fixed_targets``: a whole run whose weights are fixed and whose rules ask nothing between its rebalances.

The same money as ``advance`` moves, in the same order of additions; closes are read asset by asset, so that a stretch
between two rebalances is valued in registers.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.simulation.kernel.jit import njit_cached, njit_inline
from engine.simulation.kernel.records import MarketArrays, Order, OrderFills, OrderTerms, RunOutputs
from engine.simulation.kernel.tolerances import CASH_TOLERANCE
from engine.simulation.kernel.trade import FILLED, ORDERS_LEFT_OUT, trade
from engine.simulation.kernel.valuation import account_value, quotes_at

NOT_IN_ONE_CALL: Final = -1
"""Status of a run that has to be made decision by decision."""


@njit_cached
def run_fixed_targets(
    rows: IntArray,
    target: FloatArray,
    cash: float,
    terms: OrderTerms,
    market: MarketArrays,
    closes_by_asset: FloatArray,
    outputs: RunOutputs,
) -> int:
    """Open with ``cash`` at the first of ``rows`` (K,), trade to ``target`` (N,) at each of them, mark to the end.

    ``closes_by_asset`` (N, T) are the market's prices. Overwrites ``outputs``; returns whether all orders were filled,
    some left out, or NOT_IN_ONE_CALL, with nothing of use, where an order would wait or cash would be short.
    """
    n, sessions = closes_by_asset.shape
    units, opening, done = np.zeros(n), rows[0], FILLED
    order = Order(target, np.ones(n, dtype=np.bool_), np.zeros(n), 0.0, 0.0, False, 0.0)
    for k in range(rows.size):
        t = rows[k]
        if not _can_trade_all(t, target, market):
            return NOT_IN_ONE_CALL
        fills = OrderFills(outputs.dq[k], outputs.fees[k], outputs.left_out[k])
        status, _, cash = trade(units, cash, quotes_at(market, t), order, terms, fills)
        if status != FILLED:
            done = ORDERS_LEFT_OUT
        outputs.traded[k] = outputs.dq[k].any()
        if cash < 0.0:
            before = account_value(units, market.prices[t], cash) + fills.fees.sum()
            if cash < -CASH_TOLERANCE * abs(before):
                return NOT_IN_ONE_CALL
            cash = 0.0
        stop = rows[k + 1] if k + 1 < rows.size else sessions
        stretch = slice(t - opening, stop - opening)
        _value_holdings(units, closes_by_asset[:, t:stop], outputs.value[stretch])
        cash = _add_cash(cash, market.growth[t + 1 : stop + 1], outputs.value[stretch], outputs.cash[stretch])
    return done


@njit_inline
def _can_trade_all(t: int, target: FloatArray, market: MarketArrays) -> bool:
    """Return whether all that is wanted, which is all that is held, has a close at ``t`` (S9).

    What has one at the opening is listed from then on, so it may be bought at every later session (S7).
    """
    able = True
    for a in range(target.size):
        able &= market.fresh[t, a] or target[a] == 0.0
    return able


@njit_inline
def _value_holdings(units: FloatArray, closes_by_asset: FloatArray, value: FloatArray) -> None:
    """Overwrite ``value`` (S,) with the money in all assets at each of S closes, added in the order of the assets."""
    value[:] = 0.0
    for a in range(units.size):
        if units[a] != 0.0:
            held, closes = units[a], closes_by_asset[a]
            for s in range(value.size):
                value[s] += held * closes[s]


@njit_inline
def _add_cash(cash: float, growth: FloatArray, value: FloatArray, cash_at_close: FloatArray) -> float:
    """Add ``cash`` to ``value`` (S,) and write it down; return it with interest into the session after them.

    ``growth`` (S,) is that of cash into each session after those of ``value``; the market's last has none.
    """
    for s in range(value.size):
        cash_at_close[s] = cash
        if s < growth.size and growth[s] != 1.0:  # a product would make the next session wait for this one
            cash *= growth[s]
    for s in range(value.size):
        value[s] += cash_at_close[s]
    return cash
