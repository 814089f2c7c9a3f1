"""At which sessions something is due: known dates are written down first, triggers add to them."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.core.arrays import IntArray
from engine.portfolio.cash_flow_plans import SessionFlow
from engine.portfolio.policy import Band
from engine.simulation.loss_review_state import LossBreach
from engine.simulation.run_setup import RunSetup
from engine.simulation.sleeves_due import SleeveDue
from engine.simulation.trade_events import LazyText


@dataclass(frozen=True)
class DriftTrigger:
    """A ``band`` that broke, and the ``reason`` of the response."""

    reason: LazyText
    band: Band


@dataclass
class EventSchedule:
    """Rows by kind of event.

    ``rebalances`` row -> reason, ``flows`` row -> money in or out, ``fees`` row -> share of the value, ``delistings``
    row -> assets, the rows of ``splits`` and of ``dividends`` to be invested, of ``late_purchases`` and of ``sleeves``
    are known before the run; ``drifts``, ``trims`` row -> assets and ``reviews`` respond to a trigger, the last one at
    row ``response_row``.
    """

    rebalances: dict[int, str]
    flows: Mapping[int, SessionFlow]
    fees: dict[int, float]
    delistings: dict[int, list[int]]
    splits: frozenset[int]
    dividends: frozenset[int]
    late_purchases: Mapping[int, Mapping[int, float]]
    sleeves: Mapping[int, Sequence[SleeveDue]]
    end: int
    drifts: dict[int, DriftTrigger] = field(default_factory=dict)
    trims: dict[int, IntArray] = field(default_factory=dict)
    reviews: dict[int, list[LossBreach]] = field(default_factory=dict)
    response_row: int = -1
    stops: list[int] = field(default_factory=list)

    @classmethod
    def build(cls, setup: RunSetup) -> EventSchedule:
        """Write down what is known before the run.

        Where targets are fixed, ``advance`` makes scheduled rebalances on its own and need not stop at them.
        """
        rows, flows, fees = setup.fills.tolist(), setup.flows, setup.fees
        delistings, late, sleeves = setup.delistings, setup.late_purchases, setup.sleeves
        splits, dividends = frozenset(setup.splits), frozenset(setup.dividends)
        decided = rows if setup.fixed_targets is None or setup.taxation is not None else ()
        stops = {setup.opening, *flows, *fees, *delistings, *splits, *dividends, *late, *sleeves, *decided}
        stops |= setup.taxes.rows
        rebalances = dict(zip(rows, setup.reasons, strict=True))
        sessions = len(setup.market.dates)
        return cls(rebalances, flows, fees, delistings, splits, dividends, late, sleeves, sessions, stops=sorted(stops))

    def rebalance_reason(self, row: int) -> LazyText | None:
        """Return why the whole portfolio is rebalanced at ``row``, the calendar's reason first, or None."""
        drift = self.drifts.get(row)
        return self.rebalances.get(row) or (drift.reason if drift and drift.band.is_full_rebalance else None)

    def next_stop(self, row: int) -> int:
        """Return the next row after ``row`` at which something is due, or the end."""
        at = bisect.bisect_right(self.stops, row)
        return self.stops[at] if at < len(self.stops) else self.end

    def awaits_response(self, row: int) -> bool:
        """Return whether a response is still to be filled after ``row``; until then no other trigger counts."""
        return self.response_row > row

    def respond_at(self, row: int) -> None:
        """Stop at ``row``: the response to a trigger, written into the mapping of its kind, is due there."""
        if self.response_row != row:
            self.response_row = row
            bisect.insort(self.stops, row)

    def clear_responses(self, row: int) -> None:
        """Drop a pending response to a band or cap: a rebalance at ``row`` has dealt with what it was about."""
        self.drifts.pop(self.response_row, None)
        self.trims.pop(self.response_row, None)
        self.response_row = self.response_row if self.response_row in self.reviews and self.response_row > row else -1
