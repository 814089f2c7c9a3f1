"""What an investor knows beside prices: the universe, filings as of a day, criteria as text, dated verdicts."""

from __future__ import annotations

import ast
import datetime as dt
import json
import math
import random
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.backtest.config import to_plain_data
from engine.core.errors import ConfigError, DataError
from engine.core.fields import ConfigModel
from engine.core.validation import validate
from engine.core.yaml_document import parse_document
from engine.data.research.formula import Criterion, Measure
from engine.data.research.fundamentals import Fundamentals
from engine.data.research.universe import Universe, UniverseOrPath
from engine.data.research.verdicts import Verdicts

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "configs" / "universe_us_small_caps.yaml"
EVERYWHERE = ("CRS", "IONQ", "ITRI", "MMSI", "RKLB", "UNF")


class Plan(ConfigModel):
    """Stands in for a strategy: every research type as a field, and one field more whose faults must not get lost."""

    universe: UniverseOrPath | None = None
    table: Fundamentals | None = None
    criteria: tuple[Criterion, ...] = ()
    rank: Measure | None = None
    verdicts: Verdicts | None = None
    count: int = 0


def plan(text: str) -> Plan:
    return validate(Plan, parse_document(text, "plan.yaml"))


def message(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        plan(text)
    return str(caught.value)


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def reread(config: Plan) -> Plan:
    return plan(yaml.safe_dump(to_plain_data(config), allow_unicode=True))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


# The universe


def test_the_shipped_universe_has_the_plans_ten_names_at_their_brokers() -> None:
    universe = plan(f"universe: {SHIPPED}").universe
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
    for stock in plan(f"universe: {SHIPPED}").universe.names:
        assert prices[stock.ticker].first_valid_index().date() == stock.listed_since


def test_a_universe_is_dumped_inline_so_that_the_config_reads_back_without_its_file(tmp_path: Path) -> None:
    copy = written(tmp_path / "u.yaml", SHIPPED.read_text())
    config = plan(f"universe: {copy}")
    copy.unlink()
    assert str(copy) not in str(to_plain_data(config))
    assert reread(config) == config
    assert to_plain_data(reread(config)) == to_plain_data(config)


def test_a_name_has_to_be_at_every_broker_and_have_every_tag_asked_for() -> None:
    universe = plan(
        "universe:\n  names:\n"
        "  - {ticker: B, name: b, sector: x, brokers: [one, two], tags: [mine, good]}\n"
        "  - {ticker: A, name: a, sector: x, brokers: [one], tags: [mine]}\n"
    ).universe
    assert universe.tickers_where() == ("A", "B")
    assert universe.tickers_where(["one", "two"]) == universe.tickers_where([], ["good", "mine"]) == ("B",)
    assert universe.tickers_where(["three"]) == universe.tickers_where(["one"], ["bad"]) == ()


def test_the_order_of_names_in_the_file_changes_no_answer() -> None:
    shipped = plan(f"universe: {SHIPPED}").universe
    turned = Universe(names=tuple(reversed(shipped.names)))
    assert turned.tickers == shipped.tickers
    assert turned.tickers_where(["comdirect"]) == shipped.tickers_where(["comdirect"])
    assert list(turned.sectors.items()) == list(shipped.sectors.items())


def test_what_no_name_of_the_universe_has_is_told_with_the_nearest_that_one_has() -> None:
    universe = plan(f"universe: {SHIPPED}").universe
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
    told = message(f"name: plan\nuniverse: {path}")
    assert f"plan.yaml:2: universe: {path}{expected}" in told


def test_a_missing_universe_says_where_a_relative_path_starts_and_hides_no_other_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = message("count: many\nuniverse: configs/universe.yaml")
    assert (
        f"plan.yaml:2: universe: configs/universe.yaml: found no such file; a relative path starts at the working directory, {tmp_path}"
        in told
    )
    assert "plan.yaml:1: count:" in told
    assert "found a folder" in message("universe: .")
    (tmp_path / "configs").mkdir()
    written(tmp_path / "configs" / "universe.yaml", ONE)
    assert plan("universe: configs/universe.yaml").universe.tickers == ("A",)


def test_the_schema_for_editors_describes_every_way_to_write_each_type() -> None:
    checker = jsonschema.Draft202012Validator(Plan.model_json_schema())
    inline = yaml.load(SHIPPED.read_text(), yaml.BaseLoader)
    verdict = {"date": "2020-01-01", "ticker": "CRS", "verdict": "intact"}
    checker.validate({"universe": "configs/u.yaml", "criteria": ["a > 0"], "rank": "a / b", "verdicts": [verdict]})
    checker.validate({"universe": inline, "table": {"path": "f.csv"}, "verdicts": {"path": "v.csv"}})
    assert not checker.is_valid({"universe": 3})
    assert not checker.is_valid({"verdicts": {"pth": "v.csv"}})


# Figures as of a day


@pytest.fixture(scope="module")
def edgar(shared_data: Path) -> Path:
    path = shared_data / "fundamentals" / "sec_edgar_point_in_time.parquet"
    if not path.is_file():
        pytest.skip("the table of SEC filings is not in shared/data/fundamentals")
    return path


def reference(frame: pd.DataFrame, ticker: str, on: dt.date) -> dict[str, float] | None:
    """Return what was known on a day, by the definition and with pandas alone."""
    known = frame[(frame.ticker == ticker) & (frame.available_date <= pd.Timestamp(on))]
    if known.empty:
        return None
    of_last = known[known.period_end == known.period_end.max()]
    return of_last.loc[of_last.available_date.idxmax()].drop(["ticker", "period_end", "available_date"]).to_dict()


def test_figures_as_of_a_day_equal_the_definition_on_real_filings(edgar: Path) -> None:
    frame = pd.read_parquet(edgar)
    table = Fundamentals(path=str(edgar))
    random_ = random.Random(3)
    tickers = [*sorted(set(frame.ticker)), "NOBODY"]
    pairs = [(random_.choice(tickers), day("2008-06-01") + dt.timedelta(random_.randrange(6600))) for _ in range(200)]
    answers = [table.as_of(ticker, on) for ticker, on in pairs]
    assert answers.count(None) in range(1, 100)
    for (ticker, on), found in zip(pairs, answers, strict=True):
        np.testing.assert_equal(found, reference(frame, ticker, on))


def test_parquet_and_csv_of_the_same_filings_give_the_same_figures(edgar: Path, tmp_path: Path) -> None:
    frame = pd.read_parquet(edgar)
    frame = frame[frame.ticker.isin(["HD", "KO", "WMT"])]
    frame.rename(columns={"period_end": "period", "available_date": "filing_date"}).to_csv(
        tmp_path / "f.csv", index=False
    )
    one, other = Fundamentals(path=str(edgar)), Fundamentals(path=str(tmp_path / "f.csv"))
    assert other.tickers == ("HD", "KO", "WMT")
    assert set(one.columns) == set(other.columns)
    for on in pd.date_range("2009-01-01", "2026-06-01", freq="31D"):
        np.testing.assert_equal(one.as_of("KO", on.date()), other.as_of("KO", np.datetime64(on)))


HEAD = "ticker,period_end,available_date,form,net_income,equity\n"


def table(tmp_path: Path, *rows: str, head: str = HEAD) -> Fundamentals:
    return Fundamentals(path=str(written(tmp_path / "figures.csv", head + "\n".join(rows) + "\n")))


def test_a_filing_counts_from_its_day_and_a_late_correction_of_an_older_period_does_not_replace_newer_figures(
    tmp_path: Path,
) -> None:
    known = table(
        tmp_path,
        "A,2019-12-31,2020-02-10,10-K,1,10",
        "A,2020-03-31,2020-05-10,10-Q,2,10",
        "A,2019-12-31,2020-06-10,10-K/A,99,10",
        "A,2020-03-31,2020-07-10,10-Q/A,3,",
    )
    said = {on: known.as_of("A", day(on)) for on in ("2020-02-09", "2020-02-10", "2020-05-10", "2020-06-10")}
    assert [None if figures is None else figures["net_income"] for figures in said.values()] == [None, 1.0, 2.0, 2.0]
    assert known.as_of("A", day("2030-01-01"))["net_income"] == 3.0
    assert math.isnan(known.as_of("A", day("2030-01-01"))["equity"])
    assert known.columns == ("net_income", "equity")
    assert known.as_of("B", day("2030-01-01")) is None


DAYS = st.integers(0, 40).map(lambda n: dt.date(2020, 1, 1) + dt.timedelta(n))
FILINGS = st.lists(
    st.tuples(st.sampled_from("AB"), DAYS, st.integers(0, 40)), min_size=1, max_size=12, unique_by=lambda row: row
)


@given(rows=FILINGS, on=DAYS)
def test_a_row_that_is_filed_after_the_day_never_changes_what_was_known_on_it(tmp_path_factory, rows, on) -> None:
    folder = tmp_path_factory.mktemp("poison")
    lines = [
        (f"{who},{end},{end + dt.timedelta(lag)},10-K,{at},1", end + dt.timedelta(lag) <= on)
        for at, (who, end, lag) in enumerate(rows)
    ]
    whole = table(folder, *(line for line, _ in lines)).as_of("A", on)
    past = [line for line, filed in lines if filed]
    assert whole == (table(folder, *past).as_of("A", on) if past else None)


def test_the_dumped_table_always_names_its_content_and_other_content_is_refused(tmp_path: Path) -> None:
    known = table(tmp_path, "A,2019-12-31,2020-02-10,10-K,1,10")
    config = plan(f"table: {{path: {known.path}}}")
    assert to_plain_data(config)["table"] == {"path": known.path, "sha256": known.sha256}
    assert len(known.sha256) == 64
    assert reread(config) == config
    table(tmp_path, "A,2019-12-31,2020-02-10,10-K,1,11.5")
    with pytest.raises(ConfigError, match=r"table\.sha256: .* has [0-9a-f]{64}: other content"):
        reread(config)


def test_a_table_that_changes_between_config_and_first_use_is_refused(tmp_path: Path) -> None:
    known = table(tmp_path, "A,2019-12-31,2020-02-10,10-K,1,10")
    table(tmp_path, "A,2019-12-31,2020-02-10,10-K,1,11.5")
    with pytest.raises(DataError, match="changed since the config was read; start again"):
        known.as_of("A", day("2021-01-01"))


GOOD = "A,2019-12-31,2020-02-10,10-K,1,10"
TABLES = {
    "date": (HEAD + "A,2019-13-31,2020-02-10,10-K,1,10", ":2: period_end: '2019-13-31' is not a date"),
    "no date": (HEAD + "A,2019-12-31,,10-K,1,10", ":2: available_date: '' is not a date"),
    "text": (HEAD + GOOD + "\nA,2020-03-31,2020-05-10,10-Q,n.m.,2", ":3: net_income: found 'n.m.', expected a number"),
    "twice": (f"{HEAD}{GOOD}\n\n{GOOD}", ":4: A, period 2019-12-31, filed 2020-02-10: stands there already"),
    "infinite": (HEAD + GOOD.replace("10-K,1", "10-K,inf"), ":2: net_income: found an infinite number"),
    "too early": (HEAD + "A,2019-12-31,2019-12-30,10-K,1,10", "filed before its period was over"),
    "no ticker": (HEAD + GOOD[1:], ":2: ticker: found ''; write a ticker"),
    "missing column": (HEAD.replace("available", "availble") + GOOD, "column 'available_date' is missing; did you mean 'availble_date'?"),
    "cells": (HEAD + GOOD + ",7", ":2: found 7 cells, expected 6 as in the header"),
    "doubled": (HEAD.replace("form", "equity") + GOOD, ":1: column 'equity' stands there twice"),
    "semicolons": (HEAD.replace(",", ";") + GOOD, ":1: found semicolons between the columns; save it with commas"),
    "no rows": (HEAD, ": found no rows, expected figures"),
    "empty": ("", ": found no header"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_a_fault_of_the_table_is_told_at_its_line(case: str, tmp_path: Path) -> None:
    text, expected = TABLES[case]
    path = written(tmp_path / "f.csv", text)
    told = message(f"count: many\ntable: {{path: {path}}}")
    assert f"plan.yaml:2: table.path: {path}" in told
    assert expected in told
    assert "plan.yaml:1: count:" in told


def test_what_is_no_table_is_refused_with_a_remedy(tmp_path: Path) -> None:
    assert "found no such file" in message("table: {path: nowhere.parquet}")
    assert "found a folder" in message(f"table: {{path: {tmp_path}}}")
    assert "found the ending '.yaml', expected .parquet or .csv" in message(f"table: {{path: {SHIPPED}}}")
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 but no more")
    assert "found no readable Parquet table" in message(f"table: {{path: {broken}}}")
    (tmp_path / "latin.csv").write_bytes(b"ticker\n\xe9")
    assert "not UTF-8 text at byte 7" in message(f"table: {{path: {tmp_path / 'latin.csv'}}}")
    assert "is not a SHA-256" in message(f"table: {{path: {table(tmp_path, GOOD).path}, sha256: abc}}")


def test_parquet_columns_of_every_kind_are_read_as_what_they_are(tmp_path: Path) -> None:
    stamp = dt.datetime(2020, 2, 11, 2, 30, tzinfo=dt.UTC)  # half past nine in the evening before, in New York
    columns = {
        "Ticker": pa.array(["A"]).dictionary_encode(),
        "period": pa.array([dt.date(2019, 12, 31)]),
        "filing_date": pa.array([stamp], pa.timestamp("ns", "America/New_York")),
        "Whole": pa.array([3], pa.int32()),
        "narrow": pa.array([0.5], pa.float32()),
        "absent": pa.nulls(1),
        "form": pa.array(["10-K"]),
    }
    pq.write_table(pa.table(columns), tmp_path / "f.parquet")
    known = Fundamentals(path=str(tmp_path / "f.parquet"))
    assert known.as_of("A", day("2020-02-09")) is None
    np.testing.assert_equal(known.as_of("A", day("2020-02-10")), {"Whole": 3.0, "narrow": 0.5, "absent": math.nan})
    assert "holds no numbers" in next(known.unknown_column_faults([Measure("form * 2")]))[1]


def test_a_column_that_the_table_lacks_is_told_with_the_nearest_and_all_known(tmp_path: Path) -> None:
    known = table(tmp_path, GOOD)
    formulas = [Criterion("net_income > 0"), Criterion("net_incom / equity > roic")]
    assert list(known.unknown_column_faults(formulas)) == [
        (1, f"{known.path} has no column 'net_incom'; did you mean 'net_income'? known: equity, net_income"),
        (1, f"{known.path} has no column 'roic'; known: equity, net_income"),
    ]


# Criteria and measures

FIGURES = {"net_income": 12.0, "equity": 100.0, "ebitda": 20.0, "net_debt": 39.0, "zero": 0.0, "missing": math.nan}
HOLDS = {
    "net_income > 0": True,
    "net_debt < 2 * ebitda": True,
    "net_debt<1.95*ebitda": False,
    "net_debt <= 1.95 * ebitda": True,
    "net_income / equity >= 12%": True,
    "net_income / equity > 12 %": False,
    "10 - net_income - 2 < -3.9e0": True,
    "equity / 2 / 5 >= 10": True,
    "-(net_income - 12) >= zero": True,
    "--net_income > +1": True,
    "2 * (equity - net_debt) > 122": False,
    "0 < net_income": True,
    "missing > 0": None,
    "zero * missing >= 0": None,
    "absent > 0": None,
    "net_income / zero > 0": None,
    "zero / zero < 1": None,
    "equity * 1e300 * 1e300 > 0": None,
}


@pytest.mark.parametrize("text", HOLDS)
def test_a_criterion_holds_fails_or_is_unknown(text: str) -> None:
    assert Criterion(text).holds(FIGURES) is HOLDS[text]


def test_a_measure_is_the_arithmetic_without_a_comparison() -> None:
    assert Measure("net_income / equity").value(FIGURES) == 0.12
    assert Measure("net_income / zero").value(FIGURES) is None
    assert Measure("net_income / equity - missing").columns == ("net_income", "equity", "missing")
    assert Criterion("a / b > a * c").columns == ("a", "b", "c")


REFUSED = {
    "f(a) > 0": "'f(...)' would call a function",
    "__import__('os') > 0": "would call a function",
    "a.b > 0": "a point belongs into a number",
    "a[0] > 0": "brackets have no place here",
    "'a' > 0": "text in quotes has no place here",
    "a == 1": "figures are hardly ever equal",
    "a = 1": "'=' compares nothing",
    "a != 1": "figures are hardly ever equal",
    "a > b > c": "has one comparison",
    "a > 1 and b > 2": "write each criterion for itself",
    "not a > 1": "write each criterion for itself",
    "a ** 2 > 0": "powers are not read",
    "a // 2 > 0": "'//' is not read",
    "a % 2 > 0": "'%' belongs behind a number",
    "a": "it compares nothing",
    "a >": "found its end",
    "": "found its end",
    "1 > 0": "it names no column",
    "2a > 0": "found 'a', expected an operator",
    "(a > 0": "expected a closing parenthesis",
    "1e999 > a": "out of all range",
    "é > 0": "other characters",
    f"{'a' * 200} > 0": "204 characters, at most 200",
    f"{'(' * 30}a{')' * 30} > 0": "more than 20 levels",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_criterion_is_refused_in_one_line_at_its_place(text: str) -> None:
    told = message(f"criteria:\n- a > 0\n- {json.dumps(text)}")
    assert told.startswith("plan.yaml:3: criteria.1: ")
    assert REFUSED[text] in told
    assert len(told.splitlines()) == 1


def test_a_measure_with_a_comparison_is_refused() -> None:
    assert "plan.yaml:1: rank: 'a > 0': found '>'" in message("rank: a > 0")


PIECES = ["a", "b", "1", "2.5", "10%", "+", "-", "*", "/", "(", ")", "<", ">=", " ", "%", ".", "e5", "'", "[", "and"]


@given(text=st.one_of(st.text(max_size=220), st.lists(st.sampled_from(PIECES), max_size=24).map("".join)))
def test_any_text_is_a_formula_or_a_message(text: str) -> None:
    for kind in (Criterion, Measure):
        try:
            found = kind(text)
        except ValidationError as error:
            assert [one["type"] for one in error.errors()] == ["formula"]
        else:
            assert found.columns
            assert all(column in text for column in found.columns)
            assert found.model_validate(found.model_dump()) == found


ARITHMETIC = st.recursive(
    st.sampled_from(["a", "b", "c", "2", "0.5", "7"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(inner, st.sampled_from([" + ", "-", "* ", " / "]), inner).map("".join),
        inner.map(lambda part: f"-({part})"),
    ),
    max_leaves=8,
)


def by_python(node: ast.expr, figures: dict[str, float]) -> float:
    """Compute what Python's own grammar makes of the text."""
    match node:
        case ast.Constant(value):
            return float(value)
        case ast.Name(name):
            return figures[name]
        case ast.UnaryOp(ast.USub(), inner):
            return -by_python(inner, figures)
        case ast.BinOp(left, op, right):
            one, other = by_python(left, figures), by_python(right, figures)
            match op:
                case ast.Add():
                    return one + other
                case ast.Sub():
                    return one - other
                case ast.Mult():
                    return one * other
            return one / other
    raise AssertionError(node)


@given(text=ARITHMETIC.filter(lambda text: len(text) < 190 and set(text) & set("abc")))
def test_arithmetic_means_what_it_means_in_python(text: str) -> None:
    figures = {"a": 3.0, "b": -1.25, "c": 0.0}
    try:
        expected = by_python(ast.parse(text, mode="eval").body, figures)
    except ZeroDivisionError:
        expected = None
    assert Measure(text).value(figures) == expected


# Verdicts

LIST = 'date,ticker,verdict,note\n2020-01-10,CRS,Intact,"good, cheap"\n\n2021-03-01,CRS,BROKEN,\n2020-06-01,UNF,intact,x\n'  # fmt: skip


def test_the_verdict_in_force_is_the_last_one_dated_on_or_before_the_day(tmp_path: Path) -> None:
    verdicts = plan(f"verdicts: {{path: {written(tmp_path / 'v.csv', LIST)}}}").verdicts
    days = ("2020-01-09", "2020-01-10", "2021-02-28", "2021-03-01", "2026-01-01")
    assert [verdicts.is_intact("CRS", day(on)) for on in days] == [None, True, True, False, False]
    assert verdicts.is_intact("CRS", np.datetime64("2021-03-01")) is False
    assert verdicts.is_intact("MMSI", day("2026-01-01")) is None
    assert verdicts.tickers == ("CRS", "UNF")


def test_verdicts_from_a_file_are_dumped_inline_and_equal_the_same_list_inline(tmp_path: Path) -> None:
    config = plan(f"verdicts: {{path: {written(tmp_path / 'v.csv', LIST)}}}")
    assert to_plain_data(config)["verdicts"][1] == {"date": "2021-03-01", "ticker": "CRS", "verdict": "broken"}
    (tmp_path / "v.csv").unlink()
    assert reread(config) == config
    assert hash(reread(config)) == hash(config)
    assert reread(config).verdicts.is_intact("CRS", day("2021-03-01")) is False


def test_a_verdict_on_an_unknown_ticker_is_told_where_it_stands(tmp_path: Path) -> None:
    path = written(tmp_path / "v.csv", LIST)
    config = plan(f"verdicts: {{path: {path}}}")
    words = "a verdict on 'UNF', which is no satellite; known: CRS, MMSI"
    assert list(config.verdicts.unknown_ticker_faults(["CRS", "MMSI"])) == [(("path",), f"{path}:5: {words}")]
    assert list(reread(config).verdicts.unknown_ticker_faults(["CRS", "MMSI"])) == [((2, "ticker"), words)]


TOMORROW = (dt.datetime.now(dt.UTC) + dt.timedelta(2)).date()
LISTS = {
    "date": ("2020-13-10,CRS,intact,", ":2: date: '2020-13-10' is not a date"),
    "word": ("2020-01-10,CRS,brokn,", ":2: verdict: found 'brokn', expected intact or broken; did you mean 'broken'?"),
    "future": (f"{TOMORROW},CRS,intact,", f":2: date: future date: {TOMORROW} is after today"),
    "twice": ("2020-01-10,CRS,intact,\n2020-01-10,CRS,broken,", ":3: date: CRS has two verdicts on 2020-01-10"),
    "ticker": ("2020-01-10,,intact,", ":2: ticker: '' is not a ticker"),
    "cells": ("2020-01-10,CRS,intact,cheap, good", ":2: found 5 cells, expected 4"),
}


@pytest.mark.parametrize("case", LISTS)
def test_a_fault_of_the_list_is_told_at_its_line(case: str, tmp_path: Path) -> None:
    text, expected = LISTS[case]
    path = written(tmp_path / "v.csv", f"date,ticker,verdict,note\n{text}\n")
    told = message(f"verdicts: {{path: {path}}}\ncount: many")
    assert f"plan.yaml:1: verdicts.path: {path}{expected}" in told
    assert "plan.yaml:2: count:" in told


def test_faults_of_verdicts_in_the_config_are_told_at_their_own_lines(tmp_path: Path) -> None:
    first = "verdicts:\n- {date: 2020-01-10, ticker: CRS, verdict: intact}\n"
    assert "plan.yaml:3: verdicts.1.date: CRS has two verdicts" in message(first + first[10:])
    assert "plan.yaml:2: verdicts.0.verdict: found 'good'" in message(first.replace("intact", "good"))
    assert "found no such file" in message("verdicts: {path: nowhere.csv}")
    assert "unknown key 'pth'" in message("verdicts: {pth: v.csv}")
    assert "found 'v.csv'; write {path: verdicts.csv} to name a file" in message("verdicts: v.csv")
    headless = written(tmp_path / "v.csv", "day,ticker,verdict\n")
    assert f"{headless}:1: column 'date' is missing; known: day, ticker, verdict" in message(
        f"verdicts: {{path: {headless}}}"
    )


def test_a_verdict_of_today_is_accepted_wherever_on_earth_today_is() -> None:
    ahead = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=14)).date()
    assert plan(f"verdicts: [{{date: {ahead}, ticker: CRS, verdict: intact}}]").verdicts.tickers == ("CRS",)
