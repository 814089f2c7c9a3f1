"""Where a return came from: each asset's gain in money, linked over time, and year by year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum

import numpy as np

from engine.analysis.breakdown.session_gains import SessionGains
from engine.core.arrays import FloatArray
from engine.core.powers import logarithm, logarithms

_NO_CHANGE = 1e-12
"""A return up to which its logarithm is the return itself, but for rounding."""


@dataclass(frozen=True)
class AssetContribution:
    """What an asset did for a portfolio.

    ``gain`` [currency] is what prices, dividends and payouts brought on it, less its ``costs``; ``share`` that of the
    capital; ``linked`` its part of the total return after the opening by Carino's rule, before costs, None where the
    return has no logarithm; ``mean_weight`` [fraction].
    """

    gain: float
    costs: float
    share: float
    linked: float | None
    mean_weight: float


@dataclass(frozen=True)
class Contribution:
    """The gain of a portfolio in parts: of its ``assets``, the heaviest first, ``interest`` and ``fees`` (negative).

    They add up to ``gain``, which with ``flows`` is the final value less the capital [currency]. ``linked_others`` are
    the linked parts of costs, interest and fees. ``taxes`` (negative) are one of both, where there are any.
    """

    assets: Mapping[str, AssetContribution]
    interest: float
    fees: float
    gain: float
    flows: float
    linked_others: Mapping[str, float | None]
    taxes: float | None = None


@dataclass(frozen=True)
class YearContribution:
    """What each asset earned in a calendar ``year``, of the value that it began with (``begun_with`` [currency]).

    ``assets`` before costs; with ``costs``, ``interest``, ``fees`` and ``taxes``, where there are any, they add up to
    ``total``: the year's return, where nothing was paid in or out. None where the year began with nothing.
    """

    year: int
    begun_with: float
    assets: Mapping[str, float | None]
    costs: float | None
    interest: float | None
    fees: float | None
    total: float | None
    taxes: float | None = None


@dataclass(frozen=True)
class Contributions:
    """Where the gains of a strategy and of its buy-and-hold came from, and by asset how they differ [currency]."""

    strategy: Contribution
    buy_and_hold: Contribution | None
    differences: Mapping[str, float]


def contributions(strategy: SessionGains, held: SessionGains | None) -> Contributions:
    """Return the gains of a strategy beside what was ``held``, where there is such a portfolio."""
    mine, other = contribution(strategy), None if held is None else contribution(held)
    return Contributions(mine, other, {} if other is None else contribution_differences(mine, other))


def contribution(gains: SessionGains) -> Contribution:
    """Return a portfolio's gain by asset.

    In money, G_i = sum_t u_{i,t-1} (P_{i,t} - P_{i,t-1}) - sum_t c_{i,t}; as a share of the capital it is the rule of
    Frongello (2002): each return grown with the wealth before it. Linked, C_i = sum_t k_t x_{i,t} / k with x the parts
    of each return, k_t = ln(1 + r_t) / r_t and k = ln(1 + R) / R (Carino 1999, "Combining attribution effects over
    time"), after the opening; they add up to the return R from its close on.
    """
    capital, linked = float(gains.begun_with[0]), _link(gains)
    assets, names = {}, len(gains.assets)
    for j, ticker in enumerate(gains.assets):
        costs = _total(gains.costs[:, j])
        gain = _total(gains.gains[:, j]) - costs
        weight = float(gains.mean_weights[j])
        assets[ticker] = AssetContribution(gain, costs, gain / capital, linked[j], weight)
    interest, fees = _total(gains.interest), -_total(gains.fees)
    taxes = None if gains.taxes is None else -_total(gains.taxes)
    return Contribution(
        assets=assets,
        interest=interest,
        fees=fees,
        gain=fsum([*(one.gain for one in assets.values()), interest, fees, taxes or 0.0]),
        flows=_total(gains.flows),
        linked_others=dict(zip(gains.others, linked[names:], strict=True)),
        taxes=taxes,
    )


def contribution_differences(mine: Contribution, other: Contribution) -> dict[str, float]:
    """Return each asset's gain in one portfolio less that in another, in the order of the first [currency]."""
    gains = [{ticker: part.gain for ticker, part in one.assets.items()} for one in (mine, other)]
    return {ticker: gains[0].get(ticker, 0.0) - gains[1].get(ticker, 0.0) for ticker in gains[0] | gains[1]}


def contribution_by_year(gains: SessionGains) -> tuple[YearContribution, ...]:
    """Return the parts of each calendar year: sum_{t in y} u_{t-1} dP / V at the end of the year before."""
    years = gains.dates.astype("datetime64[Y]").astype(np.int64) + 1970
    first = np.flatnonzero(np.diff(years, prepend=years[0] - 1))
    taxes = [] if gains.taxes is None else [-gains.taxes]
    money = np.column_stack([gains.gains, -gains.costs.sum(axis=1), gains.interest, -gains.fees, *taxes])
    found, names = [], len(gains.assets)
    for start, end in zip(first.tolist(), [*first[1:].tolist(), len(years)], strict=True):
        begun = float(gains.begun_with[start])
        sums = [_total(money[start:end, j]) for j in range(money.shape[1])]
        parts = [one / begun if begun > 0.0 else None for one in sums]
        assets = dict(zip(gains.assets, parts[:names], strict=True))
        total = fsum(sums) / begun if begun > 0.0 else None
        costs, interest, fees, *taxed = parts[names:]
        found.append(YearContribution(int(years[start]), begun, assets, costs, interest, fees, total, *taxed))
    return tuple(found)


def _link(gains: SessionGains) -> list[float | None]:
    """Return Carino's linked parts (M + 3,) of the return after the opening."""
    parts = gains.returns
    returns = parts.sum(axis=1)
    if len(returns) and returns.min() <= -1.0:
        return [None] * parts.shape[1]
    growth = 1.0 + returns
    logs = logarithms(growth)
    small = np.abs(returns) <= _NO_CHANGE
    scale = np.where(small, 1.0, logs / np.where(small, 1.0, returns))
    total: float = float(np.multiply.reduce(growth)) - 1.0
    whole = 1.0 if abs(total) <= _NO_CHANGE else logarithm(1.0 + total) / total
    return [_total(scale * parts[:, j]) / whole for j in range(parts.shape[1])]


def _total(amounts: FloatArray) -> float:
    """Return the sum of a column, halves of halves: far below a cent of any account is lost."""
    return float(np.ascontiguousarray(amounts).sum())
