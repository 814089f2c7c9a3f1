"""Trade Republic, transactions until 2025: words in several languages, and decimals after a comma or a dot by row."""

from __future__ import annotations

from typing import Final

from engine.depot.cells import EITHER, ISO
from engine.depot.documents import Document
from engine.depot.faults import Faults
from engine.depot.layouts.layout import table_layout
from engine.depot.layouts.words import kinds_of, read_booking
from engine.depot.records import Statement
from engine.depot.table import Columns, open_table

_COLUMNS: Final = Columns(
    read={
        "date": ("datum", "date"),
        "kind": ("transactietype", "typ", "type"),
        "amount": ("waarde (netto)", "waarde", "wert", "wert (netto)", "value", "value (net)"),
        "isin": ("isin",),
        "shares": ("aantal", "stück", "shares"),
        "fee": ("kosten", "gebühren", "fees", "commission"),
        "tax": ("belasting", "steuern", "taxes"),
    },
    needed=("date", "kind", "amount", "isin", "shares"),
    known=frozenset({"opmerking", "notiz", "note"}),
    foreign=frozenset({"buchungswährung", "bruttobetrag", "asset_class", "assettype"}),
    numbers=EITHER,
    days=ISO,
)
_KINDS: Final = kinds_of(
    buy="aankoop kauf buy sparplan achat compra acquisto",
    sell="verkoop verkauf sell vente venta vendita",
    deposit="storting einzahlung deposit einlage",
    withdrawal="onttrekking auszahlung removal withdrawal entnahme",
    dividend="dividend dividende",
    interest="rente zinsen interest",
    tax="belasting steuer steuern taxes tax",
    fee="kosten gebühren fees fee",
)


def _read(document: Document, faults: Faults) -> Statement:
    table = open_table(document, _COLUMNS, faults)
    statement = Statement(notes=table.notes)
    for row in table.rows():
        if booking := read_booking(row, _KINDS, row.amount("amount"), "EUR"):
            statement.transactions.append(booking)
    return statement


LAYOUT: Final = table_layout(
    "trade-republic-old", "Trade Republic, transactions until 2025", _COLUMNS, transactions=_read, replays=True
)
