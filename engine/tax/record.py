"""What taxes a run paid: every booking, every year, every lot that is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple, Protocol, TypeAlias

from engine.core.arrays import FloatArray

IncomeKind: TypeAlias = Literal["dividend", "interest", "advance", "sale"]
"""Income of an asset or of cash, deemed income of a fund (Vorabpauschale), a sale from one lot."""

EntryKind: TypeAlias = IncomeKind | Literal["withdrawal", "wealth", "assessment"]
"""What was booked: income, money taken out of a retirement account, a tax on what is owned; or a year's tax, which its
own entries cannot say alone."""


class TaxEntry(NamedTuple):
    """One line of ``taxes.csv``; rows are the market's, -1 where there is none.

    ``year`` whose income it is; ``asset`` a column; ``lot_row`` the purchase; ``units`` signed as traded; ``gain``
    before any exemption [currency], of income all of it; ``exempt`` of that, ``taxable`` the rest, signed; ``tax`` due
    by it, allotted pro rata where several were booked together, 0 where a year is assessed; ``withheld`` abroad.
    What is not said is 0.
    """

    row: int
    year: int
    asset: int
    kind: EntryKind
    lot_row: int = -1
    units: float = 0.0
    gain: float = 0.0
    exempt: float = 0.0
    taxable: float = 0.0
    tax: float = 0.0
    withheld: float = 0.0


class Booking(Protocol):
    """What an entry and a line of ``taxes.csv`` have in common."""

    @property
    def kind(self) -> str:
        """What was booked."""

    @property
    def tax(self) -> float:
        """What is due by it [currency]."""


def booked_tax(bookings: Sequence[Booking], paid: float, owed: float) -> float:
    """Return what the tax of all ``bookings`` has to be where ``paid`` has left and ``owed`` is due at the end.

    Tax that leaves at once is booked before it is paid, that of a year when it is assessed.
    """
    return paid + owed if any(one.tax and one.kind != "assessment" for one in bookings) else paid


class OpenLot(NamedTuple):
    """What is left of one purchase: ``cost`` and ``deemed`` income taxed already, of all ``units`` [currency]."""

    asset: int
    row: int
    units: float
    cost: float
    deemed: float = 0.0


class TaxYear(NamedTuple):
    """One calendar year [currency]: ``total`` tax, and the kinds that it is made of.

    ``credited`` and ``credit_lost``: tax withheld abroad that was, or could have been, set off; ``gains`` and
    ``losses`` realised, before any exemption, losses as a negative number; ``allowance`` used.
    """

    year: int
    total: float = 0.0
    dividends: float = 0.0
    advance: float = 0.0
    sales: float = 0.0
    interest: float = 0.0
    credited: float = 0.0
    credit_lost: float = 0.0
    gains: float = 0.0
    losses: float = 0.0
    allowance: float = 0.0


@dataclass(frozen=True)
class TaxRecord:
    """The taxes of one portfolio.

    Attributes
    ----------
    entries : in the order in which they were booked
    years : in order, the last one as it stands at the last session
    lots : what is held at the end
    pots : losses that are left to be set off, by name [currency]
    accrued : owed at the end, not paid yet [currency]; negative where more comes back
    latent : tax on selling everything at the last closes, beside ``accrued`` [currency]
    notes : what a reader should know of it, one sentence each

    """

    entries: tuple[TaxEntry, ...]
    years: tuple[TaxYear, ...]
    lots: tuple[OpenLot, ...]
    pots: Mapping[str, float]
    accrued: float
    latent: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaxFlows:
    """When taxes left an account: (T,) each, by session [currency].

    ``paid`` out of the account, refunds negative; ``withheld`` abroad out of its dividends; ``outside``: paid by the
    investor from elsewhere. ``write_record`` returns what they were paid for; ``stopped`` are the sessions of
    rebalances that a budget of tax ended before their targets.
    """

    paid: FloatArray
    withheld: FloatArray
    outside: FloatArray
    write_record: Callable[[], TaxRecord] = field(repr=False)
    stopped: tuple[int, ...] = ()

    @cached_property
    def record(self) -> TaxRecord:
        """What they were paid for; written when it is first asked for, as a run takes less time than its record."""
        return self.write_record()
