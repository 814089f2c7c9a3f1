"""What weights must satisfy, in pieces: bounds, groups, the budget, turnover, and how many names are held.

Each piece knows the config key it came from, how far a vector is from satisfying it (``violation``), its contribution
to a convex problem (``to_cvxpy``), and its normals at a vector (``normals``), from which ``optimiser`` proves a solution.
``scale`` is 1, or the variable that a problem in ratios is scaled by; numbers may be cvxpy parameters instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray

FEASIBILITY_TOLERANCE: Final = 1e-8
"""Most by which accepted weights break a constraint [weight]."""
TRADE_TOLERANCE: Final = 1e-9
"""A trade up to this weight is none."""


@dataclass(frozen=True)
class Normals:
    """The linear inequalities of a piece at a vector: moving along a row's normal leaves it.

    Attributes
    ----------
    names : k of them, in words; "" for one that goes without saying
    matrix : (k, N) outward normals
    slack : (k,) how far each inequality is from binding [weight]

    """

    names: tuple[str, ...]
    matrix: FloatArray
    slack: FloatArray


@dataclass(frozen=True)
class Bounds:
    """``lower <= w <= upper``, (N,) each [weight]; ``floor`` and ``cap`` are what a config calls them, all or each."""

    assets: tuple[str, ...]
    lower: Any
    upper: Any
    floor: str | tuple[str, ...] = "floor"
    cap: str | tuple[str, ...] = "cap"

    def floor_name(self, j: int) -> str:
        """Return what the config calls the floor of asset ``j``, with its name."""
        return f"{self.floor if isinstance(self.floor, str) else self.floor[j]} {self.assets[j]}"

    def cap_name(self, j: int) -> str:
        """Return what the config calls the cap of asset ``j``, with its name."""
        return f"{self.cap if isinstance(self.cap, str) else self.cap[j]} {self.assets[j]}"

    def violation(self, w: FloatArray) -> float:
        """Return the most by which a weight is out of its bounds [weight]."""
        return float(max(np.max(self.lower - w, initial=0.0), np.max(w - self.upper, initial=0.0)))

    def to_cvxpy(self, w: Any, scale: Any = 1.0) -> list[Any]:  # noqa: ANN401  (cvxpy has no types)
        """Return the constraints on the expression ``w`` (N,)."""
        return [w >= self.lower * scale, w <= self.upper * scale]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """2N names: the floors, then the caps; "" for a bound that no one asked for: nothing short, none above 1."""
        floors = (self.floor_name(j) if low > 0.0 else "" for j, low in enumerate(self.lower))
        caps = (self.cap_name(j) if 0.0 < high < 1.0 else "" for j, high in enumerate(self.upper))
        return (*floors, *caps)

    def normals(self, w: FloatArray) -> Normals:
        """Return 2N rows: the floors, then the caps."""
        eye = np.eye(len(w))
        return Normals(self.names, np.vstack([-eye, eye]), np.concatenate([w - self.lower, self.upper - w]))


@dataclass(frozen=True)
class GroupConstraint:
    """``least <= sum of the members' weights <= most``; ``members`` (N,) is a mask."""

    name: str
    members: BoolArray
    most: float = 1.0
    least: float = 0.0

    def violation(self, w: FloatArray) -> float:
        """Return by how much the group's weight is out of its bounds [weight]."""
        total = float(w[self.members].sum())
        return max(total - self.most, self.least - total, 0.0)

    def to_cvxpy(self, w: Any, scale: Any = 1.0) -> list[Any]:  # noqa: ANN401
        """Return one constraint for each side that says something."""
        total = self.members.astype(np.float64) @ w
        above = [total >= self.least * scale] if self.least > 0.0 else []
        return above + ([total <= self.most * scale] if self.most < 1.0 else [])

    def normals(self, w: FloatArray) -> Normals:
        """Return two rows: the most, then the least."""
        row, total = self.members.astype(np.float64), float(w[self.members].sum())
        slack = np.array([self.most - total, total - self.least])
        names = (f"{self.name} max" if self.most < 1.0 else "", f"{self.name} min" if self.least > 0.0 else "")
        return Normals(names, np.vstack([row, -row]), slack)


@dataclass(frozen=True)
class Budget:
    """Weights add up to 1."""

    name: str = "sum of weights"

    def violation(self, w: FloatArray) -> float:
        """Return how far the weights are from adding up to 1."""
        return abs(float(w.sum()) - 1.0)

    def to_cvxpy(self, w: Any, scale: Any = 1.0) -> list[Any]:  # noqa: ANN401
        """Return the equality."""
        import cvxpy as cp  # noqa: PLC0415  (slow to load)

        return [cp.sum(w) == scale]


@dataclass(frozen=True)
class TurnoverLimit:
    """One-way turnover ``(sum |w - previous| + elsewhere) / 2 <= most``.

    ``previous`` (N,) are the weights held; ``elsewhere`` is held in assets that are not among the N, to be sold.
    """

    previous: Any
    most: Any
    elsewhere: float = 0.0
    name: str = "turnover.max"

    def violation(self, w: FloatArray) -> float:
        """Return how far one-way turnover is above the most [weight]."""
        return float(max((np.abs(w - self.previous).sum() + self.elsewhere) / 2.0 - self.most, 0.0))

    def to_cvxpy(self, w: Any, scale: Any = 1.0) -> list[Any]:  # noqa: ANN401
        """Return the constraint on the trades."""
        import cvxpy as cp  # noqa: PLC0415

        return [cp.norm1(w - self.previous * scale) <= (2.0 * self.most - self.elsewhere) * scale]

    def normals(self, w: FloatArray) -> Normals:
        """Return one row: half the signs of the trades, zero where nothing is traded (any sign up to 1 would do)."""
        trades = w - self.previous
        slack = float(self.most) - (float(np.abs(trades).sum()) + self.elsewhere) / 2.0
        signs = np.where(np.abs(trades) <= TRADE_TOLERANCE, 0.0, np.sign(trades)) / 2.0
        return Normals((self.name,), signs[None, :], np.array([slack]))


@dataclass(frozen=True)
class ReturnTarget:
    """``mean @ w >= least`` [1/yr]; mean (N,): the points of an efficient frontier."""

    mean: Any
    least: Any
    name: str = "expected return"

    def violation(self, w: FloatArray) -> float:
        """Return by how much the expected return is below the least [1/yr]."""
        return float(max(self.least - self.mean @ w, 0.0))

    def to_cvxpy(self, w: Any, scale: Any = 1.0) -> list[Any]:  # noqa: ANN401
        """Return the constraint on the expected return."""
        return [self.mean @ w >= self.least * scale]

    def normals(self, w: FloatArray) -> Normals:
        """Return one row."""
        return Normals((self.name,), -self.mean[None, :], np.array([float(self.mean @ w - self.least)]))


@dataclass(frozen=True)
class Cardinality:
    """Between ``least`` and ``most`` of the ``members`` (N,) mask are held, each at ``floor`` to ``cap`` (N,)."""

    members: BoolArray
    floor: FloatArray
    cap: FloatArray
    least: int
    most: int
    name: str = "satellites.count"

    def violation(self, w: FloatArray) -> float:
        """Return how far a member is from 0 or its range [weight]; 1 when too few or too many are held."""
        held = self.members & (w != 0.0)
        if not self.least <= int(held.sum()) <= self.most:
            return 1.0
        return float(max(np.max((self.floor - w)[held], initial=0.0), np.max((w - self.cap)[held], initial=0.0)))

    def to_cvxpy(self, w: Any, held: Any) -> list[Any]:  # noqa: ANN401
        """Return the constraints; ``held`` (number of members,) is a boolean variable."""
        import cvxpy as cp  # noqa: PLC0415

        inside = np.flatnonzero(self.members)
        low, high = cp.multiply(self.floor[inside], held), cp.multiply(self.cap[inside], held)
        return [w[inside] >= low, w[inside] <= high, cp.sum(held) >= self.least, cp.sum(held) <= self.most]

    def basket_bounds(self, bounds: Bounds, held: BoolArray) -> Bounds:
        """Return ``bounds`` with the members in ``held`` (N,) at floor to cap, and the others at 0."""
        out, inside = self.members & ~held, self.members & held
        lower = np.where(out, 0.0, np.where(inside, self.floor, bounds.lower))
        upper = np.where(out, 0.0, np.where(inside, self.cap, bounds.upper))
        return Bounds(bounds.assets, lower, upper, bounds.floor, bounds.cap)

    def relax_bounds(self, bounds: Bounds) -> Bounds:
        """Return ``bounds`` with every member anywhere between 0 and its cap."""
        lower = np.where(self.members, 0.0, bounds.lower)
        upper = np.where(self.members, self.cap, bounds.upper)
        return Bounds(bounds.assets, lower, upper, bounds.floor, bounds.cap)


@dataclass(frozen=True)
class Constraints:
    """All that weights must satisfy; the budget is always among them."""

    bounds: Bounds
    groups: tuple[GroupConstraint, ...] = ()
    turnover: TurnoverLimit | None = None
    cardinality: Cardinality | None = None
    target: ReturnTarget | None = None
    budget: Budget = Budget()

    def __iter__(self) -> Iterator[Bounds | GroupConstraint | TurnoverLimit | ReturnTarget | Budget]:
        """Iterate over the pieces that are convex."""
        yield self.budget
        yield self.bounds
        yield from self.groups
        if self.turnover is not None:
            yield self.turnover
        if self.target is not None:
            yield self.target

    def violations(self, w: FloatArray) -> dict[str, float]:
        """Return by how much ``w`` (N,) breaks each piece, by its name; zeros included [weight]."""
        found = {getattr(piece, "name", "bounds"): piece.violation(w) for piece in self}
        if self.cardinality is not None:
            found[self.cardinality.name] = self.cardinality.violation(w)
        return found

    def worst_violation(self, w: FloatArray) -> tuple[str, float]:
        """Return which floor, cap, group or count ``w`` (N,) breaks most, and by how much [weight]; ("", 0.0): none.

        The names are those of messages; what the weights add up to, and what is traded, are not asked about.
        """
        rule, bounds = self.cardinality, self.bounds
        if rule is not None:
            held = rule.members & (w != 0.0)
            if not rule.least <= int(held.sum()) <= rule.most:
                return rule.name, 1.0
            bounds = rule.basket_bounds(bounds, held)
        found = [bounds.normals(w), *(group.normals(w) for group in self.groups)]
        slack = np.concatenate([one.slack for one in found])
        names = [name for one in found for name in one.names]
        worst = min(range(len(names)), key=slack.__getitem__, default=None)
        return ("", 0.0) if worst is None or slack[worst] >= 0.0 else (names[worst], -float(slack[worst]))

    def violation(self, w: FloatArray) -> float:
        """Return the largest of the violations; NaN is the largest of all."""
        return float(np.max(list(self.violations(w).values()))) if np.isfinite(w).all() else np.inf


def long_only_constraints(assets: tuple[str, ...], cap: float = 1.0) -> Constraints:
    """Return weights from 0 to ``cap`` that add up to 1."""
    n = len(assets)
    return Constraints(Bounds(assets, np.zeros(n), np.full(n, cap)))
