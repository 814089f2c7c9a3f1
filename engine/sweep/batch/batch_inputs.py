"""Who wants, pays and owns what among the variants of one family, and a slice of it as the lanes take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.simulation import kernel
from engine.simulation.kernel.batch.records import LanePlans
from engine.sweep.batch.market_arrays import Course
from engine.sweep.batch.planner import Columns, Family, Planner, Wants, When, numbered

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Roster:
    """What S variants are made of, each part written down once: wants, calendars, accounts, costs.

    ``wants``, ``calendar``, ``account``, ``costs`` (S,) number a variant's own of U wants, C calendars, A accounts, K
    tariffs. By wants: ``targets`` (P, n, U) for P patterns of who can be held, ``core`` (n, U), ``heirs``, ``takers``
    (G, n, U) for G delistings, ``limits`` (2, U) cap and haircut, ``heaviest`` (U,) highest capped target of the last
    pattern. By calendar: ``next_due`` (C, T + 1), ``bands`` (2, C) absolute and relative. ``capital`` (A,) [currency];
    ``fees`` (7, K); ``simple``: all costs are small rates.
    """

    wants: IntArray
    calendar: IntArray
    account: IntArray
    costs: IntArray
    targets: FloatArray
    core: FloatArray
    heirs: FloatArray
    takers: FloatArray
    limits: FloatArray
    heaviest: FloatArray
    next_due: IntArray
    bands: FloatArray
    capital: FloatArray
    fees: FloatArray
    simple: bool

    @property
    def order(self) -> IntArray:
        """(S,) the variants with those side by side that trade on the same days: calendar, then room below caps, bands.

        What one of eight variants has to stop for, all of them stop for.
        """
        room = (self.heaviest / self.limits[0])[self.wants]
        return np.lexsort((self.bands[1][self.calendar], self.bands[0][self.calendar], room, self.calendar))

    def plans(self, lanes: IntArray) -> LanePlans:
        """Return the plans of some variants, by number, one a lane."""
        wants, calendar = self.wants[lanes], self.calendar[lanes]
        terms = (self.limits[:, wants], self.bands[:, calendar], self.fees[:, self.costs[lanes]])
        accounts = np.concatenate([self.capital[self.account[lanes]][None], *terms])
        return LanePlans(
            targets=np.take(self.targets, wants, axis=2),
            core=np.take(self.core, wants, axis=1),
            heirs=np.take(self.heirs, wants, axis=2),
            takers=np.take(self.takers, wants, axis=2),
            accounts=np.ascontiguousarray(accounts),
            calendar=calendar,
            next_due=self.next_due,
            simple=self.simple,
        )


def roster_of(planner: Planner, family: Family, course: Course, columns: Columns) -> Roster:
    """Return the roster of variants that are all of one family."""
    kinds, kind = columns.kinds, columns.kind
    wanted, wants = _different([planner.wants(one) for one in kinds])
    calendars, calendar = _different([planner.when(one) for one in columns.moments])
    accounts, account = _different([one.account for one in kinds])
    tariffs, costs = _different([one.costs for one in kinds])
    targets = np.array([[planner.weights(one, family, row) for row in course.rows] for one in wanted])
    heirs, takers = _heirs(planner, family, course, wanted)
    return Roster(
        wants=wants[kind],
        calendar=calendar[columns.moment],
        account=account[kind],
        costs=costs[kind],
        targets=np.ascontiguousarray(targets.transpose(1, 2, 0)),
        core=np.ascontiguousarray(np.array([one.core for one in wanted]).T),
        heirs=heirs,
        takers=takers,
        limits=np.array([(one.cap, one.haircut) for one in wanted]).T,
        heaviest=targets[:, -1, list(family.capped)].max(axis=1, initial=0.0),
        next_due=np.array([_due(family, one) for one in calendars]),
        bands=np.array([_band(one) for one in calendars]).T,
        capital=np.array([one.capital for one in accounts]),
        fees=np.array([planner.terms(one)[0] for one in tariffs]).T,
        simple=family.proportional,
    )


def _different(things: Sequence[Thing]) -> tuple[list[Thing], IntArray]:
    """Return the different objects, in order of appearance, and which of them each is."""
    return numbered(things, [id(one) for one in things])


def _band(when: When) -> tuple[float, float]:
    return (when.band.absolute, when.band.relative) if when.band else (np.inf, np.inf)


def _due(family: Family, when: When) -> IntArray:
    """Return (T + 1,) the next rebalance of a calendar at or after each row, the opening included."""
    sessions = family.end - family.opening
    fills = when.rows[when.rows > family.opening] + family.delay - family.opening
    due = np.concatenate([[0], fills[fills < sessions], [sessions]])
    return due[np.searchsorted(due, np.arange(sessions + 1), side="left")]


def _heirs(planner: Planner, family: Family, course: Course, wanted: list[Wants]) -> tuple[FloatArray, FloatArray]:
    """Return (G, n, U) who inherits each payout, and the shares of those of them that have a close then (S8)."""
    tape, columns = course.tape, list(family.assets)
    heirs = np.zeros((len(tape.gone), len(columns), len(wanted)))
    takers = np.zeros_like(heirs)
    for k, row in enumerate(tape.gone_rows.tolist()):
        decision = planner.decision(family, family.opening + row)
        for u, wants in enumerate(wanted):
            heirs[k, :, u] = wants.policy.heir_weights(decision)[columns]
            takers[k, :, u] = kernel.shares_of(tape.fresh[row], np.ascontiguousarray(heirs[k, :, u]))
    return heirs, takers
