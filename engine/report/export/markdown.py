"""A run as one page of Markdown, at most 80 columns wide: verdict, figures, years and falls."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

from engine.analysis.metrics_table import METRICS
from engine.analysis.verdict import confidence_level
from engine.backtest.finished_run import FinishedRun
from engine.core.errors import shorten, spell_out_controls
from engine.report import number_format as fmt
from engine.report.phrases import portfolio_label
from engine.report.run.verdict import ascii_minus, run_verdict
from engine.report.run.years_and_falls import deepest_falls, difference, year_returns

_WIDTH: Final = 80
_FIGURES: Final = ("cagr", "max_drawdown", "volatility", "sharpe", "final_value")
_FALLS: Final = 5
_NAME_WIDTH: Final = 20
_SHORTEST_NAME: Final = 10
_NARROWEST: Final = 3
"""Columns of a table that is drawn: a line of three dashes."""
_WORD_WIDTH: Final = 30
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|~@!$^])|&(?=[#\w]+;)|:(?=//)|(?<=www)\.(?=\S)", re.IGNORECASE)
"""What Markdown would take for more than text, a bare address among it."""
_LEADING: Final = re.compile(r"(?:[-+=]+|\d+[.)])")
"""A word that, first in a line, would begin a list or underline a heading."""


def markdown_page(run: FinishedRun) -> str:
    """Return the page; text from outside stands in it letter for letter."""
    summary = run.summary
    window = f"{summary.window.start} to {summary.window.end}, {fmt.count(summary.window.sessions)} sessions"
    capital = f"{fmt.money(summary.account.capital)} {summary.account.currency}"
    parts = [
        f"# {_cut(summary.name, _WIDTH - 2)}",
        _paragraph(f"{window}, from {capital}."),
        _paragraph(ascii_minus(run_verdict(summary, confidence_level(run.config)).sentence)),
        "## Figures",
        _figures(run),
        "## Years",
        _years(run),
        "## Deepest falls of the strategy",
        _falls(run),
        "Simulated on past prices; not a result that anybody earned.",
    ]
    return "\n\n".join(parts) + "\n"


def _figures(run: FinishedRun) -> str:
    heads = ["", *(METRICS[key].title for key in _FIGURES)]
    portfolios = run.summary.portfolios
    rows = [
        ["", *(fmt.metric(one.metrics.get(key), METRICS[key].style) for key in _FIGURES)] for one in portfolios.values()
    ]
    room = _WIDTH - cell_len(_table(heads, rows).partition("\n")[0]) + _NARROWEST
    named = zip(portfolios, rows, strict=True)
    return _table(heads, [[_name(name, max(room, _SHORTEST_NAME)), *figures] for name, (_, *figures) in named])


def _years(run: FinishedRun) -> str:
    """Return what the strategy and its first rival returned in each calendar year, and the difference."""
    shown = ["strategy", *[name for name in run.levels.columns if name != "strategy"][:1]]
    rival = shown[1] if len(shown) > 1 else None
    rows = []
    for one in reversed(year_returns(run)):
        if one.returns.get("strategy") is None:
            continue
        cells = [fmt.percent(one.returns.get(name)) for name in shown]
        rows.append([str(one.year), *cells, *([fmt.percentage_points(difference(one, rival))] if rival else [])])
    return _table(["Year", *map(_name, shown), *(["Difference"] if rival else [])], rows)


def _falls(run: FinishedRun) -> str:
    falls = deepest_falls(run)
    if not falls:
        return "Never below its high."
    rows = [
        [
            fall.peak,
            fall.trough,
            fall.recovery or "not yet",
            fmt.percent(fall.depth),
            fmt.count(fall.days),
        ]
        for fall in falls[:_FALLS]
    ]
    return _table(["High", "Lowest", "Recovered", "Depth", "Days"], rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose first column is left-aligned; cells are padded, so that it reads well as it is."""
    widths = [max(_NARROWEST, *(cell_len(cell) for cell in column)) for column in zip(heads, *rows, strict=True)]
    rule = "|".join(["", f":{'-' * (widths[0] + 1)}", *(f"{'-' * (width + 1)}:" for width in widths[1:]), ""])
    return "\n".join([_line(heads, widths), rule, *(_line(row, widths) for row in rows)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = ((" " * (width - cell_len(cell)), cell) for cell, width in zip(cells, widths, strict=True))
    return " | ".join([f"| {first[1]}{first[0]}", *(space + cell for space, cell in rest)]) + " |"


def _name(portfolio: str, most: int = _NAME_WIDTH) -> str:
    return _cut(portfolio_label(portfolio), min(most, _NAME_WIDTH))


def _cut(text: str, most: int) -> str:
    """Return ``text`` escaped in at most ``most`` columns: the middle goes."""
    plain = " ".join(spell_out_controls(text).split())
    kept = next((size for size in range(most, 6, -1) if cell_len(_escape(shorten(plain, size))) <= most), 6)
    return _escape(shorten(plain, kept))


def _paragraph(text: str) -> str:
    words = [_escape(shorten(word, _WORD_WIDTH)) for word in spell_out_controls(text, keep="\n").split()]
    guarded = " ".join(f"\\{word}" if _LEADING.fullmatch(word) and not word[0].isdigit() else word for word in words)
    return textwrap.fill(guarded, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _escape(text: str) -> str:
    r"""Return ``text`` so that Markdown shows it letter for letter.

    >>> _escape("<b>x</b> [a](https://b)")
    '\\<b\\>x\\</b\\> \\[a\\](https\\://b)'
    """
    return _MARKUP.sub(lambda found: f"\\{found[0]}", text)
