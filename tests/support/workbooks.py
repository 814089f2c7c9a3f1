"""Workbooks written from their formats' descriptions, with nothing but the standard library."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from typing import TypeAlias
from xml.sax.saxutils import escape

import numpy as np

Cell: TypeAlias = str | float | dt.date | None
Sheets: TypeAlias = Mapping[str, Sequence[Sequence[Cell]]]

_EPOCH = dt.date(1899, 12, 30)
_DATE_STYLE = 1
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def zip_files(members: Mapping[str, str]) -> bytes:
    """Return a zip archive of text files."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            method = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), text, method)
    return sink.getvalue()


def xlsx(
    sheets: Sheets,
    *,
    serials: bool = False,
    since_1904: bool = False,
    hidden: Sequence[str] = (),
    end: str = "</sheetData>",
) -> bytes:
    """Return an Excel workbook.

    ``serials`` leaves dates as bare numbers, ``since_1904`` counts them as old Macintoshes did; ``end`` stands below the
    rows of each sheet.
    """
    states = {name: "hidden" if name in hidden else "visible" for name in sheets}
    books = "".join(
        f'<sheet name="{escape(name)}" sheetId="{at}" state="{states[name]}" r:id="rId{at}"/>'
        for at, name in enumerate(sheets, 1)
    )
    links = "".join(
        f'<Relationship Id="rId{at}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, len(sheets) + 1)
    )
    links += f'<Relationship Id="rId0" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    day_zero = dt.date(1904, 1, 1) if since_1904 else _EPOCH
    system = '<workbookPr date1904="1"/>' if since_1904 else ""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{system}<sheets>{books}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
    }
    for at, rows in enumerate(sheets.values(), 1):
        lines = "".join(
            f'<row r="{row}">{"".join(_xlsx_cell(f"{_letters(column)}{row}", cell, day_zero, serials) for column, cell in enumerate(cells))}</row>'
            for row, cells in enumerate(rows, 1)
        )
        parts[f"xl/worksheets/sheet{at}.xml"] = f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}{end}</worksheet>'
    return zip_files(parts)


def _letters(column: int) -> str:
    return (chr(64 + column // 26) if column >= 26 else "") + chr(65 + column % 26)


def _xlsx_cell(place: str, cell: Cell, day_zero: dt.date, serials: bool) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
    if isinstance(cell, dt.date):
        style = "" if serials else f' s="{_DATE_STYLE}"'
        return f'<c r="{place}"{style}><v>{(cell - day_zero).days}</v></c>'
    return f'<c r="{place}"><v>{cell!r}</v></c>'


def ods(sheets: Sheets) -> bytes:
    """Return an OpenDocument workbook, as LibreOffice writes it: trailing rows and columns as one repeated cell."""
    tables = "".join(
        f'<table:table table:name="{escape(name)}">{"".join(_ods_row(cells) for cells in rows)}'
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/>'
        "</table:table-row></table:table>"
        for name, rows in sheets.items()
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    body = f"<office:document-content {spaces}><office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    return zip_files({"mimetype": kind, "content.xml": body, "META-INF/manifest.xml": manifest})


def _ods_row(cells: Sequence[Cell]) -> str:
    return f"<table:table-row>{''.join(map(_ods_cell, cells))}</table:table-row>"


def _ods_cell(cell: Cell) -> str:
    if cell is None:
        return "<table:table-cell/>"
    if isinstance(cell, str):
        return f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
    if isinstance(cell, dt.date):
        return f'<table:table-cell office:value-type="date" office:date-value="{cell}"><text:p>{cell:%d.%m.%y}</text:p></table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{cell!r}"><text:p>{cell:.2f}</text:p></table:table-cell>'


def xls(name: str, rows: Sequence[Sequence[Cell]]) -> bytes:
    """Return a workbook of Excel 97 to 2003 with one sheet: BIFF8 records in a compound file."""
    version = struct.pack("<HHHHII", 0x0600, 0, 0x0DBB, 0x07CC, 0, 0x06)
    styles = b"".join(
        _record(0x00E0, struct.pack("<HHH", 0, number_format, 0).ljust(20, b"\0")) for number_format in (0, 14)
    )
    heads = [
        _record(0x0809, version[:2] + b"\x05\0" + version[4:]),
        _record(0x0042, struct.pack("<H", 1200)),
        styles,
    ]
    size = sum(map(len, heads)) + 4 + 8 + len(name) + 4
    sheet = _record(0x0085, struct.pack("<IHBB", size, 0, len(name), 0) + name.encode("latin-1"))
    cells = [
        _xls_cell(row, column, cell)
        for row, line in enumerate(rows)
        for column, cell in enumerate(line)
        if cell is not None
    ]
    body = [*heads, sheet, _record(0x000A, b""), _record(0x0809, version[:2] + b"\x10\0" + version[4:]), *cells]
    return compound_file("Workbook", b"".join([*body, _record(0x000A, b"")]))


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _xls_cell(row: int, column: int, cell: str | float | dt.date) -> bytes:
    if isinstance(cell, str):
        text = cell.encode("utf-16-le")
        return _record(0x0204, struct.pack("<HHHHB", row, column, 0, len(cell), 1) + text)
    dated = isinstance(cell, dt.date)
    value = float((cell - _EPOCH).days if isinstance(cell, dt.date) else cell)
    return _record(0x0203, struct.pack("<HHHd", row, column, int(dated), value))


def compound_file(stream: str, content: bytes) -> bytes:
    """Return an OLE2 container of one stream: header, one or more sectors of the allocation table, directory, stream."""
    sectors = -(-max(len(content), 4096) // 512)
    tables = -(-(sectors + 2) // 127)
    chain = [0xFFFFFFFD] * tables + [0xFFFFFFFE]
    first = tables + 1
    chain += [at + 1 for at in range(first, first + sectors - 1)] + [0xFFFFFFFE]
    table = np.full(tables * 128, 0xFFFFFFFF, "<u4")
    table[: len(chain)] = chain
    places = np.full(109, 0xFFFFFFFF, "<u4")
    places[:tables] = np.arange(tables)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack(
        "<HHHHHHIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 0, 0, tables, tables, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0
    )
    entries = _directory_entry("Root Entry", 5, 1, 0xFFFFFFFE, 0)
    entries += _directory_entry(stream, 2, 0xFFFFFFFF, first, sectors * 512)
    return header + places.tobytes() + table.tobytes() + entries.ljust(512, b"\0") + content.ljust(sectors * 512, b"\0")


def _directory_entry(name: str, kind: int, child: int, first: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    head = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
    return head + bytes(36) + struct.pack("<IQ", first, size)
