"""The sleeves of a run's core in words: what was wanted of each, and what it weighed at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import fsum

from engine.backtest.finished_run import FinishedRun
from engine.report import number_format as fmt
from engine.report.phrases import plural


def sleeve_lines(run: FinishedRun) -> Iterator[tuple[str, str]]:
    """Yield each sleeve's name with its weight, its parts, its weight at the last close and how often it traded."""
    core = run.section("strategy").get("core")
    if isinstance(core, Mapping):
        yield from _lines(run, core)


def _lines(run: FinishedRun, core: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, part in core.items():
        inside = part.get("of") if isinstance(part, Mapping) else None
        if not (isinstance(part, Mapping) and isinstance(inside, Mapping)):
            continue
        shares = ", ".join(f"{inner} {_share(one)}" for inner, one in inside.items())
        held = (run.weights.columns.get(asset) for asset in _assets(inside))
        last = fsum(float(weights[-1]) for weights in held if weights is not None)
        days = {trade.date for trade in run.trades if trade.reason.startswith(f"sleeve {name}: ")}
        times = f"; {plural(len(days), 'rebalance')} inside itself" if part.get("rebalance") else ""
        yield name, f"{_share(part)} ({shares}); {fmt.percent(last)} at the end{times}"
        yield from _lines(run, inside)


def _share(part: object) -> str:
    weight = part.get("weight") if isinstance(part, Mapping) else part
    return fmt.short_percent(weight) if isinstance(weight, float | int) else "rest"


def _assets(inside: Mapping[str, object]) -> Iterator[str]:
    for name, part in inside.items():
        within = part.get("of") if isinstance(part, Mapping) else None
        if isinstance(within, Mapping):
            yield from _assets(within)
        else:
            yield name
