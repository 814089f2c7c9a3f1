"""Taxed variants side by side."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.simulation.kernel.batch.records import BatchMarket
from engine.simulation.kernel.batch.tax_records import (
    YEAR_REGISTERS,
    LaneTaxes,
    TaxedRunLog,
    TaxMemory,
)
from engine.simulation.kernel.records import LANE_COUNT
from engine.simulation.lane_taxes import most_lots
from engine.sweep.batch.batch_inputs import BatchInputs


class TaxedBatch(NamedTuple):
    """What taxes the variants of a batch, and how many lots one asset can come to have."""

    taxes: LaneTaxes
    lots: int

    @classmethod
    def build(cls, taxes: LaneTaxes, inputs: BatchInputs, *, bands: bool) -> TaxedBatch:
        """Return the taxes of a batch; with ``bands`` any session may be one of a purchase."""
        sessions = inputs.next_due.shape[1] - 1
        due = int((inputs.next_due[:, :-1] == np.arange(sessions)).sum(axis=1).max())
        return cls(taxes, most_lots(taxes, due + 200 if bands else due))


def run_taxed_chunk(
    market: BatchMarket, inputs: BatchInputs, taxed: TaxedBatch, variants: IntArray, room: tuple[FloatArray, ...]
) -> FloatArray:
    """Run some variants, by number; return (YEAR_REGISTERS, S) what is left of their taxes.

    ``room`` are a state, outputs and block sums as ``run_lanes`` has them, which are overwritten.
    """
    from engine.simulation.kernel.batch.run_taxed_lanes import run_taxed_lanes  # noqa: PLC0415  (compiled when used)

    state, outputs, block_sums = room
    n, count, width = market.fresh.shape[1], len(variants), outputs.shape[1]
    plans = inputs.plans_for(np.append(variants, np.repeat(variants[-1:], width - count)))
    memory, left = TaxMemory.allocate(n, taxed.lots), np.zeros((YEAR_REGISTERS, width))
    log, taxes, groups = TaxedRunLog.allocate(0, np.zeros((n, 0))), taxed.taxes, -(-count // LANE_COUNT)
    with np.errstate(all="ignore"):  # what a mask leaves out may divide by nothing
        run_taxed_lanes(0, groups, LANE_COUNT, market, plans, taxes, memory, state, outputs, block_sums, left, log)
    return left[:, :count]
