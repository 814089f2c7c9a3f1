"""Hostile text in exported files: never a formula, a link or markup, and numbers are never touched."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from markdown_it import MarkdownIt
from rich.cells import cell_len

from engine.backtest.finished_run import read_run
from engine.core.errors import spell_out_controls
from engine.report.export.csv_file import csv_bytes, guard_formula
from engine.report.export.markdown import markdown_page
from engine.report.export.parquet_file import parquet_bytes
from engine.report.export.table import LINE_BREAKS, ExportColumn, ExportTable
from engine.report.export.xlsx_file import xlsx_bytes
from tests.report.test_hostile_text import PAYLOADS, poison
from tests.support.hostile_cells import HOSTILE

SOFFICE = shutil.which("soffice")
NUMBERS = (-1.5, -1e-300, 0.1, 1e22, -123456.78901234567, 5e-324)
STARTS = re.compile(r"[\s\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r]")


def hostile_table() -> ExportTable:
    """A table with every text as a ticker, a note and, the first of them, as names; beside each a negative number."""
    count = len(HOSTILE)
    return ExportTable(
        "trades",
        (
            ExportColumn("asset", "text", HOSTILE),
            ExportColumn("value", "number", [-(n + 0.1) for n in range(count)]),
            ExportColumn("reason", "text", HOSTILE[::-1]),
            *(ExportColumn(text, "number", [NUMBERS[n % len(NUMBERS)] for n in range(count)]) for text in HOSTILE),
        ),
    )


def test_there_are_more_than_a_hundred_texts() -> None:
    assert len(set(HOSTILE)) > 100


def test_no_cell_of_a_csv_begins_as_a_formula_does_unless_it_is_a_number() -> None:
    table = hostile_table()
    head, *rows = csv.reader(io.StringIO(csv_bytes(table).decode("utf-8"), newline=""))
    texts = [*head, *(row[0] for row in rows), *(row[2] for row in rows)]
    assert not [text for text in texts if STARTS.match(text)]
    shown = [spell_out_controls(text, LINE_BREAKS) for text in HOSTILE]
    assert [row[0].removeprefix("'") for row in rows] == [text.removeprefix("'") for text in shown]
    for row, expected in zip(rows, table.rows(), strict=True):
        assert [float(cell) for cell in (row[1], *row[3:])] == [cell for cell in expected if isinstance(cell, float)]


@pytest.mark.parametrize("text", ["-5", "+1.5", "-2e-3", " -7", "-.5", "BRK-B", "a=b", "", "'x"])
def test_text_that_is_a_number_or_harmless_stays(text: str) -> None:
    assert guard_formula(text) == text


@pytest.mark.parametrize("text", ["-inf", "-1+2", "--1", "-5 %", "-", "=", "@a", "-1_000", "-\u0665"])
def test_text_that_only_looks_like_a_number_is_guarded(text: str) -> None:
    assert guard_formula(text) == f"'{text}"


def test_a_workbook_holds_hostile_text_as_text_letter_for_letter() -> None:
    table = hostile_table()
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_bytes([table])))["trades"]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert sum(cell.data_type == "s" for cell in cells) == 3 * len(HOSTILE) + 3
    assert all(cell.hyperlink is None for cell in cells)


def test_parquet_holds_what_is_left_when_controls_are_spelled_out() -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = pq.read_table(pa.BufferReader(parquet_bytes(hostile_table(), {})))
    assert found.column("asset").to_pylist() == [spell_out_controls(text, LINE_BREAKS) for text in HOSTILE]


def test_markdown_of_hostile_names_has_no_markup_and_no_line_is_too_long(folder: Path) -> None:
    readable = [
        text for text in HOSTILE if "\r" not in text and len(text) < 4096 and max(text) < "\ud800"
    ]  # by a run's own files
    for texts in (PAYLOADS, readable, readable[::-1]):
        poison(folder, texts)
        page = markdown_page(read_run(folder))
        assert [line for line in page.splitlines() if cell_len(line) > 80] == []
        tokens = MarkdownIt("commonmark").enable("table").parse(page)
        inner = [child.type for token in tokens for child in token.children or ()]
        assert set(inner) <= {"text", "softbreak", "text_special"}
        assert {token.type for token in tokens} & {"html_block", "bullet_list_open", "fence", "hr"} == set()
        assert [token.tag for token in tokens if token.type == "heading_open"] == ["h1", "h2", "h2", "h2"]


@pytest.mark.slow
@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_libreoffice_finds_no_formula_and_every_negative_number(kind: str, tmp_path: Path) -> None:
    table = hostile_table()
    columns = table.columns[:8]  # names of every kind are among the rows; 200 columns of numbers take minutes
    small = ExportTable("trades", columns)
    path = tmp_path / f"trades.{kind}"
    path.write_bytes(csv_bytes(small) if kind == "csv" else xlsx_bytes([small]))
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    options = ["--infilter=CSV:44,34,76,1,,0,false,true,false"] if kind == "csv" else []
    command = [
        str(SOFFICE),
        profile,
        "--headless",
        *options,
        "--convert-to",
        "fods",
        "--outdir",
        str(tmp_path),
        str(path),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    page = ET.parse(tmp_path / "trades.fods")
    cells = [node for node in page.iter() if node.tag.endswith("}table-cell")]
    formulas = [node for node in cells if any(key.endswith("}formula") for key in node.attrib)]
    assert formulas == []
    assert not [node for node in page.iter() if node.tag.endswith("}a")], "no link"
    values = {float(node.attrib[key]) for node in cells for key in node.attrib if key.endswith("office:1.0}value")}
    missing = [cell for cell in columns[1].cells if not any(abs(cell - value) < 1e-9 for value in values)]
    assert missing == [], "negative numbers are numbers, and as they were"
