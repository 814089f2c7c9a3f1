"""The state of one account while a run goes on: what it owns and wants, what was traded, and the ledger of it.

:mod:`.order_execution`, :mod:`.partial_trades`, :mod:`.cash_flows` and :mod:`.delisting` trade on it; nothing here
calls them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray, read_only
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.optimiser_step import OptimiserStep
from engine.portfolio.quality_finding import QualityFinding
from engine.simulation import market_memory, trade_events
from engine.simulation.kernel.records import (
    NO_SALE,
    NO_WHOLE_SHARE,
    MarketArrays,
    OrderFills,
    OrderTerms,
    Quotes,
    RunContext,
    StandingOrders,
    StateHistory,
    TradeBuffer,
)
from engine.simulation.kernel.triggers import record_purchase
from engine.simulation.kernel.valuation import account_value, normalise, portfolio_weights
from engine.simulation.ledger import LastWithdrawal, Ledger
from engine.simulation.loss_review_state import LossReviewState
from engine.simulation.pending_orders import PendingOrders
from engine.simulation.tax_account import TaxAccount
from engine.simulation.trade_events import LazyText, LeftOutOrders, TradeEvent, TradeReason
from engine.tax.record import TaxFlows

BUFFER_SIZE: Final = 64
"""Trades that ``advance`` may make before it returns."""


class PortfolioState:
    """Units, cash and history of one account over one market.

    ``units`` (N,) and ``cash`` are what it owns now, ``target`` (N,) the weights in force, ``drift_base`` (N,) those
    drift is measured from; ``pending`` the orders without a price yet; ``never_sold`` (N,) which assets are kept
    whatever they grow to, ``never_sells`` whether any is; ``terms`` how orders are filled and charged,
    ``contribution_terms`` those that invest what is paid in. ``history``, ``flows``, ``before_flows`` and ``fees`` (T,)
    are what each session saw, ``events`` and ``notes`` what was done, ``left_out`` which orders were not placed (S3);
    ``steps`` how weights were optimised, ``shortfalls`` and ``departures`` why assets were not chosen or given up,
    ``findings`` what a quality gate found, ``last_withdrawal`` how the money ended, where it has. ``run`` is what the
    kernel takes, ``fills`` what it made of the last order; ``tax`` what is owed and was paid, None without taxes.
    """

    def __init__(
        self,
        market: Market,
        arrays: MarketArrays,
        account: Account,
        opening: int,
        orders: StandingOrders,
        reviews: LossReviewState,
    ) -> None:
        """Open with the capital in cash at row ``opening``; ``orders`` are what the policy always wants."""
        sessions, count = market.prices.shape
        self.market, self.account, self.opening = market, account, opening
        self.reviews, self.orders, self.terms = reviews, orders, orders.terms
        self.contribution_terms = orders.terms
        self.units, self.cash = np.zeros(count), account.capital
        self.target = self.drift_base = np.zeros(count)
        self.pending = PendingOrders(count)
        self.flows, self.before_flows, self.fees = np.zeros((3, sessions))
        self.events: list[TradeEvent] = []
        self.notes: list[str] = []
        self.steps: list[OptimiserStep] = []
        self.shortfalls: dict[int, str] = {}
        self.departures: dict[int, Mapping[str, str]] = {}
        self.findings: dict[int, tuple[QualityFinding, ...]] = {}
        self.left_out: list[LeftOutOrders] = []
        self.last_withdrawal: LastWithdrawal | None = None
        self.tax: TaxAccount | None = None
        self.history = StateHistory(np.zeros(sessions), np.zeros(sessions), np.zeros((sessions, count)))
        buffer = TradeBuffer.allocate(BUFFER_SIZE, count)
        self.run = RunContext(arrays, orders, reviews.watch, self.history, buffer)
        self.fills = OrderFills.allocate(count)
        self.never_sold = (arrays.unfilled[-1] & NO_SALE) != 0
        self.never_sells = np.count_nonzero(self.never_sold) > 0
        self.no_recipients = np.zeros(count)
        self.no_assets, self.all_assets = np.zeros(count, dtype=np.bool_), np.ones(count, dtype=np.bool_)

    def quotes(self, row: int) -> Quotes:
        """Return what orders at ``row`` are filled at and charged by."""
        return market_memory.quotes_at(self.run.market, row)

    def terms_of(self, reason: TradeReason) -> OrderTerms:
        """Return how orders of that reason are filled and charged."""
        return self.contribution_terms if reason.contribution else self.terms

    def fresh(self, row: int) -> BoolArray:
        """Return (N,) which assets have a close at ``row``."""
        fresh: BoolArray = self.market.fresh[row]
        return fresh

    def holdings(self, row: int) -> FloatArray:
        """Return (N,) holdings at the last prices of ``row`` [currency]."""
        return np.where(self.units == 0.0, 0.0, self.units * self.market.prices[row])

    def value(self, row: int) -> float:
        """Return what the account is worth at ``row``, now [currency]."""
        return account_value(self.units, self.market.prices[row], self.cash)

    def weights(self, row: int) -> FloatArray:
        """Return (N,) weights now, at the last prices of ``row``; zeros for an account worth nothing."""
        return portfolio_weights(self.units, self.market.prices[row], self.value(row))

    def weights_at_close(self, row: int) -> FloatArray:
        """Return (N,) the weights that were marked at the close of ``row``; zeros for an account worth nothing."""
        return portfolio_weights(self.history.units[row], self.market.prices[row], self.history.value[row])

    def untradable(self, row: int, target: FloatArray) -> BoolArray:
        """Return (N,) which assets are to be traded towards ``target`` but have no close at ``row`` (S9)."""
        return np.asarray(~self.fresh(row) & self.market.listed[row] & ((self.units != 0.0) | (target > 0.0)))

    def among_tradable(self, row: int, shares: FloatArray) -> FloatArray:
        """Return ``shares`` over the assets that can be traded at ``row``, summing to 1, or all zero."""
        return normalise(self.fresh(row), shares)

    def mask(self, assets: list[int] | IntArray) -> BoolArray:
        """Return (N,) a mask of ``assets``."""
        mask = self.no_assets.copy()
        mask[assets] = True
        return mask

    def cap_reason(self, weights: FloatArray) -> LazyText:
        """Return which caps ``weights`` (N,) broke."""
        return partial(trade_events.describe_broken_caps, self.market.assets, weights, self.terms.caps)

    def drift_reason(self, weights: FloatArray, absolute: float, relative: float) -> LazyText:
        """Return which asset had left its band at ``weights`` (N,)."""
        return partial(trade_events.describe_drift, self.market.assets, weights, self.drift_base, absolute, relative)

    def add_flow(self, row: int, amount: float) -> None:
        """Take a contribution into cash before the session's trading, or a withdrawal out of it (S11)."""
        self.cash += amount
        self.flows[row] += amount
        if amount < 0.0 and self.tax is not None:
            self.tax.book.take_withdrawal(row, -amount)

    def reallocate_target(self, j: int, recipients: FloatArray) -> None:
        """Let what asset ``j`` weighs, in the targets and where drift begins, go to ``recipients``, or to cash."""
        self.target = self.target + self.target[j] * recipients
        self.drift_base = self.drift_base + self.drift_base[j] * recipients
        self.target[j] = self.drift_base[j] = 0.0

    def record_order(self, row: int, cash: float, reason: TradeReason) -> None:
        """Take the cash that an order left, and write down what it traded, if anything."""
        self.cash = cash
        dq, fees, _ = self.fills
        if np.count_nonzero(dq):
            self.record_trade(row, dq.copy(), fees.copy(), reason)

    def record_left_out(self, row: int) -> None:
        """Write down which orders of the last vector were left out, and why (S3)."""
        self.left_out.append(LeftOutOrders(row, self.fills.left_out.copy()))

    def leave_out(self, row: int, assets: int | list[int], cause: int) -> None:
        """Write down that the orders of ``assets`` were left out before they came to be placed."""
        causes = np.zeros(len(self.market.assets), dtype=np.int64)
        causes[assets] = cause
        self.left_out.append(LeftOutOrders(row, causes))

    def was_left_out(self) -> BoolArray:
        """Return (N,) whose order of the last vector was not worth placing; what was less than a share may wait."""
        causes = self.fills.left_out
        return np.asarray((causes != 0) & (causes != NO_WHOLE_SHARE))

    def record_trade(
        self, row: int, trades: FloatArray, costs: FloatArray, reason: TradeReason, prices: FloatArray | None = None
    ) -> None:
        """Write down what was traded, at the session's ``prices`` or others, and set the review prices of purchases."""
        self.events.append(TradeEvent(row, self.target, trades, costs, reason, prices))
        if self.reviews.watch.enabled:
            paid = self.market.prices[row] if prices is None else prices
            record_purchase(self.reviews.watch, trades, self.units, paid)

    def to_ledger(self, end: int) -> Ledger:
        """Return the ledger of the run up to before row ``end``, rows counted from the opening."""
        start, history, events = self.opening, self.history, self.events
        reasons, trades = [event.reason for event in events], [event.trades for event in events]
        rows = np.array([event.row for event in events], dtype=np.int64)
        return Ledger(
            dates=read_only(self.market.dates[start:end]),
            assets=self.market.assets,
            capital=self.account.capital,
            value=read_only(history.value[start:end]),
            cash=read_only(history.cash[start:end]),
            flows=read_only(self.flows[start:end]),
            before_flows=read_only(self.before_flows[start:end]),
            fees=read_only(self.fees[start:end]),
            rows=read_only(rows - start),
            targets=self._stack([event.target for event in events]),
            trades=self._stack(trades),
            prices=self._trade_prices(rows),
            costs=self._stack([event.costs for event in events]),
            lazy_reasons=tuple(reason.text for reason in reasons),
            asset_reasons=trade_events.asset_reasons_by_event(events, self.market, start),
            rebalances=read_only(np.array([reason.full_rebalance for reason in reasons], dtype=np.bool_)),
            partial_rebalances=read_only(np.array([reason.partial_rebalance for reason in reasons], dtype=np.bool_)),
            opening=read_only(np.array([start in (event.row, event.reason.since) for event in events], dtype=np.bool_)),
            contributions=read_only(np.array([reason.contribution for reason in reasons], dtype=np.bool_)),
            payouts=read_only(np.array([reason.payout for reason in reasons], dtype=np.bool_)),
            reviews=tuple(record._replace(row=record.row - start) for record in self.reviews.records),
            left_out=tuple(one._replace(row=one.row - start) for one in self.left_out),
            notes=(
                *self.notes,
                *self._budget_notes(),
                *trade_events.left_out_notes(self.left_out, trades, self.market),
            ),
            steps=tuple(self.steps),
            shortfalls={row - self.opening: why for row, why in self.shortfalls.items()},
            departures={row - self.opening: why for row, why in self.departures.items()},
            findings={row - self.opening: found for row, found in self.findings.items()},
            last_withdrawal=self.last_withdrawal,
            taxes=self._tax_flows(end),
        )

    def _budget_notes(self) -> tuple[str, ...]:
        return () if self.tax is None else tuple(self.tax.budget_notes(self.market.dates))

    def _tax_flows(self, end: int) -> TaxFlows | None:
        if self.tax is None:
            return None
        last = end - 1
        interest = self.tax.interest_until(last, self.history.cash, self.run.market.growth)
        value = float(self.history.value[last])
        return self.tax.flows(self.opening, end, self.market.prices[last], interest, value)

    def _trade_prices(self, rows: IntArray) -> FloatArray:
        """Return (K, N) what each event at ``rows`` (K,) was traded at."""
        prices = self.market.prices.take(rows, axis=0)
        for k, event in enumerate(self.events):
            if event.prices is not None:
                prices[k] = event.prices
        return read_only(prices)

    def _stack(self, rows: list[FloatArray]) -> FloatArray:
        return read_only(np.array(rows).reshape(len(rows), len(self.market.assets)))
