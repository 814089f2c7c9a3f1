"""What did each rebalance do? Its gain until the next one and until the end."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from typing import Final

from engine.analysis.breakdown.rebalances import RebalanceEffect, RebalanceEffects, RestOfDifference
from engine.backtest.finished_run import FinishedRun
from engine.report import number_format as fmt
from engine.report.charts.bar_chart import bar_chart
from engine.report.charts.mark import Mark
from engine.report.phrases import plural
from engine.report.run.panel import Panel

_TITLE: Final = "What did each rebalance do?"
_MOST_ROWS: Final = 400
"""Rebalances that the page lists, the latest; charts draw these, too."""
_REST: Final = {
    "flows": "money paid in or out",
    "payouts": "payouts",
    "dividends": "dividends",
    "interest": "interest",
    "fees": "yearly fees",
    "taxes": "taxes, and what was traded for them",
    "late_purchases": "late purchases of buy & hold",
    "before_first": "trades before the first rebalance",
}
_SEEN: Final = 0.005
"""An amount that is not printed as zero [currency]."""
_HOW: Final = (
    (
        "Gain at the next: what the account has at the next rebalance that it would not have had without these "
        "trades, in units and in cash, costs among them; of the last, so far. Part trades and trims until then "
        "belong to it."
    ),
    (
        "Gain at the end: the same at the last prices. Of all rebalances together, with everything else, it is "
        "the difference of the final values of the plan and its buy & hold, to the cent."
    ),
    ("The two answer different questions: what one rebalance gained by the next, later ones may have traded away."),
    "Distance: half the sum of |weight - target|, with cash, just before the orders. Traded: one way.",
)


def rebalances_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None without figures."""
    found, currency = run.summary.rebalances_done, run.summary.account.currency
    if found is None:
        return None
    if not found.rebalances:
        answer = "After the opening the plan was never rebalanced."
        return Panel("rebalances", "Rebalances", _TITLE, "rebalances", answer, {"rows": ()})
    shown = found.rebalances[-_MOST_ROWS:]
    content = {
        "rows": [_row(one) for one in reversed(shown)],
        "charts": _charts(shown, currency) if len(shown) > 1 else (),
        "left_out": len(found.rebalances) - len(shown),
        "currency": currency,
        "sums": _sums(found),
        "rest": _rest(found.rest) if found.rest else (),
    }
    return Panel("rebalances", "Rebalances", _TITLE, "rebalances", _answer(found, currency), content, _HOW)


def _answer(found: RebalanceEffects, currency: str) -> str:
    full = found.full
    gained = sum(one.gain_at_next > 0.0 for one in full)
    many = f"Of {plural(len(full), 'rebalance')} that another one followed, {gained} had gained by then"
    first = many if full else "The one rebalance has no next one yet"
    count = len(found.rebalances)
    all_of_them = "it has" if count == 1 else f"all {count:,} together have"
    text = f"{first}; {all_of_them} changed the final value by {_signed(found.gain_at_end)} {currency}"
    if found.rest is not None and abs(found.rest.total) >= _SEEN:
        text += f", everything else by {_signed(found.rest.total)}, against buy & hold"
    return f"{text}.{_example(found, currency)}"


def _example(found: RebalanceEffects, currency: str) -> str:
    """Return what the two gains are, by the rebalance at which they are furthest apart; nothing where none has both."""
    if not found.full:
        return ""
    one = max(found.full, key=lambda one: abs(one.gain_at_end - one.gain_at_next))
    return (
        " A gain at the next is what the trades had earned by the next rebalance, a gain at the end what the same "
        f"trades, left alone, had earned by the last day: those of {one.date} {_signed(one.gain_at_next)} and "
        f"{_signed(one.gain_at_end)} {currency}."
    )


def _charts(shown: Sequence[RebalanceEffect], currency: str) -> tuple[object, object]:
    years = {one.date[:4] for one in shown}
    names = [one.date[:4] if len(years) == len(shown) else one.date for one in shown]
    soon = [
        Mark(name, _share(one), hatched=one.so_far, note="so far" if one.so_far else "")
        for name, one in zip(names, shown, strict=True)
    ]
    late = [Mark(name, one.gain_at_end) for name, one in zip(names, shown, strict=True)]
    return (
        bar_chart("chart-rebalances-next", "Gain at the next rebalance, of the value before", soon, "percent"),
        bar_chart("chart-rebalances-end", f"Gain at the end, {currency}", late, "money"),
    )


def _share(one: RebalanceEffect) -> float | None:
    return one.gain_at_next / one.value_before if one.value_before > 0.0 else None


def _row(one: RebalanceEffect) -> tuple[str, ...]:
    return (
        one.date,
        _signed(one.gain_at_next) + (" so far" if one.so_far else ""),
        fmt.percent(_share(one)),
        _signed(one.gain_at_end),
        fmt.money(one.value_before),
        fmt.percent(one.distance_before),
        fmt.money(one.traded_one_way),
        fmt.money(one.cost),
    )


def _sums(found: RebalanceEffects) -> tuple[tuple[str, str, str, str], ...]:
    """Return the rows below the table: title, gain at the end, traded and cost."""
    traded, cost = (
        fmt.money(fsum(getattr(one, name) for one in found.rebalances)) for name in ("traded_one_way", "cost")
    )
    rows = [(plural(len(found.rebalances), "rebalance"), _signed(found.gain_at_end), traded, cost)]
    if found.rest is not None:
        if abs(found.rest.total) >= _SEEN:
            rows.append(("Everything else", _signed(found.rest.total), "", ""))
        rows.append(("Plan minus buy & hold", _signed(found.difference), "", ""))
    return tuple(rows)


def _rest(rest: RestOfDifference) -> list[tuple[str, str]]:
    return [
        (words, _signed(amount)) for key, words in _REST.items() if abs(amount := getattr(rest, key) or 0.0) >= _SEEN
    ]


def _signed(amount: float | None) -> str:
    return fmt.difference(amount, "money")
