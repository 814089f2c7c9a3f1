"""An axis over windows: the plan, buy-and-hold and the benchmarks in each, side by side, none ranked (S18)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

import numpy as np

from engine.backtest.config import RunConfig
from engine.backtest.config_sections import Benchmark
from engine.backtest.loading import validate_run
from engine.backtest.outputs import RunResult, window_of
from engine.backtest.run_summary import WindowSummary
from engine.core.arrays import BoolArray
from engine.core.errors import EngineError
from engine.core.yaml_document import Document
from engine.core.yaml_tree import Tree
from engine.portfolio.policy import PolicyT
from engine.sweep.axes import ParameterValue
from engine.sweep.section_values import replace_at
from engine.sweep.space import Space
from engine.sweep.statistics import SweepResults, distribution

_MAX_WINDOWS: Final = 60
"""Windows of axes that are shown side by side; of more, those first in the file."""
_MAX_OTHER_SESSIONS: Final = 20
"""Other sessions than the plan's that are listed."""


@dataclass(frozen=True)
class WindowResult:
    """One window of the axes, by its ``parameters``: the base config's run in it, and how many ``variants`` have it.

    ``figures`` by portfolio, of those that have all its sessions; ``cagr_difference`` is the plan's less each other
    portfolio's, over common sessions.
    """

    parameters: Mapping[str, ParameterValue]
    window: WindowSummary
    variants: int
    figures: Mapping[str, Mapping[str, float | None]]
    cagr_difference: Mapping[str, float | None]


@dataclass(frozen=True)
class OtherSessions:
    """A ``window`` that ``variants`` have and the plan has not, the parameters of the first, its metric's range."""

    window: WindowSummary
    variants: int
    example: Mapping[str, ParameterValue]
    range: Mapping[str, float | int | None]


def compare_windows(
    base_config: RunConfig[PolicyT], results: SweepResults, rank_by: str, run: Callable[[RunConfig[PolicyT]], RunResult]
) -> tuple[WindowResult, ...]:
    """Return the base config's run in each window of the axes; empty where no axis changes the window."""
    space = results.space
    places = [at for at, axis in enumerate(space.axes) if axis.section == "window"]
    if not places:
        return ()
    every = itertools.product(*(range(len(space.axes[at].values)) for at in places))
    along = np.stack([results.points.indices_along(results.point_numbers, at) for at in places], axis=1)
    found = []
    for chosen in itertools.islice(every, _MAX_WINDOWS):
        done = _run_in_window(base_config, space, dict(zip(places, chosen, strict=True)), run)
        if done is None:
            continue
        names = {
            one.name: one.labels[one.codes[chosen[places.index(one.axis_number)]]]
            for one in space.parameters
            if one.axis_number in places
        }
        count = int((along == np.array(chosen)).all(axis=1).sum())
        found.append(_window_result(names, count, done, rank_by))
    return tuple(found)


def _run_in_window(
    base_config: RunConfig[PolicyT],
    space: Space,
    chosen: Mapping[int, int],
    run: Callable[[RunConfig[PolicyT]], RunResult],
) -> RunResult | None:
    """Return the base config's run in a window, without benchmarks where these have no session in it.

    None where it is no valid run itself: its points are counted among those that are none.
    """
    tree = cast("Tree", base_config.canonical())
    for at, index in chosen.items():
        tree = replace_at(tree, space.axes[at].path, space.axes[at].values[index].text)
    try:
        config = validate_run(Document.from_tree("window", cast("dict[str, Tree]", tree)), type(base_config))
    except EngineError:
        return None

    def with_benchmarks(*kept: Benchmark[PolicyT]) -> RunResult | None:
        compare = config.compare.model_copy(update={"benchmarks": kept})
        try:
            return run(config.model_copy(update={"compare": compare}))
        except EngineError:
            return None

    every = config.compare.benchmarks
    return with_benchmarks(*every) or with_benchmarks(*(one for one in every if with_benchmarks(one)))


def _window_result(
    parameters: Mapping[str, ParameterValue], variants: int, done: RunResult, rank_by: str
) -> WindowResult:
    comparison = done.comparison
    names = list(dict.fromkeys([rank_by, "cagr", "total_return"]))
    return WindowResult(
        parameters,
        done.summary.window,
        variants,
        {
            key: {name: portfolio.metrics.get(name) for name in names}
            for key, portfolio in comparison.portfolios.items()
            if window_of(portfolio.ledger) == done.summary.window
        },
        {key: versus.cagr_difference for key, versus in comparison.versus.items()},
    )


def other_sessions(
    results: SweepResults, equal: BoolArray, metric: str, shown: Sequence[WindowResult]
) -> tuple[OtherSessions, ...]:
    """Return sessions of variants that are neither ``equal`` (S,) to the plan's nor those of a window that is shown."""
    rest = ~equal
    for one in shown:
        rest &= ~results.table.has_sessions(one.window.start, one.window.end, one.window.sessions)
    rows = np.flatnonzero(rest)
    if not len(rows):
        return ()
    values = results.metric(metric)
    kinds, first, index, counts = np.unique(
        results.table.spans()[rows], axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    found = []
    for kind in np.argsort(-counts, kind="stable")[:_MAX_OTHER_SESSIONS].tolist():
        start, end = (str(day) for day in kinds[kind, :2].astype("datetime64[D]"))
        example = results.points.indices(results.point_numbers[rows[first[kind : kind + 1]]])[0]
        known = distribution(values[rows[index == kind]])
        found.append(
            OtherSessions(
                WindowSummary(start=start, end=end, sessions=int(kinds[kind, 2])),
                int(counts[kind]),
                results.space.parameter_values(example.tolist()),
                {key: known.get(key) for key in ("least", "p50", "most")},
            )
        )
    return tuple(found)
