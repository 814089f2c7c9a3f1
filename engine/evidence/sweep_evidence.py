"""All tests of a sweep together: what of each can be made, and the sentence that they come to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.evidence.chosen_forward import ForwardChoice, sharpe_of_periods, year_begins
from engine.evidence.grid_evidence import describe_plateau, describe_region
from engine.evidence.multiple_tests import CorrelationSum, effective_trials
from engine.evidence.overfitting import probability_of_overfitting
from engine.evidence.sharpe_ratio import deflated_sharpe_ratio, expected_maximum, probabilistic_sharpe_ratio
from engine.evidence.split_halves import figure_of_blocks, half_figures, split_halves
from engine.evidence.superior_ability import Superiority, test_superiority
from engine.evidence.sweep_returns import NotTestedError, SweepReturns
from engine.evidence.verdict import VerdictFigures, verdict_sentence
from engine.portfolio.policy import PolicyT
from engine.sweep.batch.batch_metrics import block_sums
from engine.sweep.config import ranking_sign
from engine.sweep.evidence_record import (
    BestRecord,
    DeflatedSharpeRecord,
    ForwardFigures,
    ForwardRecord,
    HalvesRecord,
    OverfittingRecord,
    SuperiorityRecord,
    SurvivorsRecord,
    SweepEvidence,
    TrialsRecord,
)
from engine.sweep.examination import ExaminedSweep
from engine.sweep.noise_band import BANDED_METRICS, BlockFigure

MIN_FORWARD: Final = 12
"""Periods before the first choice of a walk forward, and after it."""
MAX_DRAWN, MIN_DRAWS = 440_000_000, 1_000
"""Variants times draws of a bootstrap of them all: of many variants fewer histories are drawn, never below 1,000."""
MAX_IDS: Final = 20
"""Ids of survivors that are listed."""

RecordT = TypeVar("RecordT")


def examine_sweep(
    examined: ExaminedSweep[PolicyT], threads: int = 1, tell: Callable[[], None] = lambda: None
) -> SweepEvidence:
    """Return the evidence of a sweep; ``tell`` is called again and again while it takes.

    ``threads`` work at a time, and the bits do not depend on it.
    """
    tests = _SweepTests(SweepReturns(examined, threads), tell)
    best = tests.made("best", tests.best)
    overfitting = tests.made("overfitting", tests.overfitting)
    halves = tests.made("halves", tests.halves)
    tests.pass_over_periods()
    deflated = tests.made("deflated_sharpe", lambda: tests.deflated_sharpe(best))
    superiority = tests.made("superiority", tests.superiority)
    step_m = tests.made("step_m", lambda: tests.survivors(lambda found: found.step_m))
    romano_wolf = tests.made("romano_wolf", lambda: tests.survivors(lambda found: found.romano_wolf))
    figures = VerdictFigures(
        p=superiority.consistent if superiority else None,
        deflated=deflated.value if deflated else None,
        overfitting=overfitting.probability if overfitting else None,
        is_named=step_m is not None and step_m.has_best,
    )
    level = examined.sweep.base_config.evidence.level
    return SweepEvidence(
        sentence=verdict_sentence(tests.returns.count, figures, level, tests.missing.get("superiority", "")),
        level=level,
        trials=tests.trials(),
        best=best,
        deflated_sharpe=deflated,
        overfitting=overfitting,
        superiority=superiority,
        step_m=step_m,
        romano_wolf=romano_wolf,
        halves=halves,
        forward=tests.made("forward", tests.forward),
        plateau=tests.made("plateau", lambda: describe_plateau(tests.returns)),
        region=tests.made("region", lambda: describe_region(examined)),
        missing=tests.missing,
    )


@dataclass
class _SweepTests(Generic[PolicyT]):
    """The tests of one sweep; ``missing`` says by section why one cannot be made."""

    returns: SweepReturns[PolicyT]
    tell: Callable[[], None]
    missing: dict[str, str] = field(default_factory=dict)
    correlation: CorrelationSum | None = None
    choice: ForwardChoice | None = None
    tested: Superiority | None = None
    looked_at: int = 0
    fault: str = ""
    no_superiority: str = ""

    def made(self, section: str, make: Callable[[], RecordT]) -> RecordT | None:
        """Return what ``make`` returns; None, with the reason kept, where it cannot be made."""
        try:
            return make()
        except NotTestedError as error:
            self.missing[section] = str(error)
            return None

    def best(self) -> BestRecord:
        """Return the best variant's figures."""
        statistics, row = self.returns.best.excess, self.returns.examined.best
        ratio, skewness, kurtosis = statistics.sharpe(1.0), statistics.skewness, statistics.kurtosis
        if ratio is None or skewness is None or kurtosis is None:
            raise NotTestedError("the best variant has no Sharpe ratio")
        return BestRecord(
            id=self.returns.identify(row),
            point=int(self.returns.examined.results.point_numbers[row]),
            sharpe=self.returns.yearly(ratio),
            observations=statistics.count,
            skewness=skewness,
            kurtosis=kurtosis,
        )

    def overfitting(self) -> OverfittingRecord:
        """Return the probability of backtest overfitting over all ways to halve 16 blocks.

        Variants without a Sharpe ratio take no part: one that earned the same each session would be the best of all.
        """
        self.returns.require_variants()
        figure = self.returns.block_figure("sharpe")
        sums, squares = self.returns.excess_blocks(figure)
        has_ratio = np.isfinite(self.returns.examined.results.metric("sharpe"))
        if not has_ratio.all():
            sums = np.where(has_ratio, sums, np.nan)
        found = probability_of_overfitting(sums, squares, figure.counts.astype(np.int64), threads=self.returns.threads)
        self.tell()
        if found is None:
            raise NotTestedError("fewer than two variants have a Sharpe ratio")
        return OverfittingRecord(
            probability=found.probability,
            splits=found.splits,
            loss_probability=found.loss_probability,
            slope=found.slope,
            mean_logit=found.mean_logit,
            convention="Bailey, Borwein, Lopez de Prado, Zhu 2017: 16 blocks, Sharpe ratio, rank / (N + 1)",
        )

    def halves(self) -> HalvesRecord:
        """Return how the best of the first half of the sessions stands in the second."""
        self.returns.require_variants()
        rank_by = self.returns.examined.rank_by
        metric = rank_by if rank_by in BANDED_METRICS else "sharpe"
        figure = self.returns.block_figure(metric)
        first, second = half_figures(figure, *self.returns.blocks)
        found = split_halves(first, second, ranking_sign(metric))
        if found is None:
            raise NotTestedError(f"no variant has {metric} in both halves")
        try:
            beside = _second_half(figure, *block_sums(self.returns.buy_and_hold))
        except NotTestedError:
            beside = None
        return HalvesRecord(
            metric=metric,
            id=self.returns.identify(found.row),
            first=found.first,
            second=found.second,
            rank=found.rank,
            count=found.count,
            better_than=found.better_than,
            median=found.median,
            plan=_second_half(figure, *block_sums(self.returns.plan)),
            buy_and_hold=beside,
        )

    def pass_over_periods(self) -> None:
        """Look at the sums of all variants over periods, once for all tests that need them."""
        returns = self.returns
        try:
            returns.require_periods()
            self.correlation = CorrelationSum()
            begins = year_begins(np.array(returns.years), MIN_FORWARD)
            self.choice = ForwardChoice(begins, returns.free) if begins else None
            try:
                self._test_superiority()
            except NotTestedError as error:
                self.no_superiority = str(error)
                if self.looked_at < returns.count:
                    for _ in returns.slabs(self._look):
                        pass
        except NotTestedError as error:
            self.fault, self.correlation, self.choice = str(error), None, None

    def _look(self, slab: FloatArray) -> None:
        self.tell()
        self.looked_at += slab.shape[1]
        if self.correlation is not None:
            self.correlation.add(slab)
        if self.choice is not None:
            self.choice.add(slab)

    def _test_superiority(self) -> None:
        returns = self.returns
        terms, beside = returns.examined.sweep.base_config.evidence, returns.in_periods(returns.buy_and_hold)
        passes = 0

        def differences() -> Iterator[FloatArray]:
            nonlocal passes
            passes += 1
            for slab in returns.slabs(self._look if passes == 1 else self._tick):
                yield slab - beside[:, None]

        self.tested = test_superiority(
            differences,
            draws=self.draws,
            seed=terms.seed,
            mean_block=returns.mean_block,
            level=terms.level,
            threads=returns.threads,
        )
        if self.tested is None:
            raise NotTestedError("no variant's returns differ from those of buy-and-hold")

    def _tick(self, _: FloatArray) -> None:
        self.tell()

    @property
    def draws(self) -> int:
        """How many histories are drawn."""
        asked = self.returns.examined.sweep.base_config.evidence.draws
        return min(asked, max(MIN_DRAWS, MAX_DRAWN // max(self.returns.count, 1)))

    def _require_pass(self) -> None:
        if self.fault:
            raise NotTestedError(self.fault)

    def deflated_sharpe(self, best: BestRecord | None) -> DeflatedSharpeRecord:
        """Return the deflated Sharpe ratio of the best."""
        self._require_pass()
        if best is None:
            raise NotTestedError(self.missing["best"])
        effective = self.trials().effective
        if effective is None:
            raise NotTestedError("the returns of the variants do not vary")
        ratios = self.returns.examined.results.metric("sharpe")
        ratios = ratios[np.isfinite(ratios)] / self.returns.yearly(1.0)
        apart = ratios - ratios.sum() / len(ratios)
        variance = float((apart * apart).sum()) / (len(ratios) - 1)
        if variance <= 0.0:
            raise NotTestedError("all variants have the same Sharpe ratio")
        one, moments = best.sharpe / self.returns.yearly(1.0), (best.observations, best.skewness, best.kurtosis)
        found = deflated_sharpe_ratio(one, *moments, trials=effective, variance=variance)
        return DeflatedSharpeRecord(
            value=found.value,
            benchmark=self.returns.yearly(found.benchmark),
            above_zero=probabilistic_sharpe_ratio(one, 0.0, *moments),
            deviation=self.returns.yearly(math.sqrt(variance)),
            expected_maximum=expected_maximum(effective),
            convention="Bailey and Lopez de Prado 2014, raw kurtosis, N = r + (1 - r) M independent trials",
        )

    def trials(self) -> TrialsRecord:
        """Return how many variants there are, and how many independent ones they are worth."""
        returns, found = self.returns, self.correlation
        mean = found.mean if found is not None else None
        return TrialsRecord(
            compared=returns.count,
            distinct=returns.examined.results.distinct_count,
            periods=len(returns.ends),
            period_sessions=returns.length,
            mean_correlation=mean,
            effective=effective_trials(mean, returns.count) if mean is not None else None,
        )

    def superiority(self) -> SuperiorityRecord:
        """Return the p values against buy-and-hold."""
        found = self._superiority()
        return SuperiorityRecord(
            against="buy_and_hold",
            lower=found.lower,
            consistent=found.consistent,
            upper=found.upper,
            reality_check=found.reality_check,
            draws=self.draws,
            mean_block=self.returns.mean_block,
            seed=self.returns.examined.sweep.base_config.evidence.seed,
            convention=(
                "Hansen 2005, draws as far out as Student's t, and White 2000: stationary bootstrap of sums of returns "
                "over periods"
            ),
        )

    def _superiority(self) -> Superiority:
        self._require_pass()
        if self.tested is None:
            raise NotTestedError(self.no_superiority)
        return self.tested

    def survivors(self, select: Callable[[Superiority], IntArray]) -> SurvivorsRecord:
        """Return the variants that a stepwise test keeps."""
        found = self._superiority()
        rows = select(found)
        ids = tuple(self.returns.identify(row) for row in rows[:MAX_IDS].tolist())
        has_best = bool((rows == self.returns.examined.best).any())
        return SurvivorsRecord(len(rows), ids, has_best, complete=found.complete)

    def forward(self) -> ForwardRecord:
        """Return what the best so far, chosen each January, earned in the years that followed."""
        self._require_pass()
        returns, choice = self.returns, self.choice
        if choice is None:
            raise NotTestedError(f"no January has {MIN_FORWARD} periods before it")
        if (choice.rows < 0).any():
            raise NotTestedError("there is a January before which no variant's returns vary")
        years, begin = returns.years, choice.begins[0]
        if len(years) - begin < MIN_FORWARD:
            raise NotTestedError(f"fewer than {MIN_FORWARD} periods follow the first January with as many before it")
        chosen = {str(years[at]): returns.identify(row) for at, row in zip(choice.begins, choice.rows, strict=True)}
        try:
            beside = self._forward_figures(returns.in_periods(returns.buy_and_hold)[begin:])
        except NotTestedError:
            beside = None
        return ForwardRecord(
            first_year=years[begin],
            last_year=years[-1],
            periods=len(years) - begin,
            changes=int((np.diff(choice.rows) != 0).sum()),
            choice=self._forward_figures(choice.chosen),
            average=self._forward_figures(choice.average[begin:]),
            plan=self._forward_figures(returns.in_periods(returns.plan)[begin:]),
            buy_and_hold=beside,
            chosen=chosen,
        )

    def _forward_figures(self, sums: FloatArray) -> ForwardFigures:
        """Return figures of (m,) sums of the last m periods."""
        a_year = self.returns.periods_per_year
        ratio = sharpe_of_periods(sums - self.returns.free[-len(sums) :], a_year)
        ends = [0, *self.returns.ends]
        sessions = ends[-1] - ends[-1 - len(sums)]  # the last period has more or fewer than the others
        return ForwardFigures(float(sums.sum()) / sessions * self.returns.plan.periods_per_year, ratio)


def _second_half(figure: BlockFigure, sums: FloatArray, squares: FloatArray) -> float | None:
    found = figure_of_blocks(figure, sums[:, None], squares[:, None], slice(len(sums) // 2, None))
    return _finite(float(found[0]))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
