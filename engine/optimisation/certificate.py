"""The proof that weights are optimal, from the weights alone: no status, slack or multiplier of a solver is believed.

At w, find multipliers of the constraints that bind there which balance the objective's gradient as well as they can
(non-negative least squares). By convexity no admissible vector is better than w by more than what stays unbalanced
can earn, plus what the multipliers price of the slack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.optimisation.constraints import NEGLIGIBLE_TRADE, Constraints, LimitKey
from engine.optimisation.objectives import ObjectiveForm, Penalty, QuadraticForm, RatioForm, TailLossForm

BINDING_SLACK: Final = 1e-7
"""Slack up to which a constraint may have a multiplier [weight]."""


@dataclass(frozen=True)
class Certificate:
    """``gap``: no admissible weights are better by more; ``duals``: what the objective gains for a unit of slack.

    Both in units of the objective: a variance, ratio or loss, for a whole weight.
    """

    gap: float
    duals: dict[LimitKey, float]


@dataclass(frozen=True)
class _Subdifferential:
    """The objective's minorants at w: gradient (N,) plus a mix of ``generators`` (k, N), shares ``mass`` in all.

    ``unit`` turns the objective in which it is convex into the one reported.
    """

    gradient: FloatArray
    generators: FloatArray
    mass: float
    unit: float = 1.0


def certify(form: ObjectiveForm, constraints: Constraints, w: FloatArray, costs: Penalty | None = None) -> Certificate:
    """Return the proof for ``w`` (N,), not negative and adding up to 1."""
    from scipy.optimize import nnls  # noqa: PLC0415

    slope = _subdifferential(form, w, costs)
    size = float(np.abs(slope.gradient).max()) or 1.0
    rows = constraints.normals(w)
    binds = np.flatnonzero(rows.slack <= BINDING_SLACK)
    limits, normals, slack = [rows.limits[i] for i in binds], rows.matrix[binds], rows.slack[binds]
    idle = _untraded_assets(constraints, w, costs)
    # how steep a slope at an untraded asset a unit of each multiplier allows
    steepness = np.array([0.5 if limit and limit.kind == "turnover" else 0.0 for limit in limits])
    rate = np.zeros(len(w)) if costs is None else costs.rate
    columns, target = _multiplier_system(slope, normals, idle, steepness, rate, size)
    try:
        y, _ = nnls(columns, target / size)
    except RuntimeError:  # it did not settle: nothing is proved
        return Certificate(np.inf, {})
    y *= size
    k, f = len(limits), len(idle)
    gradient, short = _mix_generators(slope, y[k + 2 + 3 * f :], w, form)
    rest = gradient + y[:k] @ normals + (y[k] - y[k + 1])
    pull, most = y[k + 2 : k + 2 + f] - y[k + 2 + f : k + 2 + 2 * f], rate[idle] + float(steepness @ y[:k])
    rest[idle] += np.clip(pull, -most, most)
    gap = float(rest @ w - rest.min()) + float(y[:k] @ np.maximum(slack, 0.0)) + short
    duals = {limit: float(v) / slope.unit for limit, v in zip(limits, y[:k], strict=True) if limit and v > 1e-9 * size}
    return Certificate(gap / slope.unit, duals)


def _multiplier_system(
    slope: _Subdifferential, normals: FloatArray, idle: IntArray, steepness: FloatArray, rate: FloatArray, size: float
) -> tuple[FloatArray, FloatArray]:
    """Return the least squares of the multipliers: columns and the target.

    Unknowns: k multipliers, the budget's in two parts, at each of the f assets not traded the slope chosen there in
    two parts and what it leaves of the steepest allowed, the shares of the choices. Rows: N balances of the gradient,
    f sums to the steepest, one sum of shares.
    """
    (k, n), f, c = normals.shape, len(idle), len(slope.generators)
    columns = np.zeros((n + f + (c > 0), k + 2 + 3 * f + c))
    columns[:n, :k] = normals.T
    columns[:n, k], columns[:n, k + 1] = 1.0, -1.0
    at = np.arange(f)
    columns[idle, k + 2 + at], columns[idle, k + 2 + f + at] = 1.0, -1.0
    for part in range(3):
        columns[n + at, k + 2 + part * f + at] = 1.0
    columns[n : n + f, :k] = -steepness
    target = np.concatenate([-slope.gradient, rate[idle]])
    if c:
        columns[:n, k + 2 + 3 * f :] = slope.generators.T
        columns[-1, k + 2 + 3 * f :] = size
        target = np.append(target, size * slope.mass)
    return columns, target


def _subdifferential(form: ObjectiveForm, w: FloatArray, costs: Penalty | None) -> _Subdifferential:
    none = np.zeros((0, len(w)))
    paid, paying = 0.0, np.zeros(len(w))
    if costs is not None:
        trades = w - costs.previous
        paid = float(costs.rate @ np.abs(trades))
        paying = costs.rate * np.where(np.abs(trades) <= NEGLIGIBLE_TRADE, 0.0, np.sign(trades))
    value, gradient = form.convex_part(w)
    match form:
        case QuadraticForm():
            return _Subdifferential(gradient + form.linear + paying, none, 0.0)
        case RatioForm():
            # where (e'v - costs) / vol(v) is highest, ratio * vol(v) - e'v + costs is lowest, and that is convex
            ratio = (float(form.excess @ w) - paid) / value
            return _Subdifferential(ratio * gradient - form.excess + paying, none, 0.0, value)
        case TailLossForm():
            return _tail_subdifferential(form, w, value, paying)


def _tail_subdifferential(form: TailLossForm, w: FloatArray, value: float, paying: FloatArray) -> _Subdifferential:
    """Split the scenarios: those beyond the edge count in full, those on it in shares to be found."""
    losses = -(form.returns @ w)
    tail_count = len(losses) * (1.0 - form.level)
    edge = np.sort(losses)[::-1][min(int(np.ceil(tail_count - 1e-9)), len(losses)) - 1]
    near = 1e-7 * (form.scale() + abs(value))
    beyond, ties = losses > edge + near, np.abs(losses - edge) <= near
    gradient = -form.returns[beyond].sum(axis=0) / tail_count
    return _Subdifferential(gradient + paying, -form.returns[ties], 1.0 - float(beyond.sum()) / tail_count)


def _mix_generators(
    slope: _Subdifferential, shares: FloatArray, w: FloatArray, form: ObjectiveForm
) -> tuple[FloatArray, float]:
    """Return the gradient with the choices mixed in, and by how much the minorant is then below the objective at w."""
    if not isinstance(form, TailLossForm):
        return slope.gradient, 0.0
    most = 1.0 / (len(form.returns) * (1.0 - form.level))
    shares = np.clip(shares, 0.0, most)
    shares = shares * (slope.mass / max(float(shares.sum()), 1e-300))
    if shares.max(initial=0.0) > most * (1.0 + 1e-9):  # no mix of the tail: nothing is proved
        return slope.gradient, np.inf
    mixed = shares @ slope.generators
    losses = slope.generators @ w
    on_edge = float(np.max(losses, initial=0.0))
    return slope.gradient + mixed, max(slope.mass * on_edge - float(shares @ losses), 0.0)


def _untraded_assets(constraints: Constraints, w: FloatArray, costs: Penalty | None) -> IntArray:
    """Return the assets that are not traded where trading is limited or paid for: its slope has a choice there."""
    turnover = constraints.turnover
    idle = np.zeros(len(w), dtype=np.bool_)
    if turnover is not None and turnover.normals(w).slack[0] <= BINDING_SLACK:
        idle |= np.abs(w - turnover.previous) <= NEGLIGIBLE_TRADE
    if costs is not None:
        idle |= np.abs(w - costs.previous) <= NEGLIGIBLE_TRADE
    return np.flatnonzero(idle)
