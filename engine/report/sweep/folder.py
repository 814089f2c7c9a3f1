"""What a sweep left in its folder, checked against its manifest, as the report reads it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from engine.backtest.outputs import SWEEP as KIND
from engine.backtest.outputs import kind_in
from engine.core.arrays import FloatArray
from engine.core.errors import OutputError
from engine.report.signed_files import SWEEP, Record
from engine.sweep.batch.batch_metrics import FIGURES
from engine.sweep.outputs import CONFIG
from engine.sweep.results_table import NAME as RESULTS
from engine.sweep.results_table import damaged, numbers_of, values_of

Label = str | float
_FIRST: Final = FIGURES[0]
"""The first figure's column: parameters stand before it, after number and id."""


class ReasonSummary(Record):
    """Why points are no variants."""

    reason: str
    count: int
    example: dict[str, Label]


class SpaceSummary(Record):
    """What was swept."""

    mode: dict[str, Label]
    rank_by: str
    axes: dict[str, int]
    baskets: tuple[str, ...] = ()
    points: int
    drawn_twice: int
    variants: int
    distinct: int
    refused: int
    reasons: tuple[ReasonSummary, ...]


class StandingSummary(Record):
    """Where a portfolio stands."""

    value: float | None
    rank: int | None
    better_than: float | None


class VariantSummary(Record):
    """A variant of a list."""

    number: int
    id: str
    parameters: dict[str, Label]
    figures: dict[str, float | None]


class EffectSummary(Record):
    """The variants that share a label."""

    label: Label
    count: int
    mean: float | None
    median: float | None


class Window(Record):
    """Sessions of the plan itself."""

    start: str
    end: str
    sessions: int


class Data(Record):
    """Where prices came from."""

    source: str
    closes: str


class SweepSummary(Record):
    """The content of a sweep's ``summary.json`` as far as the page needs it."""

    name: str
    description: str = ""
    window: Window
    sweep: SpaceSummary
    distribution: dict[str, dict[str, float | None]]
    standings: dict[str, dict[str, StandingSummary]]
    best: tuple[VariantSummary, ...]
    worst: tuple[VariantSummary, ...]
    effects: dict[str, tuple[EffectSummary, ...]]
    data: Data
    warnings: tuple[str, ...]


class _Manifest(Record):
    config_sha256: str
    data_sha256: str
    versions: dict[str, str]
    files: dict[str, str]


@dataclass(frozen=True)
class Column:
    """A parameter: (S,) ``codes`` into its ``labels``, which in a ``basket`` are names with a space between."""

    name: str
    labels: tuple[Label, ...]
    codes: npt.NDArray[np.int32]
    basket: bool = False


@dataclass(frozen=True)
class SweepFolder:
    """A finished sweep."""

    path: Path
    summary: SweepSummary
    manifest: _Manifest
    config_text: str

    @cached_property
    def _table(self) -> pq.ParquetFile:
        return pq.ParquetFile(self.path / RESULTS, page_checksum_verification=True)

    def figure(self, name: str) -> FloatArray:
        """Return (S,) a column of numbers, NaN where there is none."""
        try:
            return numbers_of(self._table, name, "<f8").astype(np.float64, copy=False)
        except (pa.ArrowException, OSError, KeyError) as error:
            raise damaged(self.path / RESULTS, error) from None

    @cached_property
    def parameters(self) -> tuple[Column, ...]:
        """Every parameter, in the order of the columns."""
        names = self._table.schema_arrow.names
        return tuple(self._column(name) for name in names[2 : names.index(_FIRST)])

    def _column(self, name: str) -> Column:
        if pa.types.is_dictionary(self._table.schema_arrow.field(name).type):
            whole = self._read(name)
            labels = tuple(str(label) for label in whole.dictionary.to_pylist())
            codes = values_of(whole.indices, np.dtype("<i4")).astype(np.int32)
            return Column(name, labels, codes, name in self.summary.sweep.baskets)
        values = self.figure(name)
        numbers = np.unique(values)
        return Column(name, tuple(numbers.tolist()), np.searchsorted(numbers, values).astype(np.int32))

    def _read(self, name: str) -> pa.DictionaryArray:
        try:
            return self._table.read(columns=[name]).column(name).unify_dictionaries().combine_chunks()
        except (pa.ArrowException, OSError, KeyError) as error:
            raise damaged(self.path / RESULTS, error) from None


def is_sweep(folder: Path) -> bool:
    """Tell whether ``folder`` holds a sweep rather than a run."""
    return kind_in(folder) == KIND


def read_sweep(folder: Path) -> SweepFolder:
    """Read the files of a sweep.

    Raises
    ------
    OutputError
        When a file is missing or cannot be read.
    DataError
        When a file's content is damaged or was changed after the sweep.

    """
    manifest = SWEEP.record(folder / "manifest.json", SWEEP.bytes_of(folder / "manifest.json"), _Manifest)
    signed = {name: SWEEP.signed(folder / name, manifest.files) for name in ("summary.json", CONFIG)}
    try:
        with (folder / RESULTS).open("rb") as file:
            SWEEP.verify(folder / RESULTS, hashlib.file_digest(file, "sha256").hexdigest(), manifest.files)
    except OSError as error:
        raise OutputError(f"{folder / RESULTS}: cannot be read ({error.strerror}); sweep again to write it") from error
    summary = SWEEP.record(folder / "summary.json", signed["summary.json"], SweepSummary)
    return SweepFolder(folder, summary, manifest, signed[CONFIG].decode("utf-8", "replace"))
