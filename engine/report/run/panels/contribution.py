"""Where did the return come from? Each asset's gain in money, which adds up to the whole."""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum
from typing import Final

from engine.analysis.breakdown.contribution import Contribution, Contributions, YearContribution
from engine.backtest.finished_run import FinishedRun
from engine.report import number_format as fmt
from engine.report.charts.bar_chart import lying_bars
from engine.report.charts.mark import Mark
from engine.report.run.panel import Panel

_TITLE: Final = "Where did the return come from?"
_MOST_BARS, _MOST_ROWS, _MOST_COLUMNS = 12, 60, 8
"""Assets with a bar, a row, and a column of the years; the rest are put together."""
_SEEN: Final = 0.005
"""An amount that is not printed as zero [currency]."""
_HOW: Final = (
    (
        "Gain of an asset: at every close what the price did to the shares held since the close before, with "
        "dividends and payouts, less what its orders cost. All gains with interest, fees and what was paid in are "
        "the final value less the capital, to the cent."
    ),
    (
        "As a share of the capital it is Frongello's linking: each day's gain grows with the wealth it came from. "
        "It weighs late years more, as money does."
    ),
    (
        "Linked: Carino's logarithmic linking of daily parts after the opening, in which every year counts alike; "
        "those parts add up to the total return after the opening."
    ),
    (
        "By year: the gain of the year over the value that it began with, costs and taxes in a column of their own; "
        "the row is the year's return where nothing was paid in or out."
    ),
)
Row = tuple[str, ...]


def contribution_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None without figures."""
    found, currency = run.summary.contribution, run.summary.account.currency
    if found is None or not found.strategy.assets:
        return None
    years = run.summary.contribution_by_year or ()
    names = list(found.strategy.assets)[:_MOST_COLUMNS]
    content = {
        "currency": currency,
        "chart": _chart(found, currency),
        "has_rival": found.buy_and_hold is not None,
        "rows": _rows(found),
        "sums": _sums(found),
        "linked": _linked(found.strategy),
        "taxed": found.strategy.taxes is not None,
        "years": [_year_row(one, names) for one in reversed(years)],
        "year_names": [*names, *(("others",) if len(found.strategy.assets) > len(names) else ())],
    }
    return Panel("contribution", "Contribution", _TITLE, "contribution", _answer(found, currency), content, _HOW)


def _answer(found: Contributions, currency: str) -> str:
    mine = found.strategy
    most = max(mine.assets, key=lambda ticker: mine.assets[ticker].gain)
    earned, whole = fmt.money(mine.assets[most].gain), fmt.money(mine.gain)
    text = f"{most} earned most, {earned} {currency}; the whole gain is {whole} {currency}"
    if not found.differences:
        return f"{text}."
    ordered = sorted(found.differences, key=lambda ticker: found.differences[ticker])
    said = [
        f"{ticker} {did}, {fmt.difference(found.differences[ticker], 'money')} {currency}"
        for ticker, did, sign in ((ordered[-1], "gained most", 1.0), (ordered[0], "lost most", -1.0))
        if sign * found.differences[ticker] >= _SEEN
    ]
    if not said:
        return f"{text}. No asset earned more or less than in buy & hold."
    return f"{text}. Against buy & hold {' and '.join(said)}."


def _chart(found: Contributions, currency: str) -> object:
    """Return a bar for each asset, the highest gain first; in the middle of many those that moved least together."""
    assets = sorted(found.strategy.assets.items(), key=lambda item: -item[1].gain)
    bars = [Mark(ticker, one.gain) for ticker, one in assets]
    if len(bars) > _MOST_BARS:
        top, bottom = _MOST_BARS // 2, len(bars) - _MOST_BARS // 2
        rest = fsum(one.gain for _, one in assets[top:bottom])
        bars = [*bars[:top], Mark(f"{bottom - top} others", rest), *bars[bottom:]]
    return lying_bars("chart-contribution", f"Gain by asset, {currency}", bars, "money")


def _rows(found: Contributions) -> list[Row]:
    """Return asset, mean weight, gain, its share of the capital, gain in buy and hold, difference, and costs."""
    mine, other = found.strategy, found.buy_and_hold
    names = list({**mine.assets, **(other.assets if other else {})})
    rows = list[Row]()
    for ticker in names[:_MOST_ROWS]:
        one, theirs = mine.assets.get(ticker), other.assets.get(ticker) if other else None
        rows.append(
            (
                ticker,
                fmt.percent(one.mean_weight if one else 0.0),
                fmt.difference(one.gain if one else 0.0, "money"),
                fmt.percent(one.share if one else 0.0),
                fmt.difference(theirs.gain if theirs else 0.0, "money"),
                fmt.difference(found.differences.get(ticker), "money"),
                fmt.money(one.costs if one else 0.0),
            )
        )
    if rest := names[_MOST_ROWS:]:
        gains, theirs_of_rest = (
            sum(portfolio.assets[ticker].gain for ticker in rest if portfolio and ticker in portfolio.assets)
            for portfolio in (mine, other)
        )
        moved = fmt.difference(gains - theirs_of_rest, "money")
        gained = fmt.difference(gains, "money"), "", fmt.difference(theirs_of_rest, "money")
        rows.append((f"{len(rest)} others", "", *gained, moved, ""))
    return rows


def _sums(found: Contributions) -> list[Row]:
    """Return the rows below the assets: title, strategy, buy and hold, difference."""
    rows, other = list[Row](), found.buy_and_hold

    def add(title: str, key: str, *, always: bool = False) -> None:
        amounts = [getattr(one, key) or 0.0 for one in (found.strategy, other) if one is not None]
        if always or any(abs(amount) >= _SEEN for amount in amounts):
            texts = [fmt.difference(amount, "money") for amount in amounts]
            moved = [fmt.difference(amounts[0] - amounts[1], "money")] if other else []
            rows.append((title, *texts, *moved))

    add("Interest on cash", "interest")
    add("Yearly fees", "fees")
    add("Taxes", "taxes")
    add("Gain", "gain", always=True)
    add("Paid in less withdrawn", "flows")
    return rows


def _linked(mine: Contribution) -> list[tuple[str, str]]:
    """Return the linked part of each asset and of costs, interest and fees."""
    parts: Mapping[str, float | None] = {ticker: one.linked for ticker, one in mine.assets.items()}
    others = {key: part for key, part in mine.linked_others.items() if part}
    return [(name, fmt.percent(part)) for name, part in [*list(parts.items())[:_MOST_ROWS], *others.items()]]


def _year_row(one: YearContribution, names: list[str]) -> tuple[int, list[str]]:
    """Return a year with the parts of ``names``, of other assets together, of costs with interest and fees, and all."""
    parts = [one.assets.get(name) for name in names]
    if rest := [part for name, part in one.assets.items() if name not in names]:
        parts.append(sum(part or 0.0 for part in rest))
    kept = [one.costs, one.interest, one.fees, *([] if one.taxes is None else [one.taxes])]
    parts.append(None if None in kept else sum(part or 0.0 for part in kept))
    return one.year, [fmt.percentage_points(part) for part in parts] + [fmt.percent(one.total)]
