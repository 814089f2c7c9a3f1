"""The timing report: on the terminal, as JSON and as a self-contained page."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from rich.console import Console

from engine.core.files import atomic_write
from engine.core.json_files import Json, to_json
from engine.core.publication import stage_folder
from engine.diagnostics.bench.timings import COMMAND_JOB, MATRIX_JOB, PATHS, RESULT_TOLERANCE, Timing, TimingReport
from engine.diagnostics.bench.weights import SOLVER_TOLERANCE
from engine.report import number_format as fmt
from engine.report.bench_page import bench_html, growth_sentences
from engine.report.console import console, print_bullet, print_heading, print_table

TIMING_COLUMNS = ("engine", "takes", "lowest to highest", "slower", "kernels", "dgemm", "differs")
COMMAND_COLUMNS = ("command", "takes", "lowest to highest", "CPU", "kernels", "memory")


@contextmanager
def timing_progress() -> Iterator[Callable[[str], None]]:
    """Yield a function that shows on a terminal what is being timed, and shows nothing in a pipe."""
    out = Console(stderr=True, markup=False, emoji=False, highlight=False)
    with out.status("", spinner="dots") if out.is_terminal else nullcontext() as status:
        yield lambda message: status.update(f"timing: {message}") if status else None


def publish_bench(bench: TimingReport, folder: Path) -> None:
    """Write ``bench.json`` and ``bench.html`` into ``folder``, both or none."""
    with stage_folder(folder, exchange=False) as staging:
        atomic_write(staging / "bench.json", to_json(bench_json(bench)))
        atomic_write(staging / "bench.html", render_bench(bench).encode())


def print_bench(bench: TimingReport) -> None:
    """Print the tables of a timing report."""
    out = console()
    for title, names, rows in timing_tables(bench):
        print_heading(out, title)
        print_table(out, names, rows, tight=True)
    for fact in timing_notes(bench):
        print_bullet(out, fact)


def timing_tables(bench: TimingReport) -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """Yield title, columns and rows of every table."""
    jobs = [job for job in dict.fromkeys(line.job for line in bench.lines) if job not in {COMMAND_JOB, MATRIX_JOB}]
    for job in jobs:
        lines = [line for line in bench.lines if line.job == job]
        fastest = min(line.each.median for line in lines if line.agrees)
        yield f"{job[0].upper()}{job[1:]}", TIMING_COLUMNS, [_timing_row(bench, line, fastest) for line in lines]
    commands = [_command_row(line) for line in bench.lines if line.job == COMMAND_JOB]
    yield "Whole commands, each a process of its own", COMMAND_COLUMNS, commands
    growth = []
    for one in bench.growth:
        sizes = (f"{size:,}: {fmt.duration(median)}" for size, median in zip(one.sizes, one.medians, strict=True))
        growth.append((one.dimension, *sizes, f"{one.power.median:.2f}"))
    yield "How CPU time grows", ("with", "small", "middle", "large", "power"), growth


def _timing_row(bench: TimingReport, line: Timing, fastest: float) -> tuple[str, ...]:
    share = bench.share_of_dgemm(line)
    return (
        line.engine,
        fmt.duration(line.each.median),
        _range_text(line),
        _ratio_text(line.each.median / fastest) if line.agrees else "another job",
        _share_text(line.kernel_share),
        _share_text(share.median if share else None),
        "" if line.difference is None else f"{line.difference:.1e}",
    )


def _command_row(line: Timing) -> tuple[str, ...]:
    memory = f"{line.memory / 1e6:,.0f} MB" if line.memory else ""
    times = fmt.duration(line.each.median), _range_text(line), fmt.duration(line.cpu.median)
    return line.engine, *times, _share_text(line.kernel_share), memory


def _range_text(line: Timing) -> str:
    lowest, highest = fmt.duration(line.each.lowest), fmt.duration(line.each.highest)
    number, unit = lowest.split()
    return f"{number if highest.endswith(f' {unit}') else lowest} to {highest}"


def _ratio_text(ratio: float) -> str:
    return f"{ratio:,.1f}" if ratio < 100.0 else f"{ratio:,.0f}"


def _share_text(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"


def timing_notes(bench: TimingReport) -> Iterator[str]:
    """Yield the notes below the tables, one sentence each."""
    yield "; ".join(f"{name}: {value}" for name, value in bench.machine.items())
    for line in bench.lines:
        if line.job == MATRIX_JOB:
            rate = statistics.median(line.rates) / 1e9
            yield f"a matrix product (dgemm) does {rate:,.0f} Gflop/s here on {line.engine}"
    seconds, memory = bench.million_runs
    yield f"a million runs of plans in one process: {seconds:.1f} s, at most {memory / 1e6:,.0f} MB of memory"
    yield from growth_sentences(bench)
    yield from bench.missing
    if not any(line.is_peer for line in bench.lines) and not bench.missing:
        yield "no other engine was timed; `pip install 'portfolio-engine[bench]'` installs them"
    yield (
        "all are timed in turns, a round of everything after another, and one that is not counted before; medians, of "
        "one variant where many run together; peers get prices and weights in memory, and their results agree with "
        f"this engine's to {RESULT_TOLERANCE:g} (least variance to {SOLVER_TOLERANCE:g}) or no ratio is given; "
        "raptorbt gives daily values and no figures, and always charges India's costs, which are added back to compare"
    )
    yield f"paths: one mix over {PATHS:,} histories drawn from the market's returns, in the place of as many mixes"
    yield (
        "kernels: the part of the CPU time that compiled code takes; dgemm: flop/s over those of a matrix product on "
        "as many threads, one thread by CPU time, several by the clock; additions, subtractions, products and "
        "divisions of marking and statistics count, comparisons and rebalances do not"
    )


def bench_json(bench: TimingReport) -> dict[str, Json]:
    """Return the report as plain data; seconds are for one variant."""
    lines: list[Json] = []
    for line in bench.lines:
        share = bench.share_of_dgemm(line)
        found: dict[str, Json] = {
            "job": line.job,
            "engine": line.engine,
            "variants": line.variants,
            "threads": line.threads,
            "rounds": len(line.samples),
            "median": line.each.median,
            "lowest": line.each.lowest,
            "highest": line.each.highest,
            "cpu": line.cpu.median,
            "in_kernels": line.kernel_share,
            "of_dgemm": share.median if share else None,
            "difference": line.difference,
            "same_job": line.agrees,
            "flops": statistics.median(line.rates) if line.flops else None,
            "peak_bytes": line.memory,
        }
        lines.append(found)
    growth: list[Json] = [
        {"of": one.dimension, "sizes": list(one.sizes), "seconds": list(one.medians), "power": one.power.median}
        for one in bench.growth
    ]
    return {
        "machine": dict(bench.machine),
        "lines": lines,
        "growth": growth,
        "million": {"seconds": bench.million_runs[0], "peak_bytes": bench.million_runs[1]},
        "missing": list(bench.missing),
    }


def render_bench(bench: TimingReport) -> str:
    """Return the report as one HTML page that needs no network and runs no script."""
    return bench_html(bench, list(timing_tables(bench)), list(timing_notes(bench)))
