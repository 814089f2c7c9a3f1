"""Trade Republic, transactions since 2025: of rows that are neither trades nor income only the money is read."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Final

from engine.core.security_codes import tidy_code
from engine.depot.documents import Document
from engine.depot.faults import Faults
from engine.depot.layouts.layout import table_layout
from engine.depot.records import Codes, Statement, Transaction, TransactionKind
from engine.depot.table import Columns, Row, open_table

_COLUMNS: Final = Columns(
    read={
        "date": ("date",),
        "category": ("category",),
        "kind": ("type",),
        "class": ("asset_class",),
        "name": ("name",),
        "isin": ("symbol",),
        "shares": ("shares",),
        "price": ("price",),
        "amount": ("amount",),
        "fee": ("fee",),
        "tax": ("tax",),
        "currency": ("currency",),
        "rate": ("fx_rate",),
        "id": ("transaction_id",),
    },
    needed=("id", "class"),
    known=frozenset(
        [
            "datetime",
            "account_type",
            "original_amount",
            "original_currency",
            "description",
            "counterparty_name",
            "counterparty_iban",
            "payment_reference",
            "mcc_code",
        ]
    ),
)
_SHARES: Final[dict[str, TransactionKind]] = {
    "buy": "buy",
    "savings_plan_execute": "buy",
    "sell": "sell",
    "final_maturity": "sell",
    "free_receipt": "transfer_in",
    "stockperk": "transfer_in",
    "transfer_in": "transfer_in",
    "free_delivery": "transfer_out",
    "transfer_out": "transfer_out",
    "split_added": "split",
}
_MONEY: Final[dict[str, TransactionKind]] = {
    "dividend": "dividend",
    "distribution": "dividend",
    "dividend_equivalent_payment": "dividend",
    "interest": "interest",
    "interest_payment": "interest",
    "tax_optimization": "tax",
    "tax_refund": "tax",
    "pre_determined_tax_base": "tax",
    "card_ordering_fee": "fee",
}
"""Every other row without shares is money that came or went: transfers, cards, gifts."""
_SECURITIES: Final = frozenset({"", "stock", "fund", "etf"})
"""What has an ISIN; coins and contracts have a code of the broker's own, which no plan knows."""
_ZERO: Final = Decimal(0)


def _read(document: Document, faults: Faults) -> Statement:
    table = open_table(document, _COLUMNS, faults)
    statement = Statement(notes=table.notes)
    for row in table.rows():
        day = row.day("date")
        if day is None and not row.text("date"):
            row.fault("found no day in column 'date'", "export the transactions once more")
        elif day is not None and (booking := _read_row(row, day)):
            statement.transactions.append(booking)
    return statement


def _read_row(row: Row, day: dt.date) -> Transaction | None:
    word = row.word("kind")
    if word == "split":
        message = "found a split, whose shares can be those added or all there are then"
        row.fault(message, "write SPLIT_ADDED into column 'type' of a copy, and the shares added")
        return None
    shares = row.amount("shares")
    if word in _SHARES:
        return _read_shares(row, day, _SHARES[word], shares)
    if shares and word not in _MONEY:
        row.fault("found shares that were neither bought, sold nor moved, expected a trade", _REMEDY)
        return None
    return _read_money(row, day, word)


_REMEDY: Final = "write TRANSFER_IN, TRANSFER_OUT or SPLIT_ADDED into column 'type' of a copy"


def _read_shares(row: Row, day: dt.date, kind: TransactionKind, shares: Decimal) -> Transaction | None:
    codes = row.codes(isin="isin") if row.word("class") in _SECURITIES else Codes(symbol=tidy_code(row.text("isin")))
    if not shares or not codes.key:
        row.fault("found a trade without shares or without an ISIN, expected both", "export the transactions once more")
        return None
    quantity = shares if kind == "split" else abs(shares) * (-1 if kind in {"sell", "transfer_out"} else 1)
    return _book(row, day, kind, codes, quantity, row.name("name"))


def _read_money(row: Row, day: dt.date, word: str) -> Transaction | None:
    kind = _MONEY.get(word)
    amount = row.amount("amount")
    fee, tax = row.amount("fee"), row.amount("tax")
    if not amount and not fee and not tax:
        return None
    if kind is None:
        return _book(row, day, "deposit" if amount + fee + tax >= 0 else "withdrawal", Codes(), _ZERO)
    return _book(row, day, kind, row.codes(isin="isin") if kind == "dividend" else Codes(), _ZERO)


def _book(
    row: Row, day: dt.date, kind: TransactionKind, codes: Codes, quantity: Decimal, name: str = ""
) -> Transaction:
    """Return the booking: ``amount`` is without fee and tax, which are negative when paid."""
    fee, tax = row.amount("fee"), row.amount("tax")
    money = row.amount("amount") + fee + tax
    price = row.number("price") if quantity else None
    currency = row.currency("currency") or "EUR"
    rate = row.number("rate") if quantity else None
    return Transaction(day, kind, codes, quantity, price, money, -fee, -tax, currency, rate, "", row.line, name)


LAYOUT: Final = table_layout(
    "trade-republic", "Trade Republic, transactions", _COLUMNS, transactions=_read, replays=True
)
