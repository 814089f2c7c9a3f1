"""All compiled code: the one accounting of money, shares and costs.

``trade`` fills a netted vector of orders, ``invest`` and ``raise_cash`` handle flows between rebalances, ``hold`` marks
to market until the next decision or the first trigger before it. Arrays come in, results go out in arrays that are
overwritten; nothing is allocated per session. Strict IEEE: no ``fastmath``, sums run in column order, NaN never
multiplies a holding.

The accounting is written down twice, for one account and for eight at once; ``tests/test_lanes.py`` holds both to the
same bits.

========================  ==================================================================
:mod:`.measures`          values, weights, shares; what is rounding
:mod:`.fees`              the cost of orders
:mod:`.fixpoint`          trades that pay their own costs (S3), and those that wait (S9)
:mod:`.whole_shares`      rounding to whole shares (S10)
:mod:`.trading`           ``trade``
:mod:`.flows`             ``invest``, ``raise_cash`` (S11)
:mod:`.watching`          bands, caps and reviews at a close
:mod:`.holding`           ``hold`` and what it trades on its own
:mod:`.vectors`           eight variants side by side: arithmetic on eight lanes (:mod:`.registers` compiles it)
:mod:`.lane_records`      what lanes take and give; :mod:`.lane_room` is where their state lies
:mod:`.marking`           lanes marked to market, with all statistics on the way
:mod:`.lane_trading`      rebalances, trims and payouts of eight variants at once
:mod:`.lanes`             ``run_lanes``: variants from their opening to their end
:mod:`.compiling`         how all this is compiled and where the result is kept
========================  ==================================================================

Symbols as in :mod:`engine.arrays`; the equations are those of ``docs/semantics.md``.
"""

from __future__ import annotations

from engine.simulation.kernel.cash_flows import invest, raise_cash
from engine.simulation.kernel.hold import hold, trim
from engine.simulation.kernel.jit import compiled, tidy
from engine.simulation.kernel.order_costs import order_cost
from engine.simulation.kernel.trade import DONE, UNAFFORDABLE, trade
from engine.simulation.kernel.triggers import BAND_ALARM, CAP_ALARM, QUIET, REVIEW_ALARM, bought, rebalanced
from engine.simulation.kernel.valuation import NOISE, OVER, SNAP, powers, shares_of, value_of, weights_of

__all__ = [
    "BAND_ALARM",
    "CAP_ALARM",
    "DONE",
    "NOISE",
    "OVER",
    "QUIET",
    "REVIEW_ALARM",
    "SNAP",
    "UNAFFORDABLE",
    "bought",
    "compiled",
    "hold",
    "invest",
    "order_cost",
    "powers",
    "raise_cash",
    "rebalanced",
    "shares_of",
    "tidy",
    "trade",
    "trim",
    "value_of",
    "weights_of",
]
