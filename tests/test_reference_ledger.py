"""A thousand random small cases, kept by the engine and by the slow reference ledger in exact fractions."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from fractions import Fraction as F

import numpy as np
import pytest
from markets import account
from oracle import Case, Cost, LedgerError, run
from pydantic import ConfigDict

from engine.core.errors import AccountError, StalePriceError
from engine.data.market import Market
from engine.portfolio.cost_table import CostTable
from engine.portfolio.policy import Band
from engine.simulation.ledger import Ledger, checks
from engine.simulation.simulate import simulate
from strategies.base import Plan, Proxy

SESSIONS, NAMES = 40, "ABCD"


class Rows:
    """A schedule written out by row."""

    decides = True

    def __init__(self, case: Case) -> None:
        self.case = case

    def calendar(self, dates: np.ndarray) -> dict[int, str]:
        return dict(self.case.decisions)

    def band(self, dates: np.ndarray) -> Band | None:
        if self.case.absolute is None:
            return None
        look = np.array([row in self.case.look for row in range(len(dates))])
        return Band(
            float(self.case.absolute), np.inf if self.case.relative is None else float(self.case.relative), look
        )


class AnyPlan(Plan):
    """A plan whose every part is given."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    weights: dict[str, float]
    centre: dict[str, float]
    limits: dict[str, float]
    watch_caps: bool
    schedule: Rows

    def wanted(self) -> Mapping[str, float]:
        return self.weights

    def core(self) -> Mapping[str, float]:
        return self.centre

    def caps(self) -> Mapping[str, float]:
        return self.limits


def random_case(rng: random.Random) -> Case:
    """A short market with late listings, delistings and gaps, under rules switched on at random."""
    columns = []
    for i in range(4):
        first = 0 if i == 0 else rng.choice([0, 0, 0, rng.randrange(1, 25)])
        last = (
            SESSIONS - 1 if i == 0 else rng.choice([SESSIONS - 1, SESSIONS - 1, rng.randrange(first + 3, SESSIONS + 5)])
        )
        price, column = rng.uniform(5, 200), []
        for t in range(SESSIONS):
            price *= 1 + rng.gauss(0, 0.05)
            printed = first <= t <= last and not (rng.random() < 0.08 and t > 0)
            column.append(F(round(price, rng.choice([2, 12]))) if printed else None)
        columns.append(column)
    rows = [list(row) for row in zip(*columns, strict=True)]
    start = rng.choice([0, 2])
    parts = [rng.randrange(1, 10) for _ in range(5)]
    parts[-1] = 0 if rng.random() < 0.6 else parts[-1]
    weights = {name: F(part, sum(parts)) for name, part in zip(NAMES, parts, strict=False)}
    core = {"A": weights["A"], "B": weights["B"]} if rng.random() < 0.7 else {"A": weights["A"]}
    capped = rng.random() < 0.6
    same = random_cost(rng)
    period = rng.choice([5, 10, 21])
    band = rng.random() < 0.5
    capital = F(rng.choice([100000, 100000, 100000, 800]))  # with 800, fees often eat the order
    return Case(
        NAMES,
        rows,
        weights,
        core=core,
        capital=capital,
        opening=next(t for t in range(start, SESSIONS) if any(rows[t])),  # S1
        decisions=dict.fromkeys(range(7, SESSIONS, rng.choice([9, 13, 50])), "calendar"),
        delay=rng.choice([0, 1]),
        growth=[F(1.0001)] * SESSIONS if rng.random() < 0.5 else (),
        flows={t: capital / 1000 * rng.choice([5, -4, 15, -10]) for t in range(period, SESSIONS, period)}
        if rng.random() < 0.6
        else {},
        invest=rng.choice(["towards_targets", "pro_rata", "wait"]),
        caps={name: weights[name] * F(rng.choice(["1", "1.1", "1.3"])) for name in "CD"} if capped else {},
        watch_caps=rng.random() < 0.6,
        before_listing=rng.choice(["redistribute", "cash", "B", "C"]),
        after_delisting=rng.choice(["redistribute", "cash", "B"]),
        haircut=F(rng.choice(["0", "0.3"])),
        absolute=F("0.05") if band else None,
        relative=rng.choice([None, F("0.25")]) if band else None,
        look=frozenset(range(0, SESSIONS, rng.choice([1, 5, 20]))) if band else frozenset(),
        costs={name: same if rng.random() < 0.6 else random_cost(rng) for name in NAMES},
        whole=rng.random() < 0.3,
    )


def random_cost(rng: random.Random) -> Cost:
    kind = rng.random()
    if kind < 0.3:
        return Cost()
    if kind < 0.6:
        return Cost(rate=F(rng.choice(["0.001", "0.01"])), spread=F(rng.choice(["0", "0.0005"])))
    return Cost(
        fixed=F(rng.choice(["0", "1"])),
        rate=F("0.001"),
        per_share=F(rng.choice(["0", "0.005"])),
        minimum=F(rng.choice(["0", "2"])),
        maximum=rng.choice([None, F(20)]),
        maximum_rate=rng.choice([None, F("0.01")]),
        spread=F("0.0003"),
    )


def market_of_case(case: Case) -> Market:
    closes = np.array([[np.nan if p is None else float(p) for p in row] for row in case.prices])
    dates = np.busday_offset("2020-01-01", np.arange(len(closes)), roll="forward")
    market = Market.build(dates, tuple(case.tickers), closes)
    rate = np.array([float(g) - 1.0 for g in case.growth]) if case.growth else np.zeros(len(closes))
    return Market(market.dates, market.assets, market.prices, market.listed, market.age, rate)


def place(to: str) -> object:
    return to if to in {"redistribute", "cash"} else Proxy(proxy=to)


def engine_run(case: Case, market: Market, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    plan = AnyPlan(
        weights={k: float(v) for k, v in case.targets.items()},
        centre={k: float(v) for k, v in case.core.items()},
        limits={k: float(v) for k, v in case.caps.items()},
        watch_caps=case.watch_caps,
        schedule=Rows(case),
        before_listing=place(case.before_listing),
        after_delisting={"to": place(case.after_delisting), "haircut": float(case.haircut)},
    )
    return run_plan(case, market, plan, monkeypatch)


def run_plan(case: Case, market: Market, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    costs = [case.costs.get(name, Cost()) for name in case.tickers]
    infinity = float("inf")
    table = CostTable(
        *(
            np.array([float(getattr(cost, field)) for cost in costs])
            for field in ("rate", "fixed", "per_share", "minimum")
        ),
        *(
            np.array([infinity if getattr(cost, field) is None else float(getattr(cost, field)) for cost in costs])
            for field in ("maximum", "maximum_rate")
        ),
        np.array([float(cost.spread) for cost in costs]),
    )
    flows = {row: float(money) for row, money in case.flows.items() if row > case.opening}
    monkeypatch.setattr("engine.simulation.event_schedule._flows", lambda *_: flows)
    terms = account(
        capital=float(case.capital),
        shares="whole" if case.whole else "fractional",
        execution="next_close" if case.delay else "close",
        contributions={"invest": case.invest},
    )
    return simulate(market, plan, terms, table, start=case.opening)


SEEDS = range(1 if os.environ.get("MUTANTS") else 10)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_engine_agrees_with_the_reference_ledger_on_a_hundred_random_cases(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    compared = 0
    for number in range(100):
        case = random_case(rng)
        market = market_of_case(case)
        try:
            reference = run(case)
        except LedgerError:
            with pytest.raises((AccountError, StalePriceError)):
                engine_run(case, market, monkeypatch)
            continue
        ledger = engine_run(case, market, monkeypatch)
        value = np.array([float(v) for v in reference.value])
        units = np.array([[float(u) for u in row] for row in reference.units])
        gap = np.abs(ledger.value / value - 1.0)
        assert gap.max() < 1e-10, f"seed {seed} case {number}: value differs at session {int((gap > 1e-10).argmax())}"
        assert np.abs(ledger.units - units).max() <= 1e-9 * max(1.0, np.abs(units).max()), f"seed {seed} case {number}"
        assert np.abs(ledger.cash - [float(c) for c in reference.cash]).max() < 1e-6
        assert checks(ledger, market).worst_cash_residual < 1e-12
        compared += 1
    assert compared > 90
