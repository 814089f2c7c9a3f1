"""The longest configs below 1 MB that every list, mapping and text of the contract allows, and what they cost.

The cases are found by walking the fields of the schema, so that a new key is covered by itself. ``python -m
tests.support.long_configs [WORD]`` measures them (those whose name begins with WORD) and prints the slowest and largest.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ForwardRef, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from engine.core.fields import ConfigModel
from engine.sweep.config import SweepConfig
from strategies import AnyStrategy

MAX_BYTES = 1_000_000
MOST_SECONDS = 20
"""CPU after which a child is stopped."""
LENGTHS = (100, 1000, 5000)
"""Entries of a list or mapping that the bounds of the text allow."""
Node = Any
Wrap = Callable[[Node], dict[str, Node]]

LONG_TEXTS = {
    "digits": "9" * 4000,
    "exponent": "1e" + "9" * 4000,
    "fraction": "0." + "3" * 4000 + "%",
    "blanks": "1" + " " * 4000 + "x",
    "dates": "2004-01-01 " * 360,
    "brackets": "(" * 2000 + "1" + ")" * 2000,
    "formula": "a" + " + a" * 1000 + " > 0",
    "signs": "-" * 4000 + "1",
    "wide": "\N{MATHEMATICAL DOUBLE-STRUCK CAPITAL A}" * 4000,
    "marks": "e" + "\N{COMBINING ACUTE ACCENT}" * 4000,
}
SAMPLES: tuple[Callable[[int], str], ...] = (
    lambda at: f"T{at}",
    lambda at: "0.001%",
    lambda at: f"{at + 1}",
    lambda at: f"{1950 + at % 200}-{at // 200 % 12 + 1:02}-{at // 2400 % 28 + 1:02}",
    lambda at: "true",
    lambda at: "USD",
    lambda at: "XNYS",
    lambda at: f"a{at} > {at}",
    lambda at: "rates.csv",
)
"""Texts by number; of a type the first that it accepts is taken."""
KNOWN: dict[str, Node] = {
    "core": {"QUAL": "rest"},
    "core_assets": ["QUAL", "SPY"],
    "weights": {"QUAL": "100%"},
    "objective": {"kind": "min_variance"},
    "source": {"kind": "sample"},
    "axes": {"strategy.rebalance.month": ["january", "july"]},
    "satellites": {"AAPL": "2%", "MSFT": "2%", "KO": "2%"},
    "cap": "3%",
}
"""Values of required keys that their type alone does not give."""
BASE: dict[str, Node] = {
    "name": "long",
    "data": {"source": {"kind": "sample"}},
    "strategy": {"kind": "fixed_mix", "weights": {"QUAL": "100%"}, "rebalance": {"kind": "annual"}},
}


@dataclass(frozen=True)
class Case:
    """A config, with the ``files`` beside it."""

    name: str
    config: str
    files: Mapping[str, str] = field(default_factory=dict)
    settings: tuple[str, ...] = ()


class Cost(NamedTuple):
    """What a process took: its exit code, CPU [s], most memory [MB], and what it said."""

    name: str
    code: int
    cpu: float
    memory: float
    said: str


def all_cases(word: str = "") -> Iterator[Case]:
    """Yield every case whose name begins with ``word``: plans first, then each key of the contract."""
    from tests.support.long_plans import plan_cases

    found = itertools.chain(plan_cases(), () if word.startswith("plan:") else _walked_cases())
    yield from (case for case in found if case.name.startswith(word))


def _walked_cases() -> Iterator[Case]:
    seen: set[int] = set()
    for name, tree in _walk("", SweepConfig[AnyStrategy], lambda own: own, frozenset()):
        text = json.dumps({**BASE, **tree}, ensure_ascii=False)
        if len(text.encode()) <= MAX_BYTES and hash(text) not in seen:
            seen.add(hash(text))
            yield Case(name, text)


def _walk(
    place: str, model: type[BaseModel], wrap: Wrap, above: frozenset[type]
) -> Iterator[tuple[str, dict[str, Node]]]:
    """Yield name and tree of a config for each way in which a key of ``model``, or below it, can be long."""
    if model in above:
        return
    own = {**BASE, **sample_model(model)} if not place else sample_model(model)
    yield (
        f"{place}: unknown keys",
        wrap({**own, **{f"{key}{at}": "1" for at in range(300) for key in ("kin", "x", "na")}}),
    )
    for key, info in model.model_fields.items():
        written = info.alias or key
        inner = f"{place}.{written}".lstrip(".")

        def put(value: Node, written: str = written) -> dict[str, Node]:
            return wrap({**own, written: value})

        for text, long in LONG_TEXTS.items():
            yield f"{inner}: {text}", put(long)
        yield f"{inner}: keys", put({f"k{at}": "1" for at in range(1000)})
        yield f"{inner}: lists", put([[["1"] * 50] * 50] * 35)
        for kind in _alternatives(info):
            yield from _walk_kind(inner, kind, put, above | {model})


def _walk_kind(
    place: str, kind: Any, put: Callable[[Node], dict[str, Node]], above: frozenset[type]
) -> Iterator[tuple[str, dict[str, Node]]]:
    origin = get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, RootModel):
        for inner in _alternatives(kind.model_fields["root"]):
            yield from _walk_kind(place, inner, put, above)
    elif _is_model(kind):
        yield from _walk(f"{place}<{kind.__name__.split('[')[0]}>", kind, put, above)
    elif origin in (tuple, list):
        for item in _alternatives_of(get_args(kind)[0]):
            for count in LENGTHS:
                yield f"{place}: {count:,} items", put(_fill([sample(item, at) for at in range(count)]))
            yield from _walk_kind(f"{place}.0", item, lambda value: put([value]), above)
    elif origin in (dict, Mapping):
        key_kind, value_kind = get_args(kind)
        for value in _alternatives_of(value_kind):
            for count in LENGTHS:
                keys = {str(sample(key_kind, at)): sample(value, at) for at in range(count)}
                yield f"{place}: {count:,} keys", put(_fill(keys))
            name = str(sample(key_kind, 0))
            yield from _walk_kind(f"{place}.*", value, lambda inner, name=name: put({name: inner}), above)


def _fill(entries: Node) -> Node:
    """Return as many of ``entries`` as stay well below 1 MB."""
    size = len(json.dumps(entries))
    if size < MAX_BYTES * 0.95:
        return entries
    count = int(len(entries) * 0.95 * MAX_BYTES / size)
    return dict(itertools.islice(entries.items(), count)) if isinstance(entries, dict) else entries[:count]


def sample_model(model: type[BaseModel]) -> dict[str, Node]:
    """Return the least that ``model`` can be written as."""
    found: dict[str, Node] = {}
    if issubclass(model, RootModel):
        return sample(next(_alternatives(model.model_fields["root"])), 0)
    for key, info in model.model_fields.items():
        if info.is_required() or key == "kind":
            words = get_args(info.annotation) if get_origin(info.annotation) is Literal else ()
            near = next((_alternatives(info)), None)
            found[info.alias or key] = (
                KNOWN.get(key) or KNOWN.get(info.alias or "") or (words[0] if words else sample(near, 0))
            )
    return found


def sample(kind: Any, at: int) -> Node:
    """Return the ``at``-th value of a type, as text."""
    if _is_model(kind):
        return sample_model(kind)
    origin, args = get_origin(kind), get_args(kind)
    if origin in (tuple, list):
        return [sample(min(_alternatives_of(args[0]), key=_is_model), at)]
    if origin in (dict, Mapping):
        return {str(sample(args[0], at)): sample(min(_alternatives_of(args[1]), key=_is_model), at)}
    return _sampler(kind)(at)


@cache
def _sampler(kind: Any) -> Callable[[int], str]:
    words = [word for word in get_args(kind) if isinstance(word, str)] if get_origin(kind) is Literal else []
    if words:
        return lambda at: words[at % len(words)]
    adapter = TypeAdapter(kind)
    for one in SAMPLES:
        try:
            adapter.validate_python(one(1))
        except (ValidationError, TypeError):
            continue
        return one
    return SAMPLES[0]


def _alternatives(info: FieldInfo) -> Iterator[Any]:
    """Yield everything that a field can be: models, lists and mappings, and types of text."""
    kind = info.annotation
    for one in _alternatives_of(kind):
        yield one if one is not kind or not info.metadata else _annotate(one, info)


def _annotate(kind: Any, info: FieldInfo) -> Any:
    if get_origin(kind) is not None or (_is_model(kind)):
        return kind
    return Annotated[(kind, *info.metadata)]


def _alternatives_of(kind: Any) -> Iterator[Any]:
    if isinstance(kind, ForwardRef):
        yield _model_named(kind.__forward_arg__)
    elif hasattr(kind, "__metadata__"):
        bare = kind.__origin__
        parts = list(_alternatives_of(bare))
        is_text = parts == [bare] and not get_origin(bare) and not _is_model(bare)
        yield from [kind] if is_text else parts
    elif get_origin(kind) in (Union, types.UnionType):
        for part in get_args(kind):
            yield from _alternatives_of(part)
    elif kind is not type(None):
        yield kind


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _model_named(name: str, root: type[BaseModel] = ConfigModel) -> type[BaseModel]:
    """Return the model that an annotation names before it is there."""
    left = [root]
    while left:
        model = left.pop()
        if model.__name__ == name:
            return model
        left += model.__subclasses__()
    raise LookupError(name)


def measure(case: Case, verb: str = "validate") -> Cost:
    """Return what a verb costs in a process forked from this one, whose imports are done."""
    with tempfile.TemporaryDirectory() as folder:
        _write(case, Path(folder))
        said = Path(folder) / "said"
        child = os.fork()
        if not child:
            _become(folder, said, case, verb)
        _, status, used = os.wait4(child, 0)
        text = said.read_text(encoding="utf-8", errors="replace") if said.exists() else ""
    return Cost(
        case.name, os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, text
    )


def measure_fresh(case: Case, verb: str = "validate") -> Cost:
    """Return what a verb costs in a process of its own, its start included; a small one starts it and waits."""
    with tempfile.TemporaryDirectory() as folder:
        _write(case, Path(folder))
        settings = [part for one in case.settings for part in ("--set", one)]
        command = [sys.executable, "-c", _WAIT, sys.executable, "-m", "engine", verb, "plan.yaml", *settings]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        told = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    code, cpu, memory = told.stdout.splitlines()[-1].split()
    return Cost(case.name, int(code), float(cpu), float(memory) / 1024, told.stderr)


_WAIT = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
_, status, used = os.wait4(child.pid, 0)
print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def _write(case: Case, folder: Path) -> None:
    (folder / "plan.yaml").write_text(case.config, encoding="utf-8")
    for name, text in case.files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _become(folder: str, said: Path, case: Case, verb: str) -> None:
    """Run the verb in this child, and end it."""
    from engine import cli

    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    os.chdir(folder)
    output = os.open(said, os.O_CREAT | os.O_WRONLY)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = ["engine", verb, "plan.yaml", *(part for one in case.settings for part in ("--set", one))]
    cli.script()


def _in_words(one: Cost) -> str:
    said = one.said.strip().splitlines()
    return f"{one.cpu:6.2f} s {one.memory:5.0f} MB  exit {one.code}  {one.name[:90]:60}  {said[-1][:150] if said else ''}\n"


def main(words: list[str]) -> None:
    """Measure, and print the slowest and the largest."""
    from engine.report import config_terminal  # noqa: F401
    from engine.report.sweep import terminal  # noqa: F401

    word = words[0] if words else ""
    costs = []
    for case in all_cases(word):
        costs.append(measure(case))
        if costs[-1].cpu > 1.0 or costs[-1].memory > 200.0 or costs[-1].code not in (0, 1):
            sys.stderr.write(_in_words(costs[-1]))
    sys.stdout.write(f"{len(costs):,} configs; exit codes {sorted({one.code for one in costs})}\n")
    slowest = sorted(costs, key=lambda one: one.cpu, reverse=True)[:8]
    largest = sorted(costs, key=lambda one: one.memory, reverse=True)[:8]
    names = {one.name for one in (*slowest, *largest)}
    sys.stdout.write("the slowest and the largest, in processes of their own:\n")
    fresh = [measure_fresh(case) for case in all_cases(word) if case.name in names]
    for one in sorted(fresh, key=lambda one: one.cpu, reverse=True):
        sys.stdout.write(_in_words(one))


if __name__ == "__main__":
    main(sys.argv[1:])
