"""The documentation site without building it: its links, and what is generated for it."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from engine.analysis.metrics_table import METRICS
from engine.cli.verbs import DATA_VERBS, VERBS
from engine.composition import json_schema
from engine.core.interrupts import EXIT_CODE
from engine.report.config_keys import list_keys

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]


@cache
def site_module(name: str) -> ModuleType:
    from importlib import import_module

    sys.path.insert(0, str(DOCS))
    try:
        return import_module(f"site_pages.{name}")
    finally:
        sys.path.remove(str(DOCS))


def fault_of(link: str, page: Path) -> str:
    """What is wrong with a link of a page; "" where it leads to a file, and to a heading of it."""
    name, _, anchor = link.partition("#")
    if re.match(r"[a-z]+:", name):
        return ""
    place = page.parent / name if name else page
    if not place.exists():
        return f"{page.relative_to(ROOT)}: there is no {link}"
    if anchor and anchor not in site_module("links").heading_anchors(place.read_text(encoding="utf-8")):
        return f"{page.relative_to(ROOT)}: no heading is {link}"
    return ""


def test_every_link_of_a_page_leads_to_a_file_and_a_heading_of_it() -> None:
    found = [(link, page) for page in PAGES for link in site_module("links").links(page.read_text(encoding="utf-8"))]
    assert len(found) > 60
    assert [fault for link, page in found if (fault := fault_of(link, page))] == []


@pytest.mark.parametrize("link", ["absent.md", "taxes.md#absent", "#absent"])
def test_a_link_to_nothing_is_found(link: str) -> None:
    assert fault_of(link, DOCS / "index.md")


def test_headings_have_the_anchors_of_a_repository_s_page() -> None:
    text = "# One: `a_b`, (S1)\n\n## Same\n\n```\n# not one\n```\n## Same\n### A [link](x.md) & more\n"
    assert site_module("links").heading_anchors(text) == {"one-a_b-s1", "same", "same-1", "a-link--more"}


def test_links_lead_to_pages_of_the_site_and_name_what_is_none() -> None:
    page = DOCS / "explanation" / "evidence.md"
    text = (
        "[t](../taxes.md#germany) [r](../../README.md#sweeps) [c](../../engine/tax/flat.py) [`flat.py`](../../engine/tax/flat.py)\n"
        "[d](../adr) [w](https://example.org/x.md) [s](#the-interval)\n```\n[x](../../engine/tax/flat.py)\n```\n"
    )
    assert site_module("links").for_site(text, page, page) == (
        "[t](../taxes.md#germany) [r](../project/readme.md#sweeps) c (`engine/tax/flat.py`) `engine/tax/flat.py`\n"
        "[d](../adr/README.md) [w](https://example.org/x.md) [s](#the-interval)\n```\n[x](../../engine/tax/flat.py)\n```\n"
    )
    readme = "[s](docs/semantics.md#claims) and [CONTRIBUTING.md](CONTRIBUTING.md)"
    assert (
        site_module("links").for_site(readme, ROOT / "README.md", DOCS / "project" / "readme.md")
        == "[s](../semantics.md#claims) and [CONTRIBUTING.md](contributing.md)"
    )


def test_every_page_that_is_a_file_elsewhere_has_a_link_to_it() -> None:
    for file, page in site_module("links").COPIED.items():
        assert f"](../../{file})" in (DOCS / page).read_text()


def test_the_reference_has_every_key_figure_verb_and_option() -> None:
    """Each name that a page calls for is known, each key, figure and verb has its row or heading, and no cell breaks it."""
    generated = site_module("generated")
    called = [
        name for page in PAGES for name in re.findall(r"^<!-- generated: (.+) -->$", page.read_text(), re.MULTILINE)
    ]
    assert sorted(called) == sorted(generated.GENERATED)
    keys = generated.fill_in("<!-- generated: config keys -->")
    told = re.findall(r"^\| `([^`]+)` \|", keys, re.MULTILINE)
    assert sorted(told) == sorted(one.path for one in list_keys(json_schema()))
    figures = generated.metrics()
    assert re.findall(r"^\| `(\w+)` \|", figures, re.MULTILINE) == sorted(
        METRICS, key=lambda name: not METRICS[name].headline
    )
    commands = generated.commands()
    names = [f"engine {one.__name__}" for one in VERBS] + [f"engine data {one.__name__}" for one in DATA_VERBS]
    assert set(re.findall(r"^##+ (.*)$", commands, re.MULTILINE)) == {*names, "engine data"}
    assert "| `--set K=V` |" in commands
    for text in (keys, figures, commands):
        bars = {len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("|")}
        assert len(bars) == 1


def test_text_of_the_program_is_shown_as_it_is() -> None:
    assert site_module("generated").escape("DIR/<name>/ *a_b* | `c_d*`") == r"DIR/\<name\>/ \*a\_b\* \| `c_d*`"


def test_a_list_of_pages_has_those_that_are_there_once() -> None:
    page = DOCS / "index.md"
    text = "# A\n\n<!-- pages: One\nabsent\ntaxes\nt*es\nadr/0001*\n-->\n\nwords\n"
    assert site_module("links").lists_of_pages(text, page) == (
        "# A\n\n```{toctree}\n:hidden:\n:caption: One\n\ntaxes\nadr/0001-one-accounting\n```\n\nwords\n"
    )


def test_the_reference_has_every_function_of_the_library_and_what_it_returns() -> None:
    import engine

    text = site_module("generated").library()
    shown = re.findall(r"^\.\. auto(?:function|class|exception):: engine\.(?:[\w.]+\.)?(\w+)$", text, re.MULTILINE)
    assert sorted(shown) == sorted(engine.__all__)


def test_the_table_of_exit_codes_is_the_program_s() -> None:
    table = (DOCS / "reference" / "exit_codes.md").read_text()
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    helped = {
        int(code)
        for code in re.findall(r"[Ee]xit code (\d)|; (\d) when", site_module("generated").commands())
        for code in code
        if code
    }
    assert told == {0, 1, 3, EXIT_CODE} | helped


def test_the_warnings_that_the_page_of_limits_quotes_are_the_engine_s() -> None:
    page = (DOCS / "explanation" / "what_it_cannot_know.md").read_text()
    told = " ".join(
        node.value
        for path in (ROOT / "engine").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    quoted = [piece.strip() for line in re.findall(r"^> (.*)$", page, re.MULTILINE) for piece in line.split("...")]
    assert len(quoted) > 10
    assert [piece for piece in quoted if piece not in told] == []
