"""A walk forward looked back on: what each decision knew, how often each limit bound, how stable the weights were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.core.arrays import DateArray
from engine.data.market import Market
from engine.portfolio.optimiser_step import OptimiserStep
from engine.simulation.ledger import Ledger

SessionDate = np.datetime64


@dataclass(frozen=True)
class FilledDecision:
    """A step with its days: estimated from closes before ``decided``, filled on ``date``.

    ``turnover`` is the one-way turnover of its fill [fraction], the opening's included.
    """

    step: OptimiserStep
    decided: SessionDate
    date: SessionDate
    turnover: float


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
    """Every step of a run, in order, and what they say together.

    Attributes
    ----------
    strides : every decision
    spreads : by asset, of those that were ever held
    bounds : by limit, of those that ever bound, the most frequent first
    solvers : whose answers were used, how often
    fallbacks : what was traded where there was no answer, how often

    """

    steps: tuple[FilledDecision, ...]
    weights: Mapping[str, WeightRange]
    bound: Mapping[str, BindingLimit]
    solvers: Mapping[str, int]
    fallbacks: Mapping[str, int]

    @property
    def solved(self) -> tuple[OptimiserStep, ...]:
        """The steps whose answer was traded."""
        return tuple(stride.step for stride in self.steps if not stride.step.fallback)

    @property
    def worst_fallback(self) -> OptimiserStep | None:
        """The step whose fallback breaks a limit most; None without a fallback."""
        instead = [stride.step for stride in self.steps if stride.step.fallback]
        return max(instead, key=lambda step: step.residual, default=None)

    @property
    def turnover(self) -> tuple[float, float]:
        """Mean and highest one-way turnover of a decision after the opening [fraction]; zeros when there is none."""
        later = [stride.turnover for stride in self.steps[1:]]
        return (float(np.mean(later)), max(later)) if later else (0.0, 0.0)


def walk_forward(ledger: Ledger, market: Market) -> WalkForward | None:
    """Return the walk of a ledger, or None when nothing was optimised.

    Raises
    ------
    ValueError
        When a step looked at a close of its own decision's day or later: that would be a bug.

    """
    if not ledger.steps:
        return None
    strides = tuple(_filled_decision(step, ledger, market) for step in ledger.steps)
    used = [stride.step for stride in strides if not stride.step.fallback]
    return WalkForward(
        strides,
        _weight_ranges(strides, ledger),
        _binding_limits(used),
        dict(sorted(Counter(step.solver for step in used).items())),
        dict(sorted(Counter(stride.step.fallback for stride in strides if stride.step.fallback).items())),
    )


def _filled_decision(step: OptimiserStep, ledger: Ledger, market: Market) -> FilledDecision:
    dates: DateArray = market.dates
    decided, fill = dates[step.decision_row], dates[step.row]
    if not (decided <= fill and (step.train is None or step.train[0] < step.train[1] < decided)):
        raise ValueError(f"a decision of {decided}, filled {fill}, was estimated from {step.train}")
    row = step.row - (len(dates) - len(ledger.dates))
    events = (ledger.rows == row) & ledger.rebalances
    money = float(np.abs(ledger.order_values[events]).sum()) / 2.0
    return FilledDecision(step, decided, fill, money / float(ledger.value[row]) if ledger.value[row] else 0.0)


def _weight_ranges(strides: tuple[FilledDecision, ...], ledger: Ledger) -> dict[str, WeightRange]:
    rows = {stride.date for stride in strides}
    chosen = [
        bool(whole) and ledger.dates[row] in rows for row, whole in zip(ledger.rows, ledger.rebalances, strict=True)
    ]
    targets = ledger.targets[chosen]
    change = np.abs(np.diff(targets, axis=0)).mean(axis=0) if len(targets) > 1 else np.zeros(targets.shape[1])
    return {
        asset: WeightRange(float(w.min()), float(w.mean()), float(w.max()), int(np.count_nonzero(w)), float(change[j]))
        for j, (asset, w) in enumerate(zip(ledger.assets, targets.T, strict=True))
        if w.any()
    }


def _binding_limits(steps: list[OptimiserStep]) -> dict[str, BindingLimit]:
    worth: dict[str, list[float]] = {}
    for step in steps:
        for name, gain in step.binding.items():
            worth.setdefault(name, []).append(gain)
    order = sorted(worth, key=lambda name: (-len(worth[name]), name))
    return {name: BindingLimit(len(worth[name]), float(np.mean(worth[name]))) for name in order}
