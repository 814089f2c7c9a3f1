"""Interactive Brokers, Flex query: trades and what the account's cash changed by without one."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Final

from engine.depot.documents import Document
from engine.depot.faults import Faults
from engine.depot.layouts.flex_elements import (
    CONTRACTS,
    codes_of,
    currency_of,
    day_of,
    is_exchange,
    number_of,
    plan_codes_of,
    read_statements,
)
from engine.depot.markup import Element
from engine.depot.records import Codes, Statement, Transaction, TransactionKind

_ZERO: Final = Decimal(0)
_SKIPPED: Final = frozenset({"ORDER", "SUMMARY", "SYMBOL_SUMMARY", "ASSET_SUMMARY", "CLOSED_LOT", "WASH_SALE"})
"""Levels of detail that repeat what single executions say."""
_KINDS: Final[dict[str, TransactionKind]] = {
    "dividends": "dividend",
    "payment in lieu of dividends": "dividend",
    "withholding tax": "tax",
    "871(m) withholding": "tax",
    "broker interest paid": "interest",
    "broker interest received": "interest",
    "other fees": "fee",
    "other income": "interest",
    "broker fees": "fee",
    "advisor fees": "fee",
    "commission adjustments": "fee",
    "price adjustments": "fee",
}
_FLOWS: Final = frozenset({"deposits/withdrawals", "deposits & withdrawals", "deposits and withdrawals"})


def read_bookings(document: Document, faults: Faults) -> Statement:
    """Return the trades and the cash transactions; exchanges of currency are counted, no more."""
    statement = Statement()
    exchanged, listed = 0, False
    for account, elements in read_statements(document, faults):
        listed = listed or any(element.tag in {"Trades", "CashTransactions"} for element in elements)
        for element in elements:
            if element.get("levelOfDetail").upper() in _SKIPPED:
                continue
            if element.tag == "Trade":
                if is_exchange(element):
                    exchanged += 1
                else:
                    statement.transactions.extend(_read_trade(account, element))
            elif element.tag == "CashTransaction" and (booking := _read_cash(account, element)):
                statement.transactions.append(booking)
    if not listed:
        faults.add(0, "found neither trades nor cash transactions", "add the sections to the query")
    if exchanged:
        statement.notes.append(f"exchanges of currency that are not read: {exchanged}")
    return statement


def _read_trade(account: str, element: Element) -> list[Transaction]:
    if element.get("assetCategory").upper() in CONTRACTS:
        element.fault("found a trade of an option, a bond or another contract", "let the query leave it out")
        return []
    day, shares = _day(element), number_of(element, "quantity")
    price, proceeds = number_of(element, "tradePrice"), number_of(element, "proceeds")
    codes, currency = plan_codes_of(element), currency_of(element)
    if not shares or not codes.key or (proceeds is None and price is None):
        message = "found a trade without quantity, price or code, expected all of them"
        element.fault(message, "add the fields to the query")
    if day is None or not shares or not codes.key or (proceeds is None and price is None):
        return []
    gross = proceeds if proceeds is not None else -shares * (price or _ZERO)
    fee, tax = number_of(element, "ibCommission") or _ZERO, number_of(element, "taxes") or _ZERO
    fee_currency = currency_of(element, "ibCommissionCurrency") or currency
    own = fee if fee_currency == currency else _ZERO
    kind: TransactionKind = "buy" if shares > 0 else "sell"  # what was cancelled comes back with the other sign
    rate, money, line = number_of(element, "fxRateToBase"), gross + own + tax, element.line
    trade = Transaction(day, kind, codes, shares, price, money, -own, -tax, currency, rate, account, line)
    if own == fee:
        return [trade]
    charge = Transaction(day, "fee", Codes(), _ZERO, None, fee, -fee, _ZERO, fee_currency, None, account, line)
    return [trade, charge]


def _day(element: Element) -> dt.date | None:
    names = ("tradeDate", "dateTime", "reportDate", "settleDate")
    if not element.get(*names):
        element.fault("found no day", "add the field Date/Time to the query")
    return day_of(element, *names)


def _read_cash(account: str, element: Element) -> Transaction | None:
    day, amount, word = _day(element), number_of(element, "amount"), element.get("type").lower()
    kind = _KINDS.get(word)
    if amount is None:
        element.fault("found no amount", "add the field Amount to the query")
    elif word in _FLOWS:
        kind = "deposit" if amount >= 0 else "withdrawal"
    elif word.startswith("bond interest"):
        element.fault("found the interest of a bond, expected shares or funds", "let the query leave it out")
    elif kind is None:
        known = ", ".join(_KINDS)
        element.fault("found a type that is not known", f"known are deposits/withdrawals, {known}")
    if day is None or amount is None or kind is None:
        return None
    currency = currency_of(element)
    codes = codes_of(element) if kind in {"dividend", "tax"} else Codes()
    rate = number_of(element, "fxRateToBase")
    return Transaction(day, kind, codes, _ZERO, None, amount, _ZERO, _ZERO, currency, rate, account, element.line)
