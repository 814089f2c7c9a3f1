"""All compiled code: the one accounting of money, shares and costs.

``trade`` fills a netted vector of orders, ``invest_cash`` and ``raise_cash`` handle flows between rebalances,
``advance`` marks to market until the next decision or the first trigger before it. Arrays come in, results go out in
arrays that are overwritten; nothing is allocated per session. Strict IEEE: no ``fastmath``, sums run in column order,
NaN never multiplies a holding.

The accounting is written down twice, for one account and, in ``batch``, for eight at once;
``tests/sweep/batch/test_batch_equals_simulate.py`` holds both to the same bits.

:mod:`.measures`          values, weights, shares; what is rounding
:mod:`.fees`              the cost of orders
:mod:`.fixpoint`          trades that pay their own costs (S3), and those that wait (S9)
:mod:`.whole_shares`      rounding to whole shares (S10)
:mod:`.trading`           ``trade``
:mod:`.flows`             ``invest``, ``raise_cash`` (S11)
:mod:`.watching`          bands, caps and reviews at a close
:mod:`.holding`           ``advance`` and what it trades on its own
:mod:`.vectors`           eight variants side by side: arithmetic on eight lanes (:mod:`.registers` compiles it)
:mod:`.lane_records`      what lanes take and give; :mod:`.lane_room` is where their state lies
:mod:`.marking`           lanes marked to market, with all statistics on the way
:mod:`.lane_trading`      rebalances, trims and payouts of eight variants at once
:mod:`.lanes`             ``run_lanes``: variants from their opening to their end
:mod:`.compiling`         how all this is compiled and where the result is kept
Symbols as in :mod:`engine.core.arrays`; the equations are those of ``docs/semantics.md``.
"""

from __future__ import annotations

from engine.simulation.kernel.advance import advance, trim_to_targets
from engine.simulation.kernel.cash_flows import invest_cash, raise_cash
from engine.simulation.kernel.jit import is_compiled, remove_stale_caches
from engine.simulation.kernel.order_costs import order_cost
from engine.simulation.kernel.trade import FILLED, UNAFFORDABLE, trade
from engine.simulation.kernel.triggers import (
    BAND_TRIGGER,
    CAP_TRIGGER,
    NO_TRIGGER,
    REVIEW_TRIGGER,
    record_purchase,
    record_rebalance,
)
from engine.simulation.kernel.valuation import (
    CASH_TOLERANCE,
    LIMIT_TOLERANCE,
    TRADE_TOLERANCE,
    account_value,
    elementwise_power,
    normalise,
    portfolio_weights,
)

__all__ = [
    "BAND_TRIGGER",
    "CAP_TRIGGER",
    "CASH_TOLERANCE",
    "FILLED",
    "LIMIT_TOLERANCE",
    "NO_TRIGGER",
    "REVIEW_TRIGGER",
    "TRADE_TOLERANCE",
    "UNAFFORDABLE",
    "account_value",
    "advance",
    "elementwise_power",
    "invest_cash",
    "is_compiled",
    "normalise",
    "order_cost",
    "portfolio_weights",
    "raise_cash",
    "record_purchase",
    "record_rebalance",
    "remove_stale_caches",
    "trade",
    "trim_to_targets",
]
