"""What companies do to holdings: dividends paid and invested, fractions of a share that a split leaves (S10, S16)."""

from __future__ import annotations

import numpy as np

from engine.data.market import Market
from engine.simulation.kernel.whole_shares import SHARE_TOLERANCE
from engine.simulation.order_execution import execute_flow_trades
from engine.simulation.portfolio_state import PortfolioState
from engine.simulation.trade_events import DIVIDENDS, TradeReason


def split_rows(market: Market) -> list[int]:
    """Return the rows at which the shares of the day that a unit is change; ``shares`` are those of splits alone."""
    shares = market.shares
    return [] if shares is None else (1 + np.flatnonzero((shares[1:] != shares[:-1]).any(axis=1))).tolist()


def dividend_rows(market: Market, tickers: tuple[str, ...]) -> list[int]:
    """Return the rows at which any of ``tickers`` pays a dividend."""
    if market.dividends is None:
        return []
    columns = [market.columns[ticker] for ticker in tickers]
    return np.flatnonzero((market.dividends[:, columns] != 0.0).any(axis=1)).tolist()


def pay_split_fractions(state: PortfolioState, row: int) -> None:
    """Turn what a split leaves of a share into cash at the close of ``row``, free of cost."""
    shares, prices = state.quotes(row).shares, state.market.prices[row]
    counts = state.units * shares
    grace = SHARE_TOLERANCE * np.maximum(1.0, 1e-6 * counts)
    whole = np.floor(counts + grace)
    left = np.abs(counts - whole) > grace
    if not left.any():
        return
    trades = np.where(left, whole / shares - state.units, 0.0)
    state.units += trades
    state.cash -= float((trades[left] * prices[left]).sum())
    if state.tax is not None:
        state.cash -= state.tax.take_trades(row, trades, prices, np.zeros_like(trades))
    reason = TradeReason("split: fraction paid in cash", payout=True)
    state.record_trade(row, trades, np.zeros_like(trades), reason)


def invest_dividends(state: PortfolioState, row: int) -> None:
    """Bring the dividends of ``row``, in cash already, into what is furthest below its target; costs are paid (S16).

    Contributions that wait for the next rebalance go on waiting.
    """
    dividends = state.market.dividends
    if dividends is None or row <= state.opening:
        return
    held = state.history.units[row - 1]
    amounts = np.where(held == 0.0, 0.0, held * dividends[row])
    if not amounts.any():
        return
    taken = 0.0 if state.tax is None else state.tax.taken_from_dividends(row)
    waits = state.account.invest == "wait"
    waiting = max(state.cash - max(float(amounts.sum()) - taken, 0.0), 0.0) if waits else 0.0
    state.cash -= waiting
    execute_flow_trades(state, row, 0.0, 0.0, TradeReason(DIVIDENDS))
    state.cash += waiting
