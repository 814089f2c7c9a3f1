"""Plans side by side: figures over common sessions, ranks and how sure they are, and what is not compared."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pandas as pd
import pytest

from engine.analysis.bootstrap import Evidence, block_lengths
from engine.core.errors import DataError
from engine.evidence.resampled_ranks import draw_growth, rank_all, spread_ranks
from engine.evidence.side_by_side import Contestant, SideBySide, compare_side_by_side
from engine.simulation.kernel.resample import fill_resampled, fill_resampled_together
from engine.simulation.kernel.resampled_rows import fill_resampled_rows

TERMS = Evidence(draws=400)


def make_plan(
    label: str, seed: int, *, drift: float = 0.0003, start: str = "2018-01-02", sessions: int = 700, **changes: object
) -> Contestant:
    """A plan whose buy-and-hold is the same market without its drift."""
    market = np.random.default_rng(99).normal(0.0003, 0.01, 2000)
    own = np.random.default_rng(seed).normal(drift, 0.002, 2000)
    every = np.busday_offset("2018-01-02", np.arange(2000), roll="forward").astype("datetime64[D]")
    first = int(np.searchsorted(every, np.datetime64(start)))
    rows = slice(first, first + sessions)
    dates = every[rows]
    level, held = (
        1000.0 * np.concatenate([[1.0], 0.999 * np.cumprod(np.concatenate([[1.0], (1.0 + moves)[rows][1:]]))])
        for moves in (market + own, market)
    )
    plain = Contestant(label, f"runs/{label}", "run", "USD", "daily", dates, level, "d" * 64, 0.0, dates, held)
    return dataclasses.replace(plain, **changes)


def order(found: SideBySide) -> list[str]:
    return [one.contestant.label for one in found.standings]


def test_figures_are_those_of_the_levels_on_the_sessions_that_all_have() -> None:
    full, other = make_plan("a", 1), make_plan("b", 2)
    gaps = np.ones(700, dtype=bool)
    gaps[[100, 101, 350]] = False  # a holiday of its exchange
    holed = dataclasses.replace(
        other, dates=other.dates[gaps], level=np.concatenate([other.level[:1], other.level[1:][gaps]])
    )
    found = compare_side_by_side([full, holed], TERMS)
    assert found.by == "cagr"
    assert len(found.dates) == 697
    for standing in found.standings:
        one = standing.contestant
        level = pd.Series(one.level[1:], index=pd.DatetimeIndex(one.dates)).loc[pd.DatetimeIndex(found.dates)]
        years = (date(2020, 9, 7) - date(2018, 1, 2)).days / 365.25
        returns = level.pct_change().dropna()
        path = np.concatenate([[1000.0], level])
        expected = {
            "cagr": (level.iloc[-1] / 1000.0) ** (1.0 / years) - 1.0,
            "total_return": level.iloc[-1] / 1000.0 - 1.0,
            "volatility": returns.std() * np.sqrt(252.0),
            "sharpe": returns.mean() / returns.std() * np.sqrt(252.0),
            "max_drawdown": (path / np.maximum.accumulate(path) - 1.0).min(),
        }
        assert {name: standing.figures[name] for name in expected} == pytest.approx(expected, rel=1e-12)


def test_all_columns_are_drawn_from_the_same_sessions() -> None:
    rng = np.random.default_rng(4)
    factors = 1.0 + rng.normal(0.0, 0.01, (300, 3))
    products = np.cumprod(np.concatenate([np.ones((1, 3)), factors, factors]), axis=0)
    lengths = block_lengths(7.0)
    drawn, two, rows = np.empty((50, 3)), np.empty((2, 50)), np.empty((50, 300), dtype=np.int64)
    fill_resampled_together(drawn, np.array([0.9, 1.0, 1.1]), products, lengths, 5)
    fill_resampled(two, np.array([0.9, 1.0]), np.ascontiguousarray(products[:, :2]), lengths, 5)
    fill_resampled_rows(rows, 0, 300, lengths, 5)
    np.testing.assert_allclose(drawn[:, :2], two.T, rtol=1e-12)
    np.testing.assert_allclose(drawn, np.array([0.9, 1.0, 1.1]) * factors[rows].prod(axis=1), rtol=1e-12)


def test_drawn_growth_is_a_year_s_and_contains_the_opening() -> None:
    returns = np.full((500, 2), 0.0)
    drawn = draw_growth(returns, np.array([0.81, 1.0]), np.array([2.0, 2.0]), TERMS)
    np.testing.assert_allclose(drawn, np.tile([0.9, 1.0], (400, 1)), rtol=1e-12)


def test_ranks_and_their_chances_are_those_of_a_sort() -> None:
    rng = np.random.default_rng(8)
    figures, drawn = np.array([0.3, 0.1, 0.2]), rng.normal([0.3, 0.1, 0.2], 0.1, (1000, 3))
    spreads = spread_ranks(figures, drawn, 0.9)
    assert [one.rank for one in spreads] == [1, 3, 2]
    places = np.argsort(np.argsort(-drawn, axis=1), axis=1) + 1
    for column, one in enumerate(spreads):
        assert one.probabilities == tuple((places[:, column] == rank).mean() for rank in (1, 2, 3))
        assert sum(one.probabilities) == pytest.approx(1.0)
        inside = ((places[:, column] >= one.low) & (places[:, column] <= one.high)).mean()
        assert inside >= 0.9
        assert one.low == np.quantile(places[:, column], 0.05, method="inverted_cdf") or one.low <= one.rank


def test_equal_plans_share_a_rank() -> None:
    assert rank_all(np.array([2.0, 3.0, 3.0, 1.0])).tolist() == [3, 1, 1, 4]
    found = compare_side_by_side([make_plan("a", 1), make_plan("b", 1)], TERMS)
    assert [(one.ranks.rank, one.ranks.probabilities, one.ranks.low, one.ranks.high) for one in found.standings] == [
        (1, (1.0, 0.0), 1, 1),
        (1, (1.0, 0.0), 1, 1),
    ]


def test_a_plan_that_is_better_by_far_is_first_in_all_histories_and_a_small_lead_is_not() -> None:
    far = compare_side_by_side([make_plan("a", 1), make_plan("b", 2, drift=0.002)], TERMS)
    assert order(far) == ["b", "a"]
    assert far.standings[0].ranks.probabilities[0] == 1.0
    near = compare_side_by_side([make_plan(name, seed) for seed, name in enumerate("abcde")], TERMS)
    assert near.standings[0].ranks.probabilities[0] < 0.95
    assert near.standings[0].ranks.high > 1


def test_the_order_in_which_plans_are_named_changes_nothing() -> None:
    plans = [make_plan(name, seed) for seed, name in enumerate("abcd")]
    one, other = compare_side_by_side(plans, TERMS), compare_side_by_side(plans[::-1], TERMS)
    assert order(one) == order(other)
    assert [s.ranks for s in one.standings] == [s.ranks for s in other.standings]


def test_across_windows_differences_to_the_own_buy_and_hold_are_compared_and_no_level() -> None:
    early = make_plan("early", 1, drift=0.0002)
    late = make_plan("late", 2, drift=0.001, start="2019-06-03", sessions=500)
    found = compare_side_by_side([early, late], TERMS)
    assert found.by == "difference"
    assert all(one.figures.keys() == {"difference"} for one in found.standings)
    for one in found.standings:
        plan = one.contestant
        days = (plan.dates[-1] - plan.dates[0]).astype(int)
        mine, held = ((level[-1] / level[0]) ** (365.25 / days) for level in (plan.level, plan.held))
        assert one.figures["difference"] == pytest.approx(mine - held, rel=1e-10)
    assert order(found) == ["late", "early"]
    assert sum(one.ranks.probabilities[0] for one in found.standings) == pytest.approx(1.0)
    assert any("windows differ" in note for note in found.notes)


def test_a_longer_window_of_a_rising_market_does_not_win_by_its_market() -> None:
    # the market of both; the plan of the longer window adds less to it, but its level ends higher
    long, short = make_plan("long", 1, drift=0.0001, sessions=1900), make_plan("short", 1, drift=0.0006, sessions=300)
    assert long.level[-1] > short.level[-1]
    assert order(compare_side_by_side([long, short], TERMS)) == ["short", "long"]


def test_without_a_buy_and_hold_of_its_own_nothing_is_ranked_across_windows() -> None:
    alone = make_plan("alone", 1, start="2019-06-03", held=None, held_dates=None)
    found = compare_side_by_side([make_plan("a", 2), alone], TERMS)
    assert found.standings[-1].contestant.label == "alone"
    assert found.missing == "no difference to a buy-and-hold of its own: alone"
    assert all(one.ranks is None for one in found.standings)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"currency": "EUR"}, r"more than one currency .*a: USD, b: EUR.*account\.currency"),
        ({"frequency": "monthly"}, r"more than one frequency of closes .*a: daily, b: monthly"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(changes: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        compare_side_by_side([make_plan("a", 1), make_plan("b", 2, **changes)], TERMS)


def test_few_sessions_have_figures_but_no_chances() -> None:
    found = compare_side_by_side([make_plan("a", 1, sessions=30), make_plan("b", 2, sessions=30)], TERMS)
    assert found.missing == "too few sessions to draw ranks from"
    assert all(one.figures["cagr"] is not None and one.ranks is None for one in found.standings)


def test_other_prices_are_said() -> None:
    found = compare_side_by_side([make_plan("a", 1), make_plan("b", 2, data="e" * 64)], TERMS)
    assert any("each run read the closes of its own assets" in note for note in found.notes)


def test_plans_after_tax_are_told_from_those_before_it() -> None:
    """And plans of two laws from each other; nothing is said where nothing is taxed."""
    germany = "Taxed by Germany, today's law in every year: income tax of 25 %. SPY: equity fund."
    plain, taxed, other = (
        make_plan("a", 1),
        make_plan("b", 2, tax_law=germany),
        make_plan("c", 3, tax_law="Taxed by F."),
    )

    def told(*plans: Contestant) -> str:
        return "; ".join(note for note in compare_side_by_side(plans, TERMS).notes if "tax" in note)

    assert not told(plain, make_plan("d", 4))
    assert "after tax: b, of what is left in the account, before what is owed" in told(plain, taxed)
    assert "before tax: a; a plan before tax and one after it differ by the tax as well" in told(plain, taxed)
    assert told(taxed, make_plan("d", 4, tax_law=germany)).startswith("after tax: all plans")
    assert "not taxed alike" not in told(taxed, make_plan("d", 4, tax_law=germany + " VB: equity fund."))
    assert "the plans are not taxed alike" in told(taxed, other)
