"""The same job in other engines: each function prepares it and returns the call that is timed.

Every peer gets the prices and the weights as arrays in its own kind of frame and is asked for a mix of all assets,
rebalanced at the first session of every January, without costs. Libraries are imported when they are asked for.
"""

from __future__ import annotations

import importlib.metadata
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.diagnostics.bench.jobs import OPENING_CAPITAL, TimingJob

if TYPE_CHECKING:
    import pandas as pd

PeerFigures = Mapping[str, FloatArray]
"""(S,) figures by name; those that :func:`~engine.diagnostics.bench.measure.comparable_figures` knows."""

TimedRun = Callable[[], PeerFigures]
"""What is timed: from prices and weights in memory to figures."""


@dataclass(frozen=True)
class Peer:
    """Another engine: its distribution, how many variants it takes at a time, rounds at most, and its job."""

    title: str
    distribution: str
    batch: int
    rounds: int
    prepare: Callable[[TimingJob], TimedRun]

    @property
    def version(self) -> str | None:
        """The version installed, or None."""
        try:
            return importlib.metadata.version(self.distribution)
        except importlib.metadata.PackageNotFoundError:
            return None


def _frame(job: TimingJob, values: FloatArray, columns: list[str] | None = None) -> pd.DataFrame:
    import pandas  # noqa: ICN001, PLC0415  (slow, and only here)

    index = pandas.DatetimeIndex(job.market.dates.astype("datetime64[ns]"))
    return pandas.DataFrame(values, index=index, columns=columns)


def _prepare_vectorbt(job: TimingJob, engine: str) -> TimedRun:
    import vectorbt as vbt  # noqa: PLC0415

    count, assets = job.weights.shape
    closes = _frame(job, np.tile(job.market.prices, (1, count)))
    sizes = np.full(closes.shape, np.nan)
    sizes[job.rebalance_rows] = job.weights.reshape(-1)
    groups = np.repeat(np.arange(count), assets)

    def run() -> PeerFigures:
        portfolio = vbt.Portfolio.from_orders(
            closes,
            size=sizes,
            size_type="targetpercent",
            init_cash=OPENING_CAPITAL,
            cash_sharing=True,
            group_by=groups,
            call_seq="auto",
            freq="1D",
            engine=engine,
        )
        found = portfolio.total_return(), portfolio.sharpe_ratio(), portfolio.max_drawdown()
        names = ("total_return", "sharpe_365", "max_drawdown")
        return {name: np.atleast_1d(np.asarray(one)) for name, one in zip(names, found, strict=True)}

    return run


def _prepare_bt(job: TimingJob) -> TimedRun:
    import bt  # noqa: PLC0415

    closes = _frame(job, job.market.prices, list(job.market.assets))
    weights = closes.iloc[job.rebalance_rows].copy()
    weights.iloc[:, :] = job.weights[0]

    def run() -> PeerFigures:
        algos = [bt.algos.RunOnDate(*weights.index), bt.algos.WeighTarget(weights), bt.algos.Rebalance()]
        test = bt.Backtest(bt.Strategy("s", algos), closes, initial_capital=OPENING_CAPITAL, integer_positions=False)
        result = bt.run(test)
        values = np.asarray(test.strategy.values)[-1:]
        return {"final_value": values, "max_drawdown": np.array([result.stats.iloc[:, 0]["max_drawdown"]])}

    return run


def _prepare_cvxportfolio(job: TimingJob) -> TimedRun:
    import cvxportfolio as cvx  # noqa: PLC0415
    import pandas  # noqa: ICN001, PLC0415

    closes = _frame(job, job.market.prices, list(job.market.assets))
    returns = closes.pct_change().shift(-1).iloc[:-1]
    returns["cash"] = 0.0
    target = pandas.Series([*job.weights[0], 0.0], index=returns.columns)
    data = cvx.UserProvidedMarketData(returns=returns, cash_key="cash", min_history=pandas.Timedelta("0d"))
    policy = cvx.PeriodicRebalance(target=target, rebalancing_times=closes.index[job.rebalance_rows])

    def run() -> PeerFigures:
        simulator = cvx.MarketSimulator(market_data=data, costs=[])
        result = simulator.run_backtest(policy, start_time=returns.index[0], initial_value=OPENING_CAPITAL)
        return {"value_before_last": np.asarray(result.v)[-1:]}

    return run


PEERS: Final = (
    Peer("vectorbt, numba engine", "vectorbt", 20, 5, partial(_prepare_vectorbt, engine="numba")),
    Peer("vectorbt, Rust engine", "vectorbt-rust", 20, 5, partial(_prepare_vectorbt, engine="rust")),
    Peer("bt", "bt", 1, 5, _prepare_bt),
    Peer("cvxportfolio", "cvxportfolio", 1, 1, _prepare_cvxportfolio),
)
"""Engines that are timed, when installed."""


def run_quietly(timed: TimedRun) -> PeerFigures:
    """Return the figures of a timed call, with warnings of the other engines switched off."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return timed()
