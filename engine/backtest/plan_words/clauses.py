"""Clauses of a plan's sentence, and numbers in it that a reader could type back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Final, TypeAlias

from engine.core.fields import format_percent

KeyPath: TypeAlias = tuple[str, ...]
"""Keys of a config from its top, as ("strategy", "cap"); it stands for all that is below it too."""

_EXACT: Final = 1e-12
"""How far a printed number may be from the one that is meant to be told by it [relative]."""


@dataclass(frozen=True)
class Wording:
    """A ``text``, and the keys that it tells: with another value of one of them it would be another text."""

    text: str
    told: frozenset[KeyPath] = frozenset()


@dataclass(frozen=True)
class Clause:
    """One part of a sentence in the ``wordings`` that it can have, the fullest first."""

    wordings: tuple[Wording, ...]


class Section:
    """A mapping of a config at its place, which may lack any key: an older version may have written it."""

    def __init__(self, values: object, *place: str) -> None:
        """Keep the values, nothing where they are no mapping, and where they stand."""
        self.values: Mapping[str, object] = values if isinstance(values, Mapping) else {}
        self.place: KeyPath = place

    def below(self, key: str) -> Section:
        """Return the section under a key, empty where there is none."""
        return Section(self.values.get(key), *self.place, key)

    def path(self, *keys: str) -> KeyPath:
        """Return where keys stand in the config."""
        return (*self.place, *keys)

    def number(self, key: str, default: float = 0.0) -> float:
        """Return a number."""
        found = self.values.get(key)
        return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else default

    def text(self, key: str, default: str = "") -> str:
        """Return a text; of what is none, the default."""
        found = self.values.get(key)
        return found if isinstance(found, str) else default

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        found = self.values.get(key)
        return tuple(map(str, found)) if isinstance(found, Sequence) and not isinstance(found, str) else ()

    def sections(self, key: str) -> tuple[Section, ...]:
        """Return the mappings of a list."""
        found = self.values.get(key)
        items = found if isinstance(found, Sequence) and not isinstance(found, str) else ()
        return tuple(Section(item, *self.place, key) for item in items)

    def exact(self, *keys: str) -> frozenset[KeyPath]:
        """Return those of the keys whose numbers a percentage of six digits tells, and all that are no numbers."""
        return frozenset(self.path(key) for key in keys if is_exact(self.values.get(key)))


def is_exact(share: object) -> bool:
    """Return whether a percentage with six digits is the whole of a number.

    >>> is_exact(0.025), is_exact(1 / 3)
    (True, False)
    """
    if not isinstance(share, float):
        return True
    return abs(float(f"{100.0 * share:.6g}") - 100.0 * share) <= _EXACT * abs(100.0 * share)


def amount(value: float) -> str:
    """Return an amount of money with as many decimals as it has.

    >>> amount(100000.0), amount(9.9), amount(0.005)
    ('100,000', '9.90', '0.005')
    """
    text = f"{value:,.2f}"
    return text.removesuffix(".00") if float(text.replace(",", "")) == value else f"{value:,}"


def join_and(parts: Iterable[str]) -> str:
    """Return a list in words.

    >>> join_and(["A", "B", "C"])
    'A, B and C'
    """
    *rest, last = ["", *parts]
    return f"{', '.join(rest[1:])} and {last}" if len(rest) > 1 else last


def group_weights(
    weights: Mapping[str, float], called: str = "", *, counted: int = 0, sleeves: Mapping[str, str] | None = None
) -> list[str]:
    """Return weights [fraction] in words, the highest first, equal ones together.

    Of ``counted`` names or more in a group, only how many they are, of what they are ``called``; ``sleeves`` by name
    stand by themselves, with these words about them.

    >>> group_weights({"A": 0.1, "B": 0.8, "C": 0.1})
    ['80 % B', '10 % each in A and C']
    """
    groups: dict[tuple[float, str], list[str]] = {}
    words = sleeves or {}
    for name, weight in weights.items():
        groups.setdefault((-weight, words.get(name, "")), []).append(name)
    return [
        f"{_group_text(-weight, groups[weight, about], called, counted=counted)}{about}"
        for weight, about in sorted(groups, key=lambda one: one[0])
    ]


def _group_text(weight: float, names: Sequence[str], called: str, *, counted: int) -> str:
    if len(names) == 1:
        return f"{format_percent(weight)} {names[0]}"
    named = f"{len(names)} {called}" if counted and len(names) >= counted else join_and(names)
    return f"{format_percent(weight)} each in {named}"


def resolve_rest(written: Mapping[str, object], total: float = 1.0) -> dict[str, float]:
    """Return weights by name with ``rest`` as what all others leave of a ``total`` [fraction]."""
    numbers = {name: one for name, one in written.items() if isinstance(one, int | float)}
    left = max(fsum([total, *(-one for one in numbers.values())]), 0.0)
    return {name: float(numbers.get(name, left)) for name in written}


def leaves(values: object, place: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    """Yield every value of a config below a place with its path; a list is one value, as an empty mapping is."""
    if isinstance(values, Mapping) and values:
        for key, below in values.items():
            yield from leaves(below, (*place, str(key)))
    else:
        yield place, values


def is_told(path: KeyPath, told: Iterable[KeyPath]) -> bool:
    """Return whether a path, or what it stands below, is among those that are told."""
    return any(path[: len(one)] == one for one in told)
