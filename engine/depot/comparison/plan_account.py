"""What the plan would have done with the same money, run by the engine, as a list of bookings."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from engine.backtest.config import RunConfig
from engine.core.arrays import FloatArray
from engine.core.errors import AccountError
from engine.data.market import Market
from engine.depot.comparison.asset_prices import AssetPrices
from engine.depot.comparison.exact import ZERO, Bookings, CashKind, ExactCash, ExactTrade, as_price, as_printed
from engine.depot.comparison.own_account import OwnAccount
from engine.depot.whole_holdings import allow_fractions_held
from engine.portfolio.cash_flow_plans import SessionFlow
from engine.portfolio.policy import PolicyT
from engine.simulation.account_state import AccountState, restore, state_before
from engine.simulation.kernel.valuation import account_value
from engine.simulation.ledger import Ledger
from engine.simulation.run_setup import AS_WRITTEN, RunSetup
from engine.simulation.spine import Spine
from engine.tax.book import Taxation

_ROUNDING: Final = 1e-12
"""How much more a unit may be from one session to the next and nothing was reinvested."""


@dataclass(frozen=True)
class PlanRun:
    """The plan's ledger, which begins ``skip`` sessions before the comparison does.

    ``units`` (T, N) held at each close of the ledger, what was held at the start included.
    """

    ledger: Ledger
    skip: int
    units: FloatArray

    @property
    def value(self) -> FloatArray:
        """(T,) at each close from the start on [currency]."""
        return self.ledger.value[self.skip :]

    @property
    def before(self) -> FloatArray:
        """(T,) at sessions with a flow, before it and any trade [currency]."""
        return self.ledger.before_flows[self.skip :]


def opening_row(config: RunConfig[PolicyT], market: Market, start: int) -> int | None:
    """Return the first session from ``start`` on at which the plan can open."""
    return market.first_close_row(config.strategy.opening_tickers(), start)


def run_plan(
    config: RunConfig[PolicyT],
    market: Market,
    own: OwnAccount,
    held: FloatArray | None = None,
    taxation: Taxation | None = None,
) -> PlanRun:
    """Run the plan from the start of one's ``own`` account, with its opening value or what is ``held``, and its flows.

    ``held`` (N,) are units of ``market``, None where the plan opens with money. Raises AccountError where the plan
    could not have paid out what was.
    """
    start = own.start
    setup = _setup(config, market, own, start, taxation)
    if held is None:
        spine = Spine.open(setup)
        row = start
    else:
        row, spine = start, _take_over(config, market, own, held)
    sessions = len(market.dates)
    remedy = "compare up to an earlier day (--end)"
    try:
        while row < sessions and spine.state.last_withdrawal is None:
            spine.trade(row)
            row = spine.advance(row, sessions)
    except AccountError as error:
        found = str(error).partition("; ")[0]  # without what a run could do about it: its flows are those of a depot
        raise AccountError(f"the plan could not have paid out what you did: {found}; {remedy}") from None
    if spine.state.last_withdrawal is not None:
        raise AccountError(f"on {market.dates[row - 1]} you paid out all that the plan had; {remedy}")
    opening = spine.setup.opening
    return PlanRun(spine.state.to_ledger(sessions), start - opening, spine.state.history.units[opening:])


def _setup(
    config: RunConfig[PolicyT], market: Market, own: OwnAccount, start: int, taxation: Taxation | None = None
) -> RunSetup:
    capital = max(float(own.opening_value), 0.01)
    account = config.account.model_copy(update={"capital": capital})
    costs = config.costs.cost_table(market.assets, market.foreign)
    setup = RunSetup.build(market, config.strategy, account, costs, start, AS_WRITTEN, taxation)
    return setup._replace(flows={row: SessionFlow(float(money)) for row, money in own.flows.items()})


def _take_over(config: RunConfig[PolicyT], market: Market, own: OwnAccount, held: FloatArray) -> Spine:
    """Return a run that goes on with what is ``held``, under the targets that the plan's own run has then."""
    first = int(np.searchsorted(market.dates, np.datetime64(config.window.start or market.dates[0])))
    first = opening_row(config, market, first) or 0
    cash, before = float(own.shared_cash), own.start - 1
    account = allow_fractions_held(config.account, held * market.shares_at(own.start))
    config = config.model_copy(update={"account": account})
    if first >= own.start:  # the plan begins here: its opening rebalances what is there
        spine = Spine.open(_setup(config, market, own, own.start))
        spine.state.units[:], spine.state.cash = held, cash
        return spine
    planned = state_before(Spine.open(_setup(config, market, own, first)._replace(flows={})), own.start)
    spine = Spine.open(_setup(config, market, own, first))
    restore(spine, _with_holdings(planned, market, before, held, cash))
    return spine


def _with_holdings(planned: AccountState, market: Market, before: int, held: FloatArray, cash: float) -> AccountState:
    """Return the plan's state with other holdings, from whose targets drift is measured."""
    untouched = np.full(len(held), -1)
    values = [account_value(held, market.prices[max(before - back, 0)], cash) for back in range(2)]
    return dataclasses.replace(
        planned,
        units=held,
        cash=cash,
        drift_base=planned.target,
        waits=untouched,
        scaled_down=np.zeros(len(held), dtype=np.bool_),
        barred=untouched,
        values=np.array(values),
        cash_before=np.array([cash, cash]),
        units_before=np.stack([held, held]),
        response=None,
    )


def list_bookings(run: PlanRun, prices: AssetPrices) -> Bookings:
    """Return what the plan did as a broker would print it: shares and closes of the day, with all their digits.

    Where its dividends are reinvested, they are paid, and buy more at the ex-day's close free of cost.
    """
    market, ledger = prices.market, run.ledger
    first = ledger.opening_row(market.planned)
    trades, cash = list[ExactTrade](), list[ExactCash]()
    for event in range(len(ledger.rows)):
        row = first + int(ledger.rows[event])
        if int(ledger.rows[event]) < run.skip:
            continue
        trades += [_trade(prices, row, j, ledger, event) for j in np.flatnonzero(ledger.trades[event]).tolist()]
    reinvested = list(_reinvested(run, prices)) if market.reinvests else []
    cash += [ExactCash(one.row, "dividend", one.ticker, one.quantity * one.price) for one in reinvested]
    cash += _paid(run, prices)
    return Bookings(tuple(trades), tuple(cash), tuple(reinvested))


def _trade(prices: AssetPrices, row: int, j: int, ledger: Ledger, event: int) -> ExactTrade:
    market = prices.market
    ticker, planned = market.planned.assets[j], market.planned.shares_at(row)[j]
    quantity = _units(prices, ticker, row, float(ledger.trades[event, j] * planned))
    filled = float(ledger.prices[event, j])
    price = prices.close(ticker, row)
    if filled != float(market.planned.prices[row, j]):  # what a delisting paid
        price = as_price(filled / float(planned)) * prices.shares(ticker, row)
    return ExactTrade(row, ticker, quantity, price, as_printed(float(ledger.costs[event, j])))


def _units(prices: AssetPrices, ticker: str, row: int, count: float) -> Fraction:
    """Return units of what are so many shares of the day."""
    return as_printed(count) / prices.shares(ticker, row)


def _reinvested(run: PlanRun, prices: AssetPrices) -> list[ExactTrade]:
    """Return the purchases by which a unit of the plan's market became more shares than splits made of it."""
    market, ledger = prices.market, run.ledger
    first, bought = ledger.opening_row(market.planned), []
    for t in range(run.skip + 1, len(ledger.dates)):
        row = first + t
        split = market.traded.shares_at(row) / market.traded.shares_at(row - 1)
        without = market.planned.shares_at(row - 1) * split
        more = market.planned.shares_at(row) - without
        held = run.units[t - 1]
        for j in np.flatnonzero((held != 0.0) & (np.abs(more) > _ROUNDING * without)).tolist():
            ticker = market.planned.assets[j]
            quantity = _units(prices, ticker, row, float(held[j] * more[j]))
            bought.append(ExactTrade(row, ticker, quantity, prices.close(ticker, row)))
    return bought


def _paid(run: PlanRun, prices: AssetPrices) -> list[ExactCash]:
    """Return dividends that are paid in cash, interest and yearly fees."""
    planned, ledger = prices.market.planned, run.ledger
    first, paid = ledger.opening_row(planned), defaultdict[tuple[int, CashKind, str], Fraction](lambda: ZERO)
    for t in range(run.skip, len(ledger.dates)):
        row = first + t
        if t > run.skip:
            if interest := float(ledger.cash[t - 1] * planned.cash_rate[row]):
                paid[row, "interest", ""] += as_printed(interest)
            if planned.dividends is not None:
                for j in np.flatnonzero((run.units[t - 1] != 0.0) & (planned.dividends[row] != 0.0)).tolist():
                    money = float(run.units[t - 1, j] * planned.dividends[row, j])
                    paid[row, "dividend", planned.assets[j]] += as_printed(money)
        if ledger.fees[t]:
            paid[row, "fee", ""] -= as_printed(float(ledger.fees[t]))
    return [ExactCash(row, kind, ticker, money) for (row, kind, ticker), money in paid.items()]


def held_units(
    market: Market, opening: Mapping[str, Fraction], tickers: Collection[str], shares: FloatArray
) -> FloatArray:
    """Return (N,) units of ``market`` held of ``tickers``; ``shares`` (N,) of ``opening``'s units are one of them."""
    units = np.zeros(len(market.assets))
    for ticker, count in opening.items():
        if ticker in tickers:
            units[market.columns[ticker]] = float(count) / shares[market.columns[ticker]]
    return units
