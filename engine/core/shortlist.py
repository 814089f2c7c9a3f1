"""Many names in a message: the first of them, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterable


def shortlist(names: Iterable[str], most: int = 12) -> str:
    """Return the first names and how many more there are.

    >>> shortlist(["SPY", "IWM", "VB"], most=2)
    'SPY, IWM and 1 more'
    """
    whole = list(names)
    rest = f" and {len(whole) - most} more" if len(whole) > most else ""
    return (", ".join(whole[:most]) or "nothing") + rest
