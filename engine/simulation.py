"""simulate(): the spine. A policy looks at the market up to yesterday; the account trades; the ledger remembers."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

import numpy as np

from engine import kernel
from engine.account import Account
from engine.arrays import BoolArray, FloatArray, IntArray
from engine.book import Book
from engine.errors import DataError
from engine.kernel_types import CostTable, Watch
from engine.ledger import Ledger
from engine.market import Market
from engine.policy import Band, Decision, Policy, Schedule
from engine.sessions import starts_period


def simulate(
    market: Market,
    policy: Policy,
    account: Account,
    costs: CostTable,
    *,
    start: int = 0,
    schedule: Schedule | None = None,
) -> Ledger:
    """Run ``policy`` over ``market`` from the first session at or after row ``start`` that has a price for it.

    Parameters
    ----------
    market : closes up to the end of the run; rows before the opening are history
    policy : which weights, and when
    account : capital, flows, execution
    costs : per asset, (N,) each
    start : first row of the window
    schedule : decide at these times instead of the policy's own; no caps are watched then

    Raises
    ------
    DataError
        When no asset with a positive target has a price in the window, or an order waits too long for one.
    AccountError
        When a withdrawal exceeds the account's value.

    """
    opening = market.first_row(policy.opening_tickers(), start)
    if opening is None:
        raise DataError(f"{', '.join(policy.opening_tickers())}: no price from {market.dates[start]} on")
    caps = _caps(market, policy)
    book = Book(market, account, costs, caps, opening)
    agenda = Agenda.of(market, schedule or policy.schedule, account, opening)
    band = (schedule or policy.schedule).band(market.dates)
    watched = caps if policy.watch_caps and schedule is None else np.full(len(caps), np.inf)
    row, sessions = opening, len(market.dates)
    while row < sessions:
        flow = agenda.flows.get(row, 0.0)
        gone = agenda.delistings.get(row, ())
        if row in agenda.rebalances:
            book.check_due(row, -flow)
            book.receive(row, flow)
            book.pay_out(row, gone, policy.haircut)
            decision = _decide(book, row, opening, account.delay)
            target = checked_weights(policy.target_weights(decision), decision, caps)
            book.rebalance(row, target, agenda.rebalances.pop(row))
            agenda.forget_alarm()
        else:
            _partial_trades(book, agenda, policy, row, flow)
        stop = row + 1 if book.waiting.any() else agenda.after(row)
        row, alarm = book.hold(row, stop, _watch(book, band, watched), armed=not agenda.alarmed_after(row))
        if alarm != kernel.QUIET and row < sessions:
            _answer(book, agenda, alarm, row, watched)
    return book.close()


@dataclass
class Agenda:
    """Rows at which something is due, by kind; alarms add to it as the run goes on."""

    rebalances: dict[int, str]
    flows: dict[int, float]
    delistings: dict[int, list[int]]
    delay: int
    end: int
    trims: dict[int, IntArray] = field(default_factory=dict)
    stops: list[int] = field(default_factory=list)
    alarm_row: int = -1

    @classmethod
    def of(cls, market: Market, schedule: Schedule, account: Account, opening: int) -> Agenda:
        """Write down everything that is known before the run: decisions, flows and delistings."""
        sessions = len(market.dates)
        calendar = schedule.calendar(market.dates)
        fills = {row + account.delay: why for row, why in calendar.items() if row > opening}
        rebalances = {opening: "opening", **{row: why for row, why in fills.items() if row < sessions}}
        flows = _flows(market, account, opening)
        delistings: dict[int, list[int]] = {}
        for j in range(len(market.assets)):
            rows = np.flatnonzero(market.listed[:, j])
            if len(rows) and opening <= rows[-1] < sessions - 1:
                delistings.setdefault(int(rows[-1]) + 1, []).append(j)
        stops = sorted({*rebalances, *flows, *delistings})
        return cls(rebalances, flows, delistings, account.delay, sessions, stops=stops)

    def after(self, row: int) -> int:
        """Return the next row after ``row`` at which something is due, or the end."""
        at = bisect.bisect_right(self.stops, row)
        return self.stops[at] if at < len(self.stops) else self.end

    def alarmed_after(self, row: int) -> bool:
        """Return whether an alarm's answer is still to be filled after ``row``."""
        return self.alarm_row > row

    def forget_alarm(self) -> None:
        """Drop an alarm's pending answer: a rebalance has dealt with it."""
        if self.alarm_row >= 0:
            self.trims.pop(self.alarm_row, None)
            if self.rebalances.get(self.alarm_row, "").startswith("band"):
                del self.rebalances[self.alarm_row]
            self.alarm_row = -1

    def answer(self, row: int) -> None:
        """Note that an alarm is answered at ``row``."""
        self.alarm_row = row
        bisect.insort(self.stops, row)


def checked_weights(w: FloatArray, decision: Decision, caps: FloatArray) -> FloatArray:
    """Return ``w`` (N,) after asserting what every policy owes: no debt, no short, no cap broken, nothing unlisted.

    A sum above 1 by rounding is scaled back; anything else is a bug of the policy and raises ValueError.
    """
    total = float(w.sum())
    if not np.isfinite(w).all() or (w < 0.0).any() or total > 1.0 + 1e-9:
        raise ValueError(f"weights {w} at row {decision.row} are not shares of one portfolio")
    if (w > caps * (1.0 + 1e-12)).any():
        raise ValueError(f"weights {w} at row {decision.row} break the caps {caps}")
    if (w[~decision.eligible] > 0.0).any():
        raise ValueError(f"weights {w} at row {decision.row} name assets that are not listed")
    return w / total if total > 1.0 else w


def _flows(market: Market, account: Account, opening: int) -> dict[int, float]:
    """Return money by row: on the first session of each period after the opening (S11)."""
    terms = account.contributions
    if not terms.amount:
        return {}
    due = np.flatnonzero(starts_period(market.dates, terms.every))
    return {int(row): terms.amount for row in due if row > opening}


def _caps(market: Market, policy: Policy) -> FloatArray:
    limits = policy.caps()
    return np.array([limits.get(ticker, np.inf) for ticker in market.assets])


def _eligible(market: Market, row: int, opening: int) -> BoolArray:
    """Return (N,) who may be bought at ``row``: listed the session before, at the opening in that session (S7)."""
    listed: BoolArray = market.listed[row] if row == opening else market.listed[row - 1] & market.listed[row]
    return listed


def _decide(book: Book, row: int, opening: int, delay: int) -> Decision:
    """Return what may be known for a fill at ``row`` (S2)."""
    eligible = _eligible(book.market, row, opening)
    if row == opening:
        history = book.market.until(row)
        return Decision(history, np.zeros(len(eligible)), book.account.capital, row, eligible)
    seen = row - delay
    money = book.money(seen - 1)
    value = float(money.sum()) + max(book.cash, 0.0)
    return Decision(book.market.until(seen), money / value, value, row, eligible)


def _partial_trades(book: Book, agenda: Agenda, policy: Policy, row: int, flow: float) -> None:
    """Do what a session without a rebalance asks for, in the order of docs/semantics.md."""
    if flow > 0.0:
        book.receive(row, flow)
    if row in agenda.delistings:
        gone = agenda.delistings[row]
        payout = book.pay_out(row, gone, policy.haircut)
        book.reinvest(row, gone, policy.heir_weights(_decide(book, row, book.opening, 0)), payout)
    if book.waiting.any():
        book.retry(row)
    if row in agenda.trims:
        core = policy.core_weights(_decide(book, row, book.opening, 0))
        book.trim(row, agenda.trims[row], core, _cap_reason(book, agenda.trims[row], row - 1 - agenda.delay))
    if flow > 0.0:
        book.invest(row, flow)
    elif flow < 0.0:
        book.withdraw(row, -flow)


def _watch(book: Book, band: Band | None, watched: FloatArray) -> Watch:
    if band is None:
        return Watch(book.target, np.zeros(len(book.market.dates), np.bool_), np.inf, np.inf, watched)
    return Watch(book.target, band.look, band.absolute, band.relative, watched)


def _answer(book: Book, agenda: Agenda, alarm: int, row: int, watched: FloatArray) -> None:
    """Write the answer to an alarm at the close before ``row`` into the agenda, one session later if fills are."""
    fill = row + agenda.delay
    if fill >= agenda.end:
        return
    weights = book.money(row - 1) / book.track.value[row - 1]
    agenda.answer(fill)
    if alarm == kernel.CAP_ALARM:
        agenda.trims[fill] = np.flatnonzero(weights > watched * (1.0 + kernel.OVER))
    elif fill not in agenda.rebalances:
        drift = weights - book.target
        worst = int(np.abs(drift).argmax())
        agenda.rebalances[fill] = f"band: {book.market.assets[worst]} {100.0 * drift[worst]:+.1f} pp"


def _cap_reason(book: Book, over: IntArray, seen: int) -> str:
    weights = book.track.units[seen] * book.market.prices[seen] / book.track.value[seen]
    parts = (f"{book.market.assets[j]} {100.0 * weights[j]:.2f} % > {100.0 * book.terms.caps[j]:.3g} %" for j in over)
    return "cap: " + ", ".join(parts)
