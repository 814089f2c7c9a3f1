"""Loss reviews of holdings of one's own: what losses are measured from, by the lots that a broker's file has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.core.shortlist import shortlist
from engine.data.market import Market
from engine.depot.orders.own_lots import OwnLot
from engine.depot.orders.share_splits import are_splits
from engine.simulation.account_state import AccountState
from engine.simulation.kernel.triggers import check_reviews, record_purchase, record_rebalance
from engine.simulation.spine import Spine

_WORTH_TELLING: Final = 0.005


class _Purchase(NamedTuple):
    """One lot as a run would have bought it: ``units`` of column ``asset`` at ``price`` [currency/unit] at ``row``."""

    row: int
    asset: int
    units: float
    price: float


def restore_reviews(
    spine: Spine, state: AccountState, lots: Mapping[int, Sequence[OwnLot]], since: int, until: int
) -> tuple[AccountState, int, tuple[str, ...]]:
    """Return ``state`` with its loss reviews as they are before the close of row ``until``, and what was assumed.

    While an answer is awaited there nobody is asked: the row returned is that of the first close that asks.

    References that the state remembers go on from row ``since``, -1 for a state that remembers none. All others are
    made anew from ``lots`` by column: each is a purchase of its day, and every close since is taken as a run takes it.
    Of an asset without them the plan's own reference is taken, and a loss waited for. ``spine`` has not begun, and is
    of no use afterwards.
    """
    watch, market = spine.state.reviews.watch, spine.state.market
    held = watch.reviewed & (state.units > 0.0)
    if not held.any():
        return state, until, ()
    remembered = held & (state.reference_price > 0.0) & (since >= 0)
    watch.reference_price[:], watch.watching[:] = state.reference_price, state.watching | ~remembered
    named = {j: lots.get(j, ()) for j in np.flatnonzero(held & ~remembered).tolist()}
    dated = {j: _purchases(market, j, found, until) for j, found in named.items() if _is_dated(found)}
    asked = _follow(spine, remembered, state.units, range(since, until))
    asked = max(asked, _buy_and_follow(spine, [one for found in dated.values() for one in found], until))
    if awaited := range(until, asked + spine.state.account.fill_delay + 1) if asked >= 0 else range(0):
        of_state = np.isin(np.arange(len(held)), [*dated]) | remembered
        _follow(spine, of_state, state.units, awaited, asked)
        until = awaited.stop
    for j, found in named.items():
        if j not in dated:
            own = state.reference_price[j] or market.prices[until, j]
            watch.reference_price[j] = _mean_cost(found) * market.shares_at(-1)[j] if _is_priced(found) else own
    reference = np.where(held, watch.reference_price, 0.0)
    notes = [*_assumed(market, named)]
    if watch.from_average_cost:
        notes += [_difference(market, j, named[j], float(reference[j])) for j in dated]
    return replace(state, reference_price=reference, watching=watch.watching | ~held), until, tuple(filter(None, notes))


def _is_priced(lots: Sequence[OwnLot]) -> bool:
    return bool(lots) and all(lot.cost is not None and lot.cost > 0.0 for lot in lots)


def _is_dated(lots: Sequence[OwnLot]) -> bool:
    return _is_priced(lots) and all(lot.day is not None for lot in lots)


def _mean_cost(lots: Sequence[OwnLot]) -> float:
    """Return what a share of priced ``lots`` cost on average, as the broker counts shares today."""
    return float(sum(lot.quantity * (lot.cost or 0) for lot in lots) / sum(lot.quantity for lot in lots))


def _purchases(market: Market, asset: int, lots: Sequence[OwnLot], until: int) -> list[_Purchase]:
    """Return dated lots as purchases of units; what is older than the first close is bought at that."""
    today = float(market.shares_at(-1)[asset])
    first = int(np.argmax(market.age[:, asset] >= 0))
    grown = _shares_of_dividends(market, asset)
    found = []
    for lot in lots:
        if lot.day is None:
            continue
        row = min(max(int(np.searchsorted(market.dates, lot.day)), first), until)
        price = (lot.cost or 0.0) * today / grown[row]
        found.append(_Purchase(row, asset, lot.quantity / today, price))
    return sorted(found)


def _shares_of_dividends(market: Market, asset: int) -> FloatArray:
    """Return (T,) how many shares of the last session one of each has become by its dividends, and by no split."""
    if market.shares is None:
        return np.ones(len(market.dates))
    shares = market.shares[:, asset]
    growth = shares[1:] / shares[:-1]
    growth = np.where(are_splits(growth) | np.isnan(growth), 1.0, growth)
    return np.concatenate([np.multiply.accumulate(growth[::-1])[::-1], [1.0]])


def _buy_and_follow(spine: Spine, purchases: Sequence[_Purchase], until: int) -> int:
    """Record purchases at their rows, and all closes up to before row ``until``; return the last that asked."""
    watch, units, asked = spine.state.reviews.watch, np.zeros(len(spine.state.units)), -1
    ordered = sorted(purchases)
    only = np.isin(np.arange(len(units)), [one.asset for one in ordered])
    for at, one in enumerate(ordered):
        trade, price = np.zeros(len(units)), np.zeros(len(units))
        trade[one.asset], price[one.asset] = one.units, one.price
        units = units + trade
        record_purchase(watch, trade, units, price)
        following = ordered[at + 1].row if at + 1 < len(ordered) else until
        asked = _follow(spine, only, units, range(one.row, following), asked)
    return asked


def _follow(spine: Spine, only: BoolArray, units: FloatArray, rows: range, asked: int = -1) -> int:
    """Take the closes of ``rows`` into the reviews of ``only`` (N,), of which ``units`` (N,) are held.

    Returns the last row whose close broke a threshold, ``asked`` before; while its answer is awaited none is asked.
    """
    if not only.any():
        return asked
    watch, market, delay = spine.state.reviews.watch, spine.state.market, spine.state.account.fill_delay
    reviewed = watch.reviewed.copy()
    watch.reviewed[:] = reviewed & only
    for row in rows:
        if row in spine.schedule.rebalances:
            record_rebalance(watch, units, market.prices[row])
        armed = asked < 0 or row > asked + delay
        if check_reviews(row, units, market.prices, watch, armed):
            asked = row
    watch.reviewed[:] = reviewed
    watch.breached[:] = False
    return asked


def _assumed(market: Market, named: Mapping[int, Sequence[OwnLot]]) -> list[str]:
    undated = [market.assets[j] for j, found in named.items() if _is_priced(found) and not _is_dated(found)]
    bare = [market.assets[j] for j, found in named.items() if not _is_priced(found)]
    notes = []
    if undated:
        notes.append(f"reviews of {shortlist(undated)}: lots without days, so that no dividend since is taken off")
    if bare:
        notes.append(
            f"reviews of {shortlist(bare)}: no lots, so that a loss is measured from where the plan's own run is"
        )
    return notes


def _difference(market: Market, asset: int, lots: Sequence[OwnLot], reference: float) -> str:
    """Return in words that dividends since lower what a loss is measured from, "" where they hardly do."""
    paid, counted = _mean_cost(lots), reference / float(market.shares_at(-1)[asset])
    if abs(paid / counted - 1.0) < _WORTH_TELLING:
        return ""
    name = market.assets[asset]
    return (
        f"review of {name}: loss from {counted:,.2f}, as the tested rule counts dividends since; {paid:,.2f} was paid"
    )
