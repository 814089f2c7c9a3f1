"""A taxed config from its prices to its files: what is written, signed, read back and put into words (S19)."""

from __future__ import annotations

import csv
import dataclasses
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.after_tax import AfterTaxDifference
from engine.analysis.verdict import confidence_level
from engine.backtest.finished_run import FinishedRun, read_run
from engine.backtest.manifest import MANIFEST_FILE
from engine.backtest.outputs import RunResult
from engine.backtest.prices import load_prices
from engine.backtest.run_summary import RunManifest, RunSummary
from engine.backtest.run_verdict import judge_run
from engine.backtest.tax_files import list_lots, list_taxes
from engine.backtest.tax_words import describe_law, rule_name, tax_sentence
from engine.backtest.workflow import run_backtest
from engine.core.errors import DataError, OutputError
from engine.diagnostics.verify.folder import verify_finished
from engine.evidence.look_ahead import certify_run
from engine.report.export.csv_file import csv_bytes
from engine.report.export.outputs import export_run
from engine.report.export.run_tables import lots_table, taxes_table
from engine.report.run.tax_table import (
    after_tax_rows,
    sum_row,
    taxed_portfolios,
    withheld_text,
    year_rows,
    years_beside_paid,
)
from engine.report.run.terminal import print_run
from engine.tax.flat import FlatTax
from engine.tax.none import NoTax
from tests.support.configs import config

SESSIONS = 560
PLAN = """
name: plan
data: {{source: {{kind: files, path: {path}, currency: USD}}, calendar: 24/7}}
account: {{cash: {{rate: 2%}}}}
strategy: {{kind: fixed_mix, weights: {{AAA: 60%, BBB: 38%}}, rebalance: {{kind: annual, month: january}}}}
costs: {{kind: percent, rate: 0.1%}}
"""
TAX = "tax: {kind: flat, gains: 25%, income: 20%, allowance: 50, assets: {BBB: {withheld: 15%, creditable: 10%}}}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prices as traded of two assets that pay dividends; the second is split."""
    place = tmp_path_factory.mktemp("prices")
    days = np.datetime64("2019-03-01") + np.arange(SESSIONS)
    steps = np.random.default_rng(8).normal(0.0012, 0.015, (SESSIONS, 2))
    closes = 30.0 * np.cumprod(1.0 + steps, axis=0)
    splits = np.ones((SESSIONS, 2))
    splits[300, 1] = 2.0
    closes[300:, 1] /= 2.0
    for j, ticker in enumerate(("AAA", "BBB")):
        with (place / f"{ticker}.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["date", "close", "dividend", "split"])
            paid = [0.4 if t % 90 == 40 else 0.0 for t in range(SESSIONS)]
            rows.writerows(zip(days, closes[:, j], paid, splits[:, j], strict=True))
    return place


@cache
def run(folder: Path, *overrides: str, tax: str = TAX) -> RunResult:
    return run_backtest(config(PLAN.format(path=folder) + tax, *overrides), intervals=False)


LAWS = {
    "bank": (),
    "assessment": ("tax.collect=assessment",),
    "outside": (
        *("tax.collect=assessment", "tax.short_of_cash=outside", "strategy.weights.BBB=40%"),
        "tax.wealth=1%",
    ),
    "cash": ("data.dividends=cash",),
    "flows": ("account.contributions={amount: 300, every: month}",),
    "accumulating": ("tax.assets.AAA={income: accumulating, withheld_inside: 15%}",),
}


@pytest.fixture(scope="module", params=LAWS)
def taxed(request: pytest.FixtureRequest, folder: Path) -> RunResult:
    return run(folder, *LAWS[request.param])


@pytest.fixture(scope="module")
def finished(taxed: RunResult, tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    place = tmp_path_factory.mktemp("out")
    taxed.write(place)
    return read_run(place)


def test_bookings_and_lots_are_read_back_as_they_were_written(taxed: RunResult, finished: FinishedRun) -> None:
    strategy = taxed.comparison.strategy
    record = strategy.ledger.taxes.record
    assert finished.taxes == tuple(list_taxes(strategy, record))
    assert finished.lots == tuple(list_lots(strategy, record))
    assert len(finished.taxes) > 5
    assert {"taxes.csv", "lots.csv"} <= finished.manifest.files.keys()


def test_the_summary_is_read_back_with_its_taxes(taxed: RunResult, finished: FinishedRun) -> None:
    assert finished.summary == RunSummary.model_validate(json.loads(json.dumps(taxed.summary.to_plain())))
    for name, portfolio in taxed.comparison.portfolios.items():
        assert finished.summary.portfolios[name].tax == portfolio.taxed.tax
        assert finished.summary.portfolios[name].after_tax == portfolio.taxed.after_tax
        assert finished.summary.portfolios[name].pre_tax == portfolio.taxed.pre_tax
    assert finished.summary.tax_sentence
    assert finished.summary.tax_law.startswith("Taxed by flat rates: ")


def test_every_figure_of_the_files_comes_out_of_the_others(finished: FinishedRun) -> None:
    """Cash too: orders, dividends, tax and what was withheld explain it to the last digits."""
    figures, _ = verify_finished(finished, lambda _: None)
    wrong = [one for one in figures if not one.agrees]
    assert not wrong
    assert sum(one.group == "taxes" for one in figures) >= 8


def test_units_of_lots_are_shares_of_the_last_day(taxed: RunResult, finished: FinishedRun) -> None:
    ledger, market = taxed.comparison.strategy.ledger, taxed.comparison.strategy.market
    for j, asset in enumerate(ledger.assets):
        held = ledger.units[-1, j] * (1.0 if market.shares is None else market.shares[-1, j])
        assert sum(one.units for one in finished.lots if one.asset == asset) == pytest.approx(held, rel=1e-11)


def test_the_verdict_is_of_what_is_sold_after_tax(taxed: RunResult) -> None:
    summary = taxed.summary
    after = summary.versus["buy_and_hold"].after_tax
    figures = judge_run(summary, confidence_level(taxed.config)).figures
    assert figures.difference == after.sold
    assert (figures.tax.before, figures.tax.held) == (after.before, after.held)
    assert summary.verdict.sentence.startswith("After tax and a sale at the end the plan grew ")


def test_the_terminal_has_a_row_for_each_portfolio_and_each_year(taxed: RunResult) -> None:
    portfolios = taxed_portfolios(taxed.summary)
    assert [row[0] for row in after_tax_rows(portfolios)] == ["Strategy", "Buy & hold"]
    plan = portfolios[0].tax
    assert [row[0] for row in year_rows(plan, None)] == ["2020", "2019"]
    assert {len(row) for row in year_rows(plan, None)} == {len(sum_row(plan, None))}


def test_the_tables_of_the_terminal_say_how_their_sums_of_taxes_differ(taxed: RunResult) -> None:
    """What is withheld abroad is in neither, what is owed in the years only."""
    own = taxed_portfolios(taxed.summary)[0]
    whole = sum(one.total for one in own.tax.by_year.values())
    plain = dataclasses.replace(own.tax, withheld_abroad=0.0, accrued_unpaid=0.0, outside=0.0, paid=whole)
    alone, abroad = (
        dataclasses.replace(own, tax=dataclasses.replace(plain, withheld_abroad=money)) for money in (0.0, 30.0)
    )
    assert (withheld_text([alone], "EUR"), years_beside_paid(plain, "EUR")) == ("", "")
    assert withheld_text([abroad], "EUR").endswith("and not in the tax paid: 30.00 EUR of Strategy.")
    assert after_tax_rows([abroad]) == after_tax_rows([alone])
    owed = dataclasses.replace(plain, paid=whole - 50.0, accrued_unpaid=50.0)
    assert years_beside_paid(owed, "EUR") == "The years are the tax paid and 50.00 EUR that is owed after the end."


def test_both_files_are_exported_as_they_are(finished: FinishedRun) -> None:
    for name, build in (("taxes", taxes_table), ("lots", lots_table)):
        exported = csv_bytes(build(finished)).decode().splitlines()
        assert exported[0] == (finished.path / f"{name}.csv").read_text().splitlines()[0]
        assert len(exported) == 1 + len(getattr(finished, name))


def test_no_decision_of_a_taxed_run_looks_ahead_and_its_certificate_taxes_what_it_runs_again(folder: Path) -> None:
    """Were the runs over replaced closes not taxed, their values would be others from the first dividend on."""
    short = config(PLAN.format(path=folder) + TAX, "window.start=2019-12-20", "window.end=2020-01-22")
    prices = load_prices(short)
    ledger = run_backtest(short, prices, intervals=False, parts=False, breakdown=False).comparison.strategy.ledger
    assert ledger.taxes.paid.any()
    assert certify_run(short, prices, ledger).moved is None


def test_less_than_a_year_is_told_in_no_sentence(folder: Path) -> None:
    assert run(folder, "window.start=2020-01-01").summary.tax_sentence is None


def test_an_untaxed_run_has_no_table_of_taxes(folder: Path, tmp_path: Path) -> None:
    run(folder, tax="").write(tmp_path)
    with pytest.raises(OutputError, match="has no lots: nothing in it is taxed; name another table"):
        export_run(tmp_path, "csv", "lots", tmp_path / "export")


def test_a_plan_alone_is_told_after_tax_and_a_sale(folder: Path) -> None:
    result = run(folder, "compare.buy_and_hold=false")
    sold = result.summary.portfolios["strategy"].after_tax.sold.cagr
    assert result.summary.verdict.sentence == (
        f"After tax and a sale at the end the plan returned {100.0 * sold:.2f} % a year; there is nothing to compare it "
        "with."
    )
    assert result.summary.tax_sentence is None


def test_an_untaxed_run_has_no_file_and_no_figure_of_taxes(folder: Path, tmp_path: Path) -> None:
    plain = run(folder, tax="")
    plain.write(tmp_path)
    text = (tmp_path / "summary.json").read_text()
    assert not (tmp_path / "taxes.csv").exists()
    assert not (tmp_path / "lots.csv").exists()
    assert read_run(tmp_path).taxes is None
    for key in ("tax", "after_tax", "pre_tax", "tax_law", "tax_sentence", "worst_tax_residual", "worst_lot_residual"):
        assert f'"{key}":' not in text
    assert text.count('"taxes":') == 1  # the part of the difference to buy-and-hold, which is 0


def test_what_is_said_to_be_untaxed_has_the_same_bytes_as_what_says_nothing(folder: Path, tmp_path: Path) -> None:
    for name, tax in (("one", ""), ("two", "tax: {kind: none}\n")):
        run(folder, tax=tax).write(tmp_path / name)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "two").iterdir())
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in names)


@pytest.mark.parametrize("name", ["taxes.csv", "lots.csv"])
def test_a_changed_file_is_told(folder: Path, tmp_path: Path, name: str) -> None:
    run(folder).write(tmp_path)
    path = tmp_path / name
    path.write_text(path.read_text().replace("AAA", "BBB", 1))
    with pytest.raises(DataError, match=rf"{name}: damaged: it is not the file that manifest.json signs"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n", "the columns date, year, asset, .* are expected"),
        ("HEAD\n2020-01-02,2020,AAA\n", "line 2: 11 cells are expected"),
        ("HEAD\n2020-01-02,x,AAA,sale,,1,1,1,1,1,1\n", "invalid literal"),
    ],
)
def test_a_signed_file_that_is_no_table_of_taxes_is_told(folder: Path, tmp_path: Path, content: str, said: str) -> None:
    result = run(folder)
    result.write(tmp_path)
    head = (tmp_path / "taxes.csv").read_text().splitlines()[0]
    forged = content.replace("HEAD", head).encode()
    (tmp_path / "taxes.csv").write_bytes(forged)
    manifest = read_manifest(tmp_path).sign("taxes.csv", forged)
    (tmp_path / MANIFEST_FILE).write_bytes(manifest.to_bytes())
    with pytest.raises(DataError, match=f"taxes.csv: damaged: {said}"):
        read_run(tmp_path)


def read_manifest(folder: Path) -> RunManifest:
    return RunManifest.model_validate_json((folder / "manifest.json").read_bytes())


@pytest.mark.parametrize(
    ("before", "sold", "said"),
    [
        (0.0046, 0.0029, "ahead of buy-and-hold by 0.46 points a year, after tax by 0.29."),
        (-0.0046, -0.0129, "behind buy-and-hold by 0.46 points a year, after tax by 1.29."),
        (0.0046, -0.0005, "ahead of buy-and-hold by 0.46 points a year, after tax behind it by 0.05 points."),
        (-0.0046, 0.0005, "behind buy-and-hold by 0.46 points a year, after tax ahead of it by 0.05 points."),
        (0.0046, 0.00001, "ahead of buy-and-hold by 0.46 points a year, after tax level with it."),
        (0.00001, 0.0012, "level with buy-and-hold, after tax ahead of it by 0.12 points."),
        (0.0, -0.0, "level with buy-and-hold, and after tax, too."),
    ],
)
def test_the_sentence_says_who_is_ahead_before_and_after_tax(
    folder: Path, before: float, sold: float, said: str
) -> None:
    result = run(folder)
    versus = result.summary.versus["buy_and_hold"]
    found = dataclasses.replace(versus, after_tax=AfterTaxDifference(before, 0.001, sold))
    summary = result.summary.model_copy(update={"versus": {"buy_and_hold": found}})
    assert tax_sentence(summary, result.config).removeprefix("Before tax the January rule was ") == said


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ({"kind": "annual", "month": "july"}, "the July rule"),
        ({"kind": "annual", "month": "july", "every": 2}, "the plan"),
        ({"kind": "every", "period": "quarter"}, "the quarterly rule"),
        ({"kind": "band"}, "the band rule"),
        ({"kind": "never"}, "the plan"),
        (None, "the plan"),
    ],
)
def test_a_plan_is_called_by_its_rule(rule: object, name: str) -> None:
    assert rule_name({"strategy": {"rebalance": rule}}) == name


def test_a_law_is_told_with_its_settings_and_the_attributes_of_assets() -> None:
    law = FlatTax.model_validate(
        {"gains": "27.5%", "income": "20%", "allowance": 1000, "lots": "average", "assets": {"B": {"withheld": "15%"}}}
    )
    told = describe_law(law, ("A", "C", "B"))
    assert told.startswith("Taxed by flat rates: ")
    assert "27.5 %" in told
    assert told.endswith("A, C: pays its dividends; B: pays its dividends, 15 % of them withheld abroad, 0 % set off.")
    assert not describe_law(NoTax(), ("A",))


def test_tax_paid_from_elsewhere_is_no_growth(folder: Path) -> None:
    """Each payment is paid in and gone: without that, who pays more tax from elsewhere seems to grow more."""
    found = run(folder, *LAWS["outside"])
    one, told = found.comparison.strategy, found.summary.portfolios["strategy"]
    level, paid = one.performance.level[-1], one.ledger.taxes.outside
    assert paid.sum() > 1.0
    for value, outside in zip(one.ledger.value, paid, strict=True):
        level *= value / (value + outside)
    end = told.after_tax.held
    grown = (level / one.performance.level[0] * end.final_value / told.metrics["final_value"]) ** (
        365.25 / one.performance.days
    ) - 1.0
    assert end.cagr == pytest.approx(grown, abs=1e-12)
    assert end.cagr < told.metrics["cagr"]


def test_years_without_any_tax_are_no_table(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the law takes nothing, a column of zeros would be all there is."""
    for rates in (("25%", "20%"), ("0%", "0%")):
        found = run(folder, *(f"tax.{key}={rate}" for key, rate in zip(("gains", "income"), rates, strict=True)))
        print_run(found, tmp_path, trades=False, tried=0)
        said = " ".join(capsys.readouterr().out.split())
        assert ("by year and kind" in said) == (rates[0] != "0%")
        assert "are of the accounts: after the tax that was paid, before what is owed or due on a sale" in said
