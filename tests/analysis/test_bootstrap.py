"""Intervals from the stationary bootstrap: against arch, against what opening costs are known to do, and where none is."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap
from arch.bootstrap import optimal_block_length as arch_block_length

from engine.analysis.bootstrap import (
    Evidence,
    PairedReturns,
    block_length,
    cagr_difference_interval,
    optimal_block_length,
)
from tests.support.markets import lcg_returns


def random_pair(sessions: int, persistence: float, openings: tuple[float, float] = (1.0, 1.0)) -> PairedReturns:
    """Two portfolios whose returns differ by noise that remembers the day before."""
    rng = np.random.default_rng(sessions)
    shared, noise = rng.standard_t(4, sessions) * 0.007, rng.normal(0.0, 0.001, sessions)
    noise[1:] += persistence * noise[:-1]
    return PairedReturns(shared + noise + 0.0003, shared + 0.0002, sessions / 252, openings)


def interval(pair: PairedReturns, **terms: float) -> tuple[float, float] | None:
    """Return the interval of a pair's own difference."""
    growth, other = pair.growth
    return cagr_difference_interval(pair, growth - other, Evidence(**terms)).bounds


@pytest.mark.parametrize("persistence", [0.0, 0.4, 0.9])
@pytest.mark.parametrize("sessions", [60, 61, 100, 500, 2264, 9000])
def test_the_block_length_is_that_of_arch(sessions: int, persistence: float) -> None:
    """Another program finds the same length of blocks for the same series."""
    pair = random_pair(sessions, persistence)
    difference = pair.returns - pair.other_returns
    expected = float(arch_block_length(difference)["stationary"].iloc[0])
    assert optimal_block_length(difference) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("persistence", [0.0, 0.9])
@pytest.mark.parametrize("sessions", [60, 2264])
def test_the_circular_block_length_is_that_of_arch(sessions: int, persistence: float) -> None:
    """Blocks of one length are longer, but for the longest that are allowed."""
    pair = random_pair(sessions, persistence)
    difference = pair.returns - pair.other_returns
    expected = float(arch_block_length(difference)["circular"].iloc[0])
    assert optimal_block_length(difference, circular=True) == pytest.approx(expected, rel=1e-9)


def autoregression(noise: np.ndarray, persistence: float) -> np.ndarray:
    """A series of first order, which begins with its first noise."""
    series = noise.copy()
    for t in range(1, len(series)):
        series[t] += persistence * series[t - 1]
    return series


PUBLISHED_LENGTHS = {
    (0, 10_100, 100, 0.3): (13.635665, 15.60894),
    (1, 2_100, 100, 0.0): (0.77969102, 0.89252342),
    (1, 2_100, 100, 0.1): (4.27825703, 4.89738176),
    (1, 2_100, 100, 0.5): (13.76947093, 15.76210948),
    (1, 2_100, 100, 0.9): (58.50333544, 66.96960131),
}


@pytest.mark.parametrize("case", PUBLISHED_LENGTHS)
def test_block_lengths_are_the_published_ones(case: tuple[int, int, int, float]) -> None:
    """Autoregressions of numpy's old generator have the lengths that arch's own tests print."""
    seed, count, dropped, persistence = case
    series = autoregression(np.random.RandomState(seed).standard_normal(count), persistence)[dropped:]
    found = optimal_block_length(series), optimal_block_length(series, circular=True)
    assert found == pytest.approx(PUBLISHED_LENGTHS[case], rel=1e-6)


def test_block_lengths_of_the_published_columns() -> None:
    """The first two columns of the generator that needs no file, as they are and with memory."""
    columns = lcg_returns()[:, :2].T
    assert [optimal_block_length(of) for of in columns] == pytest.approx([0.3859065636, 0.4941876885], rel=1e-8)
    filtered = [autoregression(of, phi) for of, phi in zip(columns, (0.3, -0.2), strict=True)]
    assert [optimal_block_length(of) for of in filtered] == pytest.approx([4.5956708325, 4.5952471841], rel=1e-8)


def test_draws_are_those_of_arch_but_for_the_seed() -> None:
    """Percentiles of 20,000 draws are those of arch, whose draws come from another generator."""
    pair = random_pair(756, 0.4, (0.99, 0.995))
    years = pair.years
    bootstrap = StationaryBootstrap(
        block_length(pair), np.log1p(pair.returns), np.log1p(pair.other_returns), seed=np.random.default_rng(7)
    )
    theirs = bootstrap.apply(
        lambda mine, other: np.array(
            [0.99 ** (1 / years) * np.exp(mine.sum() / years) - 0.995 ** (1 / years) * np.exp(other.sum() / years)]
        ),
        reps=4000,
    )
    found = interval(pair, draws=20_000, level=0.9)
    assert found is not None
    assert np.percentile(theirs, [5.0, 95.0]) == pytest.approx(found, abs=0.12 * theirs.std())


def test_opening_costs_are_in_every_draw() -> None:
    """A certain loss at the opening moves the interval by what it moves the difference."""
    cheap, dear = random_pair(504, 0.0), random_pair(504, 0.0, (0.9406, 0.9901))
    for pair in (cheap, dear):
        bounds = interval(pair)
        growth, other = pair.growth
        assert bounds is not None
        assert bounds[0] < growth - other < bounds[1]
    alike = PairedReturns(dear.other_returns, dear.other_returns, 2.0, dear.openings)
    bounds = interval(alike)
    assert bounds is not None
    assert bounds[0] < bounds[1] < -0.01  # the same days, so nothing but the certain loss differs


def test_a_missing_interval_says_its_true_reason() -> None:
    """Too few sessions are not a total loss."""
    pair = random_pair(59, 0.0)
    assert cagr_difference_interval(pair, 0.0, Evidence()).missing == "too few sessions for an interval"
    assert interval(random_pair(60, 0.0), draws=100) is not None
    lost = np.full(100, -1.0)
    assert "lost everything" in cagr_difference_interval(PairedReturns(lost, lost, 1.0), 0.0, Evidence()).missing


def test_a_portfolio_differs_from_itself_by_nothing() -> None:
    """The same returns from the same opening have an interval of zero width, and so have two equal lines."""
    pair = random_pair(100, 0.0)
    assert interval(PairedReturns(pair.returns, pair.returns, 1.0)) == (0.0, 0.0)
    line = np.full(300, 3e-4)
    assert interval(PairedReturns(line, line + 1e-17, 1.2)) == (0.0, 0.0)


def test_lines_differ_by_what_they_differ() -> None:
    """Constant growth has no spread: both bounds are the difference."""
    pair = PairedReturns(np.full(300, 4e-4), np.full(300, 3e-4), 1.2)
    growth, other = pair.growth
    assert interval(pair, draws=100) == (growth - other, growth - other)
