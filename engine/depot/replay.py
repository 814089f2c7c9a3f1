"""What is held after all that was ever booked: shares of the first purchases go first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from engine.depot.faults import Faults
from engine.depot.records import Codes, HoldingLot, Position, Statement, Transaction


@dataclass
class _Held:
    codes: Codes
    account: str
    currency: str
    line: int
    name: str = ""
    lots: list[HoldingLot] = field(default_factory=list)

    @property
    def quantity(self) -> Decimal:
        return sum((lot.quantity for lot in self.lots), Decimal(0))


def replay(transactions: Iterable[Transaction], faults: Faults, notes: Iterable[str] = ()) -> Statement:
    """Return the positions, their lots and the cash after ``transactions``, the oldest first.

    Of one day, splits come before what was bought and that before what was sold: with the first purchases going first
    the order inside a day changes no lot, and files do not keep it.

    More shares sold than were there is a fault: the file does not start with the first booking.
    """
    statement = Statement(notes=list(notes))
    held: dict[tuple[str, str], _Held] = {}
    for booking in sorted(transactions, key=_order):
        statement.add_cash(booking.account, booking.currency, booking.money)
        statement.date = booking.date
        if booking.quantity:
            new = _Held(booking.codes, booking.account, booking.currency, booking.line)
            one = held.setdefault((booking.account, booking.codes.key), new)
            one.name = booking.name or one.name
            _move(one, booking, faults)
    statement.positions.extend(_position(one) for one in held.values())
    return statement


def _order(booking: Transaction) -> tuple[dt.date, int]:
    return booking.date, 0 if booking.kind == "split" else 1 if booking.quantity >= 0 else 2


def _move(held: _Held, booking: Transaction, faults: Faults) -> None:
    if booking.kind == "split":
        _split(held, booking, faults)
    elif booking.quantity > 0:
        held.lots.append(HoldingLot(booking.date, booking.quantity, booking.price))
    else:
        _take(held, booking, faults)


def _take(held: _Held, booking: Transaction, faults: Faults) -> None:
    left = -booking.quantity
    while left > 0 and held.lots:
        first = held.lots[0]
        if first.quantity > left:
            held.lots[0] = first._replace(quantity=first.quantity - left)
            return
        left -= first.quantity
        held.lots.pop(0)
    if left > 0:
        message = f"found {-booking.quantity:f} shares going, {-booking.quantity - left:f} were there"
        faults.add(booking.line, message, "export all transactions since the account was opened")


def _split(held: _Held, booking: Transaction, faults: Faults) -> None:
    before = held.quantity
    after = before + booking.quantity
    if before <= 0 or after <= 0:
        message = f"found a split that changes {before:f} shares by {booking.quantity:f}"
        faults.add(booking.line, message, "export all transactions since the account was opened")
        return
    lots = []
    for lot in held.lots:
        quantity = lot.quantity * after / before
        lots.append(HoldingLot(lot.date, quantity, None if lot.cost is None else lot.cost * before / after))
    rest = after - sum((lot.quantity for lot in lots[:-1]), Decimal(0))
    lots[-1] = lots[-1]._replace(quantity=rest)  # what was rounded away stays in the last lot
    held.lots = lots


def _position(held: _Held) -> Position:
    lots, cost = tuple(held.lots), mean_cost(held.lots)
    return Position(held.account, held.codes, held.name, held.quantity, cost, lots, held.currency, line=held.line)


def mean_cost(lots: Iterable[HoldingLot]) -> Decimal | None:
    """Return what a share of ``lots`` cost on average, None where one does not say."""
    listed = list(lots)
    quantity = sum((lot.quantity for lot in listed), Decimal(0))
    costs = [lot.quantity * lot.cost for lot in listed if lot.cost is not None]
    return sum(costs, Decimal(0)) / quantity if quantity and len(costs) == len(listed) else None
