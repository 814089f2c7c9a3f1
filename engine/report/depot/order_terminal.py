"""What is due in a depot, as a person reads it in a terminal."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Final

from rich.console import Console

from engine.backtest.config import RunConfig
from engine.core.number_text import with_sign
from engine.core.shortlist import shortlist
from engine.depot.orders.answer_orders import OrderAnswer
from engine.depot.orders.order_plan import OrderPlan, PlannedPosition
from engine.portfolio.policy import PolicyT
from engine.report.console import console, print_bullet, print_heading, print_paragraph, print_table
from engine.report.depot.due_words import describe_due
from engine.report.depot.order_files import not_in_basket, plain_number
from engine.report.depot.order_rows import ADVICE, OrderRow, limit_text, order_rows
from engine.report.depot.publication import BASKETS

_MOST: Final = 30
"""Rows of a table that a terminal shows; the rest is in the files."""
_MOST_NOTES: Final = 12
_CENT: Final = 0.005
_DRIFTS: Final = 3
"""How many drifts are named where nothing is due."""


def print_orders(config: RunConfig[PolicyT], answer: OrderAnswer, folder: str) -> None:
    """Print what is due and why, the orders, what is left alone, and what was assumed."""
    out, plan = console(), answer.plan
    rows = order_rows(config, answer)
    for line in answer.foremost:
        print_bullet(out, line, "!", "yellow")
    if plan.due:
        print_paragraph(
            out,
            f"Due on {_day(plan.day)}: {'; '.join(map(describe_due, plan.due))}. Decided by the closes up to "
            f"{_day(plan.decided_on)}.",
        )
    else:
        _print_nothing_due(out, answer)
    _print_positions(out, plan, folder)
    if rows:
        _print_rows(out, plan, rows, folder)
    elif plan.due:
        why = (
            "all that are due are left out" if plan.sized.left_out else "every asset is within one share of its target"
        )
        print_bullet(out, f"No order is placed: {why}.")
    _print_money(out, answer, rows)
    _print_notes(out, answer, folder)
    if plan.due and plan.next_day:
        print_bullet(out, f"Next decision of the calendar: {_day(plan.next_day)} ({describe_due(plan.next_reason)})")
    if folder:
        missing = not_in_basket(rows, config.identifiers)
        if missing:
            print_bullet(out, f"Not in the basket file: {'; '.join(missing)}")
        print_bullet(out, f"Files: {folder} ({_file_names(rows)})")
    print_bullet(out, ADVICE)


def _file_names(rows: Sequence[OrderRow]) -> str:
    baskets = BASKETS if any(row.order.wave == 2 for row in rows) else BASKETS[:1]
    return ", ".join(("orders.json", "orders.csv", "checklist.txt", *baskets))


def _print_nothing_due(out: Console, answer: OrderAnswer) -> None:
    """Print when the next decision is, how far assets are from where drift begins, and what ``--now`` would do."""
    plan = answer.plan
    following = ""
    if plan.next_day:
        following = (
            f" Next: {_day(plan.next_day)} ({answer.rule or describe_due(plan.next_reason)}, {answer.exchange})."
        )
    print_paragraph(out, f"Nothing is due on {_day(plan.day)}.{following}")
    largest = sorted(plan.positions, key=lambda one: (-abs(one.drift), one.ticker))[:_DRIFTS]
    named = ", ".join(_drift(one) for one in largest if one.drift)
    cash = f"cash {plan.cash / plan.value:.1%}" if plan.value > 0.0 else "no value"
    print_bullet(out, f"Drift now, from closes of {_day(plan.decided_on)}: {named or 'none'}; {cash}")
    if answer.preview is not None:
        print_bullet(out, f"engine orders ... --now   would {describe_preview(answer.preview)}")


def _drift(one: PlannedPosition) -> str:
    cap = "" if one.cap is None else f" (cap {one.cap:.2%})"
    return f"{one.ticker} {one.weight:.2%} of {one.weight - one.drift:.2%}{cap}"


def describe_preview(plan: OrderPlan) -> str:
    """Return what a rebalance would take: orders, fees, and which part of the value is traded [one way]."""
    orders = plan.sized.orders
    if not orders:
        left_out = plan.sized.left_out
        if not left_out:
            return "place no order"
        more = f"; {len(left_out) - 1} more likewise" if len(left_out) > 1 else ""
        return f"place no order; left out is {left_out[0].ticker}, as {left_out[0].why}{more}"
    fees, traded = sum(one.fee for one in orders), sum(one.money for one in orders)
    count = f"{len(orders)} order{'s' if len(orders) > 1 else ''}"
    turnover = traded / plan.value if plan.value > 0.0 else 0.0
    return f"place {count}, fees {fees:,.2f} {plan.currency}, turnover {turnover:.1%}"


def _print_positions(out: Console, plan: OrderPlan, folder: str) -> None:
    print_heading(out, f"Depot, {plan.value:,.2f} {plan.currency}")
    shown = plan.positions
    if len(shown) > _MOST:
        order = sorted(plan.positions, key=lambda one: (-abs(one.target - one.weight), one.ticker))[:_MOST]
        shown = tuple(one for one in plan.positions if one in order)
    rows = [
        (
            one.ticker,
            f"{one.units:,.6g}",
            f"{one.price:,.2f}" if math.isfinite(one.price) else "-",
            f"{one.weight:.2%}",
            f"{one.target:.2%}",
            f"{one.after:.2%}",
            f"{with_sign(100.0 * one.drift, 2)} pp",
            "" if one.cap is None else f"{one.cap:.2%}",
        )
        for one in shown
    ]
    print_table(out, ("asset", "held", "price", "weight", "target", "after", "drift", "cap"), rows, tight=True)
    if len(shown) < len(plan.positions):
        print_bullet(
            out, f"the {len(shown)} furthest from their targets of {len(plan.positions)}; all: {_named(folder)}"
        )


def _named(folder: str) -> str:
    return f"{folder}/orders.json" if folder else "--json"


def _print_rows(out: Console, plan: OrderPlan, rows: Sequence[OrderRow], folder: str) -> None:
    print_heading(out, "Orders")
    cells: list[tuple[str, ...]] = [
        (
            str(row.order.wave),
            row.order.side,
            row.order.ticker,
            plain_number(row.order.quantity),
            _limit(row, plan.currency),
            f"{row.money:,.2f}",
            f"{row.fee:,.2f}",
            describe_due(row.order.reason) if row.order.reason not in plan.due else "",
        )
        for row in rows[:_MOST]
    ]
    names = ["wave", "side", "asset", "shares", "limit", "money", "fee", "reason"]
    if not any(cell[-1] for cell in cells):  # the reason of all stands above
        names, cells = names[:-1], [cell[:-1] for cell in cells]
    print_table(out, names, cells, left=(1, 2, 7), tight=True)
    if len(rows) > _MOST:
        print_bullet(out, f"{_MOST} of {len(rows)} orders; all: {_named(folder)}")


def _limit(row: OrderRow, own: str) -> str:
    if row.limit is None:
        return "market"
    return limit_text(row.limit) + (f" {row.currency}" if row.currency != own else "")


def _print_money(out: Console, answer: OrderAnswer, rows: Sequence[OrderRow]) -> None:
    plan, money = answer.plan, answer.plan.currency
    cash = plan.sized
    if rows:
        fees = sum(row.fee for row in rows)
        print_bullet(
            out,
            f"Cash: {plan.cash:,.2f} {money} before{_flow(plan.flow)}, {_zero(cash.cash):,.2f} after fees of "
            f"{fees:,.2f}, {_zero(cash.worst_cash):,.2f} if all orders fill at their limits",
        )
    else:
        print_bullet(out, f"Cash: {plan.cash:,.2f} {money}")
    if text := _realised(plan, rows):
        print_bullet(out, text)
    exchanged = {row.rate.currency: row.rate for row in rows if row.rate is not None}
    for currency, rate in sorted(exchanged.items()):
        fee = sum(row.fx_fee for row in rows if row.rate is not None and row.rate.currency == currency)
        print_bullet(out, f"Exchange: {rate.words}, fees of it {fee:,.2f} {money}")


def _flow(flow: float) -> str:
    if not flow:
        return ""
    return f" ({abs(flow):,.2f} {'paid in' if flow > 0.0 else 'taken out'})"


def _realised(plan: OrderPlan, rows: Sequence[OrderRow]) -> str:
    """Return what the sales gain and are taxed at once, "" where no lot says so."""
    gains = [(row.order.ticker, row.realised_gain) for row in rows if row.realised_gain is not None]
    if not gains:
        return ""
    named = shortlist(f"{ticker} {gain:,.2f}" for ticker, gain in gains)
    gained, tax = sum(gain for _, gain in gains), sum(row.tax or 0.0 for row in rows)
    text = f"Sales realise {'a loss' if gained < 0.0 else 'a gain'} of {abs(gained):,.2f} {plan.currency}: {named}"
    if not plan.taxed:
        return text
    if not tax:
        return f"{text}. No tax leaves with them"
    if tax < 0.0:
        return f"{text}. {-tax:,.2f} {plan.currency} of tax come back for them, which no purchase counts on"
    return f"{text}. Tax of {tax:,.2f} {plan.currency} leaves with them, and is kept back from purchases"


def _print_notes(out: Console, answer: OrderAnswer, folder: str) -> None:
    """Print what is kept out, warnings, and what was assumed, the most that a person reads."""
    depot = answer.depot
    sold = {order.ticker for order in answer.plan.sized.orders}
    if kept := [one for one in depot.unknown if (one.codes.key or one.name) not in sold]:
        names = shortlist(f"{one.name or one.codes.key} ({one.quantity.normalize():f})" for one in kept)
        print_bullet(out, f"Kept out, as the plan does not name it: {names}")
    others = answer.warnings[len(answer.foremost) :]
    for line in others[:_MOST_NOTES]:
        print_bullet(out, line, "!", "yellow")
    if len(others) > _MOST_NOTES:
        print_bullet(out, f"{len(others) - _MOST_NOTES} more warnings: {_named(folder)}", "!", "yellow")
    for note in answer.assumptions:
        print_bullet(out, note)


def _zero(money: float) -> float:
    """Return money that rounds to nothing as nothing, without a sign."""
    return 0.0 if abs(money) < _CENT else money


def _day(iso: str) -> str:
    day = dt.date.fromisoformat(iso)
    return f"{day:%A} {day.day} {day:%B %Y}"
