"""The book: one account while a run goes on. Each method is one thing that can happen to it.

Money and shares are moved only by the kernel; the book keeps count, remembers events and closes into a Ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray, read_only
from engine.core.errors import AccountError
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.optimiser_step import OptimiserStep
from engine.portfolio.policy import Decision, LossReviewRule
from engine.simulation import kernel
from engine.simulation.event_schedule import EventSchedule
from engine.simulation.kernel.records import (
    ExecutionTerms,
    MarketArrays,
    Order,
    StandingOrders,
    StateHistory,
    Thresholds,
    TradeBuffer,
)
from engine.simulation.ledger import Ledger
from engine.simulation.loss_review_state import LossReviewState
from engine.simulation.pending_orders import PendingOrders, ticker_list
from engine.simulation.trade_events import (
    LazyText,
    TradeEvent,
    TradeReason,
    asset_reasons,
    describe_broken_caps,
    describe_drift,
)


def _empty_trade_buffer(size: int, count: int) -> TradeBuffer:
    rows, kinds = np.zeros(size, np.int64), np.zeros(size, np.int64)
    dq, fees, seen, reached = (np.zeros((size, count)) for _ in range(4))
    return TradeBuffer(np.zeros(1, np.int64), rows, kinds, dq, fees, seen, reached, np.zeros(size, np.bool_))


@dataclass(frozen=True)
class StandingWeights:
    """What a policy always wants: its ``core`` (N,), and the ``fixed`` (N,) targets of a ``static`` one [weight]."""

    core: FloatArray
    fixed: FloatArray
    static: bool


def shortfall_message(date: np.datetime64, raised: float, due: float) -> str:
    """Return what to say when a withdrawal cannot be raised [currency]."""
    return (
        f"{date}: {raised:,.2f} of a withdrawal of {due:,.2f} can be raised; "
        "too few assets have a close; fill the gap in the prices or withdraw less"
    )


class PortfolioState:
    """Units, cash and history of one account over one market.

    ``units`` (N,) and ``cash`` are what it owns now, ``target`` (N,) the weights in force, ``drift_base`` (N,) those
    drift is measured from; ``pending`` the orders without a price yet; ``history`` and ``flows`` (T,) what each session
    saw, ``events`` and ``notes`` what was done. ``dq`` and ``fees`` (N,) are those of the last order; ``steps`` how
    weights were optimised.
    """

    def __init__(
        self,
        market: Market,
        account: Account,
        terms: ExecutionTerms,
        weights: StandingWeights,
        review: LossReviewRule | None,
        opening: int,
    ) -> None:
        """Open with the capital in cash at row ``opening``; ``weights`` are what the policy always wants."""
        sessions, count = market.prices.shape
        self.market = market
        self.account = account
        self.opening = opening
        self.units = np.zeros(count)
        self.cash = account.capital
        self.target = np.zeros(count)
        self.drift_base = self.target
        self.flows = np.zeros(sessions)
        self.events: list[TradeEvent] = []
        self.notes: list[str] = []
        self.steps: list[OptimiserStep] = []
        self.unaffordable_rows: list[int] = []
        self.market_arrays = MarketArrays(market.prices, 1.0 + market.cash_rate, market.fresh, market.eligible)
        self.history = StateHistory(np.zeros(sessions), np.zeros(sessions), np.zeros((sessions, count)))
        self.terms = terms
        self.reviews = LossReviewState.build(review, market)
        self._trade_buffer = _empty_trade_buffer(64, count)
        self.standing_orders = StandingOrders(terms, weights.core, self.reviews.barred, weights.fixed, weights.static)
        self.dq = np.zeros(count)
        self.fees = np.zeros(count)
        self.no_recipients = np.zeros(count)
        self.no_assets = np.zeros(count, dtype=np.bool_)
        self._all_assets = np.ones(count, dtype=np.bool_)
        self.pending = PendingOrders(count)

    # what is known -----------------------------------------------------------------------------------------------

    def fresh(self, row: int) -> BoolArray:
        """Return (N,) which assets have a close at ``row``."""
        fresh: BoolArray = self.market.fresh[row]
        return fresh

    def holdings(self, row: int) -> FloatArray:
        """Return (N,) holdings at the last prices of ``row`` [currency]."""
        return np.where(self.units == 0.0, 0.0, self.units * self.market.prices[row])

    def value(self, row: int) -> float:
        """Return what the account is worth at ``row``, now [currency]."""
        return kernel.account_value(self.units, self.market.prices[row], self.cash)

    def weights_at_close(self, row: int) -> FloatArray:
        """Return (N,) the weights that were marked at the close of ``row``; zeros for an account worth nothing."""
        return kernel.portfolio_weights(self.history.units[row], self.market.prices[row], self.history.value[row])

    # what can happen ---------------------------------------------------------------------------------------------

    def add_flow(self, row: int, amount: float) -> None:
        """Take a contribution into cash before the session's trading, or a withdrawal out of it (S11)."""
        self.cash += amount
        self.flows[row] += amount

    def pay_out_delisted(self, row: int, gone: Iterable[int], haircut: float) -> float:
        """Turn delisted assets into cash at their last price less ``haircut`` (S8); return what they bring."""
        paid = 0.0
        for j in gone:
            if self.units[j] == 0.0:
                continue
            prices = self.market.prices[row].copy()
            prices[j] *= 1.0 - haircut
            trades = np.zeros_like(self.units)
            trades[j] = -self.units[j]
            payout = float(self.units[j] * prices[j])
            self.units[j] = 0.0
            self.cash += payout
            paid += payout
            cut = f" less {haircut:.0%}" if haircut else ""
            self.record_trade(
                row, trades, prices, np.zeros_like(trades), TradeReason(f"delisted: {self.market.assets[j]}{cut}")
            )
            self.notes.append(
                f"{self.market.assets[j]} has no price after {self.market.dates[row - 1]}: "
                f"taken as delisted and paid out at its last price{cut}"
            )
        return paid

    def rebalance(self, row: int, target: FloatArray, why: TradeReason) -> None:
        """Trade everything to ``target`` (N,); what has no close at ``row`` waits (S3, S9)."""
        self.target = target
        if not self.pending.is_empty or np.count_nonzero(self.fresh(row)) < len(target):
            self._rebalance_with_missing_prices(row, why)
        else:  # nearly always, and a third of a run's time
            self.fill_order(row, Order(target, self._all_assets, self.no_recipients), why)
        self.reviews.record_rebalance(self.units, self.market.prices[row])
        self.drift_base = self.weights(row) if self.terms.whole_shares else target

    def _rebalance_with_missing_prices(self, row: int, why: TradeReason) -> None:
        stuck = self.untradable(row, self.target)
        scaled = self.fill_order(row, Order(self.target, ~stuck, self.no_recipients), why)
        value, cut = self.value(row), ~stuck & (self.target > 0.0) & scaled
        stuck &= (
            np.abs(self.target * value - self.holdings(row)) > kernel.TRADE_TOLERANCE * value
        )  # else nothing to wait for
        self.pending.start(row, stuck, cut)
        self.pending.raise_if_overdue(row, self.market)
        if stuck.any():
            self.notes.append(
                f"{ticker_list(self.market, stuck)} had no close on {self.market.dates[row]}: the order waited"
            )

    def retry_pending(self, row: int) -> None:
        """Fill orders that waited, when a price they waited for is there, with those that were scaled down (S9)."""
        self.pending.raise_if_overdue(row, self.market)
        due = self.pending.fillable(self.fresh(row))
        if due.any():
            scaled = self.fill_order(
                row, Order(self.target, due, self.no_recipients), TradeReason("waited for a price")
            )
            self.pending.remove_filled(row, self.market, due & (self.target > 0.0) & scaled)

    def reinvest_payout(self, row: int, gone: Iterable[int], heirs: FloatArray, amount: float) -> None:
        """Spend the payout of ``gone`` on ``heirs`` (N,) pro rata, costs included; their targets move along (S8)."""
        for j in gone:
            self.reallocate_target(j, heirs)
        shares = self.among_tradable(row, heirs)
        if amount > 0.0 and shares.any():
            self.fill_order(
                row, Order(self.target, self.no_assets, shares, amount), TradeReason("delisted: proceeds reinvested")
            )

    def core_recipients(self, decision: Decision) -> FloatArray:
        """Return (N,) shares, summing to 1 or 0, by which the core takes or pays at a decision (S6)."""
        return kernel.normalise_among(decision.buyable, self.standing_orders.core)

    def advance(self, row: int, stop: int, watch: Thresholds, agenda: EventSchedule) -> tuple[int, int]:
        """Mark to market up to ``stop``, or to a session at which an alarm needs an answer; return row and alarm."""
        slips, armed, at_once = self._trade_buffer, not agenda.awaits_response(row), self.account.fill_delay == 0
        row, self.cash, alarm = kernel.advance(
            row,
            stop,
            self.units,
            self.cash,
            self.market_arrays,
            watch,
            self.reviews.watch,
            self.standing_orders,
            armed,
            self.history,
            slips,
            at_once,
        )
        if made := int(slips.filled[0]):
            self.cash = self.clear_cash_rounding(self.cash, self.history.value[row - 1])
            self._record_buffer(slips, made, watch, agenda)
            slips.filled[0] = 0
        return row, alarm

    def _record_buffer(self, slips: TradeBuffer, made: int, watch: Thresholds, agenda: EventSchedule) -> None:
        """Enter what ``advance`` traded on its own into the journal."""
        dq, fees, seen, reached = (
            array[:made].copy() for array in (slips.dq, slips.fees, slips.weights_before, slips.drift_base)
        )
        rows, kinds = slips.rows[:made].tolist(), slips.kinds[:made].tolist()
        refused, traded = slips.unaffordable[:made].tolist(), np.any(dq, axis=1).tolist()
        for k, row in enumerate(rows):
            why = self._buffered_reason(kinds[k], row, seen[k], watch, agenda)
            if why.full_rebalance:
                self.target, self.drift_base = self.standing_orders.fixed_targets, reached[k]
            if refused[k]:
                self.unaffordable_rows.append(row)
            elif traded[k]:
                self.events.append(TradeEvent(row, self.target, dq[k], self.market.prices[row], fees[k], why))

    def _buffered_reason(
        self, kind: int, row: int, seen: FloatArray, watch: Thresholds, agenda: EventSchedule
    ) -> TradeReason:
        if kind == kernel.CAP_TRIGGER:
            return TradeReason(self.cap_reason(seen))
        if kind == kernel.BAND_TRIGGER:
            return TradeReason(self.drift_reason(seen, watch.absolute, watch.relative), full_rebalance=True)
        return TradeReason(agenda.rebalances[row], full_rebalance=True)

    def to_ledger(self) -> Ledger:
        """Return the ledger of the run, rows counted from the opening."""
        start = self.opening
        return Ledger(
            dates=read_only(self.market.dates[start:]),
            assets=self.market.assets,
            capital=self.account.capital,
            value=read_only(self.history.value[start:]),
            cash=read_only(self.history.cash[start:]),
            units=read_only(self.history.units[start:]),
            flows=read_only(self.flows[start:]),
            rows=read_only(np.array([event.row - start for event in self.events], dtype=np.int64)),
            targets=self._stack_rows([event.target for event in self.events]),
            trades=self._stack_rows([event.trades for event in self.events]),
            prices=self._stack_rows([event.prices for event in self.events]),
            costs=self._stack_rows([event.costs for event in self.events]),
            lazy_reasons=tuple(event.reason.text for event in self.events),
            asset_reasons=asset_reasons(self.events, self.market, start),
            rebalances=read_only(np.array([event.reason.full_rebalance for event in self.events], dtype=np.bool_)),
            partial_rebalances=read_only(
                np.array([event.reason.partial_rebalance for event in self.events], dtype=np.bool_)
            ),
            reviews=tuple(found._replace(row=found.row - start) for found in self.reviews.records),
            notes=(*self.notes, *self._unaffordable_note()),
            steps=tuple(self.steps),
        )

    # how it is done ----------------------------------------------------------------------------------------------

    def trade_flow(self, row: int, due: float, spare: float, why: TradeReason) -> None:
        """Buy the most underweight with spare cash, or sell the most overweight until ``due`` is there (S11)."""
        price, before = self.market.prices[row], self.value(row)
        order = Order(self.target, self.fresh(row) & ~self.pending.mask, self.no_recipients)
        if due > 0.0:
            cash = kernel.raise_cash(self.units, self.cash, due, spare, price, order, self.terms, self.dq, self.fees)
        else:
            cash = kernel.invest_cash(self.units, self.cash, price, order, self.terms, self.dq, self.fees)
        self.cash = self.clear_cash_rounding(cash, before)
        if np.count_nonzero(self.dq):
            self.record_trade(row, self.dq.copy(), price, self.fees.copy(), why)

    def fill_order(self, row: int, order: Order, why: TradeReason) -> bool:
        """Fill ``order`` and remember it; return whether targets were scaled for waiting assets."""
        price = self.market.prices[row]
        status, scaled, cash = kernel.trade(self.units, self.cash, price, order, self.terms, self.dq, self.fees)
        if status == kernel.UNAFFORDABLE and cash < 0.0:
            raise AccountError(
                f"{self.market.dates[row]}: a withdrawal takes all that costs would leave of the account; "
                "withdraw less or end the window earlier"
            )
        if status == kernel.UNAFFORDABLE:
            self.unaffordable_rows.append(row)
        if cash < 0.0:
            before = kernel.account_value(self.units, price, cash) + float(self.fees.sum())
            if self.flows[row] < 0.0 and cash < -kernel.CASH_TOLERANCE * abs(before):
                raise AccountError(shortfall_message(self.market.dates[row], cash - self.flows[row], -self.flows[row]))
            cash = self.clear_cash_rounding(cash, before)
        self.cash = cash
        if np.count_nonzero(self.dq):
            self.record_trade(row, self.dq.copy(), price, self.fees.copy(), why)
        return bool(scaled)

    def clear_cash_rounding(self, cash: float, value: float) -> float:
        """Return cash with rounding below zero removed; more than rounding is a bug (S5)."""
        if cash < -kernel.CASH_TOLERANCE * abs(value):
            raise RuntimeError(f"cash fell to {cash!r} at a value of {value!r}")
        return max(cash, 0.0)

    def record_trade(
        self, row: int, trades: FloatArray, prices: FloatArray, costs: FloatArray, why: TradeReason
    ) -> None:
        """Write down what was traded, and set the references of what was bought."""
        self.events.append(TradeEvent(row, self.target, trades, prices, costs, why))
        if self.reviews.watch.enabled:
            self.reviews.record_trades(trades, self.units, prices)

    def cap_reason(self, seen: FloatArray) -> LazyText:
        """Return which caps the weights ``seen`` (N,) broke."""
        return partial(describe_broken_caps, self.market.assets, seen, self.terms.caps)

    def drift_reason(self, seen: FloatArray, absolute: float, relative: float) -> LazyText:
        """Return which asset had left its band at weights ``seen`` (N,)."""
        return partial(describe_drift, self.market.assets, seen, self.drift_base, absolute, relative)

    def untradable(self, row: int, target: FloatArray) -> BoolArray:
        """Return (N,) which assets are to be traded towards ``target`` but have no close at ``row`` (S9)."""
        stuck: BoolArray = ~self.fresh(row) & self.market.listed[row] & ((self.units != 0.0) | (target > 0.0))
        return stuck

    def asset_mask(self, assets: list[int] | IntArray) -> BoolArray:
        """Return (N,) a mask of ``assets``."""
        active = np.zeros_like(self.no_assets)
        active[assets] = True
        return active

    def reallocate_target(self, j: int, heirs: FloatArray) -> None:
        """Let what asset ``j`` weighs, in the targets and where drift begins, go to ``heirs``, or to cash."""
        self.target, self.drift_base = (
            self._reallocate(self.target, j, heirs),
            self._reallocate(self.drift_base, j, heirs),
        )

    def among_tradable(self, row: int, shares: FloatArray) -> FloatArray:
        """Return ``shares`` over the assets that can be traded at ``row``, summing to 1, or all zero."""
        return kernel.normalise_among(self.fresh(row), shares)

    def weights(self, row: int) -> FloatArray:
        """Return (N,) weights now, at the last prices of ``row``; zeros for an account worth nothing."""
        return kernel.portfolio_weights(self.units, self.market.prices[row], self.value(row))

    def _reallocate(self, weights: FloatArray, j: int, heirs: FloatArray) -> FloatArray:
        """Return ``weights`` with that of asset ``j`` gone to ``heirs``."""
        moved: FloatArray = weights + weights[j] * heirs
        moved[j] = 0.0
        return moved

    def _unaffordable_note(self) -> Iterable[str]:
        if self.unaffordable_rows:
            first, count = self.market.dates[self.unaffordable_rows[0]], len(self.unaffordable_rows)
            sets = "set" if count == 1 else "sets"
            yield (
                f"Costs would have eaten {count} {sets} of orders, the first on {first}; they were left out. "
                "The account is small for this tariff."
            )

    def _stack_rows(self, rows: list[FloatArray]) -> FloatArray:
        return read_only(np.array(rows).reshape(len(rows), len(self.market.assets)))
