"""Pence, cents and agorot of brokers' files in whole pounds, rands and shekels."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine.depot.cells import CellError, to_currency
from engine.depot.faults import Faults, quote_cell
from engine.depot.records import Position, Statement, Transaction


def convert_to_whole_units(statement: Statement, faults: Faults) -> None:
    """Let every price and sum of ``statement`` be in whole units of a currency; what is no currency is a fault."""
    statement.positions = [_convert_position(one, faults) for one in statement.positions]
    statement.transactions = [_convert_booking(one, faults) for one in statement.transactions]
    for purses in (statement.cash, statement.settled):
        for account, purse in purses.items():
            whole: dict[str, Decimal] = {}
            for code, money in purse.items():
                currency, parts = _unit(code, 0, faults)
                whole[currency] = whole.get(currency, Decimal(0)) + money / parts
            purses[account] = whole


def _unit(code: str, line: int, faults: Faults) -> tuple[str, Decimal]:
    """Return the currency and how many of the unit make one of it."""
    if not code:
        return "", Decimal(1)
    try:
        currency, share = to_currency(code, Decimal(1))
    except CellError as error:
        faults.add(line, f"found the currency {quote_cell(code)}, expected {error}", "export the file once more")
        return "", Decimal(1)
    return currency, 1 / (share or Decimal(1))


def _convert_position(one: Position, faults: Faults) -> Position:
    currency, parts = _unit(one.currency, one.line, faults)
    if parts == 1:
        return replace(one, currency=currency)
    lots = tuple(lot._replace(cost=_divide(lot.cost, parts)) for lot in one.lots)
    price, cost = _divide(one.price, parts), _divide(one.cost, parts)
    return replace(one, currency=currency, price=price, cost=cost, lots=lots)


def _convert_booking(one: Transaction, faults: Faults) -> Transaction:
    currency, parts = _unit(one.currency, one.line, faults)
    if parts == 1:
        return replace(one, currency=currency)
    price, money, fee, tax = _divide(one.price, parts), one.money / parts, one.fee / parts, one.tax / parts
    return replace(one, currency=currency, price=price, money=money, fee=fee, tax=tax)


def _divide(money: Decimal | None, parts: Decimal) -> Decimal | None:
    return None if money is None else money / parts
