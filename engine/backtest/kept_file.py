"""``kept_prices.zip``: what a run read, as bytes that are the same for the same content, and read back bit by bit."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import JsonValue

from engine.backtest.kept_prices import KeptPrices
from engine.backtest.manifest import FileRecord
from engine.backtest.signed_files import RUN_FILES
from engine.core.arrays import DateArray, FloatArray, read_only
from engine.core.arrow_columns import cast_column, from_numpy, read_days, to_numpy
from engine.core.json_files import to_json
from engine.data.closes import Closes, closes_sha256
from engine.data.market import Provenance
from engine.data.sources.fx_rates import Fixings

_RECORD: Final = "kept.json"
_TABLES: Final = ("closes", "dividends", "splits", "traded")
_FX: Final = "fx.parquet"
_BEGINNING: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every member: the first that the format can say."""
_UNREADABLE: Final = (pa.ArrowException, zipfile.BadZipFile, OSError, LookupError, ValueError, RuntimeError, EOFError)
"""What is raised by a file that is none, or damaged; RuntimeError of a member that says it is encrypted."""


class KeptFixings(FileRecord):
    """What is said of the fixings of a currency."""

    publisher: str
    remedy: str


class KeptRecord(FileRecord):
    """The content of ``kept.json``: what the tables beside it do not say; ``files`` are the members by their paths."""

    tickers: tuple[str, ...]
    currencies: tuple[str, ...]
    source: str
    closes: str
    sha256: str
    notes: tuple[str, ...]
    missing: dict[str, str]
    account: str
    fixings: dict[str, KeptFixings]
    files: dict[str, str]
    hashes: dict[str, JsonValue]


def kept_bytes(kept: KeptPrices) -> bytes:
    """Return the content of ``kept_prices.zip``."""
    closes, origin = kept.closes, kept.closes.provenance
    names = {path: f"files/{at}-{Path(path).name}" for at, path in enumerate(kept.files)}
    record = KeptRecord(
        tickers=closes.tickers,
        currencies=closes.currencies,
        source=origin.source,
        closes=origin.closes,
        sha256=origin.sha256,
        notes=origin.notes,
        missing=dict(kept.missing),
        account=kept.account,
        fixings={code: KeptFixings(publisher=x.publisher, remedy=x.remedy) for code, x in kept.fixings.items()},
        files=names,
        hashes=dict(kept.hashes),
    )
    members = {_RECORD: to_json(record.to_plain())}
    for name in _TABLES:
        if (table := getattr(closes, name)) is not None:
            members[f"{name}.parquet"] = _table_bytes(closes.dates, closes.tickers, table)
    if kept.fixings:
        dates: DateArray = reduce(np.union1d, [one.dates for one in kept.fixings.values()])
        rates = np.full((len(dates), len(kept.fixings)), np.nan)
        for at, one in enumerate(kept.fixings.values()):
            rates[np.searchsorted(dates, one.dates), at] = one.rates
        members[_FX] = _table_bytes(dates, tuple(kept.fixings), rates)
    members |= {names[path]: content for path, content in kept.files.items()}
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:  # stored: the tables are compressed already
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _BEGINNING), content)
    return sink.getvalue()


def read_kept(path: Path, content: bytes) -> KeptPrices:
    """Return what ``content``, that of the file at ``path``, keeps; raises DataError when it is damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            listed = {one.filename: one for one in archive.infolist()}
            if any(one.compress_type != zipfile.ZIP_STORED for one in listed.values()):
                raise RUN_FILES.damage_error(path, "a member is compressed")
            if len(listed) < len(archive.infolist()) or sum(one.file_size for one in listed.values()) > len(content):
                raise RUN_FILES.damage_error(path, "its members lie over each other")
            members = {name: archive.read(one) for name, one in listed.items()}
        record = RUN_FILES.parse_record(path, members[_RECORD], KeptRecord)
        dates, closes = _read_table(members["closes.parquet"], len(record.tickers))
        others = {
            name: _read_table(members[f"{name}.parquet"], len(record.tickers))[1]
            for name in _TABLES[1:]
            if f"{name}.parquet" in members
        }
        fixings = _read_fixings(members[_FX], record.fixings) if record.fixings else {}
        files = {path: members[name] for path, name in record.files.items()}
        if len(files) > len(set(record.files.values())):
            raise RUN_FILES.damage_error(path, "a member is more than one file")
    except _UNREADABLE as error:
        raise RUN_FILES.damage_error(path, " ".join(f"{type(error).__name__}: {error}".split())[:200]) from None
    if list(record.tickers) != sorted(set(record.tickers)) or len(record.currencies) != len(record.tickers):
        raise RUN_FILES.damage_error(path, "its tickers are not in order, or not all have a currency")
    if any(len(table) != len(dates) for table in others.values()):
        raise RUN_FILES.damage_error(path, "its tables are not of the same days")
    origin = Provenance(record.source, record.closes, record.sha256, record.notes)
    found = Closes(dates, record.tickers, closes, record.currencies, origin)
    found = dataclasses.replace(
        found, dividends=others.get("dividends"), splits=others.get("splits"), traded=others.get("traded")
    )
    if closes_sha256(found) != record.sha256:
        raise RUN_FILES.damage_error(path, "its closes do not have the SHA-256 that it says")
    return KeptPrices(found, record.missing, record.account, fixings, files, record.hashes)


def _table_bytes(dates: DateArray, names: Sequence[str], table: FloatArray) -> bytes:
    """Return a Parquet table of dates and one column a name, empty where it is NaN."""
    columns = [from_numpy(dates.astype("datetime64[D]").astype(np.int32)).view(pa.date32())]
    for at in range(len(names)):
        column = np.ascontiguousarray(table[:, at])
        columns.append(from_numpy(column, ~np.isnan(column)))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, names=["date", *names]), sink, compression="zstd", write_page_checksum=True)
    return bytes(sink.getvalue())


def _read_table(content: bytes, count: int) -> tuple[DateArray, FloatArray]:
    """Return the dates of a table and its ``count`` columns (T, N): by their places, as a ticker may be called date."""
    table = read_days(content)
    if table.num_columns != count + 1:
        raise ValueError(f"{table.num_columns - 1} columns, {count} expected")
    dates = to_numpy(cast_column(table.column(0), pa.date32()), np.int32).astype("datetime64[D]")
    if not len(dates) or (np.diff(dates) <= np.timedelta64(0, "D")).any():
        raise ValueError("its dates do not rise")
    columns = [to_numpy(cast_column(table.column(at + 1), pa.float64()), np.float64) for at in range(count)]
    return read_only(dates), read_only(np.ascontiguousarray(np.column_stack(columns)))


def _read_fixings(content: bytes, said: Mapping[str, KeptFixings]) -> dict[str, Fixings]:
    dates, rates = _read_table(content, len(said))
    found = {}
    for at, (code, one) in enumerate(said.items()):
        there = ~np.isnan(rates[:, at])
        found[code] = Fixings(read_only(dates[there]), read_only(rates[there, at]), one.publisher, one.remedy)
    return found
