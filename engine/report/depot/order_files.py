"""Orders as files: for programs (JSON, CSV), for Interactive Brokers (a basket), for entering by hand (a checklist)."""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Mapping, Sequence

from engine.backtest.config import RunConfig
from engine.backtest.depot_sections import Identifier
from engine.core.errors import escape_controls
from engine.core.json_files import Json
from engine.core.shortlist import shortlist
from engine.depot.orders.answer_orders import OrderAnswer
from engine.portfolio.policy import PolicyT
from engine.report.depot.due_words import describe_due
from engine.report.depot.order_rows import ADVICE, AssetCodes, OrderRow, codes_by_ticker, limit_text, order_rows
from engine.report.export.csv_file import csv_bytes, guard_formula
from engine.report.export.table import ExportColumn, ExportTable

_OF_LOTS = ("realised_gain", "tax")
"""Columns that are there where lots are known."""
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
_KINDS = (
    ("asked for", "now"),
    ("opening", "opening"),
    ("contribution", "flow"),
    ("withdrawal", "flow"),
    ("dividends", "flow"),
    ("band", "band"),
    ("cap", "cap"),
    ("waited for a price", "waiting"),
    ("listed late", "waiting"),
)


def decision_kind(words: str) -> str:
    """Return what kind of decision a reason of trades tells of.

    >>> decision_kind("cap: CRS 3.41 % > 3 %"), decision_kind("january")
    ('cap', 'calendar')
    """
    first = words.split(";", maxsplit=1)[0].strip().lower()
    for begin, kind in _KINDS:
        if first.startswith(begin):
            return kind
    return "review" if "review" in first or "stop" in first else "calendar"


def plan_json(config: RunConfig[PolicyT], answer: OrderAnswer) -> dict[str, Json]:
    """Return orders as JSON-ready data; what is absent is null."""
    plan, depot = answer.plan, answer.depot
    codes = codes_by_ticker(config.identifiers, answer)
    due: list[Json] = [{"kind": decision_kind(words), "words": describe_due(words)} for words in plan.due]
    orders: list[Json] = [_order_json(row) for row in order_rows(config, answer)]
    positions: list[Json] = [
        {**_finite(dataclasses.asdict(one)), "codes": _codes_json(codes[one.ticker])} for one in plan.positions
    ]
    worth = plan.value + sum(money for money in answer.unknown_values if money is not None)
    unknown: list[Json] = [
        {
            "name": one.name or None,
            "codes": _codes_json(AssetCodes(one.codes.isin, one.codes.wkn, one.codes.symbol)),
            "quantity": float(one.quantity),
            "price": None if one.price is None else float(one.price),
            "currency": one.currency or None,
            "share": None if money is None or worth <= 0.0 else money / worth,
        }
        for one, money in zip(depot.unknown, answer.unknown_values, strict=True)
    ]
    left_out: list[Json] = [dict(one._asdict()) for one in plan.sized.left_out]
    sha256: dict[str, Json] = dict(answer.sha256)
    return {
        "name": plan.name,
        "as_of": plan.day,
        "decided_on": plan.decided_on,
        "due": due,
        "next": {"date": plan.next_day or None, "kind": plan.next_reason or None, "words": answer.rule or None},
        "currency": plan.currency,
        "value": plan.value,
        "cash": {
            "before": plan.cash,
            "after": plan.sized.cash,
            "worst": plan.sized.worst_cash,
            "settled": depot.settled,
        },
        "taxes": {"before": plan.tax_before, "orders": plan.sized.tax} if plan.taxed else None,
        "positions": positions,
        "orders": orders,
        "left_out": left_out,
        "unknown": unknown,
        "assumptions": list(answer.assumptions),
        "warnings": list(answer.warnings),
        "sha256": sha256,
        "note": ADVICE,
    }


def _order_json(row: OrderRow) -> dict[str, Json]:
    order, rate = row.order, row.rate
    exchanged: Json = None
    if rate is not None:
        exchanged = {"currency": rate.currency, "rate": rate.rate, "pair": rate.pair, "date": rate.date or None}
        exchanged["fee"] = row.fx_fee
    return {
        "wave": order.wave,
        "side": order.side,
        "ticker": order.ticker,
        "isin": row.codes.isin or None,
        "wkn": row.codes.wkn or None,
        "quantity": order.quantity,
        "kind": order.kind,
        "limit": row.limit,
        "currency": row.currency,
        "money": row.money,
        "fee": row.fee,
        "fx": exchanged,
        "realised_gain": row.realised_gain,
        "tax": row.tax,
        "reason": describe_due(order.reason),
    }


def _codes_json(codes: AssetCodes) -> dict[str, Json]:
    return {"isin": codes.isin or None, "wkn": codes.wkn or None, "symbol": codes.symbol or None}


def _finite(plain: Mapping[str, Json]) -> dict[str, Json]:
    """Return figures with null for what is none: an asset that has no price yet."""
    return {key: None if isinstance(one, float) and not math.isfinite(one) else one for key, one in plain.items()}


def _cents(money: float | None) -> float | None:
    return None if money is None else round(money, 2)


def orders_csv(rows: Sequence[OrderRow]) -> bytes:
    """Return the orders as CSV, one line each; no cell is a formula to a spreadsheet.

    ``limit`` is in ``currency``; ``money`` and ``fee`` are in the account's.
    """
    columns = (
        ExportColumn("wave", "count", [row.order.wave for row in rows]),
        ExportColumn("side", "text", [row.order.side for row in rows]),
        ExportColumn("ticker", "text", [row.order.ticker for row in rows]),
        ExportColumn("isin", "text", [row.codes.isin for row in rows]),
        ExportColumn("wkn", "text", [row.codes.wkn for row in rows]),
        ExportColumn("quantity", "number", [row.order.quantity for row in rows]),
        ExportColumn("limit", "number", [row.limit for row in rows]),
        ExportColumn("currency", "text", [row.currency for row in rows]),
        ExportColumn("money", "number", [round(row.money, 2) for row in rows]),
        ExportColumn("fee", "number", [round(row.fee, 2) for row in rows]),
        ExportColumn("reason", "text", [describe_due(row.order.reason) for row in rows]),
        ExportColumn("realised_gain", "number", [_cents(row.realised_gain) for row in rows]),
        ExportColumn("tax", "number", [_cents(row.tax) for row in rows]),
    )
    shown = [one for one in columns if one.name not in _OF_LOTS or any(cell is not None for cell in one.cells)]
    return csv_bytes(ExportTable("orders", tuple(shown)))


def basket_csv(rows: Sequence[OrderRow], identifiers: Mapping[str, Identifier], tag: str, wave: int) -> bytes:
    """Return the orders of a ``wave`` as a basket file of Interactive Brokers.

    A header and a line an order, no comma or space at the side of one in a cell (IBKR's guide, "Manually Create a
    Basket File"). Symbol and exchange are those of ``identifiers``, never guessed.
    """
    known = _symbols(identifiers)
    stream = io.StringIO()
    stream.write(",".join(BASKET_COLUMNS) + "\r\n")
    for row in rows:
        if row.order.wave == wave and not _why_not_in_basket(row, known):
            stream.write(",".join(_basket_row(row, known[row.order.ticker], tag)) + "\r\n")
    return stream.getvalue().encode("utf-8")


def not_in_basket(rows: Sequence[OrderRow], identifiers: Mapping[str, Identifier]) -> tuple[str, ...]:
    """Return which orders no basket file has: for each cause their assets."""
    known = _symbols(identifiers)
    if rows and not known:
        return (
            "all orders (no asset has a symbol: write `ibkr` under identifiers, if you are at Interactive Brokers)",
        )
    causes: dict[str, list[str]] = {}
    for row in rows:
        if why := _why_not_in_basket(row, known):
            causes.setdefault(why, []).append(row.order.ticker)
    return tuple(f"{shortlist(dict.fromkeys(tickers), 20)} ({why})" for why, tickers in causes.items())


def _symbols(identifiers: Mapping[str, Identifier]) -> dict[str, Identifier]:
    return {one.ticker: one for one in identifiers.values() if one.ibkr}


def _why_not_in_basket(row: OrderRow, known: Mapping[str, Identifier]) -> str:
    """Return why an order is not in a basket: it names whole shares by a symbol that is known."""
    if row.order.ticker not in known:
        return "no symbol: write `ibkr` under identifiers"
    one = known[row.order.ticker]
    if one.currency and one.currency != row.currency:
        return f"limit in {row.currency}, and identifiers say {one.currency}"
    return (
        ""
        if row.order.kind == "limit" and row.order.quantity == int(row.order.quantity)
        else "a part of a share; the file takes whole ones: orders: {shares: whole}"
    )


def _basket_row(row: OrderRow, one: Identifier, tag: str) -> tuple[str, ...]:
    cells = (
        "BUY" if row.order.side == "buy" else "SELL",
        str(int(row.order.quantity)),
        one.ibkr,
        "STK",
        one.exchange or "SMART",
        row.currency,
        "DAY",
        "LMT",
        plain_number(row.limit or 0.0),
        tag,
    )
    return tuple(guard_formula(escape_controls(cell).replace(",", " ").replace('"', "").strip()) for cell in cells)


def plain_number(number: float) -> str:
    """Return a number without an exponent and without zeros at its end.

    >>> plain_number(40.2), plain_number(1e-05), plain_number(123456789.5)
    ('40.2', '0.00001', '123456789.5')
    """
    text = f"{number:.10f}".rstrip("0")
    return text.removesuffix(".")


def checklist(rows: Sequence[OrderRow], identifiers: Mapping[str, Identifier], answer: OrderAnswer) -> str:
    """Return the orders as lines to be entered by hand, in that order."""
    plan = answer.plan
    lines = [f"Orders for {plan.day} by the plan {plan.name}. {ADVICE}"]
    lines += [f"First: {one}" for one in answer.foremost]
    if not rows:
        lines.append("No order.")
    for number, row in enumerate(rows, 1):
        order = row.order
        at = (
            "at market, the fraction"
            if row.limit is None
            else f"limit {limit_text(row.limit).replace(',', '')} {row.currency}  day"
        )
        codes = [f"{name} {code}" for name, code in (("WKN", row.codes.wkn), ("ISIN", row.codes.isin)) if code]
        money = f"about {order.money:,.2f} + {order.fee:.2f}"
        if row.rate is not None:
            money += f" {plan.currency}  at {row.rate.words}"
        wave = "" if order.wave == 1 else "after the sales"
        parts = (f"[ ] {number}", order.side.upper().ljust(4), plain_number(order.quantity))
        lines.append("  ".join(one for one in (*parts, row.codes.name or order.ticker, *codes, at, money, wave) if one))
    if missing := not_in_basket(rows, identifiers):
        lines.append(f"Not in the basket file: {'; '.join(missing)}.")
    lines += [f"Note: {one}" for one in answer.warnings[len(answer.foremost) :]]
    return "".join(guard_formula(escape_controls(line)) + "\n" for line in lines)
