"""Bookings of tables that name their kind by a word, and say what the account's cash changed by."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from engine.depot.cells import share_price
from engine.depot.records import Codes, Transaction, TransactionKind
from engine.depot.table import Row

_WITH_SHARES: Final = frozenset({"buy", "sell", "transfer_in", "transfer_out", "split"})
_SHARES_GO: Final = frozenset({"sell", "transfer_out"})
_MONEY_COMES: Final = frozenset({"sell", "deposit"})
_MONEY_GOES: Final = frozenset({"buy", "withdrawal"})


def kinds_of(**words: str) -> dict[str, TransactionKind]:
    """Return the kind of each word; ``words`` are given by kind, those of two words joined by ``_``."""
    kinds: dict[str, TransactionKind] = {}
    for kind, listed in words.items():
        for word in listed.split():
            kinds[word.replace("_", " ")] = _KIND_NAMES[kind]
    return kinds


_KIND_NAMES: Final[dict[str, TransactionKind]] = {
    "buy": "buy",
    "sell": "sell",
    "dividend": "dividend",
    "interest": "interest",
    "fee": "fee",
    "tax": "tax",
    "deposit": "deposit",
    "withdrawal": "withdrawal",
    "transfer_in": "transfer_in",
    "transfer_out": "transfer_out",
    "split": "split",
}


def read_booking(row: Row, kinds: Mapping[str, TransactionKind], money: Decimal, currency: str) -> Transaction | None:
    """Return the booking of a row with the columns ``date``, ``kind``, ``isin``, ``shares``, ``fee`` and ``tax``.

    ``money`` is what the account's cash changes by; the kind says its sign where it can. None where something is a
    fault: a word that nobody knows, a trade without shares or code.
    """
    day, kind = row.day("date"), kinds.get(row.word("kind"))
    if day is None and not row.text("date"):
        row.fault("found no day", "export the transactions once more")
    if kind is None:
        known = ", ".join(dict.fromkeys(kinds))
        row.fault("found a kind of booking that is not known", f"known are {known}; correct it in a copy of the file")
    if day is None or kind is None:
        return None
    codes = Codes()
    quantity = Decimal(0)
    if kind in _WITH_SHARES or kind == "dividend":
        words = {word: word for word in ("isin", "wkn", "symbol") if row.text(word)}
        codes = row.codes(**words)
    if kind in _WITH_SHARES:
        shares = row.number("shares")
        if not shares or not codes.key:
            row.fault("found a trade without shares or without a code, expected both", "export it once more")
            return None
        quantity = -abs(shares) if kind in _SHARES_GO else abs(shares)
    money = _signed(kind, money)
    name, price = (row.name("name"), row.number("price")) if quantity else ("", None)
    fee, tax, rate = abs(row.amount("fee")), abs(row.amount("tax")), row.number("rate")
    if price is None and quantity and money:
        price = share_price(money + fee + tax, quantity)
    return Transaction(day, kind, codes, quantity, price, money, fee, tax, currency, rate, "", row.line, name)


def _signed(kind: TransactionKind, money: Decimal) -> Decimal:
    if kind in {"transfer_in", "transfer_out", "split"}:
        return Decimal(0)
    return abs(money) if kind in _MONEY_COMES else -abs(money) if kind in _MONEY_GOES else money
