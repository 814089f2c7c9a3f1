"""Verdicts of twenty differences, as the specification of the page has them word for word; ``~`` is the minus sign."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.analysis.verdict import MINUS, PlanVerdictFigures, TaxedDifference, state_verdict
from engine.diagnostics.verify.figures import FigureGroup, ReferenceFigure

_VERDICTS: Final = FigureGroup("verdicts", "class and sentence of twenty differences: the page's specification")
_LEVEL: Final = 0.95
_HELD: Final = "buy and hold"

_CASES: Final[tuple[tuple[PlanVerdictFigures, str, str], ...]] = (
    (
        PlanVerdictFigures(
            _HELD,
            21.74,
            5474,
            _LEVEL,
            difference=0.0031797175219296925,
            interval=(-0.002405047438138829, 0.009245599004067205),
        ),
        "open",
        (
            "The plan grew 0.32 pp a year more than buy and hold, but the 95 % interval, ~0.24 to +0.92 pp, "
            "includes zero: this history cannot tell the two apart."
        ),
    ),
    (
        PlanVerdictFigures(
            "ACWI",
            17.59,
            4429,
            _LEVEL,
            difference=0.03644017261294863,
            interval=(0.01367411731733498, 0.06274615836218427),
            since="2008-03-28",
        ),
        "ahead",
        (
            "The plan grew 3.64 pp a year more than ACWI since 2008-03-28, when ACWI begins; the 95 % interval, "
            "+1.37 to +6.27 pp, excludes zero."
        ),
    ),
    (
        PlanVerdictFigures(
            _HELD, 4.82, 1213, _LEVEL, difference=-0.017704127355060884, interval=(-0.03784926, -0.00170356)
        ),
        "behind",
        "The plan grew 1.77 pp a year less than buy and hold; the 95 % interval, ~3.78 to ~0.17 pp, excludes zero.",
    ),
    (
        PlanVerdictFigures(
            _HELD, 2.83, 710, _LEVEL, difference=-0.021661646881562246, interval=(-0.04644523, -0.00106527)
        ),
        "open",
        (
            "The plan grew 2.17 pp a year less than buy and hold; the 95 % interval, ~4.64 to ~0.11 pp, excludes "
            "zero, but 2.8 years are too short to judge."
        ),
    ),
    (
        PlanVerdictFigures(_HELD, 10.0, 2517, _LEVEL, difference=0.0062, interval=(4e-05, 0.012)),
        "ahead",
        "The plan grew 0.620 pp a year more than buy and hold; the 95 % interval, +0.004 to +1.200 pp, excludes zero.",
    ),
    (
        PlanVerdictFigures(_HELD, 10.0, 2517, _LEVEL, difference=0.0062, interval=(0.001, 0.012), p=0.31, tried=4200),
        "open",
        (
            "The plan grew 0.62 pp a year more than buy and hold; the 95 % interval, +0.10 to +1.20 pp, excludes "
            "zero, but luck alone does as well with p = 0.31 among 4,200 tried: not distinguishable from luck."
        ),
    ),
    (
        PlanVerdictFigures(_HELD, 10.0, 2517, _LEVEL, difference=0.0062, interval=(0.001, 0.012), p=0.012, tried=4200),
        "ahead",
        (
            "The plan grew 0.62 pp a year more than buy and hold; the 95 % interval, +0.10 to +1.20 pp, excludes "
            "zero, and luck alone does as well with p = 0.012."
        ),
    ),
    (
        PlanVerdictFigures(_HELD, 10.0, 2517, _LEVEL, difference=0.0062, interval=(0.001, 0.012), tried=4200),
        "open",
        (
            "The plan grew 0.62 pp a year more than buy and hold; the 95 % interval, +0.10 to +1.20 pp, excludes "
            "zero, but it does not count the 4,200 variants tried on these prices: run engine luck."
        ),
    ),
    (
        PlanVerdictFigures(_HELD, 10.0, 2517, _LEVEL, difference=-0.0062, interval=(-0.012, -0.001), p=0.9, tried=4200),
        "behind",
        "The plan grew 0.62 pp a year less than buy and hold; the 95 % interval, ~1.20 to ~0.10 pp, excludes zero.",
    ),
    (
        PlanVerdictFigures(_HELD, 10.0, 2517, _LEVEL, difference=0.0, interval=(0.0, 0.0)),
        "same",
        "The plan and buy and hold had the same return on every session.",
    ),
    (
        PlanVerdictFigures(_HELD, 10.0, 2517, _LEVEL, difference=0.0, interval=(-0.001, 0.001)),
        "open",
        (
            "The plan grew as much a year as buy and hold, but the 95 % interval, ~0.10 to +0.10 pp, includes "
            "zero: this history cannot tell the two apart."
        ),
    ),
    (
        PlanVerdictFigures(_HELD, 0.6, 151, _LEVEL, own=0.061, theirs=0.048, difference=0.02, interval=(0.01, 0.03)),
        "short",
        "The plan returned 6.10 % and buy and hold 4.80 % in 151 sessions: under a year is too short to judge.",
    ),
    (
        PlanVerdictFigures(_HELD, 1.2, 45, _LEVEL, difference=0.02),
        "open",
        "The plan grew 2.00 pp a year more than buy and hold: too few sessions for an interval.",
    ),
    (
        PlanVerdictFigures("", 21.74, 5474, _LEVEL, own=0.10899515311892372),
        "alone",
        "The plan returned 10.90 % a year; there is nothing to compare it with.",
    ),
    (
        PlanVerdictFigures(_HELD, 8.0, 2000, _LEVEL),
        "none",
        "The plan and buy and hold cannot be compared: one of them lost everything or has no figure.",
    ),
    (
        PlanVerdictFigures(_HELD, 10.0, 2517, _LEVEL, difference=-0.001, interval=(0.0005, 0.004)),
        "open",
        (
            "The plan grew 0.10 pp a year less than buy and hold, but the 95 % interval, +0.05 to +0.40 pp, does "
            "not agree with that figure: this history cannot tell the two apart."
        ),
    ),
    (
        PlanVerdictFigures(
            _HELD,
            20.1,
            5063,
            _LEVEL,
            difference=0.0029,
            interval=(-0.0018, 0.0061),
            tax=TaxedDifference(before=0.0046, held=0.002),
        ),
        "open",
        (
            "After tax and a sale at the end the plan grew 0.29 pp a year more than buy and hold (before tax "
            "+0.46 pp), but the 95 % interval before that sale, ~0.18 to +0.61 pp, includes zero: this history "
            "cannot tell the two apart."
        ),
    ),
    (
        PlanVerdictFigures(
            _HELD,
            20.1,
            5063,
            _LEVEL,
            difference=0.0029,
            interval=(0.0002, 0.0061),
            tax=TaxedDifference(before=0.0046, held=0.002),
        ),
        "ahead",
        (
            "After tax and a sale at the end the plan grew 0.29 pp a year more than buy and hold (before tax "
            "+0.46 pp); the 95 % interval before that sale, +0.02 to +0.61 pp, excludes zero."
        ),
    ),
    (
        PlanVerdictFigures(
            _HELD,
            20.1,
            5063,
            _LEVEL,
            difference=0.0002,
            interval=(-0.003, -0.0001),
            tax=TaxedDifference(before=0.0046, held=-0.0012),
        ),
        "open",
        (
            "After tax and a sale at the end the plan grew 0.02 pp a year more than buy and hold (before tax "
            "+0.46 pp), but the 95 % interval before that sale, ~0.30 to ~0.01 pp, does not agree with that "
            "figure: this history cannot tell the two apart."
        ),
    ),
    (
        PlanVerdictFigures(_HELD, 10.0, 2517, _LEVEL, difference=-3e-05, interval=(-0.001, 0.001)),
        "open",
        (
            "The plan grew 0.003 pp a year less than buy and hold, but the 95 % interval, ~0.100 to +0.100 pp, "
            "includes zero: this history cannot tell the two apart."
        ),
    ),
)


def verdict_sentences() -> Iterator[ReferenceFigure]:
    """Yield class and sentence of each case."""
    for number, (given, kind, sentence) in enumerate(_CASES, 1):
        found = state_verdict(given)
        yield _VERDICTS.figure(f"class {number}", kind, found.kind)
        yield _VERDICTS.figure(f"sentence {number}", sentence.replace("~", MINUS), found.sentence)
