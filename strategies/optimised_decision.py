"""One decision of an optimised strategy: estimate from the past, pose the problem, solve, or fall back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Protocol

import numpy as np

from engine.core.arrays import DateArray, FloatArray
from engine.core.errors import DataError
from engine.optimisation.blas_threads import single_blas_thread
from engine.optimisation.constraints import FEASIBILITY_TOLERANCE, Constraints
from engine.optimisation.estimates import Estimates
from engine.optimisation.objectives import MinTrackingError, Objective, ObjectiveInputs, distance_form
from engine.optimisation.optimiser import Optimiser
from engine.optimisation.problem import OptimisationProblem
from engine.optimisation.solution import Solution, no_solution
from engine.portfolio.optimiser_step import OptimiserStep
from engine.portfolio.policy import Decision, Policy
from strategies.schedules import AnyRebalance
from strategies.trading_limits import Trading, decisions_per_year


class OptimisedTerms(Policy, Protocol):
    """What a decision needs of the strategy that takes it."""

    @property
    def objective(self) -> Objective:
        """What is aimed at."""

    @property
    def estimates(self) -> Estimates:
        """How expected returns and covariances are estimated."""

    @property
    def turnover(self) -> Trading:
        """What trading costs, and how much of it is allowed."""

    @property
    def rebalance(self) -> AnyRebalance:
        """When it decides."""

    @property
    def fallback(self) -> Literal["previous", "equal_weight", "fail"]:
        """What is held where there are no such weights."""

    def constraints_for(self, assets: tuple[str, ...]) -> Constraints:
        """Return what weights of ``assets`` must satisfy, whatever is held now."""

    def core_shares(self, decision: Decision) -> FloatArray:
        """Return (N,) shares by which the core takes what is free."""


def decide_weights(strategy: OptimisedTerms, decision: Decision, optimiser: Optimiser) -> FloatArray:
    """Return (N,) the best admissible weights, or the fallback's; the step is written into the decision.

    Raises DataError when there are none and ``fallback`` is ``fail``, or not even equal weights are admissible.
    """
    problem: OptimisationProblem | None = None
    with single_blas_thread():
        try:
            problem = pose_problem(strategy, decision)
            found = optimiser.solve(problem.form, problem.constraints, problem.costs)
        except DataError as error:
            found = no_solution(str(error))
        if problem is not None and found.weights is not None:
            decision.steps.append(_optimiser_step(decision, problem, found))
            return _market_vector(decision, problem.inputs.assets, found.weights)
        if problem is not None:
            found = replace(found, status=problem.explain(found.status))
        fallback = _Fallback(strategy, decision, optimiser)
        w, name = fallback.weights(found.status)
    limit, residual = fallback.constraints.worst_violation(w[fallback.columns])
    step = _optimiser_step(decision, problem, found)
    decision.steps.append(replace(step, fallback=name, broken_limit=limit, residual=residual))
    return w


def pose_problem(strategy: OptimisedTerms, decision: Decision) -> OptimisationProblem:
    """Return what is asked at a decision, estimated from closes before it, of the assets that can be held (S7).

    Raises DataError when there is too little history, or the objective has no meaning on these estimates.
    """
    buyable = _buyable_tickers(strategy, decision)
    dates, closes = _lookback_closes(strategy, decision, buyable)
    short = _short_history_remark(strategy, closes, decision.history.periods_per_year)
    estimate = strategy.estimates.estimate(closes, decision.history.periods_per_year)
    assets = tuple(ticker for ticker, known in zip(buyable, estimate.known, strict=True) if known)
    inputs = ObjectiveInputs(assets, estimate.moments, estimate.returns)
    objective, missing = _available_objective(strategy, assets)
    constraints, costs = strategy.constraints_for(assets), None
    held, columns = decision.weights, [decision.column(ticker) for ticker in assets]
    if held.any():  # the opening purchase is free to be anything
        elsewhere = max(float(held.sum() - held[columns].sum()), 0.0)
        constraints = replace(constraints, turnover=strategy.turnover.turnover_limit(held[columns], elsewhere))
        costs = strategy.turnover.trading_penalty(
            decision, columns, objective.metric, decisions_per_year(strategy.rebalance)
        )
    return OptimisationProblem(
        inputs,
        objective.form(inputs),
        objective.metric,
        constraints,
        costs,
        train=(dates[estimate.rows[0] - 1], dates[estimate.rows[-1]]),
        left_out=tuple(ticker for ticker in strategy.tickers if ticker not in assets),
        remark="; ".join(filter(None, (short, missing))),
    )


def _buyable_tickers(strategy: OptimisedTerms, decision: Decision) -> tuple[str, ...]:
    """Return the assets that can be bought at the fill, in the market's order."""
    free = decision.buyable
    return tuple(ticker for ticker in strategy.tickers if free[decision.column(ticker)])


def _lookback_closes(
    strategy: OptimisedTerms, decision: Decision, assets: tuple[str, ...]
) -> tuple[DateArray, FloatArray]:
    """Return dates (T,) and closes (T, n) of the lookback, NaN where nothing was printed."""
    history, columns = decision.history, [decision.column(ticker) for ticker in assets]
    last = slice(max(len(history.dates) - strategy.estimates.lookback_at(history.periods_per_year) - 1, 0), None)
    fresh = history.age[last][:, columns] == 0
    return history.dates[last], np.where(fresh, history.prices[last][:, columns], np.nan)


def _short_history_remark(strategy: OptimisedTerms, closes: FloatArray, periods: float) -> str:
    """Return what to say where the prices begin later than the lookback; ``fallback: fail`` does not have it."""
    lookback, fewest = strategy.estimates.lookback_at(periods), strategy.estimates.min_history_at(periods)
    printed = np.isfinite(closes).any(axis=1)
    there = len(closes) - 1 - int(printed.argmax()) if printed.any() else 0
    if there >= lookback:
        return ""
    message = f"estimates.lookback: {lookback} returns are asked for, there are {there} so far"
    if strategy.fallback == "fail" or there < fewest:
        raise DataError(f"{message}, and min_history is {fewest}; lower them, or start later")
    return message


def _available_objective(strategy: OptimisedTerms, assets: tuple[str, ...]) -> tuple[Objective, str]:
    """Return the objective, and what to say where a benchmark to track has assets that cannot be held yet (S7)."""
    objective = strategy.objective
    if not isinstance(objective, MinTrackingError) or set(objective.to) <= set(assets):
        return objective, ""
    left = {ticker: weight for ticker, weight in objective.to.items() if ticker in assets}
    total, gone = sum(left.values()), ", ".join(sorted(set(objective.to) - set(assets)))
    if not total:
        return objective, ""
    spread = {ticker: weight * sum(objective.to.values()) / total for ticker, weight in left.items()}
    return MinTrackingError(to=spread), f"objective.to: the weight of {gone} is with the others, pro rata"


@dataclass(frozen=True)
class _Fallback:
    """What is traded at a decision for which there is no answer."""

    strategy: OptimisedTerms
    decision: Decision
    optimiser: Optimiser

    @cached_property
    def assets(self) -> tuple[str, ...]:
        """The assets that can be bought."""
        return _buyable_tickers(self.strategy, self.decision)

    @cached_property
    def columns(self) -> list[int]:
        """Their columns in the market."""
        return [self.decision.column(ticker) for ticker in self.assets]

    @cached_property
    def constraints(self) -> Constraints:
        """What their weights must satisfy."""
        return self.strategy.constraints_for(self.assets)

    def weights(self, reason: str) -> tuple[FloatArray, str]:
        """Return (N,) the weights of the fallback and its name; raises DataError when there is none."""
        held, dates = self.decision.weights.any(), self.decision.history.dates
        when = f"after the close of {dates[-1]}" if len(dates) else "at the first session of the data"
        if self.strategy.fallback == "fail":
            raise DataError(f"strategy.fallback: fail, and there are no weights {when}: {reason}")
        if self.strategy.fallback == "previous" and held:
            return self._previous(), "previous"
        found = no_solution("no asset can be bought")
        if self.assets:
            equal = np.full(len(self.assets), 1.0 / len(self.assets))
            found = self.optimiser.solve(distance_form(equal), self.constraints)
        if found.weights is not None:
            return _market_vector(self.decision, self.assets, found.weights), "equal_weight"
        if held:
            return self._previous(), "previous"
        raise DataError(f"strategy: there are no weights {when}, nor equal ones: {reason}; {found.status}")

    def _previous(self) -> FloatArray:
        """Return (N,) what is held, cut to its caps, when it keeps every limit; else the admissible weights nearest it.

        What is traded is not limited, a satellite below its floor may stay where it is, and the names stay the same
        where that can be. Where nothing is admissible: what is held, cut to its caps.
        """
        holdings, rules = self._capped_holdings(), self.constraints
        if not self.assets:
            return holdings
        w = holdings[self.columns]
        choice, held = rules.cardinality, w > 0.0
        if choice is not None:
            choice = replace(choice, floor=np.where(held, np.minimum(choice.floor, w), choice.floor))
            rules = replace(rules, cardinality=choice)
        if rules.worst_violation(w)[1] <= FEASIBILITY_TOLERANCE:
            return holdings
        same_names = [rules.for_basket(held)] if choice is not None and choice.is_allowed(held) else []
        for constraints in (*same_names, rules):
            found = self.optimiser.solve(distance_form(w), constraints)
            if found.weights is not None:
                return _market_vector(self.decision, self.assets, found.weights)
        return holdings

    def _capped_holdings(self) -> FloatArray:
        """Return (N,) what is held; what is above its cap, or cannot be held any longer, goes to the core."""
        held, caps = self.decision.weights, self.decision.weight_vector(self.strategy.caps(), missing=np.inf)
        w = np.where(self.decision.buyable, np.minimum(held, caps), 0.0)
        return w + (float(held.sum()) - float(w.sum())) * self.strategy.core_shares(self.decision)


def _market_vector(decision: Decision, assets: tuple[str, ...], weights: FloatArray) -> FloatArray:
    """Return (N,) the ``weights`` of ``assets`` in the market's order, 0 for all others."""
    w = np.zeros(len(decision.eligible))
    w[[decision.column(ticker) for ticker in assets]] = weights
    return w


def _optimiser_step(decision: Decision, problem: OptimisationProblem | None, found: Solution) -> OptimiserStep:
    """Return what the ledger remembers of a decision."""
    step = OptimiserStep(decision.row, len(decision.history.dates), status=found.status, solver=found.solver)
    if problem is None:
        return step
    slope = problem.metric.slope(found.objective_value)
    return replace(
        step,
        train=problem.train,
        observations=problem.inputs.moments.observations,
        assets=len(problem.inputs.assets),
        metric=problem.metric.title,
        percent=problem.metric.percent,
        value=problem.metric.figure(found.objective_value),
        residual=found.residual,
        gap=found.gap,
        binding={limit.name: gain * slope for limit, gain in found.binding.items()},
        remark=problem.remark,
    )
