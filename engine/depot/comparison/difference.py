"""What one's own trades made of the money, less what the plan's did, in parts that add up without a remainder.

With G(d) the growth of cash from a day to the end and P the last close, a trade of q at p is worth ``q (P - p G)``,
less ``fee G``: that is linear, so that the difference of a pair of trades has parts. What cash really earned beside
that growth is a part, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from typing import Final, NamedTuple

from engine.depot.comparison.exact import ZERO, Bookings, ExactQuotes, ExactTrade
from engine.depot.comparison.records import Deviation, DifferencePart, PartKind
from engine.depot.comparison.trade_pairs import PlannedTrade, TradePair, pair_trades

LABELS: Final[dict[PartKind, str]] = {
    "late": "late or early",
    "price": "price against the close",
    "size": "other size",
    "not_done": "not done",
    "not_planned": "not in the plan",
    "fees": "fees",
    "taxes": "taxes",
    "income": "dividends and interest",
}


class ExactDeviation(NamedTuple):
    """One thing that was done otherwise; ``row`` is its session, ``money`` what it made of the difference."""

    kind: PartKind
    row: int
    ticker: str
    money: Fraction
    words: str


def split_difference(mine: Bookings, plan: Bookings, quotes: ExactQuotes) -> list[ExactDeviation]:
    """Return everything that makes ``mine`` other than the ``plan``; the money of all adds up to the difference."""
    pairs, alone = pair_trades(mine.trades, plan.trades)
    found = [one for pair in pairs for one in _of_pair(pair, quotes)]
    found += [_not_planned(trade, quotes) for trade in alone]
    found += _charges(mine, plan, pairs, alone, quotes)
    found += _income(mine, plan, quotes)
    return [one for one in found if one.money]


def as_parts(found: Iterable[ExactDeviation], dates: tuple[str, ...]) -> tuple[DifferencePart, ...]:
    """Return the eight parts as floats, each with its deviations, the largest first."""
    by_kind: dict[PartKind, list[ExactDeviation]] = {kind: [] for kind in LABELS}
    for one in found:
        by_kind[one.kind].append(one)
    return tuple(
        DifferencePart(
            kind,
            LABELS[kind],
            float(sum((one.money for one in listed), ZERO)),
            tuple(
                Deviation(dates[one.row], one.ticker, float(one.money), one.words)
                for one in sorted(listed, key=lambda one: (-abs(one.money), one.row, one.ticker))
            ),
        )
        for kind, listed in by_kind.items()
    )


def _of_pair(pair: TradePair, quotes: ExactQuotes) -> Iterable[ExactDeviation]:
    planned, fills = pair
    due, last = planned.price * quotes.growth[planned.row], quotes.last[planned.ticker]
    if not fills:
        words = (
            f"not {_done(planned.quantity)}: {_count(planned, planned.quantity, quotes)} at {_price(planned, quotes)}"
        )
        yield ExactDeviation("not_done", planned.row, planned.ticker, -planned.quantity * (last - due), words)
        return
    for fill in fills:
        growth, close = quotes.growth[fill.row], quotes.close(fill.ticker, fill.row)
        late = fill.row - planned.row
        words = f"{late} session{'' if late == 1 else 's'} late" if late else "at another close"
        yield ExactDeviation("late", fill.row, fill.ticker, fill.quantity * (due - close * growth), words)
        paid = f"{_done(fill.quantity)} at {_price(fill, quotes)}, close {_price(fill._replace(price=close), quotes)}"
        yield ExactDeviation("price", fill.row, fill.ticker, fill.quantity * (close - fill.price) * growth, paid)
    quantity = sum((fill.quantity for fill in fills), ZERO)
    words = " and ".join(dict.fromkeys(fill.words for fill in fills if fill.words)) or _done(quantity)
    words += f" {_count(fills[-1], quantity, quotes)} instead of {_count(planned, planned.quantity, quotes)}"
    other = (quantity - planned.quantity) * (last - due)
    yield ExactDeviation("size", fills[-1].row, planned.ticker, other, words)


def _not_planned(trade: ExactTrade, quotes: ExactQuotes) -> ExactDeviation:
    words = f"{trade.words or _done(trade.quantity)} {_count(trade, trade.quantity, quotes)}"
    words += f" at {_price(trade, quotes)}"
    money = trade.quantity * (quotes.last[trade.ticker] - trade.price * quotes.growth[trade.row])
    return ExactDeviation("not_planned", trade.row, trade.ticker, money, words)


def _charges(
    mine: Bookings,
    plan: Bookings,
    pairs: Iterable[TradePair],
    alone: Iterable[ExactTrade],
    quotes: ExactQuotes,
) -> Iterable[ExactDeviation]:
    """Yield fees and taxes: of each pair, of each trade without a partner, and of what was charged without a trade."""
    groups: list[tuple[tuple[ExactTrade, ...], tuple[PlannedTrade | ExactTrade, ...]]] = [
        *((pair.fills, (pair.planned,)) for pair in pairs),
        *(((one,), ()) for one in alone),
        *(((one,), ()) for one in mine.reinvested),
        *(((), (one,)) for one in plan.reinvested),
    ]
    growth = quotes.growth
    for own, planned in groups:
        first = (*own, *planned)[0]
        for kind, name in _CHARGES:
            paid = [(sum((getattr(one, name) for one in side), ZERO)) for side in (own, planned)]
            grown = [sum((getattr(one, name) * growth[one.row] for one in side), ZERO) for side in (own, planned)]
            words = f"{name} {_money(paid[0])}, the plan's {_money(paid[1])}"
            yield ExactDeviation(kind, first.row, first.ticker, grown[1] - grown[0], words)
    for kind, name in _CHARGES:
        booked: dict[tuple[int, str], list[Fraction]] = defaultdict(lambda: [ZERO, ZERO])
        for side, account in enumerate((mine, plan)):
            for one in account.cash:
                if one.kind == name:
                    booked[one.row, one.ticker][side] += one.money
        for (row, ticker), (own_money, plan_money) in sorted(booked.items()):
            words = f"{name} outside orders {_money(-own_money)}, the plan's {_money(-plan_money)}"
            yield ExactDeviation(kind, row, ticker, (own_money - plan_money) * growth[row], words)


_CHARGES: Final[tuple[tuple[PartKind, str], ...]] = (("fees", "fee"), ("taxes", "tax"))


def _income(mine: Bookings, plan: Bookings, quotes: ExactQuotes) -> Iterable[ExactDeviation]:
    """Yield dividends, with what was bought of them, asset by asset, and the interest beside the growth of cash."""
    accounts, at_end = (mine, plan), len(quotes.dates) - 1
    paid: dict[str, list[Fraction]] = defaultdict(lambda: [ZERO, ZERO])
    worth: dict[str, list[Fraction]] = defaultdict(lambda: [ZERO, ZERO])
    for side, account in enumerate(accounts):
        for one in account.cash:
            if one.kind == "dividend":
                paid[one.ticker][side] += one.money
                worth[one.ticker][side] += one.money * quotes.growth[one.row]
        for trade in account.reinvested:
            gained = trade.quantity * (quotes.last[trade.ticker] - trade.price * quotes.growth[trade.row])
            worth[trade.ticker][side] += gained
    reinvests = bool(plan.reinvested)
    for ticker in sorted(worth):
        words = f"dividends {_money(paid[ticker][0])}, the plan's {_money(paid[ticker][1])}"
        words += ", reinvested" if reinvests else ""
        yield ExactDeviation("income", at_end, ticker, worth[ticker][0] - worth[ticker][1], words)
    booked = [sum((one.money for one in account.cash if one.kind == "interest"), ZERO) for account in accounts]
    beside = [one - _growth_of_cash(account, quotes) for one, account in zip(booked, accounts, strict=True)]
    words = f"interest {_money(booked[0])}, the plan's {_money(booked[1])}"
    yield ExactDeviation("income", at_end, "", beside[0] - beside[1], words)


def _growth_of_cash(account: Bookings, quotes: ExactQuotes) -> Fraction:
    """Return what all bookings but interest would have earned until the end at the growth of cash."""
    moved = [(one.row, -one.cost) for one in account.every_trade()]
    moved += [(one.row, one.money) for one in account.cash if one.kind != "interest"]
    return sum((money * (quotes.growth[row] - 1) for row, money in moved), ZERO)


def _done(quantity: Fraction) -> str:
    return "bought" if quantity > 0 else "sold"


def _count(at: ExactTrade | PlannedTrade, quantity: Fraction, quotes: ExactQuotes) -> str:
    shares = float(abs(quantity) * quotes.shares(at.ticker, at.row))
    return f"{shares:,.4f}".rstrip("0").rstrip(".")


def _price(at: ExactTrade | PlannedTrade, quotes: ExactQuotes) -> str:
    return _money(at.price / quotes.shares(at.ticker, at.row))


def _money(money: Fraction) -> str:
    return f"{float(money):,.2f}"
