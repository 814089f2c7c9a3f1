"""What a close breaks: bands, caps, and the thresholds of loss reviews."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.simulation.kernel.jit import njit_cached
from engine.simulation.kernel.records import ReviewWatch, RunContext, Thresholds
from engine.simulation.kernel.tolerances import LIMIT_TOLERANCE, TRADE_TOLERANCE
from engine.simulation.kernel.valuation import paid_dividends

NO_TRIGGER: Final = 0
CAP_TRIGGER: Final = 1
BAND_TRIGGER: Final = 2
REVIEW_TRIGGER: Final = 4
"""What a close can break; more than one is their sum."""


@njit_cached
def band_widths(thresholds: Thresholds) -> FloatArray:
    """Return (N,) how far a weight may be from where drift begins before its band breaks."""
    widths = np.full(thresholds.drift_base.size, thresholds.absolute)
    if thresholds.relative < np.inf:
        for a in range(widths.size):
            widths[a] = min(thresholds.absolute, thresholds.relative * thresholds.drift_base[a])
    return widths


@njit_cached
def mark_until_trigger(
    t: int, stop: int, units: FloatArray, cash: float, run: RunContext, thresholds: Thresholds, armed: bool
) -> tuple[int, float, int]:
    """Mark sessions from ``t`` on until a close breaks a rule, the next session has a rebalance, or ``stop``.

    Returns the row reached (not marked yet), cash with interest and dividends of that row, and what the close before it
    broke. The comparisons are products, not quotients.
    """
    n, caps, check_rows, calendar = units.size, thresholds.caps, thresholds.check_rows, thresholds.calendar
    prices, growth, reviews, history = run.market.prices, run.market.growth, run.reviews, run.history
    drift_base, widths = thresholds.drift_base, band_widths(thresholds)
    money, pays = np.zeros(n), run.market.dividends.size > 0
    while t < stop:
        value = 0.0
        for a in range(n):
            if units[a] != 0.0:
                money[a] = units[a] * prices[t, a]
                value += money[a]
            else:
                money[a] = 0.0
            history.units[t, a] = units[a]
        value += cash
        history.value[t] = value
        history.cash[t] = cash
        trigger = NO_TRIGGER
        if armed:
            trigger = _check_weights(money, value, caps, drift_base, widths, check_rows[t])
            if thresholds.full_rebalance and trigger & BAND_TRIGGER:  # which answers caps too
                trigger = BAND_TRIGGER
        if reviews.enabled:
            trigger |= check_reviews(t, units, prices, reviews, armed)
        t += 1
        if t < growth.size:
            cash *= growth[t]
            if pays:
                cash += paid_dividends(units, run.market.dividends[t])
        if trigger != NO_TRIGGER or (t < stop and calendar[t]):
            return t, cash, trigger
    return t, cash, NO_TRIGGER


@njit_cached
def _check_weights(
    money: FloatArray, value: float, caps: FloatArray, drift_base: FloatArray, widths: FloatArray, bands: bool
) -> int:
    """Return whether ``money`` (N,) in ``value`` is above its caps or, where ``bands`` are checked, outside them."""
    trigger = NO_TRIGGER
    for a in range(money.size):
        if money[a] > caps[a] * value * (1.0 + LIMIT_TOLERANCE):
            trigger |= CAP_TRIGGER
    if bands:
        for a in range(money.size):
            if abs(money[a] - drift_base[a] * value) > widths[a] * value * (1.0 + LIMIT_TOLERANCE):
                trigger |= BAND_TRIGGER
    return trigger


@njit_cached
def check_reviews(t: int, units: FloatArray, prices: FloatArray, reviews: ReviewWatch, armed: bool) -> int:
    """Take a close into every asset's review; return REVIEW_TRIGGER when one of them broke its threshold."""
    reference, watching = reviews.reference_price, reviews.watching
    trigger = NO_TRIGGER
    for a in range(units.size):
        if not reviews.reviewed[a]:
            continue
        if units[a] == 0.0:
            watching[a] = True
            reference[a] = 0.0
            continue
        price = prices[t, a]
        if reviews.from_peak and price > reference[a]:
            reference[a] = price
        if price > reference[a] * reviews.threshold_ratio * (1.0 + TRADE_TOLERANCE):
            watching[a] = True
        elif armed and watching[a]:
            watching[a] = False
            reviews.breached[a] = True
            trigger = REVIEW_TRIGGER
    return trigger


@njit_cached
def record_purchase(reviews: ReviewWatch, dq: FloatArray, units: FloatArray, price: FloatArray) -> None:
    """Set the references of what was bought: ``dq`` (N,) signed shares at ``price`` that led to ``units`` (N,)."""
    for a in range(units.size):
        if reviews.reviewed[a] and dq[a] > 0.0:
            before = units[a] - dq[a]
            if before <= 0.0:
                reviews.watching[a] = True
                reviews.reference_price[a] = 0.0 if reviews.from_peak else price[a]
            elif reviews.from_average_cost:
                reviews.reference_price[a] = (reviews.reference_price[a] * before + price[a] * dq[a]) / units[a]


@njit_cached
def record_rebalance(reviews: ReviewWatch, units: FloatArray, price: FloatArray) -> None:
    """Set the references that begin anew at a rebalance of the whole portfolio."""
    for a in range(units.size):
        if reviews.from_last_rebalance and reviews.reviewed[a] and units[a] != 0.0:
            reviews.reference_price[a] = price[a]
