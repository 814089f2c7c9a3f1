"""The verb of a config with a sweep."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from engine import composition
from engine.cli.messages import print_json, warn
from engine.cli.options import ConfigPath, JsonFlag, OutFolder, Overrides
from engine.core.errors import prefix_errors
from engine.library.compilation_warning import warn_of_compilation


def sweep(
    config: ConfigPath,
    out: OutFolder = Path("runs"),
    overrides: Overrides = None,
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            metavar="N",
            min=0,
            max=256,
            help="Threads, or processes where variants run one by one; 0: one a core.",
        ),
    ] = 0,
    scheduler: Annotated[
        str, typer.Option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, as tls://host:8786.")
    ] = "",
    tls_ca: Annotated[
        Path | None,
        typer.Option("--tls-ca", metavar="FILE", help="PEM of the CA that signed the cluster's certificates."),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="PEM of this client's certificate.")
    ] = None,
    tls_key: Annotated[
        Path | None,
        typer.Option("--tls-key", metavar="FILE", help="PEM of its key, where the certificate's file has none."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a sweep that did not end.")] = False,
    json: JsonFlag = False,
    memory: Annotated[int, typer.Option("--memory", metavar="MB", min=1, help="What chunks may take together.")] = 256,
    no_evidence: Annotated[
        bool, typer.Option("--no-evidence", help="Leave out the tests of whether the best is better than luck.")
    ] = False,
) -> None:
    """Run every variant of a config's sweep.

    Prints what the variants have in common, the best and how likely they are luck, and writes results.parquet, one row
    a variant, summary.json and report.html into DIR/<name>.sweep/. A sweep that was interrupted goes on with --resume.

    Example: engine sweep sweep.yaml --workers 4
    """
    os.environ.setdefault(
        "ARROW_DEFAULT_MEMORY_POOL", "system"
    )  # Arrow's own keeps what it frees: 50 MB of a million rows
    from engine.backtest.output_folders import SUMMARY_FILE, SWEEP_KIND, output_folder, refuse_other_kind
    from engine.core.publication import lock_folder
    from engine.evidence.trial_registry import count_trials
    from engine.report.sweep.page import render_sweep
    from engine.report.sweep.terminal import print_sweep, sweep_progress
    from engine.sweep.computation import prepare
    from engine.sweep.outputs import finished_summary
    from engine.sweep.pipeline import SweepOptions, run_sweep
    from engine.sweep.scheduler import Scheduler

    loaded, base_config, space = composition.validate_sweep(composition.open_document(config, overrides or ()))
    folder = output_folder(out, f"{loaded.name}.{SWEEP_KIND}")
    with lock_folder(folder):  # what a killed sweep left unfinished is finished first
        refuse_other_kind(folder, SWEEP_KIND)
    cluster = Scheduler.from_options(scheduler, tls_ca, tls_cert, tls_key)
    if cluster and (warning := cluster.warning()):
        warn(warning)
    options = SweepOptions(folder, workers, cluster, memory * 1_000_000, resume)
    warn_of_compilation()
    with prefix_errors(config), sweep_progress() as progress:
        prepared = prepare(loaded, base_config, space, composition.run_config_class)
        if resume and (finished := finished_summary(prepared, folder)):
            count_trials(finished.data.sha256, prepared.plan_sha256, finished.sweep.distinct, warn)
            text = (folder / SUMMARY_FILE).read_text(encoding="utf-8").rstrip()
            typer.echo(text if json else f"{folder}: is finished; leave --resume away to sweep anew")
            return
        examine = None if no_evidence else composition.sweep_examination(workers or os.cpu_count() or 1)
        summary = run_sweep(prepared, options, progress, render_sweep, examine)
    tried = count_trials(summary.data.sha256, prepared.plan_sha256, summary.sweep.distinct, warn)
    if json:
        print_json(summary.to_plain())
    else:
        print_sweep(summary, space, folder, tried=tried)
