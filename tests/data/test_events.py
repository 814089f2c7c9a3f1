"""Splits and dividends applied to closes as traded, against S16's formula written out in numpy."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import DataError
from engine.data.closes import Closes, CloseSeries
from engine.data.events import apply_events, require_dividends
from engine.data.market import Provenance
from engine.data.price_files.as_traded import are_split_adjusted, undo_split_adjustment
from engine.data.sources.base import PriceRequest
from engine.data.sources.combine import combine_series
from tests.support.price_files import load
from tests.support.reconciliation import engine_returns, reconcile


@st.composite
def histories(draw: st.DrawFn) -> Closes:
    """Two tickers as traded with a few splits and dividends, some on one day, and days without a close."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    days = np.arange(np.datetime64("2020-01-01"), np.datetime64("2020-03-01"))
    series = {}
    for ticker in ("AAA", "BBB"):
        splits = np.where(rng.random(len(days)) < 0.06, rng.choice([2.0, 1.5, 0.125, 1.05], len(days)), 1.0)
        closes = 50.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, len(days)))) / np.cumprod(splits)
        dividends = np.where(rng.random(len(days)) < 0.1, rng.uniform(0.001, 0.05, len(days)) * closes, 0.0)
        closes[rng.random(len(days)) < draw(st.sampled_from([0.0, 0.2]))] = np.nan
        series[ticker] = CloseSeries(days, closes, dividends, splits)
    return combine_series(series, PriceRequest(("AAA", "BBB")), Provenance("test", "with_events"))


@given(histories())
def test_a_days_return_is_close_and_dividend_of_all_shares_over_the_close_before(closes: Closes) -> None:
    """``s (p_t + d) / p_(t-1)`` to 1e-12 between any two closes; the last day's unit is one share."""
    market = apply_events(closes, "reinvest").to_market("USD")
    for j in range(2):
        rows = np.flatnonzero(~np.isnan(closes.closes[:, j]))
        p = closes.closes[rows, j]
        d = np.zeros(len(rows)) if closes.dividends is None else closes.dividends[rows, j]
        s = np.ones(len(rows)) if closes.splits is None else closes.splits[rows, j]
        expected = s[1:] * (p[1:] + d[1:]) / p[:-1]
        assert market.prices[rows[1:], j] / market.prices[rows[:-1], j] == pytest.approx(expected, rel=1e-12)
        assert market.prices[rows[-1], j] == pytest.approx(p[-1], rel=1e-15)
    assert market.dividends is None


@given(histories(), st.sampled_from(["cash", "towards_targets"]))
def test_paid_dividends_and_prices_are_those_of_one_unit(closes: Closes, use: str) -> None:
    """A share of the first day, splits followed by hand: its worth and its dividends are those of a fixed unit."""
    market = apply_events(closes, use).to_market("USD")
    for j in range(2):
        held, ratio = 1.0, None
        for t, close in enumerate(closes.closes[:, j]):
            held *= 1.0 if closes.splits is None else closes.splits[t, j]
            if np.isnan(close):
                continue
            ratio = held * close / market.prices[t, j] if ratio is None else ratio
            paid = 0.0 if closes.dividends is None else held * closes.dividends[t, j]
            assert held * close == pytest.approx(ratio * market.prices[t, j], rel=1e-12)
            assert (0.0 if market.dividends is None else market.dividends[t, j]) * ratio == pytest.approx(
                paid, rel=1e-12
            )
            assert (1.0 if market.shares is None else market.shares[t, j]) * ratio == pytest.approx(held, rel=1e-12)


@given(histories(), st.integers(5, 55), st.sampled_from(["reinvest", "cash"]))
def test_what_comes_later_changes_no_bit(closes: Closes, days: int, use: str) -> None:
    """Events applied to the whole and cut give the market of the part alone, as a sweep over windows needs it."""
    end = dt.date(2020, 1, 1) + dt.timedelta(days=days)
    cut = apply_events(closes, use).select(closes.tickers, end).to_market("USD")
    alone = apply_events(closes.select(closes.tickers, end), use).to_market("USD")
    assert np.array_equal(cut.prices, alone.prices, equal_nan=True)
    shares = [np.ones_like(one.prices) if one.shares is None else one.shares for one in (cut, alone)]
    assert np.array_equal(*shares)


def test_adjusted_closes_keep_their_bits_and_know_the_shares_of_the_day() -> None:
    """A dividend of 1 at 50 and a split of 2: an adjusted close of 24.5 is worth 0.49 shares before them."""
    days = np.array(["2020-01-02", "2020-01-03", "2020-01-06"], "datetime64[D]")
    adjusted, traded = np.array([24.5, 25.0, 26.0]), np.array([50.0, 50.0, 26.0])
    one = CloseSeries(days, adjusted, np.array([0.0, 1.0, 0.0]), np.array([1.0, 1.0, 2.0]), traded=traded)
    closes = combine_series({"AAA": one}, PriceRequest(("AAA",)), Provenance("test", "adjusted"))
    market = apply_events(closes, "reinvest").to_market("USD")
    assert market.prices[:, 0].tolist() == adjusted.tolist()
    assert market.shares is not None
    assert market.shares[:, 0].tolist() == [0.49, 0.5, 1.0]
    paid = apply_events(closes, "cash").to_market("USD")
    assert paid.prices[:, 0].tolist() == [25.0, 25.0, 26.0]
    assert paid.dividends is not None
    assert paid.dividends[:, 0].tolist() == [0.0, 0.5, 0.0]
    assert paid.provenance.closes == "with_events"


def test_closes_without_events_are_the_same_object() -> None:
    days = np.array(["2020-01-02", "2020-01-03"], "datetime64[D]")
    one = CloseSeries(days, np.array([10.0, 11.0]))
    closes = combine_series({"AAA": one}, PriceRequest(("AAA",)), Provenance("test", "adjusted"))
    assert apply_events(closes, "reinvest") is closes
    assert apply_events(closes, "cash") is closes


@pytest.mark.parametrize("kind", ["adjusted", "raw"])
def test_paying_dividends_that_nobody_knows_is_refused(kind: str) -> None:
    """Silently nothing would ever be paid."""
    days = np.array(["2020-01-02", "2020-01-03"], "datetime64[D]")
    one = CloseSeries(days, np.array([10.0, 11.0]))
    closes = combine_series({"AAA": one}, PriceRequest(("AAA",)), Provenance("test", kind))
    require_dividends(closes, "reinvest")
    with pytest.raises(DataError, match=r"data\.dividends: cash: .*leave data\.dividends out"):
        require_dividends(closes, "cash")


@pytest.mark.parametrize("ratio", [2.0, 1.5, 1.25, 0.125, 7.0])
def test_closes_in_shares_of_the_last_day_are_told_from_closes_as_traded(ratio: float) -> None:
    """One does not fall at the split stated beside it, the other does; undone, both are the same."""
    rng = np.random.default_rng(5)
    days = np.arange(np.datetime64("2020-01-01"), np.datetime64("2020-12-31"))
    smooth = 50.0 * np.exp(np.cumsum(rng.normal(0.0, 0.015, len(days))))
    splits, dividends = np.ones(len(days)), np.zeros(len(days))
    splits[180], dividends[90] = ratio, 0.5
    contained = CloseSeries(days, smooth, dividends, splits)
    traded = undo_split_adjustment(contained)
    assert are_split_adjusted({"A": contained}, {}) == {"A": True}
    assert are_split_adjusted({"A": traded}, {}) == {"A": False}
    assert traded.closes[:180] == pytest.approx(smooth[:180] * ratio, rel=1e-15)
    assert traded.closes[180:].tolist() == smooth[180:].tolist()
    assert traded.dividends is not None
    assert traded.dividends[90] == 0.5 * ratio


def test_a_split_too_small_to_tell_is_read_as_the_others_of_the_source_or_said(tmp_path: Path) -> None:
    """A stock dividend of 0.5 % drowns in daily moves of 2 %; a split of 2 beside it tells how the source writes."""
    rng = np.random.default_rng(8)
    days = np.arange(np.datetime64("2020-01-01"), np.datetime64("2020-06-30"))
    closes = 50.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, len(days))))
    small, large = np.ones(len(days)), np.ones(len(days))
    small[60], large[60] = 1.005, 2.0
    one, other = CloseSeries(days, closes, splits=small), CloseSeries(days, closes, splits=large)
    assert are_split_adjusted({"A": one}, {}) == {"A": None}
    assert are_split_adjusted({"A": one, "B": other}, {}) == {"A": True, "B": True}
    moves = np.diff(np.log(closes), prepend=np.log(closes[0]))
    adjusted = CloseSeries(days, np.exp(np.cumsum(moves)))
    traded = undo_split_adjustment(CloseSeries(days, closes, splits=np.where(small != 1.0, 1.05, 1.0)))
    assert are_split_adjusted({"A": traded}, {"A": adjusted}) == {"A": False}
    rows = [f"{day},{close},{split}" for day, close, split in zip(days, closes, small, strict=True)]
    (tmp_path / "AAA.csv").write_text("\n".join(["Date,Close,Split", *rows]) + "\n")
    loaded = load(tmp_path / "AAA.csv", "AAA")
    assert any("too small for the closes" in note for note in loaded.provenance.notes)


def test_a_split_stated_twice_is_refused_and_left_aside_beside_adjusted_closes(tmp_path: Path) -> None:
    """Alpha Vantage has MMSI's of 2001 on two days: closes fall at one of them, and the other would double the money."""
    rng = np.random.default_rng(2)
    days = np.arange(np.datetime64("2020-01-01"), np.datetime64("2020-06-30"))
    splits = np.ones(len(days))
    splits[[60, 61]] = 1.25
    closes = 50.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, len(days))))
    closes[61:] /= 1.25
    with pytest.raises(
        DataError, match=r"AAA: closes fall at the split of 1\.25 on 2020-03-02 and not at .*2020-03-01"
    ):
        are_split_adjusted({"AAA": CloseSeries(days, closes, splits=splits)}, {})
    adjusted = np.where(days < days[61], closes / 1.25, closes)
    rows = [f"{day},{p},{a},0,{s}" for day, p, a, s in zip(days, closes, adjusted, splits, strict=True)]
    (tmp_path / "AAA.csv").write_text("\n".join(["date,close,adjusted_close,dividend,split", *rows]) + "\n")
    loaded = load(tmp_path / "AAA.csv", "AAA")
    assert loaded.closes[:, 0] == pytest.approx(adjusted, rel=1e-15)
    assert loaded.traded is None
    assert any("without the shares of the day" in note for note in loaded.provenance.notes)


def test_closes_of_yfinance_without_adjustment_are_turned_into_those_of_their_day(tmp_path: Path) -> None:
    """Its Close contains the splits stated beside it; a file that does not say so gives the same total return."""
    rows = [
        "2020-08-28,124.80,124.59,0.0,0.0",
        "2020-08-31,129.04,128.82,0.0,4.0",
        "2020-11-06,118.69,118.69,0.205,0.0",
    ]
    (tmp_path / "AAPL.csv").write_text("\n".join(["Date,Close,Adj Close,Dividends,Stock Splits", *rows]) + "\n")
    loaded = load(tmp_path / "AAPL.csv", "AAPL", closes="raw")
    assert loaded.closes[:, 0] == pytest.approx([499.20, 129.04, 118.69], rel=1e-15)
    market = apply_events(loaded, "reinvest").to_market("USD")
    assert market.prices[-1, 0] / market.prices[0, 0] == pytest.approx(129.04 / 124.80 * (118.69 + 0.205) / 129.04)
    assert any("shares of the last day" in note for note in loaded.provenance.notes)


def test_fifteen_real_histories_follow_the_formula_and_reconcile_with_another_vendors_adjusted_closes(
    shared_data: Path,
) -> None:
    """Each day's factor is S16's to 1e-12; beside adjusted closes every day above 1e-5 has a cause, few are above 2e-3."""
    raw = pd.read_parquet(shared_data / "raw.parquet")
    for ticker, table in raw.groupby("ticker"):
        rows = table.set_index("date").sort_index()
        expected = (rows.close + rows.dividend) * rows.split / rows.close.shift()
        assert (engine_returns(shared_data, ticker) + 1.0)[1:].to_numpy() == pytest.approx(expected[1:], rel=1e-12)
    found = reconcile(shared_data)
    assert {one.cause.split(":")[0] for one in found} <= {
        *("named", "vendor's formula", "another close", "another dividend", "rounding")
    }
    large = {(one.ticker, one.date) for one in found if abs(one.ours - one.vendor) > 2e-3}
    assert large == {
        *(("CRS", "2001-10-30"), ("IWM", "2003-12-16"), ("SRCE", "2015-08-03"), ("UNF", "2003-03-11")),
        *(("MDY", "1999-12-17"), ("MDY", "1999-12-20"), ("VB", "2024-03-18"), ("VB", "2024-03-22")),
        *(("IJR", "2000-06-26"), ("IJR", "2000-06-27"), ("MDY", "2000-09-14"), ("MDY", "2000-09-15")),
    }


def test_adjusted_closes_beside_others_with_events_are_said_to_reinvest(tmp_path: Path) -> None:
    """Both are total returns, so they may stand side by side; what is paid out of one cannot be of the other."""
    days = ("2020-01-02", "2020-01-03")
    (tmp_path / "AAA.csv").write_text("date,close,dividend,split\n" + "".join(f"{day},10,0.1,1\n" for day in days))
    (tmp_path / "BBB.csv").write_text("Date,Close,Adj Close\n" + "".join(f"{day},10,9.9\n" for day in days))
    loaded = load(tmp_path, "AAA", "BBB")
    assert loaded.provenance.closes == "with_events"
    assert loaded.closes[:, 1].tolist() == [9.9, 9.9]
    assert any(note.startswith("BBB: adjusted closes beside others") for note in loaded.provenance.notes)


def test_a_policy_sees_what_was_earned_and_the_prices_of_the_day() -> None:
    """Estimates take total returns whether dividends are paid or reinvested; a fee a share is one of the day's price."""
    days = np.array(["2020-01-02", "2020-01-03", "2020-01-06"], "datetime64[D]")
    one = CloseSeries(days, np.array([100.0, 99.0, 50.0]), np.array([0.0, 2.0, 0.0]), np.array([1.0, 1.0, 2.0]))
    closes = combine_series({"AAA": one}, PriceRequest(("AAA",)), Provenance("test", "with_events"))
    for use in ("reinvest", "cash"):
        history = apply_events(closes, use).to_market("USD").history_before(3)
        assert history.prices[1:, 0] / history.prices[:-1, 0] == pytest.approx([1.01, 100.0 / 99.0], rel=1e-14)
        assert history.share_prices[:, 0] == pytest.approx([100.0, 99.0, 50.0], rel=1e-14)


def test_splits_that_no_share_ever_saw_are_refused_by_ticker_and_day() -> None:
    """A column of other numbers called Split would make 1e300 shares of one, or none."""
    days = np.arange(np.datetime64("2020-01-01"), np.datetime64("2020-01-08"))
    for splits in ([1.0, 1e9, 1e12, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1e-12, 1e-9] + [1.0] * 3, [1e200] * 7):
        series = {"AAA": CloseSeries(days, np.full(7, 5.0), None, np.array(splits))}
        closes = combine_series(series, PriceRequest(("AAA",)), Provenance("test", "with_events"))
        with pytest.raises(
            DataError, match=r"test: found that the splits and dividends of AAA make .* correct the one of"
        ):
            apply_events(closes, "reinvest")
