"""Random runs, whose terminal text and page are read back: no word contradicts its figures."""

from __future__ import annotations

import html
import random
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.backtest.outputs import RunResult
from engine.backtest.workflow import run_backtest
from engine.composition import load_run
from engine.core.errors import EngineError
from engine.report.run.page import build_run_report
from engine.report.run.terminal import print_run
from tests.support.verdicts import contradictions

NAMES = ("AAA", "BBB", "CCC", "DDD", "EEE")
SENTENCE = re.compile(r'<p class="verdict">(.*?)</p>', re.DOTALL)


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


def find_faults(run: RunResult, lines: list[str], sentence: str) -> Iterator[str]:
    """Yield what contradicts the figures among all that is said of differences."""
    versus = run.summary.versus
    exact = {
        name: {"cagr_difference": one.cagr_difference, "cagr_difference_interval": one.cagr_difference_interval}
        for name, one in versus.items()
    }
    told = [line for line in lines if line.startswith("The plan ")]
    if len(told) != 1 or sentence != told[0]:
        yield f"the page says '{sentence}', the terminal {told}"
    for rival in list(versus)[:1]:
        yield from contradictions(told[0], exact[rival])
        if versus[rival].years < 1.0 and "grew" in told[0]:
            yield f"a part of a year is judged: {told[0]}"
    rows = {line.partition("against ")[2].partition(":")[0]: line for line in lines if line.startswith("CAGR against")}
    if set(rows) != set(list(versus)[1:]):
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
        sentence = html.unescape(page[1]).replace("\N{MINUS SIGN}", "-") if page else ""
        faults += [f"seed {seed}: {fault}" for fault in find_faults(run, said(run, capsys), sentence)]
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
@pytest.mark.timeout(3600)
def test_no_word_contradicts_its_figures_in_500_runs(wide: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Five hundred random runs say what their figures say."""
    assert check_runs(range(1000, 1650), wide, capsys) >= 500
