"""The names of a file's columns: what their owner says about them, and which column holds the dates."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from engine.core.did_you_mean import suggestion
from engine.core.errors import DataError
from engine.core.shortlist import shortlist
from engine.data.currency_codes import FAMILIAR_CURRENCIES
from engine.data.price_files.grid import ReadingKeys
from engine.data.price_files.roles import Role, column_role, fold_name

_REPEATED: Final = re.compile(r"\.[0-9]+$")
_CURRENCY_BEHIND: Final = re.compile(r"(.*\w)[\s_,-]+([A-Z]{3}|GBp|ZAc|[a-z]{3})")
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


def split_pairs(names: Sequence[str], date: int | None) -> tuple[list[str], list[str]]:
    """Return names, and the other row of a header of two where pandas made pairs of both, as ``('Close', 'SPY')``."""
    pairs = [_PAIR.fullmatch(name) for name in names]
    if len(names) < 2 or not all(pair for at, pair in enumerate(pairs) if at != (date or 0)):
        return list(names), []
    above = [pair[1].strip() if pair else "" for pair in pairs]
    return [pair[2].strip() if pair else name for pair, name in zip(pairs, names, strict=True)], above


def with_units(header: Header, known: AbstractSet[str]) -> Header:
    """Return a header in which one currency behind names of prices is no ticker: Close (EUR) for Close EUR."""
    named = [_CURRENCY_BEHIND.fullmatch(name.strip()) for name in header.names]
    priced = [one if one and column_role(one[1]) in {"close", "range"} else None for one in named]
    codes = {one[2] for one in priced if one}
    code = next(iter(codes)) if len(codes) == 1 else ""
    unit = code if code in FAMILIAR_CURRENCIES or code == "gbp" else code.upper()
    if header.above or code in known or unit in known or unit not in FAMILIAR_CURRENCIES:
        return header
    names = [f"{one[1]} ({unit})" if one else name for one, name in zip(priced, header.names, strict=True)]
    return replace(header, names=names)


def stated_roles(header: Header, keys: ReadingKeys) -> dict[Role, list[int]]:
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


def date_column(header: Header) -> int:
    """Return the column of dates by its name; raises DataError when none is called so."""
    dates = [at for at, name in enumerate(header.names) if column_role(name) == "date"]
    others = [at for at, name in enumerate(header.names) if column_role(name) == "time"]
    unnamed = [0] if header.names and not header.names[0].strip() else []
    for at in (*dates, *others, *unnamed):
        return at
    expected = "expected a column of dates and one of closes a ticker; name the first column date, or write "
    key = "`columns: {date: ..., close: ...}` in data.source"
    raise DataError(f"{header.where}: found the header {shortlist(header.names)}, {expected}{key}")


def refuse_second_dates(header: Header, known: AbstractSet[str]) -> None:
    """Raise DataError when another column holds other dates; one of numbers, as of the ticker DATA, holds none."""
    first = header.date or 0
    for at, name in enumerate(header.names):
        if at != first and name not in known and _date_rank(header, at) >= max(1, _date_rank(header, first)):
            cells = header.texts(at)
            again = _REPEATED.sub("", name) == header.names[first]
            other = again if cells is None else list(cells) != list(header.texts(first) or ())
            if name == header.names[first] or other:
                ways = " or ".join(f'`columns: {{date: "#{one + 1}"}}`' for one in (first, at))
                found = f"found the dates {header.names[first]} and {name}, expected one column"
                raise DataError(f"{header.where}: {found}; write {ways} in data.source")


def _date_rank(header: Header, at: int) -> int:
    """Return 2 for a name that is plainly that of the dates, 1 for one that holds the word, as Start Date, else 0."""
    name = header.names[at]
    if role_of(header, name) == "date":
        return 2
    return int(not {"date", "datum"}.isdisjoint(fold_name(name).split()) and column_role(name) == "time")


def role_of(header: Header, name: str) -> Role:
    """Return the role of a name; of Close.1, as pandas writes a second Close, that of Close."""
    base = _REPEATED.sub("", name)
    return column_role(base if base != name and base in header.names else name)
