"""What orders cost, and what keeping the account does, as arrays."""

from __future__ import annotations

from typing import NamedTuple

from engine.core.arrays import FloatArray


class CostTable(NamedTuple):
    """What one order in each asset costs; every field (N,) but the last.

    ``rate`` and ``spread`` [fraction of the traded money], ``fixed`` [currency/order], ``per_share`` [currency/share],
    ``minimum`` and ``maximum`` [currency/order], ``maximum_rate`` [fraction of the traded money]; infinity is no bound.
    ``yearly`` is a fee of no order [fraction of the account's value a year].
    """

    rate: FloatArray
    fixed: FloatArray
    per_share: FloatArray
    minimum: FloatArray
    maximum: FloatArray
    maximum_rate: FloatArray
    spread: FloatArray
    yearly: float = 0.0
