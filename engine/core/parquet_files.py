"""Parquet as others read it: what pandas wants to know of an index, and what a table is of, beside the columns.

pandas' own description of a table is written without pandas, whose import takes a run 0.2 seconds: a file that
pandas reads has its index, and DuckDB, polars and Arrow find the plain columns. Same content, same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.core.arrays import BoolArray, DateArray, FloatArray
from engine.core.arrow_columns import MS_PER_DAY, from_numpy

_PANDAS_VERSION: Final = "2.2.0"
"""The oldest pandas that the description is for."""
_PANDAS_TYPES: Final = {
    "timestamp[ms]": ("datetime", "datetime64[ms]"),
    "date32[day]": ("date", "object"),
    "double": ("float64", "float64"),
    "int64": ("int64", "int64"),
    "int32": ("int32", "int32"),
    "string": ("unicode", "object"),
}
"""What pandas calls a column of an Arrow type, and what numpy does."""


def day_stamps(dates: DateArray) -> pa.Array:
    """Return dates (T,) as a column of midnights: pandas makes no DatetimeIndex of what is a plain date in a file."""
    days = dates.astype("datetime64[D]").astype(np.int64)
    return from_numpy(days * MS_PER_DAY).view(pa.timestamp("ms"))


def dated_table(
    dates: DateArray, columns: Mapping[str, FloatArray], there: Mapping[str, BoolArray] | None = None
) -> pa.Table:
    """Return a table with a ``date`` column and numbers (T,) by name, each empty where it is not ``there``."""
    every = np.ones(len(dates), dtype=np.bool_)
    arrays = [from_numpy(column, there[name] if there else every) for name, column in columns.items()]
    return pa.table([day_stamps(dates), *arrays], names=["date", *columns])


def table_bytes(table: pa.Table, about: Mapping[str, str], index: str | None = None) -> bytes:
    """Return Parquet bytes with page checksums; pandas reads them with ``index``, and ``about`` says what they are."""
    described = table.replace_schema_metadata(schema_metadata(table.schema, about, index))
    sink = pa.BufferOutputStream()
    pq.write_table(described, sink, compression="zstd", write_page_checksum=True)
    return bytes(sink.getvalue())


def schema_metadata(schema: pa.Schema, about: Mapping[str, str], index: str | None = None) -> dict[str, str]:
    """Return ``about`` with the description of a table that pandas reads: its columns, and which is its index."""
    names = {"name": None, "field_name": None, "pandas_type": "unicode", "numpy_type": "object"}
    described = {
        "index_columns": [] if index is None else [index],
        "column_indexes": [{**names, "metadata": {"encoding": "UTF-8"}}],
        "columns": [_describe_column(field) for field in schema],
        "creator": {"library": "portfolio-engine"},
        "pandas_version": _PANDAS_VERSION,
    }
    return {**about, "pandas": json.dumps(described)}


def _describe_column(field: pa.Field) -> dict[str, object]:
    metadata: dict[str, object] | None = None
    if pa.types.is_dictionary(field.type):
        pandas_type, numpy_type = "categorical", "int32"
        metadata = {"ordered": False}
    else:
        pandas_type, numpy_type = _PANDAS_TYPES[str(field.type)]
    return {
        "name": field.name,
        "field_name": field.name,
        "pandas_type": pandas_type,
        "numpy_type": numpy_type,
        "metadata": metadata,
    }
