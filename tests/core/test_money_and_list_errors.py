"""Flows, limits, costs, gates and dated lists that cannot be meant: one line with place, finding and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.composition import load_run
from engine.core.errors import ConfigError

FILES = {
    "cpi.csv": b"date,cpi\n2000-01-01,100\n2000-02-01,101\n",
    "semicolon.csv": b"date;cpi\n2000-01-01;100,5\n",
    "tab.csv": b"date\tcpi\n2000-01-01\t100\n",
    "decimal_comma.csv": b"date,cpi\n2000-01-01,100,5\n",
    "half_a_line.csv": b"date,cpi\n2000-01-01,100\n2000-02-01\n",
    "huge.csv": b"date,cpi\n2000-01-01,1e308\n",
    "rates.csv": b"date,rate\n2000-01-01,2\n2000-01-02,2,5\n",
    "rates_twice.csv": b"date,rate\n2000-01-02,2\n2000-01-01,2\n2000-01-02,3\n",
    "rate_word.csv": b"date,rate\n2000-01-01,2%\n",
    "list_tab.csv": b"ticker\tfrom\tto\nCRS\t2000-01-01\t\n",
    "figures.csv": b"ticker,period_end,available_date,income\nCRS,2019-12-31,2020-02-01,1\n",
    "others.csv": b"ticker,period_end,available_date,income\nZZZ,2019-12-31,2020-02-01,1\n",
    "list.csv": b"ticker,from,to\nCRS,2000-01-01,\nUNF,2000-01-01,\nMMSI,2000-01-01,\n",
    "list.xlsx": b"ticker,from,to\nCRS,2000-01-01,\n",
}
PLAN = """\
name: plan
data: {source: {kind: sample}}
strategy:
  kind: core_satellite
  core: {SPY: rest, VB: 15%}
  satellites: {CRS: 2.5%, UNF: 2.5%, MMSI: 2.5%}
  cap: 3%
"""


def flows(written: str) -> str:
    return f"{PLAN}account: {{contributions: {written}}}\n"


def rate(written: str) -> str:
    return f"{PLAN}account: {{cash: {{rate: {written}}}}}\n"


def filled(written: str) -> str:
    return f"{PLAN}account: {{execution: {written}}}\n"


def universe(path: str, rest: str = "") -> str:
    chosen = f"{{universe: {path}, choose: {{kind: named, names: [CRS, UNF, MMSI]}}, weight: 2.5%{rest}}}"
    return PLAN.replace("{CRS: 2.5%, UNF: 2.5%, MMSI: 2.5%}", chosen)


def gated(rest: str) -> str:
    return universe("list.csv", f", {rest}")


A_PLAN = "expected a plan or a list of them; as {amount: 100, every: month}, or leave it out"
A_FILL = "expected close, next_close or {kind: limit, margin: 0.5%}"
INDEX = "plan.yaml:8: account.contributions.indexed"
NOTHING = "a plan without an amount pays nothing; write amount: 100, or percent: 4%"
LIST = "plan.yaml:6: strategy.satellites.universe"

CASES = {
    "a bare amount": (flows("100"), f"plan.yaml:8: account.contributions: found '100', {A_PLAN}"),
    "no plan in a list": (flows("[]"), f"plan.yaml:8: account.contributions: found an empty list, {A_PLAN}"),
    "a date and no amount": (flows("{on: 2011-01-03}"), f"plan.yaml:8: account.contributions.on: {NOTHING}"),
    "a period and no amount": (flows("[{every: year}]"), f"plan.yaml:8: account.contributions.0.every: {NOTHING}"),
    "the year 9999": (
        flows("{amount: 1, to: 9999-12-31}"),
        "plan.yaml:8: account.contributions.to: '9999-12-31' is out of the years 1900 to 2200; write one of them, "
        "or leave it out",
    ),
    "more than the account": (
        flows("{percent: -101%}"),
        "plan.yaml:8: account.contributions.percent: found '-101%'; expected at least -100 %",
    ),
    "a percentage beside an amount": (
        flows("[{amount: 5}, {amount: -100, percent: -4%}]"),
        "plan.yaml:8: account.contributions.1.percent: percent and an amount of -100.00 in one plan; leave one out, "
        "or write two plans: [{amount: ..}, {percent: ..}]",
    ),
    "a percentage that rises": (
        flows("{percent: -4%, indexed: 2%}"),
        "plan.yaml:8: account.contributions.indexed: indexed raises an amount, and a percentage rises with the value; "
        "leave it out",
    ),
    "an end before its begin": (
        flows("[{percent: -4%, from: 2015-01-01, to: 2014-12-31}]"),
        "plan.yaml:8: account.contributions.0.to: the flow ends on 2014-12-31, before it begins on 2015-01-01; "
        "write a later date",
    ),
    "an end of another kind": (
        f"{PLAN}account: {{contributions: {{amount: -100}}, when_spent: halt}}\n",
        "plan.yaml:8: account.when_spent: found 'halt'; expected 'error' or 'stop'",
    ),
    "a file in place of a rate": (
        flows("{amount: 1, indexed: cpi.csv}"),
        f"{INDEX}: 'cpi.csv' is neither a rate nor a file; write 2% or {{path: cpi.csv}}",
    ),
    "an index with semicolons": (
        flows("{amount: 1, indexed: {path: semicolon.csv}}"),
        f"{INDEX}.path: semicolon.csv:1: found one column, 'date;cpi', expected two; save it with commas",
    ),
    "an index with tabs": (
        flows("{amount: 1, indexed: {path: tab.csv}}"),
        f"{INDEX}.path: tab.csv:1: found one column, 'date\\tcpi', expected two; save it with commas",
    ),
    "an index with decimal commas": (
        flows("{amount: 1, indexed: {path: decimal_comma.csv}}"),
        f"{INDEX}.path: decimal_comma.csv:2: found 3 cells, expected 2 as in the header; "
        "complete the line, and put text that has commas in quotes",
    ),
    "an index with half a line": (
        flows("{amount: 1, indexed: {path: half_a_line.csv}}"),
        f"{INDEX}.path: half_a_line.csv:3: found 1 cells, expected 2 as in the header; "
        "complete the line, and put text that has commas in quotes",
    ),
    "an index beyond all money": (
        flows("{amount: 1, indexed: {path: huge.csv}}"),
        f"{INDEX}.path: huge.csv:2: found '2000-01-01,1e308', expected a date and a value above zero up to 1e15, "
        "as 2024-01-01,309.685; correct the line",
    ),
    "a rate with a decimal comma": (
        rate("{path: rates.csv, unit: percent}"),
        "plan.yaml:8: account.cash.rate.path: rates.csv:3: found 3 cells, expected 2 as in the header; "
        "complete the line, and put text that has commas in quotes",
    ),
    "a rate with a sign": (
        rate("{path: rate_word.csv, unit: percent}"),
        "plan.yaml:8: account.cash.rate.path: rate_word.csv:2: found '2000-01-01,2%', "
        "expected a date and a rate as 2024-01-31,5.25; correct the line",
    ),
    "a file in place of what cash earns": (
        rate("rates.csv"),
        "plan.yaml:8: account.cash.rate: 'rates.csv' is neither a rate nor a file; "
        "write 2% or {path: rates.csv, unit: percent}",
    ),
    "two rates of one day": (
        rate("{path: rates_twice.csv, unit: percent}"),
        "plan.yaml:8: account.cash.rate.path: rates_twice.csv: found 2000-01-02 twice, expected one rate a day; "
        "remove one of the lines",
    ),
    "a limit on nobody": (
        PLAN + "  limits: [{group: [], max: 30%}]\n",
        "plan.yaml:8: strategy.limits.0.group: found none; expected names, as [VB, satellites], or sector",
    ),
    "a limit on weights": (
        PLAN + "  limits: [{group: {VB: 5%}, max: 30%}]\n",
        "plan.yaml:8: strategy.limits.0.group: found a mapping; expected names, as [VB, satellites], or sector",
    ),
    "a rate in no file": (
        PLAN + "compare: {risk_free: {path: none.csv, unit: percent}}\n",
        "plan.yaml:8: compare.risk_free.path: none.csv: No such file or directory; check the path",
    ),
    "a fill of another kind": (
        filled("{kind: next_close}"),
        f"plan.yaml:8: account.execution: found {{kind: next_close}}; {A_FILL}",
    ),
    "a list of fills": (filled("[limit]"), f"plan.yaml:8: account.execution: found a list; {A_FILL}"),
    "a list with tabs": (
        universe("list_tab.csv"),
        f"{LIST}: list_tab.csv:1: found tabs between the columns; save it with commas",
    ),
    "a list of another ending": (
        universe("list.xlsx"),
        f"{LIST}: list.xlsx: found the ending '.xlsx', expected .yaml, .csv or .txt; convert the file",
    ),
    "a criterion twice": (
        gated("where: [income > 0, income  >  0], table: {path: figures.csv}"),
        "plan.yaml:6: strategy.satellites.where.1: 'income > 0' is written twice; remove one",
    ),
    "a criterion in no list": (
        gated("where: income > 0, table: {path: figures.csv}"),
        "plan.yaml:6: strategy.satellites.where: expected a list, found 'income > 0'; write [income > 0]",
    ),
    "a column in capitals": (
        gated("where: [INCOME > 0], table: {path: figures.csv}"),
        "plan.yaml:6: strategy.satellites.where.0: figures.csv has no column 'INCOME'; did you mean 'income'? "
        "known: income",
    ),
    "a division by nothing": (
        gated("where: [income / 0 > 1], table: {path: figures.csv}"),
        "plan.yaml:6: strategy.satellites.where.0: 'income / 0 > 1': a division by 0 is no number; "
        "write another divisor",
    ),
    "a table in one word": (
        gated("where: [income > 0], table: figures.csv"),
        "plan.yaml:6: strategy.satellites.table: expected `key: value` lines, found 'figures.csv'; "
        "write {path: figures.csv}",
    ),
    "a table of other companies": (
        gated("where: [income > 0], table: {path: others.csv}"),
        "plan.yaml:6: strategy.satellites.table.path: others.csv has figures of no candidate (CRS, MMSI, UNF); "
        "its tickers are ZZZ",
    ),
    "criteria of satellites that are named": (
        PLAN.replace("MMSI: 2.5%", "MMSI: 2.5%, where: [income > 0]"),
        "plan.yaml:6: strategy.satellites.where: where is of satellites from a universe, and these are named; "
        "write universe: names.yaml beside it, with choose and weight in place of the names",
    ),
    "a cut that nobody takes": (
        PLAN.replace("{SPY: rest, VB: 15%}", "{SPY: 0%}").replace("cap: 3%", "cap: 1%\n  over_cap: to_core"),
        "plan.yaml:8: strategy.over_cap: the core has no weight to add what the caps cut to; give it one, or write refuse",
    ),
    "a list of no name": (universe("''"), f"{LIST}: found no path, expected a file; name the file"),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_what_cannot_be_meant_is_one_line_with_place_finding_and_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    """Neither a traceback, nor a second line, nor silence."""
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "plan.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_run(Path("plan.yaml"), ())
    assert str(caught.value) == expected
