"""Price files written as text."""

from __future__ import annotations

from collections.abc import Iterable

from engine.core.errors import DataError
from engine.data.csv_reader import numbered_rows, refuse_ragged
from engine.data.sources.grid import Grid, ReadingKeys
from engine.data.sources.grid_prices import parse_grid
from engine.data.sources.price_table import PriceTable


def parse_csv_price_table(
    file: str, content: bytes, tickers: Iterable[str], keys: ReadingKeys | None = None
) -> PriceTable:
    """Read the closes of ``tickers`` from a CSV file; cells are text, so NO, NA and 007 stay what they are.

    Parameters
    ----------
    file : its name, for messages
    content : its bytes
    tickers : whose columns or rows are wanted
    keys : what the file's owner says about it

    Raises
    ------
    DataError
        When the file is not text, has no data, or a row or cell of it cannot be read.

    """
    keys = keys or ReadingKeys()
    return parse_grid(_read_text(file, content), tickers, keys)


def _read_text(file: str, content: bytes) -> Grid:
    """Split into rows of equally many cells; blank lines are left out."""
    if not content.strip():
        raise DataError(f"{file}: found an empty file, expected a header and closes; fetch the file again")
    rows = [(line, row) for line, row in numbered_rows(file, content) if len(row) > 1 or "".join(row).strip()]
    refuse_ragged(file, rows)
    return Grid(file, [[cell.strip() for cell in row] for _, row in rows], [line for line, _ in rows])
