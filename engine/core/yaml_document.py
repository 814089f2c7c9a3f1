"""YAML text -> a tree of plain text with line numbers, or every fault of the text itself.

Nothing is typed here: each scalar stays the text the user wrote, so the tickers NO, ON, NULL, 007 and 1E5 survive, and
the schema decides what a field's text means. Anchors, aliases, tags, duplicate keys, more than 1 MB and more than 50
levels are refused before anything is built.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias, cast

import yaml

from engine.core.errors import ConfigError, Fault

MAX_CONFIG_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 50
MAX_OVERRIDE_CHARACTERS: Final = 1000
"""Characters of the keys that an override may name."""

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree]"
KeyPath: TypeAlias = tuple[str | int, ...]

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
    def from_tree(cls, name: str, tree: dict[str, Tree]) -> Document:
        """Return what a program put together as a document; all of it stands on line 1."""
        document = cls(name, tree)
        _number_lines(tree, (), document.lines, 1)
        return document

    def locate(self, path: KeyPath) -> str:
        """Return ``file:line`` of the deepest part of ``path`` that stands in the file."""
        for size in range(len(path), -1, -1):
            if path[:size] in self.lines:
                line = self.lines[path[:size]]
                return f"{self.name}:{line}" if line else "--set"
        return self.name

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
            raise _refusal("--set", "expected KEY=VALUE", "as --set window.end=2024-12-31", assignment)
        if len(path_text) > MAX_OVERRIDE_CHARACTERS or path_text.count(".") > MAX_DEPTH:
            limits = f"at most {MAX_OVERRIDE_CHARACTERS:,} and {MAX_DEPTH} levels are read"
            raise _refusal("--set", f"{len(path_text):,} characters of keys, {limits}", "check the path", path_text)
        path = self.split_path(path_text.strip())
        inner = parse_value(value, "--set")
        node: Tree = self.tree
        for depth, key in enumerate(path[:-1]):
            child = _child(node, key)
            if child is None and isinstance(node, dict):
                child = node[str(key)] = {}
                self.lines[path[: depth + 1]] = 0
            if not isinstance(child, dict | list):
                raise _refusal("--set", f"'{key}' holds no keys here", "check the path", path_text)
            node = child
        last = path[-1]
        if isinstance(node, dict):
            node[str(last)] = inner
        elif isinstance(node, list) and isinstance(last, int) and last < len(node):
            node[last] = inner
        else:
            raise _refusal("--set", f"there is no item '{last}' in this list", "count from 0", path_text)
        for gone in [place for place in self.lines if place[: len(path)] == tuple(path)]:
            del self.lines[gone]
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
            raise _refusal(name, "is a named pipe, a file is expected", "write its text to a file")
        if status.st_size > MAX_CONFIG_BYTES:
            size = f"{status.st_size:,} bytes, at most {MAX_CONFIG_BYTES:,} are read"
            raise _refusal(name, size, "is this a configuration?")
        with path.open("rb") as file:
            raw = file.read(MAX_CONFIG_BYTES + 1)
        if len(raw) > MAX_CONFIG_BYTES:  # a device has no size to ask for
            raise _refusal(name, f"more than {MAX_CONFIG_BYTES:,} bytes", "is this a configuration?")
    except OSError as error:
        raise _refusal(name, error.strerror or str(error), "check the path") from None
    except ValueError:
        raise _refusal(name, "a zero byte in the path of a file", "check the path") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 text at byte {error.start}"
        raise _refusal(name, message, "save it as UTF-8; is this a YAML file?") from None
    return parse_document(text, name)


def parse_document(text: str, name: str = "config") -> Document:
    """Parse configuration text; raises ConfigError as :func:`read_document` does."""
    node = _compose(text, name)
    if node is None:
        raise _refusal(name, "the file is empty", "`engine init` writes a starter")
    if not isinstance(node, yaml.MappingNode):
        raise _refusal(f"{name}:1", "expected `key: value` lines at the top level", "`engine init` writes a starter")
    lines: dict[KeyPath, int] = {(): 1}
    faults: list[Fault] = []
    tree = cast("dict[str, Tree]", _build_tree(node, (), lines, faults, name))
    return Document(name, tree, lines, faults)


def parse_value(text: str, name: str) -> Tree:
    """Parse the value of a command-line override."""
    if len(text) > MAX_CONFIG_BYTES:
        size = f"{len(text):,} characters, at most {MAX_CONFIG_BYTES:,} are read"
        raise _refusal(name, size, "is this a configuration?")
    node = _compose(text, name)
    faults: list[Fault] = []
    value = "" if node is None else _build_tree(node, (), {}, faults, name)
    if faults:
        raise ConfigError(faults)
    return value


def load_plain(text: str) -> object:
    """Return the plain data of a text that the engine wrote or ships itself: numbers are numbers here, dates are dates.

    Raises yaml.YAMLError when it is no YAML.
    """
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _compose(text: str, name: str) -> yaml.Node | None:
    try:
        check_events(text, name)
        return yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_syntax_fault(error, text, name)]) from None
    except yaml.reader.ReaderError as error:
        code = error.character if isinstance(error.character, int) else ord(str(error.character)[:1] or "?")
        line = text[: max(text.find(chr(code)), 0)].count("\n") + 1
        where = name if name == "--set" else f"{name}:{line}"
        message = f"character #x{code:04x} is no text"
        raise _refusal(where, message, "remove it; is this a YAML file?") from None
    except UnicodeEncodeError as error:  # a command line can hold bytes that are no text
        raise _refusal(name, f"character {error.start + 1} of the value is no text", "write it in UTF-8") from None


def check_events(text: str, name: str) -> None:
    """Refuse depth, anchors, aliases, tags and second documents from the event stream, before any node exists."""
    depth, documents = 0, 0
    for event in yaml.parse(text, Loader=_Loader):
        line = f"{name}:{event.start_mark.line + 1}" if event.start_mark else name
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _refusal(line, "a second document starts here", "one file holds one configuration")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refusal(line, "anchors and aliases (& and *) are not read here", "write the value out")
        if tag := getattr(event, "tag", None):
            raise _refusal(line, f"tag {tag} is not read here", "remove it; the schema gives every type")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _refusal(line, f"more than {MAX_DEPTH} levels deep", "is this a configuration?")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _build_tree(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], faults: list[Fault], name: str) -> Tree:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            lines[(*path, i)] = item.start_mark.line + 1
        return [_build_tree(item, (*path, i), lines, faults, name) for i, item in enumerate(node.value)]
    tree: dict[str, Tree] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            faults.append(
                Fault(f"{name}:{line}", ".".join(map(str, path)), "a key must be plain text", "write `key: value`")
            )
            continue
        key = str(key_node.value)
        here = (*path, key)
        if key in tree:
            where = f"key '{key}' stands here and on line {lines[here]}"
            faults.append(Fault(f"{name}:{line}", ".".join(map(str, here)), where, "keep one of the two"))
            continue
        lines[here] = line
        tree[key] = _build_tree(value_node, here, lines, faults, name)
    return tree


def _syntax_fault(error: yaml.MarkedYAMLError, text: str, name: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
    problem = error.problem or "not YAML"
    lines = text.splitlines()
    if mark and mark.line < len(lines) and "\t" in lines[mark.line][: mark.column + 1]:
        return Fault(where, "", "a tab where indentation or a value starts", "indent with spaces")
    context = f" ({error.context})" if error.context else ""
    return Fault(where, "", f"not YAML: {problem}{context}", "check indentation, colons and brackets")


def _child(node: Tree | None, key: str | int) -> Tree | None:
    if isinstance(node, dict):
        return node.get(str(key))
    if isinstance(node, list) and isinstance(key, int) and key < len(node):
        return node[key]
    return None


def _number_lines(node: object, path: KeyPath, lines: dict[KeyPath, int], line: int) -> None:
    """Register ``node`` and all below it as standing on ``line``; 0 is the command line."""
    lines[path] = line
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list | tuple) else ()
    for key, child in items:
        _number_lines(child, (*path, key), lines, line)


def _refusal(where: str, message: str, remedy: str, path: str = "") -> ConfigError:
    return ConfigError([Fault(where, path, message, remedy)])
