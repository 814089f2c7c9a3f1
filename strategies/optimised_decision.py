"""One decision of an optimised strategy: estimate from the past, pose the problem, solve, or fall back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
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
from engine.portfolio.policy import Decision
from strategies.schedules import AnyRebalance
from strategies.trading_limits import Trading, decisions_per_year


class OptimisedTerms(Protocol):
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

    @property
    def tickers(self) -> tuple[str, ...]:
        """Every asset it may hold."""

    def constraints_for(self, assets: tuple[str, ...]) -> Constraints:
        """Return what weights of ``assets`` must satisfy, whatever is held now."""

    def caps(self) -> Mapping[str, float]:
        """Return the highest weight of each capped ticker [fraction]."""

    def core_shares(self, decision: Decision) -> FloatArray:
        """Return (N,) shares by which the core takes what is free."""


def decide_weights(plan: OptimisedTerms, decision: Decision, optimiser: Optimiser) -> FloatArray:
    """Return (N,) the best admissible weights, or the fallback's; the step is written into the decision.

    Raises
    ------
    DataError
        When there are none and ``fallback`` is ``fail``, or not even equal weights are admissible.

    """
    problem: OptimisationProblem | None = None
    with single_blas_thread():
        try:
            problem = pose_problem(plan, decision)
            found = optimiser.solve(problem.form, problem.constraints, problem.costs)
        except DataError as error:
            found = no_solution(str(error))
        if problem is not None and found.weights is not None:
            decision.steps.append(_optimiser_step(decision, problem, found))
            return _market_vector(decision, problem.inputs.assets, found.weights)
        if problem is not None:
            found = dataclasses.replace(found, status=problem.explain(found.status))
        w, instead = _fallback_weights(plan, decision, optimiser, found.status)
    broken, residual = _worst_violation(plan, decision, w)
    step = _optimiser_step(decision, problem, found, instead)
    decision.steps.append(dataclasses.replace(step, broken_limit=broken, residual=residual))
    return w


def pose_problem(plan: OptimisedTerms, decision: Decision) -> OptimisationProblem:
    """Return what is asked at a decision, estimated from closes before it, of the assets that can be held (S7).

    Raises
    ------
    DataError
        When there is too little history, or the objective has no meaning on these estimates.

    """
    able = _buyable_tickers(plan, decision)
    dates, closes = _lookback_closes(plan, decision, able)
    short = _short_history_remark(plan, dates, closes)
    estimate = plan.estimates.estimate(closes)
    assets = tuple(ticker for ticker, known in zip(able, estimate.known, strict=True) if known)
    inputs = ObjectiveInputs(assets, estimate.moments, estimate.returns)
    objective, missing = _available_objective(plan, assets)
    constraints, costs = plan.constraints_for(assets), None
    held, columns = decision.weights, [decision.column(ticker) for ticker in assets]
    if held.any():  # the opening purchase is free to be anything
        elsewhere = max(float(held.sum() - held[columns].sum()), 0.0)
        constraints = dataclasses.replace(constraints, turnover=plan.turnover.turnover_limit(held[columns], elsewhere))
        costs = plan.turnover.trading_penalty(decision, columns, objective.metric, decisions_per_year(plan.rebalance))
    return OptimisationProblem(
        inputs,
        objective.form(inputs),
        objective.metric,
        constraints,
        costs,
        train=(dates[estimate.rows[0] - 1], dates[estimate.rows[-1]]),
        left_out=tuple(ticker for ticker in plan.tickers if ticker not in assets),
        remark="; ".join(filter(None, (short, missing))),
    )


def _buyable_tickers(plan: OptimisedTerms, decision: Decision) -> tuple[str, ...]:
    """Return the assets that can be bought at the fill, in the market's order."""
    free = decision.buyable
    return tuple(ticker for ticker in plan.tickers if free[decision.column(ticker)])


def _lookback_closes(plan: OptimisedTerms, decision: Decision, assets: tuple[str, ...]) -> tuple[DateArray, FloatArray]:
    """Return dates (T,) and closes (T, n) of the lookback, NaN where nothing was printed."""
    history, columns = decision.history, [decision.column(ticker) for ticker in assets]
    last = slice(max(len(history.dates) - plan.estimates.lookback - 1, 0), None)
    fresh = history.age[last][:, columns] == 0
    return history.dates[last], np.where(fresh, history.prices[last][:, columns], np.nan)


def _short_history_remark(plan: OptimisedTerms, dates: DateArray, closes: FloatArray) -> str:
    """Return what to say where the prices begin later than the lookback; ``fallback: fail`` does not have it."""
    terms = plan.estimates
    printed = np.isfinite(closes).any(axis=1)
    there = len(dates) - 1 - int(printed.argmax()) if printed.any() else 0
    if there >= terms.lookback:
        return ""
    words = f"estimates.lookback: {terms.lookback} returns are asked for, there are {there} so far"
    if plan.fallback == "fail" or there < terms.min_history:
        raise DataError(f"{words}, and min_history is {terms.min_history}; lower them, or start later")
    return words


def _available_objective(plan: OptimisedTerms, assets: tuple[str, ...]) -> tuple[Objective, str]:
    """Return the objective, and what to say where a benchmark to track has assets that cannot be held yet (S7)."""
    aim = plan.objective
    if not isinstance(aim, MinTrackingError) or set(aim.to) <= set(assets):
        return aim, ""
    left = {ticker: weight for ticker, weight in aim.to.items() if ticker in assets}
    total, gone = sum(left.values()), ", ".join(sorted(set(aim.to) - set(assets)))
    if not total:
        return aim, ""
    spread = {ticker: weight * sum(aim.to.values()) / total for ticker, weight in left.items()}
    return MinTrackingError(to=spread), f"objective.to: the weight of {gone} is with the others, pro rata"


# ---- where there is no answer ----------------------------------------------------------------------------------------


def _fallback_weights(
    plan: OptimisedTerms, decision: Decision, optimiser: Optimiser, reason: str
) -> tuple[FloatArray, str]:
    """Return (N,) the weights of the fallback and its name; raises DataError when there is none."""
    held = decision.weights.any()
    if plan.fallback == "fail":
        raise DataError(f"strategy.fallback: fail, and there are no weights {_time_phrase(decision)}: {reason}")
    if plan.fallback == "previous" and held:
        return _previous_weights(plan, decision, optimiser), "previous"
    assets = _buyable_tickers(plan, decision)
    equal = np.full(len(assets), 1.0 / max(len(assets), 1))
    found = (
        optimiser.solve(distance_form(equal), plan.constraints_for(assets))
        if assets
        else no_solution("no asset can be bought")
    )
    if found.weights is not None:
        return _market_vector(decision, assets, found.weights), "equal_weight"
    if held:
        return _previous_weights(plan, decision, optimiser), "previous"
    raise DataError(
        f"strategy: there are no weights {_time_phrase(decision)}, nor equal ones: {reason}; {found.status}"
    )


def _previous_weights(plan: OptimisedTerms, decision: Decision, optimiser: Optimiser) -> FloatArray:
    """Return (N,) what is held, cut to its caps, when it keeps every limit; else the admissible weights nearest to it.

    What is traded is not limited, a satellite below its floor may stay where it is, and the names stay the same where
    that can be. Where nothing is admissible: what is held, cut to its caps.
    """
    kept, assets = _capped_holdings(plan, decision), _buyable_tickers(plan, decision)
    if not assets:
        return kept
    w = kept[[decision.column(ticker) for ticker in assets]]
    rules = plan.constraints_for(assets)
    choice, held = rules.cardinality, w > 0.0
    if choice is not None:
        choice = dataclasses.replace(choice, floor=np.where(held, np.minimum(choice.floor, w), choice.floor))
        rules = dataclasses.replace(rules, cardinality=choice)
    if rules.worst_violation(w)[1] <= FEASIBILITY_TOLERANCE:
        return kept
    tries = [rules]
    if choice is not None and choice.is_allowed(held):
        tries.insert(0, rules.for_basket(held))
    for constraints in tries:
        found = optimiser.solve(distance_form(w), constraints)
        if found.weights is not None:
            return _market_vector(decision, assets, found.weights)
    return kept


def _capped_holdings(plan: OptimisedTerms, decision: Decision) -> FloatArray:
    """Return (N,) what is held; what is above its cap, or cannot be held any longer, goes to the core."""
    free = decision.buyable
    w = np.where(free, np.minimum(decision.weights, decision.weight_vector(plan.caps(), missing=np.inf)), 0.0)
    return w + (float(decision.weights.sum()) - float(w.sum())) * plan.core_shares(decision)


def _worst_violation(plan: OptimisedTerms, decision: Decision, w: FloatArray) -> tuple[str, float]:
    """Return which limit ``w`` (N,) breaks most, and by how much [weight]."""
    assets = _buyable_tickers(plan, decision)
    return plan.constraints_for(assets).worst_violation(w[[decision.column(ticker) for ticker in assets]])


def _market_vector(decision: Decision, assets: tuple[str, ...], weights: FloatArray) -> FloatArray:
    """Return (N,) the ``weights`` of ``assets`` in the market's order, 0 for all others."""
    w = np.zeros(len(decision.eligible))
    w[[decision.column(ticker) for ticker in assets]] = weights
    return w


def _optimiser_step(
    decision: Decision, problem: OptimisationProblem | None, found: Solution, instead: str = ""
) -> OptimiserStep:
    """Return what the ledger remembers of a decision."""
    step = OptimiserStep(
        decision.row, len(decision.history.dates), status=found.status, solver=found.solver, fallback=instead
    )
    if problem is None:
        return step
    slope = problem.metric.slope(found.objective_value)
    return dataclasses.replace(
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


def _time_phrase(decision: Decision) -> str:
    dates = decision.history.dates
    return f"after the close of {dates[-1]}" if len(dates) else "at the first session of the data"
