"""Keys in which two configs differ, and configs of which some keys are the one's and some the other's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

KeyPath: TypeAlias = tuple[str, ...]
Plain: TypeAlias = Mapping[str, object]

SOURCE_KEYS: Final = (("data", "source"), ("data", "fx"))
"""Sections that say where prices and rates are: what is in them is compared instead."""
_NAMES: Final = frozenset({("name",), ("description",)})
"""Keys that no figure depends on."""


def differing_keys(one: Plain, other: Plain) -> tuple[KeyPath, ...]:
    """Return the keys whose values differ, in the order of the configs, but for names and where prices are.

    Of a mapping whose ``kind`` is another the whole is one key, and so is a list.
    """
    return tuple(_walk(one, other, ()))


def _walk(one: Plain, other: Plain, place: KeyPath) -> Iterator[KeyPath]:
    for key in dict.fromkeys((*one, *other)):
        path = (*place, key)
        if path in _NAMES or path in SOURCE_KEYS:
            continue
        x, y = one.get(key), other.get(key)
        if isinstance(x, Mapping) and isinstance(y, Mapping) and x.get("kind") == y.get("kind"):
            yield from _walk(x, y, path)
        elif x != y or (key in one) != (key in other):
            yield path


def mix(one: Plain, other: Plain, paths: Sequence[KeyPath]) -> dict[str, object]:
    """Return ``one`` with what ``other`` has at ``paths``; a key that the other does not have is left out.

    >>> mix({"a": {"b": 1, "c": 2}}, {"a": {"b": 5}}, [("a", "b"), ("a", "c")])
    {'a': {'b': 5}}
    """
    found = dict(one)
    for path in paths:
        found = _put(found, other, path)
    return found


def _put(one: Plain, other: object, path: KeyPath) -> dict[str, object]:
    if not path:
        return dict(other) if isinstance(other, Mapping) else {}
    key, rest = path[0], path[1:]
    there = other.get(key) if isinstance(other, Mapping) else None
    if not rest:
        if isinstance(other, Mapping) and key in other:
            return {**one, key: there}
        return {name: value for name, value in one.items() if name != key}
    inner = one.get(key)
    return {**one, key: _put(inner if isinstance(inner, Mapping) else {}, there, rest)}


def switchable_keys(
    one: Plain, other: Plain, paths: Sequence[KeyPath], is_valid: Callable[[Plain], bool]
) -> tuple[KeyPath, ...]:
    """Return ``paths``, those that cannot be switched alone in either config joined to the key that contains them.

    What remains at last is the whole config, as ``()``.
    """
    found = list(dict.fromkeys(paths))
    at = 0
    while at < len(found):
        path = found[at]
        others = [key for key in found if key != path]
        if not path or (is_valid(mix(one, other, [path])) and is_valid(mix(one, other, others))):
            at += 1
            continue
        outer = path[:-1]
        found = [key for key in found if key[: len(outer)] != outer or key == path]
        found[found.index(path)] = outer
        at = 0
    return tuple(found)
