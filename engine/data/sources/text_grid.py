"""Text as a grid of cells: unpacked, decoded, and split at the separator that makes columns of it."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from engine.core.errors import DataError
from engine.data.sources.compression import decompress
from engine.data.sources.grid import Grid, ReadingKeys
from engine.data.sources.text_encoding import decode_text

_SEPARATORS: Final = {"tab": "\t", ";": ";", "|": "|", ",": ","}
"""By key, the less a sign occurs within cells the earlier."""
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_SAMPLE: Final = 5_000
_BLANKS: Final = (" ", "\t", "\u00a0", "\u202f")


def read_text_grid(file: str, content: bytes, keys: ReadingKeys) -> Grid:
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
    stream = io.StringIO(text, newline="")
    skipped = sum(1 for _ in range(keys.skip_rows or 0) if stream.readline())
    begin = stream.tell()
    if not text[begin:].strip():
        above = f" below the {skipped} of `skip_rows:`" if skipped else ""
        raise DataError(f"{file}: found an empty file{above}, expected a header and closes; fetch the file again")
    stated = _SEPARATOR_LINE.fullmatch(stream.readline())
    if stated:
        skipped, begin = skipped + 1, stream.tell()
    separator = _SEPARATORS.get(keys.separator or "", keys.separator)
    separator = separator or (stated[1] if stated else _find_separator(text, begin))
    if '"' in text or separator in {" ", "space"}:
        stream.seek(begin)
        rows, lines = _split_quoted(file, stream, separator, skipped)
        plain = separator == "," and text.count(",", begin) == sum(map(len, rows)) - len(rows)  # no comma in a cell
    else:
        rows, lines = _split_plain(text[begin:], separator, skipped)
        plain = separator == ","
    if _has_blanks(text, separator):
        stripped = [[cell.strip() for cell in row] for row in rows]
        lines = [line for line, row in zip(lines, stripped, strict=True) if any(row)]
        rows = [row for row in stripped if any(row)]
    return Grid(file, rows, lines, keys.decimal or ("." if plain else None), notes)


def _split_plain(text: str, separator: str, skipped: int) -> tuple[list[list[str]], list[int]]:
    """Return the cells of lines without quotes, and their numbers; lines of empty cells are left out."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = [line for line, cells in enumerate(whole, 1 + skipped) if cells.strip(separator)]
    return [whole[line - 1 - skipped].split(separator) for line in lines], lines


def _split_quoted(file: str, stream: Iterable[str], separator: str, skipped: int) -> tuple[list[list[str]], list[int]]:
    """Return the cells of lines, some of which are in quotes, and their numbers; empty ones are left out."""
    found = [(line, row) for line, row in _split_lines(file, stream, separator, skipped) if any(row)]
    return [row for _, row in found], [line for line, _ in found]


def _split_lines(file: str, stream: Iterable[str], separator: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    if separator in {" ", "space"}:
        yield from ((line, row.split()) for line, row in enumerate(stream, 1 + skipped))
        return
    reader = csv.reader(stream, delimiter=separator, strict=True)
    try:
        yield from ((reader.line_num + skipped, row) for row in reader)
    except csv.Error as error:
        message = f"not CSV ({error}); complete or correct the line"
        raise DataError(f"{file}:{reader.line_num + skipped}: {message}") from None


def _find_separator(text: str, begin: int) -> str:
    """Return the sign that splits most lines of a sample into the same number of cells, at least two."""
    middle = max(begin, begin + (len(text) - begin - _SAMPLE) // 2)
    if middle > begin:
        middle = text.find("\n", middle) + 1 or begin
    sample = [line for line in io.StringIO(text[middle : middle + _SAMPLE], newline="") if line.strip()]
    if len(sample) > 1 and middle + _SAMPLE < len(text):
        del sample[-1]  # cut
    best, most = "", 0
    for separator in _SEPARATORS.values():
        same = _most_alike(len(row) for row in csv.reader(sample, delimiter=separator))
        if same > most:
            best, most = separator, same
    words = [line.split() for line in sample]
    return best or ("space" if _most_alike(map(len, words)) == len(sample) > 1 else ",")


def _most_alike(lengths: Iterable[int]) -> int:
    counts = Counter(length for length in lengths if length > 1)
    return max(counts.values(), default=0)


def _has_blanks(text: str, separator: str) -> bool:
    """Tell whether a cell may have blanks around it, without looking at every cell."""
    edges = ("\n", "\r", '"', separator)
    return any(
        text.startswith(blank)
        or text.endswith(blank)
        or any(blank + edge in text or edge + blank in text for edge in edges)
        for blank in _BLANKS
        if blank in text and blank != separator
    )
