"""The verb that times the engine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from engine import composition
from engine.cli.messages import print_json


def bench(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Also write bench.json and bench.html.")
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=100, help="How often everything is timed.")] = 5,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, max=256, help="Threads of the lanes; all cores if not given.")
    ] = None,
    peers: Annotated[bool, typer.Option("--peers/--no-peers", help="Time other engines too, where installed.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
) -> None:
    """Time this engine beside others on the same jobs.

    On this machine, in a minute or two. Where results differ there is no ratio.

    Example: engine bench --out page
    """
    from engine.diagnostics.bench.measure import time_jobs
    from engine.report.bench import bench_json, print_bench, publish_bench, timing_progress

    with timing_progress() as say:
        threads = threads or os.cpu_count() or 1
        report = time_jobs(composition.build_strategy, rounds=rounds, threads=threads, peers=peers, say=say)
    if out is not None:
        publish_bench(report, out)
    if json:
        print_json(bench_json(report))
    else:
        print_bench(report)
