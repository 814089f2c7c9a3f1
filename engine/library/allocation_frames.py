"""What ``engine.optimise`` returns: weights for one date, their certificate, and the frontier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from engine.backtest.allocation import Holding

if TYPE_CHECKING:
    from engine.backtest.allocation import Proposal
    from engine.report.charts.chart import Chart

_HOLDING = [name for name in Holding.__dataclass_fields__ if name != "asset"]


@dataclass(frozen=True, eq=False, repr=False)
class AllocationFrames:
    """The weights that an optimised plan has for one date.

    Attributes
    ----------
    name : of the config
    decided : day of the decision: no close of it or later was looked at
    weights : by asset [fraction]
    holdings : by asset its weight, bounds, risk, and what the estimates say of it
    certificate : solver, status, by how much limits are broken at most (residual), and how much better any admissible
        weights can be at most (gap)
    expected : what the estimates say of the whole: return and volatility a year, and the figure that was optimised
    limits : of every limit that binds what a unit more is worth, and what it costs; the dearest first
    frontier : the efficient one, from the least volatile: return, volatility, and a weight an asset
    warnings : what a reader should know of the estimates
    proposal : all of it, as the engine has it

    """

    name: str
    decided: pd.Timestamp
    weights: pd.Series[float]
    holdings: pd.DataFrame
    certificate: pd.Series[Any]
    expected: pd.Series[float]
    limits: pd.DataFrame
    frontier: pd.DataFrame
    warnings: tuple[str, ...]
    proposal: Proposal

    @classmethod
    def from_proposal(cls, proposal: Proposal) -> AllocationFrames:
        """Return a proposal as frames."""
        assets = pd.Index([one.asset for one in proposal.holdings], name="asset", dtype="str")
        found, points = proposal.solution, proposal.frontier
        holdings = {name: [getattr(one, name) for one in proposal.holdings] for name in _HOLDING}
        costs = proposal.limit_costs
        return cls(
            name=proposal.name,
            decided=pd.Timestamp(proposal.decided),
            weights=pd.Series(holdings["weight"], index=assets, name="weight", dtype="float64"),
            holdings=pd.DataFrame(holdings, index=assets),
            certificate=pd.Series(
                {"solver": found.solver, "status": found.status, "residual": found.residual, "gap": found.gap},
                name="certificate",
            ),
            expected=pd.Series(
                {
                    "return": proposal.mean,
                    "volatility": proposal.volatility,
                    proposal.metric.title: proposal.value,
                },
                name="expected",
            ),
            limits=pd.DataFrame(
                {"marginal_value": [one.marginal_value for one in costs], "cost": [one.cost for one in costs]},
                index=pd.Index([one.name for one in costs], name="limit", dtype="str"),
                dtype="float64",
            ),
            frontier=pd.DataFrame(
                {
                    "return": [one.mean for one in points],
                    "volatility": [one.volatility for one in points],
                    **{asset: [float(one.weights[j]) for one in points] for j, asset in enumerate(assets)},
                },
                dtype="float64",
            ).rename_axis("point"),
            warnings=tuple(filter(None, proposal.remark.split("; "))),
            proposal=proposal,
        )

    @property
    def charts(self) -> tuple[str, ...]:
        """The names of the charts that ``plot`` draws."""
        return ("frontier",) if self.proposal.frontier else ()

    def plot(self, kind: str = "frontier") -> Chart:
        """Return a chart of the report for a notebook, or to ``save``; EngineError names those that there are."""
        from engine.report.allocation_notebook import allocation_chart

        return allocation_chart(self.proposal, kind)

    def _repr_html_(self) -> str:
        from engine.report.allocation_notebook import allocation_html

        return allocation_html(self.proposal)

    def __repr__(self) -> str:
        """Return the weights and what is expected of them."""
        lines = [f"{asset}  {weight:.4%}" for asset, weight in self.weights.items()]
        see = "see .weights .holdings .certificate .limits .frontier .warnings"
        return "\n".join([f"{self.name}: weights for a decision on {self.decided:%Y-%m-%d}", "", *lines, "", see])
