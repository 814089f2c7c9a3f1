"""YAML text -> a tree of plain text with line numbers, or every fault of the text itself.

Nothing is typed here: each scalar stays the text the user wrote, so the tickers NO, ON, NULL, 007 and 1E5 survive, and
the schema decides what a field's text means. More than 1 MB is refused here, other bounds in ``yaml_tree``.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.core.errors import ConfigError, Fault
from engine.core.yaml_tree import LOADER, MAX_DEPTH, KeyPath, Tree, TreeBuilder, refusal

MAX_CONFIG_BYTES: Final = 1_000_000
NO_LINE: Final = -1
"""Where what is in no file stands."""
MAX_OVERRIDE_CHARACTERS: Final = 1000
"""Characters of the keys that an override may name."""


@dataclass
class Document:
    """A parsed file: ``tree`` of text, ``lines`` of every key path (from 1), and the ``name`` that messages show.

    ``faults`` are what is wrong already, but does not keep the rest from being read: a key that stands there twice.
    """

    name: str
    tree: dict[str, Tree]
    lines: dict[KeyPath, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @classmethod
    def from_tree(cls, name: str, tree: dict[str, Tree], line: int = 1) -> Document:
        """Return what a program put together as a document; all of it stands on one line, ``NO_LINE`` for none."""
        document = cls(name, tree)
        _number_lines(tree, (), document.lines, line)
        return document

    def locate(self, path: KeyPath) -> str:
        """Return ``file:line`` of the deepest part of ``path`` that stands in the file; the name of what has none."""
        known = (self.lines.get(path[:size]) for size in range(len(path), -1, -1))
        line = next((one for one in known if one is not None), NO_LINE)
        if line == NO_LINE:
            return self.name
        return f"{self.name}:{line}" if line else "--set"

    def value_at(self, path: KeyPath) -> Tree | None:
        """Return what stands at ``path``; None where nothing does."""
        node: Tree | None = self.tree
        for key in path:
            node = _child(node, key)
        return node

    def override(self, assignment: str) -> None:
        """Apply one ``key.path=value`` of the command line, its value read as YAML text.

        Raises ConfigError when there is no ``=``, or the path runs through something that is no mapping.
        """
        path_text, equals, value = assignment.partition("=")
        if not equals or not path_text.strip():
            raise refusal("--set", "expected KEY=VALUE", "as --set window.end=2024-12-31", assignment)
        if len(path_text) > MAX_OVERRIDE_CHARACTERS or path_text.count(".") > MAX_DEPTH:
            limits = f"at most {MAX_OVERRIDE_CHARACTERS:,} and {MAX_DEPTH} levels are read"
            raise refusal("--set", f"{len(path_text):,} characters of keys, {limits}", "check the path", path_text)
        path = self.split_path(path_text.strip())
        inner = parse_value(value, "--set")
        node: Tree = self.tree
        for depth, key in enumerate(path[:-1]):
            child = _child(node, key)
            if child is None and isinstance(node, dict):
                child = node[str(key)] = {}
                self.lines[path[: depth + 1]] = 0
            if not isinstance(child, dict | list):
                raise refusal("--set", f"'{key}' holds no keys here", "check the path", path_text)
            node = child
        last = path[-1]
        replaced = _child(node, last)
        if isinstance(node, dict):
            node[str(last)] = inner
        elif isinstance(node, list) and isinstance(last, int) and last < len(node):
            node[last] = inner
        else:
            raise refusal("--set", f"there is no item '{last}' in this list", "count from 0", path_text)
        if replaced is not None:
            _forget_lines(replaced, tuple(path), self.lines)
        _number_lines(inner, tuple(path), self.lines, 0)

    def split_path(self, text: str) -> KeyPath:
        """Split a dotted path at dots, but keep a key that itself contains one, as the ticker BRK.B."""
        parts = text.split(".")
        path: list[str | int] = []
        node: Tree | None = self.tree
        while parts:
            if isinstance(node, list) and parts[0].isascii() and parts[0].isdigit():
                path.append(int(parts.pop(0)))
            else:
                known = node if isinstance(node, dict) else {}
                size = next((n for n in range(len(parts), 1, -1) if ".".join(parts[:n]) in known), 1)
                path.append(".".join(parts[:size]))
                parts = parts[size:]
            node = _child(node, path[-1])
        return tuple(path)


def read_document(path: Path) -> Document:
    """Read and parse a configuration file.

    Raises ConfigError when the file cannot be read, is too large or deep, is not UTF-8 YAML text, or is not one
    mapping.
    """
    name = str(path)
    try:
        status = path.stat()
        if stat.S_ISFIFO(status.st_mode) and path.parts[:2] != ("/", "dev"):  # /dev/fd/63 is a shell's <(command)
            raise refusal(name, "is a named pipe, a file is expected", "write its text to a file")
        if status.st_size > MAX_CONFIG_BYTES:
            size = f"{status.st_size:,} bytes, at most {MAX_CONFIG_BYTES:,} are read"
            raise refusal(name, size, "is this a configuration?")
        with path.open("rb") as file:
            raw = file.read(MAX_CONFIG_BYTES + 1)
        if len(raw) > MAX_CONFIG_BYTES:  # a device has no size to ask for
            raise refusal(name, f"more than {MAX_CONFIG_BYTES:,} bytes", "is this a configuration?")
    except OSError as error:
        raise refusal(name, error.strerror or str(error), "check the path") from None
    except ValueError:
        raise refusal(name, "a zero byte in the path of a file", "check the path") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 text at byte {error.start}"
        raise refusal(name, message, "save it as UTF-8; is this a YAML file?") from None
    return parse_document(text, name)


def parse_document(text: str, name: str = "config") -> Document:
    """Parse configuration text; raises ConfigError as :func:`read_document` does."""
    built = TreeBuilder(name)
    tree = built.build(text)
    if tree is None:
        raise refusal(name, "the file is empty", "`engine init` writes a starter")
    if not isinstance(tree, dict):
        raise refusal(f"{name}:1", "expected `key: value` lines at the top level", "`engine init` writes a starter")
    return Document(name, tree, {(): 1} | built.lines, built.faults)


def parse_value(text: str, name: str) -> Tree:
    """Parse the value of a command-line override."""
    if len(text) > MAX_CONFIG_BYTES:
        size = f"{len(text):,} characters, at most {MAX_CONFIG_BYTES:,} are read"
        raise refusal(name, size, "is this a configuration?")
    built = TreeBuilder(name)
    value = built.build(text)
    if built.faults:
        raise ConfigError(built.faults)
    return "" if value is None else value


def load_plain(text: str) -> object:
    """Return the plain data of a text that the engine wrote or ships itself: numbers are numbers here, dates are dates.

    Raises yaml.YAMLError when it is no YAML.
    """
    loader = LOADER(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _child(node: Tree | None, key: str | int) -> Tree | None:
    if isinstance(node, dict):
        return node.get(str(key))
    if isinstance(node, list) and isinstance(key, int) and key < len(node):
        return node[key]
    return None


def _forget_lines(node: Tree, path: KeyPath, lines: dict[KeyPath, int]) -> None:
    """Drop where ``node`` and all below it stood."""
    lines.pop(path, None)
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in items:
        _forget_lines(child, (*path, key), lines)


def _number_lines(node: object, path: KeyPath, lines: dict[KeyPath, int], line: int) -> None:
    """Register ``node`` and all below it as standing on ``line``; 0 is the command line."""
    lines[path] = line
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list | tuple) else ()
    for key, child in items:
        _number_lines(child, (*path, key), lines, line)
