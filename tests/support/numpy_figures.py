"""Every figure of a ledger from its definition, one numpy formula after the other: what one compiled pass must equal."""

from __future__ import annotations

import math

import numpy as np

from engine.analysis.money_weighted import dated_internal_rates
from engine.core.arrays import finite_or_none
from engine.simulation.ledger import Ledger
from tests.support.exact_power import nearest_power

BLOCKS, SESSIONS_A_YEAR, DAYS_A_YEAR = 16, 252.0, 365.25
ROUNDING = 1e-12


def numpy_figures(ledger: Ledger, risk_free: float | np.ndarray = 0.0) -> dict[str, float | int | None]:
    """All of ``METRICS`` by name."""
    value, flows, dates = ledger.value, ledger.flows, ledger.dates
    returns = time_weighted(value, flows, ledger.before_flows)
    level = np.concatenate([[ledger.capital], value])
    if flows.any():
        chained = float(value[0]) * np.cumprod(np.concatenate([[1.0], 1.0 + returns]))
        level = np.concatenate([[ledger.capital], chained])
    rate = risk_free if isinstance(risk_free, float) else risk_free[len(risk_free) - len(returns) :]
    excess, days = returns - rate, float((dates[-1] - dates[0]) / np.timedelta64(1, "D"))
    below, drawdown = np.minimum(excess, 0.0), relative_change(level, np.maximum.accumulate(level))
    downside = math.sqrt(from_left(in_blocks(below * below)) / len(excess)) if len(excess) else None
    growth = (
        nearest_power(float(level[-1] / level[0]), DAYS_A_YEAR / days) - 1.0 if days > 0 and level[-1] >= 0 else None
    )
    years, months = (period_returns(level, dates, size) for size in (12, 1))
    money = np.abs(ledger.order_values)[~ledger.opening & ~ledger.payouts]
    traded, mean_value = from_left(money.ravel()), from_left(value) / len(value)
    losses, any_return = float(-np.minimum(excess, 0.0).sum()), bool(len(returns))
    centred = returns - mean(returns) if any_return else returns
    square = centred * centred
    second, third, fourth = (
        from_left(in_blocks(power)) / max(len(returns), 1) for power in (square, square * centred, square * square)
    )
    spread = math.sqrt(second)
    quantile = np.quantile(returns, 0.05) if any_return else None
    deviation = math.sqrt(variance(excess)) if len(returns) > 1 else 0.0
    found = {
        "final_value": float(value[-1]),
        "total_return": float(level[-1] / level[0] - 1.0),
        "cagr": growth,
        "volatility": math.sqrt(variance(returns)) * math.sqrt(SESSIONS_A_YEAR) if len(returns) > 1 else None,
        "sharpe": mean(excess) / deviation * math.sqrt(SESSIONS_A_YEAR) if deviation > ROUNDING else None,
        "sortino": mean(excess) / downside * math.sqrt(SESSIONS_A_YEAR) if downside and downside > ROUNDING else None,
        "max_drawdown": float(drawdown.min()),
        "calmar": growth / abs(float(drawdown.min())) if growth is not None and drawdown.min() < -ROUNDING else None,
        "ulcer": math.sqrt(from_left(drawdown * drawdown) / len(level)),
        "best_year": float(max(years)),
        "worst_year": float(min(years)),
        "longest_drawdown": longest_drawdown(level, dates),
        "turnover": traded / 2.0 / mean_value / (days / DAYS_A_YEAR) if days > 0.0 and mean_value > 0.0 else None,
        "costs": from_left(ledger.costs.ravel()),
        "trades": int(np.count_nonzero(ledger.trades[~ledger.payouts])),
        "rebalances": int((ledger.rebalances | ledger.partial_rebalances).sum()),
        "xirr": internal_rate(ledger) if flows.any() else None,
        "paid_in": float(flows.sum()),
        "annual_return_by_count": nearest_power(float(np.prod(1.0 + returns)), SESSIONS_A_YEAR / len(returns)) - 1.0
        if any_return
        else None,
        "best_month": float(max(months)),
        "worst_month": float(min(months)),
        "win_months": float(np.mean(months > ROUNDING)),
        "best_day": float(returns.max()) if any_return else None,
        "worst_day": float(returns.min()) if any_return else None,
        "skew": third / (second * spread) if spread > ROUNDING else None,
        "kurtosis": fourth / (second * second) if spread > ROUNDING else None,
        "omega": float(np.maximum(excess, 0.0).sum() / losses) if losses > ROUNDING * len(excess) else None,
        "var_95": None if quantile is None else float(quantile),
        "cvar_95": worst_twentieth(returns) if any_return else None,
    }
    return {name: finite_or_none(figure) for name, figure in found.items()}


def relative_change(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(after) <= 2.0**-53 * before, -1.0, (after - before) * (1.0 / before))


def time_weighted(value: np.ndarray, flows: np.ndarray, before_flows: np.ndarray) -> np.ndarray:
    """S12, a session in two factors where it has a flow: until the flow, and with it."""
    flow, before = flows[1:], before_flows[1:]
    paid_in, paid_out = np.maximum(flow, 0.0), np.maximum(-flow, 0.0)
    until = change_if_any(np.where(flow == 0.0, value[1:], before), value[:-1])
    after = np.where(flow == 0.0, 0.0, change_if_any(value[1:] + paid_out, before + paid_in))
    return np.where(flow == 0.0, until, np.maximum(until + (1.0 + until) * after, -1.0))


def change_if_any(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    return np.where(before == 0.0, 0.0, relative_change(after, before))


def from_left(x: np.ndarray) -> float:
    return 0.0 + float(np.add.accumulate(x)[-1]) if len(x) else 0.0


def in_blocks(x: np.ndarray) -> np.ndarray:
    ends = [(block + 1) * len(x) // BLOCKS for block in range(BLOCKS)]
    return np.array([from_left(x[begin:end]) for begin, end in zip([0, *ends], ends, strict=False)])


def mean(x: np.ndarray) -> float:
    return float(x[0]) + from_left(in_blocks(x - x[0])) / len(x)


def variance(x: np.ndarray) -> float:
    deviations = x - x[0]
    total, squares = from_left(in_blocks(deviations)), from_left(in_blocks(deviations * deviations))
    return (squares - total * total / len(x)) / (len(x) - 1)


def longest_drawdown(level: np.ndarray, dates: np.ndarray) -> int:
    """Days of the longest stretch of closes below the high, from the close before it to the close after it."""
    days = [int(day) for day in np.concatenate([dates[:1], dates]).astype(np.int64)]
    below = relative_change(level, np.maximum.accumulate(level)) < -ROUNDING
    longest, high = 0, 0
    for t in range(len(days)):
        if not below[t]:
            longest = max(longest, days[t] - days[high]) if t > high + 1 else longest
            high = t
    return max(longest, days[-1] - days[high])


def worst_twentieth(returns: np.ndarray) -> float:
    """The mean of the worst 5 %: every return stands for twenty equal ones, of which as many are worst as there are."""
    return math.fsum(np.sort(np.repeat(returns, 20))[: len(returns)].tolist()) / len(returns)


def period_returns(level: np.ndarray, dates: np.ndarray, months: int) -> np.ndarray:
    number = dates.astype("datetime64[M]").astype(np.int64) // months
    ends = level[1:][np.concatenate([number[1:] != number[:-1], [True]])]
    begins = np.concatenate([level[:1], ends[:-1]])
    return np.divide(ends, begins, out=np.ones_like(ends), where=begins != 0.0) - 1.0


def internal_rate(ledger: Ledger) -> float | None:
    flows = -ledger.flows
    flows[0] -= ledger.capital
    flows[-1] += ledger.value[-1]
    return dated_internal_rates(ledger.dates[flows != 0.0], flows[flows != 0.0]).value
