"""Prices that come with a library, the extra ``sample``: enough to try everything without a network."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from engine.core.did_you_mean import suggestion
from engine.core.errors import DataError, UnknownTickerError
from engine.core.extras import install_command
from engine.core.fields import ConfigModel
from engine.data.closes import Closes, CloseSeries
from engine.data.market import Provenance
from engine.data.price_files.grid import NO_KEYS
from engine.data.price_files.price_table import PriceTable
from engine.data.price_files.read_file import read_price_file
from engine.data.sources.base import PriceRequest
from engine.data.sources.combine import combine_series

_ROUNDING_NOTE = "sample closes are rounded to three decimals: before 2000 a step of 0.001 can be 0.4 % of a price"
_SURVIVORSHIP_NOTE = (
    "the sample's stocks were chosen in 2022 among those that still existed: their returns flatter any strategy"
)
_PRICE_INDEX_NOTE = (
    "SP500 is a price index: its dividends are missing, so anything that earns them looks better beside it"
)
_FACTOR_ETFS = ("MTUM", "QUAL", "SIZE", "USMV", "VLUE")


class Sample(ConfigModel):
    """Adjusted daily closes 1990 to 2022 that skfolio ships: 20 US stocks, five factor ETFs, the index SP500."""

    kind: Literal["sample"] = "sample"

    files: ClassVar[tuple[str, ...]] = ("sp500_dataset.csv.gz", "factors_dataset.csv.gz", "sp500_index.csv.gz")

    def load(self, request: PriceRequest) -> Closes:
        """Return the closes of the requested tickers; raises DataError for a ticker the sample does not hold."""
        folder = _data_folder()
        series: dict[str, CloseSeries] = {}
        known: list[str] = []
        for name in self.files:
            table = _read_file(folder / name, request.tickers)
            known.extend(table.names)
            series |= {ticker: one for (ticker, _), one in table.series.items() if ticker is not None}
        if unknown := [ticker for ticker in dict.fromkeys(request.tickers) if ticker not in series]:
            told = (f"the sample does not hold {ticker}{suggestion(ticker, known)}" for ticker in unknown)
            holds = ", ".join(sorted(known))
            raise UnknownTickerError(*(f"data.source: {one}; it holds {holds}" for one in told), tickers=unknown)
        origin = Provenance("sample (skfolio's data sets)", "adjusted", notes=tuple(_notes(request)))
        return combine_series(series, request, origin, "USD")


def _notes(request: PriceRequest) -> Iterator[str]:
    """Yield what a reader should know of the series that were asked for."""
    if request.start is None or request.start.year < 2000:
        yield _ROUNDING_NOTE
    if set(request.tickers) - {"SP500", *_FACTOR_ETFS}:
        yield _SURVIVORSHIP_NOTE
    if "SP500" in request.tickers:
        yield _PRICE_INDEX_NOTE


def _data_folder() -> Path:
    """Find skfolio's data without importing it: that would take two seconds."""
    spec = importlib.util.find_spec("skfolio")
    if spec is None or spec.origin is None:
        remedy = f"run `{install_command('sample')}`, or name another kind: `files` for prices of your own, or `yahoo`"
        raise DataError(f"data.source: the sample's prices come with skfolio, which is not installed; {remedy}")
    return Path(spec.origin).parent / "datasets" / "data"


def _read_file(path: Path, tickers: tuple[str, ...]) -> PriceTable:
    try:
        return read_price_file(path, tickers, NO_KEYS)
    except DataError as error:
        raise DataError(f"{error}: run `pip install --force-reinstall skfolio` to repair the sample") from error
