"""The state of loss reviews in one run: reference prices, who is barred, and what each review found.

``kernel.advance`` takes every close into it; the rules are those of docs/semantics.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
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
    """Every asset's review: ``watch`` is what the kernel sees, ``records`` the log.

    ``barred`` (N,) assets were sold by a review, at the row in ``barred_since`` (N,), and may not be bought.
    """

    watch: ReviewWatch
    barred: BoolArray
    barred_since: IntArray
    allows_reentry: bool
    records: list[ReviewRecord] = field(default_factory=list)

    @classmethod
    def build(cls, review: LossReviewRule | None, market: Market) -> LossReviewState:
        """Return the state before anything was bought; nothing is watched without a ``review``."""
        count, reference = len(market.assets), review.reference if review else ""
        reviewed = np.zeros(count, dtype=np.bool_)
        reviewed[[market.column_index(ticker) for ticker in (review.tickers if review else ())]] = True
        watch = ReviewWatch(
            enabled=bool(reviewed.any()),
            reviewed=reviewed,
            reference_price=np.zeros(count),
            watching=np.ones(count, dtype=np.bool_),
            breached=np.zeros(count, dtype=np.bool_),
            threshold_ratio=1.0 - review.trigger if review else 1.0,
            from_peak=reference == "peak",
            from_average_cost=reference == "cost",
            from_last_rebalance=reference == "rebalance",
        )
        allows_reentry = bool(review and review.allows_reentry)
        return cls(watch, np.zeros(count, dtype=np.bool_), np.full(count, -1), allows_reentry)

    def take_breaches(self, prices: FloatArray) -> list[LossBreach]:
        """Return what broke its threshold at a close of ``prices`` (N,), each once."""
        assets = self.watch.breached.nonzero()[0].tolist()
        self.watch.breached[:] = False
        return [LossBreach(j, float(prices[j] / self.watch.reference_price[j]) - 1.0) for j in assets]

    def bar(self, asset: int, row: int) -> None:
        """Keep ``asset`` from being bought; one that is barred already is so since then."""
        if not self.barred[asset]:
            self.barred[asset] = True
            self.barred_since[asset] = row

    def take_back(self, asset: int, row: int) -> None:
        """Undo the bar of ``row``, as its sale is left out; an earlier one stays."""
        self.barred[asset] &= bool(self.barred_since[asset] < row)

    def readmit(self, row: int) -> None:
        """Let in again, at a rebalance of the whole portfolio, what was sold at an earlier session."""
        if self.allows_reentry:
            np.logical_and(self.barred, self.barred_since >= row, out=self.barred)
