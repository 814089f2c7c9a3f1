"""The bars that speed is held to, as ratios within one run, with what was measured before and what is asked.

``python benchmarks/bars.py`` prints the timing report of ``engine bench`` and the bars that follow from it (``make bench``);
``python benchmarks/bars.py --prices prices.parquet`` those of whole sweeps of the article space (``make sweeps``).
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.composition import build_strategy
from engine.diagnostics.bench.commands import CommandRun
from engine.diagnostics.bench.machine import describe_machine
from engine.diagnostics.bench.measure import time_jobs
from engine.diagnostics.bench.stopwatch import Spread, time_in_turns
from engine.diagnostics.bench.timings import (
    CAPS_WATCHED_JOB,
    COMMAND_JOB,
    MATRIX_JOB,
    MIX_JOB,
    ONE_RUN,
    ONE_RUN_METRICS,
    PATHS_TITLE,
    SATELLITE_JOB,
    Timing,
    TimingReport,
    lanes_title,
)
from engine.report.bench import print_bench

ARTICLE = Path(__file__).parents[1] / "configs" / "sweeps" / "article_space.yaml"


@dataclass(frozen=True)
class Bar:
    """A ratio, what it was before, and what is asked of it: at most ``limit``, or at least that."""

    what: str
    before: str
    limit: float
    found: Spread
    at_least: bool = False
    unit: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the median is on the right side."""
        return self.found.median >= self.limit if self.at_least else self.found.median <= self.limit

    def row(self) -> str:
        """Return its line of the table."""
        text = [f"{value:,.{digits(value)}f}" for value in self.found]
        asked = f"{'>=' if self.at_least else '<='} {self.limit:,g}{self.unit}"
        cells = self.what, self.before, asked, f"{text[0]}{self.unit}", f"{text[1]} to {text[2]}"
        return f"| {' | '.join(cells)} | {'yes' if self.is_met else 'no'} |"


def digits(value: float) -> int:
    """Return how many decimals a ratio is printed with."""
    return max(0, 2 - int(math.log10(max(abs(value), 1.0))))


def print_bars(bars: list[Bar], threads: int) -> None:
    """Print the table in Markdown."""
    print("\n" + "; ".join(f"{name}: {value}" for name, value in describe_machine(threads).items()) + "\n")
    print("| bar | before | asked | median | lowest to highest | met |\n|---|---|---|---|---|---|")
    print("\n".join(bar.row() for bar in bars), flush=True)


def cpu_ratio(above: Timing, below: Timing) -> Spread:
    """Return the ratio of CPU times of one variant, round by round."""
    return Spread.of_ratios(
        (sample.cpu / above.variants for sample in above.samples),
        (sample.cpu / below.variants for sample in below.samples),
    )


def kernel_rate(report: TimingReport, job: str) -> Spread:
    """Return flop/s of the lanes alone over those of a matrix product on one core, in percent."""
    line = report.line(job, lanes_title(1))
    own = ((line.flops or 0.0) * line.variants / sample.kernel for sample in line.samples)
    return Spread.of_ratios((100.0 * rate for rate in own), report.line(MATRIX_JOB, "1 ").rates)


def process_bars(report: TimingReport, threads: int) -> Iterator[Bar]:
    """Yield the bars that follow from a timing report."""
    names = [line.engine for line in report.lines if line.job == MIX_JOB and line.agrees]
    if any(name.startswith("raptorbt") for name in names):
        rust = report.line(MIX_JOB, "raptorbt")
        yield Bar("static run with its ledger / raptorbt", "2.5", 0.6, cpu_ratio(report.line(MIX_JOB, ONE_RUN), rust))
        yield Bar(
            "run and all figures / raptorbt", "about 11", 1.2, cpu_ratio(report.line(MIX_JOB, ONE_RUN_METRICS), rust)
        )
    run, numba = report.line(COMMAND_JOB, "engine run"), report.line(COMMAND_JOB, "python")
    yield Bar("`engine run` with report: CPU / CPU of `import numba`", "9.7", 4.0, cpu_ratio(run, numba))
    yield Bar("`engine run` with report: wall", "1.5 to 2.5 s", 1.2, run.each, unit=" s")
    for title, job, asked in (("mix", MIX_JOB, 53.0), ("core and satellites", SATELLITE_JOB, 49.0)):
        yield Bar(
            f"lanes / dgemm, one core: {title}",
            f"{asked:g} %",
            asked,
            kernel_rate(report, job),
            at_least=True,
            unit=" %",
        )
    watched, satellites = (report.line(job, lanes_title(1)) for job in (CAPS_WATCHED_JOB, SATELLITE_JOB))
    yield Bar("caps watched / core and satellites", "3.05", 2.6, cpu_ratio(watched, satellites))
    paths = cpu_ratio(report.line(MIX_JOB, PATHS_TITLE), report.line(MIX_JOB, lanes_title(1)))
    yield Bar("10,000 paths / 10,000 lanes of a mix, CPU", "-", 10.0, paths)
    peers = [report.line(MIX_JOB, name) for name in names if name.startswith("vectorbt")]
    if peers:
        faster, ours = min(peers, key=lambda line: line.each.median), report.line(MIX_JOB, lanes_title(threads))
        found = Spread.of_ratios(
            (sample.wall / faster.variants for sample in faster.samples),
            (sample.wall / ours.variants for sample in ours.samples),
        )
        what = f"vectorbt's faster engine / a mix with all figures, {threads} threads"
        yield Bar(what, "2,540", 3000.0, found, at_least=True)
    for growth in report.growth:
        yield Bar(f"power of CPU time in {growth.dimension}: lanes", "", 1.1, growth.power)


def sweep_commands(prices: Path, folder: Path) -> dict[str, CommandRun]:
    """Return sweeps of the article space: on one and on two threads, of half the years, and at three cost levels."""
    thrice = folder / "thrice.yaml"
    text = ARTICLE.read_text(encoding="utf-8")
    thrice.write_text(text.replace("  rank_by:", "    costs.rate: [0%, 0.1%, 0.2%]\n  rank_by:"), encoding="utf-8")
    source = ["--set", "data.source.kind=files", "--set", f"data.source.path={prices.resolve()}"]
    cases = {
        "one": (ARTICLE, "1", []),
        "two": (ARTICLE, "2", []),
        "half": (ARTICLE, "1", ["--set", "window.start=2015-01-01"]),
        "thrice": (thrice, "1", []),
    }
    return {
        name: CommandRun(name, ["sweep", str(config), "--out", name, "--workers", workers, *source, *more], folder)
        for name, (config, workers, more) in cases.items()
    }


def sweep_bars(prices: Path, rounds: int) -> Iterator[Bar]:
    """Yield the bars of whole sweeps, start and report included; say whether threads changed a byte of the results."""
    with tempfile.TemporaryDirectory() as place:
        runs = sweep_commands(prices, Path(place))
        taken = dict(zip(runs, time_in_turns(list(runs.values()), rounds), strict=True))
        hashes = {
            hashlib.sha256(found.read_bytes()).hexdigest()
            for name in ("one", "two")
            for found in Path(place, name).glob("*/results.parquet")
        }
        if len(hashes) != 1:
            sys.exit(f"results differ between one thread and two: {hashes}")
    one, two = taken["one"], taken["two"]
    for name, samples in taken.items():
        walls, cpus = (Spread.of(getattr(sample, kind) for sample in samples) for kind in ("wall", "cpu"))
        print(f"{name}: wall {walls.median:.2f} s, CPU {cpus.median:.2f} s, {runs[name].memory / 1e6:.0f} MB")
    yield Bar(
        "article space, one thread: CPU of the command / of its kernel",
        "5.1 to 5.9",
        3.0,
        Spread.of(sample.cpu / sample.kernel for sample in one),
    )
    yield Bar(
        "article space, two threads: wall / half its kernel's CPU",
        "about 12",
        3.5,
        Spread.of(2.0 * sample.wall / sample.kernel for sample in two),
    )
    memory = runs["thrice"].memory / 1e6
    yield Bar("memory of 1,319,976 variants, one process", "489 MB", 350.0, Spread(memory, memory, memory), unit=" MB")
    walls = [[sample.wall for sample in samples] for samples in (one, two)]
    yield Bar("one thread / two threads, wall of the command", "1.5", 1.8, Spread.of_ratios(*walls), at_least=True)
    for name, (less, more), factor in (
        ("sessions", ("half", "one"), 5031 / 2515),
        ("variants", ("one", "thrice"), 3.0),
    ):
        ratios = zip(taken[more], taken[less], strict=True)
        powers = (math.log(above.cpu / below.cpu) / math.log(factor) for above, below in ratios)
        yield Bar(f"power of CPU time in {name}: the command", "", 1.1, Spread.of(powers))


def show(message: str) -> None:
    """Say on a terminal what is being timed."""
    if sys.stderr.isatty():
        print(f"timing: {message}", file=sys.stderr)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prices", type=Path, help="closes of the article space's assets: whole sweeps are timed")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    threads = os.cpu_count() or 1
    if options.prices:
        print_bars(list(sweep_bars(options.prices, options.rounds)), threads)
    else:
        report = time_jobs(build_strategy, rounds=options.rounds, threads=threads, peers=True, say=show)
        print_bench(report)
        print_bars(list(process_bars(report, threads)), threads)


if __name__ == "__main__":
    main()
