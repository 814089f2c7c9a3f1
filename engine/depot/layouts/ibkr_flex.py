"""Interactive Brokers, Flex query: open positions with their lots, cash, trades and cash transactions."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from engine.depot.documents import Document
from engine.depot.faults import Faults
from engine.depot.layouts.flex_bookings import read_bookings
from engine.depot.layouts.flex_elements import (
    CONTRACTS,
    currency_of,
    day_of,
    is_flex,
    number_of,
    plan_codes_of,
    read_statements,
)
from engine.depot.layouts.layout import Layout
from engine.depot.markup import Element
from engine.depot.records import MAX_NAME, HoldingLot, Position, Statement

_ONE: Final = Decimal(1)


def _read_holdings(document: Document, faults: Faults) -> Statement:
    statement = Statement()
    seen: set[str] = set()
    listed = False
    for account, elements in read_statements(document, faults):
        tags = {element.tag for element in elements}
        if "OpenPositions" in tags:
            if account in seen:
                elements[0].fault("found a second statement of the same account", "run the query for one day")
            seen.add(account)
            listed = True
        _read_cash(account, elements, statement)
        _read_positions(account, elements, statement)
        statement.date = statement.date or day_of(elements[0], "toDate")
    if not listed:
        faults.add(0, "found no open positions", "add the section Open Positions to the query, and Cash Report")
    return statement


def _read_cash(account: str, elements: Iterable[Element], statement: Statement) -> None:
    """Read the cash of each currency; the sum of all counts only where it stands alone."""
    base = next((element.get("currency") for element in elements if element.tag == "AccountInformation"), "")
    rows = [element for element in elements if element.tag == "CashReportCurrency"]
    named = [row for row in rows if row.get("currency") != "BASE_SUMMARY"]
    for row in named or rows:
        code = base if row.get("currency") == "BASE_SUMMARY" else currency_of(row)
        cash, settled = number_of(row, "endingCash"), number_of(row, "endingSettledCash")
        if cash is not None:
            statement.add_cash(account, code, cash)
        if settled is not None:
            statement.add_cash(account, code, settled, settled=True)


def _read_positions(account: str, elements: Iterable[Element], statement: Statement) -> None:
    """Read the positions: ``SUMMARY`` rows with their lots, lots alone where a query asks for nothing else."""
    lots: dict[str, list[HoldingLot]] = {}
    whole: dict[str, Position] = {}
    split: dict[str, Position] = {}
    for element in elements:
        if element.tag != "OpenPosition" or (position := _read_position(account, element)) is None:
            continue
        key = f"{position.codes.conid or position.codes.key} {position.currency}"
        if element.get("levelOfDetail").upper() == "LOT":
            lot = HoldingLot(day_of(element, "openDateTime"), position.quantity, position.cost)
            lots.setdefault(key, []).append(lot)
            split.setdefault(key, position)
        elif key in whole:
            element.fault(
                f"found a second row of the position in line {whole[key].line}", "ask for SUMMARY and LOT only"
            )
        else:
            whole[key] = position
    for key in dict.fromkeys([*whole, *split]):
        found = _with_lots(whole.get(key), split.get(key), lots.get(key, []))
        statement.positions.append(found)
        if key in lots and not found.lots:
            statement.notes.append(f"lots that do not add up to the position and are not read: line {found.line}")


def _with_lots(whole: Position | None, first: Position | None, lots: list[HoldingLot]) -> Position:
    total = sum((lot.quantity for lot in lots), Decimal(0))
    if whole is None:
        assert first is not None  # noqa: S101 - a key is of one or of both
        cost = first.cost if len(lots) == 1 else None
        return _replace(first, total, cost, tuple(lots))
    return _replace(whole, whole.quantity, whole.cost, tuple(lots) if total == whole.quantity else ())


def _replace(one: Position, quantity: Decimal, cost: Decimal | None, lots: tuple[HoldingLot, ...]) -> Position:
    return Position(one.account, one.codes, one.name, quantity, cost, lots, one.currency, one.price, one.date, one.line)


def _read_position(account: str, element: Element) -> Position | None:
    category = element.get("assetCategory").upper()
    quantity, multiplier = number_of(element, "position", "quantity"), number_of(element, "multiplier")
    if category in CONTRACTS or (multiplier is not None and multiplier != _ONE and category != "CASH"):
        message = "found an option, a bond or another contract, expected shares or funds"
        element.fault(message, "let the query leave these positions out")
        return None
    if quantity is None:
        if not element.get("position", "quantity"):
            element.fault("found no quantity", "add the field Position to the query")
        return None
    codes, currency = plan_codes_of(element), currency_of(element)
    price, cost = number_of(element, "markPrice"), number_of(element, "costBasisPrice")
    name = (element.get("description") or element.get("symbol"))[:MAX_NAME]
    day = day_of(element, "reportDate")
    return Position(account, codes, name, quantity, cost, (), currency, price, day, element.line)


LAYOUT: Final = Layout("ibkr-flex", "Interactive Brokers, Flex query as XML", is_flex, _read_holdings, read_bookings)
