"""Luck of the names: baskets drawn fairly from those of the day, and a percentile that a random picker has uniformly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

from engine.analysis.bootstrap import Evidence
from engine.analysis.portfolio_market import PortfolioMarket
from engine.composition import load_run, measure_luck
from engine.core.errors import DataError
from engine.data.market import Market
from engine.data.research.universe import Universe
from engine.evidence.luck.measured_plan import MeasuredPlan
from engine.evidence.luck.pick import NamePool, Picks, basket_plan, draw_baskets, measure_picks
from engine.evidence.luck.spread import FigureSpread, metric_column
from engine.portfolio.account import Account
from engine.portfolio.costs import NoCosts
from engine.portfolio.policy import Policy
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix
from strategies.other_names import hold_names, name_weights
from tests.support.configs import QUICK

SESSIONS, NAMES = 400, 20
PICKS = Picks(name_weights, hold_names)


def market() -> Market:
    rng = np.random.default_rng(11)
    dates = np.busday_offset("2015-01-01", np.arange(SESSIONS), roll="forward").astype("datetime64[D]")
    names = ("CORE", *(f"N{number:02d}" for number in range(NAMES)))
    closes = 50.0 * np.multiply.accumulate(1.0 + rng.normal(0.0003, 0.015, (SESSIONS, len(names))), axis=0)
    closes[250:, 3] = np.nan  # N02 is gone
    closes[:100, 4] = np.nan  # N03 lists late
    return Market.build(dates, names, closes)


def plan_of(names: tuple[str, ...] = ("N00", "N01", "N05"), draws: int = 2000) -> MeasuredPlan:
    policy = CoreSatellite.model_validate(
        {"core": {"CORE": "rest"}, "satellites": dict.fromkeys(names, "10%"), "cap": "12%"}
    )
    return MeasuredPlan(policy, Account(), NoCosts(), PortfolioMarket(market(), 0), Evidence(draws=draws))


def universe(*left: str, **dates: str) -> Universe:
    tickers = [f"N{number:02d}" for number in range(NAMES) if f"N{number:02d}" not in left]
    entries = [
        {
            "ticker": one,
            "name": one,
            "sector": "any",
            "brokers": ["shop"],
            **({"from": dates[one]} if one in dates else {}),
        }
        for one in tickers
    ]
    return Universe.model_validate({"names": entries})


def test_baskets_are_drawn_without_repeats_each_name_as_often_as_any_other() -> None:
    drawn = draw_baskets(20, 4, 20_000, 1)
    assert all(len(set(row)) == 4 for row in drawn[:500].tolist())
    for place in range(4):  # 1,000 of each name are expected, 31 the standard deviation
        assert abs(np.bincount(drawn[:, place], minlength=20) - 1000).max() < 130
    assert (drawn[:100] == draw_baskets(20, 4, 100, 1)).all()
    assert (drawn[:100] != draw_baskets(20, 4, 100, 2)).any()


def test_a_random_picker_s_percentile_is_uniform() -> None:
    plan = plan_of()
    pool = NamePool.of(plan, universe(), name_weights(plan.policy))
    baskets = basket_plan(plan, pool, PICKS)
    table = metric_column(baskets.metric_table(pool.columns[draw_baskets(len(pool.columns), 3, 2000, 1)]), "cagr")
    pickers = metric_column(baskets.metric_table(pool.columns[draw_baskets(len(pool.columns), 3, 300, 99)]), "cagr")
    found = [FigureSpread.of(float(one), table) for one in pickers]
    ranks = [one.percentile for one in found if one is not None and one.percentile is not None]
    assert len(ranks) == 300
    assert kstest(ranks, "uniform").pvalue > 0.01
    assert kstest([rank * 0.9 for rank in ranks], "uniform").pvalue < 0.01  # a test that can fail


def test_the_plan_is_ranked_among_baskets_of_names_listed_at_its_opening() -> None:
    plan = plan_of()
    found = measure_picks(plan, universe(), PICKS)
    assert (found.baskets, found.names, found.members, found.listed, found.ended) == (2000, 3, 20, 19, 1)
    assert found.spreads["cagr"].plan == plan.performance.cagr
    assert found.hindsight is not None
    assert "no dates of membership" in found.hindsight
    assert "survivors" not in found.hindsight


def test_the_best_names_are_at_the_top_and_the_worst_at_the_bottom() -> None:
    growth = {
        f"N{number:02d}": market().prices[-1, 1 + number] / market().prices[0, 1 + number] for number in range(NAMES)
    }
    ordered = sorted((one for one in growth if one not in {"N02", "N03"}), key=growth.__getitem__)
    for names, share in ((ordered[-3:], 0.97), (ordered[:3], 0.03)):
        found = measure_picks(plan_of(tuple(names), 500), universe(), PICKS).spreads["final_value"].percentile
        assert found is not None
        assert abs(found - share) < 0.03


def test_who_joined_later_is_no_member_at_the_opening() -> None:
    found = measure_picks(plan_of(), universe(N07="2015-06-01", N08="2016-01-04"), PICKS)
    assert (found.members, found.listed) == (18, 17)
    assert (
        found.hindsight == "18 of its names have no first or last day of membership, as if they always belonged to it"
    )
    always = dict.fromkeys((f"N{number:02d}" for number in range(NAMES)), "2010-01-01")
    assert measure_picks(plan_of(), universe(**always), PICKS).hindsight is None


def test_too_few_names_are_told_with_their_numbers() -> None:
    left = [f"N{number:02d}" for number in range(4, NAMES)]
    with pytest.raises(DataError) as caught:
        measure_picks(plan_of(), universe(*left), PICKS)
    assert str(caught.value) == (
        "3 of the universe's 4 members of 2015-01-01 have a close on that day, which makes 1 different basket of 3 "
        "names; 20 are needed: name a wider universe (--universe FILE), or a later window.start"
    )


def test_without_a_universe_pick_luck_says_what_it_needs(tmp_path: Path) -> None:
    config = load_run(QUICK, ("window.end=2018-06-29", "evidence.draws=100"))
    assert "add --universe FILE" in measure_luck(config).missing["pick"]
    names = tmp_path / "names.txt"
    names.write_text("HD\nJNJ\nPG\nUNH\nXOM\nKO\nPEP\nMSFT\nNOPE\n")
    found = measure_luck(config, str(names)).pick
    assert found is not None
    assert (found.universe, found.without_price) == (9, 1)
    assert "1 of its names have no price in the source" in (found.hindsight or "")


def test_other_names_take_the_weights_and_caps_of_those_they_replace() -> None:
    plan = CoreSatellite.model_validate(
        {
            "core": {"CORE": "rest"},
            "satellites": {"A": "2%", "B": "1%", "C": "3%"},
            "cap": "3%",
            "caps_by_name": {"B": "1%"},
        }
    )
    held = hold_names(plan, ["X", "Y", "Z"])
    assert name_weights(held) == {"X": 0.02, "Y": 0.01, "Z": 0.03}
    assert held.caps() == {"X": 0.03, "Y": 0.01, "Z": 0.03}
    assert held.schedule == plan.schedule
    mix = FixedMix.model_validate({"weights": {"A": "50%", "B": "0%", "C": "40%"}})
    assert name_weights(hold_names(mix, ["X", "Y"])) == {"X": 0.5, "Y": 0.4}


def test_a_plan_that_decides_its_weights_has_none_to_give() -> None:
    class Decides:
        pass

    with pytest.raises(DataError, match="decides its weights"):
        name_weights(Decides())  # type: ignore[arg-type]


def test_a_basket_is_the_plan_where_it_has_the_plan_s_own_names() -> None:
    plan = plan_of()
    pool = NamePool.of(plan, universe(), name_weights(plan.policy))
    own: Policy = plan.policy
    columns = np.array([[plan.sessions.market.column_index(name) for name in name_weights(own)]])
    table = basket_plan(plan, pool, PICKS).metric_table(columns)
    assert metric_column(table, "cagr")[0] == plan.performance.cagr
    assert metric_column(table, "final_value")[0] == plan.performance.final_value
