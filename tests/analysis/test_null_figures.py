"""Figures that rounding would decide do not exist, and tails and falls are counted exactly (S13)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.analysis import metrics
from engine.analysis.caveats import caveats
from engine.analysis.comparison import ComparisonTerms, PortfolioMarket, compare
from engine.analysis.metrics_table import compute_metrics
from engine.analysis.performance import Performance
from engine.analysis.return_statistics import ReturnStatistics
from engine.data.market import Market
from engine.simulation.simulate import simulate
from strategies.buy_and_hold import BuyAndHold
from tests.support.markets import account, free, market_of


def lines(rate: float, sessions: int = 84) -> np.ndarray:
    """Closes that change by one rate: all that their returns differ by is the rounding of a close."""
    return 100.0 * (1.0 + rate) ** np.arange(sessions)


@pytest.mark.parametrize("rate", [0.001, -0.0005, 1e-5, 0.03, 0.0])
def test_a_ratio_to_rounding_does_not_exist(rate: float) -> None:
    """A straight line has no scatter: what its returns differ by is the last bit of its closes, and no denominator."""
    line, other = (np.diff(x) / x[:-1] for x in (lines(rate), lines(0.0004)))
    noise = np.random.default_rng(1).normal(0.0, 0.01, len(line))
    assert metrics.sharpe(line) is metrics.sharpe(line, 0.0001) is metrics.information_ratio(line, other) is None
    assert metrics.beta(noise, line) is metrics.correlation(noise, line) is metrics.correlation(line, noise) is None
    assert metrics.information_ratio(noise + 1e-16 * noise, noise) is None
    statistics = ReturnStatistics.from_series(line)
    assert statistics.skewness is statistics.kurtosis is None
    if rate >= 0.0:
        assert statistics.sortino() is statistics.omega is None
    assert metrics.calmar(0.1, -1e-13) is None
    assert metrics.beta(noise, noise) == metrics.correlation(noise, noise) == 1.0


def test_small_scatter_is_no_rounding() -> None:
    """Returns that differ by a millionth of a basis point have a Sharpe ratio, and a fall of a millionth is a fall."""
    small = 1e-10 * np.random.default_rng(2).normal(1.0, 1.0, 300)
    assert metrics.sharpe(small) == pytest.approx(small.mean() / small.std(ddof=1) * math.sqrt(252.0), rel=1e-9)
    assert metrics.calmar(0.1, -1e-6) == pytest.approx(1e5)


def test_beta_and_correlation_are_those_of_numpy() -> None:
    """Sums of numpy run in another order: the same to rounding."""
    x, y = np.random.default_rng(3).normal(0.0, 0.01, (2, 500))
    assert metrics.beta(x + y, y) == pytest.approx(np.cov(x + y, y)[0, 1] / y.var(ddof=1), rel=1e-12)
    assert metrics.correlation(x + y, y) == pytest.approx(np.corrcoef(x + y, y)[0, 1], rel=1e-12)


@pytest.mark.parametrize("rate", [0.001, 0.0])
def test_a_level_that_never_falls_has_no_drawdown_whatever_the_calendar(rate: float) -> None:
    """Weekends and holidays between two highs, or between two equal closes, are no days below a high."""
    dates = np.busday_offset("2020-01-03", np.arange(84), roll="forward").astype("datetime64[D]")
    level = np.append(lines(rate)[:1], lines(rate))
    level[40] *= 1.0 - 1e-14
    assert metrics.level_sums(level, dates).longest == 0


def test_a_drawdown_counts_from_the_close_before_it_to_the_close_after_it() -> None:
    """Friday high, Monday below, Tuesday high: four days; the weekend between two highs counts for nothing."""
    dates = np.array(["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07", "2020-01-10", "2020-01-13"], "M8[D]")
    assert metrics.level_sums(np.array([100.0, 100.0, 101.0, 100.0, 101.0, 102.0, 103.0]), dates).longest == 4
    assert metrics.level_sums(np.array([100.0, 100.0, 101.0, 102.0, 103.0, 104.0, 100.0]), dates).longest == 3


@pytest.mark.parametrize(
    ("count", "wanted"), [(1, 0.0), (19, 0.0), (20, 0.0), (30, 1 / 3), (40, 0.5), (50, (0 + 1 + 0.5 * 2) / 2.5)]
)
def test_the_expected_shortfall_is_the_mean_of_exactly_five_percent(count: int, wanted: float) -> None:
    """Of returns 0, 1, 2, ... the worst 5 % of 50 are the worst two and half of the third."""
    shuffled = np.random.default_rng(4).permutation(count).astype(float)
    assert ReturnStatistics.from_series(shuffled).expected_shortfall == pytest.approx(wanted, rel=1e-15)


def test_a_month_without_a_change_is_not_won() -> None:
    """Of three months one rises, one ends a bit above where it began, one stays: a third is won."""
    dates = np.array(["2020-01-02", "2020-01-31", "2020-02-28", "2020-03-31"], dtype="datetime64[D]")
    closes = np.array([[100.0], [101.0], [101.0 * (1.0 + 4e-16)], [101.0 * (1.0 + 4e-16)]])
    market = Market.build(dates, ("A",), closes)
    ledger = simulate(market, BuyAndHold(weights={"A": "100%"}), account(), free(1))
    assert compute_metrics(Performance.from_ledger(ledger))["win_months"] == pytest.approx(1.0 / 3.0)


def test_growth_beyond_all_numbers_has_no_rate_a_year() -> None:
    """Ten times the money within a day is 10 ** 365 a year: no number, and no error."""
    assert metrics.cagr(np.array([1.0, 10.0]), 1.0) is None


@pytest.mark.parametrize(("first", "last", "said"), [(0, 262, False), (0, 258, True), (0, 90, True), (300, 700, False)])
def test_annual_figures_of_less_than_a_year_are_said_not_to_be(first: int, last: int, *, said: bool) -> None:
    """262 weekdays span a year and a day, 258 of them 361 days; a benchmark that lists late is named alone."""
    closes = np.repeat(100.0 + np.arange(last + 1.0)[:, None], 2, axis=1)
    closes[: max(last - 60, 1) if first else 0, 1] = np.nan
    market = market_of(closes)
    plans = [BuyAndHold(weights={name: "100%"}) for name in market.assets]
    found = compare(
        market,
        lambda names: PortfolioMarket(market, first),
        plans[0],
        account(),
        free(2),
        ComparisonTerms({"late": plans[1]}, buy_and_hold=False),
    )
    lines = [line for line in caveats(found, plans[0], (None, None), first) if line.startswith("Less than a year")]
    named = [f"Less than a year ({found.strategy.performance.days:.0f} days): strategy, late. "] if said else []
    if first:
        named = ["Less than a year (84 days): late. "]
    assert [line[: len(want)] for line, want in zip(lines, named, strict=True)] == named
