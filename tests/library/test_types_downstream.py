"""A package of somebody else's sees the types of all that the library has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

EXPECTED = {
    'run("plan.yaml")': "engine.report.run.frames.RunFrames",
    'run({"name": "a"}, "account.capital=1", prices=frame, out="runs")': "engine.report.run.frames.RunFrames",
    'run("plan.yaml").equity': "pandas.DataFrame",
    'run("plan.yaml").returns': "pandas.DataFrame",
    'run("plan.yaml").warnings': "tuple[str, ...]",
    'run("plan.yaml").verdict': "str",
    'run("plan.yaml").plot("growth")': "engine.report.charts.chart.Chart",
    'sweep("plan.yaml")': "engine.library.sweep_frames.SweepFrames",
    'sweep("plan.yaml").results': "pandas.DataFrame",
    'sweep("plan.yaml").evidence': "pandas.DataFrame",
    'sweep("plan.yaml").best': "pandas.DataFrame",
    'sweep("plan.yaml").verdict': "str",
    'sweep("plan.yaml").warnings': "tuple[str, ...]",
    'sweep("plan.yaml").config_of(3)': "engine.backtest.config.RunConfig[",
    'run(sweep("plan.yaml").config_of(3))': "engine.report.run.frames.RunFrames",
    'optimise("plan.yaml", as_of="2020-01-02")': "engine.library.allocation_frames.AllocationFrames",
    'optimise("plan.yaml").weights': "pandas.Series[float]",
    'optimise("plan.yaml").frontier': "pandas.DataFrame",
    'optimise("plan.yaml").plot()': "engine.report.charts.chart.Chart",
    'validate("plan.yaml")': "engine.library.validation.Validation",
    'validate("plan.yaml").config.account.capital': "float",
    'validate("plan.yaml").lines': "tuple[str, ...]",
    'data("plan.yaml", fetch=True)': "engine.library.price_frames.PriceFrames",
    'data("plan.yaml").closes': "pandas.DataFrame",
    'data("plan.yaml").quality': "pandas.DataFrame",
    'data("plan.yaml").fetched': "pandas.DataFrame",
    'orders("plan.yaml", holdings={"SPY": 3.0})': "engine.library.order_frames.OrderFrames",
    'orders("plan.yaml", holdings="depot.csv").orders': "pandas.DataFrame",
    'orders("plan.yaml", holdings="depot.csv").drift': "pandas.DataFrame",
    'orders("plan.yaml", holdings="depot.csv").due': "tuple[str, ...]",
    'luck("plan.yaml")': "engine.library.luck_frames.LuckFrames",
    'luck("plan.yaml").spreads': "pandas.DataFrame",
    'luck("plan.yaml").chances': "pandas.Series[float]",
    'luck("plan.yaml").verdict': "str",
    "EngineError": "type[engine.core.errors.EngineError]",
}
"""What is revealed of each expression; the beginning of it."""


@pytest.mark.slow
def test_mypy_strict_sees_every_type_of_the_library_from_outside(tmp_path: Path) -> None:
    """No part of it is Any, and neither function that is a room too is lost."""
    pytest.importorskip("mypy", reason="mypy is not installed")
    package = tmp_path / "theirs"
    package.mkdir()
    (package / "py.typed").touch()
    (package / "__init__.py").touch()
    lines = ["import pandas as pd", "import engine", "from engine import EngineError", "", "frame = pd.DataFrame()"]
    first, names = len(lines) + 1, ("run", "sweep", "optimise", "validate", "data", "orders", "luck")
    for expression in EXPECTED:
        whole = expression
        for name in names:
            whole = whole.replace(f"{name}(", f"engine.{name}(") if whole.startswith(f"{name}(") else whole
        lines.append(f"reveal_type({whole.replace('run(sweep(', 'run(engine.sweep(')})")
    (package / "uses.py").write_text("\n".join([*lines, ""]), encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--no-error-summary",
            "--cache-dir",
            str(tmp_path / "cache"),
            "theirs",
        ],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=290,
        check=False,
    )
    own = [line for line in done.stdout.splitlines() if line.startswith("theirs/")]
    assert not [line for line in own if ": error:" in line], done.stdout
    told = {int(line.split(":")[1]): line.partition('Revealed type is "')[2].rstrip('"') for line in own}
    for at, (expression, kind) in enumerate(EXPECTED.items(), first):
        found = told[at].replace("builtins.", "").replace("def (*lines: str) -> ", "")
        assert "Any" not in found, f"{expression}: {found}"
        assert kind.rpartition(".")[2].rstrip("]") in found, f"{expression}: {found}"
