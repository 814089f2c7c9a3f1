"""The timing report: on the terminal, as JSON and as a self-contained page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console

from engine.backtest.run_summary import Json
from engine.diagnostics.bench.measure import RESULT_TOLERANCE, Timing, TimingReport
from engine.diagnostics.bench.weights import SOLVER_TOLERANCE
from engine.report.console import console, print_bullet, print_heading, print_table
from engine.report.html_page import render_page

TIMING_COLUMNS = ("engine", "one variant takes", "lowest to highest", "a second", "times slower", "results differ by")


@contextmanager
def timing_progress() -> Iterator[Callable[[str], None]]:
    """Yield a function that shows on a terminal what is being timed, and shows nothing in a pipe."""
    out = Console(stderr=True, markup=False, emoji=False, highlight=False)
    with out.status("", spinner="dots") if out.is_terminal else nullcontext() as status:
        yield lambda message: status.update(f"timing: {message}") if status else None


def print_bench(bench: TimingReport) -> None:
    """Print the tables of a timing report."""
    out = console()
    for title, names, rows in timing_tables(bench):
        print_heading(out, title)
        print_table(out, names, rows, left=(0, 1) if len(names) > 4 else (0,), tight=True)
    for fact in timing_notes(bench):
        print_bullet(out, fact)


def timing_tables(bench: TimingReport) -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """Yield title, columns and rows of every table."""
    for job in dict.fromkeys(line.job for line in bench.lines):
        lines = [line for line in bench.lines if line.job == job]
        fastest = min(line.median for line in lines)
        yield f"{job[0].upper()}{job[1:]}", TIMING_COLUMNS, [_timing_row(line, fastest) for line in lines]
    growth = []
    for one in bench.growth:
        sizes = (f"{size:,}: {1e3 * seconds:.1f} ms" for size, seconds in zip(one.sizes, one.seconds, strict=True))
        growth.append((one.dimension, *sizes, f"{one.slope:.2f}"))
    yield "How time grows", ("with", "small", "middle", "large", "power"), growth


def _timing_row(line: Timing, fastest: float) -> tuple[str, ...]:
    agreed = line.difference is None or line.difference <= line.tolerance
    rate = line.variants_per_second
    return (
        line.engine,
        _duration_text(line.median),
        f"{_duration_text(line.lowest)} to {_duration_text(line.highest)}",
        f"{rate:,.0f}" if rate >= 10 else f"{rate:.3g}",
        f"{line.median / fastest:,.1f}" if agreed else "not the same job",
        "" if line.difference is None else f"{line.difference:.1e}",
    )


def _duration_text(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def timing_notes(bench: TimingReport) -> Iterator[str]:
    """Yield the notes below the tables, one sentence each."""
    yield "; ".join(f"{name}: {value}" for name, value in bench.machine.items())
    yield f"a matrix product (dgemm) does {bench.dgemm / 1e9:,.0f} Gflop/s here"
    for line in bench.lines:
        if line.flops:
            share = line.flops / bench.dgemm
            yield f"{line.job}, {line.engine}: {line.flops / 1e9:,.0f} Gflop/s, {share:.0%} of that"
    seconds, memory = bench.million_runs
    yield f"a million runs of plans in one process: {seconds:.1f} s, at most {memory / 1e6:,.0f} MB of memory"
    for title in bench.missing:
        yield f"{title} is not installed and was not timed; `pip install '.[bench]'`"
    yield (
        "medians of several rounds after one that is not counted; peers get prices and weights in memory, and their "
        f"results agree with this engine's to {RESULT_TOLERANCE:g} (weights of least variance to {SOLVER_TOLERANCE:g}) "
        "or no ratio is printed; additions, subtractions, products and divisions of marking and statistics count as "
        "flops, comparisons and rebalances do not"
    )


def bench_json(bench: TimingReport) -> dict[str, Json]:
    """Return the report as plain data; seconds are for one variant."""
    lines: list[Json] = [
        {
            "job": line.job,
            "engine": line.engine,
            "variants": line.variants,
            "rounds": line.rounds,
            "median": line.median,
            "lowest": line.lowest,
            "highest": line.highest,
            "a_second": line.variants_per_second,
            "difference": line.difference,
            "flops": line.flops,
        }
        for line in bench.lines
    ]
    growth: list[Json] = [
        {"of": one.dimension, "sizes": list(one.sizes), "seconds": list(one.seconds), "power": one.slope}
        for one in bench.growth
    ]
    return {
        "machine": dict(bench.machine),
        "dgemm": bench.dgemm,
        "lines": lines,
        "growth": growth,
        "million": {"seconds": bench.million_runs[0], "peak_bytes": bench.million_runs[1]},
        "missing": list(bench.missing),
    }


def bench_html(bench: TimingReport) -> str:
    """Return the report as one HTML page that needs no network and runs no script."""
    return render_page("bench", sections=list(timing_tables(bench)), facts=list(timing_notes(bench)))
