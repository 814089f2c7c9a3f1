"""What each kind measures, on closes so few that the figures can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.analysis.bootstrap import Evidence, block_lengths
from engine.evidence.claims import basket_size, intervals
from engine.evidence.claims.check import CheckedClaim
from engine.evidence.claims.claim_prices import PriceSeries
from engine.simulation.kernel.resample import fill_resampled
from engine.simulation.kernel.resampled_rows import fill_resampled_rows
from tests.support.claims import check_text, made_frame


def only(
    compute: str, frame: pd.DataFrame, folder: Path, rest: str = "claimed: positive", *overrides: str
) -> CheckedClaim:
    (found,) = check_text(f"- {{sentence: x, compute: {{{compute}}}, {rest}}}\n", frame, folder, *overrides)
    return found


def by_way(one: CheckedClaim) -> dict[tuple[str, ...], float]:
    return {tuple(found.way.values()): found.figure for found in one.readings}


def closes(days: list[str], **columns: list[float]) -> pd.DataFrame:
    return pd.DataFrame(columns, index=pd.DatetimeIndex(pd.to_datetime(days), name="date"), dtype=float)


def month_ends(start: str, count: int, **columns: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(columns, index=pd.date_range(start, periods=count, freq="ME", name="date"))


def test_dividends_count_in_total_returns_and_splits_in_both(tmp_path: Path) -> None:
    """100 to 104, split in two, 1 paid at 50, 54 in the end: 100 -> 108 in price, and 51 / 50 more in total."""
    days = pd.bdate_range("2024-01-02", periods=5)
    rows = {"date": days, "ticker": "A", "close": [100.0, 104.0, 52.0, 50.0, 54.0]}
    frame = pd.DataFrame({**rows, "dividend": [0.0, 0.0, 0.0, 1.0, 0.0], "split": [1.0, 1.0, 2.0, 1.0, 1.0]})
    compute = "kind: period_return, of: A, period: {start: 2024-01-03, end: 2024-01-31}"
    one = only(compute, frame, tmp_path, "claimed: 8%", "data.source.closes=auto")
    found = by_way(one)
    assert found["price", "the_last_close_before"] == pytest.approx(0.08, rel=1e-12)
    assert found["total_return", "the_last_close_before"] == pytest.approx(1.08 * 51 / 50 - 1, rel=1e-12)
    assert found["price", "the_first_close"] == pytest.approx(108 / 104 - 1, rel=1e-12)
    assert [turn.key for turn in one.turns] == ["closes"]
    assert one.verdict == "cannot be told from this data"


def test_adjusted_closes_alone_have_no_prices_without_dividends(tmp_path: Path) -> None:
    one = only("kind: figure, of: A, figure: cagr", made_frame(), tmp_path)
    assert {found.way["closes"] for found in one.readings} == {"total_return"}
    assert one.left_out == ("no closes as traded of A",)
    assert one.missing == ()


def test_closes_as_traded_come_from_a_source_of_their_own(tmp_path: Path) -> None:
    days = pd.bdate_range("2024-01-02", periods=3)
    raw = pd.DataFrame({"date": days, "ticker": "A", "close": [10.0, 11.0, 12.0], "dividend": 0.0, "split": 1.0})
    raw.to_parquet(tmp_path / "raw.parquet")
    frame = closes([str(day.date()) for day in days], A=[9.0, 10.0, 12.0])
    source = ("data.price_source.kind=files", f"data.price_source.path={tmp_path / 'raw.parquet'}")
    found = by_way(only("kind: figure, of: A, figure: total_return", frame, tmp_path, "claimed: positive", *source))
    assert found["price", "daily"] == pytest.approx(0.2)
    assert found["total_return", "daily"] == pytest.approx(1 / 3)


def test_a_year_s_fall_is_from_a_high_before_it_in_it_or_its_first_day(tmp_path: Path) -> None:
    days = ["2019-06-03", "2019-12-31", "2020-01-31", "2020-02-03", "2020-03-02", "2020-12-31"]
    frame = closes(days, A=[120.0, 100.0, 110.0, 99.0, 84.0, 95.0])
    frame = frame.reindex(pd.bdate_range(days[0], days[-1], name="date")).ffill()
    found = by_way(only("kind: worst_fall, of: A, year: 2020", frame, tmp_path, "claimed: -30%"))
    assert found["total_return", "daily", "the_highest_close_before"] == pytest.approx(84 / 120 - 1)
    assert found["total_return", "daily", "the_high_of_the_year"] == pytest.approx(84 / 110 - 1)
    assert found["total_return", "daily", "the_last_close_of_the_year_before"] == pytest.approx(-0.05)
    assert found["total_return", "monthly", "the_highest_close_before"] == pytest.approx(84 / 120 - 1)
    assert found["total_return", "monthly", "the_high_of_the_year"] == pytest.approx(84 / 110 - 1)


def test_a_window_is_won_by_who_grew_more_and_a_tie_is_won_by_nobody(tmp_path: Path) -> None:
    """Of four windows of a year A wins the first and the last, the second is a tie."""
    a, b = np.full(16, 100.0), np.full(16, 100.0)
    a[12], a[13], a[14], a[15] = 110.0, 105.0, 90.0, 120.0
    b[12], b[13], b[14], b[15] = 105.0, 105.0, 95.0, 100.0
    frame = month_ends("2018-12-31", 16, A=a, B=b)
    one = only("kind: rolling_win_share, of: A, over: B, years: 1", frame, tmp_path, "claimed: 50%")
    assert by_way(one)["total_return", "every_month_end", "the_window_begins"] == 0.5
    assert by_way(one)["total_return", "every_january", "the_window_begins"] == 1.0
    assert one.measured.figure == 0.5


def test_windows_since_both_are_listed_begin_before_the_file_s_window(tmp_path: Path) -> None:
    levels = np.linspace(100.0, 200.0, 40)
    frame = month_ends("2016-01-31", 40, A=levels, B=np.where(np.arange(40) < 20, 150.0, levels * 2))
    compute = "kind: rolling_win_share, of: A, over: B, years: 1"
    one = only(compute, frame, tmp_path, "claimed: 50%", "window.start=2018-01-01", "data.calendar=24/7")
    since = {found.way["since"]: found for found in one.readings if found.way["windows_begin"] == "every_month_end"}
    assert since["both_are_listed"].start == "2016-01-31"
    assert since["the_window_begins"].start == "2018-01-31"
    assert since["both_are_listed"].figure > since["the_window_begins"].figure


def test_rolling_windows_of_quarterly_closes_are_refused_in_words(tmp_path: Path) -> None:
    dates = pd.date_range("2010-03-31", periods=30, freq="QE", name="date")
    frame = pd.DataFrame({"A": np.arange(1.0, 31.0), "B": np.arange(30.0, 60.0)}, index=dates)
    one = only(
        "kind: rolling_win_share, of: A, over: B, years: 2", frame, tmp_path, "claimed: 50%", "data.calendar=24/7"
    )
    assert any("closes are rarer than monthly" in text for text in one.left_out)
    assert {found.way["windows_begin"] for found in one.readings} == {"every_session"}


def test_monthly_closes_are_annualised_as_monthly_in_either_reading(tmp_path: Path) -> None:
    levels = 100.0 * np.cumprod(1.0 + np.random.default_rng(2).normal(0.01, 0.04, 60))
    frame = month_ends("2015-01-31", 60, A=levels)
    one = only("kind: figure, of: A, figure: volatility", frame, tmp_path, "claimed: positive", "data.calendar=24/7")
    wanted = np.std(levels[1:] / levels[:-1] - 1.0, ddof=1) * np.sqrt(12)
    assert list(by_way(one).values()) == [pytest.approx(wanted), pytest.approx(wanted)]


def test_what_has_no_risk_has_no_ratio_and_says_so(tmp_path: Path) -> None:
    frame = made_frame()
    frame["A"] = 100.0
    one = only("kind: best_ratio, of: A, among: [B]", frame, tmp_path)
    assert one.measured is None
    assert one.verdict == "cannot be told from this data"
    assert all("no risk" in text or "no Sharpe" in text or "closes as traded" in text for text in one.left_out)


def test_a_mix_that_is_brought_back_each_january_gains_what_a_hand_finds(tmp_path: Path) -> None:
    """A doubles in the first year and halves in the second; B stays: 0.5 + 0.5 -> 1.5 -> 0.75 / 2 + 0.75."""
    days = ["2018-01-02", "2019-01-02", "2020-01-02"]
    frame = closes(days, A=[50.0, 100.0, 50.0], B=[10.0, 10.0, 10.0])
    frame = frame.reindex(pd.bdate_range("2018-01-02", "2020-01-02", name="date")).ffill()
    found = by_way(only("kind: rebalancing_premium, weights: {A: 50%, B: 50%}", frame, tmp_path))
    years = 730 / 365.25
    assert found["total_return", "january"] == pytest.approx(1.125 ** (1 / years) - 1.0, rel=1e-12)
    assert set(found) == {("total_return", month) for _, month in found}
    assert len(found) == 12


def test_baskets_of_two_names_are_both_and_of_one_either(tmp_path: Path) -> None:
    days = ["2018-01-01", "2019-01-01", "2020-01-01", "2021-01-01"]
    frame = closes(days, A=[1.0, 2.0, 2.0, 3.0], B=[1.0, 1.0, 3.0, 3.0])
    frame = frame.reindex(pd.bdate_range(days[0], days[-1], name="date")).ffill()
    one = only("kind: basket_size, few: 1, many: 2, names: [A, B]", frame, tmp_path)
    found = {baskets: figure for (_, baskets), figure in by_way(one).items()}
    years = 1096 / 365.25
    both = (1.5 * 2.0 * 1.25) ** (1 / years) - 1.0  # means of (2, 1), (1, 3), (1.5, 1)
    either = 3.0 ** (1 / years) - 1.0
    assert found["the_median_of_baskets_drawn"] == pytest.approx(either - both, rel=1e-9)
    assert found["wins_of_pairs_drawn_above_one_half"] == -0.5
    chosen = 1.0 * 1.0  # A after 2018, B after 2019
    both = (2.0 * 1.25) ** (1 / (731 / 365.25)) - 1.0
    assert found["the_best_names_of_the_year_before"] == pytest.approx(chosen - 1.0 - both, rel=1e-9)


def test_the_same_baskets_are_drawn_however_many_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compute, frame = "kind: basket_size, few: 1, many: 3, names: [A, B, C]", made_frame()
    whole = by_way(only(compute, frame, tmp_path))
    monkeypatch.setattr(basket_size, "_KEYS_AT_ONCE", 100)
    assert by_way(only(compute, frame, tmp_path)) == whole


def made_series(seed: int, count: int = 700) -> PriceSeries:
    returns = np.random.default_rng(seed).normal(0.0004, 0.01, count)
    dates = np.arange("2015-01-01", np.datetime64("2015-01-01") + count + 1, dtype="datetime64[D]")
    return PriceSeries(dates, np.concatenate([[1.0], np.cumprod(1.0 + returns)]))


def test_an_interval_is_the_same_however_many_histories_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pair, terms = [made_series(1), made_series(2)], Evidence(draws=300)

    def spread(returns: np.ndarray, periods: float) -> np.ndarray:
        return returns[0].std(axis=1, ddof=1) - returns[1].std(axis=1, ddof=1)

    whole = intervals.statistic_interval(pair, spread, terms)
    monkeypatch.setattr(intervals, "_RETURNS_AT_ONCE", 1500)
    assert intervals.statistic_interval(pair, spread, terms) == whole
    assert intervals.statistic_interval([made_series(1, 59)], spread, terms) is None
    assert intervals.statistic_interval(pair, lambda returns, _: np.full(returns.shape[1], np.nan), terms) is None


def test_an_interval_of_a_mean_is_as_wide_as_the_standard_error_says() -> None:
    series = made_series(7, 2500)

    def mean(returns: np.ndarray, periods: float) -> np.ndarray:
        return returns[0].mean(axis=1)

    low, high = intervals.statistic_interval([series], mean, Evidence(draws=4000))
    error = series.returns.std(ddof=1) / np.sqrt(2500)
    assert (high - low) / (2 * 1.96 * error) == pytest.approx(1.0, abs=0.12)
    assert low < series.returns.mean() < high


def test_an_interval_leaves_out_as_much_above_as_below() -> None:
    series = made_series(7, 900)

    def least(returns: np.ndarray, periods: float) -> np.ndarray:
        return returns[0].min(axis=1) + returns[0].mean(axis=1)

    low, high = intervals.statistic_interval([series], least, Evidence(draws=500))
    mirrored = intervals.statistic_interval([series], lambda *drawn: -least(*drawn), Evidence(draws=500))
    assert mirrored == (-high, -low)


def test_histories_of_rows_are_those_that_growth_is_drawn_from() -> None:
    """The two kernels of the stationary bootstrap draw the same blocks."""
    count, draws, lengths = 300, 40, block_lengths(7.0)
    factors = 1.0 + np.random.default_rng(9).normal(0.0, 0.01, (count, 2))
    products = np.multiply.accumulate(np.concatenate((np.ones((1, 2)), factors, factors)), axis=0)
    drawn, rows = np.empty((2, draws)), np.empty((draws, count), dtype=np.int64)
    fill_resampled(drawn, np.ones(2), products, lengths, 5)
    fill_resampled_rows(rows, 0, count, lengths, 5)
    assert rows.min() >= 0
    assert rows.max() < count
    assert np.allclose(factors[rows].prod(axis=1).T, drawn, rtol=1e-11)
    later = np.empty((10, count), dtype=np.int64)
    fill_resampled_rows(later, 30, count, lengths, 5)
    assert (later == rows[30:]).all()
