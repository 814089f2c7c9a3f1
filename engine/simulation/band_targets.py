"""Band geometry: how far a portfolio that has left its bands is brought back, as weights. Pure functions.

Thresholds and destinations follow the practice of Daryanani (2008), "Opportunistic Rebalancing", Journal of Financial
Planning 21(1), and Vanguard's threshold rebalancing ("200/175"); the rules are those of docs/semantics.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.portfolio.policy import Band
from engine.simulation.kernel.tolerances import LIMIT_TOLERANCE


@dataclass(frozen=True)
class PartialRebalance:
    """A partial rebalance: ``active`` (N,) assets go to their ``goal_weights`` (N,) [weight].

    ``funding`` (N,) buy what they set free or sell what they need, in shares that sum to 1, or to 0 for cash.
    """

    goal_weights: FloatArray
    active: BoolArray
    funding: FloatArray


def band_widths(target: FloatArray, absolute: float, relative: float) -> FloatArray:
    """Return (N,) the half-width of every asset's band around ``target`` (N,) [weight].

    The kernel has its own: a call of that one from here would compile or load a version more for every kind of array.

    >>> band_widths(np.array([0.5, 0.1]), absolute=0.05, relative=0.25).tolist()
    [0.05, 0.025]
    """
    return np.minimum(absolute, relative * target) if relative < np.inf else np.full_like(target, absolute)


def out_of_band(w: FloatArray, target: FloatArray, band: Band) -> BoolArray:
    """Return (N,) which weights ``w`` (N,) have left their bands by more than rounding."""
    out: BoolArray = np.abs(w - target) > band_widths(target, band.absolute, band.relative) * (1.0 + LIMIT_TOLERANCE)
    return out


WEIGHT_TOLERANCE: Final = 1e-12
"""A weight up to this is rounding: nothing is freed or needed, there is no room, nothing is beyond a bound."""


def plan_partial_rebalance(
    w: FloatArray, target: FloatArray, caps: FloatArray, band: Band, able: BoolArray
) -> PartialRebalance | None:
    """Return what brings ``w`` (N,) back to where the band says, or None when no weight has left it.

    ``target`` (N,) are the weights in force, ``caps`` (N,) bind the destination, ``able`` (N,) can be traded.
    """
    out = out_of_band(w, target, band)
    if not out.any():
        return None
    distance = np.maximum(
        band.edge_fraction * band_widths(target, band.absolute, band.relative) - band.edge_margin, 0.0
    )
    high = np.minimum(target + distance, caps)
    low = np.minimum(np.maximum(target - distance, 0.0), high)
    if band.drifted_only:
        return _move_drifted_only(w, target, np.clip(w, low, high), out & able, able & (caps == np.inf) & ~out)
    return PartialRebalance(_move_all_alike(w, target, low, high), np.ones_like(out), np.zeros_like(w))


def _move_all_alike(w: FloatArray, target: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Move all weights the same part of their way to the target, the least that brings all of them within bounds.

    A weight above its cap with a target further above, as whole shares may have reached it, no part brings back.
    """
    beyond = np.maximum(np.maximum(np.where(target < w, w - high, 0.0), low - w), 0.0)
    way = np.abs(w - target)
    part = float(np.divide(beyond, way, out=np.zeros_like(w), where=beyond > WEIGHT_TOLERANCE).max())
    return target if part >= 1.0 else w + part * (target - w)


def _move_drifted_only(
    w: FloatArray, target: FloatArray, goals: FloatArray, out: BoolArray, funding: BoolArray
) -> PartialRebalance:
    """Bring only the assets that are ``out`` to their ``goals``; ``funding`` (N,) pay for it or take the rest."""
    freed = float((w - goals)[out].sum())
    side = 0.0 if abs(freed) <= WEIGHT_TOLERANCE else float(np.sign(freed))
    room = np.where(funding & (side * (target - w) > WEIGHT_TOLERANCE), side * (target - w), 0.0)
    missing = abs(freed) - float(room.sum())
    left = np.where(out, np.maximum(side * (target - goals), 0.0), 0.0)
    total = float(left.sum())
    if missing > 0.0 and total > 0.0:
        goals = goals + side * min(missing / total, 1.0) * left
    shares = room if room.any() else np.where(funding, target, 0.0)
    whole = float(shares.sum())
    return PartialRebalance(goals, out, shares / whole if whole > 0.0 else shares)


def flow_suffices(
    h: FloatArray, cash: float, flow: float, target: FloatArray, band: Band, never_sold: BoolArray
) -> bool:
    """Return whether ``flow`` [currency] alone brings holdings ``h`` (N,) [currency] back into their bands.

    A contribution, with cash above its target, buys the most underweight first; a withdrawal takes such cash, then
    sells the most overweight first, but for what is ``never_sold`` (N,); costs are left aside.
    """
    value = float(h.sum()) + cash + flow
    if value <= 0.0:
        return False
    spare = cash - max(1.0 - float(target.sum()), 0.0) * value
    money = flow + spare if flow > 0.0 else -flow - max(spare, 0.0)
    side = 1.0 if flow > 0.0 else -1.0
    gaps = np.where(never_sold & (side < 0.0), 0.0, side * (target * value - h))
    after = h.copy()
    for j in np.argsort(-gaps, kind="stable"):
        step = min(max(float(gaps[j]), 0.0), max(money, 0.0))
        after[j] += side * step
        money -= step
    return not out_of_band(after / value, target, band).any()
