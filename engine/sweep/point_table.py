"""A range of points in columns: which strategy, terms and independent values each has, and why some are no runs."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.core.arrays import BoolArray, IntArray
from engine.portfolio.costs import tariff_currency
from engine.portfolio.policy import PolicyT
from engine.portfolio.spread import SpreadByName
from engine.simulation.kernel.order_costs import is_proportional
from engine.sweep.batch.policy_groups import PolicyGroup, distinct_and_index
from engine.sweep.section_values import IndependentValues, Rejection, distinct_values
from engine.sweep.space import AxisIndices
from engine.sweep.strategy_table import REJECTED, StrategyTable
from engine.sweep.variants import PlanTerms, PointConfigs


@dataclass(frozen=True)
class PointTable:
    """S points in columns.

    ``group`` (S,) says in which of ``groups`` a point's strategy is, NO_GROUP in none, REJECTED that it is no run, and
    ``rows`` (S,) where in it; ``terms_index`` and ``values_index`` (S,) which of ``terms`` and of ``values``
    (independent ones) it has. ``rejections`` by position.
    """

    groups: Sequence[PolicyGroup]
    terms: Sequence[PlanTerms]
    values: Sequence[IndependentValues]
    group: IntArray
    rows: IntArray
    terms_index: IntArray
    values_index: IntArray
    rejections: dict[int, Rejection]

    def families(self) -> Iterator[tuple[PolicyGroup, PlanTerms, IntArray]]:
        """Yield the valid points, by position, whose strategies are in one group and whose terms batch alike."""
        _, kinds = distinct_and_index(self.terms, [_batch_terms(one) for one in self.terms])
        chosen = np.flatnonzero(self.group >= 0)
        for members in split_by_key(self.group[chosen] * len(self.terms) + kinds[self.terms_index[chosen]]):
            at = chosen[members]
            yield self.groups[int(self.group[at[0]])], self.terms[int(self.terms_index[at[0]])], at

    def split_by_targets(self, group: PolicyGroup, positions: IntArray) -> Iterator[IntArray]:
        """Yield points of a group apart that have positive targets for other assets."""
        wanted = group.table.targets > 0.0
        if (wanted == wanted[0]).all():
            return iter([positions])
        _, kind = np.unique(wanted, axis=0, return_inverse=True)
        return (positions[members] for members in split_by_key(kind[self.rows[positions]]))


def build_point_table(
    configs: PointConfigs[PolicyT], strategy_table: StrategyTable[PolicyT], indices: AxisIndices
) -> PointTable:
    """Return points with ``indices`` (S, D) in columns."""
    strategies, strategy_index = strategy_table.rows(indices)
    sections = [section for name, section in configs.sections.items() if name != "strategy"]
    axes = [pair for section in sections for pair in section.dependent_axes]
    terms, terms_index = distinct_values(indices, axes, configs.terms_at)
    own = configs.sections["strategy"]
    values, values_index = distinct_values(indices, own.independent_axes, own.independent_values_at)
    own_terms = configs.own_terms  # stand in for those of rejected points, which nobody asks for
    known = [own_terms if isinstance(one, Rejection) else one for one in terms]
    usable = [{} if isinstance(value, Rejection) else value for value in values]
    group, needs = strategies.group[strategy_index], strategies.needs_flows[strategy_index]
    refused = (group == REJECTED) | _are_rejections(values)[values_index] | _are_rejections(terms)[terms_index]
    for needs_flows in (False, True):
        waits = [configs.flows_rejection(one.account, needs_flows=needs_flows) for one in known]
        refused |= np.array([one is not None for one in waits])[terms_index] & (needs == needs_flows)
    rejections = {}
    for at in np.flatnonzero(refused).tolist():
        found = configs.validate(indices[at].tolist())
        if not isinstance(found, Rejection):
            raise TypeError(found)
        rejections[at] = found
    group[refused] = REJECTED
    rows = strategies.row[strategy_index]
    return PointTable(strategies.groups, known, usable, group, rows, terms_index, values_index, rejections)


def _are_rejections(values: Sequence[object]) -> BoolArray:
    return np.array([isinstance(value, Rejection) for value in values], dtype=np.bool_)


def _batch_terms(terms: PlanTerms) -> Hashable:
    """Return what plans share beside their strategy that run side by side."""
    account, costs, flows = terms.account, terms.costs, terms.account.has_flows
    tables = (costs.cost_table(("",), np.array([foreign])).of_orders() for foreign in (False, True))
    extras = bool(costs.fx), bool(costs.yearly), isinstance(costs.spread, SpreadByName)
    charged = *(bool(is_proportional(table)) for table in tables), *extras, tariff_currency(costs)
    return (
        account.shares,
        flows,
        account.fill_delay,
        account.limit_margin,
        account.cash.rate,
        account.min_order > 0.0,
        terms.window,
        charged,
        terms.tax.model_dump_json(),
    )


def split_by_key(keys: IntArray) -> Iterator[IntArray]:
    """Yield the positions of each different key of (S,), in rising order.

    >>> [members.tolist() for members in split_by_key(np.array([5, 3, 5]))]
    [[1], [0, 2]]
    """
    order = np.argsort(keys, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(keys[order])) + 1)
    return (part for part in parts if len(part))
