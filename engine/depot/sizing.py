"""From what a rule asks for to orders that a broker takes: whole shares, limits, filters, enough cash in any case."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple, TypeAlias

from engine.depot.order_terms import OrderTerms

OrderKind: TypeAlias = Literal["limit", "fraction"]
ROUNDING: Final = 1e-9
"""Shares by which a quantity may miss a whole one and still be it."""
_HALVINGS: Final = 60


class Wanted(NamedTuple):
    """What the rule asks for in one asset: ``units`` signed [shares] at ``price``, of ``held`` ones; ``target`` weight.

    ``exact``: how many shares off the plan would be without it; ``spread``: half of it, a share of the price; ``cap``:
    the highest weight, infinity for none.
    """

    ticker: str
    units: float
    price: float
    held: float
    target: float
    spread: float
    cap: float
    reason: str


@dataclass(frozen=True)
class SizedOrder:
    """One order: ``quantity`` positive [shares], ``limit`` [currency/share], its ``money`` at the sizing price and fee.

    ``wave`` 2 needs the proceeds of wave 1; a ``fraction`` is executed apart, at market.
    """

    ticker: str
    side: Literal["buy", "sell"]
    quantity: float
    price: float
    limit: float | None
    fee: float
    reason: str
    kind: OrderKind = "limit"
    wave: int = 1

    @property
    def money(self) -> float:
        """At the sizing price, without its fee [currency]."""
        return self.quantity * self.price

    @property
    def worst(self) -> float:
        """Cash that it takes when it fills at its limit, fee included; negative for a sale [currency]."""
        at = self.price if self.limit is None else self.limit
        return self.quantity * at + self.fee if self.side == "buy" else self.fee - self.quantity * at


class LeftOut(NamedTuple):
    """An order that is not placed: its ``money`` [currency], and why."""

    ticker: str
    money: float
    why: str


@dataclass(frozen=True)
class SizedOrders:
    """All orders, sales first; what was left out; cash after them at the sizing prices, and at all limits.

    ``tax`` is due at once for them, and no longer in either cash [currency].
    """

    orders: tuple[SizedOrder, ...]
    left_out: tuple[LeftOut, ...]
    cash: float
    worst_cash: float
    notes: tuple[str, ...] = field(default=())
    tax: float = 0.0


Fee: TypeAlias = Callable[[str, float], float]
"""The cost of an order of so much money in an asset [currency]."""
TaxAtOnce: TypeAlias = Callable[[Mapping[str, float]], float]
"""The tax that signed quantities by ticker [shares] are due at once [currency]."""


def size_orders(
    wanted: list[Wanted],
    cash: float,
    reserve: float,
    terms: OrderTerms,
    fee: Fee,
    *,
    tax: TaxAtOnce | None = None,
) -> SizedOrders:
    """Return the orders for what is ``wanted``; ``cash`` is there, ``reserve`` stays [currency].

    Sales and purchases are cut to what can be traded; then purchases take one share more, the largest remainder first,
    while the cash is there for it. An order that is not worth placing is left out, and its money stays in cash. What
    ``tax`` says of the quantities is kept back from cash; less than nothing counts as nothing.
    """
    quantities = {one.ticker: _tradable(one, terms) for one in wanted}
    if terms.whole:
        _spend_remainder(wanted, quantities, cash - reserve - _tax_due(quantities, tax), fee)
    orders, left_out = list[SizedOrder](), list[LeftOut]()
    for one in wanted:
        for order in _orders_of(one, quantities[one.ticker], terms, fee):
            why = _why_left_out(order, terms)
            if why:
                left_out.append(LeftOut(one.ticker, order.money, why))
            else:
                orders.append(order)
    due = _fit_taxed(orders, {one.ticker: one for one in wanted}, cash - reserve, terms, fee, tax)
    placed = _in_waves(orders, cash - reserve - due)
    spent = due + sum(order.money + order.fee if order.side == "buy" else order.fee - order.money for order in placed)
    worst = due + sum(order.worst for order in placed)
    return SizedOrders(tuple(placed), tuple(left_out), cash - spent, cash - worst, tax=due)


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
    for _ in range(_HALVINGS):
        _fit_worst_case(orders, wanted, cash - due, terms, fee)
        found = _tax_due(_signed(orders), tax)
        if found <= due:
            return found
        due = found
    return due


def _signed(orders: list[SizedOrder]) -> dict[str, float]:
    """Return signed quantities by ticker."""
    found: dict[str, float] = {}
    for order in orders:
        quantity = order.quantity if order.side == "buy" else -order.quantity
        found[order.ticker] = found.get(order.ticker, 0.0) + quantity
    return found


def _tradable(one: Wanted, terms: OrderTerms) -> float:
    """Return the signed quantity that can be ordered of what is wanted, towards nothing."""
    if one.units > 0.0:
        return terms.round_down(one.units)
    if one.target == 0.0 and one.units <= -one.held * (1.0 - ROUNDING):
        return -one.held
    return -min(terms.round_down(-one.units), math.floor(one.held + ROUNDING) if terms.whole else one.held)


def _spend_remainder(wanted: list[Wanted], quantities: dict[str, float], cash: float, fee: Fee) -> None:
    """Add one share to purchases, the largest remainder first, while cash allows and caps are kept."""
    buys = [one for one in wanted if one.units > ROUNDING]
    left = cash - sum(_cost(one, quantities[one.ticker], fee) for one in wanted)
    target_cash = cash - sum(_cost(one, one.units, fee) for one in wanted)
    value = cash + sum(one.held * one.price for one in wanted)
    order = sorted(buys, key=lambda one: (-(one.units - quantities[one.ticker]), one.ticker))
    for one in order:
        if one.units - quantities[one.ticker] <= ROUNDING:
            continue
        more = quantities[one.ticker] + 1.0
        cost = _cost(one, more, fee) - _cost(one, quantities[one.ticker], fee)
        keeps_cap = (one.held + more) * one.price <= one.cap * value
        if left - cost >= max(target_cash, 0.0) - ROUNDING * value and keeps_cap:
            quantities[one.ticker], left = more, left - cost


def _cost(one: Wanted, quantity: float, fee: Fee) -> float:
    """Return the cash that trading a signed ``quantity`` takes [currency]."""
    return quantity * one.price + fee(one.ticker, abs(quantity * one.price))


def _orders_of(one: Wanted, quantity: float, terms: OrderTerms, fee: Fee) -> list[SizedOrder]:
    """Return the orders of one asset: one, or of what is sold out with a fraction two."""
    if not quantity:
        return []
    offset = max(terms.limit, one.spread)
    if quantity > 0.0:
        limit = terms.floor_tick(one.price * (1.0 + offset))
        return [
            SizedOrder(one.ticker, "buy", quantity, one.price, limit, fee(one.ticker, quantity * one.price), one.reason)
        ]
    limit, sold = terms.ceil_tick(one.price * (1.0 - offset)), -quantity
    whole = math.floor(sold + ROUNDING) if terms.whole else sold
    parts = [(float(whole), limit, "limit"), (sold - whole, None, "fraction")]
    return [
        SizedOrder(one.ticker, "sell", units, one.price, at, fee(one.ticker, units * one.price), one.reason, kind)  # type: ignore[arg-type]
        for units, at, kind in parts
        if units > ROUNDING
    ]


def _why_left_out(order: SizedOrder, terms: OrderTerms) -> str:
    if order.money < terms.min_order:
        return f"below account.min_order of {terms.min_order:,.2f}"
    if order.fee > terms.max_fee * order.money:
        return f"its fee of {order.fee:,.2f} is more than {terms.max_fee:.2%} of it (orders.max_fee)"
    return ""


def _fit_worst_case(
    orders: list[SizedOrder], wanted: dict[str, Wanted], cash: float, terms: OrderTerms, fee: Fee
) -> None:
    """Take shares from purchases, from the one that overshoots most, until cash is there at all limits.

    Where any fraction can be bought, all purchases are cut by one factor.
    """
    if not terms.step:
        _scale_purchases(orders, cash, fee)
        return
    while sum(order.worst for order in orders) > cash + ROUNDING * max(abs(cash), 1.0):
        buys = [(at, order) for at, order in enumerate(orders) if order.side == "buy"]
        if not buys:
            return
        at, order = max(buys, key=lambda one: (one[1].quantity - wanted[one[1].ticker].units, one[1].ticker))
        less = order.quantity - terms.step
        if less <= ROUNDING:
            del orders[at]
        else:
            orders[at] = _resize(order, less, fee)


def _scale_purchases(orders: list[SizedOrder], cash: float, fee: Fee) -> None:
    """Cut all purchases by the largest factor at which cash is there at all limits."""
    low, high = 0.0, 1.0

    def scaled(factor: float) -> list[SizedOrder]:
        cut = [_resize(one, one.quantity * factor, fee) if one.side == "buy" else one for one in orders]
        return [one for one in cut if one.quantity > 0.0]

    if sum(order.worst for order in orders) <= cash + ROUNDING * max(abs(cash), 1.0):
        return
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        fits = sum(order.worst for order in scaled(middle)) <= cash
        low, high = (middle, high) if fits else (low, middle)
    orders[:] = scaled(low)


def _resize(order: SizedOrder, quantity: float, fee: Fee) -> SizedOrder:
    return replace(order, quantity=quantity, fee=fee(order.ticker, quantity * order.price))


def _in_waves(orders: list[SizedOrder], cash: float) -> list[SizedOrder]:
    """Return sales first, then purchases that cash pays for, then those that need the proceeds."""
    sells = [order for order in orders if order.side == "sell"]
    placed, left = sells, cash
    for order in sorted((order for order in orders if order.side == "buy"), key=lambda one: (one.worst, one.ticker)):
        wave = 1 if order.worst <= left or not sells else 2
        left -= order.worst
        placed.append(replace(order, wave=wave))
    return placed
