"""Plug-ins: what packages of others add to the unions that a config chooses from, found by their entry points.

A distribution names a class in one of the groups ``portfolio_engine.strategies``, ``.costs``, ``.objectives``,
``.sources``, ``.metrics`` and ``.taxes``; the name of the entry is the ``kind`` in a config. Nothing of it is imported
before the union is. One that cannot be used is left out, and said to whoever names it.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, reduce, wraps
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from engine.core.crash_log import write_crash_log
from engine.core.errors import EngineError, escape_controls, shorten

Group: TypeAlias = Literal["strategies", "costs", "objectives", "sources", "metrics", "taxes"]

PREFIX: Final = "portfolio_engine."
GROUPS: Final[tuple[Group, ...]] = get_args(Group)
_SECTIONS: Final[Mapping[str, Group]] = {
    "strategy": "strategies",
    "costs": "costs",
    "objective": "objectives",
    "source": "sources",
    "tax": "taxes",
}
"""The key of a config below which a plug-in of a group is named."""

Check: TypeAlias = Callable[..., str | None]
AnyClass = TypeVar("AnyClass", bound=type)
Answer = TypeVar("Answer")


class PlugInError(EngineError):
    """A plug-in that cannot be used or does what it must not: the line names its package and its entry."""


@dataclass(frozen=True)
class PlugIn:
    """An entry point of an installed distribution: ``kind`` in a config is ``target`` of ``package`` in ``version``."""

    group: Group
    kind: str
    target: str
    package: str
    version: str

    def __str__(self) -> str:
        """Return how a message names it."""
        return f"plug-in {self.package} {self.version} ({PREFIX}{self.group}: {self.kind} = {self.target})"

    def fault(self, message: str, error: BaseException | None = None) -> PlugInError:
        """Return the one line that says what is wrong with it; the traceback of ``error`` goes into a file."""
        if error is None:
            return PlugInError(f"{self}: {message}; mend it or uninstall {self.package}")
        said = shorten(" ".join(f"{type(error).__name__}: {error}".split()), 300)
        log = write_crash_log(error)
        return PlugInError(f"{self}: {message} ({said}); mend it or uninstall {self.package}; traceback: {log}")


@cache
def installed_plug_ins() -> tuple[PlugIn, ...]:
    """Return the entries of all distributions on the path, in the order of group, kind and package.

    Of a distribution that is there twice the first counts, as for imports. Only the files of entry points are read.
    """
    found: list[PlugIn] = []
    seen: set[str] = set()
    for folder in _distribution_folders():
        name = re.sub(r"[-_.]+", "-", folder.name.rpartition(".")[0].partition("-")[0]).lower()
        if name in seen:
            continue
        seen.add(name)
        with suppress(OSError, UnicodeDecodeError):
            if PREFIX in (folder / "entry_points.txt").read_text(encoding="utf-8"):
                found.extend(_entries(importlib.metadata.Distribution.at(folder), name))
    return tuple(sorted(found, key=lambda one: (one.group, one.kind, one.package)))


def _distribution_folders() -> Iterator[Path]:
    for place in dict.fromkeys(sys.path):
        with suppress(OSError), os.scandir(place or ".") as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith((".dist-info", ".egg-info")))
            yield from (Path(place or ".", name) for name in names)


def _entries(distribution: importlib.metadata.Distribution, name: str) -> Iterator[PlugIn]:
    package, version = distribution.metadata["Name"] or name, distribution.metadata["Version"] or "of no version"
    for entry in distribution.entry_points:
        group = entry.group.removeprefix(PREFIX)
        if entry.group.startswith(PREFIX) and group in GROUPS:
            yield PlugIn(group, entry.name, entry.value, package, version)


class _Register:
    """What was loaded in this process, and what could not be, by group and kind."""

    def __init__(self) -> None:
        self.used: dict[type, PlugIn] = {}
        self.objects: dict[tuple[Group, str], PlugIn] = {}
        self.warned: set[str] = set()
        self.refused: dict[tuple[Group, str], tuple[PlugIn, str, BaseException | None]] = {}


_REGISTER: Final = _Register()


def take_in(group: Group, union: object, prepare: Callable[[type, PlugIn], type]) -> object:
    """Return ``union``, an annotated union of models with a ``kind`` each, with the plug-ins of ``group`` as well.

    ``prepare`` returns a class that may be used, or raises TypeError saying what it lacks. Without plug-ins the very
    same object is returned.
    """
    built_in, *about = get_args(union)
    known = {str(_kind_of(model)) for model in get_args(built_in) or (built_in,)}
    classes = tuple(load_plug_ins(group, known, prepare).values())
    if not classes:
        return union
    return Annotated[(reduce(or_, classes, built_in), *about)]


def on_demand(
    name: str, group: Group, union: Callable[[], object], prepare: Callable[[Any, PlugIn], type]
) -> Callable[[str], object]:
    """Return a module's ``__getattr__``, which makes ``name`` what ``take_in`` returns, when it is first asked for.

    So a plug-in may import the module that its class is an addition to.
    """
    made: list[object] = []

    def get(wanted: str) -> object:
        if wanted != name:
            raise AttributeError(wanted)
        if not made:
            made.append(take_in(group, union(), prepare))
        return made[0]

    return get


def load_plug_ins(group: Group, built_in: Iterable[str], prepare: Callable[[Any, PlugIn], Answer]) -> dict[str, Answer]:
    """Return what the plug-ins of ``group`` name, by kind and as ``prepare`` makes it; the unusable are left out."""
    taken, loaded = frozenset(built_in), {}
    entries = [one for one in installed_plug_ins() if one.group == group]
    for one in entries:
        others = sorted({other.package for other in entries if other.kind == one.kind and other != one})
        if one.kind in taken:
            _refuse(one, f"'{one.kind}' is built into the engine; another name is needed")
        elif others:
            _refuse(one, f"'{one.kind}' is also a kind of {', '.join(others)}; one of them must go")
        else:
            answer = _load(one, prepare)
            if answer is not None:
                loaded[one.kind] = answer
                _REGISTER.objects[group, one.kind] = one
    return loaded


def _load(plug_in: PlugIn, prepare: Callable[[Any, PlugIn], Answer]) -> Answer | None:
    entry = importlib.metadata.EntryPoint(plug_in.kind, plug_in.target, PREFIX + plug_in.group)
    try:
        found = entry.load()
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:  # noqa: BLE001  (a module may even end the process)
        _refuse(plug_in, "cannot be imported", error)
        return None
    try:
        answer = prepare(found, plug_in)
    except TypeError as error:
        _refuse(plug_in, str(error))
        return None
    if isinstance(found, type):
        _REGISTER.used[found] = plug_in
    return answer


def _refuse(plug_in: PlugIn, message: str, error: BaseException | None = None) -> None:
    _REGISTER.refused[plug_in.group, plug_in.kind] = plug_in, message, error


def require_model(found: object, plug_in: PlugIn, base: type, members: Iterable[str] = ()) -> None:
    """Raise TypeError where what was ``found`` is no model below ``base``, is not finished, or has another ``kind``."""
    if not (isinstance(found, type) and issubclass(found, base)):
        raise TypeError(f"is no subclass of {base.__module__}.{base.__qualname__}")
    fields: Mapping[str, object] = getattr(found, "model_fields", {})
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    missing += [name for name in members if not hasattr(found, name) and name not in fields]
    if missing:
        raise TypeError(f"lacks {', '.join(dict.fromkeys(missing))}")
    if _kind_of(found) != plug_in.kind:
        raise TypeError(
            f'its `kind` must be `kind: Literal["{plug_in.kind}"] = "{plug_in.kind}"`, as its entry is called'
        )


def model_below(
    base: type, names: Iterable[str], *, members: Iterable[str] = (), checks: Mapping[str, Check] | None = None
) -> Callable[[Any, PlugIn], type]:
    """Return what prepares a plug-in that is a model below ``base`` with ``members``: its methods ``names`` guarded."""

    def prepare(found: Any, plug_in: PlugIn) -> type:  # noqa: ANN401  (whatever a package names)
        require_model(found, plug_in, base, members)
        model: type = found
        return guard(model, plug_in, names, checks=checks)

    return prepare


def _kind_of(model: object) -> object:
    field = getattr(model, "model_fields", {}).get("kind")
    return None if field is None or get_args(field.annotation) != (field.default,) else field.default


def named_faults(tree: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the place and the line of each ``kind`` in a config's ``tree`` that a plug-in claims and cannot have."""
    if _REGISTER.refused:
        for place, group, kind in _kinds(tree, ()):
            refused = _REGISTER.refused.get((group, kind))
            if refused is not None:
                plug_in, message, error = refused
                yield (*place, "kind"), str(plug_in.fault(message, error))


def _kinds(tree: object, place: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Group, str]]:
    if isinstance(tree, Mapping):
        key = "strategy" if place[:2] == ("compare", "benchmarks") and len(place) == 3 else place[-1] if place else ""
        kind, group = tree.get("kind"), _SECTIONS.get(str(key))
        if isinstance(kind, str) and group is not None:
            yield place, group, kind
        for name, below in tree.items():
            yield from _kinds(below, (*place, name))
    elif isinstance(tree, Sequence) and not isinstance(tree, str):
        for at, below in enumerate(tree):
            yield from _kinds(below, (*place, at))


def refusals(group: Group) -> dict[str, str]:
    """Return, by kind, what is wrong with each plug-in of ``group`` that was left out."""
    return {kind: f"{one}: {said}" for (of, kind), (one, said, _) in _REGISTER.refused.items() if of == group}


def plug_in_of(model: object) -> PlugIn | None:
    """Return the plug-in that a model's class comes from, None for what is built in."""
    return next((_REGISTER.used[one] for one in type(model).__mro__ if one in _REGISTER.used), None)


def plug_ins_in(model: object) -> Iterator[PlugIn]:
    """Yield the plug-ins that a config, or any other model, names anywhere."""
    if not _REGISTER.used:
        return
    if (own := plug_in_of(model)) is not None:
        yield own
    if isinstance(model, Mapping):
        inner: Iterable[object] = model.values()
    elif isinstance(model, (list, tuple)):
        inner = model
    else:
        inner = (getattr(model, name) for name in getattr(type(model), "model_fields", ()))
    for one in inner:
        yield from plug_ins_in(one)


def versions_of(plug_ins: Iterable[PlugIn]) -> dict[str, str]:
    """Return the version of each one's package, by name in order."""
    return dict(sorted((one.package, one.version) for one in plug_ins))


def used_versions(config: object) -> dict[str, str]:
    """Return the packages, with versions, of the plug-ins that a config names and of the metrics that every run has."""
    metrics = (one for (group, _), one in _REGISTER.objects.items() if group == "metrics")
    return versions_of((*plug_ins_in(config), *metrics))


def used_in_text(text: str) -> dict[str, str]:
    """Return the packages, with versions, of the loaded plug-ins whose kind stands as a word in ``text``."""
    words = frozenset(re.findall(r"[\w-]+", text))
    return versions_of(one for (_, kind), one in _REGISTER.objects.items() if kind in words)


def warn_once(line: str) -> None:
    """Say on the terminal what is wrong with a plug-in that nobody asked for; a line once."""
    if line.partition("; traceback")[0] not in _REGISTER.warned:
        _REGISTER.warned.add(line.partition("; traceback")[0])
        sys.stderr.write(f"warning: {escape_controls(line)}\n")


def culprit_of(error: BaseException) -> PlugIn | None:
    """Return the plug-in whose own code an error passed through, None where it was raised without any."""
    modules = {one.target.partition(":")[0].partition(".")[0]: one for one in _loaded()}
    trace = error.__traceback__
    found: PlugIn | None = None
    while modules and trace is not None:
        found = modules.get(str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0], found)
        trace = trace.tb_next
    return found


def _loaded() -> Iterable[PlugIn]:
    return (*_REGISTER.used.values(), *_REGISTER.objects.values())


def guard(
    model: AnyClass,
    plug_in: PlugIn,
    names: Iterable[str],
    *,
    hand_over: Callable[[Any], Any] | None = None,
    checks: Mapping[str, Check] | None = None,
) -> AnyClass:
    """Let the methods and properties ``names`` of a plug-in's class end in a line that names it when they fail.

    ``hand_over`` returns what is given to them in place of each argument. ``checks``, by name, return what is wrong
    with an answer, None for nothing, given the arguments as they are handed over and the answer.
    """
    for name in names:
        own = inspect.getattr_static(model, name, None)
        if getattr(own, "__guarded__", False) or getattr(getattr(own, "fget", None), "__guarded__", False):
            continue
        check = (checks or {}).get(name)
        if isinstance(own, property) and own.fget is not None:
            setattr(model, name, property(_guarded(own.fget, plug_in, name, None, check), doc=own.__doc__))
        elif inspect.isfunction(own):
            setattr(model, name, _guarded(own, plug_in, name, hand_over, check))
    return model


def _guarded(
    function: Callable[..., Any],
    plug_in: PlugIn,
    name: str,
    hand_over: Callable[[Any], Any] | None,
    check: Check | None,
) -> Callable[..., Any]:
    @wraps(function)
    def call(self: object, *given: object, **named: object) -> object:
        if hand_over is not None:
            given = tuple(hand_over(one) for one in given)
            named = {key: hand_over(one) for key, one in named.items()}
        try:
            answer = function(self, *given, **named)
            wrong = check(self, answer, *given, **named) if check else None
        except (EngineError, ValidationError, PydanticCustomError, MemoryError):
            raise
        except Exception as error:
            raise plug_in.fault(f"{name} failed", error) from error
        if wrong:
            raise plug_in.fault(f"{name} {wrong}")
        return answer

    call.__guarded__ = True  # type: ignore[attr-defined]
    return call
