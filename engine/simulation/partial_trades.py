"""Orders that answer what a close has broken, over a book: part rebalances, exits, top-ups, trims."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.simulation import kernel
from engine.simulation.band_rebalance import Part
from engine.simulation.kernel.records import Order
from engine.simulation.portfolio_state import Book
from engine.simulation.trade_events import Why


def part(book: Book, row: int, part: Part, why: Why) -> None:
    """Bring weights back into their bands; the targets in force stay, and nothing waits."""
    if part.active.all():
        book.fill(row, Order(part.aims, ~book.stuck(row, part.aims), book.nobody), why)
    elif part.active.any():
        _with_payers(book, row, part.aims, part.active, book.among_fresh(row, part.partners), why)


def sell_out(book: Book, row: int, gone: list[int], heirs: FloatArray, own: Mapping[int, str]) -> None:
    """Sell the assets ``gone`` wholly; ``heirs`` (N,) take proceeds and targets, or cash where they are zero.

    One whose own cost is all it would bring is kept, and not barred.
    """
    if not gone:
        return
    prices = book.market.prices[row]
    sold = [j for j in gone if _cost(book, j, prices, book.units[j] * prices[j]) < book.units[j] * prices[j]]
    for j in gone:
        if j not in sold:
            book.machines.barred[j] = False
            book.left_out.append(row)
    if not sold:
        return
    for j in sold:
        book.move_target(j, heirs)
        book.waiting.drop(j)
    active, shares, refused = book.only(sold), book.among_fresh(row, heirs), len(book.left_out)
    book.fill(row, Order(book.target, active, shares), Why.of(own, sold))
    if not book.dq.any() and shares.any():  # the purchase is too small for its costs
        del book.left_out[refused:]
        book.fill(row, Order(book.target, active, book.nobody), Why.of(own, sold))


def top_up(book: Book, row: int, short: list[int], payers: FloatArray, own: Mapping[int, str]) -> None:
    """Buy the assets ``short`` up to their targets where they are below; ``payers`` (N,) sell for it pro rata."""
    if not short:
        return
    prices, value, shares = book.market.prices[row], book.value(row), book.among_fresh(row, payers)
    gaps = {j: float(book.target[j] * value - book.units[j] * prices[j]) for j in short}
    below = [j for j, gap in gaps.items() if gap > kernel.NOISE * value and gap > _cost(book, j, prices, gap)]
    book.left_out += [row for j in gaps if j not in below and gaps[j] > kernel.NOISE * value]
    if below and not shares.any():
        book.left_out.append(row)
    elif below:
        _with_payers(book, row, book.target, book.only(below), shares, Why.of(own, below))


def trim(book: Book, row: int, over: IntArray, seen: FloatArray) -> None:
    """Sell the assets ``over`` their caps at weights ``seen`` (N,) down to their targets (S6)."""
    price, before = book.market.prices[row], book.value(row)
    status, cash = kernel.trim(
        row, book.only(over), book.units, book.cash, book.target, book.tape, book.desk, book.dq, book.fees
    )
    book.cash = book.snap(cash, before)
    if status == kernel.UNAFFORDABLE:
        book.left_out.append(row)
    elif np.count_nonzero(book.dq):
        book.note(row, book.dq.copy(), price, book.fees.copy(), Why(book.cap_reason(seen)))


def _with_payers(book: Book, row: int, aims: FloatArray, active: BoolArray, payers: FloatArray, why: Why) -> None:
    """Bring ``active`` assets to their ``aims``; ``payers`` sell what that needs or buy what it frees."""
    refused = len(book.left_out)
    book.fill(row, Order(aims, active, payers, forced=True), why)
    if np.count_nonzero(book.dq):
        return
    money, value = book.money(row), book.value(row)
    needed = float((aims * value - money)[active].sum())
    if needed > float(money[payers > 0.0].sum()):  # sell them whole; cash pays the rest
        del book.left_out[refused:]
        aims, active = np.where(payers > 0.0, 0.0, aims), active | (payers > 0.0)
        book.fill(row, Order(aims, active, book.nobody), why)


def _cost(book: Book, j: int, prices: FloatArray, money: float) -> float:
    return float(kernel.order_cost(money, prices[j], j, book.terms.costs))
