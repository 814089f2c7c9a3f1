"""Whatever verb is called: files of somebody else's around everything that the engine writes stay as they are."""

from __future__ import annotations

import os
import random
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from engine import cli
from engine.core.cache_folder import PRIVATE_FOLDER, remove_stale_caches
from engine.core.errors import EngineError
from engine.report import template_cache
from engine.simulation.kernel import jit
from tests.support.folder_state import folder_state
from tests.support.litter import leave_litter
from tests.support.yahoo_server import FakeYahoo, made_up, redirect, serving

PLAN = """
name: plan
data: {source: {kind: sample}}
window: {start: 2019-01-02, end: 2019-06-28}
strategy: {kind: fixed_mix, weights: {QUAL: 80%, SIZE: 15%, HD: 5%}}
"""
SWEEP = PLAN + "sweep: {axes: {strategy.weights.SIZE: [10%, 20%]}}\n"
OPTIMISED = """
name: optimised
data: {source: {kind: sample}}
window: {start: 2019-01-02, end: 2019-06-28}
strategy: {kind: optimised, core: [QUAL, SIZE], satellites: {universe: [HD, PG], cap: 10%}, objective: {kind: min_variance}}
"""
FETCHED = """
name: fetched
data: {source: {kind: yahoo}}
window: {start: 2019-01-02, end: 2019-06-28}
strategy: {kind: fixed_mix, weights: {AAPL: 60%, BIL: 40%}}
"""
FOLDERS = (
    ".",
    "runs",
    "runs/plan",
    "runs/plan.sweep",
    "runs/plan.sweep/unfinished",
    "bench",
    "temporary",
    "store",
    "store/yahoo",
    "store/calendars",
    "home",
    "home/.cache",
    "home/.cache/portfolio-engine",
    "home/.local/state/portfolio-engine",
    "home/.local/state/portfolio-engine/trials",
    "home/.local/state/portfolio-engine/log",
    "told",
    f"told/{PRIVATE_FOLDER}",
)
VERBS = (
    "init started.yaml",
    "validate plan.yaml",
    "run plan.yaml",
    "report runs/plan",
    "verify runs/plan",
    "data check plan.yaml",
    "sweep sweep.yaml --workers 1",
    "sweep sweep.yaml --workers 1 --resume",
    "report runs/plan.sweep",
    "run sweep.yaml --variant 0",
    "schema",
    "tariffs",
)
SLOW_VERBS = (
    *VERBS,
    "data fetch fetched.yaml",
    "run fetched.yaml",
    "data check fetched.yaml",
    "optimise optimised.yaml",
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything that the engine works with, in one folder that is also where it is called."""
    for name in FOLDERS:
        (tmp_path / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    for variable in ("XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PORTFOLIO_ENGINE_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "told"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(template_cache, "_PACKAGE", tmp_path / "told")
    monkeypatch.chdir(tmp_path)
    for name, text in {"plan": PLAN, "sweep": SWEEP, "fetched": FETCHED, "optimised": OPTIMISED}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def call_all(place: Path, verbs: tuple[str, ...], seed: int, count: int) -> dict[Path, tuple[object, ...]]:
    """Call each verb, look after each of them whether everything lies as it was left, and return what that is."""
    chance = random.Random(seed)
    left: dict[Path, tuple[object, ...]] = {}
    for root in [path for path, _, _ in os.walk(place)]:
        if any(Path(root).is_relative_to(known) for known in left):
            continue
        left |= leave_litter(Path(root), chance, count)
    assert len(left) > 10
    for verb in verbs:
        (place / "started.yaml").unlink(missing_ok=True)
        cli.app(verb.split(), standalone_mode=False)
        assert folder_state(*left) == left, (seed, verb)
    remove_stale_caches(jit.find_kernel_folder(Path(jit.__file__).parent).path)
    assert folder_state(*left) == left, (seed, "compiling")
    return left


def test_files_of_others_stay_as_they_are(place: Path, capsys) -> None:
    """Names nearly like the engine's, folders, links, pipes and read-only files."""
    call_all(place, VERBS, seed=1, count=6)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 7))
def test_more_files_of_others_stay_as_they_are_also_beside_fetched_prices(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys, seed: int
) -> None:
    """The same with ten times as many, prices from a server, and the verbs that take longer."""
    dates = np.arange("2018-12-20", "2019-07-10", dtype="datetime64[D]")
    dates = dates[np.is_busday(dates)]
    fake = FakeYahoo()
    for ticker in ("AAPL", "BIL"):
        closes = np.linspace(100.0, 120.0, len(dates))
        fake.charts[ticker] = made_up(ticker, dates, closes, closes)
    with serving(fake) as base:
        redirect(base, monkeypatch)
        left = call_all(place, SLOW_VERBS, seed, count=40)
    with suppress(EngineError):  # of what is not its own it may say so
        cli.app(["verify", "store"], standalone_mode=False)
    assert folder_state(*left) == left
