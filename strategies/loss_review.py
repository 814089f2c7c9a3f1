"""The loss review: a satellite that has lost too much is looked at again: buy more, keep it, or out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import Field, field_validator

from engine.core.fields import (
    ConfigModel,
    FieldFault,
    Fraction,
    WholeNumber,
    format_percent,
    raise_faults,
    validates_fields,
)
from engine.data.research.formula import Criterion
from engine.data.research.fundamentals import Fundamentals
from engine.data.research.verdicts import Verdicts
from engine.portfolio.policy import Decision, LossReference, LossReviewRule, ReviewVerdict

_REFERENCE_PHRASES: Final[dict[LossReference, str]] = {
    "cost": "average cost",
    "rebalance": "price at the last rebalance",
    "peak": "highest close since it was bought",
}
_ACTION_PHRASES: Final = {"top_up": "topped up to its target, the core pays", "exit": "sold", "keep": "kept"}


class AlwaysIntact(ConfigModel):
    """The thesis always stands: a loss is a chance to buy."""

    kind: Literal["always"] = "always"
    unknown_when: ClassVar[str] = ""

    def describe(self) -> str:
        """Return when it is intact, in words."""
        return "always intact"

    def is_intact(self, decision: Decision, ticker: str) -> bool | None:
        """Return True."""
        return True


class NeverIntact(ConfigModel):
    """The thesis never survives a loss: a stop."""

    kind: Literal["never"] = "never"
    unknown_when: ClassVar[str] = ""

    def describe(self) -> str:
        """Return when it is intact, in words."""
        return "never intact: a loss breaks it"

    def is_intact(self, decision: Decision, ticker: str) -> bool | None:
        """Return False."""
        return False


class Trend(ConfigModel):
    """The thesis stands while the close is at or above the mean of the last ``sessions`` closes."""

    kind: Literal["trend"] = "trend"
    sessions: Annotated[WholeNumber, Field(ge=2, le=2520)] = 200

    def describe(self) -> str:
        """Return when it is intact, in words."""
        return f"intact while the close is at or above the mean of the last {self.sessions} closes"

    @property
    def unknown_when(self) -> str:
        """When it is unknown, in words."""
        return f"fewer than {self.sessions} closes"

    def is_intact(self, decision: Decision, ticker: str) -> bool | None:
        """Compare the last close with its moving average; None with fewer closes."""
        history = decision.history
        j, rows = decision.column(ticker), len(history.dates)
        if rows < self.sessions or history.age[rows - self.sessions, j] < 0:
            return None
        closes = history.prices[rows - self.sessions :, j]
        return bool(closes[-1] >= closes.mean() * (1.0 - 1e-12))


class Quality(ConfigModel):
    """The thesis stands while every criterion holds for the last figures filed, as ``free_cash_flow > 0``."""

    kind: Literal["quality"] = "quality"
    table: Fundamentals
    criteria: tuple[Criterion, ...] = Field(min_length=1, max_length=20)
    unknown_when: ClassVar[str] = "nothing filed yet, or a figure missing while no criterion fails"

    def describe(self) -> str:
        """Return when it is intact, in words."""
        every = " and ".join(criterion.root for criterion in self.criteria)
        return f"intact while {every} in the last figures filed ({self.table.path})"

    @validates_fields
    def _column_faults(self) -> Iterator[FieldFault]:
        return ((("criteria", at), text) for at, text in self.table.unknown_column_faults(self.criteria))

    def is_intact(self, decision: Decision, ticker: str) -> bool | None:
        """Apply the criteria to what was filed by the last close; None when a figure is missing and none fails."""
        figures = self.table.as_of(ticker, decision.history.dates[-1])
        if figures is None:
            return None
        found = [criterion.holds(figures) for criterion in self.criteria]
        if False in found:
            return False
        return None if None in found else True


class ByList(ConfigModel):
    """The thesis is what the user's own dated verdicts say."""

    kind: Literal["list"] = "list"
    verdicts: Verdicts
    unknown_when: ClassVar[str] = "no verdict yet"

    def describe(self) -> str:
        """Return when it is intact, in words."""
        said = f"{len(self.verdicts.root)} on {', '.join(self.verdicts.tickers)}" if self.verdicts.root else "none"
        return f"intact or broken as your own last verdict says ({said})"

    def is_intact(self, decision: Decision, ticker: str) -> bool | None:
        """Return the last verdict dated on or before the last close; None before the first."""
        return self.verdicts.is_intact(ticker, decision.history.dates[-1])


AnyThesis: TypeAlias = Annotated[AlwaysIntact | NeverIntact | Trend | Quality | ByList, Field(discriminator="kind")]
"""Everything `thesis:` can be."""


class LossReview(ConfigModel):
    """Review a satellite at a loss of ``trigger`` ``from`` its average cost, last rebalance or peak.

    The ``thesis`` is judged on closes up to the breach: ``intact`` is topped up to its target or kept, ``broken`` sold
    or kept; ``unknown`` (too little history, no figure) as said. ``proceeds`` go to the core or to cash; a sold one may
    ``reenter`` at the next rebalance or never.
    """

    trigger: Fraction
    since: LossReference = Field(default="cost", alias="from")
    thesis: AnyThesis
    intact: Literal["top_up", "keep"] = "top_up"
    broken: Literal["exit", "keep"] = "exit"
    unknown: Literal["keep", "top_up", "exit"] = "keep"
    proceeds: Literal["core", "cash"] = "core"
    reenter: Literal["next_rebalance", "never"] = "next_rebalance"

    @field_validator("trigger")
    @classmethod
    def _validate_trigger(cls, trigger: float) -> float:
        if not 0.0 < trigger < 1.0:
            message = f"a trigger of {100.0 * trigger:.6g}% is no loss that can be reviewed"
            raise_faults([((), f"{message}; write more than 0% and less than 100%, as 20%")])
        return trigger

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        actions = {"intact": self.intact, "broken": self.broken, "unknown": self.unknown}
        possible = _possible_outcomes(self.thesis)
        if all(actions[outcome] == "keep" for outcome in possible):
            message = f"this thesis is found {' or '.join(possible)} and then kept, so a review does nothing"
            yield (), f"{message}; write another {possible[0]} than keep, or remove loss_review"

    @property
    def may_exit(self) -> bool:
        """Whether any outcome of its thesis is answered by a sale."""
        actions = {"intact": self.intact, "broken": self.broken, "unknown": self.unknown}
        return any(actions[outcome] == "exit" for outcome in _possible_outcomes(self.thesis))

    def describe(self) -> tuple[str, ...]:
        """Return what is reviewed, how it is judged and what follows, in words."""
        thesis = self.thesis
        outcomes = {"intact": self.intact, "broken": self.broken, f"unknown ({thesis.unknown_when})": self.unknown}
        if not thesis.unknown_when:  # decided beforehand: one outcome
            outcomes = {"intact": self.intact} if thesis.kind == "always" else {"broken": self.broken}
        again = "may be bought again at the next rebalance" if self.reenter == "next_rebalance" else "stays out"
        place = "the core" if self.proceeds == "core" else "cash"
        loss = f"{format_percent(self.trigger)} or more below its {_REFERENCE_PHRASES[self.since]}"
        return (
            f"a satellite that closes {loss} is reviewed, once per breach",
            f"thesis ({thesis.kind}): {thesis.describe()}",
            *(f"{found}: {_ACTION_PHRASES[action]}" for found, action in outcomes.items()),
            *([f"what is sold goes to {place}; it {again}"] if "exit" in outcomes.values() else []),
        )

    def build_review(self, names: tuple[str, ...]) -> LossReviewRule:
        """Return this review as a watch over ``names``."""
        to_core, reenters = self.proceeds == "core", self.reenter == "next_rebalance"
        return LossReviewRule(names, self.trigger, self.since, self._judge, to_core=to_core, allows_reentry=reenters)

    def _judge(self, decision: Decision, ticker: str) -> ReviewVerdict:
        stands = self.thesis.is_intact(decision, ticker)
        if stands is None:
            return ReviewVerdict(f"{self.thesis.kind} unknown", None, self.unknown)
        word = "intact" if stands else "broken"
        return ReviewVerdict(f"{self.thesis.kind} {word}", stands, self.intact if stands else self.broken)


def _possible_outcomes(thesis: AnyThesis) -> tuple[str, ...]:
    """Return what a thesis can be found to be."""
    if isinstance(thesis, ByList) and not thesis.verdicts.root:
        return ("unknown",)
    sure = {"always": ("intact",), "never": ("broken",)}
    return sure.get(thesis.kind, ("intact", "broken", "unknown"))
