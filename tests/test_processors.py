"""The check of processors (`tests/support/processors.py`) holds, and would notice when it did not (S14)."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support import processors


@pytest.mark.parametrize(("weight", "wrong"), [(0.25 + 1e-15, 0), (0.25 + 1e-6, 1)])
def test_optimised_weights_may_differ_by_what_a_solver_may(weight: float, wrong: int, monkeypatch) -> None:
    """The same files with other bytes pass when weights agree, and do not when one is a millionth off."""

    def run(_jobs: object, environment: dict[str, str], out: Path) -> dict[str, str]:
        found = 0.25 if "NPY_DISABLE_CPU_FEATURES" not in environment else weight
        (out / "optimised").mkdir(parents=True)
        pq.write_table(pa.table({"A": [found, 0.5]}), out / "optimised" / "weights.parquet")
        return {"optimised/weights.parquet": str(found), "quickstart/summary.json": "same"}

    monkeypatch.setattr(processors, "run_jobs", run)
    assert processors.compare_processors(every=False) == wrong


def test_a_file_with_other_bytes_is_named(monkeypatch, capsys) -> None:
    """Any file of a plan that is not optimised, also one that is there once only."""
    answers = iter([{"a/summary.json": "1"}, {"a/summary.json": "2"}, {"a/summary.json": "1", "a/more.json": "1"}])
    monkeypatch.setattr(processors, "run_jobs", lambda *_: next(answers))
    assert processors.compare_processors(every=False) == 1
    assert [" ".join(line.split()[-3:]) for line in capsys.readouterr().out.splitlines()] == [
        "the same bytes",
        "1 differ a/summary.json",
        "1 differ a/more.json",
    ]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_processor_writes_the_same_bytes() -> None:
    """Without AVX-512, without AVX2, by linear algebra of other processors, with any hash seed."""
    assert processors.compare_processors(every=False) == 0
