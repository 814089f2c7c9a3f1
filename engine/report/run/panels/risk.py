"""Where does the risk come from? Each asset's share of the variance, and correlations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.analysis.breakdown.correlation import MATRIX_ASSETS, PairCorrelation
from engine.analysis.breakdown.risk import RiskShares
from engine.backtest.finished_run import FinishedRun
from engine.report import number_format as fmt
from engine.report.charts.bar_chart import cell_bar
from engine.report.charts.heat_table import HeatCell, HeatTable, heat_table
from engine.report.run.panel import Panel

_TITLE: Final = "Where does the risk come from?"
_FEW_SESSIONS, _FEW_MONTHS = 252, 60
"""Returns below which a correlation is marked as doubtful."""
_STEPS: Final = (0.25, 0.5, 0.75)
"""Where colours of correlations change."""
_NAMED: Final = 3
"""Assets that the answer names."""
_MOST_ROWS: Final = 60
_SEEN: Final = 0.000_005
"""A share that is not printed as zero."""
_HOW: Final = (
    (
        "Share of an asset: the covariance of its part of each day's return with that return, over the variance "
        "of the returns; shares, with those of costs, interest and fees, add up to 100 %. Of what was held, after "
        "the fact."
    ),
    (
        "Correlations are of returns between closes that both assets printed, dividends in them. Dots: fewer than "
        f"{_FEW_SESSIONS} sessions or {_FEW_MONTHS} months; too few for any figure: a dash."
    ),
)


def risk_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None without figures."""
    found, pairs = run.summary.risk, run.summary.correlation or ()
    if found is None or not found.assets:
        return None
    names = [ticker for ticker in found.assets if any(ticker in (one.first, one.second) for one in pairs)]
    as_matrix = bool(pairs) and len(found.assets) <= MATRIX_ASSETS
    content = {
        "rows": _rows(found),
        "matrix": _matrix(names, pairs, monthly=False) if as_matrix else "",
        "monthly": _matrix(names, pairs, monthly=True) if as_matrix and any(one.months for one in pairs) else "",
        "pairs": () if as_matrix else [_pair_row(one) for one in pairs],
    }
    return Panel("risk", "Risk", _TITLE, "risk", _answer(found), content, _HOW)


def _tell_apart(*shares: float) -> bool:
    """Return whether shares are printed differently in the sentence that compares them."""
    return len({fmt.percent(one, 1) for one in shares}) > 1


def _answer(found: RiskShares) -> str:
    """Name the assets whose share of the risk is furthest above their share of the money."""
    above = [
        (one.share - one.mean_weight, ticker, one.mean_weight, one.share)
        for ticker, one in found.assets.items()
        if one.share is not None and one.share > one.mean_weight and _tell_apart(one.share, one.mean_weight)
    ]
    if not above:
        return ""
    shown = sorted(above, reverse=True)[:_NAMED]
    said = [
        f"{name} is {fmt.percent(weight, 1)} of the money and {fmt.percent(risk, 1)}" for _, name, weight, risk in shown
    ]
    said[0] += " of the risk"
    return f"{', '.join(said[:-1])} and {said[-1]}." if len(said) > 1 else f"{said[0]}."


def _rows(found: RiskShares) -> list[tuple[str, str, str, object]]:
    """Return asset, mean weight, share of the risk, and how far that is above the weight as a bar."""
    gaps = {ticker: None if one.share is None else one.share - one.mean_weight for ticker, one in found.assets.items()}
    longest = max((abs(gap) for gap in gaps.values() if gap is not None), default=0.0)
    rows: list[tuple[str, str, str, object]] = [
        (ticker, fmt.percent(one.mean_weight), fmt.percent(one.share), cell_bar(gaps[ticker], longest))
        for ticker, one in list(found.assets.items())[:_MOST_ROWS]
    ]
    rows += [
        (key.capitalize(), "", fmt.percent(share, 3), "")
        for key, share in found.others.items()
        if abs(share or 0.0) >= _SEEN
    ]
    return rows


def _matrix(names: Sequence[str], pairs: Sequence[PairCorrelation], *, monthly: bool) -> object:
    """Return the lower triangle of correlations, the heaviest asset first."""
    known = {(one.second, one.first): one for one in pairs}
    rows = [
        (name, [_cell(known[name, other], monthly=monthly) for other in names[:at]])
        for at, name in enumerate(names)
        if at
    ]
    empty = HeatCell(None, "")
    full = [(name, [*cells, *[empty] * (len(names) - 1 - len(cells))]) for name, cells in rows]
    key, what = ("monthly-correlation", "monthly") if monthly else ("daily-correlation", "session to session")
    return heat_table(HeatTable(key, f"Correlation of returns, {what}", names[:-1], full, steps=_STEPS))


def _cell(one: PairCorrelation, *, monthly: bool) -> HeatCell:
    value, count, few = (
        (one.monthly, one.months, _FEW_MONTHS) if monthly else (one.correlation, one.count, _FEW_SESSIONS)
    )
    tip = f"{one.first} and {one.second}: {count:,} {'months' if monthly else 'returns'}"
    return HeatCell(value, fmt.DASH if value is None else fmt.typeset(f"{value:.2f}"), tip, doubtful=count < few)


def _pair_row(one: PairCorrelation) -> tuple[str, ...]:
    return (
        f"{one.first}, {one.second}",
        fmt.ratio(one.correlation),
        fmt.count(one.count),
        fmt.ratio(one.monthly),
        fmt.count(one.months),
    )
