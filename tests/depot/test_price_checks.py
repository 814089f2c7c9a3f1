"""Prices of a broker's file beside the prices that orders are sized at, and rates between currencies."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.data.sources.fx_rates import Fixings
from engine.depot.cells import to_currency
from engine.depot.orders.exchange_rates import ExchangeRates, parse_rates
from engine.depot.orders.price_checks import SharePrice, check_file_prices, describe_ratio
from engine.depot.records import Codes, Position

DAY = np.datetime64("2026-11-30")


class Rates:
    """Two fixings of the dollar in euros, of no other currency."""

    kind = "made up"

    def fixings(self, currency: str, account: str, end: dt.date | None) -> Fixings:
        assert account == "EUR"
        if currency != "USD":
            raise DataError("no such pair")
        return Fixings(np.array(["2026-11-26", "2026-11-27"], "datetime64[D]"), np.array([0.5, 0.8]), "X", "Y")


def rates(*typed: str, day: np.datetime64 = DAY) -> ExchangeRates:
    return ExchangeRates("EUR", parse_rates(typed), Rates(), day)


def position(price: str, currency: str = "EUR") -> dict[str, tuple[Position, ...]]:
    held = Position(
        "main", Codes(symbol="AAA"), "", Decimal(1), price=Decimal(price), currency=currency, date=dt.date(2026, 11, 26)
    )
    return {"AAA": (held,)}


def check(price: str, currency: str = "EUR", *typed: str) -> None:
    check_file_prices("held.csv", position(price, currency), {"AAA": SharePrice(100.0, "2026-11-27")}, rates(*typed))


@pytest.mark.parametrize("n", [*map(Fraction, range(2, 51)), *map(Fraction, ("3/2", "5/4", "5/3", "4/3"))])
def test_a_ratio_of_a_split_is_called_one_either_way_and_within_a_percent(n: Fraction) -> None:
    """Where two splits are less than 2 % apart either may be named."""
    for ratio, words in ((n, f"{n.numerator}:{n.denominator}"), (1 / n, f"{n.denominator}:{n.numerator}")):
        assert describe_ratio(float(ratio)) == f"looks like a split {words}"
        assert describe_ratio(float(ratio) * 1.009).startswith("looks like a split")
    assert describe_ratio(1.45) == ""


@pytest.mark.parametrize("price", ["119.9", "100", "83.4"])
def test_prices_that_moved_by_less_than_a_fifth_are_taken_for_those_of_the_same_share(price: str) -> None:
    check(price)


@pytest.mark.parametrize("price", ["121", "82.6"])
def test_prices_that_differ_by_more_than_a_fifth_are_not(price: str) -> None:
    with pytest.raises(DataError, match=r"ratio (1.21|0.826); export the file once more"):
        check(price)


def test_a_price_that_is_a_quarter_of_ours_names_both_prices_both_days_the_ratio_and_the_split() -> None:
    with pytest.raises(DataError) as error:
        check("25")
    for part in ("held.csv", "AAA", "25 EUR of 2026-11-26", "100 EUR of 2026-11-27", "ratio 0.25", "a split 1:4"):
        assert part in str(error.value)


def test_pence_taken_for_pounds_are_told_as_such() -> None:
    with pytest.raises(DataError, match="looks like hundredths of the currency, as pence"):
        check("10000")


def test_a_price_in_another_currency_is_converted_before_it_is_compared() -> None:
    """At 0.8 EUR for a dollar, 125 USD are 100 EUR; 80 USD are 64."""
    check("125", "USD")
    with pytest.raises(DataError, match=r"80 USD \(64 EUR at EURUSD 1.25 of 2026-11-27\)"):
        check("80", "USD")


def test_a_currency_without_a_rate_names_the_pair_and_an_example() -> None:
    with pytest.raises(DataError, match=r"no rate between CHF and EUR .*--fx EURCHF=1.0832 \(1 EUR = 1.0832 CHF\)"):
        check("100", "CHF")
    check("100", "CHF", "EURCHF=1.0")


def test_dollars_are_euros_at_the_typed_rate_and_so_are_fees() -> None:
    """10,000 USD at EURUSD 1.0832, and a fee of 1 USD; written the other way round it is the same rate."""
    rate = rates("EURUSD=1.0832").find("USD").rate
    assert 10_000 * rate == pytest.approx(9231.905465, abs=5e-7)
    assert rate == pytest.approx(0.923191, abs=5e-7)
    assert 10_000 * rate * 0.0002 == pytest.approx(1.846381, abs=5e-7)
    assert rates("USDEUR=0.923191").find("USD").rate == pytest.approx(rate, rel=1e-6)


def test_110_shares_at_458_89_pence_are_504_779_pounds() -> None:
    for unit in ("GBX", "GBp", "GBp."):
        currency, price = to_currency(unit, Decimal("458.89"))
        assert (currency, 110 * (price or 0)) == ("GBP", Decimal("504.779"))


def test_the_newest_fixing_before_the_session_counts() -> None:
    assert rates().find("USD")[:3] == ("USD", 0.8, "2026-11-27")
    assert rates(day=np.datetime64("2026-11-27")).find("USD").rate == 0.5


def test_a_fixing_that_is_too_old_is_told_with_its_age() -> None:
    with pytest.raises(DataError, match=r"of 2026-11-27, 4 weekdays before 2026-12-04, expected one at most 3 old"):
        rates(day=np.datetime64("2026-12-04")).find("USD")


@pytest.mark.parametrize(
    "text", ["EURUSD", "EUR=1.1", "EURUSD=0", "EURUSD=-1", "EURUSD=1,08", "EUREUR=1", "EURUSD=nan"]
)
def test_a_rate_in_any_other_form_is_one_line(text: str) -> None:
    with pytest.raises(DataError, match=r"--fx: found .*, expected a pair as EURUSD=1.0832"):
        parse_rates([text])


def test_a_pair_that_is_given_twice_is_refused() -> None:
    with pytest.raises(DataError, match="twice"):
        parse_rates(["EURUSD=1.1", "USDEUR=0.9"])
