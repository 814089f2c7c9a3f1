"""Satellites of a dated universe: who may be chosen on a day, who left and why, and when hindsight is no longer said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.analysis.caveats import hindsight_caveat
from engine.analysis.timeline import list_asset_events
from engine.core.errors import ConfigError
from engine.core.validation import validate
from engine.core.yaml_document import Document
from engine.data.market import Market
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from strategies.core_satellite import CoreSatellite
from strategies.loss_review import LossReview
from strategies.satellite_selection import Count
from tests.support.markets import account, free, market_of

NAMES = ("A", "B", "C", "D")
SPANS: dict[str, list[dict[str, str]]] = {
    "A": [{"from": "2019-01-02", "to": "2020-03-31"}],
    "B": [{"from": "2019-01-02"}],
    "C": [{"from": "2020-03-31"}],
    "D": [{"to": "2020-01-31"}, {"from": "2020-05-01"}],
}
TOP = {"kind": "top", "count": 2, "by": "momentum", "lookback": 5}


def plan(choose: dict[str, Any] = TOP, spans: dict[str, list[dict[str, str]]] = SPANS) -> CoreSatellite:
    names = [
        {"ticker": one, "name": one, "sector": "s", "brokers": ["b"], **span} for one in NAMES for span in spans[one]
    ]
    return CoreSatellite.model_validate(
        {
            "core": {"CORE": "rest", "BOND": "20%"},
            "satellites": {"universe": {"names": names}, "choose": choose, "count": {"min": 1}, "weight": "2%"},
            "cap": "3%",
            "rebalance": {"kind": "every", "period": "month"},
        }
    )


def rising(sessions: int = 140) -> Market:
    """Weekdays from 2020-01-01; A rises the fastest, then B, C and D."""
    speed = 1.0 + np.array([0.0, 0.0, 4.0, 3.0, 2.0, 1.0]) / 1000.0
    return market_of(10.0 * np.cumprod(np.tile(speed, (sessions, 1)), axis=0), ("CORE", "BOND", *NAMES))


def run(policy: CoreSatellite, market: Market) -> tuple[Ledger, list[str]]:
    ledger = simulate(market, policy, account(), free(6), start=8)
    return ledger, [one.text for one in list_asset_events(ledger, market, policy) if one.kind == "choice"]


def test_a_choice_sees_only_members_of_the_day() -> None:
    """The last close before April is March 31: A's last day and C's first; the May choice is made without A."""
    _, choices = run(plan(), rising())
    assert choices == [
        "A, B; start",
        "B, C; in C, out A (membership ended 2020-03-31)",
    ]


def test_no_session_holds_who_has_left_since_the_last_choice() -> None:
    """At every rebalance a target is above zero only for members of the close before."""
    policy, market = plan(), rising()
    ledger, _ = run(policy, market)
    for event in np.flatnonzero(ledger.rebalances):
        row = int(ledger.rows[event]) + 8
        day = market.dates[row if row == 8 else row - 1]
        held = {one for one in NAMES if ledger.targets[event, ledger.assets.index(one)] > 0.0}
        assert all(policy.satellites.universe.is_member(one, day) for one in held)
        assert ledger.targets[event].sum() == pytest.approx(1.0, abs=1e-12)


def test_named_ones_outside_their_membership_give_their_weight_to_the_core_pro_rata() -> None:
    """C is not in at the opening and A goes: 2 % more in a core of 74 % and 20 %."""
    named = {"kind": "named", "names": ["A", "B", "C"]}
    ledger, choices = run(plan(named), rising())
    opening = dict(zip(ledger.assets, ledger.targets[0].tolist(), strict=True))
    core = {"CORE": 0.74 + 0.02 * 74 / 94, "BOND": 0.2 + 0.02 * 20 / 94}
    assert opening == pytest.approx({**core, "A": 0.02, "B": 0.02, "C": 0.0, "D": 0.0})
    assert choices[0] == "A, B (left out: C: not a member of the universe on 2020-01-13); start"
    assert choices[1] == "A, B, C; in C"
    assert choices[2] == "B, C (left out: A: membership ended 2020-03-31); out A (membership ended 2020-03-31)"


def test_one_that_is_outranked_or_delisted_is_said_to_be() -> None:
    """B falls behind D in May; A ends before its membership does."""
    market = rising()
    closes = market.prices.copy()
    b, a = market.column_index("B"), market.column_index("A")
    closes[92:, b] = closes[91, b] * 0.99 ** np.arange(1, 49)
    closes[50:, a] = np.nan
    _, choices = run(plan(), market_of(closes, market.assets))
    assert choices[1].endswith("out A (delisted)")
    assert choices[-1].endswith("out B (outranked)")


def test_one_that_a_loss_review_has_sold_is_said_to_be_and_not_chosen() -> None:
    """A falls by a half and is sold; at the next choice it is neither picked nor said to lack anything else."""
    market = rising()
    closes = market.prices.copy()
    closes[30:, market.column_index("A")] *= 0.5
    review = {"trigger": "20%", "thesis": {"kind": "never"}, "reenter": "never"}
    policy = plan({**TOP, "count": 4}).model_copy(update={"loss_review": LossReview.model_validate(review)})
    satellites = policy.satellites.model_copy(update={"count": Count(min=4)})
    ledger, _ = run(policy.model_copy(update={"satellites": satellites}), market_of(closes, market.assets))
    assert "A: sold by the loss review" in ledger.shortfalls[max(ledger.shortfalls)]


def test_of_a_long_list_the_names_that_are_not_in_it_are_counted_and_not_each_told() -> None:
    """A published list has hundreds that left, each on a day of its own: one line for all of them."""
    extra = [f"X{at:02d}" for at in range(40)]
    names = [{"ticker": one, "to": f"2019-0{1 + at % 9}-15"} for at, one in enumerate(extra)]
    names += [{"ticker": one, "from": "2019-01-02"} for one in NAMES]
    stocks = [{"name": "n", "sector": "s", "brokers": [], **one} for one in names]
    policy = CoreSatellite.model_validate(
        {
            "core": {"CORE": "rest"},
            "satellites": {
                "universe": {"names": stocks},
                "choose": TOP,
                "min_history": 50,
                "weight": "2%",
                "count": {"min": 1},
            },
            "cap": "3%",
            "rebalance": {"kind": "every", "period": "month"},
        }
    )
    market = rising()
    wide = np.concatenate([market.prices, np.full((len(market.dates), len(extra)), np.nan)], axis=1)
    _, choices = run(policy, market_of(wide, (*market.assets, *extra)))
    assert "X00, X01, X02, X03, X04, X05 and 34 more: not members of the universe on 2020-01-13" in choices[0]
    assert len(choices[0]) < 300


def words(spans: dict[str, list[dict[str, str]]], ended: tuple[str, ...] = ()) -> str:
    first, last = np.datetime64("2020-01-13"), np.datetime64("2020-07-14")
    return " ".join(hindsight_caveat(plan(spans=spans), first, last, ended))


def test_hindsight_is_said_until_the_list_could_have_been_had_at_the_start() -> None:
    """Every name dated, a membership before the window, and a name that is gone: else what is missing is said."""
    assert words(SPANS) == ""
    assert "1 of its 4 names have no dates (B)" in words({**SPANS, "B": [{}]})
    until_the_end = {**SPANS, "A": [{"from": "2019-01-02", "to": "2020-07-14"}]}
    assert "none of its names left it or was delisted between" in words(until_the_end)
    late = {one: [{"from": "2020-01-14", "to": "2020-03-31"}] for one in NAMES}
    assert "its first membership begins on 2020-01-14, after the run does (2020-01-13)" in words(late)
    stay = {one: [{"from": "2019-01-02"}] for one in NAMES}
    assert "none of its names left it or was delisted between 2020-01-13 and 2020-07-14" in words(stay)
    assert words(stay, ("B",)) == ""
    assert "the list does not." in words({one: [{}] for one in NAMES})


def test_named_satellites_of_a_dated_list_are_still_named_with_hindsight() -> None:
    """Membership does not tell who would have been named."""
    policy, day = plan({"kind": "named", "names": ["A", "B", "C"]}), np.datetime64("2020-01-13")
    assert "Nobody could have named just these" in " ".join(hindsight_caveat(policy, day, day, ()))


def test_an_optimised_plan_refuses_the_dates_it_does_not_read() -> None:
    """Wrong in silence is what it would be otherwise."""
    from strategies.optimised import Optimised

    universe = plan().satellites.universe.model_dump(by_alias=True, mode="json", exclude_none=True)
    tree = {
        "core": ["CORE"],
        "core_cap": "100%",
        "satellites": {"universe": universe, "cap": "3%"},
        "objective": {"kind": "min_variance"},
        "rebalance": {"kind": "annual", "month": "january"},
    }
    with pytest.raises(ConfigError, match="does not read from and to of a universe; remove the dates"):
        validate(Optimised, Document.from_tree("plan.yaml", tree))
