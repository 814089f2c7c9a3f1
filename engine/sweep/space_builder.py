"""Build the space from the ``sweep:`` section: resolve paths, expand values, check overlaps and size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast, get_args

from pydantic import BaseModel

from engine.core.did_you_mean import did_you_mean
from engine.core.errors import ConfigError, Fault, shorten
from engine.core.fields import ConfigModel, WordsOf
from engine.core.yaml_document import Document
from engine.core.yaml_tree import KeyPath, Tree, count_values
from engine.sweep.axes import AnyAxis, AxisValue, Basket, Range, format_inline_yaml, parse_parameter_value
from engine.sweep.config import Grid, Sweep
from engine.sweep.space import Axis, Space

MAX_GRID_POINTS: Final = 20_000_000
"""Points of a grid; beyond that one samples."""
MAX_VALUES_CHECKED: Final = 50_000
"""Keys and items of a section, and of what takes their place, at all values of an axis of texts or mappings."""
ASSUMED_VARIANTS_PER_SECOND: Final = 50_000
"""Variants a second that a message about too many points reckons with."""
FIXED_SECTIONS: Final = {
    "name": "it names the sweep",
    "description": "it says nothing that is simulated",
    "data": "a sweep reads its prices once",
    "compare": "all variants are compared with the same",
    "evidence": "all variants are compared alike",
    "sweep": "it is what varies",
}
"""Sections that no axis can change, and why."""


def build_space(sweep: Sweep, base_config: BaseModel, document: Document) -> Space:
    """Return the space that ``sweep`` spans around the validated ``base_config``.

    Raises ConfigError when an axis leads nowhere, has no values or the same twice, two axes change the same key, or
    there are more points than a grid may have.
    """
    faults: list[Fault] = []
    axes = []
    for name, spec in sweep.axes.items():
        try:
            axes.append(_build_axis(spec, sweep, _find_target(name, base_config, document)))
        except ConfigError as error:
            faults += error.faults
    faults += _overlap_faults(axes, document)
    faults += _size_faults(axes, document)
    if faults:
        raise ConfigError(faults)
    axes = sorted(_mark_independent(axes), key=_nesting_order)
    space = Space(tuple(axes), sweep, document.locate(("sweep", "axes")))
    count = space.requested_count
    if isinstance(sweep.mode, Grid) and count > MAX_GRID_POINTS:
        minutes = count / ASSUMED_VARIANTS_PER_SECOND / 60.0
        time = f"{minutes:,.0f} minutes" if minutes < 120.0 else f"{minutes / 60.0:,.0f} hours"
        message = f"{' x '.join(f'{size:,}' for size in space.sizes)} = {count:,} points"
        message += f", about {time} at {ASSUMED_VARIANTS_PER_SECOND:,} a second; a grid has at most {MAX_GRID_POINTS:,}"
        remedy = "sample instead, as mode: {kind: sobol, samples: 100000, seed: 1}, or take larger steps"
        raise ConfigError([Fault(document.locate(("sweep", "mode")), "sweep.axes", message, remedy)])
    return space


def _nesting_order(axis: Axis) -> tuple[bool, bool]:
    """Order axes: those that change which assets are held vary slowest, those validated by themselves fastest."""
    return (not isinstance(axis.values[0].text, dict), axis.independent)


@dataclass(frozen=True)
class AxisTarget:
    """An axis as it stands in the file: its dotted name, where that is, the path it means, and what is there.

    ``owner`` is the model that the last key is a field of, None for a weight by ticker or an item of a list.
    """

    name: str
    where: str
    path: KeyPath
    owner: BaseModel | None
    current_value: object

    def error(self, message: str, remedy: str) -> ConfigError:
        """Return the fault of this axis."""
        return ConfigError([Fault(self.where, f"sweep.axes.{self.name}", message, remedy)])

    @property
    def is_independent(self) -> bool:
        """Whether no rule of the config reads this key together with another."""
        keys = self.owner.independent_keys if isinstance(self.owner, ConfigModel) else frozenset()
        return len(self.path) == 3 and str(self.path[-1]) in keys


def _build_axis(spec: AnyAxis, sweep: Sweep, target: AxisTarget) -> Axis:
    name = target.name
    if isinstance(spec, Basket):
        if not isinstance(target.current_value, Mapping | BaseModel):
            remedy = "as strategy.satellites: {choose: 4, of: [...], weight: 2.5%}"
            raise target.error("a basket is for weights by ticker", remedy)
        columns = (name, f"{name}.count", f"{name}.weight")
        return Axis(name, target.path, tuple(spec.values()), columns, target.is_independent)
    if isinstance(spec, Range) and spec.step is None and isinstance(sweep.mode, Grid):
        remedy = f"add step, as {{from: {spec.first}, to: {spec.last}, step: {spec.suggested_step}}}"
        raise target.error("a grid needs steps", remedy)
    texts = _value_texts(spec, target)
    parameters = [parse_parameter_value(text) for text in texts]
    if not all(isinstance(parameter, float) for parameter in parameters):
        parameters = [format_inline_yaml(text) for text in texts]
    twice = [parameter for parameter, count in Counter(parameters).items() if count > 1]
    if twice:
        raise target.error(f"the value {shorten(str(twice[0]), 60)} stands there twice", "write each value once")
    values = tuple(AxisValue(text, (parameter,)) for text, parameter in zip(texts, parameters, strict=True))
    return Axis(name, target.path, values, (name,), target.is_independent)


def _find_target(name: str, base_config: BaseModel, document: Document) -> AxisTarget:
    """Return where an axis leads; raises ConfigError when that is nowhere, or where nothing can vary."""
    path = document.split_path(name)
    target = AxisTarget(name, document.locate(("sweep", "axes", name)), path, None, base_config)
    section = str(path[0])
    if section in FIXED_SECTIONS or path[:2] == ("account", "currency"):
        why = FIXED_SECTIONS.get(section, "prices are converted once for all variants")
        raise target.error(f"{name} cannot vary: {why}", "name another key")
    if section == "tax" and _changes_prices(path):
        why = "prices before and after tax are prepared once for all variants"
        raise target.error(f"{name} cannot vary: {why}", "name a key of the law, as tax.allowance, or run each plan")
    for depth, part in enumerate(path):
        node = target.current_value
        children = _children(node)
        if str(part) not in children:
            at = ".".join(map(str, path[:depth])) or "the config"
            remedy = did_you_mean(str(part), children) if children else f"end the path at {at}"
            raise target.error(f"{at} has no key '{part}' in this config", remedy)
        owner = node if isinstance(node, BaseModel) else None
        target = replace(target, owner=owner, current_value=children[str(part)])
    return target


def _changes_prices(path: KeyPath) -> bool:
    """Return whether a key of ``tax`` says which dividends are paid, of the run or of its twin before tax."""
    if len(path) == 1 or path[1] in {"kind", "twin"}:
        return True
    return path[1] == "assets" and (len(path) <= 3 or path[3] in {"income", "withheld_inside"})


def _children(node: object) -> Mapping[str, object]:
    """Return what stands below a node, by the keys of a config."""
    if isinstance(node, BaseModel):
        own = {field.alias or name: getattr(node, name) for name, field in type(node).model_fields.items()}
        return {**own, **(node.model_extra or {})}
    if isinstance(node, Mapping):
        return node
    return {str(at): item for at, item in enumerate(node)} if isinstance(node, list | tuple) else {}


def _value_texts(spec: AnyAxis, target: AxisTarget) -> Sequence[Tree]:
    """Return the values of an axis as they would stand in the file."""
    if isinstance(spec, Range):
        return spec.texts()
    return cast("tuple[Tree, ...]", spec) if isinstance(spec, tuple) else _list_all_values(target)


def _list_all_values(target: AxisTarget) -> Sequence[Tree]:
    """Return every value of a key that has a fixed list of them."""
    key = target.path[-1]
    fields = type(target.owner).model_fields if target.owner is not None else {}
    field = next((field for name, field in fields.items() if (field.alias or name) == key), None)
    if field is not None and field.annotation is bool:
        return ("false", "true")
    metadata = field.metadata if field is not None else ()
    listed = [tuple(one.words()) for one in metadata if isinstance(one, WordsOf)]
    words = listed[0] if listed else get_args(field.annotation) if field is not None else ()
    if not words or not all(isinstance(word, str) for word in words):
        found = f"'all' is for keys with a fixed list of words, {key} has none"
        raise target.error(found, "write a list, or {from, to, step}")
    if len(words) == 1:
        parent = target.name.rpartition(".")[0]
        remedy = f"write a list of mappings at {parent}" if key == "kind" else "leave this axis out"
        raise target.error(f"`all` knows only '{words[0]}' here", remedy)
    return words


def _overlap_faults(axes: list[Axis], document: Document) -> Iterator[Fault]:
    for at, axis in enumerate(axes):
        for other in axes[:at]:
            size = min(len(axis.path), len(other.path))
            if axis.path[:size] == other.path[:size]:
                where, key = document.locate(("sweep", "axes", axis.name)), f"sweep.axes.{axis.name}"
                yield Fault(where, key, f"changes what {other.name} changes", "keep one of the two")


def _size_faults(axes: list[Axis], document: Document) -> Iterator[Fault]:
    """Yield the axes whose values would each be validated with so large a section that it takes minutes."""
    sizes = {name: count_values(tree) for name, tree in document.tree.items()}
    for axis in axes:
        if not isinstance(axis.values[0].parameters[0], str) or len(axis.columns) > 1:
            continue
        count, size = len(axis.values), sizes.get(axis.section, 0)
        total = count * size + sum(count_values(value.text) for value in axis.values)
        if total > MAX_VALUES_CHECKED:
            message = f"{count:,} values of a {axis.section} of {size:,} keys and items are {total:,} to validate"
            message = f"{message}, at most {MAX_VALUES_CHECKED:,} are"
            where = document.locate(("sweep", "axes", axis.name))
            yield Fault(where, f"sweep.axes.{axis.name}", message, "write fewer values, or a smaller plan")


def _mark_independent(axes: list[Axis]) -> list[Axis]:
    """Return axes, independent only where nothing else varies that they stand in."""
    dependent = {axis.path[:2] for axis in axes if not axis.independent}
    return [replace(axis, independent=axis.path[:2] not in dependent) for axis in axes]
