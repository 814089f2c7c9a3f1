"""Packages built in a temporary folder and installed with pip: used by every verb with no file of the engine touched."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.support.cli import engine
from tests.support.plug_in_packages import EQUAL, install, strategy

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples" / "plug_ins"
ESTIMATOR = EXAMPLES.parent / "estimator"
PLAN = """\
name: trend
data: {source: {kind: sample}}
window: {start: 2016-01-04, end: 2019-12-31}
account: {capital: 100000, currency: USD}
strategy: {kind: trend, assets: [QUAL, SIZE, USMV], sessions: 100, rebalance: {kind: every, period: month}}
costs: {kind: per_share, price: 0.005, minimum: 1}
compare: {benchmarks: [{name: three, kind: trend, assets: [QUAL, SIZE], sessions: 50}]}
"""
STEADY = """\
name: steady
data: {source: {kind: steady, growth: {A: 5%, B: 7%}}}
window: {start: 2015-01-02, end: 2019-12-31}
account: {capital: 100000, currency: USD}
strategy: {kind: optimised, core: [A, B], objective: {kind: min_semivariance}}
tax: {kind: wealth_only}
"""
OWN = PLAN.replace("name: trend", "name: own").replace(
    "kind: trend, assets: [QUAL, SIZE, USMV], sessions: 100", "kind: own, assets: [QUAL, SIZE, USMV]"
)
OWN = OWN.replace("costs: {kind: per_share, price: 0.005, minimum: 1}\n", "").partition("compare")[0]

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("_needs_sample")]


@pytest.fixture
def _needs_sample() -> None:
    pytest.importorskip("skfolio", reason="the sample's prices come with skfolio", exc_type=ImportError)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build and install the example packages; return the folder that is to be on the path."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("trend", "parts"):
        source = tmp_path_factory.mktemp("source") / name
        shutil.copytree(EXAMPLES / name, source)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--no-index"]
        done = subprocess.run([*pip, "--target", str(folder), str(source)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return folder


def path_with(*folders: Path) -> dict[str, str]:
    return {"PYTHONPATH": ":".join(map(str, (*folders, ROOT)))}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name, text in (("trend", PLAN), ("steady", STEADY), ("own", OWN)):
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def test_a_plug_in_is_run_validated_listed_and_replayed_like_what_is_built_in(site: Path, home: Path) -> None:
    path = path_with(site)
    told = engine("validate", "trend.yaml", cwd=home, **path).stdout
    assert "held: what is above the mean of its last 100 closes" in told
    assert "orders cost 0.005 a share, at least 1.00" in told
    wrong = engine("validate", "trend.yaml", "--set", "strategy.sesions=3", cwd=home, check=1, **path).stderr
    assert "unknown key 'sesions'; did you mean 'sessions'?" in wrong
    wrong = engine("validate", "trend.yaml", "--set", "strategy.kind=trent", cwd=home, check=1, **path).stderr
    assert "did you mean 'trend'?" in wrong
    wrong = engine("validate", "trend.yaml", "--set", "strategy.most=9", cwd=home, check=1, **path).stderr
    assert "strategy.most: 9 of 3 assets; lower it or leave it out" in wrong
    schema = json.loads(engine("schema", cwd=home, **path).stdout)
    assert {"PerShare", "MinSemivariance", "Steady", "WealthOnly"} <= schema["$defs"].keys()
    assert any(
        name.endswith("Trend") and "sessions" in one["properties"]
        for name, one in schema["$defs"].items()
        if "properties" in one
    )
    assert "gain_to_pain" in schema["$defs"]["Sweep"]["properties"]["rank_by"]["enum"]
    assert "whole number; default 200" in engine("config", "strategy.sessions", cwd=home, **path).stdout
    engine("run", "trend.yaml", "--certify", cwd=home, **path)
    summary = json.loads((home / "runs/trend/summary.json").read_text())
    assert summary["plug_ins"] == {"plan-parts": "1.0", "trend-strategy": "1.0"}
    versions = json.loads((home / "runs/trend/manifest.json").read_text())["versions"]
    assert {name: versions[name] for name in summary["plug_ins"]} == summary["plug_ins"]
    ratio = summary["portfolios"]["strategy"]["gain_to_pain"]
    assert ratio > 0.0
    page = (home / "runs/trend/report.html").read_text()
    assert "Gain to pain" in page
    assert "above the mean of its last 100 closes" in page
    assert "came out the same" in engine("replay", "runs/trend", cwd=home, **path).stdout


def test_another_version_is_named_by_replay(site: Path, home: Path, tmp_path: Path) -> None:
    older = install(tmp_path / "older", "own-versions", strategy(EQUAL), {"strategies.own": "Own"})
    engine("run", "own.yaml", cwd=home, **path_with(older))
    body = "return {self.assets[0]: 1.0}"
    newer = install(tmp_path / "newer", "own-versions", strategy(body), {"strategies.own": "Own"}, "1.1")
    told = engine("replay", "runs/own", cwd=home, check=None, **path_with(newer))
    assert "own-versions: 1.0 then, 1.1 here" in told.stdout


def test_source_objective_and_tax_of_a_plug_in_make_a_run(site: Path, home: Path) -> None:
    engine("run", "steady.yaml", cwd=home, **path_with(site))
    summary = json.loads((home / "runs/steady/summary.json").read_text())
    assert summary["data"]["source"] == "steady growth"
    assert "the account at 0.3 % at each year's end" in summary["tax_law"]
    assert summary["plug_ins"] == {"plan-parts": "1.0"}
    weights = engine("optimise", "steady.yaml", "--json", cwd=home, **path_with(site)).stdout
    assert set(json.loads(weights)["weights"]) >= {"A", "B"}


@pytest.mark.parametrize("how", [[], ["--workers", "2"]], ids=["threads", "processes"])
def test_a_sweep_varies_a_plug_in_s_fields_and_ranks_by_its_metric(site: Path, home: Path, how: list[str]) -> None:
    axes = "sweep: {rank_by: gain_to_pain, axes: {strategy.sessions: [50, 100], strategy.most: ['null', 1], costs.price: [0.005, 0.02]}}\n"
    (home / "trend.yaml").write_text(PLAN + axes)
    engine("sweep", "trend.yaml", *how, cwd=home, **path_with(site))
    table = pq.read_table(home / "runs/trend.sweep/results.parquet").to_pylist()
    assert len(table) == 8
    summary = json.loads((home / "runs/trend.sweep/summary.json").read_text())
    best = max(table, key=lambda row: row["gain_to_pain"])
    assert summary["best"][0]["figures"]["gain_to_pain"] == best["gain_to_pain"]
    engine("run", "trend.yaml", "--variant", summary["best"][0]["id"], cwd=home, **path_with(site))
    folder = next(one.parent for one in (home / "runs").rglob("trades.csv"))
    figures = json.loads((folder / "summary.json").read_text())["portfolios"]["strategy"]
    assert figures["gain_to_pain"] == best["gain_to_pain"]


def test_one_that_fails_ends_every_verb_in_one_line_with_code_1(home: Path, tmp_path: Path) -> None:
    folder = install(tmp_path / "fails", "own-fails", strategy("raise ZeroDivisionError"), {"strategies.own": "Own"})
    path = path_with(folder)
    (home / "swept.yaml").write_text(OWN + "sweep: {axes: {window.start: [2016-01-04, 2017-01-03]}}\n")
    for verb in (["run", "own.yaml"], ["sweep", "swept.yaml"], ["sweep", "swept.yaml", "--workers", "2"]):
        told = engine(*verb, cwd=home, check=1, **path).stderr
        line = next(one for one in told.splitlines() if one.startswith("error: "))
        assert "plug-in own-fails 1.0 (portfolio_engine.strategies: own = own_fails:Own): decide_weights failed" in line
        assert "ZeroDivisionError" in Path(line.rpartition("traceback: ")[2]).read_text()


def test_what_one_prints_is_no_part_of_the_json(home: Path, tmp_path: Path) -> None:
    """When it is imported, when it decides, and from a process that it begins."""
    body = f"import os\nprint('told by the plug-in')\nos.system('echo told by its child')\n{EQUAL}"
    folder = install(
        tmp_path / "prints", "own-prints", "print('told at import')\n" + strategy(body), {"strategies.own": "Own"}
    )
    done = engine("run", "own.yaml", "--json", cwd=home, **path_with(folder))
    assert json.loads(done.stdout)["name"] == "own"
    assert all(one in done.stderr for one in ("told at import", "told by the plug-in", "told by its child"))


def test_a_broken_one_stops_nobody_who_does_not_name_it(home: Path, tmp_path: Path) -> None:
    module = (
        "from engine.analysis.metrics_table import Metric\nBAD = Metric('ratio', 'Bad', lambda p: 1 / 0, 'never')\n"
    )
    folder = install(tmp_path / "bad", "own-bad", module, {"metrics.bad": "BAD", "costs.dear": "Missing"})
    (home / "plain.yaml").write_text(
        OWN.replace("kind: own, assets: [QUAL, SIZE, USMV]", "kind: fixed_mix, weights: {QUAL: 100%}")
    )
    done = engine("run", "plain.yaml", cwd=home, **path_with(folder))
    assert done.stderr.count("warning: plug-in own-bad 1.0 (portfolio_engine.metrics: bad = own_bad:BAD): failed") == 1
    summary = json.loads(next((home / "runs").rglob("summary.json")).read_text())
    assert summary["portfolios"]["strategy"]["bad"] is None


BEST = """
last = len(decision.history.dates)
now = decision.history.prices[-1] if last else prices[0]
gains = {one: prices[min(last, len(prices) - 1), columns[one]] / now[columns[one]] for one in self.assets}
return {max(gains, key=gains.get): 1.0}
"""
FIND = "max((one for one in gc.get_objects() if isinstance(one, Market)), key=lambda one: len(one.dates))"


FRAMES = """
frame = sys._getframe()
while not isinstance(getattr(frame.f_locals.get("state"), "market", None), Market):
    frame = frame.f_back
prices = frame.f_locals["state"].market.prices
"""


@pytest.mark.parametrize(
    ("name", "peek"),
    [
        ("frames", FRAMES),
        ("kept", f"FOUND.append({FIND}) if not FOUND else None\nprices = FOUND[0].prices"),
    ],
)
def test_one_that_peeks_ahead_is_caught_by_the_certificate(name: str, peek: str, home: Path, tmp_path: Path) -> None:
    body = f"columns = decision.history.columns\n{peek}{BEST}"
    module = strategy(body) + "\nFOUND = []\n"
    folder = install(tmp_path / name, f"peek-{name}", module, {"strategies.own": "Own"})
    done = engine("run", "own.yaml", "--certify", cwd=home, check=1, **path_with(folder))
    assert "error: own.yaml: look-ahead: the decision filled on " in done.stderr


def test_the_base_of_what_is_handed_over_shows_nothing_of_the_future(home: Path, tmp_path: Path) -> None:
    peek = "prices, columns = decision.history.prices, decision.history.columns\nwhile isinstance(prices.base, np.ndarray):\n    prices = prices.base"
    body = f"{peek}\nassert len(prices) == len(decision.history.dates)\n{EQUAL}"
    folder = install(tmp_path / "base", "peek-base", strategy(body), {"strategies.own": "Own"})
    engine("run", "own.yaml", cwd=home, **path_with(folder))


def test_the_example_packages_are_typed_strictly(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    modules = [str(one) for folder in (EXAMPLES, ESTIMATOR) for one in folder.rglob("*.py")]
    check = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file",
        str(ROOT / "pyproject.toml"),
        "--cache-dir",
        str(tmp_path),
    ]
    done = subprocess.run([*check, *modules], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
