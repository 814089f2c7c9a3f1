"""The codes of securities: how they are compared, and the check digit of an ISIN."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from engine.core.errors import shorten

_ISIN: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
_MAX_CODE: Final = 30
_MAX_SHOWN: Final = 20


def tidy_code(text: str) -> str:
    """Return a code as it is compared: capitals, no spaces, nothing for a dash.

    >>> tidy_code(" ie00b4l5y983 "), tidy_code("-")
    ('IE00B4L5Y983', '')
    """
    code = "".join(text[:200].split()).upper()
    return "" if code.strip("-") == "" else code[:_MAX_CODE]


def isin_check_digit(body: str) -> int:
    """Return the last digit of the ISIN that starts with ``body``, eleven letters and digits (ISO 6166).

    Letters count as two digits, A as 10 and Z as 35; of all digits every second from the right is doubled.

    >>> isin_check_digit("IE00B4L5Y98"), isin_check_digit("US037833100")
    (3, 5)
    """
    digits = "".join(str(int(char, 36)) for char in body)
    doubled = (int(digit) * (2 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(digits)))
    return -sum(number // 10 + number % 10 for number in doubled) % 10


def find_code_fault(isin: str) -> str:
    """Return what is wrong with an ISIN, ``""`` for nothing."""
    if not _ISIN.fullmatch(isin):
        shown = shorten(isin, _MAX_SHOWN)
        return f"found the ISIN '{shown}', expected two letters, nine letters or digits and a digit"
    if isin_check_digit(isin[:-1]) != int(isin[-1]):
        return f"found the ISIN {isin}, expected the check digit {isin_check_digit(isin[:-1])} at its end"
    return ""


def is_isin(code: str) -> bool:
    """Tell whether ``code`` is an ISIN with its right check digit."""
    return not find_code_fault(code)


def list_code_faults(codes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a list of codes and their tickers: the code, and what it is.

    An ISIN with a wrong check digit, and a code that stands for two tickers; what only begins like an ISIN is another
    code.
    """
    first: dict[str, str] = {}
    for code, ticker in codes.items():
        tidy = tidy_code(code)
        if _ISIN.fullmatch(tidy) and (wrong := find_code_fault(tidy)):
            yield code, f"{wrong}; compare it with the fund's page"
        other = first.setdefault(tidy, code)
        if tidy and codes[other] != ticker:
            message = f"stands for {ticker}, and identifiers.{other} for {codes[other]}"
            yield code, f"{message}; one code has one ticker, remove one"
