"""The page of a sweep: what it says first, that noise is marked in it, and that no text of anybody's becomes markup."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.report.number_format import typeset
from engine.report.sweep.axis_titles import axis_titles
from engine.report.sweep.choice import choice_text, keeping_text, rival_sentence
from engine.report.sweep.effect_tables import effect_tables
from engine.report.sweep.first_screen import NOT_ASKED, cards, limits, varied_sentence
from engine.report.sweep.histogram import draw_histogram
from engine.report.sweep.labels import metric_text, metric_title
from engine.report.sweep.page import build_sweep_report
from engine.report.sweep.region_tables import region_rows
from engine.sweep.finished_sweep import read_sweep
from engine.sweep.statistics import Rank
from tests.evidence.test_sweep_evidence import run_with_evidence
from tests.report.test_hostile_text import PAYLOADS
from tests.support.runs import Skeleton, sign
from tests.support.sweeps import PLAN, SMALL, swept


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small sweep with its evidence."""
    folder = tmp_path_factory.mktemp("page") / "small.sweep"
    run_with_evidence(PLAN + SMALL, folder)
    return folder


def words(page: str) -> str:
    """Return the text of a page in one line."""
    return re.sub(r"\s+", " ", " ".join(Skeleton(page).text))


def test_the_first_screen_has_plan_sentence_evidence_limits_and_four_figures(small: Path) -> None:
    """In this order, before the histogram, and hindsight names what was swept, not what the plan holds."""
    read = read_sweep(small)
    summary, page = read.summary, words((small / "report.html").read_text(encoding="utf-8"))
    told = varied_sentence(summary)
    assert told == (
        "60 variants of the plan, every combination: satellites in 5 baskets of 3 or 4 of 4 names at 2 % or 3 % each; "
        "weight of SIZE 5 %, 15 % or 25 %; month january or june."
    )
    assert limits(summary) == [
        "best of 60 tried",
        "4 names with hindsight (HD, JNJ, PG, UNH)",
        "survivors only",
        "total-return prices",
        "1 note",
    ]
    four = list(cards(summary))
    assert [card.title for card in four] == ["The plan", "Buy & hold", "Median variant", "Best variant"]
    for name, card in zip(("strategy", "buy_and_hold"), four[:2], strict=True):
        at = summary.standings[name]["sharpe"]
        worse = "all" if at.better_than == 1.0 else f"{100 * at.better_than:.1f}\N{NO-BREAK SPACE}%"
        assert card.note == f"{at.rank - 1 or 'none'} of 60 variants better, {worse} worse".replace("\xa0", " ")
    middle = summary.distribution["sharpe"]["p50"]
    assert four[3].note == f"best of 60, {summary.best[0].figures['sharpe'] - middle:+.4f} from the median"
    assert rival_sentence(summary) in page
    places = [
        page.index(part) for part in (summary.plan_sentence, told, summary.evidence.sentence, "Before you rely on it")
    ]
    places += [
        page.index(f"{four[0].title}, Sharpe"),
        page.index("60 variants by Sharpe"),
        page.index("What each value"),
    ]
    assert places == sorted(places)


def test_without_evidence_the_page_says_that_luck_was_not_asked(tmp_path: Path) -> None:
    """The best is the best of so many, so far from the median, and no rival is said to have been asked about."""
    summary, _ = swept("\n  rank_by: cagr\n  axes: {strategy.core.SIZE: [5%, 15%]}\n", tmp_path / "small")
    assert re.fullmatch(r"best of 2, \+\d\.\d\d pp from the median", list(cards(summary))[3].note)
    page = words((tmp_path / "small" / "report.html").read_text(encoding="utf-8"))
    assert NOT_ASKED in page
    assert rival_sentence(summary).startswith("Buy & hold (CAGR ")


@pytest.mark.parametrize(
    ("rank_by", "rival", "said"),
    [
        ("sharpe", 0.01, "is better than"),
        ("sharpe", -0.01, "is worse than"),
        ("sharpe", 1e-9, "is like"),
        ("volatility", -0.01, "is better than"),
    ],
)
def test_the_verdict_s_rival_stands_beside_it_in_figures(small: Path, rank_by: str, rival: float, said: str) -> None:
    """Which of the two is better depends on the figure, and alike is what prints alike."""
    summary = read_sweep(small).summary
    best = summary.best[0].figures[rank_by]
    standings = {"buy_and_hold": {rank_by: Rank(best + rival, 1, 1.0)}}
    space = summary.sweep.model_copy(update={"rank_by": rank_by})
    changed = summary.model_copy(update={"standings": standings, "sweep": space})
    beside, own = (metric_text(one, rank_by) for one in (best + rival, best))
    told = f"{metric_title(rank_by)} {beside}), {said} the best variant ({own})."
    assert rival_sentence(changed) == f"The rival, buy & hold ({told}"
    other = {"buy_and_hold": {rank_by: Rank(best, None, None)}}
    assert rival_sentence(changed.model_copy(update={"standings": other})) == ""


def test_axes_are_called_by_titles_that_differ() -> None:
    """A basket's size, weight and names, weights by ticker, what has no title of its own, and two of one name."""
    paths = [
        "strategy.satellites",
        "strategy.satellites.count",
        "strategy.satellites.weight",
        "strategy.satellites holds",
    ]
    paths += ["strategy.core.VB", "strategy.rebalance.month", "costs.rate", "account.cash.rate", "strategy.loss_limit"]
    assert list(axis_titles(paths, ["strategy.satellites"]).values()) == [
        "Satellites",
        "Number of satellites",
        "Weight of each satellite",
        "A name among the satellites",
        "Weight of VB",
        "Month",
        "Cost of a trade",
        "Interest on cash",
        "Loss limit",
    ]
    assert list(axis_titles(["strategy.core.VB", "strategy.satellites.VB"]).values()) == [
        "Weight of VB (strategy.core.VB)",
        "Weight of VB (strategy.satellites.VB)",
    ]
    assert axis_titles(["strategy.satellites.count"]) == {"strategy.satellites.count": "Weight of count"}


def test_every_axis_has_its_values_around_zero_and_counts_those_beyond_noise(small: Path) -> None:
    """The head of each axis says how many leave their band and how many would by chance; shares are of its variants."""
    summary = read_sweep(small).summary
    page = words((small / "report.html").read_text(encoding="utf-8"))
    tables = effect_tables(summary)
    assert [table.path for table in tables][-1] == "strategy.satellites"
    assert {table.path for table in tables} == {*summary.sweep.axes, "strategy.satellites holds"}
    for table in tables:
        judged = [one for one in table.effects.values if one.band is not None]
        beyond = sum(not one.band[0] <= 0.0 <= one.band[1] for one in judged)
        values = "1 value" if len(judged) == 1 else f"{len(judged)} values"
        chance = 0.05 * len(judged)
        shown = f"{chance:.1f}" if chance >= 1.0 else f"{chance:.2f}"
        said = f"{beyond} of {values} outside the noise of this history, {shown} expected by chance"
        assert said in page
    drawn = [row.drawn for table in tables for row in table.rows if row.value.band is not None]
    assert all('class="zero"' in one and 'class="reach' in one and 'class="point"' in one for one in drawn)
    rows = {row.path: dict(row.shares) for row in region_rows(summary)}
    (january,) = (one for one in summary.effects["strategy.rebalance.month"].values if one.label == "january")
    assert rows["strategy.rebalance.month"]["january"] == f"{100 * january.near_best / january.count:.1f} %".replace(
        "100.0", "100"
    )


def test_variants_have_an_id_the_command_of_their_run_and_their_distance_from_the_plan(small: Path) -> None:
    """Twenty best and five worst, each with its axes as columns of their own."""
    page, summary = (small / "report.html").read_text(encoding="utf-8"), read_sweep(small).summary
    commands = re.findall(r'data-command="([^"]+)"', page)
    listed = [*summary.best, *summary.worst[:5]]
    picked = [summary.evidence.plateau.pick] if summary.evidence.plateau.pick else []
    assert sorted(commands) == sorted(
        f"engine run config.resolved.yaml --variant {name}" for name in [*picked, *(one.id for one in listed)]
    )
    assert len(listed) == 25
    text = words(page)
    for one in listed:
        assert one.sha256[:10] in text
        assert typeset(f"{one.difference:+.4f}") in text
    for title in ("Number of satellites", "Weight of each satellite", "Weight of SIZE", "Month"):
        assert page.count(f'data-title="{title}"') == 25


def test_keeping_the_plan_is_as_good_where_noise_does_not_tell_it_from_the_best(small: Path) -> None:
    """By the band of the best's own distance from the plan."""
    summary = read_sweep(small).summary
    for band, said in (((-0.01, 0.02), "Keeping the plan is as good"), ((0.001, 0.02), "The plan is further")):
        changed = summary.model_copy(update={"best": (replace(summary.best[0], band=band), *summary.best[1:])})
        assert keeping_text(changed).startswith(said)
    assert keeping_text(summary.model_copy(update={"best": ()})) == ""


def test_the_pick_says_that_it_stands_on_an_edge(small: Path) -> None:
    """The middle of three weights is on none; without a pick there is nothing to say."""
    summary = read_sweep(small).summary
    axis = "strategy.core.SIZE"
    for weight, on_edge in ((0.05, True), (0.15, False), (0.25, True)):
        plateau = replace(summary.evidence.plateau, pick="abc", ordered_axes=(axis,), pick_parameters={axis: weight})
        changed = summary.model_copy(update={"evidence": summary.evidence.model_copy(update={"plateau": plateau})})
        told = choice_text(changed, {axis: "Weight of SIZE"})
        assert told.startswith("The plateau pick is abc, ")
        assert ("It has the lowest or highest value of Weight of SIZE" in told) is on_edge
    assert choice_text(summary.model_copy(update={"evidence": None}), {}) == ""


def test_axes_that_show_one_choice_say_so(small: Path) -> None:
    """A basket, how many names it has and each of its names; its weight is another choice."""
    told = {table.title: table.same_choice for table in effect_tables(read_sweep(small).summary)}
    assert told["Number of satellites"].startswith("The same choice as under Satellites and A name among the")
    assert told["Satellites"].startswith("The same choice as under Number of satellites and A name among")
    assert told["Weight of each satellite"] == told["Month"] == ""


def test_maps_mark_noise_and_the_plan_s_own_cell(small: Path) -> None:
    """Every cell of every map has its number; as many have dots as the summary says are within noise."""
    page, summary = (small / "report.html").read_text(encoding="utf-8"), read_sweep(small).summary
    assert page.count('<table class="heat"') == len(summary.maps) > 5
    plain = [one for one in summary.maps if one.rows.baseline is not None and one.columns.baseline is not None]
    within = sum(inside is True for one in summary.maps for row in one.within for inside in row)
    assert len(re.findall(r'<td class="n h\d doubtful">', page)) == within - len(plain)
    assert len(re.findall(r'<td class="n h3 strong">0.0000</td>', page)) == len(plain)


def test_what_is_no_variant_has_no_rank_among_them(small: Path) -> None:
    """Below a portfolio's figure stands how many variants are better: none and all are words."""
    page, summary = words((small / "report.html").read_text(encoding="utf-8")), read_sweep(small).summary
    figures = page[page.index("How are the other figures spread?") : page.index("What this sweep cannot know")]
    assert "rank" not in figures.lower()
    for one in summary.standings.values():
        better = one["cagr"].rank - 1
        assert f"{ {0: 'none', 60: 'all'}.get(better, better) } better" in figures


def test_the_page_opens_without_a_library_and_has_no_variant_in_it_that_it_does_not_list(small: Path) -> None:
    """Two scripts of its own, nothing from elsewhere, and bytes that do not grow with the variants."""
    page = (small / "report.html").read_text(encoding="utf-8")
    assert "Plotly" not in page
    assert page.count("<script>") == 2
    assert len(page.encode()) < 200_000
    assert "<script" not in page.split("<script>", 1)[0]


def test_lines_that_are_far_away_are_said_and_noise_beyond_the_picture_is_cut() -> None:
    """A benchmark ten widths below the variants would leave no room for them."""
    values = np.linspace(0.60, 0.64, 400)
    standings = {
        "strategy": {"sharpe": Rank(0.62, 1, 0.5)},
        "far": {"sharpe": Rank(0.2, 401, 0.0)},
        "near": {"sharpe": Rank(0.58, 401, 0.0)},
        "none": {"sharpe": Rank(None, None, None)},
    }
    found = draw_histogram(values, "sharpe", standings, (0.59, 1.2))
    assert found.outside == ("far 0.200",)
    assert found.chart.count("--lean") == 2
    assert (found.strip.cut_left, found.strip.cut_right) == (False, True)
    assert (found.strip.left, found.strip.width) == ("16.67%", "83.33%")
    assert found.strip.told == "0.590 to 1.200"
    assert draw_histogram(np.array([np.nan]), "sharpe", standings, None) is None


def poison(folder: Path, texts: list[str]) -> None:
    """Put ``texts`` into every place of a sweep's summary that can hold text: axes, values, names, notes, reasons."""
    summary = json.loads((folder / "summary.json").read_text())
    text = iter(texts * 9)
    summary |= {"name": next(text), "description": next(text), "plan_sentence": next(text), "warnings": texts}
    summary["data"]["source"] = next(text)
    axis, basket = next(text), next(text)
    names = {"strategy.rebalance.month": axis, "strategy.satellites": basket}

    def renamed(found: dict[str, object]) -> dict[str, object]:
        return {
            next((to + key[len(of) :] for of, to in names.items() if key.startswith(of)), key): one
            for key, one in found.items()
        }

    summary["effects"] = renamed(summary["effects"])
    space = summary["sweep"]
    space["axes"], space["baskets"] = renamed(space["axes"]), [basket]
    space["names"] = texts[:6]
    space["reasons"] = [{"reason": one, "count": 1, "example": {one: one}} for one in texts[:8]]
    for effects in summary["effects"].values():
        for value in effects["values"]:
            if isinstance(value["label"], str):
                value["label"] = next(text)
    for variant in (*summary["best"], *summary["worst"]):
        variant["parameters"] = {key: next(text) for key in renamed(variant["parameters"])}
        variant["id"], variant["sha256"] = next(text), next(text)
    for one in summary["maps"]:
        for side in (one["rows"], one["columns"]):
            side["name"] = renamed({side["name"]: 0}).popitem()[0]
            side["labels"] = [
                [(word := next(text)), word] if isinstance(label[0], str) else label for label in side["labels"]
            ]
    evidence = summary["evidence"]
    evidence["sentence"] = next(text)
    evidence["plateau"]["pick"], evidence["plateau"]["pick_parameters"] = next(text), {axis: next(text)}
    others = {"buy_and_hold": next(text)}
    summary["standings"] = {others.get(name, name): one for name, one in summary["standings"].items()}
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "config.resolved.yaml").write_text(json.dumps(dict(enumerate(texts))))
    sign(folder)


def test_no_text_becomes_markup(small: Path, tmp_path: Path) -> None:
    """A page full of payloads has exactly the elements and attributes of one with harmless text in their places."""
    shapes = []
    for kind, texts in (("harmless", [f"harmless{n}" for n in range(len(PAYLOADS))]), ("hostile", PAYLOADS)):
        folder = shutil.copytree(small, tmp_path / kind)
        poison(folder, texts)
        page = build_sweep_report(folder).read_text(encoding="utf-8")
        shapes.append([(tag, [name for name, _ in attributes]) for tag, attributes in Skeleton(page).tags])
        scripts = re.findall(r"(?s)<script>(.*?)</script>", page)
        assert len(scripts) == 2
        assert not any(text in script for text in texts for script in scripts if len(text) > 20)
    assert shapes[0] == shapes[1]
    assert "{{ 7*7 }}" in words(page)


def test_a_folder_of_an_older_version_has_the_page_that_its_files_can_make(small: Path, tmp_path: Path) -> None:
    """Without maps, listed shares, the plan's noise and its sentence: the rest stands there, the description first."""
    folder = shutil.copytree(small, tmp_path / "old")
    summary = json.loads((folder / "summary.json").read_text())
    for key in ("maps", "plan_band", "plan_sentence"):
        del summary[key]
    del summary["sweep"]["listed"]
    summary["description"] = "What the plan was called before it was said"
    (folder / "summary.json").write_text(json.dumps(summary))
    sign(folder)
    page = build_sweep_report(folder).read_text(encoding="utf-8")
    assert 'class="heat"' not in page
    assert 'class="noise"' not in page
    assert summary["description"] in page
    assert page.count("data-command=") == 26


def test_an_axis_of_windows_says_that_nothing_can_be_compared_and_draws_nothing(tmp_path: Path) -> None:
    """Figures of other sessions are no effects; how many there are stands under the histogram."""
    axes = "\n  axes: {window.start: [2018-01-02, 2019-01-02], strategy.core.SIZE: [5%, 15%]}\n"
    summary, _ = swept(axes, tmp_path / "small")
    tables = {table.title: table for table in effect_tables(summary)}
    assert tables["Start"].rows == ()
    assert len(tables["Weight of SIZE"].rows) == 2
    page = words((tmp_path / "small" / "report.html").read_text(encoding="utf-8"))
    assert "no other value has variants with the plan's sessions and this figure: nothing to compare" in page
    assert "2 of 4 variants have other sessions than the plan (2018-01-02 to 2021-12-30): counted, not ranked" in page
    assert "other windows left out" in limits(summary)
