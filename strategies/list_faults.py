"""Faults of lists that configs name: filters of a universe that nothing has, words that stand twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.core.fields import FieldFault
from engine.data.research.universe import Universe


def filter_faults(universe: Universe, brokers: Sequence[str], tags: Sequence[str]) -> Iterator[FieldFault]:
    """Yield the brokers and tags that no stock of ``universe`` has."""
    yield from ((("available_at", at), text) for at, text in universe.unknown_value_faults("broker", brokers))
    yield from ((("tags", at), text) for at, text in universe.unknown_value_faults("tag", tags))


def repeat_faults(words: Sequence[str], key: str) -> Iterator[FieldFault]:
    """Yield the places below ``key`` at which one of ``words``, as a ticker, stands again."""
    seen: set[str] = set()
    for at, word in enumerate(words):
        if word in seen:
            yield (key, at), f"{word} is written twice; remove one"
        seen.add(word)
