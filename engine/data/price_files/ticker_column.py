"""The column of a long file that says whose row it is, whatever it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Final

from engine.core.errors import DataError
from engine.data.price_files.close_columns import NamedColumn
from engine.data.price_files.date_forms import read_date
from engine.data.price_files.roles import Role

_NAMES: Final[tuple[Role, ...]] = ("ticker", "company")
_MOST_NAMES: Final = 0.5
"""Share of different texts in a column up to which it can say whose rows they are."""


def find_ticker_column(
    where: str,
    columns: Sequence[NamedColumn],
    wanted: Sequence[str],
    rename: Mapping[str, str],
    texts: Callable[[int], Sequence[str] | None],
) -> tuple[int | None, tuple[str, ...]]:
    """Return the number of the ticker column, None for the series of one ticker, and what to know about it.

    Parameters
    ----------
    where : file and line, for messages
    columns : of the header, those that are no dates
    wanted : the tickers asked for
    rename : what a name in the file is called in the plan
    texts : the cells of a column that holds text, None of any other

    Raises
    ------
    DataError
        When a column that is known by no name tells several companies apart.

    """
    named = [column for column in columns if column.role == "ticker"]
    if named and (named[0].said or len(named) == 1):
        return named[0].at, ()
    candidates = [column for role in (*_NAMES, "") for column in columns if column.role == role]
    cells = {column.at: texts(column.at) for column in candidates}
    told = [column for column in candidates if _names_all(cells[column.at], wanted, rename)]
    if told:
        known = told[0].role in _NAMES
        return told[0].at, () if known else (f"{where}: {told[0].name} is taken as the column of tickers",)
    if named:
        return named[0].at, ()
    for column in candidates:
        own = cells[column.at]
        if own and column.role == "company" and len(set(own)) > 1:
            return column.at, ()
        if own and column.role == "" and _in_blocks(own) and read_date(own[0]) is None:
            first, other = list(dict.fromkeys(own))[:2]
            raise DataError(
                f"{where}: found {first!r} and {other!r} below each other in {column.name}, which looks like the "
                f'ticker; write `columns: {{ticker: "{column.name}"}}` in data.source'
            )
    return None, ()


def _names_all(cells: Sequence[str] | None, wanted: Sequence[str], rename: Mapping[str, str]) -> bool:
    return bool(cells) and bool(wanted) and set(wanted) <= {rename.get(cell, cell) for cell in set(cells or ())}


def _in_blocks(cells: Sequence[str]) -> bool:
    """Tell whether few texts stand below each other, each in one piece: companies that were chained."""
    runs = [text for text, _ in groupby(cells)]
    return 2 <= len(runs) == len(set(runs)) <= _MOST_NAMES * len(cells)
