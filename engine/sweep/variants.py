"""From a point's indices to the validated config it stands for.

A config is valid when each of its sections is and no two of them contradict each other
(:mod:`engine.backtest.loading`). So every combination of values within one section is validated once, however many
points share it; independent keys, which no rule reads together with another, are validated by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Generic, NamedTuple, cast

import numpy as np
from pydantic import BaseModel

from engine.backtest.config import RunConfig, to_plain_data
from engine.backtest.config_sections import Window
from engine.backtest.loading import (
    dated_candidates,
    flows_can_rebalance,
    missing_flows_message,
    waits_for_flows,
    window_faults,
)
from engine.core.arrays import IntArray
from engine.core.yaml_tree import Tree
from engine.portfolio.account import Account
from engine.portfolio.costs import AnyCosts
from engine.portfolio.policy import PolicyT
from engine.sweep.axes import parse_parameter_value
from engine.sweep.section_values import ConfigSection, IndependentValues, Rejection, node_at, replace_at
from engine.sweep.space import Axis, Space
from engine.tax.laws import AnyTax
from engine.tax.none import NoTax


class PlanTerms(NamedTuple):
    """All of a config that varies but its strategy."""

    account: Account
    costs: AnyCosts
    window: Window
    tax: AnyTax = NoTax()


class ValidPoint(NamedTuple, Generic[PolicyT]):
    """What a valid point varies, validated."""

    strategy: PolicyT
    terms: PlanTerms


class PointConfigs(Generic[PolicyT]):
    """Every point of a space as the config it stands for; ``sections`` in the order in which they are looked at."""

    def __init__(
        self, base_config: RunConfig[PolicyT], space: Space, unknown: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Prepare the strategy and the sections of ``base_config`` that vary; ``unknown`` tickers have no price."""
        self.base_config, self.space, self.unknown = base_config, space, unknown
        self.own_terms = PlanTerms(base_config.account, base_config.costs, base_config.window, base_config.tax)
        self._strategies: dict[int, list[PolicyT]] = {}
        axes = list(enumerate(space.axes))
        self.sections = {
            name: ConfigSection(name, [(at, axis) for at, axis in axes if axis.section == name], base_config)
            for name in sorted({"strategy", *(axis.section for axis in space.axes)})
        }
        self._benchmarks_need_flows = any(waits_for_flows(other.strategy) for other in base_config.compare.benchmarks)

    def validate(self, indices: Sequence[int]) -> ValidPoint[PolicyT] | Rejection:
        """Return a point with its validated config, or why it has none."""
        models = self._models_at(indices, self.sections)
        if isinstance(models, Rejection):
            return models
        strategy, terms = cast("PolicyT", models["strategy"]), _to_terms(models)
        if isinstance(terms, Rejection):
            return terms
        if self.unknown and (missing := self._tickers_without_prices(strategy)):
            return Rejection(self.unknown[missing[0]])
        if rejection := self.flows_rejection(terms.account, needs_flows=waits_for_flows(strategy)):
            return rejection
        independent = self.sections["strategy"].independent_values_at(indices)
        if isinstance(independent, Rejection):
            return independent
        return ValidPoint(with_values(strategy, independent), terms)

    def _tickers_without_prices(self, strategy: PolicyT) -> list[str]:
        """Return what a strategy cannot do without and has no price."""
        optional = dated_candidates(strategy)
        return [ticker for ticker in strategy.tickers if ticker in self.unknown and ticker not in optional]

    def terms_at(self, indices: Sequence[int]) -> PlanTerms | Rejection:
        """Return the account, costs, window and taxes of a point."""
        models = self._models_at(indices, self.sections.keys() - {"strategy"})
        return models if isinstance(models, Rejection) else _to_terms(models)

    def _models_at(self, indices: Sequence[int], names: Iterable[str]) -> dict[str, BaseModel] | Rejection:
        models: dict[str, BaseModel] = self.own_terms._asdict()
        for name in names:
            value = self.sections[name].value_at(indices)
            if isinstance(value, Rejection):
                return value
            models[name] = value
        return models

    def flows_rejection(self, account: Account, *, needs_flows: bool) -> Rejection | None:
        """Return why flows cannot rebalance what waits for them, the strategy or a benchmark; None where they can."""
        if not (needs_flows or self._benchmarks_need_flows) or flows_can_rebalance(account):
            return None
        place = "strategy" if needs_flows else "compare.benchmarks"
        return Rejection(f"{place}.funding: {missing_flows_message(account)[0]}")

    def tickers_on_axis(self, place: int) -> tuple[str, ...]:
        """Return every ticker that the values of an axis bring in; a value that is invalid by itself brings none."""
        return tuple(dict.fromkeys(ticker for tickers in self._tickers_by_value(place) for ticker in tickers))

    def strategies_on_axis(self, place: int) -> list[PolicyT]:
        """Return the strategy of every value of an axis that may change which assets are held."""
        if place not in self._strategies:
            self._strategies[place] = self._find_strategies(self.space.axes[place])
        return self._strategies[place]

    def _find_strategies(self, axis: Axis) -> list[PolicyT]:
        if axis.section != "strategy" or axis.independent or len(axis.columns) > 1:
            return []
        if not isinstance(axis.values[0].parameters[0], str):
            return []
        found = (self.sections["strategy"].valid_model([(axis, index)]) for index in range(len(axis.values)))
        return [cast("PolicyT", model) for model in found if model is not None]

    def swept_tickers(self) -> tuple[str, ...]:
        """Return the tickers with prices that values try instead of each other, of baskets or of a list of mappings."""
        found: list[str] = []
        for place, axis in enumerate(self.space.axes):
            values = self._tickers_by_value(place)
            all_have = set(values[0]).intersection(*values) if values and len(axis.columns) == 1 else set()
            found += [ticker for tickers in values for ticker in tickers if ticker not in all_have]
        return tuple(ticker for ticker in dict.fromkeys(found) if ticker not in self.unknown)

    def _tickers_by_value(self, place: int) -> list[tuple[str, ...]]:
        """Return the tickers of each valid value of an axis; nothing where it does not change which are held."""
        axis = self.space.axes[place]
        if axis.section != "strategy" or axis.independent or not isinstance(axis.values[0].parameters[0], str):
            return []
        if len(axis.columns) > 1:  # a basket says itself
            return [tuple(map(str, value.text)) for value in axis.values]
        return [strategy.tickers for strategy in self.strategies_on_axis(place)]

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

    def plan_values(self) -> tuple[int, ...]:
        """Return the place of the plan's own value on each axis; 0, the first, where the plan's is not among them."""
        tree = self.base_config.canonical()
        return tuple(
            next((at for at in range(len(axis.values)) if self._is_plan_value(axis, at, node_at(tree, axis.path))), 0)
            for axis in self.space.axes
        )

    def _is_plan_value(self, axis: Axis, index: int, current: object) -> bool:
        """Tell whether a value of an axis states what the base config has at its path, ``current`` as plain data."""
        value = axis.values[index]
        if len(axis.columns) > 1 and isinstance(value.text, dict):
            return current == {name: parse_parameter_value(weight) for name, weight in value.text.items()}
        if isinstance(value.parameters[0], float):
            return current == value.parameters[0]
        own = getattr(self.base_config, axis.section)
        return self._stated(axis, index) == json.dumps(to_plain_data(own), sort_keys=True)

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


def _to_terms(models: Mapping[str, BaseModel]) -> PlanTerms | Rejection:
    """Return validated sections together, or why the tax law cannot be applied to the window."""
    account, costs = cast("Account", models["account"]), cast("AnyCosts", models["costs"])
    terms = PlanTerms(account, costs, cast("Window", models["window"]), cast("AnyTax", models["tax"]))
    for keys, message in window_faults(terms.tax, terms.window):
        return Rejection(f"{'.'.join(('tax', *map(str, keys)))}: {message.partition('; ')[0]}")
    return terms


def with_values(strategy: PolicyT, values: IndependentValues) -> PolicyT:
    """Return a strategy with independent values of its own."""
    return cast("PolicyT", cast("BaseModel", strategy).model_copy(update=dict(values))) if values else strategy
