"""A plan in a sentence: exact texts of every kind, never too long, and no setting that neither it nor the list beside it tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.backtest.plan_words.sentence import MAX_CHARACTERS, describe_plan
from tests.support.changed_settings import SECTIONS, changes, plain_configs

ORACLES = Path(__file__).parents[3] / "shared" / "data" / "oracles" / "report.json"
OPENING = "2004-02-02"

SENTENCES = {
    "article_table": "100,000 USD from 2004-02-02: 100 % SPY; never traded again; trading is free.",
    "hold": "100,000 USD from 2004-02-02: 60 % A and 40 % B; never traded again; orders cost what comdirect charges.",
    "mix": "5,000 USD from 2004-02-02 and 50 USD on the first session of each month from 2010-01-01 on up to 2012-01-01 "
    "(2 % more every year): 30 % each in A and B, 25 % C and 15 % cash; back to these weights on the first session of "
    "every quarter; C is never sold; each order costs 5 and 0.1 % of its money, at least 9.90, at most 69, plus a spread "
    "of 5 bp, 0.25 % of trades in another currency and 0.1 % of the account a year.",
    "bands_5_25": "100,000 USD from 2004-02-02: 75 % SPY, 15 % VB and 2.5 % each in CRS, UNF, MMSI and ITRI, none above "
    "3 % after a rebalance; back to these weights when a weight is off by more than 5 % of the portfolio or 25 % of its "
    "target at any close; each trade costs 0.1 %.",
    "bands": "100,000 USD from 2004-02-02 with 2 plans of payments: 60 % A and 40 % B; back to these weights on the first "
    "session of July every 2 years and when a weight is off by more than 5 % of the portfolio or 25 % of its target at "
    "the last close of every month, then only to 1 % inside the edge, trading only what is out of its band and what pays "
    "for it, by a payment of that session where it will do; trading is free.",
    "accumulate_then_withdraw": "10,000 USD from 2004-02-02 and 500 USD on the first session of each month up to "
    "2014-12-31 (2 % more every year), and 10,000 USD on the first session from 2009-03-09 on, less 4 % of the value on "
    "the first session of each year from 2015-01-01 on: 60 % SPY and 40 % VB; back to these weights on the first session "
    "of every January; each trade costs 0.1 %.",
    "when_spent": "1,000,000 USD from 2004-02-02 less 80,000 USD on the first session of each year (2 % more every year), "
    "until that is all there is: 60 % SPY and 40 % MDY; back to these weights on the first session of every January; each "
    "trade costs 0.1 %.",
    "euro_account": "40,000 EUR from 2004-02-02 and 500 EUR on the first session of each month: 75 % SPY, 15 % VB and "
    "2.5 % each in CRS, UNF, MMSI and ITRI, none above 3 % after a rebalance; back to these weights on the first session "
    "of every January; each trade costs 0.1 %, plus 0.25 % of trades in another currency.",
    "limit_orders": "100,000 USD from 2004-02-02: 75 % SPY, 15 % VB and 2.5 % each in CRS, UNF, MMSI and ITRI, none above "
    "3 % after a rebalance; back to these weights on the first session of every January; orders fill within 0.5 % of the "
    "close before; each trade costs 0.1 %.",
    "always_capped": "100,000 USD from 2004-02-02: 75 % SPY, 15 % VB and 2.5 % each in CRS, UNF, MMSI and ITRI, none above "
    "3 % at any close; back to these weights on the first session of every January; each trade costs 0.1 %.",
    "bound": "100,000 USD from 2004-02-02: 78 % A, 15 % B, as satellites 3 % E and 2 % each in C and D, none above 3 % (C "
    "2.5 %) at any close, what is above it in the core; B and the satellites together at most 22 %; back to these "
    "weights on the first session of every January; trading is free.",
    "chosen": "100,000 USD from 2004-02-02: 79 % A, 15 % B and 2 % each in 3 of 4 names by 6-month momentum without the "
    "last 21 sessions, none above 3 % after a rebalance; chosen anew on the first session of every January; trading is "
    "free.",
    "sleeves": "100,000 USD from 2004-02-02: 60 % US (80 % SPY and 20 % VB, back to these on the first session of every "
    "quarter), 15 % Defensive (70 % IEF and 30 % GLD), 15 % EFA and 2.5 % each in CRS, UNF, MMSI and ITRI, none above "
    "3 % after a rebalance; back to these weights on the first session of every January; each trade costs 0.1 %.",
    "never_sell": "100,000 USD from 2004-02-02: 75 % SPY, 15 % VB and 2.5 % each in CRS, UNF, MMSI and ITRI, none above "
    "3 % after a rebalance; back to these weights on the first session of every January; CRS is never sold; each trade "
    "costs 0.1 %.",
    "review_trend": "100,000 USD from 2004-02-02: 75 % SPY, 15 % VB and 2.5 % each in CRS, UNF, MMSI and ITRI, none above "
    "3 % after a rebalance; back to these weights on the first session of every January; a satellite 20 % or more below "
    "its average cost is topped up if it is not below the mean of its last 200 closes, else sold; each trade costs 0.1 %.",
    "optimised": "100,000 USD from 2004-02-02: the weights of least variance over SPY, VB and MDY, and 3 to 5 of CRS, UNF, "
    "SRCE, MMSI and ITRI at 2 % to 3 % each; at most 40 % exchanged at a time; estimated on 756 sessions; weighed anew "
    "on the first session of every January; each trade costs 0.1 %.",
    "us_small_caps_savings": "10,000 USD from 2004-02-02 and 500 USD on the first session of each month: 75 % SPY, 15 % VB "
    "and 2.5 % each in CRS, UNF, MMSI and ITRI, none above 3 % after a rebalance; back to these weights on the first "
    "session of every January; only whole shares; orders cost what interactive brokers fixed charges, plus a spread of "
    "2 bp.",
}


@pytest.mark.skipif(not ORACLES.exists(), reason="the folder shared/data is not beside this checkout")
def test_the_plan_of_the_article_has_its_sentence_letter_for_letter() -> None:
    """It was written down before any of this was."""
    written = json.loads(ORACLES.read_text())["plan_sentence/us_small_caps"]["value"]
    assert describe_plan(plain_configs()["us_small_caps"], OPENING).sentence == written


@pytest.mark.parametrize("name", SENTENCES)
def test_every_kind_of_plan_has_words(name: str) -> None:
    """Schedules, bands, costs, payments, chosen names, sleeves, caps, whole shares and currencies are told in full."""
    assert describe_plan(plain_configs()[name], OPENING).sentence == SENTENCES[name]


def test_what_a_full_sentence_has_no_room_for_is_listed() -> None:
    """Of a plan with a long sentence, the whole shares and the interest of its cash."""
    assert dict(describe_plan(plain_configs()["mix"], OPENING).as_configured) == {
        "account.shares": "whole",
        "account.execution": "next_close",
        "account.min_order": "50.0",
        "account.cash.rate": "0.02",
    }


def test_a_long_list_becomes_a_count_and_stands_beside_the_sentence() -> None:
    """Forty assets of equal weight are counted, and each weight is listed with what else is not told."""
    weights = {f"ASSET{number}": 0.025 for number in range(40)}
    strategy = {"kind": "fixed_mix", "weights": weights, "rebalance": {"kind": "never"}}
    found = describe_plan({"account": {"capital": 1.0, "currency": "USD"}, "strategy": strategy}, OPENING)
    assert found.sentence == "1 USD from 2004-02-02: 2.5 % each in 40 assets; never rebalanced; trading is free."
    assert {f"strategy.weights.{name}" for name in weights} <= found.as_configured.keys()


def test_no_sentence_is_longer_than_its_room() -> None:
    """Neither a mix of a thousand weights, nor deep sleeves, nor fifty payments or rules."""
    rules = [{"kind": "annual", "month": "january", "session": day, "every": 2} for day in range(1, 24)] * 3
    flows = [{"amount": 100.0, "every": "month", "from": f"20{year}-01-01"} for year in range(10, 60)]
    sleeve = {"weight": 0.5, "of": {f"LONGNAME{number}": 0.01 for number in range(50)}}
    account = {"capital": 12345.678, "currency": "USD", "contributions": flows, "shares": "whole"}
    spread = {f"LONGNAME{number}": 1.5 for number in range(50)} | {"rest": 3.0}
    costs = {"kind": "per_order", "fixed": 1.0, "spread": spread}
    mix = {"kind": "fixed_mix", "weights": {f"LONGNAME{number}": 0.001 + 1e-6 * number for number in range(900)}}
    core = {"kind": "core_satellite", "core": {"S": sleeve, "T": sleeve}, "satellites": {"X": 0.01}, "cap": 0.02}
    optimised = {
        "kind": "optimised",
        "core": [f"LONGNAME{number}" for number in range(900)],
        "objective": {"kind": "x"},
    }
    for strategy in (mix, core, optimised, {"kind": "of somebody else's"}):
        rest = {"rebalance": {"kind": "any", "of": rules}, "never_sell": [f"LONGNAME{number}" for number in range(99)]}
        config = {"account": account, "strategy": {**strategy, **rest}, "costs": costs}
        found = describe_plan(config, OPENING)
        assert len(found.sentence) <= MAX_CHARACTERS, found.sentence
        assert found.sentence.startswith("12,345.678 USD from 2004-02-02")
        assert "account.contributions" in found.as_configured


def test_a_config_of_another_version_is_no_fault() -> None:
    """What is missing, or of another kind, is left out."""
    for config in ({}, None, {"strategy": []}, {"strategy": {"kind": "core_satellite"}, "account": 3}):
        assert describe_plan(config, OPENING).sentence.endswith(".")


def _told(config: dict[str, object]) -> tuple[str, str]:
    found = describe_plan(config, OPENING)
    return found.sentence, json.dumps(dict(found.as_configured))


def _check_every_change_shows(every: int) -> int:
    """Change settings one by one; fail where two different configs are told alike, and return how many there were."""
    told: dict[tuple[str, str], str] = {}
    for name, config in plain_configs().items():
        for where, other in (("", config), *changes(config, every)):
            settings = json.dumps([other[section] for section in SECTIONS], sort_keys=True)
            found = _told(other)
            assert len(found[0]) <= MAX_CHARACTERS
            assert told.setdefault(found, settings) == settings, f"{name}, {where}: {found[0]}"
    return len(told)


def test_plans_that_differ_in_a_setting_are_told_apart() -> None:
    """By the sentence, or by what is listed as configured: of some changes of each plan."""
    assert _check_every_change_shows(97) > 60


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_plans_that_differ_in_a_setting_are_told_apart() -> None:
    """Of every change of each plan, and of all of them against each other."""
    assert _check_every_change_shows(1) > 3000
