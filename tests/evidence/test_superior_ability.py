"""Tests of whole spaces against luck: beside arch on the same draws, beside formulas done plainly, beside themselves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from arch.bootstrap import SPA
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engine.evidence import superior_ability
from engine.evidence.resampled_maxima import Draws, Maxima, MaximaStream
from engine.evidence.superior_ability import Superiority, adjusted_p_values, critical_value, fitting_block, p_value
from tests.support.markets import lcg_returns
from tests.support.superiority import (
    arch_step_m,
    arch_test,
    printed_draws,
    printed_long_run_variance,
    printed_step_down,
)

OMEGA_SQUARED = [
    1.7982666176e-4, 1.8404076293e-4, 2.7684106737e-4, 1.7676719437e-4, 1.3655440482e-4,
    1.7524117252e-4, 1.7325945673e-4, 2.0509607914e-4, 1.9240324751e-4,
]  # fmt: skip
STATISTICS = [
    -0.3175897807, 0.3708727515, 0.3642576269, -0.6988578702, 0.8231311104,
    -0.8756014595, 1.3639076964, 0.3223114142, 0.4998907966,
]  # fmt: skip
RECENTRINGS = ("lower", "consistent", "upper")


def published_differences() -> np.ndarray:
    """(240, 9) differences of the published figures' columns to the first."""
    returns = lcg_returns()
    return returns[:, 1:] - returns[:, :1]


def space(periods: int, variants: int, seed: int = 0, better: dict[int, float] | None = None) -> np.ndarray:
    """(n, S) correlated differences, some much worse than the benchmark; ``better`` have a mean in standard errors."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0.0, 0.01, (periods, 1)) + rng.normal(0.0, 0.02, (periods, variants))
    noise[1:] += 0.3 * noise[:-1]
    noise -= noise.mean(axis=0)
    means = rng.choice([0.0, 0.5, -0.5, -1.5, -2.0, -6.0], variants)
    for variant, mean in (better or {}).items():
        means[variant] = mean
    return noise + means * noise.std(axis=0) / np.sqrt(periods)


def results(differences: np.ndarray, width: int = 10**6, **terms) -> Superiority:
    """What the tests say of differences, in slabs of a width."""
    slabs = [differences[:, at : at + width] for at in range(0, differences.shape[1], width)]
    asked = {"draws": 499, "seed": 3, "mean_block": 4.0, "level": 0.95, **terms}
    found = superior_ability.test_superiority(lambda: iter(slabs), **asked)
    assert found is not None
    return found


def stream_of(differences: np.ndarray, draws: Draws) -> tuple:
    """Moments and maxima of differences in one slab."""
    with ThreadPoolExecutor(1) as pool:
        stream = MaximaStream(draws, pool)
        moments = stream.moments(differences)
        stream.add(differences, moments.usable, moments.recentrings(len(differences)))
        return moments, stream.maxima


def students_draws(differences: np.ndarray, draws: Draws) -> dict[str, np.ndarray]:
    """What every variant has in every draw by recentring, put as far out as the maxima are."""
    printed = printed_draws(differences, draws)
    return {name: Maxima(of, of, of, of).as_students(draws).upper for name, of in printed.items() if name != "plain"}


def test_long_run_variances_and_statistics_are_the_published_ones() -> None:
    """omega^2 and t of nine columns against the first, blocks of 10, have the ten digits of another program."""
    moments, _ = stream_of(published_differences(), Draws(1, 1, 10.0, 240))
    assert moments.long_run == pytest.approx(OMEGA_SQUARED, rel=1e-9)
    assert moments.studentised(240) == pytest.approx(STATISTICS, rel=1e-9)


def test_p_values_are_those_of_arch_within_what_draws_leave_open() -> None:
    """20,000 draws of our own find what 20,000 of arch found: not studentised, and studentised on scaled losses."""
    differences = published_differences()
    found = results(differences, draws=20_000, mean_block=10.0)
    _, maxima = stream_of(differences, Draws(20_000, 3, 10.0, 240))
    assert 0.355 <= found.reality_check <= 0.373  # arch's upper: .360 to .368 with five seeds
    scaled = differences / np.sqrt(OMEGA_SQUARED)
    theirs = SPA(np.zeros(240), -scaled, block_size=10, reps=5000, seed=1)
    theirs.compute()
    ours = [p_value(getattr(maxima, name), found.statistic) for name in RECENTRINGS]
    assert ours == pytest.approx(theirs.pvalues.to_numpy(), abs=0.025)
    assert found.best == 6
    assert found.statistic == pytest.approx(1.3639076964, rel=1e-9)


@pytest.mark.parametrize("mean_block", [1, 3, 10])
def test_maxima_and_p_values_are_those_of_arch_on_the_same_draws(mean_block: int) -> None:
    """Fed the same draws, arch has the same maxima to 1e-12 and counts as many of them above the statistic."""
    differences = space(120, 37, better={5: 3.0})
    draws = Draws(199, 5, float(mean_block), 120)
    moments, maxima = stream_of(differences, draws)
    scale = np.sqrt(120.0)
    plain = arch_test(differences, draws)
    assert maxima.plain == pytest.approx(scale * plain._simulated_vals[:, :, 2].max(axis=0), abs=1e-12)
    theirs = arch_test(differences / np.sqrt(moments.long_run), draws)
    t = moments.studentised(120).max()
    for at, name in enumerate(RECENTRINGS):
        ours = getattr(maxima, name)
        assert ours == pytest.approx(scale * theirs._simulated_vals[:, :, at].max(axis=0), abs=1e-12)
        assert (ours > t).mean() == theirs.pvalues[name]
        assert np.percentile(ours, 95.0) == pytest.approx(scale * theirs.critical_values()[name], rel=1e-12)


@pytest.mark.parametrize(("periods", "mean_block"), [(16, 1.0), (60, 2.0), (240, 1.0), (240, 10.0)])
def test_draws_are_as_far_out_as_students_t(periods: int, mean_block: float) -> None:
    """Their quantiles are scipy's, with the freedom and the bias that standard errors of white noise turn out to have."""
    draws = Draws(1, 1, mean_block, periods)
    noise = np.random.default_rng(5).standard_normal((periods, 40_000))
    moments, _ = stream_of(noise, draws)
    mean, spread = moments.long_run.mean(), moments.long_run.var()
    freedom = 2.0 * mean**2 / spread
    z = np.array([-np.inf, -1.0, 0.0, 1.0, 2.0, 3.0])
    wide = Maxima(z, z, z, z).as_students(draws)
    expected = np.where(z > 0.0, stats.t.isf(stats.norm.sf(z), freedom), z) / np.sqrt(mean)
    assert wide.consistent == pytest.approx(expected, rel=0.01)
    assert wide.plain.tolist() == z.tolist()


def test_step_m_names_what_arch_names_on_the_same_draws() -> None:
    """Three variants are better, of which the weakest is only seen once the others are out of the way."""
    differences = space(150, 60, seed=4, better={3: 4.0, 17: 6.0, 44: 3.6})
    draws = Draws(999, 2, 3.0, 150)
    found = results(differences, draws=999, seed=2, mean_block=3.0)
    assert found.step_m.tolist() == [3, 17, 44]
    omega = np.sqrt(printed_long_run_variance(differences, 3.0))
    assert found.step_m.tolist() == arch_step_m(differences / omega, draws, 0.05)
    assert set(found.romano_wolf) <= set(found.step_m)


@pytest.mark.parametrize(("periods", "mean_block"), [(16, 1.0), (61, 1.7), (120, 5.5), (260, 30.0)])
def test_the_kernel_is_the_printed_formula(periods: int, mean_block: float) -> None:
    """Whether draws are said by periods or by edges of blocks, maxima are those of whole drawn histories to 1e-12."""
    differences = space(periods, 21, seed=periods)
    draws = Draws(97, 11, mean_block, periods)
    moments, maxima = stream_of(differences, draws)
    assert draws.swaps().by_edge == (mean_block > 2.0)
    assert moments.long_run == pytest.approx(printed_long_run_variance(differences, mean_block), rel=1e-11)
    for name, drawn in printed_draws(differences, draws).items():
        assert getattr(maxima, name) == pytest.approx(drawn.max(axis=1), abs=1e-12), name


def test_the_three_recentrings_differ_and_are_in_order() -> None:
    """With variants that are far worse, and some that are a little, no two recentrings have the same maxima."""
    _, maxima = stream_of(
        space(60, 6, seed=1, better=dict(enumerate([-0.5, -6.0, -0.7, -6.0, -6.0, -0.4]))), Draws(99, 1, 3.0, 60)
    )
    assert (maxima.lower <= maxima.consistent).all()
    assert (maxima.consistent <= maxima.upper).all()
    assert (maxima.lower < maxima.consistent).any()
    assert (maxima.consistent < maxima.upper).any()


def test_no_bit_depends_on_threads_or_the_width_of_slabs() -> None:
    """One slab on one thread and many on seven find the same."""
    differences = space(50, 101, better={7: 5.0, 90: 4.0})
    expected = results(differences)
    for width, threads in [(101, 2), (101, 7), (1, 1), (13, 7), (16, 2), (50, 3)]:
        found = results(differences, width, threads=threads)
        for name, value in vars(expected).items():
            assert np.array_equal(getattr(found, name), value), (name, width, threads)


@settings(deadline=None, max_examples=25)
@given(st.permutations(range(19)), st.sampled_from([2.0**-6, 8.0]), st.integers(0, 5))
def test_order_and_scale_of_variants_do_not_matter(order: list[int], scale: float, seed: int) -> None:
    """Variants in another order, or all differences in another unit, are as good as before."""
    differences = space(40, 19, seed=seed, better={2: 5.0})
    expected, found = (results(own, draws=99) for own in (differences, differences[:, order] * scale))
    for name in (*RECENTRINGS, "reality_check", "statistic", "steps"):
        assert getattr(found, name) == getattr(expected, name), name
    assert order[found.best] == expected.best
    assert sorted(order[k] for k in found.romano_wolf) == expected.romano_wolf.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_step_down_sets_are_those_of_adjusted_p_values(seed: int) -> None:
    """What Romano and Wolf's test names has an adjusted p-value of at most 5 %; both are the printed procedure's."""
    differences = space(80, 40, seed=seed, better={k: 2.0 + 0.25 * k for k in range(12)})
    draws = Draws(399, 3, 4.0, 80)
    found = results(differences, width=9, draws=399)
    drawn = students_draws(differences, draws)
    adjusted = adjusted_p_values(differences, 399, 3, 4.0)
    t = found.studentised
    assert found.complete
    assert found.romano_wolf.tolist() == printed_step_down(t, drawn["upper"], 0.05)
    assert found.step_m.tolist() == printed_step_down(t, drawn["consistent"], 0.05)
    assert found.romano_wolf.tolist() == np.flatnonzero(adjusted <= 0.05).tolist()
    assert found.romano_wolf.size > 0


def test_step_m_goes_on_where_the_other_test_has_stopped() -> None:
    """Variants that are far worse count in one recentring and not in the other, and only StepM takes another step."""
    means = {k: 2.2 + 0.2 * k for k in range(12)} | dict.fromkeys(range(12, 90), -8.0)
    differences = space(80, 90, seed=9, better=means)
    found, drawn = results(differences, width=7, draws=399), students_draws(differences, Draws(399, 3, 4.0, 80))
    first = np.flatnonzero(found.studentised > critical_value(drawn["consistent"].max(axis=1), 0.05))
    assert found.step_m.tolist() == printed_step_down(found.studentised, drawn["consistent"], 0.05)
    assert found.romano_wolf.tolist() == printed_step_down(found.studentised, drawn["upper"], 0.05)
    assert set(found.romano_wolf) < set(first) < set(found.step_m)


def test_a_space_of_which_all_is_better_is_streamed_once() -> None:
    """Where the first step names every variant, there is no second."""
    found = results(space(60, 3, better=dict.fromkeys(range(3), 8.0)))
    assert found.step_m.tolist() == found.romano_wolf.tolist() == [0, 1, 2]
    assert (found.steps, found.complete) == (1, True)


def test_adjusted_p_values_are_the_printed_ones_and_never_fall() -> None:
    """Each is the p-value among variants with no greater statistic, or that of a better variant if that is greater."""
    differences = space(60, 14, seed=6, better={1: 2.4, 2: 2.39999, 3: 2.2})
    draws = Draws(199, 8, 1.0, 60)
    adjusted = adjusted_p_values(differences, 199, 8, 1.0)
    moments, _ = stream_of(differences, draws)
    t, upper = moments.studentised(60), students_draws(differences, draws)["upper"]
    so_far, fell = 0.0, False
    for k in np.argsort(-t):
        maxima = np.maximum(upper[:, t <= t[k]].max(axis=1), 0.0)
        own = (1 + (maxima >= max(t[k], 0.0)).sum()) / 200
        so_far, fell = max(so_far, own), fell or own < so_far
        assert adjusted[k] == so_far
    assert fell
    assert adjusted.min() == results(differences, draws=199, seed=8, mean_block=1.0).upper


def test_more_steps_than_allowed_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A space that is still giving when the last step is done is not called complete."""
    differences = space(80, 40, seed=1, better={k: 2.0 + 0.25 * k for k in range(12)})
    whole = results(differences)
    assert whole.complete
    assert whole.steps > 1
    monkeypatch.setattr(superior_ability, "MAX_STEPS", 1)
    cut = results(differences)
    assert not cut.complete
    assert set(cut.romano_wolf) <= set(whole.romano_wolf)


def test_one_clearly_better_variant_is_named_alone() -> None:
    """Eight standard errors among 49 others are below one in 10,000, and StepM names that variant only."""
    found = results(space(240, 50, better={}) * 1.0 + np.eye(50)[23] * 0.02, draws=20_000)
    assert found.consistent <= 1e-4
    assert found.step_m.tolist() == found.romano_wolf.tolist() == [23]


def test_worse_variants_alone_have_a_p_value_of_one() -> None:
    """Where nothing is ahead of the benchmark, Hansen's statistic is 0 and every draw reaches it."""
    differences = space(60, 8, better=dict.fromkeys(range(8), -2.0))
    found = results(differences)
    assert (found.statistic, found.lower, found.upper, found.reality_check) == (0.0, 1.0, 1.0, 1.0)
    assert found.step_m.size == found.romano_wolf.size == 0


def test_variants_that_cannot_be_tested_are_left_out_and_counted() -> None:
    """Without figures, with absurd ones, with nothing but rounding to the benchmark, or with a constant lead."""
    differences = space(60, 9, better={4: 3.0})
    expected = results(differences)
    rounding = np.random.default_rng(1).normal(0.0, 1e-17, 60)
    empty, broken = np.full(60, np.nan), differences[:, 0].copy()
    broken[30] = np.inf
    absurd = 1e200 * np.resize([1.0, -1.0], 60)  # whose variance is infinite
    more = np.column_stack(
        [empty, differences[:, :5], np.zeros(60), rounding, broken, np.full(60, 0.001), absurd, differences[:, 5:]]
    )
    found = results(more, 3)
    assert (found.count, found.left_out) == (9, 6)
    assert np.isnan(found.studentised[[0, 6, 7, 8, 9, 10]]).all()
    assert found.best == 5
    for name in (*RECENTRINGS, "reality_check", "statistic"):
        assert getattr(found, name) == getattr(expected, name), name
    assert results(more, mean_block=1.0).count == 9
    assert np.isnan(adjusted_p_values(more, 99, 1, 2.0)).sum() == 6


def test_nothing_to_test_is_none() -> None:
    """Fifteen periods, no slab, no variant that differs from the benchmark, and blocks that are the whole history."""
    for slabs in ([space(15, 3)], [], [np.zeros((40, 3)), np.full((40, 2), np.nan)]):
        assert superior_ability.test_superiority(lambda slabs=slabs: slabs, 99, 1, 2.0, 0.95) is None
    assert superior_ability.test_superiority(lambda: [space(40, 3)], 99, 1, 1e17, 0.95) is None
    assert results(space(16, 3)).count == 3


@pytest.mark.parametrize("draws", [9, 18, 19, 99, 100, 1000])
@pytest.mark.parametrize("size", [0.05, 1.0 - 0.95, 1.0 - 0.9, 0.01])
def test_what_exceeds_the_critical_value_has_a_p_value_of_at_most_the_size(draws: int, size: float) -> None:
    """Sets and p-values never contradict each other, and too few draws reject nothing."""
    maxima = np.random.default_rng(draws).normal(1.0, 1.0, draws)
    critical = critical_value(maxima, size)
    for statistic in np.append(np.abs(maxima), 10.0):
        assert (statistic > critical) == (p_value(maxima, statistic) <= size + 1e-12)


def test_no_critical_value_is_below_zero() -> None:
    """A variant that is not ahead is never named, however far behind all draws are."""
    assert critical_value(np.full(99, -1.0), 0.05) == 0.0


def test_blocks_are_as_long_as_the_series_asks_for() -> None:
    """Whole periods, at least the usual lag of so many, and longer where a period remembers the one before."""
    columns = lcg_returns()[:, :2].T
    assert [fitting_block(of) for of in columns] == [5.0, 5.0]  # 4 (2.4)^(2/9) = 4.86
    series = columns[0].copy()
    for t in range(1, len(series)):
        series[t] += 0.7 * series[t - 1]
    assert fitting_block(series) == 9.0


def test_draws_are_functions_of_their_number() -> None:
    """A draw is the same among more draws; seeds, blocks and numbers make others; blocks have the mean length."""
    few, many = Draws(3, 7, 5.0, 100), Draws(900, 7, 5.0, 100)
    assert all(np.array_equal(few.rows(k), many.rows(k)) for k in range(3))
    assert not np.array_equal(many.rows(0), many.rows(1))
    assert not np.array_equal(many.rows(0), Draws(3, 8, 5.0, 100).rows(0))
    rows = np.array([many.rows(k) for k in range(900)])
    restarts = (np.diff(rows, axis=1) % 100 != 1).mean()
    assert restarts == pytest.approx(0.2 * 0.99, abs=0.005)  # one in a hundred goes on by chance
    assert np.bincount(rows.ravel(), minlength=100) == pytest.approx(900, rel=0.2)


def test_swaps_add_as_many_rows_as_they_remove() -> None:
    """From what is added and removed the times that each period is drawn are found again."""
    for mean_block in (1.0, 8.0):
        draws = Draws(20, 3, mean_block, 30)
        swaps, begin = draws.swaps(), 0
        for draw, end in enumerate(swaps.ends):
            added, removed = (np.bincount(of[begin:end] // 16, minlength=30) for of in (swaps.added, swaps.removed))
            times = np.bincount(draws.rows(draw), minlength=30)
            expected = np.roll(times, 1) - times if swaps.by_edge else times - 1
            assert np.array_equal(added.astype(int) - removed, expected)
            begin = end
        assert begin == len(swaps.added) == len(swaps.removed)
