"""Luck of timing, start and path: each cell is a run of its own, to the last bit."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from engine.analysis.metrics_table import compute_metrics
from engine.analysis.performance import Performance
from engine.backtest.prices import load_prices
from engine.backtest.workflow import run_backtest
from engine.composition import load_run, measure_luck
from engine.core.errors import DataError, ScheduleError
from engine.evidence.luck.measured_plan import MeasuredPlan
from engine.evidence.luck.path import PathMarket, measure_paths, plan_block_length
from engine.evidence.luck.spread import Counts, FigureSpread, metric_column, percentiles
from engine.evidence.luck.start import measure_starts, start_differences
from engine.evidence.luck.timing import measure_timing, timing_table
from engine.simulation.run_setup import BOUGHT_AND_HELD
from engine.simulation.simulate import simulate
from engine.sweep.batch.policy_groups import Variant
from engine.sweep.batch.run_paths import ResampledHistories, _closes, _flat_market, path_metric_table
from strategies.moved_calendar import move_calendar
from tests.support.configs import QUICK

SHORT = ("window.end=2018-06-29", "evidence.draws=200")
BAND = "strategy.rebalance={kind: any, of: [{kind: annual}, {kind: band, absolute: 1%}]}"


def measured(*overrides: str) -> MeasuredPlan:
    config = load_run(QUICK, (*SHORT, *overrides))
    sessions = load_prices(config).sessions_of(config.strategy)
    return MeasuredPlan(
        config.strategy, config.account, config.costs, sessions, config.evidence, config.compare.late_purchases
    )


@pytest.mark.parametrize(
    ("cell", "others"),
    [(("march", 7), ()), (("december", 15), (BAND,)), (("june", 2), ("account.contributions={amount: 300}",))],
)
def test_a_timing_cell_is_what_a_run_with_that_month_and_session_has(
    cell: tuple[str, int], others: tuple[str, ...]
) -> None:
    plan = measured(*others)
    found = timing_table(plan, [move_calendar(plan.policy, *cell)])
    place = "strategy.rebalance.of.0" if BAND in others else "strategy.rebalance"
    own = (f"{place}.month={cell[0]}", f"{place}.session={cell[1]}")
    run = run_backtest(load_run(QUICK, (*SHORT, *others, *own)), intervals=False, parts=False)
    metrics = run.comparison.strategy.metrics
    for name in ("final_value", "cagr", "sharpe", "max_drawdown", "costs"):
        assert metric_column(found, name)[0] == metrics[name], name


def test_timing_has_twelve_months_of_twenty_one_sessions_and_the_plan_among_them() -> None:
    found = measure_timing(measured(), move_calendar)
    assert found.variants == 252
    growth = found.spreads["cagr"]
    assert growth.count == 252
    assert found.best is not None
    assert found.worst is not None
    assert found.best.cagr == growth.highest
    assert found.worst.cagr == growth.lowest
    assert growth.rank is not None
    assert 1 <= growth.rank <= 252  # the first session of January is one of them
    assert growth.lowest <= (growth.plan or 0.0) <= growth.highest


def test_a_month_of_fewer_sessions_rebalances_on_its_last() -> None:
    dates = measured().sessions.market.dates
    moved = move_calendar(measured().policy, "february", 21).schedule.calendar(dates)
    assert moved == measured(
        "strategy.rebalance={kind: annual, month: february, session: last}"
    ).policy.schedule.calendar(dates)
    with pytest.raises(ScheduleError, match="session 21 asked for"):
        measured("strategy.rebalance={kind: annual, month: february, session: 21}").policy.schedule.calendar(dates)


@pytest.mark.parametrize("rule", ["{kind: never}", "{kind: band, absolute: 5%}", "{kind: every, period: month}"])
def test_a_plan_without_a_yearly_date_says_so(rule: str) -> None:
    config = load_run(QUICK, (*SHORT, f"strategy.rebalance={rule}"))
    found = measure_luck(config)
    assert found.timing is None
    assert "has no one month and session that could be others" in found.missing["timing"]
    assert "\n" not in found.missing["timing"]
    assert found.path is not None


def test_a_start_is_what_a_run_from_there_has_beside_its_own_buy_and_hold() -> None:
    found, left_out = start_differences(measured())
    assert left_out == 0
    third = found[2]
    assert third.start == "2014-03-03"
    run = run_backtest(load_run(QUICK, (*SHORT, "window.start=2014-03-01")), intervals=False, parts=False)
    portfolios = run.comparison.portfolios
    assert third.cagr == portfolios["strategy"].metrics["cagr"]
    assert third.held == portfolios["buy_and_hold"].metrics["cagr"]


def test_starts_end_three_years_before_the_end_and_a_short_window_has_none() -> None:
    starts = measure_starts(measured())
    assert starts.starts == 18  # January 2014 to June 2015
    assert starts.worst.difference <= starts.lower_quartile <= starts.median <= starts.upper_quartile
    with pytest.raises(DataError, match="shorter than the 3 years that a start needs; widen the window"):
        measure_starts(measured("window.end=2016-06-30"))


@pytest.mark.parametrize("held", [False, True])
def test_a_history_is_what_simulate_makes_of_it(held: bool) -> None:
    plan = measured("strategy.caps=always")
    common = PathMarket.of(plan)
    variant = Variant(plan.policy, plan.account, plan.costs, 0, len(common.market.dates))
    histories = ResampledHistories(common.returns, 5, 7.0)
    table = path_metric_table(common.market, variant, histories, np.arange(40), held=held)
    flat, columns = _flat_market(common.market, plan.policy.tickers, slice(0, variant.end))
    source = histories.source(np.ascontiguousarray(flat.prices[0]), columns)
    for number in (0, 13, 39):
        market = dataclasses.replace(flat, prices=_closes(source, number, variant.end))
        costs = plan.costs.cost_table(market.assets, market.foreign)
        version = {"version": BOUGHT_AND_HELD} if held else {}
        metrics = compute_metrics(
            Performance.from_ledger(simulate(market, plan.policy, plan.account, costs, **version))
        )
        for name in ("final_value", "cagr", "max_drawdown", "trades"):
            assert metric_column(table, name)[number] == metrics[name], name


def test_a_fan_is_where_the_same_histories_stand_at_the_ends_of_years() -> None:
    """A shorter history is the beginning of the longer one, and the last point is where they end."""
    plan = measured()
    found = measure_paths(plan)
    assert [one.date for one in found.fan] == [*(f"{year}-12-31" for year in range(2014, 2016)), "2016-12-30",
                                               "2017-12-29", "2018-06-29"]  # fmt: skip
    final, last = found.plan["final_value"], found.fan[-1].plan
    assert final is not None
    assert not found.has_flows
    assert last == pytest.approx({key: one / plan.account.capital for key, one in final.items()}, rel=1e-12)
    common = PathMarket.of(plan)
    histories = ResampledHistories(common.returns, plan.terms.seed, found.mean_block)
    flat, columns = _flat_market(common.market, plan.policy.tickers, slice(0, len(common.market.dates)))
    source = histories.source(np.ascontiguousarray(flat.prices[0]), columns)
    end = int(np.searchsorted(flat.dates, np.datetime64("2015-12-31"))) + 1
    variant = Variant(plan.policy, plan.account, plan.costs, 0, end)
    cut = metric_column(path_metric_table(common.market, variant, histories, np.arange(8)), "total_return")
    for number in (0, 7):
        market = dataclasses.replace(flat, prices=_closes(source, number, len(flat.dates)))
        ledger = simulate(market, plan.policy, plan.account, plan.costs.cost_table(market.assets, market.foreign))
        assert ledger.value[end - 1] / ledger.capital == pytest.approx(1.0 + cut[number], rel=1e-12)


def test_with_flows_growth_is_no_money_and_the_histories_say_so() -> None:
    few = measured(
        "evidence.draws=100", "window.end=2014-12-31", "account.contributions={amount: 300000, every: quarter}"
    )
    found = measure_paths(few)
    final, last = found.plan["final_value"], found.fan[-1].plan
    assert found.has_flows
    assert final is not None
    assert last is not None
    assert final["5"] > 900_000.0
    assert last["95"] < 2.0


def test_every_date_and_every_start_is_kept_for_the_page() -> None:
    timing, start = measure_timing(measured(), move_calendar), measure_starts(measured())
    growth = [one for month in timing.growth.values() for one in month if one is not None]
    assert len(growth) == timing.spreads["cagr"].count
    assert (min(growth), max(growth)) == (timing.spreads["cagr"].lowest, timing.spreads["cagr"].highest)
    assert len(start.every) == start.starts
    assert sum(one.difference > 1e-12 for one in start.every) == start.ahead


def test_bins_hold_every_figure_once() -> None:
    figures = np.random.default_rng(3).normal(0.1, 0.02, 1000)
    found = Counts.of(np.append(figures, np.nan))
    assert found is not None
    assert sum(found.counts) == 1000
    assert (found.edges[0], found.edges[-1]) == (figures.min(), figures.max())
    assert found.counts == tuple(np.histogram(figures, np.array(found.edges))[0].tolist())
    assert abs(len(found.counts) - len(np.histogram_bin_edges(figures, "fd")) + 1) <= 1
    assert Counts.of(np.full(9, 0.1)) is None


def test_the_bits_do_not_depend_on_the_threads() -> None:
    config = load_run(QUICK, SHORT)
    once, thrice = (json.dumps(measure_luck(config, threads=count).to_plain()) for count in (1, 3))
    assert once == thrice


def test_assets_without_enough_sessions_in_common_say_which_end_and_begin() -> None:
    plan = measured("window.end=2014-02-28")
    with pytest.raises(DataError, match="the 6 assets have 40 sessions in common from 2014-01-02 on"):
        measure_paths(plan)


def test_paths_begin_where_the_last_asset_does() -> None:
    plan = measured()
    market = plan.sessions.market
    late = market.prices.copy()
    late[: plan.opening + 100, market.column_index("PG")] = np.nan
    age = np.where(np.isnan(late), -1, market.age)
    cut = dataclasses.replace(market, prices=late, listed=~np.isnan(late), age=age)
    plan = dataclasses.replace(plan, sessions=plan.sessions._replace(market=cut))
    found = measure_paths(plan)
    assert found.start == str(market.dates[plan.opening + 100])
    assert found.sessions == found.of_sessions - 100
    assert found.mean_block == plan_block_length(plan, PathMarket.of(plan))


def test_a_rank_counts_what_is_higher_and_a_percentile_half_of_what_is_equal() -> None:
    spread = FigureSpread.of(2.0, np.array([1.0, 2.0, 2.0, 3.0, np.nan]))
    assert spread is not None
    assert (spread.rank, spread.count, spread.percentile) == (2, 4, 0.5)
    assert FigureSpread.of(1.0, np.array([np.nan])) is None
    assert percentiles(np.array([1.0, np.nan])) is None
