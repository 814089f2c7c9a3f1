"""One section of the config at any combination of its values: validated once, with its part of the canonical JSON."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Annotated, Final, Generic, TypeAlias, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from engine.backtest.config import RunConfig, to_plain_data
from engine.backtest.loading import tariff_faults, waits_for_flows
from engine.core.errors import ConfigError
from engine.core.validation import validate
from engine.core.yaml_document import Document, KeyPath, Tree
from engine.portfolio.policy import Policy, PolicyT
from engine.sweep.space import Axis

MAX_CACHED_SECTION_VALUES: Final = 4_096
"""Validated combinations of one section that are remembered at once."""

IndexTuple: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Rejection:
    """Why a point is no valid run, in one line that all points rejected alike share, and what would mend it."""

    reason: str
    remedy: str = ""


@dataclass(frozen=True)
class SectionValue:
    """A section at one combination of its values: the model, and its canonical JSON around the independent values.

    ``index`` is its own. Of a strategy also which ``tickers`` it may hold, whether it ``needs_flows``, and a number for
    its schedule, but for the independent values.
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

    ``update`` replaces fields of the section's model, ``json_values`` are the values in the canonical JSON's order.
    """

    update: Mapping[str, BaseModel]
    json_values: tuple[bytes, ...]
    index: int


class ConfigSection(Generic[PolicyT]):
    """One section of the config with the axes that change it."""

    def __init__(self, name: str, axes: Sequence[tuple[int, Axis]], base_config: RunConfig[PolicyT]) -> None:
        """Prepare for ``axes``, each with its place in a point's indices; ``base_config`` is the one they vary."""
        field = type(base_config).model_fields[name]
        self.name = name
        self.base_config = base_config
        self.dependent_axes = [(at, axis) for at, axis in axes if not axis.independent]
        self.independent_axes = [(at, axis) for at, axis in axes if axis.independent]
        self._adapter: TypeAdapter[BaseModel] = TypeAdapter(cast("type[BaseModel]", Annotated[field.annotation, field]))
        self._tree = cast("Tree", base_config.canonical().get(name, {}))
        self._dependent_key = make_index_getter(self.dependent_axes)
        self._independent_key = make_index_getter(self.independent_axes)
        self._values: dict[IndexTuple, SectionValue | Rejection] = {}
        self._next_index = itertools.count()
        self._schedule_indices: dict[Hashable, int] = {}
        paths = (axis.path[1:] for _, axis in self.independent_axes)
        self._independent_paths = sorted(paths, key=lambda path: [*map(str, path)])  # as the canonical JSON has them
        self._independent_values = self._validate_independent()

    def value_at(self, indices: Sequence[int]) -> SectionValue | Rejection:
        """Return the section at a point, but for its independent values."""
        key = self._dependent_key(indices)
        found = self._values.get(key)
        if found is None:
            if len(self._values) >= MAX_CACHED_SECTION_VALUES:
                self._values.clear()
            found = self._values[key] = self._value(_choices(self.dependent_axes, key))
        return found

    def independent_values_at(self, indices: Sequence[int]) -> IndependentValues | Rejection:
        """Return the independent values of a point."""
        return self._independent_values[self._independent_key(indices)]

    def value_with(self, axis: Axis, index: int) -> SectionValue | Rejection:
        """Return the base config's section with nothing but one value of one axis changed."""
        return self._value([(axis, index)])

    def _value(self, choices: Iterable[tuple[Axis, int]]) -> SectionValue | Rejection:
        model = self._validate(choices)
        if isinstance(model, Rejection):
            return model
        pieces, index = self._cut_json(model), next(self._next_index)
        if self.name != "strategy":
            return SectionValue(model, pieces, index)
        policy = cast("Policy", model)
        schedule = self._schedule_indices.setdefault(cast("Hashable", policy.schedule), len(self._schedule_indices))
        return SectionValue(model, pieces, index, policy.tickers, waits_for_flows(policy), schedule)

    def _validate(self, choices: Iterable[tuple[Axis, int]]) -> BaseModel | Rejection:
        """Return the section with some values replaced, or its first fault as `engine validate` words it."""
        tree = self._tree
        for axis, index in choices:
            tree = replace_at(tree, axis.path[1:], axis.values[index].text)
        try:
            model = self._adapter.validate_python(tree)
        except ValidationError:
            return self._first_fault(tree)
        if self.name == "costs":
            account: Tree = {"currency": self.base_config.account.currency}
            for fault in tariff_faults(Document("sweep", {"account": account, "costs": tree})):
                return Rejection(f"{fault.path}: {fault.message}")
        return model

    def _first_fault(self, tree: Tree) -> Rejection:
        config = cast("dict[str, Tree]", {**self.base_config.canonical(), self.name: tree})
        try:
            validate(type(self.base_config), Document.from_tree("sweep", config))
        except ConfigError as error:
            fault = error.faults[0]
            return Rejection(f"{fault.path}: {fault.message}", fault.remedy)
        raise TypeError(self.name)

    def _cut_json(self, model: BaseModel) -> tuple[bytes, ...]:
        """Return the canonical JSON of a model, cut where independent values stand.

        A control character stands for each of them: no text of a config can hold one, so nothing else is found.
        """
        data = cast("Tree", to_plain_data(model))
        marks = [f"\x00{number}\x00" for number in range(len(self._independent_paths))]
        for mark, path in zip(marks, self._independent_paths, strict=True):
            data = replace_at(data, path, mark)
        text, pieces = canonical_json_bytes(data), []
        for mark in marks:
            before, _, text = text.partition(canonical_json_bytes(mark))
            pieces.append(before)
        return (*pieces, text)

    def _validate_independent(self) -> dict[IndexTuple, IndependentValues | Rejection]:
        result: dict[IndexTuple, IndependentValues | Rejection] = {}
        for key in itertools.product(*(range(len(axis.values)) for _, axis in self.independent_axes)):
            model = self._validate(_choices(self.independent_axes, key))
            if isinstance(model, Rejection):
                result[key] = model
                continue
            data = to_plain_data(model)
            fields = {_field_name(model, str(path[0])) for path in self._independent_paths}
            values = tuple(canonical_json_bytes(_value_at(data, path)) for path in self._independent_paths)
            result[key] = IndependentValues({field: getattr(model, field) for field in fields}, values, len(result))
        return result


def _choices(axes: Sequence[tuple[int, Axis]], key: IndexTuple) -> Iterable[tuple[Axis, int]]:
    return ((axis, index) for (_, axis), index in zip(axes, key, strict=True))


def make_index_getter(axes: Sequence[tuple[int, Axis]]) -> Callable[[Sequence[int]], IndexTuple]:
    """Return what takes the indices of some axes; asked for every point, so it should not take long."""
    places = [at for at, _ in axes]
    if len(places) > 1:
        return itemgetter(*places)
    return (lambda indices: (indices[places[0]],)) if places else (lambda _: ())


def canonical_json_bytes(data: object) -> bytes:
    """Return data as ``RunConfig.sha256`` hashes it.

    >>> canonical_json_bytes({"b": 1.0, "a": None})
    b'{"a": null, "b": 1.0}'
    """
    return json.dumps(data, sort_keys=True).encode()


def replace_at(node: Tree, path: KeyPath, value: Tree) -> Tree:
    """Return ``node`` with ``value`` at ``path``; what is not on the path is shared.

    >>> replace_at({"a": ["1", "2"], "b": "3"}, ("a", 1), "4")
    {'a': ['1', '4'], 'b': '3'}
    """
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
