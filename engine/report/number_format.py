"""Numbers as text: every figure that the report shows is formatted by a function of this file.

A figure that does not exist is None and shows as a dash; a figure that rounds to zero never shows as minus zero.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from engine.core.fields import format_percent
from engine.core.number_text import fixed_point, with_sign

OptionalNumber: TypeAlias = float | int | None
"""A figure of a run, None where there is none."""

DASH: Final = "–"  # noqa: RUF001  (an en dash is meant)
"""What is shown where a figure does not exist."""
_MAX_DIFFERENCE_DIGITS: Final = 8
"""Digits of a difference that would else be printed as zero."""


def money(value: OptionalNumber) -> str:
    """Return an amount with thousands separators; cents below 1,000, where they can be seen.

    >>> money(948310.94), money(366.2)
    ('948,311', '366.20')
    """
    if value is None:
        return DASH
    return fixed_point(value, 2 if abs(value) < 1000.0 and value != 0 else 0)


def cents(value: OptionalNumber) -> str:
    """Return an amount with thousands separators and always two decimals."""
    return DASH if value is None else fixed_point(value, 2)


def percent(value: OptionalNumber, digits: int = 2) -> str:
    """Return a fraction as a percentage.

    >>> percent(0.10899)
    '10.90 %'
    """
    return DASH if value is None else f"{fixed_point(100.0 * value, digits)} %"


def short_percent(value: OptionalNumber) -> str:
    """Return a fraction as a percentage with no more digits than it needs, as ``2.5 %``."""
    return DASH if value is None else format_percent(value)


def percentage_points(value: OptionalNumber, digits: int = 2) -> str:
    """Return a difference of two rates in percentage points, always with its sign.

    >>> percentage_points(0.0031797)
    '+0.32 pp'
    """
    return DASH if value is None else f"{with_sign(100.0 * value, digits)} pp"


def ratio(value: OptionalNumber) -> str:
    """Return a ratio with three decimals."""
    return DASH if value is None else fixed_point(value, 3)


def count(value: OptionalNumber) -> str:
    """Return a whole number with thousands separators."""
    return DASH if value is None else f"{int(value):,}"


def days(value: OptionalNumber) -> str:
    """Return a number of calendar days."""
    return DASH if value is None else f"{int(value):,} d"


def quantity(value: float) -> str:
    """Return a signed number of shares: whole ones bare, fractions with four decimals."""
    return f"{value:+,.0f}" if value == round(value) else with_sign(value, 4)


def price(value: float) -> str:
    """Return a price with two decimals, below 1 with four significant digits.

    >>> price(1234.5), price(0.01234)
    ('1,234.50', '0.01234')
    """
    return f"{value:,.2f}" if abs(value) >= 1.0 else f"{value:.4g}"


def residual(value: float) -> str:
    """Return how far something is from exact, as ``4.4e-16``."""
    return "0" if value == 0.0 else f"{value:.1e}"


def printed_decimals(fraction: float) -> int:
    """Return how many decimals a percentage had when it was printed, from its fraction.

    >>> printed_decimals(0.1077)
    2
    """
    text = f"{100.0 * fraction:.10g}"  # ten digits forget what dividing by 100 added
    return len(text.partition(".")[2]) if "e" not in text else 0


def difference(value: OptionalNumber, style: str) -> str:
    """Return a difference of two metrics of a style, with its sign and digits enough not to be printed as zero.

    >>> difference(0.0016, "ratio"), difference(-0.012, "percent"), difference(1234.5, "money")
    ('+0.0016', '-1.20 pp', '+1,234')
    >>> difference(-0.00000123, "ratio"), difference(0.0, "percent")
    ('-0.000001', '0.00 pp')
    """
    if value is None:
        return DASH
    scaled, digits = (100.0 * value, 2) if style == "percent" else (value, 4 if style == "ratio" else 0)
    while value and digits < _MAX_DIFFERENCE_DIGITS and not float(f"{scaled:.{digits}f}"):
        digits += 1
    return with_sign(scaled, digits) + (" pp" if style == "percent" else "")


def metric(value: OptionalNumber, style: str) -> str:
    """Return a metric in its style: money, percent, ratio, count or days."""
    return _FORMATS[style](value)


_FORMATS: Final[dict[str, Callable[[OptionalNumber], str]]] = {
    "money": money,
    "percent": percent,
    "ratio": ratio,
    "count": count,
    "days": days,
}


def short_number(value: float, *, signed: bool = False) -> str:
    """Return a round number with no more decimals than it needs, at most six significant digits, never as a power.

    >>> short_number(2.50), short_number(0.0001), short_number(1500.0), short_number(0.02, signed=True)
    ('2.5', '0.0001', '1,500', '+0.02')
    """
    size = f"{abs(value):.5e}"
    digits = min(max(5 - int(size[size.index("e") + 1 :]), 0), 12)
    text = (with_sign if signed else fixed_point)(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(seconds: float) -> str:
    """Return a time with three digits in the unit that fits.

    >>> duration(7.376e-6), duration(0.0125), duration(2.5), duration(4e-10)
    ('7.38 µs', '12.5 ms', '2.5 s', '0.4 ns')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def short_money(value: float) -> str:
    """Return a large amount in thousands or millions, as ``250k`` and ``1.2m``.

    >>> short_money(250000.0), short_money(1.2e6), short_money(50.0), short_money(-2.0e9)
    ('250k', '1.2m', '50', '-2b')
    """
    for unit, letter in ((1e9, "b"), (1e6, "m"), (1e3, "k")):
        if abs(value) >= unit:
            return short_number(value / unit) + letter
    return short_number(value)


def typeset(text: str) -> str:
    """Return a text with numbers as a page shows it: a typographic minus, and no line's end before a unit.

    >>> typeset("-0.32 pp") == chr(0x2212) + "0.32" + chr(0xA0) + "pp"
    True
    """
    return re.sub(r"(?<=\d) (?=%|pp\b)", "\N{NO-BREAK SPACE}", typographic_minus(text))


def typographic_minus(text: str) -> str:
    """Return a text with a typographic minus, as wide as a digit, before its numbers; dates and names stay.

    >>> typographic_minus("BRK-B -21 %, until 2020-11-24").replace(chr(0x2212), "minus ")
    'BRK-B minus 21 %, until 2020-11-24'
    """
    return re.sub(r"(?<!\w)-(?=[\d.])", "−", text)  # noqa: RUF001  (the minus sign is meant)
