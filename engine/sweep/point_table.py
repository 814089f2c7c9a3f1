"""A range of points in columns: which strategy, terms and independent values each has, and why some are no runs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar, cast

import numpy as np

from engine.core.arrays import BoolArray, IntArray
from engine.portfolio.policy import PolicyT
from engine.simulation.kernel.order_costs import is_proportional
from engine.sweep.batch.planner import PolicyGroup, distinct_and_index
from engine.sweep.section_values import Axes, IndependentValues, Rejection, distinct_along
from engine.sweep.space import AxisIndices
from engine.sweep.strategy_table import StrategyRows, StrategyTable
from engine.sweep.variants import PlanTerms, PointConfigs

ValueT = TypeVar("ValueT")


@dataclass(frozen=True)
class PointTable:
    """S points in columns.

    ``strategy_index``, ``terms_index`` and ``values_index`` (S,) say which of ``strategies``, ``terms`` and ``values``
    (independent ones) a point has; ``rejections`` by position.
    """

    strategies: StrategyRows
    terms: Sequence[PlanTerms]
    values: Sequence[IndependentValues | Rejection]
    strategy_index: IntArray
    terms_index: IntArray
    values_index: IntArray
    rejections: dict[int, Rejection]

    @cached_property
    def rows(self) -> IntArray:
        """(S,) the row of each point's strategy in its group."""
        return self.strategies.row[self.strategy_index]

    @cached_property
    def _groups(self) -> IntArray:
        return self.strategies.group[self.strategy_index]

    @cached_property
    def _is_valid(self) -> BoolArray:
        valid = np.ones(len(self.strategy_index), dtype=np.bool_)
        valid[list(self.rejections)] = False
        return valid

    @property
    def ungrouped(self) -> IntArray:
        """The valid points, by position, whose strategy is in no group."""
        return np.flatnonzero(self._is_valid & (self._groups < 0))

    def group_of(self, position: int) -> PolicyGroup:
        """Return the group that a point's strategy is in."""
        return self.strategies.groups[int(self._groups[position])]

    def terms_of(self, position: int) -> PlanTerms:
        """Return a point's account, costs and window."""
        return self.terms[int(self.terms_index[position])]

    def values_at(self, index: int) -> IndependentValues:
        """Return independent values of valid points."""
        return cast("IndependentValues", self.values[index])

    def families(self) -> Iterator[IntArray]:
        """Yield the valid points, by position, whose strategies are in one group and whose terms batch alike."""
        _, kinds = distinct_and_index(self.terms, [_batch_terms(one) for one in self.terms])
        chosen = np.flatnonzero(self._is_valid & (self._groups >= 0))
        keys = self._groups[chosen] * (len(self.terms) + 1) + kinds[self.terms_index[chosen]]
        return (chosen[members] for members in split_by_key(keys))

    def split_by_targets(self, positions: IntArray) -> Iterator[IntArray]:
        """Yield points of one group apart that have positive targets for other assets."""
        wanted = self.group_of(int(positions[0])).table.targets > 0.0
        if (wanted == wanted[0]).all():
            return iter([positions])
        _, kind = np.unique(wanted, axis=0, return_inverse=True)
        return (positions[members] for members in split_by_key(kind[self.rows[positions]]))


class PointTables(Generic[PolicyT]):
    """Makes tables of the points of a space, over a market's ``assets``."""

    def __init__(self, configs: PointConfigs[PolicyT], assets: tuple[str, ...]) -> None:
        """Prepare for the sections that vary."""
        self.configs = configs
        self._strategies = StrategyTable(configs.sections["strategy"], assets)

    def table(self, indices: AxisIndices) -> PointTable:
        """Return points with ``indices`` (S, D) in columns."""
        strategies, strategy_index = self._strategies.rows(indices)
        sections = [section for name, section in self.configs.sections.items() if name != "strategy"]
        axes = [pair for section in sections for pair in section.dependent_axes]
        terms, terms_index = _distinct_values(indices, axes, self._terms_at)
        own = self.configs.sections["strategy"]
        values, values_index = _distinct_values(indices, own.independent_axes, own.independent_values_at)
        invalid = np.array([isinstance(value, Rejection) for value in values], dtype=np.bool_)
        refused = strategies.rejected[strategy_index] | invalid[values_index]
        for needs_flows in (False, True):
            without = [
                one is None or self.configs.flows_rejection(one.account, needs_flows=needs_flows) for one in terms
            ]
            waits = np.array([found is not None for found in without], dtype=np.bool_)
            refused |= waits[terms_index] & (strategies.needs_flows[strategy_index] == needs_flows)
        rejections = {}
        for at in np.flatnonzero(refused).tolist():
            found = self.configs.validate(indices[at].tolist())
            if not isinstance(found, Rejection):
                raise TypeError(found)
            rejections[at] = found
        known = [one or self.configs.terms({}) for one in terms]  # those of rejected points are never asked for
        return PointTable(strategies, known, values, strategy_index, terms_index, values_index, rejections)

    def _terms_at(self, indices: Sequence[int]) -> PlanTerms | None:
        """Return the account, costs and window of a point; None when one of them is invalid."""
        models = {}
        for name, section in self.configs.sections.items():
            if name != "strategy":
                value = section.value_at(indices)
                if isinstance(value, Rejection):
                    return None
                models[name] = value.model
        return self.configs.terms(models)


def _distinct_values(
    indices: AxisIndices, axes: Axes, value_at: Callable[[Sequence[int]], ValueT]
) -> tuple[list[ValueT], IntArray]:
    """Return the different values that points (S, D) have along some axes, and (S,) which of them each has."""
    first, index = distinct_along(indices, axes)
    return [value_at(indices[at].tolist()) for at in first.tolist()], index


def _batch_terms(terms: PlanTerms) -> Hashable:
    """Return what plans share beside their strategy that run side by side."""
    account, proportional = terms.account, bool(is_proportional(terms.costs.cost_table(1)))
    flows = bool(account.contributions.amount)
    return account.shares, flows, account.fill_delay, account.cash.rate, terms.window, proportional


def split_by_key(keys: IntArray) -> Iterator[IntArray]:
    """Yield the positions of each different key of (S,), in rising order.

    >>> [members.tolist() for members in split_by_key(np.array([5, 3, 5]))]
    [[1], [0, 2]]
    """
    order = np.argsort(keys, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(keys[order])) + 1)
    return (part for part in parts if len(part))
