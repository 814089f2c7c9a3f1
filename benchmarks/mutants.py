"""Break the core on purpose, one small change at a time, and count how many the tests notice.

cosmic-ray makes the mutants; each runs in a copy of the checkout, against the tests that guard its module, with numba
switched off so that a changed kernel needs no compiling. ``--sample 0.2`` tries a seeded fifth of them, ``--jobs`` says
how many run at a time. Survivors are printed as differences: each is either a test to write or a change that does not
matter.

Left out, and counted, is text that never runs here, as no test could notice a change of it: annotations of functions
and variables, which ``from __future__ import annotations`` keeps as text (those of a class stay in, as pydantic reads
them), bounds of type variables, and the decorators of ``kernel/jit.py``, which do nothing while numba is switched off.

Every mutant is a fork of a process that has the libraries loaded already: half a second instead of three.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import difflib
import os
import py_compile
import random
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

os.environ |= {"NUMBA_DISABLE_JIT": "1", "MUTANTS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import hypothesis
import numba  # noqa: F401
import numpy as np  # noqa: F401
import pandas as pd  # noqa: F401
import pydantic  # noqa: F401
import pytest
import yaml  # noqa: F401
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).parents[1]
GUARDS = {
    "engine/portfolio/costs.py": ["tests/portfolio/test_costs.py"],
    "engine/data/sessions.py": ["tests/data/test_sessions.py"],
    "engine/analysis/metrics.py": ["tests/analysis/test_metrics.py"],
    "engine/analysis/summation.py": ["tests/analysis/test_summation.py", "tests/analysis/test_metrics.py"],
    "engine/core/files.py": [
        "tests/core/test_files.py",
        "--deselect=tests/core/test_files.py::test_two_writers_never_mix",  # starts processes
    ],
    "engine/core/regular_files.py": ["tests/core/test_regular_files.py"],
    "engine/core/seal.py": ["tests/core/test_regular_files.py"],
    "engine/core/locks.py": ["tests/core/test_locks.py"],
    "engine/core/publication.py": [
        "tests/core/test_publication.py",
        "--deselect=tests/core/test_publication.py::test_two_processes_that_publish_at_once_never_mix",
    ],
    "engine/core/cache_folder.py": ["tests/core/test_cache_folder.py"],
    "engine/backtest/manifest.py": ["tests/backtest/test_signed_files.py"],
    "engine/backtest/signed_files.py": ["tests/backtest/test_signed_files.py"],
    "engine/sweep/journal.py": ["tests/sweep/test_journal.py"],
    "engine/sweep/chunk.py": ["tests/sweep/test_chunk.py"],
    "engine/sweep/cluster_answer.py": ["tests/sweep/test_cluster_answer.py"],
    **{
        f"engine/simulation/kernel/{part}.py": [
            "tests/simulation/test_fee_fixpoint.py",
            "tests/simulation/kernel",
            "tests/portfolio/test_costs.py",
            "tests/simulation/reference",
        ]
        for part in (
            *("order_costs", "cost_fixpoint", "cash_flows", "advance"),
            *("valuation", "trade", "triggers", "whole_shares"),
        )
    },
}
LEFT_IN_THE_COPY = shutil.ignore_patterns(".*", "runs", "build", "__pycache__", "*.egg-info")
COMPILING = {"njit_cached", "njit_nogil", "njit_private", "njit_inline"}
SECONDS = 60
"""Wall time of one test: one that loops or sleeps for ever ends by then."""
WHOLE_SECONDS = 300
"""Processor time of the tests of a module that is whole; a mutant has thrice what they took."""

hypothesis.settings.register_profile(
    "mutants", deadline=None, derandomize=True, phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate]
)


class Mutant(NamedTuple):
    """The ``occurrence``-th place where a cosmic-ray operator applies, beginning at ``start`` (line, column)."""

    operator: str
    occurrence: int
    start: tuple[int, int]


def main() -> None:
    """Run the mutants of the modules named on the command line, or of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=list(GUARDS), metavar="module")
    parser.add_argument("--sample", type=float, default=1.0)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    total = killed = 0
    for module in options.modules:
        tried, survived, left_out = score(module, options.sample, options.jobs)
        dead = tried - survived
        print(f"{module}: {dead} of {tried} killed, {dead / max(tried, 1):.1%}; {left_out} left out", flush=True)
        total, killed = total + tried, killed + dead
    print(f"all: {killed} of {total} killed, {killed / max(total, 1):.1%}")


def score(module: str, sample: float, jobs: int) -> tuple[int, int, int]:
    """Return how many mutants of a module were tried, survived (printed when it is known), and were left out."""
    source = (ROOT / module).read_text(encoding="utf-8")
    every = sorted(mutants(source))
    spans = list(never_run(source))
    tried = [mutant for mutant in every if not any(start <= mutant.start < end for start, end in spans)]
    left_out = len(every) - len(tried)
    tried = sorted(random.Random(1).sample(tried, round(len(tried) * sample)))
    with tempfile.TemporaryDirectory() as folder:
        copies = [checkout(Path(folder) / str(job)) for job in range(jobs)]
        _, status, used = os.wait4(_fork(copies[0], module, source, WHOLE_SECONDS), 0)
        if status:
            raise SystemExit(f"{module}: its tests fail before anything is broken")
        seconds = 5 + 3 * int(used.ru_utime + used.ru_stime)
        survived = 0
        running: dict[int, tuple[Path, Mutant]] = {}
        waiting = list(tried)
        while waiting or running:
            while waiting and copies:
                mutant, copy = waiting.pop(0), copies.pop()
                running[_fork(copy, module, changed(source, mutant), seconds)] = copy, mutant
            process, status = os.wait()
            copy, mutant = running.pop(process)
            copies.append(copy)
            if status == 0:
                survived += 1
                print(_difference(source, mutant), flush=True)
    return len(tried), survived, left_out


def mutants(source: str) -> Iterator[Mutant]:
    """Yield every change that cosmic-ray knows how to make."""
    nodes = list(ast_nodes(get_ast(source)))
    for name in operator_names():
        operator = get_operator(name)
        if not operator.arguments():
            places = [place for node in nodes for place in operator().mutation_positions(node)]
            yield from (Mutant(name, occurrence, start) for occurrence, (start, _) in enumerate(places))


def changed(source: str, mutant: Mutant) -> str:
    """Return the source with one change made."""
    return str(mutate_code(source, get_operator(mutant.operator)(), mutant.occurrence))


def never_run(source: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield begin and end (line, column) of what never runs: see the top."""
    tree = ast.parse(source)
    in_a_class = {id(field) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for field in node.body}
    for node in ast.walk(tree):
        texts: list[ast.expr | None] = []
        if isinstance(node, ast.FunctionDef):
            texts = [node.returns, *(name for name in node.decorator_list if ast.unparse(name) in COMPILING)]
        elif isinstance(node, ast.arg) or (isinstance(node, ast.AnnAssign) and id(node) not in in_a_class):
            texts = [node.annotation]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "TypeVar":
            texts = [node]
        for text in texts:
            if text is not None:
                begin = text.col_offset - 1  # the @ of a decorator
                yield (text.lineno, begin), (text.end_lineno or text.lineno, text.end_col_offset or begin)


def checkout(folder: Path) -> Path:
    """Copy the checkout and compile it, so that what a mutant does not change is ready to run."""
    copy = folder / "checkout"
    shutil.copytree(ROOT, copy, ignore=LEFT_IN_THE_COPY)
    if (ROOT.parent / "shared").exists():
        (folder / "shared").symlink_to(ROOT.parent / "shared")
    by_content = py_compile.PycInvalidationMode.CHECKED_HASH  # two mutants can have one size and one second
    compileall.compile_dir(copy, quiet=2, invalidation_mode=by_content)
    return copy


def _fork(copy: Path, module: str, text: str, seconds: int) -> int:
    """Start the tests on a changed module, for so much processor time; its exit status is 0 when they pass."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
            signal.signal(number, handler)  # what runs in the background ignores them, and tests send them
        (copy / module).write_text(text, encoding="utf-8")
        os.chdir(copy)
        with Path(os.devnull).open("w") as nothing:
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
        sys.dont_write_bytecode = True
        sys.path.insert(0, str(copy))
        quiet = ["-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", "-p", "no:randomly", "--assert=plain"]
        options = ["-o", "addopts=--import-mode=importlib", "-o", f"timeout={SECONDS}"]
        # compiled arithmetic does not warn; with -W the name of a package would match none of its modules
        options += ["-o", "filterwarnings=error\nignore::RuntimeWarning:engine\\.simulation\\.kernel"]
        status = pytest.main([*quiet, *options, "--hypothesis-profile=mutants", *GUARDS[module]])
    finally:
        os._exit(int(status))


def _difference(source: str, mutant: Mutant) -> str:
    lines = difflib.unified_diff(source.splitlines(), changed(source, mutant).splitlines(), lineterm="", n=0)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++"))) + "\n"


if __name__ == "__main__":
    main()
