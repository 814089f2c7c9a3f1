"""The verbs of a folder that another verb wrote: its report and tables, and whether and why it says what it says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from engine import composition
from engine.cli.messages import print_json
from engine.core.errors import OutputError, escape_controls
from engine.library.compilation_warning import warn_of_compilation


def report(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder that `engine run`, `engine sweep` or `engine luck` wrote.")
    ],
    dialect: Annotated[
        str,
        typer.Option(
            "--dialect",
            metavar="TOOL",
            help="Print a run's figures beside those of quantstats, ffn, empyrical, vectorbt, portfolio-visualizer or "
            "lean, and why they differ; no report is built.",
        ),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="With --dialect: print the table as JSON.")] = False,
) -> None:
    """Build the report of a finished run, sweep or luck anew.

    From the files of the folder alone, each checked against its manifest. With --dialect the run's figures by another
    tool's formulas are printed instead, with the reason of every difference.

    Example: engine report runs/us-small-caps --dialect quantstats
    """
    if dialect or json:
        _report_dialect(folder, dialect, json=json)
        return
    from engine.report.finished_pages import build_finished_report

    path = build_finished_report(folder, lambda line: typer.echo(escape_controls(line), err=True))
    typer.echo(escape_controls(str(path)))


def _report_dialect(folder: Path, name: str, *, json: bool) -> None:
    """Print what another tool would say of a run."""
    from engine.report.run.dialect import dialect_json, print_dialect, read_dialect

    if not name:
        raise OutputError("--json: goes with --dialect; a report is a page, and its figures are in summary.json")
    found = read_dialect(folder, name)
    if json:
        print_json(dialect_json(*found))
    else:
        print_dialect(*found)


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that `engine run` wrote.")],
    to: Annotated[str, typer.Option("--to", metavar="KIND", help="csv, xlsx, parquet or markdown.")],
    what: Annotated[
        str,
        typer.Option(
            "--what",
            metavar="TABLE",
            help="returns, levels, weights, positions, trades, months, falls, contribution, taxes, lots or all.",
        ),
    ] = "all",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where files go; else beside the run, in DIR.export.")
    ] = None,
) -> None:
    """Write the tables of a run as CSV, XLSX, Parquet or Markdown.

    Every digit, ISO dates, an empty cell where there is no figure; text that a spreadsheet would compute is text.

    Example: engine export runs/us-small-caps --to csv --what returns
    """
    from engine.report.export.outputs import export_run

    for path in export_run(folder, to, what, out):
        typer.echo(escape_controls(str(path)))


def compare(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Folders that `engine run` or `engine sweep` wrote.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Also write compare.html and compare.json.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON and nothing else.")] = False,
) -> None:
    """Set runs side by side, and say how sure their ranks are.

    Ranks them, and the plans of sweeps, by growth over the sessions that all have; a rank comes with the share of drawn
    histories in which it is the same. Where windows differ, only what each added to its own buy-and-hold is compared.

    Example: engine compare runs/a runs/b --out page
    """
    from engine.analysis.bootstrap import Evidence
    from engine.evidence.contestants import read_contestants
    from engine.evidence.side_by_side import compare_side_by_side
    from engine.report.compare.terminal import print_side_by_side
    from engine.report.compare.words import side_by_side_json

    warn_of_compilation()
    found = compare_side_by_side(read_contestants(folders, composition.prepare_sweep), Evidence())
    written: list[Path] = []
    if out is not None:
        from engine.report.compare.page import publish_side_by_side

        written = publish_side_by_side(found, out)
    if json:
        print_json(side_by_side_json(found))
        return
    print_side_by_side(found)
    for path in written:
        typer.echo(escape_controls(str(path)))


def verify(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="A folder that `engine run` or `engine sweep` wrote, or a price store."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print every figure as JSON and nothing else.")] = False,
) -> None:
    """Reproduce published figures, or those of a folder.

    Without DIR, figures of papers and other libraries are computed anew on this machine; with it, every figure of the
    folder from its own files, after their digests. Of a price store every file is checked.

    Exit code 3 when a figure does not come out; 1 when a file of DIR is not as it was written, or its report is not the
    one that the others make.

    Example: engine verify runs/us-small-caps
    """
    from engine.core.publication import lock_folder
    from engine.data.sources.store_files import verify_stored
    from engine.diagnostics.verify import reproduce_figures
    from engine.diagnostics.verify.folder import find_stored, read_finished, require_agreement, verify_finished
    from engine.report.finished_pages import require_finished_page
    from engine.report.verify import print_stored, print_verification, verification_json

    if folder is not None and (stored := find_stored(folder)):
        counts = verify_stored(stored)
        if json:
            print_json(dict(counts))
        else:
            print_stored(counts, folder)
        return
    warn_of_compilation()
    if folder is None:
        figures = list(reproduce_figures(composition.build_fixed_mix))
        unchecked: tuple[str, ...] = ()
    else:
        with lock_folder(folder):  # what a killed run left unfinished is finished first
            finished = read_finished(folder)
            figures, unchecked = verify_finished(finished, composition.prepare_sweep, composition.load_run)
    if json:
        print_json(verification_json(figures))
    else:
        print_verification(figures, folder, unchecked)
    if folder is not None:
        require_agreement(figures, folder)
        require_finished_page(finished)
    elif not all(figure.agrees for figure in figures):
        raise typer.Exit(3)


def replay(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder that `engine run`, `engine sweep` or `engine luck` wrote.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print which files are the same as JSON, nothing else.")] = False,
    universe: Annotated[
        str, typer.Option("--universe", metavar="FILE", help="Of `engine luck`: the list it was run with.")
    ] = "",
) -> None:
    """Make a run, sweep or luck again, and compare every byte.

    From the config in DIR on the prices that it saw: those it kept (`engine run --keep-prices`), or the source's while
    they are the same.

    Exit code 1 when a file comes out otherwise.

    Example: engine replay runs/us-small-caps
    """
    from engine.diagnostics.replay.folder import replay_folder
    from engine.report.replay import print_replay, replay_json

    warn_of_compilation()
    replayed = replay_folder(folder, composition.replay_makers(universe, os.cpu_count() or 1))
    if json:
        print_json(replay_json(replayed))
    else:
        print_replay(replayed)
    replayed.require_same_files()


def diff(
    one: Annotated[Path, typer.Argument(metavar="A", help="A folder that `engine run` wrote.")],
    other: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    figure: Annotated[
        str, typer.Option("--figure", metavar="NAME", help="The strategy's figure that is taken apart, as final_value.")
    ] = "cagr",
    json: Annotated[bool, typer.Option("--json", help="Print the parts of all figures as JSON, nothing else.")] = False,
) -> None:
    """Say where the difference between two runs comes from.

    Each key of the config, revised prices and versions are switched alone. Prices are the kept ones (`engine run
    --keep-prices`), or those of the configs' sources while they are the same.

    Example: engine diff runs/a runs/b --figure final_value
    """
    from engine.analysis.metrics_table import METRICS
    from engine.backtest.finished_run import read_run
    from engine.core.did_you_mean import did_you_mean
    from engine.diagnostics.replay.attribution import attribute_difference
    from engine.report.run_difference import difference_json, print_difference

    if figure not in METRICS:
        raise OutputError(f"--figure {figure}: no figure of a run; {did_you_mean(figure, list(METRICS))}")
    warn_of_compilation()
    found = attribute_difference(read_run(one), read_run(other), composition.validate_plain)
    if json:
        print_json(difference_json(found, (one, other)))
    else:
        print_difference(found, (one, other), figure)
