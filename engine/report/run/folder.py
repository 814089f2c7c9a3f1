"""A finished run read back from its folder: what the page is built from, checked before it is believed."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from pydantic import ConfigDict, Field

from engine.core.arrays import DateArray, FloatArray
from engine.core.arrow_columns import to_numpy
from engine.core.errors import OutputError
from engine.report.phrases import confidence_level
from engine.report.run.walk_forward import WalkForwardSummary
from engine.report.signed_files import RUN_FILES, FileRecord

_CONFIG_FILE: Final = "config.resolved.yaml"
TRADE_COLUMNS = ("date", "asset", "quantity", "price", "value", "cost", "reason")


class WindowSummary(FileRecord):
    """First and last session of a run, and how many there are."""

    start: str
    end: str
    sessions: int


class AccountSummary(FileRecord):
    """What a run started with."""

    capital: float
    currency: str


class PeakWeightSummary(FileRecord):
    """How far a capped asset drifted."""

    weight: float
    date: str
    sessions_over_cap: int
    cap: float


class PortfolioSummary(FileRecord):
    """One portfolio's figures; every key that is not named here is a metric."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, int | float | None] = Field(init=False)

    start: str
    end: str
    sessions: int
    max_weight: dict[str, PeakWeightSummary] = Field(default_factory=dict)

    @property
    def figures(self) -> Mapping[str, int | float | None]:
        """Return every metric by name."""
        return self.__pydantic_extra__ or {}


class VersusSummary(FileRecord):
    """The strategy against another portfolio."""

    start: str
    sessions: int
    cagr_difference: float | None
    cagr_difference_ci95: tuple[float, float] | None
    tracking_error: float | None
    information_ratio: float | None
    beta: float | None
    correlation: float | None


class ChecksSummary(FileRecord):
    """What a run proves about itself."""

    worst_cash_residual: float
    worst_weight_residual: float
    as_of_fills: int
    oldest_price_age: int


class DataSummary(FileRecord):
    """Which prices a run saw."""

    source: str
    closes: str
    sha256: str


class PublishedFigure(FileRecord):
    """A published figure and the run's own."""

    portfolio: str
    metric: str
    published: float
    here: float | None


class PublishedSummary(FileRecord):
    """A published table."""

    source: str
    figures: tuple[PublishedFigure, ...]


class EventSummary(FileRecord):
    """Something that happened to an asset; ``asset`` is empty when it is about several."""

    date: str
    kind: str
    asset: str
    text: str


class CapEffectSummary(FileRecord):
    """What enforcing caps between rebalances changed: the strategy minus the same with caps at rebalances only."""

    orders: int
    costs: float
    cagr: float | None
    highest: float
    highest_without: float


class RunSummary(FileRecord):
    """The content of ``summary.json``."""

    name: str
    description: str = ""
    window: WindowSummary
    account: AccountSummary
    portfolios: dict[str, PortfolioSummary] = Field(min_length=1)
    versus: dict[str, VersusSummary]
    checks: ChecksSummary
    data: DataSummary
    warnings: tuple[str, ...]
    events: tuple[EventSummary, ...] = ()
    caps_always: CapEffectSummary | None = None
    published: PublishedSummary | None = None
    optimiser: WalkForwardSummary | None = None
    audit: dict[str, float] | None = None


class RunManifest(FileRecord):
    """The content of ``manifest.json``."""

    versions: dict[str, str]
    config_sha256: str
    data_sha256: str
    trades_sha256: str
    files: dict[str, str]


@dataclass(frozen=True)
class DailySeries:
    """A parquet file: ``dates (T,)`` and one ``(T,)`` column a name, NaN where there is no value."""

    dates: DateArray
    columns: Mapping[str, FloatArray]


@dataclass(frozen=True)
class Trade:
    """One order of the strategy."""

    date: str
    asset: str
    quantity: float
    price: float
    value: float
    cost: float
    reason: str


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
    manifest = RUN_FILES.parse_record(
        folder / "manifest.json", RUN_FILES.read_bytes(folder / "manifest.json"), RunManifest
    )
    names = ("summary.json", "equity.parquet", "levels.parquet", "weights.parquet", "trades.csv", _CONFIG_FILE)
    content = {name: RUN_FILES.read_signed(folder / name, manifest.files) for name in names}
    config_text = _decode(folder / _CONFIG_FILE, content[_CONFIG_FILE])
    return FinishedRun(
        summary=RUN_FILES.parse_record(folder / "summary.json", content["summary.json"], RunSummary),
        manifest=manifest,
        equity=_read_series(folder / "equity.parquet", content["equity.parquet"]),
        levels=_read_series(folder / "levels.parquet", content["levels.parquet"]),
        weights=_read_series(folder / "weights.parquet", content["weights.parquet"]),
        trades=_parse_trades(folder / "trades.csv", content["trades.csv"]),
        config_text=config_text,
        confidence=confidence_level(_parse_config(folder / _CONFIG_FILE, config_text)),
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
        if tuple(next(lines)) != TRADE_COLUMNS:
            raise RUN_FILES.damage_error(path, f"the columns {', '.join(TRADE_COLUMNS)} are expected")
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
