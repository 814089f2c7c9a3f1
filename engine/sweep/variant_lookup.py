"""One variant of a sweep, found by its id or its number, as the config it stands for."""

from __future__ import annotations

import re
from typing import Final

from engine.backtest.config import RunConfig
from engine.backtest.loading import validate_run
from engine.core.errors import ConfigError, Fault
from engine.core.yaml_document import Document
from engine.portfolio.policy import PolicyT
from engine.sweep.space import Points, Space
from engine.sweep.variants import PointConfigs, ValidPoint

MIN_ID_LENGTH: Final = 8
"""Characters of an id that name a variant; fewer digits are a number."""
_SCAN_POINTS: Final = 65_536


def find_variant_config(base_config: RunConfig[PolicyT], space: Space, wanted: str) -> RunConfig[PolicyT]:
    """Return the variant that ``wanted`` names: a point's number, or the first characters of an id.

    Raises ConfigError when there is none, several begin like that, or the point is no valid config.
    """
    configs, points = PointConfigs(base_config, space), space.points()
    if wanted.isascii() and wanted.isdigit() and len(wanted) < MIN_ID_LENGTH:
        number = int(wanted)
        if number >= points.count:
            raise _variant_error(f"there is no point {number:,}", f"the sweep has {points.count:,}, counted from 0")
    elif re.fullmatch(rf"[0-9a-f]{{{MIN_ID_LENGTH},64}}", wanted):
        number = _find_number(configs, points, wanted)
    else:
        remedy = f"write a point's number, or {MIN_ID_LENGTH} or more characters of an id"
        raise _variant_error(f"'{wanted}' is no variant", remedy)
    tree = configs.config_tree(points.indices_between(number, number + 1)[0].tolist())
    return validate_run(Document.from_tree(f"variant {wanted}", tree), type(base_config))


def _find_number(configs: PointConfigs[PolicyT], points: Points, prefix: str) -> int:
    """Derive every id anew; nothing but the config is needed."""
    found: dict[bytes, int] = {}
    for first in range(0, points.count, _SCAN_POINTS):
        rows = points.indices_between(first, min(first + _SCAN_POINTS, points.count)).tolist()
        for number, point in enumerate(configs.validate_all(rows), first):
            if isinstance(point, ValidPoint) and point.sha256.hex().startswith(prefix):
                found.setdefault(point.sha256, number)
    if not found:
        remedy = "ids are those of this config with the same --set"
        raise _variant_error(f"no variant's id begins with {prefix}", remedy)
    if len(found) > 1:
        ids = ", ".join(sorted(one.hex()[:16] for one in found))
        raise _variant_error(f"{len(found)} variants' ids begin with {prefix}: {ids}", "write more of it")
    return next(iter(found.values()))


def _variant_error(message: str, remedy: str) -> ConfigError:
    return ConfigError([Fault("--variant", "", message, remedy)])
