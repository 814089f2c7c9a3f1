"""From what a rule asks for to quantities that can be ordered, as it was tested: rounded down, the rest spent (S10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from engine.depot.orders.order_terms import ROUNDING, OrderTerms
from engine.depot.orders.sized_orders import Fee, Wanted

_CAP_TOLERANCE: Final = 1e-12
_HALVINGS: Final = 60


def round_as_tested(
    wanted: Sequence[Wanted], cash: float, value: float, terms: OrderTerms, fee: Fee
) -> dict[str, float]:
    """Return signed quantities by ticker [shares]; ``cash`` may be spent of a depot's ``value`` [currency].

    Sales and purchases are rounded towards nothing. Purchases of whole shares then take one more, the largest remainder
    first, while there is cash and caps are kept; at last what rounding has lifted over a cap is sold.
    """
    quantities = {one.ticker: tradable(one, terms) for one in wanted}
    _spend_remainder(wanted, quantities, cash, value, terms, fee)
    _keep_caps(wanted, quantities, value, terms, fee)
    return quantities


def tradable(one: Wanted, terms: OrderTerms) -> float:
    """Return the signed quantity that can be ordered of what is wanted, towards nothing."""
    shares = terms.shares_of(one.ticker)
    if one.units >= 0.0:
        return shares.purchase(one.units, one.price)
    if one.target == 0.0:
        return -shares.sale(-one.units, one.sellable)
    return -shares._replace(rest=False).sale(-one.units, one.sellable)


def is_settled(wanted: Sequence[Wanted], value: float, terms: OrderTerms) -> bool:
    """Return whether every asset is within one step of its exact quantity: rounding alone would trade again.

    Where parts of shares can be ordered a step is a cent at least.
    """

    def is_near(one: Wanted) -> bool:
        step = max(terms.shares_of(one.ticker).buy, 0.01 / one.price)
        return abs(one.target * value / one.price - one.owned) < step and not (one.target == 0.0 and one.owned > 0.0)

    return all(is_near(one) for one in wanted)


def with_exact(wanted: Sequence[Wanted], value: float) -> list[Wanted]:
    """Return what is wanted with the units that reach all targets of a ``value`` after costs [currency] exactly."""
    return [one._replace(exact=one.target * value / one.price - one.owned) for one in wanted]


def largest_factor(fits: Callable[[float], bool]) -> float:
    """Return the largest factor between 0 and 1 that ``fits``, by halving what it lies in; smaller ones fit too."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def cash_taken(one: Wanted, quantity: float, fee: Fee) -> float:
    """Return the cash that trading a signed ``quantity`` takes [currency]."""
    return quantity * one.price + fee(one.ticker, abs(quantity * one.price))


def _spend_remainder(
    wanted: Sequence[Wanted], quantities: dict[str, float], cash: float, value: float, terms: OrderTerms, fee: Fee
) -> None:
    """Add one share to purchases of whole ones, the largest remainder first, while cash allows and caps are kept."""
    left = cash - sum(cash_taken(one, quantities[one.ticker], fee) for one in wanted)
    target_cash = cash - sum(cash_taken(one, one.units, fee) for one in wanted)

    def remainder(one: Wanted) -> float:
        return one.units - quantities[one.ticker]

    buys = [one for one in wanted if one.units > ROUNDING and terms.shares_of(one.ticker).whole]
    for one in sorted(buys, key=lambda one: (-remainder(one), one.ticker)):
        if remainder(one) <= ROUNDING:
            continue
        more = quantities[one.ticker] + 1.0
        cost = cash_taken(one, more, fee) - cash_taken(one, quantities[one.ticker], fee)
        keeps_cap = (one.owned + more) * one.price <= one.cap * value
        if left - cost >= max(target_cash, 0.0) - ROUNDING * value and keeps_cap:
            quantities[one.ticker], left = more, left - cost


def _keep_caps(
    wanted: Sequence[Wanted], quantities: dict[str, float], value: float, terms: OrderTerms, fee: Fee
) -> None:
    """Sell a share more, or buy one less, of what rounding has lifted over a cap that the exact trades keep."""
    exact = {one.ticker: one.units for one in wanted}
    planned = value - fees_of(wanted, exact, fee)
    capped = [
        one
        for one in wanted
        if one.cap < float("inf")
        and (one.owned + one.units) * one.price <= one.cap * planned * (1.0 + _CAP_TOLERANCE) + _CAP_TOLERANCE
    ]
    changed = True
    while changed:
        changed = False
        for one in capped:
            shares, quantity = terms.shares_of(one.ticker), quantities[one.ticker]
            room = one.cap * (value - fees_of(wanted, quantities, fee)) * (1.0 + _CAP_TOLERANCE) + _CAP_TOLERANCE
            step = shares.buy if quantity > 0.0 else shares.sell
            less = round(quantity - step, 10)
            if step and (one.owned + quantity) * one.price > room and -less <= one.sellable + ROUNDING:
                quantities[one.ticker], changed = less, True


def fees_of(wanted: Sequence[Wanted], quantities: Mapping[str, float], fee: Fee) -> float:
    """Return what all orders cost [currency]."""
    return sum(fee(one.ticker, abs(quantities[one.ticker] * one.price)) for one in wanted)
