"""Mark to market to the next session that needs a decision, and write down what the kernel traded on the way."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray
from engine.simulation.event_schedule import EventSchedule
from engine.simulation.kernel import advance as kernel
from engine.simulation.kernel.records import Thresholds
from engine.simulation.kernel.triggers import BAND_TRIGGER, CAP_TRIGGER
from engine.simulation.order_execution import clear_cash_rounding
from engine.simulation.portfolio_state import PortfolioState
from engine.simulation.trade_events import LeftOutOrders, TradeEvent, TradeReason


def advance(
    state: PortfolioState, schedule: EventSchedule, thresholds: Thresholds, row: int, stop: int
) -> tuple[int, int]:
    """Mark to market up to ``stop``, or to a session at which a trigger needs a response; return row and trigger."""
    thresholds.drift_base[:], thresholds.target[:] = state.drift_base, state.target  # the kernel writes into them
    armed = not schedule.awaits_response(row)
    at_once = state.account.fill_delay == 0 and state.tax is None  # the kernel knows no taxes
    row, state.cash, trigger = kernel.advance(row, stop, state.units, state.cash, state.run, thresholds, armed, at_once)
    if state.run.buffer.filled[0]:
        state.cash = clear_cash_rounding(state.cash, state.history.value[row - 1])
        _record_buffer(state, schedule, thresholds)
    return row, trigger


def _record_buffer(state: PortfolioState, schedule: EventSchedule, thresholds: Thresholds) -> None:
    """Enter what ``kernel.advance`` traded on its own into the events, and empty the buffer."""
    buffer, count = state.run.buffer, int(state.run.buffer.filled[0])
    dq, fees, before, after, left_out = (
        array[:count].copy()
        for array in (buffer.dq, buffer.fees, buffer.weights_before, buffer.drift_base, buffer.left_out)
    )
    rows, kinds = buffer.rows[:count].tolist(), buffer.kinds[:count].tolist()
    incomplete, traded = np.any(left_out, axis=1).tolist(), np.any(dq, axis=1).tolist()
    for k, row in enumerate(rows):
        reason = _reason(state, schedule, thresholds, kinds[k], row, before[k])
        if reason.full_rebalance:
            state.target, state.drift_base = state.orders.fixed_targets, after[k]
        if incomplete[k]:
            state.left_out.append(LeftOutOrders(row, left_out[k]))
        if traded[k]:
            state.events.append(TradeEvent(row, state.target, dq[k], fees[k], reason))
    buffer.filled[0] = 0


def _reason(
    state: PortfolioState, schedule: EventSchedule, thresholds: Thresholds, kind: int, row: int, weights: FloatArray
) -> TradeReason:
    if kind == CAP_TRIGGER:
        return TradeReason(state.cap_reason(weights))
    if kind == BAND_TRIGGER:
        return TradeReason(state.drift_reason(weights, thresholds.absolute, thresholds.relative), full_rebalance=True)
    return TradeReason(schedule.rebalances[row], full_rebalance=True)
