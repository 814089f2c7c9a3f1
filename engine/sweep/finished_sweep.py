"""A finished sweep read from its folder: every file checked against the manifest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from engine.backtest.output_folders import CONFIG_FILE, SUMMARY_FILE
from engine.backtest.signed_files import SWEEP_FILES, SignedFolder
from engine.core.arrays import BoolArray, FloatArray
from engine.sweep.config import RANKING_SIGNS
from engine.sweep.results_table import RESULTS_FILE, ResultsReader
from engine.sweep.summary import SweepManifest, SweepSummary


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
