"""Prices from the user's own files: one wide file, a file of one ticker, or a folder of one file per ticker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from engine.core.errors import DataError
from engine.core.fields import Choice, Currency, FilePath
from engine.core.files import at_home
from engine.data.market import Provenance
from engine.data.sources.base import Closes, Request, Series, assemble
from engine.data.sources.csv_prices import parse_text
from engine.data.sources.layouts import Kind, Table, listing, suggestion
from engine.data.sources.parquet_prices import parse_parquet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PARQUET: Final = frozenset({".parquet", ".pq"})
_SUFFIXES: Final = frozenset({".csv", ".txt", *_PARQUET})
_VENDORS: Final = ("investing.com_",)
_SEPARATORS: Final = "_ "

Found = dict[str, tuple[str, dict[Kind, Series]]]


class Files(Choice):
    """Daily closes from Parquet or CSV files.

    In a folder the file of a ticker is the one whose name, without its ending and a vendor's prefix
    (``investing.com_``), is the ticker letter for letter; failing that, the one whose name goes on after the ticker
    with ``_`` or a space (``UNF_classic.csv``); failing that, the one that names the ticker inside (yfinance's two
    header rows, stooq's ``<TICKER>`` column, a long file's ``ticker`` column). Two files for one ticker are an error.
    """

    kind: Literal["files"] = "files"
    path: FilePath
    """A file or a folder; a relative one starts at the working directory."""
    closes: Literal["auto", "adjusted", "raw"] = "auto"
    """``adjusted`` closes contain dividends and splits, ``raw`` ones do not; ``auto`` takes adjusted ones where every
    requested ticker has them, raw ones where none has."""
    currency: Currency = "USD"
    """Of every close; prices in pence (GBp) have to be divided by 100 first."""

    def load(self, request: Request) -> Closes:
        """Return the closes of the requested tickers; raises DataError naming file, ticker, date and remedy."""
        path = at_home(Path(self.path), "data.source.path")
        tickers = tuple(dict.fromkeys(request.tickers))
        try:
            found, notes = _found(path, tickers)
        except OSError as error:
            raise DataError(
                f"data.source.path: {path}: {error.strerror}; check the path and its permissions"
            ) from error
        kinds, said = _choose(found, self.closes)
        series = {ticker: found[ticker][1][kind] for ticker, kind in kinds.items()}
        closes = "raw" if "raw" in kinds.values() or self.closes == "raw" else "adjusted"
        source = f"files ({path.name})"
        return assemble(series, request, self.currency, Provenance(source, closes, notes=(*notes, *said)))


def _found(path: Path, tickers: tuple[str, ...]) -> tuple[Found, tuple[str, ...]]:
    if path.is_dir():
        return _from_folder(path, tickers)
    if path.is_file():
        return _from_file(path, tickers)
    if path.exists():
        raise DataError(f"data.source.path: {path}: is no plain file, expected a file or folder; copy it into one")
    nearby = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
    raise DataError(
        f"data.source.path: {path}: found nothing there, expected a file or folder{suggestion(path.name, nearby)}"
    )


def _read(path: Path, tickers: Iterable[str]) -> Table:
    if path.suffix.lower() in _PARQUET:
        return parse_parquet(path, tickers)
    try:
        return parse_text(path.name, path.read_bytes(), tickers)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error


def _from_file(path: Path, tickers: tuple[str, ...]) -> tuple[Found, tuple[str, ...]]:
    """Take every ticker from one file; a single series belongs to the only ticker asked for."""
    table = _read(path, tickers)
    found: Found = {}
    notes = list(table.notes)
    for ticker in tickers:
        kinds = _kinds(table, ticker)
        if not kinds and not table.names:
            kinds = _kinds(table, None)
            if len(tickers) > 1:
                raise DataError(
                    f"{path.name}: found one series without a ticker, expected columns for {listing(tickers)}; let "
                    "data.source.path name a folder with a file for each"
                )
            if not _is_named(path, ticker, exact=False):
                notes.append(f"{path.name}: does not name its ticker, taken as {ticker}")
        if not kinds:
            raise DataError(
                f"{path.name}: {ticker}: found no such ticker{suggestion(ticker, table.names)}; the file holds "
                f"{listing(table.names)}"
            )
        found[ticker] = (path.name, kinds)
    return found, tuple(notes)


def _from_folder(folder: Path, tickers: tuple[str, ...]) -> tuple[Found, tuple[str, ...]]:
    files = sorted(one for one in folder.iterdir() if one.suffix.lower() in _SUFFIXES and one.is_file())
    if not files:
        raise DataError(
            f"{folder}: found no .csv, .txt or .parquet file, expected one for each ticker; check data.source.path"
        )
    found: Found = {}
    notes: list[str] = []
    owners: dict[Path, str] = {}
    for ticker in tickers:
        path = _file_of(folder, files, ticker)
        table = _read(path, (ticker,))
        kinds = _kinds(table, ticker) or ({} if table.names else _kinds(table, None))
        if not kinds:
            raise DataError(
                f"{path}: found {listing(table.names)} inside, expected {ticker} as in the file's name; rename the file"
            )
        if not table.names and path in owners:
            raise DataError(
                f"{path}: found one series, but both {owners[path]} and {ticker} lead to it; name a file for each"
            )
        owners[path] = ticker
        found[ticker] = (path.name, kinds)
        notes.extend(note for note in table.notes if note not in notes)
    return found, tuple(notes)


def _file_of(folder: Path, files: list[Path], ticker: str) -> Path:
    """Return the one file of ``ticker`` by the rule in :class:`Files`."""
    matches = [path for path in files if _is_named(path, ticker, exact=True)]
    matches = matches or [path for path in files if _is_named(path, ticker, exact=False)]
    matches = matches or [path for path in files if ticker in _names_inside(path)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise DataError(
            f"{folder}: {ticker}: found {listing(path.name for path in matches)}, expected one file; remove or "
            f"rename the others, or name one {ticker}{matches[0].suffix}"
        )
    known = [_bare(path) for path in files] + [name for path in files for name in _names_inside(path)]
    leading = [bare.split("_")[0].split(" ")[0] for bare in known]
    raise DataError(
        f"{folder}: {ticker}: found no file for it, expected {ticker}.csv, .txt or .parquet"
        f"{suggestion(ticker, leading)}; the folder holds {listing(path.name for path in files)}"
    )


def _bare(path: Path) -> str:
    """Return the name without its ending and a vendor's prefix."""
    return next((path.stem.removeprefix(vendor) for vendor in _VENDORS if path.stem.startswith(vendor)), path.stem)


def _is_named(path: Path, ticker: str, *, exact: bool) -> bool:
    bare = _bare(path)
    return bare == ticker if exact else bare.startswith(tuple(ticker + separator for separator in _SEPARATORS))


def _names_inside(path: Path) -> tuple[str, ...]:
    """Return the tickers a file names itself; a file that cannot be read names none (it is not the one asked for)."""
    try:
        return _read(path, ()).names
    except DataError:
        return ()


def _kinds(table: Table, ticker: str | None) -> dict[Kind, Series]:
    return {kind: series for (name, kind), series in table.series.items() if name == ticker}


def _choose(found: Found, closes: Literal["auto", "adjusted", "raw"]) -> tuple[dict[str, Kind], tuple[str, ...]]:
    """Decide for one kind of closes for all tickers: a mix would compare a total return with a price."""
    as_adjusted = _take(found, ("adjusted", "unsaid"))
    as_raw = _take(found, ("raw", "unsaid"))
    if closes == "raw" or (closes == "auto" and not as_adjusted):
        missing, kinds = [ticker for ticker in found if ticker not in as_raw], as_raw
    else:
        missing, kinds = [ticker for ticker in found if ticker not in as_adjusted], as_adjusted
    if missing:
        raise DataError(_mixed(found, missing, closes, "raw" if kinds is as_raw else "adjusted", as_raw))
    return kinds, _said(found, kinds, closes)


def _take(found: Found, order: tuple[Kind, ...]) -> dict[str, Kind]:
    """Return, for each ticker that has one, the first of the kinds in ``order``."""
    options = {ticker: [kind for kind in order if kind in kinds] for ticker, (_, kinds) in found.items()}
    return {ticker: kinds[0] for ticker, kinds in options.items() if kinds}


def _mixed(found: Found, missing: list[str], closes: str, expected: str, as_raw: Mapping[str, Kind]) -> str:
    has = listing(f"{ticker} {' and '.join(sorted(found[ticker][1]))} ({found[ticker][0]})" for ticker in found)
    remedy = (
        "write `closes: raw` in data.source" if len(as_raw) == len(found) else f"supply {expected} closes for these"
    )
    return (
        f"data.source: closes: {closes}: found no {expected} closes of {listing(missing)}, expected one kind for "
        f"every ticker ({has}); {remedy}"
    )


def _said(found: Found, kinds: Mapping[str, Kind], closes: str) -> tuple[str, ...]:
    """Say what was assumed about the closes."""
    notes: list[str] = []
    unsaid = sorted({found[ticker][0] for ticker, kind in kinds.items() if kind == "unsaid"})
    if unsaid and closes == "auto":
        notes.append(
            f"{listing(unsaid)}: nothing in the file says whether its closes are adjusted; they are taken as adjusted "
            "for splits and dividends (say `closes: adjusted` or `closes: raw` to settle it)"
        )
    if "raw" in kinds.values() or closes == "raw":
        notes.append("raw closes: dividends are missing from every return, and splits may show as jumps")
    notes.extend(
        f"{name}: adjusted and raw closes of {ticker} are the same: it paid nothing, or they are not adjusted"
        for ticker, (name, options) in found.items()
        if kinds[ticker] == "adjusted" and "raw" in options and _same(options["adjusted"], options["raw"])
    )
    return tuple(notes)


def _same(one: Series, other: Series) -> bool:
    return np.array_equal(one.closes, other.closes, equal_nan=True)
