"""The strategies of many points at once: weights as arrays wherever a strategy can say them so.

Each value of an axis is validated once. Combinations that hold the same tickers are one group, whose rules are checked
as vectors; only a combination that is not surely valid is validated by itself, which also finds the words for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Generic, cast

import numpy as np
from pydantic import BaseModel

from engine.backtest.loading import dated_candidates, waits_for_flows
from engine.core.arrays import BoolArray, IntArray
from engine.portfolio.policy import Policy, PolicyT
from engine.portfolio.policy_abilities import TabulatesTargets
from engine.sweep.batch.policy_groups import PolicyGroup, distinct_and_index, group_policies, is_batchable
from engine.sweep.section_values import (
    Axes,
    ConfigSection,
    Rejection,
    distinct_along,
    distinct_values,
    field_name,
    flatten_indices,
)
from engine.sweep.space import Axis, AxisIndices

NO_GROUP: Final = -1
"""The group of a strategy that only ``simulate`` can run."""
REJECTED: Final = -2
"""The group of what is no valid run."""


MAX_CACHED_FIELD_VALUES: Final = 65_536
"""Validated values of fields beyond which a chunk begins without any: a sample may have millions."""


@dataclass(frozen=True)
class StrategyRows:
    """R different strategies: ``group`` (R,) which of ``groups`` each is in, and ``row`` (R,) where.

    Instead of a group it has NO_GROUP where only ``simulate`` can run it, or REJECTED. ``needs_flows`` (R,).
    """

    groups: list[PolicyGroup]
    group: IntArray
    row: IntArray
    needs_flows: BoolArray

    def add(self, group: PolicyGroup, members: IntArray, rows: IntArray) -> None:
        """Take in a group; ``members`` are the ``rows`` of it."""
        self.group[members], self.row[members] = len(self.groups), rows
        self.needs_flows[members] = waits_for_flows(group.policy)
        self.groups.append(group)


class StrategyTable(Generic[PolicyT]):
    """All strategies of a space, over a market's ``assets``."""

    def __init__(
        self, section: ConfigSection[PolicyT], assets: tuple[str, ...], unpriced: Collection[str] = ()
    ) -> None:
        """Prepare for the axes of ``section``; ``unpriced`` assets have no close at all."""
        self.section, self.assets, self._unpriced = section, assets, frozenset(unpriced)
        base = section.base_config.strategy
        replaced = any(len(axis.path) == 1 or axis.path[1] == "kind" for _, axis in section.dependent_axes)
        tabulated: frozenset[str] = frozenset()
        if isinstance(base, TabulatesTargets) and not replaced:
            tabulated = base.tabulated_fields
        self._field_axes: dict[str, list[tuple[int, Axis]]] = {}
        self._other_axes: list[tuple[int, Axis]] = []
        for at, axis in section.dependent_axes:
            name = field_name(cast("BaseModel", base), str(axis.path[1])) if tabulated else ""
            own = self._field_axes.setdefault(name, []) if name in tabulated else self._other_axes
            own.append((at, axis))
        self._values: dict[tuple[str | int, ...], object] = {}

    def rows(self, indices: AxisIndices) -> tuple[StrategyRows, IntArray]:
        """Return the different strategies of points (S, D), and (S,) which of them each point has."""
        if len(self._values) > MAX_CACHED_FIELD_VALUES:
            self._values = {}
        first, index = distinct_along(indices, self.section.dependent_axes)
        distinct, count = indices[first], len(first)
        zeros = np.zeros(count, dtype=np.int64)
        found = StrategyRows([], zeros + NO_GROUP, zeros, np.zeros(count, dtype=np.bool_))
        single: list[int] = []
        for members in self._families(distinct):
            single += self._add_family(found, distinct, members).tolist()
        self._add_single(found, distinct, single)
        return found, index

    def _families(self, distinct: AxisIndices) -> Iterator[IntArray]:
        """Yield the rows that name the same tickers in the same fields, and have all other values in common."""
        keys = [flatten_indices(distinct, self._other_axes)]
        for name, axes in self._field_axes.items():
            values, index = distinct_values(distinct, axes, partial(self._field_value, name, axes))
            _, kinds = distinct_and_index(values, [_tickers_in(value) for value in values])
            keys.append(kinds[index])
        order = np.lexsort(keys[::-1])
        changed = np.logical_or.reduce([key[order][1:] != key[order][:-1] for key in keys])
        return iter(np.split(order, np.flatnonzero(changed) + 1))

    def _field_value(self, name: str, axes: Axes, point: Sequence[int]) -> object:
        """Return the value of a field at a point, validated with all else as in the base config; None if invalid."""
        key: tuple[str | int, ...] = (name, *(point[at] for at, _ in axes))
        known = self._values  # kept here, as another thread may begin anew
        if key not in known:
            model = self.section.validate([(axis, point[at]) for at, axis in axes])
            known[key] = None if isinstance(model, Rejection) else getattr(model, name)
        return known[key]

    def _add_family(self, found: StrategyRows, distinct: AxisIndices, members: IntArray) -> IntArray:
        """Add a family as a group; return its rows that have to be looked at one by one."""
        policy = self._first_valid(distinct, members)
        if not isinstance(policy, TabulatesTargets) or not is_batchable(policy):
            return members
        values: dict[str, Sequence[object]] = {}
        choices: dict[str, IntArray] = {}
        for name, axes in self._field_axes.items():
            value_at = partial(self._field_value, name, axes)
            values[name], choices[name] = distinct_values(distinct[members], axes, value_at)
        if not self._knows(policy):
            found.group[members] = REJECTED
            return members[:0]
        columns = sorted(self.assets.index(ticker) for ticker in policy.tickers)
        names = [self.assets[column] for column in columns]
        has_all = all(value is not None for known in values.values() for value in known)
        table = policy.tabulate(values, choices, names) if has_all else None
        if table is None:
            return members
        capped = tuple(at for at, name in enumerate(names) if name in policy.caps())
        sure = np.flatnonzero(table.valid)
        found.add(PolicyGroup(policy, tuple(columns), capped, table.select(sure)), members[sure], np.arange(len(sure)))
        return members[~table.valid]

    def _knows(self, policy: Policy) -> bool:
        """Tell whether there are prices of all that a policy names and cannot do without."""
        missing = self._unpriced.intersection(policy.tickers)
        if missing and missing - dated_candidates(policy):
            return False
        return set(policy.tickers) <= set(self.assets)

    def _first_valid(self, distinct: AxisIndices, members: IntArray) -> Policy | None:
        for member in members.tolist():
            value = self.section.value_at(distinct[member].tolist())
            if not isinstance(value, Rejection):
                return cast("Policy", value)
        return None

    def _add_single(self, found: StrategyRows, distinct: AxisIndices, members: Sequence[int]) -> None:
        """Add strategies that are asked one by one, those of one kind together."""
        alike: dict[object, list[tuple[int, Policy]]] = {}
        for member in members:
            value = self.section.value_at(distinct[member].tolist())
            if isinstance(value, Rejection):
                found.group[member] = REJECTED
                continue
            policy = cast("Policy", value)
            if not self._knows(policy):
                found.group[member] = REJECTED
                continue
            found.needs_flows[member] = waits_for_flows(policy)
            if is_batchable(policy):
                key = frozenset(policy.tickers), frozenset(policy.caps()), policy.watch_caps, policy.schedule
                alike.setdefault(key, []).append((member, policy))
        for pairs in alike.values():
            group = group_policies(self.assets, [policy for _, policy in pairs])
            if group is not None:
                found.add(group, np.array([member for member, _ in pairs]), np.arange(len(pairs)))


def _tickers_in(value: object) -> tuple[bool, frozenset[object]]:
    """Return whether a field has a value, and the tickers that it names: the same for all that name the same."""
    return value is not None, frozenset(value) if isinstance(value, Mapping) else frozenset()
