"""DEGIRO, portfolio: a currency and a number in neighbouring columns, or both in one cell; no dates, no cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from engine.core.security_codes import tidy_code
from engine.depot.cells import CellError, NumberForm, decimal_form, parse_number, split_money
from engine.depot.documents import Document
from engine.depot.faults import Faults
from engine.depot.layouts.layout import table_layout
from engine.depot.records import Codes, Position, Statement
from engine.depot.table import Columns, Row, open_table

_COLUMNS: Final = Columns(
    read={
        "name": ("product", "produkt", "producto", "produit", "prodotto", "produto"),
        "code": ("symbol/isin", "symbool/isin"),
        "quantity": ("amount", "quantity", "anzahl", "aantal"),
        "price": ("closing", "schlusskurs", "slotkoers"),
        "value": ("local value", "wert", "lokale waarde", "waarde"),
        "euros": ("value in eur", "wert in eur", "waarde in eur"),
    },
    needed=("code", "quantity"),
)
_CASH: Final = "cash & cash fund"


def _read(document: Document, faults: Faults) -> Statement:
    table = open_table(document, _COLUMNS, faults)
    statement = Statement(notes=table.notes)
    rows = list(table.rows())
    try:
        form = decimal_form(_numbers(rows))
    except CellError as error:
        faults.add(table.header.line, f"found numbers of two kinds, expected {error}", "export the portfolio once more")
        return statement
    for row in rows:
        if row.word("name").startswith(_CASH):
            _read_cash(row, form, statement)
        elif position := _read_row(row, form):
            statement.positions.append(position)
    return statement


def _numbers(rows: list[Row]) -> list[str]:
    """Return the cells whose decimals tell the form: prices, values, quantities."""
    words = ("quantity", "price", "value", "euros")
    cells = [split_money(row.text(word))[0] for row in rows for word in words]
    return cells + [row.right_of("value") for row in rows]


def _read_value(row: Row, form: NumberForm) -> tuple[Decimal | None, str]:
    """Return the value in its own currency: ``EUR`` and its neighbour, or ``USD 1234.12`` in one cell."""
    number, currency = row.money("value", form)
    if beside := row.right_of("value"):
        number = row.parse("value", lambda _: parse_number(beside, form))
    return number, currency


def _read_cash(row: Row, form: NumberForm, statement: Statement) -> None:
    money, currency = _read_value(row, form)
    if money is None:
        money, currency = row.number("euros", form), "EUR"
    if money is None:
        row.fault("found no amount of cash, expected one", "export the portfolio once more")
    else:
        statement.add_cash("", currency or "EUR", money)


def _read_row(row: Row, form: NumberForm) -> Position | None:
    text = tidy_code(row.text("code"))
    codes = Codes(isin=text) if len(text) == 12 else Codes(symbol=text)
    row.check_codes(codes)
    quantity = row.number("quantity", form)
    if quantity is None:
        if not row.text("quantity"):
            row.fault("found no quantity", "export the portfolio once more")
        return None
    price, stated = row.money("price", form)
    currency = stated or _read_value(row, form)[1]
    return Position("", codes, row.name("name"), quantity, None, (), currency, price, None, row.line)


LAYOUT: Final = table_layout("degiro-portfolio", "DEGIRO, portfolio", _COLUMNS, _read)
