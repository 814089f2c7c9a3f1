"""How far orders leave assets and cash from what a rule asks for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from engine.depot.orders.order_terms import ROUNDING
from engine.depot.orders.sized_orders import Fee, Wanted

Aim: TypeAlias = Literal["weights", "flow", "trades"]
"""What orders are to come close to: all weights, all weights by purchases or sales alone, or the rule's own trades."""


class BestChoice(NamedTuple):
    """What orders are to come close to, and how many there may be at most, None for any number."""

    aim: Aim = "weights"
    fewest: int | None = None


class Balance(NamedTuple):
    """What is there: ``free`` to be spent, ``cash`` with what stays, and the ``value`` with the assets [currency]."""

    free: float
    cash: float
    value: float


class Gaps(NamedTuple):
    """What orders are to come close to in money: ``share`` of the value after costs, and ``money`` beside it."""

    share: Mapping[str, float]
    money: Mapping[str, float]
    cash_share: float
    cash_money: float


def aims_of(wanted: Sequence[Wanted], balance: Balance, fee: Fee, aim: Aim) -> Gaps:
    """Return what each asset and cash should be after all orders."""
    if aim != "trades":
        shares = {one.ticker: one.target for one in wanted}
        return Gaps(shares, dict.fromkeys(shares, 0.0), 1.0 - sum(shares.values()), 0.0)
    money = {one.ticker: (one.owned + one.units) * one.price for one in wanted}
    taken = sum(one.units * one.price + fee(one.ticker, abs(one.units * one.price)) for one in wanted)
    return Gaps(dict.fromkeys(money, 0.0), money, 0.0, balance.cash - taken)


def distance(
    wanted: Sequence[Wanted], quantities: Mapping[str, float], balance: Balance, fee: Fee, aims: Gaps
) -> float:
    """Return how far signed ``quantities`` [shares] leave assets and cash from ``aims`` [currency]."""
    moved = {one.ticker: quantities.get(one.ticker, 0.0) * one.price for one in wanted}
    fees = sum(fee(ticker, abs(money)) for ticker, money in moved.items())
    value = balance.value - fees
    cash = balance.cash - sum(moved.values()) - fees
    gaps = [
        aims.share[one.ticker] * value + aims.money[one.ticker] - one.owned * one.price - moved[one.ticker]
        for one in wanted
    ]
    return sum(map(abs, gaps)) + abs(aims.cash_share * value + aims.cash_money - cash)


def is_better(
    wanted: Sequence[Wanted],
    pair: tuple[Mapping[str, float], Mapping[str, float]],
    balance: Balance,
    fee: Fee,
    aims: Gaps,
) -> bool:
    """Return whether the first quantities come closer than the second, or as close with fewer orders."""
    first, second = pair
    gained = distance(wanted, second, balance, fee, aims) - distance(wanted, first, balance, fee, aims)
    count, counted = (sum(bool(units) for units in one.values()) for one in pair)
    same = same_distance(balance)
    return gained > same or (gained >= -same and count < counted)


def same_distance(balance: Balance) -> float:
    """Return by how much less than which distances count as equal [currency]."""
    return ROUNDING * max(balance.value, 1.0)


def sides_of(one: Wanted, wanted: Sequence[Wanted], aim: Aim) -> tuple[float, ...]:
    """Return 1 where an asset may be bought and -1 where it may be sold."""
    if aim == "trades":
        return (math.copysign(1.0, one.units),) if one.units else ()
    asked = {1.0, -1.0} if aim == "weights" else {math.copysign(1.0, other.units) for other in wanted if other.units}
    sides = sorted(asked)
    return tuple(sign for sign in sides if (one.may_buy if sign > 0.0 else one.may_sell))
