"""The rule book against the slow reference ledger: hand-calculated examples, and two thousand random cases."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
from oracle import Case, LedgerError, run
from oracle_rules import Review as RuleReview
from pydantic import ConfigDict
from rules_cases import random_rule_case
from test_oracle_rules import EXAMPLES
from test_reference_ledger import AnyPlan, Rows, market_of_case, place, run_plan

from engine.core.arrays import BoolArray
from engine.core.errors import AccountError, StalePriceError
from engine.data.market import Market
from engine.portfolio.policy import Band, Decision, Review
from engine.simulation.ledger import Ledger, checks
from strategies.loss_review import LossReview
from strategies.satellite_selection import FromUniverse

ROUNDS = 2 if os.environ.get("MUTANTS") else 20
OPPOSITE = {"intact": True, "broken": False, "unknown": None}


class Shaped(Rows):
    """A schedule by row with the geometry of a case, as a strategy's keys would give it."""

    def band(self, dates: np.ndarray) -> Band | None:
        case = self.case
        if not case.look:
            return None
        stops = {"target": (0.0, 0.0), "inside": (1.0, float(case.inside)), "of_band": (float(case.inside), 0.0)}
        part, inside = stops.get(case.trade_to, (1.0, 0.0))
        look = np.array([row in case.look for row in range(len(dates))])
        widths = [np.inf if width is None else float(width) for width in (case.absolute, case.relative)]
        return Band(*widths, look, part, inside, case.trade_only == "drifted", case.flows_first)


class RulePlan(AnyPlan):
    """A plan whose satellites are chosen and reviewed as a case says."""

    model_config = ConfigDict(arbitrary_types_allowed=True, revalidate_instances="never", extra="forbid", frozen=True)
    case: Case
    satellites: FromUniverse | None
    loss_review: Any

    @property
    def review(self) -> Review | None:
        return self.loss_review.bound(tuple(self.case.review.names)) if self.loss_review else None

    @property
    def tickers(self) -> tuple[str, ...]:
        return tuple(self.case.tickers)

    def opening_tickers(self) -> tuple[str, ...]:
        return tuple(self.case.tickers)

    def fixed_targets(self) -> Mapping[str, float] | None:
        return self.wanted() if self.satellites is None and not self.case.min_history else None

    def wanted_at(self, decision: Decision) -> Mapping[str, float]:
        if self.satellites is None:
            return self.wanted()
        limits = {frozenset(names): float(most) for names, most in self.case.choose.limits}
        barred = frozenset(name for name in self.case.tickers if decision.barred[decision.column(name)])
        picked = self.satellites.pick(decision, barred, limits)
        unused = (self.case.choose.count - len(picked)) * self.satellites.weight
        total = sum(self.centre.values())
        core = {name: weight + unused * self.centre.get(name, 0.0) / total for name, weight in self.weights.items()}
        return {**core, **{name: core.get(name, 0.0) + self.satellites.weight for name in picked}}

    def ready(self, decision: Decision) -> BoolArray:
        ready = decision.eligible.copy()
        last = len(decision.history.dates) - 1
        for name, sessions in self.case.min_history.items():
            first = last - sessions + 1
            j = decision.column(name)
            ready[j] &= not sessions or (first >= 0 and bool(decision.history.age[first, j] >= 0))
        return ready


def plan_of(case: Case, market: Market) -> RulePlan:
    choose, review = case.choose, case.review
    stocks = [
        {"ticker": name, "name": name, "sector": "S", "brokers": ["b"]} for name in (choose.names if choose else ())
    ]
    dates = [str(day) for day in market.dates]
    verdicts = [
        {"date": dates[row], "ticker": name, "verdict": "intact" if intact else "broken"}
        for name, said in (review.verdicts.items() if review else ())
        for row, intact in dict(said).items()
    ]
    theses = {"trend": {"sessions": review.sessions}, "list": {"verdicts": verdicts}} if review else {}
    return RulePlan(
        weights={k: float(v) for k, v in case.targets.items()},
        centre={k: float(v) for k, v in case.core.items()},
        limits={k: float(v) for k, v in case.caps.items()},
        watch_caps=case.watch_caps,
        schedule=Shaped(case),
        before_listing=place(case.before_listing),
        after_delisting={"to": place(case.after_delisting), "haircut": float(case.haircut)},
        case=case,
        satellites=choose
        and {
            "universe": {"names": stocks},
            "choose": {
                "kind": "top",
                "count": choose.count,
                "by": choose.by,
                "lookback": choose.lookback,
                "skip": choose.skip,
            },
            "count": {"min": 1, "max": 5},
            "weight": float(choose.weight),
            "min_history": choose.min_history,
        },
        loss_review=review and loss_review_of(review, {"kind": review.thesis, **theses.get(review.thesis, {})}),
    )


def loss_review_of(review: RuleReview, thesis: Mapping[str, object]) -> LossReview:
    """One that keeps everything, which a config may not say, is a case like any other here."""
    does = {"trigger": float(review.trigger), "from": review.reference, "thesis": thesis, "unknown": "exit"}
    made = LossReview.model_validate(does)
    return made.model_copy(
        update={key: getattr(review, key) for key in ("intact", "broken", "unknown", "proceeds", "reenter")}
    )


def engine_ledger(case: Case, monkeypatch: pytest.MonkeyPatch) -> tuple[Ledger, Market]:
    market = market_of_case(case)
    return run_plan(case, market, plan_of(case, market), monkeypatch), market


def actions(ledger: Ledger, case: Case) -> list[tuple[int, str, bool | None, str]]:
    return [(one.row + case.opening, one.asset, one.verdict.intact, one.verdict.action) for one in ledger.reviews]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_engine_gives_what_was_worked_out_by_hand(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = EXAMPLES[name]
    ledger, _ = engine_ledger(wanted.case, monkeypatch)
    assert ledger.value == pytest.approx([float(v) for v in wanted.value], abs=0.005)  # to the cent
    assert ledger.value == pytest.approx([float(v) for v in wanted.value], rel=1e-12)
    after = [(int(row) + wanted.case.opening, trades) for row, trades in zip(ledger.rows, ledger.trades, strict=True)][
        1:
    ]
    if not ledger.rebalances[0]:
        after = [(int(ledger.rows[0]) + wanted.case.opening, ledger.trades[0]), *after]
    assert [row for row, _ in after] == [row for row, _, _ in wanted.events]
    for (row, trades), (_, kind, quantities) in zip(after, wanted.events, strict=True):
        assert trades == pytest.approx([float(q) for q in quantities], abs=1e-9), f"{kind} at row {row}"
    said = [(row, ticker, OPPOSITE[word], action) for row, ticker, word, action in wanted.reviews if action != "missed"]
    assert actions(ledger, wanted.case) == said


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_the_engine_agrees_with_the_reference_ledger_on_a_hundred_cases_of_the_rule_book(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(f"rules {seed}")
    compared = 0
    for number in range(100):
        case = random_rule_case(rng)
        try:
            reference = run(case)
        except LedgerError:
            with pytest.raises((AccountError, StalePriceError)):
                engine_ledger(case, monkeypatch)
            continue
        ledger, market = engine_ledger(case, monkeypatch)
        agree(case, reference, ledger, market, f"seed {seed} case {number}")
        compared += 1
    assert compared > 90


def agree(case: Case, reference, ledger: Ledger, market: Market, name: str) -> None:
    value = np.array([float(v) for v in reference.value])
    units = np.array([[float(u) for u in row] for row in reference.units])
    gap = np.abs(ledger.value / value - 1.0)
    assert gap.max() < 1e-10, f"{name}: value differs at session {int((gap > 1e-10).argmax())}"
    assert np.abs(ledger.units - units).max() <= 1e-9 * max(1.0, np.abs(units).max()), name
    assert np.abs(ledger.cash - [float(c) for c in reference.cash]).max() < 1e-6, name
    assert checks(ledger, market).worst_cash_residual < 1e-12
    said = [(row, who, OPPOSITE[word], action) for row, who, word, action in reference.reviews if action != "missed"]
    assert actions(ledger, case) == said, name
    assert F(0) <= min(reference.cash)
