"""The strategy against every other portfolio: differences, their intervals, and where these lie on a common scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.report import number_format as fmt
from engine.report.phrases import interval_verdict, portfolio_label
from engine.report.run.folder import FinishedRun, VersusSummary


@dataclass(frozen=True)
class ComparisonRow:
    """The strategy's lead over another portfolio; ``low``, ``point``, ``high``, ``zero`` lie on a scale [percent]."""

    name: str
    index: int
    since: str
    difference: str
    interval: str
    verdict: str
    tracking_error: str
    information_ratio: str
    beta: str
    correlation: str
    low: float | None
    point: float | None
    high: float | None
    zero: float


def comparison_rows(run: FinishedRun) -> tuple[ComparisonRow, ...]:
    """Return the strategy's lead over each portfolio that it is compared with."""
    versus = run.summary.versus
    low, span = _interval_scale([[x for x in _interval_marks(one) if x is not None] for one in versus.values()])
    places = {name: place for place, name in enumerate(run.summary.portfolios)}
    first = run.summary.portfolios["strategy"].start

    def at(number: float | None) -> float | None:
        return None if number is None else round(4.0 + 92.0 * (number - low) / span, 2)

    return tuple(
        _comparison_row(
            name,
            places.get(name, 0),
            one,
            one.start if one.start > first else "",
            [at(x) for x in _interval_marks(one)],
        )
        for name, one in versus.items()
    )


def _interval_scale(marks: list[list[float]]) -> tuple[float, float]:
    """Return the lower end and the width of the intervals' scale; one wild interval is cut, not the others squeezed."""
    usual = float(np.median([max(abs(x) for x in own) for own in marks])) if marks else 0.0
    every = [min(max(x, -3.0 * usual), 3.0 * usual) for own in marks for x in own]
    low, high = min(every, default=0.0), max(every, default=0.0)
    return low, max(high - low, 1e-9)


def _interval_marks(one: VersusSummary) -> tuple[float | None, float | None, float | None, float]:
    low, high = one.cagr_difference_ci95 or (None, None)
    return low, one.cagr_difference, high, 0.0


def _comparison_row(name: str, place: int, one: VersusSummary, since: str, marks: list[float | None]) -> ComparisonRow:
    return ComparisonRow(
        name=portfolio_label(name),
        index=place,
        since=since,
        difference=fmt.percentage_points(one.cagr_difference),
        interval=fmt.interval(one.cagr_difference_ci95),
        verdict=interval_verdict(one.cagr_difference_ci95),
        tracking_error=fmt.percent(one.tracking_error),
        information_ratio=fmt.ratio(one.information_ratio),
        beta=fmt.ratio(one.beta),
        correlation=fmt.ratio(one.correlation),
        low=marks[0],
        point=marks[1],
        high=marks[2],
        zero=marks[3] or 0.0,
    )
