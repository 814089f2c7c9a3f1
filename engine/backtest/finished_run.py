"""A finished run read from its folder: every file checked against the manifest."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import yaml
from pydantic import ValidationError

from engine.analysis.breakdown.series_table import SeriesTable
from engine.backtest.kept_file import read_kept
from engine.backtest.kept_prices import KeptPrices, files_of
from engine.backtest.output_folders import CONFIG_FILE, KEPT_FILE, RUN_KIND, SUMMARY_FILE, folder_kind, kind_words
from engine.backtest.outputs import Trade
from engine.backtest.run_summary import RunManifest, RunSummary
from engine.backtest.signed_files import RUN_FILES, SignedFolder
from engine.backtest.tax_files import LOTS_FILE, TAXES_FILE, LotLine, TaxLine, parse_lots, parse_taxes
from engine.core.arrays import DateArray, FloatArray
from engine.core.arrow_columns import cast_column, read_days, to_dates, to_numpy
from engine.core.errors import ConfigError, OutputError
from engine.core.yaml_document import load_plain
from engine.core.yaml_tree import parse_events
from engine.data.price_index import PriceIndex
from engine.portfolio.account import Account

LinesT = TypeVar("LinesT")


@dataclass(frozen=True)
class FinishedRun:
    """Everything a run left in its folder.

    ``months`` and ``rolling`` are None where the run has none, as those of earlier versions.
    ``config`` is what ``config_text`` states, as plain data, ``account`` what it says of the account. ``kept`` is
    what ``kept_prices.zip`` has, None where the run kept no prices. ``taxes`` and ``lots`` are those of the strategy,
    None where nothing is taxed.
    """

    path: Path
    summary: RunSummary
    manifest: RunManifest
    equity: SeriesTable
    levels: SeriesTable
    weights: SeriesTable
    trades: tuple[Trade, ...]
    config_text: str
    config: object
    account: Account
    months: SeriesTable | None = None
    rolling: SeriesTable | None = None
    kept: KeptPrices | None = None
    taxes: tuple[TaxLine, ...] | None = None
    lots: tuple[LotLine, ...] | None = None

    def own_level(self, name: str) -> tuple[DateArray, FloatArray]:
        """Return the sessions (T,) of a portfolio and its level (T+1,), the capital first."""
        column = self.levels.columns[name]
        held = np.isfinite(column)
        return self.levels.dates[held], np.concatenate([[self.summary.account.capital], column[held]])

    def section(self, name: str) -> Mapping[str, object]:
        """Return a section of the config, empty where it has none."""
        found = self.config.get(name) if isinstance(self.config, Mapping) else None
        return found if isinstance(found, Mapping) else {}


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
    found = folder_kind(folder)
    if found not in {"", RUN_KIND}:
        raise OutputError(f"{folder}: holds {kind_words(found)}; a folder that `engine run` wrote is expected")
    signed = SignedFolder(folder, RUN_FILES, RunManifest)
    series: dict[str, SeriesTable] = {}
    with signed.gather():
        summary = signed.read_record(SUMMARY_FILE, RunSummary)
    newer = [name for name in ("months", "rolling") if f"{name}.parquet" in signed.manifest.files]
    for name in ("equity", "levels", "weights", *newer):
        with signed.gather():
            series[name] = _read_series(folder / f"{name}.parquet", signed.read(f"{name}.parquet"))
    with signed.gather():
        trades = _read_trades(folder / "trades.csv", signed.read("trades.csv"))
    taxes = lots = kept = None
    if TAXES_FILE in signed.manifest.files:
        with signed.gather():
            taxes = _parse(folder / TAXES_FILE, signed.read(TAXES_FILE), parse_taxes)
        with signed.gather():
            lots = _parse(folder / LOTS_FILE, signed.read(LOTS_FILE), parse_lots)
    if KEPT_FILE in signed.manifest.files:
        with signed.gather():
            kept = read_kept(folder / KEPT_FILE, signed.read(KEPT_FILE))
    with signed.gather(), files_of(kept):
        config_text = _decode_text(folder / CONFIG_FILE, signed.read(CONFIG_FILE))
        config = _parse_config(folder / CONFIG_FILE, config_text)
        account = _read_account(folder / CONFIG_FILE, config)
    signed.raise_faults()
    return FinishedRun(
        path=folder,
        summary=summary,
        manifest=signed.manifest,
        trades=trades,
        config_text=config_text,
        config=config,
        account=account,
        kept=kept,
        taxes=taxes,
        lots=lots,
        **series,
    )


def _decode_text(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RUN_FILES.damage_error(path, f"byte {error.start} is not UTF-8") from None


def _read_series(path: Path, content: bytes) -> SeriesTable:
    try:
        table = read_days(content)
        if table.column("date").null_count:
            raise RUN_FILES.damage_error(path, "a date is missing")
        dates = to_dates(table.column("date"))
        names = [name for name in table.column_names if name != "date"]
        columns = {name: to_numpy(cast_column(table.column(name), pa.float64()), np.float64) for name in names}
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise RUN_FILES.damage_error(path, " ".join(str(error).split())[:200]) from None
    if not names or not len(dates):
        raise RUN_FILES.damage_error(path, "it holds no series")
    return SeriesTable(dates, columns)


def _read_trades(path: Path, content: bytes) -> tuple[Trade, ...]:
    lines = csv.reader(io.StringIO(_decode_text(path, content)))
    try:
        if tuple(next(lines)) != Trade._fields:
            raise RUN_FILES.damage_error(path, f"the columns {', '.join(Trade._fields)} are expected")
        return tuple(
            Trade(date, asset, float(quantity), float(price), float(value), float(cost), reason)
            for date, asset, quantity, price, value, cost, reason in lines
        )
    except (ValueError, csv.Error, StopIteration) as error:
        raise RUN_FILES.damage_error(path, f"line {lines.line_num}: {error}") from None


def _parse(path: Path, content: bytes, parse: Callable[[str], LinesT]) -> LinesT:
    try:
        return parse(_decode_text(path, content))
    except (ValueError, TypeError, csv.Error) as error:
        raise RUN_FILES.damage_error(path, str(error)) from None


def _parse_config(path: Path, text: str) -> object:
    try:
        deque(parse_events(text, str(path)), 0)  # what refers to itself, or is too deep, would be taken apart for ever
        return load_plain(text)
    except ConfigError as error:
        raise RUN_FILES.damage_error(path, error.faults[0].message) from None
    except (yaml.YAMLError, ValueError) as error:
        raise RUN_FILES.damage_error(path, " ".join(str(error).split())[:200]) from None


def _read_account(path: Path, config: object) -> Account:
    stated = config.get("account") if isinstance(config, Mapping) else None
    try:
        account = Account.model_validate(stated if isinstance(stated, Mapping) else {})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(("account", *(str(key) for key in first["loc"] if key != "CashFlowPlan")))
        raise RUN_FILES.damage_error(path, f"{place}: {first['msg']}") from None
    for plan in account.flow_plans:
        if isinstance(plan.indexed, PriceIndex):  # a kept file is at hand only now
            plan.indexed.read()
    return account
