"""A table that a user writes: ``ticker,isin,quantity`` and more, rows of one security being its lots."""

from __future__ import annotations

from typing import Final

from engine.core.security_codes import tidy_code
from engine.depot.documents import Document
from engine.depot.faults import Faults
from engine.depot.layouts.layout import table_layout
from engine.depot.records import HoldingLot, Position, Statement
from engine.depot.table import Columns, Row, open_table

_COLUMNS: Final = Columns(
    read={
        "symbol": ("ticker",),
        "isin": ("isin",),
        "wkn": ("wkn",),
        "quantity": ("quantity",),
        "cost": ("cost",),
        "date": ("date",),
        "account": ("account",),
        "currency": ("currency",),
        "name": ("name",),
    },
    needed=("quantity", "symbol|isin"),
    remedy="write it so",
    foreign=frozenset(
        [
            "buy/sell",
            "tradedate",
            "ibcommission",
            "price",
            "type",
            "transaction_id",
            "action",
            "order id",
            "reference exchange",
            "symbol/isin",
        ]
    ),
)


def _read(document: Document, faults: Faults) -> Statement:
    table = open_table(document, _COLUMNS, faults)
    statement = Statement(notes=table.notes)
    for row in table.rows():
        _read_row(row, statement)
    return statement


def _read_row(row: Row, statement: Statement) -> None:
    account = row.text("account")
    quantity = row.number("quantity")
    if "CASH" in {tidy_code(row.text(column)) for column in ("symbol", "isin")}:
        if quantity is not None:
            statement.add_cash(account, row.currency("currency"), quantity)
        elif not row.text("quantity"):
            row.fault("found no amount of cash", "write it into the column quantity, or remove the row")
        return
    codes = row.codes(isin="isin", wkn="wkn", symbol="symbol")
    if not codes.key:
        row.fault("found neither ticker nor isin, expected one of them", "write the ISIN")
    if quantity is None:
        if not row.text("quantity"):
            row.fault("found no quantity, expected a number of shares", "write it, or remove the row")
        return
    lot = HoldingLot(row.day("date"), quantity, row.number("cost"))
    name, currency = row.name("name"), row.currency("currency")
    statement.positions.append(Position(account, codes, name, quantity, lot.cost, (lot,), currency, line=row.line))


LAYOUT: Final = table_layout("plain", "a table of your own: ticker, isin, quantity", _COLUMNS, _read)
