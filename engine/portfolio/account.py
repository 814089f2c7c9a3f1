"""The account: capital, currency, how orders are filled, what cash earns, what is paid in or out."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from engine.core.arrays import DateArray
from engine.core.fields import ConfigModel, Currency, Money, NonNegative, Positive, Rate
from engine.data.events import DividendUse
from engine.data.sessions import Period, period_numbers


class CashTerms(ConfigModel):
    """What cash earns: an annual effective rate, accrued over calendar days / 365; it may be negative."""

    rate: Rate = 0.0


class Contributions(ConfigModel):
    """A regular flow: paid in when ``amount`` is positive, withdrawn when negative (S11) [currency]."""

    amount: Money = 0.0
    every: Period = "month"
    invest: Literal["towards_targets", "pro_rata", "wait"] = "towards_targets"

    def by_row(self, dates: DateArray, opening: int) -> dict[int, float]:
        """Return money by row: on the first session of each period of ``dates`` (T,) after the ``opening`` (S11).

        Where sessions are rarer than flows, as with quarterly closes, a session has those of all periods before it.
        """
        if not self.amount:
            return {}
        begun = np.diff(period_numbers(dates, self.every), prepend=period_numbers(dates[:1], self.every)).tolist()
        return {row: self.amount * count for row, count in enumerate(begun) if count and row > opening}


class Account(ConfigModel):
    """Where a run's money lies.

    ``execution: close`` fills a decision at the close of its session, ``next_close`` one session later (S2).
    Orders below ``min_order`` [currency] are left out (S3).
    """

    capital: Annotated[Positive, Field(ge=0.01)] = 100_000.0
    currency: Currency = "USD"
    shares: Literal["fractional", "whole"] = "fractional"
    execution: Literal["close", "next_close"] = "close"
    min_order: NonNegative = 0.0
    cash: CashTerms = CashTerms()
    contributions: Contributions = Contributions()

    def without_waiting_contributions(self) -> Account:
        """Return the same account for a portfolio that never decides again: contributions that wait would never end."""
        if self.contributions.invest != "wait":
            return self
        contributions = self.contributions.model_copy(update={"invest": "towards_targets"})
        return self.model_copy(update={"contributions": contributions})

    @property
    def default_dividends(self) -> DividendUse:
        """What is done with dividends where the config does not say: whole shares cannot grow by a fraction (S10)."""
        return "towards_targets" if self.shares == "whole" else "reinvest"

    @property
    def fill_delay(self) -> int:
        """Sessions between a decision and its fill."""
        return 1 if self.execution == "next_close" else 0
