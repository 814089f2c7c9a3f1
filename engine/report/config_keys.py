"""The keys of a config on the terminal: type, default and meaning of each, read from the JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from engine.core.did_you_mean import did_you_mean
from engine.core.errors import OutputError
from engine.core.shortlist import shortlist
from engine.report.console import console, text

if TYPE_CHECKING:
    from engine.core.json_files import Json

_PERCENT: Final = "%$"
_MOST_NAMED: Final = 4
"""Keys of one name that a message asks about."""
_MOST_WORDS: Final = 16
"""Words of a choice that are listed."""


@dataclass(frozen=True)
class ConfigKey:
    """A key by its path, the kind of section that it is of, what it takes, its default and what it means."""

    path: str
    kind: str
    type: str
    default: str
    meaning: str
    told_at: str = ""
    """Where the keys below it are listed, when that is above."""


def list_keys(schema: Mapping[str, Json]) -> list[ConfigKey]:
    """Return every key in the order of the schema, those of a section below the first key that takes it."""
    return list(_Walk(schema).keys(schema, "", ""))


def select_keys(keys: list[ConfigKey], wanted: str) -> list[ConfigKey]:
    """Return a key, or all of a section, with what is below; raises OutputError when there is none of that name."""
    if not wanted:
        return keys
    found = [one for one in keys if one.path == wanted or one.path.startswith(f"{wanted}.")]
    if not found:
        raise OutputError(f"{wanted}: is no key of a config; {_near(wanted, sorted({one.path for one in keys}))}")
    return found


def _near(wanted: str, paths: list[str]) -> str:
    """Return which keys were probably meant: of the same name, below the section that was written, else the nearest."""
    section, _, name = wanted.rpartition(".")
    named = [path for path in paths if path.rpartition(".")[2] == name]
    named = [path for path in named if path.startswith(f"{section}.")] or named
    if named:
        return f"did you mean {shortlist([repr(path) for path in named], _MOST_NAMED)}?"
    return did_you_mean(wanted, paths, "`engine config` lists them")


def print_keys(keys: list[ConfigKey]) -> None:
    """Print keys with their type, default and meaning, a heading for each kind of a section."""
    out = console()
    kind = ""
    for one in keys:
        if one.kind != kind:
            kind = one.kind
            if kind:
                out.print()
                out.print(text(kind, "bold"))
        default = one.default if one.default == "required" else f"default {one.default}"
        out.print(text(one.path, "bold"))
        below = f"; its keys are those of {one.told_at}" if one.told_at not in {"", one.path} else ""
        for told in (f"{one.type}; {default}", f"{one.meaning}{below}"):
            for line in wrap(told, out.width, initial_indent="  ", subsequent_indent="  ", break_long_words=False):
                out.print(text(line))
    out.print()


def keys_json(keys: list[ConfigKey]) -> list[Json]:
    """Return keys as JSON."""
    return [
        {"path": one.path, "of": one.kind, "type": one.type, "default": one.default, "meaning": one.meaning}
        for one in keys
    ]


class _Walk:
    """A walk through a schema, which tells every section once."""

    def __init__(self, schema: Mapping[str, Json]) -> None:
        """Begin at no section."""
        self._sections = _mapping(schema.get("$defs"))
        self._told: dict[str, str] = {}

    def keys(self, section: Mapping[str, Json], prefix: str, kind: str) -> Iterator[ConfigKey]:
        """Yield the keys of a section, those of each section that a key takes after it."""
        required = section.get("required")
        needed = required if isinstance(required, list) else []
        for name, found in _mapping(section.get("properties")).items():
            schema = _mapping(found)
            if name == "kind" and "const" in schema:
                continue
            path = f"{prefix}{name}"
            below = list(self._sections_of(schema))
            told = next((self._told[one] for one, _ in below if one in self._told), "")
            default = "required" if name in needed else _show(schema.get("default"))
            yield ConfigKey(path, kind, self._type(schema), default, str(schema.get("description", "")), told)
            for one, between in below:
                if one in self._told:
                    continue
                self._told[one] = path
                below_section = _mapping(self._sections[one])
                word = _mapping(_mapping(below_section.get("properties")).get("kind")).get("const")
                title = f"{path}: kind {word}" if word else kind
                yield from self.keys(below_section, f"{path}{between}.", title)

    def _sections_of(self, schema: Mapping[str, Json], between: str = "") -> Iterator[tuple[str, str]]:
        """Yield the sections with keys of their own that a value may be, or have by NAME, with what stands between."""
        if "$ref" in schema:
            name = str(schema["$ref"]).rpartition("/")[2]
            section = _mapping(self._sections.get(name))
            if "properties" in section:
                yield name, between
            else:
                yield from self._sections_of(section, between)
            return
        for form in _forms(schema):
            yield from self._sections_of(form, between)
        for key in ("items", "additionalProperties"):
            if below := _mapping(schema.get(key)):
                yield from self._sections_of(below, between if key == "items" else ".NAME")

    def _type(self, schema: Mapping[str, Json]) -> str:
        """Return what a value is, in words."""
        if "$ref" in schema:
            section = _mapping(self._sections.get(str(schema["$ref"]).rpartition("/")[2]))
            return "section" if "properties" in section else self._type(section)
        if "const" in schema:
            return _show(schema["const"])
        if isinstance(words := schema.get("enum"), list):
            shown = [_show(one) for one in words[:_MOST_WORDS]]
            return " | ".join([*shown, "..."] if len(words) > _MOST_WORDS else shown)
        mapping = _mapping(_mapping(schema.get("discriminator")).get("mapping"))
        if mapping:
            return f"section of kind {' | '.join(mapping)}"
        if forms := _forms(schema):
            found = [self._type(one) for one in forms if one.get("type") != "null"]
            if any(str(one.get("pattern", "")).endswith(_PERCENT) for one in forms):
                found = ["percentage", *(one for one in found if one not in {"text", "number"} and "number" not in one)]
            return " | ".join(dict.fromkeys(found))
        return self._plain_type(schema)

    def _plain_type(self, schema: Mapping[str, Json]) -> str:
        match schema.get("type"):
            case "array":
                items = _mapping(schema.get("items"))
                return f"list of {self._type(items)}" if items else "list"
            case "object":
                values = _mapping(schema.get("additionalProperties"))
                return f"mapping to {self._type(values)}" if values else "mapping"
            case "number" | "integer" as kind:
                return ("whole number" if kind == "integer" else "number") + _bounds(schema)
            case "boolean":
                return "true | false"
            case "string":
                return "date" if schema.get("format") == "date" else "text"
        return "any value"


def _forms(schema: Mapping[str, Json]) -> list[dict[str, Json]]:
    for key in ("anyOf", "oneOf"):
        if isinstance(found := schema.get(key), list):
            return [_mapping(one) for one in found]
    return []


def _bounds(schema: Mapping[str, Json]) -> str:
    words = {"exclusiveMinimum": "above", "minimum": "at least", "exclusiveMaximum": "below", "maximum": "at most"}
    found = [f"{word} {_show(schema[key])}" for key, word in words.items() if key in schema]
    return f", {', '.join(found)}" if found else ""


def _show(value: Json) -> str:
    """Return a value as a config would have it."""
    if value is None or value in ({}, []):
        return "none"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_show(one)}" for key, one in value.items() if one is not None) + "}"
    return value if isinstance(value, str) and value[:1].isalnum() else json.dumps(value)


def _mapping(found: object) -> dict[str, Json]:
    return found if isinstance(found, dict) else {}
