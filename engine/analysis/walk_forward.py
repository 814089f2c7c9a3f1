"""A walk forward looked back on: what each decision knew, how often each limit bound, how stable the weights were.

The records are the part ``optimiser`` of ``summary.json``: their fields are its keys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.core.arrays import finite_or_none
from engine.data.market import Market
from engine.portfolio.optimiser_step import OptimiserStep
from engine.simulation.ledger import Ledger


@dataclass(frozen=True)
class FilledDecision:
    """A step of the optimiser (see ``OptimiserStep``) with its days: ``decided``, then filled on ``date``.

    It was estimated from closes of ``train_first`` to ``train_last``, both before ``decided``. ``turnover`` is the
    one-way turnover of its fill [fraction], the opening's included.
    """

    date: str
    decided: str
    train_first: str | None
    train_last: str | None
    observations: int
    assets: int
    status: str
    solver: str
    value: float | None
    residual: float | None
    gap: float | None
    binding: Mapping[str, float]
    turnover: float
    fallback: str
    broken: str = ""
    remark: str = ""


@dataclass(frozen=True)
class WeightRange:
    """An asset's targets: lowest, mean, highest; at how many decisions ``held``; mean ``change`` to the next."""

    lowest: float
    mean: float
    highest: float
    held: int
    change: float


@dataclass(frozen=True)
class BindingLimit:
    """A limit: at how many decisions it bound, and what a unit more of weight was worth there on average."""

    times: int
    worth: float


@dataclass(frozen=True)
class WalkForward:
    """Every decision of an optimised strategy, in order, and what they say together.

    Attributes
    ----------
    figure, percent : what the objective's figure is called, and whether it is a percentage
    decisions, solved : how many there are, and how many traded the optimiser's own answer
    turnover_mean, turnover_highest : one-way, of a decision after the opening [fraction]; zeros when there is none
    worst_residual, worst_fallback_residual : most by which an answer, or a fallback, breaks a limit; None without one
    solvers : whose answers were used, how often
    fallbacks : what was traded where there was no answer, how often
    weights : by asset, of those that were ever held
    bound : by limit, of those that ever bound, the most frequent first
    steps : every decision

    """

    figure: str
    percent: bool
    decisions: int
    solved: int
    turnover_mean: float
    turnover_highest: float
    worst_residual: float | None
    worst_fallback_residual: float | None
    solvers: Mapping[str, int]
    fallbacks: Mapping[str, int]
    weights: Mapping[str, WeightRange]
    bound: Mapping[str, BindingLimit]
    steps: tuple[FilledDecision, ...]


def summarise_walk_forward(ledger: Ledger, market: Market) -> WalkForward | None:
    """Return what the optimiser did in a run, or None when nothing was optimised.

    Raises
    ------
    ValueError
        When a step looked at a close of its own decision's day or later: that would be a bug.

    """
    if not ledger.steps:
        return None
    decisions = tuple(_filled_decision(step, ledger, market) for step in ledger.steps)
    solved = [step for step in ledger.steps if not step.fallback]
    instead = [step for step in ledger.steps if step.fallback]
    named = next((step for step in ledger.steps if step.metric), ledger.steps[0])
    turnover = [one.turnover for one in decisions[1:]] or [0.0]
    return WalkForward(
        figure=named.metric,
        percent=named.percent,
        decisions=len(decisions),
        solved=len(solved),
        turnover_mean=float(np.mean(turnover)),
        turnover_highest=max(turnover),
        worst_residual=max((step.residual for step in solved), default=None),
        worst_fallback_residual=max((step.residual for step in instead), default=None),
        solvers=dict(sorted(Counter(step.solver for step in solved).items())),
        fallbacks=dict(sorted(Counter(step.fallback for step in instead).items())),
        weights=_weight_ranges(ledger, market),
        bound=_binding_limits(solved),
        steps=decisions,
    )


def _filled_decision(step: OptimiserStep, ledger: Ledger, market: Market) -> FilledDecision:
    decided, filled = market.dates[step.decision_row], market.dates[step.row]
    if not (decided <= filled and (step.train is None or step.train[0] < step.train[1] < decided)):
        raise ValueError(f"a decision of {decided}, filled {filled}, was estimated from {step.train}")
    row = step.row - ledger.opening_row(market)
    events = (ledger.rows == row) & ledger.rebalances
    money = float(np.abs(ledger.order_values[events]).sum()) / 2.0
    return FilledDecision(
        date=str(filled),
        decided=str(decided),
        train_first=str(step.train[0]) if step.train else None,
        train_last=str(step.train[1]) if step.train else None,
        observations=step.observations,
        assets=step.assets,
        status=step.status,
        solver=step.solver,
        value=finite_or_none(step.value),
        residual=finite_or_none(step.residual),
        gap=finite_or_none(step.gap),
        binding=step.binding,
        turnover=money / float(ledger.value[row]) if ledger.value[row] else 0.0,
        fallback=step.fallback,
        broken=step.broken_limit,
        remark=step.remark,
    )


def _weight_ranges(ledger: Ledger, market: Market) -> dict[str, WeightRange]:
    filled = market.dates[[step.row for step in ledger.steps]]
    targets = ledger.targets[ledger.rebalances & np.isin(ledger.dates[ledger.rows], filled)]
    change = np.abs(np.diff(targets, axis=0)).mean(axis=0) if len(targets) > 1 else np.zeros(targets.shape[1])
    return {
        asset: WeightRange(float(w.min()), float(w.mean()), float(w.max()), int(np.count_nonzero(w)), float(change[j]))
        for j, (asset, w) in enumerate(zip(ledger.assets, targets.T, strict=True))
        if w.any()
    }


def _binding_limits(steps: Sequence[OptimiserStep]) -> dict[str, BindingLimit]:
    worth: dict[str, list[float]] = {}
    for step in steps:
        for name, gain in step.binding.items():
            worth.setdefault(name, []).append(gain)
    order = sorted(worth, key=lambda name: (-len(worth[name]), name))
    return {name: BindingLimit(len(worth[name]), float(np.mean(worth[name]))) for name in order}
