"""What accounts earned: linked at their flows, and by the money that was in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from engine.analysis.metrics import cagr
from engine.analysis.money_weighted import dated_internal_rates
from engine.core.arrays import DateArray, FloatArray
from engine.core.conventions import CASH_DAYS_PER_YEAR
from engine.core.powers import power
from engine.depot.comparison.own_account import OwnAccount
from engine.depot.comparison.plan_account import PlanRun
from engine.depot.comparison.records import ComparedFigure

_YEAR: Final = 365


def compare_figures(
    dates: DateArray, own: OwnAccount, runs: tuple[PlanRun, PlanRun | None], flows: FloatArray
) -> tuple[ComparedFigure, ...]:
    """Return the figures of one's own account, of the plan, and of the plan after tax where it is taxed.

    Returns of less than a year are those of the whole time: what a few weeks would make of a year says nothing.
    """
    capital, paid, outside = float(own.opening_value), float(flows.sum()), np.zeros(len(dates))
    sides = [(own.value, own.before, outside)]
    for run in runs:
        if run is not None:
            taxes = run.ledger.taxes
            sides.append((run.value, run.before, outside if taxes is None else taxes.outside[run.skip :]))
    days = int((dates[-1] - dates[0]).astype("timedelta64[D]").astype(np.int64))
    whole, yearly, rates = [], [], []
    for value, before, paid_outside in sides:
        linked = _time_weighted(dates, _level(capital, value, before, flows))
        rate = _money_weighted(dates, capital, value, flows + paid_outside)
        whole.append(linked[0])
        yearly.append(linked[1])
        rates.append(rate if rate is None or days >= _YEAR else power(1.0 + rate, days / CASH_DAYS_PER_YEAR) - 1.0)
    final = [float(value[-1]) - float(paid_outside.sum()) for value, _, paid_outside in sides]
    put_in: list[float | None] = [capital + paid for _ in sides]
    figures = [
        _figure("value at the end", "money", [*final]),
        _figure("there at the start and paid in since", "money", put_in),
        _figure("gain", "money", [one - capital - paid for one in final]),
        _figure("time-weighted return", "percent", whole),
    ]
    if days >= _YEAR:
        figures.append(_figure("time-weighted, a year", "percent", yearly))
    figures.append(_figure("money-weighted, a year" if days >= _YEAR else "money-weighted return", "percent", rates))
    return tuple(figures)


def _figure(label: str, kind: Literal["percent", "money"], values: Sequence[float | None]) -> ComparedFigure:
    return ComparedFigure(label, values[0], values[1], kind, values[2] if len(values) > 2 else None)


def _level(capital: float, value: FloatArray, before: FloatArray, flows: FloatArray) -> FloatArray | None:
    """Return (T+1,) what ``capital`` became without flows, linked at each (S12); None where nothing was there once.

    ``value`` (T,) at closes; ``flows`` (T,) in, or out where negative; ``before`` (T,) a flow and any trade of its
    session.
    """
    levels, last = [capital, float(value[0])], capital
    for t in range(len(value)):
        if t:
            growth = float(value[t]) / last
            if flow := float(flows[t]):
                base = float(before[t]) + max(flow, 0.0)
                if base <= 0.0:
                    return None
                growth = float(before[t]) / last * ((float(value[t]) - min(flow, 0.0)) / base)
            levels.append(levels[-1] * growth)
        last = float(value[t])
        if last <= 0.0:
            return None
    return np.array(levels)


def _time_weighted(dates: DateArray, levels: FloatArray | None) -> tuple[float | None, float | None]:
    """Return the return of the whole time, and a year's; None where there is none."""
    if levels is None or levels[0] <= 0.0:
        return None, None
    days = float((dates[-1] - dates[0]).astype("timedelta64[D]").astype(np.int64))
    return float(levels[-1] / levels[0] - 1.0), cagr(levels, days) if days else None


def _money_weighted(dates: DateArray, capital: float, value: FloatArray, flows: FloatArray) -> float | None:
    """Return the XIRR; None where there is none, or more than one."""
    pocket = -flows
    pocket[0] -= capital
    pocket[-1] += value[-1]
    paid = pocket != 0.0
    return dated_internal_rates(dates[paid], pocket[paid]).value if paid.any() else None
