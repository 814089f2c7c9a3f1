"""The same job in other engines: each function returns the call that is timed and what reads its result.

Every peer gets the prices and the weights in its own kind of frame or array and is asked for mixes of all assets,
traded to their weights at given sessions, without costs. Libraries are imported when they are asked for.
"""

from __future__ import annotations

import importlib.metadata
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.diagnostics.bench.jobs import MixJob

if TYPE_CHECKING:
    import pandas as pd

PeerFigures = Mapping[str, FloatArray]
"""(S,) figures by name; those that :func:`~engine.diagnostics.bench.contenders.comparable_figures` knows."""

Prepared = tuple[Callable[[], Any], Callable[[Any], PeerFigures]]
"""What is timed, from prices and weights in memory to results; and what makes figures of the results, untimed."""


def _frame(job: MixJob, values: FloatArray, columns: list[str] | None = None) -> pd.DataFrame:
    """Return (T, n) values as a frame of the market's sessions."""
    import pandas  # noqa: ICN001, PLC0415  (slow, and only here)

    index = pandas.DatetimeIndex(job.market.dates.astype("datetime64[ns]"))
    return pandas.DataFrame(values, index=index, columns=columns)


def _closes(job: MixJob) -> pd.DataFrame:
    return _frame(job, job.market.prices, list(job.market.assets))


def vectorbt_portfolio(job: MixJob, engine: str = "auto") -> Callable[[], Any]:
    """Return the call that makes vectorbt's portfolio of all mixes, a group each."""
    import vectorbt as vbt  # noqa: PLC0415

    _, count, assets = job.targets.shape
    closes = _frame(job, np.tile(job.market.prices, (1, count)))
    sizes = np.full(closes.shape, np.nan)
    sizes[job.rows] = job.targets.reshape(len(job.rows), -1)
    return partial(
        vbt.Portfolio.from_orders,
        closes,
        size=sizes,
        size_type="targetpercent",
        init_cash=job.capital,
        cash_sharing=True,
        group_by=np.repeat(np.arange(count), assets),
        call_seq="auto",
        freq="1D",
        engine=engine,
    )


def _prepare_vectorbt(job: MixJob, engine: str) -> Prepared:
    make = vectorbt_portfolio(job, engine)

    def run() -> tuple[Any, ...]:
        portfolio = make()
        return portfolio.total_return(), portfolio.sharpe_ratio(), portfolio.max_drawdown()

    def figures(found: tuple[Any, ...]) -> PeerFigures:
        names = ("total_return", "sharpe_365", "max_drawdown")
        return {name: np.atleast_1d(np.asarray(one)) for name, one in zip(names, found, strict=True)}

    return run, figures


def bt_backtest(job: MixJob) -> Callable[[], Any]:
    """Return the call that makes bt's result of the first mix; its backtest stands in ``backtest_list``."""
    import bt  # noqa: PLC0415

    closes = _closes(job)
    weights = closes.iloc[job.rows].copy()
    weights.iloc[:, :] = job.targets[:, 0]

    def run() -> Any:  # noqa: ANN401  (bt has no types)
        algos = [bt.algos.RunOnDate(*weights.index), bt.algos.WeighTarget(weights), bt.algos.Rebalance()]
        return bt.run(
            bt.Backtest(bt.Strategy("s", algos), closes, initial_capital=job.capital, integer_positions=False)
        )

    return run


def _bt_figures(result: Any) -> PeerFigures:  # noqa: ANN401  (bt has no types)
    values = np.asarray(result.backtest_list[0].strategy.values)[-1:]
    return {"final_value": values, "max_drawdown": np.array([result.stats.iloc[:, 0]["max_drawdown"]])}


def _prepare_raptorbt(job: MixJob) -> Prepared:
    """Prepare raptorbt, which rebalances every so many sessions and always charges India's costs.

    It pays them from cash, which may fall below nothing, and trades to the weights of what there was before: so with
    its costs added back, each period grows as without any.
    """
    import raptorbt  # noqa: PLC0415

    prices, rows, targets = np.ascontiguousarray(job.market.prices), job.rows, job.targets[:, 0]
    step = int(rows[1])
    if not np.array_equal(rows, np.arange(0, len(prices), step)) or (targets != targets[0]).any():
        raise ValueError("raptorbt rebalances every so many sessions, here always to the same weights")
    daily = np.tile(targets[0], (len(prices), 1))

    def run() -> Any:  # noqa: ANN401  (raptorbt's own)
        return raptorbt.simulate_rebalance_policy(prices, daily, job.capital, "calendar", step)

    def figures(found: Any) -> PeerFigures:  # noqa: ANN401  (raptorbt's own)
        value = found.equity_curve()
        costs = found.cost_regulatory() + found.cost_brokerage() + found.cost_dp()
        ends = np.append(rows[1:], len(value) - 1)
        before_costs = value + costs
        growth = (before_costs[ends] + costs[rows]) / before_costs[rows]
        return {"final_value": job.capital * np.prod(growth, keepdims=True)}

    return run, figures


def _prepare_cvxportfolio(job: MixJob) -> Prepared:
    import cvxportfolio as cvx  # noqa: PLC0415
    import pandas  # noqa: ICN001, PLC0415

    closes = _closes(job)
    returns = closes.pct_change().shift(-1).iloc[:-1]
    returns["cash"] = 0.0
    target = pandas.Series([*job.targets[0, 0], 0.0], index=returns.columns)
    data = cvx.UserProvidedMarketData(returns=returns, cash_key="cash", min_history=pandas.Timedelta("0d"))
    policy = cvx.PeriodicRebalance(target=target, rebalancing_times=closes.index[job.rows])
    simulator = cvx.MarketSimulator(market_data=data, costs=[])

    def run() -> Any:  # noqa: ANN401  (cvxportfolio has no types)
        return simulator.run_backtest(policy, start_time=returns.index[0], initial_value=job.capital)

    return run, lambda result: {"value_before_last": np.asarray(result.v)[-1:]}


@dataclass(frozen=True)
class Peer:
    """Another engine: its distribution, how many mixes it takes at a time, and its job.

    ``elsewhere``: it cannot live in this engine's environment, and runs in one of its own. ``rounds``: at most.
    """

    title: str
    distribution: str
    batch: int
    prepare: Callable[[MixJob], Prepared]
    elsewhere: bool = False
    rounds: int = 100

    @property
    def version(self) -> str | None:
        """The version installed in this environment, or None."""
        try:
            return importlib.metadata.version(self.distribution)
        except importlib.metadata.PackageNotFoundError:
            return None


PEERS: Final = (
    Peer("raptorbt, Rust", "raptorbt", 1, _prepare_raptorbt),
    Peer("vectorbt, Rust", "vectorbt-rust", 20, partial(_prepare_vectorbt, engine="rust")),
    Peer("vectorbt, numba", "vectorbt", 20, partial(_prepare_vectorbt, engine="numba")),
    Peer("bt", "bt", 1, lambda job: (bt_backtest(job), _bt_figures)),
    Peer("cvxportfolio", "cvxportfolio", 1, _prepare_cvxportfolio, elsewhere=True, rounds=1),
)
"""Engines that are timed, when installed."""


def run_quietly(call: Callable[[], Any]) -> Any:  # noqa: ANN401  (whatever the other engine returns)
    """Return what a call returns, with warnings of the other engines switched off."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()
