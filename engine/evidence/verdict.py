"""The sentence of a sweep: whether its best is better than luck, in words that a program can read back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

MAX_OVERFITTING: Final = 0.5
"""Above it the best of one half is below the median of the other more often than not."""
_SMALLEST: Final = 0.001
"""Three decimals of a p value are printed, rounded up, and never nothing."""


def p_text(p: float) -> str:
    """Return a p value in words: rounded up, so that what is printed is no smaller than what was found.

    >>> p_text(0.0501), p_text(0.05), p_text(0.0), p_text(1.0)
    ('p = 0.051', 'p = 0.050', 'p < 0.001', 'p = 1.000')
    """
    if p < _SMALLEST:
        return "p < 0.001"
    return f"p = {math.ceil(round(p / _SMALLEST, 6)) * _SMALLEST:.3f}"


@dataclass(frozen=True)
class VerdictFigures:
    """What the sentence rests on, None where it could not be computed.

    ``p`` is that of Hansen's test, ``deflated`` the best's deflated Sharpe ratio, ``overfitting`` the probability of
    it; ``is_named``: StepM names the best.
    """

    p: float | None
    deflated: float | None = None
    overfitting: float | None = None
    is_named: bool = True


def verdict_sentence(count: int, found: VerdictFigures, level: float, missing: str = "") -> str:
    """Return whether the best of ``count`` variants is distinguishable from luck.

    It is where all of these say so: Hansen's p is at most 1 - ``level``; StepM names the best, as a small p only says
    that some variant's mean return is above buy-and-hold's; the deflated Sharpe ratio is at least ``level``; the
    probability of overfitting is at most 0.5. What speaks against the best, or could not be computed, stands after p.
    Without a p value nothing can be told, and ``missing`` says why.

    >>> verdict_sentence(96, VerdictFigures(0.012, 0.97, 0.31), 0.95)
    'The best of 96 variants is distinguishable from luck (p = 0.012).'
    >>> verdict_sentence(96, VerdictFigures(0.43, 0.7, 0.6), 0.95)
    'The best of 96 variants is not distinguishable from luck (p = 0.430).'
    >>> verdict_sentence(96, VerdictFigures(0.0, 0.7), 0.95)  # doctest: +NORMALIZE_WHITESPACE
    'The best of 96 variants is not distinguishable from luck (p < 0.001, but the deflated Sharpe ratio is 0.700 and
    there is no probability of overfitting).'
    >>> verdict_sentence(3, VerdictFigures(None), 0.95, "fewer than 12 variants")
    'Whether the best of 3 variants is distinguishable from luck cannot be told: fewer than 12 variants.'
    """
    best = f"best of {count:,} {'variant' if count == 1 else 'variants'}"
    if found.p is None:
        return f"Whether the {best} is distinguishable from luck cannot be told: {missing}."
    if found.p > 1.0 - level + 1e-12:
        return f"The {best} is not distinguishable from luck ({p_text(found.p)})."
    against = [] if found.is_named else ["StepM does not name it"]
    if found.deflated is None:
        against.append("there is no deflated Sharpe ratio")
    elif found.deflated < level:
        against.append(f"the deflated Sharpe ratio is {_down(found.deflated):.3f}")
    if found.overfitting is None:
        against.append("there is no probability of overfitting")
    elif found.overfitting > MAX_OVERFITTING:
        against.append(f"the probability of overfitting is {_up(found.overfitting):.3f}")
    if against:
        return f"The {best} is not distinguishable from luck ({p_text(found.p)}, but {' and '.join(against)})."
    return f"The {best} is distinguishable from luck ({p_text(found.p)})."


def _down(share: float) -> float:
    """Return a share rounded down to three decimals, so that one below a bound is not printed as the bound."""
    return math.floor(round(share * 1000.0, 6)) / 1000.0


def _up(share: float) -> float:
    return math.ceil(round(share * 1000.0, 6)) / 1000.0
