"""Purchases cut to what is there when every order fills at its limit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from engine.depot.orders.order_terms import ROUNDING, OrderTerms
from engine.depot.orders.rounding import largest_factor
from engine.depot.orders.sized_orders import Fee, SizedOrder, Wanted


def fit_worst_case(
    orders: list[SizedOrder], wanted: Mapping[str, Wanted], cash: float, terms: OrderTerms, fee: Fee
) -> None:
    """Take shares from purchases, from the one that overshoots most, until ``cash`` [currency] is there at all limits.

    Where parts of shares can be bought, all purchases are cut by one factor. Of equals the last ticker gives first.
    """
    buys = [order for order in orders if order.side == "buy"]
    room = cash - sum(order.worst for order in orders if order.side == "sell")
    if not all(terms.shares_of(order.ticker).whole for order in buys):
        buys = scale_purchases(buys, room, terms, fee)
    over = {order.ticker: wanted[order.ticker].overshoot(order.quantity) for order in buys}
    buys = _lowered(buys, over, room, fee)
    while buys and not _is_paid(buys, room):
        at = max(range(len(buys)), key=lambda k: (wanted[buys[k].ticker].overshoot(buys[k].quantity), buys[k].ticker))
        less = buys[at].quantity - max(1.0, math.ulp(buys[at].quantity))
        buys[at : at + 1] = _resized(buys[at], less, fee)
    orders[:] = [order for order in orders if order.side == "sell"] + buys


def _lowered(buys: list[SizedOrder], over: Mapping[str, float], room: float, fee: Fee) -> list[SizedOrder]:
    """Return purchases after whole rounds of taking shares, all but the last round that leaves too little ``room``.

    A round takes what overshoots by more than some number of shares, ``over`` by ticker, down to it; the number falls
    by one. Taking share by share passes through every such state, one share at a time of what may be billions.
    """
    if not buys or _is_paid(buys, room):
        return buys
    top = max(over.values())

    def after(rounds: float) -> list[SizedOrder]:
        taken = {ticker: max(math.ceil(one - top + rounds), 0) for ticker, one in over.items()}
        return [less for one in buys for less in _resized(one, one.quantity - taken[one.ticker], fee)]

    most = max(top - one + order.quantity for one, order in zip(over.values(), buys, strict=True))
    low, high = 0.0, float(math.ceil(most)) + 1.0
    while high - low > max(1.0, 2.0 * math.ulp(high)):
        middle = float(math.floor(0.5 * (low + high)))
        low, high = (low, middle) if _is_paid(after(middle), room) else (middle, high)
    return after(max(low - max(1.0, math.ulp(high)), 0.0))


def scale_purchases(buys: list[SizedOrder], room: float, terms: OrderTerms, fee: Fee) -> list[SizedOrder]:
    """Return purchases, cut by the largest factor at which ``room`` [currency] is enough at all limits."""

    def cut(factor: float) -> list[SizedOrder]:
        return [less for one in buys for less in _resized(one, one.quantity * factor, fee)]

    if _is_paid(buys, room):
        return buys
    factor = largest_factor(lambda part: sum(order.worst for order in cut(part)) <= room - ROUNDING)
    return [
        less
        for one in cut(factor)
        for less in _resized(one, terms.shares_of(one.ticker).purchase(one.quantity, one.price), fee)
    ]


def _is_paid(buys: list[SizedOrder], room: float) -> bool:
    return sum(order.worst for order in buys) <= room + ROUNDING * max(abs(room), 1.0)


def _resized(order: SizedOrder, quantity: float, fee: Fee) -> list[SizedOrder]:
    """Return the order of another quantity, none of nothing."""
    if quantity <= ROUNDING:
        return []
    return [replace(order, quantity=quantity, fee=fee(order.ticker, quantity * order.price))]
