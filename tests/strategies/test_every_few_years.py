"""Rebalances once in some years: counted from the opening of the run itself, alone and side by side."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from pydantic import ValidationError

from engine.portfolio.account import Account
from engine.portfolio.costs import PercentCosts
from engine.portfolio.policy_abilities import schedule_since
from engine.simulation.simulate import simulate
from engine.sweep.batch.planner import VariantColumns, planner_for
from engine.sweep.batch.policy_groups import Variant
from engine.sweep.batch.run_batch import reference_metrics, variant_metric_table
from strategies.fixed_mix import FixedMix
from tests.support.batches import steady_market
from tests.support.markets import market_of

MIX = {"AAA": 0.5, "BBB": 0.3, "CCC": 0.2}


def mix(rule: dict[str, object]) -> FixedMix:
    """Return a mix that rebalances by ``rule``."""
    return FixedMix.model_validate({"weights": MIX, "rebalance": rule})


@pytest.mark.parametrize(("every", "month"), list(product((1, 2, 3, 10), ("january", "november"))))
def test_the_first_rebalance_is_so_many_years_after_the_year_of_the_opening(every: int, month: str) -> None:
    """Told by walking the sessions one by one; the year of an opening in February has no rebalance but a yearly one."""
    market = steady_market(4000)
    opening = int(np.searchsorted(market.dates, np.datetime64("2020-02-10")))
    rule = mix({"kind": "annual", "month": month, "every": every})
    ledger = simulate(market, rule, Account(), PercentCosts(rate=0.001).cost_table(3), start=opening)
    expected, number = ["2020-02-10"], {"january": 1, "november": 11}[month]
    for before, day in zip(market.dates[opening:].tolist(), market.dates[opening + 1 :].tolist(), strict=False):
        first = day.month == number and before.month != number
        if first and (every == 1 or (day.year > 2020 and (day.year - 2020) % every == 0)):
            expected.append(str(day))
    assert [str(day) for day in ledger.dates[ledger.rows]] == expected
    assert len(expected) > 1
    own = month if every == 1 else f"{month}, every {every} years"
    assert set(ledger.reasons[1:]) == {own}


def test_years_count_from_the_opening_also_beside_another_rule() -> None:
    """In a list of rules it is the same; days of one year lead to equal schedules, and a yearly rule to itself."""
    days = market_of(np.ones((1500, 1))).dates
    both = {"kind": "any", "of": [{"kind": "annual", "every": 2}, {"kind": "annual", "month": "july"}]}
    schedule = schedule_since(mix(both).schedule, days[300])
    dated = [(str(days[row])[:7], why) for row, why in sorted(schedule.calendar(days).items())]
    january = ("2023-01", "january, every 2 years")
    assert dated == [("2020-07", "july"), ("2021-07", "july"), ("2022-07", "july"), january, ("2023-07", "july"),
                     ("2024-07", "july"), ("2025-01", "january, every 2 years"), ("2025-07", "july")]  # fmt: skip
    assert schedule == schedule_since(mix(both).schedule, days[310])
    yearly = mix({"kind": "annual"}).schedule
    assert schedule_since(yearly, days[300]) is yearly


@pytest.mark.parametrize("delay", ["close", "next_close"])
def test_variants_side_by_side_count_each_from_its_own_opening(delay: str) -> None:
    """Lanes give the figures of ``simulate`` to the bit, of plans that open in different years."""
    market = steady_market(1800)
    openings = [int(np.searchsorted(market.dates, np.datetime64(f"{year}-03-01"))) for year in (2018, 2019, 2020)]
    variants = [
        Variant(mix({"kind": "annual", "month": month, "every": every}), Account(execution=delay), costs, row, 1800)
        for costs in [PercentCosts(rate=0.001)]
        for every, month, row in product((1, 2, 3), ("january", "june"), openings)
    ]
    assert VariantColumns.from_variants(planner_for(market), variants[:1]) is not None
    figures = np.array([variant_metric_table(market, [variant])[0] for variant in variants])
    alone = np.array([reference_metrics(market, variant) for variant in variants])
    np.testing.assert_array_equal(figures, alone)
    assert len({row.tobytes() for row in alone}) == len(variants)


@pytest.mark.parametrize(
    ("every", "said"),
    [("0", "greater than or equal to 1"), ("11", "less than or equal to 10"), ("1.5", "'1.5' is not a whole number")],
)
def test_anything_but_one_to_ten_years_is_refused(every: str, said: str) -> None:
    """With what was found and expected."""
    with pytest.raises(ValidationError, match=said):
        mix({"kind": "annual", "every": every})
