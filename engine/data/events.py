"""Splits and dividends applied: closes as traded become prices of a unit whose count no split changes (S16).

A unit is so many shares of each day; a split multiplies them, and so does a dividend that is reinvested.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import numpy as np

from engine.core.arrays import FloatArray, read_only
from engine.core.errors import DataError
from engine.data.closes import Closes

MOST_SHARES: Final = 1e15
"""Shares that one can become, and of which one can become one: the funds that lose most have merged 1e10 into one."""

DividendUse: TypeAlias = Literal["reinvest", "cash", "towards_targets"]
"""What is done with a dividend: it buys more of what paid it, waits for the next rebalance, or is invested at once."""


def apply_events(closes: Closes, use: DividendUse) -> Closes:
    """Return closes and dividends of a unit, with the shares of the day that one is.

    A split makes ``s`` shares of one. ``reinvest`` makes ``1 + d/p`` of one at the ex-day's close, so that the day's
    return is ``s (p_t + d) / p_(t-1)``; otherwise dividends stay, to be paid. Adjusted closes keep their values: what
    one is worth at the close as traded are its shares.
    """
    if use != "reinvest":
        closes = as_traded(closes)
    splits, dividends, traded = closes.splits, closes.dividends, closes.traded
    if splits is None and dividends is None:
        return closes
    known = np.zeros_like(closes.closes, dtype=np.bool_) if traded is None else ~np.isnan(traded)
    adjusted = known.any(axis=0)
    growth = np.ones_like(closes.closes) if splits is None else splits.copy()
    if use == "reinvest" and dividends is not None:
        paid = (dividends != 0.0) & ~adjusted
        growth[paid] *= 1.0 + dividends[paid] / closes.closes[paid]
    growth[:, adjusted] = 1.0
    with np.errstate(over="ignore"):
        shares = np.multiply.accumulate(growth, axis=0)
    _refuse_absurd(closes, growth, shares)
    units = closes.closes * shares
    if traded is not None:
        for column in np.flatnonzero(adjusted).tolist():
            units[:, column] = closes.closes[:, column]
            shares[:, column] = _shares_worth(closes.closes[:, column], traded[:, column])
    if use != "reinvest" and dividends is not None:
        dividends = read_only(dividends * shares)
    return dataclasses.replace(
        closes,
        closes=read_only(units),
        dividends=None if use == "reinvest" else dividends,
        invests_dividends=use == "towards_targets",
        splits=None,
        traded=None,
        shares=read_only(shares) if (shares != 1.0).any() else None,
    )


def _refuse_absurd(closes: Closes, growth: FloatArray, shares: FloatArray) -> None:
    """Raise DataError when splits and dividends make more of a share, or less, than any ever did."""
    wrong = np.argwhere(~((shares < MOST_SHARES) & (shares > 1.0 / MOST_SHARES)))
    if not len(wrong):
        return
    at = wrong[0][1]
    worst = int(np.abs(np.log(growth[:, at])).argmax())
    found = f"the splits and dividends of {closes.tickers[at]} make {shares[wrong[0][0], at]:g} shares of one"
    expected = f"expected less than {MOST_SHARES:g}; correct the one of {closes.dates[worst]}"
    raise DataError(f"{closes.provenance.source}: found that {found}, {expected}")


def require_dividends(closes: Closes, use: DividendUse) -> None:
    """Raise DataError where dividends are to be paid out and some ticker's are in its closes, or not known."""
    if use != "reinvest" and (found := _lacking(closes)):
        raise DataError(
            f"data.dividends: {use}: {closes.provenance.source}: found {found}, expected closes as traded with a "
            "column of dividends; leave data.dividends out, or name a source that states them"
        )


def require_taxable(closes: Closes) -> None:
    """Raise DataError where what is taxed cannot be told: some ticker's dividends are in its closes, or not known."""
    contained = closes.provenance.contained
    found = _lacking(closes) or (_contained(contained) if contained else "")
    if found:
        raise DataError(
            f"tax: {closes.provenance.source}: found {found}, expected closes as traded with their dividends and "
            "splits, as in adjusted ones dividends are untaxed gains and no cost is what was paid; name a source that "
            "states them (data.source: {kind: yahoo}, or files with columns of dividends and splits), or write tax: "
            "{kind: none}"
        )


def _lacking(closes: Closes) -> str:
    """Return what keeps dividends from being paid out, "" where nothing does."""
    if closes.provenance.closes == "raw":
        return "no dividends beside closes as traded"
    if closes.provenance.closes != "adjusted":
        return ""
    traded = np.full_like(closes.closes, np.nan) if closes.traded is None else closes.traded
    inside = [ticker for at, ticker in enumerate(closes.tickers) if np.isnan(traded[:, at]).all()]
    return _contained(inside) if inside else ""


def _contained(tickers: Sequence[str]) -> str:
    return f"closes of {', '.join(tickers)} that contain dividends, and none beside them"


def as_traded(closes: Closes) -> Closes:
    """Return closes as traded where they are known beside adjusted ones."""
    if closes.traded is None:
        return closes
    known, provenance = (
        ~np.isnan(closes.traded).all(axis=0),
        dataclasses.replace(closes.provenance, closes="with_events"),
    )
    units = read_only(np.where(known, closes.traded, closes.closes))
    return dataclasses.replace(closes, closes=units, traded=None, provenance=provenance)


def _shares_worth(adjusted: FloatArray, traded: FloatArray) -> FloatArray:
    """Return (T,) how many shares at the close as traded an adjusted close is worth, carried over days without one."""
    ratio = adjusted / traded
    rows = np.flatnonzero(~np.isnan(ratio))
    return np.asarray(ratio[rows[np.maximum(np.searchsorted(rows, np.arange(len(ratio)), side="right") - 1, 0)]])
