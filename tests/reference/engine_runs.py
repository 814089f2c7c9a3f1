"""A case of the reference ledger, run by the engine."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import ConfigDict

from engine.core.arrays import BoolArray, DateArray, FloatArray
from engine.data.market import Market
from engine.data.sessions import MONTH_NAMES
from engine.portfolio.account import Account, CashTerms, LimitOrders
from engine.portfolio.cash_flow_plans import CashFlowPlan
from engine.portfolio.cost_table import CostTable
from engine.portfolio.costs import PercentCosts
from engine.portfolio.policy import Band, Decision, LossReviewRule, Policy
from engine.portfolio.policy_abilities import SleeveRule
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from strategies.base import Proxy, WeightedStrategy
from strategies.loss_review import LossReview
from strategies.satellite_selection import FromUniverse
from strategies.schedules import Annual
from tests.reference.dated_rules import Annual as DatedAnnual
from tests.reference.flow_plans import FlowPlan
from tests.reference.ledger import Case
from tests.reference.rules import Choose, Cost, Gate
from tests.reference.rules import Review as RuleReview

_FOLDER = tempfile.TemporaryDirectory()


class ListedFlows(CashFlowPlan):
    """Money by row, written out."""

    flows: Mapping[int, float]

    @property
    def is_none(self) -> bool:
        return not self.flows

    def by_row(self, dates: DateArray, opening: int) -> dict[int, float]:
        return {row: money for row, money in self.flows.items() if row > opening}


class Rows:
    """A schedule written out by row, beside one by the year where a case has that."""

    decides = True

    def __init__(self, case: Case, opened: int | None = None) -> None:
        self.case, self.opened = case, opened

    def since_opening(self, day: np.datetime64) -> Self:
        return type(self)(self.case, int(day.astype("datetime64[Y]").astype(int)) + 1970)

    def calendar(self, dates: np.ndarray) -> dict[int, str]:
        by_year = annual_of(self.case.annual).calendar(dates, self.opened) if self.case.annual else {}
        return {**by_year, **self.case.decisions}

    def band(self, dates: np.ndarray) -> Band | None:
        if self.case.absolute is None:
            return None
        look = np.array([row in self.case.look for row in range(len(dates))])
        return Band(
            float(self.case.absolute), np.inf if self.case.relative is None else float(self.case.relative), look
        )


def annual_of(annual: DatedAnnual) -> Annual:
    """Return the schedule as a config has it."""
    return Annual(month=MONTH_NAMES[annual.month - 1], session=annual.session, every=annual.every)


class AnyPlan(WeightedStrategy):
    """A plan whose every part is given."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    weights: dict[str, float]
    centre: dict[str, float]
    limits: dict[str, float]
    watch_caps: bool
    schedule: Rows

    def nominal_weights(self) -> Mapping[str, float]:
        return self.weights

    def fixed_targets(self) -> Mapping[str, float] | None:
        return self.weights

    def core(self) -> Mapping[str, float]:
        return self.centre

    def caps(self) -> Mapping[str, float]:
        return self.limits


def market_of_case(case: Case) -> Market:
    closes = np.array([[np.nan if p is None else float(p) for p in row] for row in case.prices])
    dates = np.busday_offset("2020-01-01", np.arange(len(closes)), roll="forward")
    if case.days:
        dates = np.array(case.days, dtype="datetime64[D]")
    foreign = np.array([name in case.foreign for name in case.tickers])
    rates = [float(rate) for rate in next(iter(case.foreign.values()), ())]
    for j in np.flatnonzero(foreign).tolist():
        closes[:, j] = closes[:, j] / rates * rates  # as closes at home are converted
    market = Market.build(dates, tuple(case.tickers), closes, annual_cash_rate=_dated_rates(case, dates))
    rate = np.array([float(g) - 1.0 for g in case.growth]) if case.growth else market.cash_rate
    paid = np.zeros(closes.shape)
    for row, of in case.dividends.items():
        for name, money in of.items():
            paid[row, case.tickers.index(name)] = float(money)
    return replace(
        market,
        cash_rate=rate,
        dividends=paid if case.dividends else None,
        shares=_shares_of_the_day(case) if case.splits else None,
        invests_dividends=bool(case.dividends) and case.invests_dividends,
        currencies=tuple(np.where(foreign, "EUR", market.currency).tolist()),
        fx={"EUR": np.array(rates)} if case.foreign else {},
    )


def _dated_rates(case: Case, dates: DateArray) -> float | FloatArray:
    """Return (T,) what cash earns a year from the session before, of the file that a config would name; 0 without one."""
    if not case.rates:
        return 0.0
    lines = [f"{day},{float(100 * rate)!r}\n" for day, rate in case.rates]
    file = {"path": _written("".join(["date,rate\n", *lines])), "unit": "percent"}
    return CashTerms.model_validate({"rate": file}).annual_rates(dates, case.opening, len(dates))


def _shares_of_the_day(case: Case) -> np.ndarray:
    """Return (T, N) the shares of the day that one of the last day is."""
    shares = np.ones((len(case.prices), len(case.tickers)))
    for row, of in case.splits.items():
        for name, factor in of.items():
            shares[:row, case.tickers.index(name)] /= float(factor)
    return shares


def place(to: str) -> object:
    return to if to in {"redistribute", "cash"} else Proxy(proxy=to)


def engine_run(case: Case, market: Market) -> Ledger:
    plan = AnyPlan(
        weights={k: float(v) for k, v in case.targets.items()},
        centre={k: float(v) for k, v in case.core.items()},
        limits={k: float(v) for k, v in case.caps.items()},
        watch_caps=case.watch_caps,
        schedule=Rows(case),
        before_listing=place(case.before_listing),
        after_delisting={"to": place(case.after_delisting), "haircut": float(case.haircut)},
    )
    return run_plan(case, market, plan)


def run_plan(case: Case, market: Market, plan: Policy) -> Ledger:
    return simulate(market, plan, account_of(case), cost_table_of(case), start=case.opening)


def cost_table_of(case: Case) -> CostTable:
    table = _table_of(case, case.costs)._replace(yearly=float(case.yearly))
    return table if case.plan_costs is None else table._replace(savings_plan=_table_of(case, case.plan_costs))


def _table_of(case: Case, charged: Mapping[str, Cost]) -> CostTable:
    costs = [charged.get(name, Cost()) for name in case.tickers]
    terms = ([getattr(cost, field) for cost in costs] for field in CostTable._fields[:7])
    a, b, c, d, e, f, g = (np.array([np.inf if v is None else float(v) for v in of]) for of in terms)
    foreign = np.array([name in case.foreign for name in case.tickers])
    return CostTable(
        a, b, c, d, e, f, g + PercentCosts(rate=0.0, fx=float(case.fx)).cost_table(len(costs), foreign).spread
    )


def account_of(case: Case) -> Account:
    return Account(
        capital=float(case.capital),
        shares="whole" if case.whole else "fractional",
        when_spent="stop" if case.ends_when_spent else "error",
        execution="next_close"
        if case.delay
        else "close"
        if case.margin is None
        else LimitOrders(margin=float(case.margin)),
        contributions=(
            ListedFlows(invest=case.invest, flows={row: float(money) for row, money in case.flows.items()}),
            ListedFlows(
                invest=case.invest,
                percent=0.0,
                flows={row: float(share) for row, share in case.flow_shares.items()},
            ),
            *(cash_flow_plan(plan, case.invest) for plan in case.plans),
        ),
        **({"min_order": float(case.min_order)} if case.min_order else {}),
    )


def cash_flow_plan(plan: FlowPlan, invest: str) -> CashFlowPlan:
    """Return the plan as a config has it."""
    money = {"amount": float(plan.amount)} if plan.percent is None else {"percent": float(plan.percent)}
    when = {"on": plan.on} if plan.on else {"every": plan.every, "from": plan.first, "to": plan.last}
    indexed: object = None if plan.rate is None else float(plan.rate)
    if plan.index:
        lines = [f"{day},{float(value)!r}\n" for day, value in plan.index]
        indexed = {"path": _written("".join(["date,value\n", *lines]))}
    return CashFlowPlan.model_validate({**money, **when, "indexed": indexed, "invest": invest})


def _written(content: str) -> str:
    """Write a file that is called by its content, and return its path."""
    path = Path(_FOLDER.name) / f"{hashlib.sha256(content.encode()).hexdigest()}.csv"
    path.write_text(content)
    return str(path)


class Shaped(Rows):
    """A schedule by row with the geometry of a case, as a strategy's keys would give it."""

    def band(self, dates: np.ndarray) -> Band | None:
        case = self.case
        if not case.look:
            return None
        stops = {"target": (0.0, 0.0), "inside": (1.0, float(case.inside)), "of_band": (float(case.inside), 0.0)}
        part, inside = stops.get(case.trade_to, (1.0, 0.0))
        look = np.array([row in case.look for row in range(len(dates))])
        absolute, relative = (np.inf if width is None else float(width) for width in (case.absolute, case.relative))
        return Band(absolute, relative, look, part, inside, case.trade_only == "drifted", case.flows_first)


class SleeveRows:
    """When some names of a case trade among themselves."""

    decides = True

    def __init__(self, case: Case, names: Sequence[str]) -> None:
        self.case, self.names = case, names

    def calendar(self, dates: np.ndarray) -> dict[int, str]:
        return {row: "sleeve" for row, groups in self.case.sleeves.items() if self.names in map(tuple, groups)}

    def band(self, dates: np.ndarray) -> Band | None:
        return None


class RulePlan(AnyPlan):
    """A plan whose satellites are chosen and reviewed as a case says."""

    model_config = ConfigDict(arbitrary_types_allowed=True, revalidate_instances="never", extra="forbid", frozen=True)
    case: Case
    satellites: FromUniverse | None
    loss_review: Any

    @property
    def review(self) -> LossReviewRule | None:
        names = self.case.review.names if self.case.review else ()
        return self.loss_review.build_review(tuple(names)) if self.loss_review else None

    @property
    def tickers(self) -> tuple[str, ...]:
        return tuple(self.case.tickers)

    @property
    def never_sell(self) -> tuple[str, ...]:
        return tuple(self.case.never_sold)

    def opening_tickers(self) -> tuple[str, ...]:
        return tuple(self.case.tickers)

    def sleeves(self) -> list[SleeveRule]:
        """Every different set of names, each at its own rows; the larger first."""
        found = {tuple(names) for groups in self.case.sleeves.values() for names in groups}
        return [
            SleeveRule("".join(names), names, SleeveRows(self.case, names))
            for names in sorted(found, key=lambda names: (-len(names), names))
        ]

    def fixed_targets(self) -> Mapping[str, float] | None:
        return self.nominal_weights() if self.satellites is None and not self.case.min_history else None

    def nominal_weights_at(self, decision: Decision) -> Mapping[str, float]:
        choose = self.case.choose
        if self.satellites is None or choose is None:
            return self.nominal_weights()
        limits = {frozenset(names): float(most) for names, most in choose.limits}
        barred = frozenset(name for name in self.case.tickers if decision.barred[decision.column(name)])
        findings = self.satellites.findings(decision)
        admitted = [name for name in choose.names if name not in findings or findings[name].admitted]
        weights = {name: float(choose.weight_of([name])) for name in choose.names}
        picked = self.satellites.pick(decision, admitted, barred, weights, limits)
        unused = choose.count * self.satellites.weight - sum(weights[name] for name in picked)
        total = sum(self.centre.values())
        core = {name: weight + unused * self.centre.get(name, 0.0) / total for name, weight in self.weights.items()}
        return {**core, **{name: core.get(name, 0.0) + weights[name] for name in picked}}

    def buyable(self, decision: Decision) -> BoolArray:
        ready = decision.eligible.copy()
        last = len(decision.history.dates) - 1
        for name, sessions in self.case.min_history.items():
            first = last - sessions + 1
            j = decision.column(name)
            ready[j] &= not sessions or (first >= 0 and bool(decision.history.age[first, j] >= 0))
        return ready


def plan_of(case: Case, market: Market) -> RulePlan:
    choose, review = case.choose, case.review
    dates = [str(day) for day in market.dates]
    verdicts = [
        {"date": dates[row], "ticker": name, "verdict": "intact" if intact else "broken"}
        for name, said in (review.verdicts.items() if review else ())
        for row, intact in dict(said).items()
    ]
    theses: dict[str, dict[str, object]] = (
        {"trend": {"sessions": review.sessions}, "list": {"verdicts": verdicts}} if review else {}
    )
    return RulePlan(
        weights={k: float(v) for k, v in case.targets.items()},
        centre={k: float(v) for k, v in case.core.items()},
        limits={k: float(v) for k, v in case.caps.items()},
        watch_caps=case.watch_caps,
        schedule=Shaped(case),
        before_listing=place(case.before_listing),
        after_delisting={"to": place(case.after_delisting), "haircut": float(case.haircut)},
        case=case,
        satellites=satellites_of(choose, dates) if choose else None,
        loss_review=review and loss_review_of(review, {"kind": review.thesis, **theses.get(review.thesis, {})}),
    )


def satellites_of(choose: Choose, dates: list[str]) -> FromUniverse:
    """Return the satellites as a config has them."""
    stocks = [
        {"ticker": name, "name": name, "sector": "S", "brokers": ["b"], **span}
        for name in choose.names
        for span in memberships(choose, name, dates)
    ]
    return FromUniverse.model_validate(
        {
            "universe": {"names": stocks},
            "choose": chooser_of(choose),
            "count": {"min": 1, "max": 5},
            "weight": float(choose.weight),
            "min_history": choose.min_history,
            **gate_of(choose.gate, dates),
        }
    )


def chooser_of(choose: Choose) -> dict[str, object]:
    """Return who chooses: nobody, or a score."""
    if choose.by == "named":
        return {"kind": "named", "names": list(choose.names)}
    return {
        "kind": "top",
        "count": choose.count,
        "by": choose.by,
        "lookback": choose.lookback,
        "skip": choose.skip,
    }


def memberships(choose: Choose, name: str, dates: list[str]) -> list[dict[str, str]]:
    """Return the dates of the rows; a row before the first or after the last is no limit."""
    spans = choose.members.get(name, [(0, len(dates))])
    return [
        {**({"from": dates[first]} if first > 0 else {}), **({"to": dates[last]} if last < len(dates) else {})}
        for first, last in spans
    ]


def gate_of(gate: Gate | None, dates: Sequence[str]) -> dict[str, object]:
    """Return the gate's keys, its filings in a table; none without a gate."""
    if gate is None:
        return {}
    lines = [
        f"{name},{dates[row]},{dates[row]},{'' if figure is None else float(figure)}\n"
        for name, filed in gate.filings.items()
        for row, figure in filed
    ]
    content = "".join(["ticker,period_end,available_date,figure\n", *lines])
    return {
        "where": ["figure > 0"],
        "table": {"path": _written(content)},
        "unknown": gate.unknown,
        "on_fail": gate.on_fail,
    }


def loss_review_of(review: RuleReview, thesis: Mapping[str, object]) -> LossReview:
    """One that keeps everything, which a config may not say, is a case like any other here."""
    does = {"trigger": float(review.trigger), "from": review.reference, "thesis": thesis, "unknown": "exit"}
    made = LossReview.model_validate(does)
    return made.model_copy(
        update={key: getattr(review, key) for key in ("intact", "broken", "unknown", "proceeds", "reenter")}
    )


def engine_ledger(case: Case) -> tuple[Ledger, Market]:
    market = market_of_case(case)
    return run_plan(case, market, plan_of(case, market)), market
