"""What a close breaks: bands, caps, and the thresholds of loss reviews."""

from __future__ import annotations

from typing import Final

from engine.arrays import FloatArray
from engine.kernel.compiling import inlined, jit
from engine.kernel.measures import NOISE, OVER
from engine.kernel_types import Guard, Watch

QUIET: Final = 0
CAP_ALARM: Final = 1
BAND_ALARM: Final = 2
REVIEW_ALARM: Final = 4
"""What a close can break; more than one is their sum. In ``Slips.kinds``, QUIET is a rebalance of the calendar."""


@inlined
def alarm_at(t: int, units: FloatArray, prices: FloatArray, value: float, watch: Watch, reference: FloatArray) -> int:
    """Return which rules a close breaks, by products, not quotients; a whole rebalance answers caps too."""
    alarm = QUIET
    look = watch.look[t]
    for a in range(units.size):
        money = units[a] * prices[t, a] if units[a] != 0.0 else 0.0
        if look and (money != 0.0 or reference[a] != 0.0):
            width = min(watch.absolute, watch.relative * reference[a])
            if abs(money - reference[a] * value) > width * value * (1.0 + OVER):
                alarm |= BAND_ALARM
        if money > watch.caps[a] * value * (1.0 + OVER):
            alarm |= CAP_ALARM
    return BAND_ALARM if watch.whole and alarm & BAND_ALARM else alarm


@inlined
def breach_at(t: int, units: FloatArray, prices: FloatArray, guard: Guard, armed: bool) -> int:
    """Move every reviewed asset's machine by one close; return REVIEW_ALARM when one of them broke its threshold."""
    alarm = QUIET
    for a in range(units.size):
        if guard.names[a]:
            if units[a] == 0.0:
                guard.watching[a] = True
                guard.reference[a] = 0.0
            else:
                price = prices[t, a]
                if guard.peak and price > guard.reference[a]:
                    guard.reference[a] = price
                if price > guard.reference[a] * guard.keep * (1.0 + NOISE):
                    guard.watching[a] = True
                elif armed and guard.watching[a]:
                    guard.watching[a] = False
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
