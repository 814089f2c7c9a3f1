"""The name that was probably meant: what a message asks about a word that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from engine.core.shortlist import shortlist

_MOST_KNOWN: Final = 40
"""Names that are listed where none is near."""
MAX_SUGGESTIONS: Final = 20
"""Words of one config that are compared with what is known."""
_MAX_WORD_CHARACTERS: Final = 100

_left: ContextVar[Iterator[int] | None] = ContextVar("suggestions_left", default=None)


@contextmanager
def limit_suggestions() -> Iterator[None]:
    """Ask only of the first 20 words inside what was meant: thousands of faults take minutes, and are not read."""
    if _left.get() is not None:  # a file that a config names shares its 20
        yield
        return
    token = _left.set(iter(range(MAX_SUGGESTIONS, 0, -1)))
    try:
        yield
    finally:
        _left.reset(token)


def _may_ask(word: str) -> bool:
    """Tell whether a word is compared with what is known: short enough, and one of the first."""
    left = _left.get()
    return (left is None or next(left, 0) > 0) and len(word) <= _MAX_WORD_CHARACTERS


def did_you_mean(word: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """Return ``did you mean 'x'?`` for the nearest of ``known``; ``otherwise`` when none is near, or what is known.

    >>> did_you_mean("stratgy", ["strategy", "data"]), did_you_mean("x", ["strategy", "data"])
    ("did you mean 'strategy'?", 'known: data, strategy')
    """
    if not _may_ask(word):
        return "check the name" if otherwise is None else otherwise
    names = sorted(known)
    near = [one for one in names if one.lower() == word.strip().lower()]
    near = near or difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known: {shortlist(names, _MOST_KNOWN)}" if otherwise is None else otherwise


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean X?`` for the ticker or file closest to ``name``, in any case, or nothing."""
    names = list(dict.fromkeys(known))
    near = [one for one in names if one.lower() == name.lower()] or difflib.get_close_matches(name, names, 1)
    return f"; did you mean {near[0]}?" if near else ""
