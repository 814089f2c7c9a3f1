"""Small depots and what a plan asks for in them, as the orders of a broker."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.data.market import Market
from engine.depot.orders.closeness import BestChoice
from engine.depot.orders.decision import PlannedTrades, PlanTerms, plan_trades
from engine.depot.orders.order_fees import OrderFees
from engine.depot.orders.order_terms import OrderTerms, ShareTerms
from engine.depot.orders.own_lots import AccountHoldings
from engine.depot.orders.sized_orders import SizedOrders, TaxAtOnce, Wanted
from engine.depot.orders.sizing import SizingChoices, size_orders
from engine.portfolio.costs import Costs, NoCosts
from engine.simulation.market_memory import quotes_at, recall
from strategies.fixed_mix import FixedMix
from tests.support.markets import account

SESSIONS = 20


@dataclass
class Depot:
    """What is held at constant prices, and towards which weights; whole shares unless told otherwise, or of ``parts``."""

    tickers: tuple[str, ...]
    held: tuple[float, ...]
    prices: tuple[float, ...]
    weights: tuple[float, ...]
    cash: float = 0.0
    costs: Costs = field(default_factory=NoCosts)
    limit: float = 0.0
    step: float = 1.0
    max_fee: float = 1.0
    settled: float | None = None
    best: BestChoice | None = None
    parts: tuple[str, ...] = ()
    rebalance: dict[str, str] = field(default_factory=lambda: {"kind": "annual"})

    def planned(self, *, flow: float = 0.0, now: bool = True) -> tuple[PlannedTrades, Market, PlanTerms]:
        """Return what the rule asks for at the last session."""
        dates = np.busday_offset(np.datetime64("2026-11-02"), np.arange(SESSIONS), roll="forward")
        market = Market.build(dates, self.tickers, np.tile(np.array(self.prices, dtype=float), (SESSIONS, 1)))
        weights = {ticker: f"{100.0 * weight}%" for ticker, weight in zip(self.tickers, self.weights, strict=True)}
        units = self.units(market)
        whole = self.step == 1.0 and not self.parts and bool((units == np.rint(units)).all())
        own = account(shares="whole" if whole else "fractional")
        policy = FixedMix.model_validate({"kind": "fixed_mix", "weights": weights, "rebalance": self.rebalance})
        plan = PlanTerms(policy, own, self.costs.cost_table(len(self.tickers)), 0)
        return plan_trades(market, plan, AccountHoldings(units, self.cash), None, flow=flow, now=now), market, plan

    def units(self, market: Market) -> np.ndarray:
        """Return (N,) what is held, in the market's order."""
        by_ticker = dict(zip(self.tickers, self.held, strict=True))
        return np.array([by_ticker[ticker] for ticker in market.assets], dtype=float)

    def sized(self, *, flow: float = 0.0, now: bool = True, tax: TaxAtOnce | None = None) -> SizedOrders:
        """Return the orders."""
        planned, market, plan = self.planned(flow=flow, now=now)
        fees = OrderFees(market.columns, quotes_at(recall(market).arrays, SESSIONS - 1), plan.costs.of_orders())
        wanted, choices = self.wanted(planned, market), SizingChoices(self.settled, self.best)
        return size_orders(wanted, self.cash + flow, self.terms, fees, tax=tax, choices=choices)

    @property
    def terms(self) -> OrderTerms:
        """How its orders are rounded and limited."""
        shares = ShareTerms(self.step, self.step)
        return OrderTerms(
            self.limit, 0.01, self.max_fee, 0.0, shares, {one: ShareTerms(0.0, 0.0) for one in self.parts}
        )

    def wanted(self, planned: PlannedTrades, market: Market) -> list[Wanted]:
        """Return what the rule asks for, asset by asset."""
        units, spreads = self.units(market), self.costs.spreads(market.assets)
        every = (planned.trades, planned.prices, units, planned.targets, spreads, planned.caps)
        return [Wanted(ticker, *(float(one[j]) for one in every), "") for ticker, j in market.columns.items()]

    def orders(self, *, flow: float = 0.0) -> dict[str, float]:
        """Return signed quantities by ticker."""
        found: dict[str, float] = {}
        for order in self.sized(flow=flow).orders:
            found[order.ticker] = found.get(order.ticker, 0.0) + (
                order.quantity if order.side == "buy" else -order.quantity
            )
        return found
