"""Reference pages as Markdown, made from what the program itself uses, so that no page can say otherwise.

A page has ``<!-- generated: NAME -->`` where the text of :data:`GENERATED` stands on the site.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from typer import Context
from typer.main import get_command

import engine
from engine.analysis.metrics_table import METRICS
from engine.cli.verbs import app
from engine.composition import json_schema
from engine.report.config_keys import ConfigKey, list_keys

ROOT: Final = Path(__file__).parents[2]
_BETTER: Final = {"high": "higher", "low": "lower", "": ""}


def escape(text: str) -> str:
    r"""Return text as Markdown that shows just this; what stands in backquotes stays code.

    >>> print(escape("NAME_* of `a_b`"))
    NAME\_\* of `a_b`
    """
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part[:1] == "`" else re.sub(r"([\\*_<>\[\]|$])", r"\\\1", part) for part in parts)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown; bars inside a cell are escaped."""
    lines = [heads, ["---"] * len(heads), *([re.sub(r"(?<!\\)\|", r"\\|", cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def config_keys() -> str:
    """Return every key of a config: a heading for each section at the top, one below for each kind of a section."""
    found = list_keys(json_schema())
    parts = []
    for top, keys in groupby(found, key=lambda one: one.path.split(".")[0]):
        own = list(keys)
        parts.append(f"## {top}\n\n{_key_table(one for one in own if not one.kind)}")
        kinds = dict.fromkeys(one.kind for one in own if one.kind)
        parts += [f"### {kind}\n\n{_key_table(one for one in own if one.kind == kind)}" for kind in kinds]
    return "\n".join(parts)


def _key_table(keys: Iterable[ConfigKey]) -> str:
    return table(("key", "type", "default", "meaning"), map(_key_row, keys))


def _key_row(key: ConfigKey) -> tuple[str, str, str, str]:
    below = f"; its keys are those of `{key.told_at}`" if key.told_at not in {"", key.path} else ""
    default = key.default if key.default in {"required", "none"} else f"`{key.default}`"
    if key.type.startswith("section") and key.default[:1] == "{":
        default = "as its keys have"
    return f"`{key.path}`", escape(key.type), default, escape(key.meaning) + below


def metrics() -> str:
    """Return every figure of a portfolio: those of the first tables, then the others."""
    parts = []
    for title, headline in (("In every table", True), ("In the report and in `summary.json`", False)):
        rows = (
            (f"`{name}`", escape(one.title), one.style, escape(one.definition), _BETTER[one.better])
            for name, one in METRICS.items()
            if one.headline == headline
        )
        parts.append(f"## {title}\n\n{table(('key', 'title', 'shown as', 'definition', 'better'), rows)}")
    return "\n".join(parts)


def commands() -> str:
    """Return every verb with its help and all of its options."""
    program = get_command(app)
    return "\n".join(_verbs(program, "engine", program.context_settings))


def _verbs(command: Any, name: str, settings: dict[str, Any]) -> Iterator[str]:  # noqa: ANN401  (typer's own are not exported)
    below = getattr(command, "commands", None)
    if below is not None:
        if name != "engine":
            yield f"## {name}\n\n{escape(command.help or '')}\n"
        for verb, one in below.items():
            yield from _verbs(one, f"{name} {verb}", settings)
        return
    context = Context(command, info_name=name, **settings)
    usage = " ".join([name, *command.collect_usage_pieces(context)]).replace("[[", "[").replace("]]", "]")
    records = [one.get_help_record(context) for one in command.get_params(context)]
    rows = [(f"`{re.sub(r' <.*>$', '', names)}`", escape(told)) for names, told in (one for one in records if one)]
    text = re.sub(r"^Example: (.*)$", r"Example: `\1`", command.help or "", flags=re.MULTILINE)
    level = "##" if name.count(" ") == 1 else "###"
    options = table(("argument or option", "meaning"), rows)
    yield f"{level} {name}\n\n```text\n{usage}\n```\n\n{escape(text)}\n\n{options}"


def library() -> str:
    """Return the directives that show the functions of ``engine``, what they return, and their errors."""
    tree = ast.parse((ROOT / "engine" / "__init__.py").read_text(encoding="utf-8"))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"]
    classes = {
        name.name: f"{node.module}.{name.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engine.")
        for name in node.names
        if name.name in engine.__all__
    }
    errors = {name for name in classes if name.endswith("Error")}
    parts = {
        "Functions": [f".. autofunction:: engine.{name}\n" for name in functions],
        "Results": [f".. autoclass:: {classes[name]}\n   :members:\n" for name in classes if name not in errors],
        "Errors": [f".. autoexception:: {classes[name]}\n" for name in sorted(errors)],
    }
    return "".join(f"## {title}\n\n```{{eval-rst}}\n" + "\n".join(items) + "```\n\n" for title, items in parts.items())


GENERATED: Final[dict[str, Callable[[], str]]] = {
    "config keys": config_keys,
    "metrics": metrics,
    "commands": commands,
    "library": library,
}
"""Text by the name that a page calls it."""


def fill_in(text: str) -> str:
    """Return a page with what it calls for; raises KeyError for a name that is not in :data:`GENERATED`."""
    return re.sub(r"^<!-- generated: (.+) -->$", lambda found: GENERATED[found[1]](), text, flags=re.MULTILINE)
