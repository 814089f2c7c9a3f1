"""How often the interval of a difference holds the true one, on pairs of portfolios whose truth is known.

``python benchmarks/studies/intervals.py``, or ``make intervals``, writes ``benchmarks/studies/intervals.md``. Pairs are
drawn by processes with a known expected growth; the engine's own function draws the interval of each. No price is read.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from engine.analysis.bootstrap import Evidence, PairedReturns, cagr_difference_interval
from engine.core.arrays import FloatArray
from engine.core.files import atomic_write

PAGE: Final = Path(__file__).parent / "intervals.md"
LENGTHS: Final = (60, 252, 1260, 5474)
DRIFT_LENGTHS: Final = (252, 1260, 5474)
SESSIONS: Final = 252
MARKET, GAP, DEVIATION, TRACKING = 0.0003, 0.00002, 0.011, 0.0015
"""Expected log return of the other portfolio a session, what the plan's is above it, and the two deviations."""
DRIFT: Final = 0.02
"""Deviation of a difference that drifts [a year]."""
OPENINGS: Final = {"no costs": (1.0, 1.0), "opening costs": (0.97, 0.995)}
AT_A_TIME: Final = 500
DRAWS: Final = 500


@dataclass(frozen=True)
class Process:
    """How noise of unit variance comes about: a name, degrees of freedom of Student's t, and GARCH(1, 1) terms."""

    name: str
    freedom: float = math.inf
    shock: float = 0.0
    memory: float = 0.0
    half_life: float = 0.0

    def noise(self, generator: np.random.Generator, pairs: int, sessions: int) -> FloatArray:
        """Return (pairs, sessions) noise."""
        warm_up = 250 if self.shock else 0
        shape = (sessions + warm_up, pairs)
        if math.isinf(self.freedom):
            drawn = generator.standard_normal(shape)
        else:
            drawn = generator.standard_t(self.freedom, shape) * math.sqrt(1.0 - 2.0 / self.freedom)
        variance = np.ones(pairs)
        for row in drawn if self.shock else ():
            np.multiply(row, np.sqrt(variance), out=row)
            variance = (1.0 - self.shock - self.memory) + self.shock * row**2 + self.memory * variance
        return np.ascontiguousarray(drawn[warm_up:].T)

    def drift(self, generator: np.random.Generator, pairs: int, sessions: int) -> FloatArray:
        """Return (pairs, sessions) how far a difference's mean is from the one of the long run, log a session."""
        if not self.half_life:
            return np.zeros((pairs, sessions))
        deviation, kept = DRIFT / SESSIONS, 0.5 ** (1.0 / (self.half_life * SESSIONS))
        drawn = generator.standard_normal((sessions, pairs)) * deviation
        drawn[1:] *= math.sqrt(1.0 - kept * kept)
        for session in range(1, sessions):
            drawn[session] += kept * drawn[session - 1]
        return np.ascontiguousarray(drawn.T)


STEADY: Final = (
    Process("independent days, normal"),
    Process("independent days, Student's t with 4 degrees of freedom", freedom=4.0),
    Process("volatility clusters, GARCH(1, 1) 0.08 and 0.90, normal", shock=0.08, memory=0.90),
    Process("volatility clusters, the same, Student's t with 6", freedom=6.0, shock=0.08, memory=0.90),
)
DRIFTING: Final = tuple(
    Process(f"differences drift, half-life {years} year{'s' if years > 1 else ''}", half_life=years)
    for years in (1, 3, 10)
)


def coverage(process: Process, sessions: int, openings: Sequence[tuple[float, float]], pairs: int) -> list[float]:
    """Return for each of ``openings`` in which share of ``pairs`` the interval holds the true difference."""
    generator, held, years = np.random.default_rng(sessions), np.zeros(len(openings)), sessions / SESSIONS
    truths = [
        mine ** (1.0 / years) * math.exp((MARKET + GAP) * SESSIONS)
        - other ** (1.0 / years) * math.exp(MARKET * SESSIONS)
        for mine, other in openings
    ]
    for begin in range(0, pairs, AT_A_TIME):
        count = min(AT_A_TIME, pairs - begin)
        market = MARKET + DEVIATION * process.noise(generator, count, sessions)
        tracking = TRACKING * process.noise(generator, count, sessions) + process.drift(generator, count, sessions)
        both = np.expm1(market + GAP + tracking), np.expm1(market)
        for mine, other in zip(*both, strict=True):
            for at, opening in enumerate(openings):
                pair = PairedReturns(mine, other, years, opening)
                growth, other_growth = pair.growth
                bounds = cagr_difference_interval(pair, growth - other_growth, Evidence(draws=DRAWS)).bounds
                held[at] += bounds is not None and bounds[0] <= truths[at] <= bounds[1]
    return (held / pairs).tolist()


def page(
    steady: Mapping[tuple[Process, int], list[float]], drifting: Mapping[tuple[Process, int], list[float]], pairs: int
) -> Iterator[str]:
    """Yield the lines of the page."""
    yield from (
        "# How often an interval holds the true difference",
        "",
        f"Shares of {pairs:,} simulated pairs in which the 95 % interval of `docs/semantics.md` (*Performance*), of {DRAWS} draws,",
        "holds the true difference of growth a year; by chance a share is off by 0.4 points in one of twenty. Log returns: the",
        f"other portfolio's {MARKET} a session with a deviation of {DEVIATION}, the plan's {GAP:.5f} more, with a tracking noise of {TRACKING}.",
        "With opening costs the plan pays 3 % of its capital, the other 0.5 %. `make intervals` writes this page.",
        "",
        f"| days | costs | {' | '.join(f'{count:,} sessions' for count in LENGTHS)} |",
        f"|---|---|{'---:|' * len(LENGTHS)}",
    )
    for process in STEADY:
        for at, name in enumerate(OPENINGS):
            yield f"| {process.name} | {name} | {' | '.join(percent(steady[process, count][at]) for count in LENGTHS)} |"
    yield from (
        "",
        "## What is left of it when differences drift",
        "",
        f"The expected difference wanders around its mean of the long run with a deviation of {100.0 * DRIFT:g} points a year, as",
        "styles go in and out of fashion: an autoregression of first order with the half-life that is named. A history of few",
        "half-lives tells little of the long run, and no interval that is drawn from it alone can know.",
        "",
        f"| days | {' | '.join(f'{count:,} sessions' for count in DRIFT_LENGTHS)} |",
        f"|---|{'---:|' * len(DRIFT_LENGTHS)}",
    )
    for process in DRIFTING:
        yield f"| {process.name} | {' | '.join(percent(drifting[process, count][0]) for count in DRIFT_LENGTHS)} |"


def percent(share: float) -> str:
    """Return a share as text."""
    return f"{100.0 * share:.1f} %"


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description="how often intervals hold the true difference")
    parser.add_argument("--pairs", type=int, default=10_000, help="pairs of each length [10000]")
    parser.add_argument("--workers", type=int, default=2, help="processes [2]")
    parser.add_argument("--out", type=Path, default=PAGE, help="the page [benchmarks/studies/intervals.md]")
    options = parser.parse_args()
    with ProcessPoolExecutor(options.workers) as pool:
        cells = [
            {
                (process, count): pool.submit(coverage, process, count, openings, options.pairs)
                for process in processes
                for count in lengths
            }
            for processes, lengths, openings in (
                (STEADY, LENGTHS, tuple(OPENINGS.values())),
                (DRIFTING, DRIFT_LENGTHS, ((1.0, 1.0),)),
            )
        ]
        steady, drifting = ({key: cell.result() for key, cell in group.items()} for group in cells)
    atomic_write(options.out, "\n".join([*page(steady, drifting, options.pairs), ""]).encode())


if __name__ == "__main__":
    main()
