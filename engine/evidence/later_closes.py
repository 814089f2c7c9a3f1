"""Markets whose closes after a session are others: what a certificate of no look-ahead runs a plan over (S2)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, read_only
from engine.data.market import Market

Replacement: TypeAlias = Literal["missing", "times 1000", "reversed"]
REPLACEMENTS: Final[Mapping[Replacement, str]] = {
    "missing": "missing",
    "times 1000": "multiplied by 1000",
    "reversed": "in reverse order",
}
"""What becomes of every close after t, in words."""


def replace_later_closes(market: Market, row: int, replacement: Replacement) -> Market:
    """Return ``market`` with every close after ``row``, and the dividends beside them, replaced.

    ``missing``: lives end at ``row``. Otherwise assets print when they did, other closes: those times 1000, or each
    asset's in reverse order. A close that is carried on past ``row`` is an earlier one, and stays.
    """
    later = slice(row + 1, None)
    listed, age = market.listed.copy(), market.age.copy()
    closes, fresh = market.prices[later].copy(), market.fresh[later]
    dividends = None if market.dividends is None else market.dividends.copy()
    if replacement == "missing":
        since = np.arange(1, len(closes) + 1)[:, None]
        listed[later], fresh = False, np.zeros_like(fresh)
        age[later] = np.where(age[row] >= 0, age[row] + since, -1)
        if dividends is not None:
            dividends[later] = 0.0
    else:
        for array in (closes, None if dividends is None else dividends[later]):
            if array is not None:
                _replace_printed(array, fresh, replacement)
    prices = np.concatenate([market.prices[: row + 1], _carry_on(market.prices[row], closes, fresh)])
    return dataclasses.replace(
        market,
        prices=read_only(prices),
        listed=read_only(listed),
        age=read_only(age),
        dividends=None if dividends is None else read_only(dividends),
    )


def _replace_printed(array: FloatArray, fresh: BoolArray, replacement: Replacement) -> None:
    """Replace the numbers of ``array`` (T, N) beside a close, in place."""
    if replacement == "times 1000":
        array[fresh] *= 1000.0
        return
    for j in range(array.shape[1]):
        printed = np.flatnonzero(fresh[:, j])
        array[printed, j] = array[printed[::-1], j]


def _carry_on(before: FloatArray, closes: FloatArray, fresh: BoolArray) -> FloatArray:
    """Return ``closes`` (T, N) where they are ``fresh``, the last one known elsewhere, at first ``before`` (N,)."""
    known = np.concatenate([before[None], closes])
    last = np.maximum.accumulate(np.where(fresh, np.arange(1, len(known))[:, None], 0), axis=0)
    return np.take_along_axis(known, last, axis=0)
