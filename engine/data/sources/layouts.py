"""What the columns of a price file mean: the layouts that vendors and people write.

A file is *wide* (one column a ticker), *long* (a ticker column; several tickers below each other), *doubled* (two
header rows, field and ticker, as yfinance writes them) or holds the *single* series of one ticker. A column of closes
is

``adjusted``  when its name or its vendor's rule says that splits and dividends are in it,
``raw``       when an adjusted column stands beside it, or its vendor adjusts for splits only, or not at all,
``unsaid``    when nothing in the file tells; its owner has to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from engine.core.errors import DataError
from engine.data.sources.price_columns import CloseKind, FieldColumns, PriceColumns

_NAMES_OF_ROLES: Final = {
    "date": "date|datetime|timestamp|data|<date>|__index_level_0__",
    "ticker": "ticker|symbol|<ticker>",
    "close": "close|zamkniecie|<close>",
    "adjusted": "adj close|adj. close|adj_close|adjclose|adjusted_close|adjusted close",
    "price": "price",
    "dividend": "dividends|dividend|dividend_amount|dividend amount|ex-dividend|divcash",
    "split": "stock splits|split|splits|split_coefficient|split coefficient|split ratio|split factor|splitfactor",
    "currency": "currency",
    "other": "open|high|low|volume|vol.|change %|capital gains|repaired?|otwarcie|najwyzszy|najnizszy|wolumen|<per>|"
    "<time>|<open>|<high>|<low>|<vol>|<openint>||index|unnamed: 0",
}
_ROLES: Final = {name: role for role, names in _NAMES_OF_ROLES.items() for name in names.split("|")}
_STOOQ_CLOSES: Final = frozenset({"zamkniecie", "<close>"})
_OPEN_HIGH_LOW: Final = frozenset({"Open", "open", "High", "high", "Low", "low"})


def column_role(name: str) -> str:
    """Return what a header cell names: date, ticker, close, adjusted, price, other, or ``""`` for no known field."""
    return _ROLES.get(name.strip().lower(), "")


def parse_header(file: str, header: Sequence[str], tickers: Iterable[str], date: int | None = None) -> PriceColumns:
    """Read a one-row header.

    Parameters
    ----------
    file : its name, for messages
    header : the cells
    tickers : the columns wanted of a wide file
    date : number of the date column where it is known already

    Raises
    ------
    DataError
        When there is no date column, or a column that is wanted occurs twice.

    """
    date = _date_column(file, header) if date is None else date
    if not _are_field_names([name for column, name in enumerate(header) if column != date]):
        return _wide_columns(file, header, date, tickers)
    roles = {column_role(name): column for column, name in reversed(list(enumerate(header))) if column != date}
    folded = {name.strip().lower(): column for column, name in enumerate(header)}
    closes, notes = _classify_closes(file, roles, folded)
    series: dict[str | None, FieldColumns] = {None: _with_events(closes, roles)}
    return PriceColumns(date, series, roles.get("ticker"), notes=notes)


def parse_double_header(
    file: str, fields: Sequence[str], tickers: Sequence[str], wanted: Iterable[str]
) -> PriceColumns:
    """Read a header of two rows, fields above tickers (or the other way round), first cell of each its label."""
    wanted = set(wanted)
    series: dict[str | None, FieldColumns] = {}
    notes: list[str] = []
    for ticker in dict.fromkeys(tickers[1:]):
        own = [column for column in range(1, len(tickers)) if tickers[column] == ticker]
        roles = {column_role(fields[column]): column for column in own}
        found, remarks = _classify_closes(file, roles, {fields[column].strip().lower(): column for column in own})
        if ticker in wanted:
            series[ticker] = _with_events(found, roles)
            notes.extend(remarks)
    return PriceColumns(0, series, names=tuple(dict.fromkeys(tickers[1:])), notes=tuple(dict.fromkeys(notes)))


def shortlist(names: Iterable[str], most: int = 12) -> str:
    """Return the first names and how many more there are.

    >>> shortlist(["SPY", "IWM", "VB"], most=2)
    'SPY, IWM and 1 more'
    """
    whole = list(names)
    rest = f" and {len(whole) - most} more" if len(whole) > most else ""
    return (", ".join(whole[:most]) or "nothing") + rest


def _date_column(file: str, header: Sequence[str]) -> int:
    for column, name in enumerate(header):
        if column_role(name) == "date":
            return column
    if header and header[0].strip().lower() in {"", "index", "unnamed: 0"}:
        return 0
    expected = "expected a column of dates and one of closes a ticker, separated by commas; name the first column date"
    raise DataError(f"{file}: found the header {shortlist(header)}, {expected}")


def _are_field_names(names: Sequence[str]) -> bool:
    """Tell fields from tickers; OPEN, LOW and DATA are tickers as well, so one familiar name is not enough."""
    roles = {column_role(name) for name in names}
    if not roles & {"close", "adjusted", "price"}:
        return False
    return "" not in roles or bool({"Close", "close"} & set(names) and _OPEN_HIGH_LOW & set(names))


def _wide_columns(file: str, header: Sequence[str], date: int, tickers: Iterable[str]) -> PriceColumns:
    names = [name.strip() for name in header]
    for ticker in tickers:
        if names.count(ticker) > 1:
            raise DataError(f"{file}: {ticker}: found {names.count(ticker)} columns, expected one; remove the others")
    series: dict[str | None, FieldColumns] = {
        ticker: FieldColumns({"unsaid": names.index(ticker)})
        for ticker in tickers
        if ticker in names and names.index(ticker) != date
    }
    return PriceColumns(date, series, names=tuple(name for column, name in enumerate(names) if name and column != date))


def _with_events(closes: dict[CloseKind, int], roles: dict[str, int]) -> FieldColumns:
    return FieldColumns(closes, roles.get("dividend"), roles.get("split"), roles.get("currency"))


def _classify_closes(
    file: str, roles: dict[str, int], folded: dict[str, int]
) -> tuple[dict[CloseKind, int], tuple[str, ...]]:
    """Return the columns of closes by kind, and what a reader should know about them."""
    fields = set(folded)
    note = ""
    kinds: dict[CloseKind, int] = {}
    if "adjusted" in roles:
        kinds = {"adjusted": roles["adjusted"]}
    elif "price" in roles and "close" in roles:
        kinds, note = {"adjusted": roles["price"]}, "the column Price beside Close is taken as the adjusted close"
    elif fields & _STOOQ_CLOSES:
        return {"adjusted": roles["close"]}, (f"{file}: stooq adjusts its closes for splits and dividends",)
    elif "close" in roles and {"dividends", "stock splits"} <= fields:
        return {"adjusted": roles["close"]}, (f"{file}: Close beside Dividends is yfinance's adjusted close",)
    elif "price" in roles and "change %" in fields:
        kinds, note = {"raw": roles["price"]}, "investing.com prices hold no dividends"
    elif "close" in roles and fields & {"dividend", "split"}:
        note = "closes as traded, with dividends or splits beside them"
    elif "close" in roles or "price" in roles:
        return {"unsaid": roles.get("close", roles.get("price", 0))}, ()
    if "close" in roles:
        kinds["raw"] = roles["close"]
    return kinds, ((f"{file}: {note}",) if note else ())
