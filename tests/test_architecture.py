"""The house: layers, no cycles, and libraries only where they belong. Imports are read, never run."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("engine", "strategies")
    for path in sorted((ROOT / package).rglob("*.py"))
}

# A module imports from rows above its own, and from its own row where that makes no cycle.
LAYERS = [
    {"errors", "arrays"},
    {"choice", "kernel_types", "files", "crash", "trials"},
    {"market", "sessions", "yamlfile", "steps"},
    {"kernel", "costs", "policy", "irr", "published", "significance", "faults", "sources", "account", "quality"}
    | {"research", "exact", "estimates", "risk_parity", "constraints"},
    {"feasible", "objectives"},
    {"optimiser"},
    {
        "reviews",
        "bands",
        "waiting",
        "orders",
        "journal",
        "ledger",
        "book",
        "agenda",
        "answers",
        "flows",
        "config",
        "metrics",
        "sums",
    },
    {"figures"},
    {"simulation", "chronicle", "load", "background"},
    {"comparison"},
    {"walkforward", "lane_plans"},
    {"lane_tape", "lane_figures"},
    {"lane_roster"},
    {"lanes"},
    {"bench"},
    {"honesty", "results"},
    {"verify", "audit", "workflow"},
    {"proposal", "sweep"},
    {"report"},
    {"composition"},
    {"cli"},
]


def imports(path: Path, *, lazy: bool = True, typing_only: bool = True) -> set[str]:
    """Every module that a file imports; without ``lazy`` only those that importing it loads."""
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if lazy else _eager(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (whole & MODULES.keys()) or {node.module}
    return found


def _eager(tree: ast.Module):
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node


def layer_of(module: str) -> int:
    part = module.split(".")[1]
    return next(row for row, names in enumerate(LAYERS) if part in names)


def users_of(library: str) -> set[str]:
    return {
        name
        for name, path in MODULES.items()
        if any(m == library or m.startswith(f"{library}.") for m in imports(path))
    }


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("engine.")])
def test_data_flows_one_way_through_the_layers(module: str) -> None:
    for other in imports(MODULES[module]):
        if other in MODULES and other.startswith("engine.") and other.split(".")[1] != module.split(".")[1]:
            assert layer_of(other) <= layer_of(module), f"{module} imports {other}, which lies above it"


def test_no_module_takes_part_in_a_cycle() -> None:
    graph = {
        name: {m for m in imports(path, lazy=False) if m in MODULES and m != name} for name, path in MODULES.items()
    }
    done: set[str] = set()
    while graph:
        free = [name for name, needs in graph.items() if needs <= done]
        assert free, f"these import each other: {sorted(graph)}"
        done |= set(free)
        graph = {name: needs for name, needs in graph.items() if name not in done}


def test_the_engine_meets_the_strategies_in_one_module_only() -> None:
    assert users_of("strategies") - {name for name in MODULES if name.startswith("strategies")} == {
        "engine.composition"
    }


def test_strategies_know_the_market_but_neither_kernel_nor_files() -> None:
    allowed = {"arrays", "choice", "policy", "sessions", "errors", "research"}
    allowed |= {"steps", "estimates", "objectives", "constraints", "feasible", "optimiser"}  # what weights are found by
    for name, path in MODULES.items():
        if name.startswith("strategies"):
            used = {m.split(".")[1] for m in imports(path) if m.startswith("engine.")}
            assert used <= allowed, f"{name} uses {used - allowed}"


def test_compiled_code_lives_in_the_kernel_alone() -> None:
    assert all(name.startswith("engine.kernel.") for name in users_of("numba") | users_of("llvmlite"))


def test_convex_problems_are_stated_in_constraints_objectives_and_optimiser_alone() -> None:
    assert all(name.split(".")[1] in {"constraints", "objectives", "optimiser"} for name in users_of("cvxpy"))


def test_frames_live_in_sources_and_report_alone_and_where_other_engines_want_them() -> None:
    homes = ("engine.sources", "engine.report", "engine.bench.peers")
    assert all(name.startswith(homes) for name in users_of("pandas"))


SLOW = ("vectorbt", "bt", "cvxportfolio", "yfinance", "exchange_calendars", "arch", "scipy", "plotly", "distributed")


def test_slow_libraries_are_imported_where_they_are_used_only() -> None:
    for library in (*SLOW, "cvxpy", "sklearn", "clarabel", "osqp", "threadpoolctl"):
        for name, path in MODULES.items():
            eager = imports(path, lazy=False)
            assert not any(m.split(".")[0] == library for m in eager), f"{name} imports {library} at its top"


def test_importing_the_package_or_asking_for_help_loads_nothing_heavy() -> None:
    assert {m for m in imports(MODULES["engine"], lazy=False) if not m.startswith(("typing", "__future__"))} == set()
    heavy = {"numpy", "pydantic", "rich", "yaml", "engine.config", "strategies", "engine.kernel"}
    assert not imports(MODULES["engine.cli"], lazy=False) & heavy


FORBIDDEN = {
    r"fastmath\s*=\s*True": "reassociates sums and breaks NaN",
    r"\bpickle\b": "executes what it reads",
    r"\beval\(|\bexec\(": "executes what it reads",
    r"\.bfill\(|\.interpolate\(": "takes a price from the future",
    r"yaml\.(unsafe_)?load\(": "builds objects",
    r"\|\s*safe\b": "lets markup through",
    r"datetime\.now\(|time\.time\(|date\.today\(": "puts a clock into a result",
}


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_what_a_house_rule_forbids_is_not_there(pattern: str) -> None:
    clocks = {"engine.sources.yahoo", "engine.sources.refresh", "engine.sources.calendar", "engine.sources.download"}
    clocks.add("engine.research.verdicts")  # refuses a verdict of a day to come; decides nothing else
    clocks.add("engine.report.plan")  # how far an open window reaches today; printed, never written
    for name, path in MODULES.items():
        if "datetime" in pattern and name in clocks:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert not re.search(pattern, line), f"{path.name}:{number}: {FORBIDDEN[pattern]}"


def test_every_package_is_shipped() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in MODULES.values()}
    for folder in folders:
        assert f'"{folder}"' in text, f"{folder} is not in [tool.setuptools] packages"
