"""What tests of sweeps share: a small sweep on the installed prices, and ways to run it here or as a command."""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

from engine import composition
from engine.backtest.workflow import run_backtest
from engine.core.yaml_document import Document, parse_document
from engine.report.sweep.page import render_sweep
from engine.sweep.batch.run_batch import SWEEP_METRICS
from engine.sweep.chunk import Chunk
from engine.sweep.computation import PreparedSweep, prepare
from engine.sweep.pipeline import SweepOptions, run_sweep
from engine.sweep.variant_lookup import find_variant_config
from engine.sweep.worker import ChunkEvaluator

ROOT = Path(__file__).parents[2]
QUICK = ROOT / "configs" / "sweeps" / "quickstart_sweep.yaml"
ARTICLE = ROOT / "configs" / "sweeps" / "article_space.yaml"

PLAN = """
name: small
data: {source: {kind: sample}}
window: {start: 2018-01-02, end: 2021-12-30}
strategy:
  kind: core_satellite
  core: {QUAL: rest, SIZE: 15%}
  satellites: {HD: 2.5%, JNJ: 2.5%, PG: 2.5%}
  cap: 3%
costs: {kind: percent, rate: 0.1%}
sweep:
"""

SMALL = """
  axes:
    strategy.satellites: {choose: [3, 4], of: [HD, JNJ, PG, UNH], weight: [2%, 3%]}
    strategy.core.SIZE: {from: 5%, to: 25%, step: 10%}
    strategy.rebalance.month: [january, june]
"""

SHARED_METRICS = SWEEP_METRICS[:9]
"""Those that a run has as well."""

FILES = {"config.resolved.yaml", "manifest.json", "report.html", "results.parquet", "summary.json"}


def engine(
    *arguments: object, cwd: Path, check: int | None = 0, limit: int | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, which may not write files above ``limit`` bytes."""
    home = {"XDG_STATE_HOME": str(cwd / "state"), "COLUMNS": "100"}

    def small_files() -> None:
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-m", "engine", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **home, **environment},
        capture_output=True,
        text=True,
        timeout=290,
        check=False,
        preexec_fn=small_files,
    )
    assert check is None or done.returncode == check, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def spanned(sweep: str, plan: str = PLAN):
    """Return config, plan and space of a sweep that is written out."""
    return composition.validate_sweep(parse_document(plan + sweep, "sweep.yaml"))


def sweeping(sweep: str = SMALL, plan: str = PLAN) -> PreparedSweep:
    return prepare(*spanned(sweep, plan), composition.run_config_class)


def swept(sweep: str, folder: Path, plan: str = PLAN, *, resume: bool = False):
    """Run a sweep here, to ``folder``; return what it shows, and its space."""
    terms, prepared = SweepOptions(folder, 1, None, 10**8, resume), sweeping(sweep, plan)
    return run_sweep(prepared, terms, lambda done, total: None, render_sweep), prepared.space


def evaluate_as_own_runs(document: Document) -> tuple[PreparedSweep, Chunk]:
    """Return a sweep with all its points evaluated; each has the figures of its own run, to the bit."""
    sweep = prepare(*composition.validate_sweep(document), composition.run_config_class)
    chunk = ChunkEvaluator(sweep.job).evaluate(0, sweep.points.indices_between(0, sweep.points.count))
    for figures, point in zip(chunk.metrics, chunk.point_numbers.tolist(), strict=True):
        config = find_variant_config(sweep.base_config, sweep.space, str(point), str)
        own = run_backtest(config, intervals=False, parts=False).comparison.strategy.metrics
        expected = [np.nan if (found := own.get(name)) is None else found for name in SHARED_METRICS]
        np.testing.assert_array_equal(figures[: len(SHARED_METRICS)], expected)
    return sweep, chunk


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
