"""One section of the config at any combination of its values: validated once, with its part of the canonical JSON."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Annotated, Final, Generic, TypeAlias, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from engine.backtest.config import RunConfig, to_plain_data
from engine.backtest.loading import tariff_faults, waits_for_flows
from engine.core.errors import ConfigError
from engine.core.validation import validate
from engine.core.yaml_document import Document, KeyPath, Tree
from engine.portfolio.policy import Policy
from engine.sweep.space import Axis

PolicyT = TypeVar("PolicyT", bound=Policy)

MAX_CACHED_SECTION_VALUES: Final = 4_096
"""Validated combinations of one section that are remembered at once."""

IndexTuple: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Rejection:
    """Why a point is no config, in one line that all points refused alike share."""

    reason: str


@dataclass(frozen=True)
class SectionValue:
    """A section at one combination of its values: the model, and its canonical JSON around the ``independent_values_at`` values.

    ``index`` is its own. Of a strategy also which ``tickers`` it may hold, whether it ``needs_flows`` for flows, and a
    number for ``schedule_index`` it decides, but for its ``independent_values_at`` values.
    """

    model: BaseModel
    json_pieces: tuple[bytes, ...]
    index: int
    tickers: tuple[str, ...] = ()
    needs_flows: bool = False
    schedule_index: int = 0


@dataclass(frozen=True)
class IndependentValues:
    """Axes of a section whose keys are validated by themselves, at one combination of their values.

    ``update`` replaces fields of the section's model, ``json_values`` are the values in the order of the canonical JSON.
    """

    update: Mapping[str, BaseModel]
    json_values: tuple[bytes, ...]
    index: int


NO_INDEPENDENT_VALUES: Final = IndependentValues({}, (), 0)
"""What a section without such axes has of them."""


class ConfigSection(Generic[PolicyT]):
    """One section of the config with the axes that change it."""

    def __init__(self, name: str, axes: Sequence[tuple[int, Axis]], base: RunConfig[PolicyT]) -> None:
        """Prepare for ``axes``, each with its place in a point's digits; ``base`` is the config's own plan."""
        field = type(base).model_fields[name]
        self.name = name
        self.base = base
        self.dependent_axes = [(at, axis) for at, axis in axes if not axis.independent]
        self.independent_axes = [(at, axis) for at, axis in axes if axis.independent]
        self._adapter: TypeAdapter[BaseModel] = TypeAdapter(cast("type[BaseModel]", Annotated[field.annotation, field]))
        self._tree = cast("dict[str, Tree]", base.canonical().get(name, {}))
        self._dependent_key, self._independent_key = (
            index_getter(self.dependent_axes),
            index_getter(self.independent_axes),
        )
        self._values: dict[IndexTuple, SectionValue | Rejection] = {}
        self._next_index = itertools.count()
        self._schedule_indices: dict[Hashable, int] = {}
        self._sorted_axes = self._sort_independent_axes()
        self._independent_values = self._validate_independent()

    def value_at(self, digits: Sequence[int]) -> SectionValue | Rejection:
        """Return the section at a point, but for its ``independent_values_at`` values."""
        key = self._dependent_key(digits)
        found = self._values.get(key)
        if found is None:
            if len(self._values) >= MAX_CACHED_SECTION_VALUES:
                self._values.clear()
            found = self._values[key] = self._validate_combination(key)
        return found

    def independent_values_at(self, digits: Sequence[int]) -> IndependentValues | Rejection:
        """Return the ``independent_values_at`` values of a point."""
        return self._independent_values[self._independent_key(digits)]

    def value_with(self, axis: Axis, digit: int) -> SectionValue | Rejection:
        """Return the plan's own section with nothing but one value of one axis changed."""
        return self._validate_tree(self._replace_values(self._tree, [(axis, digit)]))

    def _validate_combination(self, key: IndexTuple) -> SectionValue | Rejection:
        pairs = [(axis, digit) for (_, axis), digit in zip(self.dependent_axes, key, strict=True)]
        return self._validate_tree(self._replace_values(self._tree, pairs))

    def _validate_tree(self, tree: dict[str, Tree]) -> SectionValue | Rejection:
        try:
            model = self._adapter.validate_python(tree)
        except ValidationError:
            return Rejection(self._first_fault(tree))
        if self.name == "costs":
            for fault in tariff_faults(
                Document("sweep", {"account": {"currency": self.base.account.currency}, "costs": tree})
            ):
                return Rejection(f"{fault.path}: {fault.message}")
        if self.name == "strategy":
            policy = cast("Policy", model)
            when = self._schedule_indices.setdefault(cast("Hashable", policy.schedule), len(self._schedule_indices))
            tickers, waits = policy.tickers, waits_for_flows(policy)
            return SectionValue(model, self._cut_json(model), next(self._next_index), tickers, waits, when)
        return SectionValue(model, self._cut_json(model), next(self._next_index))

    def _replace_values(self, tree: dict[str, Tree], values: Sequence[tuple[Axis, int]]) -> dict[str, Tree]:
        for axis, digit in values:
            if len(axis.path) == 1:
                return cast("dict[str, Tree]", axis.values[digit].text)
            tree = cast("dict[str, Tree]", replace_at(tree, axis.path[1:], axis.values[digit].text))
        return tree

    def _first_fault(self, tree: Tree) -> str:
        """Return the first fault of a config with this section, as `engine validate` words it."""
        whole = cast("dict[str, Tree]", {**self.base.canonical(), self.name: tree})
        try:
            validate(type(self.base), Document.from_tree("sweep", whole))
        except ConfigError as error:
            fault = error.faults[0]
            return f"{fault.path}: {fault.message}"
        raise TypeError(self.name)

    def _cut_json(self, model: BaseModel) -> tuple[bytes, ...]:
        """Return the canonical JSON of a model, cut where ``independent_values_at`` values stand."""
        data = to_plain_data(model)
        for hole, axis in enumerate(self._sorted_axes):
            data = cast("dict[str, object]", replace_at(cast("Tree", data), axis.path[1:], _placeholder(hole)))
        text, pieces = canonical_json(data), []
        for hole in range(len(self._sorted_axes)):
            before, _, text = text.partition(canonical_json(_placeholder(hole)))
            pieces.append(before)
        return (*pieces, text)

    def _sort_independent_axes(self) -> list[Axis]:
        """Return the ``independent_values_at`` axes in the order of the canonical JSON, whose keys are sorted."""
        return sorted((axis for _, axis in self.independent_axes), key=lambda axis: tuple(map(str, axis.path)))

    def _validate_independent(self) -> dict[IndexTuple, IndependentValues | Rejection]:
        result: dict[IndexTuple, IndependentValues | Rejection] = {}
        for key in itertools.product(*(range(len(axis.values)) for _, axis in self.independent_axes)):
            pairs = [(axis, digit) for (_, axis), digit in zip(self.independent_axes, key, strict=True)]
            tree = self._replace_values(self._tree, pairs)
            try:
                model = self._adapter.validate_python(tree)
            except ValidationError:
                result[key] = Rejection(self._first_fault(tree))
                continue
            data = to_plain_data(model)
            fields = {_field_name(model, str(axis.path[1])) for axis in self._sorted_axes}
            values = tuple(canonical_json(_value_at(data, axis.path[1:])) for axis in self._sorted_axes)
            result[key] = IndependentValues({field: getattr(model, field) for field in fields}, values, len(result))
        return result


def index_getter(axes: Sequence[tuple[int, Axis]]) -> Callable[[Sequence[int]], IndexTuple]:
    """Return what picks the digits of some axes; asked for every point, so it should not take long."""
    places = [at for at, _ in axes]
    if len(places) > 1:
        return itemgetter(*places)
    return (lambda digits: (digits[places[0]],)) if places else (lambda _: ())


def canonical_json(data: object) -> bytes:
    """Return data as ``RunConfig.sha256`` hashes it."""
    return json.dumps(data, sort_keys=True).encode()


def interleave(values: tuple[bytes, ...], pieces: tuple[bytes, ...]) -> Iterable[bytes]:
    """Return values, each with the piece of JSON that follows it."""
    return itertools.chain.from_iterable(zip(values, pieces, strict=True))


def replace_at(node: Tree, path: KeyPath, value: Tree) -> Tree:
    """Return ``node`` with ``value`` at ``path``; what is not on the path is shared."""
    if not path:
        return value
    part, rest = path[0], path[1:]
    if isinstance(node, list | tuple):
        at = int(part)
        return [replace_at(item, rest, value) if place == at else item for place, item in enumerate(node)]
    inner = node if isinstance(node, dict) else {}
    return {**inner, str(part): replace_at(inner.get(str(part), {}), rest, value)}


def _value_at(data: object, path: KeyPath) -> object:
    for part in path:
        data = cast("Mapping[str, object]", data)[str(part)]
    return data


def _field_name(model: BaseModel, key: str) -> str:
    """Return the name of the field that a config calls ``key``."""
    return next(name for name, field in type(model).model_fields.items() if (field.alias or name) == key)


def _placeholder(number: int) -> str:
    return f"\x00{number}\x00"
