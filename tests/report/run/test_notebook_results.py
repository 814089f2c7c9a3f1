"""Sweeps, weights and luck as a notebook shows them: the words and figures of their pages, escaped, with pictures."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from engine import composition
from engine.backtest.allocation import propose_weights
from engine.backtest.config import to_plain_data
from engine.core.errors import EngineError
from engine.evidence.luck.summary import LuckSummary
from engine.report.allocation_notebook import allocation_chart, allocation_html
from engine.report.evidence.luck_notebook import luck_chart, luck_charts, luck_html
from engine.report.number_format import typeset
from engine.report.sweep.first_screen import varied_sentence
from engine.report.sweep.notebook import sweep_chart, sweep_chart_kinds, sweep_html
from engine.sweep.finished_sweep import FinishedSweep, read_sweep
from tests.support.optimised_plan import OPTIMISED
from tests.support.sweeps import PLAN, SMALL, swept

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> FinishedSweep:
    folder = tmp_path_factory.mktemp("notebook") / "small.sweep"
    swept(SMALL, folder)
    return read_sweep(folder)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "plan.yaml"
    path.write_text(PLAN.replace("sweep:", ""))
    return path


def test_a_sweep_shows_its_sentence_its_best_and_its_spread(sweep: FinishedSweep) -> None:
    """The best variant's point and figure stand in the table, and a hostile name stays text."""
    summary = sweep.summary.model_copy(update={"name": HOSTILE})
    shown = sweep_html(summary, sweep.metric(summary.sweep.rank_by))
    assert typeset(varied_sentence(summary)) in shown
    assert f">{summary.best[0].point}</th>" in shown
    assert "&lt;script&gt;" in shown
    assert "<script" not in shown
    assert shown.count("<img ") == 1


def test_every_chart_of_a_sweep_is_a_picture(sweep: FinishedSweep) -> None:
    """The spread and each axis of more than one value, and nothing else."""
    values = sweep.metric(sweep.summary.sweep.rank_by)
    kinds = sweep_chart_kinds(sweep.summary, values)
    assert kinds[0] == "spread"
    assert "strategy.rebalance.month" in kinds
    for kind in kinds:
        fromstring(sweep_chart(sweep.summary, values, kind).svg)
    with pytest.raises(EngineError, match="no chart called 'growth' here; there are: spread, "):
        sweep_chart(sweep.summary, values, "growth")


def test_luck_shows_each_of_its_kinds_with_its_chart(plan: Path) -> None:
    """A kind that cannot be told has its reason, and no chart."""
    loaded = composition.load_run(plan, ())
    summary: LuckSummary = composition.measure_luck(loaded, "", 1)
    config = to_plain_data(loaded)
    kinds = list(luck_charts(summary, config))
    assert kinds == ["timing", "starts", "paths"]
    shown = luck_html(summary, config)
    assert shown.count("<img ") == len(kinds)
    assert "add --universe FILE" in shown
    for kind in kinds:
        fromstring(luck_chart(summary, config, kind).svg)
    with pytest.raises(EngineError, match="no chart called 'picks'"):
        luck_chart(summary, config, "picks")


def test_weights_show_their_bounds_and_the_frontier(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(OPTIMISED)
    proposal = propose_weights(composition.load_run(tmp_path / "plan.yaml", ()), None)
    shown = allocation_html(proposal)
    assert all(f">{one.asset}</th>" in shown for one in proposal.holdings)
    assert shown.count("<img ") == 1
    assert "these weights" in allocation_chart(proposal).svg
    with pytest.raises(EngineError, match="there are: none"):
        allocation_chart(dataclasses.replace(proposal, frontier=()))
