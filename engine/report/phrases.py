"""Sentences and labels that the terminal and the pages share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.report import number_format as fmt

if TYPE_CHECKING:
    from engine.analysis.limit_orders import LimitOrderFigures
    from engine.analysis.never_sold import NeverSoldFigures
    from engine.analysis.published_comparison import PublishedDifference
    from engine.backtest.run_summary import PortfolioSummary, RunSummary
    from engine.core.arrays import FloatArray

_CLOSES: Final = {
    "adjusted": "adjusted for splits and dividends",
    "with_events": "as traded, with the dividends and splits stated beside them",
    "raw": "as traded, without dividends",
}
_ROUNDING: Final = 1e-9
_PORTFOLIO_LABELS: Final = {"strategy": "Strategy", "buy_and_hold": "Buy & hold"}

EVENT_LABELS: Final = {"listed": "listing", "delisted": "delisting", "review": "review", "choice": "choice"}
"""What each kind of event is called, in the order of the tables."""


def closes_text(kind: str) -> str:
    """Return what closes are, in words.

    >>> closes_text("raw")
    'as traded, without dividends'
    """
    return _CLOSES.get(kind, kind)


def portfolio_label(name: str) -> str:
    """Return the name of a portfolio in tables."""
    return _PORTFOLIO_LABELS.get(name, name)


def flows_text(metrics: Mapping[str, int | float | None], flows: FloatArray, currency: str) -> str:
    """Return what was paid in and out, which figures take it out, and what the money itself earned.

    The figure ``paid_in`` is what was paid in less what was withdrawn; ``flows`` (T,) tell the two apart.

    >>> import numpy as np
    >>> flows_text({"paid_in": 400.0, "xirr": 0.05}, np.array([500.0, -100.0]), "USD")[:67]
    '500.00 USD were paid in and 100.00 USD withdrawn after the opening.'
    """
    paid = float(flows[flows > 0.0].sum())
    withdrawn = paid - (metrics.get("paid_in") or 0.0)
    was_withdrawn = withdrawn > _ROUNDING * paid
    moved = f"{fmt.money(paid)} {currency} were paid in" if paid or not was_withdrawn else ""
    if was_withdrawn:
        moved += f"{' and ' if moved else ''}{fmt.money(withdrawn)} {currency} {'' if moved else 'were '}withdrawn"
    return (
        f"{moved} after the opening. "
        "Returns, CAGR and drawdown take these flows out (time-weighted); the money itself earned "
        f"{fmt.percent(metrics.get('xirr'))} a year (XIRR)."
    )


def money_end_texts(summary: RunSummary) -> list[tuple[str, str]]:
    """Return (name, text) of each portfolio: when its money was spent, or what it has left; none where no money was."""
    if not any(one.is_spent for one in summary.portfolios.values()):
        return []
    return [(name, _money_end(one, summary.account.currency)) for name, one in summary.portfolios.items()]


def _money_end(portfolio: PortfolioSummary, currency: str) -> str:
    left = portfolio.metrics["final_value"] or 0.0
    if portfolio.last_withdrawal is None:
        return f"lasted to {portfolio.end}, {fmt.money(left)} {currency} left"
    due, paid = portfolio.last_withdrawal
    rest = f"; {fmt.money(left)} {currency} could not be sold" if left > 0.0 else ""
    return (
        f"spent on {portfolio.end} after {portfolio.years:.1f} years: the last withdrawal paid {fmt.money(paid)} of "
        f"{fmt.money(due)} {currency}{rest}"
    )


def until_text(summary: RunSummary, name: str) -> str:
    """Return until when a portfolio can be compared, where its money was spent before the strategy ended."""
    other = summary.portfolios[name]
    return f" until {other.end}" if other.is_spent and other.end < summary.window.end else ""


def limit_orders_text(orders: LimitOrderFigures, currency: str) -> str:
    """Return how many limit orders were filled, and what waiting gained or cost.

    >>> from engine.analysis.limit_orders import LimitOrderFigures
    >>> limit_orders_text(LimitOrderFigures(8, 2, -0.001, -250.0), "USD")
    '2 of 10 orders after the opening were not filled; waiting cost 0.10 pp a year, 250.00 USD at the end'
    """
    text = f"{orders.unfilled} of {orders.filled + orders.unfilled} orders after the opening were not filled"
    growth, money = orders.cagr_difference, orders.final_value_difference
    if growth is None or money is None:
        return f"{text}; without limits the plan has no growth over the same sessions to compare it with"
    return f"{text}; waiting {_effect_text(growth, money, currency)}"


def never_sold_text(kept: NeverSoldFigures, currency: str) -> str:
    """Return what assets that are never sold grew to, and what keeping them gained or cost.

    >>> from engine.analysis.never_sold import KeptAsset, NeverSoldFigures
    >>> never_sold_text(NeverSoldFigures({"A": KeptAsset(0.4, "2020-01-02", 3)}, 0.001, 250.0), "USD")
    'A grew to 40.00 % on 2020-01-02, 3 sales left out; keeping gained 0.10 pp a year, 250.00 USD at the end'
    """
    assets = [
        f"{ticker} grew to {fmt.percent(one.weight)} on {one.date}, {plural(one.sales_left_out, 'sale')} left out"
        for ticker, one in kept.assets.items()
    ]
    growth, money = kept.cagr_difference, kept.final_value_difference
    if growth is None or money is None:
        return f"{'; '.join(assets)}; a plan that sells has no growth over the same sessions to compare it with"
    return f"{'; '.join(assets)}; keeping {_effect_text(growth, money, currency)}"


def _effect_text(growth: float, money: float, currency: str) -> str:
    """Return what a rule gained or cost, given by how much the CAGR and the final value are higher with it."""
    did = "gained" if growth >= 0.0 else "cost"
    points = fmt.percentage_points(abs(growth)).lstrip("+")
    end = f"{'' if (money >= 0.0) == (growth >= 0.0) else '-'}{fmt.money(abs(money))} {currency}"
    return f"{did} {points} a year, {end} at the end"


def point_worth_text(gain: float, figure: str, *, percent: bool) -> str:
    """Return what one percentage point more of weight improves, from the gain of a whole unit of weight."""
    return amount_text(0.01 * gain, figure, percent=percent)


def amount_text(gain: float, figure: str, *, percent: bool) -> str:
    """Return an amount of a figure: basis points of what is a percentage, else a plain number.

    >>> amount_text(0.0012, "volatility", percent=True)
    '12 bp of volatility'
    """
    return f"{1e4 * gain:.3g} bp of {figure}" if percent else f"{gain:.3g} of {figure}"


def objective_text(value: float | None, *, percent: bool) -> str:
    """Return an objective's figure as text."""
    return fmt.percent(value) if percent else fmt.ratio(value)


@dataclass(frozen=True)
class PublishedRow:
    """A published figure beside this run's own, rounded to the digits that were printed."""

    portfolio: str
    metric: str
    published: str
    here: str
    difference: str
    remark: str
    agrees: bool


def published_rows(figures: Sequence[PublishedDifference]) -> list[PublishedRow]:
    """Return published figures beside the run's own, as text.

    A printed zero at the end is not in the number any more, so a table's digits are those of its longest figure.
    """
    digits = min(max((fmt.printed_decimals(one.published) for one in figures), default=2), 4)
    return [_published_row(one, digits) for one in figures]


def _published_row(one: PublishedDifference, digits: int) -> PublishedRow:
    from engine.analysis.metrics_table import METRICS  # noqa: PLC0415  (most phrases need no compiler)

    published, here = one.published, one.here
    units = None if here is None else round((here - published) * 100.0 * 10**digits, 6)
    steps = None if here is None else round(100.0 * here * 10**digits) - round(100.0 * published * 10**digits)
    return PublishedRow(
        portfolio=portfolio_label(one.portfolio),
        metric=METRICS[one.metric].title if one.metric in METRICS else one.metric,
        published=fmt.percent(published, digits),
        here=fmt.percent(here, digits),
        difference=fmt.percentage_points(None if units is None else units / 100.0 / 10**digits, digits + 1),
        remark=_agreement_text(steps),
        agrees=steps == 0,
    )


def _agreement_text(steps: int | None) -> str:
    """Return by how many units of the last printed digit a figure is off, as text."""
    if steps is None:
        return "no figure here"
    if steps == 0:
        return "agrees as printed"
    return f"last printed digit off by {abs(steps)}"


def plural(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> plural(1, "order"), plural(2000, "order")
    ('1 order', '2,000 orders')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
