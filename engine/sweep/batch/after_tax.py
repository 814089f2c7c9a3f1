"""What is left of a variant after tax, as columns of a sweep: from lanes, or from a ledger, to the same bits."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR
from engine.core.ordered_sum import add_in_order
from engine.simulation.kernel.batch.tax_records import LATENT, PAID, UNPAID
from engine.simulation.ledger import Ledger

AFTER_TAX_METRICS: Final = ("tax_paid", "held_value", "held_cagr", "sold_value", "sold_cagr")
"""What a taxed variant has besides: tax paid out of the account, refunds subtracted [currency]; its final value less
what is owed, and its growth a year; the same less the tax of selling everything at the last closes."""


def after_tax_table(left: FloatArray, final: FloatArray, capital: FloatArray, days: float) -> FloatArray:
    """Return (S, len(AFTER_TAX_METRICS)) from what lanes have ``left`` of taxes and the ``final`` values (S,)."""
    return np.array(after_tax_columns(left[PAID], left[UNPAID], left[LATENT], (final, final / capital), days)).T


def after_tax_columns(
    paid: FloatArray, owed: FloatArray, latent: FloatArray, end: tuple[FloatArray, FloatArray], days: float
) -> tuple[FloatArray, ...]:
    """Return (S,) each of ``AFTER_TAX_METRICS``; ``end`` are the final value and the growth that leads to it."""
    from engine.simulation.kernel.valuation import elementwise_power  # noqa: PLC0415  (reports name metrics only)

    final, growth = end
    held = final - owed
    sold = final - (owed + latent)
    with np.errstate(all="ignore"):
        shares = [np.where(final > 0.0, value / final, np.nan) for value in (held, sold)]
        exponents = np.full_like(final, CALENDAR_DAYS_PER_YEAR / days if days > 0.0 else np.nan)
        bases = [np.where(growth * share >= 0.0, growth * share, np.nan) for share in shares]
        cagrs = [elementwise_power(base, exponents) - 1.0 for base in bases]
    return paid, held, cagrs[0], sold, cagrs[1]


def after_tax_row(ledger: Ledger, growth: float, days: float) -> FloatArray:
    """Return (len(AFTER_TAX_METRICS),) of a taxed ledger, NaN for one that is not; ``growth`` of its level."""
    flows = ledger.taxes
    if flows is None:
        return np.full(len(AFTER_TAX_METRICS), np.nan)
    end = np.array([float(ledger.value[-1])]), np.array([growth])
    record = flows.record
    owed, latent, paid = (np.array([one]) for one in (record.accrued, record.latent, add_in_order(flows.paid.tolist())))
    return np.concatenate(after_tax_columns(paid, owed, latent, end, days))
