"""Large moves of closes: changes of unit, single wrong prints, splits that nobody stated, and what may be real."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.data.quality.asset_closes import AssetCloses
from engine.data.quality.findings import Finding, Severity

LARGE_RISE: Final = 0.5
"""A rise of more than this in one session [fraction] is looked at."""
LARGE_FALL: Final = 0.45
"""A fall of more than this [fraction]; a 2:1 split on a day that rose 10 % is still one."""

_SMALL_SPLITS: Final = ((5, 4), (4, 3), (3, 2))
_SPLITS: Final = (
    *((new, 1) for new in (2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 50)),
    *((1, old) for old in (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50)),
)
"""Shares after and before a split, as companies do them."""
_NO_SPLIT: Final = np.log(1.15)
"""Moves up to this one are nearer to none than to the smallest split."""
_SPLIT_TOLERANCE_BOUNDS: Final = (0.02, 0.05)
"""How far a ratio may be from a split's: 2.5 of the asset's usual daily moves, within these bounds [fraction]."""
_SMALL_SPLIT_USUAL_MOVES: Final = 8.0
"""Usual daily moves that a small split is, at least: less may be bad news."""
_CALM_AFTER_BAD_NEWS: Final = 2.0
"""Bad news moves the days around it too: their median move is more than so many usual ones."""
_HUNDREDFOLD_TOLERANCE: Final = np.log(1.25)
_BACK: Final = 0.1
"""A close nearer than this to the one before a jump [fraction] is back where that was."""
_CLOSES_AROUND_JUMP: Final = 5
"""Closes after a jump whose median decides whether the new level stays; moves around one that say if it was news."""
_MISDATED_SPLIT_PRINTS: Final = 10
"""Prints around a jump within which a stated split is likely to mean it."""


def check_jumps(asset: AssetCloses) -> Iterator[Finding]:
    """Find large moves inside the window that no stated event explains."""
    ratios = asset.growth
    missing, splits = _splits_not_in_closes(asset), _nearest_splits(ratios)
    large = (ratios > 1.0 + LARGE_RISE) | (ratios < 1.0 - LARGE_FALL)
    yield from (_missing_split(asset, at) for at in np.flatnonzero(missing & asset.inside[1:]).tolist())
    way_back = -1
    for at in np.flatnonzero(~missing & (large | splits.any(axis=1))).tolist():
        if at == way_back:  # the same fault
            continue
        is_spike = _is_spike(asset, at)
        way_back = at + 1 if is_spike else -1
        yield from _unstated_jump(asset, at, splits[at].tolist(), is_spike=is_spike)


def _is_spike(asset: AssetCloses, at: int) -> bool:
    """Tell whether the close after the jump is where the one before it was."""
    return at + 2 < len(asset.closes) and bool(abs(asset.closes[at + 2] / asset.closes[at] - 1.0) < _BACK)


def _unstated_jump(asset: AssetCloses, at: int, split: Sequence[int], *, is_spike: bool) -> Iterator[Finding]:
    """Yield what a large move looks like; outside the window only a change of unit, which spoils all before it.

    ``split`` are the shares after and before the split that it is near to, 0 for none.
    """
    before, after = asset.closes[at], asset.closes[at + 1 : at + 1 + _CLOSES_AROUND_JUMP]
    date, ratio = asset.dates[at + 1], float(asset.growth[at])
    new, old = split
    is_small, size, move = (new, old) in _SMALL_SPLITS, abs(float(np.log(ratio))), f"{ratio - 1.0:+.1%} on {date}"
    if _is_hundredfold(ratio) and not is_spike and _is_hundredfold(float(np.median(after) / before), wide=True):
        text = f"{move} and stays there: the unit changes (pence and pounds?); bring all closes to one unit"
        yield asset.finding("error", "unit", date, text, size)
    elif not asset.inside[at + 1] or (is_small and is_spike):
        return
    elif is_spike:
        yield _spike(asset, at, "warning")
    elif new:
        severity: Severity = "note" if is_small and not asset.may_hold_splits else "warning"
        if is_small and at and asset.growth[at - 1] > np.exp(_NO_SPLIT) and _is_spike(asset, at - 1):
            yield _spike(asset, at - 1, severity)  # a rise that was too small to be looked at, and the way back
            return
        text = f"{move}: looks like an unadjusted {new}:{old} split (ratio {ratio:.4f}){_stated_nearby(asset, at)}"
        yield asset.finding(severity, "split", date, text, size)
    else:
        yield asset.warning("jump", date, f"{move}: real, or a wrong or unadjusted close?", size)


def _spike(asset: AssetCloses, at: int, severity: Severity) -> Finding:
    """Return what is found of a close that is far from those before and after it."""
    before, there, after = asset.closes[at : at + 3]
    date, ratio = asset.dates[at + 1], float(asset.growth[at])
    moved = f"{ratio - 1.0:+.1%} on {date} and back the next session ({before:g}, {there:g}, {after:g})"
    return asset.finding(severity, "spike", date, f"{moved}: looks like a wrong print", abs(float(np.log(ratio))))


def _splits_not_in_closes(asset: AssetCloses) -> BoolArray:
    """Return (P-1,) where a split is stated, and applied (S16), whose fall or rise the closes do not show."""
    moves, growth = np.abs(np.log(asset.ratios)), np.abs(np.log(asset.growth))
    out_of_proportion = growth >= _SMALL_SPLIT_USUAL_MOVES * _usual_move(moves)
    return np.asarray((asset.splits[1:] != 1.0) & (growth > moves) & out_of_proportion & (growth > _NO_SPLIT))


def _missing_split(asset: AssetCloses, at: int) -> Finding:
    """Return what is found of a stated split that the closes do not show."""
    date, growth = asset.dates[at + 1], float(asset.growth[at])
    stated = f"{growth - 1.0:+.1%} on {date} with the split of {asset.splits[at + 1]:g} that is stated for that day"
    text = f"{stated}: the closes do not show it; is that its day?"
    return asset.warning("split", date, text, abs(float(np.log(growth))))


def _usual_move(moves: FloatArray) -> float:
    """Return a standard deviation of moves that outliers do not change."""
    return 1.4826 * float(np.median(moves)) if len(moves) else 0.0


def _nearest_splits(ratios: FloatArray) -> IntArray:
    """Return (P-1, 2) the shares after and before the split that a ratio of closes is close to, 0 for none."""
    found = np.zeros((len(ratios), 2), dtype=np.int64)
    moves = np.abs(np.log(ratios))
    usual = _usual_move(moves)
    near = min(max(2.5 * usual, _SPLIT_TOLERANCE_BOUNDS[0]), _SPLIT_TOLERANCE_BOUNDS[1])
    for at in np.flatnonzero(moves > _NO_SPLIT).tolist():
        distance, split = min((abs(ratios[at] * new / old - 1.0), (new, old)) for new, old in _SMALL_SPLITS + _SPLITS)
        if distance <= near and (split not in _SMALL_SPLITS or _is_no_news(moves, at, usual)):
            found[at] = split
    return found


def _is_no_news(moves: FloatArray, at: int, usual: float) -> bool:
    """Tell whether a move is out of proportion to the asset's usual ones, and alone."""
    around = np.concatenate(
        [moves[max(0, at - _CLOSES_AROUND_JUMP) : at], moves[at + 1 : at + 1 + _CLOSES_AROUND_JUMP]]
    )
    calm = 1.4826 * float(np.median(around)) <= _CALM_AFTER_BAD_NEWS * usual if len(around) else True
    return bool(moves[at] >= _SMALL_SPLIT_USUAL_MOVES * usual) and calm


def _stated_nearby(asset: AssetCloses, at: int) -> str:
    """Say when a split is stated some days before or after a move that looks like one."""
    first = max(at + 1 - _MISDATED_SPLIT_PRINTS, 0)
    stated = np.flatnonzero(asset.splits[first : at + 2 + _MISDATED_SPLIT_PRINTS] != 1.0) + first
    if not len(stated):
        return ""
    return f"; the source states a split of {asset.splits[stated[0]]:g} on {asset.dates[stated[0]]}: is that its day?"


def _is_hundredfold(ratio: float, *, wide: bool = False) -> bool:
    """Tell whether a ratio is about 100 or 1/100."""
    return bool(abs(abs(np.log(ratio)) - np.log(100.0)) < (2.0 if wide else 1.0) * _HUNDREDFOLD_TOLERANCE)
