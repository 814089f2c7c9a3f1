"""The JSON Schema of a config as editors take it: with a name of its own, and the meaning of every key."""

from __future__ import annotations

import json
import re
from importlib import resources
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from engine.backtest.starter_files import SCHEMA_ID
from engine.core.yaml_document import load_plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.core.json_files import Json

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ROOT: Final = "Config"
_GENERIC: Final = re.compile(r"_Annotated_Union_\w*")
"""What a section that is generic over strategies is called after its own name."""
_MONTH_DAY: Final = "^[0-9]{2}-[0-9]{2}$"


def describe_schema(found: Mapping[str, Json]) -> dict[str, Json]:
    """Return a schema with its dialect and id, plain names of sections, and the meaning of every key.

    A key that has a description already, as a plug-in's may, keeps it.
    """
    names = {name: _GENERIC.sub("", name) for name in re.findall(r'#/\$defs/(\w+)"', json.dumps(found))}
    text = json.dumps(found)
    for name, plain in names.items():
        text = text.replace(f'#/$defs/{name}"', f'#/$defs/{plain}"')
    schema: dict[str, Any] = json.loads(text)
    schema["$defs"] = {names.get(name, name): one for name, one in schema["$defs"].items()}
    for name, one in schema["$defs"].items():
        if "_Annotated_Union_" in one.get("title", ""):
            one["title"] = name
    meanings = key_meanings()
    for section, key, described in described_keys(schema):
        described.setdefault("description", meanings.get(section, {}).get(key) or meanings["any"].get(key, ""))
        default = described.get("default")
        if isinstance(default, list) and described.get("pattern") == _MONTH_DAY:
            month, day = (int(str(one)) for one in default)
            described["default"] = f"{month:02d}-{day:02d}"
    head = {"$schema": _DIALECT, "$id": f"{SCHEMA_ID}:{version('portfolio-engine')}"}
    return {**head, **schema, "title": _ROOT, "required": [key for key in schema["required"] if key != "sweep"]}


def described_keys(schema: Mapping[str, Json]) -> Iterator[tuple[str, str, dict[str, Json]]]:
    """Yield the section, the name and the schema of every key."""
    sections = {_ROOT: schema, **_mapping(schema.get("$defs"))}
    for section, one in sections.items():
        for key, described in _mapping(_mapping(one).get("properties")).items():
            yield section, key, _mapping(described)


def key_meanings() -> dict[str, dict[str, str]]:
    """Return what each key means, by section and key; those of ``any`` are of every section."""
    text = resources.files("engine.backtest").joinpath("key_meanings.yaml").read_text(encoding="utf-8")
    return {
        str(name): {str(key): str(one) for key, one in _mapping(keys).items()}
        for name, keys in _mapping(load_plain(text)).items()
    }


def _mapping(found: object) -> dict[str, Json]:
    return found if isinstance(found, dict) else {}
