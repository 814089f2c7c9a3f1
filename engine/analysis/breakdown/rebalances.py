"""What each rebalance did: what it traded and cost, and what came of it by the next one and by the end."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from math import fsum
from typing import Final

import numpy as np

from engine.analysis.breakdown.drift import target_distance
from engine.core.arrays import FloatArray, IntArray
from engine.data.market import Market
from engine.simulation.ledger import Ledger
from engine.simulation.trade_events import (
    DIVIDENDS,
    LAST_WITHDRAWAL,
    LATE_PURCHASE,
    PROCEEDS,
    TAX,
    TAXED_DIVIDEND,
    WITHDRAWAL,
    YEAR_END_PURCHASE,
    YEAR_END_SALE,
    YEARLY_FEE,
)


@dataclass(frozen=True)
class RebalanceEffect:
    """One rebalance, its part trades and trims until the next one with it.

    ``value_before`` [currency] and ``distance_before`` (half the sum of |w - w*|, cash included) are those just before
    its orders; ``traded_one_way`` and ``cost`` those of its orders [currency]. ``gain_at_next``: what the account has
    at the next rebalance, or at the end where it is ``so_far``, that it would not have had without these trades;
    ``gain_at_end`` the same at the end [currency].
    """

    date: str
    value_before: float
    distance_before: float
    traded_one_way: float
    cost: float
    gain_at_next: float
    gain_at_end: float
    so_far: bool


@dataclass(frozen=True)
class RestOfDifference:
    """What the final values of a plan and its buy-and-hold differ by beside rebalances, plan less other [currency].

    ``flows``: what was paid in or out, and its investment; ``payouts`` and ``dividends`` those of delistings, splits
    and dividends, with their investment; ``interest``; ``fees`` for keeping the account; ``late_purchases`` those that
    buy-and-hold makes; ``before_first``: other trades before the first rebalance, those of the opening among them;
    ``taxes``, where there are any, and what was traded for their sake.
    """

    flows: float
    payouts: float
    dividends: float
    interest: float
    fees: float
    late_purchases: float
    before_first: float
    taxes: float | None = None

    @property
    def total(self) -> float:
        """The sum of all parts."""
        return fsum(part or 0.0 for part in vars(self).values())


@dataclass(frozen=True)
class RebalanceEffects:
    """Every rebalance of a run but the opening, in order of time.

    ``difference`` is that of the final values of the plan and its buy-and-hold: the gains at the end of all rebalances
    and the ``rest``. Both are None where there is no buy-and-hold that ends on the same day.
    """

    rebalances: tuple[RebalanceEffect, ...]
    difference: float | None
    rest: RestOfDifference | None

    @property
    def full(self) -> tuple[RebalanceEffect, ...]:
        """Those that another one followed."""
        return tuple(one for one in self.rebalances if not one.so_far)

    @property
    def gain_at_end(self) -> float:
        """What all of them together had gained at the end [currency]."""
        return fsum(one.gain_at_end for one in self.rebalances)


def rebalance_effects(ledger: Ledger, market: Market, held: Ledger | None) -> RebalanceEffects:
    """Return what each rebalance of ``ledger`` did, and what else it differs by from what was ``held`` for ever.

    A_k = sum du_{i,k} P_{i,t(k+1)} + dcash_k is the gain at the next rebalance, E_k the same with the last prices: du
    and dcash are what the trades changed in units and cash, costs among it. Every unit and every amount of cash at the
    end comes from a trade or was paid in, so that the sum of E_k and the rest is the difference of final values.
    """
    trades = _ClassifiedTrades.of(ledger, market)
    if held is None or held.dates[-1] != ledger.dates[-1]:
        return RebalanceEffects(trades.effects(), None, None)
    mine, other = trades.rest(), _ClassifiedTrades.of(held, market).rest()
    *parts, (taxes, other_taxes) = zip(astuple(mine), astuple(other), strict=True)
    rest = RestOfDifference(*(a - b for a, b in parts))
    if taxes is not None:
        rest = replace(rest, taxes=taxes - other_taxes)
    return RebalanceEffects(trades.effects(), float(ledger.value[-1] - held.value[-1]), rest)


_OWNED, _FLOW, _PAYOUT, _DIVIDENDS, _FEE, _LATE, _TAX = range(7)
_KINDS: Final = {
    WITHDRAWAL: _FLOW,
    LAST_WITHDRAWAL: _FLOW,
    PROCEEDS: _PAYOUT,
    DIVIDENDS: _DIVIDENDS,
    YEARLY_FEE: _FEE,
    LATE_PURCHASE: _LATE,
    TAX: _TAX,
    YEAR_END_SALE: _TAX,
    YEAR_END_PURCHASE: _TAX,
}
"""What trades belong to that buy-and-hold has, too, or has alone, by their reason."""


@dataclass(frozen=True)
class _ClassifiedTrades:
    """The trades of a ledger by what they belong to.

    ``starts`` (K,) are the rows of rebalances, the opening left out; ``owner`` (R,) is which of them each event belongs
    to, -1 where none has been yet, and -2 where it is of a ``kinds`` (R,) of its own.
    """

    ledger: Ledger
    market: Market
    starts: IntArray
    owner: IntArray
    kinds: IntArray

    @classmethod
    def of(cls, ledger: Ledger, market: Market) -> _ClassifiedTrades:
        rebalanced = (ledger.rebalances | ledger.partial_rebalances) & ~ledger.opening
        starts: IntArray = np.unique(ledger.rows[rebalanced])
        kinds = np.array([_KINDS.get(reason, _OWNED) for reason in ledger.reasons], dtype=np.int64)
        kinds[ledger.contributions], kinds[ledger.payouts], kinds[rebalanced] = _FLOW, _PAYOUT, _OWNED
        kinds[[reason == TAXED_DIVIDEND for reason in ledger.reasons]] = _DIVIDENDS
        owner = np.where(ledger.opening, -1, np.searchsorted(starts, ledger.rows, side="right") - 1)
        return cls(ledger, market, starts, np.where(kinds == _OWNED, owner, -2), kinds)

    def effects(self) -> tuple[RebalanceEffect, ...]:
        """Return every rebalance with its effects."""
        return tuple(self._effect(k) for k in range(len(self.starts)))

    def _effect(self, k: int) -> RebalanceEffect:
        ledger, row, last = self.ledger, int(self.starts[k]), len(self.ledger.dates) - 1
        so_far = k == len(self.starts) - 1
        mine = np.flatnonzero(self.owner == k)
        orders = mine[ledger.rows[mine] == row]
        costs = float(ledger.costs[orders].sum())
        value = float(ledger.value[row]) + costs
        units = ledger.units[row] - ledger.trades[orders].sum(axis=0)
        return RebalanceEffect(
            date=str(ledger.dates[row]),
            value_before=value,
            distance_before=target_distance(units, self._prices(row), value, ledger.targets[orders[0]]),
            traded_one_way=0.5 * float(np.abs(ledger.order_values[orders]).sum()),
            cost=costs,
            gain_at_next=self._gain(mine, last if so_far else int(self.starts[k + 1])),
            gain_at_end=self._gain(mine, last),
            so_far=so_far,
        )

    def _prices(self, row: int) -> FloatArray:
        prices: FloatArray = self.market.prices[self.ledger.opening_row(self.market) + row]
        return prices

    def _gain(self, events: IntArray, until: int) -> float:
        """Return what the trades of ``events`` have brought at the prices of row ``until`` [currency]."""
        ledger, trades = self.ledger, self.ledger.trades[events]
        moves = self._prices(until) - ledger.prices[events]
        found = np.where(trades == 0.0, 0.0, trades * moves) - ledger.costs[events]
        return fsum(found.ravel().tolist())

    def gain_of(self, kind: int) -> float:
        """Return what all trades of a ``kind`` have brought by the end, of those of no rebalance [currency]."""
        return self._gain(np.flatnonzero((self.kinds == kind) & (self.owner < 0)), len(self.ledger.dates) - 1)

    def rest(self) -> RestOfDifference:
        """Return what no rebalance has brought."""
        ledger, rows = self.ledger, self.ledger.session_rows(self.market)
        earned = ledger.cash[:-1] * self.market.cash_rate[rows][1:]
        taxes = None
        if ledger.taxes is not None:
            taxes = self.gain_of(_TAX) - fsum([*ledger.taxes.paid.tolist(), *ledger.taxes.withheld.tolist()])
        return RestOfDifference(
            flows=fsum(ledger.flows.tolist()) + self.gain_of(_FLOW),
            payouts=self.gain_of(_PAYOUT),
            dividends=fsum(ledger.dividends(self.market).tolist()) + self.gain_of(_DIVIDENDS),
            interest=fsum(earned.tolist()),
            fees=self.gain_of(_FEE) - fsum(ledger.fees.tolist()),
            late_purchases=self.gain_of(_LATE),
            before_first=self.gain_of(_OWNED),
            taxes=taxes,
        )
