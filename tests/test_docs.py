"""What the documents say is what the program does."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest
import yaml
from pydantic import BaseModel

from engine.analysis.breakdown.breakdown import Breakdown
from engine.analysis.metrics_table import METRICS
from engine.composition import run_config_class
from engine.core.validation import validate
from engine.core.yaml_document import parse_document
from engine.depot.layouts.catalogue import LAYOUTS
from engine.portfolio.tariffs import load_tariffs
from engine.tax.book import Taxation, TaxBook
from engine.tax.budget import BudgetedBook, HasBudget
from engine.tax.flat import FlatTax
from engine.tax.germany.law import GermanTax
from engine.tax.law import TaxLaw
from engine.tax.united_states.law import UnitedStatesTax
from tests.support.configs import SHIPPED
from tests.support.tax_measures import measured

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SEMANTICS = (ROOT / "docs" / "semantics.md").read_text()


def output(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "engine", *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "80", "XDG_STATE_HOME": str(cwd)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_readme_shows_the_quickstart_s_own_table(tmp_path: Path) -> None:
    """Regenerate with: COLUMNS=80 engine run configs/quickstart.yaml."""
    printed = output("run", str(ROOT / "configs" / "quickstart.yaml"), cwd=tmp_path)
    block = re.search(r"<!-- quickstart -->\n```\n(.*?)```\n<!-- /quickstart -->", README, re.DOTALL)
    assert block is not None
    assert block[1].strip() in printed


def test_the_readme_s_yaml_is_a_valid_config() -> None:
    text = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert text is not None
    assert validate(run_config_class(), parse_document(text[1], "README")).name == "us-small-caps"


def test_the_readme_s_sweep_and_its_variant_are_there() -> None:
    from engine.composition import open_document, run_config_class, validate_sweep
    from engine.sweep.computation import prepare

    text = re.search(r"<!-- sweep -->\n```yaml\n(.*?)```", README, re.DOTALL)
    assert text is not None
    quick = ROOT / "configs" / "sweeps" / "quickstart_sweep.yaml"
    plan = quick.read_text().split("\nsweep:\n")[0]
    assert validate_sweep(parse_document(f"{plan}\n{text[1]}", "README"))[2].requested_count == 70 * 5 * 12 * 2
    config, own, space = validate_sweep(open_document(quick, ()))
    assert space.requested_count == 4200
    wanted = re.search(r"quickstart_sweep.yaml --variant (\w+) ", README)
    assert wanted is not None
    assert prepare(config, own, space, run_config_class).identify(3357)[0] == wanted[1]
    assert (
        validate_sweep(open_document(ROOT / "configs" / "sweeps" / "article_space.yaml", ()))[2].requested_count
        == 439_992
    )


def test_the_readme_leads_from_two_brokers_files_to_one_basket_in_three_commands(tmp_path: Path) -> None:
    block = re.search(r"<!-- orders -->\n(.*?)<!-- /orders -->", README, re.DOTALL)
    commands, basket = re.findall(r"```\n(.*?)```", block[1], re.DOTALL)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    lines = [shlex.split(line)[1:] for line in commands.splitlines()]
    assert [words[0] for words in lines] == ["run", "orders", "orders"]
    assert "two-funds" in output(*lines[0], cwd=tmp_path)
    for words in lines[1:]:
        assert "buy   EMERGING      34" in output(*words, cwd=tmp_path)
        made = tmp_path / "orders" / "two-funds" / "2027-01-04"
        assert (made / "basket.csv").read_text().splitlines() == basket.splitlines()
        assert "34  " in (made / "checklist.txt").read_text()


def test_the_example_of_a_depot_is_what_its_command_prints_and_its_sums_are_right(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "depot.md").read_text()
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    commands = [shlex.split(line)[1:] for line in re.findall(r"^engine depot docs.*$", page, re.MULTILINE)]
    printed = output(*commands[0], cwd=tmp_path)
    assert re.search(r"<!-- example -->\n```\n(.*?)```", page, re.DOTALL)[1].strip() in printed
    parts = re.search(r"<!-- parts -->\n(.*?)<!-- /parts -->", page, re.DOTALL)[1]
    sums = re.findall(r"^\| ([a-z ]+) \|.*\| ([-+*() 0-9]+) = ([-+0-9]+) \|$", parts, re.MULTILINE)
    made = json.loads((tmp_path / "depot" / "late-purchase" / "2026-03-10" / "depot.json").read_text())
    shown = {name: pd.eval(formula) for name, formula, _ in sums}
    assert shown == {name: int(result) for name, _, result in sums}
    assert shown == {one["label"]: one["money"] for one in made["parts"] if one["money"]} | {"sum": made["difference"]}
    assert "outweighed" in output(*commands[1], cwd=tmp_path)


@pytest.mark.parametrize(("verb", "page"), [("orders", "orders.md"), ("depot", "depot.md")])
def test_every_option_of_an_own_depot_is_on_its_page(verb: str, page: str, tmp_path: Path) -> None:
    told = set(re.findall(r"^  (--[a-z-]+)", output(verb, "--help", cwd=tmp_path), re.MULTILINE))
    named = set(re.findall(r"(?<![\w-])--[a-z-]+", (ROOT / "docs" / page).read_text()))
    assert told - named <= {"--help", "--set", "--out"}
    assert len(told) > 10


def test_every_option_and_layout_of_the_page_on_depots_exists(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "depot.md").read_text()
    told = output("depot", "--help", cwd=tmp_path)
    options = set(re.findall(r"`(--[a-z-]+)`", page))
    assert options >= {"--start", "--holdings-at-start", "--corrections"}
    assert all(option in told for option in options)
    rows = re.findall(r"^\|.*\| ([^|]*) \|$", page.split("| `--layout` |\n")[1].split("\n\n")[0], re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([^`]*)`", row)}
    assert named == {one.name for one in LAYOUTS if one.transactions and one.name != "ibkr-trades"}


def test_every_verb_and_option_in_the_readme_exists(tmp_path: Path) -> None:
    help_of = {}
    for line in re.findall(r"^engine .*$", README, re.MULTILINE):
        words = shlex.split(line, comments=True)[1:]
        verb = words[:2] if words[0] == "data" else words[:1]
        key = " ".join(verb)
        help_of[key] = help_of.get(key) or output(*verb, "--help", cwd=tmp_path)
        for option in [word for word in words if word.startswith("--")]:
            assert option in help_of[key], line


def test_every_figure_of_the_law_is_defined_in_the_semantics() -> None:
    for name in ("total_return", "cagr", "volatility", "sharpe", "sortino", "max_drawdown", "calmar", "turnover"):
        title = METRICS[name].title.removesuffix(" a year")
        assert f"| {title[0].lower()}{title[1:]} |" in SEMANTICS or f"| {title} |" in SEMANTICS, title
    assert all(metric.definition for metric in METRICS.values())


def test_every_part_of_a_run_is_defined_in_the_semantics() -> None:
    parts = Breakdown().figures
    assert parts
    for key in parts:
        assert re.search(rf"^\| `{key}` \|", SEMANTICS, re.MULTILINE), f"the semantics do not define {key}"


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    """Yield the keys of a section and of the sections in it, but ``kind``."""
    for name, field in model.model_fields.items():
        if name != "kind":
            yield name
        pending = [field.annotation]
        for found in pending:
            pending += get_args(found)
            if isinstance(found, type) and issubclass(found, BaseModel):
                yield from keys_of(found)


def test_every_key_of_every_tax_is_explained() -> None:
    """In the section of its kind, and as a key: in backquotes."""
    page = (ROOT / "docs" / "taxes.md").read_text()
    sections = {"germany": "## Germany", "united_states": "## United States", "flat": "## Flat rates"}
    for law in (GermanTax, UnitedStatesTax, FlatTax):
        kind = get_args(law.model_fields["kind"].annotation)[0]
        section = page.split(f"\n{sections[kind]}\n")[1].split("\n## ")[0]
        code = " ".join(re.findall(r"`([^`]*)`", page if kind == "flat" else section))
        for key in {*keys_of(law)} - {"twin"}:
            assert re.search(rf"\b{key}\b", code), f"docs/taxes.md does not explain {kind}: {key}"
    assert "`twin: gross`" in page


def test_every_hook_of_a_tax_law_is_named_where_one_is_added() -> None:
    code = " ".join(re.findall(r"`([^`]*)`", (ROOT / "docs" / "add_a_country.md").read_text()))
    hooks = [
        name
        for base in (TaxBook, Taxation, BudgetedBook, HasBudget)
        for name in (*vars(base), *base.__annotations__)
        if name[0] != "_"
    ]
    for hook in {*TaxLaw.__abstractmethods__, *hooks} - {"reinvests", "outside", "open_book"}:
        assert re.search(rf"\b{hook}\b", code), f"docs/add_a_country.md does not name {hook}"


def test_the_example_of_taxes_is_what_its_command_prints(tmp_path: Path) -> None:
    """The table, and every booking of its file to the cent."""
    page = (ROOT / "docs" / "taxes.md").read_text()
    example = ROOT / "docs" / "examples"
    prices = ("--set", f"data.source.path={example / 'two_assets.csv'}")
    printed = output("run", str(example / "taxed.yaml"), *prices, cwd=tmp_path)
    block = re.search(r"<!-- example -->\n```\n(.*?)```", page, re.DOTALL)
    assert block[1].strip() in printed
    head, *rows = re.search(r"<!-- bookings -->\n```\n(.*?)```", page, re.DOTALL)[1].splitlines()
    booked = pd.read_csv(tmp_path / "runs" / "taxed" / "taxes.csv")[head.split()]
    assert [row.split() for row in rows] == [
        [cell if isinstance(cell, str) else f"{cell:.2f}" for cell in line] for line in booked.itertuples(index=False)
    ]


@pytest.mark.slow
def test_the_readme_s_table_of_taxes_is_measured(shared_data: Path) -> None:
    block = re.search(r"<!-- after tax -->\n(.*?)\n<!-- /after tax -->", README, re.DOTALL)
    assert block is not None
    assert block[1].splitlines()[2:] == list(measured(shared_data / "raw.parquet"))


def test_the_readme_s_tax_is_that_of_a_shipped_config() -> None:
    text = re.search(r"<!-- taxes -->\n```yaml\n(.*?)```", README, re.DOTALL)
    assert text is not None
    shown = yaml.safe_load(text[1])["tax"]
    assert GermanTax.model_validate(shown).assets.keys() == {"SPY", "CRS"}
    shipped = yaml.safe_load((ROOT / "configs" / "us_small_caps_germany.yaml").read_text())["tax"]
    assert all(shipped[key] == value for key, value in shown.items() if key != "assets")
    assert shown["assets"].items() <= shipped["assets"].items()


def test_every_rule_that_the_code_refers_to_is_written_down() -> None:
    used = set()
    for path in [*(ROOT / "engine").rglob("*.py"), *(ROOT / "strategies").rglob("*.py")]:
        used |= set(re.findall(r"\bS(?:1\d|[1-9])\b", path.read_text()))
    assert used
    for rule in used:
        assert re.search(rf"\b{rule}\b", SEMANTICS), rule


def documented() -> Iterator[tuple[str, str, ast.AST, str]]:
    """Yield module, class around it, what is documented and its docstring, for all of engine and strategies."""
    for path in [*(ROOT / "engine").rglob("*.py"), *(ROOT / "strategies").rglob("*.py")]:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        own = {id(method): node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for method in node.body}
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                around = node if isinstance(node, ast.ClassDef) else own.get(id(node))
                name = around.name if around else ""
                yield module, name, node, ast.get_docstring(node) or ""
                for line in node.body[1:]:
                    if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant):
                        yield module, name, line, str(line.value.value)  # below a constant or a field


def is_module(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return place.with_suffix(".py").exists() or (place / "__init__.py").exists()


def resolves(name: str, role: str, module: str, around: str) -> bool:
    """Return whether a reference in a docstring of ``module``, inside the class ``around``, leads to something."""
    package = module.rpartition(".")[0]  # of a package the module is called __init__
    target = f"{package}{name}" if name.startswith(".") else name.removeprefix("~")
    if role == "mod":
        return is_module(target)
    home, _, last = target.rpartition(".")
    if is_module(home):
        return hasattr(importlib.import_module(home), last)
    owner = importlib.import_module(module.removesuffix(".__init__"))
    return hasattr(owner, target) or (around != "" and hasattr(getattr(owner, around), target))


def test_every_reference_in_a_docstring_leads_somewhere() -> None:
    found = 0
    for module, around, _, text in documented():
        for role, name in re.findall(r":(mod|func|class|meth):`([^`]*)`", text):
            found += 1
            assert resolves(name, role, module, around), f"{module} refers to {name}"
    assert found
    assert not resolves(".absent", "mod", "engine.core.errors", "")
    assert not resolves("absent", "func", "engine.core.errors", "Fault")


def test_every_attribute_that_a_docstring_explains_is_a_field() -> None:
    found = 0
    for module, _, node, text in documented():
        block = re.search(r"^Attributes\n-+\n(.*?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
        if block and isinstance(node, ast.ClassDef):
            fields = {ast.unparse(line.target) for line in node.body if isinstance(line, ast.AnnAssign)}
            names = ", ".join(re.findall(r"^([\w, ]+) : ", block[1], re.MULTILINE)).split(", ")
            found += len(names)
            assert set(names) <= fields, f"{module}.{node.name} explains {set(names) - fields}"
    assert found


def test_every_file_that_a_document_names_is_there() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        names = re.findall(r"`((?:configs|engine|strategies|docs|tests|benchmarks)/[\w/.-]*)`", text)
        links = [page.parent / link for link in re.findall(r"\]\(([\w/.-]+)\)", text)]
        for place in [*(ROOT / name for name in names), *links]:
            assert place.exists(), f"{page.name} names {place}"


def test_the_picture_of_the_rooms_is_the_one_that_the_imports_draw() -> None:
    page = ROOT / "docs" / "architecture.md"
    spec = importlib.util.spec_from_file_location("picture", ROOT / "docs" / "picture.py")
    picture = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(picture)
    assert picture.redraw(page.read_text()) == page.read_text(), "make picture, and look at what the change draws"


def test_every_target_of_the_makefile_says_what_it_is_for() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    assert [line.split()[0] for line in done.stdout.splitlines()] == phony


def test_every_target_that_a_document_names_can_be_made() -> None:
    """In backquotes, and in the fenced commands of a page."""
    makefile = (ROOT / "Makefile").read_text()
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / ".ci" / "run"):
        named = re.findall(r"(?:`|^)make\s((?:[a-z-]+ ?)+)", page.read_text(), re.MULTILINE)
        for target in " ".join(named).split():
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"


def test_make_clean_removes_nothing_of_the_users() -> None:
    """Runs are results; everything that goes can be made again."""
    commands = ["make", "--no-print-directory", "--dry-run", "clean"]
    done = subprocess.run(commands, cwd=ROOT, capture_output=True, text=True, check=True)
    made = (
        ".venv .venv-bench .venv-release build *.egg-info .benchmarks .pytest_cache .mypy_cache .ruff_cache .hypothesis"
    )
    assert done.stdout == f"rm -rf {made}\n"


def test_the_changelog_names_every_tariff_kind_and_strategy() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert len(load_tariffs()) == 11
    for word in ("core_satellite", "fixed_mix", "buy_and_hold", "per_order", "sample", "files", "yahoo"):
        assert f"`{word}`" in text


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_config_names_itself_and_says_what_it_is(path: Path) -> None:
    content = yaml.safe_load(path.read_text())
    assert content["name"].replace("-", "_") == path.stem
    assert content["description"]


def test_a_plan_that_is_otherwise_as_another_has_its_core_cap_and_limits() -> None:
    """What is written beside its rule would be taken for a part of it."""
    compared = 0
    for path in SHIPPED:
        head = path.read_text().split("\nname:")[0].replace("\n# ", " ")
        for other in re.findall(r"Otherwise as (configs/\S+\.yaml)", head):
            plan, base = (yaml.safe_load(one.read_text())["strategy"] for one in (path, ROOT / other))
            assert [plan.get(key) for key in ("cap", "limits")] == [base.get(key) for key in ("cap", "limits")], path
            assert plan["core"].keys() == base["core"].keys(), path
            compared += 1
    assert compared > 15


def test_every_promise_has_its_row_with_commands_that_exist() -> None:
    """In docs/reliability.md: targets of `make`, tests by path and by `-k`, modules, and a verdict at the end of each row."""
    rows = re.findall(r"^\| (R\d+) \|(.*)\|$", (ROOT / "docs" / "reliability.md").read_text(), re.MULTILINE)
    assert [name for name, _ in rows] == [f"R{number}" for number in range(1, 29)]
    makefile = (ROOT / "Makefile").read_text()
    for name, row in rows:
        _, measure, _, bar, verdict = (cell.strip() for cell in row.split("|"))
        assert bar
        assert re.match(r"(met|missed|not measured|not there yet)\b", verdict), f"{name}: {verdict}"
        assert "`" in measure or verdict == "not there yet", name
        for target in re.findall(r"`make ([a-z-]+)", measure):
            assert f"\n{target}:" in makefile, f"{name}: make {target}"
        for module in re.findall(r"`python -m ([\w.]+)", measure):
            assert is_module(module), f"{name}: {module}"
        for command in re.findall(r"`pytest ([^`]*)`", measure):
            words = shlex.split(command)
            places = [ROOT / word for word in words if word.startswith("tests/")]
            assert places, f"{name}: {command}"
            assert all(place.exists() for place in places), f"{name}: {command}"
            files = [file for place in places for file in ([place] if place.is_file() else place.rglob("test_*.py"))]
            tests = " ".join(re.findall(r"def (test_\w+)", " ".join(file.read_text() for file in files)))
            wanted = words[words.index("-k") + 1] if "-k" in words else "test"
            for word in set(wanted.split()) - {"or", "and", "not"}:
                assert word in tests, f"{name}: {command}: {word}"


def test_nothing_names_a_machine_or_a_registry() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not tracked:
        pytest.skip("this is no git checkout, so what is tracked is unknown")
    for name in tracked:
        text = (ROOT / name).read_text(encoding="utf-8", errors="ignore")
        assert not re.search(r"/(?:root|home/\w+|work)/|index-url|simple/", text) or name == "tests/test_docs.py", name
