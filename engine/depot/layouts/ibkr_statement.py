"""Interactive Brokers, activity statement as CSV: sections in one file, each with a header of its own."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from engine.core.security_codes import is_isin, tidy_code
from engine.data.sessions import MONTH_NAMES
from engine.depot.cells import ENGLISH, ISO, CellError
from engine.depot.documents import Document, HeaderLine, fold
from engine.depot.faults import Faults
from engine.depot.layouts.layout import Layout
from engine.depot.records import Codes, HoldingLot, Position, Statement
from engine.depot.table import Columns, Row, Table

_START: Final = re.compile(r'^"?(Long )?Open Positions"?,"?Header', re.MULTILINE)
_SECTIONS: Final = {
    "open positions": Columns(
        read={
            "detail": ("datadiscriminator",),
            "category": ("asset category",),
            "currency": ("currency",),
            "symbol": ("symbol",),
            "opened": ("open",),
            "quantity": ("quantity",),
            "multiplier": ("mult",),
            "cost": ("cost price",),
            "price": ("close price",),
        },
        needed=(),
        numbers=ENGLISH,
        days=ISO,
    ),
    "cash report": Columns(
        read={"what": ("currency summary",), "currency": ("currency",), "total": ("total",)}, needed=(), numbers=ENGLISH
    ),
    "financial instrument information": Columns(
        read={"symbol": ("symbol",), "isin": ("security id",), "conid": ("conid",), "name": ("description",)}, needed=()
    ),
    "statement": Columns(read={"what": ("field name",), "value": ("field value",)}, needed=()),
    "account information": Columns(read={"what": ("field name",), "value": ("field value",)}, needed=()),
}
_SHARES: Final = ("stock", "fund")
_CONTRACTS: Final = ("option", "future", "bond", "bill", "warrant", "cfd", "structured")


def _recognises(document: Document) -> bool:
    return not document.is_xml and _START.search(document.text) is not None


def _sections(document: Document, faults: Faults) -> Iterator[tuple[str, Row]]:
    """Yield the rows of data of the sections that are read."""
    tables: dict[str, Table] = {}
    reader = csv.reader(io.StringIO(document.text, newline=""))
    try:
        for cells in reader:
            section = fold(cells[0][:60]).removeprefix("long ") if len(cells) > 1 else ""
            columns = _SECTIONS.get(section)
            if columns is None:
                continue
            if cells[1] == "Header":
                header = HeaderLine(reader.line_num, ",", tuple(map(fold, cells)))
                tables[section] = Table(document, columns, header, columns.find_places(header, faults), faults)
            elif cells[1] == "Data" and (table := tables.get(section)):
                if len(cells) != len(table.header.names):
                    message = f"found {len(cells)} cells, expected {len(table.header.names)} as in the header"
                    faults.add(reader.line_num, message, "download the statement once more; it may be cut off")
                else:
                    yield section, Row(table, reader.line_num, [cell.strip() for cell in cells])
    except csv.Error as error:
        faults.add(reader.line_num, f"not a row of a table ({error})", "download the statement once more")


def _read(document: Document, faults: Faults) -> Statement:
    statement = Statement()
    rows: dict[str, list[Row]] = {section: [] for section in _SECTIONS}
    for section, row in _sections(document, faults):
        rows[section].append(row)
    instruments = {tidy_code(row.text("symbol")): row for row in rows["financial instrument information"]}
    base = next((row.text("value") for row in rows["account information"] if row.word("what") == "base currency"), "")
    period = next((row for row in rows["statement"] if row.word("what") == "period"), None)
    statement.date = period.parse("value", _last_day) if period else None
    _read_cash(rows["cash report"], base, statement)
    statement.positions = list(_read_positions(rows["open positions"], instruments, statement.date))
    return statement


def _last_day(text: str) -> dt.date:
    """Return the last day of a period: ``November 1, 2026 - November 27, 2026``."""
    found = re.fullmatch(r"(?:.* - )?([A-Za-z]+) ([0-9]{1,2}), ([0-9]{4})", text[:100].strip())
    if found and found[1].lower() in MONTH_NAMES:
        try:
            return dt.date(int(found[3]), MONTH_NAMES.index(found[1].lower()) + 1, int(found[2]))
        except ValueError:
            pass
    raise CellError("a day as November 27, 2026")


def _read_cash(rows: list[Row], base: str, statement: Statement) -> None:
    """Read the cash of each currency; the sum of all counts only where it stands alone."""
    ends = [row for row in rows if row.word("what") in {"ending cash", "ending settled cash"}]
    named = [row for row in ends if row.word("currency") != "base currency summary"]
    for row in named or ends:
        money = row.number("total")
        code = base if row.word("currency") == "base currency summary" else row.currency("currency")
        if money is not None:
            statement.add_cash("", code, money, settled=row.word("what") == "ending settled cash")


def _read_positions(rows: list[Row], instruments: Mapping[str, Row], day: dt.date | None) -> Iterator[Position]:
    """Yield the positions of ``Summary`` rows, with the lots that follow them."""
    lots: dict[tuple[str, str], list[HoldingLot]] = {}
    for row in rows:
        if row.word("detail") == "lot" and (quantity := row.number("quantity")) is not None:
            lot = HoldingLot(row.day("opened"), quantity, row.number("cost"))
            lots.setdefault((row.text("symbol"), row.text("currency")), []).append(lot)
    for row in rows:
        if row.word("detail") == "summary" and (found := _read_row(row, instruments, day)):
            mine = tuple(lots.get((row.text("symbol"), row.text("currency")), ()))
            whole = sum((lot.quantity for lot in mine), Decimal(0)) == found.quantity
            yield Position(
                found.account,
                found.codes,
                found.name,
                found.quantity,
                found.cost,
                mine if whole else (),
                found.currency,
                found.price,
                day,
                found.line,
            )


def _read_row(row: Row, instruments: Mapping[str, Row], day: dt.date | None) -> Position | None:
    category, quantity = row.word("category"), row.number("quantity")
    multiplier = row.number("multiplier")
    if any(word in category for word in _CONTRACTS) or multiplier not in {None, Decimal(1)}:
        message = "found an option, a bond or another contract, expected shares or funds"
        row.fault(message, "let a Flex query leave these positions out")
        return None
    if quantity is None:
        if not row.text("quantity"):
            row.fault("found no quantity", "download the statement once more")
        return None
    symbol = tidy_code(row.text("symbol"))
    known = instruments.get(symbol)
    isin = tidy_code(known.text("isin")) if known else ""
    codes = Codes(isin if is_isin(isin) else "", "", symbol, tidy_code(known.text("conid")) if known else "")
    if not any(word in category for word in _SHARES):
        codes = Codes(conid=codes.conid)  # neither shares nor a fund: no asset of a plan
    name = known.name("name") if known else symbol
    cost, price, currency = row.number("cost"), row.number("price"), row.currency("currency")
    return Position("", codes, name, quantity, cost, (), currency, price, day, row.line)


LAYOUT: Final = Layout("ibkr-statement", "Interactive Brokers, activity statement as CSV", _recognises, _read)
