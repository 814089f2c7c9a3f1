"""What a difference of growth and its interval allow one to say of a plan: a class and a sentence.

A function of figures: the first rule that holds decides. A figure below 0.0001 percentage points counts as zero, in
the words as in print; so the words of an interval that is printed from zero on never leave zero out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from engine.core.fields import format_percent
from engine.core.number_text import fixed_point, with_sign

VerdictClass: TypeAlias = Literal["alone", "short", "none", "same", "open", "ahead", "behind"]
"""``alone``: nothing to compare with; ``short``: under a year; ``none``: no figure; ``open``: not told apart."""

MINUS: Final = "\N{MINUS SIGN}"
"""Stands before negative numbers of a sentence; a hyphen is that of a name or a date."""
DIGITS: Final = (2, 3, 4)
"""Decimals of percentage points: as few as show what is not zero."""
_YEARS_TO_JUDGE: Final = 3.0
_LUCK_LEVEL: Final = 0.05
"""A p value above it says that luck alone does as well."""


@dataclass(frozen=True)
class TaxedDifference:
    """Differences of growth a year [fraction]: ``before`` tax, and after tax while all is ``held`` at the end.

    Of a plan that stands alone its own growth.
    """

    before: float
    held: float


@dataclass(frozen=True)
class PlanVerdictFigures:
    """What a verdict rests on, unrounded; differences are plan minus rival [fraction].

    Attributes
    ----------
    rival : what the plan is set beside, as the sentence calls it; empty where it stands alone
    years, sessions : what both have in common; of a plan that stands alone its own
    level : of the interval [fraction]
    own, theirs : total returns over these sessions; of a plan that stands alone for a year or longer its CAGR, with
        taxes that after tax and a sale at the end
    difference : of the CAGRs, None where one of them has none; with taxes of the CAGRs after tax and a sale at the end
    interval : around the difference, with taxes around that of what is held; None where there is none
    interval_missing : why there is none
    since, until : first and last common session, where the rival begins later or ended earlier; else empty
    tax : the differences beside it, where taxes are reckoned
    p : share of lucky lists or variants that do at least as well, None where it was not asked
    tried : how many of them there are

    """

    rival: str
    years: float
    sessions: int
    level: float
    own: float | None = None
    theirs: float | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    interval_missing: str = "too few sessions for an interval"
    since: str = ""
    until: str = ""
    tax: TaxedDifference | None = None
    p: float | None = None
    tried: int = 0


@dataclass(frozen=True)
class PlanVerdict:
    """What can be said: its class, the sentence with typographic minus signs, and the figures that it rests on."""

    kind: VerdictClass
    sentence: str
    figures: PlanVerdictFigures


@dataclass(frozen=True)
class DifferenceDigits:
    """A difference and the bounds around it as text of equal digits, in percentage points with their signs.

    ``holds``: the bounds enclose the difference; ``leaves_zero_out``: they do, on one side of zero; ``is_zero``: all
    three print so.
    """

    difference: str
    low: str
    high: str
    holds: bool
    leaves_zero_out: bool
    is_zero: bool


def write_difference(difference: float, bounds: tuple[float, float], held: float | None = None) -> DifferenceDigits:
    """Return a difference and its bounds [fraction] as text, and what these say as far as they are printed.

    ``held`` is the difference that the bounds are around, where that is another one: then both have to say the same.
    """
    exact = [100.0 * one for one in (difference, *bounds)]
    around = exact[0] if held is None else 100.0 * held
    digits = next((digits for digits in DIGITS if _shows(exact, around, digits)), DIGITS[-1])
    shown, low, high = (round(one, DIGITS[-1]) + 0.0 for one in exact)
    inside = low <= round(around, DIGITS[-1]) <= high
    if held is not None:
        inside = inside and shown * held >= 0.0 and (shown != 0.0 or low <= 0.0 <= high)
    difference_text, low_text, high_text = (_signed(one, digits) for one in exact)
    return DifferenceDigits(
        difference_text,
        low_text,
        high_text,
        holds=inside,
        leaves_zero_out=inside and (low > 0.0 or high < 0.0),
        is_zero=shown == low == high == 0.0,
    )


def state_verdict(figures: PlanVerdictFigures) -> PlanVerdict:
    """Return what can be said of a plan by its figures: the first rule that holds decides."""
    kind, sentence = _first_rule(figures)
    return PlanVerdict(kind, sentence, figures)


def too_short(years: float) -> str:
    """Return that a history is too short to judge, where it is; years are rounded down, so that 3 are never too few."""
    if years >= _YEARS_TO_JUDGE:
        return ""
    return f", but {math.floor(10.0 * years) / 10.0:.1f} years are too short to judge"


def luck_text(p: float) -> str:
    """Return a p value in words, rounded up: what is printed is no smaller than what was found.

    >>> luck_text(0.31), luck_text(0.0501), luck_text(0.012), luck_text(0.0)
    ('p = 0.31', 'p = 0.051', 'p = 0.012', 'p < 0.001')
    """
    if p < 0.001:
        return "p < 0.001"
    digits = 2 if p >= 0.1 else 3
    return f"p = {math.ceil(round(p * 10**digits, 6)) / 10**digits:.{digits}f}"


def confidence_level(config: object) -> float:
    """Return the level of a run's intervals [fraction]; a config that does not say used the default.

    >>> confidence_level({"evidence": {"level": 0.9}}), confidence_level({})
    (0.9, 0.95)
    """
    for key in ("evidence", "level"):
        config = config.get(key) if isinstance(config, Mapping) else None
    return config if isinstance(config, float) else 0.95


def _first_rule(figures: PlanVerdictFigures) -> tuple[VerdictClass, str]:
    plan, rival, difference = _plan(figures), figures.rival, figures.difference
    if not rival:
        growth = f"{_percent(figures.own)}{' a year' if figures.years >= 1.0 else ''}"
        return "alone", f"{plan} returned {growth}; there is nothing to compare it with."
    if figures.sessions < 2:
        return "none", f"{plan} and {rival} cannot be compared: they have no sessions in common."
    if figures.years < 1.0:
        span = f"{_span(figures, short=True)} in {figures.sessions:,} sessions: under a year is too short to judge."
        return "short", f"{plan} returned {_percent(figures.own)} and {rival} {_percent(figures.theirs)}{span}"
    if difference is None:
        return "none", f"{plan} and {rival} cannot be compared: one of them lost everything or has no figure."
    held = figures.tax.held if figures.tax else None
    text = write_difference(difference, figures.interval or (difference, difference), held)
    if figures.interval is None:
        return "open", f"{_lead(figures, text)}: {figures.interval_missing}."
    if text.is_zero:
        return "same", _same(figures)
    return _by_interval(figures, text, difference)


def _same(figures: PlanVerdictFigures) -> str:
    both = f"{_plan(figures)} and {figures.rival}"
    if figures.difference == 0.0 and figures.interval == (0.0, 0.0):
        return f"{both} had the same return on every session{_span(figures)}."
    return f"{both} grew alike{_span(figures)}: they differ by less than 0.0001 pp a year."


def _by_interval(figures: PlanVerdictFigures, text: DifferenceDigits, difference: float) -> tuple[VerdictClass, str]:
    """Return what an interval says of the difference that it is around."""
    lead, sold = _lead(figures, text), " before that sale" if figures.tax else ""
    interval = f"the {format_percent(figures.level)} interval{sold}, {text.low} to {text.high} pp"
    if not text.leaves_zero_out:
        words = "includes zero" if text.holds else "does not agree with that figure"
        return "open", f"{lead}, but {interval}, {words}: this history cannot tell the two apart."
    kind, words = _beyond_zero(figures, difference)
    return kind, f"{lead}; {interval}, excludes zero{words}."


def _beyond_zero(figures: PlanVerdictFigures, difference: float) -> tuple[VerdictClass, str]:
    """Return what an interval that excludes zero is worth: too few years, luck, or a claim."""
    if short := too_short(figures.years):
        return "open", short
    if difference <= 0.0:
        return "behind", ""
    if figures.p is not None and figures.p > _LUCK_LEVEL:
        luck = f"luck alone does as well with {luck_text(figures.p)} among {figures.tried:,} tried"
        return "open", f", but {luck}: not distinguishable from luck"
    if figures.p is None and figures.tried > 1:
        return "open", f", but it does not count the {figures.tried:,} variants tried on these prices: run engine luck"
    return "ahead", "" if figures.p is None else f", and luck alone does as well with {luck_text(figures.p)}"


def _plan(figures: PlanVerdictFigures) -> str:
    return "After tax and a sale at the end the plan" if figures.tax else "The plan"


def _lead(figures: PlanVerdictFigures, text: DifferenceDigits) -> str:
    size = text.difference.lstrip(f"+{MINUS}")
    is_none = not any(digit in size for digit in "123456789")
    more = f"{size} pp a year {'less' if text.difference.startswith(MINUS) else 'more'} than"
    before = f" (before tax {_signed(100.0 * figures.tax.before, DIGITS[0])} pp)" if figures.tax else ""
    grew = "as much a year as" if is_none else more
    return f"{_plan(figures)} grew {grew} {figures.rival}{_span(figures)}{before}"


def _span(figures: PlanVerdictFigures, *, short: bool = False) -> str:
    """Return since when, and until when, both can be compared, where that is not the whole of the run."""
    begins = "" if short else f", when {figures.rival} begins"
    since = f" since {figures.since}{begins}" if figures.since else ""
    return f"{since} until {figures.until}" if figures.until else since


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{fixed_point(100.0 * share, 2)} %".replace("-", MINUS)  # noqa: RUF001


def _signed(points: float, digits: int) -> str:
    return with_sign(points, digits).replace("-", MINUS)


def _shows(exact: list[float], around: float, digits: int) -> bool:
    """Return whether so many digits show what is not zero, and a difference outside its interval as outside."""
    finest, shown = ([round(one, places) + 0.0 for one in exact] for places in (DIGITS[-1], digits))
    middle = [round(around, places) + 0.0 for places in (DIGITS[-1], digits)]
    outside = [not low <= at <= high for at, (_, low, high) in zip(middle, (finest, shown), strict=True)]
    return outside[0] == outside[1] and all(short or not fine for short, fine in zip(shown, finest, strict=True))
