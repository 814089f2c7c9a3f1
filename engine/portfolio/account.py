"""The account: capital, currency, how orders are filled, what cash earns, what is paid in or out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, TypeAlias

import numpy as np
from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer
from pydantic_core import PydanticCustomError

from engine.core.arrays import DateArray, FloatArray
from engine.core.errors import DataError, shorten
from engine.core.fields import (
    ConfigModel,
    Currency,
    FieldFault,
    NonNegative,
    Positive,
    Weight,
    quote_value,
    validates_fields,
)
from engine.data.events import DividendUse
from engine.data.sources.rates import DatedRate
from engine.portfolio.cash_flow_plans import CashFlowPlan, Invest, SessionFlow, flows_by_row


class CashTerms(ConfigModel):
    """What cash earns: an annual effective rate, accrued over calendar days / 365; it may be negative.

    A dated series earns from each session to the next what was published by the first of them.
    """

    rate: DatedRate = 0.0

    def annual_rates(self, dates: DateArray, first: int, end: int) -> float | FloatArray:
        """Return the rate [1/year]: one, or (T,) what is earned from the session before to each of ``dates``.

        A dated one is known for a window of rows ``first`` to before ``end``, and 0 elsewhere. Raises DataError when
        its file does not cover the window.
        """
        if isinstance(self.rate, float):
            return self.rate
        rates = np.zeros(len(dates))
        if end - first > 1:
            rates[first + 1 : end] = self.rate.annual_rates(dates[first : end - 1], "account.cash.rate", ends=True)
        return rates


class LimitOrders(ConfigModel):
    """Orders with a limit: filled at the close where it is no worse than the close before by more than ``margin``.

    Others are left out until the next decision (S3).
    """

    kind: Literal["limit"] = "limit"
    margin: Weight


def _validate_execution(value: object) -> object:
    kind = value.get("kind", "limit") if isinstance(value, Mapping) else None
    if kind == "limit" or isinstance(value, LimitOrders) or value in ("close", "next_close"):
        return value
    found = quote_value(value) if kind is None else f"{{kind: {shorten(str(kind), 60)}}}"
    message = f"found {found}; expected close, next_close or {{kind: limit, margin: 0.5%}}"
    raise PydanticCustomError("execution", "{text}", {"text": message})


Execution: TypeAlias = Annotated[Literal["close", "next_close"] | LimitOrders, BeforeValidator(_validate_execution)]
"""How a decision is filled: at the close of its session, one session later, or at the close within a limit."""


def _validate_flows(value: object) -> object:
    if isinstance(value, (Mapping, list, tuple, CashFlowPlan)) and value not in ([], ()):
        return value
    found = f"found {quote_value(value)}" if isinstance(value, str) else "found an empty list"
    message = f"{found}, expected a plan or a list of them; as {{amount: 100, every: month}}, or leave it out"
    raise PydanticCustomError("flows", "{text}", {"text": message})


class Account(ConfigModel):
    """Where a run's money lies.

    ``execution: close`` fills a decision at the close of its session, ``next_close`` one session later (S2), ``{kind:
    limit, margin: 0.5%}`` at its close where a limit allows that.
    Orders below ``min_order`` [currency] are left out (S3). A withdrawal that is all that can be raised, or more, is an
    error, or with ``when_spent: stop`` the last one: it pays what there is, and the portfolio ends (S11).
    """

    capital: Annotated[Positive, Field(ge=0.01)] = 100_000.0
    currency: Currency = "USD"
    shares: Literal["fractional", "whole"] = "fractional"
    execution: Execution = "close"
    min_order: NonNegative = 0.0
    cash: CashTerms = CashTerms()
    contributions: Annotated[
        CashFlowPlan | Annotated[tuple[CashFlowPlan, ...], Field(min_length=1)], BeforeValidator(_validate_flows)
    ] = CashFlowPlan()
    when_spent: Literal["error", "stop"] = "error"

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        """Yield plans that are invested otherwise than the first: those of one session are netted into one flow."""
        for at, plan in enumerate(self.flow_plans):
            if plan.invest != self.invest:
                message = f"invest is {plan.invest} here and {self.invest} in the first plan"
                yield ("contributions", at, "invest"), f"{message}; flows are netted, so write one for all of them"

    @model_serializer(mode="wrap")
    def _leave_out_what_is_not_read(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        written: dict[str, object] = write(self)
        if not self.has_flows:
            written.pop("when_spent", None)
        return written

    @property
    def flow_plans(self) -> tuple[CashFlowPlan, ...]:
        """What is paid in or out, plan by plan."""
        return (self.contributions,) if isinstance(self.contributions, CashFlowPlan) else self.contributions

    def describe_idle_plans(self, dates: DateArray, opening: int) -> Iterator[str]:
        """Yield which plans pay nothing at any of the sessions ``dates`` (T,) after the ``opening``."""
        for at, plan in enumerate(self.flow_plans):
            if not plan.is_none and not plan.by_row(dates, opening):
                key = "" if isinstance(self.contributions, CashFlowPlan) else f".{at}"
                yield (
                    f"account.contributions{key} pays nothing: it is due on no session after the opening on "
                    f"{dates[opening]}, up to {dates[-1]}."
                )

    @property
    def has_flows(self) -> bool:
        """Whether anything is planned to be paid in or out."""
        return not all(plan.is_none for plan in self.flow_plans)

    @property
    def withdraws(self) -> bool:
        """Whether any plan takes money out."""
        return any(plan.amount < 0.0 or (plan.percent or 0.0) < 0.0 for plan in self.flow_plans)

    @property
    def stops_when_spent(self) -> bool:
        """Whether a portfolio ends with the withdrawal that takes all there is."""
        return self.when_spent == "stop"

    @property
    def invest(self) -> Invest:
        """What contributions buy and withdrawals sell."""
        return self.flow_plans[0].invest

    def flows_by_row(self, dates: DateArray, opening: int) -> Mapping[int, SessionFlow]:
        """Return what is paid in or out by row of ``dates`` (T,), after the ``opening`` (S11).

        Raises DataError when a plan's index lacks a day that it needs.
        """
        try:
            return flows_by_row(self.flow_plans, dates, opening)
        except DataError as error:
            raise DataError(*(f"account.contributions: {line}" for line in error.args)) from None

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
    def limit_margin(self) -> float | None:
        """How far a close may be worse than the one before for an order to be filled; None without limits."""
        return self.execution.margin if isinstance(self.execution, LimitOrders) else None

    def without_limits(self) -> Account:
        """Return the same account with every order filled at its close."""
        return self.model_copy(update={"execution": "close"})

    @property
    def fill_delay(self) -> int:
        """Sessions between a decision and its fill."""
        return 1 if self.execution == "next_close" else 0
