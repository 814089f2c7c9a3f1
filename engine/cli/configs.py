"""The verbs of a config file: write one, check it, say what each of its keys means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine import composition
from engine.cli.messages import print_json, warn
from engine.cli.options import ConfigPaths, Overrides
from engine.core.errors import ConfigError, EngineError, escape_controls, prefix_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.core.json_files import Json


def init(
    path: Annotated[Path, typer.Argument(metavar="[PATH]")] = Path("portfolio.yaml"),
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="Of plan: plan, savings, small-caps, sweep, optimised, taxed.")
    ] = "plan",
) -> None:
    """Write a commented starter config, and its schema for editors.

    The kinds are a core-satellite plan, a savings plan, small caps, a plan in many variants, weights that are found,
    and a plan after tax. plan, savings, sweep and optimised run on the sample (extra `sample`) without a network;
    small-caps and taxed fetch their prices.

    The schema lies beside the config as portfolio-engine.schema.json, where editors with the YAML language server find
    it by the first line of the config. An existing config is left alone.

    Example: engine init plan.yaml --kind savings
    """
    from engine.backtest.starter_files import SAMPLED, SCHEMA_FILE, write_starter
    from engine.core.extras import install_command, is_installed

    next_verbs = write_starter(path, kind, composition.json_schema)
    steps = ", ".join(f"engine {verb} {path}" for verb in next_verbs)
    typer.echo(escape_controls(f"{path} written, {SCHEMA_FILE} beside it; next: {steps}"))
    if kind in SAMPLED and not is_installed("skfolio"):
        remedy = f"run `{install_command('sample')}`, or name prices of your own"
        warn(escape_controls(f"{path}: data.source: the sample is not installed; {remedy}"))


def validate(
    configs: ConfigPaths,
    overrides: Overrides = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print what is found as JSON, faults with their lines, and nothing else.")
    ] = False,
) -> None:
    """Check configs and say what they mean; no prices are read.

    Prints weights, limits, schedule and costs as the engine understands them, and of a sweep what varies. Every fault
    of every file is one line: file, line, key, what was found, what is expected.

    Exit code 1 when a config has a fault.

    Example: engine validate plan.yaml --set window.end=2024-12-31
    """
    found: list[Json] = []
    faults: list[EngineError] = []
    for path in configs:
        try:
            found.append(_validate_one(path, overrides or (), show=not json))
        except EngineError as error:
            faults.append(error)
            found.append({"file": str(path), "valid": False, "faults": _list_faults(error)})
    if json:
        print_json(found[0] if len(found) == 1 else found)
        raise typer.Exit(1 if faults else 0)
    if faults:
        raise faults[0] if len(faults) == 1 else EngineError(*(line for error in faults for line in error.args))


def config(
    key: Annotated[str, typer.Argument(metavar="[KEY]", help="A key, as account.cash; else all of them.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print them as JSON and nothing else.")] = False,
) -> None:
    """Print every key of a config: type, default, meaning.

    With KEY only that key and what is below it. `engine schema` has the same for editors.

    Example: engine config account.contributions
    """
    from engine.report.config_keys import keys_json, list_keys, print_keys, select_keys

    found = select_keys(list_keys(composition.json_schema()), key)
    if json:
        print_json(keys_json(found))
    else:
        print_keys(found)


def _validate_one(path: Path, overrides: Sequence[str], *, show: bool) -> dict[str, Json]:
    """Return what a valid config is, and print it where it is to be shown; raises EngineError for another."""
    document = composition.open_document(path, overrides)
    with prefix_errors(path):
        is_sweep = "sweep" in document.tree
        plan, space = (
            composition.validate_sweep(document)[1:] if is_sweep else (composition.validate_run(document), None)
        )
        if show:
            from engine.report.config_terminal import print_config

            print_config(plan, str(path))
            if space is not None:
                from engine.report.sweep.terminal import print_space

                print_space(space)
        points: dict[str, Json] = {} if space is None else {"points": space.requested_count}
        kind = "sweep" if is_sweep else "run"
        return {"file": str(path), "valid": True, "name": plan.name, "kind": kind, **points, "faults": []}


def _list_faults(error: EngineError) -> list[Json]:
    """Return faults as an editor takes them: file, line, key, message and remedy; what has no line has None."""
    if not isinstance(error, ConfigError):
        return [{"file": None, "line": None, "key": "", "message": str(line), "remedy": ""} for line in error.args]
    faults: list[Json] = []
    for fault in error.faults:
        file, _, line = fault.location.rpartition(":")
        numbered = bool(file) and line.isdigit()
        faults.append(
            {
                "file": file if numbered else fault.location,
                "line": int(line) if numbered else None,
                "key": fault.path,
                "message": fault.message,
                "remedy": fault.remedy,
            }
        )
    return faults
