"""A finished sweep read from its folder: every file checked against the manifest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.backtest.outputs import CONFIG_FILE, SUMMARY_FILE, SWEEP_KIND, folder_kind
from engine.backtest.signed_files import SWEEP_FILES, SignedFolder
from engine.core.arrays import BoolArray, FloatArray
from engine.core.arrow_columns import to_numpy
from engine.sweep.axes import ParameterValue
from engine.sweep.config import RANKING_SIGNS
from engine.sweep.results_table import RESULTS_FILE, ResultsReader
from engine.sweep.summary import SweepManifest, SweepSummary

_SLICE_ROWS: Final = 65_536


@dataclass(frozen=True)
class ParameterColumn:
    """A parameter: (S,) ``codes`` into its ``labels``, which are names with spaces between where ``is_basket``."""

    name: str
    labels: tuple[ParameterValue, ...]
    codes: npt.NDArray[np.signedinteger]
    is_basket: bool = False


@dataclass(frozen=True)
class FinishedSweep:
    """A finished sweep."""

    path: Path
    summary: SweepSummary
    manifest: SweepManifest
    config_text: str

    @cached_property
    def _table(self) -> ResultsReader:
        return ResultsReader(self.path / RESULTS_FILE)

    @cached_property
    def _compared(self) -> BoolArray | slice:
        """Which variants have the plan's own sessions: figures of others cannot be compared with theirs (S18)."""
        window, space = self.summary.window, self.summary.sweep
        if space.compared == space.variants:
            return slice(None)
        return self._table.has_sessions(window.start, window.end, window.sessions)

    def metric(self, name: str) -> FloatArray:
        """Return (S,) a column of numbers of the variants with the plan's sessions, NaN where there is none."""
        return self._table.numbers(name, np.float64)[self._compared]

    def read_parameters(self) -> tuple[ParameterColumn, ...]:
        """Return every parameter of these, in the order of the columns; millions of rows are not kept."""
        names = self._table.file.schema_arrow.names
        return tuple(self._column(name) for name in names[1 : names.index("start")])

    def _column(self, name: str) -> ParameterColumn:
        if pa.types.is_dictionary(self._table.file.schema_arrow.field(name).type):
            whole = self._table.column(name)
            labels = tuple(str(label) for label in whole.dictionary.to_pylist())
            codes = to_numpy(whole.indices, np.dtype("<i4")).astype(_code_type(len(labels)))
            return ParameterColumn(name, labels, codes[self._compared], name in self.summary.sweep.baskets)
        numbers, places = _encode_numbers(self._table.numbers(name, np.float64))
        return ParameterColumn(name, numbers, places[self._compared])


def _encode_numbers(values: FloatArray) -> tuple[tuple[float, ...], npt.NDArray[np.signedinteger]]:
    """Return the different numbers in rising order, and (S,) which of them each is; a slice at a time saves memory."""
    slices = [slice(begin, begin + _SLICE_ROWS) for begin in range(0, len(values), _SLICE_ROWS)]
    numbers = np.unique(np.concatenate([np.unique(values[rows]) for rows in slices]))
    codes = np.empty(len(values), dtype=_code_type(len(numbers)))
    for rows in slices:
        codes[rows] = np.searchsorted(numbers, values[rows])
    return tuple(numbers.tolist()), codes


def _code_type(labels: int) -> npt.DTypeLike:
    """Return the smallest type for positions among so many labels: there may be millions of them."""
    return np.int16 if labels <= np.iinfo(np.int16).max else np.int32


def is_sweep(folder: Path) -> bool:
    """Tell whether ``folder`` holds a sweep rather than a run."""
    return folder_kind(folder) == SWEEP_KIND


def read_sweep(folder: Path) -> FinishedSweep:
    """Read the files of a sweep.

    Raises
    ------
    OutputError
        When a file is missing or cannot be read.
    DataError
        When a file's content is damaged or was changed after the sweep.

    """
    signed = SignedFolder(folder, SWEEP_FILES, SweepManifest)
    with signed.gather():
        summary = signed.read_record(SUMMARY_FILE, SweepSummary)
    with signed.gather():
        config_text = signed.read(CONFIG_FILE).decode("utf-8", "replace")
    with signed.gather():
        signed.verify_table(RESULTS_FILE)
        _require_table(folder / RESULTS_FILE)
    signed.raise_faults()
    return FinishedSweep(folder, summary, signed.manifest, config_text)


def _require_table(path: Path) -> None:
    """Raise DataError when a file is no table of variants: a digest says only that it is the one that was signed."""
    try:
        names = ResultsReader(path).file.schema_arrow.names
    except (pa.ArrowException, OSError) as error:
        raise SWEEP_FILES.damage_error(path, " ".join(str(error).split())[:200]) from None
    missing = [name for name in ("point", "start", "end", "sessions", *RANKING_SIGNS) if name not in names]
    if missing:
        raise SWEEP_FILES.damage_error(path, f"it has no column {missing[0]}")
