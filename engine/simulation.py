"""simulate(): the spine. A policy looks at the market up to yesterday; the account trades; the ledger remembers."""

from __future__ import annotations

import numpy as np

from engine import kernel
from engine.account import Account
from engine.agenda import Agenda
from engine.arrays import BoolArray, FloatArray, IntArray
from engine.book import Book
from engine.errors import DataError
from engine.kernel_types import CostTable, Watch
from engine.ledger import Ledger
from engine.market import Market
from engine.policy import Band, Decision, Policy, checked_weights


def simulate(
    market: Market, policy: Policy, account: Account, costs: CostTable, *, start: int = 0, hold_only: bool = False
) -> Ledger:
    """Run ``policy`` over ``market`` from the first session at or after row ``start`` that has a price for it.

    Parameters
    ----------
    market : closes up to the end of the run; rows before the opening are history
    policy : which weights, and when
    account : capital, flows, execution
    costs : per asset, (N,) each
    start : first row of the window
    hold_only : buy the opening portfolio and never decide again; flows and delistings go on

    Raises
    ------
    DataError
        When no asset with a positive target has a price in the window, or an order waits too long for one.
    AccountError
        When a withdrawal exceeds what can be raised.

    """
    opening = market.first_row(policy.opening_tickers(), start)
    if opening is None:
        names = ", ".join(policy.opening_tickers())
        raise DataError(f"{names}: no price from {market.dates[start]} on; move window.start or name other assets")
    caps = np.array([policy.caps().get(ticker, np.inf) for ticker in market.assets])
    calendar = {} if hold_only else policy.schedule.calendar(market.dates)
    band = None if hold_only else policy.schedule.band(market.dates)
    watched = caps if policy.watch_caps and not hold_only else np.full(len(caps), np.inf)
    if not calendar and band is None:
        account = account.investing_at_once()
    book = Book(market, account, costs, caps, opening)
    agenda = Agenda.of(market, calendar, account, opening)
    row, sessions = opening, len(market.dates)
    while row < sessions:
        if reason := agenda.rebalance(row):
            book.settle_flow(row, agenda.flows.get(row, 0.0))
            book.pay_out(row, agenda.delistings.get(row, ()), policy.haircut)
            decision = _decide(book, row)
            book.rebalance(row, checked_weights(policy.target_weights(decision), decision, caps), reason)
            agenda.settle()
        else:
            _partial_trades(book, agenda, policy, row)
        stop = row + 1 if book.has_waiting else agenda.after(row)
        row, alarm = book.hold(row, stop, _watch(book, band, watched), armed=not agenda.awaits_answer(row))
        if alarm != kernel.QUIET:
            _answer(book, agenda, alarm, row, watched)
    return book.close()


def _decide(book: Book, row: int) -> Decision:
    """Return what may be known for a fill at ``row`` (S2)."""
    market = book.market
    if row == book.opening:
        eligible = market.listed[row]
        return Decision(market.until(row), np.zeros(len(eligible)), book.account.capital, row, eligible)
    listed: BoolArray = market.listed[row - 1] & market.listed[row]
    seen = max(row - book.account.delay, book.opening + 1)
    value = float(book.track.value[seen - 1])
    units = book.track.units[seen - 1]
    money = np.where(units == 0.0, 0.0, units * market.prices[seen - 1])
    weights = money / value if value > 0.0 else money
    return Decision(market.until(seen), weights, value, row, listed)


def _partial_trades(book: Book, agenda: Agenda, policy: Policy, row: int) -> None:
    """Do what a session without a rebalance asks for, in the order of docs/semantics.md."""
    flow = agenda.flows.get(row, 0.0)
    if flow > 0.0:
        book.receive(row, flow)
    if row in agenda.delistings:
        gone = agenda.delistings[row]
        payout = book.pay_out(row, gone, policy.haircut)
        book.reinvest(row, gone, policy.heir_weights(_decide(book, row)), payout)
    if book.has_waiting:
        book.retry(row)
    if row in agenda.trims:
        over = agenda.trims[row]
        book.trim(row, over, policy.core_weights(_decide(book, row)), _cap_reason(book, over, row))
    if flow > 0.0:
        book.invest(row, flow)
    elif flow < 0.0:
        book.withdraw(row, -flow)


def _watch(book: Book, band: Band | None, watched: FloatArray) -> Watch:
    if band is None:
        return Watch(book.reference, book.blind, np.inf, np.inf, watched)
    return Watch(book.reference, band.look, band.absolute, band.relative, watched)


def _answer(book: Book, agenda: Agenda, alarm: int, row: int, watched: FloatArray) -> None:
    """Write the answer to an alarm at the close before ``row`` into the agenda, one session later if fills are."""
    fill = row + book.account.delay
    if fill >= agenda.end:
        return
    weights = book.money(row - 1) / book.track.value[row - 1]
    if alarm == kernel.CAP_ALARM:
        agenda.answer_cap(fill, np.flatnonzero(weights > watched * (1.0 + kernel.OVER)))
    else:
        drift = weights - book.reference
        worst = int(np.abs(drift).argmax())
        agenda.answer_band(fill, f"band: {book.market.assets[worst]} {100.0 * drift[worst]:+.1f} pp")


def _cap_reason(book: Book, over: IntArray, row: int) -> str:
    """Return which caps a trim at ``row`` answers, with the weights that were seen."""
    seen = row - 1 - book.account.delay
    weights = book.track.units[seen] * book.market.prices[seen] / book.track.value[seen]
    parts = (f"{book.market.assets[j]} {100.0 * weights[j]:.2f} % > {100.0 * book.terms.caps[j]:.3g} %" for j in over)
    return "cap: " + ", ".join(parts)
