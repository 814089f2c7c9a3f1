"""The page of weights for one date: what is wanted, what was held, and the frontier."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from engine import composition
from engine.backtest.allocation import Proposal, propose_weights
from engine.backtest.workflow import run_backtest
from engine.report.allocation import write_proposal
from engine.report.allocation_page import proposal_html, weights_sentence
from engine.report.frontier_chart import MOST_POINTS, frontier_chart
from engine.report.held_weights import HeldWeights, read_held_weights
from tests.report.test_hostile_text import PAYLOADS
from tests.support.optimised_plan import OPTIMISED
from tests.support.runs import Skeleton


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("optimised")
    (folder / "plan.yaml").write_text(OPTIMISED)
    run_backtest(composition.load_run(folder / "plan.yaml", ())).write(folder / "runs")
    return folder


@pytest.fixture(scope="module")
def proposal(home: Path) -> Proposal:
    return propose_weights(composition.load_run(home / "plan.yaml", ()), None)


def held_in(home: Path, proposal: Proposal) -> HeldWeights:
    found = read_held_weights(home / "runs", composition.load_run(home / "plan.yaml", ()).sha256(), proposal.decided)
    assert found is not None
    return found


def test_the_sentence_counts_names_and_limits_and_prices_the_dearest(proposal: Proposal) -> None:
    wanted = sum(one.weight > 1e-9 for one in proposal.holdings)
    sentence = weights_sentence(proposal)
    assert sentence.startswith(f"The least volatile mix wants {wanted} of 5 names; ")
    dearest = max(proposal.limit_costs, key=lambda one: one.marginal_value)
    assert f"a percentage point more room at {dearest.name} is worth " in sentence
    assert weights_sentence(dataclasses.replace(proposal, limit_costs=())).endswith("; no limit binds.")


def test_what_was_held_is_the_run_s_last_weights_before_the_day(home: Path, proposal: Proposal) -> None:
    held = held_in(home, proposal)
    assert held.date == "2020-12-30"
    assert sum(held.weights.values()) + held.cash == pytest.approx(1.0, abs=1e-9)
    volatility, mean = held.expected(proposal)
    w = np.array([held.weights[one.asset] for one in proposal.holdings if one.asset in held.weights])
    rows = [n for n, one in enumerate(proposal.holdings) if one.asset in held.weights]
    moments = proposal.moments
    assert volatility == pytest.approx(np.sqrt(w @ moments.covariance[np.ix_(rows, rows)] @ w), rel=1e-12)
    assert mean == pytest.approx(w @ moments.mean[rows], rel=1e-12)
    words = " ".join(" ".join(Skeleton(proposal_html(proposal, (), (), held)).text).split())
    first = proposal.holdings[0]
    for figure in ("Now", "Change", f"{100 * first.weight:.2f} %", f"{100 * held.weights[first.asset]:.2f} %"):
        assert figure in words


def test_without_a_run_of_the_same_config_nothing_is_held(home: Path, proposal: Proposal, tmp_path: Path) -> None:
    sha256 = composition.load_run(home / "plan.yaml", ["name=other"]).sha256()
    assert read_held_weights(home / "runs", sha256, proposal.decided) is None
    assert read_held_weights(tmp_path, sha256, proposal.decided) is None
    words = " ".join(Skeleton(proposal_html(proposal, (), ())).text)
    assert "no run of this plan lies beside this page" in words
    assert "Change" not in words


def test_a_name_that_may_not_be_held_any_more_is_to_be_sold(proposal: Proposal) -> None:
    held = HeldWeights("2020-12-30", {"GONE": 0.25}, 0.75)
    words = " ".join(" ".join(Skeleton(proposal_html(proposal, (), (), held)).text).split())
    assert "no longer allowed" in words
    assert "\N{MINUS SIGN}25.00 pp" in words
    assert held.expected(proposal) is None


def test_the_frontier_has_at_most_sixty_points_and_axes_with_zero(home: Path, proposal: Proposal) -> None:
    chart = str(frontier_chart(proposal, held_in(home, proposal)))
    assert "these weights" in chart
    assert "held before" in chart
    assert re.findall(r">0\s%<", chart), "zero is on an axis"
    many = dataclasses.replace(proposal, holdings=proposal.holdings * 30)
    assert str(frontier_chart(many)).count("data-say") <= MOST_POINTS


def test_no_name_becomes_markup(proposal: Proposal) -> None:
    def page(names: list[str]) -> Skeleton:
        assets = [dataclasses.replace(one, asset=name) for one, name in zip(proposal.holdings, names, strict=False)]
        limits = [dataclasses.replace(one, name=names[0]) for one in proposal.limit_costs]
        hostile = dataclasses.replace(
            proposal, name=names[0], holdings=tuple(assets), limit_costs=tuple(limits), remark=names[1]
        )
        return Skeleton(proposal_html(hostile, names, [(names[0], names[1])], HeldWeights("x", {names[2]: 0.1}, 0.9)))

    harmless = page([f"name{n}" for n in range(5)])
    for start in range(0, 100, 5):
        found = page(PAYLOADS[start : start + 5])
        assert [tag for tag, _ in found.tags] == [tag for tag, _ in harmless.tags]
        assert "script" not in {tag for tag, _ in found.tags}


def test_the_files_are_written_together_and_the_run_s_stay(home: Path, proposal: Proposal) -> None:
    before = {path.name: path.read_bytes() for path in (home / "runs").iterdir()}
    write_proposal(proposal, home / "runs", held_in(home, proposal))
    after = {path.name: path.read_bytes() for path in (home / "runs").iterdir()}
    assert after.keys() - before.keys() == {"optimal.json", "optimal.html"}
    assert {name: after[name] for name in before} == before
