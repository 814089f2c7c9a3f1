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
    distinct_and_index,
)


@dataclass(frozen=True)
class BatchInputs:
    """What S variants are made of, each part written down once.

    ``variant_index`` (S,) says with which of K variants one agrees in targets, account and costs: ``terms`` (10, K) are
    their capital, cap, haircut and seven fees, ``spec_index`` (K,) their target specs, of which there are U:
    ``targets`` (P, n, U) for P patterns of assets that can be held, ``core`` (n, U), ``recipients`` and
    ``tradable_recipients`` (G, n, U) for G delistings, ``cap_usage`` (U,) the highest capped target of the last pattern
    as a share of its cap. ``calendar_index`` (S,) says which of C calendars: ``next_due`` (C, T + 1), ``bands`` (2, C)
    absolute and relative. ``proportional_costs``: all costs are small rates.
    """

    variant_index: IntArray
    spec_index: IntArray
    calendar_index: IntArray
    terms: FloatArray
    targets: FloatArray
    core: FloatArray
    recipients: FloatArray
    tradable_recipients: FloatArray
    cap_usage: FloatArray
    next_due: IntArray
    bands: FloatArray
    proportional_costs: bool

    @property
    def lane_order(self) -> IntArray:
        """(S,) the variants, those that trade on the same days side by side: by calendar, distance to caps, cost, core.

        What one of eight variants has to stop for, all of them stop for. Costs and core move the value that a cap is a
        fraction of.
        """
        spec = self.spec_index
        rank = np.empty_like(spec)
        rank[np.lexsort((*self.core[:, spec], *self.terms, self.cap_usage[spec]))] = np.arange(len(spec))
        return np.lexsort((rank[self.variant_index], self.calendar_index))

    def plans_for(self, variants: IntArray) -> BatchPlans:
        """Return the plans of some variants, by number, one a lane."""
        index, calendar = self.variant_index[variants], self.calendar_index[variants]
        spec, terms = self.spec_index[index], self.terms[:, index]
        return BatchPlans(
            targets=np.take(self.targets, spec, axis=2),
            core=np.take(self.core, spec, axis=1),
            recipients=np.take(self.recipients, spec, axis=2),
            tradable_recipients=np.take(self.tradable_recipients, spec, axis=2),
            terms=np.ascontiguousarray(np.concatenate([terms[:3], self.bands[:, calendar], terms[3:]])),
            calendar=calendar,
            next_due=self.next_due,
            proportional=self.proportional_costs,
        )


def build_inputs(
    cache: PolicyCache, key: BatchKey, market: BatchMarket, pattern_rows: tuple[int, ...], columns: VariantColumns
) -> BatchInputs:
    """Return the inputs of variants that all have one batch key."""
    own_specs = [cache.target_spec(variant) for variant in columns.target_variants]
    specs, spec_index = _distinct(own_specs)
    calendars, calendar_index = _distinct([cache.calendar_spec(variant) for variant in columns.calendar_variants])
    terms = [
        (variant.account.capital, spec.cap, spec.policy.haircut, *cache.cost_terms(variant.costs)[0])
        for variant, spec in zip(columns.target_variants, own_specs, strict=True)
    ]
    targets = np.array([[cache.target_weights(spec, key, row) for row in pattern_rows] for spec in specs])
    recipients, tradable = _recipient_weights(cache, key, market, specs)
    highest = targets[:, -1, list(key.capped)].max(axis=1, initial=0.0)
    return BatchInputs(
        variant_index=columns.target_index,
        spec_index=spec_index,
        calendar_index=calendar_index[columns.calendar_index],
        terms=np.array(terms).T,
        targets=np.ascontiguousarray(targets.transpose(1, 2, 0)),
        core=np.ascontiguousarray(np.array([spec.core for spec in specs]).T),
        recipients=recipients,
        tradable_recipients=tradable,
        cap_usage=highest / np.array([spec.cap for spec in specs]),
        next_due=np.array([_next_due(key, calendar) for calendar in calendars]),
        bands=np.array([calendar.band_widths for calendar in calendars]).T,
        proportional_costs=key.proportional,
    )


def _distinct(items: Sequence[ItemT]) -> tuple[list[ItemT], IntArray]:
    """Return the different objects, in order of appearance, and which of them each is."""
    # ``items`` holds them, so no two have one id
    return distinct_and_index(items, [id(item) for item in items])


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
