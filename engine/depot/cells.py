"""Numbers, days and money of brokers' files: each layout says how it writes them, and nothing else is read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from engine.core.fields import YEAR_BOUNDS
from engine.data.currency_codes import parse_currency

_ABSENT: Final = frozenset({"", "-", "--", "---", "-,--", "-.--"})
_SPACES: Final = "\xa0\u2009\u202f\u2007"
_AROUND: Final = f" \t{_SPACES}€$£"
_BETWEEN_THOUSANDS: Final = re.compile(f"(?<=[0-9])[{_SPACES}](?=[0-9]{{3}}(?![0-9]))")
_MAX_CHARACTERS: Final = 40
MAX_NUMBER: Final = Decimal("1e15")
"""Beyond it no money, price or quantity is anybody's, and floats no longer know the single share."""


class NumberForm(NamedTuple):
    """How a layout writes numbers: all of a number matches ``pattern``; ``thousands`` go, ``point`` becomes a dot."""

    pattern: re.Pattern[str]
    thousands: str
    point: str
    example: str


PLAIN: Final = NumberForm(re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE]-?[0-9]{1,2})?"), "", ".", "1234.56")
"""A dot before the decimals, nothing between thousands."""
ENGLISH: Final = NumberForm(re.compile(r"-?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]*)?"), ",", ".", "1,234.56")
GERMAN: Final = NumberForm(re.compile(r"-?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,[0-9]*)?"), ".", ",", "1.234,56")
COMMA: Final = NumberForm(re.compile(r"-?[0-9]+(,[0-9]*)?"), "", ",", "1234,56")
"""A comma before the decimals, nothing between thousands."""
EITHER: Final = NumberForm(re.compile(r"-?[0-9]+([.,][0-9]+)?"), "", ".", "1234,56 or 1234.56")
"""Files that mix both: the one separator of a number stands before its decimals."""


class DayForm(NamedTuple):
    """How a layout writes days: ``pattern`` finds year ``y``, month ``m`` and day ``d``."""

    pattern: re.Pattern[str]
    example: str


_TIME: Final = r"([T ,;].{0,20})?"
ISO: Final = DayForm(re.compile(rf"(?P<y>\d{{4}})-(?P<m>\d{{2}})-(?P<d>\d{{2}}){_TIME}", re.ASCII), "2026-11-27")
DOTTED: Final = DayForm(re.compile(rf"(?P<d>\d{{2}})\.(?P<m>\d{{2}})\.(?P<y>\d{{4}}){_TIME}", re.ASCII), "27.11.2026")
DASHED: Final = DayForm(re.compile(rf"(?P<d>\d{{2}})-(?P<m>\d{{2}})-(?P<y>\d{{4}}){_TIME}", re.ASCII), "27-11-2026")
COMPACT: Final = DayForm(re.compile(rf"(?P<y>\d{{4}})-?(?P<m>\d{{2}})-?(?P<d>\d{{2}}){_TIME}", re.ASCII), "20261127")
ISO_OR_DOTTED: Final = DayForm(
    re.compile(
        rf"(?:(?P<y>\d{{4}})-(?P<m>\d{{2}})-(?P<d>\d{{2}})|(?P<d2>\d{{2}})\.(?P<m2>\d{{2}})\.(?P<y2>\d{{4}})){_TIME}",
        re.ASCII,
    ),
    "2026-11-27 or 27.11.2026",
)


class CellError(ValueError):
    """A cell that does not fit what its layout writes; the message is what is expected."""


def _bare(text: str) -> str:
    """Return a cell without the signs of currencies around its number and the narrow spaces in it."""
    plain = text.strip(_AROUND).replace("\u2212", "-").removeprefix("+")
    return _BETWEEN_THOUSANDS.sub("", plain)


def is_absent(text: str) -> bool:
    """Tell whether a cell says that there is nothing."""
    return _bare(text) in _ABSENT


def parse_number(text: str, form: NumberForm) -> Decimal | None:
    """Return the number of a cell, None where it is absent.

    Raises CellError for what is not written as ``form`` says, or beyond 1e15.

    >>> parse_number("1.234", GERMAN), parse_number("1.234", PLAIN), parse_number("-,--", GERMAN)
    (Decimal('1234'), Decimal('1.234'), None)
    """
    plain = _bare(text) if len(text) <= _MAX_CHARACTERS else text
    if plain in _ABSENT:
        return None
    if len(plain) > _MAX_CHARACTERS or not form.pattern.fullmatch(plain):
        raise CellError(f"a number as {form.example}")
    if form.thousands:
        plain = plain.replace(form.thousands, "")
    number = Decimal(plain.replace("," if form is EITHER else form.point, "."))
    if abs(number) > MAX_NUMBER:
        raise CellError("a number up to 1e15")
    return number


def parse_day(text: str, form: DayForm) -> dt.date | None:
    """Return the day of a cell, None where it is absent.

    Raises CellError for what is no day of the years 1900 to 2200, written as ``form`` says.
    """
    if is_absent(text):
        return None
    if len(text) <= _MAX_CHARACTERS and (found := form.pattern.fullmatch(text.strip())):
        parts = {name[0]: int(part) for name, part in found.groupdict().items() if part}
        with suppress(ValueError):
            day = dt.date(parts["y"], parts["m"], parts["d"])
            if YEAR_BOUNDS[0] <= day.year <= YEAR_BOUNDS[1]:
                return day
    raise CellError(f"a day as {form.example}")


_MONEY: Final = re.compile(r"(?P<before>[A-Za-z]{3})?\s*(?P<number>[^A-Za-z]*?)\s*(?P<after>[A-Za-z]{3})?", re.ASCII)
_CURRENCY_SIGNS: Final = {"€": "EUR", "$": "USD", "£": "GBP"}


def split_money(text: str) -> tuple[str, str]:
    """Return the number of a cell and the currency before or after it, ``""`` where none stands there.

    >>> split_money("USD 269,48"), split_money("141,76 €"), split_money("30,00")
    (('269,48', 'USD'), ('141,76', 'EUR'), ('30,00', ''))
    """
    found = _MONEY.fullmatch(text.strip()) if len(text) <= _MAX_CHARACTERS else None
    if found is None:
        return text, ""
    code = found["before"] or found["after"] or ""
    signs = [name for sign, name in _CURRENCY_SIGNS.items() if sign in found["number"]]
    return found["number"].strip(_AROUND), code or (signs[0] if signs else "")


def to_currency(code: str, money: Decimal | None) -> tuple[str, Decimal | None]:
    """Return the currency that ``code`` names and ``money`` in it: 458.89 pence (GBX) are 4.5889 pounds.

    Raises CellError when ``code`` is no currency.

    >>> to_currency("GBX", Decimal("458.89"))
    ('GBP', Decimal('4.5889'))
    """
    unit = parse_currency(code.removesuffix("."))
    if unit is None:
        raise CellError("a currency as EUR")
    return unit.currency, None if money is None else money / unit.parts


def decimal_form(cells: Iterable[str]) -> NumberForm:
    """Return the form that all numbers of a column fit: decimals after a comma, or after a dot.

    Raises CellError when there are both, or a number has two separators.

    >>> decimal_form(["110,00", "7"]).example, decimal_form(["110.00"]).example
    ('1234,56', '1234.56')
    """
    texts = [plain for text in cells if (plain := _bare(text)) not in _ABSENT]
    for form in (COMMA, PLAIN):
        if all(form.pattern.fullmatch(text) for text in texts):
            return form
    raise CellError("either commas or dots before the decimals")


def share_price(money: Decimal, shares: Decimal) -> Decimal | None:
    """Return what a share is worth when ``shares`` are worth ``money``, to 8 decimals; None for no shares.

    >>> share_price(Decimal("10"), Decimal("-3"))
    Decimal('3.33333333')
    """
    if not shares:
        return None
    price = abs(money / shares)
    try:
        return round(price, 8)
    except InvalidOperation:  # more digits than decimals have
        return price
