"""What a variant is called, by content and not by place, and the config it stands for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from engine.backtest.config import RunConfig
from engine.backtest.loading import validate_run
from engine.core.errors import ConfigError, Fault, shorten
from engine.core.yaml_document import Document
from engine.portfolio.policy import PolicyT
from engine.sweep.space import Points, Space
from engine.sweep.variants import config_tree

HASH_LENGTH: Final = 8
"""Characters of a plan's hash that begin the ids of its variants."""
_VARIANT: Final = re.compile(rf"(?:(?P<plan>[0-9a-f]{{{HASH_LENGTH}}})-)?(?P<point>[0-9]{{1,18}})")


def variant_id(plan: str, point: int) -> str:
    """Return what the variant of a plan's hash at a point is called.

    >>> variant_id("0123456789abcdef", 42)
    '01234567-42'
    """
    return f"{plan[:HASH_LENGTH]}-{point}"


def find_variant_config(
    base_config: RunConfig[PolicyT], space: Space, wanted: str, plan: Callable[[], str]
) -> RunConfig[PolicyT]:
    """Return the variant that ``wanted`` names: its id, or the number of its point; ``plan`` returns the plan's hash.

    Raises ConfigError when there is none, the id is another plan's, or the point is no valid config.
    """
    named, points = _VARIANT.fullmatch(wanted), space.points()
    if named is None:
        message = f"'{shorten(wanted, 60)}' is no variant"
        raise _variant_error(message, "write its id, as 1a2b3c4d-17, or the number of its point")
    if named["plan"] and named["plan"] != (own := plan()[:HASH_LENGTH]):
        message = f"{wanted} is a variant of another plan, or of other prices; this one's ids begin with {own}"
        raise _variant_error(message, "take the config and the prices of that sweep, with the same --set")
    point = int(named["point"])
    if point >= points.count:
        raise _variant_error(f"there is no point {point:,}", f"the sweep has {points.count:,}, counted from 0")
    return variant_config(base_config, space, points, point)


def variant_config(base_config: RunConfig[PolicyT], space: Space, points: Points, point: int) -> RunConfig[PolicyT]:
    """Return the config of a point; raises ConfigError when it is not valid."""
    tree = config_tree(base_config, space, points.indices_between(point, point + 1)[0].tolist())
    return validate_run(Document.from_tree(f"variant {point}", tree), type(base_config))


def _variant_error(message: str, remedy: str) -> ConfigError:
    return ConfigError([Fault("--variant", "", message, remedy)])
