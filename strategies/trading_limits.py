"""What an optimiser thinks of trading: its costs as a penalty, and a ceiling on how much is traded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from engine.core.arrays import FloatArray
from engine.core.fields import ConfigModel, FieldFault, Positive, Weight, format_percent
from engine.optimisation.constraints import TurnoverLimit
from engine.optimisation.objectives import ObjectiveMetric, Penalty
from engine.portfolio.policy import Decision
from strategies.schedules import Annual, AnyOf, AnyRebalance, Every

_PERIODS_PER_YEAR: Final = {"week": 52.0, "month": 12.0, "quarter": 4.0, "half_year": 2.0}


class Trading(ConfigModel):
    """How trading is held back.

    ``penalty: costs`` takes the run's own costs, as far as they are proportional to the money traded, from what the
    objective gains until the next scheduled decision; an objective in variances counts one as ``risk_aversion`` / 2 of
    a return. ``max`` bounds one-way turnover from the weights at the close before; the opening purchase is free.
    """

    penalty: Literal["none", "costs"] = "none"
    max: Annotated[Weight, Field(gt=0.0)] | None = None
    risk_aversion: Positive = 4.0

    def faults(self, metric: ObjectiveMetric, kind: str) -> Iterator[FieldFault]:
        """Yield a penalty that the objective gives no price to."""
        if self.penalty == "costs" and not metric.cost_unit:
            message = f"{kind} has no figure that costs could be weighed against"
            yield ("turnover", "penalty"), f"{message}; remove it, or bound trading by turnover.max"

    def turnover_limit(self, held: FloatArray, elsewhere: float) -> TurnoverLimit | None:
        """Return the ceiling for ``held`` (n,) weights now, ``elsewhere`` being in assets that must go."""
        return None if self.max is None else TurnoverLimit(held, self.max, elsewhere)

    def trading_penalty(
        self, decision: Decision, columns: list[int], metric: ObjectiveMetric, a_year: float
    ) -> Penalty | None:
        """Return the penalty on trades in the assets of ``columns``, in units of the objective."""
        if self.penalty == "none" or decision.costs is None:
            return None
        rate = proportional_cost_rates(decision)[columns]
        return Penalty(
            rate * metric.cost_weight(a_year, self.risk_aversion, decision.history.periods_per_year),
            decision.weights[columns],
        )

    def describe(self, a_year: float) -> Iterator[str]:
        """Yield what is done about trading, in words."""
        if self.penalty == "costs":
            times = "once a year" if a_year == 1.0 else f"{a_year:g} times a year"
            yield "fixed fees do not count against the objective, the account pays them"
            yield f"costs that grow with the money traded count against the objective, as if paid {times}"
        if self.max is not None:
            most = format_percent(self.max)
            yield f"at most {most} of the portfolio is exchanged at a decision, the opening left out"


def proportional_cost_rates(decision: Decision) -> FloatArray:
    """Return (N,) the costs of an order as a part of its money: rate, spread, and the price of a share's fee.

    Fixed fees, minima and maxima are no convex function of the order and are left out; the account pays them.
    """
    table = decision.costs
    assert table is not None  # noqa: S101  (asked only when there are costs)
    prices = decision.history.share_prices[-1]
    return np.asarray(np.minimum(table.rate + table.per_share / prices, table.maximum_rate) + table.spread)


def decisions_per_year(rule: AnyRebalance) -> float:
    """Return how often a rule decides by the calendar; once, when drift alone or nothing does.

    Every second year is half a time.

    >>> decisions_per_year(Every(period="month"))
    12.0
    """
    if isinstance(rule, AnyOf):
        return max(decisions_per_year(one) for one in rule.of)
    if isinstance(rule, Annual):
        return 1.0 / rule.every
    return _PERIODS_PER_YEAR[rule.period] if isinstance(rule, Every) else 1.0
