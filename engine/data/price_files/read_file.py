"""One price file: read by what it is written in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from engine.core.errors import DataError
from engine.data.csv_reader import MAX_FILE_BYTES
from engine.data.price_files.grid import ReadingKeys
from engine.data.price_files.price_table import PriceTable

_PARQUET_SUFFIXES: Final = frozenset({".parquet", ".pq"})
_WORKBOOK_SUFFIXES: Final = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})
_SUFFIXES: Final = frozenset({".csv", ".txt", ".tsv", *_PARQUET_SUFFIXES, *_WORKBOOK_SUFFIXES})
_PARQUET: Final = b"PAR1"
_COMPRESSED: Final = frozenset({".gz", ".xz", ".zip", ".bz2"})


def _read_bytes(path: Path) -> bytes:
    """Return the bytes of a file; raises DataError where there are too many."""
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAX_FILE_BYTES else b""
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if size > MAX_FILE_BYTES:
        message = f"found {size:,} bytes, expected at most {MAX_FILE_BYTES:,}; split the file, or write it as Parquet"
        raise DataError(f"{path.name}: {message}")
    return content


def bare_name(path: Path) -> str:
    """Return the name of a file without its endings.

    >>> bare_name(Path("BRK.B.csv.gz"))
    'BRK.B'
    """
    inner = Path(path.stem) if path.suffix.lower() in _COMPRESSED else path
    return inner.stem if inner.suffix.lower() in _SUFFIXES else inner.name


def is_price_file(path: Path) -> bool:
    """Tell by its name whether a file may hold prices; what is hidden or open in a spreadsheet is no file of ours."""
    return path.suffix.lower() in _SUFFIXES | _COMPRESSED and not path.name.startswith((".", "~$"))


def read_price_file(path: Path, tickers: Iterable[str], keys: ReadingKeys) -> PriceTable:
    """Return the closes of ``tickers`` in a file; raises DataError when it cannot be read.

    Parameters
    ----------
    path : the file
    tickers : whose columns or rows are wanted; none for the names alone
    keys : what its owner says about it

    """
    content = _PARQUET if path.suffix.lower() in _PARQUET_SUFFIXES else _read_bytes(path)
    if content.startswith(_PARQUET):
        from engine.data.price_files.parquet_prices import parse_parquet_price_table  # noqa: PLC0415  (a config is checked without it)

        return parse_parquet_price_table(path, tickers, keys)
    # A run on Parquet and the check of a config read no cells.
    from engine.data.price_files.grid_prices import parse_grid  # noqa: PLC0415
    from engine.data.price_files.text_grid import read_text_grid  # noqa: PLC0415
    from engine.data.price_files.workbooks import is_workbook, read_workbook  # noqa: PLC0415

    if is_workbook(content):
        return parse_grid(read_workbook(path.name, content, keys), tickers, keys)
    return parse_grid(read_text_grid(path.name, content, keys), tickers, keys)
