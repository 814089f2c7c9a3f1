"""A run in a notebook: what its frames say, its charts as pictures, and itself as a table."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest

from engine.analysis.metrics_table import METRICS
from engine.backtest.outputs import RunResult
from engine.core.errors import EngineError, OutputError
from engine.report.charts.figure_tree import of_class, read_figure, text_of
from engine.report.run.frames import RunFrames
from tests.support.runs import make_run


@pytest.fixture(scope="module")
def frames(run: RunResult) -> RunFrames:
    return RunFrames.from_run(run)


@pytest.fixture(scope="module")
def paid() -> RunFrames:
    return RunFrames.from_run(make_run(flows=500.0, name="<script>alert(1)</script>"))


def test_returns_are_those_that_the_metrics_are_computed_from(frames: RunFrames) -> None:
    """Their deviation is the run's volatility, and a late benchmark has none before it begins."""
    found = frames.returns
    assert found.index.name == "date"
    assert found["strategy"].std() * np.sqrt(252.0) == pytest.approx(frames.summary.loc["volatility", "strategy"])
    assert found["LATE"].dropna().std() * np.sqrt(252.0) == pytest.approx(frames.summary.loc["volatility", "LATE"])


def test_money_paid_in_is_no_return(frames: RunFrames, paid: RunFrames) -> None:
    """The buy-and-hold of a savings plan returns the value's change less what was paid in, session by session."""
    value = paid.equity["AAA"]
    flows = np.where(value.index.to_series().dt.month.diff().fillna(0.0) != 0.0, 500.0, 0.0)
    expected = (value - flows) / value.shift(1) - 1.0
    calm = flows[1:] == 0.0
    assert np.allclose(paid.returns["AAA"][calm], expected[1:][calm], rtol=0.0, atol=1e-12)
    assert np.allclose(paid.returns["AAA"][~calm], expected[1:][~calm], rtol=0.0, atol=1e-4)  # the flow's costs
    assert np.allclose(paid.returns["AAA"], frames.returns["AAA"], rtol=0.0, atol=1e-4)


def test_frames_say_what_the_summary_says(frames: RunFrames) -> None:
    """Differences, intervals, parts and the verdict are the summary's own, and parts add up to the difference."""
    versus = frames.result.summary.to_plain()["versus"]
    for name, row in frames.intervals.iterrows():
        assert [row["low"], row["high"]] == versus[name]["cagr_difference_interval"]
        assert row["difference"] == versus[name]["cagr_difference"]
    assert frames.parts["difference"].sum() == pytest.approx(frames.intervals.loc["buy_and_hold", "difference"])
    assert frames.verdict == frames.result.summary.verdict.sentence
    assert frames.taxes.empty
    assert frames.after_tax.empty
    assert frames.caps.loc["CCC", "cap"] == 0.03


def test_every_chart_is_a_picture_of_its_own(paid: RunFrames) -> None:
    """It is whole XML without script, id or address, and says in letters what the page's chart says beside it."""
    assert {"growth", "value", "differences", "parts", "years", "weights", "caps"} <= set(paid.charts)
    for kind in paid.charts:
        chart = paid.plot(kind)
        tree = fromstring(chart.svg)
        written = {"".join(one.itertext()) for one in tree.iter("{http://www.w3.org/2000/svg}text")}
        page = read_figure(chart.figure)
        beside = [
            text_of(word) for name in ("x", "y", "ends", "notes") for side in of_class(page, name) for word in side
        ]
        beside += [text_of(one) for tag in ("em", "figcaption") for one in page.iter(tag)]
        assert {text for text in beside if text} <= written, kind
        assert not re.search(r"<script|\bid=|href|url\(", chart.svg)
        assert "http" not in chart.svg.replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert "prefers-color-scheme: dark" in chart.svg
        assert chart._repr_html_().startswith("<img ")


def test_lines_lie_where_the_page_has_them(frames: RunFrames) -> None:
    """The paths of the picture are those of the page, letter for letter."""
    chart = frames.plot("growth")
    page = re.findall(r' d="([^"]+)"', str(chart.figure).split('<div class="y"')[0])
    assert len(page) > 2
    assert set(page) <= set(re.findall(r' d="([^"]+)"', chart.svg))


def test_a_chart_that_is_not_there_names_those_that_are(frames: RunFrames) -> None:
    with pytest.raises(EngineError, match="no chart called 'taxes' here; there are: growth, ratio, differences"):
        frames.plot("taxes")


def test_a_chart_is_saved_as_what_its_file_is_called(frames: RunFrames, tmp_path: Path) -> None:
    """An SVG is the picture, an HTML page has it in it, anything else is refused."""
    chart = frames.plot()
    assert chart.save(tmp_path / "growth.svg").read_text() == chart.svg
    assert str(chart.to_html()) in chart.save(str(tmp_path / "growth.html")).read_text()
    with pytest.raises(OutputError, match=r"\.svg or \.html"):
        chart.save(tmp_path / "growth.png")


def test_a_run_shows_its_verdict_and_headline_escaped(paid: RunFrames) -> None:
    """The notebook gets a table without style sheet and script, whatever the run is called."""
    shown = paid._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "<script" not in shown
    assert "<style" not in shown
    assert "1 warning" in shown
    assert "this history cannot tell the two apart" in shown
    assert shown.count("<tr>") == 1 + sum(metric.headline for metric in METRICS.values())
    assert "result" not in repr(paid)
