"""From a point's indices to the validated config it stands for.

A config is valid when each of its sections is and no two of them contradict each other
(:mod:`engine.backtest.loading`). So every combination of values within one section is validated once, however many
points share it; independent keys, which no rule reads together with another, are validated by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Generic, NamedTuple, cast

import numpy as np
from pydantic import BaseModel

from engine.backtest.config import RunConfig, to_plain_data
from engine.backtest.config_sections import Window
from engine.backtest.loading import flows_can_rebalance, missing_flows_message, waits_for_flows
from engine.core.arrays import IntArray
from engine.core.yaml_document import Tree
from engine.portfolio.account import Account
from engine.portfolio.costs import AnyCosts
from engine.portfolio.policy import PolicyT
from engine.sweep.section_values import ConfigSection, IndependentValues, Rejection, SectionValue, replace_at
from engine.sweep.space import Axis, Space


class PlanTerms(NamedTuple):
    """All of a config that varies but its strategy."""

    account: Account
    costs: AnyCosts
    window: Window


class ValidPoint(NamedTuple, Generic[PolicyT]):
    """What a valid point varies, validated."""

    strategy: PolicyT
    terms: PlanTerms


class PointConfigs(Generic[PolicyT]):
    """Every point of a space as the config it stands for; ``sections`` in the order in which they are looked at."""

    def __init__(self, base_config: RunConfig[PolicyT], space: Space) -> None:
        """Prepare the strategy and the sections of ``base_config`` that vary."""
        self.base_config, self.space = base_config, space
        axes = list(enumerate(space.axes))
        self.sections = {
            name: ConfigSection(name, [(at, axis) for at, axis in axes if axis.section == name], base_config)
            for name in sorted({"strategy", *(axis.section for axis in space.axes)})
        }
        self._benchmarks_need_flows = any(waits_for_flows(other.strategy) for other in base_config.compare.benchmarks)

    def validate(self, indices: Sequence[int]) -> ValidPoint[PolicyT] | Rejection:
        """Return a point with its validated config, or why it has none."""
        models: dict[str, BaseModel] = {}
        needs_flows = False
        for name, section in self.sections.items():
            value = section.value_at(indices)
            if isinstance(value, Rejection):
                return value
            models[name], needs_flows = value.model, needs_flows or value.needs_flows
        terms = self.terms(models)
        if rejection := self.flows_rejection(terms.account, needs_flows=needs_flows):
            return rejection
        independent = self.sections["strategy"].independent_values_at(indices)
        if isinstance(independent, Rejection):
            return independent
        return ValidPoint(with_values(cast("PolicyT", models["strategy"]), independent), terms)

    def terms(self, models: dict[str, BaseModel]) -> PlanTerms:
        """Return the terms of a point whose sections that vary are ``models``."""
        base = self.base_config
        return PlanTerms(
            cast("Account", models.get("account", base.account)),
            cast("AnyCosts", models.get("costs", base.costs)),
            cast("Window", models.get("window", base.window)),
        )

    def flows_rejection(self, account: Account, *, needs_flows: bool) -> Rejection | None:
        """Return why flows cannot rebalance what waits for them, the strategy or a benchmark; None where they can."""
        if not (needs_flows or self._benchmarks_need_flows) or flows_can_rebalance(account.contributions):
            return None
        place = "strategy" if needs_flows else "compare.benchmarks"
        return Rejection(f"{place}.funding: {missing_flows_message(account.contributions)[0]}")

    def tickers_on_axis(self, place: int) -> tuple[str, ...]:
        """Return every ticker that the values of an axis bring in; a value that is invalid by itself brings none."""
        axis = self.space.axes[place]
        if axis.section != "strategy" or axis.independent or not isinstance(axis.values[0].parameters[0], str):
            return ()
        if len(axis.columns) > 1:  # a basket says itself
            return tuple(dict.fromkeys(str(ticker) for value in axis.values for ticker in value.text))
        found = (self.sections["strategy"].value_with(axis, index) for index in range(len(axis.values)))
        return tuple(
            dict.fromkeys(ticker for value in found if isinstance(value, SectionValue) for ticker in value.tickers)
        )

    def equal_values(self) -> dict[int, IntArray]:
        """Return, for each axis some of whose values state the same, the first that states the same as each value.

        Numbers and baskets are all different; texts and mappings may be two ways to write one thing.
        """
        result: dict[int, IntArray] = {}
        for place, axis in enumerate(self.space.axes):
            if len(axis.columns) == 1 and isinstance(axis.values[0].parameters[0], str):
                known: dict[object, int] = {}
                found = [self._stated(axis, index) for index in range(len(axis.values))]
                first = [known.setdefault(one, index) for index, one in enumerate(found)]
                if len(known) < len(first):
                    result[place] = np.array(first)
        return result

    def _stated(self, axis: Axis, index: int) -> object:
        """Return what a value of an axis states, by itself; one that is invalid states its own."""
        model = self.sections[axis.section].validate([(axis, index)])
        return index if isinstance(model, Rejection) else json.dumps(to_plain_data(model), sort_keys=True)


def config_tree(base_config: RunConfig[PolicyT], space: Space, indices: Sequence[int]) -> dict[str, Tree]:
    """Return the whole config of a point, to be validated as any other."""
    tree = cast("Tree", base_config.canonical())
    for axis, index in zip(space.axes, indices, strict=True):
        tree = replace_at(tree, axis.path, axis.values[index].text)
    return cast("dict[str, Tree]", tree)


def with_values(strategy: PolicyT, values: IndependentValues) -> PolicyT:
    """Return a strategy with independent values of its own."""
    return cast("PolicyT", cast("BaseModel", strategy).model_copy(update=dict(values))) if values else strategy
