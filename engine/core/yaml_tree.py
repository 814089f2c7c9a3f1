"""YAML text -> a tree of plain text, built from the parser's events, within bounds that are counted as they come.

A text below 1 MB can still be 300,000 lists, 200,000 keys of one mapping or one number of 900,000 digits: what no plan
needs is refused on its line, before anything that grows faster than the text is done with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import yaml

from engine.core.errors import ConfigError, Fault, shorten

MAX_DEPTH: Final = 50
MAX_KEYS: Final = 1000
"""Keys of any one mapping."""
MAX_ITEMS: Final = 5000
"""Items of any one list."""
MAX_VALUES: Final = 100_000
"""Keys and items of all mappings and lists together."""
MAX_CHARACTERS: Final = 4096
"""Characters of any one key or value."""

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree]"
KeyPath: TypeAlias = tuple[str | int, ...]

LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DIRECTIVE: Final = re.compile(r"^%(?:YAML|TAG)\b", re.MULTILINE)


def refusal(where: str, message: str, remedy: str, path: str = "") -> ConfigError:
    """Return the error of one fault."""
    return ConfigError([Fault(where, path, message, remedy)])


@dataclass
class _Open:
    """A list or mapping that has begun: its ``path``, how many ``children`` it has, and the key that waits for a value.

    ``holds`` is None where it is left aside: a key that is no text, and what stands under a key for the second time.
    """

    holds: list[Tree] | dict[str, Tree] | None
    is_mapping: bool
    path: KeyPath = ()
    children: int = 0
    key: str | None = None
    expects_key: bool = True


@dataclass
class TreeBuilder:
    """Builds the tree of one text; ``lines`` has the line of every key path from 1, ``faults`` keys that are wrong."""

    name: str
    root: Tree | None = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    _open: list[_Open] = field(default_factory=list)
    _values: int = 0

    def build(self, text: str) -> Tree | None:
        """Return the tree of ``text``, None when there is nothing in it; raises ConfigError as :func:`parse_events`."""
        for event in parse_events(text, self.name):
            if isinstance(event, yaml.ScalarEvent):
                self._add(event, event.value)
            elif isinstance(event, yaml.SequenceStartEvent):
                self._add(event, [])
            elif isinstance(event, yaml.MappingStartEvent):
                self._add(event, {})
            elif isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()
        return self.root

    def _add(self, event: yaml.NodeEvent, node: Tree) -> None:
        """Put a node where it belongs, and go on inside it when it is a list or a mapping."""
        line = _line_of(event)
        path, kept = self._place(node, line)
        if not isinstance(node, str):
            self._open.append(_Open(node if kept else None, isinstance(node, dict), path))

    def _place(self, node: Tree, line: int) -> tuple[KeyPath, bool]:
        """Return the path of a node, and whether it is part of the tree."""
        if not self._open:
            self.root = node
            return (), True
        above = self._open[-1]
        if above.is_mapping and not above.expects_key:
            above.expects_key = True
            if above.key is None or not isinstance(above.holds, dict):
                return above.path, False
            above.holds[above.key] = node
            return (*above.path, above.key), True
        self._count(above, line)
        if isinstance(above.holds, list):
            path = (*above.path, len(above.holds))
            self.lines[path] = line
            above.holds.append(node)
            return path, True
        if above.is_mapping:
            above.expects_key = False
            above.key = self._accept_key(above, node, line) if isinstance(above.holds, dict) else None
        return above.path, False

    def _accept_key(self, above: _Open, key: Tree, line: int) -> str | None:
        """Return a key of a mapping; None with a fault where it is no text, or stands there already."""
        where, path = f"{self.name}:{line}", ".".join(map(str, above.path))
        if not isinstance(key, str):
            self.faults.append(Fault(where, path, "a key must be plain text", "write `key: value`"))
            return None
        here = (*above.path, key)
        if key in (above.holds or ()):
            found = f"key '{shorten(key, 60)}' stands here and on line {self.lines[here]}"
            self.faults.append(Fault(where, ".".join(map(str, here)), found, "keep one of the two"))
            return None
        self.lines[here] = line
        if isinstance(above.holds, dict):
            above.holds[key] = ""
        return key

    def _count(self, above: _Open, line: int) -> None:
        above.children += 1
        self._values += 1
        if above.is_mapping and above.children > MAX_KEYS:
            excess = f"{MAX_KEYS:,} keys in one mapping"
        elif above.children > MAX_ITEMS:
            excess = f"{MAX_ITEMS:,} items in one list"
        elif self._values > MAX_VALUES:
            excess = f"{MAX_VALUES:,} keys and items in all"
        else:
            return
        path = ".".join(map(str, above.path))
        raise refusal(f"{self.name}:{line}", f"more than {excess}", "leave some out; is this a configuration?", path)


def count_values(node: object) -> int:
    """Return how many keys and items a tree has."""
    if not isinstance(node, dict | list | tuple):
        return 0
    return len(node) + sum(map(count_values, node.values() if isinstance(node, dict) else node))


def parse_events(text: str, name: str) -> Iterator[yaml.Event]:
    """Yield the parser's events; raises ConfigError where the text is no YAML, or has what is not read here.

    That is depth, length of a text, anchors, aliases, tags, directives and second documents.
    """
    if directive := _DIRECTIVE.search(text):  # thousands of them are compared with each other before the first event
        line = text.count("\n", 0, directive.start()) + 1
        raise refusal(f"{name}:{line}", f"{directive[0]} is not read here", "remove the line")
    depth, documents = 0, 0
    for event in _read_events(text, name):
        line = _line_of(event)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise refusal(f"{name}:{line}", "a second document starts here", "one file holds one configuration")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.NodeEvent):
            _refuse_references(event, f"{name}:{line}")
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise refusal(f"{name}:{line}", f"more than {MAX_DEPTH} levels deep", "is this a configuration?")
            elif isinstance(event, yaml.ScalarEvent) and len(event.value) > MAX_CHARACTERS:
                found = f"{len(event.value):,} characters in one text, at most {MAX_CHARACTERS:,} are read"
                raise refusal(f"{name}:{line}", f"{found}: '{shorten(event.value, 40)}'", "shorten it")
        yield event


def _line_of(event: yaml.Event) -> int:
    """Return the line on which an event begins."""
    return event.start_mark.line + 1 if event.start_mark else 1


def _refuse_references(event: yaml.NodeEvent, where: str) -> None:
    if event.anchor:  # an alias has one too
        raise refusal(where, "anchors and aliases (& and *) are not read here", "write the value out")
    if tag := getattr(event, "tag", None):
        raise refusal(where, f"tag {shorten(tag, 60)} is not read here", "remove it; the schema gives every type")


def _read_events(text: str, name: str) -> Iterator[yaml.Event]:
    """Yield the events of libyaml; what it cannot read becomes a located fault."""
    try:
        yield from yaml.parse(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_syntax_fault(error, text, name)]) from None
    except yaml.reader.ReaderError as error:
        code = error.character if isinstance(error.character, int) else ord(str(error.character)[:1] or "?")
        line = text[: max(text.find(chr(code)), 0)].count("\n") + 1
        where = name if name == "--set" else f"{name}:{line}"
        message = f"character #x{code:04x} is no text"
        raise refusal(where, message, "remove it; is this a YAML file?") from None
    except UnicodeEncodeError as error:  # a command line can hold bytes that are no text
        raise refusal(name, f"character {error.start + 1} of the value is no text", "write it in UTF-8") from None


def _syntax_fault(error: yaml.MarkedYAMLError, text: str, name: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
    problem = error.problem or "not YAML"
    lines = text.splitlines()
    if mark and mark.line < len(lines) and "\t" in lines[mark.line][: mark.column + 1]:
        return Fault(where, "", "a tab where indentation or a value starts", "indent with spaces")
    context = f" ({error.context})" if error.context else ""
    return Fault(where, "", f"not YAML: {problem}{context}", "check indentation, colons and brackets")
