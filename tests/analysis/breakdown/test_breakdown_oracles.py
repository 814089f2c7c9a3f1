"""Figures of a run in parts are those that numpy and pandas found without the engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.breakdowns import Breakdown, shared_config

Figure = float | int | str | None


@pytest.fixture(scope="module")
def us_small_caps(shared_data: Path) -> Breakdown:
    """Return the run that the numbers are of."""
    return Breakdown(shared_config("us_small_caps", shared_data))


def contribution_figure(run: Breakdown, *key: str) -> Figure:
    mine = run.contribution()
    match key:
        case "carino_after_opening", part:
            linked = {ticker: one.linked for ticker, one in mine.assets.items()} | mine.linked_others
            return {**linked, "sum": sum(linked.values())}[part]
        case "year", year, part:
            (one,) = (one for one in run.by_year if one.year == int(year))
            return one.costs if part == "costs" else one.assets[part]
        case "difference", ticker:
            return {**run.differences, "sum": sum(run.differences.values())}[ticker]
        case "strategy", "sum":
            return mine.gain
        case ("residual",):
            return mine.gain + mine.flows - (run.strategy.ledger.value[-1] - run.strategy.ledger.capital)
        case name, ticker, what:
            one = run.contribution(name).assets[ticker]
            return {"gain": one.gain + one.costs, "costs": one.costs, "points_of_total_return": one.share}[what]
    raise KeyError(key)


def rebalance_figure(run: Breakdown, *key: str) -> Figure:
    found = run.rebalances
    match key:
        case ("sum_gain_at_next",):
            return sum(one.gain_at_next for one in found.rebalances)
        case ("sum_gain_at_end",):
            return sum(one.gain_at_end for one in found.rebalances)
        case ("final_value_difference",):
            return found.difference
        case ("full_years",):
            return len(found.full)
        case ("full_years_gained",):
            return sum(one.gain_at_next > 0.0 for one in found.full)
    date, what = key
    (one,) = (one for one in found.rebalances if one.date == date)
    if what == "gain_at_next_share":
        return one.gain_at_next / one.value_before
    return getattr(one, {"drift_before": "distance_before"}.get(what, what))


def start_year_figure(run: Breakdown, *key: str) -> Figure:
    found = run.start_years
    if len(key) == 1:
        return {"count": len(found.starts), "count_ahead": found.ahead, "median": found.median}[key[0]]
    (one,) = (one for one in found.starts if one.year == int(key[0]))
    return {"cagr_difference": one.difference, "strategy_cagr": one.cagr}[key[1]]


def caps_figure(run: Breakdown, *key: str) -> Figure:
    if key == ("sessions_any_over",):
        return run.drift.sessions_over_caps
    one = run.strategy.peak_weights[key[0]]
    return {"highest": one.weight, "date": one.date, "sessions_over": one.sessions_over_cap}[key[1]]


def risk_figure(run: Breakdown, _: str, part: str, what: str) -> Figure:
    return run.risk.others["costs"] if part == "costs" else getattr(run.risk.assets[part], what)


def correlation_figure(run: Breakdown, what: str, *pair: str) -> Figure:
    (one,) = (one for one in run.correlations if {one.first, one.second} == set(pair))
    return one.correlation if what == "daily" else one.monthly


def drift_figure(run: Breakdown, what: str) -> Figure:
    return getattr(run.drift, what)


@pytest.mark.parametrize(
    ("group", "count", "figure"),
    [
        ("contribution", 55, contribution_figure),
        ("rebalance", 54, rebalance_figure),
        ("start_year", 28, start_year_figure),
        ("risk", 13, risk_figure),
        ("correlation", 17, correlation_figure),
        ("caps", 13, caps_figure),
        ("drift", 3, drift_figure),
    ],
)
def test_figures_are_the_oracles(
    us_small_caps: Breakdown, shared_data: Path, group: str, count: int, figure: Callable[..., Figure]
) -> None:
    """Every number of a group is met within its own tolerance."""
    known = json.loads((shared_data / "oracles" / "report.json").read_text())
    own = {key: one for key, one in known.items() if key.startswith(f"{group}/")}
    assert len(own) == count
    missed = {}
    for key, one in own.items():
        found, value, tolerance = figure(us_small_caps, *key.split("/")[1:]), one["value"], one["tol"]
        if one["kind"] == "exact":
            met = found == value
        else:
            met = abs(found - value) <= tolerance * (abs(value) if one["kind"] == "rel" else 1.0)
        if not met:
            missed[key] = (found, value)
    assert missed == {}
