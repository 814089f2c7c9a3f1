"""Runs of closes that are not daily: figures a year, and a portfolio beside others (S1)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.metrics_table import METRICS, metrics_at
from engine.backtest.outputs import RunResult
from engine.backtest.workflow import run_backtest
from engine.core.errors import DataError, ScheduleError, StalePriceError
from tests.support.configs import config, message

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.usefixtures("price_store")

PLAN = """
name: frequencies
data: {source: {kind: files, path: closes.csv, closes: adjusted, currency: USD}}
strategy: {kind: buy_and_hold, weights: {A: 100%}}
costs: {kind: percent, rate: 0.1%}
"""


def walk(dates: np.ndarray, seed: int, volatility: float) -> pd.Series:
    """A lognormal walk of closes on ``dates``, to the cent."""
    steps = np.random.default_rng(seed).normal(0.0004, volatility, len(dates))
    return pd.Series(np.round(100.0 * np.exp(np.cumsum(steps)), 2), index=pd.DatetimeIndex(dates))


DAYS = pd.date_range("2012-01-01", "2019-12-31", freq="D")
A = walk(DAYS[DAYS.day_of_week < 5], 1, 0.01)
B = walk(DAYS[DAYS.day_of_week < 5], 2, 0.008)
COIN = walk(DAYS, 3, 0.04)


def run(tmp_path: Path, closes: dict[str, pd.Series], *overrides: str) -> RunResult:
    """Run the plan over some closes, with ``overrides``."""
    path = tmp_path / "closes.csv"
    pd.DataFrame(closes).sort_index().rename_axis("date").to_csv(path)
    plan = config(PLAN, f"data.source.path={path}", *overrides)
    return run_backtest(plan, intervals=False)


def figures(result: RunResult, name: str = "strategy") -> str:
    """Everything the summary says of a portfolio, as text: equal only where every digit is."""
    return json.dumps(result.summary.portfolios[name].model_dump(mode="json"), sort_keys=True)


def test_a_coin_beside_a_portfolio_changes_no_digit_of_it(tmp_path: Path) -> None:
    """Figures, sessions and trades are the same alone, beside a benchmark of seven days, and beside a monthly one."""
    asked = (
        "strategy.weights={A: 60%, B: 40%}",
        "strategy.kind=fixed_mix",
        "account.cash.rate=2%",
        "window.start=2013-01-15",
    )
    asked = (*asked, "strategy.rebalance={kind: annual, month: january}", "compare.risk_free=1%")
    alone = run(tmp_path, {"A": A, "B": B}, *asked)
    beside = run(tmp_path, {"A": A, "B": B, "COIN": COIN}, *asked, "compare.benchmarks=[COIN]")
    months = run(tmp_path, {"A": A, "B": B, "M": B.resample("BME").last()}, *asked, "compare.benchmarks=[M]")
    assert figures(alone) == figures(beside) == figures(months)
    coin = run(tmp_path, {"COIN": COIN}, "strategy.weights={COIN: 100%}", *asked[2:4], "compare.risk_free=1%")
    assert figures(beside, "COIN") == figures(coin)
    assert beside.comparison.strategy.market is not beside.comparison.portfolios["COIN"].market


def test_a_longer_history_beside_a_portfolio_changes_no_digit_of_it(tmp_path: Path) -> None:
    """Rows before a portfolio's first close do not tell its schedule which session of a month it is."""
    asked = ("strategy.kind=fixed_mix", "strategy.rebalance={kind: annual, month: june, session: 12}")
    late = {"A": A["2015-06-08":], "B": B["2015-06-08":]}
    weights = "strategy.weights={A: 50%, B: 50%}"
    alone = run(tmp_path, late, weights, *asked)
    beside = run(tmp_path, {**late, "OLD": walk(A.index, 9, 0.01)}, weights, *asked, "compare.benchmarks=[OLD]")
    assert figures(alone) == figures(beside)


@pytest.mark.parametrize(("rule", "periods"), [("W-FRI", 52), ("BME", 12), ("BQE", 4)])
def test_figures_of_slower_closes_are_those_of_pandas(tmp_path: Path, rule: str, periods: int) -> None:
    """Volatility, Sharpe and Sortino by A of the closes, with the risk-free rate of a period."""
    slow = A.resample(rule).last()
    found = run(tmp_path, {"A": slow}, "compare.risk_free=3%", "costs={kind: none}").comparison.strategy.metrics
    returns = slow.pct_change().dropna()
    excess = returns - (1.03 ** (1.0 / periods) - 1.0)
    assert found["volatility"] == pytest.approx(returns.std() * np.sqrt(periods), rel=1e-12)
    assert found["sharpe"] == pytest.approx(excess.mean() / excess.std() * np.sqrt(periods), rel=1e-12)
    downside = np.sqrt((np.minimum(excess, 0.0) ** 2).mean())
    assert found["sortino"] == pytest.approx(excess.mean() / downside * np.sqrt(periods), rel=1e-12)
    assert found["annual_return_by_count"] == pytest.approx((1.0 + returns).prod() ** (periods / len(returns)) - 1.0)


def test_seven_day_closes_alone_are_annualised_by_365(tmp_path: Path) -> None:
    """A coin's own figures count every day."""
    found = run(tmp_path, {"A": COIN}, "costs={kind: none}")
    returns = COIN.pct_change().dropna()
    assert found.comparison.strategy.metrics["volatility"] == pytest.approx(returns.std() * np.sqrt(365), rel=1e-12)
    assert any("seven days a week" in warning for warning in found.warnings)


def test_two_frequencies_are_compared_over_common_sessions_by_the_smaller_a(tmp_path: Path) -> None:
    """A daily strategy against a monthly and a seven-day benchmark: tracking error as pandas has it."""
    months = B.resample("BME").last()
    result = run(tmp_path, {"A": A, "COIN": COIN, "M": months}, "compare.benchmarks=[COIN, M]", "costs={kind: none}")
    for name, other, periods in (("COIN", COIN, 252), ("M", months, 12)):
        both = pd.concat([A, other], axis=1, join="inner").pct_change().dropna()
        gap = both.iloc[:, 0] - both.iloc[:, 1]
        versus = result.summary.versus[name]
        assert versus.tracking_error == pytest.approx(gap.std() * np.sqrt(periods), rel=1e-9)
        assert versus.information_ratio == pytest.approx(gap.mean() / gap.std() * np.sqrt(periods), rel=1e-9)
        assert versus.beta == pytest.approx(both.cov().iloc[0, 1] / both.iloc[:, 1].var(), rel=1e-9)
        assert versus.sessions == len(both) + 1
        assert any(text.startswith(f"{name} has ") and f"by {periods}." in text for text in result.warnings)


def test_a_mixed_portfolio_is_refused_until_its_frequency_is_named(tmp_path: Path) -> None:
    """With the key its figures are those of the month-end closes alone."""
    months = B.resample("BME").last()
    mixed, weights = {"A": A, "M": months}, "strategy.weights={A: 50%, M: 50%}"
    with pytest.raises(DataError, match=r"write data\.frequency: monthly"):
        run(tmp_path, mixed, weights)
    named = run(tmp_path, mixed, weights, "data.frequency=monthly")
    by_hand = run(tmp_path, {"A": A.resample("BME").last(), "M": months}, weights)
    assert figures(named) == figures(by_hand)


def test_the_words_of_a_monthly_run_are_those_of_months(tmp_path: Path) -> None:
    """Titles and definitions name the period and A."""
    assert metrics_at("monthly")["volatility"].definition == "std (n - 1) of monthly returns x sqrt(12)"
    assert METRICS["volatility"].definition == "std (n - 1) of daily returns x sqrt(252)"
    assert metrics_at("quarterly")["worst_day"].title == "Worst quarter"
    summary = run(tmp_path, {"A": A.resample("BME").last()}).summary
    assert summary.portfolios["strategy"].frequency == "monthly"
    assert run(tmp_path, {"A": A}).summary.portfolios["strategy"].frequency is None


def test_estimates_of_monthly_closes_look_back_three_years(tmp_path: Path) -> None:
    """Without keys 36 monthly returns count and 12 are enough; moments are a year's, 12 times a month's."""
    months = {name: closes.resample("BME").last() for name, closes in (("A", A), ("B", B))}
    plan = (
        "strategy={kind: optimised, core: [A, B], objective: {kind: min_variance}, estimates: {covariance: sample, "
        "mean: sample}, rebalance: {kind: annual, month: january}}"
    )
    result = run(tmp_path, months, plan, "window.start=2016-01-01")
    walk_forward = result.summary.optimiser
    assert walk_forward is not None
    assert {step.observations for step in walk_forward.steps} == {36}
    steps = pd.DataFrame(months).pct_change().dropna()[: walk_forward.steps[0].train_last][-36:]
    inverse = np.linalg.inv(steps.cov().to_numpy() * 12)
    least = 1.0 / np.sqrt(inverse.sum())
    assert walk_forward.steps[0].value == pytest.approx(least, rel=1e-6)


def test_satellites_of_monthly_closes_are_chosen_by_a_year(tmp_path: Path) -> None:
    """Momentum looks twelve months back by default, so names are in once they have thirteen closes."""
    names = "[{ticker: M1, name: M1, sector: X, brokers: []}, {ticker: M2, name: M2, sector: X, brokers: []}]"
    plan = (
        "strategy={kind: core_satellite, core: {A: rest}, satellites: {universe: {names: " + names + "}, choose: "
        "{kind: top, count: 1, by: momentum}, count: {min: 1, max: 1}, weight: 5%}, cap: 6%, "
        "rebalance: {kind: annual, month: january}}"
    )
    series = {"A": A, "M1": B, "M2": walk(B.index, 7, 0.01)}
    months = {name: closes.resample("BME").last() for name, closes in series.items()}
    events = run(tmp_path, months, plan).summary.events
    chosen = [one for one in events if one.kind == "choice"]
    frame = pd.DataFrame(months)
    decided = frame.index[frame.index < chosen[1].date][-1]
    past = frame.loc[:decided].iloc[-13:]
    assert chosen[1].date[:4] == "2014"
    assert chosen[1].text.startswith((past.iloc[-1] / past.iloc[0])[["M1", "M2"]].idxmax())


def test_monthly_closes_of_spy_have_the_figures_of_its_daily_month_ends(tmp_path: Path, shared_data: Path) -> None:
    """Real closes: volatility and Sharpe as pandas has them of the daily closes' month ends, near the daily ones."""
    spy = pd.read_parquet(shared_data / "prices.parquet", columns=["SPY"])["SPY"].dropna()
    months = spy.resample("ME").last()  # dated by the calendar, as vendors of monthly data do
    stamped = months.set_axis(months.index.to_period("M").to_timestamp())  # or by the first day of the month
    returns = months.pct_change().dropna()
    daily = run(tmp_path, {"A": spy}, "costs={kind: none}").comparison.strategy.metrics
    for closes in (months, stamped):
        found = run(tmp_path, {"A": closes}, "costs={kind: none}").comparison.strategy.metrics
        assert found["volatility"] == pytest.approx(returns.std() * np.sqrt(12), abs=1e-12)
        assert found["sharpe"] == pytest.approx(returns.mean() / returns.std() * np.sqrt(12), abs=1e-12)
        assert found["volatility"] == pytest.approx(daily["volatility"], abs=0.05)
        assert found["cagr"] == pytest.approx(daily["cagr"], abs=0.003)


def test_flows_rarer_sessions_do_not_lose(tmp_path: Path) -> None:
    """A monthly contribution on quarterly closes is paid in threes: none is lost between two sessions."""
    quarters = A.resample("BQE").last()
    result = run(tmp_path, {"A": quarters}, "account.contributions={amount: 100, every: month}")
    flows = result.comparison.strategy.ledger.flows
    assert flows[1:].tolist() == [300.0] * (len(quarters) - 1)


def test_a_month_that_quarterly_closes_lack_is_refused_with_those_they_have(tmp_path: Path) -> None:
    """January has no quarter's end; the message says which months do."""
    quarters = {"A": A.resample("BQE").last(), "B": B.resample("BQE").last()}
    mix = ("strategy.kind=fixed_mix", "strategy.weights={A: 50%, B: 50%}")
    with pytest.raises(
        ScheduleError, match=r"january 2013: no session.*choose a month that has one: march, june, september, december"
    ):
        run(tmp_path, quarters, *mix, "strategy.rebalance={kind: annual}")
    done = run(tmp_path, quarters, *mix, "strategy.rebalance={kind: annual, month: march}")
    assert done.comparison.strategy.metrics["rebalances"] == 8


def test_an_order_waits_one_month_for_a_monthly_close(tmp_path: Path) -> None:
    """A month without a close delays an order to the next; two are an error, five sessions being a matter of days."""
    a, b = (closes.resample("BME").last() for closes in (A, B))
    mix = ("strategy.kind=fixed_mix", "strategy.weights={A: 50%, B: 50%}", "strategy.rebalance={kind: annual}")
    one = run(tmp_path, {"A": a, "B": b.drop(b.index[36])}, *mix)
    late = [trade for trade in one.comparison.strategy.ledger.rows if trade == 37]
    assert late
    with pytest.raises(StalePriceError, match="B: no close in 1 sessions up to 2015-02-27"):
        run(tmp_path, {"A": a, "B": b.drop(b.index[36:38])}, *mix)


def test_a_market_that_never_closes_can_be_named(tmp_path: Path) -> None:
    """24/7 expects a close every day of seven-day closes, and says nothing of weekends to others."""
    holes = COIN.drop(COIN.index[[400, 401, 900]])
    result = run(tmp_path, {"A": A, "COIN": holes}, "data.calendar=24/7", "compare.benchmarks=[COIN]")
    assert [text for text in result.warnings if "no close" in text and "sessions" in text] == [
        text for text in result.warnings if text.startswith(f"COIN: 3 of {len(COIN)} sessions")
    ]
    assert any(text.startswith("COIN: 3 of") for text in result.warnings)


def test_a_close_before_the_month_s_last_session_keeps_the_rate_of_its_own_day(tmp_path: Path) -> None:
    """Closes stand still at home and lack the last days of each month: the gain is all the currency's."""
    days = A["2015":"2017"].index
    still = pd.Series(100.0, index=days[days.day < 26].append(days[-1:]))
    rates = pd.DataFrame({"USD": np.linspace(1.0, 1.4, len(days))}, index=days.rename("date"))
    rates.to_csv(tmp_path / "fx.csv")
    overrides = ["account.currency=EUR", "data.frequency=monthly", "costs={kind: none}"]
    overrides += [f"data.fx={{kind: files, path: {tmp_path / 'fx.csv'}}}", "strategy.weights={A: 50%, B: 50%}"]
    result = run(tmp_path, {"A": still, "B": pd.Series(50.0, index=days)}, *overrides)
    parts = result.summary.portfolios["strategy"].currency_parts
    assert parts is not None
    assert parts.local == pytest.approx(0.0, abs=1e-6)
    assert parts.currency == pytest.approx(result.comparison.strategy.ledger.value[-1] - 100_000.0, rel=1e-12)


def test_a_weekend_at_the_month_s_beginning_delists_no_share(tmp_path: Path) -> None:
    """The coin's Sunday, 1 December, is no session of a portfolio with a share whose last close is Friday's."""
    plan = ["data.frequency=monthly", "strategy.weights={A: 50%, C: 50%}"]
    result = run(tmp_path, {"A": A["2017":"2019-12-01"], "C": COIN["2017":"2019-12-01"]}, *plan)
    assert str(result.comparison.strategy.ledger.dates[-1]) == "2019-11-29"
    assert not any("delisted" in warning or "Ended before" in warning for warning in result.warnings)


def test_every_year_names_annual() -> None:
    """What people write for a yearly rebalance is answered with how it is written."""
    text = PLAN.replace("closes.csv", "x.csv")
    told = message(text, "strategy={kind: fixed_mix, weights: {A: 100%}, rebalance: {kind: every, period: year}}")
    assert "'year' is a kind of its own; write {kind: annual, month: january}" in told


def test_a_benchmark_that_ends_early_is_compared_until_then(tmp_path: Path) -> None:
    """Its own data end there, as alone; the difference is that of the years both have, and the run says so."""
    result = run(tmp_path, {"A": A, "B": B[:"2016-06-30"]}, "compare.benchmarks=[B]", "costs={kind: none}")
    versus, ended = result.summary.versus["B"], result.summary.portfolios["B"]
    assert (ended.end, versus.sessions) == ("2016-06-30", ended.sessions)
    alone = run(tmp_path, {"A": B[:"2016-06-30"]}, "costs={kind: none}")
    assert ended.metrics == alone.summary.portfolios["strategy"].metrics
    both = pd.concat([A, B[:"2016-06-30"]], axis=1, join="inner").pct_change().dropna()
    assert versus.tracking_error == pytest.approx((both[0] - both[1]).std() * np.sqrt(252), rel=1e-9)
    assert any(text.startswith("B ends on 2016-06-30") for text in result.warnings)


def test_a_stated_haircut_is_taken_of_the_last_asset_too(tmp_path: Path) -> None:
    """A portfolio whose only asset ends goes on in cash beside a benchmark that prints on, contributions and all."""
    kept = ["strategy.after_delisting={to: cash, haircut: 40%}", "compare.benchmarks=[B]", "costs={kind: none}"]
    flows = "account.contributions={amount: 100, every: month}"
    result = run(tmp_path, {"A": A[:"2016-06-30"], "B": B[:"2016-12-30"]}, *kept, flows)
    ledger, begun = result.comparison.strategy.ledger, A[:"2016-06-30"]
    assert str(ledger.dates[-1]) == "2016-12-30"
    earned = result.summary.portfolios["strategy"].metrics["total_return"]
    assert earned == pytest.approx(0.6 * begun.iloc[-1] / begun.iloc[0] - 1.0, rel=1e-12)
    assert ledger.cash[-1] == pytest.approx(ledger.cash[-100] + 100.0 * 4, rel=1e-12)


def test_portfolios_without_a_common_session_have_no_difference(tmp_path: Path) -> None:
    """A benchmark that ended before the strategy began is shown, and nothing is said of how they differ."""
    result = run(tmp_path, {"A": A["2016-01-01":], "B": B[:"2015-06-30"]}, "compare.benchmarks=[B]")
    assert result.summary.versus["B"].tracking_error is None
    assert result.summary.versus["B"].cagr_difference is None
    assert any("no session in common" in text for text in result.warnings)
    result.write(tmp_path / "out")
    table = pd.read_parquet(tmp_path / "out" / "equity.parquet")
    assert table["strategy"].first_valid_index() == pd.Timestamp("2016-01-01")
    assert table["B"].last_valid_index() == pd.Timestamp("2015-06-30")


def test_a_lower_frequency_that_is_asked_for_is_said_of_all_closes(tmp_path: Path) -> None:
    """Daily closes that are read monthly are not daily any more: the run says so once, with its sessions a year."""
    warnings = run(tmp_path, {"A": A}, "data.frequency=monthly").summary.warnings
    said = [one for one in warnings if "annualised" in one]
    assert said == [
        "all closes are read monthly, the last of each period (data.frequency); figures are annualised by 12"
    ]
