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
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from engine.core.did_you_mean import suggestion
from engine.core.errors import DataError
from engine.data.sources.close_columns import NamedColumn, choose_closes
from engine.data.sources.grid import ReadingKeys
from engine.data.sources.price_columns import FieldColumns, PriceColumns
from engine.data.sources.returns import RETURNS_REMEDY
from engine.data.sources.roles import Role, column_role, fold_name, split_name
from engine.data.sources.ticker_column import find_ticker_column

_CLOSES: Final[frozenset[Role]] = frozenset({"close", "adjusted", "unadjusted", "doubtful", "return"})
_REPEATED: Final = re.compile(r"\.[0-9]+$")
_PAIR: Final = re.compile(r"\('(.*)', '(.*)'\)")


@dataclass(frozen=True)
class Header:
    """The names of the columns of a file.

    Attributes
    ----------
    file : its name, for messages
    where : file and line, for messages
    names : one a column
    above : of a header of two rows, the names in the other one; else none
    date : number of the date column where it is known already
    texts : the cells of a column that holds text, None of any other

    """

    file: str
    where: str
    names: Sequence[str]
    above: Sequence[str] = ()
    date: int | None = None
    texts: Callable[[int], Sequence[str] | None] = lambda _: None


def find_columns(header: Header, tickers: Iterable[str], keys: ReadingKeys) -> PriceColumns:
    """Return where a file keeps dates, closes and events of ``tickers``.

    Raises
    ------
    DataError
        When there is no date column, or several columns may be the one that is meant.

    """
    wanted, rename = tuple(dict.fromkeys(tickers)), keys.rename or {}
    stated = _stated_roles(header, keys)
    date = stated["date"][0] if "date" in stated else header.date
    header = dataclasses.replace(header, date=_date_column(header) if date is None else date)
    said = {column: role for role, columns in stated.items() for column in columns}
    single = not header.above and _are_fields(header, {*wanted, *rename}, said)
    if "date" not in stated:
        _refuse_second_dates(header, {*wanted, *rename})
    columns: dict[str | None, list[NamedColumn]] = {}
    for at, name in enumerate(header.names):
        if at != header.date:
            role, ticker = _meaning(header, at, {*wanted, *rename}, single=single)
            role = said.get(at, "other" if role in stated else role)
            above = header.above[at] if header.above else ""
            column = NamedColumn(at, name, role, at in said, above)
            columns.setdefault(rename.get(ticker or "", ticker), []).append(column)
    columns = {ticker: _as_values(header, own, keys) for ticker, own in columns.items()}
    if single:
        return _of_one_series(header, columns.get(None, []), wanted, keys)
    return _of_named_series(header, columns, wanted)


def split_pairs(names: Sequence[str], date: int | None) -> tuple[list[str], list[str]]:
    """Return names, and the other row of a header of two where pandas made pairs of both, as ``('Close', 'SPY')``."""
    pairs = [_PAIR.fullmatch(name) for name in names]
    if len(names) < 2 or not all(pair for at, pair in enumerate(pairs) if at != (date or 0)):
        return list(names), []
    above = [pair[1].strip() if pair else "" for pair in pairs]
    return [pair[2].strip() if pair else name for pair, name in zip(pairs, names, strict=True)], above


def shortlist(names: Iterable[str], most: int = 12) -> str:
    """Return the first names and how many more there are.

    >>> shortlist(["SPY", "IWM", "VB"], most=2)
    'SPY, IWM and 1 more'
    """
    whole = list(names)
    rest = f" and {len(whole) - most} more" if len(whole) > most else ""
    return (", ".join(whole[:most]) or "nothing") + rest


def _stated_roles(header: Header, keys: ReadingKeys) -> dict[Role, list[int]]:
    """Return the columns that the owner names, by role; of two header rows one name may be that of many columns."""
    said = keys.columns
    if said is None:
        return {}
    stated: dict[Role, str | None] = {
        "date": said.date,
        "close": said.close,
        "adjusted": said.adjusted,
        "ticker": said.ticker,
        "dividend": said.dividend,
        "split": said.split,
        "currency": said.currency,
    }
    return {role: _stated_columns(header, role, name) for role, name in stated.items() if name is not None}


def _stated_columns(header: Header, role: str, name: str) -> list[int]:
    number = re.fullmatch(r"#([0-9]{1,6})", name)
    columns = [int(number[1]) - 1] if number else [at for at, own in enumerate(header.names) if own == name]
    columns = columns or [at for at, own in enumerate(header.above) if own == name]
    if not columns or not 0 <= columns[0] < len(header.names):
        held = f"its columns are {shortlist(header.names)}"
        raise DataError(
            f"{header.where}: columns: {role}: found no column {name}{suggestion(name, header.names)}; {held}"
        )
    if len(columns) > 1 and not header.above:
        ways = " or ".join(f'`columns: {{{role}: "#{at + 1}"}}`' for at in columns)
        raise DataError(f"{header.where}: found {len(columns)} columns {name}, expected one; write {ways}")
    return columns


def _date_column(header: Header) -> int:
    dates = [at for at, name in enumerate(header.names) if column_role(name) == "date"]
    others = [at for at, name in enumerate(header.names) if column_role(name) == "time"]
    unnamed = [0] if header.names and not header.names[0].strip() else []
    for at in (*dates, *others, *unnamed):
        return at
    expected = "expected a column of dates and one of closes a ticker; name the first column date, or write "
    key = "`columns: {date: ..., close: ...}` in data.source"
    raise DataError(f"{header.where}: found the header {shortlist(header.names)}, {expected}{key}")


def _refuse_second_dates(header: Header, known: AbstractSet[str]) -> None:
    """Raise DataError when another column holds other dates; one of numbers, as of the ticker DATA, holds none."""
    first = header.date or 0
    for at, name in enumerate(header.names):
        if at != first and name not in known and _date_rank(header, at) >= max(1, _date_rank(header, first)):
            cells = header.texts(at)
            if name == header.names[first] or (cells is not None and list(cells) != list(header.texts(first) or ())):
                ways = " or ".join(f'`columns: {{date: "#{one + 1}"}}`' for one in (first, at))
                found = f"found the dates {header.names[first]} and {name}, expected one column"
                raise DataError(f"{header.where}: {found}; write {ways} in data.source")


def _date_rank(header: Header, at: int) -> int:
    """Return 2 for a name that is plainly that of the dates, 1 for one that holds the word, as Start Date, else 0."""
    name = header.names[at]
    if _role_of_repeated(header, name) == "date":
        return 2
    return int(not {"date", "datum"}.isdisjoint(fold_name(name).split()) and column_role(name) == "time")


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
    if {"open", "high", "low"} <= ranges or any(role == "range" and not name.isupper() for name, role in roles.items()):
        return True
    return not any(
        at != header.date
        and name
        and _role_of_repeated(header, name) in {"", "doubtful", "variant"}
        and header.texts(at) is None  # a column of text holds no closes, whatever it is called
        for at, name in enumerate(header.names)
    )


def _role_of_repeated(header: Header, name: str) -> Role:
    """Return the role of a name; of Close.1, as pandas writes a second Close, that of Close."""
    base = _REPEATED.sub("", name)
    return column_role(base if base in header.names else name)


def _meaning(header: Header, at: int, known: AbstractSet[str], *, single: bool) -> tuple[Role, str | None]:
    """Return what a column is and whose: None for the ticker that no name tells."""
    name = header.names[at]
    if header.above:
        above = header.above[at]
        return (column_role(name), above or None) if _fields_below(header) else (column_role(above), name or None)
    role = _role_of_repeated(header, name)
    if fold_name(name) == "index":
        role = "company"  # no date here: the numbers of rows, or names of indices
    if single or not name:
        return role, None
    if name in known:
        return "close", name
    field, ticker = split_name(name)
    if field and (ticker in known or _all_joined(tuple(header.names))):
        return field, ticker
    if role in {"ticker", "company", "currency"} or (role in {"adjusted", "doubtful"} and not name.isupper()):
        return role, None
    return "close", name


def _fields_below(header: Header) -> bool:
    """Tell whether the row of names holds the fields, and the one above it the tickers."""
    values = [at for at, name in enumerate(header.names) if at != header.date and name and header.above[at]]
    below = [column_role(header.names[at]) for at in values]
    above = [column_role(header.above[at]) for at in values]
    if below.count("") != above.count(""):
        return below.count("") < above.count("")
    return _CLOSES.isdisjoint(above)


@lru_cache(maxsize=64)
def _all_joined(names: tuple[str, ...]) -> bool:
    """Tell whether every name but those of dates joins a field and a ticker."""
    values = [name for name in names if name and column_role(name) not in {"date", "time"}]
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
    names = frozenset(fold_name(name) for name in header.names)
    ticker, notes = find_ticker_column(header.where, columns, wanted, keys.rename or {}, header.texts)
    fields, remarks = choose_closes(header.where, columns, names)
    left = [column.name for column in columns if column.role == "" and column.name and column.at != ticker]
    unread = (f"{shortlist(left)} not read",) if left else ()
    return PriceColumns(
        date=header.date or 0,
        series={None: fields},
        ticker=ticker,
        notes=tuple(f"{header.file}: {note}" for note in (*notes, *remarks, *unread)),
        roles=_roles(header, ticker, {None: fields}),
    )


def _of_named_series(
    header: Header, columns: Mapping[str | None, list[NamedColumn]], wanted: Sequence[str]
) -> PriceColumns:
    """Return the columns of a file whose header names tickers."""
    names = tuple(name for name, own in columns.items() if name and any(column.role in _CLOSES for column in own))
    for column in columns.get(None, []):
        if column.role in {"adjusted", "doubtful"}:
            whose = f"found {column.name} beside {shortlist(names)}, which does not say whose it is"
            named = f"{names[0] if names else 'SPY'}.Adjusted"
            ways = f"write `columns: {{adjusted: {column.name}}}`, or call it as in {named}"
            raise DataError(f"{header.where}: {whose}; {ways}")
    series: dict[str | None, FieldColumns] = {}
    notes: list[str] = []
    for ticker in wanted:
        own = columns.get(ticker, [])
        closes = [column.name for column in own if column.role == "close"]
        if not header.above and len(closes) > len(set(closes)):
            raise DataError(f"{header.where}: {ticker}: found {len(closes)} columns, expected one; remove the others")
        if own:
            label = header.date or 0
            cells = [cell for one in own for cell in (one.name, one.above)]
            cells += [header.names[label], *header.above[label : label + 1]]
            found = choose_closes(f"{header.where}: {ticker}", own, frozenset(map(fold_name, cells)))
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
