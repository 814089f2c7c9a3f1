"""The universe: which stocks there are, where they can be bought, and what is wrong in its file."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pandas as pd
import pytest
import yaml

from engine.backtest.config import to_plain_data
from engine.data.research.universe import Universe
from tests.support.research import ResearchConfig, message, reread, research_config, written

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "configs" / "universe_us_small_caps.yaml"
EVERYWHERE = ("CRS", "IONQ", "ITRI", "MMSI", "RKLB", "UNF")


def test_the_shipped_universe_has_the_plans_ten_names_at_their_brokers() -> None:
    universe = research_config(f"universe: {SHIPPED}").universe
    assert universe.tickers_where() == universe.tickers == tuple(sorted((*EVERYWHERE, "ASTS", "RXRX", "SRCE", "VKTX")))
    assert (
        universe.tickers_where(["comdirect"])
        == universe.tickers_where(["comdirect", "interactive_brokers"])
        == EVERYWHERE
    )
    assert universe.tickers_where(["interactive_brokers"]) == universe.tickers
    assert universe.brokers == ("comdirect", "interactive_brokers")
    assert universe.sectors == {
        "Financial Services": ("SRCE",),
        "Healthcare": ("MMSI", "RXRX", "VKTX"),
        "Industrials": ("CRS", "RKLB", "UNF"),
        "Technology": ("IONQ", "ITRI"),
        "Telecom": ("ASTS",),
    }
    assert sorted(name for names in universe.sectors.values() for name in names) == sorted(universe.tickers)


def test_listed_since_is_the_first_close_of_the_real_prices(shared_data: Path) -> None:
    prices = pd.read_parquet(shared_data / "prices.parquet")
    for stock in research_config(f"universe: {SHIPPED}").universe.names:
        assert prices[stock.ticker].first_valid_index().date() == stock.listed_since


def test_a_universe_is_dumped_inline_so_that_the_config_reads_back_without_its_file(tmp_path: Path) -> None:
    copy = written(tmp_path / "u.yaml", SHIPPED.read_text())
    config = research_config(f"universe: {copy}")
    copy.unlink()
    assert str(copy) not in str(to_plain_data(config))
    assert reread(config) == config
    assert to_plain_data(reread(config)) == to_plain_data(config)


def test_a_name_has_to_be_at_every_broker_and_have_every_tag_asked_for() -> None:
    universe = research_config(
        "universe:\n  names:\n"
        "  - {ticker: B, name: b, sector: x, brokers: [one, two], tags: [mine, good]}\n"
        "  - {ticker: A, name: a, sector: x, brokers: [one], tags: [mine]}\n"
    ).universe
    assert universe.tickers_where() == ("A", "B")
    assert universe.tickers_where(["one", "two"]) == universe.tickers_where([], ["good", "mine"]) == ("B",)
    assert universe.tickers_where(["three"]) == universe.tickers_where(["one"], ["bad"]) == ()


def test_the_order_of_names_in_the_file_changes_no_answer() -> None:
    shipped = research_config(f"universe: {SHIPPED}").universe
    turned = Universe(names=tuple(reversed(shipped.names)))
    assert turned.tickers == shipped.tickers
    assert turned.tickers_where(["comdirect"]) == shipped.tickers_where(["comdirect"])
    assert list(turned.sectors.items()) == list(shipped.sectors.items())


def test_what_no_name_of_the_universe_has_is_told_with_the_nearest_that_one_has() -> None:
    universe = research_config(f"universe: {SHIPPED}").universe
    assert list(universe.unknown_value_faults("broker", ["comdirect", "comdirekt"])) == [
        (1, "the universe has no broker 'comdirekt'; did you mean 'comdirect'?")
    ]
    assert [at for at, _ in universe.unknown_value_faults("sector", ["Utilities", "Telecom"])] == [0]
    assert list(universe.unknown_value_faults("tag", ["mine"])) == [
        (0, "the universe has no tag 'mine'; no name in it has a tag")
    ]
    assert list(universe.unknown_value_faults("ticker", EVERYWHERE)) == []


ONE = "names:\n- {ticker: A, name: a, sector: x, brokers: [b]}\n"
UNIVERSES = {
    "unknown key": (ONE.replace("sector", "sectr"), ":2: names.0.sectr: unknown key 'sectr'; did you mean 'sector'?"),
    "twice": (ONE + ONE[7:], ":3: names.1.ticker: A stands in the universe twice; keep one of the two"),
    "two sectors": (
        ONE.replace("b]", "b], to: 2010-06-30") + ONE[7:].replace("x, ", "y, ").replace("b]", "b], from: 2012-01-02"),
        ":3: names.1.sector: A is 'x' and 'y'; give it one sector",
    ),
    "no list": (ONE.replace("[b]", "b"), ":2: names.0.brokers: expected a list, found 'b'; write [b]"),
    "broker twice": (ONE.replace("[b]", "[b, b]"), ":2: names.0.brokers: 'b' stands there twice; keep one of the two"),
    "no name": (ONE.replace("name: a", "name: ''"), ":2: names.0.name: '' is not a label"),
    "control": (ONE.replace("name: a", 'name: "\\e[2J"'), ":2: names.0.name: '\\x1b[2J' is not a label"),
    "ticker": (ONE.replace("ticker: A", "ticker: a b"), ":2: names.0.ticker: 'a b' is not a ticker"),
    "date": (ONE.replace("name: a", "name: a, listed_since: 2020"), ":2: names.0.listed_since: '2020' is not a date"),
    "empty": ("names: []\n", ":1: names: no names in it; list at least one stock"),
    "no yaml": ("names: [", ":2:1: not YAML"),
    "a list": ("- a\n", ":1: expected `key: value` lines at the top level"),
}


@pytest.mark.parametrize("case", UNIVERSES)
def test_a_fault_of_the_universe_file_is_told_with_its_file_and_line(case: str, tmp_path: Path) -> None:
    text, expected = UNIVERSES[case]
    path = written(tmp_path / "u.yaml", text)
    faults = message(f"name: plan\nuniverse: {path}")
    assert f"plan.yaml:2: universe: {path}{expected}" in faults


def test_a_missing_universe_says_where_a_relative_path_starts_and_hides_no_other_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    faults = message("count: many\nuniverse: configs/universe.yaml")
    assert (
        f"plan.yaml:2: universe: configs/universe.yaml: found no such file; a relative path starts at the working directory, {tmp_path}"
        in faults
    )
    assert "plan.yaml:1: count:" in faults
    assert "found a folder" in message("universe: .")
    (tmp_path / "configs").mkdir()
    written(tmp_path / "configs" / "universe.yaml", ONE)
    assert research_config("universe: configs/universe.yaml").universe.tickers == ("A",)


def test_the_schema_for_editors_describes_every_way_to_write_each_type() -> None:
    checker = jsonschema.Draft202012Validator(ResearchConfig.model_json_schema())
    inline = yaml.load(SHIPPED.read_text(), yaml.BaseLoader)
    verdict = {"date": "2020-01-01", "ticker": "CRS", "verdict": "intact"}
    checker.validate({"universe": "configs/u.yaml", "criteria": ["a > 0"], "rank": "a / b", "verdicts": [verdict]})
    checker.validate({"universe": inline, "table": {"path": "f.csv"}, "verdicts": {"path": "v.csv"}})
    assert not checker.is_valid({"universe": 3})
    assert not checker.is_valid({"verdicts": {"pth": "v.csv"}})
