"""Array aliases with shapes and units, and the glossary of symbols.

========  ==========================================================================
symbol    meaning
========  ==========================================================================
``T``     sessions of the market
``N``     assets, always in the sorted order of their tickers (S4)
``R``     events: orders filled together for one reason; a session can have several
``S``     variants of a sweep
``w``     weights: money in an asset / value of the account [fraction]
``h``     holdings: money in each asset just before trading [currency]
``x``     trades: signed money, bought positive [currency]
``V``     value of the account before trading, ``V1`` after costs [currency]
``C``     cost of a vector of trades [currency]
``Sigma`` covariance of returns [1/year]
========  ==========================================================================

All numbers are float64, C-contiguous; arrays of a frozen record are read-only. Cash is a scalar beside the assets.
"""

from __future__ import annotations

import math
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
"""Any float64 array; the docstring beside it gives shape and unit."""

BoolArray: TypeAlias = npt.NDArray[np.bool_]
"""A mask; True means the statement of its name holds."""

IntArray: TypeAlias = npt.NDArray[np.int64]
"""Row numbers or counts."""

ByteArray: TypeAlias = npt.NDArray[np.uint8]
"""Bits, eight to an entry."""

DateArray: TypeAlias = npt.NDArray[np.datetime64]
"""(T,) naive session dates, ``datetime64[D]``, strictly increasing."""

Scalar = TypeVar("Scalar", bound=np.generic)
NumberT = TypeVar("NumberT", bound=float)


def read_only(array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """Return ``array`` C-contiguous and read-only; copies only when it must."""
    result = array.view() if array.flags.c_contiguous else np.ascontiguousarray(array)
    result.setflags(write=False)
    return result


def finite_or_none(number: NumberT | None) -> NumberT | None:
    """Return ``number`` as it is, or None for NaN, an infinity and None."""
    return number if number is not None and math.isfinite(number) else None
