"""Scalable Capital, transactions: ISO days, German numbers, and only what was executed."""

from __future__ import annotations

from typing import Final

from engine.depot.cells import GERMAN, ISO
from engine.depot.documents import Document
from engine.depot.faults import Faults
from engine.depot.layouts.layout import table_layout
from engine.depot.layouts.words import kinds_of, read_booking
from engine.depot.records import Statement, Transaction
from engine.depot.table import Columns, Row, open_table

_COLUMNS: Final = Columns(
    read={
        "date": ("date",),
        "status": ("status",),
        "reference": ("reference",),
        "class": ("assettype",),
        "name": ("description",),
        "kind": ("type",),
        "isin": ("isin",),
        "shares": ("shares",),
        "price": ("price",),
        "amount": ("amount",),
        "fee": ("fee",),
        "tax": ("tax",),
        "currency": ("currency",),
    },
    needed=("class", "isin", "shares", "reference"),
    known=frozenset({"time"}),
    numbers=GERMAN,
    days=ISO,
)
_KINDS: Final = kinds_of(
    buy="buy savings_plan",
    sell="sell",
    deposit="deposit",
    withdrawal="withdrawal",
    dividend="distribution dividend",
    interest="interest",
    tax="taxes tax",
    fee="fee",
    transfer_in="security_transfer_in",
    transfer_out="security_transfer_out",
)


def _read(document: Document, faults: Faults) -> Statement:
    table = open_table(document, _COLUMNS, faults)
    statement = Statement(notes=table.notes)
    for row in table.rows():
        if row.word("status") == "executed" and (booking := _read_row(row)):
            statement.transactions.append(booking)
    return statement


def _read_row(row: Row) -> Transaction | None:
    """Read one booking: ``amount`` is without fee and tax."""
    money = row.amount("amount") - abs(row.amount("fee")) - abs(row.amount("tax"))
    return read_booking(row, _KINDS, money, row.currency("currency") or "EUR")


LAYOUT: Final = table_layout("scalable", "Scalable Capital, transactions", _COLUMNS, transactions=_read, replays=True)
