"""Orders from a run's own state, by its closes, are its trades at every session of twenty years, bit for bit.

From a state in a file, through all that makes orders of it: sizing, limits of nothing, costs, the next date.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.own_runs import AS_THE_RUN, OwnRun

CONFIGS = Path(__file__).parents[2] / "configs"
SAVES = "account.contributions={amount: 500, every: month}"
WITHDRAWS = "account.contributions={amount: -400, every: month}"
WHOLE, LATE, ALWAYS = "account.shares=whole", "account.execution=next_close", "strategy.caps=always"
BAND = "strategy.rebalance={kind: band, absolute: 2%}"
IB = "costs={kind: broker, tariff: interactive_brokers_fixed}"
NO_SPREAD = "costs.spread=0"  # a limit is at least the spread away, for which cash is kept back
PLANS = [
    ("us_small_caps", ()),
    ("us_small_caps", (WHOLE,)),
    ("us_small_caps", (WHOLE, IB, SAVES)),
    ("us_small_caps", (WITHDRAWS, "account.cash.rate=3%")),
    ("us_small_caps", ("account.min_order=500", SAVES)),
    ("us_small_caps", ("account.contributions={amount: 300, every: month, invest: pro_rata}", LATE)),
    ("us_small_caps", ("account.contributions={amount: 300, every: month, invest: wait}",)),
    ("us_small_caps", (BAND, ALWAYS, LATE)),
    ("us_small_caps", (BAND, "strategy.funding=flows_first", SAVES)),
    ("us_small_caps", ("strategy.rebalance={kind: band, relative: 25%}", "strategy.trade_to=edge", WHOLE, LATE)),
    ("us_small_caps_moderate", (SAVES, WHOLE)),
    ("us_small_caps_aggressive", (ALWAYS, IB)),
    ("us_small_caps_savings", (NO_SPREAD,)),
    ("us_small_caps_three", (LATE,)),
    ("euro_account", ()),
    ("optimised", (WHOLE, LATE)),
    ("optimised_parity", ()),
    ("optimised_tail", ()),
    ("rules/accumulate_then_withdraw", ()),
    ("rules/always_capped", ()),
    ("rules/bands_5_25", ()),
    ("rules/bands_5_25", ("strategy.trade_to=edge", LATE)),
    ("rules/caps_by_name", ()),
    ("rules/chosen_momentum", ()),
    ("rules/chosen_momentum", (WHOLE,)),
    ("rules/daryanani", ()),
    ("rules/dated_universe", ()),
    ("rules/every_two_years", ()),
    ("rules/limit_orders", (SAVES,)),
    ("rules/never_sell", (SAVES,)),
    ("rules/over_cap", ()),
    ("rules/review_always", ()),
    ("rules/review_list", (WHOLE,)),
    ("rules/review_never", (SAVES,)),
    ("rules/review_trend", ()),
    ("rules/review_trend", (LATE, ALWAYS)),
    ("rules/savings_plan", (NO_SPREAD,)),
    ("rules/savings_plan", (ALWAYS, NO_SPREAD)),
    ("rules/sleeves", ()),
    ("rules/vanguard_200_175", ()),
    ("rules/when_spent", ()),
    ("rules/yearly_fee", ()),
]


EUROS = ("data.fx.kind=ecb",)
TAXED = [
    ("us_small_caps_germany", EUROS),
    (
        "us_small_caps_germany",
        (*EUROS, WHOLE, "data.dividends=cash", "tax.church=9%", "costs={kind: percent, rate: 0.1%}"),
    ),
    ("us_small_caps_germany", (*EUROS, "tax.collect=assessment", BAND, "tax.short_of_cash=outside")),
    ("us_small_caps_germany", (*EUROS, "tax.budget=200", SAVES)),
    ("us_small_caps_united_states", ()),
    ("us_small_caps_united_states", (WHOLE, "data.dividends=cash", "tax.lots=hifo", WITHDRAWS)),
    ("us_small_caps_united_states", ("tax.lots=min_tax", "strategy.caps=always", LATE)),
    ("us_small_caps_united_states", ("tax.account=traditional", BAND)),
    ("us_small_caps_united_states", ("tax={kind: flat, gains: 25%, income: 30%, lots: average}", SAVES)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "changes"), TAXED, ids=str)
def test_orders_at_every_session_of_a_taxed_run_are_its_trades(
    name: str, changes: tuple[str, ...], shared_data: Path
) -> None:
    """Lots, pots and years are those of a state in a file; the tax of each order is kept back as the run does.

    Splits make shares of the day of a run's units, which costs the last bits; those are told by test_same_orders.
    """
    source = ("data.source.kind=files", f"data.source.path={shared_data / 'raw.parquet'}")
    run = OwnRun(CONFIGS / f"{name}.yaml", (*source, *AS_THE_RUN, *changes))
    states, dates = run.states(run.trading | run.idle), run.market.dates
    for row, state in states.items():
        ordered, traded = run.orders(row, state)[0], run.traded(row)
        near = np.abs(ordered - traded) <= 1e-9 * (1.0 + state.units)
        assert near.all(), f"{dates[row]} of {len(states)} sessions: {ordered} for {traded}"
    assert len(run.trading & states.keys()) >= 10, f"{len(states)} sessions only"
    assert len(run.idle & states.keys()) >= 30


@pytest.mark.slow
@pytest.mark.parametrize(("name", "changes"), PLANS, ids=str)
def test_orders_at_every_session_of_a_run_are_its_trades(
    name: str, changes: tuple[str, ...], shared_data: Path
) -> None:
    """Where it trades the same bits, where it does not none, and the next date is the run's next."""
    source = ("data.source.kind=files", f"data.source.path={shared_data / 'prices.parquet'}")
    run = OwnRun(CONFIGS / f"{name}.yaml", (*source, *AS_THE_RUN, *changes))
    states, dates = run.states(run.trading | run.idle), run.market.dates
    for row, state in states.items():
        ordered, plan = run.orders(row, state)
        traded = run.traded(row)
        all_sold = (ordered == -state.units) & (np.abs(ordered - traded) < 1e-12)  # a run may leave dust of a share
        assert np.array_equal(np.where(all_sold, traded, ordered), traded), (
            f"{dates[row]} of {len(states)} sessions: {ordered} for {traded}"
        )
        later = [at for at in run.calendar if at > row]
        assert not later or plan.next_day == str(dates[later[0]]), f"{dates[row]}: next is {plan.next_day}"
    assert len(run.trading & states.keys()) >= 10, f"{len(states)} sessions only"
    assert len(run.idle & states.keys()) >= 30
