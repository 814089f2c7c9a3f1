"""How sure ranks are: several series drawn together again and again, and ranked each time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.analysis.bootstrap import Evidence, block_lengths, mean_block_length
from engine.core.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class RankSpread:
    """The rank of one of K, 1 the highest, and what becomes of it in other histories.

    ``probabilities`` (K,) of every rank, ``low`` to ``high`` those that hold it at the level of confidence.
    """

    rank: int
    probabilities: tuple[float, ...]
    low: int
    high: int


def draw_growth(returns: FloatArray, openings: FloatArray, years: FloatArray, terms: Evidence) -> FloatArray:
    """Return (draws, K) growth factors a year of ``returns`` (n, K), the same sessions drawn for all of them.

    Sessions are drawn in blocks of random length (Politis and Romano 1994, doi:10.1080/01621459.1994.10476870). A
    return is 0 where a column has none: it earns nothing there and in the draws of that session. Every draw contains
    the ``openings`` (K,), factors of the purchases at the beginning. ``years`` (K,) are those of each column.
    """
    from engine.simulation.kernel.resample import fill_resampled_together  # noqa: PLC0415  (compiles)
    from engine.simulation.kernel.valuation import elementwise_power  # noqa: PLC0415

    width, factors = returns.shape[1], 1.0 + returns
    products = np.multiply.accumulate(np.concatenate((np.ones((1, width)), factors, factors)), axis=0)
    drawn = np.empty((terms.draws, width))
    fill_resampled_together(drawn, openings, products, block_lengths(_block_length(returns)), terms.seed)
    powers = (np.full(terms.draws, 1.0 / one) for one in years.tolist())
    columns = (np.ascontiguousarray(column) for column in drawn.T)
    return np.column_stack([elementwise_power(*pair) for pair in zip(columns, powers, strict=True)])


def _block_length(returns: FloatArray) -> float:
    """Return the longest of the block lengths that the columns' differences to their mean ask for."""
    apart = returns - returns.sum(axis=1, keepdims=True) / returns.shape[1]
    return max(mean_block_length(np.ascontiguousarray(column)) for column in apart.T)


def rank_all(values: FloatArray) -> IntArray:
    """Return the rank of each of ``values`` (..., K) among the last axis, 1 the highest; equal ones share one.

    >>> rank_all(np.array([0.1, 0.3, 0.1])).tolist()
    [2, 1, 2]
    """
    above = values[..., None, :] > values[..., :, None]
    ranks: IntArray = 1 + above.sum(axis=-1)
    return ranks


def spread_ranks(figures: FloatArray, drawn: FloatArray, level: float) -> list[RankSpread]:
    """Return the ranks of ``figures`` (K,) and their spreads among ``drawn`` (draws, K) ones."""
    ranks, others = rank_all(figures), rank_all(drawn)
    count, draws = len(figures), len(drawn)
    spreads = []
    for column in range(count):
        shares = np.bincount(others[:, column], minlength=count + 1)[1:]
        tail = math.floor(0.5 * (1.0 - level) * draws)
        reached = np.cumsum(shares)
        low, high = int((reached <= tail).sum()) + 1, int((reached < draws - tail).sum()) + 1
        chances = tuple(int(share) / draws for share in shares)
        spreads.append(RankSpread(int(ranks[column]), chances, low, high))
    return spreads
