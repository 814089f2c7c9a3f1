"""``engine compare``: what is read from folders, the table, the same as JSON, and the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine import composition
from engine.analysis.bootstrap import Evidence
from engine.core.errors import DataError, OutputError
from engine.evidence.contestants import read_contestants
from engine.evidence.side_by_side import SideBySide, compare_side_by_side
from engine.report import number_format as fmt
from engine.report.compare.page import publish_side_by_side, render_side_by_side
from engine.report.compare.terminal import print_side_by_side
from engine.report.compare.words import became_text, short_labels, side_by_side_json, told_apart, verdict
from engine.report.run.page import publish_run
from tests.evidence.test_side_by_side import make_plan
from tests.report.test_hostile_text import PAYLOADS
from tests.support.cli import engine
from tests.support.hostile_cells import HOSTILE
from tests.support.runs import Skeleton, make_run
from tests.support.sweeps import PLAN

TERMS = Evidence(draws=200)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    home = tmp_path_factory.mktemp("runs")
    for place, name in (("one", "plan"), ("two", "plan"), ("three", "other")):
        publish_run(make_run(name=name), home / place)
    return [home / place for place in ("one", "two", "three")]


def read(*folders: Path) -> SideBySide:
    return compare_side_by_side(read_contestants(folders, composition.prepare_sweep), TERMS)


def test_plans_of_one_name_are_told_apart_by_their_folders(folders: list[Path]) -> None:
    found = read_contestants(folders, composition.prepare_sweep)
    assert [one.label for one in found] == [f"plan ({folders[0]})", f"plan ({folders[1]})", "other"]


def test_a_contestant_has_the_level_and_the_difference_of_its_run(folders: list[Path]) -> None:
    summary = json.loads((folders[2] / "summary.json").read_text())
    one = read_contestants(folders[1:], composition.prepare_sweep)[1]
    assert one.difference == pytest.approx(summary["versus"]["buy_and_hold"]["cagr_difference"], rel=1e-9)
    found = read(*folders[1:]).standings[0].figures
    metrics = summary["portfolios"]["strategy"]
    names = ("cagr", "total_return", "volatility", "sharpe", "max_drawdown")
    assert {name: found[name] for name in names} == pytest.approx({name: metrics[name] for name in names}, rel=1e-9)


def test_what_is_no_run_or_sweep_is_refused_in_one_line(folders: list[Path], tmp_path: Path) -> None:
    def refusal(*named: Path) -> str:
        with pytest.raises((OutputError, DataError)) as caught:
            read(*named)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "2 to 50 folders" in refusal(folders[0])
    assert "is named twice" in refusal(folders[0], folders[0].parent / "two" / ".." / "one")
    assert "no such folder" in refusal(folders[0], tmp_path / "nowhere")
    publish_side_by_side(read(*folders), tmp_path / "page")
    assert "holds a comparison; compare takes folders that" in refusal(folders[0], tmp_path / "page")


def test_table_json_and_page_say_the_same_in_80_columns(
    folders: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = read(*folders)
    print_side_by_side(found)
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    plain = json.loads(json.dumps(side_by_side_json(found), allow_nan=False))
    page = Skeleton(render_side_by_side(found))
    words = " ".join(" ".join(page.text).split())
    assert " ".join(verdict(found).split()[:6]) in " ".join(printed.split())
    assert plain["verdict"] in words
    assert [one["rank"] for one in plain["plans"]] == [1, 1, 1], "three times the same plan"
    assert plain["verdict"].startswith("All 3 plans come to the same")
    assert not [
        value for _, attributes in page.tags for key, value in attributes if key in {"src", "href"} and value != "#main"
    ]
    written = publish_side_by_side(found, tmp_path)
    assert [path.name for path in written] == ["compare.html", "compare.json"]
    assert json.loads(written[1].read_text()) == plain
    before = written[0].read_bytes()
    assert publish_side_by_side(read(*folders), tmp_path) == written
    assert written[0].read_bytes() == before, "the same folders give the same bytes"
    written[0].write_text("mine")
    with pytest.raises(OutputError, match=r"compare\.html: is not as `engine compare` left it"):
        publish_side_by_side(found, tmp_path)


def test_the_sentence_says_first_only_where_histories_do() -> None:
    far = compare_side_by_side([make_plan("a", 1), make_plan("b", 2, drift=0.002)], TERMS)
    assert verdict(far).endswith("and is first in 100 % of drawn histories.")
    near = compare_side_by_side([make_plan(name, seed) for seed, name in enumerate("abcd")], TERMS)
    assert "but is first in only" in verdict(near)
    assert verdict(near).endswith("this history cannot tell which is best.")
    apart = compare_side_by_side([make_plan("a", 1), make_plan("b", 2, start="2019-06-03", sessions=400)], TERMS)
    assert "beside its own buy-and-hold" in verdict(apart)


@pytest.mark.parametrize("window", ["same", "other"])
def test_no_name_becomes_markup(window: str) -> None:
    def page(labels: list[str]) -> Skeleton:
        plans = [
            make_plan(label, seed, place=label, sessions=200 + (7 * seed if window == "other" else 0))
            for seed, label in enumerate(labels)
        ]
        return Skeleton(render_side_by_side(compare_side_by_side(plans, TERMS)))

    for names in (
        PAYLOADS[:40],
        [text for text in HOSTILE if len(text) < 100][:40],
        ["x" * 10_000, "\u202eabc", "\x00"],
    ):
        harmless = page([f"plan {n}" for n in range(len(names))])
        found = page(names)
        assert [tag for tag, _ in found.tags] == [tag for tag, _ in harmless.tags]
        assert [{key for key, _ in keys} for _, keys in found.tags] == [
            {key for key, _ in keys} for _, keys in harmless.tags
        ]
        assert not set("".join(found.text)) & {"\u202e", "\x00", "\x1b"}


@pytest.mark.slow
def test_the_command_compares_a_run_with_the_plan_of_a_sweep(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(PLAN.replace("sweep:\n", ""))
    axes = "  axes:\n    strategy.rebalance.month: [january, june]\n"
    (tmp_path / "sweep.yaml").write_text(PLAN + axes)
    engine("run", "run.yaml", cwd=tmp_path)
    engine("sweep", "sweep.yaml", "--no-evidence", cwd=tmp_path)
    done = engine("compare", "runs/small", "runs/small.sweep", "--json", "--out", "page", cwd=tmp_path)
    plain = json.loads(done.stdout)
    assert done.stderr == ""
    assert [one["kind"] for one in plain["plans"]] == ["run", "sweep"]
    assert plain["plans"][0]["cagr"] == plain["plans"][1]["cagr"], "the plan of the sweep is that of the run"
    assert "plan of a sweep" in (tmp_path / "page" / "compare.html").read_text()
    assert "come to the same" in engine("compare", "runs/small", "runs/small.sweep", cwd=tmp_path).stdout


def test_the_page_says_what_plans_are_and_what_money_became(folders: list[Path]) -> None:
    found = read(*folders[1:])
    page = " ".join(" ".join(Skeleton(render_side_by_side(found)).text).split())
    for folder, one in zip(folders[1:], found.standings, strict=True):
        assert one.contestant.plan == json.loads((folder / "summary.json").read_text())["plan_sentence"]
        assert " ".join(one.contestant.plan.split()) in page
        total = one.figures["total_return"]
        assert total is not None
        assert became_text(one) == f"{100_000.0 * (1.0 + total):,.0f}"
        assert became_text(one) in page
    assert page.count("Each plan divided by") == 1
    apart = compare_side_by_side([make_plan("a", 1), make_plan("b", 2, start="2019-06-03", sessions=400)], TERMS)
    assert "Each plan divided by" not in render_side_by_side(apart)


def test_figures_that_differ_do_not_print_alike() -> None:
    assert told_apart([0.00319, 0.00318, 0.001], fmt.percentage_points) == ["+0.319 pp", "+0.318 pp", "+0.100 pp"]
    assert told_apart([0.1, 0.1, 0.2], fmt.percent) == ["10.00 %", "10.00 %", "20.00 %"]
    assert told_apart([0.1, 0.1 + 1e-12], fmt.percent) == ["10.00 %", "10.00 %"], "not to be told apart by digits"


def test_labels_of_pictures_lose_only_whole_words_that_all_have() -> None:
    assert short_labels(["plan-a", "plan-b"]) == ["a", "b"]
    assert short_labels(["us-small-caps", "us-small-caps-three"])[1].endswith("three")
    for names in (["plan", "planet"], ["a", "b"], ["alone"], ["long-name-one", "long-name-one"]):
        assert short_labels(names) == names
