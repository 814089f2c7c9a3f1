"""What weights must satisfy, in pieces: bounds, groups, the budget, turnover, and how many names are held.

Each piece knows how far a vector is from satisfying it (``violation``), and its normals at a vector (``normals``), from
which a solution is proved optimal. Numbers typed Any may be cvxpy parameters instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Final, Literal, NamedTuple, TypeAlias

import numpy as np

from engine.core.arrays import BoolArray, FloatArray

FEASIBILITY_TOLERANCE: Final = 1e-8
"""Most by which accepted weights break a constraint [weight]."""
NEGLIGIBLE_TRADE: Final = 1e-9
"""A trade up to this weight is none."""


class LimitKey(NamedTuple):
    """One limit: its kind, the asset or group it is on (0 for what there is once), and its name for people."""

    kind: Literal["floor", "cap", "least", "most", "turnover", "elsewhere", "return", "count"]
    position: int
    name: str


@dataclass(frozen=True)
class Normals:
    """The linear inequalities of a piece at a vector: moving along a row's normal leaves it.

    ``limits`` (k of them, None for one that goes without saying), ``matrix`` (k, N) outward normals, ``slack`` (k,) how
    far each inequality is from binding [weight].
    """

    limits: tuple[LimitKey | None, ...]
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
    name: ClassVar[str] = "bounds"

    def key(self, kind: Literal["floor", "cap"], j: int) -> LimitKey:
        """Return the floor or the cap of asset ``j``."""
        names = self.floor if kind == "floor" else self.cap
        return LimitKey(kind, j, f"{names if isinstance(names, str) else names[j]} {self.assets[j]}")

    def violation(self, w: FloatArray) -> float:
        """Return the most by which a weight is out of its bounds [weight]."""
        return float(max(np.max(self.lower - w, initial=0.0), np.max(w - self.upper, initial=0.0)))

    @cached_property
    def limits(self) -> tuple[LimitKey | None, ...]:
        """2N limits, floors then caps; None for a bound that no one asked for: nothing short, none above 1."""
        floors = (self.key("floor", j) if low > 0.0 else None for j, low in enumerate(self.lower))
        return (*floors, *(self.key("cap", j) if 0.0 < high < 1.0 else None for j, high in enumerate(self.upper)))

    def normals(self, w: FloatArray) -> Normals:
        """Return 2N rows: the floors, then the caps."""
        eye = np.eye(len(w))
        return Normals(self.limits, np.vstack([-eye, eye]), np.concatenate([w - self.lower, self.upper - w]))


@dataclass(frozen=True)
class GroupConstraint:
    """``least <= sum of the members' weights <= most``; ``members`` (N,) is a mask."""

    name: str
    members: BoolArray
    most: float = 1.0
    least: float = 0.0

    def keys(self, index: int) -> tuple[LimitKey | None, LimitKey | None]:
        """Return the lower and the upper limit of the ``index``-th group; None for one that says nothing."""
        least = LimitKey("least", index, f"{self.name} min") if self.least > 0.0 else None
        return least, LimitKey("most", index, f"{self.name} max") if self.most < 1.0 else None

    def violation(self, w: FloatArray) -> float:
        """Return by how much the group's weight is out of its bounds [weight]."""
        total = float(w[self.members].sum())
        return max(total - self.most, self.least - total, 0.0)

    def normals(self, w: FloatArray, index: int = 0) -> Normals:
        """Return two rows for the ``index``-th group: the most, then the least."""
        row, total = self.members.astype(np.float64), float(w[self.members].sum())
        slack = np.array([self.most - total, total - self.least])
        return Normals(self.keys(index)[::-1], np.vstack([row, -row]), slack)


@dataclass(frozen=True)
class Budget:
    """Weights add up to 1."""

    name: str = "sum of weights"

    def violation(self, w: FloatArray) -> float:
        """Return how far the weights are from adding up to 1."""
        return abs(float(w.sum()) - 1.0)


@dataclass(frozen=True)
class TurnoverLimit:
    """One-way turnover ``(sum |w - previous| + elsewhere) / 2 <= most``.

    ``previous`` (N,) are the weights held; ``elsewhere`` is held in assets that are not among the N, to be sold.
    """

    previous: Any
    most: Any
    elsewhere: float = 0.0
    name: str = "turnover.max"

    @property
    def key(self) -> LimitKey:
        """Which limit it is."""
        return LimitKey("turnover", 0, self.name)

    def violation(self, w: FloatArray) -> float:
        """Return how far one-way turnover is above the most [weight]."""
        return float(max((np.abs(w - self.previous).sum() + self.elsewhere) / 2.0 - self.most, 0.0))

    def normals(self, w: FloatArray) -> Normals:
        """Return one row: half the signs of the trades, zero where nothing is traded (any sign up to 1 would do)."""
        trades = w - self.previous
        slack = float(self.most) - (float(np.abs(trades).sum()) + self.elsewhere) / 2.0
        signs = np.where(np.abs(trades) <= NEGLIGIBLE_TRADE, 0.0, np.sign(trades)) / 2.0
        return Normals((self.key,), signs[None, :], np.array([slack]))


@dataclass(frozen=True)
class ReturnTarget:
    """``mean @ w >= least`` [1/yr]; mean (N,): the points of an efficient frontier."""

    mean: Any
    least: Any
    name: str = "expected return"

    def violation(self, w: FloatArray) -> float:
        """Return by how much the expected return is below the least [1/yr]."""
        return float(max(self.least - self.mean @ w, 0.0))

    def normals(self, w: FloatArray) -> Normals:
        """Return one row."""
        slack = np.array([float(self.mean @ w - self.least)])
        return Normals((LimitKey("return", 0, self.name),), -self.mean[None, :], slack)


@dataclass(frozen=True)
class Cardinality:
    """Between ``least`` and ``most`` of the ``members`` (N,) mask are held, each at ``floor`` to ``cap`` (N,)."""

    members: BoolArray
    floor: FloatArray
    cap: FloatArray
    least: int
    most: int
    name: str = "satellites.count"

    @property
    def key(self) -> LimitKey:
        """Which limit it is."""
        return LimitKey("count", 0, self.name)

    def is_allowed(self, held: BoolArray) -> bool:
        """Return whether ``held`` (N,) has neither too few nor too many members."""
        return self.least <= int((held & self.members).sum()) <= self.most

    def violation(self, w: FloatArray) -> float:
        """Return how far a member is from 0 or its range [weight]; 1 when too few or too many are held."""
        held = self.members & (w != 0.0)
        if not self.is_allowed(held):
            return 1.0
        return float(max(np.max((self.floor - w)[held], initial=0.0), np.max((w - self.cap)[held], initial=0.0)))


ConvexPiece: TypeAlias = Bounds | GroupConstraint | TurnoverLimit | ReturnTarget | Budget
"""What convex constraints consist of."""


@dataclass(frozen=True)
class Constraints:
    """All that weights must satisfy; the budget is always among them."""

    bounds: Bounds
    groups: tuple[GroupConstraint, ...] = ()
    turnover: TurnoverLimit | None = None
    cardinality: Cardinality | None = None
    target: ReturnTarget | None = None
    budget: Budget = Budget()

    def __iter__(self) -> Iterator[ConvexPiece]:
        """Iterate over the pieces that are convex."""
        yield self.budget
        yield self.bounds
        yield from self.groups
        for piece in (self.turnover, self.target):
            if piece is not None:
                yield piece

    def for_basket(self, held: BoolArray) -> Constraints:
        """Return the convex problem of one choice of names: members in ``held`` (N,) at floor to cap, others at 0."""
        rule, bounds = self.cardinality, self.bounds
        if rule is None:
            return self
        out, inside = rule.members & ~held, rule.members & held
        lower = np.where(out, 0.0, np.where(inside, rule.floor, bounds.lower))
        upper = np.where(out, 0.0, np.where(inside, rule.cap, bounds.upper))
        return replace(self, bounds=replace(bounds, lower=lower, upper=upper), cardinality=None)

    def without_choice(self) -> Constraints:
        """Return the convex problem with every member anywhere between 0 and its cap."""
        rule, bounds = self.cardinality, self.bounds
        if rule is None:
            return self
        lower, upper = np.where(rule.members, 0.0, bounds.lower), np.where(rule.members, rule.cap, bounds.upper)
        return replace(self, bounds=replace(bounds, lower=lower, upper=upper), cardinality=None)

    def normals(self, w: FloatArray) -> Normals:
        """Return the inequalities of bounds, groups, turnover and target at ``w`` (N,)."""
        found = [self.bounds.normals(w), *(group.normals(w, index) for index, group in enumerate(self.groups))]
        found += [piece.normals(w) for piece in (self.turnover, self.target) if piece is not None]
        limits = tuple(limit for one in found for limit in one.limits)
        return Normals(limits, np.vstack([one.matrix for one in found]), np.concatenate([one.slack for one in found]))

    def violations(self, w: FloatArray) -> dict[str, float]:
        """Return by how much ``w`` (N,) breaks each piece, by its name; zeros included [weight]."""
        found = {piece.name: piece.violation(w) for piece in self}
        if self.cardinality is not None:
            found[self.cardinality.name] = self.cardinality.violation(w)
        return found

    def worst_violation(self, w: FloatArray) -> tuple[str, float]:
        """Return which floor, cap, group or count ``w`` (N,) breaks most, and by how much [weight]; ("", 0.0): none.

        The names are those of messages; what the weights add up to, and what is traded, are not asked about.
        """
        rule = self.cardinality
        if rule is not None and not rule.is_allowed(w != 0.0):
            return rule.name, 1.0
        rows = replace(self.for_basket(w != 0.0), turnover=None, target=None).normals(w)
        if not rows.slack.min(initial=0.0) < 0.0:
            return "", 0.0
        limit = rows.limits[int(rows.slack.argmin())]
        return limit.name if limit else "", -float(rows.slack.min())

    def violation(self, w: FloatArray) -> float:
        """Return the largest of the violations; NaN is the largest of all."""
        return float(np.max(list(self.violations(w).values()))) if np.isfinite(w).all() else np.inf


def long_only_constraints(assets: tuple[str, ...], cap: float = 1.0) -> Constraints:
    """Return weights from 0 to ``cap`` that add up to 1."""
    return Constraints(Bounds(assets, np.zeros(len(assets)), np.full(len(assets), cap)))
