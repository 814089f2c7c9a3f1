"""One variant of a sweep, found by its id or its number, as the config it stands for."""

from __future__ import annotations

import re
from typing import Final, TypeVar

from engine.backtest.config import RunConfig
from engine.backtest.loading import checked
from engine.core.errors import ConfigError, Fault
from engine.core.yaml_document import Document
from engine.portfolio.policy import Policy
from engine.sweep.config_sections import lines_of
from engine.sweep.space import Points, Space
from engine.sweep.variants import Plan, Variants

PolicyT = TypeVar("PolicyT", bound=Policy)

SHORTEST: Final = 8
"""Characters of an id that name a variant; fewer digits are a number."""
_RANGE: Final = 65_536


def variant_of(plan: RunConfig[PolicyT], space: Space, wanted: str) -> RunConfig[PolicyT]:
    """Return the variant that ``wanted`` names: a point's number, or the first characters of an id.

    Raises
    ------
    ConfigError
        When there is none, several begin like that, or the point is no valid config.

    """
    variants, points = Variants(plan, space), space.points()
    if wanted.isascii() and wanted.isdigit() and len(wanted) < SHORTEST:
        number = int(wanted)
        if number >= points.count:
            raise _fault(f"there is no point {number:,}", f"the sweep has {points.count:,}, counted from 0")
    elif re.fullmatch(rf"[0-9a-f]{{{SHORTEST},64}}", wanted):
        number = _number_of(variants, points, wanted)
    else:
        raise _fault(f"'{wanted}' is no variant", f"write a point's number, or {SHORTEST} or more characters of an id")
    tree = variants.tree(points.digits(number, number + 1)[0].tolist())
    return checked(Document(f"variant {wanted}", tree, lines_of(tree)), type(plan))


def _number_of(variants: Variants[PolicyT], points: Points, prefix: str) -> int:
    """Derive every id anew; nothing but the config is needed."""
    found: dict[bytes, int] = {}
    for first in range(0, points.count, _RANGE):
        rows = points.digits(first, min(first + _RANGE, points.count)).tolist()
        for number, digits in enumerate(rows, first):
            plan = variants.plan(digits)
            if isinstance(plan, Plan) and plan.sha256.hex().startswith(prefix):
                found.setdefault(plan.sha256, number)
    if not found:
        raise _fault(f"no variant's id begins with {prefix}", "ids are those of this config with the same --set")
    if len(found) > 1:
        ids = ", ".join(sorted(one.hex()[:16] for one in found))
        raise _fault(f"{len(found)} variants' ids begin with {prefix}: {ids}", "write more of it")
    return next(iter(found.values()))


def _fault(message: str, remedy: str) -> ConfigError:
    return ConfigError([Fault("--variant", "", message, remedy)])
