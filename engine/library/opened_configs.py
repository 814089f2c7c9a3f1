"""A config, from a file or from a program, with the prices that stand in for those that it names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from engine import composition
from engine.core.errors import prefix_errors
from engine.core.yaml_document import NO_LINE, Document
from engine.core.yaml_tree import MAX_DEPTH, KeyPath, Tree, refusal
from engine.library.type_words import type_words

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.composition import AnyRunConfig

Config: TypeAlias = "str | PurePath | Mapping[str, object] | AnyRunConfig"
"""A path, a mapping as YAML would have it, or a config that is valid already."""

NAME: Final = "config"
"""What messages call a config that is in no file."""
_PRICE_KINDS: Final = frozenset({"files", "frame"})


@dataclass(frozen=True)
class OpenedConfig:
    """A config with its overrides, and the table that stands in for its source; None where there is none."""

    document: Document
    table: pa.Table | None = None
    sha256: str = ""

    @property
    def is_sweep(self) -> bool:
        """Whether it has a sweep."""
        return "sweep" in self.document.tree

    @contextmanager
    def provide_prices(self, *files: object) -> Iterator[None]:
        """Have the table read as its source within this block, whose errors begin with the config or a file."""
        with self._table_provided(), prefix_errors(self.document.name, *files):
            yield

    def _table_provided(self) -> AbstractContextManager[None]:
        if self.table is None:
            return nullcontext()
        from engine.data.sources.frame import provide_frame

        return provide_frame(self.table, self.sha256)


def open_config(config: object, overrides: Sequence[str], prices: object = None) -> OpenedConfig:
    """Return a config with keys overridden and, where there are ``prices``, these as its source.

    Raises ConfigError for a file that cannot be read or a value that no config has, DataError for prices of no form.
    """
    for one in overrides:
        if not isinstance(one, str):
            found = f"found {type_words(one)} after the config, expected text as 'window.end=2024-12-31'"
            raise refusal(NAME, found, "hand prices over as prices=")
    document = _open_document(config, overrides)
    if prices is None:
        return OpenedConfig(document)
    from engine.data.sources.frame import table_sha256
    from engine.library.price_tables import read_columns

    columns = read_columns(prices)
    sha256 = table_sha256(columns.table)
    data = document.tree.setdefault("data", {})
    if isinstance(data, dict):
        data["source"] = _source(data.get("source"), columns.keys, sha256)
    return OpenedConfig(document, columns.table, sha256)


def _source(named: Tree | None, keys: Mapping[str, str], sha256: str) -> dict[str, Tree]:
    """Return a frame as the source, read by the keys that the config's own source of files has."""
    own = named if isinstance(named, dict) and named.get("kind", "files") in _PRICE_KINDS else {}
    kept = {key: value for key, value in own.items() if key not in {"kind", "path", "sha256"}}
    return {"kind": "frame", "sha256": sha256, **keys, **kept}


def _open_document(config: object, overrides: Sequence[str]) -> Document:
    if isinstance(config, str | PurePath):
        return composition.open_document(Path(config), overrides)
    if not isinstance(config, Mapping):
        canonical = getattr(config, "canonical", None)
        if not callable(canonical):
            found = f"found {type_words(config)}, expected a path, a mapping or a RunConfig"
            raise refusal(NAME, found, "as engine.run('plan.yaml')")
        config = cast("Mapping[str, object]", canonical())
    document = Document.from_tree(NAME, _to_mapping(config, ()), NO_LINE)
    return composition.override_keys(document, overrides)


def _to_mapping(node: Mapping[Any, object], path: KeyPath) -> dict[str, Tree]:
    found: dict[str, Tree] = {}
    for key, item in node.items():
        if not isinstance(key, str | int | float | dt.date):
            raise refusal(NAME, f"found the key {key!r}, a key must be text", "write it so", ".".join(map(str, path)))
        if str(key) in found:  # 1 and "1", or True and "True"
            raise refusal(NAME, "found the key twice", "remove one", ".".join((*map(str, path), str(key))))
        if item is not None:  # as a key that is not there
            found[str(key)] = _to_tree(item, (*path, str(key)))
    return found


def _to_tree(node: object, path: KeyPath) -> Tree:
    """Return plain data as the text that YAML would have of it."""
    where = ".".join(map(str, path))
    if len(path) > MAX_DEPTH:
        raise refusal(NAME, f"more than {MAX_DEPTH} levels", "is this a configuration?", where)
    if isinstance(node, Mapping):
        return _to_mapping(node, path)
    if isinstance(node, list | tuple):
        return [_to_tree(item, (*path, at)) for at, item in enumerate(node)]
    plain = _plain(node)
    if isinstance(plain, str):
        return _text(plain, where)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, int | float):
        return _number(plain, where)
    if isinstance(plain, dt.datetime):
        return str(plain.date() if plain.time() == dt.time() else plain)
    if isinstance(plain, dt.date | PurePath):
        return str(plain)
    message = f"found {type_words(node)}, expected text, a number, a date, a list or a mapping"
    raise refusal(NAME, message, "convert it", where)


def _plain(node: object) -> object:
    """Return what a value of numpy or pandas is to Python; no stamp, which is unlike itself, stays what it is."""
    item = getattr(node, "item", None)
    if callable(item) and getattr(node, "ndim", None) == 0:
        stamp = getattr(getattr(node, "dtype", None), "kind", "") == "M"  # of nanoseconds, Python makes a number
        return node.astype("datetime64[us]").item() if stamp else item()  # type: ignore[attr-defined]
    return None if isinstance(node, dt.date) and node != node else node  # noqa: PLR0124


def _number(number: float, where: str) -> str:
    try:
        return int.__repr__(number) if isinstance(number, int) else float.__repr__(number)
    except ValueError:  # of more digits than Python writes
        raise refusal(NAME, "found a number of thousands of digits", "write a number up to 1e15", where) from None


def _text(text: str, where: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:  # no file could hold it
        raise refusal(NAME, "found half of a pair of UTF-16, which is no character", "write it anew", where) from None
    return str(text)
