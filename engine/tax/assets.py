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


def lacking_attributes(
    tickers: Iterable[str], known: Mapping[str, object], fund: str, stock: str
) -> Iterator[FieldFault]:
    """Yield, in one line, all ``tickers`` that are not ``known``, with what to paste: as a ``fund``, or as a ``stock``.

    >>> next(lacking_attributes(["SPY", "CRS"], {}, "{fund: us}", "{stock: US}"))[1]
    'no attributes of SPY, CRS; paste and correct assets: {SPY: {fund: us}, CRS: {stock: US}}'
    """
    lacking = [ticker for ticker in dict.fromkeys(tickers) if ticker not in known]
    if lacking:
        lines = ", ".join(f"{ticker}: {fund if ticker in US_FUNDS else stock}" for ticker in lacking)
        yield ("assets",), f"no attributes of {', '.join(lacking)}; paste and correct assets: {{{lines}}}"
