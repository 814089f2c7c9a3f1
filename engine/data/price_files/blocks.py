"""Blocks side by side on one sheet, each with dates of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from engine.data.price_files.grid import ColumnRows
from engine.data.price_files.header_rows import Table, is_date_like
from engine.data.price_files.roles import column_role


def split_blocks(table: Table) -> list[tuple[int, Table]]:
    """Return the blocks of a table and the number of the first column of each; one where only one column has dates."""
    if table.date is None:
        return [(0, table)]
    dates = list(_date_columns(table))
    if len(dates) < 2:
        return [(0, table)]
    following = [*dates[1:], len(table.names)]
    starts = [at for at, end in zip(dates, following, strict=True) if _has_values(table, at, end)]
    if len(starts) < 2:
        return [(0, table)]
    begins, ends = [0, *starts[1:]], [*starts[1:], len(table.names)]
    return [
        (begin, _cut(table, slice(begin, end), date - begin))
        for begin, end, date in zip(begins, ends, starts, strict=True)
    ]


def _date_columns(table: Table) -> Iterator[int]:
    """Yield the columns that look like dates and are not called otherwise."""
    for at, name in enumerate(table.names):
        alike = bool(name) and name == table.names[table.date or 0]
        called = column_role(name) in {"date", "time", ""}
        if at == table.date or (called and is_date_like(table.first_cell(at), numbers=alike)):
            yield at


def _has_values(table: Table, begin: int, end: int) -> bool:
    """Tell whether a column between two of dates may hold closes."""
    return any(
        (table.names[at] or any(table.above[at : at + 1])) and table.first_cell(at) for at in range(begin + 1, end)
    )


def _cut(table: Table, columns: slice, date: int) -> Table:
    """Return some columns, of which one has the dates, and the rows in which they are not all empty."""
    whole = table.rows
    rows = list(whole.cut(columns)) if isinstance(whole, ColumnRows) else [row[columns] for row in whole]
    kept = [at for at, row in enumerate(rows) if any(row)]
    return dataclasses.replace(
        table,
        names=table.names[columns],
        above=table.above[columns],
        date=date,
        rows=[rows[at] for at in kept],
        lines=[table.lines[at] for at in kept],
    )
