"""What a close breaks: bands, caps, and the thresholds of loss reviews."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.simulation.kernel.jit import jit
from engine.simulation.kernel.records import Guard, Tape, Track, Watch
from engine.simulation.kernel.valuation import NOISE, OVER

QUIET: Final = 0
CAP_ALARM: Final = 1
BAND_ALARM: Final = 2
REVIEW_ALARM: Final = 4
"""What a close can break; more than one is their sum. In ``Slips.kinds``, QUIET is a rebalance of the calendar."""


@jit
def widths_of(reference: FloatArray, watch: Watch) -> FloatArray:
    """Return (N,) how far a weight may be from ``reference`` (N,) before its band breaks."""
    widths = np.full(reference.size, watch.absolute)
    if watch.relative < np.inf:
        for a in range(reference.size):
            widths[a] = min(watch.absolute, watch.relative * reference[a])
    return widths


@jit
def march(
    t: int,
    stop: int,
    units: FloatArray,
    cash: float,
    tape: Tape,
    watch: Watch,
    reference: FloatArray,
    guard: Guard,
    armed: bool,
    track: Track,
) -> tuple[int, float, int]:
    """Mark sessions from ``t`` on until a close breaks a rule, the next session has a rebalance, or ``stop``.

    Returns the row reached (not marked yet), cash with interest into that row, and what the close before it broke. The
    comparisons are products, not quotients.
    """
    n = units.size
    prices, growth, look, calendar, caps = tape.prices, tape.growth, watch.look, watch.calendar, watch.caps
    values, cashes, held = track.value, track.cash, track.units
    widths, guarded = widths_of(reference, watch), guard.on
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
        alarm = QUIET
        if armed:
            alarm = _broken(money, value, caps, reference, widths, look[t])
            alarm = BAND_ALARM if watch.whole and alarm & BAND_ALARM else alarm  # which answers caps too
        if guarded:
            alarm |= _breach(t, units, prices, guard, armed)
        t += 1
        if t < growth.size:
            cash *= growth[t]
        if alarm != QUIET or (t < stop and calendar[t]):
            return t, cash, alarm
    return t, cash, QUIET


@jit
def _broken(
    money: FloatArray, value: float, caps: FloatArray, reference: FloatArray, widths: FloatArray, look: bool
) -> int:
    """Return whether ``money`` (N,) in ``value`` is above its caps or, where one looks, has left its bands."""
    alarm = QUIET
    for a in range(money.size):
        if money[a] > caps[a] * value * (1.0 + OVER):
            alarm |= CAP_ALARM
    if look:
        for a in range(money.size):
            if abs(money[a] - reference[a] * value) > widths[a] * value * (1.0 + OVER):
                alarm |= BAND_ALARM
    return alarm


@jit
def _breach(t: int, units: FloatArray, prices: FloatArray, guard: Guard, armed: bool) -> int:
    """Move every reviewed asset's machine by one close; return REVIEW_ALARM when one of them broke its threshold."""
    names, reference, watching = guard.names, guard.reference, guard.watching
    alarm = QUIET
    for a in range(units.size):
        if not names[a]:
            continue
        if units[a] == 0.0:
            watching[a] = True
            reference[a] = 0.0
            continue
        price = prices[t, a]
        if guard.peak and price > reference[a]:
            reference[a] = price
        if price > reference[a] * guard.keep * (1.0 + NOISE):
            watching[a] = True
        elif armed and watching[a]:
            watching[a] = False
            guard.breached[a] = True
            alarm = REVIEW_ALARM
    return alarm


@jit
def bought(guard: Guard, dq: FloatArray, units: FloatArray, price: FloatArray) -> None:
    """Set the references of what was bought: ``dq`` (N,) signed shares at ``price`` that led to ``units`` (N,)."""
    for a in range(units.size):
        if guard.names[a] and dq[a] > 0.0:
            before = units[a] - dq[a]
            if before <= 0.0:
                guard.watching[a] = True
                guard.reference[a] = 0.0 if guard.peak else price[a]
            elif guard.averages:
                guard.reference[a] = (guard.reference[a] * before + price[a] * dq[a]) / units[a]


@jit
def rebalanced(guard: Guard, units: FloatArray, price: FloatArray) -> None:
    """Set the references that begin anew at a rebalance of the whole portfolio."""
    for a in range(units.size):
        if guard.resets and guard.names[a] and units[a] != 0.0:
            guard.reference[a] = price[a]
