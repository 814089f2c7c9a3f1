"""A budget of tax a year: what a law can say of sales so that a rebalance goes as far as the budget allows (S19).

Gains are of two kinds, as a law tells them apart: of stocks and other ones, short-term and long-term ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

from engine.core.arrays import DateArray, FloatArray
from engine.data.market import Market
from engine.tax.book import Taxation, TaxBook


class SaleLot(NamedTuple):
    """A lot in the order in which it is sold: its ``units``, and what one of them gains of each kind [currency]."""

    units: float
    first: float
    second: float


class GainLimit(NamedTuple):
    """``first`` times the gains of the first kind and ``second`` times those of the second are no more than ``bound``.

    Both factors are zero or more; ``bound`` [currency].
    """

    first: float
    second: float
    bound: float


@runtime_checkable
class HasBudget(Protocol):
    """A law whose config may name a budget, and whose books are :class:`BudgetedBook`."""

    @property
    def budget(self) -> float | None:
        """Tax a calendar year that no rebalance goes beyond [currency], None for any."""


@runtime_checkable
class BudgetedBook(TaxBook, Protocol):
    """A book that can say how far sales may go."""

    def tax_of_year(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Return the tax of the calendar year of ``row`` so far, with these ``trades`` (N,); nothing is booked."""

    def lots_for_sale(self, row: int, asset: int, price: float) -> Sequence[SaleLot]:
        """Return the lots of a column in the order in which they are sold, before fees, wash sales aside."""

    def gain_limits(self, row: int, most: float) -> Sequence[Sequence[GainLimit]]:
        """Return what keeps the year's tax at ``most`` [currency]: all limits of any one of these sets.

        ``most`` is at least the tax of the year so far.
        """


@dataclass(frozen=True)
class BudgetProblem:
    """The weights nearest to ``target`` (N,) that the limits allow; everything is a share of what is left after it.

    Attributes
    ----------
    held : (N,) weights without a trade
    lower, upper : (N,) between which each weight may be
    least, most : between which they may add up to
    lots : of each asset, ``units`` being weight, and gains for each weight sold
    limits : as ``BudgetedBook.gain_limits`` has them
    closes : (T, N) up to yesterday, NaN where there is none; their returns say how far apart weights are

    """

    target: FloatArray
    held: FloatArray
    lower: FloatArray
    upper: FloatArray
    least: float
    most: float
    lots: Sequence[Sequence[SaleLot]]
    limits: Sequence[Sequence[GainLimit]]
    closes: FloatArray


NearestWeights: TypeAlias = Callable[[BudgetProblem], FloatArray]
"""Solves a problem: returns (N,) weights."""


class TaxBudget(NamedTuple):
    """How much tax a calendar year may bring before a rebalance stops [currency], and what finds how far it goes."""

    money: float
    nearest: NearestWeights


@dataclass(frozen=True)
class BudgetedTaxation:
    """A law, and the ``budget`` that its rebalances keep to."""

    law: Taxation
    budget: TaxBudget

    @property
    def reinvests(self) -> bool:
        """Whether dividends after tax buy more of what paid them."""
        return self.law.reinvests

    @property
    def outside(self) -> bool:
        """Whether taxes that no order raises are paid from elsewhere where cash is short, and not by sales."""
        return self.law.outside

    def assessment_rows(self, dates: DateArray, opening: int) -> Sequence[int]:
        """Return the rows at which an assessment may make something due."""
        return self.law.assessment_rows(dates, opening)

    def open_book(self, market: Market, opening: int) -> TaxBook:
        """Return the empty book of a portfolio that opens at row ``opening`` of ``market``."""
        return self.law.open_book(market, opening)
