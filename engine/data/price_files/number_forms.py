"""How people write a number: groups of thousands, a point or a comma before the decimals, a unit before or behind."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

Decimal: TypeAlias = Literal[".", ","]

_MISSING: Final = frozenset(
    {"", "nan", "null", "none", "nat", "na", "n/a", "n.a.", "n. a.", "n.v.", "k.a.", "k. a.", "#na", "#n/v", "#nv"}
    | {".", "-", "--", "---", "\u2013", "\u2014"}
)
"""How vendors and spreadsheets write that there is no number, in small letters; dashes are the last ones."""
_UNIT: Final = r"US\$|[$€£%]|[A-Z]{3}|GBp"
_CELL: Final = re.compile(rf"(?P<before>{_UNIT})? ?(?P<number>[-+.0-9][-+0-9.,'’ eE]*?) ?(?P<after>{_UNIT})?")  # noqa: RUF001
_PLAIN: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_GROUPED: Final = re.compile(r"[+-]?[1-9][0-9]{0,2}(?P<sign>[,'’ ])[0-9]{3}(?:(?P=sign)[0-9]{3})*(?:\.[0-9]+)?")  # noqa: RUF001
_INDIAN: Final = re.compile(r"[+-]?[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?")
_WITHOUT_GROUPS: Final = str.maketrans("", "", ",'’ ")  # noqa: RUF001
_SWAPPED: Final = str.maketrans(".,", ",.")
_ALIKE: Final = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2212": "-"})
"""Blanks that do not break a line, and the minus sign of typesetters."""


def says_missing(cell: str) -> bool:
    """Tell whether a cell says that it has no number, as ``N/A`` and ``#N/A Invalid Security`` do."""
    small = cell.lower()
    return small in _MISSING or small.startswith("#n/a")


def split_unit(cell: str) -> tuple[str, str] | None:
    """Return number and unit of a cell, each as it is written; None for anything else.

    >>> split_unit("1.234,50 EUR"), split_unit("$30"), split_unit("about 5")
    (('1.234,50', 'EUR'), ('30', '$'), None)
    """
    text = cell if cell.isascii() else cell.translate(_ALIKE)
    match = _CELL.fullmatch(text)
    if match is None or (match["before"] and match["after"]):
        return None
    return match["number"], match["before"] or match["after"] or ""


def read_number(text: str, decimal: Decimal) -> float | None:
    """Return the number that ``text`` is with this decimal sign; None where it is none.

    >>> read_number("1.234,5", ","), read_number("1.234,5", "."), read_number("30,41", ".")
    (1234.5, None, None)
    """
    if decimal == ",":
        text = text.translate(_SWAPPED)
    if _PLAIN.fullmatch(text):
        return float(text)
    if _GROUPED.fullmatch(text) or (decimal == "." and _INDIAN.fullmatch(text)):
        return float(text.translate(_WITHOUT_GROUPS))
    return None


def prove_decimal(cells: Iterable[str]) -> Decimal | None:
    """Return the decimal sign that the numbers among ``cells`` can only have; None where they do not tell.

    >>> prove_decimal(["AAA", "31.12.2024", "1,234", "30.41"]), prove_decimal(["1,234"]), prove_decimal(["0,5", "0.5"])
    ('.', None, None)
    """
    found: set[Decimal] = set()
    for cell in cells:
        if "," in cell or "." in cell:
            parts = split_unit(cell)
            if parts is not None:
                point, comma = read_number(parts[0], "."), read_number(parts[0], ",")
                if (point is None) != (comma is None):
                    found.add("." if comma is None else ",")
                    if len(found) > 1:
                        return None
    return found.pop() if found else None
