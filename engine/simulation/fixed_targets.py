"""A run in one call: weights that are fixed, and rules that ask nothing between one rebalance and the next.

The money is that of :mod:`.advance`, to the bit.
"""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray, read_only
from engine.simulation import market_memory
from engine.simulation.kernel.fixed_targets import NOT_IN_ONE_CALL, run_fixed_targets
from engine.simulation.kernel.records import RunOutputs
from engine.simulation.kernel.trade import FILLED
from engine.simulation.ledger import Ledger
from engine.simulation.run_setup import RunSetup
from engine.simulation.trade_events import LeftOutOrders, left_out_notes


def needs_no_decision(setup: RunSetup) -> bool:
    """Return whether nothing is left to be decided once such a run has begun."""
    watched = setup.band is not None or setup.review is not None or setup.watches_caps
    dividends = setup.dividends if setup.taxation is not None else setup.market.dividends is not None
    events = setup.fees or setup.flows or setup.delistings or setup.splits or dividends
    return setup.fixed_targets is not None and not (watched or events or setup.late_purchases or setup.sleeves)


def run_in_one_call(setup: RunSetup, targets: FloatArray) -> Ledger | None:
    """Return the ledger of a run to ``targets`` (N,) alone; None where an order would have to wait for a price."""
    market, memory, opening = setup.market, market_memory.recall(setup.market), setup.opening
    outputs = RunOutputs.allocate(len(market.dates) - opening, len(setup.fills), len(market.assets))
    by_asset, capital = memory.closes_by_asset, setup.account.capital
    status = run_fixed_targets(setup.fills, targets, capital, setup.terms, setup.arrays, by_asset, outputs)
    if status == NOT_IN_ONE_CALL:
        return None
    left_out = [] if status == FILLED else _left_out_orders(setup, outputs)
    rows, reasons, trades, fees, traded = setup.fills, setup.reasons, outputs.dq, outputs.fees, outputs.traded
    if np.count_nonzero(traded) < len(traded):
        reasons = tuple(reason for reason, kept in zip(reasons, traded.tolist(), strict=True) if kept)
        rows, trades, fees, traded = rows[traded], trades[traded], fees[traded], traded[traded]
    count = len(rows)
    nothing, never = read_only(np.zeros(len(outputs.value))), read_only(np.zeros(count, dtype=np.bool_))
    return Ledger(
        dates=read_only(market.dates[opening:]),
        assets=market.assets,
        capital=capital,
        value=read_only(outputs.value),
        cash=read_only(outputs.cash),
        flows=nothing,
        before_flows=nothing,
        fees=nothing,
        rows=read_only(rows - opening),
        targets=read_only(targets[None].repeat(count, axis=0)),
        trades=read_only(trades),
        prices=read_only(market.prices.take(rows, axis=0)),
        costs=read_only(fees),
        lazy_reasons=reasons,
        asset_reasons=({},) * count,
        rebalances=read_only(traded),
        partial_rebalances=never,
        opening=read_only(rows == opening),
        contributions=never,
        payouts=never,
        left_out=tuple(one._replace(row=one.row - opening) for one in left_out) if left_out else (),
        notes=left_out_notes(left_out, outputs.dq, market) if left_out else (),
    )


def _left_out_orders(setup: RunSetup, outputs: RunOutputs) -> list[LeftOutOrders]:
    rows = np.flatnonzero(outputs.left_out.any(axis=1)).tolist()
    return [LeftOutOrders(int(setup.fills[k]), outputs.left_out[k]) for k in rows]
