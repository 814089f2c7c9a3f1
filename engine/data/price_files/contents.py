"""What price files hold, before anybody asks for a ticker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from engine.core.errors import DataError
from engine.data.closes import CloseSeries
from engine.data.price_files.grid import ReadingKeys
from engine.data.price_files.price_columns import CloseKind
from engine.data.price_files.price_folder import PriceFolder, named_ticker
from engine.data.price_files.read_file import read_price_file


@dataclass(frozen=True)
class FileContents:
    """One price file as it is read.

    Attributes
    ----------
    path : where it is
    roles : its columns by name, and what each is read as
    series : by ticker, closes by kind; of a single series by the ticker that the name of the file stands for
    names_tickers : whether the file itself names them
    notes : what was assumed
    refusal : why it cannot be read; None where it can

    """

    path: Path
    roles: tuple[tuple[str, str], ...] = ()
    series: Mapping[str, Mapping[CloseKind, CloseSeries]] = field(default_factory=dict)
    names_tickers: bool = False
    notes: tuple[str, ...] = ()
    refusal: DataError | None = None

    @cached_property
    def filled(self) -> Mapping[str, Mapping[CloseKind, CloseSeries]]:
        """The series of the tickers that have a close."""
        return {
            ticker: kinds
            for ticker, kinds in self.series.items()
            if any(len(series.printed().dates) for series in kinds.values())
        }

    @property
    def empty(self) -> tuple[str, ...]:
        """Tickers without a single close."""
        return tuple(ticker for ticker in self.series if ticker not in self.filled)


def list_contents(path: Path, keys: ReadingKeys) -> tuple[FileContents, ...]:
    """Return what a file holds, or each price file of a folder; raises DataError for a folder without any."""
    files = PriceFolder(path, keys).files if path.is_dir() else [path]
    return tuple(_read_contents(file, keys) for file in files)


def _read_contents(path: Path, keys: ReadingKeys) -> FileContents:
    try:
        table = read_price_file(path, (), keys)  # the whole of a single series, of all others the names
        names, own = table.names, named_ticker(path, keys)
        table = read_price_file(path, names, keys) if names else table
    except DataError as error:
        return FileContents(path, refusal=error)
    series = {ticker: table.by_kind(ticker) for ticker in names or (own,)}
    return FileContents(path, table.roles, series, bool(names), table.notes)
