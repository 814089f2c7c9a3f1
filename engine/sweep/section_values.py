"""One section of the config at any combination of its values, each validated once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Generic, TypeAlias, TypeVar, cast

import numpy as np
from pydantic import BaseModel, ValidationError, create_model

from engine.backtest.config import RunConfig
from engine.core.arrays import IntArray
from engine.core.errors import ConfigError
from engine.core.fields import ConfigModel
from engine.core.validation import validate
from engine.core.yaml_document import Document
from engine.core.yaml_tree import KeyPath, Tree, count_values
from engine.portfolio.policy import PolicyT
from engine.sweep.space import Axis, AxisIndices

MAX_CACHED_SECTION_VALUES: Final = 4_096
"""Validated combinations of one section that are remembered at once."""

_MAX_FLAT: Final = 2**62

ValueT = TypeVar("ValueT")
IndexTuple: TypeAlias = tuple[int, ...]
Axes: TypeAlias = Sequence[tuple[int, Axis]]
"""Axes, each with its place in a point's indices."""


@dataclass(frozen=True)
class Rejection:
    """Why a point is no valid run, in one line that all points rejected alike share, and what would mend it."""

    reason: str
    remedy: str = ""


RejectionCounts: TypeAlias = dict[str, tuple[int, int]]
"""Why points are no valid runs: reason -> how many there are, and the first of them."""


def count_rejections(counts: RejectionCounts, reason: str, count: int, first: int) -> None:
    """Count ``count`` points more that have a reason, the earliest of them ``first``."""
    known, earliest = counts.get(reason, (0, first))
    counts[reason] = known + count, min(earliest, first)


IndependentValues: TypeAlias = Mapping[str, object]
"""Fields of a section's model whose keys are validated by themselves, at one combination of their values."""


class ConfigSection(Generic[PolicyT]):
    """One section of the config with the axes that change it."""

    def __init__(self, name: str, axes: Axes, base_config: RunConfig[PolicyT]) -> None:
        """Prepare for ``axes``, each with its place in a point's indices; ``base_config`` is the one they vary."""
        field = type(base_config).model_fields[name]
        self.name = name
        self.base_config = base_config
        self.dependent_axes = [(at, axis) for at, axis in axes if not axis.independent]
        self.independent_axes = [(at, axis) for at, axis in axes if axis.independent]
        own = {name: (field.annotation, field)}
        self._schema = cast("type[ConfigModel]", create_model("Section", __base__=ConfigModel, **own))  # type: ignore[call-overload]
        self._tree = cast("Tree", base_config.canonical().get(name, {}))
        self._values: dict[IndexTuple, BaseModel | Rejection] = {}
        self._independent_values: dict[IndexTuple, IndependentValues | Rejection] = {}

    def value_at(self, indices: Sequence[int]) -> BaseModel | Rejection:
        """Return the section at a point, but for its independent values."""
        key = tuple(indices[at] for at, _ in self.dependent_axes)
        found = self._values.get(key)
        if found is None:
            if len(self._values) >= MAX_CACHED_SECTION_VALUES:
                self._values.clear()
            found = self._values[key] = self.validate(_choices(self.dependent_axes, key))
        return found

    def independent_values_at(self, indices: Sequence[int]) -> IndependentValues | Rejection:
        """Return the independent values of a point."""
        key = tuple(indices[at] for at, _ in self.independent_axes)
        if key not in self._independent_values:
            model = self.validate(_choices(self.independent_axes, key))
            if isinstance(model, Rejection):
                self._independent_values[key] = model
            else:
                names = {field_name(model, str(axis.path[1])) for _, axis in self.independent_axes}
                self._independent_values[key] = {name: getattr(model, name) for name in names}
        return self._independent_values[key]

    def validate(self, choices: Iterable[tuple[Axis, int]]) -> BaseModel | Rejection:
        """Return the base config's section with some values replaced, or its first fault as `engine validate` says it.

        ``choices``: axes, each with the index of its value.
        """
        tree = self._tree_at(choices)
        model = self._model(tree)
        return self._first_fault(tree) if model is None else model

    def valid_model(self, choices: Iterable[tuple[Axis, int]]) -> BaseModel | None:
        """Return the same, None where it is not valid: why takes longer than that."""
        return self._model(self._tree_at(choices))

    @cached_property
    def size(self) -> int:
        """How many keys and items it has."""
        return count_values(self._tree)

    def _tree_at(self, choices: Iterable[tuple[Axis, int]]) -> dict[str, Tree]:
        tree = self._tree
        for axis, index in choices:
            tree = replace_at(tree, axis.path[1:], axis.values[index].text)
        return {self.name: tree}

    def _model(self, tree: dict[str, Tree]) -> BaseModel | None:
        try:
            return cast("BaseModel", getattr(self._schema.model_validate(tree), self.name))
        except ValidationError:
            return None

    def _first_fault(self, tree: dict[str, Tree]) -> Rejection:
        try:
            validate(self._schema, Document.from_tree("sweep", tree))
        except ConfigError as error:
            fault = error.faults[0]
            return Rejection(f"{fault.path}: {fault.message}", fault.remedy)
        raise TypeError(self.name)


def flatten_indices(indices: AxisIndices, axes: Axes) -> IntArray:
    """Return (S,) one number for the values that points (S, D) have on some axes, equal where all of them are."""
    flat, size = np.zeros(len(indices), dtype=np.int64), 1
    for at, axis in axes:
        if size * len(axis.values) > _MAX_FLAT:
            distinct, flat = np.unique(flat, return_inverse=True)
            size = len(distinct)
        flat = flat * len(axis.values) + indices[:, at]
        size *= len(axis.values)
    return flat


def distinct_along(indices: AxisIndices, axes: Axes) -> tuple[IntArray, IntArray]:
    """Return the first of points (S, D) with each combination of values on some axes, and (S,) which one each has."""
    _, first, index = np.unique(flatten_indices(indices, axes), return_index=True, return_inverse=True)
    return first, index


def distinct_values(
    indices: AxisIndices, axes: Axes, value_at: Callable[[Sequence[int]], ValueT]
) -> tuple[list[ValueT], IntArray]:
    """Return the different values that points (S, D) have along some axes, and (S,) which of them each has."""
    first, index = distinct_along(indices, axes)
    return [value_at(indices[at].tolist()) for at in first.tolist()], index


def _choices(axes: Axes, key: IndexTuple) -> Iterable[tuple[Axis, int]]:
    return ((axis, index) for (_, axis), index in zip(axes, key, strict=True))


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


def node_at(tree: object, path: KeyPath) -> object:
    """Return what stands at a path of plain data, None where nothing does.

    >>> node_at({"a": [1, {"b": 2}]}, ("a", 1, "b"))
    2
    """
    for part in path:
        if isinstance(tree, Mapping):
            tree = tree.get(str(part))
        elif isinstance(tree, list | tuple) and int(part) < len(tree):
            tree = tree[int(part)]
        else:
            return None
    return tree


def field_name(model: BaseModel, key: str) -> str:
    """Return the name of the field that a config calls ``key``."""
    return next(name for name, field in type(model).model_fields.items() if (field.alias or name) == key)
