"""Steps along an axis, and the best so far among variants that all lose, on a few numbers."""

from __future__ import annotations

import numpy as np

from engine.evidence.chosen_forward import ForwardChoice, squared_ratios
from engine.evidence.plateau import axis_steps, worst_neighbours
from tests.support.sweeps import sweeping


def test_of_variants_that_lose_the_one_with_the_highest_sharpe_ratio_is_chosen() -> None:
    """What ranks them has the order of their Sharpe ratios, those below zero among them, slab after slab."""
    slab = np.random.default_rng(3).normal(-0.4, 1.0, (36, 20))
    slab[:, 7] = 0.25  # does not vary: it has no ratio
    begins = [12, 24]
    with np.errstate(divide="ignore"):
        sharpe = np.array([slab[:begin].mean(axis=0) / slab[:begin].std(axis=0, ddof=1) for begin in begins])
    sharpe[:, 7] = -np.inf
    assert (np.argsort(squared_ratios(slab, begins), axis=1) == np.argsort(sharpe, axis=1)).all()
    choice = ForwardChoice(begins, np.zeros(36))
    choice.add(slab[:, :11])
    choice.add(slab[:, 11:])
    assert choice.rows.tolist() == sharpe.argmax(axis=1).tolist()
    first, second = choice.rows.tolist()
    assert (choice.chosen == np.concatenate([slab[12:24, first], slab[24:, second]])).all()
    np.testing.assert_allclose(choice.average, slab.mean(axis=1), atol=1e-15)


def test_a_step_goes_both_ways_and_months_are_a_circle() -> None:
    """The worst neighbour of every point of two axes, by hand."""
    sweep = sweeping("\n  axes:\n    strategy.core.SIZE: [5%, 15%, 10%]\n    strategy.rebalance.month: all\n")
    figures = np.random.default_rng(5).normal(size=(3, 12))
    figures[1, 4] = np.nan  # no variant
    near = {0: [2], 1: [2], 2: [0, 1]}  # 5 % and 15 % are both beside 10 %
    for size in range(3):
        for month in range(12):
            around = [figures[other, month] for other in near[size]]
            around += [figures[size, (month - 1) % 12], figures[size, (month + 1) % 12]]
            found = worst_neighbours(sweep.space, axis_steps(sweep.space), figures.ravel()).reshape(3, 12)
            assert found[size, month] == np.nanmin(around)
