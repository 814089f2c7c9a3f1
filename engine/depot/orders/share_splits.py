"""Which changes of the shares that a unit is are splits, and which are dividends that were invested."""

from __future__ import annotations

from typing import Final

from engine.core.arrays import BoolArray, FloatArray

_SPLIT: Final = 1.2
"""Dividends that are invested change the shares of a unit too, by less than this: none is a fifth of a price."""


def are_splits(ratios: FloatArray) -> BoolArray:
    """Return which ``ratios`` of a unit's shares, those of a session by those of the one before, are of splits."""
    return (ratios > _SPLIT) | (ratios < 1.0 / _SPLIT)
