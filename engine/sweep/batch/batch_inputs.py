"""Who wants, pays and owns what among the variants of one family, and a slice of it as the lanes take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.simulation import kernel
from engine.simulation.kernel.batch.records import BatchPlans
from engine.sweep.batch.market_arrays import PatternedMarket
from engine.sweep.batch.planner import BatchKey, CalendarSpec, PolicyCache, TargetSpec, VariantColumns, distinct_by_key

ItemT = TypeVar("ItemT")


@dataclass(frozen=True)
class BatchInputs:
    """What S variants are made of, each part written down once: wants, calendars, accounts, costs.

    ``target_index``, ``calendar_index``, ``account_index``, ``cost_index`` (S,) number a variant's own of U wants, C calendars, A accounts, K
    tariffs. By wants: ``targets`` (P, n, U) for P patterns of who can be held, ``core`` (n, U), ``recipients``, ``tradable_recipients``
    (G, n, U) for G delistings, ``limits`` (2, U) cap and haircut, ``max_capped_target`` (U,) highest capped target of the last
    pattern. By calendar: ``next_due`` (C, T + 1), ``bands`` (2, C) absolute and relative. ``capital`` (A,) [currency];
    ``fees`` (7, K); ``proportional_costs``: all costs are small rates.
    """

    target_index: IntArray
    calendar_index: IntArray
    account_index: IntArray
    cost_index: IntArray
    targets: FloatArray
    core: FloatArray
    recipients: FloatArray
    tradable_recipients: FloatArray
    limits: FloatArray
    max_capped_target: FloatArray
    next_due: IntArray
    bands: FloatArray
    capital: FloatArray
    fees: FloatArray
    proportional_costs: bool

    @property
    def lane_order(self) -> IntArray:
        """(S,) the variants with those side by side that trade on the same days: calendar, then room below caps, bands.

        What one of eight variants has to stop for, all of them stop for.
        """
        room = (self.max_capped_target / self.limits[0])[self.target_index]
        return np.lexsort(
            (self.bands[1][self.calendar_index], self.bands[0][self.calendar_index], room, self.calendar_index)
        )

    def lane_plans(self, lanes: IntArray) -> BatchPlans:
        """Return the plans of some variants, by number, one a lane."""
        wants, calendar = self.target_index[lanes], self.calendar_index[lanes]
        terms = (self.limits[:, wants], self.bands[:, calendar], self.fees[:, self.cost_index[lanes]])
        accounts = np.concatenate([self.capital[self.account_index[lanes]][None], *terms])
        return BatchPlans(
            targets=np.take(self.targets, wants, axis=2),
            core=np.take(self.core, wants, axis=1),
            recipients=np.take(self.recipients, wants, axis=2),
            tradable_recipients=np.take(self.tradable_recipients, wants, axis=2),
            terms=np.ascontiguousarray(accounts),
            calendar=calendar,
            next_due=self.next_due,
            proportional=self.proportional_costs,
        )


def build_inputs(
    planner: PolicyCache, family: BatchKey, course: PatternedMarket, columns: VariantColumns
) -> BatchInputs:
    """Return the roster of variants that are all of one family."""
    kinds, kind = columns.target_variants, columns.target_index
    wanted, wants = _distinct_objects([planner.target_spec(one) for one in kinds])
    calendars, calendar = _distinct_objects([planner.calendar_spec(one) for one in columns.calendar_variants])
    accounts, account = _distinct_objects([one.account for one in kinds])
    tariffs, costs = _distinct_objects([one.costs for one in kinds])
    targets = np.array([[planner.target_weights(one, family, row) for row in course.pattern_rows] for one in wanted])
    heirs, takers = _recipient_weights(planner, family, course, wanted)
    return BatchInputs(
        target_index=wants[kind],
        calendar_index=calendar[columns.calendar_index],
        account_index=account[kind],
        cost_index=costs[kind],
        targets=np.ascontiguousarray(targets.transpose(1, 2, 0)),
        core=np.ascontiguousarray(np.array([one.core for one in wanted]).T),
        recipients=heirs,
        tradable_recipients=takers,
        limits=np.array([(one.cap, one.haircut) for one in wanted]).T,
        max_capped_target=targets[:, -1, list(family.capped)].max(axis=1, initial=0.0),
        next_due=np.array([_next_due(family, one) for one in calendars]),
        bands=np.array([_band_widths(one) for one in calendars]).T,
        capital=np.array([one.capital for one in accounts]),
        fees=np.array([planner.cost_terms(one)[0] for one in tariffs]).T,
        proportional_costs=family.proportional,
    )


def _distinct_objects(things: Sequence[ItemT]) -> tuple[list[ItemT], IntArray]:
    """Return the different objects, in order of appearance, and which of them each is."""
    return distinct_by_key(things, [id(one) for one in things])


def _band_widths(when: CalendarSpec) -> tuple[float, float]:
    return (when.band.absolute, when.band.relative) if when.band else (np.inf, np.inf)


def _next_due(family: BatchKey, when: CalendarSpec) -> IntArray:
    """Return (T + 1,) the next rebalance of a calendar at or after each row, the opening included."""
    sessions = family.end_row - family.opening_row
    fills = when.rows[when.rows > family.opening_row] + family.delay - family.opening_row
    due = np.concatenate([[0], fills[fills < sessions], [sessions]])
    return due[np.searchsorted(due, np.arange(sessions + 1), side="left")]


def _recipient_weights(
    planner: PolicyCache, family: BatchKey, course: PatternedMarket, wanted: list[TargetSpec]
) -> tuple[FloatArray, FloatArray]:
    """Return (G, n, U) who inherits each payout, and the shares of those of them that have a close then (S8)."""
    tape, columns = course.market, list(family.assets)
    heirs = np.zeros((len(tape.delisted), len(columns), len(wanted)))
    takers = np.zeros_like(heirs)
    for k, row in enumerate(tape.delisting_rows.tolist()):
        decision = planner.decision(family, family.opening_row + row)
        for u, wants in enumerate(wanted):
            heirs[k, :, u] = wants.policy.reallocation_weights(decision)[columns]
            takers[k, :, u] = kernel.normalise_among(tape.fresh[row], np.ascontiguousarray(heirs[k, :, u]))
    return heirs, takers
