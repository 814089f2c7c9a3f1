"""Weights for one date on the terminal, as JSON, and as a page with the efficient frontier drawn in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.core.arrays import finite_or_none
from engine.core.files import atomic_write
from engine.core.json_files import Json, to_json
from engine.core.publication import stage_folder
from engine.core.shortlist import foremost
from engine.report import number_format as fmt
from engine.report.allocation_page import bound_status, frontier_rows, proposal_html
from engine.report.console import console, print_bullet, print_heading, print_table, text
from engine.report.phrases import amount_text, objective_text, point_worth_text

if TYPE_CHECKING:
    from engine.backtest.allocation import LimitCost, Proposal
    from engine.report.held_weights import HeldWeights

JSON_FILE: Final = "optimal.json"
PAGE_FILE: Final = "optimal.html"
_MOST_ROWS: Final = 40
"""Assets that are listed, those of the highest weights."""
HOLDING_HEADS: Final = ("asset", "weight", "bounds", "at", "marginal risk", "share of risk")
_NEGLIGIBLE_COST: Final = 1e-9
"""Cost of a limit up to which it is the solver's rounding."""


def write_proposal(proposal: Proposal, folder: Path, held: HeldWeights | None = None) -> None:
    """Write ``optimal.json`` and ``optimal.html`` into ``folder``, both or neither; the page has what was ``held``."""
    costs = [(one.name, limit_cost_text(one, proposal)) for one in proposal.limit_costs]
    page = proposal_html(proposal, allocation_facts(proposal), costs, held)
    with stage_folder(folder) as staging:
        atomic_write(staging / JSON_FILE, to_json(proposal_json(proposal)))
        atomic_write(staging / PAGE_FILE, page.encode())


def proposal_json(proposal: Proposal) -> dict[str, Json]:
    """Return the content of ``optimal.json``; rates and weights are fractions, None is no figure."""
    moments, found = proposal.moments, proposal.solution
    return {
        "name": proposal.name,
        "decided": str(proposal.decided),
        "train": {"first": str(proposal.train[0]), "last": str(proposal.train[1])},
        "estimates": {
            "observations": moments.observations,
            "shrinkage": moments.shrinkage,
            "condition": finite_or_none(moments.condition),
            "eigenvalue_raised": moments.clipped,
        },
        "objective": {"figure": proposal.metric.title, "value": proposal.value},
        "solver": {"name": found.solver, "status": found.status, "residual": found.residual, "gap": found.gap},
        "expected": {"return": proposal.mean, "volatility": proposal.volatility},
        "weights": {
            one.asset: {
                "weight": one.weight,
                "lower": one.lower,
                "upper": one.upper,
                "at": bound_status(one.weight, one.lower, one.upper),
                "marginal_volatility": one.marginal_volatility,
                "risk_share": one.risk_share,
                "expected_return": one.mean,
                "volatility": one.volatility,
            }
            for one in proposal.holdings
        },
        "limits": {
            one.name: {
                "worth_of_a_unit": finite_or_none(one.marginal_value),
                "cost": finite_or_none(one.cost),
                "words": limit_cost_text(one, proposal),
            }
            for one in proposal.limit_costs
        },
        "frontier": [
            {
                "return": point.mean,
                "volatility": point.volatility,
                "weights": dict(zip((one.asset for one in proposal.holdings), point.weights.tolist(), strict=True)),
            }
            for point in proposal.frontier
        ],
        "remark": proposal.remark,
    }


def limit_cost_text(limit: LimitCost, proposal: Proposal) -> str:
    """Return what a limit costs, in words."""
    metric = proposal.metric
    cost = "without it there are no weights"
    if limit.cost <= _NEGLIGIBLE_COST:
        cost = "costs nothing that day"
    elif np.isfinite(limit.cost):
        cost = f"costs {amount_text(limit.cost, metric.title, percent=metric.percent)}"
    if not np.isfinite(limit.marginal_value):
        return cost
    worth = point_worth_text(limit.marginal_value, metric.title, percent=metric.percent)
    return f"{cost}; a percentage point more room is worth {worth}"


def print_proposal(proposal: Proposal, folder: Path) -> None:
    """Print the weights with their bounds and risk, what the limits cost, the frontier, and where the files are."""
    out = console()
    out.print(text(f"{proposal.name}: weights for a decision on {proposal.decided}", "bold"))
    for line in allocation_facts(proposal):
        out.print(text(line, "dim"))
    print_heading(out, "Weights")
    shown, rows = foremost([one.weight for one in proposal.holdings], _MOST_ROWS), holding_rows(proposal)
    print_table(out, HOLDING_HEADS, [rows[at] for at in shown], left=(0, 3), styles={1: "bold"})
    if hidden := len(rows) - len(shown):
        print_bullet(out, f"and {hidden} more of smaller weight; {JSON_FILE} has all")
    print_heading(out, "What the limits cost")
    for limit in proposal.limit_costs:
        print_bullet(out, f"{limit.name}: {limit_cost_text(limit, proposal)}")
    if not proposal.limit_costs:
        print_bullet(out, "none binds")
    print_heading(out, "Efficient frontier")
    if proposal.frontier:
        print_table(out, ["expected return", "volatility", "largest weights"], frontier_rows(proposal), left=(2,))
    else:
        print_bullet(out, "none: all expected returns are the same")
    out.print()
    print_bullet(out, f"files: {folder} ({PAGE_FILE}, {JSON_FILE})")


def allocation_facts(proposal: Proposal) -> list[str]:
    """Return from what the weights were estimated, what is expected of them, and who found them, a line each."""
    moments, found, metric = proposal.moments, proposal.solution, proposal.metric
    first, last = proposal.train
    estimated = f"estimated from {moments.observations} returns, closes of {first} to {last}"
    shrunk = f", shrunk by {fmt.percent(moments.shrinkage)}" if moments.shrinkage else ""
    figure = f"{metric.title} {objective_text(proposal.value, percent=metric.percent)}; "
    expected = f"expected return {fmt.percent(proposal.mean)}, volatility {fmt.percent(proposal.volatility)} a year"
    broken, gap = fmt.residual(found.residual), fmt.residual(found.gap)
    proved = f"limits broken by at most {broken}, no admissible weights are better by more than {gap}"
    lines = [
        f"{estimated}{shrunk}; nothing is held before, so turnover is free",
        f"{figure if metric.title != 'volatility' else ''}{expected}, by these estimates",
        f"solved by {found.solver} ({found.status}); {proved}",
    ]
    return [*lines, *filter(None, [proposal.remark])]


def holding_rows(proposal: Proposal) -> list[list[str]]:
    """Return a row of text for each asset, under ``HOLDING_HEADS``."""
    return [
        [
            one.asset,
            fmt.percent(one.weight),
            f"{fmt.short_percent(one.lower)} to {fmt.short_percent(one.upper)}",
            bound_status(one.weight, one.lower, one.upper),
            fmt.percent(one.marginal_volatility),
            fmt.percent(one.risk_share),
        ]
        for one in proposal.holdings
    ]
