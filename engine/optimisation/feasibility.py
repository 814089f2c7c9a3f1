"""Whether any weights satisfy the constraints, proved in exact fractions before a solver is asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import Final

import numpy as np

from engine.core.arrays import BoolArray
from engine.core.fields import format_percent
from engine.core.shortlist import shortlist
from engine.optimisation.constraints import Bounds, Constraints, LimitKey, TurnoverLimit
from engine.optimisation.rational_simplex import EXACT_TOLERANCE, Infeasibility, RationalSimplex, to_fraction
from engine.optimisation.relaxation import remove_limit

MAX_BASKETS_PROVED: Final = 4096
"""Baskets that are tried one by one; beyond, only the problem with every choice left open is proved."""
_MAX_NAMES_SHOWN: Final = 6
_UNHOLDABLE: Final = LimitKey("elsewhere", 0, "what cannot be held any longer")


@dataclass(frozen=True)
class Feasibility:
    """The proof's outcome.

    Where it does not hold, ``message`` has the keys that contradict each other, the missing amount and the remedy, and
    ``missing`` by how much they do [weight]. Of more than MAX_BASKETS_PROVED baskets it only holds that the limits do
    not contradict each other with every choice left open.
    """

    holds: bool
    message: str = ""
    missing: float = 0.0


def check_feasibility(constraints: Constraints) -> Feasibility:
    """Prove that weights exist, or say what contradicts what.

    Numbers count as the decimals they are printed as; a shortage up to 1e-14 is their rounding.

    >>> from engine.optimisation.constraints import long_only_constraints
    >>> check_feasibility(long_only_constraints(("A", "B"), cap=0.4)).message
    "the weights' sum of 100 %: 20 % missing because of cap A, cap B; raise one of these"
    """
    rule = constraints.cardinality
    if rule is None:
        return _prove_convex(constraints)
    swapped = [constraints.bounds.assets[j] for j in np.flatnonzero(rule.members) if rule.floor[j] > rule.cap[j]]
    if swapped:
        message = f"floor is above cap for {', '.join(swapped[:_MAX_NAMES_SHOWN])}"
        return Feasibility(holds=False, message=f"{message}; swap them")
    if rule.least > min(rule.most, int(rule.members.sum())):
        found = f"{int(rule.members.sum())} names for at least {rule.least} and at most {rule.most}"
        return Feasibility(holds=False, message=f"{rule.name}: {found}; lower min, or name more", missing=1.0)
    nearest: tuple[float, Constraints] | None = None
    for tried, held in enumerate(_distinct_baskets(constraints)):
        if tried == MAX_BASKETS_PROVED:
            return _prove_convex(constraints.without_choice())
        basket = constraints.for_basket(held)
        missing = _shortfall(basket)
        if missing is None:
            return Feasibility(holds=True)
        if nearest is None or missing < nearest[0]:
            nearest = missing, basket
    assert nearest is not None  # noqa: S101  (there is a count that can be held, so there is a basket)
    best = _prove_convex(nearest[1])
    message = f"{rule.name}: whichever {rule.least} to {rule.most} are held, at best {best.message}"
    return replace(best, message=message)


def _shortfall(constraints: Constraints) -> float | None:
    """Return by how much the constraints contradict each other [weight], or None when they do not."""
    bounds = constraints.bounds
    if (crossed := float(np.max(bounds.lower - bounds.upper, initial=0.0))) > 0.0:
        return crossed
    shortage = _first_infeasibility(constraints)
    return None if shortage is None else float(shortage.amount)


def _distinct_baskets(constraints: Constraints) -> Iterator[BoolArray]:
    """Yield masks of held members; of names that no constraint tells apart only the first are tried."""
    rule = constraints.cardinality
    assert rule is not None  # noqa: S101  (asked only where there is a choice)
    alike: dict[tuple[object, ...], list[int]] = {}
    for j in np.flatnonzero(rule.members):
        previous = None if constraints.turnover is None else float(constraints.turnover.previous[j])
        groups = tuple(bool(group.members[j]) for group in constraints.groups)
        alike.setdefault((float(rule.floor[j]), float(rule.cap[j]), previous, *groups), []).append(int(j))
    for counts in itertools.product(*(range(len(names) + 1) for names in alike.values())):
        if rule.least <= sum(counts) <= rule.most:
            held = np.zeros(len(rule.members), dtype=np.bool_)
            held[[j for names, count in zip(alike.values(), counts, strict=True) for j in names[:count]]] = True
            yield held


def _prove_convex(constraints: Constraints) -> Feasibility:
    """Prove constraints without a choice of names."""
    bounds = constraints.bounds
    for j, (low, high) in enumerate(zip(bounds.lower, bounds.upper, strict=True)):
        if low > high:
            floor, cap = bounds.key("floor", j).name, bounds.key("cap", j).name
            message = f"{floor} {format_percent(low)} is above {cap} {format_percent(high)}"
            return Feasibility(holds=False, message=f"{message}; swap them", missing=float(low - high))
    shortage = _first_infeasibility(constraints)
    return Feasibility(holds=True) if shortage is None else _explain(constraints, shortage)


def _first_infeasibility(constraints: Constraints) -> Infeasibility | None:
    """Return the first of groups, sum and turnover that cannot be met together with those before it, or None."""
    system, bounds, turnover = RationalSimplex(), constraints.bounds, constraints.turnover
    parts = [_add_weight(system, bounds, j, turnover) for j in range(len(bounds.assets))]
    for index, group in enumerate(constraints.groups):
        terms = [(j, 1) for member in np.flatnonzero(group.members) for j in parts[member]]
        most = to_fraction(group.most) if group.most < 1.0 else None
        least = to_fraction(group.least) if group.least > 0.0 else None
        shortage = system.require(group.keys(index), terms, least, most)
        if shortage is not None:
            return shortage
    everything = [(j, 1) for part in parts for j in part]
    shortage = system.require((None, None), everything, Fraction(1), Fraction(1))
    if shortage is not None or turnover is None:
        return shortage
    shortage = _require_turnover(system, turnover, parts)
    return shortage and replace(shortage, blockers=(*shortage.blockers, *_forced_trades(bounds, turnover)))


def _forced_trades(bounds: Bounds, turnover: TurnoverLimit) -> Iterator[LimitKey]:
    """Yield what must be traded whatever else is: up to a floor, down to a cap, out of what is no longer there."""
    for j, held in enumerate(turnover.previous):
        if held < bounds.lower[j]:
            yield bounds.key("floor", j)
        elif held > bounds.upper[j] > 0.0:
            yield bounds.key("cap", j)
    if turnover.elsewhere > 0.0:
        yield _UNHOLDABLE


def _add_weight(system: RationalSimplex, bounds: Bounds, j: int, turnover: TurnoverLimit | None) -> tuple[int, ...]:
    """Add weight j: with a turnover limit in two parts, up to what is held and what is bought on top."""
    low, high = to_fraction(bounds.lower[j]), to_fraction(bounds.upper[j])
    assert low is not None  # noqa: S101  (weights are not negative without end)
    floor = bounds.key("floor", j) if low else None  # no floor was asked for
    cap = None if high == 0 else bounds.key("cap", j)  # a name that the choice leaves out
    if turnover is None:
        return (system.add_variable((floor, cap), low, high),)
    held = to_fraction(turnover.previous[j]) or Fraction(0)
    middle = max(low, held if high is None else min(held, high))
    held_part = system.add_variable((floor, None), low, middle)
    return held_part, system.add_variable((None, cap), Fraction(0), None if high is None else high - middle)


def _require_turnover(
    system: RationalSimplex, turnover: TurnoverLimit, parts: list[tuple[int, ...]]
) -> Infeasibility | None:
    """Require bought - held_part <= 2 most - elsewhere - what must be traded anyway."""
    terms = [(j, sign) for part in parts for j, sign in zip(part, (-1, 1), strict=True)]
    allowance = 2 * (to_fraction(float(turnover.most)) or Fraction(0)) - (
        to_fraction(turnover.elsewhere) or Fraction(0)
    )
    for (held_part, _), held in zip(parts, turnover.previous, strict=True):
        middle = system.upper[held_part] or Fraction(0)
        allowance -= middle + abs((to_fraction(held) or Fraction(0)) - middle)
    shortage = system.require((None, turnover.key), terms, None, allowance)
    if shortage is None or shortage.amount <= 2 * EXACT_TOLERANCE:
        return None
    return replace(shortage, amount=shortage.amount / 2)


def _explain(constraints: Constraints, shortage: Infeasibility) -> Feasibility:
    """Put a proof into a sentence."""
    names = [cause.name for cause in _causes(constraints, shortage)]
    because = f" because of {shortlist(names, _MAX_NAMES_SHOWN)}" if names else ""
    amount, missing, row = float(shortage.amount), format_percent(float(shortage.amount)), shortage.row
    turnover = constraints.turnover
    if row is not None and row.kind == "turnover" and turnover is not None:
        message = (
            f"{row.name} {format_percent(float(turnover.most))}: trades of {missing} more are needed{because}; raise it"
        )
        return Feasibility(holds=False, message=message, missing=amount)
    side, remedy = ("missing", "raise") if shortage.below else ("too much", "lower")
    what = "the weights' sum of 100 %"
    if row is not None:
        group = constraints.groups[row.position]
        what = f"{group.name} {format_percent(group.least if shortage.below else group.most)}"
    message = f"{what}: {missing} {side}{because}; {remedy} one of these"
    return Feasibility(holds=False, message=message, missing=amount)


def _causes(constraints: Constraints, shortage: Infeasibility) -> list[LimitKey]:
    """Return the blockers less those that change nothing: without the causes, less is missing.

    Where two sets of them would each do, both are causes.
    """
    blockers = list(dict.fromkeys(shortage.blockers))
    left, causes = blockers, list[LimitKey]()
    while left and _same_shortfall_without(constraints, shortage, causes):
        idle: list[LimitKey] = []
        for limit in left:
            if _same_shortfall_without(constraints, shortage, [*causes, *idle, limit]):
                idle.append(limit)
        if len(idle) == len(left):
            break
        causes += [limit for limit in left if limit not in idle]
        left = idle
    return [limit for limit in blockers if limit in causes]


def _same_shortfall_without(constraints: Constraints, shortage: Infeasibility, limits: list[LimitKey]) -> bool:
    """Return whether as much is missing in the same place without these limits."""
    left = _first_infeasibility(reduce(remove_limit, limits, constraints))
    return left is not None and left.row == shortage.row and abs(left.amount - shortage.amount) <= EXACT_TOLERANCE
