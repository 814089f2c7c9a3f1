"""Another start is another account: nothing of it is cut out of the run."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from engine.analysis.breakdown.start_years import start_years, year_start_rows
from engine.analysis.difference_parts import Plan
from engine.analysis.portfolio_market import PortfolioMarket
from engine.backtest.workflow import run_backtest
from engine.data.market import Market
from engine.simulation.simulate import simulate
from strategies.buy_and_hold import BuyAndHold
from tests.support.breakdowns import Breakdown, shared_config
from tests.support.markets import account, free, market_of

if TYPE_CHECKING:
    from engine.portfolio.optimiser_step import OptimiserStep


@pytest.mark.parametrize(("year", "name"), [(2015, "us_small_caps"), (2021, "us_small_caps_three")])
def test_a_start_is_a_run_of_its_own(year: int, name: str, shared_data: Path) -> None:
    """Growth, difference and interval are those of the run whose window begins there, to the bit; the first is the run."""
    whole = Breakdown(shared_config(name, shared_data))
    (found,) = (one for one in whole.start_years.starts if one.year == year)
    alone = run_backtest(
        shared_config(name, shared_data, f"window.start={found.start}"), parts=False, breakdown=False
    ).comparison
    versus = alone.versus["buy_and_hold"]
    assert found.start == str(alone.strategy.ledger.dates[0])
    assert found.cagr == alone.strategy.metrics["cagr"]
    assert found.held == alone.portfolios["buy_and_hold"].metrics["cagr"]
    assert (found.difference, found.interval) == (versus.cagr_difference, versus.cagr_difference_interval)


def test_starts_are_first_sessions_that_leave_a_year() -> None:
    """The opening counts whatever its date; a year before the end is enough, a day less is not."""
    dates = np.arange("2019-11-20", "2022-01-03", dtype="datetime64[D]")
    assert [str(dates[row]) for row in year_start_rows(dates, 5)] == ["2019-11-25", "2020-01-01", "2021-01-01"]
    assert [str(dates[row]) for row in year_start_rows(dates[:-3], 5)] == ["2019-11-25", "2020-01-01"]
    assert year_start_rows(dates[:100], 5) == []


def test_a_start_that_no_price_opens_is_left_out_and_counted() -> None:
    """A year in which the only name has no close has no start: the account that opens later is not told as its own."""
    days = np.arange("2018-01-01", "2023-01-01", dtype="datetime64[D]")
    closes = np.linspace(10.0, 20.0, len(days))[:, None]
    closes[(days >= np.datetime64("2019-12-20")) & (days < np.datetime64("2021-01-04"))] = np.nan
    market = Market.build(days, ("A",), closes)
    policy = BuyAndHold.model_validate({"weights": {"A": "100%"}})
    ledger = simulate(market, policy, account(), free(1))
    found = start_years(Plan(PortfolioMarket(market, 0), policy, account(), free(1), ledger), ledger, None)
    assert [(one.start, one.difference) for one in found.starts] == [
        ("2018-01-01", 0.0),
        ("2019-01-01", 0.0),
        ("2021-01-04", 0.0),
    ]
    assert (found.ahead, found.median, found.left_out) == (0, 0.0, 1)


def test_an_optimised_plan_is_not_begun_again() -> None:
    """Each start would take as long as the run: the reader is told where to find them."""
    market = market_of(np.linspace(10.0, 20.0, 900)[:, None])
    policy = BuyAndHold.model_validate({"weights": {"A": "100%"}})
    ledger = simulate(market, policy, account(), free(1))
    solved = dataclasses.replace(ledger, steps=(cast("OptimiserStep", None),))
    found = start_years(Plan(PortfolioMarket(market, 0), policy, account(), free(1), solved), solved, None)
    assert (found.starts, found.median) == ((), None)
    assert "engine luck" in found.missing
