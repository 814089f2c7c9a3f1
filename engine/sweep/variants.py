"""From a point's indices to the validated config it stands for, and its id: the SHA-256 of the canonical config.

A config is valid when each of its sections is and no two of them contradict each other
(:mod:`engine.backtest.loading`). So every combination of values within one section is validated once, however many
points share it; independent keys, which no rule reads together with another, are validated by themselves. The canonical
JSON is joined from the sections' own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Generic, NamedTuple, cast

from pydantic import BaseModel

from engine.backtest.config import RunConfig
from engine.backtest.config_sections import Window
from engine.backtest.loading import flows_can_rebalance, missing_flows_message, waits_for_flows
from engine.core.yaml_document import Tree
from engine.portfolio.account import Account
from engine.portfolio.costs import AnyCosts
from engine.portfolio.policy import PolicyT
from engine.sweep.section_values import (
    ConfigSection,
    IndependentValues,
    IndexTuple,
    Rejection,
    SectionValue,
    canonical_json_bytes,
    make_index_getter,
    replace_at,
)
from engine.sweep.space import Space

if TYPE_CHECKING:
    from hashlib import _Hash as HASH


@dataclass(frozen=True)
class ConfigPrefix(Generic[PolicyT]):
    """What valid points share that differ in independent values only.

    ``strategy`` is that of one of them, and all of them want its weights. Prefixes with equal ``targets_key`` want the
    same weights, with equal ``schedule_key`` they decide at the same times but for the independent values; ``key`` is
    equal only for equal prefixes. The canonical JSON is what ``hash_state`` has hashed, then an independent value
    before each of the ``json_pieces``.
    """

    strategy: PolicyT
    account: Account
    costs: AnyCosts
    window: Window
    tickers: tuple[str, ...]
    key: IndexTuple
    targets_key: int
    schedule_key: int
    hash_state: HASH
    json_pieces: tuple[bytes, ...]


class ValidPoint(NamedTuple, Generic[PolicyT]):
    """A valid point: its prefix and its independent values, and the SHA-256 of its canonical config."""

    prefix: ConfigPrefix[PolicyT]
    independent: IndependentValues
    sha256: bytes

    @property
    def calendar_key(self) -> tuple[int, int]:
        """Equal for points that decide at the same times."""
        return self.prefix.schedule_key, self.independent.index

    def build_strategy(self) -> PolicyT:
        """Return the point's own strategy."""
        shared, update = self.prefix.strategy, self.independent.update
        return cast("PolicyT", cast("BaseModel", shared).model_copy(update=update)) if update else shared


class PointConfigs(Generic[PolicyT]):
    """Every point of a space as the config it stands for."""

    def __init__(self, base_config: RunConfig[PolicyT], space: Space) -> None:
        """Prepare the strategy and the sections of ``base_config`` that vary."""
        self.base_config, self.space = base_config, space
        axes = list(enumerate(space.axes))
        self._sections = {
            name: ConfigSection(name, [(at, axis) for at, axis in axes if axis.section == name], base_config)
            for name in sorted({"strategy", *(axis.section for axis in space.axes)})
        }
        self._prefix_key = make_index_getter([(at, axis) for at, axis in axes if not axis.independent])
        first, *self._json_between = self._cut_json()
        self._hash_start = hashlib.sha256(first)
        self._benchmarks_need_flows = any(waits_for_flows(other.strategy) for other in base_config.compare.benchmarks)

    def validate(self, indices: Sequence[int]) -> ValidPoint[PolicyT] | Rejection:
        """Return a point with its validated config, or why it has none."""
        return next(self.validate_all([indices]))

    def validate_all(self, points: Iterable[Sequence[int]]) -> Iterator[ValidPoint[PolicyT] | Rejection]:
        """Yield each point with its validated config, or why it has none; what neighbours share is made once."""
        last: IndexTuple | None = None
        prefix: ConfigPrefix[PolicyT] | Rejection = Rejection("")
        strategy = self._sections["strategy"]
        for indices in points:
            key = self._prefix_key(indices)
            if key != last:
                prefix, last = self._build_prefix(indices), key
            if isinstance(prefix, Rejection):
                yield prefix
                continue
            independent = strategy.independent_values_at(indices)
            if isinstance(independent, Rejection):
                yield independent
                continue
            digest = prefix.hash_state.copy()
            pairs = zip(independent.json_values, prefix.json_pieces, strict=True)
            digest.update(b"".join(chain.from_iterable(pairs)))
            yield ValidPoint(prefix, independent, digest.digest())

    def _build_prefix(self, indices: Sequence[int]) -> ConfigPrefix[PolicyT] | Rejection:
        values: dict[str, SectionValue] = {}
        pieces = [b""]
        for (name, section), following in zip(self._sections.items(), self._json_between, strict=True):
            value = section.value_at(indices)
            if isinstance(value, Rejection):
                return value
            values[name] = value
            first, *others = value.json_pieces
            pieces = [*pieces[:-1], pieces[-1] + first, *others]
            pieces[-1] += following
        strategy, models = values["strategy"], {name: value.model for name, value in values.items()}
        account = cast("Account", models.get("account", self.base_config.account))
        if (strategy.needs_flows or self._benchmarks_need_flows) and not flows_can_rebalance(account.contributions):
            place = "strategy" if strategy.needs_flows else "compare.benchmarks"
            return Rejection(f"{place}.funding: {missing_flows_message(account.contributions)[0]}")
        hash_state = self._hash_start.copy()
        hash_state.update(pieces[0])
        return ConfigPrefix(
            cast("PolicyT", strategy.model),
            account,
            cast("AnyCosts", models.get("costs", self.base_config.costs)),
            cast("Window", models.get("window", self.base_config.window)),
            strategy.tickers,
            tuple(value.index for value in values.values()),
            strategy.index,
            strategy.schedule_index,
            hash_state,
            tuple(pieces[1:]),
        )

    def tickers_on_axis(self, place: int) -> tuple[str, ...]:
        """Return every ticker that the values of an axis bring in; a value that is invalid by itself brings none."""
        axis = self.space.axes[place]
        if axis.section != "strategy" or axis.independent or not isinstance(axis.values[0].parameters[0], str):
            return ()
        if len(axis.columns) > 1:  # a basket says itself
            return tuple(dict.fromkeys(str(ticker) for value in axis.values for ticker in value.text))
        found = (self._sections["strategy"].value_with(axis, index) for index in range(len(axis.values)))
        return tuple(
            dict.fromkeys(ticker for value in found if isinstance(value, SectionValue) for ticker in value.tickers)
        )

    def config_tree(self, indices: Sequence[int]) -> dict[str, Tree]:
        """Return the whole config of a point, to be validated as any other."""
        tree = cast("Tree", self.base_config.canonical())
        for axis, index in zip(self.space.axes, indices, strict=True):
            tree = replace_at(tree, axis.path, axis.values[index].text)
        return cast("dict[str, Tree]", tree)

    def _cut_json(self) -> list[bytes]:
        """Return the canonical JSON before, between and after the sections that vary."""
        data = self.base_config.canonical()
        pieces, text = [], b"{"
        for place, name in enumerate(sorted({*data, *self._sections})):
            text += (b", " if place else b"") + canonical_json_bytes(name) + b": "
            if name in self._sections:
                pieces.append(text)
                text = b""
            else:
                text += canonical_json_bytes(data[name])
        return [*pieces, text + b"}"]
