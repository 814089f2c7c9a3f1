"""Orders that are open at the broker already: what they buy is paid for, what they sell is given away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, NamedTuple, cast

from engine.core.errors import DataError
from engine.core.security_codes import is_isin, tidy_code
from engine.depot.cells import PLAIN, CellError, parse_number
from engine.depot.codes import Identifiers
from engine.depot.faults import Faults, quote_cell
from engine.depot.orders.rounding import cash_taken, largest_factor
from engine.depot.orders.sized_orders import Fee, SizedOrders, Wanted
from engine.depot.records import Codes
from engine.depot.user_tables import read_user_table

_COLUMNS: Final = ("side", "code", "quantity", "limit")


class OpenOrder(NamedTuple):
    """An order that waits at a broker: ``quantity`` positive [shares] at ``limit`` [currency], ``place`` its line."""

    side: Literal["buy", "sell"]
    ticker: str
    quantity: float
    limit: float
    place: str


def read_pending(path: Path, identifiers: Identifiers, held: Mapping[str, float]) -> tuple[OpenOrder, ...]:
    """Return the open orders of a CSV file with the columns ``side,code,quantity,limit``; limits are the account's.

    Raises DataError with everything that is wrong: with a cell, with a code that the plan does not name, with orders of
    both sides in one asset, and with sales of more than is ``held`` by ticker [shares].
    """
    faults, orders, first = Faults(str(path)), list[OpenOrder](), dict[str, tuple[OpenOrder, int]]()
    sales: dict[str, float] = {}
    for line, cells in read_user_table(path, _COLUMNS, (), ",".join(_COLUMNS)):
        order = _read_row(cells, identifiers, line, faults)
        if order is None:
            continue
        other, earlier = first.setdefault(order.ticker, (order, line))
        if other.side != order.side:
            message = f"found an open {order.side} of {order.ticker}, and in line {earlier} an open {other.side}"
            faults.add(line, message, "cancel first one of both, and remove its row")
        orders.append(order)
        sales[order.ticker] = sold = sales.get(order.ticker, 0.0) + (order.quantity if order.side == "sell" else 0.0)
        if sold > held.get(order.ticker, 0.0):
            message = f"found open sales of {sold:g} {order.ticker}, expected at most the {held.get(order.ticker, 0):g}"
            faults.add(line, f"{message} that are held", "compare both files")
    faults.raise_all()
    return tuple(orders)


def _read_row(cells: Mapping[str, str], identifiers: Identifiers, line: int, faults: Faults) -> OpenOrder | None:
    """Return the order of a row, None where it has a fault."""
    side, code = cells.get("side", "").lower(), tidy_code(cells.get("code", ""))
    ticker = identifiers.find(Codes(isin=code if is_isin(code) else "", wkn=code, symbol=code))
    if side not in {"buy", "sell"}:
        faults.add(line, f"found the side {quote_cell(side)}, expected buy or sell", "as buy,EUNL,10,110.00")
    if ticker is None:
        message = f"found the code {quote_cell(code)}, which the plan does not name"
        faults.add(line, message, "add it to identifiers, or remove the row and what it costs from --cash")
    numbers = {name: _positive(cells.get(name, ""), name, line, faults) for name in ("quantity", "limit")}
    if ticker is None or side not in {"buy", "sell"} or None in numbers.values():
        return None
    quantity, limit = (float(numbers[name] or 0) for name in ("quantity", "limit"))
    return OpenOrder(cast("Literal['buy', 'sell']", side), ticker, quantity, limit, f"{faults.name}:{line}")


def _positive(text: str, name: str, line: int, faults: Faults) -> Decimal | None:
    try:
        number = parse_number(text, PLAIN)
    except CellError:
        number = None
    if number is not None and number > 0:
        return number
    faults.add(line, f"found the {name} {quote_cell(text)}, expected a number above zero", "with a point, as 40.20")
    return None


def cash_bound(pending: Sequence[OpenOrder], fee: Fee) -> float:
    """Return the cash that open purchases will take at their limits, fees included [currency]."""
    bought = [(one.ticker, one.quantity * one.limit) for one in pending if one.side == "buy"]
    return sum(money + fee(ticker, money) for ticker, money in bought)


def shares_waiting(pending: Sequence[OpenOrder]) -> dict[str, float]:
    """Return what open orders trade by ticker [shares], negative for sales."""
    found: dict[str, float] = {}
    for one in pending:
        found[one.ticker] = found.get(one.ticker, 0.0) + (one.quantity if one.side == "buy" else -one.quantity)
    return found


def net_open_sales(wanted: Sequence[Wanted], cash: float, fee: Fee) -> tuple[list[Wanted], tuple[str, ...]]:
    """Return what is wanted less what open orders sell already; purchases wait for the money of those [shares].

    What open orders buy is in what is wanted: it was planned as held. ``cash`` may be spent [currency]; purchases are
    cut by one factor to it and to what new sales bring.
    """
    netted = [one._replace(units=_less_sold(one)) for one in wanted]
    notes = [
        f"open orders sell {-one.waiting:g} {one.ticker}, {one.units - one.waiting:g} more than the rule asks for"
        for one in wanted
        if one.waiting < 0.0 and one.waiting < one.units <= 0.0
    ]
    if not any(one.waiting < 0.0 for one in wanted):
        return netted, ()

    def cut(factor: float) -> list[Wanted]:
        return [one._replace(units=one.units * factor) if one.units > 0.0 else one for one in netted]

    def fits(factor: float) -> bool:
        return sum(cash_taken(one, one.units, fee) for one in cut(factor)) <= cash

    if fits(1.0) or not any(one.units > 0.0 for one in netted):
        return netted, tuple(notes)
    factor = largest_factor(fits)
    notes.append(f"purchases are cut to {factor:.0%}: the rest waits for the money of open sales")
    return cut(factor), tuple(notes)


def _less_sold(one: Wanted) -> float:
    return min(one.units - one.waiting, 0.0) if one.waiting < 0.0 and one.units <= 0.0 else one.units


def note_pending(sized: SizedOrders, pending: Sequence[OpenOrder], told: Sequence[str]) -> SizedOrders:
    """Return the orders with what is ``told`` of open ones; raises DataError for one against them: both could fill."""
    new = {order.ticker: order for order in sized.orders}
    faults = []
    for one in pending:
        if one.ticker in new and new[one.ticker].side != one.side:
            message = f"found an open order to {_words(one)}, and the rule asks to {new[one.ticker].side}"
            remedy = "cancel first the open order, and remove its row"
            faults.append(f"{one.place}: {message} {new[one.ticker].quantity:g} {one.ticker} now; {remedy}")
    if faults:
        raise DataError(*faults)
    open_ones = "; ".join(map(_words, pending))
    return replace(sized, notes=(*sized.notes, f"open already, and counted: {open_ones}", *told)) if pending else sized


def _words(one: OpenOrder) -> str:
    return f"{one.side} {one.quantity:g} {one.ticker} at {one.limit:g}"
