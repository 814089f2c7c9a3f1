"""Interactive Brokers, trades as CSV: foreign exchange has no ISIN and is left out; positions do not follow of it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Final

from engine.depot.cells import COMPACT, ENGLISH
from engine.depot.documents import Document
from engine.depot.faults import Faults
from engine.depot.layouts.layout import table_layout
from engine.depot.records import Codes, Statement, Transaction
from engine.depot.table import Columns, Row, open_table

_COLUMNS: Final = Columns(
    read={
        "kind": ("buy/sell",),
        "date": ("tradedate",),
        "isin": ("isin",),
        "symbol": ("symbol",),
        "quantity": ("quantity",),
        "price": ("tradeprice",),
        "money": ("trademoney",),
        "currency": ("currencyprimary",),
        "fee": ("ibcommission",),
        "fee currency": ("ibcommissioncurrency",),
    },
    needed=("kind", "date", "fee"),
    numbers=ENGLISH,
    days=COMPACT,
)
_ZERO: Final = Decimal(0)


def _read(document: Document, faults: Faults) -> Statement:
    table = open_table(document, _COLUMNS, faults)
    statement = Statement(notes=table.notes)
    exchanged = 0
    for row in table.rows():
        if not row.text("isin"):
            exchanged += 1
        elif (day := row.day("date")) is not None:
            statement.transactions.extend(_read_row(row, day))
        elif not row.text("date"):
            row.fault("found no day in column 'tradedate'", "export the trades once more")
    if exchanged:
        statement.notes.append(f"exchanges of currency that are not read: {exchanged}")
    return statement


def _read_row(row: Row, day: dt.date) -> list[Transaction]:
    side, shares, money = row.word("kind"), row.number("quantity"), row.number("money")
    codes = row.codes(isin="isin", symbol="symbol")
    if side not in {"buy", "sell"}:
        row.fault("found neither BUY nor SELL in column 'buy/sell'", "export the trades once more")
        return []
    if not shares or money is None:
        row.fault("found no quantity or no money, expected both", "add Quantity and TradeMoney to the query")
        return []
    sign = 1 if side == "buy" else -1
    fee, currency = row.amount("fee"), row.currency("currency")
    fee_currency = row.currency("fee currency") or currency
    own = fee if fee_currency == currency else _ZERO
    gross = -sign * abs(money)
    price = row.number("price")
    trade = Transaction(
        day,
        "buy" if sign > 0 else "sell",
        codes,
        sign * abs(shares),
        price,
        gross + own,
        -own,
        _ZERO,
        currency,
        None,
        "",
        row.line,
    )
    if own == fee:
        return [trade]
    return [trade, Transaction(day, "fee", Codes(), _ZERO, None, fee, -fee, _ZERO, fee_currency, None, "", row.line)]


LAYOUT: Final = table_layout("ibkr-trades", "Interactive Brokers, trades as CSV", _COLUMNS, transactions=_read)
