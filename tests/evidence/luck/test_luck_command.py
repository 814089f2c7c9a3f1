"""``engine luck``: what it prints and writes, and the one line of what it cannot tell."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine import cli
from engine.backtest.manifest import is_manifest_sealed
from engine.backtest.output_folders import LUCK_KIND, folder_kind
from engine.composition import load_run, measure_luck
from engine.evidence.luck.summary import LuckManifest, LuckSummary
from tests.support.configs import QUICK

SHORT = ("--set", "window.end=2017-06-30", "--set", "evidence.draws=100")
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(name="engine")
def engine_fixture(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    def engine(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["engine", *words])
        code = cli.main()
        return code, *capsys.readouterr()

    return engine


def test_it_prints_its_parts_and_writes_signed_files(tmp_path: Path, engine: Command) -> None:
    code, out, _ = engine("luck", str(QUICK), *SHORT, "--out", str(tmp_path))
    assert code == 0
    for heading in ("Timing luck", "Start luck", "Pick luck", "Path luck"):
        assert heading in out
    folder = tmp_path / "quickstart.luck"
    assert folder_kind(folder) == LUCK_KIND
    content = (folder / "manifest.json").read_bytes()
    assert is_manifest_sealed(content)
    manifest = LuckManifest.model_validate_json(content)
    for name in ("summary.json", "config.resolved.yaml"):
        assert manifest.files[name] == manifest.sign(name, (folder / name).read_bytes()).files[name]
    summary = LuckSummary.model_validate_json((folder / "summary.json").read_text())
    assert set(summary.missing) == {"pick"}
    assert set(manifest.files) == {"summary.json", "config.resolved.yaml", "report.html"}
    page = (folder / "report.html").read_bytes()
    (folder / "report.html").unlink()
    assert engine("report", str(folder))[:2] == (0, f"{folder / 'report.html'}\n")
    assert (folder / "report.html").read_bytes() == page
    assert (folder / "manifest.json").read_bytes() == content
    again = engine("luck", str(QUICK), *SHORT, "--out", str(tmp_path), "--json")[1]
    assert json.loads(again) == json.loads((folder / "summary.json").read_text())


def test_a_plan_that_cannot_be_run_says_so_once(tmp_path: Path, engine: Command) -> None:
    """Every part fails for the same reason, which is one line, and no folder is written."""
    spent = ("--set", "account.contributions={amount: -9000, every: month}")
    code, _, err = engine("luck", str(QUICK), *SHORT, *spent, "--out", str(tmp_path))
    assert code == 1
    assert err.count("write account.when_spent: stop") == 1
    assert "timing, start, path luck: " in err
    assert not list(tmp_path.iterdir())


def test_a_folder_of_another_kind_is_refused(tmp_path: Path, engine: Command) -> None:
    place = tmp_path / "quickstart.luck"
    place.mkdir()
    (place / "summary.json").write_text("{}")
    code, _, err = engine("luck", str(QUICK), *SHORT, "--out", str(tmp_path))
    assert code == 1
    assert "is no luck's and would be replaced" in err


def test_a_universe_that_is_no_file_is_one_line(tmp_path: Path, engine: Command) -> None:
    code, _, err = engine("luck", str(QUICK), *SHORT, "--out", str(tmp_path), "--universe", str(tmp_path / "none.csv"))
    assert code == 1
    assert err.count("\n") == 1
    assert "none.csv" in err


def test_no_part_at_all_is_a_fault_with_every_reason(tmp_path: Path, engine: Command) -> None:
    overrides = ("--set", "window.end=2014-02-28", "--set", "strategy.rebalance={kind: never}")
    code, _, err = engine("luck", str(QUICK), *overrides, "--out", str(tmp_path))
    assert code == 1
    assert [line.split(" luck:")[0].split()[-1] for line in err.splitlines()] == ["timing", "start", "pick", "path"]


def test_inflation_is_that_of_the_common_sessions_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "cpi.csv"
    file.write_text("date,value\n2013-12-01,100\n2014-01-01,110\n2015-01-01,\n2017-06-01,121\n")
    overrides = ("window.end=2017-06-30", "evidence.draws=100", f"compare.inflation={{path: {file}}}")
    found = measure_luck(load_run(QUICK, overrides)).path
    assert found is not None
    years = (np.datetime64("2017-06-30") - np.datetime64("2014-01-02")) / np.timedelta64(1, "D") / 365.25
    assert found.inflation == pytest.approx(1.1 ** (1.0 / float(years)) - 1.0, rel=1e-14)
    assert found.below_inflation is not None
    assert found.below_inflation >= found.below_capital
    shares = []
    for last in ("100", "100000"):
        file.write_text(f"date,value\n2014-01-01,100\n2017-06-01,{last}\n")
        path = measure_luck(load_run(QUICK, overrides)).path
        assert path is not None
        shares.append(path.below_inflation)
    assert shares == [found.below_capital, 1.0]
    short = tmp_path / "short.csv"
    short.write_text("date,value\n2014-06-01,100\n")
    early = load_run(QUICK, (*overrides[:2], f"compare.inflation={{path: {short}}}"))
    assert "its first value is of 2014-06-01" in measure_luck(early).missing["path"]
