"""The evidence of whole sweeps: its sections against what they say of the table, and the sentence against all of them."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine import composition
from engine.backtest.workflow import run_backtest
from engine.core.yaml_document import parse_document
from engine.evidence.overfitting import probability_of_overfitting
from engine.report.sweep.axis_titles import axis_titles
from engine.report.sweep.evidence import evidence_lines, list_tests, region_text, trials_text
from engine.report.sweep.page import render_sweep
from engine.report.sweep.terminal import print_sweep
from engine.sweep.computation import prepare
from engine.sweep.evidence_record import RegionAxis, RegionRecord, RegionValue
from engine.sweep.pipeline import SweepOptions, run_sweep
from engine.sweep.summary import SweepSummary
from engine.sweep.variant_lookup import find_variant_config
from tests.evidence.test_verdict_sentence import agrees, read_sentence
from tests.support.lucky_sweeps import lucky_sweep, sweep_with_a_still_asset
from tests.support.sweeps import PLAN, SMALL, sweeping


def run_with_evidence(text: str, folder: Path, threads: int = 1) -> SweepSummary:
    """Run a sweep that is written out to ``folder``, with its evidence."""
    loaded = composition.validate_sweep(parse_document(text, "sweep.yaml"))
    terms = SweepOptions(folder, threads, None, 10**8, resume=False)
    examine = composition.sweep_examination(threads)
    sweep = prepare(*loaded, composition.run_config_class)
    return run_sweep(sweep, terms, lambda done, total: None, render_sweep, examine)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[SweepSummary, pd.DataFrame, Path]:
    """A small sweep with its evidence, and its table."""
    folder = tmp_path_factory.mktemp("evidence") / "small.sweep"
    summary = run_with_evidence(PLAN + SMALL, folder)
    return summary, pd.read_parquet(folder / "results.parquet").reset_index(), folder


def _sweeps(seeds: Iterable[int], folder: Path) -> dict[bool | None, int]:
    """Run random sweeps; return how many claimed what, each sentence found to say what its figures say."""
    claims: dict[bool | None, int] = {}
    for seed in seeds:
        summary = run_with_evidence(lucky_sweep(seed, folder), folder / f"{seed}.sweep")
        evidence = json.loads((folder / f"{seed}.sweep" / "summary.json").read_text())["evidence"]
        assert agrees(evidence), (seed, evidence)
        sections = set(evidence) - {"sentence", "level", "trials", "missing"}
        absent = {name for name in sections if evidence[name] is None}
        assert set(evidence["missing"]) == absent, (seed, evidence)
        assert evidence["trials"]["compared"] == summary.sweep.compared
        claim = read_sentence(evidence["sentence"])[1]
        claims[claim] = claims.get(claim, 0) + 1
    return claims


def test_sentences_of_a_few_random_sweeps_say_what_their_figures_say(tmp_path: Path) -> None:
    """A reader of sentence and figures finds them agreeing; all three kinds of sentence are among them."""
    assert _sweeps([*range(5, 12), 30], tmp_path).keys() == {True, False, None}


@pytest.mark.slow
def test_sentences_of_300_random_sweeps_say_what_their_figures_say(tmp_path: Path) -> None:
    """Some 60 s on an idle core."""
    claims = _sweeps(range(300), tmp_path)
    assert sum(claims.values()) == 300
    assert min(claims.values()) >= 20


def test_threads_and_evidence_change_no_bit_of_the_rest(small, tmp_path: Path) -> None:
    """With 3 threads the same bytes; without evidence the same but for its key, its place on the page and digests."""
    summary, _, folder = small
    run_with_evidence(PLAN + SMALL, tmp_path / "three.sweep", threads=3)
    for name in ("summary.json", "results.parquet", "report.html", "config.resolved.yaml"):
        assert (tmp_path / "three.sweep" / name).read_bytes() == (folder / name).read_bytes()
    terms = SweepOptions(tmp_path / "without.sweep", 1, None, 10**8, resume=False)
    run_sweep(sweeping(), terms, lambda done, total: None, render_sweep)
    plain, whole = (json.loads((place / "summary.json").read_text()) for place in (terms.folder, folder))
    assert whole.pop("evidence")["sentence"] == summary.evidence.sentence
    assert plain == whole
    assert (terms.folder / "results.parquet").read_bytes() == (folder / "results.parquet").read_bytes()
    assert "better than luck" not in (terms.folder / "report.html").read_text()


def test_the_best_of_the_first_half_is_looked_up_in_the_second(small) -> None:
    """Sharpe ratios of both halves from the daily returns of each variant's own run, by pandas."""
    summary, table, _ = small
    sweep, halves = sweeping(), []
    for point in table["point"].tolist():
        run = run_backtest(find_variant_config(sweep.base_config, sweep.space, str(point), str), intervals=False)
        returns = pd.Series(run.comparison.strategy.ledger.value).pct_change().dropna()
        cut = 8 * len(returns) // 16
        halves.append([part.mean() / part.std() * math.sqrt(252) for part in (returns[:cut], returns[cut:])])
    first, second = np.array(halves).T
    row, found = int(first.argmax()), summary.evidence.halves
    assert found.first == pytest.approx(first[row], abs=1e-9)
    assert found.second == pytest.approx(second[row], abs=1e-9)
    assert found.rank == 1 + int((second > second[row]).sum())
    assert found.better_than == pytest.approx((second < second[row]).sum() / (len(second) - 1))
    assert found.median == pytest.approx(float(np.median(second)), abs=1e-9)


def test_each_january_the_best_of_whole_periods_before_it_is_held(small) -> None:
    """The walk forward again, from daily returns of every variant's own run, by pandas and loops."""
    summary, table, _ = small
    sweep, sums = sweeping(), []
    for point in table["point"].tolist():
        run = run_backtest(find_variant_config(sweep.base_config, sweep.space, str(point), str), intervals=False)
        ledger = run.comparison.strategy.ledger
        returns = pd.Series(ledger.value, index=ledger.dates).pct_change().dropna()
        sums.append([returns[begin : begin + 21].sum() for begin in range(0, len(returns) - 10, 21)])
        last = [returns.index[min(begin + 20, len(returns) - 1)].year for begin in range(0, len(returns) - 10, 21)]
    periods, held, chosen = np.array(sums), [], []
    for at in range(12, periods.shape[1]):
        if last[at] != last[at - 1]:
            before = periods[:, :at]
            chosen.append(int((before.mean(axis=1) / before.std(axis=1, ddof=1)).argmax()))
        if chosen:
            held.append(periods[chosen[-1], at])
    found = summary.evidence.forward
    assert found.periods == len(held)
    years = (len(returns) - 21 * (periods.shape[1] - len(held))) / 252  # the last period has fewer sessions
    assert found.choice.yearly_return == pytest.approx(sum(held) / years, abs=1e-12)
    assert found.choice.sharpe == pytest.approx(np.mean(held) / np.std(held, ddof=1) * math.sqrt(12), abs=1e-9)
    ids = {summary.evidence.best.id} if len(set(chosen)) == 1 else set(found.chosen.values())
    assert len(ids) == len(set(chosen))
    average = periods[:, -len(held) :].mean(axis=0)
    assert found.average.yearly_return == pytest.approx(average.sum() / years, abs=1e-12)


def test_a_variant_that_earns_the_same_each_day_takes_no_part_in_overfitting(tmp_path: Path) -> None:
    """Sixteen variants, one of them without any return: the figures are those of the others alone."""
    found = run_with_evidence(sweep_with_a_still_asset(tmp_path, 0.01), tmp_path / "a.sweep")
    table = pd.read_parquet(tmp_path / "a.sweep" / "results.parquet")
    assert table["sharpe"].isna().tolist() == [True] + [False] * 15
    rest = table[1:]
    sums = [rest[[f"{kind}_sum_{block:02d}" for block in range(16)]].to_numpy().T for kind in ("return", "square")]
    count = int(table["sessions"].iloc[0]) - 1
    alone = probability_of_overfitting(*sums, np.diff([block * count // 16 for block in range(17)]))
    assert 0.1 < alone.probability < 1.0
    assert found.evidence.overfitting.probability == alone.probability
    assert found.evidence.overfitting.mean_logit == alone.mean_logit


def test_where_nothing_varies_nothing_is_overfit_and_nothing_chosen(tmp_path: Path) -> None:
    """Each says why."""
    missing = run_with_evidence(sweep_with_a_still_asset(tmp_path, 0.0), tmp_path / "a.sweep").evidence.missing
    assert missing["overfitting"] == "fewer than two variants have a Sharpe ratio"
    assert missing["forward"] == "there is a January before which no variant's returns vary"


def _is_step(one: pd.Series, other: pd.Series) -> bool:
    """Tell whether two variants of the small sweep are one step apart: one axis, one step or one name."""
    names = [set(row["strategy.satellites"].split()) for row in (one, other)]
    exchanged = len(names[0]) == len(names[1]) and len(names[0] & names[1]) == len(names[0]) - 1
    heavier = one["strategy.satellites.weight"] != other["strategy.satellites.weight"]
    basket = exchanged and not heavier, names[0] == names[1] and heavier
    size = abs(one["strategy.core.SIZE"] - other["strategy.core.SIZE"])
    month = one["strategy.rebalance.month"] != other["strategy.rebalance.month"]
    same = names[0] == names[1] and not heavier
    return (
        (any(basket) and size == 0.0 and not month)
        or (same and abs(size - 0.1) < 1e-9 and not month)
        or (same and size == 0.0 and month)
    )


def test_the_plateau_pick_has_the_best_worst_neighbour(small) -> None:
    """Neighbours of every variant by comparing all pairs of rows."""
    summary, table, _ = small
    rows, figures = [row for _, row in table.iterrows()], table["sharpe"].to_numpy()
    worst = np.array(
        [
            min(figures[k] for k, other in enumerate(rows) if k != at and _is_step(one, other))
            for at, one in enumerate(rows)
        ]
    )
    found, best = summary.evidence.plateau, int(figures.argmax())
    assert found.figure == figures[best]
    assert found.worst_neighbour == worst[best]
    assert summary.evidence.region.count == len(rows)  # all are in the region, so all may be picked
    assert (found.pick_figure, found.pick_worst_neighbour) == (figures[worst.argmax()], worst.max())
    assert found.ordered_axes == ("strategy.core.SIZE",)
    assert found.edges == ("strategy.core.SIZE",)
    assert len(found.neighbours) == sum(_is_step(rows[best], other) for other in rows)


def test_the_region_counts_what_the_effects_count(small) -> None:
    """As many as ``near_best``, and of each value its share."""
    summary, _, _ = small
    region = summary.evidence.region
    assert region.count == summary.near_best
    for name, axis in region.axes.items():
        values = {one.label: one.near_best / one.count for one in summary.effects[name].values}
        assert {one.label: one.share for one in axis.listed} == values


@pytest.mark.parametrize(
    ("change", "section", "reason"),
    [
        ("choose: [3, 4]", "superiority", "fewer than 12 variants have the plan's sessions"),
        ("end: 2021-12-30", "overfitting", "too few sessions for 16 blocks"),
        ("end: 2021-12-30", "superiority", "fewer than 24 periods of 21 sessions"),
        ("2021-12-30", "forward", "fewer than 12 periods follow the first January with as many before it"),
        ("costs:", "superiority", "there is no buy-and-hold to compare with: compare.buy_and_hold is false"),
        ("mode", "plateau", "points of a sample have no neighbours"),
    ],
)
def test_what_cannot_be_tested_says_why_in_one_line(change: str, section: str, reason: str, tmp_path: Path) -> None:
    """The other figures are there."""
    text = {
        "choose: [3, 4]": (PLAN + SMALL).replace("choose: [3, 4]", "choose: [4]").replace("[2%, 3%]", "[2%]"),
        "end: 2021-12-30": (PLAN + SMALL).replace("end: 2021-12-30", "end: 2018-02-09"),
        "2021-12-30": (PLAN + SMALL).replace("end: 2021-12-30", "end: 2020-03-31"),
        "costs:": (PLAN + SMALL).replace("costs:", "compare: {buy_and_hold: false}\ncosts:"),
        "mode": PLAN + "\n  mode: {kind: random, samples: 40, seed: 1}" + SMALL,
    }[change]
    evidence = run_with_evidence(text, tmp_path / "small.sweep").evidence
    assert evidence.missing[section] == reason
    assert getattr(evidence, section) is None
    assert evidence.trials.compared > 0


def test_terminal_and_page_have_the_sentence_every_test_and_every_line(small, capsys) -> None:
    """The same words on both: names of tests, what they answer, halves, walk forward, plateau and region."""
    summary, _, folder = small
    print_sweep(summary, sweeping().space, folder, tried=0)
    printed = " ".join(capsys.readouterr().out.split())
    page = " ".join(html.unescape((folder / "report.html").read_text()).split()).replace("\u2212", "-")
    evidence = summary.evidence
    assert f"Is the best better than luck? {evidence.sentence}" in printed
    titles = axis_titles(summary.effects, summary.sweep.baskets)
    for place, of in ((printed, {}), (page, titles)):
        for told in [evidence.sentence, trials_text(evidence), *(line for _, line in evidence_lines(evidence, of))]:
            assert told in place
    rows = list_tests(evidence)
    assert len({row.test for row in rows}) == 6
    for row in rows:
        assert all(words in printed for words in (row.test.split()[0], row.p))
        assert all(words in page for words in (row.test, row.asks, row.answer, row.p, row.convention))


def test_the_p_of_the_sentence_is_the_first_of_the_table_to_the_same_digits(small) -> None:
    """Whoever looks for it finds it at once, and not another rounding of it."""
    evidence = small[0].evidence
    assert evidence.sentence.endswith((f"p = {list_tests(evidence)[0].p}).", f"p {list_tests(evidence)[0].p})."))


def test_the_region_names_for_each_axis_the_value_that_has_fewest(small) -> None:
    """Axes whose values all have about as many are left out, and values that have none are counted."""
    axes = {
        "a": RegionAxis(3, 1, 0, 0.0, tuple(RegionValue(str(one), share) for one, share in ((1, 0.6), (2, 0), (3, 0)))),
        "b": RegionAxis(2, 2, 0, 0.49, (RegionValue("x", 0.49), RegionValue("y", 0.5))),
    }
    told = region_text(RegionRecord("sharpe", 1000, 0.5, axes))
    assert told.endswith("; fewest by axis: a 2 (0 %, as of 1 more of its values)")
    told = region_text(RegionRecord("sharpe", 1000, 0.5, {"b": axes["b"]}))
    assert told.endswith("this history, of every value about as many")
    for lowest, each in ((1.0, "all"), (0.93, "93.0 % or more")):
        level = RegionAxis(2, 1, 0, lowest, (RegionValue("x", lowest),))
        told = region_text(RegionRecord("sharpe", 36, 1.0, {"b": level}))
        assert told.endswith(f"this history, {each} of each value of an axis: nothing is chosen by this history")


def test_a_test_that_was_not_made_is_printed_with_its_reason(small) -> None:
    """No p value stands beside it, and no line is empty."""
    summary, _, _ = small
    sections = ("deflated_sharpe", "overfitting", "superiority", "step_m", "romano_wolf", "halves", "forward")
    reasons = dict.fromkeys([*sections, "plateau", "region"], "why not")
    evidence = summary.evidence.model_copy(update={**dict.fromkeys(reasons), "missing": reasons})
    assert {(row.answer, row.p) for row in list_tests(evidence)} == {("not made: why not", "\u2013")}
    assert {line for _, line in evidence_lines(evidence)} == {"not made: why not"}
