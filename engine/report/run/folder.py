"""A finished run read back from its folder: what the page is built from, checked before it is believed."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from engine.backtest.outputs import CONFIG_FILE, MANIFEST_FILE, SUMMARY_FILE, Trade
from engine.backtest.run_summary import RunManifest, RunSummary
from engine.core.arrays import DateArray, FloatArray
from engine.core.arrow_columns import to_numpy
from engine.core.errors import OutputError
from engine.report.phrases import confidence_level
from engine.report.signed_files import RUN_FILES


@dataclass(frozen=True)
class DailySeries:
    """A parquet file: ``dates (T,)`` and one ``(T,)`` column a name, NaN where there is no value."""

    dates: DateArray
    columns: Mapping[str, FloatArray]


@dataclass(frozen=True)
class FinishedRun:
    """Everything a run left in its folder."""

    summary: RunSummary
    manifest: RunManifest
    equity: DailySeries
    levels: DailySeries
    weights: DailySeries
    trades: tuple[Trade, ...]
    config_text: str
    confidence: float


def read_run(folder: Path) -> FinishedRun:
    """Read the files of a run.

    Raises
    ------
    OutputError
        When ``folder`` or a file in it is not there or cannot be read.
    DataError
        When a file's content is damaged or was changed after the run.

    """
    if not folder.is_dir():
        raise OutputError(f"{folder}: no such folder; name one that `engine run` wrote, as runs/my-portfolio")
    manifest = RUN_FILES.parse_record(folder / MANIFEST_FILE, RUN_FILES.read_bytes(folder / MANIFEST_FILE), RunManifest)
    names = (SUMMARY_FILE, "equity.parquet", "levels.parquet", "weights.parquet", "trades.csv", CONFIG_FILE)
    content = {name: RUN_FILES.read_signed(folder / name, manifest.files) for name in names}
    config_text = _decode(folder / CONFIG_FILE, content[CONFIG_FILE])
    return FinishedRun(
        summary=RUN_FILES.parse_record(folder / SUMMARY_FILE, content[SUMMARY_FILE], RunSummary),
        manifest=manifest,
        equity=_read_series(folder / "equity.parquet", content["equity.parquet"]),
        levels=_read_series(folder / "levels.parquet", content["levels.parquet"]),
        weights=_read_series(folder / "weights.parquet", content["weights.parquet"]),
        trades=_parse_trades(folder / "trades.csv", content["trades.csv"]),
        config_text=config_text,
        confidence=confidence_level(_parse_config(folder / CONFIG_FILE, config_text)),
    )


def _decode(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RUN_FILES.damage_error(path, f"byte {error.start} is not UTF-8") from None


def _read_series(path: Path, content: bytes) -> DailySeries:
    try:
        table = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True).read()
        if table.column("date").null_count:
            raise RUN_FILES.damage_error(path, "a date is missing")
        dates = to_numpy(table.column("date").cast(pa.date32()), np.int32).astype("datetime64[D]")
        names = [name for name in table.column_names if name != "date"]
        columns = {name: to_numpy(table.column(name).cast(pa.float64()), np.float64) for name in names}
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise RUN_FILES.damage_error(path, " ".join(str(error).split())[:200]) from None
    if not names or not len(dates):
        raise RUN_FILES.damage_error(path, "it holds no series")
    return DailySeries(dates, columns)


def _parse_trades(path: Path, content: bytes) -> tuple[Trade, ...]:
    lines = csv.reader(io.StringIO(_decode(path, content)))
    try:
        if tuple(next(lines)) != Trade._fields:
            raise RUN_FILES.damage_error(path, f"the columns {', '.join(Trade._fields)} are expected")
        return tuple(
            Trade(date, asset, float(quantity), float(price), float(value), float(cost), reason)
            for date, asset, quantity, price, value, cost, reason in lines
        )
    except (ValueError, csv.Error, StopIteration) as error:
        raise RUN_FILES.damage_error(path, f"line {lines.line_num}: {error}") from None


def _parse_config(path: Path, text: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RUN_FILES.damage_error(path, " ".join(str(error).split())[:200]) from None
