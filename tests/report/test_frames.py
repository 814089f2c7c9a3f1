"""A run as pandas frames."""

from __future__ import annotations

import numpy as np

from engine.backtest.outputs import RunResult
from engine.report.run.frames import RunFrames


def test_frames_hold_the_same_figures_as_the_run(run: RunResult) -> None:
    """RunFrames agree with the ledger, weights sum to one, and a late benchmark is NaN before it begins."""
    frames = RunFrames.from_run(run)
    figures = run.comparison.strategy.metrics
    assert frames.summary.loc["cagr", "strategy"] == figures["cagr"]
    assert frames.equity["strategy"].iloc[-1] == figures["final_value"]
    assert frames.equity["LATE"].isna().sum() == 300
    assert np.allclose(frames.weights.sum(axis=1), 1.0, atol=1e-12)
    assert len(frames.trades) == figures["trades"]
    assert frames.trades.columns.tolist() == ["date", "asset", "quantity", "price", "value", "cost", "reason"]
    assert "Max drawdown" in repr(frames)
    assert "700 sessions" in repr(frames)


def test_a_run_prints_its_verdict_in_lines_of_a_terminal_and_names_what_else_it_has(run: RunResult) -> None:
    frames = RunFrames.from_run(run)
    lines = repr(frames).splitlines()
    assert frames.verdict.replace("\N{MINUS SIGN}", "-") in " ".join(lines)
    assert max(map(len, lines)) <= 80
    assert all(hasattr(frames, name.strip(".()")) for name in lines[-1].partition("see ")[2].split())


def test_frames_hold_the_events_of_a_run(eventful: RunResult, run: RunResult) -> None:
    """Every event is a row with its date, and a run without events has the same columns."""
    events = RunFrames.from_run(eventful).events
    assert events.columns.tolist() == ["date", "kind", "asset", "text"]
    assert events["date"].is_monotonic_increasing
    assert events["kind"].value_counts()["listed"] == 1
    assert len(events) == len(eventful.comparison.events)
    assert RunFrames.from_run(run).events.columns.tolist() == ["date", "kind", "asset", "text"]
