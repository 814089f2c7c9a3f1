"""Cases of German taxes worked out in exact fractions, by runs of a few sessions and by books."""

from __future__ import annotations

from fractions import Fraction

import pytest

from engine.tax.germany.advance_lump_sum import advance_lump_sum, months_share
from engine.tax.germany.tables import BASE_RATES
from tests.support.german import EQUITY, STOCK, book, law, market, run, year

TWO_STOCKS = {"A": STOCK, "B": STOCK}
FEE = [0.0]


@pytest.mark.parametrize(
    ("allowance", "value", "tax"),
    [("0", Fraction(34180000, 2989), "564.737370358"), ("single", Fraction(35024000, 2989), "282.368685179")],
)
def test_a_rebalance_pays_its_own_tax(allowance: str, value: Fraction, tax: str) -> None:
    """A doubled, B lost four fifths; to equal weights of what is left after the tax on what is sold for that."""
    own = market(["2024-01-08", "2024-01-15"], [[50.0, 100.0], [100.0, 20.0]])
    ledger = run(own, law(TWO_STOCKS, allowance=allowance), {0: (1 / 3, 2 / 3), 1: (0.5, 0.5)}, 15_000.0)
    assert ledger.value[-1] == pytest.approx(float(value), rel=1e-12)
    assert ledger.taxes.paid[-1] == pytest.approx(float(tax), abs=1e-9)
    held = ledger.units[-1] * own.prices[-1]
    assert held == pytest.approx([float(value) / 2] * 2, rel=1e-12)


def test_a_refund_leaves_more_than_there_was() -> None:
    """A stock gain of 1000 is taxed with 263.75, then losses give 104.13 of it back: more is invested than before."""
    begun = 20_263.75
    risen = 100.0 * (begun + 1000.0) / begun
    own = market(
        ["2024-01-08", "2024-01-15", "2024-01-22"], [[110.0, 100.0, 100.0], [110.0, 100.0, risen], [100.0, 20.0, risen]]
    )
    rows = {0: (0.0, 0.0, 1.0), 1: (11 / 21, 10 / 21, 0.0), 2: (0.5, 0.5, 0.0)}
    ledger = run(own, law({**TWO_STOCKS, "C": STOCK}), rows, begun)
    assert ledger.taxes.paid[1:] == pytest.approx([263.75, -104.126827463], abs=1e-9)
    assert ledger.value[1:] == pytest.approx([21_000.0, float(Fraction(196220000, 16211))], rel=1e-12)


@pytest.mark.parametrize(
    ("last", "paid", "month", "expected"),
    [(99.0, 3.0, 1, 0.0), (100.5, 1.0, 1, 0.5), (100.5, 2.0, 1, 0.0), (110.0, 0.0, 12, 0.1335833333333)],
)
def test_an_advance_lump_sum_is_capped_by_the_gain(last: float, paid: float, month: int, expected: float) -> None:
    """Of 2024, begun at 100: what was paid is taken off after the cap, and twelfths after that."""
    value = advance_lump_sum(100.0, last, paid, BASE_RATES[2024].rate) * months_share(month)
    assert value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("allowance", "tax", "credited"), [(1000.0, 0.0, 250.0), (0.0, float(Fraction(91600, 409)), 300.0)]
)
def test_tax_withheld_abroad_comes_after_the_allowance(allowance: float, tax: float, credited: float) -> None:
    """A dividend of 2000 from the United States, church 9 %."""
    ours = year(other=2000.0, credit=300.0, allowance=allowance, church=0.09)
    assert (ours.tax, ours.credited) == pytest.approx((tax, credited), abs=1e-12)


def test_a_credit_that_is_lost_is_told() -> None:
    """250 of 300 are set off, 50 are lost: the year says so, and a note does."""
    own = market(["2024-01-08", "2024-01-15"], [[1.0], [1.0]])
    opened = book(own, law({"A": {"stock": "US"}}, allowance="1000"))
    due = opened.take_income(1, [100.0], [2000.0])
    record = opened.close(1, [1.0], 0.0, 0.0)
    assert (due.tax, due.withheld) == ([0.0], [300.0])
    assert (record.years[0].credited, record.years[0].credit_lost) == (250.0, 50.0)
    assert "50.00 EUR that might have been set off were lost in 1 year" in record.notes[0]


def test_stock_losses_wait_for_stock_gains() -> None:
    """A loss of 3000 does not touch a dividend of 1000; next year it meets 5000, and a later loss of 500 gives back."""
    dates = ["2024-01-08", "2024-12-30", "2025-01-06"]
    own = market(dates, [[100.0, 100.0, 100.0]] * 3)
    opened = book(
        own, law({"A": STOCK, "B": STOCK, "C": {"fund": "other", "income": "distributing"}}, allowance="1000")
    )
    none = [0.0, 0.0, 0.0]
    assert opened.take_trades(0, [100.0, 100.0, 100.0], [100.0] * 3, none) == 0.0
    assert opened.take_trades(1, [-100.0, 0.0, 0.0], [70.0, 100.0, 100.0], none) == 0.0
    assert opened.take_income(1, [0.0, 100.0, 100.0], [0.0, 1000.0, 0.0]).tax == [0.0, 0.0, 0.0]
    assert opened.begin_year(2) == 0.0
    assert opened.take_trades(2, [0.0, -100.0, 0.0], [100.0, 150.0, 100.0], none) == pytest.approx(263.75, abs=1e-12)
    assert opened.take_trades(2, [0.0, 0.0, -100.0], [100.0, 150.0, 95.0], none) == pytest.approx(-131.875, abs=1e-12)
    years = opened.close(2, [100.0] * 3, 0.0, 0.0).years
    assert [one.total for one in years] == pytest.approx([0.0, 131.875], abs=1e-12)


def test_deferral_is_worth_0_86_points_a_year() -> None:
    """8 % for 20 years: 3.695 times the money when it is taxed at the end, 3.141 when every January is."""
    dates = [f"{2000 + one}-01-03" for one in range(21)]
    prices = [1.08**one for one in range(21)]
    own = market(dates, [[price] for price in prices])
    terms = law({"A": STOCK})
    kept, moved = book(own, terms), book(own, terms)
    kept.take_trades(0, [1.0], [1.0], FEE)
    units = 1.0
    moved.take_trades(0, [1.0], [1.0], FEE)
    for row in range(1, 21):
        kept.begin_year(row)
        moved.begin_year(row)
        money = units * prices[row] - moved.take_trades(row, [-units], [prices[row]], FEE)
        units = money / prices[row]
        moved.take_trades(row, [units], [prices[row]], FEE)
    deferred = prices[20] - kept.close(20, [prices[20]], 0.0, 0.0).latent
    assert (deferred, money) == pytest.approx((3.6953796972, 3.1412244278), abs=1e-10)
    assert 100.0 * (deferred**0.05 - money**0.05) == pytest.approx(0.8637, abs=5e-5)


def test_the_advance_lump_sum_is_only_earlier_never_more() -> None:
    """Ten years of 7 % at a base rate of 2.53 %: January's taxes and that of the sale are 18.4625 % of the gain."""
    dates = [day for one in range(2027, 2038) for day in (f"{one}-01-04", f"{one}-12-28")][:-1]
    prices = [100.0 * 1.07 ** ((row + 1) // 2) for row in range(21)]
    rates = {str(one): "2.53%" for one in range(2027, 2038)}
    opened = book(market(dates, [[price] for price in prices]), law({"A": EQUITY}, base_rate=rates))
    opened.take_trades(0, [1.0], [100.0], FEE)
    january = sum(opened.begin_year(row) for row in range(2, 21, 2))
    record = opened.close(20, [prices[20]], 0.0, 0.0)
    assert record.lots[0].deemed == pytest.approx(24.4689293394, abs=1e-9)
    assert january == pytest.approx(4.5175760793, abs=1e-9)
    assert opened.take_trades(20, [-1.0], [prices[20]], FEE) == pytest.approx(13.3384558547, abs=1e-9)
    assert january + record.latent == pytest.approx(0.184625 * (prices[20] - 100.0), abs=1e-12)


def test_a_split_and_a_stock_dividend_leave_cost_to_the_units() -> None:
    """10 shares at 100 become 22; 11 of them at 60 gain 160 and leave a cost of 500: a unit is 2.2 shares."""
    opened = book(market(["2024-01-08", "2024-01-15"], [[100.0], [132.0]]), law({"A": STOCK}))
    opened.take_trades(0, [10.0], [100.0], FEE)
    opened.take_trades(1, [-11 / 2.2], [60.0 * 2.2], FEE)
    record = opened.close(1, [132.0], 0.0, 0.0)
    assert record.entries[0].gain == pytest.approx(160.0, abs=1e-12)
    assert record.lots[0].cost == pytest.approx(500.0, abs=1e-12)


def test_a_fund_loss_meets_dividends_after_its_exemption() -> None:
    """1000 lost with an equity fund are 700; a dividend of 900 then leaves 200, which cost 52.75."""
    own = market(["2024-01-08", "2024-01-15"], [[100.0, 1.0], [90.0, 1.0]])
    opened = book(own, law({"A": EQUITY, "B": STOCK}))
    opened.take_trades(0, [100.0, 1.0], [100.0, 1.0], [0.0, 0.0])
    assert opened.take_trades(1, [-100.0, 0.0], [90.0, 1.0], [0.0, 0.0]) == 0.0
    assert opened.take_income(1, [0.0, 1.0], [0.0, 900.0]).tax == pytest.approx([0.0, 52.75], abs=1e-12)


def test_a_stock_pot_does_not_meet_a_fund_and_is_worth_nothing_at_the_end() -> None:
    """A pot of 3000, gains of 2000 with a stock and 1000 with an equity fund: 184.625, and 1000 are left."""
    own = market(["2024-01-08", "2024-01-15"], [[100.0, 100.0], [120.0, 110.0]])
    terms = law({"A": STOCK, "B": EQUITY}, opening_pots={"stocks": "3000"})
    opened = book(own, terms)
    opened.take_trades(0, [100.0, 100.0], [100.0, 100.0], [0.0, 0.0])
    before = opened.close(1, [120.0, 110.0], 0.0, 0.0)
    assert before.latent == pytest.approx(184.625, abs=1e-12)
    assert opened.take_trades(1, [-100.0, -100.0], [120.0, 110.0], [0.0, 0.0]) == before.latent
    record = opened.close(1, [120.0, 110.0], 0.0, 0.0)
    assert record.pots == {"stocks": 1000.0, "other": 0.0}
    assert record.notes == (
        "Losses of 1,000.00 EUR with stocks were not set off at the end; they are counted as worth nothing.",
    )
    assert year(2000.0, 700.0, pots=(3000.0, 0.0), one_pot=True).tax == 0.0
