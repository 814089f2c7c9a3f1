"""Text as a grid of cells: unpacked, decoded, and split at the separator that makes columns of it."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from engine.core.errors import DataError
from engine.data.price_files.compression import decompress
from engine.data.price_files.grid import CellGrid, ColumnRows, ReadingKeys, refuse_too_many_columns
from engine.data.price_files.number_forms import split_unit
from engine.data.price_files.other_formats import refuse_other_formats
from engine.data.price_files.text_encoding import decode_text

_SIGNS: Final = {"tab": "\t", ";": ";", "|": "|", ",": ","}
"""By key, the less a sign occurs within cells the earlier."""
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(.)"?[ ,;\t]*\r?\n', re.IGNORECASE)
_SAMPLE: Final = 5_000
LARGE: Final = 100_000
"""Characters from which on a text is split by Arrow, which takes a moment to load."""
_FEW: Final = 100
_NEARLY: Final = 0.8
"""Of the lines that another sign splits alike, so many are enough for one that hardly occurs within cells."""
_BLANKS: Final = (" ", "\t", "\u00a0", "\u202f")


def read_text_grid(file: str, content: bytes, keys: ReadingKeys) -> CellGrid:
    """Return the cells of a text file, as text.

    Parameters
    ----------
    file : its name, for messages
    content : its bytes, compressed or not, in any encoding that shows
    keys : what its owner says about it

    Raises
    ------
    DataError
        When it is damaged, is no text, is empty, or its quotes do not close or have text beside them.

    """
    text, notes = decode_text(file, decompress(file, content), keys.encoding)
    refuse_other_formats(file, text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    above = keys.skip_rows or 0
    text = "".join(text.split("\n", above)[above:])
    if not text.strip():
        where = f" below the {above} lines of `skip_rows:`" if above else ""
        raise DataError(f"{file}: found an empty file{where}, expected a header and closes; fetch the file again")
    stated = _SEPARATOR_LINE.match(text)
    if stated:
        above, text = above + 1, text[stated.end() :]
    separator = _SIGNS.get(keys.separator or "", keys.separator) or (stated[1] if stated else _find_separator(text))
    refuse_too_many_columns(file, text.partition("\n")[0].count(separator) + 1)
    blanks = _has_blanks(text, separator)
    columns = None if blanks or len(text) < LARGE else _split_columns(text, separator)
    if columns:
        every = range(above + 1, above + 1 + len(columns))
        return CellGrid(file, columns, every, keys.decimal or ("." if separator == "," else None), notes)
    rows, lines = _split_rows(file, text, separator, above)
    if blanks:
        rows = [[cell.strip() for cell in row] for row in rows]
    if blanks or not any(rows[0]) or any(f"\n{sign}" in text for sign in ("\n", '"', separator)):
        lines = [line for line, row in zip(lines, rows, strict=True) if any(row)]
        rows = [row for row in rows if any(row)]
    points = separator == "," and not ('"' in text and _have_commas(rows))
    return CellGrid(file, rows, lines, keys.decimal or ("." if points else None), notes)


def _split_columns(text: str, separator: str) -> ColumnRows | None:
    """Return the cells of plain lines; None where some are in quotes, blank, or more or fewer than others."""
    empty = separator * text.partition("\n")[0].count(separator)
    framed = f"\n{text}\n"
    if '"' in text or separator in {" ", "space"} or "\n\n" in framed or f"\n{empty}\n" in framed:
        return None
    import pyarrow as pa  # noqa: PLC0415  (small files and other formats do without)
    import pyarrow.csv as arrow_csv  # noqa: PLC0415

    names = [str(at) for at in range(len(empty) + 1)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(text.encode()),
            arrow_csv.ReadOptions(use_threads=False, column_names=names),
            arrow_csv.ParseOptions(delimiter=separator, quote_char=False, escape_char=False),
            arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), null_values=[]),
        )
    except pa.ArrowInvalid:
        return None
    return ColumnRows(table.columns, table.num_rows)


def _have_commas(rows: Iterable[Sequence[str]]) -> bool:
    """Tell whether there is a number with a comma."""
    return any("," in cell and split_unit(cell) for row in rows for cell in row)


def _split_rows(file: str, text: str, separator: str, above: int) -> tuple[list[list[str]], Sequence[int]]:
    """Return the cells of each row, and its line."""
    rows: list[list[str]] = []
    if separator in {" ", "space"}:
        rows.extend(line.split() for line in io.StringIO(text))
        return rows, range(above + 1, above + 1 + len(rows))
    if '"' not in text:
        rows.extend(line.split(separator) for line in text.split("\n"))
        return rows, range(above + 1, above + 1 + len(rows))
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    try:
        rows.extend(reader)
    except csv.Error as error:
        message = f"not CSV ({error}); complete or correct the line"
        raise DataError(f"{file}:{reader.line_num + above}: {message}") from None
    if reader.line_num == len(rows):
        return rows, range(above + 1, above + 1 + len(rows))
    again = csv.reader(io.StringIO(text), delimiter=separator, strict=True)  # some rows are of several lines
    return rows, [again.line_num + above for _ in again]


def _find_separator(text: str) -> str:
    """Return the sign that splits most lines of a sample into the same number of cells, at least two."""
    middle = max(0, (len(text) - _SAMPLE) // 2)
    if middle:
        middle = text.find("\n", middle) + 1
    sample = [line for line in text[middle : middle + _SAMPLE].split("\n") if line.strip()]
    if len(sample) > 1 and middle + _SAMPLE < len(text):
        del sample[-1]  # cut
    signs = [sign for sign in _SIGNS.values() if any(sign in line for line in sample)]
    if len(signs) == 1:
        return signs[0]
    alike = {sign: _most_alike(map(len, csv.reader(sample, delimiter=sign))) for sign in signs}
    for sign, count in alike.items():
        if count and count >= _NEARLY * max(alike.values()):
            return sign
    words = [len(line.split()) for line in sample]
    return "space" if _most_alike(words) == len(sample) > 1 else ","


def _most_alike(lengths: Iterable[int]) -> int:
    """Return how many rows have the most frequent number of cells above one."""
    return max(Counter(length for length in lengths if length > 1).values(), default=0)


def _has_blanks(text: str, separator: str) -> bool:
    """Tell whether a cell may have blanks around it, without looking at every cell."""
    edges = ("\n", '"', separator)
    for blank in _BLANKS:
        if blank == separator or blank not in text:
            continue
        if text.startswith(blank) or text.endswith(blank):
            return True
        if text.count(blank) > _FEW:
            if any(blank + edge in text or edge + blank in text for edge in edges):
                return True
        elif any(text[at - 1] in edges or text[at + 1] in edges for at in _places(text, blank)):
            return True
    return False


def _places(text: str, sign: str) -> Iterator[int]:
    at = text.find(sign)
    while at >= 0:
        yield at
        at = text.find(sign, at + 1)
