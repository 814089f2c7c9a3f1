"""The state of loss reviews in one run: reference prices, who is barred, and what each review found.

``kernel.advance`` takes every close into it; the rules are those of docs/semantics.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.data.market import Market
from engine.portfolio.policy import LossReviewRule, ReviewVerdict
from engine.simulation.kernel.records import ReviewWatch


class LossBreach(NamedTuple):
    """A close at or below the threshold of column ``asset``: ``loss`` against its reference [fraction, negative]."""

    asset: int
    loss: float


class ReviewRecord(NamedTuple):
    """One review: the session ``row`` it was carried out at, what was lost, what was found and decided."""

    row: int
    asset: str
    loss: float
    verdict: ReviewVerdict

    def describe(self) -> str:
        """Return the reason its trades carry."""
        return f"review: {self.asset} {100.0 * self.loss:.1f} %, {self.verdict.explanation}"


@dataclass
class LossReviewState:
    """One state machine an asset under review.

    ``watch`` is what the kernel sees; ``barred`` (N,) assets were sold by a review and
    may not be bought, since the row in ``barred_since`` (N,); ``records`` is the log.
    """

    watch: ReviewWatch
    barred: BoolArray
    barred_since: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    allows_reentry: bool
    records: list[ReviewRecord] = field(default_factory=list)

    @classmethod
    def build(cls, review: LossReviewRule | None, market: Market) -> LossReviewState:
        """Return machines at rest for the assets of ``review``; none are on without one."""
        count = len(market.assets)
        names = np.zeros(count, dtype=np.bool_)
        if review is not None:
            names[[market.column_index(ticker) for ticker in review.tickers]] = True
        reference = review.reference if review else ""
        guard = ReviewWatch(
            enabled=bool(names.any()),
            reviewed=names,
            reference_price=np.zeros(count),
            watching=np.ones(count, dtype=np.bool_),
            breached=np.zeros(count, dtype=np.bool_),
            threshold_ratio=1.0 - review.trigger if review else 1.0,
            from_peak=reference == "peak",
            from_average_cost=reference == "cost",
            from_last_rebalance=reference == "rebalance",
        )
        return cls(
            guard,
            np.zeros(count, dtype=np.bool_),
            np.full(count, -1),
            bool(review and review.allows_reentry),
        )

    def take_breaches(self, prices: FloatArray) -> list[LossBreach]:
        """Return what broke its threshold at a close of ``prices`` (N,), each once."""
        assets = self.watch.breached.nonzero()[0].tolist()
        self.watch.breached[:] = False
        return [LossBreach(j, float(prices[j] / self.watch.reference_price[j]) - 1.0) for j in assets]

    def bar(self, asset: int, row: int) -> None:
        """Keep ``asset`` from being bought."""
        self.barred[asset] = True
        self.barred_since[asset] = row

    def readmit(self, row: int) -> None:
        """Let in again, at a rebalance of the whole portfolio, what was sold at an earlier session."""
        if self.allows_reentry:
            np.logical_and(self.barred, self.barred_since >= row, out=self.barred)
