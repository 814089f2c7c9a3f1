"""Claims about rules of a plan: the same plan with the rule and without it, simulated on the same closes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.backtest.config_sections import Window
from engine.backtest.prices import slice_window
from engine.core.errors import EngineError
from engine.core.fields import Fraction, Ticker, Weight, WholeNumber
from engine.data.portfolio_sessions import own_sessions
from engine.data.sessions import MONTH_NAMES
from engine.evidence.claims.claim_prices import CLOSES_KINDS, ClosesKind
from engine.evidence.claims.computation import Computation, MeasuringTerms, Reading, Style, Way
from engine.portfolio.account import Account
from engine.portfolio.costs import PercentCosts

Plan = Mapping[str, object]


class PlanEffect(Computation):
    """The abstract base of what a rule adds to the growth a year of a plan that pays ``costs`` of each order."""

    costs: Weight = 0.0
    style: ClassVar[Style] = "points"
    caveat: ClassVar[str] = "the plan's names were chosen when their past was known; another plan gives other figures"

    @abstractmethod
    def with_and_without(self, way: Way) -> tuple[Plan, Plan]:
        """Return the plan with the rule, and what it is measured against."""

    def plans(self) -> Iterator[Plan]:
        """Yield the strategies of every way."""
        ways = self.ways
        for values in product(*ways.values()):
            yield from self.with_and_without(dict(zip(ways, values, strict=True)))

    def measure(self, way: Way, terms: MeasuringTerms) -> Reading:
        """Return the difference of growth a year over the sessions on which all assets have closes."""
        from engine.analysis.bootstrap import cagr_difference_interval  # noqa: PLC0415
        from engine.analysis.common_sessions import CommonSessions  # noqa: PLC0415
        from engine.analysis.performance import Performance  # noqa: PLC0415  (compiled)
        from engine.simulation.simulate import simulate  # noqa: PLC0415  (compiled)

        kind: ClosesKind = "price" if way["closes"] == "price" else "total_return"
        window = self._common_window(kind, terms)
        closes = terms.prices.closes[kind].select(self.tickers, window.end)
        found = []
        for plan in self.with_and_without(way):
            policy = terms.build_strategy(plan)
            own = own_sessions(closes, policy.tickers, None, window.start)
            market, start = slice_window(own.of(closes).to_market("USD"), window)
            costs = PercentCosts(rate=self.costs).cost_table(market.assets, market.foreign)
            ledger = simulate(market, policy, Account(), costs, start=start)
            found.append(Performance.from_ledger(ledger, 0.0, market.periods_per_year))
        growth, other = (one.cagr for one in found)
        if growth is None or other is None:
            raise EngineError("there is no growth to compare")
        interval = None
        if terms.intervals:
            common = CommonSessions.of(found[0], found[1]).returns
            interval = cagr_difference_interval(common, growth - other, terms.evidence).bounds
        dates = found[0].dates
        return Reading(way, growth - other, str(dates[0]), str(dates[-1]), interval)

    def _common_window(self, kind: ClosesKind, terms: MeasuringTerms) -> Window:
        """Return the days from the latest first close of any asset to the earliest last one, inside the window.

        An asset whose closes end in the data, and not on an exchange, is not sold at a made-up delisting.
        """
        start, end = self.window(terms.prices)
        series = [terms.prices.series(kind, ticker).between(start, end) for ticker in self.tickers]
        if any(len(one) == 0 for one in series):
            raise EngineError("not every asset has a close in the window")
        first, last = max(one.dates[0] for one in series), min(one.dates[-1] for one in series)
        if last <= first:
            raise EngineError("the assets have no sessions in common")
        return Window(start=np.datetime64(first, "D").item(), end=np.datetime64(last, "D").item())


class RebalancingPremium(PlanEffect):
    """What bringing a mix back to its weights once a year adds to its growth, against never doing it."""

    kind: Literal["rebalancing_premium"] = "rebalancing_premium"
    weights: Annotated[Mapping[Ticker, Weight], Field(min_length=2, max_length=100)]

    @property
    def tickers(self) -> tuple[str, ...]:
        """The assets of the mix."""
        return tuple(self.weights)

    @property
    def ways(self) -> Mapping[str, tuple[str, ...]]:
        """Dividends, and the month whose first session it is done at."""
        return {"closes": CLOSES_KINDS, "month": MONTH_NAMES}

    def with_and_without(self, way: Way) -> tuple[Plan, Plan]:
        """Return the mix rebalanced in a month, and bought and held."""
        weights = dict(self.weights)
        rebalance = {"kind": "annual", "month": way["month"]}
        mix = {"kind": "fixed_mix", "weights": weights, "rebalance": rebalance}
        return mix, {"kind": "buy_and_hold", "weights": weights}


class LossReviewEffect(PlanEffect):
    """What judging satellites at a loss by their trend adds: bought more of while it is intact, else sold.

    ``triggers``: the losses that the sentence names; the trend is intact while the close is at or above the mean of the
    last ``sessions`` closes.
    """

    kind: Literal["loss_review"] = "loss_review"
    core: Annotated[Mapping[Ticker, Weight], Field(min_length=1, max_length=100)]
    satellites: Annotated[Mapping[Ticker, Weight], Field(min_length=1, max_length=100)]
    triggers: tuple[Fraction, ...] = Field(min_length=1, max_length=10)
    sessions: Annotated[WholeNumber, Field(ge=2, le=2520)] = 200

    @property
    def tickers(self) -> tuple[str, ...]:
        """The assets of the plan."""
        return tuple(dict.fromkeys((*self.core, *self.satellites)))

    @property
    def ways(self) -> Mapping[str, tuple[str, ...]]:
        """Dividends, which loss, what it is a loss from, what the rule is set against."""
        against = ("no_rule", "selling_every_loss", "buying_at_every_loss")
        losses = tuple(f"{100.0 * trigger:.6g} %" for trigger in self.triggers)
        return {"closes": CLOSES_KINDS, "loss": losses, "from": ("its_cost", "its_peak"), "against": against}

    def with_and_without(self, way: Way) -> tuple[Plan, Plan]:
        """Return the plan with its satellites judged by their trend, and with another rule or none."""
        plan: dict[str, object] = {
            "kind": "core_satellite",
            "core": dict(self.core),
            "satellites": dict(self.satellites),
            "cap": max(self.satellites.values()),
            "rebalance": {"kind": "annual", "month": "january"},
        }
        trigger = self.triggers[self.ways["loss"].index(way["loss"])]
        review: dict[str, object] = {"trigger": trigger, "from": way["from"].removeprefix("its_")}
        judged = {**review, "thesis": {"kind": "trend", "sessions": self.sessions}}
        theses = {"selling_every_loss": "never", "buying_at_every_loss": "always"}
        if way["against"] == "no_rule":
            return {**plan, "loss_review": judged}, plan
        other = {**review, "thesis": {"kind": theses[way["against"]]}}
        return {**plan, "loss_review": judged}, {**plan, "loss_review": other}
