"""A table to export: named columns of one kind each, whatever file it goes into."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

from engine.core.arrays import DateArray, FloatArray
from engine.core.errors import unsafe_characters

ExportCell: TypeAlias = date | str | float | int | None
"""What stands in one place of a table; None where there is nothing."""
ColumnKind: TypeAlias = Literal["date", "number", "count", "text"]

_LINE_BREAKS: Final = "\n\r\t"


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
    """A table called ``name``, whose columns are equally long."""

    name: str
    columns: tuple[ExportColumn, ...]

    def rows(self) -> Iterator[tuple[ExportCell, ...]]:
        """Yield the rows."""
        return zip(*(column.cells for column in self.columns), strict=True)


def spell_out_controls(text: str, keep: str = _LINE_BREAKS) -> str:
    """Return ``text`` with every character that turns a line around, or no file can hold, as its number in brackets.

    >>> spell_out_controls("a" + chr(0x202E) + "b" + chr(0))
    'a⟨U+202E⟩b⟨U+0000⟩'
    """
    for char in unsafe_characters(text).difference(keep):
        text = text.replace(char, f"⟨U+{ord(char):04X}⟩")
    return text
