"""XML of brokers: of the elements that are wanted the attributes that are, with their lines; nothing is expanded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from xml.parsers import expat

from engine.core.errors import DataError
from engine.depot.cells import CellError
from engine.depot.documents import MAX_LINES, Document
from engine.depot.faults import Faults, quote_cell

MAX_DEPTH: Final = 10
_FoundT = TypeVar("_FoundT")


@dataclass(frozen=True)
class Element:
    """An element: its name, its line and the attributes that were wanted and are not empty."""

    tag: str
    line: int
    attributes: Mapping[str, str]
    faults: Faults

    def get(self, *names: str) -> str:
        """Return the first of the attributes that is there, ``""`` for none."""
        return next((self.attributes[name] for name in names if name in self.attributes), "")

    def parse(self, parser: Callable[[str], _FoundT | None], *names: str) -> _FoundT | None:
        """Return what ``parser`` makes of an attribute; what it refuses is a fault."""
        text = self.get(*names)
        try:
            return parser(text)
        except CellError as error:
            self.fault(f"{names[0]}: found {quote_cell(text)}, expected {error}", "run the query once more")
        return None

    def fault(self, message: str, remedy: str) -> None:
        """Let something of this element be a fault."""
        self.faults.add(self.line, f"{self.tag}: {message}", remedy)


def read_elements(document: Document, wanted: Mapping[str, frozenset[str]], faults: Faults) -> list[Element]:
    """Return the elements that ``wanted`` names, in their order, each with those of its attributes that are named.

    Raises DataError for what is not well-formed, has a DOCTYPE, or is nested deeper than ten elements.
    """
    reader = _Reader(document.name, wanted, faults)
    try:
        reader.parser.Parse(document.text, True)  # noqa: FBT003 - the last piece
    except expat.ExpatError as error:
        message = f"found XML that is not well-formed ({expat.ErrorString(error.code)})"
        raise DataError(f"{document.name}:{error.lineno}: {message}; download the file once more") from None
    return reader.found


class _Reader:
    def __init__(self, name: str, wanted: Mapping[str, frozenset[str]], faults: Faults) -> None:
        self.name, self.wanted, self.faults = name, wanted, faults
        self.found: list[Element] = []
        self.depth = 0
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._refusal(f"elements inside elements, {self.depth} deep", f"at most {MAX_DEPTH}")
        names = self.wanted.get(tag)
        if names is None:
            return
        if len(self.found) == MAX_LINES:
            raise self._refusal(f"more than {MAX_LINES:,} elements", "a statement of one depot")
        kept = {name: text for name, value in attributes.items() if name in names and (text := value.strip())}
        self.found.append(Element(tag, self.parser.CurrentLineNumber, kept, self.faults))

    def _end(self, _tag: str) -> None:
        self.depth -= 1

    def _refuse_doctype(self, *_declared: object) -> None:
        raise self._refusal("a DOCTYPE", "none, brokers write none")

    def _refusal(self, found: str, expected: str) -> DataError:
        line = self.parser.CurrentLineNumber
        return DataError(f"{self.name}:{line}: found {found}, expected {expected}; download the file once more")
