"""Many names in a message: the first of them, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from engine.core.errors import shorten

MAX_NAME: Final = 60
"""Characters of one name that are shown: a file may call a column anything."""


def shortlist(names: Iterable[str], most: int = 12) -> str:
    """Return the first names and how many more there are.

    >>> shortlist(["SPY", "IWM", "VB"], most=2)
    'SPY, IWM and 1 more'
    """
    whole = [shorten(name, MAX_NAME) for name in names]
    rest = f" and {len(whole) - most} more" if len(whole) > most else ""
    return (", ".join(whole[:most]) or "nothing") + rest


def foremost(ranks: Sequence[float], most: int) -> list[int]:
    """Return the places of the highest ranks, in order of place; of equal ones those that stand first.

    >>> foremost([0.2, 0.5, 0.3, 0.3], most=2)
    [1, 2]
    """
    return sorted(sorted(range(len(ranks)), key=lambda at: -ranks[at])[:most])


def shorten_failures(failures: Iterable[tuple[str, str]]) -> list[str]:
    """Return one line for each reason, with the names that it is the reason of.

    >>> shorten_failures([("SPY", "no answer"), ("IWM", "unknown"), ("VB", "no answer")])
    ['SPY, VB: no answer', 'IWM: unknown']
    """
    names: dict[str, list[str]] = {}
    for name, reason in failures:
        names.setdefault(reason, []).append(name)
    return [f"{shortlist(group)}: {reason}" for reason, group in names.items()]
