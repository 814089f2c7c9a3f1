"""pydantic's errors -> located faults: file, line, path, what was found, what is expected, what to write instead."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sized
from typing import Final, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.core.did_you_mean import did_you_mean, limit_suggestions
from engine.core.errors import ConfigError, Fault, shorten
from engine.core.fields import format_percent
from engine.core.plug_ins import plug_in_faults
from engine.core.yaml_document import Document
from engine.core.yaml_tree import KeyPath, Tree

ModelT = TypeVar("ModelT", bound=BaseModel)

MAX_FAULTS: Final = 1000
"""Faults that are put into words; of more only their number is told."""
_BOUNDS: Final = {
    "greater_than": "above",
    "greater_than_equal": "at least",
    "less_than": "below",
    "less_than_equal": "at most",
}
_EXPECTED: Final = {
    "string_type": ("expected text", "write one word, or put it in quotes"),
    "tuple_type": ("expected a list", "write [{items}]"),
    "list_type": ("expected a list", "write [{items}]"),
    "int_type": ("expected a whole number", "write digits only"),
    "int_parsing": ("expected a whole number", "write digits only"),
    "string_pattern_mismatch": ("expected other characters", "it has to match {pattern}"),
    "string_too_short": ("expected at least {min_length} characters", "write more"),
    "string_too_long": ("expected at most {max_length} characters", "shorten it"),
    "too_long": ("expected at most {max_length:,} of them", "leave some out"),
    "too_short": ("expected at least {min_length} of them", "add what is missing"),
}
"""What pydantic misses, in the words of a config, and what to do; keys in braces are pydantic's own."""
_BUILT_IN_KEY: Final = "url"
"""Only pydantic's own errors have this key; those raised by our validators have not."""


def validate(schema: type[ModelT], document: Document) -> ModelT:
    """Return ``document`` as a ``schema``; raises ConfigError with every fault, in file order."""
    faults, uncounted = list(document.faults), 0
    refused = [
        Fault(document.locate(place), ".".join(map(str, place)), line) for place, line in plug_in_faults(document.tree)
    ]
    if refused:
        raise ConfigError([*faults, *refused])
    with limit_suggestions():
        try:
            model = schema.model_validate(document.tree)
        except ValidationError as error:
            faults += _collect_faults(error.errors()[:MAX_FAULTS], schema, document)
            uncounted = max(error.error_count() - MAX_FAULTS, 0)
    if faults:
        raise ConfigError(sorted(faults, key=lambda fault: _line_number(fault.location)), uncounted)
    return model


def _collect_faults(found: list[ErrorDetails], schema: type[BaseModel], document: Document) -> list[Fault]:
    by_path: dict[KeyPath, list[ErrorDetails]] = {}
    for detail in found:
        by_path.setdefault(_yaml_path(detail, document), []).append(detail)
    faults: list[tuple[str, Fault]] = []
    above = {path[:size] for path in by_path for size in range(1, len(path))}
    for path, details in by_path.items():
        if path in above:
            continue  # one alternative of a union was refused for its keys, which says more than "not a number"
        written = document.value_at(path)
        specific = _most_specific(details)
        messages = dict.fromkeys(one for detail in specific for one in _messages(detail, schema, written))
        for below, message, remedy in messages:
            place = (*path, *below)
            fault = Fault(document.locate(place), ".".join(map(str, place)), message, remedy)
            faults.append((str(place[-1]) if place else "", fault))
    remedies = {fault.remedy for _, fault in faults}  # a key that is missing because it was mistyped is told once
    return [fault for key, fault in faults if f"did you mean '{key}'?" not in remedies]


def _line_number(where: str) -> int:
    """Return the line in ``file:line`` or ``file:line:column``, 0 where there is none."""
    tail = re.search(r":([0-9]+)(:[0-9]+)?$", where)
    return int(tail[1]) if tail else 0


def _most_specific(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Return the errors worth showing where alternatives of a union each gave one: ours and bounds before the rest."""
    own = [detail for detail in details if _BUILT_IN_KEY not in detail or detail["type"] in _BOUNDS]
    return own or details


def _yaml_path(detail: ErrorDetails, document: Document) -> KeyPath:
    """Drop what pydantic adds to a path (tags of unions, names of alternatives) and the file does not have."""
    path: KeyPath = ()
    for part in detail["loc"]:
        if (*path, part) in document.lines:
            path = (*path, part)
    return (*path, detail["loc"][-1]) if detail["type"] == "missing" else path


def _is_pydantic_tag(part: str | int) -> bool:
    """Return whether ``part`` names an alternative rather than a key: literal[...], function-...(), a class, [key]."""
    return isinstance(part, str) and (part == "[key]" or "[" in part or "(" in part or part[:1].isupper())


def _messages(detail: ErrorDetails, schema: type[BaseModel], written: Tree | None) -> list[tuple[KeyPath, str, str]]:
    """Return keys further down, message and remedy of one error; of several where one validator found several."""
    if _BUILT_IN_KEY in detail:
        if detail["type"] in _BOUNDS and isinstance(written, str):
            return [((), *_bound_message(detail, written))]
        return [((), *_built_in_message(detail, schema))]
    context = detail.get("ctx", {})
    parts = [line.partition("; ") for line in context.get("lines", [detail["msg"]])]
    places: list[KeyPath] = context.get("places", [()])
    return [(place, message, remedy) for place, (message, _, remedy) in zip(places, parts, strict=True)]


def _bound_message(detail: ErrorDetails, written: str) -> tuple[str, str]:
    """Return what was ``written``, not what it was read as, beside the bound in the same unit."""
    bound = float(next(iter(detail.get("ctx", {}).values())))
    shown = format_percent(bound) if written.strip().endswith("%") else f"{bound:g}"
    return f"found {_show_found(written)}", f"expected {_BOUNDS[detail['type']]} {shown}"


def _built_in_message(detail: ErrorDetails, schema: type[BaseModel]) -> tuple[str, str]:
    """Return message and remedy of an error that pydantic found itself."""
    kind, context, found = detail["type"], detail.get("ctx", {}), detail["input"]
    key = str(detail["loc"][-1]) if detail["loc"] else ""
    if kind == "extra_forbidden":
        owner = _model_at(schema, detail["loc"][:-1])
        known = [field.alias or name for name, field in owner.model_fields.items()] if owner else []
        remedy = did_you_mean(key, known) if owner else "remove it"
        return f"unknown key {_show_found(key)}", remedy
    if kind == "missing":
        return f"key '{key}' is missing", f"add `{key}: ...`"
    if kind == "union_tag_invalid":
        known = [tag.strip(" '") for tag in str(context["expected_tags"]).split(",")]
        near = did_you_mean(str(context["tag"]), known)
        every = f"; known: {', '.join(known)}" if near.startswith("did") else ""
        return f"unknown kind {_show_found(context['tag'])}", near + every
    if kind == "union_tag_not_found":
        remedy = "as {kind: ...}; `engine schema` lists them"
        return f"expected a mapping with a `kind`, found {_show_found(found)}", remedy
    if kind == "literal_error":
        expected = str(context["expected"])
        near = did_you_mean(str(found), re.findall(r"'([^']*)'", expected), otherwise="")
        return f"found {_show_found(found)}", "; ".join(filter(None, (near, f"expected {expected}")))
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        owner = _model_at(schema, detail["loc"])
        named = "path" if owner and "path" in owner.model_fields else ""
        key = "kind" if kind == "model_attributes_type" else named
        one_word = key and isinstance(found, str) and found.strip()
        remedy = f"write {{{key}: {shorten(str(found), 60)}}}" if one_word else "indent the keys below it"
        return f"expected `key: value` lines, found {_show_found(found)}", remedy
    if kind in _BOUNDS:
        return f"found {_show_found(found)}", f"expected {_BOUNDS[kind]} {next(iter(context.values()))}"
    message, remedy = _EXPECTED.get(kind, (detail["msg"], "see `engine schema`"))
    words = {**context, "items": shorten(found, 60) if isinstance(found, str) and found.strip() else "a, b"}
    shown = f"{len(found):,}" if kind == "too_long" and isinstance(found, Sized) else _show_found(found)
    return f"{message.format_map(words)}, found {shown}", remedy.format_map(words)


def _show_found(found: object) -> str:
    if isinstance(found, Mapping):
        return "a mapping" if found else "none"
    if isinstance(found, list | tuple):
        return "a list" if found else "none"
    return f"'{shorten(str(found), 60)}'"


def _model_at(schema: type[BaseModel], loc: tuple[str | int, ...]) -> type[BaseModel] | None:
    """Return the model that ``loc`` (with pydantic's tags) leads to, for its list of keys."""
    models: list[type[BaseModel]] = [schema]
    for part in loc:
        found = [model for model in models if _model_kind(model) == part]
        if not found and (isinstance(part, int) or _is_pydantic_tag(part)):
            found = [model for model in models if model.__name__ == part]
        elif not found:
            fields = [item for model in models for item in model.model_fields.items()]
            owned = [field.annotation for name, field in fields if (field.alias or name) == part]
            found = list(dict.fromkeys(inner for annotation in owned for inner in _models_in(annotation)))
        models = found or models
    return models[0] if len(models) == 1 else None


def _model_kind(model: type[BaseModel]) -> object:
    field = model.model_fields.get("kind")
    return field.default if field else None


def _models_in(annotation: object) -> list[type[BaseModel]]:
    """Return every model class inside an annotation: unions, Annotated, containers."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]
