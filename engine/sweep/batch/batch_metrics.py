"""The metrics of a sweep: from the sums of a batch, or from a ledger, to the same bits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Final

import numpy as np

from engine.analysis.metrics_table import METRICS, plug_in_metrics
from engine.analysis.performance import Performance
from engine.analysis.summation import block_ends, mean_from_sums, variance_from_sums
from engine.core.arrays import FloatArray, finite_or_none
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR
from engine.data.market import Market
from engine.portfolio.policy import Policy
from engine.simulation.kernel.batch.records import BatchMarket, BatchSums
from engine.simulation.kernel.records import RETURN_BLOCKS
from engine.simulation.kernel.tolerances import FIGURE_TOLERANCE, LIMIT_TOLERANCE
from engine.simulation.ledger import Ledger
from engine.sweep.batch.after_tax import AFTER_TAX_METRICS, after_tax_row

SUM_COLUMNS: Final = tuple(f"{kind}_sum_{block:02d}" for kind in ("return", "square") for block in range(RETURN_BLOCKS))

CAP_METRICS: Final = ("max_weight", "sessions_over_cap")
"""What ``peak_weight_and_breaches`` returns, in its order."""

SWEEP_METRICS: Final[tuple[str, ...]] = (
    "final_value",
    "total_return",
    "cagr",
    "volatility",
    "sharpe",
    "sortino",
    "max_drawdown",
    "longest_drawdown",
    "calmar",
    "ulcer",
    "best_year",
    "worst_year",
    "turnover",
    "costs",
    "trades",
    "rebalances",
    *CAP_METRICS,
    *SUM_COLUMNS,
)
"""What ``variant_metric_table`` returns. All but the last are those of ``METRICS``. ``max_weight`` is the highest
weight any capped asset drifted to, ``sessions_over_cap`` at how many closes one stood above its cap; ``return_sum_00``
and on, and ``square_sum_00`` and on, are the sums of daily returns and of their squares in 16 blocks of sessions."""


def sweep_metrics(*, taxed: bool, of_plug_ins: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the metrics of a sweep's variants; those of taxed ones say also what is left after tax.

    ``of_plug_ins``: those of plug-ins that it asks for, which come last and of ledgers alone.
    """
    return (*SWEEP_METRICS, *(AFTER_TAX_METRICS if taxed else ()), *of_plug_ins)


def plug_in_figures(rank_by: str) -> tuple[str, ...]:
    """Return the figures of plug-ins that a sweep asks for."""
    return (rank_by,) if rank_by in plug_in_metrics() else ()


def fill_metrics_from_sums(sums: BatchSums, capital: FloatArray, market: BatchMarket, table: FloatArray) -> None:
    """Overwrite ``table`` (S, len(SWEEP_METRICS)) with what the sums come to; who needs a fallback has no final value.

    ``capital`` (S,) [currency].
    """
    from engine.simulation.kernel.valuation import elementwise_power  # noqa: PLC0415  (reports name metrics only)

    sessions, days, year = len(market.pattern), market.days, math.sqrt(market.periods_per_year)
    count = sessions - 1
    total, squares = _sum_blocks(sums.returns), _sum_blocks(sums.squares)
    shift, excess, excess_squares = sums.shift, total, squares
    if market.excess:
        shift, excess, excess_squares = sums.excess_shift, _sum_blocks(sums.excess), _sum_blocks(sums.excess_squares)
    absent = np.full_like(capital, np.nan)
    with np.errstate(all="ignore"):
        growth, lost = sums.final_value / capital, sums.max_drawdown
        downside = np.sqrt(_sum_blocks(sums.shortfalls) / count)
        mean = mean_from_sums(count, shift, excess)
        deviation = np.sqrt(variance_from_sums(count, excess, excess_squares))
        cagr = (
            absent
            if days <= 0.0
            else elementwise_power(growth, np.full_like(growth, CALENDAR_DAYS_PER_YEAR / days)) - 1.0
        )
        columns = {
            "final_value": np.where(sums.needs_fallback > 0.0, np.nan, sums.final_value),
            "total_return": growth - 1.0,
            "cagr": cagr,
            "volatility": np.sqrt(variance_from_sums(count, total, squares)) * year,
            "sharpe": np.where(deviation > FIGURE_TOLERANCE, mean / deviation * year, np.nan),
            "sortino": np.where(downside > FIGURE_TOLERANCE, mean / downside * year, np.nan),
            "max_drawdown": lost,
            "longest_drawdown": sums.longest_drawdown,
            "calmar": np.where(lost < -FIGURE_TOLERANCE, cagr / np.abs(lost), np.nan),
            "ulcer": np.sqrt(sums.squared_drawdowns / (sessions + 1)),
            "best_year": sums.best_year,
            "worst_year": sums.worst_year,
            "turnover": sums.traded / 2.0 / (sums.values / sessions) / (days / CALENDAR_DAYS_PER_YEAR),
            "costs": sums.costs,
            "trades": sums.trades,
            "rebalances": sums.rebalances,
            "max_weight": sums.top_money / sums.top_value if len(market.capped) else absent,
            "sessions_over_cap": sums.over_cap if len(market.capped) else absent,
        }
    for column, name in enumerate(SWEEP_METRICS[: len(columns)]):
        table[:, column] = columns[name]
    counts = np.diff([0, *block_ends(count)])[:, None]
    table[:, len(columns) :] = np.vstack(_unshift_sums(counts, sums.shift, sums.returns, sums.squares)).T
    if not np.isfinite(table).all():  # rarely so, and to write through a mask takes ten times as long as to ask
        table[~np.isfinite(table)] = np.nan


def metric_row(
    ledger: Ledger, market: Market, policy: Policy, risk_free: float | FloatArray, of_plug_ins: Sequence[str] = ()
) -> FloatArray:
    """Return (F,) the metrics of a ledger by ``sweep_metrics``; ``risk_free`` as in ``Performance.from_ledger``."""
    performance = Performance.from_ledger(ledger, risk_free, market.periods_per_year)
    weight, sessions = peak_weight_and_breaches(ledger, market, policy.caps())
    named = [METRICS[name] for name in SWEEP_METRICS if name in METRICS]  # an internal rate takes longer than a run
    known = [finite_or_none(metric.compute(performance)) for metric in named]
    sums, squares = block_sums(performance)
    row = np.array([np.nan if one is None else float(one) for one in known] + [weight, sessions, *sums, *squares])
    if ledger.taxes is not None:
        growth = float(performance.level[-1] / performance.level[0])
        row = np.append(row, after_tax_row(ledger, growth, performance.days))
    more = [finite_or_none(plug_in_metrics()[name].compute(performance)) for name in of_plug_ins]
    return np.append(row, [np.nan if one is None else float(one) for one in more]) if more else row


def block_sums(performance: Performance) -> tuple[FloatArray, FloatArray]:
    """Return (16,) the sums of returns in each block, and those of their squares."""
    if not len(performance.returns):
        return np.zeros(RETURN_BLOCKS), np.zeros(RETURN_BLOCKS)
    sums = performance.statistics.sums
    return _unshift_sums(np.diff([0, *block_ends(sums.size)]), sums.shift, sums.sums, sums.squares)


def _unshift_sums(
    counts: FloatArray, shift: float | FloatArray, sums: FloatArray, squares: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return blocks of sums of returns and of their squares, from those less ``shift``."""
    return sums + counts * shift, squares + 2.0 * shift * sums + counts * shift * shift


def _sum_blocks(blocks: FloatArray) -> FloatArray:
    """Return (S,) the sums of (RETURN_BLOCKS, S), added in order."""
    return reduce(np.add, blocks, np.zeros(blocks.shape[1]))


def peak_weight_and_breaches(ledger: Ledger, market: Market, limits: Mapping[str, float]) -> tuple[float, float]:
    """Return the highest weight of any capped asset, compared as the kernel does, and closes above a cap."""
    caps = {market.column_index(ticker): cap for ticker, cap in limits.items()}
    if not caps:
        return np.nan, np.nan
    prices = market.prices[ledger.session_rows(market)]
    held = ledger.units != 0.0
    money = np.where(held, ledger.units * np.where(held, prices, 0.0), 0.0)[:, list(caps)]
    most = np.array(list(caps.values())) * ledger.value[:, None] * (1.0 + LIMIT_TOLERANCE)
    above = np.asarray((money > most).any(axis=1))
    top = money.max(axis=1)
    best = (0.0, 1.0)
    for row in np.flatnonzero(top > 0.0).tolist():
        if top[row] * best[1] > best[0] * ledger.value[row]:
            best = (float(top[row]), float(ledger.value[row]))
    return best[0] / best[1], float(above.sum())
