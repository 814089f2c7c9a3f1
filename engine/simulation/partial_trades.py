"""Orders that answer what a close has broken, over a book: part rebalances, exits, top-ups, trims."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.simulation import kernel
from engine.simulation.band_rebalance import PartialRebalance
from engine.simulation.kernel.records import Order
from engine.simulation.portfolio_state import PortfolioState
from engine.simulation.trade_events import TradeReason


def rebalance_partially(book: PortfolioState, row: int, part: PartialRebalance, why: TradeReason) -> None:
    """Bring weights back into their bands; the targets in force stay, and nothing waits."""
    if part.active.all():
        book.fill_order(
            row, Order(part.goal_weights, ~book.untradable(row, part.goal_weights), book.no_recipients), why
        )
    elif part.active.any():
        _trade_with_funding(book, row, part.goal_weights, part.active, book.among_tradable(row, part.funding), why)


def sell_out(book: PortfolioState, row: int, gone: list[int], heirs: FloatArray, own: Mapping[int, str]) -> None:
    """Sell the assets ``gone`` wholly; ``heirs`` (N,) take proceeds and targets, or cash where they are zero.

    One whose own cost is all it would bring is kept, and not barred.
    """
    if not gone:
        return
    prices = book.market.prices[row]
    sold = [j for j in gone if _order_cost(book, j, prices, book.units[j] * prices[j]) < book.units[j] * prices[j]]
    for j in gone:
        if j not in sold:
            book.reviews.barred[j] = False
            book.unaffordable_rows.append(row)
    if not sold:
        return
    for j in sold:
        book.reallocate_target(j, heirs)
        book.pending.cancel(j)
    active, shares, refused = book.asset_mask(sold), book.among_tradable(row, heirs), len(book.unaffordable_rows)
    book.fill_order(row, Order(book.target, active, shares), TradeReason.for_assets(own, sold))
    if not book.dq.any() and shares.any():  # the purchase is too small for its costs
        del book.unaffordable_rows[refused:]
        book.fill_order(row, Order(book.target, active, book.no_recipients), TradeReason.for_assets(own, sold))


def top_up(book: PortfolioState, row: int, short: list[int], payers: FloatArray, own: Mapping[int, str]) -> None:
    """Buy the assets ``short`` up to their targets where they are below; ``payers`` (N,) sell for it pro rata."""
    if not short:
        return
    prices, value, shares = book.market.prices[row], book.value(row), book.among_tradable(row, payers)
    gaps = {j: float(book.target[j] * value - book.units[j] * prices[j]) for j in short}
    below = [
        j for j, gap in gaps.items() if gap > kernel.TRADE_TOLERANCE * value and gap > _order_cost(book, j, prices, gap)
    ]
    book.unaffordable_rows += [row for j in gaps if j not in below and gaps[j] > kernel.TRADE_TOLERANCE * value]
    if below and not shares.any():
        book.unaffordable_rows.append(row)
    elif below:
        _trade_with_funding(book, row, book.target, book.asset_mask(below), shares, TradeReason.for_assets(own, below))


def trim_to_targets(book: PortfolioState, row: int, over: IntArray, seen: FloatArray) -> None:
    """Sell the assets ``over`` their caps at weights ``seen`` (N,) down to their targets (S6)."""
    price, before = book.market.prices[row], book.value(row)
    status, cash = kernel.trim_to_targets(
        row,
        book.asset_mask(over),
        book.units,
        book.cash,
        book.target,
        book.market_arrays,
        book.standing_orders,
        book.dq,
        book.fees,
    )
    book.cash = book.clear_cash_rounding(cash, before)
    if status == kernel.UNAFFORDABLE:
        book.unaffordable_rows.append(row)
    elif np.count_nonzero(book.dq):
        book.record_trade(row, book.dq.copy(), price, book.fees.copy(), TradeReason(book.cap_reason(seen)))


def _trade_with_funding(
    book: PortfolioState, row: int, aims: FloatArray, active: BoolArray, payers: FloatArray, why: TradeReason
) -> None:
    """Bring ``active`` assets to their ``goal_weights``; ``payers`` sell what that needs or buy what it frees."""
    refused = len(book.unaffordable_rows)
    book.fill_order(row, Order(aims, active, payers, recipients_sell=True), why)
    if np.count_nonzero(book.dq):
        return
    money, value = book.holdings(row), book.value(row)
    needed = float((aims * value - money)[active].sum())
    if needed > float(money[payers > 0.0].sum()):  # sell them whole; cash pays the rest
        del book.unaffordable_rows[refused:]
        aims, active = np.where(payers > 0.0, 0.0, aims), active | (payers > 0.0)
        book.fill_order(row, Order(aims, active, book.no_recipients), why)


def _order_cost(book: PortfolioState, j: int, prices: FloatArray, money: float) -> float:
    return float(kernel.order_cost(money, prices[j], j, book.terms.costs))
