"""How often tests of a whole sweep are wrong, and how often they find what is there, on sweeps whose truth is known.

``python benchmarks/studies/evidence.py``, or ``make evidence``, writes ``benchmarks/studies/evidence.md``. Sweeps are
drawn by processes with known means, correlated as the variants of real sweeps are; the engine's own functions test each.
No price is read.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.files import atomic_write
from engine.evidence.multiple_tests import CorrelationSum, effective_trials
from engine.evidence.overfitting import cut_periods, probability_of_overfitting, sum_blocks
from engine.evidence.sharpe_ratio import deflated_sharpe_ratio, sharpe_moments
from engine.evidence.superior_ability import Superiority, fitting_block, test_superiority

PAGE: Final = Path(__file__).parent / "evidence.md"
VARIANTS: Final = 400
PERIODS_PER_YEAR: Final = 12
DEVIATION: Final = 0.0085
"""Of a difference in a period of 21 sessions, the median of the article space; no figure here depends on it."""
DRAWS: Final = 499
SIZE: Final = 0.05
AT_A_TIME: Final = 50
EFFECTS: Final = (0.0, 2.0, 3.0, 4.0, 5.0)
"""How far ahead the one better variant truly is [standard errors of its mean]."""
BETTER: Final = 0


@dataclass(frozen=True)
class Process:
    """How differences to a benchmark come about: ``periods`` of variants with a mean pairwise ``correlation``.

    ``factors`` are the shares of variance of what variants share beside that. ``freedom`` is that of Student's t, whose
    scale all variants share in a period; ``memory`` is an autoregression of first order; a share of the variants that
    are ``worse`` lags by one to six standard errors.
    """

    name: str
    periods: int = 240
    correlation: float = 0.46
    factors: tuple[float, ...] = (0.16, 0.11, 0.07, 0.04, 0.03, 0.02, 0.02, 0.02)
    freedom: float = math.inf
    memory: float = 0.0
    worse: float = 0.0

    def differences(self, generator: np.random.Generator) -> FloatArray:
        """Return (n, S) differences of a sweep none of whose variants is better than the benchmark."""
        shared, own = np.array(self.factors), max(1.0 - self.correlation - sum(self.factors), 0.0)
        loadings = generator.standard_normal((len(shared), VARIANTS)) * np.sqrt(shared)[:, None]
        rest = 1.0 - self.correlation
        loadings *= np.sqrt((rest - own) / np.maximum((loadings**2).sum(axis=0), 1e-12))
        shape = (self.periods + 50, VARIANTS)
        noise = math.sqrt(own) * generator.standard_normal(shape)
        noise += math.sqrt(self.correlation) * generator.standard_normal((shape[0], 1))
        noise += generator.standard_normal((shape[0], len(shared))) @ loadings
        if not math.isinf(self.freedom):
            scale = generator.chisquare(self.freedom, (shape[0], 1)) / (self.freedom - 2.0)
            noise /= np.sqrt(scale)
        if self.memory:
            for period in range(1, len(noise)):
                noise[period] += self.memory * noise[period - 1]
            noise *= math.sqrt(1.0 - self.memory**2)
        lag = np.zeros(VARIANTS)
        behind = round(self.worse * VARIANTS)
        lag[VARIANTS - behind :] = -np.linspace(1.0, 6.0, behind)
        return DEVIATION * (noise[50:] + lag * self.error)

    @property
    def error(self) -> float:
        """The standard error of a mean in deviations of a period, in a long run."""
        return math.sqrt((1.0 + self.memory) / (1.0 - self.memory) / self.periods)


ARTICLE: Final = Process("the article space: 240 periods, correlation 0.46")
PROCESSES: Final = (
    ARTICLE,
    Process("the same, Student's t with 5 degrees of freedom", freedom=5.0),
    Process("the same, a period remembers 0.2 of the one before", memory=0.2),
    Process("the same, a period takes back 0.2 of the one before", memory=-0.2),
    Process("the quickstart's sweep: 108 periods, correlation 0.69", 108, 0.69, (0.15, 0.05, 0.04, 0.02, 0.02, 0.01)),
    Process("independent variants, 240 periods", correlation=0.0, factors=()),
    Process("half of the variants are worse than the benchmark", worse=0.5),
    Process("all but one in twenty are worse", worse=0.95),
)
BLOCK_PROCESSES: Final = (ARTICLE, PROCESSES[2])
BLOCKS: Final = (1.0, 3.0, 10.0)
NOISE_COLUMNS: Final = (
    "lower",
    "consistent",
    "upper",
    "reality",
    "step_m",
    "romano_wolf",
    "deflated",
    "pbo",
    "low_pbo",
)
"""Whether each test finds something better in a sweep; PBO, and whether it is at most 0.05."""
POWER_COLUMNS: Final = (
    "consistent",
    "reality",
    "step_m_true",
    "step_m_false",
    "romano_wolf_true",
    "romano_wolf_false",
    "deflated",
    "pbo",
    "best",
)
"""The same; whether the better variant is named, whether any other is, and whether it is the best of the sample."""
COLUMNS: Final = (*NOISE_COLUMNS, "step_m_true", "romano_wolf_true", "step_m_false", "romano_wolf_false", "best")
"""Everything that is noted of a sweep, in the order of :func:`examine`."""

Row = TypeVar("Row", Process, float)


def superiority(differences: FloatArray, seed: int, block: float) -> Superiority:
    """Return what the tests against luck say of a sweep."""
    found = test_superiority(lambda: [differences], DRAWS, seed, block, 1.0 - SIZE)
    assert found is not None
    return found


def examine(differences: FloatArray, seed: int) -> list[float]:
    """Return what the tests say of a sweep, by COLUMNS."""
    count = len(differences)
    mean = differences.mean(axis=0)
    sharpe = mean / differences.std(axis=0, ddof=1)
    best = int(sharpe.argmax())
    found = superiority(differences, seed, fitting_block(differences[:, best]))
    moments = sharpe_moments(np.ascontiguousarray(differences[:, best]))
    correlation = CorrelationSum()
    correlation.add(differences)
    begins = cut_periods(count)
    pbo = probability_of_overfitting(*sum_blocks(differences, begins), np.diff(begins))
    assert moments is not None
    assert pbo is not None
    assert correlation.mean is not None
    deflated = deflated_sharpe_ratio(
        moments.sharpe,
        moments.observations,
        moments.skewness,
        moments.kurtosis,
        effective_trials(correlation.mean, VARIANTS),
        float(sharpe.var(ddof=1)),
    ).value
    p_values = found.lower, found.consistent, found.upper, found.reality_check
    named = found.step_m, found.romano_wolf
    return [
        *(float(p <= SIZE) for p in p_values),
        *(float(names.size > 0) for names in named),
        float(deflated > 1.0 - SIZE),
        pbo.probability,
        float(pbo.probability <= SIZE),
        *(float(BETTER in names) for names in named),
        *(float((names != BETTER).any()) for names in named),
        float(best == BETTER),
    ]


def draw_sweep(process: Process, number: int) -> FloatArray:
    """Return the differences of a sweep by its number; no two processes share one."""
    return process.differences(np.random.default_rng([number, PROCESSES.index(process)]))


def examine_sweeps(process: Process, effect: float, begin: int, end: int) -> FloatArray:
    """Return (end - begin, COLUMNS) of sweeps by their numbers, one variant of which is better by ``effect``."""
    rows = []
    for number in range(begin, end):
        differences = draw_sweep(process, number)
        differences[:, BETTER] += effect * process.error * DEVIATION
        rows.append(examine(differences, number))
    return np.array(rows)


def examine_blocks(process: Process, begin: int, end: int) -> FloatArray:
    """Return (end - begin, 2 BLOCKS) whether Hansen's and White's test find something with blocks of a given length."""
    rows = []
    for number in range(begin, end):
        differences = draw_sweep(process, number)
        found = [superiority(differences, number, block) for block in BLOCKS]
        rows.append([float(p <= SIZE) for one in found for p in (one.consistent, one.reality_check)])
    return np.array(rows)


@dataclass(frozen=True)
class Table:
    """Means over many sweeps: of what COLUMNS name, by process and by effect, and by length of blocks and process."""

    noise: Mapping[Process, FloatArray]
    power: Mapping[float, FloatArray]
    blocks: Mapping[Process, FloatArray]


def cells(means: FloatArray, *columns: str) -> str:
    """Return cells of a row, PBO as it is and the rest in percent."""
    values = dict(zip(COLUMNS, means.tolist(), strict=True))
    return " | ".join(f"{values[of]:.3f}" if of == "pbo" else percent(values[of]) for of in columns)


def percent(share: float) -> str:
    """Return a share as text."""
    return f"{100.0 * share:.1f} %"


def measure(pool: Executor, sweeps: int) -> Table:
    """Examine all sweeps, some at a time."""
    spans = [(begin, min(begin + AT_A_TIME, sweeps)) for begin in range(0, sweeps, AT_A_TIME)]
    noise = {of: [pool.submit(examine_sweeps, of, 0.0, *span) for span in spans] for of in PROCESSES}
    power = {of: [pool.submit(examine_sweeps, ARTICLE, of, *span) for span in spans] for of in EFFECTS}
    blocks = {of: [pool.submit(examine_blocks, of, *span) for span in spans] for of in BLOCK_PROCESSES}
    return Table(_means(noise), _means(power), _means(blocks))


def _means(parts: Mapping[Row, Sequence[Future[FloatArray]]]) -> dict[Row, FloatArray]:
    return {of: np.concatenate([future.result() for future in futures]).mean(axis=0) for of, futures in parts.items()}


def page(table: Table, sweeps: int) -> Iterator[str]:
    """Yield the lines of the page."""
    chance = 200.0 * math.sqrt(SIZE * (1.0 - SIZE) / sweeps)
    yield from (
        "# How often tests of a whole sweep are wrong, and how often they find what is there",
        "",
        f"{sweeps:,} simulated sweeps a row, of {VARIANTS} variants each: differences to the benchmark in periods of 21 sessions, with",
        "the mean pairwise correlation, the share of the first factors and the length that the variants of the sweeps in",
        f"`configs/sweeps` have. Every test is the engine's own, at {100 * SIZE:g} % and with {DRAWS:,} draws, and the mean length of blocks is chosen",
        f"for each sweep as `engine sweep` does it. By chance a share of 5 % is off by {chance:.1f} points in one of twenty rows.",
        "`make evidence` writes this page.",
        "",
        "## Where no variant is better",
        "",
        "How often a test finds one all the same; for StepM and Romano-Wolf that is the chance that any variant is named at",
        "all, and for the deflated Sharpe ratio (DSR) that the winner's is above 0.95. Sharpe ratios are those of the",
        "differences. PBO is the mean probability of backtest overfitting, 0.5 where choosing the best is worth nothing, and",
        "its last column how often one sweep's is at most 0.05.",
        "",
        "| differences | SPA lower | consistent | upper | reality check | StepM | Romano-Wolf | DSR | mean PBO | PBO <= 0.05 |",
        f"|---|{'---:|' * len(NOISE_COLUMNS)}",
    )
    for process, means in table.noise.items():
        yield f"| {process.name} | {cells(means, *NOISE_COLUMNS)} |"
    yield from block_lines(table)
    yield from (
        "",
        "## Where one variant is",
        "",
        f"The first row of the table above, and one variant of the {VARIANTS} that is truly ahead by so many standard errors of its mean;",
        "IR is what that is as an information ratio a year, over 20 years. StepM and Romano-Wolf find it where they name it; the",
        "columns *others* are how often they name any that is not better, which is to be at most 5 %. The variant that is better",
        "is also the best of the sample in so many (*chosen*).",
        "",
        "| ahead by | IR | SPA consistent | reality check | StepM | others | Romano-Wolf | others | DSR | mean PBO | chosen |",
        f"|---|{'---:|' * (1 + len(POWER_COLUMNS))}",
    )
    for effect, means in table.power.items():
        ratio = effect * math.sqrt(PERIODS_PER_YEAR / ARTICLE.periods)
        yield f"| {effect:g} | {ratio:.2f} | {cells(means, *POWER_COLUMNS)} |"


def block_lines(table: Table) -> Iterator[str]:
    """Yield the lines on lengths of blocks."""
    yield from (
        "",
        "## How long blocks may be",
        "",
        "SPA consistent and reality check, with blocks of the same mean length in every sweep. Long blocks cost what they make",
        "uncertain, short ones what a period remembers of the one before; `engine sweep` has them as long as the best variant's",
        "differences to the benchmark ask for, and at least as long as the usual lag, 5 of 240 periods.",
        "",
        f"| differences | test | {' | '.join(f'{block:g}' for block in BLOCKS)} |",
        f"|---|---|{'---:|' * len(BLOCKS)}",
    )
    for process, means in table.blocks.items():
        for at, name in enumerate(("SPA consistent", "reality check")):
            yield f"| {process.name} | {name} | {' | '.join(percent(share) for share in means[at::2].tolist())} |"


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description="how often tests of a whole sweep are wrong")
    parser.add_argument("--sweeps", type=int, default=1000, help="sweeps of each row [1000]")
    parser.add_argument("--workers", type=int, default=2, help="processes [2]")
    parser.add_argument("--out", type=Path, default=PAGE, help="the page [benchmarks/studies/evidence.md]")
    options = parser.parse_args()
    with ProcessPoolExecutor(options.workers) as pool:
        text = "\n".join([*page(measure(pool, options.sweeps), options.sweeps), ""])
    atomic_write(options.out, text.encode())


if __name__ == "__main__":
    main()
