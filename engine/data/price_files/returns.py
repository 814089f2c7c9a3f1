"""Returns in place of prices: recognised, and chained to closes where their owner says so."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import DateArray, FloatArray
from engine.core.errors import DataError

RETURNS_REMEDY: Final = (
    "write `values: returns` in data.source (with `scale: 0.01` for percent), or convert them: "
    "price = previous price x (1 + return)"
)
_MANY: Final = 0.05
_LARGE: Final = 0.5


def look_like_returns(values: FloatArray) -> bool:
    """Tell whether numbers that should be prices go below 0 too often for a fault of single cells."""
    printed = values[~np.isnan(values)]
    return len(printed) > 2 and bool((printed < 0.0).mean() > _MANY) and bool((printed > 0.0).any())


def chain_returns(where: str, days: DateArray, returns: FloatArray, scale: float | None) -> FloatArray:
    """Return (T,) closes of which ``returns`` are the changes; NaN where there is no return.

    Parameters
    ----------
    where : file and ticker, for messages
    days : (T,) rising
    returns : (T,) simple returns [fraction, or of ``scale``]
    scale : what they are multiplied by to be fractions; None where nobody says

    Raises
    ------
    DataError
        When a return loses everything, or so many are so large that they are percent.

    """
    fractions = returns * (scale or 1.0)
    wrong = np.flatnonzero(~np.isnan(fractions) & ~((fractions > -1.0) & np.isfinite(fractions)))
    if len(wrong):
        at = wrong[0]
        remedy = "write `scale: 0.01` if they are percent" if scale is None else "correct it or leave it empty"
        raise DataError(f"{where} on {days[at]}: found the return {returns[at]:g}, expected one above -1; {remedy}")
    printed = np.abs(fractions[~np.isnan(fractions)])
    if scale is None and len(printed) and np.quantile(printed, 0.9) > _LARGE:
        message = f"found returns as large as {printed.max():g}, which may be percent"
        raise DataError(f"{where}: {message}; write `scale: 0.01` in data.source if they are, else `scale: 1`")
    closes = np.cumprod(1.0 + np.nan_to_num(fractions), dtype=np.float64)
    return np.where(np.isnan(fractions), np.nan, closes)
