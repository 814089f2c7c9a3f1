"""The book: one account while a run goes on. Each method is one thing that can happen to it.

Money and shares are moved only by the kernel; the book keeps count, remembers events and closes into a Ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray, frozen
from engine.core.errors import AccountError
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.optimiser_step import Step
from engine.portfolio.policy import Decision, Review
from engine.simulation import kernel
from engine.simulation.event_schedule import Agenda
from engine.simulation.kernel.records import Desk, Order, Slips, Tape, Terms, Track, Watch
from engine.simulation.ledger import Ledger
from engine.simulation.loss_review_state import Machines
from engine.simulation.pending_orders import Waiting, named
from engine.simulation.trade_events import Event, Why, Words, cap_words, drift_words, own_reasons


def _blank_slips(size: int, count: int) -> Slips:
    rows, kinds = np.zeros(size, np.int64), np.zeros(size, np.int64)
    dq, fees, seen, reached = (np.zeros((size, count)) for _ in range(4))
    return Slips(np.zeros(1, np.int64), rows, kinds, dq, fees, seen, reached, np.zeros(size, np.bool_))


@dataclass(frozen=True)
class StandingWeights:
    """What a policy always wants: its ``core`` (N,), and the ``fixed`` (N,) targets of a ``static`` one [weight]."""

    core: FloatArray
    fixed: FloatArray
    static: bool


def short_of(date: np.datetime64, raised: float, due: float) -> str:
    """Return what to say when a withdrawal cannot be raised [currency]."""
    return (
        f"{date}: {raised:,.2f} of a withdrawal of {due:,.2f} can be raised; "
        "too few assets have a close; fill the gap in the prices or withdraw less"
    )


class Book:
    """Units, cash and history of one account over one market.

    ``units`` (N,) and ``cash`` are what it owns now, ``target`` (N,) the weights in force, ``reference`` (N,) those
    drift is measured from; ``waiting`` the orders without a price yet; ``track`` and ``flows`` (T,) what each session
    saw, ``events`` and ``notes`` what was done. ``dq`` and ``fees`` (N,) are those of the last order; ``steps`` how
    weights were optimised.
    """

    def __init__(
        self,
        market: Market,
        account: Account,
        terms: Terms,
        weights: StandingWeights,
        review: Review | None,
        opening: int,
    ) -> None:
        """Open with the capital in cash at row ``opening``; ``weights`` are what the policy always wants."""
        sessions, count = market.prices.shape
        self.market = market
        self.account = account
        self.opening = opening
        self.units = np.zeros(count)
        self.cash = account.capital
        self.target = np.zeros(count)
        self.reference = self.target
        self.flows = np.zeros(sessions)
        self.events: list[Event] = []
        self.notes: list[str] = []
        self.steps: list[Step] = []
        self.left_out: list[int] = []
        self.tape = Tape(market.prices, 1.0 + market.cash_rate, market.fresh, market.eligible)
        self.track = Track(np.zeros(sessions), np.zeros(sessions), np.zeros((sessions, count)))
        self.terms = terms
        self.machines = Machines.of(review, market)
        self._slips = _blank_slips(64, count)
        self.desk = Desk(terms, weights.core, self.machines.barred, weights.fixed, weights.static)
        self.dq = np.zeros(count)
        self.fees = np.zeros(count)
        self.nobody = np.zeros(count)
        self.none = np.zeros(count, dtype=np.bool_)
        self._all = np.ones(count, dtype=np.bool_)
        self.waiting = Waiting(count)

    # what is known -----------------------------------------------------------------------------------------------

    def fresh(self, row: int) -> BoolArray:
        """Return (N,) which assets have a close at ``row``."""
        fresh: BoolArray = self.market.fresh[row]
        return fresh

    def money(self, row: int) -> FloatArray:
        """Return (N,) holdings at the last prices of ``row`` [currency]."""
        return np.where(self.units == 0.0, 0.0, self.units * self.market.prices[row])

    def value(self, row: int) -> float:
        """Return what the account is worth at ``row``, now [currency]."""
        return kernel.value_of(self.units, self.market.prices[row], self.cash)

    def weights_at(self, row: int) -> FloatArray:
        """Return (N,) the weights that were marked at the close of ``row``; zeros for an account worth nothing."""
        return kernel.weights_of(self.track.units[row], self.market.prices[row], self.track.value[row])

    # what can happen ---------------------------------------------------------------------------------------------

    def receive(self, row: int, amount: float) -> None:
        """Take a contribution into cash before the session's trading, or a withdrawal out of it (S11)."""
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
            self.note(row, trades, prices, np.zeros_like(trades), Why(f"delisted: {self.market.assets[j]}{cut}"))
            self.notes.append(
                f"{self.market.assets[j]} has no price after {self.market.dates[row - 1]}: "
                f"taken as delisted and paid out at its last price{cut}"
            )
        return paid

    def rebalance(self, row: int, target: FloatArray, why: Why) -> None:
        """Trade everything to ``target`` (N,); what has no close at ``row`` waits (S3, S9)."""
        self.target = target
        if not self.waiting.idle or np.count_nonzero(self.fresh(row)) < len(target):
            self._rebalance_what_has_a_price(row, why)
        else:  # nearly always, and a third of a run's time
            self.fill(row, Order(target, self._all, self.nobody), why)
        self.machines.rebalanced(self.units, self.market.prices[row])
        self.reference = self.weights(row) if self.terms.whole else target

    def _rebalance_what_has_a_price(self, row: int, why: Why) -> None:
        stuck = self.stuck(row, self.target)
        scaled = self.fill(row, Order(self.target, ~stuck, self.nobody), why)
        value, cut = self.value(row), ~stuck & (self.target > 0.0) & scaled
        stuck &= np.abs(self.target * value - self.money(row)) > kernel.NOISE * value  # else nothing to wait for
        self.waiting.begin(row, stuck, cut)
        self.waiting.refuse_late(row, self.market)
        if stuck.any():
            self.notes.append(f"{named(self.market, stuck)} had no close on {self.market.dates[row]}: the order waited")

    def retry(self, row: int) -> None:
        """Fill orders that waited, when a price they waited for is there, with those that were scaled down (S9)."""
        self.waiting.refuse_late(row, self.market)
        due = self.waiting.due(self.fresh(row))
        if due.any():
            scaled = self.fill(row, Order(self.target, due, self.nobody), Why("waited for a price"))
            self.waiting.filled(row, self.market, due & (self.target > 0.0) & scaled)

    def reinvest(self, row: int, gone: Iterable[int], heirs: FloatArray, amount: float) -> None:
        """Spend the payout of ``gone`` on ``heirs`` (N,) pro rata, costs included; their targets move along (S8)."""
        for j in gone:
            self.move_target(j, heirs)
        shares = self.among_fresh(row, heirs)
        if amount > 0.0 and shares.any():
            self.fill(row, Order(self.target, self.none, shares, amount), Why("delisted: proceeds reinvested"))

    def core_shares(self, decision: Decision) -> FloatArray:
        """Return (N,) shares, summing to 1 or 0, by which the core takes or pays at a decision (S6)."""
        return kernel.shares_of(decision.able, self.desk.core)

    def hold(self, row: int, stop: int, watch: Watch, agenda: Agenda) -> tuple[int, int]:
        """Mark to market up to ``stop``, or to a session at which an alarm needs an answer; return row and alarm."""
        slips, armed, at_once = self._slips, not agenda.awaits_answer(row), self.account.delay == 0
        row, self.cash, alarm = kernel.hold(
            row,
            stop,
            self.units,
            self.cash,
            self.tape,
            watch,
            self.machines.guard,
            self.desk,
            armed,
            self.track,
            slips,
            at_once,
        )
        if made := int(slips.made[0]):
            self.cash = self.snap(self.cash, self.track.value[row - 1])
            self._file(slips, made, watch, agenda)
            slips.made[0] = 0
        return row, alarm

    def _file(self, slips: Slips, made: int, watch: Watch, agenda: Agenda) -> None:
        """Enter what ``hold`` traded on its own into the journal."""
        dq, fees, seen, reached = (array[:made].copy() for array in (slips.dq, slips.fees, slips.seen, slips.reached))
        rows, kinds = slips.rows[:made].tolist(), slips.kinds[:made].tolist()
        refused, traded = slips.refused[:made].tolist(), np.any(dq, axis=1).tolist()
        for k, row in enumerate(rows):
            why = self._why(kinds[k], row, seen[k], watch, agenda)
            if why.whole:
                self.target, self.reference = self.desk.fixed, reached[k]
            if refused[k]:
                self.left_out.append(row)
            elif traded[k]:
                self.events.append(Event(row, self.target, dq[k], self.market.prices[row], fees[k], why))

    def _why(self, kind: int, row: int, seen: FloatArray, watch: Watch, agenda: Agenda) -> Why:
        if kind == kernel.CAP_ALARM:
            return Why(self.cap_reason(seen))
        if kind == kernel.BAND_ALARM:
            return Why(self.drift_reason(seen, watch.absolute, watch.relative), whole=True)
        return Why(agenda.rebalances[row], whole=True)

    def close(self) -> Ledger:
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
            words=tuple(event.why.words for event in self.events),
            own=own_reasons(self.events, self.market, start),
            rebalances=frozen(np.array([event.why.whole for event in self.events], dtype=np.bool_)),
            parts=frozen(np.array([event.why.part for event in self.events], dtype=np.bool_)),
            reviews=tuple(found._replace(row=found.row - start) for found in self.machines.found),
            notes=(*self.notes, *self._left_out_note()),
            steps=tuple(self.steps),
        )

    # how it is done ----------------------------------------------------------------------------------------------

    def trade_flow(self, row: int, due: float, spare: float, why: Why) -> None:
        """Buy the most underweight with spare cash, or sell the most overweight until ``due`` is there (S11)."""
        price, before = self.market.prices[row], self.value(row)
        order = Order(self.target, self.fresh(row) & ~self.waiting.which, self.nobody)
        if due > 0.0:
            cash = kernel.raise_cash(self.units, self.cash, due, spare, price, order, self.terms, self.dq, self.fees)
        else:
            cash = kernel.invest(self.units, self.cash, price, order, self.terms, self.dq, self.fees)
        self.cash = self.snap(cash, before)
        if np.count_nonzero(self.dq):
            self.note(row, self.dq.copy(), price, self.fees.copy(), why)

    def fill(self, row: int, order: Order, why: Why) -> bool:
        """Fill ``order`` and remember it; return whether targets were scaled for waiting assets."""
        price = self.market.prices[row]
        status, scaled, cash = kernel.trade(self.units, self.cash, price, order, self.terms, self.dq, self.fees)
        if status == kernel.UNAFFORDABLE and cash < 0.0:
            raise AccountError(
                f"{self.market.dates[row]}: a withdrawal takes all that costs would leave of the account; "
                "withdraw less or end the window earlier"
            )
        if status == kernel.UNAFFORDABLE:
            self.left_out.append(row)
        if cash < 0.0:
            before = kernel.value_of(self.units, price, cash) + float(self.fees.sum())
            if self.flows[row] < 0.0 and cash < -kernel.SNAP * abs(before):
                raise AccountError(short_of(self.market.dates[row], cash - self.flows[row], -self.flows[row]))
            cash = self.snap(cash, before)
        self.cash = cash
        if np.count_nonzero(self.dq):
            self.note(row, self.dq.copy(), price, self.fees.copy(), why)
        return bool(scaled)

    def snap(self, cash: float, value: float) -> float:
        """Return cash with rounding below zero removed; more than rounding is a bug (S5)."""
        if cash < -kernel.SNAP * abs(value):
            raise RuntimeError(f"cash fell to {cash!r} at a value of {value!r}")
        return max(cash, 0.0)

    def note(self, row: int, trades: FloatArray, prices: FloatArray, costs: FloatArray, why: Why) -> None:
        """Write down what was traded, and set the references of what was bought."""
        self.events.append(Event(row, self.target, trades, prices, costs, why))
        if self.machines.guard.on:
            self.machines.traded(trades, self.units, prices)

    def cap_reason(self, seen: FloatArray) -> Words:
        """Return which caps the weights ``seen`` (N,) broke."""
        return partial(cap_words, self.market.assets, seen, self.terms.caps)

    def drift_reason(self, seen: FloatArray, absolute: float, relative: float) -> Words:
        """Return which asset had left its band at weights ``seen`` (N,)."""
        return partial(drift_words, self.market.assets, seen, self.reference, absolute, relative)

    def stuck(self, row: int, target: FloatArray) -> BoolArray:
        """Return (N,) which assets are to be traded towards ``target`` but have no close at ``row`` (S9)."""
        stuck: BoolArray = ~self.fresh(row) & self.market.listed[row] & ((self.units != 0.0) | (target > 0.0))
        return stuck

    def only(self, assets: list[int] | IntArray) -> BoolArray:
        """Return (N,) a mask of ``assets``."""
        active = np.zeros_like(self.none)
        active[assets] = True
        return active

    def move_target(self, j: int, heirs: FloatArray) -> None:
        """Let what asset ``j`` weighs, in the targets and where drift begins, go to ``heirs``, or to cash."""
        self.target, self.reference = self._moved(self.target, j, heirs), self._moved(self.reference, j, heirs)

    def among_fresh(self, row: int, shares: FloatArray) -> FloatArray:
        """Return ``shares`` over the assets that can be traded at ``row``, summing to 1, or all zero."""
        return kernel.shares_of(self.fresh(row), shares)

    def weights(self, row: int) -> FloatArray:
        """Return (N,) weights now, at the last prices of ``row``; zeros for an account worth nothing."""
        return kernel.weights_of(self.units, self.market.prices[row], self.value(row))

    def _moved(self, weights: FloatArray, j: int, heirs: FloatArray) -> FloatArray:
        """Return ``weights`` with that of asset ``j`` gone to ``heirs``."""
        moved: FloatArray = weights + weights[j] * heirs
        moved[j] = 0.0
        return moved

    def _left_out_note(self) -> Iterable[str]:
        if self.left_out:
            first, count = self.market.dates[self.left_out[0]], len(self.left_out)
            sets = "set" if count == 1 else "sets"
            yield (
                f"Costs would have eaten {count} {sets} of orders, the first on {first}; they were left out. "
                "The account is small for this tariff."
            )

    def _stack(self, rows: list[FloatArray]) -> FloatArray:
        return frozen(np.array(rows).reshape(len(rows), len(self.market.assets)))
