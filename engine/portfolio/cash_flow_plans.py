"""What is planned to be paid into the account, or out of it: how much, when, from which date to which (S11)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal, NamedTuple, TypeAlias

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from engine.core.arrays import DateArray, FloatArray, IntArray
from engine.core.fields import (
    ConfigModel,
    Date,
    FieldFault,
    Fraction,
    Money,
    Rate,
    file_faults,
    rate_or_file,
    validates_fields,
)
from engine.data.price_index import PriceIndex
from engine.data.sessions import Period, period_numbers

Invest: TypeAlias = Literal["towards_targets", "pro_rata", "wait"]


class SessionFlow(NamedTuple):
    """What one session pays in or out: an ``amount`` [currency] and a ``share`` of the value at its close."""

    amount: float
    share: float = 0.0

    def money(self, value: float) -> float:
        """Return the flow at a ``value`` before flows and trading [currency]."""
        return self.amount + self.share * value if self.share else self.amount


class CashFlowPlan(ConfigModel):
    """An ``amount`` [currency], or a ``percent`` of the value, paid in where positive, withdrawn where negative.

    Every period ``from`` one date ``to`` another, or once ``on`` a date. Without dates it is as long as the run. An
    ``indexed`` amount rises by a rate once a year, or as an index of prices does, from the plan's first date on:
    ``from``, or else the opening.
    """

    amount: Money = 0.0
    percent: Annotated[Fraction, Field(ge=-1.0, le=1.0)] | None = None
    every: Period = "month"
    on: Date | None = None
    first: Date | None = Field(default=None, alias="from")
    last: Date | None = Field(default=None, alias="to")
    indexed: Annotated[PriceIndex | Rate | None, rate_or_file("{path: cpi.csv}")] = None
    invest: Invest = "towards_targets"

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        """Yield dates that contradict each other, and a plan that says when and not how much."""
        when = {"every", "on", "first", "last", "indexed"} & self.model_fields_set
        if when and not {"amount", "percent"} & self.model_fields_set:
            key = {"first": "from", "last": "to"}.get(word := min(when), word)
            yield (key,), "a plan without an amount pays nothing; write amount: 100, or percent: 4%"
        if self.first and self.last and self.last < self.first:
            yield ("to",), f"the flow ends on {self.last}, before it begins on {self.first}; write a later date"
        if self.percent is not None and self.amount:
            message = f"percent and an amount of {self.amount:,.2f} in one plan"
            yield ("percent",), f"{message}; leave one out, or write two plans: [{{amount: ..}}, {{percent: ..}}]"
        if self.percent is not None and self.indexed is not None:
            yield ("indexed",), "indexed raises an amount, and a percentage rises with the value; leave it out"
        if self.on:
            stated = {"every", "first", "last", "indexed"} & self.model_fields_set
            for name in sorted(stated - {name for name in stated if getattr(self, name) is None}):
                key = {"first": "from", "last": "to"}.get(name, name)
                yield (key,), f"{key} is of a flow that recurs, and this one is paid on {self.on} only; leave one out"

        if self.first and isinstance(self.indexed, PriceIndex):
            with file_faults(("indexed", "path")):
                self.indexed.values_on(np.array([self.first], "datetime64[D]"))

    @model_serializer(mode="wrap")
    def _leave_out_what_is_not_read(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        written: dict[str, object] = write(self)
        if self.on:
            written.pop("every", None)
        if self.percent is not None:
            written.pop("amount", None)
        return written

    @property
    def is_none(self) -> bool:
        """Whether nothing is ever paid."""
        return not (self.amount or self.percent)

    def misses(self, start: dt.date | None, end: dt.date | None) -> bool:
        """Return whether its dates lie outside a window: nothing is paid at the opening, nor after the end."""
        early = start is not None and ((self.on or dt.date.max) <= start or (self.last or start) < start)
        late = end is not None and max(self.on or end, self.first or end) > end
        return not self.is_none and (early or late)

    def by_row(self, dates: DateArray, opening: int) -> dict[int, float]:
        """Return money, or shares of the value, by row of ``dates`` (T,).

        It is due at the first session of each period after the ``opening`` (S11).
        The first flow of a plan ``from`` a date is paid at the first session on or after it. Where sessions are rarer
        than flows, as with quarterly closes, a session has those of all periods before it.
        """
        if self.is_none:
            return {}
        begun = self._begun(dates)
        counts = np.diff(begun, prepend=begun[:1])
        counts[: opening + 1] = 0
        rows = np.flatnonzero(counts)
        money = (self.amount if self.percent is None else self.percent) * counts[rows]
        if self.indexed is not None and len(rows):
            money = money * self._index(
                self.indexed, dates[rows], np.array([self.first or dates[opening]], dates.dtype)
            )
        return dict(zip(rows.tolist(), money.tolist(), strict=True))

    @staticmethod
    def _index(indexed: PriceIndex | float, dates: DateArray, first: DateArray) -> FloatArray:
        """Return (K,) what one of the ``first`` date (1,) has become on ``dates`` (K,)."""
        if isinstance(indexed, PriceIndex):
            return indexed.values_on(dates) / indexed.values_on(first)
        years = (period_numbers(dates, "month") - period_numbers(first, "month")) // 12
        grown = np.full(int(years.max()) + 1, 1.0 + indexed)
        grown[0] = 1.0
        return np.asarray(np.multiply.accumulate(grown)[years])

    def _begun(self, dates: DateArray) -> IntArray:
        """Return (T,) a number that rises by one with every flow that has become due."""
        if self.on:
            return (dates >= np.datetime64(self.on)).astype(np.int64)
        begun = period_numbers(dates, self.every)
        if self.last:
            begun = np.minimum(begun, period_numbers(np.array([self.last], "datetime64[D]"), self.every))
        if self.first:
            before = period_numbers(np.array([self.first], "datetime64[D]"), self.every) - 1
            begun = np.where(dates < np.datetime64(self.first), before, begun)
        return begun


def flows_by_row(plans: Iterable[CashFlowPlan], dates: DateArray, opening: int) -> Mapping[int, SessionFlow]:
    """Return what all plans together pay by row of ``dates`` (T,): those of one session are one flow."""
    found: dict[int, SessionFlow] = {}
    for plan in plans:
        for row, paid in plan.by_row(dates, opening).items():
            amount, share = found.get(row, SessionFlow(0.0))
            found[row] = (
                SessionFlow(amount + paid, share) if plan.percent is None else SessionFlow(amount, share + paid)
            )
    return {row: found[row] for row in sorted(found) if any(found[row])} if found else found
