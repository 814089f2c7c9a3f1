"""Every command, file and number of the pages that are read to be followed: done by a reader with an empty folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.documented_blocks import (
    ROOT,
    PageFaultError,
    Reader,
    is_slow,
    missing_line,
    missing_packages,
    read_blocks,
)

DOCS = ROOT / "docs"
FOLLOWED = ("tutorial.md", "how_to/*.md", "coming_from/*.md", "library.md", "plug_ins.md")
PAGES = [page for pattern in FOLLOWED for page in sorted(DOCS.glob(pattern))]


def follow(text: str, page: str, folder: Path) -> None:
    blocks = read_blocks(text, page)
    reader = Reader(folder)
    reader.settle()
    for block in blocks:
        reader.follow(block)


def name_of(page: Path) -> str:
    return page.relative_to(DOCS).with_suffix("").as_posix()


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=name_of(page), marks=[pytest.mark.slow] if is_slow(page.read_text()) else [])
        for page in PAGES
    ],
)
def test_a_reader_who_follows_the_page_sees_what_it_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing := missing_packages(page.read_text(encoding="utf-8")):
        pytest.skip(f"the page needs {', '.join(missing)}")
    for name, value in Reader(tmp_path).environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(tmp_path))
    follow(page.read_text(encoding="utf-8"), name_of(page) + ".md", tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_of_a_page_says_what_it_is_for(page: Path) -> None:
    """In the fast tests for slow pages too."""
    read_blocks(page.read_text(encoding="utf-8"), name_of(page) + ".md")


def page_of(*parts: str) -> str:
    """A page with ``parts``, in which a fence is written with three apostrophes."""
    return "# A page\n\n" + "\n\n".join(parts).replace("'''", "```") + "\n"


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        (["'''\n$ true\n'''"], "no comment above this block"),
        (["<!-- run -->\n\nwords\n\n'''\n$ true\n'''"], "no comment above this block"),
        (["<!-- run -->\n'''\n$ true\n"], "no end"),
        (["<!-- run: fast -->\n'''\n$ true\n'''"], "not known"),
        (["<!-- run -->\n'''\ntrue\n'''"], "and no other"),
        (["<!-- file: a.txt -->\n'''\n$ true\n'''"], "and no other"),
        (["<!-- run -->\n'''\n$ false\n'''"], "ends with 1, not 0"),
        (["<!-- run: exit 1 -->\n'''\n$ true\n'''"], "ends with 0, not 1"),
        (["<!-- run -->\n'''\n$ printf 'a\\nb\\n'\nb\na\n'''"], "not in this place:\na\n"),
        (["<!-- run -->\n'''\nwords\n$ true\n'''"], "before the first command"),
        (["<!-- file: ../a.txt -->\n'''\na\n'''"], "outside"),
        (["<!-- file: docs/a.txt -->\n'''\na\n'''"], "outside"),
        (["<!-- file: a.txt -->\n'''\na\nb\n'''", "<!-- in: a.txt -->\n'''\nc\n'''"], "\nc\n"),
        (["<!-- in: a.txt -->\n'''\nc\n'''"], "no file a.txt"),
        (["<!-- run: python -->\n'''python\nprint(1)\n'''", "<!-- printed -->\n'''\n2\n'''"], "\n2\n"),
        (["<!-- run: python -->\n'''python\n1 / 0\n'''"], "ZeroDivisionError"),
        (["<!-- run: python -->\n'''python\n>>> 1 + 1\n3\n'''"], "Expected:"),
    ],
)
def test_a_block_that_is_not_so_is_named_with_its_line(parts: list[str], problem: str, tmp_path: Path) -> None:
    with pytest.raises(PageFaultError, match=re.escape(problem)) as raised:
        follow(page_of(*parts), "page.md", tmp_path)
    assert re.match(r"page\.md:\d+: ", str(raised.value))


def test_a_page_s_blocks_know_what_those_above_have_made(tmp_path: Path) -> None:
    page = page_of(
        "<!-- file: sub/a.csv -->\n'''csv\nname,value\nx,1.5\n'''",
        "<!-- run -->\n'''console\n$ cat sub/a.csv\nname,...\nx,1.5\n$ cp sub/a.csv \\\n  b.csv\n'''",
        "<!-- run: python -->\n'''python\nfrom pathlib import Path\nlines = Path('b.csv').read_text().split()\n'''",
        "<!-- run: python -->\n'''python\n>>> lines[1]\n'x,1.5'\n>>> print(len(lines))\n2\n'''",
        "<!-- run: python -->\n'''python\nprint('a', len(lines))\n'''",
        "<!-- printed -->\n'''\na 2\n'''",
        "<!-- in: b.csv -->\n'''csv\n...\nx,1.5\n'''",
        "<!-- not run: it would take an hour -->\n'''\n$ false\n'''",
        "'''{note}\nA directive of the site.\n'''",
    )
    follow(page, "page.md", tmp_path)
    blocks = read_blocks(page, "page.md")
    assert [block.line for block in blocks][:2] == [4, 10]
    assert len(blocks) == 8


@pytest.mark.parametrize(
    ("shown", "printed", "missing"),
    [("a\n...\nc\n", "a\nb\nc\n", None), ("a 1... s\n", "a 1.25 s", None), ("a.c", "abc", "a.c"), ("a\na", "a", "a")],
)
def test_lines_are_compared_whole_and_in_their_order(shown: str, printed: str, missing: str | None) -> None:
    assert missing_line(shown, printed) == missing
