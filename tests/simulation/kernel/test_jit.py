"""How kernels are compiled and kept: strictly, on disk, and anew when a source has changed."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.simulation import kernel
from engine.simulation.kernel import jit as compiling
from tests.support.kernels import compiled_only


@compiled_only
@pytest.mark.parametrize(
    "edited",
    [
        "simulation/kernel/order_costs.py",
        pytest.param("simulation/kernel/valuation.py", marks=pytest.mark.slow),
        pytest.param("portfolio/cost_table.py", marks=pytest.mark.slow),
    ],
)
def test_an_edited_kernel_is_compiled_anew(tmp_path: Path, edited: str) -> None:
    """Numba's cache looks at one file only; whatever file of the kernel changes, nothing old may be served."""
    package = tmp_path / "engine"
    without = shutil.ignore_patterns("__pycache__", "report", "sources", "optimisation", "research")
    shutil.copytree(Path(kernel.__file__).parents[2], package, ignore=without)
    code = (
        "import numpy as np; from engine.simulation.kernel.order_costs import order_cost;"
        "from engine.simulation.kernel.jit import CACHE_FOLDER;"
        "from engine.portfolio.cost_table import CostTable; from engine.simulation.kernel.records import Quotes;"
        "c = CostTable(*(np.full(1, v) for v in (0.01, 0, 0, 0, np.inf, np.inf, 0)));"
        "print(any(CACHE_FOLDER.rglob('*.order_cost-*.nbi')), order_cost(100.0, 0, Quotes(np.ones(1), np.ones(1), 1.0, np.zeros(1, np.uint8)), c))"
    )

    def answer() -> str:
        job = [sys.executable, "-c", code]
        elsewhere = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
        return subprocess.run(
            job, cwd=tmp_path, capture_output=True, text=True, check=True, env=elsewhere
        ).stdout.strip()

    assert [answer(), answer()] == ["False 1.0", "True 1.0"]
    source = package / edited
    text = source.read_text()
    source.write_text(text.replace("costs.rate[a] * x", "5.0 * costs.rate[a] * x") + "\n")
    assert answer() == ("False 5.0" if edited.endswith("order_costs.py") else "False 1.0")


def test_the_compiler_is_asked_for_strict_arithmetic(monkeypatch) -> None:
    asked = []

    def compiler(**options):
        asked.append(options)
        return lambda function: function

    monkeypatch.setattr(compiling.numba, "njit", compiler)
    assert compiling.njit_cached(abs) is abs
    assert compiling.njit_nogil(abs) is abs
    assert compiling.njit_inline(abs) is abs
    strict = {"error_model": "numpy"}
    assert asked == [{"nogil": False, **strict}, {"nogil": True, **strict}, {"inline": "always", **strict}]


@compiled_only
@pytest.mark.parametrize("somewhere", [True, False])
def test_compiled_functions_are_kept_where_there_is_a_place_and_numba_is_as_it_was(
    monkeypatch, tmp_path: Path, somewhere
) -> None:
    before = compiling.numba.config.CACHE_DIR
    monkeypatch.setattr(compiling, "CACHE_FOLDER", tmp_path if somewhere else None)
    place = compiling.njit_cached(lambda x: x).stats.cache_path
    assert (Path(place).parent if somewhere else place) == (tmp_path if somewhere else None)
    assert before == compiling.numba.config.CACHE_DIR


@compiled_only
def test_the_first_compilation_of_a_process_is_announced_once_and_removes_stale_states(monkeypatch) -> None:
    compiling.njit_inline(lambda x: x - 1)(1)  # a command in this process may have asked for it before
    removed: list[object] = []
    monkeypatch.setattr(compiling, "remove_stale_caches", removed.append)
    said: list[str] = []
    compiling.announce_compilation(lambda: said.append("compiling"))
    for _ in range(2):
        compiling.njit_inline(lambda x: x + 1)(1)
    assert said == ["compiling"]
    assert removed == [compiling.CACHE_FOLDER]


@compiled_only
def test_what_is_compiled_for_kernels_alone_says_so_to_others() -> None:
    private = compiling.njit_private(lambda x: x - 1)
    assert compiling.njit_inline(lambda x: private(x) + 1)(1) == 1
    with pytest.raises(TypeError, match="is for kernels to call"):
        private(1)


def test_compiled_kernels_lie_where_numba_is_told_or_beside_the_sources(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    beside = compiling.find_kernel_folder(tmp_path).path
    assert beside
    assert beside.parents[1] == tmp_path / "__pycache__"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "told"))
    told = compiling.find_kernel_folder(tmp_path).path
    assert told
    assert told.parents[1] == tmp_path / "told"
    assert told.name == beside.name


def test_the_name_of_compiled_kernels_tells_what_compiled_them(monkeypatch, tmp_path: Path) -> None:
    """Another version of the compiler makes other code of the same sources, and so it does for another processor."""
    before = compiling.find_kernel_folder(tmp_path).path
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(compiling.numba.config, "CPU_NAME", "z80")
        assert compiling.find_kernel_folder(tmp_path).path != before
    monkeypatch.setattr(compiling.numba, "__version__", "99.1")
    after = compiling.find_kernel_folder(tmp_path).path
    assert before
    assert after
    assert after.name == before.name.replace(f"-{importlib.metadata.version('numba')}-", "-99.1-", 1) != before.name
