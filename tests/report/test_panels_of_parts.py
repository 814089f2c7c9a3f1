"""What the page says of starts, rebalances, contributions and risk is what the summary has, and adds up on paper."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.bootstrap import Evidence
from engine.analysis.breakdown.breakdown import break_down
from engine.analysis.comparison import ComparisonTerms, compare
from engine.analysis.difference_parts import Plan
from engine.analysis.portfolio_market import PortfolioMarket
from engine.backtest.finished_run import FinishedRun, read_run
from engine.backtest.outputs import RunResult
from engine.data.market import Market
from engine.report.html_page import render_fragment
from engine.report.run.first_screen import cards, growth_sentence
from engine.report.run.panel import PanelMaker
from engine.report.run.panels.contribution import contribution_panel
from engine.report.run.panels.rebalances import rebalances_panel
from engine.report.run.panels.risk import risk_panel
from engine.report.run.panels.start_years import start_years_panel
from engine.report.run.panels.weights import weights_panel
from strategies.core_satellite import CoreSatellite
from tests.support.markets import account, percent
from tests.support.runs import make_run

PANELS = (start_years_panel, rebalances_panel, contribution_panel, risk_panel)


def finished(folder: Path, names: tuple[str, ...], *, every: str = "half_year", **terms: object) -> FinishedRun:
    """Return a run of satellites below a core, four years long, with all of its parts."""
    rng = np.random.default_rng(5)
    dates = np.busday_offset("2018-01-02", np.arange(1000), roll="forward").astype("datetime64[D]")
    steps = rng.normal(0.0003, 0.01, (1000, 1)) + rng.normal(0.0, 0.008, (1000, len(names)))
    market = Market.build(dates, names, 40.0 * np.cumprod(1.0 + steps, axis=0))
    core, *rest = names
    plan = CoreSatellite.model_validate(
        {
            "core": {core: "rest"},
            "satellites": dict.fromkeys(rest, "2.5%"),
            "cap": "3%",
            "rebalance": {"kind": "never"} if every == "never" else {"kind": "every", "period": every},
        }
    )
    own, costs = account(**terms), percent(0.001, len(names))
    sessions, evidence = PortfolioMarket(market, 0), Evidence(draws=100)
    comparison = compare(market, lambda _: sessions, plan, own, costs, ComparisonTerms(evidence=evidence))
    parts = break_down(comparison, Plan(sessions, plan, own, costs, comparison.strategy.ledger), evidence)
    plain = {"name": "parts", "account": terms}
    RunResult("parts", "", plain, "c" * 64, comparison, (), breakdown=parts).write(folder)
    return read_run(folder)


def shown(make: PanelMaker, run: FinishedRun) -> tuple[str, str]:
    """Return the answer of a panel and its markup."""
    panel = make(run)
    assert panel is not None
    return panel.answer, str(render_fragment(f"panels/{panel.template}", panel.content))


def column(markup: str, number: int) -> list[float]:
    """Return a column of the first table's body as numbers."""
    body = markup[markup.index("<tbody>") : markup.index("</tbody>")]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("<tr>")[1:]]
    found = [row[number].replace("\N{MINUS SIGN}", "-").replace(",", "") for row in rows]
    return [float(re.match(r"[-+]?[\d.]+", text)[0]) for text in found]


def ends_of(run: FinishedRun) -> tuple[list[float], list[float]]:
    """Return the lower and the upper ends of all intervals of other starts."""
    low, high = zip(*(one.interval for one in run.summary.start_years.starts), strict=True)
    return list(low), list(high)


def test_gains_of_assets_are_the_gain_on_paper(tmp_path: Path) -> None:
    """With money paid in, too: the rows of the table are the sum below them, to the rounding of each."""
    run = finished(tmp_path, ("CORE", "S1", "S2", "S3"), contributions={"amount": 300.0})
    answer, markup = shown(contribution_panel, run)
    found = run.summary.contribution
    assert sum(column(markup, 2)) == pytest.approx(found.strategy.gain, abs=2.5)
    assert sum(column(markup, 5)) == pytest.approx(found.strategy.gain - found.buy_and_hold.gain, abs=2.5)
    bars = [found.strategy.assets[name].gain for name in re.findall(r'<span title="(\w+)">', markup)]
    assert bars == sorted((one.gain for one in found.strategy.assets.values()), reverse=True)
    widest = max(found.differences, key=found.differences.get)
    assert f"{widest} gained most, {found.differences[widest]:+,.0f} USD" in answer
    assert f"CORE earned most, {found.strategy.assets['CORE'].gain:,.0f} USD" in answer
    assert "Paid in less withdrawn" in markup


def test_the_first_screen_tells_the_deepest_fall_and_the_ratio_of_the_summary(tmp_path: Path) -> None:
    """The card has the months of its high, its low and its end; the sentence has the ratio's last and extremes."""
    run = finished(tmp_path, ("CORE", "S1", "S2", "S3"))
    worst, ratio = run.summary.falls.deepest[0], run.summary.ratio
    end = f"made good {worst.recovery[:7]}" if worst.recovery else "not made good"
    assert cards(run)[1].note == f"{worst.peak[:7]} to {worst.trough[:7]}, {end}"
    told = growth_sentence(run)
    assert f"ended at {ratio.last:.3f}: lowest {ratio.lowest:.3f} on {ratio.lowest_date}" in told
    assert f"highest {ratio.highest:.3f} on {ratio.highest_date}" in told


def test_effects_of_rebalances_are_the_difference_on_paper(tmp_path: Path) -> None:
    """Rows, everything else, and the last line agree."""
    run = finished(tmp_path, ("CORE", "S1", "S2", "S3"), contributions={"amount": 300.0})
    answer, markup = shown(rebalances_panel, run)
    found, effects = run.summary.rebalances_done, column(markup, 3)
    assert len(effects) == run.summary.portfolios["strategy"].metrics["rebalances"] - 1 == 7
    assert sum(effects) + found.rest.total == pytest.approx(found.difference, abs=4.0)
    gained = sum(one.gain_at_next > 0.0 for one in found.full)
    assert f"Of 6 rebalances that another one followed, {gained} had gained" in answer
    assert "money paid in or out" in markup
    furthest = max(found.full, key=lambda one: abs(one.gain_at_end - one.gain_at_next))
    assert f"those of {furthest.date} {furthest.gain_at_next:+,.0f} and {furthest.gain_at_end:+,.0f} USD" in answer


def test_starts_are_counted_as_they_are_shown(tmp_path: Path) -> None:
    """As many rows with a positive difference as the answer says; short ones are hatched."""
    run = finished(tmp_path, ("CORE", "S1", "S2", "S3"))
    answer, markup = shown(start_years_panel, run)
    differences = column(markup, 2)
    assert len(differences) == 3
    assert f"from {sum(one > 0.0 for one in differences)} of 3 starts" in answer
    above, below = (sum(sign * one > 0.0 for one in ends) for sign, ends in zip((1, -1), ends_of(run), strict=True))
    assert f"{above or 'none'} lay above zero and {below or 'none'} below" in answer
    assert markup.count("hatched") == sum(one < 3.0 for one in column(markup, 1))


def test_shares_of_risk_are_all_of_it_on_paper(tmp_path: Path) -> None:
    """The printed shares add up to 100 %, and the answer names who has more of it than of the money."""
    run = finished(tmp_path, ("CORE", "S1", "S2", "S3"))
    answer, markup = shown(risk_panel, run)
    assert sum(column(markup, 2)) == pytest.approx(100.0, abs=0.05)
    above = {name for name, one in run.summary.risk.assets.items() if one.share > one.mean_weight}
    assert set(re.findall(r"(\w+) is ", answer)) == above
    assert markup.count("and S") + markup.count("and CORE") == 12  # six pairs of sessions, six of months


def test_a_plan_that_never_trades_again_has_a_sentence(tmp_path: Path) -> None:
    """No rebalance: no table; the differences to itself are nothing."""
    run = finished(tmp_path, ("CORE", "S1", "S2", "S3"), every="never")
    assert shown(rebalances_panel, run) == ("After the opening the plan was never rebalanced.", "")
    assert "No asset earned more or less" in shown(contribution_panel, run)[0]


def test_names_are_shown_letter_for_letter(tmp_path: Path) -> None:
    """What a ticker of a folder says is text in every panel, whatever it could mean."""
    run = finished(tmp_path, ("CORE", "S1", "S2", "S3"))
    hostile = "</td><script>x()</script>{{7*7}}<b>bold"
    text = (tmp_path / "summary.json").read_text().replace('"S1"', json.dumps(hostile))
    summary = type(run.summary).model_validate_json(text)
    for make in PANELS:
        answer, markup = shown(make, dataclasses.replace(run, summary=summary))
        assert "<script>" not in markup
        assert "<b>bold" not in markup
        assert "49" not in answer
    assert "&lt;script&gt;" in markup


def test_weights_say_how_far_they_were_from_targets_and_caps(tmp_path: Path) -> None:
    """The sentence has the figures of the summary."""
    run = finished(tmp_path, ("CORE", "S1", "S2", "S3"))
    answer, found = shown(weights_panel, run)[0], run.summary.drift
    assert f"At {found.sessions_over_caps} of {found.sessions:,} closes some asset was above its cap" in answer
    assert f"{100 * found.mean:.2f} % from their targets on average" in answer
    assert f"{100 * found.highest:.2f} % at most, on {found.highest_date}" in answer


@pytest.mark.parametrize("make", PANELS)
def test_a_folder_of_an_earlier_version_has_no_such_panels(make: PanelMaker, tmp_path: Path) -> None:
    """What a run did not write is left out of its page."""
    dataclasses.replace(make_run(), breakdown=None).write(tmp_path)
    assert make(read_run(tmp_path)) is None
