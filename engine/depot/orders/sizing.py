"""From what a rule asks for to orders that a broker takes: quantities, limits, filters, enough cash in any case."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal, NamedTuple

from engine.depot.orders.best_rounding import find_best
from engine.depot.orders.closeness import Balance, BestChoice
from engine.depot.orders.order_fees import OrderFees
from engine.depot.orders.order_terms import FINEST, ROUNDING, OrderTerms
from engine.depot.orders.raised_sales import raise_sales, sold_now
from engine.depot.orders.rounding import round_as_tested
from engine.depot.orders.sized_orders import (
    Fee,
    LeftOut,
    OrderKind,
    SizedOrder,
    SizedOrders,
    TaxAtOnce,
    Wanted,
    signed_quantities,
)
from engine.depot.orders.worst_case import fit_worst_case, scale_purchases

_MOST_FITS: Final = 60
"""How often purchases are fitted to the tax that they change."""


class SizingChoices(NamedTuple):
    """What may be chosen: ``settled`` cash [currency] that pays for wave 2, None for the proceeds of wave 1.

    ``best``: orders come as close as whole ones can, None for rounding as it was tested.
    """

    settled: float | None = None
    best: BestChoice | None = None


def size_orders(
    wanted: list[Wanted],
    cash: float,
    terms: OrderTerms,
    fee: Fee,
    *,
    tax: TaxAtOnce | None = None,
    choices: SizingChoices | None = None,
) -> SizedOrders:
    """Return the orders for what is ``wanted``; ``cash`` is there [currency].

    Sales and purchases are cut to what can be traded; then purchases take one share more, the largest remainder first,
    while the cash is there for it. An order that is not worth placing is left out, and its money stays in cash. What
    ``tax`` says of the quantities is kept back from cash; less than nothing counts as nothing.
    """
    free, choices = cash - terms.reserve, choices or SizingChoices()
    value = cash + sum(one.owned * one.price for one in wanted)
    kept = _tax_due({one.ticker: one.units for one in wanted}, tax)
    quantities = round_as_tested(wanted, free - kept, value - kept, terms, fee)
    orders, left_out = _place(wanted, quantities, terms, fee)
    if choices.best is not None and isinstance(fee, OrderFees):
        balance = Balance(free - kept, cash - kept, value - kept)
        orders, left_out, told = _come_closest(wanted, (orders, left_out), balance, terms, fee, choices.best)
    else:
        told = ()
    sold = sold_now(orders)
    due = _fit_taxed(orders, {one.ticker: one for one in wanted}, free, terms, fee, tax)
    left_out = [one for one in left_out if one.ticker not in sold_now(orders) - sold]
    left_out += _drop_small(orders, terms)
    placed, notes = _in_waves(orders, free - due), [*told]
    if choices.settled is not None and (later := _cut_to_settled(placed, choices.settled, terms, fee)):
        placed = _in_waves(placed, free - due)
        left_out += later
        notes.append(
            f"purchases are cut to the settled cash of {choices.settled:,.2f}; the rest is due after settlement"
        )
    needed = sum(order.needs for order in placed)
    if needed > 0.0:
        notes.append(f"orders of wave 2 need {needed:,.2f} of what sales bring: enter them when these have filled")
    spent, worst = sum(order.spent for order in placed), sum(order.worst for order in placed)
    return SizedOrders(tuple(placed), tuple(left_out), cash - due - spent, cash - due - worst, tuple(notes), due)


def _come_closest(
    wanted: list[Wanted],
    tested: tuple[list[SizedOrder], list[LeftOut]],
    balance: Balance,
    terms: OrderTerms,
    fee: OrderFees,
    choice: BestChoice,
) -> tuple[list[SizedOrder], list[LeftOut], tuple[str, ...]]:
    """Return the orders that come closest to what is asked for, what they leave out, and what is to be said.

    What is sold out is sold as it was ``tested``, and counts among the fewest orders first.
    """
    fitted, left_out = [*tested[0]], tested[1]
    _fit_worst_case(fitted, {one.ticker: one for one in wanted}, balance.free, terms, fee)
    _drop_small(fitted, terms)
    gone = {one.ticker for one in wanted if one.target == 0.0 and one.units <= -one.sellable * (1.0 - ROUNDING)}
    sold = [order for order in fitted if order.ticker in gone]
    rest, spent = [one for one in wanted if one.ticker not in gone], sum(order.spent for order in sold)
    worst, fees = sum(order.worst for order in sold), sum(order.fee for order in sold)
    balance = Balance(balance.free - worst, balance.cash - spent, balance.value - fees)
    start = {ticker: units for ticker, units in signed_quantities(fitted).items() if ticker not in gone}
    fewest = None if choice.fewest is None else max(choice.fewest - len(sold), 0)
    if fewest is not None:
        start = _largest([order for order in fitted if order.ticker not in gone], fewest, balance.free)
    found = find_best(rest, balance, terms, fee, choice=choice._replace(fewest=fewest), start=start)
    orders, _ = _place(rest, {one.ticker: found.quantities.get(one.ticker, 0.0) for one in rest}, terms, fee)
    return [*sold, *orders], [one for one in left_out if one.ticker in gone], (found.told,)


def _largest(orders: list[SizedOrder], count: int, free: float) -> dict[str, float]:
    """Return the quantities of the largest orders, at most ``count``, that ``free`` cash pays for at all limits."""
    kept = list[SizedOrder]()
    for order in sorted(orders, key=lambda one: (one.side == "buy", -one.money, one.ticker)):
        if len(kept) < count and sum(one.worst for one in kept) + order.worst <= free:
            kept.append(order)
    return signed_quantities(kept)


def _place(
    wanted: list[Wanted], quantities: Mapping[str, float], terms: OrderTerms, fee: Fee
) -> tuple[list[SizedOrder], list[LeftOut]]:
    """Return the orders of quantities, and those that are not worth placing."""
    orders, left_out = list[SizedOrder](), list[LeftOut]()
    for one in wanted:
        found = _orders_of(one, quantities[one.ticker], terms, fee)
        side: Literal["buy", "sell"] = "buy" if one.units > 0.0 else "sell"
        step = terms.shares_of(one.ticker).buy if side == "buy" else terms.shares_of(one.ticker).sell
        if not found and abs(one.units) > (FINEST if step == FINEST else ROUNDING):
            whole = f"less than a whole share of {one.price:,.2f}"
            why = whole if step == 1.0 else "smaller than what can be ordered"
            left_out.append(LeftOut(one.ticker, side, abs(one.units) * one.price, why))
        for order in found:
            if order.limit is not None and terms.tick > order.price:
                why = f"its price is below the step of limits, {terms.tick:g} (orders.tick)"
                left_out.append(LeftOut(one.ticker, order.side, order.money, why))
            elif why := terms.why_not(order.money, order.fee):
                left_out.append(LeftOut(one.ticker, order.side, order.money, why))
            else:
                orders.append(order)
    return orders, left_out


def _drop_small(orders: list[SizedOrder], terms: OrderTerms) -> list[LeftOut]:
    """Take out purchases that are not worth placing any more once they are cut, and return them."""
    cut = [order for order in orders if order.side == "buy" and terms.why_not(order.money, order.fee)]
    orders[:] = [order for order in orders if order not in cut]
    return [LeftOut(one.ticker, one.side, one.money, terms.why_not(one.money, one.fee)) for one in cut]


def _orders_of(one: Wanted, quantity: float, terms: OrderTerms, fee: Fee) -> list[SizedOrder]:
    """Return the orders of one asset: one, or of what is sold out with a fraction two."""
    if not quantity:
        return []
    if quantity > 0.0:
        parts: list[tuple[float, float | None, OrderKind]] = [
            (quantity, terms.buy_limit(one.price, one.spread), "limit")
        ]
    else:
        sold = -quantity
        whole = float(math.floor(sold + ROUNDING)) if terms.shares_of(one.ticker).sell == 1.0 else sold
        parts = [(whole, terms.sell_limit(one.price, one.spread), "limit"), (sold - whole, None, "fraction")]
    return [
        SizedOrder(
            ticker=one.ticker,
            side="buy" if quantity > 0.0 else "sell",
            quantity=units,
            price=one.price,
            limit=limit,
            fee=fee(one.ticker, units * one.price),
            reason=one.reason,
            kind=kind,
            spread=one.spread,
        )
        for units, limit, kind in parts
        if units > ROUNDING
    ]


def _tax_due(quantities: Mapping[str, float], tax: TaxAtOnce | None) -> float:
    return 0.0 if tax is None else max(tax(quantities), 0.0)


def _fit_taxed(
    orders: list[SizedOrder],
    wanted: dict[str, Wanted],
    cash: float,
    terms: OrderTerms,
    fee: Fee,
    tax: TaxAtOnce | None,
) -> float:
    """Take shares from purchases until cash is there at all limits, and for the tax; return the tax [currency].

    Fewer purchases may be due more tax than more are: what is kept back never falls.
    """
    due = 0.0
    for _ in range(_MOST_FITS):
        _fit_worst_case(orders, wanted, cash - due, terms, fee)
        found = _tax_due(signed_quantities(orders), tax)
        if found <= due:
            return found
        due = found
    return due


def _fit_worst_case(
    orders: list[SizedOrder], wanted: dict[str, Wanted], cash: float, terms: OrderTerms, fee: Fee
) -> None:
    """Take shares from purchases, from the one that overshoots most, until cash is there at all limits.

    Where parts of shares can be bought, all purchases are cut by one factor. Where none is left, and cash was below
    nothing without sales, these are raised.
    """
    fit_worst_case(orders, wanted, cash, terms, fee)
    buys = any(order.side == "buy" for order in orders)
    if not buys and cash + terms.reserve < 0.0 and any(one.units < 0.0 for one in wanted.values()):
        raise_sales(orders, wanted.values(), cash, terms, lambda one, units: _orders_of(one, -units, terms, fee))


def _in_waves(orders: list[SizedOrder], cash: float) -> list[SizedOrder]:
    """Return sales first, then purchases that cash pays for, then those that need the proceeds."""
    sells = [order for order in orders if order.side == "sell"]
    placed, left = sells, cash
    for order in sorted((order for order in orders if order.side == "buy"), key=lambda one: (one.worst, one.ticker)):
        wave = 1 if order.worst <= left or not sells else 2
        needs = min(order.worst - max(left, 0.0), order.worst) if wave == 2 else 0.0
        left -= order.worst
        placed.append(replace(order, wave=wave, needs=needs))
    return placed


def _cut_to_settled(placed: list[SizedOrder], settled: float, terms: OrderTerms, fee: Fee) -> list[LeftOut]:
    """Cut purchases that need the proceeds of sales to what ``settled`` cash pays for; return what is due later."""
    first = [order for order in placed if order.wave == 1]
    needy, later = [order for order in placed if order.wave == 2], list[LeftOut]()
    room = max(settled - sum(order.worst for order in first if order.side == "buy"), 0.0)
    cut = {one.ticker: one for one in scale_purchases(needy, room, terms, fee) if not terms.why_not(one.money, one.fee)}
    for order in needy:
        less = order.quantity - (cut[order.ticker].quantity if order.ticker in cut else 0.0)
        if less > ROUNDING:
            later.append(LeftOut(order.ticker, "buy", less * order.price, f"{less:g} shares are due after settlement"))
    placed[:] = [*first, *cut.values()]
    return later
