"""Falls, months, windows and single days of short series whose figures can be found by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from engine.analysis import metrics
from engine.analysis.breakdown.calendar_months import measure_months
from engine.analysis.breakdown.calendar_years import account_by_year
from engine.analysis.breakdown.falls import drawdowns, list_episodes, measure_falls
from engine.analysis.breakdown.level_ratio import measure_ratio
from engine.analysis.breakdown.return_distribution import (
    MAX_BINS,
    PERCENTILES,
    make_histogram,
    measure_distribution,
    quantile,
)
from engine.analysis.breakdown.rolling_windows import (
    betas,
    find_windows,
    growth_rates,
    measure_rolling,
    month_end_rows,
    monthly_volatility,
    rolling_table,
    volatilities,
)
from engine.analysis.breakdown.series_table import SeriesTable
from engine.analysis.common_sessions import CommonSessions
from engine.analysis.comparison import PortfolioResult
from engine.analysis.performance import Performance
from engine.data.market import Market
from engine.portfolio.costs import PercentCosts
from engine.simulation.simulate import simulate
from strategies.buy_and_hold import BuyAndHold
from tests.support.markets import account, percent


def held(
    closes: Sequence[float], start: str = "2020-01-01", *, cost: float = 0.0, days: Sequence[str] = ()
) -> Performance:
    """Return what one asset with these closes earned, a close a day or on ``days``, bought with its first price."""
    dates = np.array(days, "datetime64[D]") if days else np.datetime64(start) + np.arange(len(closes))
    market = Market.build(dates, ("A",), np.array(closes, dtype=np.float64)[:, None])
    plan = BuyAndHold.model_validate({"weights": {"A": "100%"}})
    return Performance.from_ledger(simulate(market, plan, account(capital=100.0), percent(cost, 1)))


def walk(count: int, seed: int, start: str = "2004-01-05") -> Performance:
    """Return a random walk on working days."""
    days = np.busday_offset(start, np.arange(count), roll="forward")
    steps = np.random.default_rng(seed).normal(0.0003, 0.01, count)
    return held(50.0 * np.cumprod(1.0 + steps), days=days.astype(str).tolist())


def test_a_close_as_high_as_the_high_ends_a_fall() -> None:
    found = measure_falls(held([100.0, 90.0, 95.0, 100.0, 80.0, 90.0]))
    deepest, other = found.deepest
    assert (found.episodes, other.peak, other.trough, other.recovery) == (2, "2020-01-01", "2020-01-02", "2020-01-04")
    assert (other.days_down, other.days_up, other.days) == (1, 2, 3)
    assert (deepest.peak, deepest.trough, deepest.recovery, deepest.days_up, deepest.days) == (
        "2020-01-04",
        "2020-01-05",
        None,
        None,
        2,
    )
    assert (found.share_below_high, found.current) == (4 / 6, pytest.approx(-0.1))


def test_what_never_fell_has_no_falls() -> None:
    found = measure_falls(held([100.0, 100.0, 101.0, 105.0]))
    assert (found.episodes, found.deepest, found.share_below_high, found.current) == (0, (), 0.0, 0.0)


def test_opening_costs_are_a_fall_from_the_first_session_on() -> None:
    found = measure_falls(held([100.0, 99.0, 99.5], cost=0.01))
    (only,) = found.deepest
    assert (found.episodes, found.share_below_high, only.peak, only.recovery) == (1, 1.0, "2020-01-01", None)
    assert only.depth == metrics.max_drawdown(held([100.0, 99.0, 99.5], cost=0.01).level)


def test_one_session_has_falls_only_by_its_costs() -> None:
    assert measure_falls(held([100.0])).episodes == 0
    assert measure_falls(held([100.0], cost=0.01)).deepest[0].days == 0


def test_the_first_of_equal_lows_is_the_lowest_and_the_first_of_equal_falls_comes_first() -> None:
    first, second = measure_falls(held([100.0, 50.0, 50.0, 100.0, 50.0, 100.0])).deepest
    assert (first.trough, second.trough) == ("2020-01-02", "2020-01-05")


def test_what_has_lost_everything_stays_there() -> None:
    level = np.array([100.0, 120.0, 0.0, 0.0])
    assert drawdowns(level).tolist() == [0.0, 0.0, -1.0, -1.0]
    assert list_episodes(level) == [(1, 2, 4, -1.0)]


@pytest.mark.parametrize("seed", range(20))
def test_the_deepest_and_the_longest_fall_are_those_of_the_metrics(seed: int) -> None:
    one = walk(700, seed)
    found = list_episodes(one.level)
    assert min(episode.depth for episode in found) == one.drawdowns.deepest
    days = [
        int((one.dates[min(recovery, len(one.dates)) - 1] - one.dates[max(peak - 1, 0)]) / np.timedelta64(1, "D"))
        for peak, _, recovery, _ in found
    ]
    assert max(days) == one.drawdowns.longest


def test_a_rival_is_told_of_between_the_same_closes_and_only_if_it_was_there() -> None:
    mine = held([100.0, 110.0, 55.0, 120.0])
    assert measure_falls(mine, "other", held([10.0, 20.0, 30.0, 40.0])).deepest[0].rival_return == pytest.approx(0.5)
    late = held([30.0, 40.0], start="2020-01-03")
    assert measure_falls(mine, "other", late).deepest[0].rival_return is None
    from_capital = measure_falls(held([100.0, 90.0], cost=0.01), "other", held([100.0, 80.0], cost=0.01)).deepest[0]
    assert from_capital.rival_return == pytest.approx(0.8 / 1.01 - 1.0)


def test_a_month_goes_from_the_last_close_before_to_its_own_last_one() -> None:
    one = held(
        [100.0, 110.0, 90.0, 99.0, 120.0], days=["2020-01-30", "2020-01-31", "2020-02-03", "2020-02-28", "2020-03-02"]
    )
    table = SeriesTable(one.dates[[1, 3, 4]], {"strategy": metrics.period_returns(one.level, one.dates, "month")[1]})
    assert table.columns["strategy"] == pytest.approx([0.10, -0.10, 120.0 / 99.0 - 1.0])
    found = measure_months(table)
    assert (found.count, found.positive_share, found.ahead_share) == (3, pytest.approx(2 / 3), None)
    assert found.means[:3] == pytest.approx((0.1, -0.1, 120.0 / 99.0 - 1.0))
    assert found.means[3:] == found.positive_shares[3:] == (None,) * 9


def test_a_month_without_a_change_is_not_above_zero() -> None:
    table = SeriesTable(np.array(["2020-01-31", "2020-02-28"], "datetime64[D]"), {"strategy": np.array([0.0, 0.1])})
    assert measure_months(table).positive_share == 0.5


def test_an_equal_month_is_not_ahead() -> None:
    months = np.array(["2020-01-31", "2020-02-28", "2020-03-31"], "datetime64[D]")
    table = SeriesTable(months, {"strategy": np.array([0.1, 0.2, 0.3]), "B": np.array([0.1, 0.1, np.nan])})
    found = measure_months(table, "B")
    assert (found.rival_count, found.ahead_share) == (2, 0.5)


def test_windows_begin_on_the_same_day_of_the_year_and_on_28_february_for_a_leap_day() -> None:
    dates = np.arange(np.datetime64("2018-01-01"), np.datetime64("2020-03-02"))
    ends = np.flatnonzero(
        np.isin(dates, np.array(["2020-02-29", "2020-02-28", "2019-01-01", "2018-12-31"], "datetime64[D]"))
    )
    starts = find_windows(dates, ends, 1, 252.0).starts
    assert [str(dates[row]) if row >= 0 else None for row in starts] == [None, "2018-01-01", "2019-02-28", "2019-02-28"]


def test_windows_of_monthly_closes_are_whole_periods() -> None:
    dates = np.array(["2018-12-31", "2019-01-30", "2019-02-28", "2020-01-29", "2020-02-28"], "datetime64[D]")
    assert find_windows(dates, np.array([3, 4]), 1, 12.0).starts.tolist() == [1, 2]
    assert find_windows(dates[2:], np.array([1]), 1, 12.0).starts.tolist() == [-1]


def test_growth_over_windows_is_by_calendar_days_from_the_close_of_their_base() -> None:
    one = walk(800, 3)
    ends = month_end_rows(one.dates)
    windows = find_windows(one.dates, ends, 1, 252.0)
    found = growth_rates(one, windows)
    base = np.datetime64("2006-01-31")
    k = int(np.flatnonzero(one.dates[ends] == base)[0])
    start = np.flatnonzero(one.dates <= np.datetime64("2005-01-31"))[-1]
    days = (base - one.dates[start]) / np.timedelta64(1, "D")
    assert found[k] == pytest.approx((one.level[ends[k] + 1] / one.level[start + 1]) ** (365.25 / days) - 1.0)
    assert np.isnan(found[one.dates[ends] < np.datetime64("2005-01-05")]).all()
    assert np.isfinite(found[one.dates[ends] >= np.datetime64("2005-01-05")]).all()


def test_a_run_under_a_year_has_no_windows() -> None:
    assert rolling_table(walk(200, 1), None, None) is None
    assert measure_rolling(None, "", 0.8) == ()
    assert rolling_table(held([100.0]), None, None) is None


def test_a_window_that_a_late_fund_does_not_have_has_no_beta_and_no_rival() -> None:
    mine, late = walk(900, 1), walk(600, 2, start="2005-03-01")
    common = CommonSessions.of(mine, late)
    table = rolling_table(mine, ("late", common), common)
    assert table is not None
    begun = table.dates >= np.datetime64("2006-03-01")
    for name in ("strategy/1y/beta", "late/1y/cagr"):
        assert (np.isfinite(table.columns[name]) == begun).all()
    windows = find_windows(mine.dates, month_end_rows(mine.dates), 1, 252.0)
    pair = CommonSessions.of(mine, mine)
    assert betas(pair, windows)[-1] == pytest.approx(1.0)
    found, three = measure_rolling(table, "late", mine.days / 365.25)
    assert (found.disjoint, three.disjoint) == (mine.days / 365.25, mine.days / 365.25 / 3)
    assert (found.rival_windows, found.windows) == (int(begun.sum()), len(table.dates))


def test_sharpe_ratios_of_windows_are_above_the_rate_of_each_session() -> None:
    one = walk(500, 5)
    windows = find_windows(one.dates, np.array([450]), 1, 252.0)
    start = int(windows.starts[0])
    rates = np.linspace(0.0, 0.0004, len(one.returns))
    for rate in (0.0002, rates):
        excess = (one.returns - rate)[start:450]
        found = volatilities(dataclasses.replace(one, risk_free=rate), windows)
        assert found[0][0] == pytest.approx(one.returns[start:450].std(ddof=1) * 252**0.5)
        assert found[1][0] == pytest.approx(excess.mean() / excess.std(ddof=1) * 252**0.5)


def test_the_volatility_of_months_leaves_the_first_part_of_one_out() -> None:
    months = np.random.default_rng(4).normal(0.0, 0.04, 40)
    found = monthly_volatility(months)
    assert np.isnan(found[:36]).all()
    assert found[36:] == pytest.approx([months[k - 35 : k + 1].std(ddof=1) * 12**0.5 for k in range(36, 40)])


@pytest.mark.parametrize("count", [1, 2, 5, 100, 1777])
def test_percentiles_are_numpys_and_a_histogram_counts_every_return_once(count: int) -> None:
    values = np.sort(np.random.default_rng(count).standard_t(2.0, count) * 0.01)
    for share in PERCENTILES:
        assert quantile(values, share / 100.0) == np.quantile(values, share / 100.0)
    found = make_histogram(values)
    edges = found.start + found.width * np.arange(len(found.counts) + 1)
    assert sum(found.counts) == count
    assert len(found.counts) <= MAX_BINS
    assert edges[0] <= values[0] or found.open_below
    assert values[-1] < edges[-1] or found.open_above
    assert min(abs(edges)) < 1e-12 or edges[0] > 0.0 or edges[-1] < 0.0  # gains and losses share no bin
    inner = edges[1:-1]
    below = np.searchsorted(values, inner)
    assert np.cumsum(found.counts)[:-1].tolist() == pytest.approx(below.tolist(), abs=1)


def test_returns_that_are_all_the_same_make_one_bin() -> None:
    assert make_histogram(np.full(9, 0.01)).counts == (9,)
    assert make_histogram(np.zeros(3)).counts == (3,)


def test_the_best_and_worst_sessions_are_in_order_and_beside_the_rivals_own_return() -> None:
    mine, other = held([100.0, 200.0, 100.0, 100.0, 200.0]), held([10.0, 10.0, 20.0, 5.0, 5.0])
    found = measure_distribution(mine, np.array([0.089]), "other", CommonSessions.of(mine, other))
    assert [one.date for one in found.best] == ["2020-01-02", "2020-01-05", "2020-01-04", "2020-01-03"]
    assert found.best[0].date < found.best[1].date  # of equals the earlier
    worst = found.worst[0]
    assert (worst.date, worst.value, worst.rival_return) == ("2020-01-03", -0.5, pytest.approx(1.0))
    assert (found.left_out, found.total_without_best) == (4, pytest.approx(0.0))


def test_a_rival_that_begins_later_did_nothing_on_the_days_before() -> None:
    mine, late = held([100.0, 90.0, 120.0]), held([10.0, 11.0], start="2020-01-02")
    found = measure_distribution(mine, np.array([0.2]), "late", CommonSessions.of(mine, late))
    assert [(one.date, one.rival_return) for one in found.best] == [
        ("2020-01-03", pytest.approx(0.1)),
        ("2020-01-02", None),
    ]


def test_one_session_has_no_returns_and_two_have_one() -> None:
    nothing = measure_distribution(held([100.0]), np.array([0.0]))
    assert (nothing.sessions, nothing.best, nothing.total_without_best, nothing.left_out) == (None, (), None, 0)
    one = measure_distribution(held([100.0, 101.0]), np.array([0.01])).sessions
    assert one is not None
    assert (one.count, one.deviation, one.skewness, one.autocorrelation) == (1, 0.0, None, None)


def test_the_ratio_begins_at_one_where_a_late_rival_begins() -> None:
    mine, late = held([100.0, 200.0, 100.0, 300.0]), held([10.0, 10.0, 20.0], start="2020-01-02")
    found = measure_ratio(CommonSessions.of(mine, late), "late")
    assert found is not None
    assert (found.start, found.last, found.lowest, found.highest) == ("2020-01-02", 0.75, 0.5, 1.0)
    assert (found.lowest_date, found.highest_date, found.share_above_one) == ("2020-01-03", "2020-01-02", 0.0)


def test_the_ratio_counts_what_the_opening_cost() -> None:
    mine, other = held([100.0, 110.0], cost=0.25), held([50.0, 50.0])
    found = measure_ratio(CommonSessions.of(mine, other), "other")
    assert found is not None
    assert found.last == mine.level[-1] / other.level[-1] == pytest.approx(1.1 / 1.25)


def test_the_costs_of_the_years_have_the_yearly_fee_in_them() -> None:
    closes = np.full((600, 1), 10.0)
    market = Market.build(np.datetime64("2020-01-01") + np.arange(600), ("A",), closes)
    plan = BuyAndHold.model_validate({"weights": {"A": "100%"}})
    ledger = simulate(market, plan, account(), PercentCosts.model_validate({"rate": 0, "yearly": "1%"}).cost_table(1))
    one = PortfolioResult("strategy", market, ledger, Performance.from_ledger(ledger), {})
    assert ledger.fees.sum() > 0.0
    assert sum(year.costs for year in account_by_year(one)) == pytest.approx(one.performance.costs, rel=1e-12)
