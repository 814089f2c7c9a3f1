"""Which trades of one's own belong to which trade of the plan."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from engine.depot.comparison.exact import HELD_AT_START, ZERO, Bookings, ExactCash, ExactTrade

MAX_LATE: Final = 5
"""Sessions after a trade of the plan within which a trade of one's own belongs to it."""
_CENT: Final = Fraction(1, 100)


class PlannedTrade(NamedTuple):
    """What the plan trades of one asset, on one side, at one session: several orders are one, at their mean price."""

    row: int
    ticker: str
    quantity: Fraction
    price: Fraction
    fee: Fraction
    tax: Fraction


class TradePair(NamedTuple):
    """A trade of the plan and those of one's own that belong to it, which may be none."""

    planned: PlannedTrade
    fills: tuple[ExactTrade, ...]


def pair_trades(
    mine: Sequence[ExactTrade], plan: Sequence[ExactTrade]
) -> tuple[tuple[TradePair, ...], tuple[ExactTrade, ...]]:
    """Return each trade of the plan with those of one's own, and one's own that belong to none.

    A trade belongs to the plan's last one of the same asset and side, where that is at most five sessions ahead of it;
    several add. What is sold at once of what is held at the start is so much less that is held then.
    """
    planned = _add_up(plan)
    rows: dict[tuple[str, bool], list[int]] = {}
    for one in planned:
        rows.setdefault(_side(one.ticker, one.quantity), []).append(one.row)
    at_start = {(one.ticker, one.row) for one in mine if one.words == HELD_AT_START}
    fills: dict[tuple[str, bool, int], list[ExactTrade]] = {}
    alone = []
    for trade in sorted(mine, key=lambda one: one.row):
        side = _side(trade.ticker, trade.quantity)
        if (trade.ticker, trade.row) in at_start:
            side = trade.ticker, True
        known = rows.get(side, [])
        at = bisect.bisect_right(known, trade.row) - 1
        if at >= 0 and trade.row - known[at] <= MAX_LATE and trade.quantity:
            fills.setdefault((*side, known[at]), []).append(trade)
        else:
            alone.append(trade)
    pairs = [TradePair(one, tuple(fills.get((*_side(one.ticker, one.quantity), one.row), ()))) for one in planned]
    return tuple(pairs), tuple(alone)


def _side(ticker: str, quantity: Fraction) -> tuple[str, bool]:
    return ticker, quantity > 0


def _add_up(plan: Iterable[ExactTrade]) -> list[PlannedTrade]:
    """Return the plan's trades in order of time, one for each session, asset and side."""
    groups: dict[tuple[int, str, bool], list[ExactTrade]] = {}
    for one in plan:
        groups.setdefault((one.row, *_side(one.ticker, one.quantity)), []).append(one)
    added = []
    for (row, ticker, _), group in sorted(groups.items()):
        quantity = sum((one.quantity for one in group), ZERO)
        money = sum((one.quantity * one.price for one in group), ZERO)
        fee, tax = sum((one.fee for one in group), ZERO), sum((one.tax for one in group), ZERO)
        if quantity:
            added.append(PlannedTrade(row, ticker, quantity, money / quantity, fee, tax))
    return added


def set_reinvested_apart(mine: Bookings) -> Bookings:
    """Return one's own bookings with the purchases that dividends paid for apart, as a plan that reinvests has them.

    Such a purchase is free of fees, of what paid the dividend, at most five sessions after it, and costs no more than
    it brought; each dividend makes at most one, the largest.
    """
    used: set[int] = set()
    for paid in sorted(mine.cash, key=lambda one: one.row):
        if paid.kind == "dividend" and paid.money > 0:
            found = [at for at, one in enumerate(mine.trades) if at not in used and _is_paid_by(one, paid)]
            used.update(sorted(found, key=lambda at: (-mine.trades[at].cost, at))[:1])
    apart = tuple(mine.trades[at] for at in sorted(used))
    left = tuple(one for at, one in enumerate(mine.trades) if at not in used)
    return Bookings(left, mine.cash, (*mine.reinvested, *apart))


def _is_paid_by(trade: ExactTrade, paid: ExactCash) -> bool:
    """Return whether a dividend can have paid for a purchase."""
    near = trade.ticker == paid.ticker and 0 <= trade.row - paid.row <= MAX_LATE
    return near and trade.quantity > 0 and not trade.fee and not trade.words and trade.cost <= paid.money + _CENT
