"""Plans of what is paid in or out: which sessions they fall on, and how much it is (S11)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.analysis.performance import Performance
from engine.core.arrays import DateArray
from engine.core.errors import DataError
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.simulation.simulate import simulate
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, free

CPI = Path(__file__).parents[3] / "shared" / "data" / "macro" / "fred_CPIAUCSL.csv"


def weekdays(first: str, last: str) -> DateArray:
    """Return every Monday to Friday between two days, the last one included."""
    days = np.arange(first, np.datetime64(last) + 1, dtype="datetime64[D]")
    return days[np.is_busday(days)]


def flows(plans: object, dates: DateArray, opening: int = 0) -> dict[str, float]:
    """Return what the plans of an account pay, by date."""
    paid = Account.model_validate({"contributions": plans}).flows_by_row(dates, opening)
    return {str(dates[row]): amount for row, (amount, _) in paid.items()}


def test_a_plan_pays_between_its_dates() -> None:
    """The first flow comes at the first session from its date on, the last in the last period that begins by the end."""
    dates = weekdays("2012-01-02", "2012-12-31")
    paid = flows({"amount": "500", "from": "2012-03-10", "to": "2012-07-01"}, dates)
    assert paid == dict.fromkeys(["2012-03-12", "2012-04-02", "2012-05-01", "2012-06-01", "2012-07-02"], 500.0)


def test_a_plan_from_before_the_opening_is_as_one_without_dates() -> None:
    """The capital stands for the period of the opening, whenever the plan began; the end cuts it only."""
    dates = weekdays("2012-01-17", "2012-06-29")
    assert flows({"amount": 7, "from": "2001-05-05", "to": "2031-01-01"}, dates) == flows({"amount": 7}, dates)
    assert flows({"amount": 7, "to": "2012-01-31"}, dates) == {}


def test_a_flow_on_a_date_comes_once() -> None:
    """On a Saturday it comes on Monday; on the day of the opening or before, or after the last session, never."""
    dates = weekdays("2012-01-02", "2012-06-29")
    assert flows({"amount": -50, "on": "2012-03-10"}, dates) == {"2012-03-12": -50.0}
    assert flows({"amount": -50, "on": "2012-01-02"}, dates) == {}
    assert flows({"amount": -50, "on": "2012-06-30"}, dates) == {}


def test_flows_of_one_session_are_netted() -> None:
    """What is paid in and what is withdrawn on the same day is one flow, and none where they are equal."""
    dates = weekdays("2012-01-02", "2012-04-30")
    plans = [{"amount": 500}, {"amount": -200, "from": "2012-03-01"}, {"amount": -500, "on": "2012-02-01"}]
    assert flows(plans, dates) == {"2012-03-01": 300.0, "2012-04-02": 300.0}


@pytest.mark.parametrize(("to", "expected"), [("2012-12-31", [300, 300, 300]), ("2012-11-30", [300, 300, 200])])
def test_sessions_that_are_rarer_than_flows_have_all_of_them(to: str, expected: list[float]) -> None:
    """A quarter's close has the flows of its three months, up to the one the plan ends in."""
    dates = np.array(["2012-03-30", "2012-06-29", "2012-09-28", "2012-12-31"], "datetime64[D]")
    assert list(flows({"amount": 100, "from": "2012-01-01", "to": to}, dates).values()) == expected


def test_a_plan_reads_back_as_it_was() -> None:
    """What a run writes of its plans gives the same plans when it is read."""
    plans = [{"amount": 500, "to": "2029-12-31"}, {"amount": -9000, "on": "2030-05-05"}, {"percent": "-4%"}]
    account = Account.model_validate({"contributions": plans})
    written = account.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert Account.model_validate(written) == account
    assert [{"amount", "every"} - one.keys() for one in written["contributions"]] == [set(), {"every"}, {"amount"}]


def test_an_amount_rises_by_a_rate_once_a_year() -> None:
    """What began in March is more from March of the next year on, wherever in the month the first session lies."""
    dates = weekdays("2012-01-02", "2014-06-30")
    paid = flows({"amount": 100, "every": "quarter", "from": "2012-04-02", "indexed": "2%"}, dates)
    assert list(paid.values()) == [100.0] * 4 + [100 * 1.02] * 4 + [100 * (1.02 * 1.02)]
    assert next(iter(paid)) == "2012-04-02"


def test_an_amount_rises_with_an_index_of_prices(tmp_path: Path) -> None:
    """The last value dated on or before the session counts, over that of the first date; an empty month has the last."""
    path = tmp_path / "cpi.csv"
    path.write_text("date,value\n2012-01-01,200\n2012-02-01,\n2012-03-01,210\n2012-03-05,999\n2012-04-01,.\n")
    dates = weekdays("2012-01-16", "2012-04-30")
    paid = flows({"amount": 100, "indexed": {"path": str(path)}}, dates)
    assert paid == {"2012-02-01": 100.0, "2012-03-01": 100 * 1.05, "2012-04-02": 100 * (999 / 200)}


def test_an_index_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    """Prices of years ago are not taken for today's; the key is told."""
    path = tmp_path / "cpi.csv"
    path.write_text("date,value\n2012-01-01,200\n")
    with pytest.raises(
        DataError,
        match=r"^account.contributions: .*its last value before 2013-03-01 is of 2012-01-01; fetch the file again",
    ):
        flows({"amount": 100, "indexed": {"path": str(path)}}, weekdays("2012-01-16", "2014-04-30"))


@pytest.mark.skipif(not CPI.is_file(), reason="needs the macro data beside the repository")
def test_consumer_prices_are_read_as_they_are_published() -> None:
    """October 2025 has no value in the file: September's counts."""
    paid = flows(
        {"amount": 1000, "from": "2010-01-01", "indexed": {"path": str(CPI)}}, weekdays("2025-08-01", "2025-11-28")
    )
    assert list(paid.values()) == pytest.approx([1000 * x / 217.488 for x in (324.245, 324.245, 325.063)], rel=1e-12)


def test_a_percentage_is_a_share_of_the_value() -> None:
    """What is paid of the value stands beside amounts of the same session."""
    dates = weekdays("2012-01-02", "2013-01-31")
    plans = [{"amount": 500, "every": "quarter"}, {"percent": "-4%", "every": "year"}]
    terms = Account.model_validate({"contributions": plans})
    due = terms.flows_by_row(dates, 0)
    assert terms.withdraws
    assert [flow.money(10_000.0) for flow in due.values()] == [500.0, 500.0, 500.0, 100.0]


def test_four_percent_a_year_leave_what_the_closed_form_does() -> None:
    """At a constant growth g the account is capital x (g x 0.96)^k after k withdrawals, by way of the level too."""
    dates = np.arange("2000", "2012", dtype="datetime64[Y]").astype("datetime64[D]")
    closes = 100.0 * 1.07 ** np.arange(len(dates))
    ledger = simulate(
        Market.build(dates, ("A",), closes[:, None]),
        FixedMix(weights={"A": 1.0}),
        account(capital=10_000, contributions={"percent": "-4%", "every": "year"}),
        free(1),
    )
    assert ledger.value == pytest.approx(10_000 * (1.07 * 0.96) ** np.arange(len(dates)), rel=1e-12)
    assert Performance.from_ledger(ledger).level[1:] == pytest.approx(10_000 * 1.07 ** np.arange(len(dates)), rel=1e-12)


def test_a_rising_annuity_leaves_what_the_closed_form_does() -> None:
    """The sum of P(1+i)^(j-1) g^(k-j), a growing annuity, is P (g^k - (1+i)^k) / (g - 1 - i)."""
    dates = np.arange("2000", "2012", dtype="datetime64[Y]").astype("datetime64[D]")
    g, i, k = 1.07, 0.02, np.arange(len(dates))
    plan = {"amount": 500, "every": "year", "from": "2001-01-01", "indexed": "2%"}
    ledger = simulate(
        Market.build(dates, ("A",), 100.0 * g ** k[:, None]),
        FixedMix(weights={"A": 1.0}),
        account(capital=10_000, contributions=plan),
        free(1),
    )
    assert ledger.value == pytest.approx(10_000 * g**k + 500 * (g**k - (1 + i) ** k) / (g - 1 - i), rel=1e-12)


def test_a_plan_from_the_last_day_of_a_month_without_a_session_pays_twice_on_the_next() -> None:
    """What was due on that Saturday and what is due in the new month come on one Monday, as on Friday and Monday."""
    dates = weekdays("2015-01-02", "2015-03-31")
    paid = flows({"amount": 500, "from": "2015-01-31"}, dates)
    assert paid == {"2015-02-02": 1000.0, "2015-03-02": 500.0}
