"""What a limit costs: the same problem solved without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.core.arrays import FloatArray
from engine.optimisation.constraints import Bounds, Constraints


def remove_limit(constraints: Constraints, name: str) -> Constraints:
    """Return ``constraints`` less the one that messages and multipliers call ``name``; raises KeyError for no such.

    A floor becomes 0, a cap, or a group's most, 1; the choice of names leaves each anywhere up to its cap.
    """
    bounds = constraints.bounds
    if constraints.turnover is not None and name == constraints.turnover.name:
        return replace(constraints, turnover=None)
    if constraints.cardinality is not None and name == constraints.cardinality.name:
        return replace(constraints, bounds=constraints.cardinality.relax_bounds(bounds), cardinality=None)
    for at, group in enumerate(constraints.groups):
        freed = {f"{group.name} max": replace(group, most=1.0), f"{group.name} min": replace(group, least=0.0)}
        if name in freed:
            return replace(constraints, groups=(*constraints.groups[:at], freed[name], *constraints.groups[at + 1 :]))
    for j in range(len(bounds.assets)):
        if name in {bounds.floor_name(j), bounds.cap_name(j)}:
            return _unbounded(constraints, j, floor=name == bounds.floor_name(j))
    raise KeyError(name)


def _unbounded(constraints: Constraints, j: int, *, floor: bool) -> Constraints:
    """Return ``constraints`` with the floor of asset ``j`` at 0, or its cap at 1."""
    bounds, rule = constraints.bounds, constraints.cardinality
    lower, upper = (
        (_replace_entry(bounds.lower, j, 0.0), bounds.upper)
        if floor
        else (bounds.lower, _replace_entry(bounds.upper, j, 1.0))
    )
    if rule is not None and rule.members[j]:
        rule = (
            replace(rule, floor=_replace_entry(rule.floor, j, 0.0))
            if floor
            else replace(rule, cap=_replace_entry(rule.cap, j, 1.0))
        )
    return replace(constraints, bounds=Bounds(bounds.assets, lower, upper, bounds.floor, bounds.cap), cardinality=rule)


def _replace_entry(values: FloatArray, j: int, value: float) -> FloatArray:
    changed = np.array(values, dtype=np.float64)
    changed[j] = value
    return changed
