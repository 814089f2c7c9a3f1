"""A run by calendar year: what every portfolio earned, and what happened in the strategy's account."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.comparison import Comparison, PortfolioResult
from engine.analysis.metrics import period_returns
from engine.analysis.performance import once_a_session
from engine.core.arrays import FloatArray
from engine.data.sessions import calendar_years


@dataclass(frozen=True)
class YearReturns:
    """Each portfolio's return in the part of a year that it has sessions in, not annualised; None where it has none.

    ``start`` and ``end`` are the first and last session that any of them has in it.
    """

    year: int
    start: str
    end: str
    returns: dict[str, float | None]


@dataclass(frozen=True)
class AccountYear:
    """What happened in the strategy's account in one year.

    ``rebalances`` and ``orders`` include the opening's; ``traded`` is half of all that was bought and sold after it
    [currency], ``turnover`` that over ``mean_value``, the mean of the year's closes; ``costs`` include the opening's
    and the yearly fee. ``gain`` is ``value`` at the end, less that of the year before, or the capital, less what was
    ``paid_in`` and with what was ``withdrawn`` [currency]. ``taxes`` left the account in it, where there are any.
    """

    year: int
    rebalances: int
    orders: int
    traded: float
    mean_value: float
    turnover: float | None
    costs: float
    paid_in: float
    withdrawn: float
    value: float
    gain: float
    taxes: float | None = None


def returns_by_year(comparison: Comparison) -> tuple[YearReturns, ...]:
    """Return what each portfolio earned by calendar year, the first from the capital on."""
    found: dict[str, dict[int, float]] = {}
    spans: dict[int, tuple[str, str]] = {}
    for name, portfolio in comparison.portfolios.items():
        dates = portfolio.performance.dates
        numbers, returns = period_returns(portfolio.performance.level, dates, "year")
        years = (numbers + 1970).tolist()
        found[name] = dict(zip(years, returns.tolist(), strict=True))
        rows = calendar_years(dates)
        for year in years:
            at = np.searchsorted(rows, [year, year + 1])
            first, last = str(dates[at[0]]), str(dates[at[1] - 1])
            before = spans.get(year, (first, last))
            spans[year] = min(first, before[0]), max(last, before[1])
    return tuple(
        YearReturns(year, *spans[year], {name: own.get(year) for name, own in found.items()}) for year in sorted(spans)
    )


def account_by_year(portfolio: PortfolioResult) -> tuple[AccountYear, ...]:
    """Return a portfolio's orders, costs and flows by calendar year; those of the metrics are their sums."""
    ledger = portfolio.ledger
    years = calendar_years(ledger.dates)
    first, count = int(years[0]), int(years[-1] - years[0]) + 1

    def by_event(amounts: FloatArray) -> FloatArray:
        found: FloatArray = np.bincount(years[ledger.rows] - first, amounts, count).astype(np.float64)
        return found

    def by_session(amounts: FloatArray) -> FloatArray:
        found: FloatArray = np.bincount(years - first, amounts, count).astype(np.float64)
        return found

    orders = (ledger.trades != 0.0) & ~ledger.payouts[:, None]
    moved = np.where(orders & ~ledger.opening[:, None], np.abs(ledger.order_values), 0.0).sum(axis=1)
    whole = ledger.rebalances | once_a_session(ledger.partial_rebalances, ledger.rows)
    traded = by_event(moved) / 2.0
    rebalances = by_event(whole.astype(np.float64))
    costs = by_event(ledger.costs.sum(axis=1)) + by_session(ledger.fees)
    paid_in, withdrawn = by_session(np.maximum(ledger.flows, 0.0)), by_session(np.maximum(-ledger.flows, 0.0))
    counts, values = by_session(np.ones(len(years))), by_session(ledger.value)
    placed = by_event(orders.sum(axis=1).astype(np.float64))
    taxes = None if ledger.taxes is None else by_session(ledger.taxes.paid + ledger.taxes.withheld)
    found, before = [], ledger.capital
    for k in np.flatnonzero(counts).tolist():
        value = float(ledger.value[np.searchsorted(years, first + k, side="right") - 1])
        mean = float(values[k] / counts[k])
        net = float(paid_in[k] - withdrawn[k])
        found.append(
            AccountYear(
                year=first + k,
                rebalances=int(rebalances[k]),
                orders=int(placed[k]),
                traded=float(traded[k]),
                mean_value=mean,
                turnover=float(traded[k]) / mean if mean > 0.0 else None,
                costs=float(costs[k]),
                paid_in=float(paid_in[k]),
                withdrawn=float(withdrawn[k]),
                value=value,
                gain=value - before - net,
                taxes=None if taxes is None else float(taxes[k]),
            )
        )
        before = value
    return tuple(found)
