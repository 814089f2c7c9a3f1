"""Which asset of a plan a position is, by its codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.core.errors import DataError
from engine.core.security_codes import is_isin, list_code_faults, tidy_code
from engine.depot.records import Codes, Holdings, Position


class Identifiers:
    """Which asset of a plan a code stands for.

    ``codes`` is the plan's list, code to ticker, ``tickers`` its assets. An ISIN counts more than another code of the
    list, that more than a WKN, and a ticker that is not in the list means the asset of that name. What is empty means
    nothing.
    """

    def __init__(self, codes: Mapping[str, str], tickers: Iterable[str]) -> None:
        """Check the list; raises DataError for each code that names two assets, and each ISIN that is none."""
        self._tickers = {tidy_code(ticker): ticker for ticker in tickers}
        if faults := [f"identifiers.{code}: {wrong}" for code, wrong in list_code_faults(codes)]:
            raise DataError(*faults)
        self._codes = {tidy: ticker for code, ticker in codes.items() if (tidy := tidy_code(code))}

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
