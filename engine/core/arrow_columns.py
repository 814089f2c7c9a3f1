"""Arrow columns as numpy arrays and back; pyarrow's own ways would import pandas, which takes a run 0.2 seconds."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from engine.core.arrays import BoolArray, DateArray, Scalar

MS_PER_DAY: Final = 86_400_000
_MOST_DAYS: Final = 200_000
"""Of a table with a row a day: five centuries."""


def to_numpy(column: pa.Array | pa.ChunkedArray, dtype: np.dtype[Scalar] | type[Scalar]) -> npt.NDArray[Scalar]:
    """Return the values of a column that is stored as ``dtype``: its own memory, or a copy with NaN where it is empty.

    The array is read-only when nothing is empty. Whole numbers and dates have no NaN: an empty one is a ValueError.
    """
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    present, content = whole.buffers()[-2:]
    end = whole.offset + len(whole)
    values = np.frombuffer(content, dtype=dtype, count=end)[whole.offset :]
    if not whole.null_count:
        return values
    bits = np.unpackbits(np.frombuffer(present, dtype=np.uint8), bitorder="little")[whole.offset : end]
    return np.where(bits == 1, values, np.array(np.nan, dtype=values.dtype))


def read_days(content: bytes) -> pa.Table:
    """Return the Parquet table with a row a day that ``content`` is, its checksums verified.

    Raises pa.ArrowException when it is none, ValueError when it has more rows than there are days: equal ones take
    next to no room in a file, and all that they need in memory.
    """
    file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
    if file.metadata.num_rows > _MOST_DAYS:
        raise ValueError(f"{file.metadata.num_rows:,} rows, at most {_MOST_DAYS:,} days are read")
    return file.read()


def cast_column(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Return a column as ``kind``: itself where it is that already, for a cast loads pyarrow.compute, which is slow."""
    return column if column.type == kind else column.cast(kind)


def to_dates(column: pa.ChunkedArray) -> DateArray:
    """Return a column of days (T,): of dates, or of midnights; an empty one or a time of day is a ValueError."""
    if not pa.types.is_timestamp(column.type):
        return to_numpy(cast_column(column, pa.date32()), np.int32).astype("datetime64[D]")
    stamps = to_numpy(cast_column(column, pa.timestamp("ms")), np.int64)
    days, rest = np.divmod(stamps, MS_PER_DAY)
    if column.null_count or rest.any():
        raise ValueError("a date is missing" if column.null_count else "a date has a time of day")
    return days.astype("datetime64[D]")


def is_number(kind: pa.DataType) -> bool:
    """Return whether a column of ``kind`` holds numbers."""
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind))


def from_numpy(values: npt.NDArray[Scalar], present: BoolArray | None = None) -> pa.Array:
    """Return a column of an array's own memory, empty where it is not ``present``."""
    bits = None if present is None or present.all() else pa.py_buffer(np.packbits(present, bitorder="little"))
    content = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [bits, content])
