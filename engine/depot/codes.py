"""The codes of securities: the check digit of an ISIN, and which asset of a plan a position is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from engine.core.errors import DataError
from engine.depot.faults import quote_cell
from engine.depot.records import Codes, Holdings, Position

_ISIN: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
_MAX_CODE: Final = 30


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
        return f"found the ISIN {quote_cell(isin)}, expected two letters, nine letters or digits and a digit"
    if isin_check_digit(isin[:-1]) != int(isin[-1]):
        return f"found the ISIN {isin}, expected the check digit {isin_check_digit(isin[:-1])} at its end"
    return ""


def is_isin(code: str) -> bool:
    """Tell whether ``code`` is an ISIN with its right check digit."""
    return not find_code_fault(code)


class Identifiers:
    """Which asset of a plan a code stands for.

    ``codes`` is the plan's list, code to ticker, ``tickers`` its assets. An ISIN counts more than another code of the
    list, that more than a WKN, and a ticker that is not in the list means the asset of that name. What is empty means
    nothing.
    """

    def __init__(self, codes: Mapping[str, str], tickers: Iterable[str]) -> None:
        """Check the list; raises DataError for each code that names two assets, and each ISIN that is none."""
        self._tickers = {tidy_code(ticker): ticker for ticker in tickers}
        self._codes: dict[str, str] = {}
        written: dict[str, str] = {}
        faults = []
        for code, ticker in codes.items():
            tidy = tidy_code(code)
            if _ISIN.fullmatch(tidy) and (wrong := find_code_fault(tidy)):
                faults.append(f"identifiers.{code}: {wrong}; compare it with the fund's page")
            if tidy in self._codes and self._codes[tidy] != ticker:
                message = f"stands for {ticker}, and identifiers.{written[tidy]} for {self._codes[tidy]}"
                faults.append(f"identifiers.{code}: {message}; one code has one ticker, remove one")
            if tidy:
                self._codes[tidy] = ticker
                written[tidy] = code
        if faults:
            raise DataError(*faults)

    def find(self, codes: Codes) -> str | None:
        """Return the ticker of what has these codes, None when the plan does not hold it."""
        for code in (codes.isin, codes.conid, codes.symbol, codes.wkn):
            if code and code in self._codes:
                return self._codes[code] if tidy_code(self._codes[code]) in self._tickers else None
        for code in (codes.isin, codes.wkn, codes.symbol):
            if code and code in self._tickers:
                return self._tickers[code]
        return None

    def contradiction(self, codes: Codes) -> str:
        """Return the ISIN that the list has for the ticker of ``codes``, if theirs is not in it; ``""`` for none."""
        ticker = self.find(codes)
        known = {code for code, one in self._codes.items() if one == ticker and is_isin(code)}
        return min(known) if ticker and codes.isin and known and codes.isin not in known else ""


def assign_tickers(
    holdings: Holdings, identifiers: Identifiers
) -> tuple[Mapping[str, tuple[Position, ...]], tuple[Position, ...]]:
    """Return the positions of each asset of the plan that is held, by ticker, and those that the plan does not know.

    Raises DataError when a file calls by an asset's ticker what has another ISIN than the plan's list.
    """
    known: dict[str, list[Position]] = {}
    unknown: list[Position] = []
    faults = []
    for position in holdings.positions:
        ticker = identifiers.find(position.codes)
        if isin := identifiers.contradiction(position.codes):
            message = f"found the ISIN {position.codes.isin} with a code of {ticker}, expected {isin}"
            remedy = (
                f"add {position.codes.isin}: {ticker} to identifiers if both are the same asset, else remove the code"
            )
            faults.append(f"{holdings.path}:{position.line}: {message}; {remedy}")
        if ticker is None:
            unknown.append(position)
        else:
            known.setdefault(ticker, []).append(position)
    if faults:
        raise DataError(*faults)
    return {ticker: tuple(positions) for ticker, positions in known.items()}, tuple(unknown)
