"""What a run says of its differences: the verdict of its summary, and a row for every other portfolio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.analysis.verdict import MINUS, too_short, write_difference
from engine.backtest.run_verdict import judge_run
from engine.report import number_format as fmt

if TYPE_CHECKING:
    from engine.analysis.comparison import RelativePerformance
    from engine.analysis.verdict import PlanVerdict
    from engine.backtest.run_summary import RunSummary

CALIBRATION: Final = (
    "Of 10,000 simulated pairs, 95 % intervals held the true difference in 94 to 96 % on independent days and on "
    "clusters of volatility, in 45 to 89 % where differences drift for years."
)
"""What was measured of intervals, by ``benchmarks/studies/intervals.py``; its page has the table."""


@dataclass(frozen=True)
class DifferenceText:
    """A ``difference`` and its ``interval`` as text of equal digits, and the ``words`` that they allow.

    ``leaves_zero_out``: the interval lies on one side of zero and holds the difference; ``is_zero``: both print so.
    """

    difference: str
    interval: str
    words: str
    leaves_zero_out: bool = False
    is_zero: bool = False


def describe_difference(versus: RelativePerformance) -> DifferenceText:
    """Return a portfolio's difference of growth a year to another, its interval, and what it says of chance."""
    difference, interval = versus.cagr_difference, versus.cagr_difference_interval
    if difference is None:
        return DifferenceText(fmt.DASH, fmt.DASH, versus.interval_missing)
    text = write_difference(difference, interval or (difference, difference))
    shown = ascii_minus(f"{text.difference} pp")
    if interval is None:
        return DifferenceText(shown, fmt.DASH, versus.interval_missing)
    words = "includes zero" if text.holds else "does not agree with that figure"
    if text.is_zero:
        words = "the same growth"
    elif text.leaves_zero_out:
        words = f"excludes zero{too_short(versus.years)}"
    bounds = ascii_minus(f"{text.low} to {text.high} pp")
    return DifferenceText(shown, bounds, words, text.leaves_zero_out, text.is_zero)


def run_verdict(summary: RunSummary, level: float) -> PlanVerdict:
    """Return the verdict of a run; of a folder that an older version wrote, what its figures say."""
    return summary.verdict or judge_run(summary, level)


def ascii_minus(sentence: str) -> str:
    """Return a sentence with minus signs that every terminal has.

    >>> ascii_minus("fell by \N{MINUS SIGN}0.24 pp")
    'fell by -0.24 pp'
    """
    return sentence.replace(MINUS, "-")
