"""Bad input ends with one line a person can act on: file, line, path, what was found, what to write instead."""

from __future__ import annotations

import json
import os
import random
import re
import string
from pathlib import Path

import pytest
import yaml

from engine.composition import json_schema, load_run
from engine.core.did_you_mean import did_you_mean
from engine.core.errors import ConfigError
from engine.portfolio.tariffs import load_tariffs
from tests.support.configs import SHIPPED, config, message

GOOD = """\
name: plan
data:
  source: {kind: sample}
window: {start: 2014-01-02, end: 2022-12-28}
strategy:
  kind: core_satellite
  core: {QUAL: rest, SIZE: 15%}
  satellites: {HD: 2.5%, JNJ: 2.5%, PG: 2.5%}
  cap: 3%
"""


def edited(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_the_readme_s_rule_book_is_valid(tmp_path: Path) -> None:
    """What the README excerpts of a strategy, costs and flows is one plan, with a table of the figures it asks for."""
    blocks = [
        block.split("```")[0] for block in (Path(__file__).parents[2] / "README.md").read_text().split("```yaml\n")
    ]
    text = blocks[2] + blocks[3]
    figures = tmp_path / "figures.csv"
    columns = "free_cash_flow,roic,wacc,net_debt,ebitda,revenue,net_income,equity"
    figures.write_text(f"ticker,period_end,available_date,{columns}\nCRS,2020-12-31,2021-02-20,1,1,1,1,1,1,1,1\n")
    text = text.replace("fundamentals.parquet", str(figures))
    book = config(f"name: book\ndata: {{source: {{kind: sample}}}}\n{text}")
    assert (len(book.account.flow_plans), book.costs.tariff) == (2, "comdirect")
    plan = book.strategy
    assert (plan.satellite_count, plan.watch_caps, plan.review.trigger) == (4, True, 0.2)


CASES = {
    "unknown key": (
        edited("strategy:", "stratgy:"),
        "plan.yaml:5: stratgy: unknown key 'stratgy'; did you mean 'strategy'?",
    ),
    "unknown key deep down": (
        edited("cap: 3%", "capz: 3%\n  cap: 3%"),
        "plan.yaml:9: strategy.capz: unknown key 'capz'; did you mean 'cap'?",
    ),
    "missing key": (edited("  cap: 3%\n", ""), "plan.yaml:5: strategy.cap: key 'cap' is missing; add `cap: ...`"),
    "duplicate key": (
        GOOD + "name: again\n",
        "plan.yaml:10: name: key 'name' stands here and on line 1; keep one of the two",
    ),
    "weight 25": (
        edited("SIZE: 15%", "SIZE: 25"),
        "plan.yaml:7: strategy.core.SIZE: 25 could mean 25% or 25 times the whole; write 25% or 0.25",
    ),
    "weight 2.5": (
        edited("HD: 2.5%", "HD: 2.5"),
        "plan.yaml:8: strategy.satellites.HD: 2.5 could mean 2.5% or 2.5 times the whole; write 2.5% or 0.025",
    ),
    "weights over 100 %": (
        edited("SIZE: 15%", "SIZE: 95%"),
        "plan.yaml:7: strategy.core: core and satellites add up to 102.5%; 100% is all there is, lower them",
    ),
    "two rest": (
        edited("SIZE: 15%", "SIZE: rest"),
        "plan.yaml:7: strategy.core: QUAL and SIZE are both rest; "
        "one asset takes what is left, give the others a weight",
    ),
    "two satellites": (
        edited(", PG: 2.5%", ""),
        "plan.yaml:8: strategy.satellites: found 2, expected 3 to 5; "
        "the core takes what is left, and kind: fixed_mix any number",
    ),
    "six satellites": (
        edited("PG: 2.5%", "PG: 2.5%, KO: 1%, PEP: 1%, XOM: 1%"),
        "plan.yaml:8: strategy.satellites: found 6, expected 3 to 5; "
        "the core takes what is left, and kind: fixed_mix any number",
    ),
    "satellite above its cap": (
        edited("HD: 2.5%", "HD: 4%"),
        "plan.yaml:8: strategy.satellites.HD: satellite HD at 4% is above the cap of 3%; lower it, raise the cap or write over_cap: to_core",
    ),
    "group above its limit": (
        GOOD + "  limits: [{group: [SIZE, satellites], max: 20%}]\n",
        "plan.yaml:10: strategy.limits.0: group SIZE, satellites has 22.5%, its limit is 20%; "
        "lower a weight or raise the limit",
    ),
    "limit on a stranger": (
        GOOD + "  limits: [{group: [KO], max: 20%}]\n",
        "plan.yaml:10: strategy.limits.0: limit names KO, which is neither core nor satellite; correct the name",
    ),
    "end before start": (
        edited("end: 2022-12-28", "end: 2013-12-28"),
        "plan.yaml:4: window.end: end 2013-12-28 is not after start 2014-01-02; correct one of them",
    ),
    "a date in another order": (
        edited("2014-01-02", "02.01.2014"),
        "plan.yaml:4: window.start: '02.01.2014' is not a date; write year-month-day, as 2004-02-01",
    ),
    "unknown kind of strategy": (
        edited("core_satellite", "core_sat"),
        "plan.yaml:5: strategy: unknown kind 'core_sat'; did you mean 'core_satellite'?; "
        "known: buy_and_hold, core_satellite, fixed_mix, optimised",
    ),
    "unknown place": (
        GOOD + "  before_listing: elsewhere\n",
        "plan.yaml:10: strategy.before_listing: found 'elsewhere'; expected redistribute, cash or {proxy: TICKER}",
    ),
    "unknown broker": (
        GOOD + "costs: {kind: broker, tariff: nobody}\n",
        f"plan.yaml:10: costs.tariff: unknown broker 'nobody'; known: {', '.join(sorted(load_tariffs()))}",
    ),
    "a spread below zero": (
        GOOD + "costs: {kind: none, spread: {HD: -0.1%, rest: 0.02%}}\n",
        "plan.yaml:10: costs.spread.HD: a spread of -10 bp is none of a market; 0 or 0.01 bp to 10% is, as 0.1%, "
        "10 bp, or 10, the same",
    ),
    "spreads without a rest": (
        GOOD + "costs: {kind: none, spread: {HD: 0.1%}}\n",
        "plan.yaml:10: costs.spread.rest: key 'rest' is missing; add `rest: ...`",
    ),
    "a spread of all one's money": (
        GOOD + "costs: {kind: none, spread: {HD: 100%, rest: 0.1%}}\n",
        "plan.yaml:10: costs.spread.HD: a spread of 10000 bp is none of a market; 0 or 0.01 bp to 10% is, as 0.1%, "
        "10 bp, or 10, the same",
    ),
    "a fraction for basis points": (
        GOOD + "costs: {kind: none, spread: 0.001}\n",
        "plan.yaml:10: costs.spread: a spread of 0.001 bp is none of a market; 0 or 0.01 bp to 10% is, as 0.1%, "
        "10 bp, or 10, the same",
    ),
    "a spread in other words": (
        GOOD + "costs: {kind: none, spread: {HD: '0,1%', rest: 0.1%}}\n",
        "plan.yaml:10: costs.spread.HD: '0,1%' is not a number; write 0.1% or 10 bp",
    ),
    "a percentage below its bound": (
        GOOD + "account: {execution: {kind: limit, margin: -0.5%}}\n",
        "plan.yaml:10: account.execution.margin: found '-0.5%'; expected at least 0 %",
    ),
    "a broker's name in capitals": (
        GOOD + "costs: {kind: broker, tariff: COMDIRECT}\n",
        "plan.yaml:10: costs.tariff: unknown broker 'COMDIRECT'; did you mean 'comdirect'?",
    ),
    "no savings plan": (
        GOOD + "costs: {kind: broker, tariff: zero_fee, savings_plan: true}\n",
        "plan.yaml:10: costs.savings_plan: zero_fee publishes no savings plan; leave it out, or use one of: "
        + ", ".join(name for name, tariff in load_tariffs().items() if tariff.savings_plan),
    ),
    "name with a path": (
        edited("name: plan", "name: ../plan"),
        "plan.yaml:1: name: '../plan' cannot name a folder; up to 64 letters, digits, - and _ can, "
        "starting with a letter or digit",
    ),
    "empty file": ("", "plan.yaml: the file is empty; `engine init` writes a starter"),
    "only a comment": ("# nothing\n", "plan.yaml: the file is empty; `engine init` writes a starter"),
    "no mapping": (
        "- a\n- b\n",
        "plan.yaml:1: expected `key: value` lines at the top level; `engine init` writes a starter",
    ),
    "anchor": (
        edited("cap: 3%", "cap: &c 3%"),
        "plan.yaml:9: anchors and aliases (& and *) are not read here; write the value out",
    ),
    "tag": (
        edited("cap: 3%", "cap: !!float 3"),
        "plan.yaml:9: tag tag:yaml.org,2002:float is not read here; remove it; the schema gives every type",
    ),
    "tab": (edited("  cap", "\tcap"), "plan.yaml:9:1: a tab where indentation or a value starts; indent with spaces"),
    "two documents": (
        GOOD + "---\nname: b\n",
        "plan.yaml:10: a second document starts here; one file holds one configuration",
    ),
    "depth": ("a: " + "[" * 400 + "]" * 400, "plan.yaml:1: more than 50 levels deep; is this a configuration?"),
    "a benchmark twice": (
        GOOD + "compare: {benchmarks: [QUAL, QUAL]}\n",
        "plan.yaml:10: compare.benchmarks.1: two portfolios are called 'QUAL'; give this benchmark another name",
    ),
    "a benchmark called as a heading": (
        GOOD + "compare:\n  benchmarks:\n    - {name: buy & Hold, kind: buy_and_hold, weights: {A: 100%}}\n",
        "plan.yaml:12: compare.benchmarks.0: 'buy & Hold' reads like 'Buy & hold', a heading of the results; give this "
        "benchmark another name",
    ),
    "a word for buy-and-hold's form": (
        GOOD + "compare: {buy_and_hold: late}\n",
        "plan.yaml:10: compare.buy_and_hold: 'late' is none of its forms; write true, false or {late: never}",
    ),
    "two benchmarks that read the same": (
        GOOD + "compare:\n  benchmarks:\n    - QUAL\n    - {name: Qual, kind: buy_and_hold, weights: {A: 100%}}\n",
        "plan.yaml:13: compare.benchmarks.1: 'Qual' reads like 'QUAL', a heading of the results; give this benchmark "
        "another name",
    ),
    "a benchmark over 100 %": (
        GOOD + "compare:\n  benchmarks:\n    - {name: m, kind: fixed_mix, weights: {A: 80%, B: 40%}}\n",
        "plan.yaml:12: compare.benchmarks.0.weights: weights add up to 120%; 100% is all there is, lower them",
    ),
    "a band of nothing": (
        GOOD + "  rebalance: {kind: band}\n",
        "plan.yaml:10: strategy.rebalance: a band needs absolute or relative, above 0; as {absolute: 5%}",
    ),
    "a minimum above the maximum": (
        GOOD + "costs:\n  kind: per_order\n  minimum: 10\n  maximum: 5\n",
        "plan.yaml:12: costs.minimum: minimum 10 is above maximum 5; swap or correct them",
    ),
    "not a number": (
        GOOD + "account: {capital: 10k}\n",
        "plan.yaml:10: account.capital: '10k' is not a number; write digits with a point, as 1000 or 0.5",
    ),
    "nan": (
        GOOD + "account: {capital: nan}\n",
        "plan.yaml:10: account.capital: 'nan' is not a number; write digits with a point, as 1000 or 0.5",
    ),
    "a ticker that is the word for all satellites": (
        edited("HD: 2.5%", "satellites: 2.5%"),
        "plan.yaml:8: strategy.satellites.satellites: 'satellites' stands for all of them in limits; "
        "write the ticker in capitals",
    ),
    "a currency in small letters": (
        GOOD + "account: {currency: usd}\n",
        "plan.yaml:10: account.currency: 'usd' is not a currency; write its three capital letters, as USD",
    ),
    "an exchange by its short name": (
        edited("{kind: sample}", "{kind: sample}\n  calendar: NYSE1"),
        "plan.yaml:4: data.calendar: 'NYSE1' is not an exchange; write its market identifier code, four capital "
        "letters, as XNYS, or 24/7",
    ),
    "text where a list belongs": (
        GOOD + "compare: {benchmarks: QUAL}\n",
        "plan.yaml:10: compare.benchmarks: expected a list, found 'QUAL'; write [QUAL]",
    ),
    "a core of nothing": (
        edited("{QUAL: rest, SIZE: 15%}", "{}"),
        "plan.yaml:7: strategy.core: expected at least 1 of them, found none; add what is missing",
    ),
    "digits of another script": (
        edited("HD: 2.5%", "HD: \uff12.\uff15%"),
        "plan.yaml:8: strategy.satellites.HD: '\uff12.\uff15%' is not a percentage; write 2.5%",
    ),
    "a date in digits of another script": (
        edited("2014-01-02", "\u0662\u0660\u0661\u0664-01-02"),
        "plan.yaml:4: window.start: '\u0662\u0660\u0661\u0664-01-02' is not a date; write year-month-day, as 2004-02-01",
    ),
    "cash that earns 400 %": (
        GOOD + "account: {cash: {rate: 400%}}\n",
        "plan.yaml:10: account.cash.rate: '400%' a year is no rate of interest; -50% to 100% is expected, as 2.5%",
    ),
    "a risk-free rate of -60 %": (
        GOOD + "compare: {risk_free: -60%}\n",
        "plan.yaml:10: compare.risk_free: '-60%' a year is no rate of interest; -50% to 100% is expected, as 2.5%",
    ),
    "a rate file without its unit": (
        GOOD + "compare: {risk_free: {path: rates.csv}}\n",
        "plan.yaml:10: compare.risk_free.unit: key 'unit' is missing; add `unit: ...`",
    ),
    "no path": (
        edited("{kind: sample}", "{kind: files, path: ''}"),
        "plan.yaml:3: data.source.path: '' is not a path; name a file or folder, as prices.parquet",
    ),
    "a control character": (
        edited("cap: 3%", "cap: 3\x07%"),
        "plan.yaml:9: character #x0007 is no text; remove it; is this a YAML file?",
    ),
    "a description as long as a book": (
        GOOD + f"description: {'x' * 2000}\n",
        f"plan.yaml:10: description: '{'x' * 37}...{'x' * 20}' is no text of up to 1,000 characters; "
        "shorten it, or put it in quotes",
    ),
    "a published figure of a stranger": (
        GOOD + "compare:\n  published:\n    source: book\n    figures:\n      KO: {cagr: 3%}\n",
        "plan.yaml:14: compare.published.figures.KO: figures for 'KO', which is not a portfolio of this run; "
        "known: buy_and_hold, strategy",
    ),
    "cash as a ticker": (
        edited("SIZE: 15%", "cash: 15%"),
        "plan.yaml:7: strategy.core.cash: 'cash' is a column of the results, not a ticker here; what the weights leave over is cash",
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_a_fault_is_one_line_with_place_finding_and_remedy(text: str, expected: str) -> None:
    assert message(text) == expected


def test_all_faults_of_a_file_are_reported_at_once_in_its_order() -> None:
    text = GOOD.replace("SIZE: 15%", "SIZE: 25").replace("cap: 3%", "cap: 3") + "acount: {}\n"
    lines = message(text).splitlines()
    assert [line.split(":")[1] for line in lines] == ["7", "9", "10"]


def test_of_many_names_that_are_known_the_first_are_listed_and_the_others_counted() -> None:
    """An index of five hundred would fill a screen."""
    told = did_you_mean("ZZZZ", [f"T{number}" for number in range(500)])
    assert told.startswith("known: T0, T1, T10, ")
    assert told.endswith(" and 460 more")
    assert did_you_mean("t7", ["T7", "T8"]) == "did you mean 'T7'?"


def test_a_key_that_stands_twice_hides_no_other_fault() -> None:
    lines = message(GOOD.replace("SIZE: 15%", "SIZE: 25") + "name: again\n").splitlines()
    assert [line.split(":")[1] for line in lines] == ["7", "10"]


def test_a_fault_elsewhere_hides_neither_a_wrong_rate_nor_another_override(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(GOOD + "costs: {kind: broker, tariff: comdirect, fx: 1.08}\n")
    with pytest.raises(ConfigError) as caught:
        load_run(path, ["window.start=never", "nonsense"])
    assert [fault.path for fault in caught.value.faults] == ["nonsense", "window.start", "costs.fx"]


def test_of_many_faults_the_first_fifty_are_printed() -> None:
    many = "".join(f"key{n}: 1\n" for n in range(120))
    with pytest.raises(ConfigError) as caught:
        config(GOOD + many)
    assert len(caught.value.faults) == 120
    assert str(caught.value).splitlines()[50:] == ["and 70 more; mend these first"]


def test_what_a_file_holds_neither_steers_nor_floods_the_terminal() -> None:
    faults = message(GOOD + f'? "\\e[2J\\n{"y" * 5000}"\n: 1\n')
    assert "\x1b" not in faults
    assert "\\x1b[2J\\ny" in faults
    assert len(faults) < 600


def test_an_override_of_endless_keys_is_refused() -> None:
    for keys in ("a." * 600 + "b", "b" * 2000):
        faults = message(GOOD, f"{keys}=1")
        assert "characters of keys, at most 1,000 and 50 levels are read; check the path" in faults
        assert len(faults) < 400
    assert "the value is no text" in message(GOOD, "name=\udcff")


def test_a_path_that_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, words in (
        (tmp_path / "pipe", "is a named pipe, a file is expected"),
        (tmp_path, "Is a directory"),
        (Path("a\0b"), r"a\\x00b: a zero byte in the path"),
    ):
        with pytest.raises(ConfigError, match=words):
            load_run(path, ())


def test_a_large_binary_or_missing_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    large, binary = tmp_path / "large.yaml", tmp_path / "binary.yaml"
    large.write_text("name: " + "x" * 2_000_000)
    binary.write_bytes(bytes(range(128, 256)) * 10)
    for path, words in ((large, "2,000,006 bytes"), (binary, "not UTF-8"), (tmp_path / "none.yaml", "No such file")):
        with pytest.raises(ConfigError, match=words):
            load_run(path, ())


def test_the_good_config_is_good() -> None:
    plan = config(GOOD).strategy
    assert dict(plan.core()) == pytest.approx({"QUAL": 0.775, "SIZE": 0.15})


@pytest.mark.parametrize(
    "ticker",
    ["NO", "ON", "OFF", "YES", "TRUE", "NULL", "NA", "NAN", "007", "1E5", "0x10", "BRK.B", "^GSPC", "EURUSD=X"],
)
def test_a_ticker_stays_letter_for_letter_what_was_written(ticker: str) -> None:
    plan = config(GOOD.replace("HD:", f"{ticker}:")).strategy
    assert ticker in plan.satellites
    again = config(yaml.safe_dump(config(GOOD.replace("HD:", f"{ticker}:")).canonical(), sort_keys=False)).strategy
    assert again == plan


def test_random_short_tickers_survive_reading_and_writing() -> None:
    rng = random.Random(5)
    for _ in range(300):
        ticker = "".join(rng.choices(string.ascii_uppercase, k=rng.randrange(1, 6)))
        if ticker in {"QUAL", "SIZE", "JNJ", "PG"}:
            continue
        first = config(GOOD.replace("HD:", f"{ticker}:"))
        second = config(yaml.safe_dump(first.canonical(), sort_keys=False))
        assert ticker in second.strategy.satellites
        assert second.sha256() == first.sha256()


def test_percent_and_fraction_mean_the_same() -> None:
    assert (
        config(GOOD).strategy
        == config(GOOD.replace("2.5%", "0.025").replace("15%", "0.15").replace("3%", "3e-2")).strategy
    )


def test_an_override_of_a_mapping_is_blamed_for_what_it_leaves_out() -> None:
    text = GOOD + "costs: {kind: percent, rate: 0.1%}\n"
    assert message(text, "costs={kind: percent}") == "--set: costs.rate: key 'rate' is missing; add `rate: ...`"


def test_an_override_replaces_one_key_and_is_blamed_by_name() -> None:
    assert config(GOOD, "strategy.satellites.HD=2%").strategy.satellites["HD"] == 0.02
    assert str(config(GOOD, "window.end=2020-12-31").window.end) == "2020-12-31"
    assert config(GOOD, "account.cash.rate=1%").account.cash.rate == 0.01
    assert config(GOOD, "compare.benchmarks=[QUAL, SIZE]").compare.benchmarks[1].name == "SIZE"
    assert message(GOOD, "window.edn=2020-12-31") == "--set: window.edn: unknown key 'edn'; did you mean 'end'?"
    assert message(GOOD, "window.end") == "--set: window.end: expected KEY=VALUE; as --set window.end=2024-12-31"
    assert message(GOOD, "name.x=1") == "--set: name.x: 'name' holds no keys here; check the path"


def test_an_override_finds_a_key_with_a_dot_in_it() -> None:
    text = GOOD.replace("HD:", "BRK.B:")
    assert config(text, "strategy.satellites.BRK.B=1%").strategy.satellites["BRK.B"] == 0.01


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("account: {currency: XAU}\ndata: {source: {kind: sample}}\n", "plan.yaml:1: data.fx: found no rate of XAU"),
        ("account: {currency: XAU}\ndata: {source: {kind: files, path: p, currency: USD}}\n", "found no rate of XAU"),
        ("data: {source: {kind: files, path: p}, currencies: {SPY: BTN}}\n", "found no rate of BTN"),
        (
            "costs: {kind: broker, tariff: comdirect}\nwindow: {start: 1980-01-01, end: 1990-01-01}\n",
            "outside the window",
        ),
        (
            "costs: {kind: broker, tariff: comdirect, fx: 0.92}\n",
            "costs.fx: 92 % of the money is no cost of an exchange",
        ),
        ("costs: {kind: broker, tariff: comdirect, fx: 1.08}\n", "costs.fx: 1.08 could mean 1.08% or 1.08 times"),
        (
            "data: {source: {kind: files, path: p}, currencies: {SPY: gbp}}\n",
            "data.currencies.SPY: 'gbp' is not a currency",
        ),
        (
            "data: {source: {kind: files, path: p}, fx: {kind: ezb}}\n",
            "data.fx: unknown kind 'ezb'; did you mean 'ecb'",
        ),
    ],
)
def test_what_no_run_could_convert_is_refused_before_prices_are_read(lines: str, words: str, tmp_path: Path) -> None:
    """`engine validate` knows what rates there are: unknown currencies and windows without any are faults there."""
    path = tmp_path / "plan.yaml"
    strategy = "name: plan\nstrategy: {kind: buy_and_hold, weights: {SPY: 100%}}\n"
    path.write_text(lines + strategy + ("" if "data:" in lines else "data: {source: {kind: sample}}\n"))
    with pytest.raises(ConfigError, match=re.escape(words)):
        load_run(path, ())


def test_a_tariff_in_another_currency_needs_no_key(tmp_path: Path) -> None:
    """The rate of the day converts it."""
    path = tmp_path / "plan.yaml"
    path.write_text(GOOD + "costs: {kind: broker, tariff: comdirect}\n")
    assert load_run(path, ["costs.fx=0.25%"]).costs.fx == 0.0025


def test_the_schema_accepts_every_shipped_config() -> None:
    import jsonschema

    schema = jsonschema.Draft202012Validator(json_schema())
    for path in SHIPPED:
        text = re.sub(r"\bon: ", "'on': ", path.read_text())  # editors read YAML 1.2, where `on` is a word
        as_an_editor_sees_it = json.loads(json.dumps(yaml.safe_load(text), default=str))
        schema.validate(as_an_editor_sees_it)
    with pytest.raises(jsonschema.ValidationError, match="acount"):
        schema.validate({**as_an_editor_sees_it, "acount": {}})


def test_mutated_configs_are_accepted_or_refused_but_never_crash() -> None:
    rng = random.Random(17)
    alphabet = string.printable + "äß€\x00\ud7ff"
    refused = 0
    for _ in range(1500):
        characters = list(GOOD)
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(characters))
            what = rng.random()
            if what < 0.4:
                characters[at] = rng.choice(alphabet)
            elif what < 0.7:
                characters.insert(at, rng.choice(alphabet))
            else:
                del characters[at : at + rng.randrange(1, 12)]
        try:
            config("".join(characters))
        except ConfigError as error:
            refused += 1
            assert all(fault.message for fault in error.faults)
    assert refused > 700


def test_a_spread_of_an_asset_that_the_plan_does_not_hold_is_refused(tmp_path: Path) -> None:
    """Whoever mistypes a name would pay what the rest does, without a word."""
    path = tmp_path / "plan.yaml"
    path.write_text(GOOD + "costs:\n  kind: none\n  spread:\n    JNK: 0.1%\n    rest: 0.02%\n")
    with pytest.raises(ConfigError, match=r"13: costs\.spread\.JNK: the plan has no asset 'JNK'; did you mean 'JNJ'\?"):
        load_run(path)
