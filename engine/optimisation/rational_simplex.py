"""Linear inequalities in exact fractions: whether they can be met together, and by how much they cannot.

The method is the bounded simplex in dictionary form: every row is a variable of its own, expressed by those that sit
at a bound. A row is brought within its bounds one at a time; when it cannot be, its expression is the proof, for all
the variables in it sit at the bound that would have to move.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, TypeAlias

from engine.optimisation.constraints import LimitKey

EXACT_TOLERANCE: Final = Fraction(1, 10**14)
"""A shortage up to this is the rounding of the inputs, as of three caps of 1/3; 0.2 and 2.5 % are exact."""


def to_fraction(number: float) -> Fraction | None:
    """Return the decimal that ``number`` is printed as, as a fraction; None for an infinity."""
    return Fraction(repr(float(number))) if math.isfinite(number) else None


Limits: TypeAlias = tuple[LimitKey | None, LimitKey | None]
"""What stands behind a lower and an upper bound; None for what no one asked for."""


@dataclass(frozen=True)
class Infeasibility:
    """Proof that a row cannot be met: it misses its bound by ``amount`` while ``blockers`` sit at theirs.

    ``below`` says that the row stays below its lower bound; otherwise it stays above its upper one.
    """

    row: LimitKey | None
    below: bool
    amount: Fraction
    blockers: tuple[LimitKey, ...]


@dataclass
class RationalSimplex:
    """Variables within bounds, and rows of them; the proof names the ``limits`` behind their bounds.

    ``lower`` and ``upper`` may be None for no bound; every variable has a lower one.
    """

    limits: list[Limits] = field(default_factory=list)
    lower: list[Fraction | None] = field(default_factory=list)
    upper: list[Fraction | None] = field(default_factory=list)
    _value: list[Fraction] = field(default_factory=list)
    _rows: dict[int, dict[int, Fraction]] = field(default_factory=dict)

    def add_variable(self, limits: Limits, lower: Fraction, upper: Fraction | None) -> int:
        """Add a variable at its lower bound; returns its index."""
        self.limits.append(limits)
        self.lower.append(lower)
        self.upper.append(upper)
        self._value.append(lower)
        return len(self.limits) - 1

    def require(
        self, limits: Limits, terms: Sequence[tuple[int, int]], lower: Fraction | None, upper: Fraction | None
    ) -> Infeasibility | None:
        """Bring the sum of ``terms``, each (variable, factor), within bounds and keep it there; else say why not.

        Rows required before stay within theirs.
        """
        row = self._add_row(limits, terms)
        for below, bound in ((True, lower), (False, upper)):
            shortage = None if bound is None else self._move_row_to(row, bound, below=below)
            if shortage is not None:
                return shortage
        at = self._value[row]  # a bound missed by rounding moves to where the row is
        self.lower[row] = None if lower is None else min(lower, at)
        self.upper[row] = None if upper is None else max(upper, at)
        return None

    def _add_row(self, limits: Limits, terms: Sequence[tuple[int, int]]) -> int:
        expression: dict[int, Fraction] = {}
        for index, factor in terms:
            for j, a in self._rows.get(index, {index: Fraction(1)}).items():
                expression[j] = expression.get(j, Fraction(0)) + a * factor
        self.limits.append(limits)
        self.lower.append(None)
        self.upper.append(None)
        self._value.append(sum((a * self._value[j] for j, a in expression.items()), Fraction(0)))
        self._rows[len(self.limits) - 1] = {j: a for j, a in expression.items() if a}
        return len(self.limits) - 1

    def _move_row_to(self, row: int, bound: Fraction, *, below: bool) -> Infeasibility | None:
        """Move ``row`` up to ``bound`` (``below``) or down to it; Bland's rule, so it ends."""
        sign = 1 if below else -1
        while row in self._rows and sign * (bound - self._value[row]) > 0:
            missing = sign * (bound - self._value[row])
            entering = self._entering_variable(row, sign)
            if entering is None:
                if missing <= EXACT_TOLERANCE:
                    return None
                return Infeasibility(self.limits[row][not below], below, missing, self._blockers(row, sign))
            self._move_variable(*entering, row, missing)
        return None

    def _blockers(self, row: int, sign: int) -> tuple[LimitKey, ...]:
        """Return the limits at which every variable of ``row`` sits, but for what no one asked for."""
        found = (self.limits[j][sign * a > 0] for j, a in sorted(self._rows[row].items()))
        return tuple(dict.fromkeys(limit for limit in found if limit))

    def _entering_variable(self, row: int, sign: int) -> tuple[int, int] | None:
        """Return the first variable that can move ``row`` in the direction of ``sign``, and which way it moves."""
        for j in sorted(self._rows[row]):
            way = 1 if sign * self._rows[row][j] > 0 else -1
            limit = self.upper[j] if way > 0 else self.lower[j]
            if limit is None or way * (limit - self._value[j]) > 0:
                return j, way
        return None

    def _move_variable(self, j: int, way: int, row: int, missing: Fraction) -> None:
        """Move variable ``j`` until the target row is there, the variable at a bound, or another row at one."""
        step, leaving = missing / abs(self._rows[row][j]), row
        limit = self.upper[j] if way > 0 else self.lower[j]
        if limit is not None and way * (limit - self._value[j]) <= step:
            step, leaving = way * (limit - self._value[j]), j
        for i in sorted(self._rows):
            speed = way * self._rows[i].get(j, Fraction(0))
            edge = self.upper[i] if speed > 0 else self.lower[i]
            if speed and edge is not None and i != row:
                reach = (edge - self._value[i]) / speed
                if reach < step:
                    step, leaving = reach, i
        self._value[j] += way * step
        for i, expression in self._rows.items():
            if j in expression:
                self._value[i] += expression[j] * way * step
        if leaving not in (j, row):
            self._pivot(leaving, j)

    def _pivot(self, leaving: int, entering: int) -> None:
        """Express ``entering`` by the others of ``leaving``'s row, everywhere."""
        expression = self._rows.pop(leaving)
        factor = expression.pop(entering)
        solved = {leaving: 1 / factor, **{j: -a / factor for j, a in expression.items()}}
        for other in self._rows.values():
            share = other.pop(entering, None)
            if share is not None:
                for j, a in solved.items():
                    other[j] = other.get(j, Fraction(0)) + share * a
                    if not other[j]:
                        del other[j]
        self._rows[entering] = solved
