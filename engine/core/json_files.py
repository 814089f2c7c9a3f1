"""JSON as this engine writes it."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Final, TypeAlias

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"

_NO_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[^\[\]{}"]+', re.DOTALL)
"""Texts, where brackets are letters, and whatever else is no bracket."""


def to_json(data: Json) -> bytes:
    """Return ``data`` as indented JSON; NaN and infinity are a bug here and raise ValueError."""
    return (json.dumps(data, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode()


def json_depth(content: bytes) -> int:
    """Return how many lists and objects of a JSON text stand within each other at most; it need not be valid.

    >>> json_depth(b'{"a": [1, {"[[[": 2}], "b": []}')
    3
    """
    brackets = _NO_BRACKETS.sub(b"", content)
    return max(accumulate((1 if one in b"[{" else -1 for one in brackets), initial=0))
