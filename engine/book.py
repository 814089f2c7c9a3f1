"""The book: one account while a run goes on. Each method is one thing that can happen to it.

Money and shares are moved only by the kernel; the book keeps count, remembers events and closes into a Ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine import kernel
from engine.account import Account
from engine.arrays import BoolArray, FloatArray, IntArray, frozen
from engine.errors import AccountError, StalePriceError
from engine.kernel_types import CostTable, Order, Tape, Terms, Track, Watch
from engine.ledger import Ledger
from engine.market import Market

PATIENCE: Final = 5
"""Sessions that an order waits for a fresh price (S9)."""


@dataclass(frozen=True)
class Event:
    """What was traded at one session for one reason; fields as in :class:`engine.ledger.Ledger`."""

    row: int
    target: FloatArray
    trades: FloatArray
    prices: FloatArray
    costs: FloatArray
    reason: str
    rebalance: bool


class Book:
    """Units, cash and history of one account over one market."""

    def __init__(self, market: Market, account: Account, costs: CostTable, caps: FloatArray, opening: int) -> None:
        """Open with the capital in cash at row ``opening``; ``caps`` (N,) bind every fill."""
        sessions, count = market.prices.shape
        self.market = market
        self.account = account
        self.opening = opening
        self.units = np.zeros(count)
        self.cash = account.capital
        self.target = np.zeros(count)
        self.waiting = np.zeros(count, dtype=np.bool_)
        self.patience = 0
        self.flows = np.zeros(sessions)
        self.events: list[Event] = []
        self.notes: list[str] = []
        self.tape = Tape(market.prices, 1.0 + market.cash_rate)
        self.track = Track(np.zeros(sessions), np.zeros(sessions), np.zeros((sessions, count)))
        self.terms = Terms(costs, caps, account.shares == "whole", True)  # noqa: FBT003  (a kernel's record)
        self._dq = np.zeros(count)
        self._fees = np.zeros(count)
        self._nobody = np.zeros(count)

    # what is known -----------------------------------------------------------------------------------------------

    def fresh(self, row: int) -> BoolArray:
        """Return (N,) which assets have a close at ``row``."""
        return self.market.age[row] == 0

    def money(self, row: int) -> FloatArray:
        """Return (N,) holdings at the last prices of ``row`` [currency]."""
        return np.where(self.units == 0.0, 0.0, self.units * self.market.prices[row])

    def value(self, row: int) -> float:
        """Return what the account is worth at ``row``, now [currency]."""
        return float(self.money(row).sum()) + self.cash

    # what can happen ---------------------------------------------------------------------------------------------

    def receive(self, row: int, amount: float) -> None:
        """Take a flow into cash before the session's trading; a withdrawal may leave cash below zero until traded."""
        if amount < 0.0 and self.value(row) <= -amount:
            raise AccountError(
                f"{self.market.dates[row]}: a withdrawal of {-amount:,.2f} is due and the account is worth "
                f"{self.value(row):,.2f}; withdraw less or end the window earlier"
            )
        self.cash += amount
        self.flows[row] += amount

    def pay_out(self, row: int, gone: Iterable[int], haircut: float) -> float:
        """Turn delisted assets into cash at their last price less ``haircut`` (S8); return what they bring."""
        paid = 0.0
        for j in gone:
            if self.units[j] == 0.0:
                continue
            prices = self.market.prices[row].copy()
            prices[j] *= 1.0 - haircut
            trades = np.zeros_like(self.units)
            trades[j] = -self.units[j]
            payout = float(self.units[j] * prices[j])
            self.units[j] = 0.0
            self.cash += payout
            paid += payout
            cut = f" less {haircut:.0%}" if haircut else ""
            self._note(row, trades, prices, np.zeros_like(trades), f"delisted: {self.market.assets[j]}{cut}")
            self.notes.append(
                f"{self.market.assets[j]} has no price after {self.market.dates[row - 1]}: "
                f"taken as delisted and paid out at its last price{cut}"
            )
        return paid

    def rebalance(self, row: int, target: FloatArray, reason: str) -> None:
        """Trade everything to ``target`` (N,); what has no close at ``row`` waits (S3, S9)."""
        self.target = target
        stale = ~self.fresh(row) & self.market.listed[row]
        wants = stale & ((self.units != 0.0) | (target > 0.0))
        scaled = self._trade(row, Order(target, ~wants, self._nobody, 0.0, 0.0), reason, rebalance=True)
        self.waiting = wants | ((target > 0.0) & scaled)
        self.patience = PATIENCE
        if wants.any():
            names = ", ".join(np.array(self.market.assets)[wants])
            self.notes.append(f"{names} had no close on {self.market.dates[row]}: the order waited for the next one")

    def retry(self, row: int) -> None:
        """Fill orders that waited, when a price they waited for is there (S9)."""
        due = self.waiting & (self.fresh(row))
        stuck = self.waiting & ~self.fresh(row)
        if (due & (self.market.age[row - 1] > 0)).any():
            self._trade(row, Order(self.target, due, self._nobody, 0.0, 0.0), "waited for a price")
            self.waiting = stuck
        self.patience -= 1
        if self.waiting.any() and self.patience <= 0:
            names = ", ".join(np.array(self.market.assets)[self.waiting])
            raise StalePriceError(
                f"{names}: no close for {PATIENCE} sessions up to {self.market.dates[row]} while an order waits; "
                "fill the gap in the prices, or end the window before it"
            )

    def reinvest(self, row: int, heirs: FloatArray, amount: float, reason: str) -> None:
        """Spend ``amount`` of cash, costs included, on ``heirs`` (N,) pro rata (S8)."""
        shares = self._among_fresh(row, heirs)
        if amount > 0.0 and shares.any():
            self._trade(row, Order(self.target, np.zeros_like(self.waiting), shares, amount, 0.0), reason)

    def trim(self, row: int, over: IntArray, heirs: FloatArray, reason: str) -> None:
        """Sell the assets ``over`` their caps down to their targets; ``heirs`` (N,) take the proceeds (S6)."""
        active = np.zeros_like(self.waiting)
        active[over] = self.fresh(row)[over] & (self.money(row)[over] > self.target[over] * self.value(row))
        if active.any():
            heirs = np.where(active, 0.0, self._among_fresh(row, heirs))
            total = float(heirs.sum())
            self._trade(row, Order(self.target, active, heirs / total if total else heirs, 0.0, 0.0), reason)

    def invest(self, row: int) -> None:
        """Bring a flow that has been received into, or out of, the assets (S11)."""
        amount = self.flows[row]
        how = self.account.contributions.invest
        reason = "contribution" if amount > 0.0 else "withdrawal"
        fresh = self.fresh(row)
        order = Order(np.where(fresh, self.target, 0.0), fresh & ~self.waiting, self._nobody, 0.0, 0.0)
        if how == "wait" and self.cash >= 0.0:
            return
        if how == "pro_rata":
            heirs = self._pro_rata(row, amount)
            if heirs.any():
                self._trade(row, Order(self.target, np.zeros_like(fresh), heirs, amount, 0.0), reason)
        elif amount > 0.0:
            self._kernel_flow(row, order, 0.0, reason)
        else:
            self._kernel_flow(row, order, -amount, reason)

    def hold(self, row: int, stop: int, watch: Watch, *, armed: bool) -> tuple[int, int]:
        """Mark to market up to ``stop`` or the session after the first alarm; return row and alarm."""
        row, self.cash, alarm = kernel.hold(row, stop, self.units, self.cash, self.tape, watch, armed, self.track)
        return row, alarm

    def close(self, notes: Iterable[str] = ()) -> Ledger:
        """Return the ledger of the run, rows counted from the opening."""
        start = self.opening
        return Ledger(
            dates=frozen(self.market.dates[start:]),
            assets=self.market.assets,
            capital=self.account.capital,
            value=frozen(self.track.value[start:]),
            cash=frozen(self.track.cash[start:]),
            units=frozen(self.track.units[start:]),
            flows=frozen(self.flows[start:]),
            rows=frozen(np.array([event.row - start for event in self.events], dtype=np.int64)),
            targets=self._stack([event.target for event in self.events]),
            trades=self._stack([event.trades for event in self.events]),
            prices=self._stack([event.prices for event in self.events]),
            costs=self._stack([event.costs for event in self.events]),
            reasons=tuple(event.reason for event in self.events),
            rebalances=frozen(np.array([event.rebalance for event in self.events], dtype=np.int64)),
            notes=(*notes, *self.notes),
        )

    # how it is done ----------------------------------------------------------------------------------------------

    def _trade(self, row: int, order: Order, reason: str, *, rebalance: bool = False) -> bool:
        price = self.market.prices[row]
        before = self.value(row)
        status, scaled, cash = kernel.trade(self.units, self.cash, price, order, self.terms, self._dq, self._fees)
        if status == kernel.UNAFFORDABLE:
            self.notes.append(f"{self.market.dates[row]}: {reason}: costs exceed the account's value; nothing traded")
        self.cash = self._snap(cash, before)
        self._note(row, self._dq.copy(), price, self._fees.copy(), reason, rebalance=rebalance)
        return bool(scaled)

    def _kernel_flow(self, row: int, order: Order, due: float, reason: str) -> None:
        price = self.market.prices[row]
        before = self.value(row)
        if due:
            cash = kernel.raise_cash(
                self.units, self.cash + due, due, price, order, self.terms, self._dq, self._fees
            ) - due
        else:
            cash = kernel.invest(self.units, self.cash, price, order, self.terms, self._dq, self._fees)
        self.cash = self._snap(cash, before)
        if self._dq.any():
            self._note(row, self._dq.copy(), price, self._fees.copy(), reason)

    def _snap(self, cash: float, value: float) -> float:
        """Return cash with rounding below zero removed; more than rounding is a bug (S5)."""
        if cash < -kernel.SNAP * abs(value):
            raise RuntimeError(f"cash fell to {cash!r} at a value of {value!r}")
        return max(cash, 0.0)

    def _note(  # noqa: PLR0913  (the fields of an event)
        self,
        row: int,
        trades: FloatArray,
        prices: FloatArray,
        costs: FloatArray,
        reason: str,
        *,
        rebalance: bool = False,
    ) -> None:
        self.events.append(Event(row, self.target, trades, prices, costs, reason, rebalance))

    def _among_fresh(self, row: int, shares: FloatArray) -> FloatArray:
        """Return ``shares`` over the assets that can be traded at ``row``, summing to 1, or all zero."""
        able = np.where(self.fresh(row), shares, 0.0)
        total = float(able.sum())
        return able / total if total > 0.0 else able

    def _pro_rata(self, row: int, amount: float) -> FloatArray:
        """Return whom a pro-rata flow goes to: by target when it comes in, by holding when it goes out."""
        money = self.money(row)
        if amount < 0.0:
            return self._among_fresh(row, money)
        heirs = self._among_fresh(row, self.target)
        for _ in range(len(heirs)):
            room = self.terms.caps * self.value(row)
            tight = (heirs > 0.0) & (money + heirs * amount > room)
            if not tight.any():
                break
            heirs = self._among_fresh(row, np.where(tight, 0.0, heirs))
        return heirs

    def _stack(self, rows: list[FloatArray]) -> FloatArray:
        return frozen(np.array(rows).reshape(len(rows), len(self.market.assets)))
