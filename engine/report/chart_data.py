"""Exact powers of ten for the axes of charts, and JSON that is safe inside a script element."""

from __future__ import annotations

import json
from typing import Final

import numpy as np

from engine.core.arrays import FloatArray, IntArray

_SMALLEST_EXPONENT: Final = -323
_POWERS_OF_TEN: Final = np.array([float(f"1e{k}") for k in range(_SMALLEST_EXPONENT, 309)] + [np.inf])


def powers_of_ten(exponents: IntArray) -> FloatArray:
    """Return ten to whole powers as they are read from text, which no function of a processor's own has to make."""
    return np.asarray(_POWERS_OF_TEN[np.clip(exponents - _SMALLEST_EXPONENT, 0, len(_POWERS_OF_TEN) - 1)])


def decimal_exponents(size: FloatArray) -> IntArray:
    """Return the whole part of the decimal logarithm of positive numbers, exact also at 1,000 and at 0.001.

    >>> decimal_exponents(np.array([1000.0, 999.9, 0.001])).tolist()
    [3, 2, -3]
    """
    found = np.floor(np.log10(size)).astype(np.int64)  # may be one off beside a power of ten, on some processors
    found = found + (powers_of_ten(found + 1) <= size)
    return np.asarray(found - (powers_of_ten(found) > size))


def script_safe_json(data: object) -> str:
    """Return JSON that can neither end a script element nor open a comment in it."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
