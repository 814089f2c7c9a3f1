"""The verbs below `engine data`: the local price store and the data-quality page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine import composition
from engine.cli.options import ConfigPath, Overrides
from engine.core.errors import prefix_errors

if TYPE_CHECKING:
    from collections.abc import Sequence


def fetch(
    config: ConfigPath,
    overrides: Overrides = None,
    *,
    refresh: Annotated[bool, typer.Option("--refresh", help="Read again what the store has, too.")] = False,
) -> None:
    """Fill the local price store with what a config needs.

    What the store has is not asked for again, but for the newest days; --refresh reads everything anew.

    Example: engine data fetch plan.yaml
    """
    from engine.backtest.prices import load_checked
    from engine.report.data_terminal import print_fetch

    loaded, request = composition.load_request(config, overrides or ())
    with prefix_errors(config):
        print_fetch(loaded.data.source, request, refresh=refresh)
        if loaded.data.fx.kind == "yahoo":
            load_checked(loaded, request)  # which fetches the pairs of the currencies that the closes are in


def check(
    path: Annotated[Path, typer.Argument(metavar="CONFIG|FILE", help="A YAML file, or a file or folder of prices.")],
    overrides: Overrides = None,
    every: Annotated[bool, typer.Option("--all", help="List every asset of a config, however many.")] = False,
) -> None:
    """Print what is wrong with prices, or how a file is read.

    Of a config the quality page of its prices; of a file or folder how each column is read, and the section of a config
    that reads it.

    Exit code 1 when a run would stop.

    Example: engine data check closes.csv
    """
    if path.suffix.lower() not in {".yaml", ".yml"}:
        _check_file(path, overrides or ())
        return
    from engine.backtest.prices import load_members, prepare_closes, quality_findings
    from engine.report.data_terminal import print_quality

    loaded, request = composition.load_request(path, overrides or ())
    with prefix_errors(path):
        closes, _ = load_members(loaded.data, request)
        findings = quality_findings(closes, loaded.data.calendar, loaded.window)
        print_quality(closes, findings, loaded.window, every=every)
        if any(finding.severity == "error" for finding in findings):
            raise typer.Exit(1)
        prepare_closes(loaded, closes, request)  # what a run does next refuses what it cannot convert


def _check_file(path: Path, overrides: Sequence[str]) -> None:
    """Print how a bare price file is read; what refuses it, or a part of it, is printed last."""
    from engine.backtest.file_check import check_file
    from engine.report.file_terminal import print_file_check

    found = check_file(path, overrides)
    print_file_check(found)
    if found.refusal is not None:
        raise found.refusal
    if any(finding.severity == "error" for finding in found.findings):
        raise typer.Exit(1)
