"""What stands in a depot and what was done in it, as files say: money and quantities in decimals, as written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal, NamedTuple, TypeAlias

MAX_NAME: Final = 60
"""Characters that are kept of what a broker calls a security."""

TransactionKind: TypeAlias = Literal[
    "buy",
    "sell",
    "dividend",
    "interest",
    "fee",
    "tax",
    "deposit",
    "withdrawal",
    "transfer_in",
    "transfer_out",
    "split",
]


class Codes(NamedTuple):
    """The codes of a security as a file prints them, in capitals; ``""`` where it prints none."""

    isin: str = ""
    wkn: str = ""
    symbol: str = ""
    conid: str = ""

    @property
    def key(self) -> str:
        """Return the code that tells securities of one file apart, the most exact one that is there."""
        return self.isin or self.wkn or self.conid or self.symbol


class HoldingLot(NamedTuple):
    """What was bought at once: ``quantity`` shares at ``cost`` a share, where the file says when and at what."""

    date: dt.date | None
    quantity: Decimal
    cost: Decimal | None


@dataclass(frozen=True)
class Position:
    """The shares of one security in one account.

    ``account`` is what the user calls it, or ``account 1``: no number of a file is kept. ``cost`` and ``price`` are a
    share's, in ``currency``, which is ``""`` where the file names none; ``date`` is the price's, ``line`` the first
    that names the security.
    """

    account: str
    codes: Codes
    name: str
    quantity: Decimal
    cost: Decimal | None = None
    lots: tuple[HoldingLot, ...] = ()
    currency: str = ""
    price: Decimal | None = None
    date: dt.date | None = None
    line: int = 0


@dataclass(frozen=True)
class Holdings:
    """What one account holds: ``positions`` above zero, one a security, in the file's order.

    ``cash`` is by currency, ``""`` standing for the plan's where the file names none, and empty where the file knows
    nothing of cash; ``settled`` is the part of it that is there already, empty where the file does not tell.
    """

    positions: tuple[Position, ...]
    cash: Mapping[str, Decimal]
    settled: Mapping[str, Decimal]
    layout: str
    path: str
    sha256: str
    date: dt.date | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transaction:
    """One booking.

    ``quantity`` is what the shares held change by, negative for a sale; ``money`` what the account's cash changes by,
    with ``fee`` and ``tax`` taken off already, which are positive when paid. ``rate`` is the rate of exchange as the
    file prints it; ``price`` is a share's in ``currency``.
    """

    date: dt.date
    kind: TransactionKind
    codes: Codes
    quantity: Decimal
    price: Decimal | None
    money: Decimal
    fee: Decimal
    tax: Decimal
    currency: str
    rate: Decimal | None
    account: str
    line: int
    name: str = ""


@dataclass(frozen=True)
class Transactions:
    """The bookings of one account, the oldest first; those of one day as the file has them."""

    items: tuple[Transaction, ...]
    layout: str
    path: str
    sha256: str
    notes: tuple[str, ...] = ()


@dataclass
class Statement:
    """What a layout's reader gathers: accounts are what the file tells them apart by, and not kept.

    ``balances`` are the rows that may be cash or sums of it, by name, of which a user can name one.
    """

    positions: list[Position] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    cash: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    settled: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    balances: list[tuple[str, str, Decimal]] = field(default_factory=list)
    date: dt.date | None = None
    notes: list[str] = field(default_factory=list)

    def add_cash(self, account: str, currency: str, money: Decimal, *, settled: bool = False) -> None:
        """Add ``money`` to what ``account`` has of ``currency``."""
        purse = (self.settled if settled else self.cash).setdefault(account, {})
        purse[currency] = purse.get(currency, Decimal(0)) + money
