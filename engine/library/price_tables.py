"""Prices that a program holds, in any form, as the table of Arrow that price files are read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

import numpy as np
import pyarrow as pa

from engine.core.arrow_columns import from_numpy
from engine.core.errors import DataError
from engine.data.market import Market
from engine.library.type_words import type_words

if TYPE_CHECKING:
    import pandas as pd

_EXPECTED = "a pandas or polars frame, a table of Arrow, a mapping of Series by ticker, or a Market"


@runtime_checkable
class SupportsArrow(Protocol):
    """What hands its columns over as Arrow: a frame of polars, a table of Arrow, a result of DuckDB."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return a capsule with the columns."""
        ...


Prices: TypeAlias = "pd.DataFrame | SupportsArrow | Mapping[str, pd.Series[float]] | Market"
"""Prices in memory: wide (dates x tickers) or long (date, ticker, close and more), one Series a ticker, or a market."""


@dataclass(frozen=True)
class PriceColumns:
    """A table, and what a config would say of how to read it."""

    table: pa.Table
    keys: Mapping[str, str] = field(default_factory=dict)


def read_columns(prices: object) -> PriceColumns:
    """Return prices as columns of Arrow; what was handed over is left as it is.

    Raises DataError for what is no frame, or has columns that Arrow cannot hold.
    """
    if isinstance(prices, Market):
        return _of_market(prices)
    try:
        if isinstance(prices, Mapping):
            return PriceColumns(_of_series(prices))
        if _is_pandas(prices):
            return PriceColumns(_of_pandas(prices))
        if isinstance(prices, SupportsArrow):
            return PriceColumns(pa.table(prices))
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        first = str(error).partition("\n")[0] or type(error).__name__
        raise DataError(f"prices: found columns that Arrow cannot hold ({first}); convert them") from error
    raise DataError(f"prices: found {type_words(prices)}, expected {_EXPECTED}; convert it")


def _is_pandas(prices: object) -> bool:
    return any(kind.__module__.partition(".")[0] == "pandas" for kind in type(prices).__mro__)


def _of_pandas(prices: object) -> pa.Table:
    import pandas as pd

    if isinstance(prices, pd.Series):
        prices = prices.to_frame()
    if not isinstance(prices, pd.DataFrame):
        raise DataError(f"prices: found {type_words(prices)} of pandas, expected a DataFrame; convert it")
    return pa.Table.from_pandas(prices)


def _of_series(prices: Mapping[object, object]) -> pa.Table:
    import pandas as pd

    series: dict[str, pd.Series[float]] = {}
    for ticker, one in prices.items():
        if not isinstance(one, pd.Series):
            found = f"found {type_words(one)}, expected a Series with dates as its index"
            raise DataError(f"prices: {ticker}: {found}; or hand over a frame")
        if not one.index.is_unique:
            twice = one.index[one.index.duplicated()][0]
            raise DataError(f"prices: {ticker}: found {twice} twice, expected each date once; remove one of the rows")
        series[str(ticker)] = one
    if not series:
        raise DataError("prices: found no Series, expected one a ticker; name them by ticker")
    return pa.Table.from_pandas(pd.concat(series, axis=1).sort_index())


def _of_market(market: Market) -> PriceColumns:
    """Return the closes that a market has of its own, none that is carried on, in its currency."""
    if market.dividends is not None or market.shares is not None:
        found = "found a Market with dividends or splits beside its prices"
        raise DataError(f"prices: {found}, expected one of closes alone; hand over its frame or file instead")
    printed = np.where(market.age == 0, market.prices, np.nan)
    columns = {ticker: from_numpy(np.ascontiguousarray(printed[:, j])) for j, ticker in enumerate(market.assets)}
    dates = pa.array(market.dates.astype("datetime64[D]"))
    return PriceColumns(pa.table({"date": dates, **columns}), {"currency": market.currency})
