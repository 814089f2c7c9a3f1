"""Targets, calendars, accounts and costs of the variants of one batch, and any slice of them as the kernel takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.simulation.kernel.batch.records import BatchMarket, BatchPlans
from engine.simulation.kernel.valuation import normalise
from engine.sweep.batch.planner import (
    BatchKey,
    CalendarSpec,
    ItemT,
    PolicyCache,
    TargetSpec,
    VariantColumns,
    distinct_by_key,
)


@dataclass(frozen=True)
class BatchInputs:
    """What S variants are made of, each part written down once: targets, calendars, accounts, costs.

    ``target_index``, ``calendar_index``, ``account_index``, ``cost_index`` (S,) say which of U target specs, C
    calendars, A accounts and K tariffs is a variant's own. By target spec: ``targets`` (P, n, U) for P patterns of
    assets that can be held, ``core`` (n, U), ``recipients`` and ``tradable_recipients`` (G, n, U) for G delistings,
    ``limits`` (2, U) cap and haircut, ``max_capped_target`` (U,) the highest capped target of the last pattern. By
    calendar: ``next_due`` (C, T + 1), ``bands`` (2, C) absolute and relative. ``capital`` (A,) [currency]; ``fees``
    (7, K); ``proportional_costs``: all costs are small rates.
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
        """(S,) the variants with those side by side that trade on the same days: calendar, distance to caps, bands.

        What one of eight variants has to stop for, all of them stop for.
        """
        nearness, calendar = (self.max_capped_target / self.limits[0])[self.target_index], self.calendar_index
        return np.lexsort((self.bands[1][calendar], self.bands[0][calendar], nearness, calendar))

    def plans_for(self, variants: IntArray) -> BatchPlans:
        """Return the plans of some variants, by number, one a lane."""
        target, calendar = self.target_index[variants], self.calendar_index[variants]
        capital = self.capital[self.account_index[variants]][None]
        terms = (capital, self.limits[:, target], self.bands[:, calendar], self.fees[:, self.cost_index[variants]])
        return BatchPlans(
            targets=np.take(self.targets, target, axis=2),
            core=np.take(self.core, target, axis=1),
            recipients=np.take(self.recipients, target, axis=2),
            tradable_recipients=np.take(self.tradable_recipients, target, axis=2),
            terms=np.ascontiguousarray(np.concatenate(terms)),
            calendar=calendar,
            next_due=self.next_due,
            proportional=self.proportional_costs,
        )


def build_inputs(
    cache: PolicyCache, key: BatchKey, market: BatchMarket, pattern_rows: tuple[int, ...], columns: VariantColumns
) -> BatchInputs:
    """Return the inputs of variants that all have one batch key."""
    variants, index = columns.target_variants, columns.target_index
    specs, target = _distinct([cache.target_spec(variant) for variant in variants])
    calendars, calendar = _distinct([cache.calendar_spec(variant) for variant in columns.calendar_variants])
    accounts, account = _distinct([variant.account for variant in variants])
    tariffs, cost = _distinct([variant.costs for variant in variants])
    targets = np.array([[cache.target_weights(spec, key, row) for row in pattern_rows] for spec in specs])
    recipients, tradable = _recipient_weights(cache, key, market, specs)
    return BatchInputs(
        target_index=target[index],
        calendar_index=calendar[columns.calendar_index],
        account_index=account[index],
        cost_index=cost[index],
        targets=np.ascontiguousarray(targets.transpose(1, 2, 0)),
        core=np.ascontiguousarray(np.array([spec.core for spec in specs]).T),
        recipients=recipients,
        tradable_recipients=tradable,
        limits=np.array([(spec.cap, spec.haircut) for spec in specs]).T,
        max_capped_target=targets[:, -1, list(key.capped)].max(axis=1, initial=0.0),
        next_due=np.array([_next_due(key, one) for one in calendars]),
        bands=np.array([one.band_widths for one in calendars]).T,
        capital=np.array([one.capital for one in accounts]),
        fees=np.array([cache.cost_terms(one)[0] for one in tariffs]).T,
        proportional_costs=key.proportional,
    )


def _distinct(items: Sequence[ItemT]) -> tuple[list[ItemT], IntArray]:
    """Return the different objects, in order of appearance, and which of them each is."""
    return distinct_by_key(items, [id(item) for item in items])


def _next_due(key: BatchKey, calendar: CalendarSpec) -> IntArray:
    """Return (T + 1,) the next rebalance of a calendar at or after each row, the opening included."""
    sessions = key.end_row - key.opening_row
    fills = calendar.rows[calendar.rows > key.opening_row] + key.delay - key.opening_row
    due = np.concatenate([[0], fills[fills < sessions], [sessions]])
    return due[np.searchsorted(due, np.arange(sessions + 1), side="left")]


def _recipient_weights(
    cache: PolicyCache, key: BatchKey, market: BatchMarket, specs: list[TargetSpec]
) -> tuple[FloatArray, FloatArray]:
    """Return (G, n, U) who receives each payout, and the shares of those of them that have a close then (S8)."""
    recipients = np.zeros((len(market.delisted), len(key.assets), len(specs)))
    tradable = np.zeros_like(recipients)
    for k, row in enumerate(market.delisting_rows.tolist()):
        decision = cache.decision(key, key.opening_row + row)
        for u, spec in enumerate(specs):
            weights = np.ascontiguousarray(spec.policy.reallocation_weights(decision)[list(key.assets)])
            recipients[k, :, u], tradable[k, :, u] = weights, normalise(market.fresh[row], weights)
    return recipients, tradable
