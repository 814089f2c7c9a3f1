"""What orders cost, and what keeping the account does, as arrays."""

from __future__ import annotations

from typing import NamedTuple

from engine.core.arrays import FloatArray


class CostTable(NamedTuple):
    """What one order in each asset costs; every field (N,) but the last two.

    ``rate`` and ``spread`` [fraction of the traded money], ``fixed`` [currency/order], ``per_share`` [currency/share],
    ``minimum`` and ``maximum`` [currency/order], ``maximum_rate`` [fraction of the traded money]; infinity is no bound.
    ``yearly`` is a fee of no order [fraction of the account's value a year]. ``savings_plan`` is what contributions
    outside a rebalance cost, None where they cost what other orders do.
    """

    rate: FloatArray
    fixed: FloatArray
    per_share: FloatArray
    minimum: FloatArray
    maximum: FloatArray
    maximum_rate: FloatArray
    spread: FloatArray
    yearly: float = 0.0
    savings_plan: CostTable | None = None

    def of_orders(self) -> CostTable:
        """Return the same without the savings plan: what the kernel takes."""
        return self if self.savings_plan is None else self._replace(savings_plan=None)

    @property
    def is_charged(self) -> bool:
        """Whether any order costs anything."""
        terms = self.rate, self.fixed, self.per_share, self.minimum, self.spread
        return any(bool(term.any()) for term in terms) or (
            self.savings_plan is not None and self.savings_plan.is_charged
        )
