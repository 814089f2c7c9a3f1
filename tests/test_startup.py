"""A command loads what its verb needs and nothing else: libraries are most of what a short command takes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import engine

QUICK = Path("configs/quickstart.yaml").resolve()
ARITHMETIC = """name: arithmetic
data: {source: {kind: sample}}
claims:
- {sentence: 1 % is 20 %, compute: {kind: compounding, rate: 1%, years: 20}, claimed: 20%}
"""
COMPILER = {"numba", "llvmlite"}
SOLVERS = {"cvxpy", "clarabel", "osqp", "sklearn", "skfolio"}
RARE = {"pandas", "vectorbt", "arch", "exchange_calendars", "yfinance", "distributed", "pyarrow.compute"}


def modules_loaded_by(*arguments: object, cwd: Path) -> set[str]:
    """Run a verb in a process of its own and return the names of all modules that it has loaded."""
    code = (
        "import sys; from engine.cli import main; code = main(); print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    home = {"PORTFOLIO_ENGINE_STORE": str(cwd / "store"), "XDG_STATE_HOME": str(cwd / "state")}
    job = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(job, cwd=cwd, env={**os.environ, **home}, capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder where a run has been made, so that kernels are compiled, and a check, which keeps the exchange's calendar."""
    folder = tmp_path_factory.mktemp("home")
    engine("run", QUICK, cwd=folder)
    engine("validate", QUICK, cwd=folder)
    (folder / "claims.yaml").write_text(ARITHMETIC)
    return folder


@pytest.mark.parametrize(
    ("arguments", "needless"),
    [
        (["--help"], {"numpy", "pydantic", "yaml", "rich", "strategies", "engine.backtest", "engine.simulation"}),
        (["run", "--help"], {"numpy", "yaml", "rich", "strategies", "engine.backtest", "engine.simulation"}),
        (["validate", QUICK], {"pyarrow", "jinja2", "scipy", "engine.sweep"} | COMPILER | SOLVERS | RARE),
        (["schema"], {"jinja2", "scipy"} | COMPILER | SOLVERS | RARE),
        (["data", "check", QUICK], {"jinja2", "scipy", "engine.sweep"} | COMPILER | SOLVERS | RARE),
        (["claims", "claims.yaml"], {"pyarrow", "jinja2", "scipy", "engine.sweep"} | COMPILER | SOLVERS | RARE),
        (["run", QUICK], {"scipy.optimize", "scipy.stats", "scipy.sparse", "engine.sweep"} | SOLVERS | RARE),
    ],
    ids=lambda value: " ".join(map(str, value))[:10] if isinstance(value, list) else "",
)
def test_a_verb_loads_nothing_that_it_does_not_need(arguments, needless: set[str], home: Path) -> None:
    assert modules_loaded_by(*arguments, cwd=home) & needless == set()


def test_a_report_is_built_anew_without_solvers_or_strategies(home: Path) -> None:
    (page,) = (home / "runs").rglob("report.html")
    before = page.read_bytes()
    page.write_text("old")
    needless = {"scipy.optimize", "strategies", "engine.optimisation.optimiser"} | SOLVERS | RARE
    assert modules_loaded_by("report", page.parent, cwd=home) & needless == set()
    assert page.read_bytes() == before
