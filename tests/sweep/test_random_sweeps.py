"""Every variant of a random sweep is its own run to the bit, and no run exactly where its own config is none."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from engine import composition
from engine.backtest.workflow import run_backtest
from engine.core.errors import ConfigError, EngineError
from engine.core.yaml_document import parse_document
from engine.sweep.batch.run_batch import SWEEP_METRICS
from engine.sweep.chunk import Chunk
from engine.sweep.computation import PreparedSweep, prepare
from engine.sweep.variant_lookup import find_variant_config
from engine.sweep.worker import ChunkEvaluator
from tests.support.random_sweeps import random_sweep, write_market
from tests.support.sweeps import PLAN


def make_sweep(seed: int, folder: Path, samples: int) -> PreparedSweep | None:
    """Return the sweep of a seed; None where its base config is no run or no point is valid."""
    rng = random.Random(seed)
    text = random_sweep(rng, write_market(rng, folder), samples)
    try:
        sweep = composition.validate_sweep(parse_document(text, "sweep.yaml"))
        return prepare(*sweep, composition.run_config_class)
    except EngineError:
        return None


def own_run(sweep: PreparedSweep, point: int) -> tuple[list[str], dict[str, float], list[int]]:
    """Return why a point is no run, as its own config or run says, or its metrics and span."""
    try:
        config = find_variant_config(sweep.base_config, sweep.space, str(point), str)
        strategy = run_backtest(config, intervals=False).comparison.strategy
    except ConfigError as error:
        return [f"{fault.path}: {fault.message}" for fault in error.faults], {}, []
    except EngineError as error:
        return [str(error)], {}, []
    metrics = {name: np.nan if value is None else float(value) for name, value in strategy.metrics.items()}
    days = strategy.ledger.dates[[0, -1]].astype("datetime64[D]").astype(int).tolist()
    return [], metrics, [*days, len(strategy.ledger.dates)]


def differences(sweep: PreparedSweep, chunk: Chunk) -> list[str]:
    """Return every point that is not as its own config has it."""
    found = []
    row_of = {point: row for row, point in enumerate(chunk.point_numbers.tolist())}
    first_of = {first: reason for reason, (_, first) in chunk.rejections.items()}
    for point in range(chunk.first, chunk.last):
        reasons, own, span = own_run(sweep, point)
        row = row_of.get(point)
        if row is None or reasons:
            told = first_of.get(point)
            if row is not None or not reasons or (told and told not in reasons and "'moon'" not in reasons[0]):
                found.append(f"{point}: {told or row}, its own config {reasons}")
            continue
        table = dict(zip(SWEEP_METRICS, chunk.metrics[row].tolist(), strict=True))
        pairs = {name: (table[name], value) for name, value in own.items() if name in table}
        other = {name: pair for name, pair in pairs.items() if not np.array_equal(*pair, equal_nan=True)}
        if other or span != chunk.spans[row].tolist():
            found.append(f"{point}: {other}, {chunk.spans[row].tolist()} and {span}")
    return found


def test_least_orders_of_an_axis_are_each_its_own_run(tmp_path: Path) -> None:
    """The first of them, 0, leaves no order out, and says nothing of the others."""
    text = PLAN + "\n  axes: {account.min_order: [0, 300, 50000], strategy.core.SIZE: [10%, 20%]}\n"
    loaded = composition.validate_sweep(parse_document(text, "sweep.yaml"))
    sweep = prepare(*loaded, composition.run_config_class)
    chunk = ChunkEvaluator(sweep.job).evaluate(0, sweep.points.indices_between(0, sweep.points.count))
    assert differences(sweep, chunk) == []
    trades = chunk.metrics[:, SWEEP_METRICS.index("trades")].tolist()
    assert trades[0] > trades[2] > trades[4] > 0.0


@pytest.mark.parametrize(
    ("first", "sweeps", "samples"), [(0, 12, 8), pytest.param(1000, 300, 50, marks=pytest.mark.slow)]
)
def test_variants_of_random_sweeps_are_their_own_runs(first: int, sweeps: int, samples: int, tmp_path: Path) -> None:
    ran = refused = 0
    for seed in range(first, first + sweeps):
        folder = tmp_path / str(seed)
        folder.mkdir()
        sweep = make_sweep(seed, folder, samples)
        if sweep is None:
            continue
        chunk = ChunkEvaluator(sweep.job).evaluate(0, sweep.points.indices_between(0, sweep.points.count))
        assert chunk.is_whole
        if len(chunk.point_numbers):
            assert differences(sweep, chunk) == [], f"seed {seed}"
            ran, refused = ran + len(chunk.point_numbers), refused + sweep.points.count - len(chunk.point_numbers)
    assert min(ran, refused) > sweeps * samples // 4
