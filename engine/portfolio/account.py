"""The account: capital, currency, how orders are filled, what cash earns, what is paid in or out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from engine.core.arrays import DateArray
from engine.core.fields import ConfigModel, Currency, FieldFault, NonNegative, Positive, Rate, validates_fields
from engine.data.events import DividendUse
from engine.portfolio.cash_flow_plans import CashFlowPlan, Invest, flows_by_row


class CashTerms(ConfigModel):
    """What cash earns: an annual effective rate, accrued over calendar days / 365; it may be negative."""

    rate: Rate = 0.0


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
    contributions: CashFlowPlan | Annotated[tuple[CashFlowPlan, ...], Field(min_length=1)] = CashFlowPlan()

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        """Yield plans that are invested otherwise than the first: those of one session are netted into one flow."""
        for at, plan in enumerate(self.flow_plans):
            if plan.invest != self.invest:
                message = f"invest is {plan.invest} here and {self.invest} in the first plan"
                yield ("contributions", at, "invest"), f"{message}; flows are netted, so write one for all of them"

    @property
    def flow_plans(self) -> tuple[CashFlowPlan, ...]:
        """What is paid in or out, plan by plan."""
        return (self.contributions,) if isinstance(self.contributions, CashFlowPlan) else self.contributions

    @property
    def has_flows(self) -> bool:
        """Whether anything is planned to be paid in or out."""
        return not all(plan.is_none for plan in self.flow_plans)

    @property
    def invest(self) -> Invest:
        """What contributions buy and withdrawals sell."""
        return self.flow_plans[0].invest

    def flows_by_row(self, dates: DateArray, opening: int) -> Mapping[int, float]:
        """Return what is paid in or out by row of ``dates`` (T,), after the ``opening`` (S11) [currency]."""
        return flows_by_row(self.flow_plans, dates, opening)

    def without_waiting_contributions(self) -> Account:
        """Return the same account for a portfolio that never decides again: contributions that wait would never end."""
        if self.invest != "wait":
            return self
        plans = tuple(plan.model_copy(update={"invest": "towards_targets"}) for plan in self.flow_plans)
        return self.model_copy(update={"contributions": plans})

    @property
    def default_dividends(self) -> DividendUse:
        """What is done with dividends where the config does not say: whole shares cannot grow by a fraction (S10)."""
        return "towards_targets" if self.shares == "whole" else "reinvest"

    @property
    def fill_delay(self) -> int:
        """Sessions between a decision and its fill."""
        return 1 if self.execution == "next_close" else 0
