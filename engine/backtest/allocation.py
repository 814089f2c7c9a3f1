"""Weights for one date: what an optimised strategy would hold, what each limit costs, and the efficient frontier."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from engine.backtest.config import RunConfig
from engine.backtest.config_sections import Window
from engine.backtest.prices import load_prices
from engine.core.errors import DataError
from engine.core.fields import ISO_DATE_PATTERN
from engine.data.sources.exchange_calendar import exchange_sessions
from engine.optimisation.blas_threads import single_blas_thread
from engine.optimisation.estimates import Moments
from engine.optimisation.frontier import FrontierPoint, efficient_frontier
from engine.optimisation.objectives import ObjectiveMetric
from engine.optimisation.optimiser import Optimiser
from engine.optimisation.problem import OptimisationProblem
from engine.optimisation.relaxation import remove_limit
from engine.optimisation.solution import Solution
from engine.portfolio.policy import Decision, PolicyT
from engine.simulation.placement import PLACEMENT

FRONTIER_POINTS = 15
"""Portfolios on the frontier."""


@runtime_checkable
class OptimisesWeights(Protocol):
    """A policy that can say what it would ask an optimiser.

    Not in ``portfolio/policy_abilities.py`` with the others, as that room may not import optimisation.
    """

    def problem(self, decision: Decision) -> OptimisationProblem:
        """Return what is asked at a decision."""


@dataclass(frozen=True)
class Holding:
    """One asset: its weight and bounds, and what it does to the portfolio.

    ``marginal_volatility`` is by how much volatility rises for each unit more of it [1/yr^.5], ``risk_share`` its part
    of the variance; ``mean`` and ``volatility`` are its own [1/yr], [1/yr^.5].
    """

    asset: str
    weight: float
    lower: float
    upper: float
    marginal_volatility: float
    risk_share: float
    mean: float
    volatility: float


@dataclass(frozen=True)
class LimitCost:
    """What a limit costs.

    ``marginal_value`` is what the figure gains for each unit of weight that the limit gives way, NaN for the choice of
    names; ``cost`` is what it loses against no such limit, NaN where there is no answer without it.
    """

    name: str
    marginal_value: float
    cost: float


@dataclass(frozen=True)
class Proposal:
    """The answer for one date.

    Attributes
    ----------
    name : of the config
    decided : day of the decision: no close of it or later was looked at
    train : first and last session of the closes that were
    metric : what the figure is
    value : the figure
    solution : weights, solver, residual, gap
    holdings : by asset
    limit_costs : of every limit that binds, the dearest first
    frontier : the efficient one, from the least volatile; empty when all expected returns are the same
    mean, volatility : expected by the estimates [1/yr], [1/yr^.5]
    moments : the estimates behind all this
    remark : what a reader should know of them

    """

    name: str
    decided: np.datetime64
    train: tuple[np.datetime64, np.datetime64]
    metric: ObjectiveMetric
    value: float
    solution: Solution
    holdings: tuple[Holding, ...]
    limit_costs: tuple[LimitCost, ...]
    frontier: tuple[FrontierPoint, ...]
    mean: float
    volatility: float
    moments: Moments
    remark: str


def propose_weights(config: RunConfig[PolicyT], as_of: dt.date | None) -> Proposal:
    """Return the weights that a decision on ``as_of`` leads to; without it, one right after the window.

    Nothing is held before: what ``turnover`` says does not apply.

    Raises
    ------
    DataError
        When the strategy is not an optimised one, there is too little history, or there are no such weights.

    """
    policy = config.strategy
    if not isinstance(policy, OptimisesWeights):
        raise DataError("strategy.kind: only `optimised` finds weights; `engine validate` prints those of the others")
    decision, decided = _decision_on(config, as_of)
    with single_blas_thread():
        proposal = _solve_proposal(config.name, decided, policy.problem(decision))
    if as_of is None or np.datetime64(as_of) <= decided:
        return proposal
    note = f"prices end on {decision.history.dates[-1]}: there is no decision on {as_of} yet, this is the next one"
    return replace(proposal, remark="; ".join(filter(None, [proposal.remark, note])))


def _solve_proposal(name: str, decided: np.datetime64, problem: OptimisationProblem) -> Proposal:
    optimiser = Optimiser()
    found = optimiser.solve(problem.form, problem.constraints)
    if found.weights is None:
        raise DataError(f"strategy: there are no weights on {decided}: {problem.explain(found.status)}")
    w, moments = found.weights, problem.inputs.moments
    has_frontier = float(np.ptp(moments.mean)) > 1e-12
    return Proposal(
        name=name,
        decided=decided,
        train=problem.train,
        metric=problem.metric,
        value=problem.metric.figure(found.objective_value),
        solution=found,
        holdings=_proposal_holdings(problem, found),
        limit_costs=_limit_costs(optimiser, problem, found),
        frontier=efficient_frontier(optimiser, problem.inputs, problem.constraints, FRONTIER_POINTS)
        if has_frontier
        else (),
        mean=float(moments.mean @ w),
        volatility=float(np.sqrt(w @ moments.covariance @ w)),
        moments=moments,
        remark=problem.remark,
    )


def parse_as_of(text: str | None) -> dt.date | None:
    """Return the day that ``--as-of`` names; raises DataError when it is none."""
    if text is None:
        return None
    try:
        if ISO_DATE_PATTERN.fullmatch(text):
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise DataError(f"--as-of {text}: is not a date; write year-month-day, as 2004-02-01")


def _decision_on(config: RunConfig[PolicyT], as_of: dt.date | None) -> tuple[Decision, np.datetime64]:
    """Return the decision of a day, nothing being held, and the session it falls on."""
    end = config.window.end
    window = Window.model_construct(start=None, end=max(as_of, end) if as_of and end else end)
    prices = load_prices(config.model_copy(update={"window": window}))
    market = prices.sessions_of(config.strategy).market
    count = len(market.dates)
    row = count if as_of is None else int(np.searchsorted(market.dates, np.datetime64(as_of)))
    if row == 0:
        raise DataError(f"--as-of {as_of}: the prices begin on {market.dates[0]}; choose a later day")
    eligible = market.eligible[row] if row < count else market.listed[-1]
    nothing, none = np.zeros(len(market.assets)), np.zeros(len(market.assets), dtype=np.bool_)
    decided = market.dates[row] if row < count else _next_session(market.dates[-1], config.data.calendar)
    history, value = market.history_before(row), config.account.capital
    return Decision(history, nothing, value, row, eligible, none, placement=PLACEMENT, opens_on=decided), decided


def _next_session(day: np.datetime64, calendar: str) -> np.datetime64:
    """Return the exchange's first session after ``day``."""
    coming = exchange_sessions(calendar, day, day + np.timedelta64(14, "D"))
    return next(session for session in coming if session > day)


def _proposal_holdings(problem: OptimisationProblem, found: Solution) -> tuple[Holding, ...]:
    w, moments = found.weights, problem.inputs.moments
    assert w is not None  # noqa: S101  (asked of solutions only)
    bounds, rule = problem.constraints.bounds, problem.constraints.cardinality
    pull = moments.covariance @ w
    variance = float(w @ pull)
    volatility = float(np.sqrt(variance)) or 1.0
    result = []
    for j, asset in enumerate(problem.inputs.assets):
        lower = bounds.lower[j] if rule is None or not rule.members[j] else rule.floor[j]
        marginal, share = pull[j] / volatility, w[j] * pull[j] / (variance or 1.0)
        own = moments.mean[j], np.sqrt(moments.covariance[j, j])
        result.append(Holding(asset, *map(float, (w[j], lower, bounds.upper[j], marginal, share, *own))))
    return tuple(result)


def _limit_costs(optimiser: Optimiser, problem: OptimisationProblem, found: Solution) -> tuple[LimitCost, ...]:
    """Return what every limit costs that binds, and the choice of names where there is one."""
    metric, rule = problem.metric, problem.constraints.cardinality
    slope = metric.slope(found.objective_value)
    limits = {limit: gain * slope for limit, gain in found.binding.items()}
    if rule is not None:
        limits[rule.key] = np.nan
    costs = []
    for limit, worth in limits.items():
        free = optimiser.solve(problem.form, remove_limit(problem.constraints, limit))
        lost = np.nan
        if free.weights is not None:
            lost = max(metric.sign * (metric.figure(found.objective_value) - metric.figure(free.objective_value)), 0.0)
        costs.append(LimitCost(limit.name, worth, lost))
    return tuple(sorted(costs, key=lambda one: (-np.nan_to_num(one.cost, nan=-1.0), one.name)))
