"""Numbers with a fixed count of decimals, as every sentence and table writes them; what rounds to zero has no sign."""

from __future__ import annotations


def fixed_point(value: float, digits: int) -> str:
    """Return ``value`` with thousands separators and ``digits`` decimals.

    >>> fixed_point(1234.5, 2), fixed_point(-0.001, 2)
    ('1,234.50', '0.00')
    """
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if not any(digit in text for digit in "123456789") else text


def with_sign(value: float, digits: int) -> str:
    """Return ``value`` with ``digits`` decimals and its sign, a plus too.

    >>> with_sign(0.318, 2), with_sign(-0.318, 2), with_sign(0.001, 2)
    ('+0.32', '-0.32', '0.00')
    """
    text = fixed_point(value, digits)
    return text if text.startswith("-") or not any(digit in text for digit in "123456789") else f"+{text}"
