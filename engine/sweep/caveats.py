"""What a sweep cannot know: how many were tried, whose sessions differ, which names with hindsight (S15)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from engine.analysis.caveats import HINDSIGHT
from engine.backtest.run_summary import WindowSummary
from engine.core.arrays import BoolArray, FloatArray
from engine.core.errors import shorten
from engine.data.closes import Closes
from engine.portfolio.policy import Policy
from engine.portfolio.tariffs import load_tariffs
from engine.sweep.batch.batch_metrics import CAP_METRICS

_MAX_NAMES_LENGTH: Final = 300
"""Characters of a list of names."""


def sweep_caveats(
    rank_by: str, window: WindowSummary, equal: BoolArray, values: FloatArray, *, stops: bool = False
) -> Iterator[str]:
    """Yield how many were tried and whose sessions are others than the plan's ``window``.

    ``equal`` (S,) tells which variants have the plan's sessions, ``values`` are what these are ranked by; ``stops``
    whether a variant ends when its money is spent.
    """
    yield (
        f"Best of {len(values):,}: the best of many variants owes part of its figure to having been looked for on the "
        "same prices; expect less of it on others."
    )
    if others := len(equal) - len(values):
        plan = f"{window.start} to {window.end}, {window.sessions:,} sessions"
        yield (
            f"Windows differ: {others:,} of {len(equal):,} variants have other sessions than the plan ({plan}). "
            "Figures of different windows cannot be compared, so these are neither ranked nor among the effects"
            + ("." if len(values) else "; no variant has the plan's, so nothing is ranked.")
            + (" One that ends early has spent its money: `end` in results.parquet says when." if stops else "")
        )
    if len(values) and not np.isfinite(values).any():
        why = (
            "nothing in them has a cap" if rank_by in CAP_METRICS else "their windows are too short or too calm for it"
        )
        yield f"No variant has {rank_by}: {why}; none is ranked, choose another rank_by."


def uncharged_caveat(names: Sequence[str]) -> Iterator[str]:
    """Yield what tariffs that the sweep compares cost beside what variants are charged, where any does.

    >>> list(uncharged_caveat(["comdirect"]))
    []
    """
    said = []
    for name in names:
        tariff = load_tariffs()[name]
        parts = [f"{tariff.subscription:,.2f} {tariff.currency} a year"] if tariff.subscription else []
        if other := tariff.other_orders:
            parts.append(f"{other.fixed:,.2f} {tariff.currency} for each order {other.describe()}")
        said += [f"{name} {' and '.join(parts)}"] if parts else []
    if said:
        yield (
            f"Not charged, and missing from costs and ranks: {'; '.join(said)}. "
            "A variant's own run says what it comes to."
        )


def listed_shares(closes: Closes, names: Sequence[str], window: WindowSummary) -> dict[str, float]:
    """Return for which share of the sessions of ``window`` each name was listed: from its first close to its last."""
    start, end = np.datetime64(window.start), np.datetime64(window.end)
    inside = (closes.dates >= start) & (closes.dates <= end)
    shares = {}
    for name in names:
        known = np.flatnonzero(np.isfinite(closes.closes[:, closes.tickers.index(name)]))
        shares[name] = float(inside[known[0] : known[-1] + 1].sum() / inside.sum()) if len(known) else 0.0
    return shares


def hindsight_caveats(
    closes: Closes, policy: Policy, names: Sequence[str], start: str, told: Sequence[str]
) -> Iterator[str]:
    """Yield that the swept ``names`` were listed with hindsight; where the plan has others, what its run ``told``."""
    if names:
        first = {name: closes.dates[np.isfinite(closes.closes[:, closes.tickers.index(name)])][0] for name in names}
        late = [name for name in names if first[name] > np.datetime64(start)]
        last = max(late, key=first.__getitem__) if late else ""
        tried = "1 name was" if len(names) == 1 else f"{len(names)} names were"
        later = f", {len(late)} of them without a close at the start ({last} begins on {first[last]})" if late else ""
        yield (
            f"{HINDSIGHT}{tried} tried ({shorten(', '.join(names), _MAX_NAMES_LENGTH)}){later}. They "
            "were listed knowing how they did. Nobody could have listed just these at the start; the result says what "
            "they did, not what such a choice earns."
        )
    if not set(policy.caps()) <= set(names):
        yield from told
