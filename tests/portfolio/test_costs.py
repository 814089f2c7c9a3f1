"""What an order costs: each model by hand, the brokers' tariffs against statements and price lists."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.portfolio.costs import BrokerCosts, Costs, NoCosts, PercentCosts, PerOrderCosts
from engine.portfolio.tariffs import load_tariffs
from engine.simulation.kernel.order_costs import order_cost
from tests.support.kernels import quotes


def cost(model, money: float, price: float = 100.0, rate: float = 1.0) -> float:
    return order_cost(money, 0, quotes(price, tariff_rate=rate), model.cost_table(1))


def test_no_order_costs_nothing_and_a_free_one_only_the_spread() -> None:
    assert cost(PerOrderCosts(fixed=5, minimum=9), 0.0) == 0.0
    assert cost(NoCosts(), 1000.0) == 0.0
    assert cost(NoCosts(spread="10 bp"), 1000.0) == pytest.approx(1.0)


def test_a_percentage_is_of_the_traded_money_both_ways() -> None:
    assert cost(PercentCosts(rate="0.1%"), 5000.0) == pytest.approx(5.0)
    assert cost(PercentCosts(rate="0.1%", spread=5), -5000.0) == pytest.approx(7.5)


@pytest.mark.parametrize(
    ("money", "fee"),
    [(100.0, 9.90), (2000.0, 9.90), (4000.0, 14.90), (10000.0, 29.90), (22000.0, 59.90), (90000.0, 59.90)],
)
def test_comdirect_charges_4_90_and_a_quarter_percent_between_9_90_and_59_90(money: float, fee: float) -> None:
    assert cost(BrokerCosts(tariff="comdirect"), money) == pytest.approx(fee, rel=1e-12)


def test_a_tariff_in_another_currency_is_converted_once() -> None:
    assert cost(BrokerCosts(tariff="comdirect"), 100.0, rate=1.10) == pytest.approx(9.90 * 1.10)
    assert cost(BrokerCosts(tariff="comdirect"), 4000.0, rate=1.10) == pytest.approx(4.90 * 1.10 + 10.0)


def test_trades_in_another_currency_cost_a_rate_more() -> None:
    """``fx`` comes on top of every model, above its bounds, for foreign assets alone."""
    at_home_and_abroad = np.array([False, True])
    for model, fee in (
        (NoCosts(fx="0.25%"), 0.0),
        (PercentCosts(rate="0.1%", fx="0.25%"), 1.0),
        (PerOrderCosts(fixed=5, maximum=5, fx="0.25%"), 5.0),
        (BrokerCosts(tariff="comdirect", fx="0.25%"), 9.90),
    ):
        table = model.cost_table(2, at_home_and_abroad)
        assert order_cost(1000.0, 0, quotes([10.0, 10.0]), table) == pytest.approx(fee)
        assert order_cost(-1000.0, 1, quotes([10.0, 10.0]), table) == pytest.approx(fee + 2.5)
        assert "0.25 % of trades in another currency" in model.describe()


@pytest.mark.parametrize(
    ("shares", "price", "fee"),
    [
        (95, 93.78, 1.0),
        (1000, 50.0, 5.0),
        (250, 20.0, 1.25),
        (1, 97.84, 0.9784),
        (10, 0.20, 0.02),
        (100000, 0.25, 250.0),
    ],
)
def test_interactive_brokers_charges_half_a_cent_a_share_at_least_a_dollar_at_most_one_percent(
    shares, price, fee
) -> None:
    assert cost(BrokerCosts(tariff="interactive_brokers_fixed"), shares * price, price) == pytest.approx(fee, rel=1e-12)


def test_the_tariff_reproduces_commissions_on_a_broker_s_statement(shared_data: Path) -> None:
    """Dollar orders of a real export: half a cent a share, a dollar at least, one percent at most."""
    compared = 0
    with (shared_data / "samples" / "ibkr" / "ibkr-trades-export.csv").open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            if row["CurrencyPrimary"] == "USD" and row["IBCommissionCurrency"] == "USD":
                money, price = float(row["TradeMoney"]), float(row["TradePrice"])
                charged = -float(row["IBCommission"])
                assert cost(BrokerCosts(tariff="interactive_brokers_fixed"), money, price) == pytest.approx(
                    charged, abs=1e-3
                )
                compared += 1
    assert compared >= 5


def test_a_zero_fee_broker_still_costs_its_spread() -> None:
    assert cost(BrokerCosts(tariff="zero_fee", spread=3), 10000.0) == pytest.approx(3.0)


def test_every_tariff_names_its_source_and_date() -> None:
    assert {"comdirect", "interactive_brokers_fixed", "zero_fee"} <= set(load_tariffs())
    assert all(tariff.source and tariff.as_of and len(tariff.currency) == 3 for tariff in load_tariffs().values())


def test_a_minimum_above_the_maximum_is_refused() -> None:
    with pytest.raises(ValidationError, match="minimum 10 is above maximum 5"):
        PerOrderCosts(minimum=10, maximum=5)


@given(st.floats(1e-6, 1e9), st.floats(1.0, 1.5), st.floats(0.01, 1e5))
def test_a_larger_order_never_costs_less(money: float, factor: float, price: float) -> None:
    for model in (
        PercentCosts(rate=0.002, spread=5),
        PerOrderCosts(fixed=1, rate=0.001, minimum=2, maximum=50),
        BrokerCosts(tariff="comdirect"),
        BrokerCosts(tariff="interactive_brokers_fixed", spread=1),
    ):
        assert cost(model, money * factor, price) >= cost(model, money, price) * (1 - 1e-12)


def test_what_a_model_does_not_name_costs_nothing() -> None:
    assert cost(PerOrderCosts(fixed=3), 1e6) == 3.0
    assert cost(PerOrderCosts(rate=0.01), 1000.0) == pytest.approx(10.0)
    assert cost(PerOrderCosts(maximum=2, rate=0.01), 1000.0) == 2.0
    assert cost(PercentCosts(rate=0.0), 1e6) == 0.0
    table = PerOrderCosts(fixed=3).cost_table(2)
    assert [field.tolist() for field in table[:4]] == [[0.0, 0.0], [3.0, 3.0], [0.0, 0.0], [0.0, 0.0]]
    assert [field.tolist() for field in table[4:7]] == [[float("inf")] * 2, [float("inf")] * 2, [0.0, 0.0]]


def test_every_amount_of_a_foreign_tariff_is_converted_and_no_rate_is() -> None:
    assert cost(BrokerCosts(tariff="comdirect"), 1e6, rate=2.0) == pytest.approx(2 * 59.90)
    assert cost(BrokerCosts(tariff="interactive_brokers_fixed"), 400.0 * 10.0, 10.0, 0.5) == pytest.approx(1.0)
    assert cost(BrokerCosts(tariff="interactive_brokers_fixed"), 10.0, 10.0, 0.5) == pytest.approx(0.1)


def test_a_model_without_terms_has_a_table_of_zeros_and_no_bounds() -> None:
    for model in (NoCosts(), PercentCosts(rate=0.0), PerOrderCosts(), BrokerCosts(tariff="zero_fee")):
        table = model.cost_table(2)
        assert [field.tolist() for field in (*table[:4], table.spread)] == [[0.0, 0.0]] * 5
        assert [field.tolist() for field in table[4:6]] == [[float("inf")] * 2] * 2


def test_a_minimum_may_equal_the_maximum() -> None:
    assert cost(PerOrderCosts(minimum=7, maximum=7), 1e6) == 7.0


def test_an_unknown_broker_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ValidationError, match=r"unknown broker 'piggy_bank'; known: .*comdirect"):
        BrokerCosts(tariff="piggy_bank")


@pytest.mark.parametrize("written", ["10", 10, "10 bp", "10bps", "0.1%", "0.1 %"])
def test_a_spread_means_the_same_for_one_name_as_for_all(written: object) -> None:
    """A bare number is basis points in both forms, a percentage a share; what is written back is read as the same."""
    alike, named = NoCosts(spread=written), NoCosts(spread={"A": written, "rest": 0})
    assert alike.spreads(["A", "B"]).tolist() == [0.001, 0.001]
    for costs in (named, NoCosts.model_validate(named.model_dump(mode="json"))):
        assert costs.spreads(["A", "B"]).tolist() == [0.001, 0.0]


def test_the_tariffs_are_read_from_their_file_once() -> None:
    assert load_tariffs() is load_tariffs()


def test_a_yearly_fee_stands_in_the_table_of_every_model_and_is_said() -> None:
    """It is no cost of an order: what an order costs stays as it is."""
    for model in (
        NoCosts(yearly="0.1%"),
        PercentCosts(rate="0.1%", yearly="0.1%"),
        PerOrderCosts(fixed=5, yearly="0.1%"),
        BrokerCosts(tariff="comdirect", yearly="0.1%"),
    ):
        assert model.cost_table(2).yearly == 0.001
        assert "plus 0.1 % of the account's value a year" in model.describe()
        assert cost(model, 1000.0) == cost(model.model_copy(update={"yearly": 0.0}), 1000.0)


def test_a_yearly_fee_of_a_tenth_is_a_slip_and_refused() -> None:
    with pytest.raises(
        ValidationError, match=r"25 % of the account a year is no fee of a bank; write a share up to 10%"
    ):
        NoCosts(yearly="25%")
    assert NoCosts(yearly="10%").yearly == 0.1


def test_an_exchange_for_a_tenth_is_the_dearest() -> None:
    assert NoCosts(fx="10%").fx == 0.1
    with pytest.raises(
        ValidationError, match=r"10.1 % of the money is no cost of an exchange; write a share up to 10%"
    ):
        NoCosts(fx="10.1%")


def test_the_kinds_of_a_cost_add_up_to_it_and_those_that_are_nothing_are_not_named() -> None:
    """A savings plan that is free is named all the same: it is what its purchases cost."""
    at_home_and_abroad, names = np.array([False, True]), ["A", "B"]
    model = PerOrderCosts(fixed=5, spread={"A": "10 bp", "rest": "20 bp"}, fx="0.25%", yearly="0.1%")
    parts, whole = model.tables_by_kind(names, at_home_and_abroad), model.cost_table(names, at_home_and_abroad)
    assert list(parts) == ["orders", "spread", "fx"]
    for asset, charged in ((0, [5.0, 1.0, 0.0]), (1, [5.0, 2.0, 2.5])):
        assert [order_cost(1000.0, asset, quotes([10.0, 10.0]), part) for part in parts.values()] == charged
        assert order_cost(1000.0, asset, quotes([10.0, 10.0]), whole) == pytest.approx(sum(charged))
    assert list(NoCosts(fx="0.25%").tables_by_kind(names, np.array([False, False]))) == []
    assert list(BrokerCosts(tariff="comdirect", savings_plan=True).tables_by_kind(names, at_home_and_abroad)) == [
        "orders",
        "savings_plan",
    ]


def test_costs_without_a_price_or_words_of_their_own_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="abstract method"):
        Costs(spread=1)
