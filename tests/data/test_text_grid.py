"""Bytes as rows of cells: unpacked, decoded, and split at the sign that makes columns of them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile

import pytest

from engine.core.errors import DataError
from engine.data.price_files.grid import ReadingKeys
from engine.data.price_files.text_grid import read_text_grid

TEXT = "Datum;Köln\n02.01.2019;30,12\n03.01.2019;30,38\n"
ROWS = [["Datum", "Köln"], ["02.01.2019", "30,12"], ["03.01.2019", "30,38"]]


def rows(content: bytes | str, **keys: object) -> list[list[str]]:
    """Return the cells of a text file."""
    content = content.encode() if isinstance(content, str) else content
    return read_text_grid("p.csv", content, ReadingKeys.model_validate(keys)).rows


def zipped(**members: bytes) -> bytes:
    """Return an archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"]
)
def test_encodings_that_show(encoding: str) -> None:
    """By their marks, their zeros, or because nothing else fits."""
    assert rows(TEXT.encode(encoding)) == ROWS


def test_what_was_assumed_of_an_encoding_is_noted() -> None:
    """Windows-1252 is a guess that the file's owner can settle."""
    guessed = read_text_grid("p.csv", TEXT.encode("cp1252"), ReadingKeys())
    assert guessed.notes == ("p.csv: is not UTF-8 (line 1) and was read as Windows-1252 (`encoding:` settles it)",)
    assert rows("Kurs;Łódź\n1;2\n".encode("cp1250"), encoding="cp1250")[0] == ["Kurs", "Łódź"]
    for encoding, message in (
        ("utf-8", r"found no utf-8 text"),
        ("klingon", r"found encoding: 'klingon', expected a kn"),
        ("hex", "found "),
    ):
        with pytest.raises(DataError, match=message):
            rows(TEXT.encode("cp1252"), encoding=encoding)
    with pytest.raises(DataError, match=r"p.csv:2: found text that is neither UTF-8 nor Windows-1252.*`encoding:`"):
        rows(b"a;b\n\x81;1\n")


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress, lambda content: zipped(prices=content)])
def test_compressed_files(pack) -> None:
    """What is inside counts, not the ending of the name; a cut or damaged file is refused."""
    packed = pack(TEXT.encode())
    assert rows(packed) == ROWS
    for damaged in (packed[:-12], packed[: len(packed) // 2] + b"\xff\xff\xff" + packed[len(packed) // 2 + 3 :]):
        with pytest.raises(DataError, match=r"^p.csv:"):
            rows(damaged)


def test_archives_of_several_files_are_refused_by_name() -> None:
    """What systems add is none of them."""
    assert rows(zipped(**{"a.csv": TEXT.encode(), "__MACOSX/._a.csv": b"\0"})) == ROWS
    with pytest.raises(DataError, match=r"found an archive of a.csv, b.csv, expected one file; unpack it"):
        rows(zipped(**{"a.csv": b"1", "b.csv": b"2"}))


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress, lambda content: zipped(prices=content)])
def test_what_grows_without_end_is_refused(pack) -> None:
    """A small file of many megabytes is no price file."""
    with pytest.raises(DataError, match=r"p.csv: found more than 16 MB inside, expected a price file"):
        rows(pack(b"1,1\n" * 5_000_000))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_by_what_makes_columns(separator: str) -> None:
    """Commas within cells, in quotes or not, are no separators of a file that has others."""
    lines = [["Date", "Close", "Note"], ["Jan 2, 2019", "30,12", "a"], ["Jan 3, 2019", "30,38", "b"]]
    quoted = [[f'"{cell}"' if separator in cell else cell for cell in line] for line in lines]
    text = "\n".join(separator.join(line) for line in quoted)
    assert rows(text) == lines
    assert rows(f"sep={separator}\n{text}") == lines
    assert rows(text, separator="tab" if separator == "\t" else separator) == lines


def test_the_separator_is_that_of_most_lines() -> None:
    """Lines above the header may have another one; commas of decimals and of a footer are none."""
    text = "Wertpapier;WKN;ISIN\nA;840400;B\nDate,Close\n2019-01-02,30.12\n2019-01-03,30.12\n"
    assert rows(text)[2:4] == [["Date", "Close"], ["2019-01-02", "30.12"]]
    text = '"Zeit";"Kurs";"Name"\n"02.01.2019";"30,12";"A"\n"03.01.2019";"30,12";"A"\n\nCopyright 2024, all rights reserved\n'
    assert rows(text)[1] == ["02.01.2019", "30,12", "A"]
    assert rows("Date;Close\n2019-01-02;1,234,567.50\n2019-01-03;1,234,567.50\n")[1] == ["2019-01-02", "1,234,567.50"]


def test_blanks_between_columns() -> None:
    """Where nothing else separates, or its owner says so."""
    text = "date    close\n20190102   30.12\n20190103   30.38\n"
    assert (
        rows(text) == rows(text, separator="space") == [["date", "close"], ["20190102", "30.12"], ["20190103", "30.38"]]
    )


def test_lines_are_those_of_the_file() -> None:
    """Blank lines, lines above the header and cells of several lines are counted."""
    grid = read_text_grid(
        "p.csv", b'about\n\ndate,AAA\n,\n2019-01-02," 1"\n2019-01-03,"\n2"\n2019-01-04,3\n', ReadingKeys(skip_rows="1")
    )
    assert grid.rows == [["date", "AAA"], ["2019-01-02", "1"], ["2019-01-03", "2"], ["2019-01-04", "3"]]
    assert list(grid.lines) == [3, 5, 7, 8]
    assert grid.decimal == "."
    plain = read_text_grid("p.csv", b"\n date , AAA\r\n\r\n2019-01-02,1\r\n", ReadingKeys())
    assert plain.rows == [["date", "AAA"], ["2019-01-02", "1"]]
    assert list(plain.lines) == [2, 4]
    with pytest.raises(DataError, match=r"p.csv: found an empty file below the 9 lines of `skip_rows:`"):
        rows(TEXT, skip_rows="9")


def test_the_decimal_sign_of_a_file_of_commas() -> None:
    """A point, unless a number in quotes has a comma."""
    assert read_text_grid("p.csv", b'date,AAA\n"Jan 2, 2019",1.234\n', ReadingKeys()).decimal == "."
    assert read_text_grid("p.csv", b'date,AAA\n"Jan 2, 2019","1,234"\n', ReadingKeys()).decimal is None
    assert read_text_grid("p.csv", b"date;AAA\n2019-01-02;1,234\n", ReadingKeys(decimal=",")).decimal == ","
