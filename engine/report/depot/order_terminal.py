"""What is due in a depot, as a person reads it in a terminal."""

from __future__ import annotations

import datetime as dt

from rich.console import Console

from engine.depot.order_plan import OrderPlan
from engine.depot.request import OwnDepot
from engine.report.console import console, print_bullet, print_heading, print_paragraph, print_table


def print_orders(plan: OrderPlan, depot: OwnDepot, folder: str) -> None:
    """Print what is due and why, the orders, what is left alone, and what was assumed."""
    out = console()
    if plan.due:
        print_paragraph(
            out, f"Due on {_day(plan.day)}: {'; '.join(plan.due)}. Decided by closes up to {plan.decided_on}."
        )
    else:
        following = f" Next: {_day(plan.next_day)} ({plan.next_reason})." if plan.next_day else ""
        print_paragraph(out, f"Nothing is due on {_day(plan.day)}.{following}")
    _print_positions(out, plan)
    if plan.sized.orders:
        _print_orders(out, plan)
    elif plan.due:
        print_bullet(
            out, "No order is placed: every asset is within one share of its target, or its order is left out."
        )
    cash, money = plan.sized, plan.currency
    print_bullet(
        out,
        f"Cash: {plan.cash:,.2f} {money} before, {cash.cash:,.2f} after, {cash.worst_cash:,.2f} if all orders fill at "
        "their limits",
    )
    for one in plan.sized.left_out:
        print_bullet(out, f"Left out: {one.ticker}, {one.money:,.2f} {money}: {one.why}; its money stays in cash")
    if depot.unknown:
        names = ", ".join(f"{one.name or one.codes.key} ({one.quantity.normalize():f})" for one in depot.unknown)
        print_bullet(out, f"Kept out, as the plan does not name it: {names}")
    for note in (*depot.notes, *(f"assumed: {one}" for one in plan.notes), "assumes that no other orders are open"):
        print_bullet(out, note)
    if plan.due and plan.next_day:
        print_bullet(out, f"Next decision of the calendar: {_day(plan.next_day)} ({plan.next_reason})")
    if folder:
        print_bullet(out, f"files: {folder} (orders.json, orders.csv, checklist.txt, basket.csv)")
    print_bullet(out, "A calculation from your own rule, no advice; nothing was sent to anybody.")


def _print_positions(out: Console, plan: OrderPlan) -> None:
    print_heading(out, f"Depot, {plan.value:,.2f} {plan.currency}")
    rows = [
        (
            one.ticker,
            f"{one.units:,.6g}",
            f"{one.price:,.2f}",
            f"{one.weight:.2%}",
            f"{one.target:.2%}",
            f"{one.after:.2%}",
            f"{100.0 * one.drift:+.2f} pp",
            "" if one.cap is None else f"{one.cap:.2%}",
        )
        for one in plan.positions
    ]
    print_table(out, ("asset", "held", "price", "weight", "target", "after", "drift", "cap"), rows)


def _print_orders(out: Console, plan: OrderPlan) -> None:
    print_heading(out, "Orders")
    rows = [
        (
            str(order.wave),
            order.side,
            order.ticker,
            f"{order.quantity:,.6g}",
            f"{order.limit:,.2f}" if order.limit is not None else "market",
            f"{order.money:,.2f}",
            f"{order.fee:,.2f}",
            order.reason,
        )
        for order in plan.sized.orders
    ]
    print_table(out, ("wave", "side", "asset", "shares", "limit", "money", "fee", "reason"), rows, left=(1, 2, 7))
    if any(order.wave == 2 for order in plan.sized.orders):
        print_bullet(out, "Orders of wave 2 need the proceeds of the sales.")


def _day(iso: str) -> str:
    day = dt.date.fromisoformat(iso)
    return f"{day:%A} {day.day} {day:%B %Y}"
