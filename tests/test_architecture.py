"""The house: layers, no cycles, and libraries only where they belong. Imports are read, never run."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("engine", "strategies")
    for path in sorted((ROOT / package).rglob("*.py"))
}

ROOMS = {  # a room -> the rooms it may import; `core` may be imported everywhere
    "core": "",
    "data": "",
    "optimisation": "",
    "portfolio": "data",
    "tax": "portfolio data",
    "strategies": "portfolio optimisation data",
    "simulation": "tax portfolio data",
    "analysis": "simulation tax portfolio optimisation data",
    "backtest": "analysis simulation tax portfolio optimisation data",
    "sweep": "backtest analysis simulation tax portfolio data",
    "evidence": "sweep backtest analysis simulation tax portfolio data",
    "depot": "backtest analysis simulation tax portfolio data",
    "diagnostics": "evidence sweep backtest analysis simulation tax portfolio optimisation data",
    "report": "diagnostics depot evidence sweep backtest analysis tax portfolio optimisation data",
}

LOOSE = {"engine", "engine.cli", "engine.library", "engine.composition", "engine.__main__"}
"""What stands in no room, `engine.cli` and `engine.library` with all their files. They may import every room; `composition` alone knows `strategies`; no room imports them."""


@cache
def imports(path: Path, *, lazy: bool = True) -> frozenset[str]:
    """Every module that a file imports, typing-only imports too; without ``lazy`` only those that importing it loads."""
    tree = ast.parse(path.read_text())
    found = set()
    for node in ast.walk(tree) if lazy else _eager(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path.name}: a relative import"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (whole & MODULES.keys()) | ({node.module} if whole - MODULES.keys() else set())
    return frozenset(found)


def _eager(tree: ast.Module):
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node


def room_of(module: str) -> str:
    """The room that a module stands in; of what stands in none, its name in `LOOSE`."""
    parts = module.split(".")
    loose = ".".join(parts[:2])
    return loose if loose in LOOSE else "strategies" if parts[0] == "strategies" else parts[1]


def users_of(library: str) -> set[str]:
    return {
        name
        for name, path in MODULES.items()
        if any(m == library or m.startswith(f"{library}.") for m in imports(path))
    }


def test_every_file_of_the_engine_stands_in_a_room() -> None:
    assert {room_of(name) for name in MODULES} - LOOSE <= ROOMS.keys()
    assert {path.name for path in (ROOT / "engine").glob("*.py")} <= {
        "composition.py",
        "__init__.py",
        "__main__.py",
    }


@pytest.mark.parametrize("module", [name for name in MODULES if room_of(name) not in LOOSE])
def test_a_module_imports_only_its_own_room_and_the_rooms_below_it(module: str) -> None:
    room = room_of(module)
    allowed = {room, "core", *ROOMS[room].split()}
    for other in imports(MODULES[module]) & MODULES.keys():
        assert room_of(other) in allowed, f"{module} imports {other}; {room} may import {sorted(allowed)}"


def test_no_files_import_each_other_in_a_circle_not_even_lazily_or_for_types() -> None:
    graph = {name: imports(path) & MODULES.keys() - {name} for name, path in MODULES.items()}
    graph["engine"] = set()  # the package's door opens onto the command when it is called
    done: set[str] = set()
    while graph:
        free = {name for name, needs in graph.items() if needs <= done}
        assert free, f"these import each other: { {name: sorted(needs - done) for name, needs in graph.items()} }"
        done |= free
        graph = {name: needs for name, needs in graph.items() if name not in done}


def test_the_engine_meets_the_strategies_in_one_module_only() -> None:
    assert users_of("strategies") - {name for name in MODULES if name.startswith("strategies")} == {
        "engine.composition"
    }


def test_functions_of_the_library_need_no_command_line() -> None:
    assert {room_of(name) for name in users_of("engine.cli")} == {"engine.__main__", "engine.cli"}


def test_compiled_code_lives_in_the_kernel_alone() -> None:
    assert all(name.startswith("engine.simulation.kernel.") for name in users_of("numba") | users_of("llvmlite"))


def test_convex_problems_are_stated_in_one_room_alone() -> None:
    assert all(name.startswith("engine.optimisation.") for name in users_of("cvxpy"))


def test_frames_are_made_for_notebooks_and_for_other_engines_alone() -> None:
    homes = (
        "engine.library.",
        "engine.report.run.frames",
        "engine.report.run.summary_frames",
        "engine.diagnostics.bench.peers",
    )
    assert all(name.startswith(homes) for name in users_of("pandas"))


SLOW = ("vectorbt", "bt", "cvxportfolio", "yfinance", "exchange_calendars", "arch", "scipy", "distributed")


def test_slow_libraries_are_imported_where_they_are_used_only() -> None:
    slow = {*SLOW, "cvxpy", "sklearn", "clarabel", "osqp", "threadpoolctl"}
    for name, path in MODULES.items():
        found = slow & {m.split(".")[0] for m in imports(path, lazy=False)}
        assert not found, f"{name} imports {', '.join(sorted(found))} at its top"


def test_importing_the_package_or_asking_for_help_loads_nothing_heavy() -> None:
    assert {m for m in imports(MODULES["engine"], lazy=False) if not m.startswith(("typing", "__future__"))} == set()
    heavy = {"numpy", "pydantic", "rich", "yaml", "engine.backtest", "strategies", "engine.simulation"}
    for name in (name for name in MODULES if room_of(name) in LOOSE - {"engine.library"}):  # imported when called
        assert not imports(MODULES[name], lazy=False) & heavy, name


FORBIDDEN = {
    r"fastmath\s*=(?!\s*False)": "reassociates sums and breaks NaN",
    r"\bpickle\b|allow_pickle|\bimport (marshal|shelve|dill|cloudpickle|joblib)\b": "executes what it reads",
    r"\beval\(|\bexec\(": "executes what it reads",
    r"shell\s*=\s*True|os\.(system|popen)\(": "hands names from a config to a shell",
    r"verify\s*=\s*False|_create_unverified_context": "believes every server",
    r"problem\.solve\((?!solver=)": "leaves the solver to a library's release",
    r"\.bfill\(|backfill|\.interpolate\(": "takes a price from the future",
    r"yaml\.(unsafe_)?load\(": "builds objects",
    r"\|\s*safe\b": "lets markup through",
    r"datetime\.now\(|time\.time\(|date\.today\(": "puts a clock into a result",
}


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_what_a_house_rule_forbids_is_not_there(pattern: str) -> None:
    clocks = {
        f"engine.data.sources.{name}" for name in ("yahoo", "yahoo_refresh", "yahoo_download", "exchange_calendar")
    }
    clocks.add("engine.data.research.verdicts")  # refuses a verdict of a day to come; decides nothing else
    clocks.add("engine.report.config_terminal")  # how far an open window reaches today; printed, never written
    clocks |= {"engine.cli.orders", "engine"}  # the day of orders where none is named; printed and written with them
    clocks.add("engine.evidence.trial_registry")  # when a plan was first tried; a file of the user's, and no result
    for name, path in MODULES.items():
        if "datetime" in pattern and name in clocks:
            continue
        if "pickle" in pattern and name == "engine.sweep.foreign_pickles":  # which refuses them
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert not re.search(pattern, line), f"{path.name}:{number}: {FORBIDDEN[pattern]}"


def test_every_package_is_shipped() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in MODULES.values()}
    for folder in folders:
        assert f'"{folder}"' in text, f"{folder} is not in [tool.setuptools] packages"


PROCESSOR_S_OWN = re.compile(
    r"np\.(exp(2|m1)?|log(2|10|1p|addexp)?|power|float_power|cbrt|sinh?|cosh?|tanh?|hypot|v?dot|inner|matmul|einsum|tensordot|cov"
    r"|corrcoef|polyfit|convolve|correlate|linalg)"
)
"""What numpy computes with the instructions that a processor happens to have: the last bit depends on them (S14)."""

ROUNDED_AWAY = {
    "engine.analysis.bootstrap": "powers choose whole ranks and whole lengths of blocks",
    "engine.analysis.money_weighted": "brackets a root, or starts a search, that powers of our own end",
    "engine.backtest.allocation": "optimised weights and what follows of them, the same within 1e-9",
    "engine.data.events": "names the largest of absurd factors",
    "engine.data.price_files.as_traded": "compares moves, of which no figure is written",
    "engine.data.quality.jumps": "compares moves, of which no figure is written",
    "engine.report.charts.scales": "corrected by exact powers of ten",
}


def _last_bits_of_a_processor(tree: ast.Module):
    for node in ast.walk(tree):
        operator = getattr(node, "op", None)
        if isinstance(operator, ast.MatMult):
            yield node.lineno, "@"
        elif isinstance(operator, ast.Pow) and not (
            isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant)
        ):
            yield node.lineno, "**"
        elif isinstance(node, ast.Attribute) and PROCESSOR_S_OWN.fullmatch(ast.unparse(node)):
            yield node.lineno, ast.unparse(node)


def test_what_a_run_writes_has_no_bits_of_a_processor_s_own() -> None:
    """`engine.core.powers` has powers; sums of products replace matrix products; an exception has its reason above."""
    for name, path in MODULES.items():
        if not name.startswith(("engine.optimisation", "engine.diagnostics")) and name not in ROUNDED_AWAY:
            found = list(_last_bits_of_a_processor(ast.parse(path.read_text())))
            assert not found, f"{name}: {found}"
    for name in ROUNDED_AWAY:
        assert any(_last_bits_of_a_processor(ast.parse(MODULES[name].read_text()))), f"{name} needs no exception"
