"""Workbooks of Excel and LibreOffice give the closes that were written into them, or a line that says what to do."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from tests.support.price_files import load
from tests.support.workbooks import Cell, ods, xls, xlsx

DAYS = [dt.date(2024, 1, 2), dt.date(2024, 1, 3), dt.date(2024, 1, 4)]
ROWS: list[list[Cell]] = [
    ["Date", "AAA", "BBB"],
    [DAYS[0], 30.12, 1e-05],
    [DAYS[1], None, 1234567.891],
    [DAYS[2], 7, 0.1 + 0.2],
]
WRITERS = {
    "xlsx": lambda rows: xlsx({"P": rows}),
    "ods": lambda rows: ods({"P": rows}),
    "xls": lambda rows: xls("P", rows),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_closes_of_a_workbook_are_those_that_were_written(tmp_path: Path, kind: str) -> None:
    """Every bit of every number, the days, and an empty cell as no close."""
    (tmp_path / f"p.{kind}").write_bytes(WRITERS[kind](ROWS))
    closes = load(tmp_path / f"p.{kind}", "AAA", "BBB")
    assert closes.dates.astype(object).tolist() == DAYS
    np.testing.assert_array_equal(closes.closes, [[30.12, 1e-05], [np.nan, 1234567.891], [7.0, 0.1 + 0.2]])
