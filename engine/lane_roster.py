"""Who wants, pays and owns what among the variants of one family, and a slice of it as the lanes take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine import kernel
from engine.arrays import FloatArray, IntArray
from engine.kernel.lane_records import LanePlans
from engine.lane_plans import Asked, Family, Planner, Variant, Wants, When
from engine.lane_tape import Course


@dataclass(frozen=True)
class Roster:
    """What S variants are made of, each part written down once: policies, wants, calendars, accounts, costs.

    ``policy``, ``account``, ``costs`` (S,) number a variant's own; ``wants`` and ``calendar`` number a policy's.
    ``targets`` (P, n, U), ``core`` (n, U), ``heirs``, ``takers`` (G, n, U) by wants; ``next_due`` (C, T + 1) by
    calendar; ``terms`` (4, policies) cap, haircut and band, ``heaviest`` their highest capped target at the end;
    ``capital`` by account; ``fees`` (7, tariffs) by costs.
    """

    policy: IntArray
    account: IntArray
    costs: IntArray
    wants: IntArray
    calendar: IntArray
    targets: FloatArray
    core: FloatArray
    heirs: FloatArray
    takers: FloatArray
    next_due: IntArray
    terms: FloatArray
    heaviest: FloatArray
    capital: FloatArray
    fees: FloatArray
    simple: bool

    @property
    def order(self) -> IntArray:
        """(S,) the variants with those side by side that trade on the same days: calendar, then room below caps, bands.

        What one of eight variants has to stop for, all of them stop for.
        """
        keys = (self.terms[3], self.terms[2], self.heaviest / self.terms[0], self.calendar)
        return np.lexsort(tuple(key[self.policy] for key in keys))

    def plans(self, lanes: IntArray) -> LanePlans:
        """Return the plans of some variants, by number, one a lane."""
        policy = self.policy[lanes]
        wants = self.wants[policy]
        accounts = [self.capital[self.account[lanes]][None], self.terms[:, policy], self.fees[:, self.costs[lanes]]]
        return LanePlans(
            targets=np.take(self.targets, wants, axis=2),
            core=np.take(self.core, wants, axis=1),
            heirs=np.take(self.heirs, wants, axis=2),
            takers=np.take(self.takers, wants, axis=2),
            accounts=np.ascontiguousarray(np.concatenate(accounts)),
            calendar=self.calendar[policy],
            next_due=self.next_due,
            simple=self.simple,
        )


def roster_of(planner: Planner, family: Family, course: Course, variants: Sequence[Variant]) -> Roster:
    """Return the roster of variants that are all of one family."""
    first, policy = _numbered([id(variant.policy) for variant in variants])
    asked = [planner.asked(variants[at]) for at in first]
    accounts, account = _numbered([id(variant.account) for variant in variants])
    tariffs, costs = _numbered([id(variant.costs) for variant in variants])
    different, wants = _numbered([id(one.wants) for one in asked])
    unique = [asked[at].wants for at in different]
    calendars, calendar = _numbered([id(one.when) for one in asked])
    targets = [[_weights(planner, family, one, row) for one in unique] for row in course.rows]
    capped = list(family.capped)
    heirs, takers = _heirs(planner, family, course, unique)
    return Roster(
        policy=policy,
        account=account,
        costs=costs,
        wants=wants,
        calendar=calendar,
        targets=np.ascontiguousarray(np.array(targets).transpose(0, 2, 1)),
        core=np.ascontiguousarray(np.array([one.core for one in unique]).T),
        heirs=heirs,
        takers=takers,
        next_due=np.array([_due(family, asked[at].when) for at in calendars]),
        terms=np.array([_terms(one) for one in asked]).T,
        heaviest=np.array(targets)[-1][wants][:, capped].max(axis=1, initial=0.0),
        capital=np.array([variants[at].account.capital for at in accounts]),
        fees=np.array([planner.terms(variants[at].costs)[0] for at in tariffs]).T,
        simple=family.proportional,
    )


def _numbered(names: Sequence[int]) -> tuple[list[int], IntArray]:
    """Return where each different name is first, and which of them each is."""
    _, first, number = np.unique(np.array(names), return_index=True, return_inverse=True)
    return first.tolist(), number


def _terms(asked: Asked) -> tuple[float, float, float, float]:
    band = asked.when.band
    return asked.wants.cap, asked.haircut, band.absolute if band else np.inf, band.relative if band else np.inf


def _due(family: Family, when: When) -> IntArray:
    """Return (T + 1,) the next rebalance of a calendar at or after each row, the opening included."""
    sessions = family.end - family.opening
    fills = when.rows[when.rows > family.opening] + family.delay - family.opening
    due = np.concatenate([[0], fills[fills < sessions], [sessions]])
    return due[np.searchsorted(due, np.arange(sessions + 1), side="left")]


def _weights(planner: Planner, family: Family, wants: Wants, row: int) -> FloatArray:
    """Return (n,) the targets of a fill at ``row``; asked once for all variants that want the same."""
    key = (family.opening, family.end, family.delay, row)
    if key not in wants.weights:
        wants.weights[key] = planner.weights(wants, family, row)
    return wants.weights[key]


def _heirs(planner: Planner, family: Family, course: Course, unique: list[Wants]) -> tuple[FloatArray, FloatArray]:
    """Return (G, n, U) who inherits each payout, and the shares of those of them that have a close then (S8)."""
    tape, columns = course.tape, list(family.assets)
    heirs = np.zeros((len(tape.gone), len(columns), len(unique)))
    takers = np.zeros_like(heirs)
    for k, row in enumerate(tape.gone_rows.tolist()):
        decision = planner.decision(family, family.opening + row)
        for u, wants in enumerate(unique):
            heirs[k, :, u] = wants.policy.heir_weights(decision)[columns]
            takers[k, :, u] = kernel.shares_of(tape.fresh[row], np.ascontiguousarray(heirs[k, :, u]))
    return heirs, takers
