"""The run's page: limits folded, old folders, marks of the better figure, orders by session."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

from engine.backtest.finished_run import read_run
from engine.backtest.outputs import RunResult
from engine.report.run.limits import fold_limits, limits_line
from engine.report.run.page import render_run
from engine.report.run.panels.comparison import comparison_panel
from engine.report.run.panels.limits import limits_panel
from engine.report.run.panels.trades import trades_panel
from tests.support.runs import Skeleton, sign

NEW_KEYS = [
    "verdict",
    "plan_sentence",
    "falls",
    "ratio",
    "by_year",
    "account_by_year",
    "months",
    "start_years",
    "rebalances_done",
    "contribution",
    "contribution_by_year",
    "risk",
    "correlation",
    "drift",
    "rolling",
    "distribution",
]


def test_warnings_of_one_kind_are_one_line() -> None:
    """Three jumps of two assets are one limit with the others inside it; what has a name comes first."""
    jumps = [f"{name}: +61.{k}% on 2020-01-0{k}: real, or a wrong or unadjusted close?" for k, name in enumerate("AAB")]
    folded = fold_limits([*jumps, "Survivors only: every asset is still listed."])
    assert [(one.short, len(one.others), one.names) for one in folded] == [("survivors only", 0, ""), ("", 2, "A, B")]
    assert limits_line(folded) == "survivors only \N{MIDDLE DOT} 1 note"


def test_a_folder_of_an_earlier_version_has_a_page_that_names_what_it_lacks(folder: Path) -> None:
    """Without the keys and tables of this version the page has the panels there are figures for, and one line."""
    summary = json.loads((folder / "summary.json").read_text())
    plain = {key: value for key, value in summary.items() if key not in NEW_KEYS}
    (folder / "summary.json").write_text(json.dumps(plain))
    manifest = json.loads((folder / "manifest.json").read_text())
    for name in ("months.parquet", "rolling.parquet"):
        manifest["files"].pop(name, None)
        (folder / name).unlink(missing_ok=True)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    sign(folder)
    page = render_run(read_run(folder))
    assert 'class="verdict"' in page
    assert "again adds other starts, what each rebalance did, the deepest falls" in " ".join(Skeleton(page).text)
    assert 'id="falls"' not in page


def test_the_better_figure_is_marked_where_better_means_something(folder: Path) -> None:
    """The lowest volatility and the highest growth of the whole window are marked, a count of trades never is."""
    run = read_run(folder)
    whole = {name: one for name, one in run.summary.portfolios.items() if one.start == run.summary.window.start}
    rows = {row.title: row for key in ("first", "rest") for row in comparison_panel(run).content[key]}
    names = list(run.summary.portfolios)
    for title, key, pick in (("Volatility", "volatility", min), ("Growth a year (CAGR)", "cagr", max)):
        best = pick(whole, key=lambda name: whole[name].metrics[key])
        assert [names[n] for n, cell in enumerate(rows[title].cells) if cell.is_best] == [best]
    assert not any(cell.is_best for cell in rows["Trades"].cells)
    late = rows["Volatility"].cells[names.index("LATE")]
    assert re.fullmatch(r"\d+\.\d\d %", late.beside)


def test_orders_stand_by_session_and_many_of_them_as_sums_alone(folder: Path) -> None:
    """A session's line has the sum of its orders; of 20,000 there are sums alone and no more than 300 lines."""
    run = read_run(folder)
    groups = [*(content := trades_panel(run).content)["groups"], *content["older"]]
    assert sum(one.count for one in groups) == len(run.trades)
    assert all({order.date for order in one.orders} == {one.when} for one in groups)
    many = tuple(
        run.trades[0]._replace(date=f"{2000 + k // 1000}-{1 + k % 12:02}-{1 + k % 28:02}") for k in range(20_000)
    )
    content = trades_panel(dataclasses.replace(run, trades=many)).content
    assert len(content["groups"]) + len(content["older"]) <= 300
    assert not any(one.orders for one in content["groups"])


def test_the_page_has_a_size_that_a_letter_can_carry(eventful: RunResult, tmp_path: Path) -> None:
    """A run of three years with every kind of event takes no more than half of what a page may."""
    eventful.write(tmp_path)
    assert len(render_run(read_run(tmp_path)).encode()) < 350_000


def test_what_the_sentence_of_the_plan_does_not_tell_is_listed_with_the_limits(folder: Path) -> None:
    """A limit that the config has beside caps stands there by its path, and what no figure counts is said once."""
    run = read_run(folder)
    config = {"strategy": {"kind": "fixed_mix", "weights": {"A": 1.0}, "limits": [{"group": ["A"], "max": 0.3}]}}
    content = limits_panel(dataclasses.replace(run, config=config)).content
    assert ("strategy.limits", '[{"group": ["A"], "max": 0.3}]') in content["configured"]
    assert "the spread between bid and ask" in dict(content["facts"])["Not in the figures"]
    assert dict(content["facts"])["Risk-free rate"] == "0.00 % a year"
