"""Orders that wait for a fresh price (S9): since when, for whom, and whose targets were cut to make room."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import BoolArray
from engine.core.errors import StalePriceError
from engine.data.market import Market

PATIENCE: Final = 5
"""Sessions that an order waits for a fresh price."""


class Waiting:
    """Who waits: ``since`` (N,) the row of an order that has no price yet, -1 for none.

    ``cut`` (N,) are the assets whose targets were scaled down for such an order; they are traded with it.
    """

    def __init__(self, count: int) -> None:
        """Begin with nobody."""
        self._nobody = np.full(count, -1)
        self._none = np.zeros(count, dtype=np.bool_)
        self.since = self._nobody
        self.cut = self._none

    @property
    def idle(self) -> bool:
        """Whether nothing is to be remembered; known without looking at every asset."""
        return self.since is self._nobody and self.cut is self._none

    @property
    def which(self) -> BoolArray:
        """(N,) whose orders wait."""
        return self.since >= 0

    def __bool__(self) -> bool:
        """Whether any order waits."""
        return self.since is not self._nobody and bool(self.which.any())

    def begin(self, row: int, stuck: BoolArray, cut: BoolArray) -> None:
        """Let the orders of the assets ``stuck`` (N,) wait; one that waited already is not made younger."""
        if stuck.any():
            self.since, self.cut = np.where(stuck, np.where(self.which, self.since, row), -1), cut
        else:
            self.since, self.cut = self._nobody, self._none

    def due(self, fresh: BoolArray) -> BoolArray:
        """Return (N,) what is to be traded now that the assets ``fresh`` (N,) have a close."""
        awaited: BoolArray = self.which & fresh
        return (self.which | self.cut) & fresh if awaited.any() else self._none

    def filled(self, row: int, market: Market, cut: BoolArray) -> None:
        """Forget what was filled at ``row``; who was cut and had no close then waits from now on."""
        fresh = market.fresh[row]
        joined = self.cut & ~fresh & market.listed[row]
        self.since = np.where(joined, row, np.where(fresh, -1, self.since))
        self.cut = cut if self.which.any() else self._none

    def drop(self, j: int) -> None:
        """Forget that asset ``j`` was cut: it is not wanted any more."""
        if self.cut[j]:
            self.cut = self.cut.copy()
            self.cut[j] = False

    def refuse_late(self, row: int, market: Market) -> None:
        """Raise StalePriceError when an order has waited too long at ``row``."""
        late = self.which & ~market.fresh[row] & (row - self.since >= PATIENCE)
        if late.any():
            raise StalePriceError(
                f"{named(market, late)}: no close in {PATIENCE} sessions up to {market.dates[row]} while an order "
                "waits; fill the gap in the prices, or end the window before it"
            )


def named(market: Market, which: BoolArray) -> str:
    """Return the tickers of the assets ``which`` (N,)."""
    return ", ".join(ticker for ticker, wanted in zip(market.assets, which, strict=True) if wanted)
