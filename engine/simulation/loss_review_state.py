"""The loss review's bookkeeping in one run: reference prices, who is barred, and what each review found.

The machines themselves are moved by ``kernel.hold``, close by close; their rules are those of docs/semantics.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.data.market import Market
from engine.portfolio.policy import Review, Verdict
from engine.simulation import kernel
from engine.simulation.kernel.records import Guard


class Breach(NamedTuple):
    """A close at or below the threshold of column ``asset``: ``loss`` against its reference [fraction, negative]."""

    asset: int
    loss: float


class Reviewed(NamedTuple):
    """One review: the session ``row`` it was carried out at, what was lost, what was found and decided."""

    row: int
    asset: str
    loss: float
    verdict: Verdict

    @property
    def words(self) -> str:
        """The reason its trades carry."""
        return f"review: {self.asset} {100.0 * self.loss:.1f} %, {self.verdict.words}"


@dataclass
class Machines:
    """One state machine an asset under review.

    ``guard`` is what the kernel sees; ``barred`` (N,) assets were sold by a review and
    may not be bought, since the row in ``since`` (N,); ``found`` is the log.
    """

    guard: Guard
    barred: BoolArray
    since: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    reenters: bool
    found: list[Reviewed] = field(default_factory=list)

    @classmethod
    def of(cls, review: Review | None, market: Market) -> Machines:
        """Return machines at rest for the assets of ``review``; none are on without one."""
        count = len(market.assets)
        names = np.zeros(count, dtype=np.bool_)
        if review is not None:
            names[[market.index(ticker) for ticker in review.names]] = True
        reference = review.reference if review else ""
        guard = Guard(
            on=bool(names.any()),
            names=names,
            reference=np.zeros(count),
            watching=np.ones(count, dtype=np.bool_),
            breached=np.zeros(count, dtype=np.bool_),
            keep=1.0 - review.trigger if review else 1.0,
            peak=reference == "peak",
            averages=reference == "cost",
            resets=reference == "rebalance",
        )
        return cls(
            guard,
            np.zeros(count, dtype=np.bool_),
            np.full(count, -1),
            bool(review and review.reenters),
        )

    def traded(self, dq: FloatArray, units: FloatArray, prices: FloatArray) -> None:
        """Note purchases: ``dq`` (N,) signed shares at ``prices`` (N,) that led to ``units`` (N,)."""
        kernel.bought(self.guard, dq, units, prices)

    def rebalanced(self, units: FloatArray, prices: FloatArray) -> None:
        """Note a rebalance of the whole portfolio, after which ``units`` (N,) are held."""
        kernel.rebalanced(self.guard, units, prices)

    def breaches(self, prices: FloatArray) -> list[Breach]:
        """Return what broke its threshold at a close of ``prices`` (N,), each once."""
        assets = self.guard.breached.nonzero()[0].tolist()
        self.guard.breached[:] = False
        return [Breach(j, float(prices[j] / self.guard.reference[j]) - 1.0) for j in assets]

    def again(self, asset: int) -> None:
        """Let a breach that could not be answered be asked about at the next close."""
        self.guard.watching[asset] = True

    def bar(self, asset: int, row: int) -> None:
        """Keep ``asset`` from being bought."""
        self.barred[asset] = True
        self.since[asset] = row

    def lift(self, row: int) -> None:
        """Let in again, at a rebalance of the whole portfolio, what was sold at an earlier session."""
        if self.reenters:
            np.logical_and(self.barred, self.since >= row, out=self.barred)
