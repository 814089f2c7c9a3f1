"""Numbers in the forms that people write; the decimal sign is told by the column, the file, or its owner."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.data.price_files.grid import CellGrid
from engine.data.price_files.numbers import parse_numbers, stated_currency


def parse(
    *cells: str, decimal: str | None = None, others: tuple[str, ...] = (), missing: tuple[str, ...] = ()
) -> list[float]:
    """Parse a column of a file that has other cells beside it."""
    grid = CellGrid("p.csv", [list(cells), list(others)], range(1, len(cells) + 1), decimal)
    return parse_numbers(grid, "AAA", cells, grid.lines, missing).tolist()


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *(("1234.5", 1234.5), ("1,234.50", 1234.5), ("1.234,50", 1234.5), ("1'234.50", 1234.5), ("1 234,50", 1234.5)),
        *(("1\u00a0234,50", 1234.5), ("1\u202f234,50", 1234.5), ("30,41", 30.41), ("1,234,567", 1234567.0)),
        *(
            ("1.234.567", 1234567.0),
            ("12,34,567.5", 1234567.5),
            ("0,125", 0.125),
            ("0.125", 0.125),
            ("1234,567", 1234.567),
        ),
        *(
            ("$1,234.50", 1234.5),
            ("30,41 €", 30.41),
            ("30.41 USD", 30.41),
            ("EUR 30.41", 30.41),
            ("1234,567 €", 1234.567),
            ("€0,125", 0.125),
            ("1.5e3", 1500.0),
        ),
        *((".5", 0.5), ("30.", 30.0), ("7", 7.0), ("\u22125,25", -5.25)),
    ],
)
def test_forms_that_mean_one_number(cell: str, value: float) -> None:
    """A single cell is enough where the form tells."""
    assert parse(cell) == [value]


@pytest.mark.parametrize(
    "cell",
    ["", "nan", "NaN", "null", "N/A", "#N/A", "#N/A Invalid Security", "#NV", ".", "-", "--", "n.a.", "k.A.", "None"],
)
def test_texts_for_no_number(cell: str) -> None:
    """What vendors and spreadsheets write where there is no close."""
    read = parse("30,5", cell)
    assert read[0] == 30.5
    assert math.isnan(read[1])


def test_a_text_that_its_owner_names_is_none() -> None:
    """-99.99 is a number everywhere but in one file."""
    assert np.array_equal(
        parse("30.5", "-99.99", "halted", missing=("-99.99", "halted")), [30.5, np.nan, np.nan], equal_nan=True
    )


def test_the_column_proves_its_sign() -> None:
    """One number that can have one sign only decides for all of its column, whatever stands beside it."""
    assert parse("1,234", "30,41") == [1.234, 30.41]
    assert parse("1.234", "30.41") == [1.234, 30.41]
    assert parse("1,234", "1,234.50", others=("0,5", "0,7")) == [1234.0, 1234.5]


def test_the_file_decides_for_a_column_that_does_not() -> None:
    """Whole thousands beside decimals; both signs beside them decide nothing."""
    assert parse("1,234", "1,300", others=("0.5%", "31.12.2024", "AAA")) == [1234.0, 1300.0]
    assert parse("1.234", "1.300", others=("0,5%", "7")) == [1234.0, 1300.0]
    for others in ((), ("0.5", "0,5")):
        with pytest.raises(
            DataError, match=r"p.csv:1: AAA: found '1,234', which may be 1234 or 1.234, .*`decimal: '.'` or"
        ):
            parse("1,234", "1,300", others=others)
    assert parse("1,234", decimal=".") == [1234.0]
    assert parse("1,234", decimal=",") == [1.234]


@pytest.mark.parametrize(
    "cell",
    [
        "about 5",
        "1,23,4",
        "1.2.3",
        "1_000",
        "٣٠",
        "30,41,5",
        "5 apples",
        "12:30",
        "1 23",
        "'30",
        "=30",
        "30*",
        "1,2345.6",
    ],
)
def test_what_is_no_number_is_refused(cell: str) -> None:
    """No reading is invented."""
    with pytest.raises(DataError, match=r"p.csv:2: AAA: found .*, expected a number as 1234.5, 1,234.50 or 1.234,50; "):
        parse("7", cell)


def test_one_sign_throughout() -> None:
    """A column of both signs is refused by line; against the owner's word too."""
    with pytest.raises(
        DataError, match=r"p.csv:2: AAA: found '30,41' with a decimal comma and in line 1 '30.41' with a p"
    ):
        parse("30.41", "30,41")
    with pytest.raises(
        DataError, match=r"p.csv:1: AAA: found '30,41', expected the decimal point of the rest .*`decimal: ','`"
    ):
        parse("30,41", decimal=".")


def test_units_stand_beside_every_number_or_none() -> None:
    """A column is in one currency; a dollar may be of several countries."""
    for cells in (("30 EUR", "31 USD"), ("30 EUR", "31"), ("€30", "$31")):
        with pytest.raises(DataError, match=r"p.csv:2: AAA: found .* below .*, expected one unit throughout"):
            parse(*cells)
    assert [stated_currency([cell]) for cell in ("30,41 €", "£3", "30 CHF", "$30", "30", "", "N/A")] == [
        "EUR",
        "GBP",
        "CHF",
        "",
        "",
        "",
        "",
    ]


def test_a_percentage_is_no_price() -> None:
    """Returns are read where their owner says so."""
    with pytest.raises(
        DataError, match=r"p.csv:1: AAA: found '1.5%', a percentage, expected a price; write `values: returns`"
    ):
        parse("1.5%")
    grid = CellGrid("p.csv", [], [1])
    assert parse_numbers(grid, "AAA", ["1.5%"], [1], percent=True).tolist() == [0.015]
