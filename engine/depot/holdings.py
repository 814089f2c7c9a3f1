"""Reading a depot: what is held, and what was booked, from the file of any broker whose layout is known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from engine.core.errors import DataError, shorten
from engine.core.shortlist import shortlist
from engine.depot.documents import Document, open_document
from engine.depot.faults import Faults
from engine.depot.layouts.catalogue import find_layout
from engine.depot.layouts.layout import Layout
from engine.depot.records import (
    Codes,
    HoldingLot,
    Holdings,
    Position,
    Statement,
    Transaction,
    Transactions,
)
from engine.depot.replay import mean_cost, replay
from engine.depot.units import convert_to_whole_units

_OWN_NAMES: Final = "plain"
"""The layout whose accounts the user names."""
_NUMBER_OF_SOMETHING: Final = re.compile(r"[0-9]{4}")
_MAX_FILES: Final = 200


def read_holdings(path: str, layout: str = "", *, account: str = "", cash_account: str = "") -> Holdings:
    """Return what one account holds, as the file at ``path`` says, or all bookings in it add up to.

    ``layout`` names the layout, ``account`` the account where the file has more; ``cash_account`` the row of a
    statement that is the cash. Of a folder of files of one layout the one of the newest day counts.

    Raises DataError with everything that is wrong with the file, when it is of no layout, or of two.
    """
    if (folder := _find_folder(path)) is not None:
        return _read_newest(folder, layout, account, cash_account)
    document = open_document(path)
    found = find_layout(document, layout)
    faults = Faults(path)
    statement = _read_statement(document, found, faults)
    if cash_account:
        _name_cash(statement, cash_account, faults)
    convert_to_whole_units(statement, faults)
    positions = _add_up(statement.positions, faults)
    if not (statement.positions or statement.cash or faults.lines):  # else all of the plan would be bought
        faults.add(0, "found neither positions nor cash", "a depot that is empty is a table with the one row CASH")
    faults.raise_all()
    names = _name_accounts(statement, found)
    chosen = _choose_account(path, names, account)
    keys = {key for key, name in names.items() if name == chosen}
    mine = tuple(replace(one, account=chosen) for one in positions if one.account in keys)
    return Holdings(
        positions=mine,
        cash=_purse(statement.cash, keys),
        settled=_purse(statement.settled, keys),
        layout=found.name,
        path=path,
        sha256=document.sha256,
        date=statement.date or max((one.date for one in mine if one.date), default=None),
        notes=tuple(statement.notes),
    )


def read_transactions(path: str, layout: str = "", *, account: str = "") -> Transactions:
    """Return the bookings of one account; ``layout`` and ``account`` as in :func:`read_holdings`.

    Raises DataError with everything that is wrong with the file, when it is of no layout, or of two, or has holdings
    but no bookings.
    """
    document = open_document(path)
    found = find_layout(document, layout)
    if found.transactions is None:
        message = f"found the layout {found.name}, which has no transactions"
        raise DataError(f"{path}: {message}; export the transactions or the account statement")
    faults = Faults(path)
    statement = found.transactions(document, faults)
    convert_to_whole_units(statement, faults)
    faults.raise_all()
    names = _name_accounts(statement, found)
    chosen = _choose_account(path, names, account)
    items = _in_order(statement.transactions)
    mine = tuple(replace(one, account=chosen) for one in items if names[one.account] == chosen)
    return Transactions(mine, found.name, path, document.sha256, tuple(statement.notes))


def _find_folder(path: str) -> Path | None:
    try:
        place = Path(path).expanduser()
        return place if path and place.is_dir() else None
    except (OSError, ValueError, RuntimeError):  # too long, a zero byte, a home that does not exist
        return None


def _read_newest(folder: Path, layout: str, account: str, cash_account: str) -> Holdings:
    """Return the holdings of the newest day of the CSV files of a folder, which are all of one layout."""
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv" and path.is_file())
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}); check its permissions") from None
    if not files or len(files) > _MAX_FILES:
        message = f"found {len(files)} CSV files, expected 1 to {_MAX_FILES} of one depot"
        raise DataError(f"{folder}: {message}; name one file")
    every = [read_holdings(str(path), layout, account=account, cash_account=cash_account) for path in files]
    names = {one.layout for one in every}
    days = [one.date for one in every if one.date]
    if len(names) > 1 or len(set(days)) < len(every):
        message = f"found {len(every)} files of the layouts {', '.join(sorted(names))} and {len(set(days))} days"
        raise DataError(f"{folder}: {message}, expected one layout and one file a day; name one file")
    return max(every, key=lambda one: str(one.date))


def _read_statement(document: Document, found: Layout, faults: Faults) -> Statement:
    if found.holdings is not None:
        return found.holdings(document, faults)
    if found.transactions is None or not found.replays:
        message = f"found the layout {found.name}, which does not say what is held"
        faults.add(0, message, "export the positions, or write a table with the columns ticker, isin, quantity")
        return Statement()
    booked = found.transactions(document, faults)
    convert_to_whole_units(booked, faults)
    faults.raise_all()
    return replay(_in_order(booked.transactions), faults, booked.notes)


def _in_order(transactions: list[Transaction]) -> list[Transaction]:
    """Return bookings with the oldest first: files that start with the newest are turned around."""
    turned = bool(transactions) and transactions[0].date > transactions[-1].date
    in_order = sorted(transactions, key=lambda one: (one.date, -one.line if turned else one.line))
    return [_with_costs_of_its_own(one) for one in in_order]


def _with_costs_of_its_own(one: Transaction) -> Transaction:
    """Return a booking that is a fee or a tax as one: all its money is."""
    zero = Decimal(0)
    if one.kind == "fee":
        return replace(one, fee=-one.money, tax=zero)
    return replace(one, fee=zero, tax=-one.money) if one.kind == "tax" else one


def _name_cash(statement: Statement, name: str, faults: Faults) -> None:
    """Let the row that the user names be the cash."""
    rows = [(currency, money) for called, currency, money in statement.balances if called == name]
    if len(rows) == 1:
        statement.add_cash("", *rows[0])
        return
    message = f"found {len(rows)} rows without a quantity of the name given for the cash, expected one"
    faults.add(0, message, "write the name as it stands in the file, or give the amount with --cash")


def _add_up(positions: Iterable[Position], faults: Faults) -> list[Position]:
    """Return one position for each security of an account: none of nothing, none below zero."""
    groups: dict[tuple[str, str], list[Position]] = {}
    for at, one in enumerate(positions):
        groups.setdefault((one.account, one.codes.key or f"row {at}"), []).append(one)
    added = [_add(group, faults) for group in groups.values()]
    for one in added:
        if one.quantity < 0:
            message = f"found {one.quantity:f} shares, expected none below zero"
            faults.add(one.line, message, "close the short position first, or leave it out of a copy of the file")
    return [one for one in added if one.quantity > 0]


def _add(group: list[Position], faults: Faults) -> Position:
    """Return the sum of rows of one security; prices in two currencies say nothing, and are a fault."""
    first = group[0]
    if len(group) == 1:
        return first
    for other in group[1:]:
        if first.price is not None and other.price is not None and first.currency != other.currency:
            message = f"found {first.codes.key} at a price in {other.currency or 'no currency'}"
            remedy = "keep one of both rows in a copy of the file, with all the shares"
            faults.add(other.line, f"{message}, expected {first.currency or 'none'} as in line {first.line}", remedy)
    codes = Codes(
        *(next((code for code in every if code), "") for every in zip(*(one.codes for one in group), strict=True))
    )
    lots = tuple(lot for one in group for lot in one.lots or (HoldingLot(None, one.quantity, one.cost),))
    currencies = {one.currency for one in group}
    return replace(
        first,
        codes=codes,
        quantity=sum((one.quantity for one in group), Decimal(0)),
        cost=mean_cost(lots) if len(currencies) == 1 else None,
        lots=lots if len(currencies) == 1 else tuple(lot._replace(cost=None) for lot in lots),
        currency=first.currency if len(currencies) == 1 else "",
    )


def _name_accounts(statement: Statement, layout: Layout) -> dict[str, str]:
    """Return what each account is called: the user's own word, or a number of ours, never one of the file's.

    What names no account belongs to the only one that has a name.
    """
    found = [
        *(one.account for one in statement.positions),
        *(one.account for one in statement.transactions),
        *statement.cash,
        *statement.settled,
    ]
    keys = list(dict.fromkeys(found)) or [""]
    named = [key for key in keys if key]
    names = {}
    for count, key in enumerate(named, 1):
        own = layout.name == _OWN_NAMES and not _NUMBER_OF_SOMETHING.search(key)
        names[key] = shorten(key, 40) if own else f"account {count}"
    if "" in keys:
        names[""] = names[named[0]] if len(named) == 1 else f"account {len(named) + 1}"
    return names


def _choose_account(path: str, names: Mapping[str, str], wanted: str) -> str:
    """Return the account that is meant; raises DataError when there are more, or none is called so."""
    known = list(dict.fromkeys(names.values()))
    if wanted in known or (not wanted and len(known) == 1):
        return wanted or known[0]
    message = f"found the accounts {shortlist(known)}, expected one"
    if wanted:
        message = f"found the accounts {shortlist(known)}, expected one called '{shorten(wanted, 40)}'"
    raise DataError(f"{path}: {message}; name it with --account, cash does not move between accounts")


def _purse(purses: Mapping[str, Mapping[str, Decimal]], keys: Iterable[str]) -> dict[str, Decimal]:
    """Return the money of the accounts together, by currency."""
    together: dict[str, Decimal] = {}
    for key in keys:
        for code, money in purses.get(key, {}).items():
            together[code] = together.get(code, Decimal(0)) + money
    return together
