"""What a run of the same config held just before a decision: the other side of its weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest.finished_run import read_run
from engine.backtest.output_folders import RUN_KIND, folder_kind
from engine.core.errors import EngineError

if TYPE_CHECKING:
    from engine.backtest.allocation import Proposal


@dataclass(frozen=True)
class HeldWeights:
    """The ``weights`` by asset at the close of ``date``, and ``cash`` [fractions]."""

    date: str
    weights: Mapping[str, float]
    cash: float

    def expected(self, proposal: Proposal) -> tuple[float, float] | None:
        """Return the volatility and return of these weights by a proposal's estimates; None where it lacks a name."""
        known = {one.asset for one in proposal.holdings}
        if any(weight and asset not in known for asset, weight in self.weights.items()):
            return None
        w = np.array([self.weights.get(one.asset, 0.0) for one in proposal.holdings])
        variance = float((w[:, None] * w * proposal.moments.covariance).sum())
        return math.sqrt(max(variance, 0.0)), float((w * proposal.moments.mean).sum())


def read_held_weights(folder: Path, config_sha256: str, before: np.datetime64) -> HeldWeights | None:
    """Return what the run in ``folder`` held at its last close before a day; None without a run of the same config."""
    if folder_kind(folder) != RUN_KIND:
        return None
    try:
        run = read_run(folder)
    except EngineError:  # a damaged run is told of by those who need one
        return None
    row = int(np.searchsorted(run.weights.dates, before)) - 1
    if run.manifest.config_sha256 != config_sha256 or row < 0:
        return None
    weights = {name: float(column[row]) for name, column in run.weights.columns.items()}
    return HeldWeights(str(run.weights.dates[row]), weights, weights.pop("cash", 0.0))
