"""Portfolio Performance, all transactions: two forms of days, German numbers, the whole sum in ``Wert``."""

from __future__ import annotations

from typing import Final

from engine.depot.cells import GERMAN, ISO_OR_DOTTED
from engine.depot.documents import Document
from engine.depot.faults import Faults
from engine.depot.layouts.layout import table_layout
from engine.depot.layouts.words import kinds_of, read_booking
from engine.depot.records import Statement
from engine.depot.table import Columns, open_table

_COLUMNS: Final = Columns(
    read={
        "date": ("datum",),
        "kind": ("typ",),
        "amount": ("wert",),
        "currency": ("buchungswährung",),
        "rate": ("wechselkurs",),
        "fee": ("gebühren",),
        "tax": ("steuern",),
        "shares": ("stück",),
        "isin": ("isin",),
        "wkn": ("wkn",),
        "symbol": ("ticker-symbol",),
        "name": ("wertpapiername",),
    },
    needed=("date", "kind", "amount", "shares", "currency"),
    known=frozenset({"bruttobetrag", "währung bruttobetrag", "notiz"}),
    numbers=GERMAN,
    days=ISO_OR_DOTTED,
)
_KINDS: Final = kinds_of(
    buy="kauf",
    sell="verkauf",
    deposit="einlage",
    withdrawal="entnahme",
    dividend="dividende",
    interest="zinsen zinsbelastung",
    fee="gebühren gebührenerstattung",
    tax="steuern steuerrückerstattung",
    transfer_in="einlieferung",
    transfer_out="auslieferung",
)
_COSTS: Final = frozenset({"zinsbelastung", "gebühren", "steuern"})


def _read(document: Document, faults: Faults) -> Statement:
    table = open_table(document, _COLUMNS, faults)
    statement = Statement(notes=table.notes)
    for row in table.rows():
        money = row.amount("amount")
        money = -abs(money) if row.word("kind") in _COSTS else money
        if booking := read_booking(row, _KINDS, money, row.currency("currency") or "EUR"):
            statement.transactions.append(booking)
    return statement


LAYOUT: Final = table_layout(
    "portfolio-performance-transactions",
    "Portfolio Performance, transactions",
    _COLUMNS,
    transactions=_read,
    replays=True,
)
