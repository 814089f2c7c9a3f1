"""From what stands below ``sweep:`` to a space: axes that lead somewhere, values that differ, a grid that ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast, get_args

from pydantic import BaseModel

from engine.core.errors import ConfigError, Fault, shortened
from engine.core.validation import closest
from engine.core.yaml_document import Document, KeyPath, Tree
from engine.sweep.axes import AnyAxis, Basket, Range, Value, cell_of, flow
from engine.sweep.config import Grid, Sweep
from engine.sweep.space import Axis, Space

MOST_POINTS: Final = 20_000_000
"""Points of a grid; beyond that one samples."""
PACE: Final = 50_000
"""Variants a second that a message about too many points reckons with."""
FIXED: Final = {
    "name": "it names the sweep",
    "description": "it says nothing that is simulated",
    "data": "a sweep reads its prices once",
    "compare": "all variants are compared with the same",
    "sweep": "it is what varies",
}
"""Sections that no axis can change, and why."""


def space_of(sweep: Sweep, plan: BaseModel, document: Document) -> Space:
    """Return the space that ``sweep`` spans around the validated ``plan``.

    Raises
    ------
    ConfigError
        When an axis leads nowhere, has no values or the same twice, two axes change the same key, or there are more
        points than a grid may have.

    """
    faults: list[Fault] = []
    axes = []
    for name, spec in sweep.axes.items():
        try:
            axes.append(_axis(name, spec, sweep, plan, document))
        except ConfigError as error:
            faults += error.faults
    faults += _overlaps(axes, document)
    if faults:
        raise ConfigError(faults)
    space = Space(
        tuple(sorted(_alone_marked(axes, plan, document), key=_pace)), sweep, document.where(("sweep", "axes"))
    )
    if isinstance(sweep.mode, Grid) and space.count > MOST_POINTS:
        minutes = space.count / PACE / 60.0
        time = f"{minutes:,.0f} minutes" if minutes < 120.0 else f"{minutes / 60.0:,.0f} hours"
        words = f"{' x '.join(f'{size:,}' for size in space.sizes)} = {space.count:,} points"
        words += f", about {time} at {PACE:,} a second; a grid has at most {MOST_POINTS:,}"
        remedy = "sample instead, as mode: {kind: sobol, samples: 100000, seed: 1}, or take larger steps"
        raise ConfigError([Fault(document.where(("sweep", "mode")), "sweep.axes", words, remedy)])
    return space


def _pace(axis: Axis) -> tuple[bool, bool]:
    """Order axes: those that change which assets are held vary slowest, those validated by themselves fastest."""
    return (not isinstance(axis.values[0].text, dict), axis.alone)


@dataclass(frozen=True)
class Spot:
    """An axis as it stands in the file: its dotted name, where that is, the path it means, and what is there.

    ``owner`` is the model that the last key is a field of, None for a weight by ticker or an item of a list.
    """

    name: str
    where: str
    path: KeyPath
    owner: BaseModel | None
    found: object

    def refuse(self, words: str, remedy: str) -> ConfigError:
        """Return the fault of this axis."""
        return ConfigError([Fault(self.where, f"sweep.axes.{self.name}", words, remedy)])


def _axis(name: str, spec: AnyAxis, sweep: Sweep, plan: BaseModel, document: Document) -> Axis:
    spot = _spot(name, plan, document)
    if isinstance(spec, Basket):
        if not isinstance(spot.found, Mapping | BaseModel):
            remedy = "as strategy.satellites: {choose: 4, of: [...], weight: 2.5%}"
            raise spot.refuse("a basket is for weights by ticker", remedy)
        return Axis(name, spot.path, tuple(spec.values()), (name, f"{name}.count", f"{name}.weight"), alone=False)
    if isinstance(spec, Range) and spec.step is None and isinstance(sweep.mode, Grid):
        raise spot.refuse(
            "a grid needs steps", f"add step, as {{from: {spec.first}, to: {spec.last}, step: {spec.tenth}}}"
        )
    texts = _texts(spec, spot)
    cells = [cell_of(text) for text in texts]
    if not all(isinstance(cell, float) for cell in cells):
        cells = [flow(text) for text in texts]
    twice = [cell for cell, count in Counter(cells).items() if count > 1]
    if twice:
        raise spot.refuse(f"the value {shortened(str(twice[0]), 60)} stands there twice", "write each value once")
    values = tuple(Value(text, (cell,)) for text, cell in zip(texts, cells, strict=True))
    return Axis(name, spot.path, values, (name,), alone=False)


def _spot(name: str, plan: BaseModel, document: Document) -> Spot:
    """Return where an axis leads; raises ConfigError when that is nowhere, or where nothing can vary."""
    path = document.keys(name)
    spot = Spot(name, document.where(("sweep", "axes", name)), path, None, plan)
    section = str(path[0])
    if section in FIXED or path[:2] == ("account", "currency"):
        why = FIXED.get(section, "prices are in one currency a run")
        raise spot.refuse(f"{name} cannot vary: {why}", "name another key")
    for depth, part in enumerate(path):
        known = _known(spot.found)
        if str(part) not in known:
            at = ".".join(map(str, path[:depth])) or "the config"
            remedy = closest(str(part), known) if known else f"end the path at {at}"
            raise spot.refuse(f"{at} has no key '{part}' in this config", remedy)
        owner = spot.found if isinstance(spot.found, BaseModel) else None
        spot = replace(spot, owner=owner, found=known[str(part)])
    return spot


def _known(node: object) -> Mapping[str, object]:
    """Return what stands below a node, by the keys of a config."""
    if isinstance(node, BaseModel):
        return {field.alias or name: getattr(node, name) for name, field in type(node).model_fields.items()}
    if isinstance(node, Mapping):
        return node
    return {str(at): item for at, item in enumerate(node)} if isinstance(node, list | tuple) else {}


def _texts(spec: AnyAxis, spot: Spot) -> Sequence[Tree]:
    """Return the values of an axis as they would stand in the file."""
    if isinstance(spec, Range):
        return spec.texts()
    return cast("tuple[Tree, ...]", spec) if isinstance(spec, tuple) else _all_of(spot)


def _all_of(spot: Spot) -> Sequence[Tree]:
    """Return every value of a key that has a fixed list of them."""
    fields = type(spot.owner).model_fields if spot.owner is not None else {}
    field = next((field for name, field in fields.items() if (field.alias or name) == spot.path[-1]), None)
    if field is not None and field.annotation is bool:
        return ("false", "true")
    words = get_args(field.annotation) if field is not None else ()
    if not words or not all(isinstance(word, str) for word in words):
        found = f"'all' is for keys with a fixed list of words, {spot.path[-1]} has none"
        raise spot.refuse(found, "write a list, or {from, to, step}")
    if len(words) == 1:
        kind = spot.path[-1] == "kind"
        remedy = f"write a list of mappings at {spot.name.rpartition('.')[0]}" if kind else "leave this axis out"
        raise spot.refuse(f"`all` knows only '{words[0]}' here", remedy)
    return words


def _overlaps(axes: list[Axis], document: Document) -> Iterator[Fault]:
    for at, axis in enumerate(axes):
        for other in axes[:at]:
            size = min(len(axis.path), len(other.path))
            if axis.path[:size] == other.path[:size]:
                where, key = document.where(("sweep", "axes", axis.name)), f"sweep.axes.{axis.name}"
                yield Fault(where, key, f"changes what {other.name} changes", "keep one of the two")


def _alone_marked(axes: list[Axis], plan: BaseModel, document: Document) -> list[Axis]:
    """Mark the axes whose keys no rule reads together with another, unless what they stand in varies too."""
    able = {axis.name: _stands_alone(_spot(axis.name, plan, document)) for axis in axes}
    marked = []
    for axis in axes:
        near = [other for other in axes if other.path[:2] == axis.path[:2] and not able[other.name]]
        marked.append(replace(axis, alone=able[axis.name] and not near))
    return marked


def _stands_alone(spot: Spot) -> bool:
    keys: frozenset[str] = getattr(type(spot.owner), "alone", frozenset())
    return len(spot.path) == 3 and str(spot.path[-1]) in keys
