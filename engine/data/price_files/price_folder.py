"""A folder with a file for each ticker: which file is whose, and what is left aside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.core.did_you_mean import suggestion
from engine.core.errors import DataError, UnknownTickerError
from engine.core.shortlist import shortlist
from engine.data.price_files.close_kinds import FoundSeries
from engine.data.price_files.grid import ReadingKeys
from engine.data.price_files.read_file import bare_name, is_price_file, read_price_file
from engine.data.price_files.roles import column_role

_VENDOR_PREFIX: Final = "investing.com_"
_COPY: Final = re.compile(
    r"(?P<name>.+?)(?: ?\([0-9]+\)| ?[-_ ] ?(?:copy|kopie)(?: ?\(?[0-9]+\)?)?)|(?:kopie von|copy of) (?P<of>.+)",
    re.IGNORECASE,
)
"""How browsers and desktops call a second file of a name."""


_SHARE_CLASS: Final = 2
"""Letters of a share class, at most, as in BRK_B; what is longer after a ticker describes the file."""


class PriceFolder:
    """The price files of a folder and the tickers they name, each read for its names once."""

    def __init__(self, folder: Path, keys: ReadingKeys) -> None:
        """List the files of ``folder``; raises DataError when it holds none."""
        self.folder, self.keys = folder, keys
        self.files = sorted(one for one in folder.iterdir() if is_price_file(one) and one.is_file())
        self._inside: dict[Path, tuple[str, ...]] = {}
        if not self.files:
            message = "found no .csv, .txt, .xlsx or .parquet file, expected one for each ticker"
            raise DataError(f"{folder}: {message}; check data.source.path")

    def read(self, tickers: Sequence[str]) -> tuple[FoundSeries, tuple[str, ...]]:
        """Return the closes of every ticker by kind with the name of its file, and what is to be known of them."""
        found: FoundSeries = {}
        notes: list[str] = []
        owners: dict[Path, str] = {}
        for ticker, path in self._find_all(tickers).items():
            table = read_price_file(path, (ticker,), self.keys)
            kinds = table.by_kind(ticker)
            if not kinds:
                message = f"found {shortlist(table.names)} inside, expected {ticker} as in the file's name"
                raise DataError(f"{path}: {message}; {rename_remedy(ticker, table.names)}, or rename the file")
            if not table.names and path in owners:
                message = f"found one series, but both {owners[path]} and {ticker} lead to it; name a file for each"
                raise DataError(f"{path}: {message}")
            owners[path] = ticker
            found[ticker] = (path.name, kinds)
            notes.extend(note for note in (*table.notes, *self._left_aside(path, ticker, tickers)) if note not in notes)
        return found, tuple(notes)

    def _find_all(self, tickers: Sequence[str]) -> dict[str, Path]:
        """Return the file of every ticker; raises UnknownTickerError with all that have none."""
        found: dict[str, Path] = {}
        unknown: dict[str, str] = {}
        for ticker in tickers:
            try:
                found[ticker] = self.find(ticker)
            except UnknownTickerError as error:
                unknown[ticker] = str(error)
        if unknown:
            raise UnknownTickerError(*unknown.values(), tickers=list(unknown))
        return found

    def find(self, ticker: str) -> Path:
        """Return the one file of ``ticker`` by the rule in :class:`engine.data.sources.files.Files`."""
        matches = [path for path in self.files if self._name(path) == ticker]
        matches = matches or [path for path in self.files if starts_with(path, ticker)]
        matches = matches or [path for path in self.files if ticker in self._names_inside(path)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            remedy = f"remove or rename the others, or name one {ticker}{''.join(matches[0].suffixes[-1:])}"
            names = shortlist(path.name for path in matches)
            raise DataError(f"{self.folder}: {ticker}: found {names}, expected one file; {remedy}")
        inside = [name for path in self.files for name in self._names_inside(path)]
        known = [self._name(path).split("_")[0].split(" ")[0] for path in self.files] + inside
        raise UnknownTickerError(
            f"{self.folder}: {ticker}: found no file for it, expected {ticker}.csv, .txt, .xlsx or .parquet"
            f"{suggestion(ticker, known)}; the folder holds {shortlist(path.name for path in self.files)}"
            f'; rename its file, or write `rename: {{"...": {ticker}}}` (its name without the ending)',
            tickers=[ticker],
        )

    def _left_aside(self, taken: Path, ticker: str, tickers: Sequence[str]) -> list[str]:
        """Say which files look like others of the same ticker: a browser calls a second download SPY (1).csv."""
        others = [
            path.name
            for path in self.files
            if path != taken and self._name(path) not in tickers and _may_be_of(self._name(path), ticker)
        ]
        return [f"{ticker}: {taken.name} is read, {shortlist(others)} left aside"] if others else []

    def _name(self, path: Path) -> str:
        name = _own_name(path)
        return (self.keys.rename or {}).get(name, name)

    def _names_inside(self, path: Path) -> tuple[str, ...]:
        """Return the tickers a file names; one that cannot be read names none (it is not the one asked for)."""
        if path not in self._inside:
            try:
                self._inside[path] = read_price_file(path, (), self.keys).names
            except DataError:
                self._inside[path] = ()
        return self._inside[path]


def is_called(path: Path, ticker: str) -> bool:
    """Tell whether the name of a file is the ticker, or begins with it."""
    return _own_name(path) == ticker or starts_with(path, ticker)


def starts_with(path: Path, ticker: str) -> bool:
    """Tell whether the name of a file goes on after the ticker, as ``UNF_classic.csv``."""
    return _own_name(path).startswith((f"{ticker}_", f"{ticker} "))


def named_ticker(path: Path, keys: ReadingKeys) -> str:
    """Return the ticker that the name of a file stands for: all of it, or of a copy or a longer name its beginning.

    >>> [named_ticker(Path(name), ReadingKeys()) for name in ("BRK_B.csv", "SPY (1).csv", "SPY day.csv", "VB_max.csv")]
    ['BRK_B', 'SPY', 'SPY', 'VB']
    """
    name = _own_name(path)
    copy = _COPY.fullmatch(name)
    first, _, rest = ((copy["name"] or copy["of"]) if copy else name.split(" ")[0]).partition("_")
    own = f"{first}_{rest}" if 0 < len(rest) <= _SHARE_CLASS else first
    return (keys.rename or {}).get(name, own)


def rename_remedy(ticker: str, names: Sequence[str]) -> str:
    """Return the key that makes a name in a file the ticker asked for, or a column its closes."""
    if sum(column_role(name) == "range" for name in names) > 1:  # open, high, low
        return 'no name among them is known for closes: write `columns: {close: "..."}` in data.source'
    alike = [name for name in names if ticker in re.split(r"[^\w]+", name)]
    name = names[0] if len(names) == 1 else alike[0] if len(alike) == 1 else "..."
    one = "one" if name == "..." else "it"
    remedy = f'write `rename: {{"{name}": {ticker}}}` in data.source if {one} is {ticker}'
    if all(name.isupper() for name in names):
        return remedy
    return f'{remedy}, or `columns: {{close: "{name}"}}` if {one} holds its closes'


def _own_name(path: Path) -> str:
    """Return the name without its ending and a vendor's prefix."""
    return bare_name(path).removeprefix(_VENDOR_PREFIX)


def _may_be_of(name: str, ticker: str) -> bool:
    copy = _COPY.fullmatch(name)
    return (copy is not None and ticker in {copy["name"], copy["of"]}) or name.startswith((f"{ticker}_", f"{ticker} "))
