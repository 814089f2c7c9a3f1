"""Weights for one date as a notebook shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from engine.report.allocation import HOLDING_HEADS, allocation_facts, holding_rows
from engine.report.charts.chart import Chart, unknown_kind
from engine.report.frontier_chart import frontier_chart
from engine.report.notebook_table import result_html, table_html

if TYPE_CHECKING:
    from engine.backtest.allocation import Proposal


def allocation_chart(proposal: Proposal, kind: str = "frontier") -> Chart:
    """Return the efficient frontier with the weights found; EngineError where there is none, or for another kind."""
    known = ["frontier"] if proposal.frontier else []
    if kind not in known:
        raise unknown_kind(kind, known)
    return Chart(kind, frontier_chart(proposal))


def allocation_html(proposal: Proposal) -> str:
    """Return the weights with their bounds and risk, how they were found, and the frontier."""
    body = [table_html(HOLDING_HEADS, holding_rows(proposal))]
    if proposal.frontier:
        body.append(Markup("<p>{}</p>").format(allocation_chart(proposal).to_html()))
    facts = f"weights for a decision on {proposal.decided}"
    return result_html(proposal.name, facts, allocation_facts(proposal), body)
