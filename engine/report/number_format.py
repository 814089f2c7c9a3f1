"""Numbers as text, in one place: whoever prints a figure calls a function of this file.

A figure that does not exist is None and shows as a dash; a figure that rounds to zero never shows as minus zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from engine.core.fields import in_percent

Figure: TypeAlias = float | int | None
"""A figure of a run, None where there is none."""

DASH: Final = "–"  # noqa: RUF001  (an en dash is meant)
"""What is shown where a figure does not exist."""


def money(value: Figure) -> str:
    """Return an amount with thousands separators; cents below 1,000, where they can be seen."""
    if value is None:
        return DASH
    return _fixed(value, 2 if abs(value) < 1000.0 and value != 0 else 0)


def cents(value: Figure) -> str:
    """Return an amount with thousands separators and always two decimals."""
    return DASH if value is None else _fixed(value, 2)


def percent(value: Figure, digits: int = 2) -> str:
    """Return a fraction as a percentage."""
    return DASH if value is None else f"{_fixed(100.0 * value, digits)} %"


def short_percent(value: Figure) -> str:
    """Return a fraction as a percentage with no more digits than it needs, as ``2.5 %``."""
    return DASH if value is None else in_percent(value)


def points(value: Figure, digits: int = 2) -> str:
    """Return a difference of two rates in percentage points, always with its sign."""
    return DASH if value is None else f"{_signed(100.0 * value, digits)} pp"


def interval(bounds: tuple[float, float] | None) -> str:
    """Return an interval of differences in percentage points."""
    if bounds is None:
        return DASH
    low, high = bounds
    return f"{_signed(100.0 * low, 2)} to {_signed(100.0 * high, 2)} pp"


def ratio(value: Figure) -> str:
    """Return a ratio with three decimals."""
    return DASH if value is None else _fixed(value, 3)


def count(value: Figure) -> str:
    """Return a whole number with thousands separators."""
    return DASH if value is None else f"{int(value):,}"


def days(value: Figure) -> str:
    """Return a number of calendar days."""
    return DASH if value is None else f"{int(value):,} d"


def quantity(value: float) -> str:
    """Return a signed number of shares: whole ones bare, fractions with four decimals."""
    return f"{value:+,.0f}" if value == round(value) else _signed(value, 4)


def price(value: float) -> str:
    """Return a price with two decimals, more of them below 1 where two would hide it."""
    return f"{value:,.2f}" if abs(value) >= 1.0 else f"{value:.4g}"


def residual(value: float) -> str:
    """Return how far something is from exact, as ``4.4e-16``."""
    return "0" if value == 0.0 else f"{value:.1e}"


def digits_of(fraction: float) -> int:
    """Return how many decimals a printed percentage had: 0.1077 was 10.77 %, so 2."""
    text = f"{100.0 * fraction:.10g}"  # ten digits forget what dividing by 100 added
    return len(text.partition(".")[2]) if "e" not in text else 0


def figure(value: Figure, style: str) -> str:
    """Return a metric in its style: money, percent, ratio, count or days."""
    return _STYLES[style](value)


_STYLES: Final[dict[str, Callable[[Figure], str]]] = {
    "money": money,
    "percent": percent,
    "ratio": ratio,
    "count": count,
    "days": days,
}


def _fixed(value: float, digits: int) -> str:
    """Return ``value`` with ``digits`` decimals; what rounds to zero has no sign."""
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if not any(digit in text for digit in "123456789") else text


def _signed(value: float, digits: int) -> str:
    text = _fixed(value, digits)
    return text if text.startswith("-") or not any(digit in text for digit in "123456789") else f"+{text}"
