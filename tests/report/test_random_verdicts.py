"""Random runs, whose terminal text and page are read back: no word contradicts its figures."""

from __future__ import annotations

import html
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.backtest.outputs import RunResult
from engine.backtest.plan_words.sentence import MAX_CHARACTERS
from engine.backtest.workflow import run_backtest
from engine.composition import load_run
from engine.core.errors import EngineError
from engine.report.run.page import build_run_report
from engine.report.run.terminal import print_run
from tests.support.verdicts import contradictions, verdict_faults

NAMES = ("AAA", "BBB", "CCC", "DDD", "EEE")
SENTENCE = re.compile(r'<p class="verdict[a-z ]*">(.*?)</p>', re.DOTALL)


def write_closes(rng: random.Random, folder: Path) -> None:
    """Write a market of random length: walks, lines, twins, late listings, and now and then a fall to nearly nothing."""
    count = rng.choice([20, 45, 60, 62, 120, 251, 300, 520, 800, 1100])
    noise = np.random.default_rng(rng.getrandbits(32))
    scale = rng.choice([0.0, 1e-9, 1e-6, 0.002, 0.012, 0.04])
    shared = noise.normal(0.0003, 0.01, count) * rng.choice([0.0, 1.0, 1.0])
    closes = 100.0 * np.cumprod(1.0 + shared[:, np.newaxis] + noise.normal(0.0, scale, (count, len(NAMES))), axis=0)
    if rng.random() < 0.15:
        closes[rng.randrange(count) :, 0] *= 1e-6
    if rng.random() < 0.3:
        closes[:, 1] = closes[:, 0]
    days = np.arange(np.datetime64("2018-01-01"), np.datetime64("2024-12-31"))
    days = days[np.is_busday(days)][:count]
    late = rng.choice([0, 0, rng.randrange(count)])
    rows = [
        ",".join(
            [
                str(day),
                *(
                    "" if name == "EEE" and at < late else repr(float(close))
                    for name, close in zip(NAMES, row, strict=True)
                ),
            ]
        )
        for at, (day, row) in enumerate(zip(days, closes, strict=True))
    ]
    (folder / "p.csv").write_text("\n".join([",".join(("date", *NAMES)), *rows, ""]))


def random_plan(rng: random.Random) -> str:
    """Return a plan of a few assets, with any costs, flows and benchmarks."""
    weights = rng.choice(["AAA: 100%", "AAA: 50%, BBB: 50%", "AAA: 60%, CCC: 25%, EEE: 15%", "DDD: 40%, EEE: 60%"])
    kinds = ["kind: buy_and_hold", "kind: fixed_mix, rebalance: {kind: every, period: month}"]
    costs = ["none", "percent, rate: 0.3%", "percent, rate: 5%", "per_order, minimum: 9.9", "per_order, fixed: 5"]
    flows = rng.choice(
        ["", ", contributions: {amount: 50, every: month}", ", contributions: {amount: -5, every: month}"]
    )
    return "\n".join(
        (
            "name: random",
            "data: {source: {kind: files, path: p.csv, closes: adjusted}}",
            f"account: {{capital: {rng.choice([500, 2000, 100000])}{flows}}}",
            f"strategy: {{{rng.choice(kinds)}, weights: {{{weights}}}}}",
            f"costs: {{kind: {rng.choice(costs)}}}",
            f"compare: {{buy_and_hold: {rng.choice(['true', 'false'])}, benchmarks: [{rng.choice(['', 'AAA', 'BBB, EEE'])}]}}",
            f"evidence: {{draws: 100, level: {rng.choice([80, 95, 99])}%}}",
        )
    )


def said(run: RunResult, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what a run prints, a paragraph an item."""
    capsys.readouterr()
    print_run(run, Path("runs"), trades=False, tried=0)
    text = re.sub(r"\n {3,}(?=\S)", " ", capsys.readouterr().out)
    return [line.removeprefix(" - ") for line in text.splitlines()]


def find_faults(run: RunResult, lines: list[str], page: str, written: dict[str, Any]) -> Iterator[str]:
    """Yield what contradicts the figures among all that is said of differences, in print, on the page and as data."""
    versus, told = run.summary.versus, written["verdict"]
    exact = {
        name: {"cagr_difference": one.cagr_difference, "cagr_difference_interval": one.cagr_difference_interval}
        for name, one in versus.items()
    }
    printed = [line for line in lines if line.startswith("The plan ")]
    sentence = told["sentence"].replace("\N{MINUS SIGN}", "-")
    if page != told["sentence"] or printed != [sentence]:
        yield f"summary.json says '{sentence}', the page '{page}', the terminal {printed}"
    yield from verdict_faults(told)
    for rival in list(versus)[:1]:
        one, figures = versus[rival], told["figures"]
        mine = (figures["difference"], figures["interval"], figures["years"], figures["sessions"])
        bounds = one.cagr_difference_interval
        if mine != (one.cagr_difference, bounds and list(bounds), one.years, one.sessions):
            yield f"the verdict rests on {figures}, the comparison on {one}"
        if (one.start > run.summary.window.start) != ("since" in figures) or figures["level"] != run.config["evidence"][
            "level"
        ]:
            yield f"since, or level: {figures}"
    plan = written["plan_sentence"]
    if plan not in lines or len(plan) > MAX_CHARACTERS:
        yield f"the plan is '{plan}', printed otherwise"
    rows = {line.partition("against ")[2].partition(":")[0]: line for line in lines if line.startswith("CAGR against")}
    if set(rows) != {
        name for name in list(versus)[1:] if versus[name].years >= 1.0 or versus[name].total_return is None
    }:
        yield f"rows of {set(rows)}, differences to {set(versus)}"
    for name, line in rows.items():
        yield from contradictions(line, exact[name])


def check_runs(seeds: range, folder: Path, capsys: pytest.CaptureFixture[str]) -> int:
    """Run the plan of each seed and return how many had a difference; fail on any contradiction."""
    compared, faults = 0, list[str]()
    for seed in seeds:
        rng = random.Random(seed)
        write_closes(rng, folder)
        (folder / "plan.yaml").write_text(random_plan(rng))
        try:
            run = run_backtest(load_run(folder / "plan.yaml"))
        except EngineError:
            continue
        run.write(folder / "run")
        page = SENTENCE.search(build_run_report(folder / "run").read_text())
        sentence = html.unescape(page[1]).replace("\N{NO-BREAK SPACE}", " ") if page else ""
        written = json.loads((folder / "run" / "summary.json").read_text())
        faults += [f"seed {seed}: {fault}" for fault in find_faults(run, said(run, capsys), sentence, written)]
        compared += any(one.cagr_difference is not None for one in run.summary.versus.values())
    assert faults == []
    return compared


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_no_word_contradicts_its_figures(wide: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A few random runs say what their figures say."""
    assert check_runs(range(12), wide, capsys) >= 5


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_no_word_contradicts_its_figures_in_1000_runs(wide: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A thousand random runs say what their figures say."""
    assert check_runs(range(1000, 2300), wide, capsys) >= 1000
