"""A plan whose yearly rebalance falls on another session: the same plan but for its timing."""

from __future__ import annotations

from typing import cast

from engine.core.arrays import DateArray, IntArray
from engine.core.errors import ScheduleError
from engine.data.sessions import MONTH_NAMES, month_session_rows
from engine.portfolio.policy import Policy
from strategies.band_trading import RebalancingStrategy
from strategies.schedules import Annual, AnyOf, AnyRebalance


class AnnualOrLast(Annual):
    """``Annual`` on the n-th session of a month, or on its last where it has fewer; no config can name it."""

    def month_rows(self, dates: DateArray) -> IntArray:
        """Return the row of that session in every year."""
        return month_session_rows(dates, MONTH_NAMES.index(self.month) + 1, self.session, or_last=True)


def move_calendar(policy: Policy, month: str, session: int) -> Policy:
    """Return a plan with its yearly rebalance on session ``session`` (from 1) of a month, or on its last.

    Every few years stays every few years, and a band beside the calendar stays.

    Raises ScheduleError when the plan has no yearly date, or another one beside it.
    """
    if not isinstance(policy, RebalancingStrategy):
        raise ScheduleError("the plan has no rebalance whose date could be another; timing is nothing to it")
    moved = _move(policy.rebalance, month, session)
    return cast("Policy", policy.model_copy(update={"rebalance": moved}))


def _move(rule: AnyRebalance, month: str, session: int) -> AnyRebalance:
    if isinstance(rule, Annual):
        return AnnualOrLast.model_validate({"month": month, "session": session, "every": rule.every})
    if isinstance(rule, AnyOf) and [one.kind for one in rule.of if one.decides and one.kind != "band"] == ["annual"]:
        of = tuple(_move(one, month, session) if isinstance(one, Annual) else one for one in rule.of)
        return rule.model_copy(update={"of": of})
    kinds = " and ".join(one.kind for one in rule.of) if isinstance(rule, AnyOf) else rule.kind
    raise ScheduleError(
        f"strategy.rebalance is of kind {kinds}, which has no one month and session that could be others; "
        "timing luck needs {kind: annual, month: january}"
    )
