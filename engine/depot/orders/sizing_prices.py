"""Prices that stand for the last closes: a table of the user's with ticker or ISIN, price, and maybe its day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.core.security_codes import tidy_code
from engine.depot.cells import ISO, PLAIN, CellError, parse_day, parse_number, to_currency
from engine.depot.codes import Identifiers
from engine.depot.faults import Faults, quote_cell
from engine.depot.records import Codes
from engine.depot.user_tables import read_user_table


class GivenPrice(NamedTuple):
    """A price of one share in ``currency``, ``""`` for what the asset's closes are in; ``date`` None for today's."""

    price: float
    currency: str
    date: dt.date | None
    line: int


def read_sizing_prices(path: Path, identifiers: Identifiers) -> tuple[Mapping[str, GivenPrice], tuple[str, ...]]:
    """Return the prices of a CSV file by ticker, and what a reader should know of it.

    Its columns are ``ticker`` or ``isin`` (or both), ``price``, and if wanted ``date`` and ``currency``; a column of
    tickers may hold any code of the config's ``identifiers``. Raises DataError with everything that is wrong.
    """
    faults, found_prices, others = Faults(str(path)), dict[str, GivenPrice](), list[str]()
    expected = "ticker,price or isin,price, and maybe date"
    for line, cells in read_user_table(path, ("price",), ("ticker", "isin"), expected):
        given = _read_row(cells, line, faults)
        code = tidy_code(cells.get("ticker", ""))
        ticker = identifiers.find(Codes(isin=tidy_code(cells.get("isin", "")) or code, wkn=code, symbol=code))
        if given is None:
            continue
        if ticker is None:
            others.append(code or tidy_code(cells.get("isin", "")) or "''")
        elif ticker in found_prices and found_prices[ticker][:3] != given[:3]:
            message = f"found a second price of {ticker}, expected one as in line {found_prices[ticker].line}"
            faults.add(line, message, "remove one")
        else:
            found_prices[ticker] = given
    faults.raise_all()
    notes = (f"--prices: {', '.join(sorted(others)[:10])}: not of the plan, and not used",) if others else ()
    return found_prices, notes


def _read_row(cells: Mapping[str, str], line: int, faults: Faults) -> GivenPrice | None:
    """Return the price of a row, None where it has a fault."""
    try:
        price = parse_number(cells.get("price", ""), PLAIN)
        day = parse_day(cells.get("date", ""), ISO)
        code = cells.get("currency", "")
        currency, price = to_currency(code, price) if code else ("", price)
    except CellError as error:
        wrong = ", ".join(quote_cell(cells.get(name, "")) for name in ("price", "date", "currency") if cells.get(name))
        faults.add(line, f"found {wrong or 'nothing'}, expected {error}", "write a row as EUNL,110.00,2026-11-27")
        return None
    if price is None or price <= 0:
        faults.add(line, f"found the price {quote_cell(cells.get('price', ''))}, expected one above zero", "as 40.20")
        return None
    return GivenPrice(float(price), currency, day, line)


def age_in_weekdays(date: dt.date, day: np.datetime64) -> int:
    """Return how many weekdays lie between a price and the session ``day``; 0 for the last close before it."""
    return max(int(np.busday_count(np.datetime64(date), day)) - 1, 0)


def split_stale(
    path: Path, given: Mapping[str, GivenPrice], day: np.datetime64, max_age: int, *, stale_ok: bool
) -> tuple[Mapping[str, GivenPrice], tuple[str, ...]]:
    """Return the prices that are fresh enough, and a warning for each that is not.

    Raises DataError for these where they are not ``stale_ok``, and for prices from after ``day``.
    """
    faults, warnings, fresh = Faults(str(path)), list[str](), dict[str, GivenPrice]()
    for ticker, one in given.items():
        age = 0 if one.date is None else age_in_weekdays(one.date, day)
        if one.date is not None and np.datetime64(one.date) > day:
            faults.add(one.line, f"{ticker}: found a price of {one.date}, expected none after {day}", "correct the day")
        elif age > max_age:
            found = f"{ticker}: found a price of {one.date}, {age} weekdays before {day}"
            remedy = "give a newer one, or let the asset wait by --stale-ok"
            if not stale_ok:
                faults.add(one.line, f"{found}, expected one at most {max_age} old (orders.max_age)", remedy)
            warnings.append(f"{found}; it is not used, the last close is")
        else:
            fresh[ticker] = one
    faults.raise_all()
    return fresh, tuple(warnings)


def to_account(
    given: Mapping[str, GivenPrice], currency_of: Mapping[str, str], rate_of: Mapping[str, float]
) -> Mapping[str, float]:
    """Return prices in money of the account; ``rate_of`` has that of each currency, 1 of its own."""
    return {ticker: one.price * rate_of[one.currency or currency_of[ticker]] for ticker, one in given.items()}


def currencies_of(given: Iterable[GivenPrice]) -> set[str]:
    """Return the currencies that prices name."""
    return {one.currency for one in given if one.currency}
