"""Funds that keep their income, and what they lose of it inside."""

from __future__ import annotations

import numpy as np
import pytest

from engine.data.closes import Closes, CloseSeries
from engine.data.events import apply_events
from engine.data.fund_income import keep_inside
from engine.data.market import Provenance
from engine.data.sources.base import PriceRequest
from engine.data.sources.combine import combine_series

TICKERS = ("AAA", "BBB")


def history() -> Closes:
    """A year of two tickers that pay every quarter and split once; the second begins late."""
    rng, days = np.random.default_rng(3), np.busday_offset("2020-01-02", np.arange(250), roll="forward")
    series = {}
    for ticker, begin in zip(TICKERS, (0, 40), strict=True):
        splits, dividends = np.ones(250), np.zeros(250)
        splits[120] = 4.0
        dividends[[60, 120, 180]] = 0.5
        closes = 80.0 * np.cumprod(1.0 + rng.normal(0.0, 0.01, 250)) / np.cumprod(splits)
        series[ticker] = CloseSeries(days, closes, dividends, splits).select(slice(begin, None))
    return combine_series(series, PriceRequest(TICKERS), Provenance("test", "with_events"))


def test_a_fund_that_keeps_all_it_is_paid_earns_what_reinvesting_it_does() -> None:
    """The same levels as units that grow by each dividend, to rounding; nothing is paid."""
    closes = history()
    kept = apply_events(keep_inside(closes, TICKERS, {}), "cash")
    assert kept.dividends is not None
    assert not kept.dividends.any()
    np.testing.assert_allclose(kept.closes, apply_events(closes, "reinvest").closes, rtol=1e-14)


def test_a_fund_that_keeps_its_income_is_counted_in_its_own_units() -> None:
    """Only its split changes how many there are."""
    shares = apply_events(keep_inside(history(), ["AAA"], {}), "cash").shares
    assert shares is not None
    assert sorted(set(shares[:, 0].tolist())) == [1.0, 4.0]


@pytest.mark.parametrize("accumulating", [[], ["AAA"]])
def test_what_is_lost_inside_touches_no_other_ticker(accumulating: list[str]) -> None:
    """The second has the bits that it had."""
    closes = history()
    kept = keep_inside(closes, accumulating, {"AAA": 0.85})
    assert kept.dividends is not None
    assert closes.dividends is not None
    np.testing.assert_array_equal(kept.closes[:, 1], closes.closes[:, 1])
    np.testing.assert_array_equal(kept.dividends[:, 1], closes.dividends[:, 1])
    paid = kept.dividends[:, 0]
    np.testing.assert_allclose(paid, (0.0 if accumulating else 0.85) * closes.dividends[:, 0], rtol=1e-15)


def test_what_happens_later_changes_no_earlier_close() -> None:
    """The first hundred rows are those of a history that ends there."""
    closes = history()
    cut = closes.select(TICKERS, closes.dates[99].item())
    whole = keep_inside(closes, TICKERS, {"AAA": 0.85}).closes[:100]
    np.testing.assert_array_equal(whole, keep_inside(cut, TICKERS, {"AAA": 0.85}).closes)
