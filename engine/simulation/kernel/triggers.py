"""What a close breaks: bands, caps, and the thresholds of loss reviews."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.simulation.kernel.jit import njit_cached
from engine.simulation.kernel.records import MarketArrays, ReviewWatch, StateHistory, Thresholds
from engine.simulation.kernel.valuation import LIMIT_TOLERANCE, TRADE_TOLERANCE

NO_TRIGGER: Final = 0
CAP_TRIGGER: Final = 1
BAND_TRIGGER: Final = 2
REVIEW_TRIGGER: Final = 4
"""What a close can break; more than one is their sum. In ``Slips.kinds``, QUIET is a rebalance of the calendar."""


@njit_cached
def band_widths(reference: FloatArray, watch: Thresholds) -> FloatArray:
    """Return (N,) how far a weight may be from ``reference`` (N,) before its band breaks."""
    widths = np.full(reference.size, watch.absolute)
    if watch.relative < np.inf:
        for a in range(reference.size):
            widths[a] = min(watch.absolute, watch.relative * reference[a])
    return widths


@njit_cached
def mark_until_trigger(
    t: int,
    stop: int,
    units: FloatArray,
    cash: float,
    tape: MarketArrays,
    watch: Thresholds,
    reference: FloatArray,
    guard: ReviewWatch,
    armed: bool,
    track: StateHistory,
) -> tuple[int, float, int]:
    """Mark sessions from ``t`` on until a close breaks a rule, the next session has a rebalance, or ``stop``.

    Returns the row reached (not marked yet), cash with interest into that row, and what the close before it broke. The
    comparisons are products, not quotients.
    """
    n = units.size
    prices, growth, look, calendar, caps = tape.prices, tape.growth, watch.check_rows, watch.calendar, watch.caps
    values, cashes, held = track.value, track.cash, track.units
    widths, guarded = band_widths(reference, watch), guard.enabled
    money = np.zeros(n)
    while t < stop:
        value = 0.0
        for a in range(n):
            if units[a] != 0.0:
                money[a] = units[a] * prices[t, a]
                value += money[a]
            else:
                money[a] = 0.0
            held[t, a] = units[a]
        value += cash
        values[t] = value
        cashes[t] = cash
        alarm = NO_TRIGGER
        if armed:
            alarm = _check_weights(money, value, caps, reference, widths, look[t])
            alarm = BAND_TRIGGER if watch.full_rebalance and alarm & BAND_TRIGGER else alarm  # which answers caps too
        if guarded:
            alarm |= _check_reviews(t, units, prices, guard, armed)
        t += 1
        if t < growth.size:
            cash *= growth[t]
        if alarm != NO_TRIGGER or (t < stop and calendar[t]):
            return t, cash, alarm
    return t, cash, NO_TRIGGER


@njit_cached
def _check_weights(
    money: FloatArray, value: float, caps: FloatArray, reference: FloatArray, widths: FloatArray, look: bool
) -> int:
    """Return whether ``money`` (N,) in ``value`` is above its caps or, where one looks, has left its bands."""
    alarm = NO_TRIGGER
    for a in range(money.size):
        if money[a] > caps[a] * value * (1.0 + LIMIT_TOLERANCE):
            alarm |= CAP_TRIGGER
    if look:
        for a in range(money.size):
            if abs(money[a] - reference[a] * value) > widths[a] * value * (1.0 + LIMIT_TOLERANCE):
                alarm |= BAND_TRIGGER
    return alarm


@njit_cached
def _check_reviews(t: int, units: FloatArray, prices: FloatArray, guard: ReviewWatch, armed: bool) -> int:
    """Move every reviewed asset's machine by one close; return REVIEW_ALARM when one of them broke its threshold."""
    names, reference, watching = guard.reviewed, guard.reference_price, guard.watching
    alarm = NO_TRIGGER
    for a in range(units.size):
        if not names[a]:
            continue
        if units[a] == 0.0:
            watching[a] = True
            reference[a] = 0.0
            continue
        price = prices[t, a]
        if guard.from_peak and price > reference[a]:
            reference[a] = price
        if price > reference[a] * guard.threshold_ratio * (1.0 + TRADE_TOLERANCE):
            watching[a] = True
        elif armed and watching[a]:
            watching[a] = False
            guard.breached[a] = True
            alarm = REVIEW_TRIGGER
    return alarm


@njit_cached
def update_references_on_purchase(guard: ReviewWatch, dq: FloatArray, units: FloatArray, price: FloatArray) -> None:
    """Set the references of what was bought: ``dq`` (N,) signed shares at ``price`` that led to ``units`` (N,)."""
    for a in range(units.size):
        if guard.reviewed[a] and dq[a] > 0.0:
            before = units[a] - dq[a]
            if before <= 0.0:
                guard.watching[a] = True
                guard.reference_price[a] = 0.0 if guard.from_peak else price[a]
            elif guard.from_average_cost:
                guard.reference_price[a] = (guard.reference_price[a] * before + price[a] * dq[a]) / units[a]


@njit_cached
def update_references_on_rebalance(guard: ReviewWatch, units: FloatArray, price: FloatArray) -> None:
    """Set the references that begin anew at a rebalance of the whole portfolio."""
    for a in range(units.size):
        if guard.from_last_rebalance and guard.reviewed[a] and units[a] != 0.0:
            guard.reference_price[a] = price[a]
