"""From a point's digits to the validated config it stands for, and its id: the SHA-256 of the canonical config.

A config is valid when each of its sections is and no two of them contradict each other (``engine.load``). So every
combination of values within one section is validated once, however many points share it; keys that no rule reads
together with another (``alone``) are validated by themselves. The canonical JSON is joined from the sections' own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, cast

from pydantic import BaseModel

from engine.backtest.config import RunConfig, Window
from engine.backtest.loading import flows_can_rebalance, missing_flows_message, waits_for_flows
from engine.core.yaml_document import Tree
from engine.portfolio.account import Account
from engine.portfolio.costs import AnyCosts
from engine.portfolio.policy import Policy
from engine.sweep.config_sections import (
    NO_INDEPENDENT_VALUES,
    ConfigSection,
    IndependentValues,
    IndexTuple,
    Rejection,
    SectionValue,
    canonical_json,
    index_getter,
    interleave,
    replace_at,
)
from engine.sweep.space import Space

if TYPE_CHECKING:
    from hashlib import _Hash as HASH

PolicyT = TypeVar("PolicyT", bound=Policy)


@dataclass(frozen=True)
class ConfigPrefix(Generic[PolicyT]):
    """What valid points share that differ in ``alone`` values only.

    ``build_strategy`` is that of one of them, and all of them want its weights. ``targets_key`` and ``calendar_key`` are numbers: stems
    with equal ones want the same weights, or decide at the same times but for the ``alone`` values. A ``key`` is equal
    only for equal stems. The canonical JSON is what ``hash_state`` has hashed, then a value before each of the ``json_pieces``.
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
    """A valid point: its stem and its ``alone`` values, and the SHA-256 of its canonical config."""

    prefix: ConfigPrefix[PolicyT]
    independent: IndependentValues
    sha256: bytes

    @property
    def calendar_key(self) -> tuple[int, int]:
        """Equal for points that decide at the same times."""
        return self.prefix.schedule_key, self.independent.index

    def build_strategy(self) -> PolicyT:
        """Return the point's own strategy."""
        model = cast("BaseModel", self.prefix.strategy)
        return (
            cast("PolicyT", model.model_copy(update=self.independent.update))
            if self.independent.update
            else self.prefix.strategy
        )


class PointConfigs(Generic[PolicyT]):
    """Every point of a space as the config it stands for."""

    def __init__(self, base: RunConfig[PolicyT], space: Space) -> None:
        """Prepare the sections that vary; ``base`` is the config's own plan."""
        self.base, self.space = base, space
        names = dict.fromkeys(axis.section for axis in space.axes)
        self._sections = {
            name: ConfigSection(name, [(at, axis) for at, axis in enumerate(space.axes) if axis.section == name], base)
            for name in names
        }
        self._json_frame = self._cut_json_frame()
        self._section_steps = [
            (name, self._sections[name], after)
            for name, after in zip(self._sorted_sections, self._json_frame[1:], strict=True)
        ]
        self._hash_start = hashlib.sha256(self._json_frame[0])
        self._prefix_key = index_getter([(at, axis) for at, axis in enumerate(space.axes) if not axis.independent])
        self._base_strategy = SectionValue(
            cast("BaseModel", base.strategy), (), -1, base.strategy.tickers, waits_for_flows(base.strategy)
        )
        self._benchmarks_need_flows = any(waits_for_flows(other.strategy) for other in base.compare.benchmarks)

    def validate(self, digits: Sequence[int]) -> ValidPoint[PolicyT] | Rejection:
        """Return a point's validated plan, or why it is none."""
        return next(self.validate_all([digits]))

    def validate_all(self, points: Iterable[Sequence[int]]) -> Iterator[ValidPoint[PolicyT] | Rejection]:
        """Yield the validated plan of each point, or why it is none; what neighbours share is made once."""
        last: IndexTuple | None = None
        stem: ConfigPrefix[PolicyT] | Rejection = Rejection("")
        strategy = self._sections.get("strategy")
        for digits in points:
            key = self._prefix_key(digits)
            if key != last:
                stem, last = self._build_prefix(digits), key
            if isinstance(stem, Rejection):
                yield stem
                continue
            lone = strategy.independent_values_at(digits) if strategy else NO_INDEPENDENT_VALUES
            if isinstance(lone, Rejection):
                yield lone
                continue
            digest = stem.hash_state.copy()
            digest.update(b"".join(interleave(lone.json_values, stem.json_pieces)))
            yield ValidPoint(stem, lone, digest.digest())

    def _build_prefix(self, digits: Sequence[int]) -> ConfigPrefix[PolicyT] | Rejection:
        models: dict[str, BaseModel] = {}
        parts: list[int] = []
        strategy = self._base_strategy
        pieces = [b""]
        for name, section, after in self._section_steps:
            part = section.value_at(digits)
            if isinstance(part, Rejection):
                return part
            parts.append(part.index)
            models[name] = part.model
            if name == "strategy":
                strategy = part
            pieces = [*pieces[:-1], pieces[-1] + part.json_pieces[0], *part.json_pieces[1:]]
            pieces[-1] += after
        account = cast("Account", models.get("account", self.base.account))
        if (strategy.needs_flows or self._benchmarks_need_flows) and not flows_can_rebalance(account.contributions):
            place = "strategy" if strategy.needs_flows else "compare.benchmarks"
            return Rejection(f"{place}.funding: {missing_flows_message(account.contributions)[0]}")
        begun = self._hash_start.copy()
        begun.update(pieces[0])
        return ConfigPrefix(
            cast("PolicyT", strategy.model),
            account,
            cast("AnyCosts", models.get("costs", self.base.costs)),
            cast("Window", models.get("window", self.base.window)),
            strategy.tickers,
            tuple(parts),
            strategy.index,
            strategy.schedule_index,
            begun,
            tuple(pieces[1:]),
        )

    def tickers_on_axis(self, place: int) -> tuple[str, ...]:
        """Return every ticker that the values of an axis bring into the plan; one that is invalid there brings none."""
        axis = self.space.axes[place]
        if axis.section != "strategy" or axis.independent or not isinstance(axis.values[0].parameters[0], str):
            return ()
        if len(axis.columns) > 1:  # a basket says itself
            return tuple(dict.fromkeys(str(ticker) for value in axis.values for ticker in value.text))
        tickers: dict[str, None] = {}
        for digit in range(len(axis.values)):
            part = self._sections["strategy"].value_with(axis, digit)
            tickers |= dict.fromkeys(part.tickers if isinstance(part, SectionValue) else ())
        return tuple(tickers)

    def config_tree(self, digits: Sequence[int]) -> dict[str, Tree]:
        """Return the whole config of a point, to be validated as any other."""
        whole = cast("dict[str, Tree]", self.base.canonical())
        for axis, digit in zip(self.space.axes, digits, strict=True):
            whole = cast("dict[str, Tree]", replace_at(whole, axis.path, axis.values[digit].text))
        return whole

    def _cut_json_frame(self) -> list[bytes]:
        """Return the canonical JSON before, between and after the sections that vary."""
        self._sorted_sections = sorted(self._sections)
        data = self.base.canonical()
        pieces, text = [], b"{"
        for place, name in enumerate(sorted({*data, *self._sections})):
            text += (b", " if place else b"") + canonical_json(name) + b": "
            if name in self._sections:
                pieces.append(text)
                text = b""
            else:
                text += canonical_json(data[name])
        return [*pieces, text + b"}"]
