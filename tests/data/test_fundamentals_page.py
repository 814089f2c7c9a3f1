"""The script of docs/fundamentals.md: run on a small answer of the SEC's interface, written out by hand."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from engine.data.research.formula import Criterion
from engine.data.research.fundamentals import Fundamentals

PAGE = (Path(__file__).parents[2] / "docs" / "fundamentals.md").read_text()
YEARS = {"start": "2020-01-01", "end": "2020-12-31"}, {"start": "2021-01-01", "end": "2021-12-31"}
HALVES = {"start": "2020-01-01", "end": "2020-06-30"}, {"start": "2021-01-01", "end": "2021-06-30"}
QUARTER = {"start": "2021-04-01", "end": "2021-06-30"}
FILINGS = {
    "K20": {"accn": "1-21-1", "form": "10-K", "filed": "2021-02-20"},
    "Q21": {"accn": "1-21-2", "form": "10-Q", "filed": "2021-08-01"},
    "K20A": {"accn": "1-21-3", "form": "10-K/A", "filed": "2021-09-01"},
    "K21": {"accn": "1-22-1", "form": "10-K", "filed": "2022-02-20"},
    "8K": {"accn": "1-22-2", "form": "8-K", "filed": "2022-03-01"},
}


def fact(filing: str, span: dict[str, str] | str, value: float) -> dict[str, object]:
    return {**FILINGS[filing], **({"end": span} if isinstance(span, str) else span), "val": value}


def flow(first: float, half_before: float, half: float, quarter: float, year: float) -> list[dict[str, object]]:
    """Facts of a flow as four filings report them, year to date and of the quarter alone."""
    halves = [fact("Q21", HALVES[0], half_before), fact("Q21", HALVES[1], half), fact("Q21", QUARTER, quarter)]
    return [fact("K20", YEARS[0], first), *halves, fact("K21", YEARS[0], first), fact("K21", YEARS[1], year)]


def stock(*values: float) -> list[dict[str, object]]:
    ends = ("K20", "2020-12-31"), ("Q21", "2021-06-30"), ("K21", "2021-12-31")
    return [fact(filing, end, value) for (filing, end), value in zip(ends, values, strict=True)]


TAGS = {
    "NetIncomeLoss": [*flow(100, 40, 70, 30, 150), fact("K20A", YEARS[0], 90), fact("8K", YEARS[1], -1)],
    "NetCashProvidedByUsedInOperatingActivities": flow(200, 80, 90, 50, 260),
    "PaymentsToAcquireProductiveAssets": flow(50, 20, 30, 15, 60),
    "OperatingIncomeLoss": flow(160, 60, 100, 55, 220),
    "DepreciationDepletionAndAmortization": flow(40, 20, 22, 11, 45),
    "IncomeTaxExpenseBenefit": flow(25, 10, 20, 10, 50),
    "IncomeLossFromContinuingOperationsBeforeIncomeTaxesExtraordinaryItemsNoncontrollingInterest": flow(
        125, 50, 90, 40, 200
    ),
    "Assets": [*stock(1000, 1100, 1200), fact("K20A", "2020-12-31", 980)],
    "StockholdersEquity": stock(400, 450, 500),
    "CashAndCashEquivalentsAtCarryingValue": stock(50, 60, 100),
    "LongTermDebtNoncurrent": stock(300, 310, 320),
    "LongTermDebtCurrent": stock(20, 20, 30),
    "LongTermDebt": stock(320, 330, 350),
    "CommercialPaper": [fact("K21", "2021-12-31", 50)],
}
DOCUMENT = {
    "cik": 1234,
    "entityName": "Example",
    "facts": {"us-gaap": {tag: {"label": tag, "units": {"USD": facts}} for tag, facts in TAGS.items()}},
}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    block = re.search(r"<!-- script -->\n```python\n(.*?)```\n<!-- /script -->", PAGE, re.DOTALL)
    assert block is not None
    module = ModuleType("sec_filings")
    exec(compile(block[1], "docs/fundamentals.md", "exec"), module.__dict__)
    return module


@pytest.fixture
def table(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fundamentals:
    """The file that the script writes, its two downloads answered from here."""
    asked = []

    def answer(url: str, user_agent: str) -> object:
        asked.append((url, user_agent))
        listed = {"0": {"cik_str": 1234, "ticker": "EXM", "title": "Example"}}
        return json.loads(json.dumps(listed if url.endswith("company_tickers.json") else DOCUMENT))

    monkeypatch.setattr(script, "download", answer)
    script.main("A b@example.org", str(tmp_path / "figures.csv"), "EXM", "GONE=77")
    assert [url.rsplit("/", 1)[1] for url, _ in asked] == [
        "company_tickers.json",
        "CIK0000001234.json",
        "CIK0000000077.json",
    ]
    assert {agent for _, agent in asked} == {"A b@example.org"}
    return Fundamentals(path=str(tmp_path / "figures.csv"))


def test_the_script_needs_python_alone(script: ModuleType) -> None:
    """Every module it imports is the standard library's."""
    modules = {one.__name__.split(".")[0] for one in vars(script).values() if isinstance(one, ModuleType)}
    assert modules
    assert modules <= sys.stdlib_module_names


def test_twelve_months_are_a_10_k_s_year_and_a_10_q_s_year_to_date_with_the_last_year_less_its_part(
    table: Fundamentals,
) -> None:
    """By hand: net income 70 + 100 - 40, operating cash flow 90 + 200 - 80, and so on, never the quarter alone."""
    on = {day: table.as_of("EXM", dt.date.fromisoformat(day)) for day in ("2021-02-20", "2021-08-01", "2022-02-20")}
    assert table.as_of("EXM", dt.date(2021, 2, 19)) is None
    assert [on[day]["net_income"] for day in on] == [100, 130, 150]
    assert [on[day]["operating_cash_flow"] for day in on] == [200, 210, 260]
    assert [on[day]["free_cash_flow"] for day in on] == [150, 210 - 60, 200]
    assert [on[day]["ebitda"] for day in on] == [200, 200 + 42, 265]
    assert [on[day]["assets"] for day in on] == [1000, 1100, 1200]
    assert [on[day]["net_debt"] for day in on] == [270, 270, 300]


def test_return_on_capital_is_after_the_tax_that_was_paid(table: Fundamentals) -> None:
    """By hand, of 2021: 220 x (1 - 50 / 200) over 500 + 400 - 100."""
    figures = table.as_of("EXM", dt.date(2022, 3, 1))
    assert figures["roic"] == pytest.approx(165 / 800, rel=1e-15)
    assert figures["wacc"] == 0.08
    criteria = ("free_cash_flow > 0", "roic > wacc", "net_debt < 2 * ebitda", "net_debt > ebitda")
    assert [Criterion(one).holds(figures) for one in criteria] == [True, True, True, True]


def test_a_restatement_is_a_row_of_its_own_and_the_first_filing_stays(table: Fundamentals) -> None:
    """2020 was 100 until September 2021 and 90 since; the half-year filed before is still the newer period."""
    with Path(table.path).open() as file:
        rows = [row for row in csv.DictReader(file) if row["ticker"] == "EXM"]
    assert [(row["period_end"], row["available_date"], row["form"], row["net_income"]) for row in rows] == [
        ("2020-12-31", "2021-02-20", "10-K", "100"),
        ("2021-06-30", "2021-08-01", "10-Q", "130"),
        ("2020-12-31", "2021-09-01", "10-K/A", "90"),
        ("2021-12-31", "2022-02-20", "10-K", "150"),
    ]
    assert table.as_of("EXM", dt.date(2021, 10, 1))["net_income"] == 130
    assert [row["assets"] for row in rows] == ["1000", "1100", "980", "1200"]


def test_what_filings_do_not_give_stays_empty(script: ModuleType) -> None:
    """Without the year before there are no twelve months, without any tag of debt no net debt; nothing becomes 0."""
    known = ("NetIncomeLoss", "StockholdersEquity", "CashAndCashEquivalentsAtCarryingValue")
    left = {tag: [one for one in TAGS[tag] if one["accn"] == FILINGS["Q21"]["accn"]] for tag in known}
    document = {"facts": {"us-gaap": {tag: {"units": {"USD": facts}} for tag, facts in left.items()}}}
    (row,) = script.rows_of("EXM", document)
    assert (row["equity"], row["cash"]) == (450, 60)
    assert [row.get(name) for name in ("net_income", "debt", "net_debt", "ebitda", "free_cash_flow", "roic")] == [
        None
    ] * 6
