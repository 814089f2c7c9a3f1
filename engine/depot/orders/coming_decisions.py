"""When the calendar of a plan decides next, beyond the last session of its prices."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from engine.analysis.portfolio_market import PortfolioMarket
from engine.data.sources.exchange_calendar import exchange_sessions
from engine.portfolio.policy import Policy
from engine.portfolio.policy_abilities import schedule_since
from engine.simulation.market_memory import ScheduleRows

_LOOK_AHEAD: Final = np.timedelta64(1200, "D")
"""How far ahead the next decision is looked for."""


def next_decision(
    sessions: PortfolioMarket, policy: Policy, opened: np.datetime64, exchange: str, delay: int = 0
) -> tuple[str, str]:
    """Return the day of the next orders of the calendar after the market's last session, and why; "" for none."""
    return next(iter(coming_decisions(sessions, policy, opened, exchange, delay=delay)), ("", ""))


def coming_decisions(
    sessions: PortfolioMarket,
    policy: Policy,
    opened: np.datetime64,
    exchange: str,
    ahead: np.timedelta64 = _LOOK_AHEAD,
    *,
    delay: int = 0,
) -> list[tuple[str, str]]:
    """Return the days of the calendar's orders after the market's last session and within ``ahead``, and why.

    ``delay`` is by how many sessions orders follow a decision.
    """
    market = sessions.market
    last = market.dates[-1]
    dates = np.concatenate([market.dates, exchange_sessions(exchange, last + 1, last + ahead)])
    schedule = ScheduleRows.build(schedule_since(policy.schedule, opened), dataclasses.replace(market, dates=dates))
    rows = zip((schedule.rows + delay).tolist(), schedule.reasons, strict=True)
    return [(str(dates[row]), why) for row, why in rows if len(market.dates) <= row < len(dates)]
