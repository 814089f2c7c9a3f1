"""Orders as files: for programs (JSON, CSV), for Interactive Brokers (a basket), for entering by hand (a checklist)."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping

from engine.backtest.depot_sections import Identifier
from engine.core.json_files import Json
from engine.depot.order_plan import OrderPlan
from engine.depot.request import OwnDepot
from engine.depot.sizing import SizedOrder
from engine.report.export.csv_file import csv_bytes
from engine.report.export.table import ExportColumn, ExportTable

BASKET_COLUMNS = (
    "Action",
    "Quantity",
    "Symbol",
    "SecType",
    "Exchange",
    "Currency",
    "TimeInForce",
    "OrderType",
    "LmtPrice",
    "BasketTag",
)
"""Of a basket file of Interactive Brokers' Trader Workstation, one to one with the cells of a row."""


def plan_json(plan: OrderPlan, depot: OwnDepot) -> dict[str, Json]:
    """Return orders as JSON-ready data; what is absent is null."""
    isins = _isins(depot)
    orders: list[Json] = [
        {
            "wave": order.wave,
            "side": order.side,
            "ticker": order.ticker,
            "isin": isins.get(order.ticker),
            "quantity": order.quantity,
            "kind": order.kind,
            "limit": order.limit,
            "money": order.money,
            "fee": order.fee,
            "reason": order.reason,
        }
        for order in plan.sized.orders
    ]
    positions: list[Json] = [dict(dataclasses.asdict(one)) for one in plan.positions]
    unknown: list[Json] = [
        {"name": one.name, "isin": one.codes.isin or None, "quantity": float(one.quantity)} for one in depot.unknown
    ]
    left_out: list[Json] = [dict(one._asdict()) for one in plan.sized.left_out]
    return {
        "name": plan.name,
        "as_of": plan.day,
        "decided_on": plan.decided_on,
        "due": list(plan.due),
        "next": {"date": plan.next_day or None, "kind": plan.next_reason or None},
        "currency": plan.currency,
        "value": plan.value,
        "cash": {"before": plan.cash, "after": plan.sized.cash, "worst": plan.sized.worst_cash},
        "positions": positions,
        "orders": orders,
        "left_out": left_out,
        "unknown": unknown,
        "assumptions": list(plan.notes),
        "warnings": list(depot.notes),
    }


def orders_csv(plan: OrderPlan, depot: OwnDepot) -> bytes:
    """Return the orders as CSV, one line each; no cell is a formula to a spreadsheet."""
    orders, isins = plan.sized.orders, _isins(depot)
    columns = (
        ExportColumn("wave", "count", [order.wave for order in orders]),
        ExportColumn("side", "text", [order.side for order in orders]),
        ExportColumn("ticker", "text", [order.ticker for order in orders]),
        ExportColumn("isin", "text", [isins.get(order.ticker, "") for order in orders]),
        ExportColumn("quantity", "number", [order.quantity for order in orders]),
        ExportColumn("limit", "number", [order.limit for order in orders]),
        ExportColumn("currency", "text", [plan.currency for _ in orders]),
        ExportColumn("money", "number", [round(order.money, 2) for order in orders]),
        ExportColumn("fee", "number", [round(order.fee, 2) for order in orders]),
        ExportColumn("reason", "text", [order.reason for order in orders]),
    )
    return csv_bytes(ExportTable("orders", columns))


def basket_csv(plan: OrderPlan, identifiers: Mapping[str, Identifier], wave: int) -> tuple[bytes, tuple[str, ...]]:
    """Return the orders of a ``wave`` as a basket file, and the tickers that it cannot name.

    Whole quantities only; symbol and exchange are those of ``identifiers``, never guessed (IBKR, Basket Fields).
    """
    known = {one.ticker: one for one in identifiers.values() if one.ibkr}
    stream, missing = io.StringIO(), []
    stream.write(",".join(BASKET_COLUMNS) + "\r\n")
    tag = f"{plan.name}-{plan.day.replace('-', '')}"
    for order in plan.sized.orders:
        if order.wave != wave or order.kind != "limit" or order.quantity != int(order.quantity):
            continue
        if order.ticker not in known:
            missing.append(order.ticker)
            continue
        stream.write(",".join(_basket_row(order, known[order.ticker], plan.currency, tag)) + "\r\n")
    return stream.getvalue().encode("utf-8"), tuple(missing)


def _basket_row(order: SizedOrder, one: Identifier, currency: str, tag: str) -> tuple[str, ...]:
    cells = (
        "BUY" if order.side == "buy" else "SELL",
        str(int(order.quantity)),
        one.ibkr,
        "STK",
        one.exchange or "SMART",
        one.currency or currency,
        "DAY",
        "LMT",
        format(order.limit or 0.0, ".10g"),
        tag,
    )
    return tuple(cell.replace(",", " ").strip() for cell in cells)


def checklist(plan: OrderPlan, depot: OwnDepot) -> str:
    """Return the orders as lines to be entered by hand, in that order."""
    isins, names = _isins(depot), {ticker: found[0].name for ticker, found in depot.positions.items()}
    lines = [f"Orders for {plan.day} by the plan {plan.name}; a calculation from your own rule, no advice."]
    for number, order in enumerate(plan.sized.orders, 1):
        at = f"limit {order.limit:.2f} {plan.currency}  day" if order.limit is not None else "at market, the fraction"
        codes = f"ISIN {isins[order.ticker]}" if order.ticker in isins else ""
        name = names.get(order.ticker, "") or order.ticker
        money = f"about {order.money:,.2f} + {order.fee:.2f}"
        side, quantity = order.side.upper().ljust(4), f"{order.quantity:g}"
        lines.append("  ".join(part for part in (f"[ ] {number}", side, quantity, name, codes, at, money) if part))
    return "\n".join(lines) + "\n"


def _isins(depot: OwnDepot) -> dict[str, str]:
    return {ticker: found[0].codes.isin for ticker, found in depot.positions.items() if found[0].codes.isin}
