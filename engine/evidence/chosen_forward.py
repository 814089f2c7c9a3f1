"""A walk forward through a sweep: each January the best so far is chosen and held for a year.

Everything is in sums of simple returns over periods of 21 sessions, which do not begin with a year: a year here is the
periods that end in it, and what is earned in it their sum, not compounded. The choice sees whole periods only, all of
which ended before the year begins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from engine.core.arrays import FloatArray, IntArray

_ROUNDING = 1e-12
"""A variance below this share of the mean square is rounding."""


def year_begins(years: IntArray, least: int) -> list[int]:
    """Return where each year begins among periods that end in ``years`` (n,), from the first with ``least`` before it.

    >>> year_begins(np.array([2001, 2001, 2002, 2002, 2003]), 2)
    [2, 4]
    """
    begins = (np.flatnonzero(np.diff(years)) + 1).tolist()
    return [begin for begin in begins if begin >= least]


def sharpe_of_periods(excess: FloatArray, periods_per_year: float) -> float | None:
    """Return mean over standard deviation (n - 1) of ``excess`` (n,) a year, None where there is none."""
    count = len(excess)
    if count < 2:
        return None
    mean = float(excess.sum()) / count
    variance = float(((excess - mean) * (excess - mean)).sum()) / (count - 1)
    if variance <= _ROUNDING * float((excess * excess).sum()) / count:
        return None
    return mean / math.sqrt(variance) * math.sqrt(periods_per_year)


@dataclass
class ForwardChoice:
    """The best variant so far at each beginning of a year, found slab by slab.

    ``begins`` (Y,) are periods; ``free`` (n,) the risk-free sums. ``rows`` (Y,) are the chosen variants, -1 for none,
    ``held`` (Y, n) their sums, ``total`` (n,) the sums of all variants, ``count`` how many these are.
    """

    begins: list[int]
    free: FloatArray
    count: int = 0
    rows: IntArray = field(init=False)
    highest: FloatArray = field(init=False)
    held: FloatArray = field(init=False)
    total: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing chosen."""
        years, periods = len(self.begins), len(self.free)
        self.rows, self.highest = np.full(years, -1), np.full(years, -np.inf)
        self.held, self.total = np.full((years, periods), np.nan), np.zeros(periods)

    def add(self, slab: FloatArray) -> None:
        """Look at the next variants, (n, W)."""
        ratios = squared_ratios(slab - self.free[:, None] if self.free.any() else slab, self.begins)
        for year, at in enumerate(np.argmax(ratios, axis=1).tolist()):
            if ratios[year, at] > self.highest[year]:
                self.highest[year], self.rows[year] = ratios[year, at], self.count + at
                self.held[year] = slab[:, at]
        self.total += slab.sum(axis=1)
        self.count += slab.shape[1]

    @property
    def average(self) -> FloatArray:
        """(n,) the mean of all variants' sums."""
        return self.total / self.count

    @property
    def chosen(self) -> FloatArray:
        """(n - begins[0],) the sums of the one that is held, from the first choice on."""
        ends = [*self.begins[1:], len(self.free)]
        parts = zip(self.held, self.begins, ends, strict=True)
        return np.concatenate([held[begin:end] for held, begin, end in parts])


def squared_ratios(excess: FloatArray, begins: list[int]) -> FloatArray:
    """Return (Y, W) what rises with the Sharpe ratio of ``excess`` (n, W) before each beginning; -inf without one.

    With S the sum and Q that of squares of m periods it is sign(S) S^2 / (Q - S^2 / m), which needs no root.
    """
    counts = np.array(begins, dtype=np.float64)[:, None]
    sums, squares = np.empty((2, len(begins), excess.shape[1]))
    for year, (begin, end) in enumerate(pairwise([0, *begins])):
        part = excess[begin:end]
        np.add.reduce(part, axis=0, out=sums[year])
        np.add.reduce(part * part, axis=0, out=squares[year])
    np.add.accumulate(sums, axis=0, out=sums)
    np.add.accumulate(squares, axis=0, out=squares)
    spread = squares - sums * sums / counts
    with np.errstate(all="ignore"):
        ratios = np.where(spread > _ROUNDING * squares, sums * np.abs(sums) / spread / counts, -np.inf)
    return np.asarray(ratios)
