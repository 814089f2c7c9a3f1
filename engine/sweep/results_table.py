"""``results.parquet``: one row a variant, in the order of the points, written as the chunks come in.

Row groups have a fixed number of rows, so the bytes do not depend on how the points were cut into chunks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Self, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from engine.core.arrays import BoolArray, FloatArray
from engine.core.arrow_columns import from_numpy, to_numpy
from engine.core.errors import DataError, OutputError
from engine.core.parquet_files import schema_metadata
from engine.sweep.batch.after_tax import AFTER_TAX_METRICS
from engine.sweep.batch.batch_metrics import SWEEP_METRICS
from engine.sweep.chunk import Chunk
from engine.sweep.space import AxisIndices, Parameter, Points, Space

NumberT = TypeVar("NumberT", np.float64, np.int64, np.int32)

RESULTS_FILE: Final = "results.parquet"
ROW_GROUP_SIZE: Final = 32_768
"""Rows of a row group."""


_SPAN_FIELDS: Final = (
    pa.field("start", pa.date32(), nullable=False),
    pa.field("end", pa.date32(), nullable=False),
    pa.field("sessions", pa.int32(), nullable=False),
)


class ResultsWriter:
    """An open results file; chunks are added in the order of their points."""

    def __init__(
        self,
        path: Path,
        space: Space,
        points: Points,
        metadata: Mapping[str, str],
        names: Sequence[str] = SWEEP_METRICS,
    ) -> None:
        """Begin the file anew; ``metadata`` says what it is of, ``names`` which metrics its variants have."""
        self.path, self.space, self.points = path, space, points
        self._numbers = np.empty(ROW_GROUP_SIZE, dtype=np.int64)
        self._spans = np.empty((ROW_GROUP_SIZE, len(_SPAN_FIELDS)), dtype=np.int32)
        self._metrics = np.empty((len(names), ROW_GROUP_SIZE))
        self._row_count = 0
        schema = pa.schema(
            [
                pa.field("point", pa.int64(), nullable=False),
                *(pa.field(one.name, _arrow_type(one), nullable=False) for one in space.parameters),
                *_SPAN_FIELDS,
                *(pa.field(name, pa.float64()) for name in names),
            ]
        )
        self._schema = schema = schema.with_metadata(schema_metadata(schema, metadata, index="point"))
        coded = [one.name for one in space.parameters]
        with self._name_file():
            path.unlink(missing_ok=True)  # a link would be followed
            self._writer = pq.ParquetWriter(
                path, schema, compression="zstd", compression_level=1, use_dictionary=coded, write_page_checksum=True
            )

    def append(self, chunk: Chunk) -> None:
        """Append a chunk's rows."""
        begin, count = 0, len(chunk.point_numbers)
        while begin < count:
            end = min(count, begin + ROW_GROUP_SIZE - self._row_count)
            rows, place = slice(begin, end), slice(self._row_count, self._row_count + end - begin)
            self._numbers[place] = chunk.point_numbers[rows]
            self._spans[place] = chunk.spans[rows]
            self._metrics[:, place] = chunk.metrics[rows].T
            self._row_count, begin = place.stop, end
            if self._row_count == ROW_GROUP_SIZE:
                self._write_row_group()

    def close(self) -> None:
        """Write what is held, and the end of the file."""
        if self._row_count:
            self._write_row_group()
        with self._name_file():
            self._writer.close()

    def __enter__(self) -> Self:
        """Return the table itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file; errors of an incomplete one are suppressed, and pyarrow does not try again on deletion."""
        with suppress(OSError, pa.ArrowException):
            self._writer.close()
        self._writer.is_open = False

    def _write_row_group(self) -> None:
        """Write what is held as a row group."""
        rows, self._row_count = self._row_count, 0
        numbers = self._numbers[:rows]
        indices = self.points.indices(numbers)
        columns = [from_numpy(numbers), *(_parameter_column(one, indices) for one in self.space.parameters)]
        spans = np.ascontiguousarray(self._spans[:rows].T)
        columns += [from_numpy(span).view(field.type) for span, field in zip(spans, _SPAN_FIELDS, strict=True)]
        columns += [from_numpy(metric[:rows], np.isfinite(metric[:rows])) for metric in self._metrics]
        with self._name_file():
            self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema), row_group_size=rows)

    @contextmanager
    def _name_file(self) -> Iterator[None]:
        """Say of an operating system's error which file cannot be written, and what to do."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputError(f"{self.path}: cannot be written: {reason}; free some space, then --resume") from error


def _arrow_type(one: Parameter) -> pa.DataType:
    return pa.float64() if isinstance(one.labels[0], float) else pa.dictionary(pa.int32(), pa.string())


def _parameter_column(one: Parameter, indices: AxisIndices) -> pa.Array:
    """Return a parameter's column: numbers as they are, text by its place in the list of all its values."""
    codes = one.codes[indices[:, one.axis_number]]
    if isinstance(one.labels[0], float):
        return from_numpy(np.array(one.labels, dtype=np.float64)[codes])
    words = [str(label).encode() for label in one.labels]
    offsets = np.concatenate([[0], np.cumsum([len(word) for word in words])]).astype(np.int32)
    texts = pa.Array.from_buffers(pa.string(), len(words), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(words))])
    return pa.DictionaryArray.from_arrays(from_numpy(codes), texts)


@dataclass(frozen=True)
class ResultsReader:
    """The columns of a finished results file; raises DataError where it is damaged."""

    path: Path

    @cached_property
    def file(self) -> pq.ParquetFile:
        """The open file, whose pages are checked."""
        return pq.ParquetFile(self.path, page_checksum_verification=True)

    @property
    def is_taxed(self) -> bool:
        """Whether its variants have figures after tax."""
        return AFTER_TAX_METRICS[0] in self.file.schema_arrow.names

    def column(self, name: str, group: int | None = None) -> pa.Array:
        """Return a column, of one row group or of all."""
        try:
            groups = range(self.file.num_row_groups) if group is None else [group]
            return self.file.read_row_groups(groups, [name]).column(name).unify_dictionaries().combine_chunks()
        except (pa.ArrowException, OSError, KeyError) as error:
            raise self._damage(error) from None

    def columns(self, names: Sequence[str], group: int) -> list[FloatArray]:
        """Return columns (rows,) of one row group, NaN where empty; in the memory that they were read to."""
        try:
            table = self.file.read_row_group(group, columns=list(names))
        except (pa.ArrowException, OSError) as error:
            raise self._damage(error) from None
        return [to_numpy(table.column(name), np.float64) for name in names]

    def _damage(self, error: Exception) -> DataError:
        message = " ".join(str(error).split())[:200]
        return DataError(f"{self.path}: damaged: {message}; sweep again to write it anew")

    def numbers(self, name: str, kind: type[NumberT]) -> npt.NDArray[NumberT]:
        """Return a column of numbers, NaN where it is empty, read a row group at a time: it is in memory once."""
        result = np.empty(self.file.metadata.num_rows, dtype=kind)
        end = 0
        for group in range(self.file.num_row_groups):
            column = self.column(name, group)
            begin, end = end, end + len(column)
            result[begin:end] = to_numpy(column, result.dtype)
        return result

    def spans(self) -> npt.NDArray[np.int32]:
        """Return (S, 3) day of the first session and of the last since 1970, and how many sessions there are."""
        return np.stack([self.numbers(field.name, np.int32) for field in _SPAN_FIELDS], axis=1)

    def has_sessions(self, start: str, end: str, sessions: int) -> BoolArray:
        """Return (S,) whether each variant has just these sessions, by the first, the last and their number."""
        days = np.array([start, end], dtype="datetime64[D]").astype(np.int32).tolist()
        equal = np.ones(self.file.metadata.num_rows, dtype=np.bool_)
        for field, wanted in zip(_SPAN_FIELDS, [*days, sessions], strict=True):
            equal &= self.numbers(field.name, np.int32) == wanted
        return equal
