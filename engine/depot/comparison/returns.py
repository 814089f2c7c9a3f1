"""What an account earned: linked at its flows, and by the money that was in it."""

from __future__ import annotations

import numpy as np

from engine.analysis.metrics import cagr
from engine.analysis.money_weighted import dated_internal_rates
from engine.core.arrays import DateArray, FloatArray


def level(capital: float, value: FloatArray, before: FloatArray, flows: FloatArray) -> FloatArray | None:
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


def time_weighted(dates: DateArray, levels: FloatArray | None) -> tuple[float | None, float | None]:
    """Return the return of the whole time, and a year's; None where there is none."""
    if levels is None or levels[0] <= 0.0:
        return None, None
    days = float((dates[-1] - dates[0]).astype("timedelta64[D]").astype(np.int64))
    return float(levels[-1] / levels[0] - 1.0), cagr(levels, days) if days else None


def money_weighted(dates: DateArray, capital: float, value: FloatArray, flows: FloatArray) -> float | None:
    """Return the XIRR; None where there is none, or more than one."""
    pocket = -flows
    pocket[0] -= capital
    pocket[-1] += value[-1]
    paid = pocket != 0.0
    return dated_internal_rates(dates[paid], pocket[paid]).value if paid.any() else None
