"""The timing report as a page that needs no network and no script: a sentence, a chart a job, then the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from markupsafe import Markup

from engine.diagnostics.bench.timings import (
    COMMAND_JOB,
    MATRIX_JOB,
    MIX_JOB,
    ONE_RUN_METRICS,
    Timing,
    TimingReport,
    lanes_title,
)
from engine.report import number_format as fmt
from engine.report.charts.bar_chart import lying_bars
from engine.report.charts.mark import Mark
from engine.report.html_page import render_page

TimingTable = tuple[str, tuple[str, ...], list[tuple[str, ...]]]
_OWN, _PEER = 0, 2
"""Places of this engine's bars and of others', which the page's style makes grey."""
_LOG_NOTE: Final = "Time of one variant on a log scale, whiskers from the lowest to the highest; hatched: another job."


def bench_html(bench: TimingReport, tables: Sequence[TimingTable], notes: Sequence[str]) -> str:
    """Return the page; ``tables`` and ``notes`` are those of the terminal."""
    jobs = {line.job[0].upper() + line.job[1:]: line.job for line in bench.lines}
    return render_page(
        "bench",
        styles=("page.css",),
        sentence=speed_sentence(bench),
        machine=bench.machine,
        sections=[
            (title, job_chart(bench, jobs[title], number) if title in jobs else "", *without_empty_columns(names, rows))
            for number, (title, names, rows) in enumerate(tables)
        ],
        facts=notes,
    )


def speed_sentence(bench: TimingReport) -> str:
    """Return how long one variant takes among many, how many a second that is, and how much faster than one by one.

    There is no ratio where the two did not do the same job.
    """
    lanes = [one for one in bench.lines if one.job == MIX_JOB and one.engine == lanes_title(one.threads)]
    if not lanes:
        return "Nothing of this engine was timed among many variants."
    fast = max(lanes, key=lambda one: one.threads)
    each = fast.each.median
    threads = f"{fast.threads} thread{'s' if fast.threads > 1 else ''}"
    told = f"One variant takes {fmt.duration(each)}; {fmt.count(1.0 / each)} a second on {threads}"
    single = next((one for one in bench.lines if one.job == MIX_JOB and one.engine == ONE_RUN_METRICS), None)
    if single is None or not (single.agrees and fast.agrees):
        return f"{told}."
    return f"{told}, {fmt.count(round(single.each.median / each))} times one run at a time."


def job_chart(bench: TimingReport, job: str, number: int) -> Markup | str:
    """Return a bar for each engine at a job, this one's before the others; "" for what is not compared."""
    lines = [line for line in bench.lines if line.job == job]
    if job in {COMMAND_JOB, MATRIX_JOB} or len(lines) < 2:
        return ""
    bars = [_bar(line) for line in sorted(lines, key=lambda line: line.is_peer)]
    return lying_bars(f"job-{number}", f"{job[0].upper()}{job[1:]}", bars, "duration", log=True, unit_note=_LOG_NOTE)


def _bar(line: Timing) -> Mark:
    each = line.each
    place, note = (_PEER if line.is_peer else _OWN), "" if line.agrees else "another job: its results differ"
    return Mark(line.engine, each.median, each.lowest, each.highest, place, hatched=not line.agrees, note=note)


def without_empty_columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """Return a table without the columns in which no row has anything.

    >>> without_empty_columns(("engine", "takes", "slower"), [("a", "1 s", ""), ("b", "2 s", "")])
    (['engine', 'takes'], [['a', '1 s'], ['b', '2 s']])
    """
    kept = [at for at in range(len(names)) if any(row[at] for row in rows)]
    return [names[at] for at in kept], [[row[at] for at in kept] for row in rows]


def growth_sentences(bench: TimingReport) -> Iterator[str]:
    """Yield with which power of each size time grows."""
    for one in bench.growth:
        yield f"time grows as n^{one.power.median:.2f} with {one.dimension} (1: proportional)"
