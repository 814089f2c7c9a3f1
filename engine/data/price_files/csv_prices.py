"""Price files written as text: CSV of every layout in :mod:`engine.data.price_files.layouts`."""

from __future__ import annotations

from collections.abc import Iterable

from engine.data.price_files.grid import NO_KEYS, ReadingKeys
from engine.data.price_files.grid_prices import parse_grid
from engine.data.price_files.price_table import PriceTable
from engine.data.price_files.text_grid import read_text_grid


def parse_csv_price_table(file: str, content: bytes, tickers: Iterable[str], keys: ReadingKeys = NO_KEYS) -> PriceTable:
    """Read the closes of ``tickers`` from a CSV file; cells are text, so NO, NA and 007 stay what they are.

    Parameters
    ----------
    file : its name, for messages
    content : its bytes, compressed or not, in any encoding that shows
    tickers : whose columns or rows are wanted
    keys : what the file's owner says about it

    Raises
    ------
    DataError
        When the file is not text, has no data, or a row or cell of it cannot be read.

    """
    grid = read_text_grid(file, content, keys)
    return parse_grid(grid, tickers, keys)
