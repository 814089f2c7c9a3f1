"""From a config, a file of holdings and the flags of a command to a plan of orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final, Generic

import numpy as np

from engine.analysis.portfolio_market import PortfolioMarket
from engine.backtest.config import RunConfig
from engine.backtest.plan_words.schedule import rule_words
from engine.backtest.prices import LoadedPrices, load_prices
from engine.core.errors import DataError
from engine.data.market import Market
from engine.data.sources.exchange_calendar import exchange_sessions
from engine.depot.flag_values import read_day, read_money
from engine.depot.holdings import read_holdings
from engine.depot.orders.coming_decisions import coming_decisions
from engine.depot.orders.exchange_rates import ExchangeRates, Rate, parse_rates
from engine.depot.orders.kept_inside import refuse_kept_inside
from engine.depot.orders.open_orders import read_pending
from engine.depot.orders.order_flags import OrderFlags
from engine.depot.orders.order_plan import OrderPlan, OrderRequest
from engine.depot.orders.order_warnings import list_foremost, list_warnings, value_of_unknown
from engine.depot.orders.own_depot import OwnDepot, identifiers_of, read_depot
from engine.depot.orders.plan_orders import plan_orders
from engine.depot.orders.price_checks import SharePrice, check_file_prices
from engine.depot.orders.sizing_prices import GivenPrice, currencies_of, read_sizing_prices, split_stale, to_account
from engine.depot.orders.state_file import read_state
from engine.depot.orders.unknown_sales import unknown_sales, with_given_prices
from engine.portfolio.policy import PolicyT

_LOOK_AHEAD = np.timedelta64(30, "D")
_NO_OTHERS = ("assumed: no other orders are open",)
_FAR: Final = 1.2
"""How many times a last close a price may be, or the other way round, before it is asked about."""
_AGENDA, _AGENDA_DAYS = 5, np.timedelta64(2200, "D")


@dataclass(frozen=True)
class _OrderQuestion(Generic[PolicyT]):
    """What is asked, of which plan, for which session."""

    config: RunConfig[PolicyT]
    flags: OrderFlags
    day: np.datetime64
    rates: ExchangeRates


@dataclass(frozen=True)
class OrderAnswer:
    """A plan of orders, the depot it is for, and what is told beside them.

    ``rates`` by ticker are those of assets in other currencies; ``preview`` is what ``--now`` would do where nothing is
    due; ``coming`` are days and reasons of the next decisions; ``unknown_values`` [currency] are those of
    ``depot.unknown``, None without a price; ``sha256`` of config, data and holdings;
    ``foremost`` are those of the ``warnings`` that are to be read before any order; ``rule`` is when the plan trades,
    in words.
    """

    plan: OrderPlan
    depot: OwnDepot
    rates: Mapping[str, Rate]
    preview: OrderPlan | None
    coming: tuple[tuple[str, str], ...]
    assumptions: tuple[str, ...]
    foremost: tuple[str, ...]
    warnings: tuple[str, ...]
    unknown_values: tuple[float | None, ...]
    sha256: Mapping[str, str]
    exchange: str
    rule: str


def answer_orders(config: RunConfig[PolicyT], holdings: Path, flags: OrderFlags) -> OrderAnswer:
    """Return the orders of ``config`` for the depot in the file ``holdings``, and everything that is told of them.

    A day without a session stands for the next with one.

    Raises
    ------
    DataError
        For a file that cannot be read, prices that are missing, old or of other shares, rates that nobody knows.

    """
    day = _order_session(config.data.calendar, flags.as_of)
    account, max_age = config.account.currency, config.orders.max_age
    rates = ExchangeRates(account, parse_rates(flags.fx), config.data.fx, day, max_age)
    asked = _OrderQuestion(config, flags, day, rates)
    depot = _own_depot(asked, holdings)
    prices = load_prices(_until(config, day))
    given, told = _given_prices(config, flags, day)
    _require_usable(asked, depot, prices.market, given)
    values = _unknown_values(asked, depot)
    request = _request(asked, depot, prices, given, values)
    sessions = prices.sessions_of(config.strategy)
    plan = _with_price_days(plan_orders(config, sessions, request), sessions.market, given)
    sized = {one.ticker: SharePrice(one.price, one.price_date) for one in plan.positions}
    check_file_prices(depot.path, depot.positions, sized, rates)
    preview, refused = _preview(config, sessions, request, plan)
    market = sessions.market
    foremost = list_foremost(config, plan, depot, rates)
    return OrderAnswer(
        plan=plan,
        depot=depot,
        rates=_rates_of(market, plan, rates),
        preview=preview,
        coming=_coming(config, sessions, plan) if flags.agenda else (),
        assumptions=(*depot.notes, *(f"assumed: {one}" for one in plan.notes), *_NO_OTHERS[bool(flags.pending) :]),
        foremost=foremost,
        warnings=(
            *foremost,
            *_moved(flags.as_of, day, config.data.calendar),
            *told,
            *_far_from_last_closes(market, plan, given),
            *_waiting(plan, max_age),
            *list_warnings(config, plan, depot, market, rates),
            *refused,
        ),
        unknown_values=values,
        sha256={"config": config.sha256(), "data": market.provenance.sha256, "holdings": depot.sha256},
        exchange=config.data.calendar,
        rule=rule_words(config.model_dump(mode="json", include={"strategy"})["strategy"]),
    )


def _own_depot(asked: _OrderQuestion[PolicyT], holdings: Path) -> OwnDepot:
    """Return what a file says is held, with the cash and the settled cash that stand for those of the file."""
    flags = asked.flags
    money, cash_row = _money_or_row(flags.cash)
    found = read_holdings(str(holdings), flags.layout, account=flags.account, cash_account=cash_row)
    depot = read_depot(asked.config, found, money, asked.rates)
    return depot if flags.settled_cash is None else replace(depot, settled=flags.settled_cash)


def _require_usable(
    asked: _OrderQuestion[PolicyT], depot: OwnDepot, market: Market, given: Mapping[str, GivenPrice]
) -> None:
    """Raise DataError where nobody could trade at the closes, or where they are too old."""
    config, day = asked.config, asked.day
    _refuse_adjusted(market, day, sorted(depot.held.keys() - given.keys()))
    refuse_kept_inside(_until(config, day), market, set(config.strategy.tickers) - given.keys())
    if not given and not asked.flags.stale_ok:
        _refuse_old(market, day, config.orders.max_age)


def _unknown_values(asked: _OrderQuestion[PolicyT], depot: OwnDepot) -> tuple[float | None, ...]:
    """Return what each position is worth that the plan does not name [currency], None without a price."""
    values = tuple(value_of_unknown(one, asked.rates) for one in depot.unknown)
    if asked.config.orders.unknown != "sell":
        return values
    return with_given_prices(depot.unknown, values, asked.flags.prices, asked.rates)


def _request(
    asked: _OrderQuestion[PolicyT],
    depot: OwnDepot,
    prices: LoadedPrices,
    given: Mapping[str, GivenPrice],
    values: Sequence[float | None],
) -> OrderRequest:
    """Return what the plan is asked: the flags in its own words, with the files that they name."""
    config, flags = asked.config, asked.flags
    codes = identifiers_of(config)
    return OrderRequest(
        day=asked.day,
        held=depot.held,
        cash=depot.cash,
        prices=_in_own_money(config, prices.market, given, asked.rates),
        flow=flags.flow,
        now=flags.now,
        exact=flags.exact,
        saved=None if flags.state is None else read_state(flags.state, config.sha256()),
        rates=asked.rates.all_typed(),
        stale_ok=flags.stale_ok,
        positions=depot.positions,
        taxation=prices.taxation,
        pending=() if flags.pending is None else read_pending(flags.pending, codes, depot.held),
        settled=depot.settled,
        best=flags.rounding == "best",
        fewest=flags.fewest,
        sales=unknown_sales(depot.path, depot.unknown, values) if config.orders.unknown == "sell" else (),
    )


def _preview(
    config: RunConfig[PolicyT], sessions: PortfolioMarket, request: OrderRequest, plan: OrderPlan
) -> tuple[OrderPlan | None, tuple[str, ...]]:
    """Return what ``--now`` would do where nothing is due, and why it cannot where it cannot."""
    if plan.due:
        return None, ()
    try:
        return plan_orders(config, sessions, request._replace(now=True)), ()
    except DataError as error:
        return None, (f"--now would end with: {error}",)


def _until(config: RunConfig[PolicyT], day: np.datetime64) -> RunConfig[PolicyT]:
    """Return the config with all prices up to ``day``, whatever its window ends with."""
    return config.model_copy(update={"window": config.window.model_copy(update={"end": day.astype(dt.date)})})


def _refuse_adjusted(market: Market, day: np.datetime64, tickers: Sequence[str]) -> None:
    """Raise DataError where adjusted closes go on to ``day``: those before it are none at which anybody could trade."""
    source = market.provenance
    if tickers and source.closes == "adjusted" and market.dates[-1] >= day:
        found = f"found adjusted closes that go on to {market.dates[-1]}, expected closes as traded for orders of {day}"
        remedy = f"name a source of these, or give the prices of {', '.join(tickers)} by --prices FILE"
        raise DataError(f"{source.source}: {found}; {remedy}")


def _refuse_old(market: Market, day: np.datetime64, max_age: int) -> None:
    """Raise DataError where the last closes of all assets are too old for orders of ``day``, in one line."""
    last = market.dates[market.dates < day][-1:]
    if len(last) and int(np.busday_count(last[0], day)) - 1 > max_age:
        found = f"found closes up to {last[0]}, expected some of the {max_age} weekdays before {day} (orders.max_age)"
        source, remedy = market.provenance.source, "fetch newer ones, or give the prices of today by --prices FILE"
        raise DataError(f"{source}: {found}; {remedy}")


def _order_session(exchange: str, as_of: str) -> np.datetime64:
    """Return the first session on or after a day."""
    day = np.datetime64(read_day("--as-of", as_of))
    found = exchange_sessions(exchange, day, day + _LOOK_AHEAD)
    if not len(found):
        raise DataError(f"--as-of: found {as_of}, and {exchange} has no session within a month after it; name another")
    return np.datetime64(found[0])


def _moved(as_of: str, day: np.datetime64, exchange: str) -> list[str]:
    if dt.date.fromisoformat(as_of) == day:
        return []
    return [f"{exchange} is closed on {as_of}; the orders are of its next session, {day}"]


def _money_or_row(text: str) -> tuple[Decimal | None, str]:
    """Return the money that ``--cash`` states, or the row of a statement that it names.

    A name has no digit at its beginning, so that a sum that is written wrongly is not taken for one.
    """
    if not text.strip():
        return None, ""
    name = text.strip()
    if not (name[0].isdigit() or name[0] in "+-.," or name.casefold() in {"nan", "inf", "infinity"}):
        return None, name
    return read_money("--cash", text, ", or the name of a row"), ""


def _given_prices(
    config: RunConfig[PolicyT], flags: OrderFlags, day: np.datetime64
) -> tuple[Mapping[str, GivenPrice], tuple[str, ...]]:
    """Return the prices of ``--prices`` by ticker, and what is told of them."""
    if flags.prices is None:
        return {}, ()
    given, notes = read_sizing_prices(flags.prices, identifiers_of(config))
    fresh, stale = split_stale(flags.prices, given, day, config.orders.max_age, stale_ok=flags.stale_ok)
    undated = sorted(ticker for ticker, one in fresh.items() if one.date is None)
    of_today = (f"--prices: {', '.join(undated)}: without a date, taken as of {day}",) if undated else ()
    return fresh, (*notes, *stale, *of_today)


def _in_own_money(
    config: RunConfig[PolicyT], market: Market, given: Mapping[str, GivenPrice], rates: ExchangeRates
) -> Mapping[str, float]:
    """Return given prices in money of the account: each is in its own currency, or in that of the asset's closes."""
    own = config.account.currency
    listed = dict(zip(market.assets, market.currencies or (own,) * len(market.assets), strict=True))
    used = currencies_of(given.values()) | {listed[ticker] for ticker, one in given.items() if not one.currency}
    return to_account(given, listed, {code: rates.factor(code) for code in used})


def _with_price_days(plan: OrderPlan, market: Market, given: Mapping[str, GivenPrice]) -> OrderPlan:
    """Return the plan with the day of each price: that of the last close, or what ``--prices`` says of it."""
    row = int(np.searchsorted(market.dates, np.datetime64(plan.decided_on)))

    def day_of(ticker: str) -> str:
        if ticker in given:
            return str(given[ticker].date or plan.day)
        age = int(market.age[row, market.columns[ticker]])
        return str(market.dates[row - age]) if age >= 0 else ""

    return replace(plan, positions=tuple(replace(one, price_date=day_of(one.ticker)) for one in plan.positions))


def _far_from_last_closes(market: Market, plan: OrderPlan, given: Mapping[str, GivenPrice]) -> list[str]:
    """Say which given prices are so far from the last closes as traded that they may be mistyped."""
    row, told = int(np.searchsorted(market.dates, np.datetime64(plan.decided_on))), list[str]()
    for one in plan.positions:
        j = market.columns[one.ticker]
        age = int(market.age[row, j])
        if one.ticker not in given or age < 0:
            continue
        close = float(market.share_prices[row, j])
        if not 1.0 / _FAR <= one.price / close <= _FAR:
            found = f"{one.price:,.2f} {plan.currency} is {one.price / close:.3g} times the last close, {close:,.2f}"
            told.append(
                f"--prices: {one.ticker}: {found} of {market.dates[row - age]}; if it is mistyped, order nothing"
            )
    return told


def _rates_of(market: Market, plan: OrderPlan, rates: ExchangeRates) -> Mapping[str, Rate]:
    """Return by ticker the rate in each price that is not in the account's currency."""
    found: dict[str, Rate] = {}
    for one in plan.positions:
        j = market.columns[one.ticker]
        if market.foreign[j]:
            currency = market.currencies[j]
            found[one.ticker] = rates.typed(currency) or rates.fixed(currency, np.datetime64(plan.decided_on))
    return found


def _waiting(plan: OrderPlan, max_age: int) -> list[str]:
    """Say which assets have no price that is fresh enough to trade at."""
    old = [
        f"{one.ticker} (last close {one.price_date})"
        for one in plan.positions
        if one.units and one.price_date and int(np.busday_count(one.price_date, plan.day)) - 1 > max_age
    ]
    return [f"waits for a price, and is neither bought nor sold: {', '.join(old)}"] if old else []


def _coming(config: RunConfig[PolicyT], sessions: PortfolioMarket, plan: OrderPlan) -> tuple[tuple[str, str], ...]:
    """Return the next decisions of the calendar after the session of the orders."""
    market = sessions.market.truncate(np.datetime64(plan.decided_on))
    known, delay = sessions._replace(market=market), config.account.fill_delay
    opened, exchange = plan.after.opened, config.data.calendar
    found = coming_decisions(known, config.strategy, opened, exchange, _AGENDA_DAYS, delay=delay)
    return tuple(one for one in found if one[0] > plan.day)[:_AGENDA]
