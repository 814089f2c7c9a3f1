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

_ID_LENGTH: Final = 12
"""Hexadecimal digits of an id."""
_IDS: Final = 16**_ID_LENGTH
_ID: Final = re.compile(rf"[0-9a-f]{{{_ID_LENGTH}}}")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


def variant_id(plan: str, point: int) -> str:
    """Return what the variant at a point is called: the first digits of the plan's hash, the point added.

    >>> variant_id("0123456789abcdef", 42)
    '0123456789d5'
    """
    return f"{(int(plan[:_ID_LENGTH], 16) + point) % _IDS:0{_ID_LENGTH}x}"


def find_variant_config(
    base_config: RunConfig[PolicyT], space: Space, wanted: str, plan: Callable[[], str]
) -> RunConfig[PolicyT]:
    """Return the variant that ``wanted`` names: its id, or the number of its point; ``plan`` returns the plan's hash.

    Raises ConfigError when there is none, the id is another plan's, or the point is no valid config.
    """
    points = space.points()
    if _ID.fullmatch(wanted):
        point = (int(wanted, 16) - int((own := plan())[:_ID_LENGTH], 16)) % _IDS
        if point >= points.count:
            message = (
                f"{wanted} is a variant of another plan, or of other prices; this one's first is {variant_id(own, 0)}"
            )
            raise _variant_error(message, "take the config and the prices of that sweep, with the same --set")
    elif _NUMBER.fullmatch(wanted):
        point = int(wanted)
        if point >= points.count:
            raise _variant_error(f"there is no point {point:,}", f"the sweep has {points.count:,}, counted from 0")
    else:
        message = f"'{shorten(wanted, 60)}' is no variant"
        raise _variant_error(message, f"write its id, {_ID_LENGTH} digits from 0 to f, or the number of its point")
    return variant_config(base_config, space, points, point)


def variant_config(base_config: RunConfig[PolicyT], space: Space, points: Points, point: int) -> RunConfig[PolicyT]:
    """Return the config of a point; raises ConfigError when it is not valid."""
    tree = config_tree(base_config, space, points.indices_between(point, point + 1)[0].tolist())
    return validate_run(Document.from_tree(f"variant {point}", tree), type(base_config))


def _variant_error(message: str, remedy: str) -> ConfigError:
    return ConfigError([Fault("--variant", "", message, remedy)])
