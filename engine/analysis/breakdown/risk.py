"""Where risk came from: the share of each asset in the variance of a portfolio's returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.analysis.breakdown.session_gains import SessionGains

_ROUNDING = 1e-12
"""Returns that differ by less, of the largest, are constant."""


@dataclass(frozen=True)
class AssetRisk:
    """An asset's ``share`` in the variance of returns, None where they are constant, beside its ``mean_weight``."""

    share: float | None
    mean_weight: float


@dataclass(frozen=True)
class RiskShares:
    """Shares in the variance of a portfolio's returns after the opening, that add up to 1.

    Of the ``assets``, the heaviest first, and of the ``others``: costs, interest, fees.
    """

    assets: Mapping[str, AssetRisk]
    others: Mapping[str, float | None]


def risk_shares(gains: SessionGains) -> RiskShares:
    """Return S_i = cov(w_{i,t-1} r_{i,t}, r_t) / var(r_t), of the weights that were held.

    It is what each asset adds to the variance of what happened (Litterman 1996, "Hot Spots and Hedges", of realised
    parts in place of an estimate): what falls when the rest rises has a negative share.
    """
    parts = gains.returns
    returns, shares = parts.sum(axis=1), list[float | None]()
    centred = returns - returns.mean() if len(returns) else returns
    variance = float((centred * centred).sum())
    negligible = _ROUNDING * float(np.abs(returns).max()) if len(returns) else 0.0
    if variance <= negligible * negligible * max(len(returns), 1):
        shares = [None] * parts.shape[1]
    else:
        shares = [float((parts[:, j] * centred).sum()) / variance for j in range(parts.shape[1])]
    weights, names = gains.mean_weights.tolist(), len(gains.assets)
    assets = {ticker: AssetRisk(shares[j], weights[j]) for j, ticker in enumerate(gains.assets)}
    return RiskShares(assets, dict(zip(gains.others, shares[names:], strict=True)))
