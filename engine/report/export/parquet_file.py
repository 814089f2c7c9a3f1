"""A table as Parquet: every column of its type, empty cells null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from engine.core.errors import spell_out_controls
from engine.core.parquet_files import table_bytes
from engine.report.export.table import LINE_BREAKS, ExportColumn, ExportTable

_TYPES: Final = {"date": pa.date32(), "number": pa.float64(), "count": pa.int64(), "text": pa.string()}


def parquet_bytes(table: ExportTable, about: Mapping[str, str]) -> bytes:
    """Return a table as the bytes of a Parquet file that says what it is ``about``; of days they are pandas' index."""
    names = [spell_out_controls(column.name, LINE_BREAKS) for column in table.columns]
    return table_bytes(pa.table([_array(column) for column in table.columns], names=names), about, table.index)


def _array(column: ExportColumn) -> pa.Array:
    cells = column.cells
    if column.kind == "text":
        cells = [spell_out_controls(cell, LINE_BREAKS) if isinstance(cell, str) else cell for cell in cells]
    made = pa.array(cells, type=_TYPES[column.kind])
    return made.cast(pa.timestamp("ms")) if column.kind == "date" else made  # plain dates are objects to pandas
