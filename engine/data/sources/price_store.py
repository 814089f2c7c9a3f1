"""The price store: one Parquet file for each source and ticker, in which no bit can turn unnoticed.

Every page carries a checksum, the metadata a SHA-256 of the series and one of the whole file (taken with its own 64
digits blank). A mark says the same way that a source has no price of a ticker. Writers replace a file in one step, so
two of them leave the one or the other, never a mixture. A file of an earlier version of the store counts as none: what
it lacks has to be fetched.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import platformdirs

from engine.core.arrays import BoolArray, DateArray, FloatArray, read_only
from engine.core.errors import DataError
from engine.core.files import atomic_write, expand_home
from engine.core.regular_files import read_regular
from engine.core.seal import BLANK, is_sealed, seal

FOLDER_VARIABLE: Final = "PORTFOLIO_ENGINE_STORE"
"""Names the folder of the store; the default is the user's cache folder."""

_VERSION: Final = "2"
"""Of the files; the first had no events."""
_SEAL: Final = b"file-sha256:"
MAX_STORED_BYTES: Final = 1 << 26
"""Of one file: a century of days takes two megabytes."""


@dataclass(frozen=True)
class StoredSeries:
    """What one fetch knew of a ticker.

    Attributes
    ----------
    dates : (T,) datetime64[D], strictly increasing
    closes : (T,) as traded, adjusted for nothing [currency/share]
    adjusted : (T,) adjusted for splits and dividends [currency/share]
    dividends : (T,) of each ex-date as paid, capital gains included, 0 on other days [currency/share]
    splits : (T,) shares of each day for one of the day before, 1 on other days
    currency : as the source writes it, ``GBp`` for pence
    through : the last session the fetch answers for; later than the last date when the ticker had ended

    """

    dates: DateArray
    closes: FloatArray
    adjusted: FloatArray
    dividends: FloatArray
    splits: FloatArray
    currency: str
    through: np.datetime64

    @property
    def sha256(self) -> str:
        """SHA-256 of the series and what belongs to it."""
        digest = hashlib.sha256(f"{self.currency}\0{self.through}\0".encode())
        digest.update(self.dates.astype("datetime64[D]").astype("<i8").tobytes())
        for column in self.columns().values():
            digest.update(np.where(np.isnan(column), np.nan, column).astype("<f8").tobytes())
        return digest.hexdigest()

    def columns(self) -> dict[str, FloatArray]:
        """Return what there is of each date, by its name in the file."""
        return {"close": self.closes, "adjusted": self.adjusted, "dividend": self.dividends, "split": self.splits}

    def select(self, rows: BoolArray) -> StoredSeries:
        """Return the rows that are True."""
        return replace(
            self,
            dates=self.dates[rows],
            closes=self.closes[rows],
            adjusted=self.adjusted[rows],
            dividends=self.dividends[rows],
            splits=self.splits[rows],
        )


def store_folder() -> Path:
    """Return the folder of the store: ``$PORTFOLIO_ENGINE_STORE`` or ``prices`` in the user's cache folder."""
    if chosen := os.environ.get(FOLDER_VARIABLE):
        return expand_home(Path(chosen), FOLDER_VARIABLE)
    try:
        return platformdirs.user_cache_path("portfolio-engine") / "prices"
    except RuntimeError:
        raise DataError(f"{FOLDER_VARIABLE}: not set, and you have no home folder; set it to a folder") from None


def series_path(source: str, ticker: str) -> Path:
    """Return the file of a ticker: a name that no file system folds with another's, and none that is reserved."""
    return store_folder() / source / f"{file_stem(ticker)}.parquet"


def file_stem(ticker: str) -> str:
    """Return the name of a ticker's files without its ending."""
    readable = re.sub(r"[^a-z0-9]", "_", ticker.lower())
    return f"{readable}-{hashlib.sha256(ticker.encode('utf-8')).hexdigest()[:12]}"


def write_series(source: str, ticker: str, stored: StoredSeries) -> None:
    """Put a series into the store after reading it back from the bytes that will be written."""
    path = series_path(source, ticker)
    content = encode_series(source, ticker, stored)
    again = decode_series(path, content)
    if again is None or again.series.sha256 != stored.sha256:  # a writer's fault must not reach the disk
        raise DataError(f"{path}: the encoded series of {ticker} does not read back as it was; report this as a bug")
    atomic_write(path, content)
    _absence_path(source, ticker).unlink(missing_ok=True)


def mark_absent(source: str, ticker: str, through: np.datetime64) -> None:
    """Note that a source had no price of a ticker when its last closed session was ``through``."""
    mark = "\n".join([source, ticker, str(through), ""]).encode() + _SEAL + BLANK.encode() + b"\n"
    atomic_write(_absence_path(source, ticker), seal(mark, _SEAL))


def is_absent(source: str, ticker: str, needed: np.datetime64) -> bool:
    """Return whether the source had no price of a ticker on ``needed`` or later; a mark nobody can read is none."""
    try:
        mark = decode_mark(read_regular(_absence_path(source, ticker), MAX_STORED_BYTES))
        return mark is not None and mark[:2] == (source, ticker) and bool(np.datetime64(mark[2], "D") >= needed)
    except (OSError, ValueError):
        return False


def decode_mark(content: bytes) -> tuple[str, str, str] | None:
    """Return source, ticker and date of a mark of absence; None when it is not one that was written."""
    if not is_sealed(content, _SEAL):
        return None
    source, ticker, through = content.decode("utf-8").split("\n")[:3]
    return source, ticker, through


def _absence_path(source: str, ticker: str) -> Path:
    return series_path(source, ticker).with_suffix(".absent")


def read_series(source: str, ticker: str) -> StoredSeries | None:
    """Return the series of a ticker, None when there is none, or one that an earlier version of the store wrote.

    Raises DataError when the file is damaged; it is left as it is.
    """
    path = series_path(source, ticker)
    try:
        content = read_regular(path, MAX_STORED_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check its permissions, or remove it") from error
    found = decode_series(path, content)
    if found is not None and found[:2] != (source, ticker):
        raise _damage_error(path, f"it holds {found.ticker} of {found.source}, not {ticker} of {source}")
    return found.series if found else None


def encode_series(source: str, ticker: str, stored: StoredSeries) -> bytes:
    """Return the bytes of the file, sealed."""
    import pyarrow as pa  # noqa: PLC0415  (a config is checked without it)
    import pyarrow.parquet as pq  # noqa: PLC0415

    columns = {name: pa.array(column, pa.float64()) for name, column in stored.columns().items()}
    table = pa.table({"date": pa.array(stored.dates.astype("datetime64[D]"), pa.date32()), **columns})
    metadata = {
        "version": _VERSION,
        "source": source,
        "ticker": ticker,
        "currency": stored.currency,
        "through": str(stored.through),
        "sha256": stored.sha256,
        "seal": _SEAL.decode() + BLANK,
    }
    sink = pa.BufferOutputStream()
    options = {"compression": "zstd", "write_page_checksum": True, "store_schema": False}
    with pq.ParquetWriter(sink, table.schema, **options) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(metadata)
    content: bytes = sink.getvalue().to_pybytes()
    return seal(content, _SEAL)


class DecodedSeries(NamedTuple):
    """A series and what its file says it is of."""

    source: str
    ticker: str
    series: StoredSeries


def decode_series(path: Path, content: bytes) -> DecodedSeries | None:
    """Check seal, page checksums and series hash, and return the series; None when it is of an earlier version.

    Raises DataError when it is damaged.
    """
    import pyarrow as pa  # noqa: PLC0415  (a config is checked without it)
    import pyarrow.parquet as pq  # noqa: PLC0415

    from engine.core.arrow_columns import to_numpy  # noqa: PLC0415

    if not is_sealed(content, _SEAL):
        raise _damage_error(path, "its bytes do not match their SHA-256")
    try:
        with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as opened:
            table = opened.read(use_threads=False)
            metadata = {key.decode(): value.decode() for key, value in (opened.metadata.metadata or {}).items()}
        if metadata.get("version") != _VERSION:
            return None
        columns = [read_only(to_numpy(table[name], np.float64)) for name in ("close", "adjusted", "dividend", "split")]
        stored = StoredSeries(
            read_only(to_numpy(table["date"], np.int32).astype("datetime64[D]")),
            closes=columns[0],
            adjusted=columns[1],
            dividends=columns[2],
            splits=columns[3],
            currency=metadata["currency"],
            through=np.datetime64(metadata["through"], "D"),
        )
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise _damage_error(path, f"it cannot be decoded ({error})") from error
    if stored.sha256 != metadata.get("sha256"):
        raise _damage_error(path, "its series does not match its SHA-256")
    return DecodedSeries(metadata.get("source", ""), metadata.get("ticker", ""), stored)


def _damage_error(path: Path, reason: str) -> DataError:
    return DataError(f"{path}: these stored prices are damaged: {reason}; `engine data fetch` gets them again")
