"""What the columns of a price file mean: the layouts that vendors and people write.

A file is *wide* (one column a ticker), *long* (a ticker column; several tickers below each other), *doubled* (field and
ticker in two header rows, or in one name as ``SPY.Close``) or holds the *single* series of one ticker. A column of
closes is

``adjusted``  when its name or its vendor's rule says that splits and dividends are in it,
``raw``       when an adjusted column stands beside it, or its vendor adjusts for splits only, or not at all,
``unsaid``    when nothing in the file tells; its owner has to.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from engine.core.errors import DataError
from engine.core.shortlist import shortlist
from engine.data.currency_codes import FAMILIAR_CURRENCIES
from engine.data.price_files.close_columns import NamedColumn, choose_close_columns
from engine.data.price_files.grid import ReadingKeys
from engine.data.price_files.headers import (
    Header,
    date_column,
    refuse_second_dates,
    role_of,
    stated_roles,
    with_units,
)
from engine.data.price_files.price_columns import FieldColumns, PriceColumns
from engine.data.price_files.returns import RETURNS_REMEDY
from engine.data.price_files.roles import Role, column_role, fold_name, names_adjusted, split_name
from engine.data.price_files.ticker_column import find_ticker_column

_CLOSES: Final[frozenset[Role]] = frozenset({"close", "adjusted", "unadjusted", "doubtful", "return"})


def find_columns(header: Header, tickers: Iterable[str], keys: ReadingKeys) -> PriceColumns:
    """Return where a file keeps dates, closes and events of ``tickers``.

    Raises
    ------
    DataError
        When there is no date column, or several columns may be the one that is meant.

    """
    wanted, rename = tuple(dict.fromkeys(tickers)), keys.rename or {}
    known = {*wanted, *rename}
    stated = stated_roles(header, keys)
    header = with_units(header, known)
    date = stated["date"][0] if "date" in stated else header.date
    header = dataclasses.replace(header, date=date_column(header) if date is None else date)
    said = {column: role for role, columns in stated.items() for column in columns}
    single = not header.above and _are_fields(header, known, said)
    if "date" not in stated:
        refuse_second_dates(header, known)
    pairs = _fields_below(header, known) if header.above else _all_joined(header)
    columns: dict[str | None, list[NamedColumn]] = {}
    for at, name in enumerate(header.names):
        if at != header.date:
            role, ticker = _meaning(header, at, known, single=single, pairs=pairs)
            role = said.get(at, "other" if role in stated else role)
            above = header.above[at] if header.above else ""
            column = NamedColumn(at, name, role, at in said, above)
            columns.setdefault(rename.get(ticker or "", ticker), []).append(column)
    columns = {ticker: _as_values(header, own, keys) for ticker, own in columns.items()}
    if single:
        return _of_one_series(header, columns.get(None, []), wanted, keys)
    return _of_named_series(header, columns, wanted)


def _are_fields(header: Header, known: AbstractSet[str], said: Mapping[int, Role]) -> bool:
    """Tell fields from tickers; OPEN, LOW and DATA are tickers as well, so one familiar name is not enough."""
    if set(said.values()) & _CLOSES:
        return True
    roles = {name: column_role(name) for at, name in enumerate(header.names) if at != header.date and name}
    if not set(roles.values()) & {"close", "adjusted", "unadjusted", "return"}:
        return False
    ranges = {fold_name(name) for name, role in roles.items() if role == "range"}
    if known & roles.keys():
        return {"open", "high", "low"} <= ranges and "" not in {roles[name] for name in known & roles.keys()}
    if any(role == "ticker" and header.texts(at) for at, role in enumerate(map(column_role, header.names))):
        return True  # a long file
    if {"open", "high", "low"} <= ranges or any(role == "range" and not name.isupper() for name, role in roles.items()):
        return True
    return not any(
        at != header.date
        and name
        and role_of(header, name) in {"", "doubtful", "variant"}
        and header.texts(at) is None  # a column of text holds no closes, whatever it is called
        for at, name in enumerate(header.names)
    )


def _meaning(header: Header, at: int, known: AbstractSet[str], *, single: bool, pairs: bool) -> tuple[Role, str | None]:
    """Return what a column is and whose: None for the ticker that no name tells.

    ``pairs``, whether of a header of two rows the lower one holds the fields, or every name of one joins both.
    """
    name = header.names[at]
    if header.above:
        above = header.above[at]
        return (column_role(name), above or None) if pairs else (column_role(above), name or None)
    role = role_of(header, name)
    if fold_name(name) == "index":
        role = "company"  # no date here: the numbers of rows, or names of indices
    if single or not name:
        return role, None
    if name in known:
        return "close", name
    field, ticker = split_name(name, known)
    if field and (ticker in known or pairs):
        return field, ticker
    if role in {"ticker", "company", "currency"}:
        return role, None
    if role in {"adjusted", "doubtful", "other"} and names_adjusted(name) and not name.isupper():
        return "doubtful", None
    return "close", name


def _fields_below(header: Header, known: AbstractSet[str]) -> bool:
    """Tell whether the row of names holds the fields, and the one above it the tickers."""
    asked, asked_above = (not known.isdisjoint(row) for row in (header.names, header.above))
    if asked != asked_above:
        return asked_above
    values = [at for at, name in enumerate(header.names) if at != header.date and name and header.above[at]]
    below = [column_role(header.names[at]) for at in values]
    above = [column_role(header.above[at]) for at in values]
    if below.count("") != above.count(""):
        return below.count("") < above.count("")
    return _CLOSES.isdisjoint(above)


def _all_joined(header: Header) -> bool:
    """Tell whether every name but those of dates joins a field and a ticker."""
    named = [name for at, name in enumerate(header.names) if name and at != header.date]
    values = [name for name in named if column_role(name) not in {"date", "time"}]
    return bool(values) and all(split_name(name)[0] for name in values)


def _as_values(header: Header, columns: list[NamedColumn], keys: ReadingKeys) -> list[NamedColumn]:
    """Return the columns of a ticker with its returns as its closes where returns are to be read."""
    roles = {column.role for column in columns}
    if "return" not in roles or (keys.values != "returns" and roles & {"close", "adjusted", "unadjusted"}):
        return columns
    if keys.values != "returns":
        names = shortlist(column.name for column in columns if column.role == "return")
        raise DataError(f"{header.where}: found {names}, expected prices; {RETURNS_REMEDY}")
    roles_of: dict[Role, Role] = {"return": "close", "close": "other", "adjusted": "other", "unadjusted": "other"}
    return [dataclasses.replace(column, role=roles_of.get(column.role, column.role)) for column in columns]


def _of_one_series(
    header: Header, columns: Sequence[NamedColumn], wanted: Sequence[str], keys: ReadingKeys
) -> PriceColumns:
    """Return the columns of a file whose header names fields."""
    if not any(column.role == "currency" for column in columns):
        columns = [
            dataclasses.replace(one, role="currency") if _holds_a_currency(header, one) else one for one in columns
        ]
    names = frozenset(fold_name(name) for name in header.names)
    ticker, notes = find_ticker_column(header.where, columns, wanted, keys.rename or {}, header.texts)
    fields, remarks = choose_close_columns(header.where, columns, names)
    left = [column.name for column in columns if column.role == "" and column.name and column.at != ticker]
    unread = (f"{shortlist(left)} not read",) if left else ()
    return PriceColumns(
        date=header.date or 0,
        series={None: fields},
        ticker=ticker,
        notes=tuple(f"{header.file}: {note}" for note in (*notes, *remarks, *unread)),
        roles=_roles(header, ticker, {None: fields}),
    )


def _holds_a_currency(header: Header, column: NamedColumn) -> bool:
    """Tell a column of an unknown name that has the same currency in every row, as Unit with GBX."""
    cells = set(header.texts(column.at) or ()) if column.role == "" and column.name else set()
    return len(cells) == 1 and cells <= FAMILIAR_CURRENCIES


def _of_named_series(
    header: Header, columns: Mapping[str | None, list[NamedColumn]], wanted: Sequence[str]
) -> PriceColumns:
    """Return the columns of a file whose header names tickers."""
    names = tuple(name for name, own in columns.items() if name and any(column.role in _CLOSES for column in own))
    for column in columns.get(None, []):
        if column.role in {"adjusted", "doubtful"}:
            name = shortlist([column.name])
            whose = f"found {name} beside {shortlist(names)}, which does not say whose it is"
            named = f"{shortlist(names[:1] or ['SPY'])}.Adjusted"
            ways = f"write `columns: {{adjusted: {name}}}`, or call it as in {named}"
            raise DataError(f"{header.where}: {whose}; {ways}")
    series: dict[str | None, FieldColumns] = {}
    notes: list[str] = []
    for ticker in filter(columns.__contains__, wanted):  # of many blocks, each has few of all
        own = columns[ticker]
        closes = [column.name for column in own if column.role == "close"]
        if not header.above and len(closes) > len(set(closes)):
            raise DataError(f"{header.where}: {ticker}: found {len(closes)} columns, expected one; remove the others")
        label = header.date or 0
        cells = [cell for one in own for cell in (one.name, one.above)]
        cells += [header.names[label], *header.above[label : label + 1]]
        found = choose_close_columns(f"{header.where}: {ticker}", own, frozenset(map(fold_name, cells)))
        series[ticker] = found[0]
        notes.extend(f"{header.file}: {note}" for note in found[1])
    unique = tuple(dict.fromkeys(notes))
    return PriceColumns(header.date or 0, series, names=names, notes=unique, roles=_roles(header, None, series))


def _roles(
    header: Header, ticker: int | None, series: Mapping[str | None, FieldColumns]
) -> tuple[tuple[str, str], ...]:
    """Return what each column that is read is read as, by its name."""
    found = {header.date or 0: "date"} | ({} if ticker is None else {ticker: "ticker"})
    for name, fields in series.items():
        whose = f" of {name}" if name else ""
        found |= {at: f"{'' if kind == 'unsaid' else f'{kind} '}close{whose}" for kind, at in fields.closes.items()}
        found |= dict.fromkeys(fields.dividends, f"dividends{whose}")
        found |= {at: f"splits{whose}" for at in (fields.split,) if at is not None}
        found |= {at: f"currency{whose}" for at in (fields.currency,) if at is not None}
    both = zip(header.above, header.names, strict=True) if header.above else (("", name) for name in header.names)
    labels = [" ".join(filter(None, cells)) for cells in both]
    return tuple(
        (label or f"#{at + 1}", found.get(at, "not read")) for at, label in enumerate(labels) if label or at in found
    )
