"""Axes, points and the configs they stand for: exact, numbered, validated, each with its own id."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.backtest.plan_identity import plan_sha256
from engine.composition import run_config_class
from engine.core.errors import ConfigError
from engine.core.validation import validate
from engine.core.yaml_document import Document
from engine.portfolio.tariffs import load_tariffs
from engine.sweep.axes import Basket, Range, parse_parameter_value
from engine.sweep.caveats import uncharged_caveat
from engine.sweep.computation import swept_tariffs
from engine.sweep.section_values import Rejection
from engine.sweep.space import uniform_samples
from engine.sweep.strategy_table import StrategyTable
from engine.sweep.variant_lookup import find_variant_config
from engine.sweep.variants import PointConfigs, config_tree
from tests.support.sweeps import PLAN, SMALL, spanned, sweeping


def texts(**ends: str) -> list[str]:
    return Range.model_validate({key.rstrip("_"): value for key, value in ends.items()}).texts()


def test_steps_are_taken_in_decimal_arithmetic_and_written_as_by_hand() -> None:
    assert texts(from_="5%", to="25%", step="1%") == [f"{n}%" for n in range(5, 26)]
    assert texts(from_="0.1", to="0.7", step="0.1") == ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"]
    assert texts(from_="-1", to="1", step="0.5") == ["-1", "-0.5", "0", "0.5", "1"]
    assert texts(from_="0.1%", to="0.3%", step="0.05%") == ["0.1%", "0.15%", "0.2%", "0.25%", "0.3%"]


def test_dates_go_in_months_and_years_and_stay_inside_short_months() -> None:
    assert texts(from_="2004-01-31", to="2004-06-30", step="1 month") == [
        "2004-01-31",
        "2004-02-29",
        "2004-03-31",
        "2004-04-30",
        "2004-05-31",
        "2004-06-30",
    ]
    assert texts(from_="2004-02-29", to="2008-02-29", step="2 years") == ["2004-02-29", "2006-02-28", "2008-02-29"]


def test_a_basket_axis_has_every_combination_at_every_weight() -> None:
    basket = Basket.model_validate(
        {"choose": ["3", "4", "5"], "of": list("ABCDEFGHIJ"), "weight": ["2%", "2.5%", "3%"]}
    )
    values = basket.values()
    assert len(values) == basket.count == 582 * 3
    assert values[1].text == {"A": "2.5%", "B": "2.5%", "C": "2.5%"}
    assert values[1].parameters == ("A B C", 3.0, 0.025)
    assert len({str(value.text) for value in values}) == len(values)


def test_what_a_value_is_called_in_the_results() -> None:
    assert parse_parameter_value("2.5%") == 0.025
    assert parse_parameter_value("7") == 7.0
    assert parse_parameter_value("january") == "january"
    assert parse_parameter_value({"kind": "band", "absolute": "5%"}) == "{kind: band, absolute: 5%}"


def test_points_are_numbered_with_baskets_slowest_and_lone_keys_fastest() -> None:
    _, _, space = spanned(
        """
  axes:
    strategy.rebalance.month: [january, june]
    strategy.core.SIZE: [5%, 10%, 15%]
    strategy.satellites: {choose: 3, of: [HD, JNJ, PG, UNH], weight: 2%}
"""
    )
    assert [axis.name for axis in space.axes] == [
        "strategy.satellites",
        "strategy.core.SIZE",
        "strategy.rebalance.month",
    ]
    assert [one.name for one in space.parameters][:2] == ["strategy.rebalance.month", "strategy.core.SIZE"]
    points = space.points()
    assert points.count == 24
    assert points.indices_between(5, 8).tolist() == [[0, 2, 1], [1, 0, 0], [1, 0, 1]]


WIDE = """
  axes:
    strategy.satellites: {choose: [3, 4], of: [HD, JNJ, PG, UNH, SIZE], weight: [2%, 3%, 4%]}
    strategy.core.SIZE: [5%, 15%, 95%]
    strategy.cap: [2.5%, 3%]
    strategy.rebalance.month: [january, june]
    strategy.rebalance.session: [first, last, 3]
    costs: [{kind: none}, {kind: percent, rate: 0.1%}, {kind: broker, tariff: comdirect}, {kind: per_order, fixed: 5}]
    account.capital: [1000, 100000]
    window.start: [2018-01-02, 2019-06-01, 2022-01-01]
"""

BANDS = """
  axes:
    strategy.rebalance: [{kind: annual}, {kind: band, absolute: 5%}, {kind: any, of: [{kind: annual}, {kind: band, relative: 25%}]}]
    strategy.trade_to: [target, edge, {inside: 1%}]
    strategy.funding: [sell_and_buy, flows_first]
    account.contributions: [{amount: 0}, {amount: 100}, {amount: 100, invest: pro_rata}]
    strategy.caps: all
    strategy.loss_review: [{trigger: 20%, from: cost, thesis: {kind: always}, intact: top_up, broken: exit}, {trigger: 30%, from: peak, thesis: {kind: trend, sessions: 200}, intact: top_up, broken: exit}]
"""


@pytest.mark.parametrize("sweep", [WIDE, BANDS], ids=["wide", "bands"])
def test_a_point_is_valid_just_when_the_whole_config_is_and_states_the_same(sweep: str) -> None:
    """The sections are validated apart; it must be as if each config stood alone."""
    _, plan, space = spanned(sweep)
    variants, points = PointConfigs(plan, space), space.points()
    chosen = np.random.default_rng(7).choice(points.count, size=min(400, points.count), replace=False)
    valid = 0
    for indices in points.indices(chosen).tolist():
        tree = config_tree(plan, space, indices)
        found = variants.validate(indices)
        try:
            whole = _whole(tree)
        except ConfigError as error:
            assert isinstance(found, Rejection), (found, str(error))
            continue
        assert not isinstance(found, Rejection), found
        assert found == (whole.strategy, (whole.account, whole.costs, whole.window, whole.tax))
        valid += 1
    assert 10 < valid < 390  # the sample has both


def _whole(tree):
    from engine.backtest.loading import validate_run

    return validate_run(Document.from_tree("point", tree), run_config_class())


def test_no_rule_reads_a_key_that_is_validated_by_itself() -> None:
    """Whatever else a plan says, the month and the session of a yearly rebalance change neither verdict nor wants."""
    _, _, space = spanned(WIDE)
    assert {axis.name for axis in space.axes if axis.independent} == {
        "strategy.rebalance.month",
        "strategy.rebalance.session",
    }
    _, _, mixed = spanned("\n  axes: {strategy.rebalance.month: all, strategy.rebalance.kind: [annual, never]}\n")
    assert not any(axis.independent for axis in mixed.axes)


def test_all_brokers_are_an_axis() -> None:
    """Whoever `engine tariffs` lists is a word that the key can be."""
    plan = PLAN.replace("costs: {kind: percent, rate: 0.1%}", "costs: {kind: broker, tariff: comdirect}")
    _, _, space = spanned("\n  axes: {costs.tariff: all}\n", plan)
    assert [value.text for value in space.axes[0].values] == list(load_tariffs())


def test_a_variant_is_found_by_the_number_of_its_point_and_by_its_id() -> None:
    made = sweeping(SMALL)
    _, plan, space = spanned(SMALL)
    indices = space.points().indices_between(17, 18)[0].tolist()
    whole = _whole(config_tree(plan, space, indices))
    identity, sha256 = made.identify(17)
    assert identity == f"{(int(made.plan_sha256[:12], 16) + 17) % 16**12:012x}"
    assert sha256 == whole.sha256()
    for wanted in ("17", identity):
        assert find_variant_config(plan, space, wanted, lambda: made.plan_sha256).sha256() == sha256
    for wanted, words in (
        ("99", "there is no point 99"),
        ("0" * 12, "is a variant of another plan, or of other prices; this one's first is [0-9a-f]{12}"),
        ("abc", "is no variant"),
        (f"f{identity[:7]}", "is no variant"),
    ):
        with pytest.raises(ConfigError, match=words):
            find_variant_config(plan, space, wanted, lambda: made.plan_sha256)


def test_a_plan_is_called_by_what_its_files_contain_not_by_where_they_lie(tmp_path: Path) -> None:
    config, *_ = spanned(SMALL)
    rates = {name: tmp_path / name for name in ("here.csv", "there.csv", "other.csv")}
    for name, file in rates.items():
        file.write_text("date,rate\n2018-01-02,2\n" if name != "other.csv" else "date,rate\n2018-01-02,3\n")
    found = {
        name: plan_sha256(
            spanned(SMALL, PLAN.replace("sweep:", f"compare: {{risk_free: {{path: {file}, unit: percent}}}}\nsweep:"))[
                0
            ].canonical(),
            "c",
        )
        for name, file in rates.items()
    }
    assert found["here.csv"] == found["there.csv"] != found["other.csv"]
    assert plan_sha256(config.canonical(), "a") != plan_sha256(config.canonical(), "b")


def test_points_whose_values_state_the_same_are_one_plan() -> None:
    made = sweeping(
        "\n  axes: {strategy.rebalance.month: [january, January, june], costs: [{kind: none}, {kind: percent}]}\n"
    )
    equal = PointConfigs(made.base_config, made.space).equal_values()
    assert [first.tolist() for first in equal.values()] == [[0, 0, 2]]


def test_a_point_that_the_sweep_refuses_is_no_variant_to_run() -> None:
    """A variant is refused by the id as it is in the sweep: by what its own config says."""
    _, plan, space = spanned("\n  axes: {costs: [{kind: none}, {kind: broker, tariff: nobody}]}\n")
    assert isinstance(PointConfigs(plan, space).validate([1]), Rejection)
    assert find_variant_config(plan, space, "0", str).costs.kind == "none"
    with pytest.raises(ConfigError, match="unknown broker"):
        find_variant_config(plan, space, "1", str)


def test_a_random_point_follows_from_the_seed_and_its_number_alone() -> None:
    many, few = uniform_samples(5, 1000, 6), uniform_samples(5, 10, 6)
    assert (many[:10] == few).all()
    assert not (uniform_samples(6, 10, 6) == few).any()
    assert 0.0 <= many.min() < 0.01
    assert 0.99 < many.max() < 1.0


@pytest.mark.parametrize("kind", ["random", "sobol"])
def test_sampled_points_are_different_and_the_same_every_time(kind: str) -> None:
    sweep = f"\n  mode: {{kind: {kind}, samples: 100, seed: 3}}\n" + SMALL
    _, _, space = spanned(sweep)
    points = space.points()
    drawn = points.indices_between(0, points.count)
    assert 30 < points.count <= min(space.requested_count, 2 * 5 * 3 * 2 * 2)
    assert len(np.unique(drawn, axis=0)) == points.count
    assert (spanned(sweep)[2].points().indices_between(0, points.count) == drawn).all()
    assert (drawn < np.array(space.sizes)).all()


def test_a_range_without_a_step_is_sampled_in_a_thousand_exact_pieces() -> None:
    _, _, space = spanned(
        "\n  mode: {kind: random, samples: 5, seed: 1}\n  axes: {strategy.core.SIZE: {from: 5%, to: 25%}}\n"
    )
    texts_ = [value.text for value in space.axes[0].values]
    assert len(texts_) == 1001
    assert texts_[:3] == ["5%", "5.02%", "5.04%"]


FAULTS = {
    "strategy.rebalance.mnth: all": "has no key 'mnth' in this config; did you mean 'month'?",
    "strategy.core.VIOO: [5%]": "strategy.core has no key 'VIOO' in this config",
    "costs.fixed: [1]": "costs has no key 'fixed' in this config",
    "strategy.core.SIZE: []": "expected at least 1 of them, found none",
    "strategy.core.SIZE: [5%, 0.05]": "the value 0.05 stands there twice",
    "strategy.core.SIZE: {from: 5%, to: 25%, step: 7%}": "steps of 7% from 5% miss 25%; write to: 19% or 26%",
    "strategy.core.SIZE: {from: 5%, to: 25%, step: 0%}": "a step of 0% leads nowhere",
    "strategy.core.SIZE: {from: 5%, to: 0.25, step: 1%}": "percentages and plain numbers are mixed",
    "strategy.core.SIZE: {from: 25%, to: 5%, step: 1%}": "5% is not above 25%",
    "strategy.core.SIZE: {from: 5%, to: 25%}": "a grid needs steps",
    "strategy.core.SIZE: {from: five, to: 25%, step: 1%}": "'five' is neither a number",
    "strategy.core.SIZE: all": "'all' is for keys with a fixed list of words",
    "strategy.satellites: {choose: 5, of: [HD, JNJ], weight: 2%}": "2 names to choose 5 of; name 3 more",
    "strategy.satellites: {choose: 1, of: [HD, HD], weight: 2%}": "HD stands there twice",
    "strategy.cap: {choose: 1, of: [HD], weight: 2%}": "a basket is for weights by ticker",
    "data.source.kind: [sample, yahoo]": "data.source.kind cannot vary: a sweep reads its prices once",
    "name: [a, b]": "name cannot vary",
    "account.currency: [USD, EUR]": "account.currency cannot vary",
    "strategy: [{kind: never}], strategy.cap: [2%, 3%]": "changes what strategy changes",
    "window.start: {from: 2010-01-01, to: 2012-01-01, step: 5}": "dates go in steps of months or years",
    "window.start: {from: 2018-02-30, to: 2019-01-01, step: 1 month}": "from: 2018-02-30 is no day of the calendar",
    "window.start: {from: 2018-01-01, to: 2019-13-45, step: 1 month}": "to: 2019-13-45 is no day of the calendar",
    "window.start: {from: 2018-01-01, to: 9999-12-31, step: 1 month}": "miss 9999-12-31; write to: 9999-12-01",
    "window.start: {from: 2018-01-01, to: 2019-01-01, step: 999999999999 months}": "leads beyond 2019-01-01; write",
    "window.start: {from: 2018-01-01, to: 2019-01-01, step: 7000 years}": "leads beyond 2019-01-01; write a shorter",
    "window.start: {from: 2018-01-31, to: 2018-03-15, step: 1 month}": "write to: 2018-02-28 or 2018-03-31",
}


@pytest.mark.parametrize("axis", FAULTS)
def test_an_axis_that_cannot_be_says_why(axis: str) -> None:
    with pytest.raises(ConfigError) as caught:
        spanned("\n  axes: {" + axis + "}\n")
    assert FAULTS[axis] in str(caught.value)
    assert "sweep.yaml:" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_grid_of_a_billion_points_says_how_many_how_long_and_what_else() -> None:
    wide = "\n".join(f"    {key}: {{from: 1, to: 1000, step: 1}}" for key in ("account.capital", "costs.spread"))
    with pytest.raises(ConfigError) as caught:
        spanned(f"\n  axes:\n{wide}\n    strategy.core.SIZE: {{from: 0.001, to: 1, step: 0.001}}\n")
    message = str(caught.value)
    assert "1,000 x 1,000 x 1,000 = 1,000,000,000 points, about 6 hours" in message
    assert "mode: {kind: sobol, samples: 100000, seed: 1}" in message


def test_a_sweep_says_what_its_mode_and_rank_can_be() -> None:
    for text, words in (
        ("\n  mode: grdi\n  axes: {strategy.cap: [3%]}\n", "unknown kind 'grdi'; did you mean 'grid'?"),
        ("\n  mode: {kind: random, seed: 1}\n  axes: {strategy.cap: [3%]}\n", "key 'samples' is missing"),
        ("\n  rank_by: sharp\n  axes: {strategy.cap: [3%]}\n", "sharpe"),
        ("\n  axes: {}\n", "sweep.axes"),
    ):
        with pytest.raises(ConfigError, match=words):
            spanned(text)


def test_a_config_without_a_sweep_is_told_what_is_missing() -> None:
    with pytest.raises(ConfigError, match="key 'sweep' is missing"):
        spanned("", PLAN.replace("sweep:\n", ""))


def test_a_plan_that_is_itself_no_valid_run_has_no_variants() -> None:
    with pytest.raises(ConfigError, match="above the cap"):
        validate(type(spanned(SMALL)[0]), _document(PLAN.replace("cap: 3%", "cap: 1%") + SMALL))


def _document(text: str) -> Document:
    from engine.core.yaml_document import parse_document

    return parse_document(text, "sweep.yaml")


def test_null_leaves_a_key_out_so_that_a_rule_is_compared_with_none() -> None:
    review = "{trigger: 20%, from: cost, thesis: {kind: always}, intact: top_up, broken: exit}"
    _, plan, space = spanned(f"\n  axes: {{strategy.loss_review: [null, {review}]}}\n")
    variants = PointConfigs(plan, space)
    without, reviewed = (variants.validate([index]).strategy for index in (0, 1))
    assert without == plan.strategy
    assert reviewed.loss_review.trigger == 0.2


def test_null_is_no_value_of_a_key_that_must_be_there() -> None:
    with pytest.raises(ConfigError, match=r"strategy\.cap"):
        _whole({**variants_tree(), "strategy": {**variants_tree()["strategy"], "cap": "null"}})


def variants_tree():
    _, plan, space = spanned(SMALL)
    return config_tree(plan, space, [0] * len(space.axes))


def test_a_value_that_is_invalid_beside_the_base_plan_leaves_the_others_in_their_table() -> None:
    _, plan, space = spanned("\n  axes: {strategy.cap: [2%, 2.5%, 3%], strategy.core.SIZE: [5%, 15%]}\n")
    section, points = PointConfigs(plan, space).sections["strategy"], space.points()
    rows, _ = StrategyTable(section, ("HD", "JNJ", "PG", "QUAL", "SIZE")).rows(points.indices_between(0, points.count))
    (group,) = rows.groups
    assert not group.policies
    assert sorted(group.table.cap.tolist()) == [0.025, 0.025, 0.03, 0.03]


TOGETHER = """
  axes:
    strategy.satellites: {choose: [3, 4], of: [HD, JNJ, PG, UNH], weight: [2%, 2.5%, 3%]}
    strategy.core.SIZE: [5%, 91%, 92.5%]
    strategy.cap: [2.5%, 3%]
"""


@pytest.mark.parametrize("core", ["{QUAL: rest, SIZE: 15%}", "{QUAL: 1%, SIZE: 15%}"], ids=["rest", "all named"])
def test_combinations_checked_as_vectors_are_valid_just_when_their_configs_are(core: str) -> None:
    """Each value is valid beside the base plan; together some satellites break the cap, and some plans are too much."""
    _, plan, space = spanned(TOGETHER, PLAN.replace("{QUAL: rest, SIZE: 15%}", core))
    configs, points = PointConfigs(plan, space), space.points()
    indices = points.indices_between(0, points.count)
    assets = ("HD", "JNJ", "PG", "QUAL", "SIZE", "UNH")
    rows, which = StrategyTable(configs.sections["strategy"], assets).rows(indices)
    seen = 0
    for point, own in zip(indices.tolist(), which.tolist(), strict=True):
        found = configs.validate(point)
        assert (rows.group[own] < 0) == isinstance(found, Rejection), point
        if not isinstance(found, Rejection):
            group = rows.groups[rows.group[own]]
            stated = dict(
                zip([assets[column] for column in group.columns], group.table.targets[rows.row[own]], strict=True)
            )
            assert {name: weight for name, weight in stated.items() if weight} == {
                name: weight for name, weight in found.strategy.nominal_weights().items() if weight
            }
            seen += 1
    assert 0.1 * points.count < seen < 0.8 * points.count  # there are both


def test_tariffs_that_charge_more_than_variants_do_are_named() -> None:
    """A subscription that no variant pays puts its broker first by costs: the sweep says so, of each tariff it tries."""
    brokers = "{kind: broker, tariff: comdirect}, {kind: broker, tariff: scalable_prime_plus}, {kind: none}"
    _, _, space = spanned(f"\n  axes: {{costs: [{brokers}]}}\n")
    assert swept_tariffs(space) == ["comdirect", "scalable_prime_plus"]
    (said,) = uncharged_caveat(swept_tariffs(space))
    assert "scalable_prime_plus 59.88 EUR a year and 0.99 EUR for each order below 250." in said
    assert "comdirect" not in said
