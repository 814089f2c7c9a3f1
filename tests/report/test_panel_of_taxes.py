"""What the page says of taxes is what the summary has: growth before tax, held and sold, and every year by kind."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from engine.backtest.finished_run import FinishedRun, read_run
from engine.backtest.outputs import Trade
from engine.backtest.run_summary import RunSummary
from engine.report.charts.stacked_bars import BarPart, stacked_bars
from engine.report.html_page import render_fragment
from engine.report.run.first_screen import cards
from engine.report.run.panels.definitions import definitions_panel
from engine.report.run.panels.taxes import taxes_panel
from engine.report.run.panels.trades import trades_panel
from engine.report.run.tax_table import (
    KINDS,
    difference_rows,
    drag_sentence,
    growth_rows,
    money_sentence,
    sum_row,
    taxed_portfolios,
    year_rows,
)
from engine.simulation.trade_events import TAXED_DIVIDEND
from tests.support.taxed_summaries import SENTENCE, taxed


@pytest.fixture
def untaxed_run(folder: Path) -> FinishedRun:
    return read_run(folder)


def number(text: str) -> float:
    return float(re.match(r"[-+]?[\d.]+", text.replace(",", "").replace("\N{MINUS SIGN}", "-"))[0])


def test_without_tax_there_is_no_panel(untaxed_run: FinishedRun) -> None:
    assert taxes_panel(untaxed_run) is None
    assert "tax" not in json.dumps(untaxed_run.summary.to_plain()["portfolios"])


def test_a_taxed_summary_is_read_back_as_it_was_written(untaxed_run: FinishedRun) -> None:
    summary = taxed(untaxed_run).summary
    again = RunSummary.model_validate(json.loads(json.dumps(summary.to_plain())))
    assert again.portfolios["strategy"].tax == summary.portfolios["strategy"].tax
    assert again.portfolios["buy_and_hold"].after_tax == summary.portfolios["buy_and_hold"].after_tax
    assert again.tax_sentence == SENTENCE
    assert set(again.portfolios["strategy"].metrics) == set(untaxed_run.summary.portfolios["strategy"].metrics)


def test_growths_and_their_differences_agree_on_paper(untaxed_run: FinishedRun) -> None:
    """Every portfolio has all three, and a difference is that of its column, never of two."""
    summary = taxed(untaxed_run).summary
    found = taxed_portfolios(summary)
    own, *others = [[number(cell) for cell in cells[1:]] for cells in growth_rows(found)]
    differences = [[number(cell) for cell in cells[1:]] for cells in difference_rows(summary)]
    assert len(differences) == len(others) == 3
    for other, difference in zip(others, differences, strict=True):
        assert difference == pytest.approx([mine - theirs for mine, theirs in zip(own, other, strict=True)], abs=0.011)
    assert differences[0] == [0.29, 0.29, 0.29]


def test_kinds_of_a_year_add_up_and_years_to_all(untaxed_run: FinishedRun) -> None:
    """Kinds of which no year has any have no column; the latest year stands first."""
    run = taxed(untaxed_run)
    own, other = (run.summary.portfolios[name].tax for name in ("strategy", "buy_and_hold"))
    rows = [[number(cell) for cell in cells] for cells in year_rows(own, other)]
    assert [int(cells[0]) for cells in rows] == list(range(2024, 2003, -1))
    for cells in rows:
        assert sum(cells[1:5]) == pytest.approx(cells[5], abs=0.025)
    whole = [number(cell) for cell in sum_row(own, other)[1:]]
    assert whole == pytest.approx([sum(column) for column in zip(*rows, strict=True)][1:], abs=0.11)
    assert whole[4] == pytest.approx(own.paid, abs=0.006)


def test_the_answer_has_the_figures_of_the_summary_and_its_sentence(untaxed_run: FinishedRun) -> None:
    panel = taxes_panel(taxed(untaxed_run))
    tax = taxed(untaxed_run).summary.portfolios["strategy"].tax
    assert f"Taxes took 18.5 % of the gain: {tax.paid:,.0f} USD were paid, 7,000 USD withheld abroad" in panel.answer
    assert "and selling everything would cost 90,900 USD more." in panel.answer
    assert "grew 9.40 % a year, before tax 10.58 %: a tax drag of 1.18 pp." in panel.answer
    assert panel.answer.endswith(SENTENCE)
    most = max(tax.by_year, key=lambda year: tax.by_year[year].total)
    assert f"The year with the most tax was {most}: " in panel.answer
    page = str(render_fragment(f"panels/{panel.template}", panel.content))
    assert "Of 7,000 USD withheld abroad 6,500 were set off, 500.00 were lost." in page
    assert "Losses left to be set off at the end, worth nothing here: stocks 12,000 USD." in page
    assert page.count("<g data-say=") == 21
    assert all(f"</i>{KINDS[kind]}</span>" in page for kind in ("dividends", "advance", "sales", "interest"))
    assert KINDS["rest"] not in page


def test_what_a_sale_leaves_is_told_in_money(untaxed_run: FinishedRun) -> None:
    found = taxed_portfolios(taxed(untaxed_run).summary)
    assert f"the plan leaves {found[0].after.sold.final_value:,.0f} USD" in money_sentence(found, "USD")
    assert f"Tax took {100 * found[0].tax.drag:.2f} pp a year of the plan's growth" in drag_sentence(found)


@pytest.mark.parametrize(("twin", "words"), [("gross", "in full and no tax"), ("net_of_withholding", "no other tax")])
def test_the_page_says_what_before_tax_is(untaxed_run: FinishedRun, twin: str, words: str) -> None:
    panel = taxes_panel(dataclasses.replace(taxed(untaxed_run), config={"tax": {"kind": "germany", "twin": twin}}))
    assert words in panel.how[0]


def test_words_of_taxes_are_defined_where_there_are_taxes(untaxed_run: FinishedRun) -> None:
    without, with_taxes = (definitions_panel(run).content["more"] for run in (untaxed_run, taxed(untaxed_run)))
    assert {"Before tax", "Held", "Sold", "Tax drag"} == {name for name, _ in with_taxes} - {
        name for name, _ in without
    }


def test_the_first_screen_says_what_taxes_took(untaxed_run: FinishedRun) -> None:
    """The card of growth has what is left when all is sold, that of costs what was paid in tax."""
    before, after = cards(untaxed_run), cards(taxed(untaxed_run))
    assert after[0].note == f"{before[0].note}; all sold 9.40 % and 9.11 %"
    assert after[2].note == f"{before[2].note}; all sold +0.29 pp"
    assert after[3].note.endswith("tax")
    assert "tax" not in "".join(card.note for card in before)


def test_dividends_that_bought_more_are_no_orders(untaxed_run: FinishedRun) -> None:
    """However many there are, orders keep their lines; the dividends are summed by year."""
    days = [f"{year}-{month:02}-15" for year in (2019, 2020) for month in range(1, 13)]
    bought = [Trade(day, "AAA", 0.5, 40.0, 20.0, 0.0, TAXED_DIVIDEND) for day in days for _ in range(100)]
    trades = tuple(sorted([*untaxed_run.trades, *bought], key=lambda trade: trade.date))
    plain, taxed_panel = (
        trades_panel(dataclasses.replace(untaxed_run, trades=one)) for one in (untaxed_run.trades, trades)
    )
    assert taxed_panel.content["groups"] == plain.content["groups"]
    assert taxed_panel.content["trades"] == list(untaxed_run.trades)
    assert taxed_panel.content["reinvested"] == [("2020", 1200, 24000.0), ("2019", 1200, 24000.0)]
    assert taxed_panel.answer == f"{plain.answer[:-1]}; 2,400 dividends bought more of what paid them."
    assert str(render_fragment("panels/trades", taxed_panel.content)).count("24,000.00") == 2


def test_a_bar_of_parts_is_as_high_as_their_sum() -> None:
    """What is negative hangs below zero, and does not shorten what stands above it."""
    parts = [BarPart("a", [3000.0, 1000.0], 0), BarPart("b", [1000.0, -2000.0], 3)]
    drawn = str(stacked_bars("k", "t", ["2020", "2021"], parts, "money"))
    pieces = re.findall(r'class="bar a(\d)" d="M\d+ (\d+)V(\d+)h', drawn)
    heights = [int(bottom) - int(top) for _, bottom, top in pieces]
    assert [int(place) for place, _, _ in pieces] == [0, 3, 0, 3]
    assert heights == pytest.approx([3 * heights[2], heights[2], heights[2], -2 * heights[2]], abs=2)
    assert pieces[1][1] == pieces[0][2]
    assert pieces[3][1] == pieces[2][1]
    assert "2020: 4,000 (a 3,000, b 1,000); 2021: \N{MINUS SIGN}1,000 (a 1,000, b \N{MINUS SIGN}2,000)." in drawn
