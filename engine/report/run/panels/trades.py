"""What was bought and sold, and why? Orders by session, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import fsum

from engine.backtest.finished_run import FinishedRun
from engine.backtest.outputs import Trade
from engine.core.shortlist import shortlist
from engine.report.phrases import plural
from engine.report.run.panel import Panel

ORDERS_SHOWN = 2000
"""Orders up to which each is on the page; of more there are sums alone, and the orders are in trades.csv."""
ORDERS_IN_ONE_TABLE = 400
"""Orders up to which they stand in one table too, to search and sort."""
GROUPS_OPEN = 40
"""Lines that are read before older ones are asked for."""
GROUPS_SHOWN = 300
"""Sessions with orders up to which each has a line; of more there is a line a year."""


@dataclass(frozen=True)
class Group:
    """The orders of a session, or of a year: when, why, how many, money traded one way, cost; the orders themselves.

    Payouts are among the orders that are listed, and neither counted nor traded.
    """

    when: str
    why: str
    count: int
    traded: float
    cost: float
    orders: Sequence[Trade]


def trades_panel(run: FinishedRun) -> Panel:
    """Return the panel."""
    ordered = [trade for trade in run.trades if not trade.is_reinvested]
    few = len(ordered) <= ORDERS_SHOWN
    groups = list(_groups(ordered, length=10, keep=few))
    if len(groups) > GROUPS_SHOWN:
        groups = list(_groups(ordered, length=4, keep=False))
    newest = groups[::-1]
    content = {
        "groups": newest[:GROUPS_OPEN],
        "older": newest[GROUPS_OPEN:],
        "few": few,
        "trades": ordered if len(ordered) <= ORDERS_IN_ONE_TABLE else (),
        "count": len(ordered),
        "reinvested": _reinvested(run.trades),
        "currency": run.summary.account.currency,
    }
    title = "What was bought and sold, and why?"
    return Panel("trades", "Trades", title, "trades", answer=_answer(run), content=content)


def _answer(run: FinishedRun) -> str:
    if not run.trades:
        return "Nothing was bought or sold."
    orders = [trade for trade in run.trades if not trade.is_payout]
    days = len({trade.date for trade in orders})
    after = len({trade.date for trade in orders if trade.date > run.summary.window.start})
    again = f"; it traded on {plural(after, 'session')} after the opening" if after else "; it never traded again"
    reinvested = sum(trade.is_reinvested for trade in run.trades)
    payouts = len(run.trades) - len(orders) - reinvested
    paid = f"; {plural(payouts, 'payout')} without an order" if payouts else ""
    bought = f"; {plural(reinvested, 'dividend')} bought more of what paid them" if reinvested else ""
    return f"{plural(len(orders), 'order')} on {plural(days, 'session')}{again}{paid}{bought}."


def _reinvested(trades: Iterable[Trade]) -> list[tuple[str, int, float]]:
    """Return year, number and money of the dividends that bought more of what paid them, the latest year first."""
    bought = [trade for trade in trades if trade.is_reinvested]
    years = [(year, list(group)) for year, group in groupby(bought, key=lambda trade: trade.date[:4])]
    return [(year, len(group), fsum(trade.value for trade in group)) for year, group in reversed(years)]


def _groups(trades: Iterable[Trade], *, length: int, keep: bool) -> Iterable[Group]:
    """Yield trades by the first ``length`` characters of their date: 10 for a session, 4 for a year."""
    for when, group in groupby(trades, key=lambda trade: trade.date[:length]):
        orders = list(group)
        ordered = [trade for trade in orders if not trade.is_payout]
        reasons = dict.fromkeys(trade.reason for trade in orders)
        yield Group(
            when,
            shortlist(reasons, 2),
            len(ordered),
            fsum(abs(trade.value) for trade in ordered) / 2.0,
            fsum(trade.cost for trade in orders),
            orders if keep else (),
        )
