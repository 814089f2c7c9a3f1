"""Numbers and names for charts, as compact JSON that is safe inside a script element."""

from __future__ import annotations

import html
import json
from typing import Final

import numpy as np

from engine.core.arrays import FloatArray

CHART_DIGITS: Final = 6
"""Significant digits of a number in a chart: finer than a pixel, and a third of the bytes."""


def rounded_numbers(column: FloatArray, digits: int = CHART_DIGITS) -> list[float | None]:
    """Return a column in ``digits`` significant digits, None where there is no value.

    >>> rounded_numbers(np.array([948310.9373, np.nan, 0.0123456789]))
    [948311.0, None, 0.0123457]
    """
    size = np.abs(np.where(np.isfinite(column) & (column != 0.0), column, 1.0))
    decimals = digits - 1 - np.floor(np.log10(size))
    up, down = 10.0 ** np.maximum(decimals, 0.0), 10.0 ** np.maximum(-decimals, 0.0)
    rounded = np.round(column * up / down) / up * down
    if np.isfinite(rounded).all():
        return list(rounded.tolist())
    return [x if known else None for x, known in zip(rounded.tolist(), np.isfinite(rounded).tolist(), strict=True)]


def escape_chart_text(text: str) -> str:
    """Return ``text`` so that the chart library, which reads pseudo-HTML, shows it letter for letter."""
    return html.escape(text, quote=True)


def script_safe_json(data: object) -> str:
    """Return JSON that can neither end a script element nor open a comment in it."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
