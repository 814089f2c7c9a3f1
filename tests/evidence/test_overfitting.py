"""The probability of backtest overfitting is that of its paper, of a second library and of all halves written out."""

from __future__ import annotations

import math
import warnings
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.evidence import overfitting
from engine.evidence.overfitting import (
    Overfitting,
    cut_periods,
    half_masks,
    probability_of_overfitting,
    sum_blocks,
)
from tests.support.markets import lcg_returns
from tests.support.split_halves import cross_validate


def overfitting_of(returns: np.ndarray, blocks: int, threads: int = 1) -> Overfitting | None:
    begins = cut_periods(len(returns), blocks)
    return probability_of_overfitting(*sum_blocks(returns, begins), np.diff(begins), threads)


PUBLISHED = {
    4: (6, 0.5, 0.3333333, -0.6648321031, -0.5107875242),
    6: (20, 0.7, 0.5, -1.1186977051, -0.7141094175),
    8: (70, 0.6714285714, 0.3142857, -0.7024624581, -0.5938389778),
    12: (924, 0.6645021645, 0.3560606, -1.2652564065, -0.4822990534),
}
"""Splits, probability, probability of a loss, slope and mean logit of the synthetic returns, by the number of blocks."""


@pytest.mark.parametrize("blocks", PUBLISHED)
def test_the_synthetic_returns_have_their_figures(blocks: int) -> None:
    found, (splits, probability, loss, slope, logit) = overfitting_of(lcg_returns(), blocks), PUBLISHED[blocks]
    assert found.splits == splits
    assert found.probability == pytest.approx(probability, abs=5e-11)
    assert found.loss_probability == pytest.approx(loss, abs=5e-8)
    assert found.slope == pytest.approx(slope, abs=1e-10)  # of four blocks the last printed digit is one off
    assert found.slope == pytest.approx(cross_validate(lcg_returns(), blocks).slope, rel=1e-11)
    assert found.mean_logit == pytest.approx(logit, abs=5e-11)


def test_nine_variants_tell_the_two_conventions_of_ranks_apart() -> None:
    """The paper's rank / (N + 1) gives 0.66 where rank / N gives 0.49."""
    nine = lcg_returns()[:, :9]
    assert overfitting_of(nine, 8).probability == pytest.approx(0.6571428571, abs=5e-11)
    assert cross_validate(nine, 8, above=0).probability == pytest.approx(0.4857142857, abs=5e-11)


@pytest.mark.parametrize("blocks", [4, 8, 12])
def test_a_reversed_history_is_overfit_as_much(blocks: int) -> None:
    forward, backward = overfitting_of(lcg_returns(), blocks), overfitting_of(lcg_returns()[::-1], blocks)
    assert backward.probability == forward.probability
    assert backward.mean_logit == forward.mean_logit
    assert backward.slope == pytest.approx(forward.slope, rel=1e-10)


def test_a_variant_five_deviations_better_everywhere_is_never_overfit() -> None:
    returns = lcg_returns()
    returns[:, 3] += 5.0 * returns[:, 3].std()
    found = overfitting_of(returns, 8)
    assert (found.probability, found.loss_probability) == (0.0, 0.0)
    assert found.mean_logit == pytest.approx(math.log(10.0), rel=1e-14)


@pytest.mark.parametrize("variants", [10, 9])
def test_noise_is_overfit_half_of_the_time(variants: int) -> None:
    """(N + 1) / (2 N) of the time where N is odd, as the middle itself counts; 400 histories, within three errors."""
    rng = np.random.default_rng(8)
    found = [overfitting_of(rng.standard_normal((48, variants)), 6).probability for _ in range(400)]
    expected = 0.5 if variants % 2 == 0 else (variants + 1) / (2 * variants)
    assert np.mean(found) == pytest.approx(expected, abs=3.0 * np.std(found) / 20.0)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    half=st.integers(1, 4),
    variants=st.integers(2, 30),
    more=st.integers(0, 7),
    copies=st.booleans(),
)
def test_all_figures_are_those_of_halves_written_out(seed, half, variants, more, copies) -> None:
    """Also where blocks are not of one length, and where variants are equal: the first is chosen, in the middle."""
    rng, blocks = np.random.default_rng(seed), 2 * half
    returns = 0.01 * rng.standard_normal((3 * blocks + more, variants)) + 0.002
    if copies:
        returns = returns[:, rng.integers(0, max(variants // 2, 1), variants)]
    found, expected = overfitting_of(returns, blocks), cross_validate(returns, blocks)
    assert found.splits == math.comb(blocks, half)
    assert found.probability == expected.probability
    assert found.loss_probability == expected.loss_probability
    assert found.mean_logit == pytest.approx(expected.mean_logit, rel=1e-10, abs=1e-12)
    if half > 1:
        assert found.slope == pytest.approx(expected.slope, rel=1e-6, abs=1e-8)


def test_sixteen_blocks_are_those_of_a_matrix_of_all_halves() -> None:
    """The paper's number of blocks, 12,870 splits of twenty variants, by means and mean squares of blocks of five."""
    returns = np.random.default_rng(16).standard_normal((80, 20))
    found, parts = overfitting_of(returns, 16), returns.reshape(16, 5, 20)
    halves = np.array([[b in half for b in range(16)] for half in combinations(range(16), 8)], dtype=float)
    mean, square = halves @ parts.mean(axis=1) / 8.0, halves @ (parts**2).mean(axis=1) / 8.0
    ratios = mean / np.sqrt((square - mean**2) * 40.0 / 39.0)
    best, other = ratios.argmax(axis=1), ratios[::-1]  # the other half of the first is the last
    held = np.take_along_axis(other, best[:, None], axis=1)
    w = (other < held).sum(axis=1) + 1.0
    logits = np.log(w / (21.0 - w))
    assert (found.splits, found.probability) == (12_870, (logits <= 0.0).mean())
    assert found.loss_probability == (held < 0.0).mean()
    assert found.mean_logit == pytest.approx(logits.mean(), rel=1e-10)
    slope = np.polyfit(ratios.max(axis=1), held[:, 0], 1)[0]
    assert found.slope == pytest.approx(slope, rel=1e-8)


@pytest.mark.slow  # ffn takes seconds to be imported
@pytest.mark.parametrize("blocks", [4, 8])
def test_the_probability_is_that_of_a_second_library(blocks: int) -> None:
    """ffn's, whose conventions are these; of ten variants, of nine, and of nine with equals among them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ffn = pytest.importorskip("ffn", reason="ffn comes with bt, of the test environment")
        import pandas as pd
    for columns in (range(10), range(9), (0, 7, 7, 3, 7, 3, 0, 1, 2)):
        returns = lcg_returns()[:, columns]
        theirs = ffn.core.calc_prob_backtest_overfitting(pd.DataFrame(returns), n_blocks=blocks, full_output=True)
        ours = overfitting_of(returns, blocks)
        assert ours.probability == theirs["pbo"]
        assert ours.mean_logit == pytest.approx(theirs["logits"].mean(), rel=1e-12)


@pytest.fixture(scope="module")
def thousand() -> np.ndarray:
    """Returns of 1,003 variants, many of which are equal, in the order of their Sharpe ratios: the hardest to search."""
    rng = np.random.default_rng(12)
    returns = (0.01 * (rng.standard_normal((40, 1)) + 0.3 * rng.standard_normal((40, 400))))[
        :, rng.integers(0, 400, 1003)
    ]
    return returns[:, np.argsort(returns.mean(axis=0) / returns.std(axis=0), kind="stable")]


@pytest.mark.parametrize(("threads", "slab"), [(2, 8), (3, 64), (1, 504), (7, 4096)])
def test_no_bit_depends_on_threads_and_slabs(thousand, threads: int, slab: int, monkeypatch) -> None:
    expected = overfitting_of(thousand, 8)
    monkeypatch.setattr(overfitting, "_SLAB", slab)
    assert overfitting_of(thousand, 8, threads) == expected


def test_a_thousand_variants_are_those_of_halves_written_out(thousand) -> None:
    found, expected = overfitting_of(thousand, 8, threads=2), cross_validate(thousand, 8)
    assert found.probability == expected.probability
    assert found.mean_logit == pytest.approx(expected.mean_logit, rel=1e-10)


@pytest.mark.parametrize(("variants", "slab", "threads"), [(60, 8, 1), (60, 8, 3), (60, 8, 7), (1003, 4096, 1), (1003, 520, 2)])  # fmt: skip
@pytest.mark.parametrize(
    "seed", [0, 1, 2, 7, 32]
)  # of the last two a ratio times its squares is not the product it is of
def test_of_equals_the_first_is_chosen_whatever_it_does_later(seed, variants, slab, threads, monkeypatch) -> None:
    """Variants that are copies of six in one half of the history, and not in the other, in any slabs.

    None of the first eight is a copy of the best: a search that begins with some of each slab meets a later one first.
    """
    monkeypatch.setattr(overfitting, "_SLAB", slab)
    rng = np.random.default_rng(seed)
    six = rng.standard_normal((20, 6))
    six = six[:, np.argsort(six.mean(axis=0) / six.std(axis=0))]
    copies = rng.integers(0, 6, variants)
    copies[:8] = 0
    returns = np.concatenate((six[:, copies], rng.standard_normal((20, variants))))
    found, expected = overfitting_of(returns, 2, threads), cross_validate(returns, 2)
    assert (found.probability, found.loss_probability) == (expected.probability, expected.loss_probability)
    assert found.mean_logit == pytest.approx(expected.mean_logit, rel=1e-10)
    assert found.slope == pytest.approx(expected.slope, rel=1e-6)


def test_sums_of_a_block_do_not_depend_on_the_variants_beside() -> None:
    returns, begins = lcg_returns(), cut_periods(240, 7)
    whole = sum_blocks(returns, begins)
    alone = sum_blocks(returns[:, 4:5], begins)
    assert [table[:, 4].tolist() for table in whole] == [table[:, 0].tolist() for table in alone]
    assert whole[0].sum(axis=0) == pytest.approx(returns.sum(axis=0), rel=1e-12)
    assert whole[1].sum(axis=0) == pytest.approx((returns**2).sum(axis=0), rel=1e-12)


def test_every_half_is_there_once() -> None:
    masks = half_masks(4).tolist()
    assert sorted(masks) == sorted(sum(1 << b for b in half) for half in combinations(range(8), 4))


@pytest.mark.parametrize(("periods", "blocks"), [(16, 16), (37, 16), (100, 7)])
def test_blocks_have_all_periods_and_one_more_or_less(periods: int, blocks: int) -> None:
    lengths = np.diff(cut_periods(periods, blocks))
    assert (lengths.sum(), len(lengths)) == (periods, blocks)
    assert lengths.max() - lengths.min() <= 1


def test_a_variant_of_which_a_number_is_missing_takes_no_part() -> None:
    returns = lcg_returns()
    broken = np.insert(returns, 3, np.nan, axis=1)
    broken = np.insert(broken, 0, np.inf, axis=1)
    broken[30, 0] = 0.01
    assert overfitting_of(broken, 8) == overfitting_of(returns, 8)


def test_of_fewer_than_two_variants_there_is_no_probability() -> None:
    assert overfitting_of(lcg_returns()[:, :1], 8) is None
    assert overfitting_of(np.full((240, 3), np.nan), 8) is None


@pytest.mark.parametrize("blocks", [3, 22])
def test_blocks_that_cannot_be_halved_are_refused(blocks: int) -> None:
    with pytest.raises(ValueError, match=f"{blocks} blocks; an even number from 2 to 20 is expected"):
        overfitting_of(lcg_returns(), blocks)


def test_money_that_earns_nothing_has_a_ratio_of_nothing() -> None:
    """It is better than all that lose and worse than all that gain; chosen where nothing gains, it has no slope."""
    losing = -0.01 - 0.001 * np.random.default_rng(2).random((40, 5))
    idle = np.column_stack((losing, np.zeros(40)))
    found = overfitting_of(idle, 4)
    assert (found.probability, found.loss_probability, found.slope) == (0.0, 0.0, None)
    gaining = np.column_stack((-losing, np.zeros(40)))
    assert overfitting_of(gaining, 4).loss_probability == 0.0


def test_what_rises_without_a_pause_is_the_best() -> None:
    """The same return in every period has no variance: the best wherever it is, and there is no slope."""
    returns = np.column_stack((lcg_returns(), np.full(240, 0.0078125)))
    found = overfitting_of(returns, 8)
    assert (found.probability, found.slope) == (0.0, None)


def test_one_choice_without_variance_leaves_no_slope() -> None:
    """A variant that rises without a pause in the first half of the history, chosen there and nowhere else."""
    returns = lcg_returns()
    returns[:120, 0] = 0.0078125
    found = overfitting_of(returns, 2)
    assert (found.splits, found.slope) == (2, None)


@pytest.mark.parametrize("seed", range(4))
def test_the_first_that_earns_nothing_is_chosen_where_all_others_lose(seed: int) -> None:
    """600 variants of which a sixth are idle in the first half, the eighth the first of them; figures by hand."""
    rng = np.random.default_rng(seed)
    later, idle = rng.standard_normal((20, 600)), rng.random(600) < 1.0 / 6.0
    idle[:8], idle[8], idle[512] = False, True, True
    first = np.where(idle, 0.0, -1.0 - rng.random((20, 600)))
    found = overfitting_of(np.concatenate((first, later)), 2)
    ratios = later.mean(axis=0) / later.std(axis=0)
    early = np.where(idle, 0.0, first.mean(axis=0) / np.where(idle, 1.0, first.std(axis=0)))
    best = int(ratios.argmax())
    ranks = [
        (ratios < ratios[8]).sum() + 1.0,
        (early < early[best]).sum() + 0.5 * ((early == early[best]).sum() + 1.0),
    ]
    logits = [math.log(rank / (601.0 - rank)) for rank in ranks]
    assert found.mean_logit == pytest.approx(sum(logits) / 2.0, rel=1e-10, abs=1e-12)
    assert found.probability == sum(logit <= 0.0 for logit in logits) / 2.0
