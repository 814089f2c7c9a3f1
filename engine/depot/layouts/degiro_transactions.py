"""DEGIRO, transactions: unnamed columns of currencies; a sale and a purchase at midnight are a split, and no trades."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from engine.depot.cells import DASHED, CellError, NumberForm, decimal_form, share_price
from engine.depot.documents import Document
from engine.depot.faults import Faults
from engine.depot.layouts.layout import table_layout
from engine.depot.records import Statement, Transaction, TransactionKind
from engine.depot.table import Columns, Row, open_table

_COLUMNS: Final = Columns(
    read={
        "date": ("datum", "date", "fecha", "data"),
        "time": ("uhrzeit", "time", "tijd", "heure", "hora", "ora"),
        "name": ("produkt", "product", "produit", "producto", "prodotto", "produto"),
        "isin": ("isin",),
        "exchange": ("referenzbörse", "reference exchange", "beurs"),
        "quantity": ("anzahl", "quantity", "aantal"),
        "price": ("kurs", "price", "koers"),
        "local": ("wert in lokalwährung", "local value", "lokale waarde"),
        "value": ("wert eur", "wert", "value", "value eur", "waarde", "waarde eur"),
        "rate": ("wechselkurs", "exchange rate", "wisselkoers"),
        "fx fee": ("autofx-gebühr*", "autofx fee*", "autofx kosten*", "autofx-kosten*"),
        "fee": ("transaktionsgebühren*", "transaction and/or*", "transaction costs*", "transactiekosten*"),
        "total": ("gesamt eur", "gesamt", "total", "total eur", "totaal", "totaal eur"),
        "order": ("order-id", "order id"),
    },
    needed=("exchange", "isin", "quantity"),
    known=frozenset({"ausführungsort", "venue", "execution centre", "uitvoeringsplaats"}),
    days=DASHED,
)
_ZERO: Final = Decimal(0)


def _read(document: Document, faults: Faults) -> Statement:
    table = open_table(document, _COLUMNS, faults)
    statement = Statement(notes=table.notes)
    rows = list(table.rows())
    words = ("quantity", "price", "local", "value", "fee", "fx fee", "total", "rate")
    try:
        form = decimal_form(row.text(word) for row in rows for word in words)
    except CellError as error:
        faults.add(table.header.line, f"found numbers of two kinds, expected {error}", "export the transactions again")
        return statement
    moves: dict[tuple[dt.date, str], list[Row]] = defaultdict(list)
    for row in rows:
        day = row.day("date")
        if day is None:
            if not row.text("date") and row.text("isin"):
                row.fault("found no day", "export the transactions once more")
        elif row.text("time") == "00:00" and not row.text("order"):
            moves[day, row.name("name")].append(row)
        elif trade := _read_trade(row, day, form):
            statement.transactions.append(trade)
    for (day, _), pair in moves.items():
        statement.transactions.extend(_read_moves(pair, day, form))
    statement.transactions.sort(key=lambda one: one.line)
    return statement


def _read_trade(row: Row, day: dt.date, form: NumberForm) -> Transaction | None:
    shares, codes = row.number("quantity", form), row.codes(isin="isin")
    value = row.number("value", form)
    if value is None:
        value = row.number("local", form)
    if not shares or value is None or not codes.key:
        row.fault("found a trade without shares, value or ISIN, expected all of them", "export the transactions again")
        return None
    fee = abs(row.amount("fee", form)) + abs(row.amount("fx fee", form))
    total = row.number("total", form)
    gross = -abs(value) if shares > 0 else abs(value)
    money = gross - fee if total is None else total
    kind: TransactionKind = "buy" if shares > 0 else "sell"
    currency, rate, name = row.right_of("value") or "EUR", row.number("rate", form), row.name("name")
    return Transaction(
        day,
        kind,
        codes,
        shares,
        share_price(value, shares),
        money,
        gross - money,
        _ZERO,
        currency,
        rate,
        "",
        row.line,
        name,
    )


def _read_moves(rows: list[Row], day: dt.date, form: NumberForm) -> Iterator[Transaction]:
    """Yield a split, if the code stays the same, else what left and what came."""
    shares = [row.amount("quantity", form) for row in rows]
    codes = [row.codes(isin="isin") for row in rows]
    if len(rows) == 1 or all(one > 0 for one in shares) or all(one < 0 for one in shares):
        for row in rows:
            if trade := _read_trade(row, day, form):
                yield trade
        return
    if len(set(codes)) == 1:
        yield _move(rows[0], day, "split", sum(shares, _ZERO))
        return
    for row, quantity in zip(rows, shares, strict=True):
        yield _move(row, day, "transfer_in" if quantity > 0 else "transfer_out", quantity)


def _move(row: Row, day: dt.date, kind: TransactionKind, quantity: Decimal) -> Transaction:
    codes, name = row.codes(isin="isin"), row.name("name")
    return Transaction(day, kind, codes, quantity, None, _ZERO, _ZERO, _ZERO, "EUR", None, "", row.line, name)


LAYOUT: Final = table_layout("degiro-transactions", "DEGIRO, transactions", _COLUMNS, transactions=_read)
