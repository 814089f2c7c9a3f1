"""A finished run read back from its folder: what the page is built from, checked before it is believed."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from pydantic import ConfigDict, Field

from engine.core.arrays import DateArray, FloatArray
from engine.core.errors import OutputError
from engine.report.run.walk_forward import WalkSummary
from engine.report.signed_files import RUN, Record

ScalarT = TypeVar("ScalarT", bound=np.generic)

_CONFIG: Final = "config.resolved.yaml"
TRADE_COLUMNS = ("date", "asset", "quantity", "price", "value", "cost", "reason")


class Window(Record):
    """First and last session of a run, and how many there are."""

    start: str
    end: str
    sessions: int


class Funds(Record):
    """What a run started with."""

    capital: float
    currency: str


class Peak(Record):
    """How far a capped asset drifted."""

    weight: float
    date: str
    sessions_over_cap: int
    cap: float


class PortfolioSummary(Record):
    """One portfolio's figures; every key that is not named here is a metric."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, int | float | None] = Field(init=False)

    start: str
    end: str
    sessions: int
    max_weight: dict[str, Peak] = Field(default_factory=dict)

    @property
    def figures(self) -> Mapping[str, int | float | None]:
        """Return every metric by name."""
        return self.__pydantic_extra__ or {}


class VersusSummary(Record):
    """The strategy against another portfolio."""

    start: str
    sessions: int
    cagr_difference: float | None
    cagr_difference_ci95: tuple[float, float] | None
    tracking_error: float | None
    information_ratio: float | None
    beta: float | None
    correlation: float | None


class ChecksSummary(Record):
    """What a run proves about itself."""

    worst_cash_residual: float
    worst_weight_residual: float
    as_of_fills: int
    oldest_price_age: int


class DataSummary(Record):
    """Which prices a run saw."""

    source: str
    closes: str
    sha256: str


class PublishedFigure(Record):
    """A published figure and the run's own."""

    portfolio: str
    metric: str
    published: float
    here: float | None


class PublishedSummary(Record):
    """A published table."""

    source: str
    figures: tuple[PublishedFigure, ...]


class Event(Record):
    """Something that happened to an asset; ``asset`` is empty when it is about several."""

    date: str
    kind: str
    asset: str
    text: str


class CapsAlways(Record):
    """What enforcing caps between rebalances changed: the strategy minus the same with caps at rebalances only."""

    orders: int
    costs: float
    cagr: float | None
    highest: float
    highest_without: float


class Summary(Record):
    """The content of ``summary.json``."""

    name: str
    description: str = ""
    window: Window
    account: Funds
    portfolios: dict[str, PortfolioSummary] = Field(min_length=1)
    versus: dict[str, VersusSummary]
    checks: ChecksSummary
    data: DataSummary
    warnings: tuple[str, ...]
    events: tuple[Event, ...] = ()
    caps_always: CapsAlways | None = None
    published: PublishedSummary | None = None
    optimiser: WalkSummary | None = None
    audit: dict[str, float] | None = None


class Manifest(Record):
    """The content of ``manifest.json``."""

    versions: dict[str, str]
    config_sha256: str
    data_sha256: str
    trades_sha256: str
    files: dict[str, str]


@dataclass(frozen=True)
class Series:
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
class Finished:
    """Everything a run left in its folder."""

    summary: Summary
    manifest: Manifest
    equity: Series
    levels: Series
    weights: Series
    trades: tuple[Trade, ...]
    config_text: str
    confidence: float


def read_run(folder: Path) -> Finished:
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
    manifest = RUN.record(folder / "manifest.json", RUN.bytes_of(folder / "manifest.json"), Manifest)
    names = ("summary.json", "equity.parquet", "levels.parquet", "weights.parquet", "trades.csv", _CONFIG)
    content = {name: RUN.signed(folder / name, manifest.files) for name in names}
    config_text = _text(folder / _CONFIG, content[_CONFIG])
    return Finished(
        summary=RUN.record(folder / "summary.json", content["summary.json"], Summary),
        manifest=manifest,
        equity=_series(folder / "equity.parquet", content["equity.parquet"]),
        levels=_series(folder / "levels.parquet", content["levels.parquet"]),
        weights=_series(folder / "weights.parquet", content["weights.parquet"]),
        trades=_trades(folder / "trades.csv", content["trades.csv"]),
        config_text=config_text,
        confidence=_confidence(folder / _CONFIG, config_text),
    )


def _text(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RUN.damaged(path, f"byte {error.start} is not UTF-8") from None


def _series(path: Path, content: bytes) -> Series:
    try:
        table = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True).read()
        dates = _array(table.column("date").cast(pa.date32()).cast(pa.int32()), np.int32).astype("datetime64[D]")
        if table.column("date").null_count:
            raise RUN.damaged(path, "a date is missing")
        names = [name for name in table.column_names if name != "date"]
        columns = {name: _array(table.column(name).cast(pa.float64()), np.float64) for name in names}
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise RUN.damaged(path, " ".join(str(error).split())[:200]) from None
    if not names or not len(dates):
        raise RUN.damaged(path, "it holds no series")
    return Series(dates, columns)


def _array(column: pa.ChunkedArray, kind: type[ScalarT]) -> npt.NDArray[ScalarT]:
    """Return a column's own memory, NaN where it is empty; pyarrow's ways to numpy would import pandas."""
    whole = column.combine_chunks()
    known, content = whole.buffers()
    start = whole.offset
    values = np.frombuffer(content, dtype=kind, count=start + len(whole))[start:]
    if not whole.null_count:
        return values
    bits = np.unpackbits(np.frombuffer(known, dtype=np.uint8), bitorder="little")[start : start + len(whole)]
    return np.where(bits == 1, values, np.array(np.nan).astype(kind))


def _trades(path: Path, content: bytes) -> tuple[Trade, ...]:
    lines = csv.reader(io.StringIO(_text(path, content)))
    try:
        if tuple(next(lines)) != TRADE_COLUMNS:
            raise RUN.damaged(path, f"the columns {', '.join(TRADE_COLUMNS)} are expected")
        return tuple(
            Trade(date, asset, float(quantity), float(price), float(value), float(cost), reason)
            for date, asset, quantity, price, value, cost, reason in lines
        )
    except (ValueError, csv.Error, StopIteration) as error:
        raise RUN.damaged(path, f"line {lines.line_num}: {error}") from None


def _confidence(path: Path, text: str) -> float:
    """Return the level of the intervals [fraction]; a config that does not say used the default."""
    try:
        found: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RUN.damaged(path, " ".join(str(error).split())[:200]) from None
    for key in ("compare", "bootstrap", "level"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, float) else 0.95
