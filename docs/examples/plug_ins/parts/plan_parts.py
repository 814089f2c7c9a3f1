"""One small example of each part of a plan that a package can add beside strategies."""

from typing import ClassVar, Literal

import numpy as np

from engine.analysis.metrics_table import Metric
from engine.analysis.performance import Performance
from engine.core.fields import ConfigModel, Fraction, NonNegative, Positive, Ticker, Weight
from engine.core.powers import powers
from engine.data.closes import Closes
from engine.data.market import Provenance
from engine.data.sources.base import PriceRequest
from engine.optimisation.objectives import (
    ObjectiveForm,
    ObjectiveInputs,
    ObjectiveMetric,
    QuadraticForm,
    covariance_factor,
)
from engine.portfolio.costs import Costs
from engine.portfolio.tariffs import OrderPrice
from engine.tax.flat import FlatTax


class PerShare(Costs):
    """Orders cost ``price`` a share, at least ``minimum``, as brokers in the US charge."""

    kind: Literal["per_share"] = "per_share"
    price: Positive
    minimum: NonNegative = 0.0

    def describe(self) -> str:
        """Return what an order costs, in words."""
        return f"orders cost {self.order_price().describe()}"

    def order_price(self) -> OrderPrice:
        """Return what an order costs beside spread, exchange and custody."""
        return OrderPrice(per_share=self.price, minimum=self.minimum)


class MinSemivariance(ConfigModel):
    """The least mean square of returns below zero, asset by asset (Estrada 2008)."""

    kind: Literal["min_semivariance"] = "min_semivariance"
    metric: ClassVar[ObjectiveMetric] = ObjectiveMetric("downside deviation", root=True, cost_unit="variance")

    def form(self, inputs: ObjectiveInputs) -> ObjectiveForm:
        """Return ``w' S w``, S the second moments of what assets lost, a year."""
        lost = np.minimum(inputs.returns, 0.0)
        moments = lost.T @ lost / len(lost) * 252.0
        factor = covariance_factor(moments)
        none = np.zeros(len(inputs.assets))
        return QuadraticForm(factor, none, none)


class Steady(ConfigModel):
    """Closes that grow by the same every year: what a plan makes of no risk at all."""

    kind: Literal["steady"] = "steady"
    growth: dict[Ticker, Fraction]

    def load(self, request: PriceRequest) -> Closes:
        """Return a close of each requested ticker on every weekday from 2000 to 2024, up to the end asked for."""
        days = np.arange("2000-01-03", "2025-01-01", dtype="datetime64[D]")
        days = days[np.is_busday(days)]
        if request.end is not None:
            days = days[days <= np.datetime64(request.end)]
        years = (days - days[0]).astype(np.float64) / 365.25
        closes = np.stack([100.0 * powers(1.0 + self.growth[one], years) for one in request.tickers], axis=1)
        origin, unknown = Provenance("steady growth", "with_events"), ("",) * len(request.tickers)
        events = np.zeros_like(closes), np.ones_like(closes)  # no dividends, no splits
        return Closes(days, request.tickers, closes, unknown, origin, *events)


def gain_to_pain(performance: Performance) -> float | None:
    """Return the sum of all returns over that of the losses among them (Schwager 2012)."""
    losses = float(-np.minimum(performance.returns, 0.0).sum())
    return float(performance.returns.sum()) / losses if losses > 0.0 else None


GAIN_TO_PAIN = Metric("ratio", "Gain to pain", gain_to_pain, "sum of returns / sum of losses", better="high")


class WealthOnly(FlatTax):
    """Gains are free and the account is taxed at each year's end: the flat law with other defaults."""

    kind: Literal["wealth_only"] = "wealth_only"  # type: ignore[assignment]
    gains: Weight = 0.0
    income: Weight = 0.0
    wealth: Weight = 0.003
