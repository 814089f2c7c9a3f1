"""What the first printed page has beside the first screen: years, the deepest falls, a few definitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.report import number_format as fmt
from engine.report.phrases import portfolio_label
from engine.report.run.run_lines import rival_of
from engine.report.run.years_and_falls import difference, year_returns

if TYPE_CHECKING:
    from engine.backtest.finished_run import FinishedRun

YEARS_SHOWN = 26
"""The newest of them; a page has room for no more."""
DEFINITIONS = (
    "Growth a year: the steady yearly rate that ends at the same value (CAGR). "
    "Worst fall: the largest loss from a high to a later low, at closes. "
    "Difference a year: the plan's growth less that of what it is set beside. "
    "Interval: the range in which so many resampled histories put the difference; it knows this history's days only. "
    "Point (pp): the difference of two percentages. Buy and hold: the opening portfolio, never traded again."
)


@dataclass(frozen=True)
class Factsheet:
    """``years`` are (year, plan, rival, difference), ``falls`` (high, low, back, depth, what the rival did) as text."""

    rival: str
    years: tuple[tuple[str, str, str, str], ...]
    falls: tuple[tuple[str, ...], ...]
    definitions: str = DEFINITIONS


def factsheet(run: FinishedRun) -> Factsheet:
    """Return the words of the first printed page."""
    rival = rival_of(run)
    years = []
    for one in reversed(year_returns(run)):
        own, other = one.returns.get("strategy"), one.returns.get(rival) if rival else None
        if own is not None:
            gap = fmt.percentage_points(difference(one, rival))
            years.append((str(one.year), fmt.percent(own), fmt.percent(other), gap))
    return Factsheet(portfolio_label(rival) if rival else "", tuple(years[:YEARS_SHOWN]), _falls(run))


def _falls(run: FinishedRun) -> tuple[tuple[str, ...], ...]:
    falls = run.summary.falls
    return tuple(
        (one.peak, one.trough, one.recovery or "not yet", fmt.percent(one.depth), fmt.percent(one.rival_return))
        for one in (falls.deepest if falls else ())
    )
