"""JSON as this engine writes it."""

from __future__ import annotations

import json
from typing import TypeAlias

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"


def to_json(data: Json) -> bytes:
    """Return ``data`` as indented JSON; NaN and infinity are a bug here and raise ValueError."""
    return (json.dumps(data, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode()
