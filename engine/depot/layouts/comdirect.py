"""comdirect, Depotübersicht: one title line, German numbers, no ISIN and no cash."""

from __future__ import annotations

from typing import Final

from engine.depot.cells import DOTTED, GERMAN, share_price
from engine.depot.documents import Document
from engine.depot.faults import Faults
from engine.depot.layouts.layout import table_layout
from engine.depot.records import Position, Statement
from engine.depot.table import Columns, Row, open_table

_COLUMNS: Final = Columns(
    read={
        "quantity": ("stück/nom.",),
        "wkn": ("wkn",),
        "isin": ("isin",),
        "name": ("bezeichnung",),
        "kind": ("typ",),
        "currency": ("währung",),
        "price": ("akt. kurs",),
        "date": ("datum",),
        "cost": ("kaufkurs in eur",),
        "value": ("wert in eur",),
    },
    needed=("quantity", "wkn"),
    known=frozenset({"diff. abs", "diff. %", "zeit", "börse", "kaufwert in eur", "notizen"}),
    numbers=GERMAN,
    days=DOTTED,
    footers=True,
)
_BONDS: Final = ("anleihe", "bond", "optionsschein", "option", "future")


def _read(document: Document, faults: Faults) -> Statement:
    table = open_table(document, _COLUMNS, faults)
    statement = Statement(notes=table.notes)
    for row in table.rows():
        position = _read_row(row)
        if position:
            statement.positions.append(position)
    return statement


def _read_row(row: Row) -> Position | None:
    codes, quantity = row.codes(isin="isin", wkn="wkn"), row.number("quantity")
    if any(word in row.word("kind") for word in _BONDS) or row.text("currency") == "%":
        row.fault("found a bond or an option, expected shares or funds", "leave it out of a copy of the file")
        return None
    if quantity is None:
        if not row.text("quantity"):
            row.fault("found no quantity in column 'stück/nom.'", "export the full Depotübersicht")
        return None
    price = row.number("price")
    if row.currency("currency") not in {"", "EUR"}:  # its cost is in euros, so is its value
        value = row.number("value")
        price = None if value is None else share_price(value, quantity)
    name, cost, day = row.name("name"), row.number("cost"), row.day("date")
    return Position("", codes, name, quantity, cost, (), "EUR", price, day, row.line)


LAYOUT: Final = table_layout("comdirect", "comdirect, Depotübersicht", _COLUMNS, _read)
