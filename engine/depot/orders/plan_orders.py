"""``plan_orders``: a config, a file of holdings and a day; out come the orders that the tested rule asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from engine.analysis.portfolio_market import PortfolioMarket
from engine.backtest.config import RunConfig
from engine.core.arrays import FloatArray
from engine.data.market import Market
from engine.data.sources.exchange_calendar import exchange_sessions
from engine.depot.orders.closeness import BestChoice
from engine.depot.orders.coming_decisions import next_decision
from engine.depot.orders.decision import PlannedTrades, PlanTerms, plan_trades
from engine.depot.orders.left_out import left_out_by_run, require_reserve
from engine.depot.orders.open_orders import cash_bound, net_open_sales, note_pending, shares_waiting
from engine.depot.orders.order_fees import OrderFees
from engine.depot.orders.order_plan import OrderPlan, OrderRequest, PlannedPosition
from engine.depot.orders.order_session import append_order_session
from engine.depot.orders.order_terms import OrderTerms, terms_of_orders
from engine.depot.orders.own_lots import AccountHoldings, OwnLot, Realised, gains_of_oldest, lots_by_ticker
from engine.depot.orders.rounding import is_settled, with_exact
from engine.depot.orders.sized_orders import Fee, SizedOrder, SizedOrders, TaxAtOnce, Wanted
from engine.depot.orders.sizing import SizingChoices, size_orders
from engine.depot.orders.unknown_sales import (
    add_sales,
    of_the_plan,
    proceeds_of,
    tax_of_the_plan,
    wanted_sales,
)
from engine.depot.whole_holdings import allow_fractions_held
from engine.portfolio.account import Account
from engine.portfolio.policy import PolicyT
from engine.simulation import market_memory
from engine.simulation.account_state import AccountState
from engine.simulation.kernel.valuation import account_value, portfolio_weights

_MONTH: Final = np.timedelta64(30, "D")


@dataclass(frozen=True)
class _OwnAccount:
    """One's own account at the session of the orders, the last one of ``market``, in shares of that day.

    ``units`` (N,) [shares] with what open purchases bring, ``waiting`` by ticker what is in open orders; ``cash``
    [currency] without what they bind; ``brought`` by sales of what the plan does not name [currency], and ``bound`` by
    open purchases; ``lots`` by ticker and what is ``told`` of them.
    """

    market: Market
    terms: OrderTerms
    plan: PlanTerms
    waiting: Mapping[str, float]
    units: FloatArray
    cash: float
    bound: float
    brought: float
    lots: Mapping[str, tuple[OwnLot, ...]]
    told: tuple[str, ...]


@dataclass(frozen=True)
class _RuleDecision:
    """What the rule wants traded, and the money that there is: ``value`` and ``cash`` before it, ``tax_before``."""

    planned: PlannedTrades
    value: float
    cash: float
    tax_before: float


def plan_orders(config: RunConfig[PolicyT], sessions: PortfolioMarket, request: OrderRequest) -> OrderPlan:
    """Return the orders of ``config`` for one depot.

    Raises
    ------
    DataError
        When a price is missing or older than ``orders.max_age``, or there is nothing to plan with.

    """
    own = _own_account(config, sessions, request)
    decided = _decide(own, request)
    planned, market = decided.planned, own.market
    sized = _size(config, own, request, decided, _want(config, own, request, decided))
    realised, after = _once_filled(planned, of_the_plan(sized.orders, market.columns), own.lots)
    opened = market.dates[own.plan.setup(market).opening]
    known, delay = sessions._replace(market=market), config.account.fill_delay
    coming = next_decision(known, config.strategy, opened, config.data.calendar, delay)
    return OrderPlan(
        name=config.name,
        day=str(planned.day),
        decided_on=str(market.dates[-2]),
        currency=market.currency,
        value=decided.value,
        cash=decided.cash,
        due=planned.due,
        next_day=coming[0],
        next_reason=coming[1],
        positions=tuple(_positions(market, config.strategy.tickers, planned, own.units, decided.value, sized)),
        sized=sized,
        flow=request.flow,
        notes=(*planned.assumptions, *own.told, *_tax_notes(planned, market, decided.tax_before)),
        after=after,
        realised=realised,
        tax_before=decided.tax_before,
        taxed=request.taxation is not None,
    )


def _own_account(config: RunConfig[PolicyT], sessions: PortfolioMarket, request: OrderRequest) -> _OwnAccount:
    """Return the account at the session of the orders, and by what terms it trades."""
    market = append_order_session(sessions.market, config, request)
    waiting = shares_waiting(request.pending)
    owned = {ticker: request.held.get(ticker, 0.0) + max(waiting.get(ticker, 0.0), 0.0) for ticker in market.assets}
    units, terms = np.array(list(owned.values())), terms_of_orders(config, exact=request.exact)
    lots, told = lots_by_ticker(request.positions, market)
    account = _account_terms(config, market, terms, units)
    costs = config.costs.cost_table(market.assets, market.foreign)
    following = _session_after(request.day, config.data.calendar)
    plan = PlanTerms(config.strategy, account, costs, sessions.start, request.taxation, following)
    usual = _fees_of(market, plan, frozenset())
    bound = cash_bound(request.pending, usual)
    brought = proceeds_of(request.sales, add_sales(usual, config, request.sales))
    return _OwnAccount(market, terms, plan, waiting, units, request.cash - bound, bound, brought, lots, told)


def _decide(own: _OwnAccount, request: OrderRequest) -> _RuleDecision:
    """Ask the rule what it trades at the session; answered in shares and prices of that day."""
    market, shares = own.market, own.market.shares_at(-1)
    bought = {market.columns[ticker]: held for ticker, held in own.lots.items()}
    there = np.array([request.held.get(ticker, 0.0) for ticker in market.assets])
    held = AccountHoldings(own.units / shares, own.cash + own.brought, bought, there / shares)
    planned = plan_trades(market, own.plan, held, request.saved, flow=request.flow, now=request.now)
    planned = replace(planned, trades=planned.trades * shares, prices=planned.prices / shares)
    cash = own.cash + request.flow - planned.yearly_fee
    return _RuleDecision(planned, account_value(own.units, planned.prices, cash), cash, _tax_before(planned))


def _want(config: RunConfig[PolicyT], own: _OwnAccount, request: OrderRequest, decided: _RuleDecision) -> list[Wanted]:
    """Return what the rule trades as orders that are not yet rounded, none for what is settled already."""
    planned, money = decided.planned, decided.value + own.brought - decided.tax_before
    wanted = _wanted(config, own.market, planned, request, own.waiting)
    if own.plan.account.shares == "whole" and planned.aim == "weights" and not request.pending:
        wanted = with_exact(wanted, money - float(planned.fees.sum()))
    if not request.exact and planned.due and is_settled(wanted, money, own.terms):
        wanted = [one._replace(units=0.0) for one in wanted]
    return wanted + wanted_sales(config, request.sales) if planned.due else wanted


def _size(
    config: RunConfig[PolicyT],
    own: _OwnAccount,
    request: OrderRequest,
    decided: _RuleDecision,
    wanted: Sequence[Wanted],
) -> SizedOrders:
    """Return the orders that are placed, paid by the cash there is; raises DataError where the reserve is touched."""
    planned, market, terms = decided.planned, own.market, own.terms
    cash = decided.cash - decided.tax_before
    fees = add_sales(_fees_of(market, own.plan, planned.saved_up), config, request.sales)
    tax = tax_of_the_plan(_tax_at_once(planned, market, fees), market.columns)
    netted, told = net_open_sales(wanted, cash - terms.reserve, fees)
    settled = None if request.settled is None else request.settled - own.bound + request.flow
    choices = SizingChoices(settled, _best_choice(request, planned, netted))
    sized = note_pending(size_orders(netted, cash, terms, fees, tax=tax, choices=choices), request.pending, told)
    by_run = left_out_by_run(planned, market, own.units, decided.value)
    sized = replace(sized, left_out=(*by_run, *sized.left_out))
    if any(one.units for one in netted):
        require_reserve(sized, terms.reserve, planned.day)
    return sized


def _account_terms(config: RunConfig[PolicyT], market: Market, terms: OrderTerms, units: FloatArray) -> Account:
    """Return how the rule trades: in fractions where those are held or bought, which orders round afterwards (S10)."""
    account = allow_fractions_held(config.account, units)
    if all(terms.shares_of(ticker).whole for ticker in market.assets):
        return account
    return account.model_copy(update={"shares": "fractional"})


def _session_after(day: np.datetime64, exchange: str) -> np.datetime64:
    """Return the session after that of the orders: only then is it known whether a year ends with it."""
    return np.datetime64(exchange_sessions(exchange, day + 1, day + _MONTH)[0])


def _tax_before(planned: PlannedTrades) -> float:
    """Return the taxes that are due before anything is ordered [currency]; what comes back is not counted on."""
    return 0.0 if planned.taxes is None else max(planned.taxes.paid, 0.0)


def _once_filled(
    planned: PlannedTrades, orders: Sequence[SizedOrder], lots: Mapping[str, Sequence[OwnLot]]
) -> tuple[Mapping[str, Realised], AccountState]:
    """Return what sales realise by ticker, and what is to be remembered once all ``orders`` are filled."""
    if planned.taxes is None:
        return gains_of_oldest(orders, lots), planned.after
    realised, booked = planned.taxes.realise(orders)
    return realised, replace(planned.after, tax=booked)


def _tax_at_once(planned: PlannedTrades, market: Market, fee: Fee) -> TaxAtOnce | None:
    """Return what orders are taxed at once, None without a law."""
    taxes = planned.taxes
    if taxes is None:
        return None

    def tax(quantities: Mapping[str, float]) -> float:
        prices = {ticker: float(planned.prices[market.columns[ticker]]) for ticker in quantities}
        fees = {ticker: fee(ticker, abs(units) * prices[ticker]) for ticker, units in quantities.items()}
        return taxes.of_orders(quantities, fees)

    return tax


def _tax_notes(planned: PlannedTrades, market: Market, tax_before: float) -> Iterable[str]:
    """Yield what else taxes ask for on the day of the orders."""
    if tax_before > 0.0:
        yield f"{tax_before:,.2f} {market.currency} of taxes are due on {planned.day} before anything is ordered"
    shares = market.shares_at(-1)
    renewed = [f"{units * shares[j]:,.6g} {market.assets[j]}" for j, units in planned.renewed.items()]
    if renewed:
        names = ", ".join(renewed)
        yield f"for its taxes the plan also sells {names} on {planned.day} and buys it back: not ordered here"


def _fees_of(market: Market, plan: PlanTerms, saved_up: frozenset[str]) -> OrderFees:
    """Return what orders of the last session cost; what is ``saved_up`` costs what savings plans do."""
    quotes = market_memory.quotes_at(market_memory.recall(market).arrays, len(market.dates) - 1)
    return OrderFees(market.columns, quotes, plan.costs.of_orders(), plan.costs.savings_plan, saved_up)


def _best_choice(request: OrderRequest, planned: PlannedTrades, wanted: Sequence[Wanted]) -> BestChoice | None:
    """Return what orders may come closest to, None for rounding as it was tested.

    Where orders are open, or nothing is to be traded, the rule's own trades are all that there is to come close to.
    """
    if not request.best and request.fewest is None:
        return None
    idle = request.pending or not any(one.units for one in wanted)
    return BestChoice("trades" if idle else planned.aim, request.fewest)


def _wanted(
    config: RunConfig[PolicyT],
    market: Market,
    planned: PlannedTrades,
    request: OrderRequest,
    waiting: Mapping[str, float],
) -> list[Wanted]:
    spreads, fresh = config.costs.spreads(market.assets), market.age[-1] == 0
    return [
        Wanted(
            ticker,
            float(planned.trades[j]),
            float(planned.prices[j]),
            request.held.get(ticker, 0.0),
            float(planned.targets[j]),
            float(spreads[j]),
            float(planned.caps[j]),
            planned.reasons.get(j, ""),
            waiting.get(ticker, 0.0),
            bool(fresh[j]),
            bool(fresh[j]) and not (planned.never_sold is not None and planned.never_sold[j]),
        )
        for ticker, j in sorted((ticker, market.columns[ticker]) for ticker in config.strategy.tickers)
        if planned.prices[j] > 0.0  # what was never priced is neither held nor traded
    ]


def _positions(
    market: Market,
    tickers: Sequence[str],
    planned: PlannedTrades,
    units: FloatArray,
    value: float,
    sized: SizedOrders,
) -> list[PlannedPosition]:
    weights = portfolio_weights(units, planned.prices, value)
    after = units.copy()
    for order in of_the_plan(sized.orders, market.columns):
        after[market.columns[order.ticker]] += order.signed
    reached = portfolio_weights(after, planned.prices, account_value(after, planned.prices, sized.cash))
    last = len(market.dates) - 1
    return [
        PlannedPosition(
            ticker,
            float(units[j]),
            float(planned.prices[j]),
            str(market.dates[last - 1 - int(market.age[last - 1, j])]),
            float(weights[j]),
            float(planned.targets[j]),
            float(reached[j]),
            float(planned.caps[j]) if np.isfinite(planned.caps[j]) else None,
            float(weights[j] - planned.drift_base[j]),
        )
        for ticker, j in sorted((ticker, market.columns[ticker]) for ticker in tickers)
    ]
