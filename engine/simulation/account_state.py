"""``AccountState``: what an account owns, wants and waits for before a session, from which a run can go on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.core.errors import DataError
from engine.data.market import Market
from engine.simulation.event_schedule import DriftTrigger
from engine.simulation.loss_review_state import LossBreach
from engine.simulation.spine import Spine
from engine.simulation.tax_state import TaxState, keep_bookings, reopen_account, tax_state

CLOSES_KEPT: Final = 2
"""Closes that a decision may look back to: that before it, and one more where fills are a session late."""


@dataclass(frozen=True)
class DueResponse:
    """What a close has broken and the next session, or the one after it, answers; columns are the market's.

    ``sessions`` from the state's session on; ``drift`` why a band asks for orders, empty where none does; ``trims`` are
    assets above their caps; ``breaches`` the columns whose loss is reviewed, with it [fraction].
    """

    sessions: int
    drift: str
    trims: tuple[int, ...]
    breaches: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class LastCloses:
    """The closes of ``date``, (N,), which tell what a unit was then [currency/unit]; 0 where there was none."""

    date: np.datetime64
    prices: FloatArray


@dataclass(frozen=True)
class AccountState:
    """One account before session ``date`` trades, with its interest and dividends in ``cash`` already.

    Attributes
    ----------
    date : session that is about to trade
    opened : session of the opening
    assets : N tickers of the market
    units : (N,) held
    cash : [currency]
    target : (N,) weights in force
    drift_base : (N,) weights that drift is measured from
    waits : (N,) sessions that an order has waited for a price, -1 for none
    scaled_down : (N,) whose targets were cut for such an order
    reference_price, watching : (N,) of loss reviews, as ``ReviewWatch`` has them
    barred : (N,) sessions since a review sold an asset that may not be bought, -1 for none
    values, cash_before : (2,) at the closes before, the last one first [currency]; units_before : (2, N)
    response : what the last close has broken, None for nothing
    seen : the closes before, None where nobody knows them any more
    tax : what was booked of its taxes, None where there are none or nothing was kept

    """

    date: np.datetime64
    opened: np.datetime64
    assets: tuple[str, ...]
    units: FloatArray
    cash: float
    target: FloatArray
    drift_base: FloatArray
    waits: IntArray
    scaled_down: BoolArray
    reference_price: FloatArray
    watching: BoolArray
    barred: IntArray
    values: FloatArray
    cash_before: FloatArray
    units_before: FloatArray
    response: DueResponse | None = None
    seen: LastCloses | None = None
    tax: TaxState | None = None


def state_before(spine: Spine, row: int) -> AccountState:
    """Run ``spine``, which is at its opening, up to before ``row`` trades, and return the state there.

    Raises DataError when the account has ended before.
    """
    at = spine.setup.opening
    keep_bookings(spine.state)
    while at < row:
        spine.trade(at)
        at = spine.advance(at, row)
        if spine.state.last_withdrawal is not None:
            raise DataError(f"the account is spent on {spine.state.market.dates[at - 1]}; ask for an earlier day")
    return snapshot(spine, row)


def snapshot(spine: Spine, row: int) -> AccountState:
    """Return the state of ``spine``, which has come to ``row`` and not traded there."""
    state, market = spine.state, spine.state.market
    reviews, history = state.reviews, state.history
    closes = [max(row - 1 - back, state.opening) for back in range(CLOSES_KEPT)]
    return AccountState(
        date=market.dates[row],
        opened=market.dates[state.opening],
        assets=market.assets,
        units=state.units.copy(),
        cash=state.cash,
        target=state.target.copy(),
        drift_base=state.drift_base.copy(),
        waits=np.where(state.pending.since >= 0, row - state.pending.since, -1),
        scaled_down=state.pending.scaled_down.copy(),
        reference_price=reviews.watch.reference_price.copy(),
        watching=reviews.watch.watching.copy(),
        barred=np.where(reviews.barred, row - reviews.barred_since, -1),
        values=history.value[closes],
        cash_before=history.cash[closes],
        units_before=history.units[closes],
        response=_response_after(spine, row),
        seen=LastCloses(market.dates[row - 1], np.nan_to_num(market.prices[row - 1])) if row else None,
        tax=tax_state(state, row),
    )


def in_units_of(saved: AccountState, market: Market) -> AccountState:
    """Return a state in the units of ``market``, which a dividend or a split since has made others.

    A unit is so many shares of each day, one at the end of what is known: the closes that the state has ``seen`` were
    in other units then. Where they are the same, every number keeps its bits.
    """
    if saved.seen is None or saved.assets != market.assets:
        return saved
    row = int(np.searchsorted(market.dates, saved.seen.date))
    if row == len(market.dates) or market.dates[row] != saved.seen.date:
        return saved
    known = (saved.seen.prices > 0.0) & (market.prices[row] > 0.0)
    growth = np.divide(market.prices[row], saved.seen.prices, out=np.ones(len(known)), where=known)
    return replace(
        saved,
        units=saved.units / growth,
        units_before=saved.units_before / growth,
        reference_price=saved.reference_price * growth,
        seen=LastCloses(saved.seen.date, np.nan_to_num(market.prices[row])),
        tax=None if saved.tax is None else saved.tax.in_units(growth.tolist()),
    )


def _response_after(spine: Spine, row: int) -> DueResponse | None:
    schedule = spine.schedule
    due = schedule.response_row
    if due < row:
        return None
    drift, breaches = schedule.drifts.get(due), schedule.reviews.get(due, [])
    reason = "" if drift is None else drift.reason if isinstance(drift.reason, str) else drift.reason()
    trims = tuple(int(j) for j in schedule.trims.get(due, ()))
    return DueResponse(due - row, reason, trims, tuple((one.asset, one.loss) for one in breaches))


def restore(spine: Spine, saved: AccountState) -> int:
    """Put ``saved`` into a ``spine`` that has not begun; return the row that trades next.

    Raises DataError when the state is of other assets, another opening, or no session of this market.
    """
    state, row = spine.state, _row_of(spine, saved)
    state.units[:], state.cash = saved.units, saved.cash
    state.target, state.drift_base = saved.target.copy(), saved.drift_base.copy()
    if (saved.waits >= 0).any() or saved.scaled_down.any():
        state.pending.since = np.where(saved.waits >= 0, row - saved.waits, -1)
        state.pending.scaled_down = saved.scaled_down.copy()
    reviews = state.reviews
    reviews.watch.reference_price[:], reviews.watch.watching[:] = saved.reference_price, saved.watching
    reviews.barred[:] = saved.barred >= 0
    reviews.barred_since[:] = np.where(saved.barred >= 0, row - saved.barred, -1)
    for back in range(min(CLOSES_KEPT, row - state.opening)):
        close = row - 1 - back
        state.history.value[close], state.history.cash[close] = saved.values[back], saved.cash_before[back]
        state.history.units[close] = saved.units_before[back]
    if saved.tax is not None:
        reopen_account(state, saved.tax, row)
    if saved.response is not None:
        _schedule(spine, row + saved.response.sessions, saved.response)
    return row


def _row_of(spine: Spine, saved: AccountState) -> int:
    market = spine.state.market
    if saved.assets != market.assets:
        raise DataError(f"the state is of {', '.join(saved.assets)}, and the plan holds {', '.join(market.assets)}")
    if market.dates[spine.setup.opening] != saved.opened:
        opened = market.dates[spine.setup.opening]
        raise DataError(f"the state was opened on {saved.opened}, and this plan opens on {opened}")
    row = int(np.searchsorted(market.dates, saved.date))
    if row == len(market.dates) or market.dates[row] != saved.date:
        raise DataError(f"{saved.date}, of which the state is, is no session of these prices")
    return row


def _schedule(spine: Spine, row: int, response: DueResponse) -> None:
    """Enter what a close before the state has broken."""
    schedule = spine.schedule
    if response.drift:
        schedule.drifts[row] = DriftTrigger(response.drift, spine.band)
    if response.trims:
        schedule.trims[row] = np.array(response.trims, dtype=np.int64)
    if response.breaches:
        schedule.reviews[row] = [LossBreach(j, loss) for j, loss in response.breaches]
    schedule.respond_at(row)
