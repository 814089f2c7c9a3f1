"""Figures that other tools' tests and closed forms fix."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analysis import metrics
from engine.analysis.metrics_table import compute_metrics
from engine.analysis.performance import Performance
from engine.diagnostics.verify.rates import CUMULATIVE_RETURNS, time_weighted_figures
from engine.diagnostics.verify.ratios import FALLING, MIXED, MONTHLY, RISING, YEARLY, level_figures, series_figures
from engine.simulation.kernel.series_sums import fill_level
from engine.simulation.simulate import simulate
from strategies.buy_and_hold import BuyAndHold
from tests.reference.engine_runs import ListedFlows
from tests.support.markets import account, free, market_of
from tests.support.published import ExpectedFigures

SERIES, LEVELS = ExpectedFigures(series_figures()), ExpectedFigures(level_figures())


def level(returns: np.ndarray) -> np.ndarray:
    return np.concatenate([[1.0], np.cumprod(1.0 + returns[np.isfinite(returns)])])


def test_a_mixed_series_has_the_figures_of_empyrical() -> None:
    assert metrics.total_return(level(MIXED)) == pytest.approx(SERIES["mixed, cumulative"], abs=1e-9)
    assert metrics.max_drawdown(level(MIXED)) == pytest.approx(SERIES["mixed, max drawdown"], abs=1e-12)
    assert metrics.volatility(MIXED) == pytest.approx(SERIES["mixed, volatility"], rel=1e-12)
    assert metrics.sharpe(MIXED) == pytest.approx(SERIES["mixed, Sharpe"], rel=1e-12)
    assert metrics.sortino(MIXED) == pytest.approx(SERIES["mixed, Sortino"], rel=1e-12)
    assert metrics.downside_deviation(MIXED) == pytest.approx(SERIES["mixed, downside risk"], rel=1e-12)


def test_a_leading_nan_is_not_an_observation() -> None:
    """Empyrical's 1.9135925 counts the NaN row as a day; eight real returns give 2.3302927973."""
    assert metrics.annual_return_by_count(MIXED) == pytest.approx(
        SERIES["mixed, annual return of eight days"], rel=1e-10
    )
    as_zero = np.where(np.isfinite(MIXED), MIXED, 0.0)
    assert metrics.annual_return_by_count(as_zero) == pytest.approx(1.9135925373194231, rel=1e-12)
    assert metrics.calmar(metrics.annual_return_by_count(as_zero), -0.1) == pytest.approx(19.135925373194233, rel=1e-12)


def test_falling_and_rising_series_have_the_figures_of_empyrical() -> None:
    assert metrics.total_return(level(FALLING)) == pytest.approx(SERIES["falling, cumulative"], abs=1e-5)
    assert metrics.sharpe(FALLING) == pytest.approx(SERIES["falling, Sharpe"], rel=1e-12)
    assert metrics.sortino(FALLING) == pytest.approx(SERIES["falling, Sortino"], rel=1e-12)
    assert metrics.sharpe(RISING) == pytest.approx(SERIES["rising, Sharpe"], rel=1e-12)
    assert metrics.max_drawdown(level(RISING)) == 0.0


def test_monthly_returns_annualise_by_twelve() -> None:
    growth = metrics.annual_return_by_count(MONTHLY, periods=12)
    assert growth == pytest.approx(SERIES["monthly, annual return"], rel=1e-12)
    assert metrics.volatility(MONTHLY, periods=12) == pytest.approx(SERIES["monthly, volatility"], rel=1e-12)
    assert metrics.calmar(growth, metrics.max_drawdown(level(MONTHLY))) == pytest.approx(
        SERIES["monthly, Calmar"], rel=1e-12
    )


@pytest.mark.parametrize(
    ("levels", "deepest"),
    [
        ([1, 0.9, 0.75], -0.25),
        ([5000, 5100, 4900, 5200, 4800, 5050], LEVELS["drawdown from 5000"]),
        ([50, 55, 52, 60, 54, 58], -0.10),
        ([1, 1, 0.5, 1, 1, 2], -0.5),
    ],
)
def test_drawdown_counts_from_the_first_level(levels: list[float], deepest: float) -> None:
    assert metrics.max_drawdown(np.array(levels, dtype=float)) == pytest.approx(deepest, abs=1e-9)


def test_the_longest_drawdown_runs_from_the_high_to_its_recovery() -> None:
    """[100, 120, 110, 80, ..., 120]: high on 2015-01-04, recovered on 01-12."""
    dates = np.arange(np.datetime64("2015-01-03"), np.datetime64("2015-01-15"))
    values = np.array([100, 120, 110, 80, 90, 95, 100, 105, 110, 120, 120, 121], dtype=float)
    days = metrics.level_sums(np.concatenate([[100.0], values]), dates).longest
    assert days == 8


def test_a_period_s_volatility_is_the_root_of_its_scatter() -> None:
    """portfolio-performance: sample variance of the log returns times their number, not annualised."""
    logs = np.log1p(np.array([0.005, -1 / 300, -0.005, 0.01, 0.01, -0.005]))
    assert metrics.volatility(logs, periods=len(logs)) == pytest.approx(0.017736692475, rel=2e-10)
    below_mean = metrics.downside_deviation(logs, logs.mean(), periods=len(logs)) * np.sqrt(6 / 5)
    assert below_mean == pytest.approx(0.012188677034, rel=2e-10)


def test_growth_a_year_counts_calendar_days() -> None:
    weekly = np.full(26, 0.006)
    total = metrics.total_return(level(weekly))
    assert total == pytest.approx(LEVELS["26 weeks, total"], rel=1e-11)
    assert metrics.annual_return_by_count(weekly, periods=52) == pytest.approx(LEVELS["26 weeks, by count"], rel=1e-11)
    by_days = metrics.cagr(level(weekly), 175.0)
    assert (1 + by_days) ** (365 / 365.25) - 1 == pytest.approx(LEVELS["26 weeks, by days"], rel=1e-10)
    doubled = metrics.cagr(np.array([100.0, 200.0]), 364.0)
    assert doubled == pytest.approx(2 ** (365.25 / 364) - 1, rel=1e-14)
    assert doubled == pytest.approx(1.003812129465, rel=1e-3)


def test_a_held_mix_is_not_the_mean_of_annualised_returns() -> None:
    """Half in +10 % a month, half in +1 %, 24 months, never rebalanced."""
    months = np.arange(25)
    value = 0.5 * 1.1**months + 0.5 * 1.01**months
    assert metrics.annual_return_by_count(value[1:] / value[:-1] - 1.0, periods=12) == pytest.approx(
        LEVELS["a held mix"], rel=1e-11
    )


def test_sharpe_sortino_and_omega_of_published_series() -> None:
    assert metrics.sharpe(YEARLY, 0.05, periods=1) == pytest.approx(SERIES["yearly, Sharpe at 5 %"], abs=5e-7)
    series = np.array([0.17, 0.15, 0.23, -0.05, 0.12, 0.09, 0.13, -0.04])
    assert metrics.sortino(series, 0.0, periods=1) == pytest.approx(SERIES["eight years, Sortino"], abs=5e-7)
    twelve = [0.0089, 0.0012, -0.002, 0.01, -0.0002, 0.02, 0.03, 0.01, -0.003, 0.01, 0.0102, -0.01]
    assert metrics.omega(np.array(twelve), 0.01) == pytest.approx(SERIES["twelve months, Omega at 1 %"], abs=1e-9)


def test_a_constant_rate_and_a_series_of_it_give_the_same_sharpe() -> None:
    rate = metrics.rate_per_session(0.03)
    scalar = metrics.sharpe(MIXED, rate)
    assert metrics.sharpe(MIXED, np.full(len(MIXED), rate)) == pytest.approx(scalar, rel=1e-12)
    assert (1 + rate) ** 252 == pytest.approx(1.03, rel=1e-12)


def test_sharpe_does_not_move_when_returns_and_rate_move_together() -> None:
    assert metrics.sharpe(MIXED + 0.01, 0.01) == pytest.approx(metrics.sharpe(MIXED), rel=1e-12)


def test_figures_that_do_not_exist_are_none() -> None:
    assert metrics.sharpe(np.array([0.01])) is None
    assert metrics.sharpe(np.zeros(10)) is None
    assert metrics.sortino(np.full(5, 0.01)) is None
    assert metrics.calmar(0.1, 0.0) is None
    assert metrics.omega(np.array([0.01, 0.02])) is None
    assert metrics.volatility(np.array([])) is None
    assert metrics.cagr(np.array([1.0, 2.0]), 0.0) is None
    assert metrics.beta(np.ones(5), np.ones(5)) is None


# time-weighted returns --------------------------------------------------------------------------------------------------


def test_time_weighted_returns_take_flows_out_at_start_and_end_of_day() -> None:
    """portfolio-performance ClientIndexTest: inbound at the start of the day, outbound at its end."""
    gains = [0, 230, 200, -234.41, 293.99, 293.99, 195.99, -882.52, -1003.85]
    inbound = np.array([0, 0, 200, 0, 0, 0, 5400, 0, 0], dtype=float)
    outbound = np.array([0, 0, 0, 400, 0, 0, 0, 3697.04, 0])
    value = [10000.0]
    for day in range(1, 9):
        value.append(value[-1] + inbound[day] + gains[day] - outbound[day])
    assert value[-1] == pytest.approx(10596.15, abs=1e-9)
    before = np.array([0.0, *value[:-1]])  # inbound money is there all day, outbound money too
    returns = metrics.time_weighted_returns(np.array(value), inbound - outbound, before)
    cumulative = np.cumprod(1.0 + returns) - 1.0
    assert cumulative == pytest.approx(CUMULATIVE_RETURNS, abs=1e-9)


def test_the_money_weighted_rate_of_the_same_days_is_the_published_one() -> None:
    from engine.analysis.money_weighted import dated_internal_rates

    days = np.array(
        ["2011-12-31", "2012-01-02", "2012-01-03", "2012-01-06", "2012-01-07", "2012-01-08"], dtype="datetime64[D]"
    )
    rate = dated_internal_rates(days, np.array([-10000, -200, 400, -5400, 3697.04, 10596.15]))
    assert rate.value == pytest.approx(ExpectedFigures(time_weighted_figures())["XIRR"], abs=1e-9)


@pytest.mark.parametrize("transfers", [[1e6, 0, 20000, -40000, 0, 0, 540000, -369704, 0], [1e6] + [0] * 8])
def test_transfers_do_not_change_the_time_weighted_return(transfers: list[float]) -> None:
    path = np.array([0, 0.023, 0.043, 0.02, 0.05, 0.08, 0.1, 0.04, -0.05])
    growth = (1 + path[1:]) / (1 + path[:-1])
    inbound, outbound = np.maximum(transfers, 0.0), np.minimum(transfers, 0.0)
    value = [transfers[0]]
    for day in range(1, 9):
        value.append((value[-1] + inbound[day]) * growth[day - 1] + outbound[day])
    returns = metrics.time_weighted_returns(np.array(value), inbound + outbound, np.array([0.0, *value[:-1]]))
    assert np.cumprod(1 + returns) - 1 == pytest.approx(path[1:], abs=1e-12)


def test_drawdown_is_measured_on_the_unit_value_not_on_a_contributed_account() -> None:
    """NAV 100, 90, 80, 88 with 100 paid in each day: the account only grows, the investment fell by a fifth."""
    market = market_of(np.array([[100.0], [90.0], [80.0], [88.0]]))
    flows = {1: 100.0, 2: 100.0, 3: 100.0}
    paid_in = account(capital=100).model_copy(update={"contributions": ListedFlows(flows=flows)})
    ledger = simulate(market, BuyAndHold(weights={"A": "100%"}), paid_in, free(1))
    assert ledger.value == pytest.approx([100, 190, 268.888889, 395.777778], abs=1e-6)
    numbers = compute_metrics(Performance.from_ledger(ledger))
    assert numbers["max_drawdown"] == pytest.approx(-0.2, abs=1e-12)
    assert metrics.max_drawdown(ledger.value) == 0.0
    assert numbers["total_return"] == pytest.approx(-0.12, abs=1e-12)


def test_cash_alone_earns_exactly_its_annual_rate() -> None:
    closes = np.full((366, 1), 100.0)
    dates = np.arange(np.datetime64("2021-01-01"), np.datetime64("2022-01-02"))
    for step in (1, 5, 73):
        from engine.data.market import Market

        market = Market.build(dates[::step], ("A",), closes[::step], annual_cash_rate=0.05)
        ledger = simulate(market, BuyAndHold(weights={"A": "0.0000001%"}), account(), free(1))
        assert ledger.value[-1] / ledger.value[0] == pytest.approx(1.05, abs=1e-9)


def test_a_dated_rate_is_the_last_one_published_and_a_constant_one_equals_the_scalar(tmp_path) -> None:
    from engine.data.sources.rates import RateFile

    path = tmp_path / "rates.csv"
    path.write_text("date,rate\n2020-01-01,5.0\n2020-01-06,\n2020-01-08,2.5\n")
    days = np.array(["2020-01-01", "2020-01-06", "2020-01-07", "2020-01-08"], dtype="datetime64[D]")
    rates = RateFile(path=str(path), unit="percent").annual_rates(days)
    assert rates.tolist() == [0.05, 0.05, 0.05, 0.025]
    assert metrics.rate_per_session(rates)[0] == metrics.rate_per_session(0.05)
    returns = np.array([0.01, -0.02, 0.03])
    constant = metrics.rate_per_session(np.full(3, 0.05))
    assert metrics.sharpe(returns, constant) == pytest.approx(
        metrics.sharpe(returns, metrics.rate_per_session(0.05)), rel=1e-12
    )


def test_a_rate_file_that_cannot_be_meant_is_refused(tmp_path) -> None:
    from engine.core.errors import DataError
    from engine.data.sources.rates import RateFile

    path = tmp_path / "rates.csv"
    day = np.array(["2020-01-01"], dtype="datetime64[D]")
    for text, words in (
        ("date,rate\n2020-01-02,5\n", "the first rate is of 2020-01-02"),
        ("date,rate\n2019-01-02,5\n", "is `unit: fraction` right"),
        ("date,rate\n", "no rate in it"),
        ("date,rate\n02/01/2020,5\n", "rates.csv:2: found '02/01/2020,5'"),
    ):
        path.write_text(text)
        with pytest.raises(DataError, match=words):
            RateFile(path=str(path), unit="fraction").annual_rates(day)
    with pytest.raises(DataError, match="No such file"):
        RateFile(path=str(tmp_path / "none.csv"), unit="percent").annual_rates(day)


def test_beta_correlation_tracking_error_and_turnover_follow_from_their_definitions() -> None:
    rng = np.random.default_rng(4)
    other = rng.normal(0.0, 0.01, 400)
    mine = 0.7 * other + rng.normal(0.0, 0.002, 400)
    slope = np.polyfit(other, mine, 1)[0]
    assert metrics.beta(mine, other) == pytest.approx(slope, rel=1e-10)
    assert metrics.correlation(mine, other) == pytest.approx(slope * other.std() / mine.std(), rel=1e-10)
    gap = mine - other
    assert metrics.tracking_error(mine, other) == pytest.approx(gap.std(ddof=1) * 252**0.5, rel=1e-12)
    assert metrics.information_ratio(mine, other) == pytest.approx(
        gap.mean() * 252 / metrics.tracking_error(mine, other), rel=1e-12
    )
    assert metrics.correlation(mine[:1], other[:1]) is None
    assert metrics.turnover(300.0, 1000.0, 2.0) == pytest.approx(0.075)
    assert metrics.turnover(300.0, 0.0, 2.0) is None
    assert metrics.turnover(300.0, 1000.0, 0.0) is None


def test_the_ulcer_index_is_the_root_of_the_mean_squared_fall() -> None:
    """Falls 0, 20 %, 0, 10 %: (0.04 + 0.01) / 4 = 0.0125."""
    assert metrics.level_sums(np.array([100.0, 80.0, 100.0, 90.0])).mean_square ** 0.5 == pytest.approx(
        0.0125**0.5, rel=1e-12
    )


def test_omega_divides_gains_by_shortfalls_around_the_threshold() -> None:
    """Around 1 %: gains 2 + 1, shortfalls 2 + 5; around 0: 3 + 2 and 1 + 4."""
    returns = np.array([0.03, -0.01, 0.02, -0.04])
    assert metrics.omega(returns, 0.01) == pytest.approx(3 / 7, rel=1e-12)
    assert metrics.omega(returns) == pytest.approx(1.0, rel=1e-12)


def test_calendar_years_chain_from_the_capital_to_the_last_session() -> None:
    """100 to 110 in 2020 (year 50 after 1970), 110 to 165 in 2021, 165 to 132 in the days of 2022."""
    dates = np.array(["2020-12-30", "2020-12-31", "2021-01-04", "2021-12-31", "2022-01-03"], dtype="datetime64[D]")
    years, returns = metrics.period_returns(np.array([100.0, 90.0, 110.0, 120.0, 165.0, 132.0]), dates, "year")
    assert years.tolist() == [50, 51, 52]
    assert returns == pytest.approx([0.1, 0.5, -0.2], rel=1e-12)


def test_a_lost_account_loses_everything_once_and_nothing_after() -> None:
    """From 100 to 0 is -100 %; from 0 to 0 is no change; from 0.5 to 0.75 is +50 %."""
    dates = np.array(["2020-12-31", "2021-12-31"], dtype="datetime64[D]")
    assert metrics.period_returns(np.array([100.0, 0.0, 0.0]), dates, "year")[1].tolist() == [-1.0, 0.0]
    nothing = np.zeros(3)
    lost = metrics.time_weighted_returns(np.array([100.0, 0.0, 0.0]), nothing, nothing)
    assert lost.tolist() == [-1.0, 0.0]
    assert metrics.period_returns(np.array([0.5, 0.75, 1.5]), dates, "year")[1].tolist() == [0.5, 1.0]
    one = metrics.time_weighted_returns(np.array([1.0, 1.5, 3.0]), nothing, nothing)
    assert one.tolist() == [0.5, 1.0]
    assert metrics.cagr(np.array([100.0, 0.0]), 700.0) == -1.0
    assert metrics.cagr(np.array([100.0, 50.0, -1.0]), 700.0) is None


def test_the_growth_of_a_single_day_is_annualised_too() -> None:
    """A thousandth a day is 1.001 ** 365.25 = 1.4406 in a year."""
    assert metrics.cagr(np.array([100.0, 100.1]), 1.0) == pytest.approx(0.4406, abs=5e-5)


def test_the_level_begins_with_the_capital_and_chains_the_returns_onto_the_first_value() -> None:
    level_after_costs = np.empty(4)
    fill_level(100.0, 99.0, np.array([0.1, -0.5]), level_after_costs)
    assert level_after_costs == pytest.approx([100.0, 99.0, 108.9, 54.45], rel=1e-12)


def test_a_drawdown_that_never_recovers_lasts_to_the_end_and_one_from_costs_begins_at_the_opening() -> None:
    """High on 1 January, still below it on 10 February: 40 days; costs made good on 10 January: 9 days."""
    dates = np.array(["2020-01-01", "2020-01-11", "2020-02-10"], dtype="datetime64[D]")
    assert metrics.level_sums(np.array([100.0, 110.0, 90.0, 95.0]), dates).longest == 40
    dates = np.array(["2020-01-01", "2020-01-06", "2020-01-10"], dtype="datetime64[D]")
    assert metrics.level_sums(np.array([100.0, 99.0, 99.5, 101.0]), dates).longest == 9


def test_the_days_of_a_drawdown_are_counted_before_1970_too() -> None:
    """The Dow's close of 3 September 1929 was passed on 23 November 1954, 25 years and 81 days (6 of them leap) later."""
    dates = np.array(["1929-09-03", "1932-07-08", "1954-11-23"], dtype="datetime64[D]")
    assert metrics.level_sums(np.array([381.17, 381.17, 41.22, 382.74]), dates).longest == 25 * 365 + 6 + 81


def test_a_negative_rate_a_year_is_a_negative_rate_a_period() -> None:
    assert metrics.rate_per_session(-0.19, periods=2) == pytest.approx(-0.1, rel=1e-12)
    assert metrics.rate_per_session(np.array([-0.19]), periods=2) == pytest.approx([-0.1], rel=1e-12)


def test_one_observation_has_no_scatter_and_two_have() -> None:
    """1 % and 3 %: mean 2 %, standard deviation 2 % / sqrt(2)."""
    one, two = np.array([-0.02]), np.array([0.01, 0.03])
    assert metrics.volatility(one) is None
    assert metrics.volatility(two, periods=1) == pytest.approx(0.02 / 2**0.5, rel=1e-12)
    assert metrics.sharpe(two, periods=1) == pytest.approx(2**0.5, rel=1e-12)
    assert metrics.beta(one, one) is None
    assert metrics.beta(np.array([1.0, 3.0]), np.array([0.0, 1.0])) == pytest.approx(2.0, rel=1e-12)
    assert metrics.correlation(np.array([1.0, 3.0]), np.array([0.0, 1.0])) == pytest.approx(1.0, rel=1e-12)
    assert metrics.downside_deviation(one, periods=4) == pytest.approx(0.04, rel=1e-12)
    assert metrics.sortino(one, periods=4) == pytest.approx(-2.0, rel=1e-12)
    assert metrics.annual_return_by_count(np.array([0.1]), periods=2) == pytest.approx(0.21, rel=1e-12)


def test_no_observation_has_no_figure() -> None:
    nothing = np.array([np.nan])
    for figure in (metrics.volatility, metrics.annual_return_by_count, metrics.downside_deviation, metrics.sharpe):
        assert figure(nothing) is None
    assert metrics.calmar(None, -0.1) is None
    assert metrics.beta(nothing[:0], nothing[:0]) is None
    assert metrics.correlation(nothing[:0], nothing[:0]) is None
    steady, moving = np.full(3, 0.01), np.array([0.01, 0.02, 0.03])
    assert metrics.correlation(steady, moving) is None
    assert metrics.correlation(moving, steady) is None


def test_a_turnover_of_half_a_year_and_half_a_coin_is_annualised() -> None:
    """300 traded is 150 one way, of 1000 in half a year: 30 %; 1 of 0.5 in a year: 100 %."""
    assert metrics.turnover(300.0, 1000.0, 0.5) == pytest.approx(0.3, rel=1e-12)
    assert metrics.turnover(1.0, 0.5, 1.0) == pytest.approx(1.0, rel=1e-12)


returns_lists = st.lists(st.floats(-0.2, 0.25), min_size=5, max_size=120)


@given(returns_lists)
def test_figures_agree_with_empyrical(values: list[float]) -> None:
    import empyrical

    r = np.array(values)
    if np.ptp(r) < 1e-6:
        return
    assert metrics.volatility(r) == pytest.approx(empyrical.annual_volatility(r), rel=1e-10)
    assert metrics.sharpe(r) == pytest.approx(empyrical.sharpe_ratio(r), rel=1e-10, abs=1e-10)
    assert metrics.max_drawdown(level(r)) == pytest.approx(empyrical.max_drawdown(r), rel=1e-10, abs=1e-12)
    assert metrics.annual_return_by_count(r) == pytest.approx(empyrical.annual_return(r), rel=1e-10, abs=1e-12)
    if r.min() < -1e-6:
        assert metrics.sortino(r) == pytest.approx(empyrical.sortino_ratio(r), rel=1e-10, abs=1e-10)


def test_real_treasury_bills_lower_the_sharpe_ratio(shared_data) -> None:
    from pathlib import Path

    from engine.backtest.workflow import run_backtest
    from engine.composition import load_run

    quick = Path(__file__).parents[2] / "configs" / "quickstart.yaml"
    rates = f"compare.risk_free={{path: {shared_data / 'macro' / 'fred_DTB3.csv'}, unit: percent}}"
    base = run_backtest(load_run(quick, ["evidence.draws=100"])).comparison.strategy.metrics
    with_bills = run_backtest(load_run(quick, ["evidence.draws=100", rates])).comparison.strategy.metrics
    assert base["sharpe"] - 0.08 < with_bills["sharpe"] < base["sharpe"]
    assert with_bills["cagr"] == base["cagr"]


def test_a_total_loss_is_exactly_that_whatever_the_value_before() -> None:
    """The reciprocal of one value in eight misses it by a bit; a level chained from such a return would live on."""
    before = np.random.default_rng(3).lognormal(8.0, 3.0, 2000)
    value = np.stack([before, np.zeros(2000)])
    nothing = np.zeros(2)
    for row in value.T:
        assert metrics.time_weighted_returns(row, nothing, nothing).tolist() == [-1.0]
        assert metrics.max_drawdown(row) == -1.0
        left = np.array([row[0], 1e-17 * row[0]])
        assert metrics.time_weighted_returns(left, nothing, nothing).tolist() == [-1.0]


def test_small_changes_keep_their_digits_and_no_change_is_none() -> None:
    before = np.random.default_rng(4).lognormal(8.0, 3.0, 500)
    for share in (1e-3, 1e-9, 1e-13):
        after = before * (1.0 + share)
        exact = [float(Fraction(b) / Fraction(a) - 1) for a, b in zip(before.tolist(), after.tolist(), strict=True)]
        nothing = np.zeros(2)
        found = [
            metrics.time_weighted_returns(np.array(pair), nothing, nothing)[0]
            for pair in zip(before, after, strict=True)
        ]
        assert found == pytest.approx(exact, rel=4e-16)
    assert metrics.time_weighted_returns(np.full(5, 0.3), np.zeros(5), np.zeros(5)).tolist() == [0.0] * 4


def test_opposite_returns_have_a_correlation_of_minus_one() -> None:
    """As far below nought as equal ones are above."""
    returns = np.array([0.1, -0.2, 0.05, 0.3])
    assert metrics.correlation(returns, -2.0 * returns) == pytest.approx(-1.0, abs=1e-15)


def test_a_month_s_return_is_counted_from_the_end_of_the_month_before() -> None:
    """Three months of two, one and one sessions: each is numbered, and the first begins at the capital."""
    dates = np.array(["2020-01-30", "2020-01-31", "2020-02-28", "2020-03-31"], dtype="datetime64[D]")
    months, returns = metrics.period_returns(np.array([100.0, 105.0, 110.0, 99.0, 99.0]), dates, "month")
    assert np.diff(months).tolist() == [1, 1]
    assert returns == pytest.approx([0.1, -0.1, 0.0], abs=1e-15)
