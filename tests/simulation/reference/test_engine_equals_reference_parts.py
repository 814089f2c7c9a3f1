"""What a plan gains on its buy-and-hold, in parts: the engine's versions of a run against those of the reference (S18)."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import asdict, replace

import pytest

from engine.analysis.difference_parts import Plan, split_difference
from engine.analysis.portfolio_market import PortfolioMarket
from engine.core.errors import EngineError
from engine.simulation.run_setup import AS_WRITTEN
from tests.reference.cases import random_order_case, random_rule_case
from tests.reference.engine_runs import account_of, cost_table_of, market_of_case, plan_of, run_plan
from tests.reference.ledger import Case, LedgerError
from tests.reference.versions import late_names, parts


@pytest.mark.parametrize("draw", [random_rule_case, random_order_case])
@pytest.mark.parametrize("plans", [12, pytest.param(300, marks=pytest.mark.slow)])
def test_the_parts_of_the_difference_are_those_of_the_reference(draw: Callable[..., Case], plans: int) -> None:
    """Late names, and each part, agree for plans of any rules whose names are given; the parts add up."""
    rng, compared, late = random.Random("parts"), 0, 0
    for number in range(plans):
        case = replace(draw(rng), choose=None)
        if case.before_listing == "C":  # a proxy that is a late name itself
            case = replace(case, before_listing="redistribute")
        market = market_of_case(case)
        policy = plan_of(case, market)
        try:
            ledger = run_plan(case, market, policy)
            plan = Plan(PortfolioMarket(market, case.opening), policy, account_of(case), cost_table_of(case), ledger)
            held = plan.bought_and_held(late=True)
            p1, b1 = plan.growth(AS_WRITTEN, costs=True), plan.growth(held, costs=True)
            found = asdict(split_difference(plan, p1, b1, held))
        except EngineError:
            continue
        assert plan.late_names == late_names(case), number
        assert math.fsum(found.values()) == pytest.approx(p1 - b1, abs=1e-12 * max(1.0, abs(p1), abs(b1)))
        try:
            wanted = parts(case, [day.item() for day in ledger.dates])
        except LedgerError:
            continue
        assert found == pytest.approx({name: float(x) for name, x in wanted.items()}, rel=1e-8, abs=1e-8), number
        compared, late = compared + 1, late + bool(late_names(case))
    assert compared > plans // 2
    assert late > plans // 10
