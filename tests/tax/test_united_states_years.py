"""A year of gains and losses: netting, brackets, the tax on net investment income, tables; beside printed examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tax.united_states.brackets import bracket_ends, bracket_rates, marginal_rate, ordinary_tax
from engine.tax.united_states.netting import CarriedLosses, NetGains, net_gains
from engine.tax.united_states.rates import Brackets, FlatRates, net_investment_tax, stacked_tax
from engine.tax.united_states.tables import FIRST_YEAR, LAST_YEAR, Filing, gain_thresholds
from engine.tax.united_states.year_income import TaxedIncome

NOTHING = CarriedLosses()
YEARS = range(FIRST_YEAR, LAST_YEAR + 1)
FILINGS: tuple[Filing, ...] = ("single", "joint", "separate", "head")
MONEY = st.integers(-20_000, 20_000).map(float)
LOSS = st.integers(0, 20_000).map(float)


def test_a_loss_beyond_the_limit_is_carried() -> None:
    """Fairmark: 4000 gained, 11,400 lost: 3000 deducted, 4400 carried; 500 gained next year: 3000, and 900 carried."""
    first = net_gains(-11_400.0 + 4_000.0, 0.0, NOTHING, 3000.0)
    assert (first.deducted, first.carried) == (3000.0, CarriedLosses(4400.0))
    second = net_gains(500.0, 0.0, first.carried, 3000.0)
    assert (second.deducted, second.carried) == (3000.0, CarriedLosses(900.0))
    assert 0.28 * second.deducted == pytest.approx(840.0)


def test_a_loss_below_the_limit_is_deducted_whole() -> None:
    """IRS Pub 544 and 550: 7000 lost: 3000, 4000 carried; 2000 lost: 2000."""
    assert net_gains(-7000.0, 0.0, NOTHING, 3000.0) == NetGains(0.0, 0.0, 3000.0, CarriedLosses(4000.0))
    assert net_gains(-2000.0, 0.0, NOTHING, 3000.0) == NetGains(0.0, 0.0, 2000.0, NOTHING)


def test_a_loss_of_one_kind_eats_the_gain_of_the_other_before_the_limit() -> None:
    """Short -10,000, long 5000: 3000 deducted, 2000 short carried."""
    assert net_gains(-10_000.0, 5000.0, NOTHING, 3000.0) == NetGains(0.0, 0.0, 3000.0, CarriedLosses(2000.0))


def test_what_is_carried_keeps_its_kind() -> None:
    """Short -5000, long 1000; next year short 2000, long 1500: 1000 short is carried and leaves 1000 and 1500."""
    first = net_gains(-5000.0, 1000.0, NOTHING, 3000.0)
    assert (first.deducted, first.carried) == (3000.0, CarriedLosses(1000.0))
    assert net_gains(2000.0, 1500.0, first.carried, 3000.0) == NetGains(1000.0, 1500.0, 0.0, NOTHING)


def test_short_losses_are_used_up_first() -> None:
    """Both lost: 2000 short and 1000 of 2500 long are deducted, 1500 long carried."""
    assert net_gains(-2000.0, -2500.0, NOTHING, 3000.0).carried == CarriedLosses(0.0, 1500.0)


@given(MONEY, MONEY, LOSS, LOSS)
def test_nothing_is_lost_in_netting(short: float, long: float, old_short: float, old_long: float) -> None:
    """What is taxed, less what is deducted and carried, is the sum of all; and there are gains or losses, not both."""
    net = net_gains(short, long, CarriedLosses(old_short, old_long), 3000.0)
    total = short + long - old_short - old_long
    assert net.short + net.long - net.deducted - sum(net.carried) == total
    assert all(amount >= 0.0 for amount in (*net[:3], *net.carried))
    assert not (net.short + net.long) or not (net.deducted + sum(net.carried))


def test_flat_rates_tax_each_kind_at_its_own_and_a_loss_lowers_other_income() -> None:
    """Short 1000 at 24 %, long 2000 at 15 %, 5 % of a state on both; a loss of 3000 is worth 24 % and 5 % of it."""
    rates = FlatRates(ordinary=0.24, long_term=0.15, state=0.05)
    assert rates.tax(TaxedIncome(1000.0, 2000.0), 2024) == pytest.approx(240.0 + 300.0 + 150.0)
    assert rates.tax(TaxedIncome(-3000.0, 0.0), 2024) == pytest.approx(-720.0 - 150.0)


def test_one_rate_of_all_is_a_product() -> None:
    """140,000 at 20 % and 3.8 % are 33,320."""
    rates = FlatRates(ordinary=0.37, long_term=0.20, net_investment=0.038)
    assert rates.tax(TaxedIncome(0.0, 140_000.0), 2025) == pytest.approx(33_320.0)
    assert rates.tax(TaxedIncome(-3000.0, 0.0), 2025) == pytest.approx(-0.37 * 3000.0)


@pytest.mark.parametrize(
    ("income", "gains", "tax"),
    [
        (10_000, 30_000, 0.0),
        (40_000, 30_000, 3247.50),
        (100_000, 34_250, 5137.50),
        (40_000, 20_000, 1747.50),
        (520_000, 30_000, 5330.0),
    ],
)
def test_gains_are_stacked_on_other_income(income: float, gains: float, tax: float) -> None:
    """A single person in 2025: nothing up to 48,350, 15 % up to 533,400, 20 % above."""
    assert stacked_tax(income, gains, 2025, "single") == pytest.approx(tax)


@pytest.mark.parametrize(
    ("income", "invested", "filing", "tax"),
    [
        (205_000, 205_000, "single", 190.0),
        (900_000, 900_000, "single", 26_600.0),
        (230_000, 35_000, "single", 1140.0),
        (220_000, 30_000, "single", 760.0),
        (255_000, 15_000, "joint", 190.0),
        (550_000, 30_000, "single", 1140.0),
        (199_000, 50_000, "single", 0.0),
        (300_000, -3000, "single", 0.0),
    ],
)
def test_net_investment_income_is_taxed_above_its_threshold(
    income: float, invested: float, filing: Filing, tax: float
) -> None:
    """3.8 % of the lesser of the income that is invested and what exceeds the threshold; never negative."""
    assert net_investment_tax(income, invested, filing) == pytest.approx(tax)


def test_brackets_add_what_a_portfolio_brings_to_what_there_is() -> None:
    """520,000 of other income and 30,000 of gains in 2025; short gains climb the ordinary brackets."""
    high = Brackets(filing="single", ordinary_income=520_000.0)
    assert high.tax(TaxedIncome(0.0, 30_000.0), 2025) == pytest.approx(5330.0 + 1140.0)
    edge = Brackets(filing="single", ordinary_income=190_000.0)
    assert edge.tax(TaxedIncome(0.0, 20_000.0), 2025) == pytest.approx(3000.0 + 380.0)
    middle = Brackets(filing="single", ordinary_income=100_000.0)
    assert middle.tax(TaxedIncome(10_000.0, 0.0), 2025) == pytest.approx(0.22 * 3350.0 + 0.24 * 6650.0)
    assert middle.tax(TaxedIncome(-3000.0, 0.0), 2025) == pytest.approx(-0.22 * 3000.0)
    assert middle.marginal(2025) == (0.22, 0.15)


def test_the_least_tax_counts_what_is_taken_of_all_gains_too() -> None:
    """A state's 5 %, and 3.8 % of net investment income where other income is above its threshold."""
    flat = FlatRates(ordinary=0.24, long_term=0.15, net_investment=0.038, state=0.05)
    assert flat.marginal(2025) == pytest.approx((0.328, 0.238))
    high = Brackets(filing="single", ordinary_income=300_000.0, state=0.05)
    assert high.marginal(2025) == pytest.approx((0.35 + 0.088, 0.15 + 0.088))


def test_a_loss_that_no_income_can_use_is_carried() -> None:
    """1000 of other income can be lowered by 1000."""
    assert Brackets(filing="single", ordinary_income=1000.0).deductible(3000.0, 0.0) == 1000.0


@pytest.mark.parametrize(
    ("income", "year", "filing", "tax"),
    [
        (50_400, 2026, "single", 5800.0),
        (256_225, 2026, "single", 58_448.0),
        (640_600, 2026, "single", 192_979.25),
        (731_200, 2024, "joint", 196_669.50),
        (413_200, 2015, "single", 119_996.25),
        (-100, 2024, "single", 0.0),
    ],
)
def test_ordinary_income_is_taxed_by_brackets(income: float, year: int, filing: Filing, tax: float) -> None:
    """Sums printed beside the brackets: Rev. Proc. 2025-32, 2023-34, 2014-61."""
    assert ordinary_tax(income, year, filing) == pytest.approx(tax)


def test_until_2017_rates_of_gains_changed_with_those_of_ordinary_income() -> None:
    """0 % ended with the bracket of 15 %, 20 % began with that of 39.6 %: two tables that have to agree."""
    for year in range(FIRST_YEAR, 2018):
        for filing in FILINGS:
            ends = bracket_ends(year, filing)
            assert gain_thresholds(year, filing) == (ends[1], ends[5])


@pytest.mark.parametrize("filing", FILINGS)
def test_tables_are_whole_and_grow(filing: Filing) -> None:
    """Every year has its row, brackets rise within it, and no threshold falls from one year to the next but in 2018."""
    for year in YEARS:
        ends = bracket_ends(year, filing)
        assert list(ends) == sorted(ends)
        assert len(ends) + 1 == len(bracket_rates(year))
        assert marginal_rate(0.0, year, filing) == 0.10
        assert marginal_rate(1e9, year, filing) == bracket_rates(year)[-1]
    for year in YEARS[1:]:
        assert all(
            now > before
            for now, before in zip(gain_thresholds(year, filing), gain_thresholds(year - 1, filing), strict=True)
        )
        if year != 2018:
            assert all(
                now > before
                for now, before in zip(bracket_ends(year, filing), bracket_ends(year - 1, filing), strict=True)
            )


def test_thresholds_are_the_published_ones() -> None:
    """Rev. Proc. 2019-44 to 2025-32, single and joint."""
    published = {
        2020: (40_000, 441_450, 80_000, 496_600),
        2021: (40_400, 445_850, 80_800, 501_600),
        2022: (41_675, 459_750, 83_350, 517_200),
        2023: (44_625, 492_300, 89_250, 553_850),
        2024: (47_025, 518_900, 94_050, 583_750),
        2025: (48_350, 533_400, 96_700, 600_050),
        2026: (49_450, 545_500, 98_900, 613_700),
    }
    for year, row in published.items():
        assert (*gain_thresholds(year, "single"), *gain_thresholds(year, "joint")) == row
