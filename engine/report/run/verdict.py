"""What a difference and its interval allow one to say: words that follow from the figures as they are printed.

A figure below 0.0001 percentage points counts as zero, in the words as in print; so the words of an interval that is
printed from zero on never leave zero out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from engine.report import number_format as fmt
from engine.report.phrases import portfolio_label, until_text

if TYPE_CHECKING:
    from engine.analysis.comparison import RelativePerformance
    from engine.backtest.run_summary import RunSummary

_DIGITS: Final = (2, 3, 4)
"""Decimals of percentage points: as few as show what is not zero."""
_YEARS_TO_JUDGE: Final = 3.0
CALIBRATION: Final = (
    "Of 10,000 simulated pairs, 95 % intervals held the true difference in 94 to 96 % on independent days and on "
    "clusters of volatility, in 45 to 89 % where differences drift for years."
)
"""What was measured of intervals, by ``benchmarks/studies/intervals.py``; its page has the table."""

Verdict: TypeAlias = Literal["alone", "short", "none", "same", "open", "ahead", "behind"]


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
    if versus.cagr_difference is None:
        return DifferenceText(fmt.DASH, fmt.DASH, versus.interval_missing)
    bounds = versus.cagr_difference_interval or (versus.cagr_difference, versus.cagr_difference)
    exact = [100.0 * one for one in (versus.cagr_difference, *bounds)]
    digits = next((digits for digits in _DIGITS if _shows(exact, digits)), _DIGITS[-1])
    shown, below, above = (fmt.percentage_points(0.01 * one, digits) for one in exact)
    if versus.cagr_difference_interval is None:
        return DifferenceText(shown, fmt.DASH, versus.interval_missing)
    difference, low, high = (_round(one, _DIGITS[-1]) for one in exact)
    is_zero, holds = difference == low == high == 0.0, low <= difference <= high
    leaves_zero_out = holds and (low > 0.0 or high < 0.0)
    words = "includes zero" if holds else "does not agree with that figure"
    if is_zero:
        words = "the same growth"
    elif leaves_zero_out:
        words = f"excludes zero{_too_short(versus.years)}"
    return DifferenceText(shown, f"{below.removesuffix(' pp')} to {above}", words, leaves_zero_out, is_zero)


def state_verdict(summary: RunSummary, level: float) -> tuple[Verdict, str]:
    """Return what a run says of its plan beside buy-and-hold, or else the first benchmark: a class and a sentence."""
    metrics = summary.portfolios["strategy"].metrics
    rival = next(iter(summary.versus), None)
    if rival is None:
        year = summary.window.years >= 1.0
        growth = f"{fmt.percent(metrics.get('cagr'))} a year" if year else fmt.percent(metrics.get("total_return"))
        return "alone", f"The plan returned {growth}; there is nothing to compare it with."
    name = "buy and hold" if rival == "buy_and_hold" else portfolio_label(rival)
    versus = summary.versus[rival]
    since = f" since {versus.start}, when {name} begins" if versus.start > summary.window.start else ""
    return verdict_on(versus, name, since + until_text(summary, rival), fmt.short_percent(level))


def verdict_on(versus: RelativePerformance, name: str, since: str, level: str) -> tuple[Verdict, str]:
    """Return what can be said of the plan beside a portfolio called ``name``: the first rule that holds decides."""
    if versus.sessions < 2:
        return "none", f"The plan and {name} cannot be compared: they have no sessions in common."
    if versus.years < 1.0:
        mine, other = fmt.percent(versus.total_return), fmt.percent(versus.other_total_return)
        span = (
            f"{since.partition(',')[0]} in {fmt.count(versus.sessions)} sessions: under a year is too short to judge."
        )
        return "short", f"The plan returned {mine} and {name} {other}{span}"
    if versus.cagr_difference is None:
        return "none", f"The plan and {name} cannot be compared: one of them lost everything or has no figure."
    text = describe_difference(versus)
    if text.is_zero:
        if versus.cagr_difference == 0.0:
            return "same", f"The plan and {name} had the same return on every session{since}."
        return "same", f"The plan and {name} grew alike{since}: they differ by less than 0.0001 pp a year."
    size = text.difference.removeprefix("+").removeprefix("-")
    grew = f"{size} a year {'more' if versus.cagr_difference > 0.0 else 'less'} than"
    if _round(100.0 * versus.cagr_difference, _DIGITS[-1]) == 0.0:
        grew = "as much a year as"
    lead = f"The plan grew {grew} {name}{since}"
    if versus.cagr_difference_interval is None:
        return "open", f"{lead}: {text.words}."
    if text.leaves_zero_out:
        sure: Verdict = "ahead" if versus.cagr_difference > 0.0 else "behind"
        held = f"{lead}; the {level} interval, {text.interval}, {text.words}."
        return "open" if _too_short(versus.years) else sure, held
    unsure = f"{text.words}: this history cannot tell the two apart."
    return "open", f"{lead}, but the {level} interval, {text.interval}, {unsure}"


def _too_short(years: float) -> str:
    """Return that a history is too short to judge, where it is; years are rounded down, so that 3 are never too few."""
    if years >= _YEARS_TO_JUDGE:
        return ""
    return f", but {math.floor(10.0 * years) / 10.0:.1f} years are too short to judge"


def _shows(exact: list[float], digits: int) -> bool:
    """Return whether so many digits show what is not zero, and a difference outside its interval as outside."""
    finest, shown = ([_round(one, places) for one in exact] for places in (_DIGITS[-1], digits))
    outside = [not low <= difference <= high for difference, low, high in (finest, shown)]
    return outside[0] == outside[1] and all(short or not fine for short, fine in zip(shown, finest, strict=True))


def _round(number: float, digits: int) -> float:
    return round(number, digits) + 0.0
