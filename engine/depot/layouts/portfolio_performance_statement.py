"""Portfolio Performance, Vermögensaufstellung: columns as the user chose; rows without shares are sums or accounts."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from engine.depot.cells import GERMAN
from engine.depot.documents import Document
from engine.depot.faults import Faults
from engine.depot.layouts.layout import table_layout
from engine.depot.records import Position, Statement
from engine.depot.table import Columns, Row, open_table

_COLUMNS: Final = Columns(
    read={
        "quantity": ("bestand",),
        "name": ("name",),
        "symbol": ("symbol", "ticker-symbol"),
        "isin": ("isin",),
        "wkn": ("wkn",),
        "price": ("kurs",),
        "value": ("marktwert",),
        "cost": ("einstandspreis",),
    },
    needed=("quantity", "value"),
    known=frozenset({"anteil in %", "notiz", "währung", "einstandswert"}),
    numbers=GERMAN,
)


def _read(document: Document, faults: Faults) -> Statement:
    table = open_table(document, _COLUMNS, faults)
    statement = Statement(notes=table.notes)
    for row in table.rows():
        quantity = row.number("quantity")
        if quantity is not None:
            statement.positions.append(_read_row(row, quantity))
        elif not row.text("isin") and not row.text("symbol"):
            money, currency = row.money("value")
            if money is not None:
                statement.balances.append((row.text("name"), currency, money))
    return statement


def _read_row(row: Row, quantity: Decimal) -> Position:
    codes = row.codes(isin="isin", wkn="wkn", symbol="symbol")
    price, currency = row.money("price")
    cost, cost_currency = row.money("cost")
    if cost_currency and cost_currency != currency:
        cost = None
    return Position("", codes, row.name("name"), quantity, cost, (), currency, price, None, row.line)


LAYOUT: Final = table_layout(
    "portfolio-performance-statement", "Portfolio Performance, Vermögensaufstellung", _COLUMNS, _read
)
