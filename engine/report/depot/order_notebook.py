"""Orders as a notebook shows them: why there are any, each of them, and what has to be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from engine.report.depot.due_words import describe_due
from engine.report.depot.order_rows import ADVICE, limit_text
from engine.report.notebook_table import result_html, table_html
from engine.report.phrases import plural

if TYPE_CHECKING:
    from engine.depot.orders.answer_orders import OrderAnswer

_HEADS = ("side", "ticker", "quantity", "limit", "money", "fee")


def order_html(answer: OrderAnswer) -> str:
    """Return what is due, the orders with limits in the account's currency, the value, and that it is no advice."""
    plan = answer.plan
    due = "; ".join(map(describe_due, plan.due))
    lines = [f"Due on {plan.day}: {due}." if due else f"Nothing is due on {plan.day}."]
    lines = [*answer.foremost, *lines]
    if plan.next_day:
        lines.append(f"Next decision: {plan.next_day} ({describe_due(plan.next_reason)}).")
    rows = [
        (
            one.side,
            one.ticker,
            f"{one.quantity:,.6g}",
            limit_text(one.limit) if one.limit is not None else "",
            f"{one.money:,.2f}",
            f"{one.fee:,.2f}",
        )
        for one in plan.sized.orders
    ]
    body: list[Markup] = [table_html(_HEADS, rows, words=2)] if rows else []
    facts = f"{plan.value:,.2f} {plan.currency}, {plural(len(rows), 'order')}"
    notes = len(answer.warnings) + len(answer.assumptions)
    return result_html(plan.name, facts, lines, body, f"{ADVICE} {plural(notes, 'note')}: see .warnings, .assumptions")
