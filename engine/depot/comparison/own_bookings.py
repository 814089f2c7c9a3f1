"""A broker's bookings in the words of a plan: by ticker, in the account's currency, on sessions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from engine.core.errors import DataError
from engine.core.security_codes import tidy_code
from engine.data.market import Market
from engine.data.sources.fx_rates import Fixings, FxSource
from engine.depot.cells import PLAIN, CellError, parse_number
from engine.depot.codes import Identifiers
from engine.depot.comparison.exact import ZERO
from engine.depot.records import Codes, TransactionKind, Transactions
from engine.depot.user_tables import read_user_table

_LONGEST_CARRY: Final = np.timedelta64(7, "D")
"""How long a rate serves where there is no newer one."""


class OwnBooking(NamedTuple):
    """One booking: ``quantity`` in shares of its day, ``money`` what cash changed by, fee and tax positive when paid.

    ``price`` is a share's, where there is one; ``ratio`` is what one share became in a correction.
    """

    date: dt.date
    kind: TransactionKind
    ticker: str
    quantity: Fraction
    money: Fraction
    fee: Fraction
    tax: Fraction
    price: Fraction | None
    currency: str
    line: int
    ratio: Fraction | None = None


@dataclass(frozen=True)
class NamedAssets:
    """Which ticker a code stands for: the plan's, one of ``identifiers`` that the plan does not hold, or the code."""

    plan: Identifiers
    every: Identifiers

    @classmethod
    def build(cls, codes: Mapping[str, str], tickers: Iterable[str]) -> NamedAssets:
        """Return the names under the list of a config and its tickers."""
        own = tuple(tickers)
        return cls(Identifiers(codes, own), Identifiers(codes, dict.fromkeys([*own, *codes.values()])))

    def name(self, codes: Codes) -> str:
        """Return the ticker; a code that nobody knows is its own."""
        return self.every.find(codes) or codes.key

    def name_code(self, code: str) -> str:
        """Return the ticker that a single code stands for."""
        tidy = tidy_code(code)
        return self.name(Codes(isin=tidy, wkn=tidy, symbol=tidy))


def read_bookings(found: Transactions, names: NamedAssets) -> list[OwnBooking]:
    """Return the bookings of a file by ticker, the oldest first."""
    return [
        OwnBooking(
            one.date,
            one.kind,
            names.name(one.codes) if one.codes.key else "",
            Fraction(one.quantity),
            Fraction(one.money),
            Fraction(one.fee),
            Fraction(one.tax),
            None if one.price is None else Fraction(one.price),
            one.currency,
            one.line,
        )
        for one in found.items
    ]


def in_own_currency(
    bookings: Sequence[OwnBooking], currency: str, source: FxSource, path: str
) -> tuple[list[OwnBooking], tuple[str, ...]]:
    """Return bookings in the account's ``currency``, at the rate of their day, and what is to be said of it.

    Raises DataError for each that has no rate.
    """
    converted, faults = list[OwnBooking](), list[str]()
    foreign = {one.currency for one in bookings} - {"", currency}
    last = max((one.date for one in bookings), default=None)
    known = {code: source.fixings(code, currency, last) for code in sorted(foreign)}
    counts = dict.fromkeys(known, 0)
    for one in bookings:
        if one.currency not in known:
            converted.append(one)
            continue
        rate = _rate_on(known[one.currency], one.date)
        if rate is None:
            message = f"found a booking of {one.date} in {one.currency}, and no rate of it in {currency} for that day"
            remedy = "convert it in a copy of the file, or name rates by data.fx: {kind: files, path: rates.csv}"
            faults.append(f"{path}:{one.line}: {message}; {remedy}")
            continue
        price = None if one.price is None else one.price * rate
        converted.append(one._replace(money=one.money * rate, fee=one.fee * rate, tax=one.tax * rate, price=price))
        counts[one.currency] += 1
    if faults:
        raise DataError(*faults)
    notes = [f"bookings in {code}, taken at the rates of their days: {count}" for code, count in counts.items()]
    return converted, tuple(notes)


def _rate_on(fixings: Fixings, day: dt.date) -> Fraction | None:
    """Return the last rate up to a day, None where there is none of the days before it."""
    at = int(np.searchsorted(fixings.dates, np.datetime64(day), side="right")) - 1
    old = at < 0 or np.datetime64(day) - fixings.dates[at] > _LONGEST_CARRY
    return None if old else Fraction(float(fixings.rates[at]))


def row_of(market: Market, day: dt.date) -> int:
    """Return the first session on or after a day; T where there is none, -1 for a day before the first."""
    return int(np.searchsorted(market.dates, np.datetime64(day))) if np.datetime64(day) >= market.dates[0] else -1


class PrintedPrice(NamedTuple):
    """A price that somebody gives: of a ticker, and of a day, None for the last."""

    ticker: str
    price: Fraction
    date: dt.date | None


def read_end_prices(path: Path | None, names: NamedAssets, own: str) -> list[PrintedPrice]:
    """Return the prices of a CSV file with the columns ``ticker`` or ``isin``, ``price`` and perhaps ``date``.

    Raises DataError for lines that are none, and for a price in another currency than the account's ``own``.
    """
    if path is None:
        return []
    faults, found = list[str](), list[PrintedPrice]()
    for line, row in read_user_table(path, ("price",), ("ticker", "isin"), "price, ticker or isin"):
        price, code = _number(row.get("price", "")), row.get("isin") or row.get("ticker") or ""
        day, good = _day(row.get("date", ""))
        if price is None or price < 0 or not code or not good:
            faults.append(f"{path}:{line}: found no price of a code, expected a line as IE00B4L5Y983,110.25,2026-11-27")
            continue
        if (currency := row.get("currency", "")) not in {"", own}:
            faults.append(f"{path}:{line}: found a price in {currency[:20]}, expected one in {own}; convert it")
        found.append(PrintedPrice(names.name_code(code), price, day))
    if faults:
        raise DataError(*faults)
    return found


def read_corrections(path: Path | None, names: NamedAssets) -> list[OwnBooking]:
    """Return what companies did and no booking says, from a CSV file with ``date``, ``code`` and ``ratio`` or ``cash``.

    ``ratio`` is what one share became, ``cash`` what was paid for all of them [account's currency].
    """
    if path is None:
        return []
    faults, found = list[str](), list[OwnBooking]()
    for line, row in read_user_table(path, ("date", "code"), ("ratio", "cash"), "date, code, ratio or cash"):
        (day, _), code = _day(row.get("date", "")), row.get("code", "")
        ratio, cash = _number(row.get("ratio", "")), _number(row.get("cash", ""))
        if day is None or not code or (ratio is None and cash is None) or (ratio is not None and ratio < 0):
            expected = "expected a line as 2025-06-02,US0000000000,2,0"
            faults.append(f"{path}:{line}: found no day, code and ratio or cash, {expected}")
            continue
        ticker, money = names.name_code(code), cash or ZERO
        found.append(OwnBooking(day, "split", ticker, ZERO, money, ZERO, ZERO, None, "", line, ratio or Fraction(1)))
        if ratio == 0:
            found[-1] = found[-1]._replace(ratio=ZERO)
    if faults:
        raise DataError(*faults)
    return found


def _number(text: str) -> Fraction | None:
    try:
        number = parse_number(text, PLAIN)
    except CellError:
        return None
    return None if number is None else Fraction(number)


def _day(text: str) -> tuple[dt.date | None, bool]:
    """Return a day, and whether the text is one or empty."""
    try:
        return (dt.date.fromisoformat(text) if text else None), True
    except ValueError:
        return None, False
