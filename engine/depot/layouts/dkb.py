"""DKB, Depot: German numbers with the sign of their currency, the number of the depot in every row, and no cash."""

from __future__ import annotations

import datetime as dt
from typing import Final

from engine.depot.cells import DOTTED, GERMAN
from engine.depot.documents import Document
from engine.depot.faults import Faults
from engine.depot.layouts.layout import table_layout
from engine.depot.records import Position, Statement
from engine.depot.table import Columns, Row, open_table

_COLUMNS: Final = Columns(
    read={
        "date": ("datum der erstellung",),
        "account": ("depotnummer",),
        "name": ("wertpapierbezeichnung",),
        "wkn": ("wkn",),
        "isin": ("isin",),
        "cost": ("einstiegskurs",),
        "price": ("bewertungskurs",),
        "quantity": ("stückzahl",),
        "class": ("assetklasse",),
    },
    needed=("date", "quantity", "isin"),
    known=frozenset({"absoluter gewinn", "relativer gewinn"}),
    numbers=GERMAN,
    days=DOTTED,
)


def _read(document: Document, faults: Faults) -> Statement:
    table = open_table(document, _COLUMNS, faults)
    statement = Statement(notes=table.notes)
    days: dict[dt.date, int] = {}
    for row in table.rows():
        day = row.day("date")
        if day:
            days.setdefault(day, row.line)
        position = _read_row(row, day)
        if position:
            statement.positions.append(position)
    if len(days) > 1:
        (first, line), (second, other) = list(days.items())[:2]
        message = f"found the day {second}, expected {first} as in line {line}"
        faults.add(other, message, "keep one day's rows, or export the depot once more")
    statement.date = min(days, default=None)
    return statement


def _read_row(row: Row, day: dt.date | None) -> Position | None:
    codes, quantity = row.codes(isin="isin", wkn="wkn"), row.number("quantity")
    if "anleihe" in row.word("class"):
        row.fault("found a bond, expected shares or funds", "leave it out of a copy of the file")
    if quantity is None:
        if not row.text("quantity"):
            row.fault("found no quantity in column 'stückzahl'", "export the depot once more")
        return None
    price, currency = row.money("price")
    cost, cost_currency = row.money("cost")
    if cost_currency != currency and cost_currency and currency:
        cost = None
    account, name = row.text("account"), row.name("name")
    return Position(account, codes, name, quantity, cost, (), currency or cost_currency or "EUR", price, day, row.line)


LAYOUT: Final = table_layout("dkb", "DKB, Depot", _COLUMNS, _read)
