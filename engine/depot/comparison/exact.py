"""Bookings, closes and the growth of cash in exact fractions: what they add up to has no remainder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, NamedTuple, TypeAlias

ZERO: Final = Fraction(0)
DUST: Final = Fraction(1, 10**6)
"""Shares that are none: brokers and floats round."""
HELD_AT_START: Final = "held at the start"
"""The words of what was there before all trades: as if it was bought at that close."""
CashKind: TypeAlias = Literal["dividend", "interest", "fee", "tax"]
_MOST_PARTS: Final = 10**7
_NEAR: Final = 1e-14
"""How far a number of shares may be from a ratio of small numbers to be meant as that."""


class ExactTrade(NamedTuple):
    """What was bought, or sold where negative, at the session ``row``.

    ``quantity`` is in units of the market, ``price`` is one unit's; ``fee`` and ``tax`` are positive when paid
    [currency]. ``words`` say what it was where it was no order.
    """

    row: int
    ticker: str
    quantity: Fraction
    price: Fraction
    fee: Fraction = ZERO
    tax: Fraction = ZERO
    words: str = ""

    @property
    def cost(self) -> Fraction:
        """What the account's cash changed by, with the other sign [currency]."""
        return self.quantity * self.price + self.fee + self.tax


class ExactCash(NamedTuple):
    """Money that came at the session ``row``, or went where negative, without a trade.

    Dividends have a ``ticker``, and so has what is kept back from them.
    """

    row: int
    kind: CashKind
    ticker: str
    money: Fraction


@dataclass(frozen=True)
class Bookings:
    """All that changed an account beside what was paid in or out, and what was there at the start.

    ``reinvested`` are the purchases that dividends paid for, which are not among ``trades``.
    """

    trades: tuple[ExactTrade, ...]
    cash: tuple[ExactCash, ...] = ()
    reinvested: tuple[ExactTrade, ...] = ()

    def every_trade(self) -> Iterable[ExactTrade]:
        """Yield all trades."""
        yield from self.trades
        yield from self.reinvested


@dataclass(frozen=True)
class ExactQuotes:
    """What sessions look like to both accounts.

    ``dates`` T ISO days; ``close`` and ``shares`` of a ticker at a row: one unit's close [currency/unit], and the
    shares of that day that one unit is; ``last`` by ticker the close at the end; ``growth`` T, what one unit of cash
    becomes from a row to the end.
    """

    dates: Sequence[str]
    close: Callable[[str, int], Fraction]
    shares: Callable[[str, int], Fraction]
    last: Mapping[str, Fraction]
    growth: Sequence[Fraction]


def gain(account: Bookings, last: Mapping[str, Fraction]) -> Fraction:
    """Return what the bookings of an account have left at the end [currency]: flows and the start are not in it."""
    traded = sum((one.quantity * last[one.ticker] - one.cost for one in account.every_trade()), ZERO)
    return traded + sum((one.money for one in account.cash), ZERO)


def as_printed(number: float) -> Fraction:
    """Return a number as a statement prints it, with all its digits.

    >>> as_printed(0.1)
    Fraction(1, 10)
    """
    return Fraction(Decimal(repr(number)))


def as_price(number: float) -> Fraction:
    """Return a price as it is printed: what splits and rates make of a float beyond 15 digits is no digit of it.

    >>> as_price(0.1 + 0.2)
    Fraction(3, 10)
    """
    return Fraction(Decimal(f"{number:.15g}"))


def as_ratio(shares: float) -> Fraction:
    """Return shares of a day that one unit is: splits are ratios of small numbers, whatever floats make of them.

    >>> as_ratio(1.0 / 3.0)
    Fraction(1, 3)
    """
    exact = Fraction(shares)
    near = exact.limit_denominator(_MOST_PARTS)
    return near if abs(float(near / exact) - 1.0) <= _NEAR else exact
