"""The fee fixpoint: trades of a netted order whose costs are paid out of what is traded (S3, S9)."""

from __future__ import annotations

from engine.core.arrays import FloatArray
from engine.portfolio.cost_table import CostTable
from engine.simulation.kernel.jit import njit_cached, njit_inline
from engine.simulation.kernel.order_costs import is_proportional, total_cost
from engine.simulation.kernel.records import NO_SALE, Order, Quotes
from engine.simulation.kernel.tolerances import CASH_TOLERANCE, TRADE_TOLERANCE


@njit_cached
def _sell_pro_rata(need: float, h: FloatArray, order: Order, x: FloatArray) -> None:
    """Let recipients sell pro rata until ``need`` is met; one with too little is sold whole and the others share."""
    for _ in range(h.size):
        shares = 0.0
        for a in range(h.size):
            if not order.active[a] and x[a] > -h[a]:
                shares += order.recipients[a]
        if shares == 0.0:
            return
        left = need
        for a in range(h.size):
            if not order.active[a] and x[a] > -h[a] and order.recipients[a] / shares * need >= h[a]:
                x[a] = -h[a]
                left -= h[a]
        if left == need:
            for a in range(h.size):
                if not order.active[a] and x[a] > -h[a]:
                    x[a] = -(order.recipients[a] / shares) * need
            return
        need = left


@njit_cached
def fill_trades_at_value(V1: float, V: float, h: FloatArray, order: Order, x: FloatArray) -> None:
    """Overwrite ``x`` with the trades that a value after costs of ``V1`` asks for."""
    free = order.released_cash - order.tax - (V - V1)
    for a in range(h.size):
        x[a] = 0.0
        if order.active[a]:
            x[a] = max(order.weights[a] * (V1 - order.withheld_cash), 0.0) - h[a]
            free -= x[a]
    if order.recipients_sell and free < 0.0:
        _sell_pro_rata(-free, h, order, x)
    else:
        for a in range(h.size):
            if not order.active[a] and order.recipients[a] > 0.0:
                x[a] = max(order.recipients[a] * free, -h[a])
    for a in range(h.size):
        if abs(x[a]) <= TRADE_TOLERANCE * V:
            x[a] = 0.0


@njit_cached
def solve_cost_fixpoint(
    V: float, h: FloatArray, quotes: Quotes, order: Order, costs: CostTable, x: FloatArray
) -> float:
    """Return V1 of ``V1 + C(V1) = V`` with its trades in ``x`` (S3), or -1 when costs exceed the value."""
    fill_trades_at_value(V, V, h, order, x)
    fee = total_cost(x, quotes, costs)
    if fee == 0.0:
        return V
    if is_proportional(costs):
        V1 = V
        for _ in range(100):
            after = V - fee
            if after == V1:
                break
            V1 = after
            fill_trades_at_value(V1, V, h, order, x)
            fee = total_cost(x, quotes, costs)
        return V1
    low, high = 0.0, V
    fill_trades_at_value(low, V, h, order, x)
    if total_cost(x, quotes, costs) > V:
        return -1.0
    while True:
        V1 = 0.5 * (low + high)
        if low >= V1 or high <= V1:
            break
        fill_trades_at_value(V1, V, h, order, x)
        if V1 + total_cost(x, quotes, costs) <= V:
            low = V1
        else:
            high = V1
    fill_trades_at_value(low, V, h, order, x)
    return low


@njit_cached
def _scale_order(V1: float, h: FloatArray, order: Order) -> tuple[bool, Order]:
    """Return the order cut to what the assets that do not trade leave, and whether that was needed (S9)."""
    waiting, wanted = 0.0, 0.0
    for a in range(h.size):
        if order.active[a]:
            wanted += order.weights[a]
        else:
            waiting += h[a]
    if waiting + wanted * V1 <= V1 * (1.0 + TRADE_TOLERANCE) or wanted == 0.0:
        return False, order
    return True, Order(order.weights / wanted, order.active, order.recipients, 0.0, waiting, False, order.tax)


@njit_inline
def _money_never_sold(h: FloatArray, quotes: Quotes, order: Order) -> tuple[float, float]:
    """Return the money in what an order leaves alone as it is never sold, and the sum of all other targets."""
    kept, shared = 0.0, 0.0
    for a in range(h.size):
        if not order.active[a] and quotes.unfilled[a] & NO_SALE != 0:
            kept += h[a]
        else:
            shared += order.weights[a]
    return kept, shared


@njit_inline
def _solve_or_scale(
    V: float, V1: float, h: FloatArray, quotes: Quotes, order: Order, costs: CostTable, x: FloatArray
) -> tuple[float, bool]:
    """Solve again with targets cut for waiting assets; an asset that wants more is never sold for it (S9).

    What those leave of the account that are never sold is all that the others can want, pro rata to their targets.
    """
    kept, shared = _money_never_sold(h, quotes, order)
    active = order.active.copy()
    partial = Order(order.weights, active, order.recipients, 0.0, 0.0, False, order.tax)
    cut = False
    for _ in range(h.size):
        scaled, less = _scale_order(V1, h, partial)
        if not scaled:
            break
        cut = True
        after = solve_cost_fixpoint(V, h, quotes, less, costs, x)
        turned = False
        for a in range(h.size):
            wanted = order.weights[a] * V1
            if kept > 0.0 and shared > 0.0:
                wanted = min(wanted, order.weights[a] / shared * (after - kept))
            if active[a] and x[a] < 0.0 and wanted > h[a]:
                active[a] = False
                turned = True
        if not turned:
            return after, True
    if cut and not active.any():
        x[:] = 0.0
        return V, True
    if cut:
        return solve_cost_fixpoint(V, h, quotes, partial, costs, x), True
    return V1, False


@njit_inline
def _is_affordable(V: float, cash: float, quotes: Quotes, costs: CostTable, x: FloatArray) -> bool:
    """Return whether trades leave cash at zero or above, or where it was below."""
    left = cash - total_cost(x, quotes, costs)
    for a in range(x.size):
        left -= x[a]
    return left >= min(cash, 0.0) - CASH_TOLERANCE * abs(V)


@njit_inline
def solve_order(
    V: float, cash: float, h: FloatArray, quotes: Quotes, order: Order, costs: CostTable, x: FloatArray
) -> tuple[bool, bool]:
    """Overwrite ``x`` with the trades of ``order``; return whether there are any it can pay, and whether it was cut."""
    V1 = solve_cost_fixpoint(V, h, quotes, order, costs, x)
    scaled = False
    recipients = order.recipients.sum() > 0.0
    if V1 >= 0.0 and not recipients and not order.active.all():
        V1, scaled = _solve_or_scale(V, V1, h, quotes, order, costs, x)
    if V1 < V and not scaled and not recipients and not x.any():
        return False, False  # costs leave money only where nothing is traded
    return V1 >= 0.0 and _is_affordable(V, cash, quotes, costs, x), scaled
