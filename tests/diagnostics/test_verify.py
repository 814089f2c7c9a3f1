"""engine verify: every published figure comes out, and one that does not is noticed."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from engine.data.market import Market
from engine.diagnostics.verify import accounting, market, reproduce_figures
from engine.diagnostics.verify.figures import FigureGroup, ReferenceFigure
from strategies.fixed_mix import FixedMix
from tests.support.cli import engine


@pytest.fixture(scope="module")
def figures() -> list[ReferenceFigure]:
    return list(reproduce_figures(lambda weights: FixedMix(weights=dict(weights))))


def test_every_published_figure_comes_out(figures) -> None:
    assert [figure for figure in figures if not figure.agrees] == []
    assert len(figures) >= 420
    assert len({(figure.group, figure.name) for figure in figures}) == len(figures)


def test_most_figures_are_held_to_nine_digits(figures) -> None:
    loose = [figure for figure in figures if figure.tolerance > 1e-8]
    assert len(loose) <= 3, "those were printed with five or six digits"


@pytest.mark.parametrize("found", [None, math.nan, 1.0 + 3e-9, "1"])
def test_a_figure_that_is_missing_or_off_does_not_hold(found) -> None:
    assert not FigureGroup("group", "origin").figure("name", 1.0, found).agrees
    assert not FigureGroup("group", "origin").figure("day", "2007-01-03", "2007-01-02").agrees


def test_figures_above_one_are_compared_in_parts_of_their_size() -> None:
    assert FigureGroup("group", "origin").figure("name", 1e6, 1e6 + 0.9e-3).agrees
    assert not FigureGroup("group", "origin").figure("name", 1e-6, 1e-6 + 2e-9).agrees


def test_a_market_that_is_a_hair_different_is_noticed(monkeypatch) -> None:
    real = market.build_synthetic_market()
    closes = np.array(real.prices)
    closes[1000, 2] *= 1.0 + 1e-8
    changed = Market.build(real.dates, real.assets, closes)
    monkeypatch.setattr(accounting, "build_synthetic_market", lambda: changed)
    wrong = [one for one in reproduce_figures(lambda weights: FixedMix(weights=dict(weights))) if not one.agrees]
    assert {one.group for one in wrong} == {"synthetic market"}


def test_the_command_counts_the_figures_and_says_who_published_them(tmp_path) -> None:
    page = engine("verify", cwd=tmp_path).stdout
    assert "published figures reproduced on this machine" in page
    assert "portfolio-performance" in page
    listed = json.loads(engine("verify", "--json", cwd=tmp_path).stdout)
    assert all(one["holds"] for one in listed)
    assert f"{len(listed)} of {len(listed)} published figures" in page
