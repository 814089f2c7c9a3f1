"""Weights for one date on the terminal, as JSON, and as a page with the efficient frontier drawn in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from markupsafe import Markup

from engine.backtest.outputs import to_json
from engine.core.files import atomic_write, staged
from engine.report import number_format as fmt
from engine.report.console import bullet, console, heading, row, table, text
from engine.report.frontier_chart import Chart, chart_of
from engine.report.run.html import own_text, template
from engine.report.run.walk_forward import size, value_of, worth

if TYPE_CHECKING:
    from engine.backtest.allocation import Price, Proposal
    from engine.backtest.outputs import Json

JSON_NAME: Final = "optimal.json"
PAGE_NAME: Final = "optimal.html"
_NOTHING: Final = 1e-9
"""Cost of a limit that is the solver's rounding."""
_EDGE: Final = 1e-9
"""Distance at which a weight is at its bound [weight]."""


def write_proposal(proposal: Proposal, folder: Path) -> None:
    """Write ``optimal.json`` and ``optimal.html`` into ``folder``, both or neither."""
    with staged(folder) as staging:
        atomic_write(staging / JSON_NAME, to_json(proposal_json(proposal)))
        atomic_write(staging / PAGE_NAME, proposal_page(proposal).encode())


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
            "condition": _known(moments.condition),
            "eigenvalue_raised": moments.clipped,
        },
        "objective": {"figure": proposal.aim.title, "value": proposal.value},
        "solver": {"name": found.solver, "status": found.status, "residual": found.residual, "gap": found.gap},
        "expected": {"return": proposal.mean, "volatility": proposal.volatility},
        "weights": {
            one.asset: {
                "weight": one.weight,
                "lower": one.lower,
                "upper": one.upper,
                "at": place(one.weight, one.lower, one.upper),
                "marginal_volatility": one.marginal,
                "risk_share": one.share,
                "expected_return": one.mean,
                "volatility": one.volatility,
            }
            for one in proposal.holdings
        },
        "limits": {
            one.name: {
                "worth_of_a_unit": _known(one.worth),
                "cost": _known(one.cost),
                "words": price_words(one, proposal),
            }
            for one in proposal.prices
        },
        "frontier": [
            {
                "return": point.mean,
                "volatility": point.volatility,
                "weights": dict(zip((one.asset for one in proposal.holdings), point.weights.tolist(), strict=True)),
            }
            for point in proposal.points
        ],
        "remark": proposal.remark,
    }


def place(weight: float, lower: float, upper: float) -> str:
    """Return at which of its bounds a weight is, ``out`` when it is nothing."""
    if weight <= _EDGE:
        return "out"
    if weight <= lower + _EDGE:
        return "floor"
    return "cap" if weight >= upper - _EDGE else "inside"


def price_words(price: Price, proposal: Proposal) -> str:
    """Return what a limit costs, in words."""
    aim = proposal.aim
    cost = "without it there are no weights"
    if price.cost <= _NOTHING:
        cost = "costs nothing that day"
    elif np.isfinite(price.cost):
        cost = f"costs {size(price.cost, aim.title, percent=aim.percent)}"
    if not np.isfinite(price.worth):
        return cost
    return f"{cost}; a percentage point more room is worth {worth(price.worth, aim.title, percent=aim.percent)}"


def print_proposal(proposal: Proposal, folder: Path) -> None:
    """Print the weights with their bounds and risk, what the limits cost, the frontier, and where the files are."""
    out = console()
    out.print(text(f"{proposal.name}: weights for a decision on {proposal.decided}", "bold"))
    for line in _facts(proposal):
        out.print(text(line, "dim"))
    heading(out, "Weights")
    result = table(["asset", "weight", "bounds", "at", "marginal risk", "share of risk"], words=frozenset({0, 3}))
    for cells in _rows(proposal):
        row(result, cells, {1: "bold"})
    out.print(result)
    heading(out, "What the limits cost")
    for price in proposal.prices:
        bullet(out, f"{price.name}: {price_words(price, proposal)}")
    if not proposal.prices:
        bullet(out, "none binds")
    heading(out, "Efficient frontier")
    if proposal.points:
        result = table(["expected return", "volatility", "largest weights"], words=frozenset({2}))
        for point in proposal.points:
            row(result, _point(proposal, point.mean, point.volatility, point.weights.tolist()))
        out.print(result)
    else:
        bullet(out, "none: all expected returns are the same")
    out.print()
    bullet(out, f"files: {folder} ({PAGE_NAME}, {JSON_NAME})")


def proposal_page(proposal: Proposal) -> str:
    """Return the page: one file without scripts, the chart drawn in it."""
    chart: Chart | None = chart_of(proposal) if proposal.points else None
    return template("allocation.html.j2").render(
        style=Markup(own_text("run.css")),  # noqa: S704  (the package's own file)
        name=proposal.name,
        decided=str(proposal.decided),
        facts=_facts(proposal),
        rows=_rows(proposal),
        prices=[(one.name, price_words(one, proposal)) for one in proposal.prices],
        chart=chart,
        points=[_point(proposal, p.mean, p.volatility, p.weights.tolist()) for p in proposal.points],
    )


def _facts(proposal: Proposal) -> list[str]:
    moments, found, aim = proposal.moments, proposal.solution, proposal.aim
    first, last = proposal.train
    estimated = f"estimated from {moments.observations} returns, closes of {first} to {last}"
    shrunk = f", shrunk by {fmt.percent(moments.shrinkage)}" if moments.shrinkage else ""
    figure = f"{aim.title} {value_of(proposal.value, percent=aim.percent)}; "
    expected = f"expected return {fmt.percent(proposal.mean)}, volatility {fmt.percent(proposal.volatility)} a year"
    broken, gap = fmt.residual(found.residual), fmt.residual(found.gap)
    proved = f"limits broken by at most {broken}, no admissible weights are better by more than {gap}"
    lines = [
        f"{estimated}{shrunk}; nothing is held before, so turnover is free",
        f"{figure if aim.title != 'volatility' else ''}{expected}, by these estimates",
        f"solved by {found.solver} ({found.status}); {proved}",
    ]
    return [*lines, *filter(None, [proposal.remark])]


def _rows(proposal: Proposal) -> list[list[str]]:
    return [
        [
            one.asset,
            fmt.percent(one.weight),
            f"{fmt.short_percent(one.lower)} to {fmt.short_percent(one.upper)}",
            place(one.weight, one.lower, one.upper),
            fmt.percent(one.marginal),
            fmt.percent(one.share),
        ]
        for one in proposal.holdings
    ]


def _point(proposal: Proposal, mean: float, volatility: float, weights: Iterable[float]) -> list[str]:
    pairs = sorted(zip(weights, (one.asset for one in proposal.holdings), strict=True), key=lambda pair: -pair[0])
    largest = ", ".join(f"{asset} {fmt.percent(weight, 1)}" for weight, asset in pairs[:3] if weight > 0.0)
    return [fmt.percent(mean), fmt.percent(volatility), largest]


def _known(number: float) -> float | None:
    return number if np.isfinite(number) else None
