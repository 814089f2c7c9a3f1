"""The German section of a config: what it refuses, what it says in words, and which years it can tax."""

from __future__ import annotations

import pytest

from engine.tax.germany.law import GermanTax
from engine.tax.germany.tables import COUNTRIES
from tests.support.configs import config, message
from tests.support.german import EQUITY, law

PLAN = """
name: plan
data: {{source: {{kind: files, path: nowhere.parquet, closes: raw, currency: USD}}}}
window: {{start: 2018-01-02, end: 2024-03-08}}
account: {{capital: 100000, currency: EUR}}
strategy: {{kind: fixed_mix, weights: {{SPY: 60%, CRS: 40%}}, rebalance: {{kind: never}}}}
tax:
  kind: germany
  assets: {{SPY: {spy}, CRS: {crs}}}
  {keys}
"""
FUND = "{fund: equity, income: distributing, withheld_inside: 15%}"


def plan(keys: str = "", spy: str = FUND, crs: str = "{stock: US}") -> str:
    return PLAN.format(keys=keys, spy=spy, crs=crs)


def test_every_attribute_is_read() -> None:
    """A plan with all of them says what a program would."""
    keys = (
        "law: current\n  rate: 20%\n  allowance: 600\n  church: 9%\n  pots: one\n  opening_pots: {stocks: 10, other: 5}\n"
        "  base_rate: {before_2007: 4%, 2027: 3%}\n  collect: assessment\n  pay_on: 08-15\n  short_of_cash: outside\n"
        "  rounding: cent\n  lots: fifo"
    )
    tax = config(plan(keys)).tax
    assert isinstance(tax, GermanTax)
    taxation = tax.taxation(reinvests=True)
    terms = taxation.terms
    assert (taxation.reinvests, taxation.outside) == (True, True)
    assert (terms.rate, terms.church, terms.one_pot, terms.cents, terms.at_once) == (0.2, 0.09, True, True, False)
    assert (str(terms.pay_on), tuple(terms.pots), terms.of_year(2024).allowance) == ("08-15", (0.0, 15.0), 600.0)
    assert (terms.base_rate(2001), terms.base_rate(2023), terms.base_rate(2027)) == (0.04, 0.0255, 0.03)
    assert terms.assets["CRS"] == (False, 0.0, 0.15, 0.15)
    assert terms.assets["SPY"] == (True, 0.3, 0.0, 0.0)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("church: 7%", "found '7%'; expected 'none', '8%' or '9%'"),
        ("lots: hifo", "tax.lots: found 'hifo'; did you mean 'fifo'?"),
        ("allowance: 2500", "'2500' is no allowance; write single, couple, or the share of it that this bank has"),
        ("allowance: nan", "'nan' is no allowance"),
        ("allowance: 1_000", "'1_000' is no allowance"),
        ("allowance: [600]", "a list is no allowance"),
        ("allowance: {single: 600}", "a mapping is no allowance"),
        ("rate: 0%", "found '0%'; expected above 0 %"),
        ("rate: 95%", "95 % and its surcharges are 100.225 % of a gain, which leaves nothing; write a rate"),
        ("base_rate: {2024: 3%}", "2024 is known: 2.29 % (BMF 05.01.2024, BStBl 2024 I 154); leave it out"),
        ("base_rate: {27: 3%}", "found '27'; write a year, as 2027: 3%, or before_2007: 4%"),
        ("pay_on: 02-30", "'02-30' is no day of every year; write month and day, as 07-01"),
    ],
)
def test_what_the_law_does_not_have_is_refused(keys: str, expected: str) -> None:
    assert expected in message(plan(keys))


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("{fund: equity}", "found a fund without it; write income: distributing, or accumulating"),
        ("{fund: equity, stock: US}", "found both of fund and stock; write {fund: equity, income: distributing} or"),
        ("{}", "found neither of fund and stock"),
        ("{stock: US, income: distributing}", "found a stock with income or withheld_inside, which funds have"),
        ("{stock: XX}", "found 'XX'; expected 'CH', 'DE', 'FR', 'GB', 'IE', 'JP' or 'US'"),
        ("{stock: {withheld: 10%, creditable: 15%}}", "found 15 %, and 10 % is withheld; expected no more"),
    ],
)
def test_an_asset_is_a_fund_or_a_stock(attributes: str, expected: str) -> None:
    assert expected in message(plan(crs=attributes))


def test_years_that_cannot_be_taxed_are_told_with_a_remedy() -> None:
    """Before 2018 by the law of each year; without a base rate by any, where there is a fund; the last has to have none."""
    own = law({"A": EQUITY})
    assert list(own.window_faults(2007, 2027)) == []
    assert [text for _, text in own.window_faults(2003, 2029)] == [
        "no base rate was published for 2003 to 2006; write base_rate: {before_2007: 4%}",
        "the base rate of 2027, 2028 is not known; write base_rate: {2027: 3%, 2028: 3%}",
    ]
    assert list(law({"A": EQUITY}, base_rate={"before_2007": "4%", "2027": "3%"}).window_faults(2003, 2028)) == []
    assert list(law({"A": {"stock": "US"}}).window_faults(2003, 2029)) == []
    (fault,) = law({"A": EQUITY}, law="of_the_year").window_faults(2010, 2020)
    assert fault[0] == ("law",)
    assert "funds were taxed otherwise until 2017; begin in 2018, or write law: current" in fault[1]


def test_all_assets_without_attributes_are_named_in_one_line() -> None:
    ((keys, text),) = law({"A": EQUITY}).asset_faults(["A", "B", "C"])
    assert keys == ("assets",)
    assert text.startswith("no attributes of B, C; paste")


def test_a_misspelt_asset_is_told_beside_the_one_that_lacks() -> None:
    ((_, text),) = law({"SPI": EQUITY}).asset_faults(["SPY"])
    assert text.startswith(
        "no attributes of SPY; no portfolio holds SPI, listed here; paste and correct assets: {SPY: "
    )


def test_an_asset_is_told_in_words() -> None:
    """The exemption, what is withheld, and that a fund of the United States stands in for another."""
    words = law({"VB": {**EQUITY, "withheld_inside": "15%"}, "X": {"stock": {"withheld": "30%", "creditable": "15%"}}})
    assert words.describe("VB") == (
        "equity fund, distributing, 30 % of returns exempt, 15 % of its dividends withheld inside; "
        "stands in for a UCITS fund, which you would have to buy"
    )
    assert words.describe("X") == "stock, 30 % of its dividends withheld abroad, at most 15 % of them creditable"


def test_caveats_are_those_of_the_plan() -> None:
    """Stand-ins by name, today's law on the past, the deferral of an assessment; nothing of a plan without these."""
    told = list(law({"VB": EQUITY, "A": EQUITY}, collect="assessment", pots="one").caveats(["A", "VB"], 2004))
    assert [text.split(" ")[0] for text in told] == ["VB", "Today's", "Losses", "No"]
    assert list(law({"A": EQUITY}).caveats(["A"], 2018)) == []


def test_the_tables_agree_with_the_countries_that_a_config_can_name() -> None:
    assert all(law({"A": {"stock": country}}).withheld_abroad("A") == own.rate for country, own in COUNTRIES.items())
