"""A German book over years: what is due when, what it writes down, and lots of funds beside a queue of lots."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from engine.core.errors import DataError
from engine.tax.germany import advance_lump_sum
from engine.tax.germany import year as of_year
from engine.tax.germany.fund_lots import FundLots
from engine.tax.germany.tables import BASE_RATES
from tests.support.german import EQUITY, OTHER, STOCK, book, law, market, run, year

JANUARIES = ["2023-01-02", "2023-12-29", "2024-01-02", "2024-07-01", "2024-12-30", "2025-01-02", "2025-07-01"]
RISING = [[100.0], [120.0], [120.0], [125.0], [130.0], [130.0], [135.0]]
RATE = 0.26375


def test_the_advance_lump_sum_is_taken_in_january_on_what_is_held() -> None:
    """10 units of an equity fund held all of 2023: 1.785 each, 30 % exempt, due with the first session of 2024."""
    opened = book(market(JANUARIES, RISING), law({"A": EQUITY}))
    opened.take_trades(0, [10.0], [100.0], [0.0])
    due = opened.begin_year(2)
    assert due == pytest.approx(RATE * 0.7 * 17.85, abs=1e-12)
    (entry,) = opened.close(2, [120.0], 0.0, 0.0).entries
    assert (entry.kind, entry.year, entry.row, entry.lot_row, entry.units) == ("advance", 2024, 2, 0, 10.0)
    assert (entry.gain, entry.exempt, entry.taxable) == pytest.approx((17.85, 5.355, 12.495), abs=1e-12)
    assert entry.tax == due


def test_a_sale_in_the_same_session_deducts_it() -> None:
    """Before it is exempted: 200 gained, 17.85 of it were taxed in advance."""
    opened = book(market(JANUARIES, RISING), law({"A": EQUITY}))
    opened.take_trades(0, [10.0], [100.0], [0.0])
    opened.begin_year(2)
    due = opened.take_trades(2, [-10.0], [120.0], [0.0])
    assert due == pytest.approx(RATE * 0.7 * (200.0 - 17.85), abs=1e-12)


def test_what_was_free_by_the_allowance_is_deducted_all_the_same() -> None:
    """The lump sum cost nothing, and still counts as taxed when the fund is sold (§ 19 (1))."""
    opened = book(market(JANUARIES, RISING), law({"A": EQUITY}, allowance="single"))
    opened.take_trades(0, [10.0], [100.0], [0.0])
    assert opened.begin_year(2) == 0.0
    opened.take_trades(2, [-10.0], [120.0], [0.0])
    assert opened.close(2, [120.0], 0.0, 0.0).entries[-1].gain == pytest.approx(200.0 - 17.85, abs=1e-12)


def test_what_is_sold_in_december_has_none() -> None:
    """Units sold before the end of the year have no lump sum of it; those bought in December have a twelfth."""
    opened = book(market(JANUARIES, RISING), law({"A": OTHER}))
    opened.take_trades(0, [10.0], [100.0], [0.0])
    opened.take_trades(1, [-10.0], [120.0], [0.0])
    opened.take_trades(1, [12.0], [120.0], [0.0])
    assert opened.begin_year(2) == pytest.approx(RATE * 12.0 * 1.785 / 12.0, abs=1e-12)


@pytest.mark.parametrize("of", [2021, 2022])
def test_a_negative_base_rate_makes_none(of: int) -> None:
    own = market([f"{of}-01-04", f"{of}-12-30", f"{of + 1}-01-03"], [[100.0], [150.0], [150.0]])
    opened = book(own, law({"A": EQUITY}))
    opened.take_trades(0, [10.0], [100.0], [0.0])
    assert BASE_RATES[of].rate < 0.0
    assert opened.begin_year(2) == 0.0


def test_a_year_without_a_base_rate_is_refused() -> None:
    """It is neither 0 nor that of the year before; a year that has not ended needs none."""
    own = market(["2026-01-05", "2027-01-04", "2028-01-03"], [[100.0], [110.0], [120.0]])
    with pytest.raises(DataError, match=r"tax.base_rate: the base rate of 2027 is not known; write base_rate: \{2027"):
        book(own, law({"A": EQUITY}))
    assert book(own, law({"A": EQUITY}, base_rate={"2027": "3%"})).begin_year(1) == 0.0
    assert book(own, law({"A": STOCK})).begin_year(1) == 0.0


def test_dividends_of_the_year_lower_the_lump_sum() -> None:
    """1 paid in July: 0.785 a unit are left of 1.785."""
    paid = [[0.0], [1.0], [0.0], [0.0], [0.0], [0.0], [0.0]]
    opened = book(market(JANUARIES, RISING, paid), law({"A": OTHER}))
    opened.take_trades(0, [1.0], [100.0], [0.0])
    assert opened.take_income(1, [1.0], [1.0]).tax == pytest.approx([RATE], abs=1e-15)
    assert opened.begin_year(2) == pytest.approx(RATE * 0.785, abs=1e-12)


def test_an_assessment_takes_a_year_at_once_and_later() -> None:
    """What a bank takes in 2023 and 2024 is due on 1 July of the year after each; tax withheld abroad leaves at once."""
    own, terms = market(JANUARIES, RISING), {"A": {"stock": "US"}}
    bank, assessed = book(own, law(terms)), book(own, law(terms, collect="assessment"))
    for one in (bank, assessed):
        one.take_trades(0, [10.0], [100.0], [0.0])
    taken, later = bank.take_income(1, [10.0], [50.0]), assessed.take_income(1, [10.0], [50.0])
    assert (later.tax, later.withheld) == ([0.0], taken.withheld) == ([0.0], [7.5])
    sold = bank.take_trades(1, [-5.0], [120.0], [0.0])
    assert assessed.tax_of_trades(1, [-5.0], [120.0], [0.0]) == 0.0
    assert assessed.take_trades(1, [-5.0], [120.0], [0.0]) == 0.0
    assert assessed.begin_year(2) == 0.0
    assert assessed.close(2, [120.0], 0.0, 0.0).accrued == pytest.approx(taken.tax[0] + sold, abs=1e-12)
    assert assessed.assessed(3) == pytest.approx(taken.tax[0] + sold, abs=1e-12)
    record = assessed.close(3, [125.0], 0.0, 0.0)
    assert (record.accrued, record.entries[-1].kind, record.entries[-1].year) == (0.0, "assessment", 2023)
    assert law(terms, collect="assessment").taxation(reinvests=False).assessment_rows(own.dates, 0) == [3, 6]
    assert law(terms).taxation(reinvests=False).assessment_rows(own.dates, 0) == ()


@pytest.mark.parametrize(
    ("stock", "rate", "withheld", "tax"),
    [
        ("FR", "25%", 300.0, 105.5),
        ("JP", "25%", 153.15, 105.5),
        ("IE", "25%", 250.0, 263.75),
        ("US", "10%", 150.0, 0.0),
    ],
)
def test_only_what_a_treaty_leaves_is_credited(stock: str, rate: str, withheld: float, tax: float) -> None:
    """Of 1000: France keeps 300, of which 150 count here; no more is set off than a dividend owes itself."""
    own = market(["2024-01-08", "2024-01-15"], [[1.0], [1.0]])
    due = book(own, law({"A": {"stock": stock}}, rate=rate)).take_income(1, [100.0], [1000.0])
    assert (due.withheld, due.tax) == (pytest.approx([withheld]), pytest.approx([tax], abs=1e-12))


def test_prices_that_begin_late_are_told() -> None:
    """A lump sum of the first price known is of that, and not of January's; a stock has none."""
    own = market(["2023-03-01", "2023-12-29", "2024-01-02"], [[100.0], [120.0], [120.0]])
    (note,) = book(own, law({"A": EQUITY})).close(1, [120.0], 0.0, 0.0).notes
    assert note.startswith("The prices begin on 2023-03-01: the advance lump sums of funds for 2023 ")
    assert book(own, law({"A": STOCK})).close(1, [120.0], 0.0, 0.0).notes == ()
    assert book(market(JANUARIES, RISING), law({"A": EQUITY})).close(1, [120.0], 0.0, 0.0).notes == ()


def test_a_close_of_the_year_before_is_not_the_first_price_of_a_year() -> None:
    """Without a close on 2 January 2023 the year begins with 110 on the 3rd, not with 100: 70 % of 2.55 % of 110."""
    days = ["2022-12-30", "2023-01-02", "2023-01-03", "2023-12-29", "2024-01-02"]
    opened = book(market(days, [[100.0], [np.nan], [110.0], [200.0], [200.0]]), law({"A": EQUITY}, allowance=0))
    opened.take_trades(0, [1.0], [100.0], [0.0])
    opened.begin_year(1)
    assert opened.begin_year(4) == pytest.approx(0.26375 * 0.7 * 0.7 * 0.0255 * 110.0)


def test_interest_is_taxed_and_its_cost_is_no_loss() -> None:
    """400 of interest cost 105.50; a year in which cash cost 400 is worth nothing."""
    opened = book(market(JANUARIES, RISING), law({"A": STOCK}))
    assert opened.take_interest(1, 400.0) == pytest.approx(105.5)
    assert opened.take_interest(1, -400.0) == 0.0
    assert opened.close(1, [120.0], 0.0, 0.0).pots == {"stocks": 0.0, "other": 0.0}
    assert opened.close(1, [120.0], 100.0, 0.0).accrued == pytest.approx(26.375)


@pytest.mark.parametrize(("mode", "allowance"), [("of_the_year", 801.0), ("current", 1000.0)])
def test_each_year_has_its_own_allowance_or_that_of_today(mode: str, allowance: float) -> None:
    own = market(["2022-01-03", "2022-12-30"], [[100.0], [300.0]])
    opened = book(own, law({"A": STOCK}, law=mode, allowance="single"))
    opened.take_trades(0, [10.0], [100.0], [0.0])
    opened.take_trades(1, [-10.0], [300.0], [0.0])
    assert opened.close(1, [300.0], 0.0, 0.0).years[0].allowance == allowance


def test_the_order_of_assets_does_not_matter() -> None:
    """One vector of a stock gain, a stock loss and a fund gain owes one tax, whoever comes first."""
    kinds, closes = [STOCK, STOCK, EQUITY], [[50.0, 100.0, 10.0], [90.0, 30.0, 25.0]]
    taxes = set()
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        own = market(["2024-01-08", "2024-01-15"], [[row[j] for j in order] for row in closes])
        opened = book(own, law({"ABC"[at]: kinds[j] for at, j in enumerate(order)}, allowance="20"))
        opened.take_trades(0, [10.0] * 3, [closes[0][j] for j in order], [0.0] * 3)
        taxes.add(round(opened.take_trades(1, [-10.0] * 3, [closes[1][j] for j in order], [0.0] * 3), 12))
        entries = opened.close(1, closes[1], 0.0, 0.0).entries
        assert sum(entry.tax for entry in entries) == pytest.approx(RATE * (105.0 - 20.0), abs=1e-12)
    assert taxes == {round(RATE * 85.0, 12)}


def test_cents_are_those_of_a_bank() -> None:
    """Income tax half up, surcharges cut: 316.11 and 17.38 of 1264.43; 0.82, 0.04 and 0.07 of 3.37 with 9 % church."""
    one = year(other=1264.43, cents=True)
    assert (one.income_tax, one.solidarity, one.tax) == pytest.approx((316.11, 17.38, 333.49), abs=1e-9)
    two = year(other=3.37, church=0.09, cents=True)
    assert (two.income_tax, two.solidarity, two.church_tax) == pytest.approx((0.82, 0.04, 0.07), abs=1e-9)


def test_a_fund_that_cash_cannot_pay_for_is_sold_or_paid_from_outside() -> None:
    """The January tax of a portfolio without cash: sold for, with a tax of its own, or the investor's own money."""
    own, rows = market(JANUARIES, RISING), dict.fromkeys(range(len(RISING)), (1.0,))
    ledgers = {where: run(own, law({"A": EQUITY}, short_of_cash=where), rows, 1000.0) for where in ("sell", "outside")}
    first = RATE * 0.7 * 17.85
    assert ledgers["outside"].taxes.outside[2] == pytest.approx(first, rel=1e-12)
    assert ledgers["outside"].units[-1, 0] == ledgers["outside"].units[0, 0] == 10.0
    sold = 10.0 - ledgers["sell"].units[2, 0]
    assert ledgers["sell"].taxes.paid[2] == pytest.approx(120.0 * sold, rel=1e-12)
    assert ledgers["sell"].taxes.paid[2] == pytest.approx(first + RATE * 0.7 * sold * (20.0 - 1.785), rel=1e-12)


def test_what_is_written_down_is_what_was_paid() -> None:
    """Two funds and a stock over seven sessions, dividends reinvested: the entries add up to what left the account."""
    rng = np.random.default_rng(18)
    closes = (100.0 * np.cumprod(1.0 + rng.normal(0.05, 0.1, (7, 3)), axis=0)).tolist()
    own = market(JANUARIES, closes, rng.uniform(0.0, 1.0, (7, 3)).tolist())
    terms = law({"A": EQUITY, "B": {"stock": "US"}, "C": OTHER}, allowance="50", church="9%")
    rows = {row: tuple(rng.dirichlet(np.ones(3)) * 0.999) for row in range(7)}
    ledger = run(own, terms, rows, 10_000.0, reinvests=True)
    record = ledger.taxes.record
    assert sum(entry.tax for entry in record.entries) == pytest.approx(ledger.taxes.paid.sum(), rel=1e-12)
    assert sum(entry.withheld for entry in record.entries) == pytest.approx(ledger.taxes.withheld.sum(), rel=1e-12)
    assert sum(one.total for one in record.years) == pytest.approx(ledger.taxes.paid.sum(), rel=1e-12)
    for one in record.years:
        assert one.dividends + one.advance + one.sales + one.interest == pytest.approx(one.total, abs=1e-9)
    units = np.zeros(3)
    for lot in record.lots:
        units[lot.asset] += lot.units
    assert units == pytest.approx(ledger.units[-1], rel=1e-12)


def test_running_sums_of_a_fund_are_those_of_a_queue_of_lots() -> None:
    """A hundred random histories: what was taxed in advance of each sale, and of what is left at the end."""
    for seed in range(100):
        _compare_with_queue(np.random.default_rng(seed))


def _compare_with_queue(rng: np.random.Generator) -> None:
    """Buy, sell and close years at random, with the lots in a list whose units each carry their lump sums."""
    fund, queue, before = FundLots(), [], 0.0
    for _ in range(4):
        months, value = [], float(rng.uniform(0.0, 2.0)) * float(rng.random() < 0.8)
        for month in sorted(rng.integers(1, 13, 6).tolist()):
            if rng.random() < 0.6 or not queue:
                units = float(rng.uniform(0.1, 5.0))
                fund.lots.buy(month, units, units * 10.0)
                queue.append([units, 0.0, month])
                months.append(month)
                continue
            held = sum(lot[0] for lot in queue)
            units = held if rng.random() < 0.15 else float(rng.uniform(0.0, 1.0)) * held
            end = fund.lots.end_of_sale(units, held * (1.0 - 1e-12))
            deemed = fund.deemed(end, before)
            by_lot = sum(part.units * fund.deemed_of_lot(part.lot, before) for part in fund.lots.parts_until(end))
            expected = _sell(queue, units)
            assert deemed == pytest.approx(expected, abs=1e-12 * 50.0)
            assert by_lot == pytest.approx(expected, abs=1e-12 * 50.0)
            fund.lots.sell_until(end)
        booked = fund.close_year(value, before, months)
        total = 0.0
        for lot in queue:
            share = (13 - lot[2]) / 12.0
            total += lot[0] * value * share
            lot[1], lot[2] = lot[1] + value * share, 1
        assert sum(money for _, _, money in booked) == pytest.approx(total, abs=1e-11)
        before += value


def _sell(queue: list[list[float]], units: float) -> float:
    """Take units from the oldest lots; return what was taxed of them in advance."""
    deemed = 0.0
    while units > 1e-12 and queue:
        taken = min(units, queue[0][0])
        deemed, units = deemed + taken * queue[0][1], units - taken
        queue[0][0] -= taken
        if queue[0][0] <= 1e-12:
            queue.pop(0)
    return deemed


def test_compiled_functions_have_the_same_bits() -> None:
    """The law's functions are compiled as they stand."""
    compiled = numba.njit(of_year.assess_year)
    for cents, one_pot in ((False, False), (True, True)):
        terms = of_year.YearTerms(801.0, 0.25, 0.09, one_pot, cents)
        args = of_year.YearSums(-300.7, 2900.3, 311.1), of_year.LossPots(100.3, 7.1), terms
        assert tuple(compiled(*args)) == tuple(of_year.assess_year(*args))
    assert numba.njit(advance_lump_sum.advance_lump_sum)(90.1, 97.3, 1.1, 0.032) == advance_lump_sum.advance_lump_sum(
        90.1, 97.3, 1.1, 0.032
    )
