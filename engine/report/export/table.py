"""A table to export: named columns of one kind each, whatever file it goes into."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

from engine.core.arrays import DateArray, FloatArray

ExportCell: TypeAlias = date | str | float | int | None
"""What stands in one place of a table; None where there is nothing."""
ColumnKind: TypeAlias = Literal["date", "number", "count", "text"]

LINE_BREAKS: Final = "\n\r\t"
"""What may stand in a cell of text beside letters."""


@dataclass(frozen=True)
class ExportColumn:
    """A column: its name, what its cells are, and the cells."""

    name: str
    kind: ColumnKind
    cells: Sequence[ExportCell]

    @classmethod
    def of_dates(cls, name: str, dates: DateArray) -> ExportColumn:
        """Return a column of dates (T,)."""
        return cls(name, "date", dates.astype("datetime64[D]").tolist())

    @classmethod
    def of_numbers(cls, name: str, values: FloatArray) -> ExportColumn:
        """Return a column of numbers (T,), empty where they are not finite."""
        return cls(name, "number", [value if math.isfinite(value) else None for value in values.tolist()])


@dataclass(frozen=True)
class ExportTable:
    """A table called ``name``, whose columns are equally long; where it is one of days, the first is its ``index``."""

    name: str
    columns: tuple[ExportColumn, ...]
    index: str | None = None

    def rows(self) -> Iterator[tuple[ExportCell, ...]]:
        """Yield the rows."""
        return zip(*(column.cells for column in self.columns), strict=True)
