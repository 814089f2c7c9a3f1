"""Other people's engines doing the same job, for comparison: vectorbt and bt without costs."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from engine.data.market import Market


def _frames(market: Market, targets: dict[int, np.ndarray]) -> tuple[pd.DataFrame, pd.DataFrame]:
    index = pd.DatetimeIndex(market.dates.astype("datetime64[ns]"))
    prices = pd.DataFrame(market.prices, index=index, columns=list(market.assets))
    weights = pd.DataFrame(np.nan, index=index, columns=list(market.assets))
    for row, target in targets.items():
        weights.iloc[row] = target
    return prices, weights


def vectorbt_value(market: Market, targets: dict[int, np.ndarray], capital: float) -> np.ndarray:
    """Daily values of vectorbt trading to target percentages at the given rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import vectorbt as vbt

        prices, weights = _frames(market, targets)
        portfolio = vbt.Portfolio.from_orders(
            prices,
            size=weights,
            size_type="targetpercent",
            init_cash=capital,
            cash_sharing=True,
            group_by=True,
            call_seq="auto",
            freq="1D",
        )
        return np.asarray(portfolio.value(), dtype=float).reshape(-1)


def bt_value(market: Market, targets: dict[int, np.ndarray], capital: float) -> np.ndarray:
    """Daily values of bt trading to target weights at the given rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import bt

        prices, weights = _frames(market, targets)
        algos = [
            bt.algos.RunOnDate(*weights.dropna().index),
            bt.algos.WeighTarget(weights.dropna()),
            bt.algos.Rebalance(),
        ]
        backtest = bt.Backtest(bt.Strategy("s", algos), prices, initial_capital=capital, integer_positions=False)
        bt.run(backtest)
        return backtest.strategy.values.to_numpy()[1:]
