"""A chart of a page read back as a tree, so that it can be drawn as something else than a part of that page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final
from xml.etree.ElementTree import Element, TreeBuilder

_WITHOUT_END: Final = frozenset({"br", "hr", "img", "input"})
_DECLARED: Final = re.compile(r"(--?[a-z][a-z-]*|[a-z-]+)\s*:\s*([^;]+)")


class _Reader(HTMLParser):
    """Puts the elements of one figure into a tree."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.builder = TreeBuilder()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in _WITHOUT_END:
            self.builder.end(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        self.builder.end(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _WITHOUT_END:
            self.builder.end(tag)

    def handle_data(self, data: str) -> None:
        self.builder.data(data)


def read_figure(figure: str) -> Element:
    """Return the ``figure`` element that a function of this package made."""
    reader = _Reader()
    reader.feed(figure)
    reader.close()
    return reader.builder.close()


def of_class(tree: Element, name: str) -> Iterator[Element]:
    """Yield every element that has a class, the tree itself too."""
    return (one for one in tree.iter() if name in classes(one))


def first_of_class(tree: Element, name: str) -> Element | None:
    """Return the first element that has a class, None where there is none."""
    return next(of_class(tree, name), None)


def classes(element: Element) -> list[str]:
    """Return the classes of an element."""
    return element.get("class", "").split()


def style_of(element: Element) -> dict[str, str]:
    """Return what an element's ``style`` declares.

    >>> style_of(Element("b", {"style": "left:5%;--row:2"}))
    {'left': '5%', '--row': '2'}
    """
    return {name: value.strip() for name, value in _DECLARED.findall(element.get("style", ""))}


def text_of(element: Element) -> str:
    """Return all text in an element."""
    return "".join(element.itertext())


def number_in(text: str, otherwise: float = 0.0) -> float:
    """Return the number that a length begins with.

    >>> number_in("340px"), number_in("", 5.0)
    (340.0, 5.0)
    """
    found = re.match(r"-?[0-9.]+", text)
    return float(found[0]) if found else otherwise
