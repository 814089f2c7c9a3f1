"""A taxed run in one call: weights that are fixed, and a law that lanes know. Its record is written when it is read.

The money is that of a run decision by decision, to the bit.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from engine.core.arrays import IntArray, read_only
from engine.simulation import market_memory
from engine.simulation.fixed_targets import needs_no_decision
from engine.simulation.kernel.batch.mark_to_market import DAY, GROWTH, NEXT_DAY, PACKED_EXTRAS
from engine.simulation.kernel.batch.records import BatchMarket, BatchPlans
from engine.simulation.kernel.batch.state_layout import BLOCK_REGISTERS, NEEDS_FALLBACK, OUTPUT_REGISTERS, state_size
from engine.simulation.kernel.batch.tax_records import (
    REBALANCED,
    REINVESTED,
    YEAR_REGISTERS,
    LaneTaxes,
    TaxedRunLog,
    TaxMemory,
)
from engine.simulation.kernel.order_costs import is_proportional
from engine.simulation.kernel.records import LANE_COUNT
from engine.simulation.lane_taxes import most_lots
from engine.simulation.ledger import Ledger
from engine.simulation.run_setup import RunSetup
from engine.simulation.taxed_record import write_record
from engine.simulation.trade_events import TAX, TAXED_DIVIDEND, LazyText
from engine.tax.record import TaxFlows


class TaxedRun(NamedTuple):
    """What one taxed run takes: the ``columns`` it trades, its market and plan as lanes have them, and its taxes."""

    columns: tuple[int, ...]
    market: BatchMarket
    plans: BatchPlans
    taxes: LaneTaxes


def run_taxed_in_one_call(setup: RunSetup) -> Ledger | None:
    """Return the ledger of a taxed run to fixed targets; None where something has to be asked in between."""
    run = _plan_run(setup)
    if run is None:
        return None
    from engine.simulation.kernel.batch.run_taxed_lanes import run_taxed_lanes  # noqa: PLC0415  (compiles)

    n, taxes = len(run.columns), run.taxes
    closes = np.ascontiguousarray(setup.market.prices[setup.opening :, list(run.columns)].T)
    log = TaxedRunLog.allocate(len(setup.fills) + 4 * int(np.count_nonzero(taxes.calendar)) + 1, closes)
    memory = TaxMemory.allocate(n, most_lots(taxes, len(setup.fills)))
    outputs = np.zeros((len(OUTPUT_REGISTERS), LANE_COUNT))
    sums, tax_outputs = np.zeros((0, len(BLOCK_REGISTERS), LANE_COUNT)), np.zeros((YEAR_REGISTERS, LANE_COUNT))
    state = np.zeros(state_size(n))
    run_taxed_lanes(0, 1, 1, run.market, run.plans, taxes, memory, state, outputs, sums, tax_outputs, log)
    if outputs[OUTPUT_REGISTERS.index(NEEDS_FALLBACK), 0] > 0.0:
        return None
    return _write_ledger(setup, run, log)


def _plan_run(setup: RunSetup) -> TaxedRun | None:
    """Return a run as lanes take it; None where they cannot make it."""
    market, opening, targets = setup.market, setup.opening, setup.fixed_targets
    if setup.taxation is None or targets is None or not needs_no_decision(setup) or setup.dividends:
        return None
    columns = tuple(np.flatnonzero(targets > 0.0).tolist())
    costs = _costs_of_each(setup, columns)
    own = list(columns)
    if costs is None or not market.fresh[opening, own].all():
        return None
    memory = market_memory.recall(market)
    taxes = memory.lane_taxes(setup.taxation, market, opening, columns, setup.taxes)
    if taxes is None:
        return None
    sessions, n = len(market.dates) - opening, len(columns)
    terms = np.array([setup.account.capital, np.inf, 0.0, np.inf, np.inf, *costs, setup.account.min_order])
    due = np.append(setup.fills - opening, sessions)
    proportional = bool(is_proportional(setup.terms.costs))
    plans = BatchPlans(
        targets=np.repeat(targets[own][None, :, None], LANE_COUNT, axis=2),
        core=np.zeros((n, LANE_COUNT)),
        recipients=np.zeros((0, n, LANE_COUNT)),
        tradable_recipients=np.zeros((0, n, LANE_COUNT)),
        terms=np.repeat(terms[:, None], LANE_COUNT, axis=1),
        calendar=np.zeros(LANE_COUNT, dtype=np.int64),
        next_due=due[np.searchsorted(due, np.arange(sessions + 1))][None],
        proportional=proportional,
        judges_orders=not proportional or setup.account.min_order > 0.0,
    )
    lanes = memory.lane_market(opening, columns, lambda: _lane_market(setup, own))
    return TaxedRun(columns, lanes, plans, taxes)


def _costs_of_each(setup: RunSetup, columns: tuple[int, ...]) -> tuple[float, ...] | None:
    """Return what an order costs in each of ``columns``; None where lanes cannot say, as it differs among them."""
    market, table = setup.market, setup.terms.costs
    own = np.array(table[:7])[:, list(columns)]
    alike = bool((own == own[:, :1]).all())
    at_home = market.shares is None and market.tariff_rates is None
    if not alike or setup.account.shares == "whole" or setup.arrays.unfilled.any():
        return None
    return tuple(own[:, 0].tolist()) if at_home or is_proportional(table) else None


def _lane_market(setup: RunSetup, columns: list[int]) -> BatchMarket:
    """Return the market of one run: no blocks of returns, no years, no caps."""
    market, span = setup.market, slice(setup.opening, None)
    fresh, listed = market.fresh[span, columns], market.listed[span, columns]
    sessions = len(fresh)
    packed = np.zeros((sessions, len(columns) + PACKED_EXTRAS))
    packed[:, : len(columns)] = np.nan_to_num(market.prices[span, columns])
    facts = packed[:, len(columns) :]
    days = market.dates[span].astype("datetime64[D]").astype(np.float64)
    facts[:-1, GROWTH] = setup.arrays.growth[span][1:]
    facts[:, DAY], facts[:-1, NEXT_DAY], facts[-1, NEXT_DAY] = days, days[1:], days[-1]
    stops = np.full(sessions + 1, sessions, dtype=np.int64)
    stops[0] = min(1, sessions)
    nothing = np.zeros(0, dtype=np.int64)
    return BatchMarket(
        packed=packed.ravel(),
        days=float(days[-1] - days[0]),
        fresh=np.ascontiguousarray(fresh),
        eligible=np.ascontiguousarray(market.eligible[span, columns]),
        missing=np.ascontiguousarray(listed & ~fresh),
        pattern=np.zeros(sessions, dtype=np.int64),
        stops=stops,
        period_ends=np.zeros(sessions + 1, dtype=np.int64),
        block_ends=nothing,
        delisting_rows=nothing,
        delisted=nothing,
        capped=nothing,
        watched=False,
        excess=False,
        bands=False,
        periods_per_year=market.periods_per_year,
    )


def _write_ledger(setup: RunSetup, run: TaxedRun, log: TaxedRunLog) -> Ledger:
    market, opening, count = setup.market, setup.opening, int(log.filled[0])
    rows, kinds = log.rows[:count], log.kinds[:count]
    trades, fees = np.zeros((2, count, len(market.assets)))
    trades[:, list(run.columns)], fees[:, list(run.columns)] = log.trades[:count], log.fees[:count]
    rebalances = kinds == REBALANCED
    nothing, never = read_only(np.zeros(len(log.value))), read_only(np.zeros(count, dtype=np.bool_))
    targets = np.zeros(len(market.assets)) if setup.fixed_targets is None else setup.fixed_targets
    record = partial(write_record, setup, rows + opening, kinds, trades, fees, log.cash, log.value)
    return Ledger(
        dates=read_only(market.dates[opening:]),
        assets=market.assets,
        capital=setup.account.capital,
        value=read_only(log.value),
        cash=read_only(log.cash),
        flows=nothing,
        before_flows=nothing,
        fees=nothing,
        rows=read_only(rows),
        targets=read_only(targets[None].repeat(count, axis=0)),
        trades=read_only(trades),
        prices=read_only(market.prices.take(rows + opening, axis=0)),
        costs=read_only(fees),
        lazy_reasons=_reasons(setup, rows, kinds),
        asset_reasons=({},) * count,
        rebalances=read_only(rebalances),
        partial_rebalances=never,
        opening=read_only(rows == 0),
        contributions=never,
        payouts=read_only(kinds == REINVESTED),
        taxes=TaxFlows(read_only(log.paid), read_only(log.withheld), read_only(log.outside), record),
    )


def _reasons(setup: RunSetup, rows: IntArray, kinds: IntArray) -> tuple[LazyText, ...]:
    said = dict(zip((setup.fills - setup.opening).tolist(), setup.reasons, strict=True))
    reasons: list[LazyText] = [TAXED_DIVIDEND] * len(rows)
    for at in np.flatnonzero(kinds != REINVESTED).tolist():
        reasons[at] = said[int(rows[at])] if kinds[at] == REBALANCED else TAX
    return tuple(reasons)
