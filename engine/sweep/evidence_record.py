"""The evidence of a sweep as its files have it: whether the best is better than luck, test by test.

Computed in ``engine.evidence``, which nothing here imports: a sweep is handed the function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.backtest.manifest import FileRecord
from engine.sweep.axes import ParameterValue


@dataclass(frozen=True)
class TrialsRecord:
    """How many variants were looked at.

    ``compared`` have the plan's own sessions, ``distinct`` of them state different plans; ``effective`` is how many
    independent ones they are worth by their ``mean_correlation`` over ``periods`` periods of ``period_sessions``.
    """

    compared: int
    distinct: int
    periods: int
    period_sessions: int
    mean_correlation: float | None = None
    effective: float | None = None


@dataclass(frozen=True)
class BestRecord:
    """The best variant: its ``sharpe`` a year over ``observations`` returns, ``skewness``, raw ``kurtosis``."""

    id: str
    point: int
    sharpe: float
    observations: int
    skewness: float
    kurtosis: float


@dataclass(frozen=True)
class DeflatedSharpeRecord:
    """Whether the best's Sharpe ratio is above what luck alone gives the best of as many.

    ``value`` is the probability that the true ratio is above ``benchmark``, the ratio that the best of that many
    without any skill is expected to have; ``above_zero`` that it is above zero. Ratios are a year's; ``deviation`` is
    that of the ratios of all variants, ``expected_maximum`` how many such deviations the best is expected to reach.
    """

    value: float
    benchmark: float
    above_zero: float
    deviation: float
    expected_maximum: float
    convention: str


@dataclass(frozen=True)
class OverfittingRecord:
    """How often the best of one half of the blocks is below the median in the other.

    ``probability`` over ``splits`` ways to halve 16 blocks; ``loss_probability`` is how often its Sharpe ratio is
    negative there, ``slope`` what one more in sample is worth out of it, ``mean_logit`` the mean logit of its ranks.
    """

    probability: float
    splits: int
    loss_probability: float
    slope: float | None
    mean_logit: float
    convention: str


@dataclass(frozen=True)
class SuperiorityRecord:
    """Whether any variant's mean return is above that of ``against``, as many having been tried.

    p values of Hansen's test with three ways to recentre, and of White's reality check, over ``draws`` resampled
    histories in blocks of ``mean_block`` periods.
    """

    against: str
    lower: float
    consistent: float
    upper: float
    reality_check: float
    draws: int
    mean_block: float
    seed: int
    convention: str


@dataclass(frozen=True)
class SurvivorsRecord:
    """The variants that a stepwise test finds better than the benchmark: how many, and the ids of the first of them.

    ``has_best`` tells whether the best is among them; ``complete`` is False where the last of its allowed steps still
    found some, so that there may be more.
    """

    count: int
    ids: tuple[str, ...]
    has_best: bool
    complete: bool


@dataclass(frozen=True)
class HalvesRecord:
    """The best of the first half of the sessions in the second half, by ``metric``.

    ``first`` and ``second`` are its figures, ``rank`` its place among ``count`` in the second half, where it is better
    than the share ``better_than``; ``median`` is that half's, ``plan`` and ``buy_and_hold`` are theirs there.
    """

    metric: str
    id: str
    first: float
    second: float
    rank: int
    count: int
    better_than: float
    median: float
    plan: float | None = None
    buy_and_hold: float | None = None


@dataclass(frozen=True)
class ForwardFigures:
    """What was earned over the years of a walk forward: the sum of returns a year, and its Sharpe ratio."""

    yearly_return: float
    sharpe: float | None


@dataclass(frozen=True)
class ForwardRecord:
    """Each January the best so far by Sharpe ratio is chosen and held for a year.

    ``chosen`` are its ids by year, ``changes`` how often another one was chosen than the year before. Beside it the
    mean of all variants, the plan, and buy-and-hold over the same periods.
    """

    first_year: int
    last_year: int
    periods: int
    changes: int
    choice: ForwardFigures
    average: ForwardFigures
    plan: ForwardFigures
    buy_and_hold: ForwardFigures | None
    chosen: Mapping[str, str]


@dataclass(frozen=True)
class NeighbourRecord:
    """A variant one step away along one axis."""

    axis: str
    label: str
    figure: float | None


@dataclass(frozen=True)
class PlateauRecord:
    """Where the best stands on the grid.

    ``edges`` are the ordered axes whose first or last value it has, ``neighbours`` those one step away, at most 20 an
    axis, the worst first, ``worst_neighbour`` the worst figure of all of them. ``pick`` is the variant that noise does
    not tell from the best whose worst neighbour is best, with its own figure and that neighbour's.
    """

    metric: str
    figure: float
    ordered_axes: tuple[str, ...]
    edges: tuple[str, ...]
    neighbours: tuple[NeighbourRecord, ...]
    worst_neighbour: float | None
    pick: str | None
    pick_parameters: Mapping[str, ParameterValue]
    pick_figure: float | None
    pick_worst_neighbour: float | None


@dataclass(frozen=True)
class RegionValue:
    """A value of an axis: the ``share`` of its variants that are in the region."""

    label: ParameterValue
    share: float


@dataclass(frozen=True)
class RegionAxis:
    """An axis of the region: of its ``values`` so many have a variant in it, ``whole`` of them all theirs.

    ``listed`` are the values with the lowest shares first where they differ, at most 24.
    """

    values: int
    present: int
    whole: int
    lowest: float
    listed: tuple[RegionValue, ...]


@dataclass(frozen=True)
class RegionRecord:
    """The variants that the noise of this history does not tell from the best by ``metric``."""

    metric: str
    count: int
    share: float
    axes: Mapping[str, RegionAxis]


class SweepEvidence(FileRecord):
    """The ``evidence`` of a sweep's ``summary.json``: what a section lacks is said by its name in ``missing``."""

    sentence: str
    level: float
    trials: TrialsRecord
    best: BestRecord | None = None
    deflated_sharpe: DeflatedSharpeRecord | None = None
    overfitting: OverfittingRecord | None = None
    superiority: SuperiorityRecord | None = None
    step_m: SurvivorsRecord | None = None
    romano_wolf: SurvivorsRecord | None = None
    halves: HalvesRecord | None = None
    forward: ForwardRecord | None = None
    plateau: PlateauRecord | None = None
    region: RegionRecord | None = None
    missing: dict[str, str]
