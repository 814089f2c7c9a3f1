"""Plug-ins: what packages of others add to the unions that a config chooses from, found by their entry points.

A distribution names a class in one of the groups ``portfolio_engine.strategies``, ``.costs``, ``.objectives``,
``.sources``, ``.metrics`` and ``.taxes``; the name of the entry is the ``kind`` in a config. Nothing of it is imported
before the union is. One that cannot be used is left out, and said to whoever names it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any, Final, TypeVar, get_args

from engine.core.errors import escape_controls
from engine.core.json_output import JSON_OUTPUT
from engine.core.plug_in_entries import PREFIX, Group, PlugIn, installed_plug_ins, versions_of
from engine.core.plug_in_models import kind_of

_SECTIONS: Final[Mapping[str, Group]] = {
    "strategy": "strategies",
    "costs": "costs",
    "objective": "objectives",
    "source": "sources",
    "tax": "taxes",
}
"""The key of a config below which a plug-in of a group is named."""

Answer = TypeVar("Answer")


class _Register:
    """What was loaded in this process, and what could not be, by group and kind."""

    def __init__(self) -> None:
        self.used: dict[type, PlugIn] = {}
        self.objects: dict[tuple[Group, str], PlugIn] = {}
        self.warned: set[str] = set()
        self.refused: dict[tuple[Group, str], tuple[PlugIn, str, BaseException | None]] = {}


_REGISTER: Final = _Register()


def extend_union(group: Group, union: object, prepare: Callable[[type, PlugIn], type]) -> object:
    """Return ``union``, an annotated union of models with a ``kind`` each, with the plug-ins of ``group`` as well.

    ``prepare`` returns a class that may be used, or raises TypeError saying what it lacks. Without plug-ins the very
    same object is returned.
    """
    built_in, *about = get_args(union)
    known = {str(kind_of(model)) for model in get_args(built_in) or (built_in,)}
    classes = tuple(load_plug_ins(group, known, prepare).values())
    if not classes:
        return union
    return Annotated[(reduce(or_, classes, built_in), *about)]


def lazy_union(
    name: str, group: Group, union: Callable[[], object], prepare: Callable[[Any, PlugIn], type]
) -> Callable[[str], object]:
    """Return a module's ``__getattr__``, which makes ``name`` what ``extend_union`` returns when it is first asked for.

    So a plug-in may import the module that its class is an addition to.
    """
    made: list[object] = []

    def get(wanted: str) -> object:
        if wanted != name:
            raise AttributeError(wanted)
        if not made:
            made.append(extend_union(group, union(), prepare))
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
    from importlib.metadata import EntryPoint  # noqa: PLC0415  (reads mail headers; only plug-ins need it)

    JSON_OUTPUT.set_apart()
    entry = EntryPoint(plug_in.kind, plug_in.target, PREFIX + plug_in.group)
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


def plug_in_faults(tree: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
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


def plug_in_versions(config: object) -> dict[str, str]:
    """Return the packages, with versions, of the plug-ins that a config names and of the metrics that every run has."""
    metrics = (one for (group, _), one in _REGISTER.objects.items() if group == "metrics")
    return versions_of((*plug_ins_in(config), *metrics))


def versions_in_text(text: str) -> dict[str, str]:
    """Return the packages, with versions, of the loaded plug-ins whose kind stands as a word in ``text``."""
    words = frozenset(re.findall(r"[\w-]+", text))
    return versions_of(one for (_, kind), one in _REGISTER.objects.items() if kind in words)


def warn_once(line: str) -> None:
    """Say on the terminal what is wrong with a plug-in that nobody asked for; a line once."""
    if line.partition("; traceback")[0] not in _REGISTER.warned:
        _REGISTER.warned.add(line.partition("; traceback")[0])
        sys.stderr.write(f"warning: {escape_controls(line)}\n")


def culprit_of(error: BaseException) -> PlugIn | None:
    """Return the plug-in whose own code an error passed through, None where it was raised without any.

    Of several in one module it is the one whose method was running.
    """
    modules: dict[str, list[PlugIn]] = {}
    for one in _loaded():
        modules.setdefault(one.target.partition(":")[0].partition(".")[0], []).append(one)
    trace = error.__traceback__
    found: PlugIn | None = None
    while modules and trace is not None:
        of_module = modules.get(str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0])
        if of_module:
            running = plug_in_of(trace.tb_frame.f_locals.get("self"))
            found = running or (found if found in of_module else of_module[0])
        trace = trace.tb_next
    return found


def _loaded() -> Iterable[PlugIn]:
    return (*_REGISTER.used.values(), *_REGISTER.objects.values())
