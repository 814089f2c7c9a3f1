"""Targets, calendars, accounts and costs of the variants of one batch, and any slice of them as the kernel takes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.simulation.kernel.batch.records import BatchMarket, BatchPlans
from engine.simulation.kernel.valuation import normalise
from engine.sweep.batch.planner import BatchKey, MarketPlanner, VariantColumns
from engine.sweep.batch.policy_groups import PolicyGroup


@dataclass(frozen=True)
class BatchInputs:
    """What S variants are made of, each part written down once.

    ``variant_index`` (S,) says with which of K variants one agrees in targets, account and costs: ``terms`` (11, K) are
    capital, cap, haircut, seven fees and smallest order, ``spec_index`` (K,) their target specs, of which there are U:
    ``targets`` (P, n, U) for P patterns of assets that can be held, ``core`` (n, U), ``recipients`` and
    ``tradable_recipients`` (G, n, U) for G delistings, ``cap_usage`` (U,) the highest capped target of the last pattern
    as a share of its cap. ``calendar_index`` (S,) says which of C calendars: ``next_due`` (C, T + 1), ``bands`` (2, C)
    absolute and relative. ``proportional_costs``: all costs are small rates,
    ``judges_orders``: some orders may not be worth placing.
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
    judges_orders: bool

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
            judges_orders=self.judges_orders,
        )


def build_inputs(
    planner: MarketPlanner, market: BatchMarket, pattern_rows: tuple[int, ...], columns: VariantColumns
) -> BatchInputs:
    """Return the inputs of variants over their market."""
    key, group, table = columns.key, columns.group, columns.group.table
    calendars = [planner.calendar_spec(schedule, key.end_row) for schedule in columns.schedules]
    pairs = columns.policy_index * len(columns.terms) + columns.terms_index
    distinct, variant_index = np.unique(pairs, return_inverse=True)
    policy_index, terms_index = np.divmod(distinct, len(columns.terms))
    terms = np.array(
        [
            (one.account.capital, *planner.cost_terms(one.costs, key.assets)[0], one.account.min_order)
            for one in columns.terms
        ]
    )[terms_index]
    targets = np.array([planner.place_targets(group, key, row) for row in pattern_rows])
    recipients, tradable = _recipient_weights(planner, key, market, group)
    return BatchInputs(
        variant_index=variant_index,
        spec_index=policy_index,
        calendar_index=columns.schedule_index,
        terms=np.vstack([terms[:, 0], table.cap[policy_index], group.haircuts[policy_index], terms[:, 1:].T]),
        targets=np.ascontiguousarray(targets.transpose(0, 2, 1)),
        core=np.ascontiguousarray(table.core.T),
        recipients=recipients,
        tradable_recipients=tradable,
        cap_usage=targets[-1][:, list(key.capped)].max(axis=1, initial=0.0) / table.cap,
        next_due=np.array([planner.next_due(schedule, key) for schedule in columns.schedules]),
        bands=np.array([calendar.band_widths for calendar in calendars]).T,
        proportional_costs=key.proportional,
        judges_orders=key.judges_orders,
    )


def _recipient_weights(
    planner: MarketPlanner, key: BatchKey, market: BatchMarket, group: PolicyGroup
) -> tuple[FloatArray, FloatArray]:
    """Return (G, n, U) who receives each payout, and the shares of those of them that have a close then (S8)."""
    recipients = np.zeros((len(market.delisted), len(key.assets), len(group.table.targets)))
    tradable = np.zeros_like(recipients)
    for k, row in enumerate(market.delisting_rows.tolist()):
        shares = planner.recipient_shares(group, key, key.opening_row + row)
        recipients[k] = shares.T
        for u, own in enumerate(shares):
            tradable[k, :, u] = normalise(market.fresh[row], own)
    return recipients, tradable
