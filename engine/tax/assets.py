"""What is said of assets that a law needs to know and a config does not tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from engine.core.fields import FieldFault

US_FUNDS: Final = frozenset(
    {"AGG", "BND", "DIA", "EEM", "EFA", "IEF", "IJH", "IJR", "IVV", "IWM", "LQD", "MDY", "MTUM", "QQQ", "QUAL", "SIZE"}
    | {"SPY", "TLT", "USMV", "VB", "VEA", "VLUE", "VNQ", "VOO", "VTI", "VTV", "VUG", "VWO", "VXUS", "VYM"}
)
"""Exchange-traded funds of the United States that plans often hold: proposed as funds, anything else as stocks."""

_OTHERS = 3
"""Names at most that are told to have attributes and to be in no portfolio."""


def lacking_attributes(
    tickers: Iterable[str], known: Mapping[str, object], fund: str, stock: str
) -> Iterator[FieldFault]:
    """Yield, in one line, all ``tickers`` that are not ``known``, with what to paste: as a ``fund``, or as a ``stock``.

    >>> next(lacking_attributes(["SPY", "CRS"], {}, "{fund: us}", "{stock: US}"))[1]
    'no attributes of SPY, CRS; paste and correct assets: {SPY: {fund: us}, CRS: {stock: US}}'
    >>> next(lacking_attributes(["SPY"], {"SPI": None}, "{fund: us}", "{stock: US}"))[1]
    'no attributes of SPY; no portfolio holds SPI, listed here; paste and correct assets: {SPY: {fund: us}}'
    """
    asked = dict.fromkeys(tickers)
    lacking = [ticker for ticker in asked if ticker not in known]
    if lacking:
        lines = ", ".join(f"{ticker}: {fund if ticker in US_FUNDS else stock}" for ticker in lacking)
        others = [ticker for ticker in known if ticker not in asked][:_OTHERS]
        beside = f"; no portfolio holds {', '.join(others)}, listed here" if others else ""
        yield ("assets",), f"no attributes of {', '.join(lacking)}{beside}; paste and correct assets: {{{lines}}}"
