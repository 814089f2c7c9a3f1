"""The returns that tests of a sweep look at: of its variants in periods and blocks, of its best, of what stands beside.

Whatever cannot be had raises :class:`NotTestedError` with the reason in words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Generic

import numpy as np

from engine.analysis.comparison import PortfolioResult
from engine.analysis.performance import Performance
from engine.backtest.outputs import window_of
from engine.core.arrays import FloatArray
from engine.evidence.period_sums import (
    MAX_SIMULATED,
    TooManyToSimulateError,
    VariantPeriodSums,
    period_ends,
    period_length,
    sum_periods,
)
from engine.evidence.superior_ability import fitting_block
from engine.portfolio.policy import PolicyT
from engine.simulation.kernel.records import RETURN_BLOCKS
from engine.sweep.batch.batch_metrics import SUM_COLUMNS
from engine.sweep.examination import ExaminedSweep
from engine.sweep.noise_band import BlockFigure
from engine.sweep.variant_lookup import variant_id

MIN_VARIANTS: Final = 12
"""Variants below which nothing is tested: how figures of so few spread is chance itself."""
MIN_PERIODS: Final = 24
"""Periods, two years of them, below which means of periods are not tested."""


class NotTestedError(Exception):
    """Why a test cannot be made."""


@dataclass(frozen=True)
class SweepReturns(Generic[PolicyT]):
    """The returns of an examined sweep; ``threads`` work at a time, and the bits do not depend on it."""

    examined: ExaminedSweep[PolicyT]
    threads: int = 1

    @property
    def count(self) -> int:
        """How many variants are compared."""
        return len(self.examined.values)

    @property
    def plan(self) -> Performance:
        """What the plan itself earned."""
        return self.examined.run.comparison.strategy.performance

    @cached_property
    def buy_and_hold(self) -> Performance:
        """What buy-and-hold earned over the plan's sessions."""
        found: PortfolioResult | None = self.examined.run.comparison.portfolios.get("buy_and_hold")
        if found is None:
            raise NotTestedError("there is no buy-and-hold to compare with: compare.buy_and_hold is false")
        if window_of(found.ledger) != self.examined.run.summary.window:
            raise NotTestedError("buy-and-hold has other sessions than the plan")
        return found.performance

    def require_variants(self) -> None:
        """Raise NotTestedError where there are too few variants for any test."""
        if self.count < MIN_VARIANTS:
            raise NotTestedError(f"fewer than {MIN_VARIANTS} variants have the plan's sessions")

    @cached_property
    def best(self) -> Performance:
        """What the best variant earned, run once more by itself."""
        if self.examined.best < 0:
            raise NotTestedError("no variant has the metric that they are ranked by")
        number = self.examined.results.point_numbers[[self.examined.best]]
        indices: list[int] = self.examined.results.points.indices(number)[0].tolist()
        return self.periods.evaluator.performance(indices)

    @cached_property
    def length(self) -> int:
        """The sessions of a period."""
        return period_length(self.plan.periods_per_year)

    @cached_property
    def ends(self) -> list[int]:
        """How many returns there are up to the end of each period."""
        return period_ends(len(self.plan.returns), self.length)

    @property
    def periods_per_year(self) -> float:
        """By how many periods figures are annualised."""
        return self.plan.periods_per_year / self.length

    @cached_property
    def years(self) -> list[int]:
        """(n,) the calendar year in which each period ends."""
        ends = self.plan.dates[1:][np.array(self.ends) - 1]
        return [int(year) + 1970 for year in ends.astype("datetime64[Y]").astype(np.int64).tolist()]

    @cached_property
    def free(self) -> FloatArray:
        """(n,) the risk-free sums of the periods."""
        rate = self.plan.risk_free
        if isinstance(rate, float):
            return rate * np.diff([0, *self.ends]).astype(np.float64)
        return sum_periods(rate, self.ends)

    def in_periods(self, performance: Performance) -> FloatArray:
        """Return (n,) the sums of a portfolio's returns over the periods."""
        return sum_periods(performance.returns, self.ends)

    @cached_property
    def periods(self) -> VariantPeriodSums[PolicyT]:
        """The sums of all variants over the periods."""
        one = self.examined
        return VariantPeriodSums(one.sweep, one.results, len(self.plan.returns), self.length, self.threads)

    def require_periods(self) -> None:
        """Raise NotTestedError where there are too few periods for a test of means."""
        self.require_variants()
        if len(self.ends) < MIN_PERIODS:
            raise NotTestedError(f"fewer than {MIN_PERIODS} periods of {self.length} sessions")

    def slabs(self, look: Callable[[FloatArray], None]) -> Iterator[FloatArray]:
        """Yield (n, W) sums of W variants at a time, each shown to ``look`` first."""
        try:
            for slab in self.periods.slabs():
                look(slab)
                yield slab
        except TooManyToSimulateError:
            message = f"more than {MAX_SIMULATED:,} variants run one by one, too many to run once more"
            raise NotTestedError(message) from None

    @cached_property
    def mean_block(self) -> float:
        """The mean length of the blocks that histories are drawn in [periods]: what the best's differences ask for."""
        return fitting_block(self.in_periods(self.best) - self.in_periods(self.buy_and_hold))

    def block_figure(self, metric: str) -> BlockFigure:
        """Return a metric as a function of the sums of 16 blocks."""
        figure = BlockFigure.of(metric, self.plan)
        if figure is None and not isinstance(self.plan.risk_free, float):
            raise NotTestedError("the risk-free rate changes from session to session")
        if figure is None:
            raise NotTestedError(f"too few sessions for {RETURN_BLOCKS} blocks")
        return figure

    @cached_property
    def blocks(self) -> tuple[FloatArray, FloatArray]:
        """(16, S) the sums of all variants' returns in each block, and those of their squares."""
        columns = np.empty((len(SUM_COLUMNS), self.count))
        for at, name in enumerate(SUM_COLUMNS):
            columns[at] = self.examined.results.metric(name)
        return columns[:RETURN_BLOCKS], columns[RETURN_BLOCKS:]

    def excess_blocks(self, figure: BlockFigure) -> tuple[FloatArray, FloatArray]:
        """Return the blocks of what returns are above the risk-free rate."""
        sums, squares = self.blocks
        free, counts = figure.risk_free, figure.counts[:, None]
        if free == 0.0:
            return sums, squares
        return sums - counts * free, squares - 2.0 * free * sums + counts * free * free

    def identify(self, row: int) -> str:
        """Return the id of a variant by its row."""
        return variant_id(self.examined.sweep.plan_sha256, int(self.examined.results.point_numbers[row]))

    def yearly(self, ratio: float) -> float:
        """Return a Sharpe ratio of one session as that of a year."""
        return ratio * math.sqrt(self.plan.periods_per_year)
