"""Sums of returns over periods, recomputed by the lanes, are those of the ledgers of ``simulate``."""

from __future__ import annotations

import numpy as np
import pytest

from engine import composition
from engine.evidence import period_sums
from engine.evidence.period_sums import TooManyToSimulateError, VariantPeriodSums, period_ends
from engine.sweep.computation import PreparedSweep, prepare
from engine.sweep.results_table import ResultsReader
from engine.sweep.statistics import SweepResults
from engine.sweep.worker import ChunkEvaluator
from tests.support.sweeps import PLAN, SMALL, engine

MIXED = SMALL.replace("[january, june]", "[january]") + "    account.shares: [fractional, whole]\n"
"""Half of the variants have whole shares, which only ``simulate`` can run."""


@pytest.fixture(scope="module", params=[SMALL, MIXED], ids=["lanes", "mixed"])
def swept(request, tmp_path_factory: pytest.TempPathFactory) -> tuple[PreparedSweep, SweepResults]:
    """A small sweep, prepared, and its finished table."""
    place = tmp_path_factory.mktemp("periods")
    config = place / "small.yaml"
    config.write_text(PLAN + request.param)
    engine("sweep", config, "--json", "--no-evidence", cwd=place)
    prepared = prepare(*composition.validate_sweep(composition.open_document(config)), composition.run_config_class)
    table = ResultsReader(place / "runs" / "small.sweep" / "results.parquet")
    return prepared, SweepResults(table, prepared.space, prepared.points, {})


def _ledger_sums(swept: tuple[PreparedSweep, SweepResults], ends: list[int]) -> np.ndarray:
    """Sums of the returns of every variant's own ledger, taken by numpy."""
    prepared, results = swept
    evaluator = ChunkEvaluator(prepared.job)
    columns = []
    for indices in results.points.indices(results.point_numbers).tolist():
        returns = evaluator.performance(indices).returns
        columns.append([part.sum() for part in np.split(returns, ends[:-1])])
    return np.array(columns).T


def test_sums_of_periods_are_those_of_the_ledgers_whatever_the_slab_and_the_threads(swept) -> None:
    """Lanes and ``simulate`` agree to 1e-12; slabs and threads change no bit."""
    prepared, results = swept
    count = int(results.table.numbers("sessions", np.int32)[0]) - 1
    ends = period_ends(count, 21)
    found = [
        np.hstack(list(VariantPeriodSums(prepared, results, count, 21, threads, slab).slabs()))
        for threads, slab in ((1, 4096), (2, 7), (1, 16))
    ]
    np.testing.assert_allclose(found[0], _ledger_sums(swept, ends), rtol=0.0, atol=1e-12)
    assert (found[0] == found[1]).all()
    assert (found[0] == found[2]).all()


def test_the_periods_cover_every_return_and_none_is_less_than_half_of_the_others() -> None:
    """The last one is short where it has 11 of 21 sessions or more, else long."""
    for count in range(1, 200):
        sizes = np.diff([0, *period_ends(count, 21)])
        assert sizes.sum() == count
        assert (sizes[:-1] == 21).all()
        assert sizes[-1] == count if len(sizes) == 1 else 11 <= sizes[-1] < 32


def test_a_variant_is_simulated_once_and_too_many_are_refused(swept, monkeypatch) -> None:
    """A second pass over the slabs runs none of them again; above the limit no slab is made."""
    prepared, results = swept
    count = int(results.table.numbers("sessions", np.int32)[0]) - 1
    own, runs, real = VariantPeriodSums(prepared, results, count, 21), [], ChunkEvaluator.performance
    monkeypatch.setattr(ChunkEvaluator, "performance", lambda *args: runs.append(1) or real(*args))
    first, again = list(own.slabs()), list(own.slabs())
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    whole = 30 if "account.shares" in prepared.config.sweep.axes else 0
    assert len(runs) == whole
    monkeypatch.setattr(period_sums, "MAX_SIMULATED", 5)
    if whole:
        with pytest.raises(TooManyToSimulateError):
            list(VariantPeriodSums(prepared, results, count, 21).slabs())
