"""All compiled code: the one accounting of money, shares and costs.

``trade`` fills a netted vector of orders, ``invest_cash`` and ``raise_cash`` handle flows between rebalances,
``advance`` marks to market until the next decision or the first trigger before it. Arrays come in, results go out in
arrays that are overwritten; nothing is allocated per session. Strict IEEE: no ``fastmath``, sums run in column order,
NaN never multiplies a holding.

The accounting is written down twice, for one account and, in ``batch``, for eight at once;
``tests/sweep/batch/test_batch_equals_simulate.py`` holds both to the same bits.

:mod:`.valuation`             values, weights, shares
:mod:`.tolerances`            what is rounding
:mod:`.order_costs`           the cost of orders
:mod:`.cost_fixpoint`         trades that pay their own costs (S3), and those that wait (S9)
:mod:`.whole_shares`          rounding to whole shares (S10)
:mod:`.trade`                 ``trade``
:mod:`.cash_flows`            ``invest_cash``, ``raise_cash`` (S11)
:mod:`.triggers`              bands, caps and reviews at a close
:mod:`.advance`               ``advance`` and what it trades on its own
:mod:`.fixed_targets`         a whole run to fixed targets, in one call
:mod:`.series_sums`           what the figures of a run are made of
:mod:`.resample`              blocks of sessions, drawn for the bootstrap
:mod:`.counted_random`        random numbers that are a function of their place
:mod:`.records`               what these functions take
:mod:`.jit`                   how all this is compiled and where the result is kept
:mod:`.batch.simd`            eight variants side by side: arithmetic on eight lanes
:mod:`.batch.llvm_vectors`    how eight lanes are compiled
:mod:`.batch.records`         what lanes take and give
:mod:`.batch.state_layout`    where their state lies
:mod:`.batch.mark_to_market`  lanes marked to market, with all statistics on the way
:mod:`.batch.trade`           rebalances, trims and payouts of eight variants at once
:mod:`.batch.events`          what happens between two closes, and what is kept of a stretch of them
:mod:`.batch.run_lanes`       ``run_lanes``: variants from their opening to their end
:mod:`.batch.run_taxed_lanes` ``run_taxed_lanes``: variants that are taxed, or one with all that it does
:mod:`.batch.settle_taxes`    years, dividends and taxes that no order raises
:mod:`.batch.after_tax_trade`  orders that owe a tax, by :mod:`.batch.tax_search`
:mod:`.batch.law_lanes`       the law, :mod:`.batch.german_lanes` or :mod:`.batch.united_states_lanes`
:mod:`.batch.tax_lots`        lots, first in, first out
:mod:`.batch.tax_records`     what taxed lanes take and give
:mod:`.batch.resampled_closes`  closes of histories drawn in blocks from joint returns
:mod:`.batch.run_path_lanes`  ``run_path_lanes``: one plan over many histories

Symbols as in :mod:`engine.core.arrays`; the equations are those of ``docs/semantics.md``.
"""
