"""How often the interval of a difference holds the true one, on pairs of portfolios whose truth is known.

``python benchmarks/studies/intervals.py``, or ``make intervals``, writes ``benchmarks/studies/intervals.md``. Pairs are
drawn by processes with a known expected growth; the engine's own function draws the interval of each. No price is read.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from engine.analysis.bootstrap import Evidence, PairedReturns, cagr_difference_interval
from engine.core.arrays import FloatArray
from engine.core.files import atomic_write

PAGE: Final = Path(__file__).parent / "intervals.md"
LENGTHS: Final = (60, 252, 756, 2520, 5474)
DRIFT_LENGTHS: Final = (252, 1260, 5474)
SESSIONS: Final = 252
MARKET, GAP, DEVIATION, TRACKING = 0.0003, 0.00002, 0.011, 0.0015
"""Expected log return of the other portfolio a session, what the plan's is above it, and the two deviations."""
DRIFT: Final = 0.02
"""Deviation of a difference that drifts [a year]."""
OPENINGS: Final = {"no costs": (1.0, 1.0), "opening costs": (0.97, 0.995)}
AT_A_TIME: Final = 500


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
        shape = (pairs, sessions + warm_up)
        if math.isinf(self.freedom):
            drawn = generator.standard_normal(shape)
        else:
            drawn = generator.standard_t(self.freedom, shape) * math.sqrt(1.0 - 2.0 / self.freedom)
        variance = np.ones(pairs)
        for session in range(shape[1] if self.shock else 0):
            drawn[:, session] *= np.sqrt(variance)
            variance = (1.0 - self.shock - self.memory) + self.shock * drawn[:, session] ** 2 + self.memory * variance
        return drawn[:, warm_up:]

    def drift(self, generator: np.random.Generator, pairs: int, sessions: int) -> FloatArray:
        """Return (pairs, sessions) how far a difference's mean is from the one of the long run, log a session."""
        if not self.half_life:
            return np.zeros((pairs, sessions))
        deviation, kept = DRIFT / SESSIONS, 0.5 ** (1.0 / (self.half_life * SESSIONS))
        fresh = generator.standard_normal((pairs, sessions)) * deviation * math.sqrt(1.0 - kept * kept)
        fresh[:, 0] = generator.standard_normal(pairs) * deviation
        for session in range(1, sessions):
            fresh[:, session] += kept * fresh[:, session - 1]
        return fresh


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
                bounds = cagr_difference_interval(pair, growth - other_growth, Evidence(draws=1000)).bounds
                held[at] += bounds is not None and bounds[0] <= truths[at] <= bounds[1]
    return (held / pairs).tolist()


def page(pairs: int) -> Iterator[str]:
    """Yield the lines of the page."""
    yield from (
        "# How often an interval holds the true difference",
        "",
        f"Shares of {pairs:,} simulated pairs in which the 95 % interval of `docs/semantics.md` (*Performance*), of 1,000",
        "draws, holds the true difference of growth a year; by chance a share is off by 0.4 points in one of twenty.",
        f"Log returns: the other portfolio's {MARKET} a session with a deviation of {DEVIATION}, the plan's {GAP:.5f} more, with",
        f"a tracking noise of {TRACKING}. With opening costs the plan pays 3 % of its capital, the other 0.5 %.",
        "`make intervals` writes this page.",
        "",
        f"| days | costs | {' | '.join(f'{count:,} sessions' for count in LENGTHS)} |",
        f"|---|---|{'---:|' * len(LENGTHS)}",
    )
    for process in STEADY:
        found = [coverage(process, sessions, list(OPENINGS.values()), pairs) for sessions in LENGTHS]
        for name, shares in zip(OPENINGS, zip(*found, strict=True), strict=True):
            yield f"| {process.name} | {name} | {' | '.join(f'{100.0 * share:.1f} %' for share in shares)} |"
    yield from (
        "",
        "## What is left of it when differences drift",
        "",
        f"The expected difference wanders around its mean of the long run with a deviation of {100.0 * DRIFT:g} points a year, as",
        "styles go in and out of fashion: an autoregression of first order with the half-life that is named. A history",
        "of a few of these tells little of the long run, and no interval that is drawn from it alone can know.",
        "",
        f"| days | {' | '.join(f'{count:,} sessions' for count in DRIFT_LENGTHS)} |",
        f"|---|{'---:|' * len(DRIFT_LENGTHS)}",
    )
    for process in DRIFTING:
        shares = [coverage(process, sessions, [(1.0, 1.0)], pairs)[0] for sessions in DRIFT_LENGTHS]
        yield f"| {process.name} | {' | '.join(f'{100.0 * share:.1f} %' for share in shares)} |"


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description="how often intervals hold the true difference")
    parser.add_argument("--pairs", type=int, default=10_000, help="pairs of each length [10000]")
    parser.add_argument("--out", type=Path, default=PAGE, help="the page [benchmarks/studies/intervals.md]")
    options = parser.parse_args()
    atomic_write(options.out, "\n".join([*page(options.pairs), ""]).encode())


if __name__ == "__main__":
    main()
