"""Orders that wait for a fresh price (S9): since when, for whom, and whose targets were cut to make room."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import BoolArray
from engine.core.conventions import SESSIONS_PER_YEAR
from engine.core.errors import StalePriceError
from engine.data.market import Market

MAX_WAITING_SESSIONS: Final = 5
"""Sessions that an order waits for a fresh price: a week of daily ones."""


class PendingOrders:
    """Orders without a fresh price: ``since`` (N,) the row of an order that has no price yet, -1 for none.

    ``scaled_down`` (N,) are the assets whose targets were scaled down for such an order; they are traded with it.
    """

    def __init__(self, count: int) -> None:
        """Begin with no order."""
        self._no_rows = np.full(count, -1)
        self._no_assets = np.zeros(count, dtype=np.bool_)
        self.since = self._no_rows
        self.scaled_down = self._no_assets

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be remembered; known without looking at every asset."""
        return self.since is self._no_rows and self.scaled_down is self._no_assets

    @property
    def mask(self) -> BoolArray:
        """(N,) whose orders wait."""
        return self.since >= 0

    def __bool__(self) -> bool:
        """Whether any order waits."""
        return self.since is not self._no_rows and bool(self.mask.any())

    def start(self, row: int, stuck: BoolArray, cut: BoolArray) -> None:
        """Let the orders of the assets ``stuck`` (N,) wait; one that waited already is not made younger."""
        if stuck.any():
            self.since, self.scaled_down = np.where(stuck, np.where(self.mask, self.since, row), -1), cut
        else:
            self.since, self.scaled_down = self._no_rows, self._no_assets

    def fillable(self, fresh: BoolArray) -> BoolArray:
        """Return (N,) what is to be traded now that the assets ``fresh`` (N,) have a close."""
        awaited: BoolArray = self.mask & fresh
        return (self.mask | self.scaled_down) & fresh if awaited.any() else self._no_assets

    def remove_filled(self, row: int, market: Market, cut: BoolArray) -> None:
        """Forget what was filled at ``row``; who was cut and had no close then waits from now on."""
        fresh = market.fresh[row]
        joined = self.scaled_down & ~fresh & market.listed[row]
        self.since = np.where(joined, row, np.where(fresh, -1, self.since))
        self.scaled_down = cut if self.mask.any() else self._no_assets

    def cancel(self, j: int) -> None:
        """Forget that asset ``j`` was cut: it is not wanted any more."""
        if self.scaled_down[j]:
            self.scaled_down = self.scaled_down.copy()
            self.scaled_down[j] = False

    def raise_if_overdue(self, row: int, market: Market) -> None:
        """Raise StalePriceError when an order has waited too long at ``row``."""
        longest = MAX_WAITING_SESSIONS if market.periods_per_year >= SESSIONS_PER_YEAR else 1
        late = self.mask & ~market.fresh[row] & (row - self.since >= longest)
        if late.any():
            raise StalePriceError(
                f"{ticker_list(market, late)}: no close in {longest} sessions up to {market.dates[row]} "
                "while an order waits; fill the gap in the prices, or end the window before it"
            )


def ticker_list(market: Market, mask: BoolArray) -> str:
    """Return the tickers of the assets in ``mask`` (N,)."""
    return ", ".join(ticker for ticker, wanted in zip(market.assets, mask, strict=True) if wanted)
