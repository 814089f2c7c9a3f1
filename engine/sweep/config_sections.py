"""One section of the config at any combination of its values: validated once, with its part of the canonical JSON."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Annotated, Final, Generic, TypeAlias, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from engine.backtest.config import RunConfig, plain
from engine.backtest.loading import tariff_faults, waits_for_flows
from engine.core.errors import ConfigError
from engine.core.validation import validated
from engine.core.yaml_document import Document, KeyPath, Tree
from engine.portfolio.policy import Policy
from engine.sweep.space import Axis

PolicyT = TypeVar("PolicyT", bound=Policy)

REMEMBERED: Final = 4_096
"""Validated combinations of one section that are remembered at once."""

Key: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Refused:
    """Why a point is no config, in one line that all points refused alike share."""

    reason: str


@dataclass(frozen=True)
class Joint:
    """A section at one combination of its values: the model, and its canonical JSON around the ``alone`` values.

    ``number`` is its own. Of a strategy also which ``tickers`` it may hold, whether it ``waits`` for flows, and a
    number for ``when`` it decides, but for its ``alone`` values.
    """

    model: BaseModel
    json: tuple[bytes, ...]
    number: int
    tickers: tuple[str, ...] = ()
    waits: bool = False
    when: int = 0


@dataclass(frozen=True)
class Lone:
    """Axes of a section whose keys are validated by themselves, at one combination of their values.

    ``update`` replaces fields of the section's model, ``json`` are the values in the order of the canonical JSON.
    """

    update: Mapping[str, BaseModel]
    json: tuple[bytes, ...]
    number: int


NOTHING: Final = Lone({}, (), 0)
"""What a section without such axes has of them."""


class Section(Generic[PolicyT]):
    """One section of the config with the axes that change it."""

    def __init__(self, name: str, axes: Sequence[tuple[int, Axis]], base: RunConfig[PolicyT]) -> None:
        """Prepare for ``axes``, each with its place in a point's digits; ``base`` is the config's own plan."""
        field = type(base).model_fields[name]
        self.name = name
        self.base = base
        self.joint = [(at, axis) for at, axis in axes if not axis.alone]
        self.lone = [(at, axis) for at, axis in axes if axis.alone]
        self._adapter: TypeAdapter[BaseModel] = TypeAdapter(cast("type[BaseModel]", Annotated[field.annotation, field]))
        self._tree = cast("dict[str, Tree]", base.canonical().get(name, {}))
        self._key, self._lone_key = picking(self.joint), picking(self.lone)
        self._joints: dict[Key, Joint | Refused] = {}
        self._numbers = itertools.count()
        self._when: dict[Hashable, int] = {}
        self._order = self._holes_in_order()
        self._lones = self._validated_alone()

    def together(self, digits: Sequence[int]) -> Joint | Refused:
        """Return the section at a point, but for its ``alone`` values."""
        key = self._key(digits)
        found = self._joints.get(key)
        if found is None:
            if len(self._joints) >= REMEMBERED:
                self._joints.clear()
            found = self._joints[key] = self._validated(key)
        return found

    def alone(self, digits: Sequence[int]) -> Lone | Refused:
        """Return the ``alone`` values of a point."""
        return self._lones[self._lone_key(digits)]

    def changed(self, axis: Axis, digit: int) -> Joint | Refused:
        """Return the plan's own section with nothing but one value of one axis changed."""
        return self._checked(self._replaced(self._tree, [(axis, digit)]))

    def _validated(self, key: Key) -> Joint | Refused:
        pairs = [(axis, digit) for (_, axis), digit in zip(self.joint, key, strict=True)]
        return self._checked(self._replaced(self._tree, pairs))

    def _checked(self, tree: dict[str, Tree]) -> Joint | Refused:
        try:
            model = self._adapter.validate_python(tree)
        except ValidationError:
            return Refused(self._reason(tree))
        if self.name == "costs":
            for fault in tariff_faults(
                Document("sweep", {"account": {"currency": self.base.account.currency}, "costs": tree})
            ):
                return Refused(f"{fault.path}: {fault.message}")
        if self.name == "strategy":
            policy = cast("Policy", model)
            when = self._when.setdefault(cast("Hashable", policy.schedule), len(self._when))
            tickers, waits = policy.tickers, waits_for_flows(policy)
            return Joint(model, self._json(model), next(self._numbers), tickers, waits, when)
        return Joint(model, self._json(model), next(self._numbers))

    def _replaced(self, tree: dict[str, Tree], values: Sequence[tuple[Axis, int]]) -> dict[str, Tree]:
        for axis, digit in values:
            if len(axis.path) == 1:
                return cast("dict[str, Tree]", axis.values[digit].text)
            tree = cast("dict[str, Tree]", replaced(tree, axis.path[1:], axis.values[digit].text))
        return tree

    def _reason(self, tree: Tree) -> str:
        """Return the first fault of a config with this section, as `engine validate` words it."""
        whole = cast("dict[str, Tree]", {**self.base.canonical(), self.name: tree})
        try:
            validated(type(self.base), Document("sweep", whole, lines_of(whole)))
        except ConfigError as error:
            fault = error.faults[0]
            return f"{fault.path}: {fault.message}"
        raise TypeError(self.name)

    def _json(self, model: BaseModel) -> tuple[bytes, ...]:
        """Return the canonical JSON of a model, cut where ``alone`` values stand."""
        data = plain(model)
        for hole, axis in enumerate(self._order):
            data = cast("dict[str, object]", replaced(cast("Tree", data), axis.path[1:], _hole(hole)))
        text, pieces = canonical_json(data), []
        for hole in range(len(self._order)):
            before, _, text = text.partition(canonical_json(_hole(hole)))
            pieces.append(before)
        return (*pieces, text)

    def _holes_in_order(self) -> list[Axis]:
        """Return the ``alone`` axes in the order of the canonical JSON, whose keys are sorted."""
        return sorted((axis for _, axis in self.lone), key=lambda axis: tuple(map(str, axis.path)))

    def _validated_alone(self) -> dict[Key, Lone | Refused]:
        result: dict[Key, Lone | Refused] = {}
        for key in itertools.product(*(range(len(axis.values)) for _, axis in self.lone)):
            pairs = [(axis, digit) for (_, axis), digit in zip(self.lone, key, strict=True)]
            tree = self._replaced(self._tree, pairs)
            try:
                model = self._adapter.validate_python(tree)
            except ValidationError:
                result[key] = Refused(self._reason(tree))
                continue
            data = plain(model)
            fields = {_field(model, str(axis.path[1])) for axis in self._order}
            values = tuple(canonical_json(_at(data, axis.path[1:])) for axis in self._order)
            result[key] = Lone({field: getattr(model, field) for field in fields}, values, len(result))
        return result


def picking(axes: Sequence[tuple[int, Axis]]) -> Callable[[Sequence[int]], Key]:
    """Return what picks the digits of some axes; asked for every point, so it should not take long."""
    places = [at for at, _ in axes]
    if len(places) > 1:
        return itemgetter(*places)
    return (lambda digits: (digits[places[0]],)) if places else (lambda _: ())


def canonical_json(data: object) -> bytes:
    """Return data as ``RunConfig.sha256`` hashes it."""
    return json.dumps(data, sort_keys=True).encode()


def woven(values: tuple[bytes, ...], pieces: tuple[bytes, ...]) -> Iterable[bytes]:
    """Return values, each with the piece of JSON that follows it."""
    return itertools.chain.from_iterable(zip(values, pieces, strict=True))


def replaced(node: Tree, path: KeyPath, value: Tree) -> Tree:
    """Return ``node`` with ``value`` at ``path``; what is not on the path is shared."""
    if not path:
        return value
    part, rest = path[0], path[1:]
    if isinstance(node, list | tuple):
        at = int(part)
        return [replaced(item, rest, value) if place == at else item for place, item in enumerate(node)]
    inner = node if isinstance(node, dict) else {}
    return {**inner, str(part): replaced(inner.get(str(part), {}), rest, value)}


def _at(data: object, path: KeyPath) -> object:
    for part in path:
        data = cast("Mapping[str, object]", data)[str(part)]
    return data


def _field(model: BaseModel, key: str) -> str:
    """Return the name of the field that a config calls ``key``."""
    return next(name for name, field in type(model).model_fields.items() if (field.alias or name) == key)


def _hole(number: int) -> str:
    return f"\x00{number}\x00"


def lines_of(node: Tree, path: KeyPath = ()) -> dict[KeyPath, int]:
    """Return every path of a tree, so that faults are located in it."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list | tuple) else ()
    found = {path: 1}
    for key, child in items:
        found |= lines_of(child, (*path, key))
    return found
