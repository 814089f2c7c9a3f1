"""A finished run made again from its own config, on the prices that it saw."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from engine.backtest.config import RunConfig
from engine.backtest.finished_run import FinishedRun
from engine.backtest.kept_file import kept_bytes
from engine.backtest.kept_prices import KeptPrices, files_of, load_and_keep
from engine.backtest.output_folders import CONFIG_FILE
from engine.backtest.outputs import RunResult
from engine.backtest.prices import LoadedPrices
from engine.backtest.vectorbt_audit import audit_run
from engine.backtest.workflow import run_backtest
from engine.core.errors import DataError, prefix_errors
from engine.portfolio.policy import PolicyT

_MOST_TOLD: Final = 5
_ROUNDING: Final = 1e-11
"""Prices in ``trades.csv`` have twelve digits where shares were split."""


def load_as_run(run: FinishedRun, config: RunConfig[PolicyT]) -> tuple[LoadedPrices, KeptPrices]:
    """Load the prices that a run saw, the kept ones or those of the config's own source, and all that is read.

    Raises DataError when they are not those whose hash the manifest has: with the first of what differs.
    """
    with prefix_errors(run.path):
        prices, found = load_and_keep(config, run.kept.sources if run.kept else None)
    if prices.market.provenance.sha256 != run.manifest.data_sha256:
        raise DataError(f"{run.path}: {describe_other_prices(run, config, prices)}")
    return prices, found


def rerun_run(run: FinishedRun, load: Callable[[Path], RunConfig[PolicyT]]) -> RunResult:
    """Return a run made again; ``load`` reads a config.

    Raises ConfigError for a config that cannot be read any more, DataError as :func:`load_as_run` does.
    """
    with files_of(run.kept):
        config = load(run.path / CONFIG_FILE)
        prices, found = load_as_run(run, config)
        result = run_backtest(config, prices)
    if run.summary.audit is not None:
        result = audit_run(result)
    return dataclasses.replace(result, kept=kept_bytes(found)) if run.kept else result


def describe_other_prices(run: FinishedRun, config: RunConfig[PolicyT], prices: LoadedPrices) -> str:
    """Return in a line what of the prices at hand is not what the run saw, as far as its files tell, and what to do."""
    found = list(_differences(run, config, prices))
    rest = f" and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
    told = ", ".join(found[:_MOST_TOLD]) + rest or "which, its files do not tell: no price of an order is another"
    remedy = "bring those prices back; `engine run --keep-prices` keeps a run's from the beginning"
    return f"the prices at hand are not those of the run: {told}; {remedy}"


def _differences(run: FinishedRun, config: RunConfig[PolicyT], prices: LoadedPrices) -> Iterator[str]:
    """Yield tickers with the first order whose price is another one now, and sessions that came or went."""
    own = prices.sessions_of(config.strategy)
    market, dates = own.market, own.market.dates
    then, now = run.weights.dates, dates[own.start :]
    now = now[now >= then[0]]
    for day in np.setdiff1d(then, now)[:1]:
        yield f"no session on {day} any more"
    for day in np.setdiff1d(now, then)[:1]:
        yield f"{day} is a session now"
    columns = {ticker: at for at, ticker in enumerate(market.assets)}
    told: set[str] = set()
    for trade in run.trades:
        row, column = int(np.searchsorted(dates, np.datetime64(trade.date))), columns.get(trade.asset)
        if column is None or trade.asset in told or trade.reason.startswith(("delisted: ", "split: ")):
            continue
        if row == len(dates) or dates[row] != np.datetime64(trade.date):
            continue
        price = float(market.share_prices[row, column])
        if not abs(price - trade.price) <= _ROUNDING * abs(trade.price):
            told.add(trade.asset)
            yield f"{trade.asset} {price:.10g} on {trade.date}, {trade.price:.10g} in trades.csv"
