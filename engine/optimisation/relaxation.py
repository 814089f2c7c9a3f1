"""What a limit costs: the same problem solved without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.optimisation.constraints import Constraints, LimitKey


def remove_limit(constraints: Constraints, limit: LimitKey) -> Constraints:
    """Return ``constraints`` less one of their limits.

    A floor becomes 0, a cap or a group's most 1; without the count each name is anywhere up to its cap.
    """
    bounds, rule, turnover = constraints.bounds, constraints.cardinality, constraints.turnover
    here = np.arange(len(bounds.assets)) == limit.position
    match limit.kind:
        case "floor":
            bounds = replace(bounds, lower=np.where(here, 0.0, bounds.lower))
            rule = rule and replace(rule, floor=np.where(here, 0.0, rule.floor))
        case "cap":
            bounds = replace(bounds, upper=np.where(here, 1.0, bounds.upper))
            rule = rule and replace(rule, cap=np.where(here, 1.0, rule.cap))
        case "least" | "most":
            groups = list(constraints.groups)
            group = groups[limit.position]
            groups[limit.position] = replace(group, least=0.0) if limit.kind == "least" else replace(group, most=1.0)
            return replace(constraints, groups=tuple(groups))
        case "turnover":
            return replace(constraints, turnover=None)
        case "elsewhere":
            return replace(constraints, turnover=turnover and replace(turnover, elsewhere=0.0))
        case "return":
            return replace(constraints, target=None)
        case "count":
            return constraints.without_choice()
    return replace(constraints, bounds=bounds, cardinality=rule)
