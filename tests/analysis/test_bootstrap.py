"""Intervals from the stationary bootstrap are those of arch, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap
from arch.bootstrap import optimal_block_length as arch_block_length

from engine.analysis.bootstrap import Bootstrap, PairedReturns, cagr_difference_intervals, optimal_block_length


def random_pair(sessions: int, persistence: float) -> PairedReturns:
    """Two portfolios whose returns differ by noise that remembers the day before."""
    rng = np.random.default_rng(sessions)
    shared, noise = rng.standard_t(4, sessions) * 0.007, rng.normal(0.0, 0.001, sessions)
    noise[1:] += persistence * noise[:-1]
    return PairedReturns(shared + noise + 0.0003, shared + 0.0002, sessions / 252)


@pytest.mark.parametrize("persistence", [0.0, 0.4, 0.9])
@pytest.mark.parametrize("sessions", [60, 61, 100, 500, 2264, 9000])
def test_block_length_and_interval_are_those_of_arch_to_the_bit(sessions: int, persistence: float) -> None:
    pair, terms = random_pair(sessions, persistence), Bootstrap(samples=100, seed=7, level=0.9)
    difference, years = pair.returns - pair.other_returns, pair.years
    block = float(arch_block_length(difference)["stationary"].iloc[0])
    assert optimal_block_length(difference) == block
    bootstrap = StationaryBootstrap(
        max(round(block), 1), np.log1p(pair.returns), np.log1p(pair.other_returns), seed=np.random.default_rng(7)
    )
    expected = bootstrap.conf_int(
        lambda mine, other: np.array([np.exp(mine.sum() / years) - np.exp(other.sum() / years)]),
        reps=100,
        method="percentile",
        size=0.9,
    )
    assert cagr_difference_intervals([pair], terms) == [tuple(expected[:, 0])]


def test_there_is_no_interval_where_there_is_too_little_to_draw_from() -> None:
    pair = random_pair(59, 0.0)
    assert cagr_difference_intervals([pair], Bootstrap()) == [None]
    lost = np.full(100, -1.0)
    assert cagr_difference_intervals([PairedReturns(lost, lost, 1.0)], Bootstrap()) == [None]


def test_a_portfolio_differs_from_itself_by_nothing() -> None:
    pair = random_pair(100, 0.0)
    assert cagr_difference_intervals([PairedReturns(pair.returns, pair.returns, 1.0)], Bootstrap()) == [(0.0, 0.0)]


def test_pairs_drawn_together_have_the_intervals_they_have_alone() -> None:
    pairs = [random_pair(sessions, persistence) for sessions in (59, 80, 200) for persistence in (0.0, 0.9)]
    together = cagr_difference_intervals(pairs, Bootstrap(samples=100))
    assert together == [cagr_difference_intervals([pair], Bootstrap(samples=100))[0] for pair in pairs]
    assert len(set(together)) == 5
