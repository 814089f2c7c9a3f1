"""Other people's engines doing the same job, for comparison: daily values of vectorbt and bt without costs."""

from __future__ import annotations

import numpy as np

from engine.data.market import Market
from engine.diagnostics.bench.jobs import MixJob
from engine.diagnostics.bench.peers import bt_backtest, run_quietly, vectorbt_portfolio


def _job(market: Market, targets: dict[int, np.ndarray], capital: float) -> MixJob:
    return MixJob(market, np.array(list(targets)), np.array(list(targets.values()))[:, None], capital)


def vectorbt_value(market: Market, targets: dict[int, np.ndarray], capital: float) -> np.ndarray:
    """Daily values of vectorbt trading to target percentages at the given rows."""
    portfolio = run_quietly(vectorbt_portfolio(_job(market, targets, capital)))
    return np.asarray(portfolio.value(), dtype=float).reshape(-1)


def bt_value(market: Market, targets: dict[int, np.ndarray], capital: float) -> np.ndarray:
    """Daily values of bt trading to target weights at the given rows."""
    result = run_quietly(bt_backtest(_job(market, targets, capital)))
    return result.backtest_list[0].strategy.values.to_numpy()[1:]
