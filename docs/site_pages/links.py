"""Links of pages: on a repository's pages they lead to files, on the site to its pages or to nothing.

Pages name each other, and files of the code, as ``](taxes.md#germany)`` and ``](../engine/tax/flat.py)``, relative to
the page. The site has the pages of ``docs/`` and those of :data:`COPIED`. What leads elsewhere becomes its text with
the file's name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
COPIED: Final = {
    "README.md": "project/readme.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
}
"""Files outside ``docs/`` that are pages of the site, and where: such a page has but a link to its file."""
EXCLUDED: Final = ("examples", "site_pages")
"""Folders of ``docs/`` without pages."""

_LINK: Final = re.compile(r"(?<![!\\])\[((?:[^\[\]`]|`[^`]*`|\[[^\]]*\])*)\]\(([^()\s]+)\)")
_FENCE: Final = re.compile(r" *(`{3,}|~{3,})")


def map_prose(text: str, change: Callable[[str], str]) -> str:
    """Return a page of which all lines outside of fenced blocks are changed, paragraph by paragraph."""
    parts: list[str] = []
    prose: list[str] = []
    fence = ""
    for line in text.splitlines(keepends=True):
        opened = _FENCE.match(line)
        if fence or opened:
            parts += [change("".join(prose)), line]
            prose = []
            if fence and opened and opened[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
            elif not fence and opened:
                fence = opened[1]
        else:
            prose.append(line)
    return "".join([*parts, change("".join(prose))])


def links(text: str) -> Iterator[str]:
    """Yield where the links of a page lead."""
    found: list[str] = []
    map_prose(text, lambda prose: found.extend(one[2] for one in _LINK.finditer(prose)) or prose)
    yield from found


def heading_anchors(text: str) -> set[str]:
    """Return the anchors that a repository's page and the site give the headings of a page."""
    headings: list[str] = []
    pattern = re.compile(r"^#{1,6} +(.*?) *#*$", re.MULTILINE)
    map_prose(text, lambda prose: headings.extend(pattern.findall(prose)) or prose)
    anchors: set[str] = set()
    for heading in headings:
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        repeated = (f"{anchor}-{number}" for number in count(1))
        anchors.add(anchor if anchor not in anchors else next(one for one in repeated if one not in anchors))
    return anchors


def lists_of_pages(text: str, page: Path) -> str:
    """Return a page with each comment ``pages: CAPTION``, with a page or pattern a line, as what the site lists there.

    A pattern stands for the pages that are not named before it; what is not there is left out.
    """
    listed: list[str] = []

    def write(found: re.Match[str]) -> str:
        first = len(listed)
        for pattern in found[2].split():
            places = sorted(place for end in (".md", ".ipynb") for place in page.parent.glob(pattern + end))
            names = (place.relative_to(page.parent).with_suffix("").as_posix() for place in places)
            listed.extend(name for name in names if name not in listed)
        return "\n".join(["```{toctree}", ":hidden:", f":caption: {found[1]}", "", *listed[first:], "```"])

    return re.sub(r"^<!-- pages: (.+)\n((?:.+\n)+?)-->$", write, text, flags=re.MULTILINE)


def page_of(path: Path) -> Path | None:
    """Return the page of the site, below ``docs/``, that a file of the repository is shown as; None for none.

    A folder is shown as what its README says, or else where the front page lists its pages.
    """
    relative = path.relative_to(ROOT).as_posix()
    if relative in COPIED:
        return DOCS / COPIED[relative]
    if path.is_dir() and path != DOCS:
        path = path / "README.md" if (path / "README.md").exists() else path.parent / "index.md"
    inside = path.is_relative_to(DOCS) and path.relative_to(DOCS).parts[0] not in EXCLUDED
    return path if inside and path.suffix in {".md", ".ipynb"} and path.exists() else None


def for_site(text: str, file: Path, page: Path) -> str:
    """Return the text of a ``file`` as the site's ``page``: links to pages lead there, all else is named."""

    def lead(found: re.Match[str]) -> str:
        label, target = found[1], found[2]
        name, _, anchor = target.partition("#")
        if not name or re.match(r"[a-z]+:", name):
            return found[0]
        path = Path(os.path.normpath(file.parent / name))
        shown = page_of(path)
        if shown is not None:
            place = Path(os.path.relpath(shown, page.parent)).as_posix()
            return f"[{label}]({place}{'#' if anchor else ''}{anchor})"
        code = f"`{path.relative_to(ROOT).as_posix()}`"
        same = label.strip("`").endswith(name.rpartition("/")[2])
        return code if same else f"{label} ({code})"

    return map_prose(text, lambda prose: _LINK.sub(lead, prose))
