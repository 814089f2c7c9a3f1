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
