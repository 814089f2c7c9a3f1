"""What a taxed run trades: closes as traded with their dividends, funds' own income, and the twin before tax."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.backtest.config import RunConfig
from engine.backtest.prices import LoadedPrices, load_prices
from engine.core.errors import DataError
from tests.support.configs import config

HEADER = "date,close,dividend,split"
ROWS = ("2020-01-02,100,0,1", "2020-01-03,110,0,1", "2020-01-06,50,5,2", "2020-01-07,60,0,1", "2020-01-08,66,3,1")
PLAN = """
name: plan
data: {{source: {{kind: files, path: {path}, currency: USD}}, calendar: 24/7}}
strategy: {{kind: buy_and_hold, weights: {{AAA: 60%, BBB: 40%}}}}
compare: {{buy_and_hold: false}}
tax: {{kind: flat, gains: 25%, income: 20%}}
"""


@pytest.fixture
def plan(tmp_path: Path) -> str:
    """Return a plan over two tickers that print and pay the same."""
    for ticker in ("AAA", "BBB"):
        (tmp_path / f"{ticker}.csv").write_text("\n".join((HEADER, *ROWS)))
    return PLAN.format(path=tmp_path)


def prices(text: str, *overrides: str) -> LoadedPrices:
    """Return what a plan loads."""
    loaded: RunConfig = config(text, *overrides)
    return load_prices(loaded)


def twin_of(text: str, *overrides: str) -> LoadedPrices:
    """Return the twin of what a plan loads."""
    twin = prices(text, *overrides).untaxed
    assert twin is not None
    return twin


def test_a_taxed_run_is_paid_its_dividends_by_shares_of_the_last_day(plan: str) -> None:
    """5 on one of two shares that a split made of one; before it a share of the last day is half of one."""
    market = prices(plan).market
    assert market.dividends is not None
    assert market.dividends[:, 0].tolist() == [0.0, 0.0, 5.0, 0.0, 3.0]
    assert market.prices[:, 0].tolist() == [50.0, 55.0, 50.0, 60.0, 66.0]
    assert not market.invests_dividends


def test_an_accumulating_fund_pays_nothing_and_grows_by_what_reaches_it(plan: str) -> None:
    """With 20 % lost inside, 4 of 5 buy more at 50 and 2.4 of 3 at 66; a unit is split as a share is."""
    market = prices(plan, "tax.assets.AAA={income: accumulating, withheld_inside: 20%}").market
    assert market.dividends is not None
    assert not market.dividends[:, 0].any()
    grown = np.array([50.0, 55.0, 50.0 * 1.08, 60.0 * 1.08, 66.0 * 1.08 * (1.0 + 2.4 / 66.0)])
    np.testing.assert_allclose(market.prices[:, 0], grown, rtol=1e-15)
    assert market.shares is not None
    assert market.shares[:, 0].tolist() == [0.5, 0.5, 1.0, 1.0, 1.0]
    assert market.prices[:, 1].tolist() == [50.0, 55.0, 50.0, 60.0, 66.0]


def test_a_distributing_fund_pays_what_reaches_it(plan: str) -> None:
    """15 % of 5 and of 3 are lost inside."""
    market = prices(plan, "tax.assets.AAA={withheld_inside: 15%}").market
    assert market.dividends is not None
    np.testing.assert_allclose(market.dividends[[2, 4]], [[4.25, 5.0], [2.55, 3.0]], rtol=1e-15)


def test_the_twin_before_tax_is_the_plan_without_its_tax(plan: str) -> None:
    """Gross: the very prices of the untaxed plan, whatever is withheld anywhere."""
    taxed = (plan, "tax.assets.AAA={withheld_inside: 15%}", "tax.assets.BBB={withheld: 30%}")
    twin, untaxed = twin_of(*taxed), prices(plan, "tax={kind: none}")
    np.testing.assert_array_equal(twin.market.prices, untaxed.market.prices)
    assert twin.market.dividends is None
    assert twin.taxation is None
    assert untaxed.untaxed is None
    assert prices(*taxed).taxation is not None


@pytest.mark.parametrize(("twin", "kept"), [("gross", 1.0), ("net_of_withholding", 0.85 * 0.7)])
def test_the_twin_may_be_net_of_what_is_withheld(plan: str, twin: str, kept: float) -> None:
    """15 % inside and 30 % abroad leave 59.5 % of a dividend, which buys more of what paid it."""
    law = f"tax.twin={twin}", "tax.assets.AAA={withheld_inside: 15%, withheld: 30%}"
    levels = twin_of(plan, *law).market.prices[:, 0]
    assert levels[2] / levels[1] == pytest.approx(2.0 * (50.0 + 5.0 * kept) / 110.0, rel=1e-14)


def test_an_accumulating_fund_keeps_its_dividends_in_the_twin_too(plan: str) -> None:
    """Where others wait in cash, its own are inside, before tax in full."""
    market = twin_of(plan, "data.dividends=cash", "tax.assets.AAA={income: accumulating, withheld_inside: 15%}").market
    assert market.dividends is not None
    assert market.dividends[2].tolist() == [0.0, 5.0]
    assert market.prices[2, 0] / market.prices[1, 0] == pytest.approx(2.0 * 55.0 / 110.0, rel=1e-14)


@pytest.mark.parametrize(
    ("overrides", "reinvests", "invests"),
    [
        ((), True, False),
        (("account.shares=whole",), False, True),
        (("data.dividends=cash",), False, False),
        (("data.dividends=towards_targets",), False, True),
    ],
)
def test_dividends_after_tax_go_where_the_config_says(
    plan: str, overrides: tuple[str, ...], *, reinvests: bool, invests: bool
) -> None:
    """They buy more of what paid them; whole shares are bought towards the targets."""
    loaded = prices(plan, *overrides)
    assert loaded.taxation is not None
    assert (loaded.taxation.reinvests, loaded.market.invests_dividends) == (reinvests, invests)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("auto", "closes of AAA, BBB that contain dividends, and none beside them"),
        ("raw", "no dividends beside closes as traded"),
    ],
)
def test_closes_without_dividends_beside_them_are_refused_with_the_reason(
    plan: str, tmp_path: Path, kind: str, found: str
) -> None:
    """One line: where, found, expected, why, remedy."""
    for ticker in ("AAA", "BBB"):
        rows = [",".join(row.split(",")[:2]) for row in ROWS]
        (tmp_path / f"{ticker}.csv").write_text("\n".join(("date,close", *rows)))
    with pytest.raises(DataError, match=found) as caught:
        prices(plan, f"data.source.closes={kind}")
    told = str(caught.value)
    assert told.startswith("tax: files (")
    assert "expected closes as traded with their dividends and splits" in told
    assert "dividends are untaxed gains and no cost is what was paid; name a source that states them" in told
    assert "\n" not in told


def test_a_ticker_whose_closes_may_contain_dividends_is_refused_beside_others_as_traded(
    plan: str, tmp_path: Path
) -> None:
    """BBB's file has closes alone, which are taken as adjusted: its dividends would be untaxed gains."""
    (tmp_path / "BBB.csv").write_text("date,close\n2020-01-02,100\n2020-01-03,110\n2020-01-06,90\n2020-01-07,95\n")
    with pytest.raises(DataError, match="found closes of BBB that contain dividends, and none beside them"):
        prices(plan)
    assert prices(plan, "tax={kind: none}").market.assets == ("AAA", "BBB")
