"""WHEN a strategy decides: never, once a year, every period, when weights drift, or any of these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, TypeAlias

import numpy as np
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from engine.core.arrays import DateArray, IntArray
from engine.core.fields import ConfigModel, FieldFault, Fraction, WholeNumber, validates_fields
from engine.data.sessions import MONTH_NAMES, calendar_years, is_period_start, month_session_rows, period_numbers
from engine.portfolio.policy import Band


class ScheduleRule(ConfigModel):
    """Base of the rebalance rules: without dates and without a drift band unless a rule adds them."""

    decides: ClassVar[bool] = True

    @property
    def counts_years(self) -> bool:
        """Whether its dates depend on the year of the opening."""
        return False

    def calendar(self, dates: DateArray, opened: int | None = None) -> dict[int, str]:
        """Return the rows of its decisions, each with the reason; ``opened`` is the year of the opening, if any."""
        return {}

    def band(self, dates: DateArray) -> Band | None:
        """Return its drift band."""
        return None


class Never(ScheduleRule):
    """The opening purchase is never touched again."""

    kind: Literal["never"] = "never"
    decides: ClassVar[bool] = False


class Annual(ScheduleRule):
    """Once a year, on the first, last or n-th session of a month; or once in ``every`` years after the opening's."""

    kind: Literal["annual"] = "annual"
    independent_keys: ClassVar[frozenset[str]] = frozenset({"month", "session", "every"})
    """At any of their values a strategy stays valid, wants the same weights and looks at the same closes."""
    month: Literal[MONTH_NAMES] = "january"  # type: ignore[valid-type]
    session: Literal["first", "last"] | Annotated[int, Field(ge=1, le=23)] = "first"
    every: Annotated[WholeNumber, Field(ge=1, le=10)] = 1

    @property
    def counts_years(self) -> bool:
        """Whether its dates depend on the year of the opening."""
        return self.every > 1

    @field_validator("month", mode="before")
    @classmethod
    def _lowercase_month(cls, month: object) -> object:
        return month.strip().lower() if isinstance(month, str) else month

    @field_validator("session", mode="before")
    @classmethod
    def _parse_session(cls, session: object) -> object:
        if isinstance(session, str) and session.strip().isascii() and session.strip().isdigit():
            return int(session)
        if isinstance(session, str) and session not in {"first", "last"}:
            raise PydanticCustomError(
                "session",
                "{found} is neither first, last nor a number; write first, last or 1 to 23",
                {"found": repr(session)},
            )
        return session

    def month_rows(self, dates: DateArray) -> IntArray:
        """Return the row of that session in every year."""
        return month_session_rows(dates, MONTH_NAMES.index(self.month) + 1, self.session)

    def calendar(self, dates: DateArray, opened: int | None = None) -> dict[int, str]:
        """Return that session of every year, or of each ``every`` years after that of the opening."""
        rows = self.month_rows(dates)
        if self.every == 1:
            return {int(row): self.month for row in rows}
        passed = calendar_years(dates[rows]) - (opened or 0)
        due = rows[(passed > 0) & (passed % self.every == 0)]
        return {int(row): f"{self.month}, every {self.every} years" for row in due}


class Every(ScheduleRule):
    """On the first session of every week, month, quarter or half-year."""

    kind: Literal["every"] = "every"
    period: Literal["week", "month", "quarter", "half_year"]

    @field_validator("period", mode="before")
    @classmethod
    def _name_annual(cls, period: object) -> object:
        if isinstance(period, str) and period in {"year", "annual", "yearly"}:
            message = "{found} is a kind of its own; write {kind: annual, month: january}"
            raise PydanticCustomError("period", message, {"found": repr(period)})
        return period

    def calendar(self, dates: DateArray, opened: int | None = None) -> dict[int, str]:
        """Return the first session of every period."""
        return {int(row): f"every {self.period}" for row in np.flatnonzero(is_period_start(dates, self.period))}


class DriftBand(ScheduleRule):
    """When a weight leaves its target by more than ``absolute``, or by more than ``relative`` of the target.

    ``look``: at every close, or only at the close before the first session of each week, pair of weeks, month, quarter,
    half-year or year.
    The 5/25 rule is ``{absolute: 5%, relative: 25%}``.
    """

    kind: Literal["band"] = "band"
    absolute: Fraction | None = None
    relative: Fraction | None = None
    look: Literal["day", "week", "two_weeks", "month", "quarter", "half_year", "year"] = "day"

    @property
    def max_width(self) -> float:
        """What no asset's band is wider than: a relative one is of a target of 100 % at most; 0 for no width."""
        return min((width for width in (self.absolute, self.relative) if width is not None), default=0.0)

    @validates_fields
    def _width_faults(self) -> Iterator[FieldFault]:
        if self.max_width <= 0.0:
            yield (), "a band needs absolute or relative, above 0; as {absolute: 5%}"

    def band(self, dates: DateArray) -> Band | None:
        """Return the band with the closes it is looked at."""
        look = np.ones(len(dates), dtype=np.bool_)
        if self.look != "day":
            number = period_numbers(dates, self.look)
            look = np.concatenate([number[1:] != number[:-1], [False]])
        absolute, relative = (np.inf if width is None else width for width in (self.absolute, self.relative))
        return Band(absolute, relative, look)


class AnyOf(ConfigModel):
    """Whenever one of several rules says so; one band at most among them."""

    kind: Literal["any"] = "any"
    of: tuple[AnySingleSchedule, ...] = Field(min_length=1)

    @validates_fields
    def _band_faults(self) -> Iterator[FieldFault]:
        if sum(rule.kind == "band" for rule in self.of) > 1:
            yield (), "two bands given; write one with both absolute and relative, whichever breaks first counts"

    @property
    def decides(self) -> bool:
        """Whether any of the rules may."""
        return any(rule.decides for rule in self.of)

    @property
    def counts_years(self) -> bool:
        """Whether any of the rules counts years from the opening."""
        return any(rule.counts_years for rule in self.of)

    def calendar(self, dates: DateArray, opened: int | None = None) -> dict[int, str]:
        """Return every rule's decisions; where two fall together the first rule named gives the reason."""
        days: dict[int, str] = {}
        for rule in reversed(self.of):
            days |= rule.calendar(dates, opened)
        return days

    def band(self, dates: DateArray) -> Band | None:
        """Return the band among the rules, if there is one."""
        return next((band for rule in self.of if (band := rule.band(dates)) is not None), None)


AnySingleSchedule: TypeAlias = Annotated[Never | Annual | Every | DriftBand, Field(discriminator="kind")]
AnyRebalance: TypeAlias = Annotated[Never | Annual | Every | DriftBand | AnyOf, Field(discriminator="kind")]
"""Everything `rebalance:` can be."""
AnyCalendar: TypeAlias = Annotated[Annual | Every, Field(discriminator="kind")]
"""Everything a `rebalance:` of a sleeve can be: dates alone."""

AnyOf.model_rebuild()
