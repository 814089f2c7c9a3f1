"""JSON as this engine writes it."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Final, TypeAlias

from engine.core.errors import unsafe_characters

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"

_NO_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[^\[\]{}"]+', re.DOTALL)
"""Texts, where brackets are letters, and whatever else is no bracket."""


def to_json(data: Json) -> bytes:
    r"""Return ``data`` as indented JSON; NaN and infinity are a bug here and raise ValueError.

    Characters that would steer a terminal, or cannot be encoded, are written as JSON's escapes.

    >>> print(to_json("\u202eno\x7f").decode(), end="")
    "\u202eno\u007f"
    """
    text = json.dumps(data, indent=2, allow_nan=False, ensure_ascii=False)
    for char in unsafe_characters(text) - {"\n"}:
        text = text.replace(char, f"\\u{ord(char):04x}" if char <= "\uffff" else json.dumps(char)[1:-1])
    return (text + "\n").encode()


def json_depth(content: bytes) -> int:
    """Return how many lists and objects of a JSON text stand within each other at most; it need not be valid.

    >>> json_depth(b'{"a": [1, {"[[[": 2}], "b": []}')
    3
    """
    brackets = _NO_BRACKETS.sub(b"", content)
    return max(accumulate((1 if one in b"[{" else -1 for one in brackets), initial=0))
