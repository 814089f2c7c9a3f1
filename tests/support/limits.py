"""A limit found by the name that messages give it."""

from __future__ import annotations

from engine.optimisation.constraints import Constraints, LimitKey


def limit_named(constraints: Constraints, name: str) -> LimitKey:
    """Return the limit of ``constraints`` called ``name``, whether it binds or not."""
    bounds, single = constraints.bounds, (constraints.turnover, constraints.cardinality)
    found = [bounds.key(kind, j) for j in range(len(bounds.assets)) for kind in ("floor", "cap")]
    found += [key for index, group in enumerate(constraints.groups) for key in group.keys(index) if key]
    found += [piece.key for piece in single if piece is not None]
    return next(key for key in found if key.name == name)
