"""Prices from the user's own files: one wide file, a file of one ticker, or a folder of one file per ticker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from engine.core.did_you_mean import suggestion
from engine.core.errors import DataError, UnknownTickerError
from engine.core.fields import FilePath
from engine.core.files import expand_home
from engine.core.shortlist import shortlist
from engine.data.closes import Closes
from engine.data.currency_codes import QuotedCurrency
from engine.data.market import Provenance
from engine.data.price_files.close_kinds import FoundSeries, WantedCloses, choose_closes
from engine.data.price_files.grid import ReadingKeys
from engine.data.price_files.price_folder import PriceFolder, is_called, rename_remedy
from engine.data.price_files.price_table import PriceTable
from engine.data.price_files.read_file import read_price_file
from engine.data.sources.base import PriceRequest
from engine.data.sources.combine import combine_series


class Files(ReadingKeys):
    """Daily closes from Parquet or CSV files.

    In a folder the file of a ticker is the one whose name, without its ending and a vendor's prefix
    (``investing.com_``), is the ticker letter for letter; failing that, the one whose name goes on after the ticker
    with ``_`` or a space (``UNF_classic.csv``); failing that, the one that names the ticker inside (yfinance's two
    header rows, stooq's ``<TICKER>`` column, a long file's ``ticker`` column). Two files for one ticker are an error.
    """

    kind: Literal["files"] = "files"
    path: FilePath
    """A file or a folder; a relative one starts at the working directory."""
    closes: WantedCloses = "auto"
    """``adjusted`` closes contain dividends and splits, ``raw`` ones do not; ``auto`` takes adjusted ones, or raw ones
    with their dividends, where every requested ticker has either, raw ones without where none has."""
    currency: QuotedCurrency | None = None
    """In which closes are quoted where the files do not say, as EUR, or GBX for pence."""

    def load(self, request: PriceRequest) -> Closes:
        """Return the closes of the requested tickers; raises DataError naming file, ticker, date and remedy."""
        path = expand_home(Path(self.path), "data.source.path")
        tickers = tuple(dict.fromkeys(request.tickers))
        try:
            found, notes = _find_series(path, tickers, self)
        except OSError as error:
            message = f"{error.strerror}; check the path and its permissions"
            raise DataError(f"data.source.path: {path}: {message}") from error
        chosen = choose_closes(found, self.closes)
        told = (*notes, *chosen.notes)
        provenance = Provenance(f"files ({path.name})", chosen.kind, notes=told, contained=chosen.contained)
        return combine_series(chosen.series, request, provenance)


def _find_series(path: Path, tickers: tuple[str, ...], keys: ReadingKeys) -> tuple[FoundSeries, tuple[str, ...]]:
    if path.is_dir():
        return PriceFolder(path, keys).read(tickers)
    if path.is_file():
        return _from_file(path, tickers, keys)
    if path.exists():
        raise DataError(f"data.source.path: {path}: is no plain file, expected a file or folder; copy it into one")
    near = suggestion(path.name, [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else [])
    raise DataError(
        f"data.source.path: {path}: found nothing there, expected a file or folder{near or '; correct the path'}"
    )


def _from_file(path: Path, tickers: tuple[str, ...], keys: ReadingKeys) -> tuple[FoundSeries, tuple[str, ...]]:
    """Take every ticker from one file; a single series belongs to the only ticker asked for."""
    table = read_price_file(path, tickers, keys)
    called = [ticker for ticker in tickers if is_called(path, ticker)]
    remedy = "let data.source.path name a folder with a file for each"
    return series_of_table(path.name, table, tickers, called, remedy)


def series_of_table(
    file: str, table: PriceTable, tickers: tuple[str, ...], called: Sequence[str], remedy: str
) -> tuple[FoundSeries, tuple[str, ...]]:
    """Return the series of ``tickers`` in a table, and notes; ``called`` are those that its own name says.

    Raises DataError when it lacks one, with ``remedy`` where it is one series and several are asked for.
    """
    if not table.names and len(tickers) > 1:
        message = f"found one series without a ticker, expected columns for {shortlist(tickers)}"
        raise DataError(f"{file}: {message}; {remedy}")
    found: FoundSeries = {ticker: (file, table.by_kind(ticker)) for ticker in tickers}
    if unknown := [ticker for ticker, (_, kinds) in found.items() if not kinds]:
        holds = f"the file holds {shortlist(table.names)}"
        lines = (
            f"{file}: {ticker}: found no such ticker{suggestion(ticker, table.names)}; {holds}; "
            f"{rename_remedy(ticker, table.names)}"
            for ticker in unknown
        )
        raise UnknownTickerError(*lines, tickers=unknown)
    guessed = [ticker for ticker in tickers if not table.names and ticker not in called]
    return found, (*table.notes, *(f"{file}: does not name its ticker, taken as {ticker}" for ticker in guessed))
