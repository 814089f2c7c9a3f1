"""The figures of a reference run from their definitions (S12, S13): exact fractions, roots and powers to 40 digits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

from tests.reference.ledger import Case, Run, levels
from tests.reference.rules import tidy

ZERO = Fraction(0)
ROUNDING = Fraction(1, 10**12)  # S13: what a figure has to be larger than to be more than rounding
TAIL = Fraction(1, 20)  # S13: of the VaR and CVaR at 95 %
YEAR = Fraction("365.25")
DIGITS = 40

Figures = dict[str, float | None]


def power(x: Fraction, exponent: Fraction) -> Fraction:
    """Raise a positive number to a power."""
    with localcontext() as context:
        context.prec = DIGITS
        base, by = (Decimal(y.numerator) / Decimal(y.denominator) for y in (x, exponent))
        return Fraction(base**by)


def square_root(x: Fraction) -> Fraction:
    """Return the square root."""
    return power(x, Fraction(1, 2)) if x else ZERO


def mean(xs: Sequence[Fraction]) -> Fraction:
    """Return the arithmetic mean."""
    return sum(xs, ZERO) / len(xs)


def deviation(xs: Sequence[Fraction]) -> Fraction | None:
    """Return the standard deviation (n - 1); None of fewer than two."""
    if len(xs) < 2:
        return None
    middle = mean(xs)
    return square_root(sum(((x - middle) ** 2 for x in xs), ZERO) / (len(xs) - 1))


def ratio(above: Fraction | None, below: Fraction | None, rounding: Fraction = ROUNDING) -> Fraction | None:
    """S13: divide; a denominator that is rounding makes no ratio."""
    return None if above is None or below is None or below <= rounding else above / below


def growth_a_year(growth: Fraction, days: int) -> Fraction | None:
    """S13: CAGR of what one becomes in so many calendar days."""
    if not days:
        return None
    return power(growth, YEAR / days) - 1 if growth else Fraction(-1)


def returns_of(level: Sequence[Fraction]) -> list[Fraction]:
    """S12: the returns after the opening session; a level that has reached zero earns nothing any more."""
    return [tidy(after / before) - 1 if before else ZERO for before, after in pairwise(level[1:])]


def drawdowns(level: Sequence[Fraction]) -> list[Fraction]:
    """S13: how far each level lies below the highest so far, the capital included."""
    found, top = [], level[0]
    for x in level:
        top = max(top, x)
        fall = 1 - x / top
        found.append(-fall if fall > ROUNDING else ZERO)
    return found


def longest_drawdown(level: Sequence[Fraction], dates: Sequence[date]) -> int:
    """S13: calendar days from a high to its recovery or the end; a fall of rounding is none."""
    days = [dates[0], *dates]
    longest, top, since, fallen = 0, level[0], days[0], False
    for x, day in zip(level, days, strict=True):
        longest = max(longest, (day - since).days) if fallen else longest
        if x >= top * (1 - ROUNDING):
            top, since, fallen = max(top, x), day, False
        else:
            fallen = True
            longest = max(longest, (day - since).days)
    return longest


def by_period(level: Sequence[Fraction], dates: Sequence[date], size: int) -> list[Fraction]:
    """Chain returns within calendar years (`size` 12) or months (1), the first from the capital."""
    ends: dict[int, Fraction] = {}
    for x, day in zip(level[1:], dates, strict=True):
        ends[(day.year * 12 + day.month - 1) // size] = x
    chain = [level[0], *ends.values()]
    return [after / before - 1 if before else ZERO for before, after in pairwise(chain)]


def tail(returns: Sequence[Fraction]) -> tuple[Fraction, Fraction]:
    """S13: the 5 % quantile, between order statistics, and the mean of the worst 5 %, the last of them in part."""
    worst = sorted(returns)
    at = TAIL * (len(worst) - 1)
    low = int(at)
    quantile = worst[low] + (at - low) * (worst[min(low + 1, len(worst) - 1)] - worst[low])
    count = TAIL * len(worst)
    whole = int(count)
    total = sum(worst[:whole], ZERO) + ((count - whole) * worst[whole] if count > whole else ZERO)
    return quantile, total / count


def moment_ratio(returns: Sequence[Fraction], order: int) -> Fraction | None:
    """Return the standardised moment (n) of an order."""
    middle = mean(returns)
    spread = square_root(mean([(r - middle) ** 2 for r in returns]))
    return None if spread <= ROUNDING else mean([(r - middle) ** order for r in returns]) / spread**order


def orders(case: Case, result: Run) -> list[tuple[bool, Fraction]]:
    """S13: the money of every order, and whether it belongs to the opening purchase; a payout is no order."""
    return [
        (event.opening, abs(quantity) * price)
        for event in result.events
        if event.kind not in {"delisting", "split"}
        for quantity, price in zip(event.quantities, event.prices, strict=True)
        if quantity
    ]


def figures(
    case: Case, result: Run, dates: Sequence[date], rate: Fraction = ZERO, periods: int = 252
) -> Mapping[str, float | None]:
    """S13: every figure of a run by the name it has in `summary.json`; `rate` is the risk-free rate a session."""
    level, days = [tidy(x) for x in levels(case, result)], (dates[-1] - dates[0]).days
    returns, falls, a = returns_of(level), drawdowns(level), square_root(Fraction(periods))
    excess, deepest = [r - rate for r in returns], -min(falls)
    cagr = growth_a_year(level[-1] / level[0], days)
    traded = sum((money for opening, money in orders(case, result) if not opening), ZERO)
    average, flows = mean(result.value), [result.flows.get(case.opening + k, ZERO) for k in range(1, len(dates))]
    found: dict[str, Fraction | int | None] = {
        "final_value": result.value[-1],
        "total_return": level[-1] / level[0] - 1,
        "cagr": cagr,
        "max_drawdown": -deepest,
        "calmar": ratio(cagr, deepest),
        "ulcer": square_root(mean([fall**2 for fall in falls])),
        "longest_drawdown": longest_drawdown(level, dates),
        "turnover": traded / 2 / average / (days / YEAR) if days and average else None,
        "costs": sum((cost for event in result.events for cost in event.costs), sum(result.fees.values(), ZERO)),
        "trades": len(orders(case, result)),
        "paid_in": sum(flows, ZERO),
    }
    for name, size in (("year", 12), ("month", 1)):
        chained = by_period(level, dates, size)
        found |= {f"best_{name}": max(chained), f"worst_{name}": min(chained)}
    months = by_period(level, dates, 1)
    found["win_months"] = Fraction(sum(month > ROUNDING for month in months), len(months))
    if returns:
        downside = square_root(mean([min(r, ZERO) ** 2 for r in excess]))
        losses = sum((-min(r, ZERO) for r in excess), ZERO)
        deviation_a_year = deviation(returns)
        quantile, expected = tail(returns)
        found |= {
            "volatility": None if deviation_a_year is None else deviation_a_year * a,
            "sharpe": _times(ratio(mean(excess), deviation(excess)), a),
            "sortino": _times(ratio(mean(excess), downside), a),
            "omega": ratio(sum((max(r, ZERO) for r in excess), ZERO), losses, ROUNDING * len(returns)),
            "best_day": max(returns),
            "worst_day": min(returns),
            "skew": moment_ratio(returns, 3),
            "kurtosis": moment_ratio(returns, 4),
            "var_95": quantile,
            "cvar_95": expected,
        }
    return {name: None if x is None else float(x) for name, x in found.items()}


def _times(x: Fraction | None, by: Fraction) -> Fraction | None:
    return None if x is None else x * by


def present_value(flows: Sequence[tuple[date, Fraction]], rate: Fraction) -> Fraction:
    """Return what dated flows are worth on the first date at an annual rate, calendar days / 365."""
    return sum((money * power(1 + rate, Fraction((flows[0][0] - day).days, 365)) for day, money in flows), ZERO)
