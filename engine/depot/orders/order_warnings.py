"""What a reader of orders should know beside them: what is old, large, left out, or not as the plan assumes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from engine.backtest.config import RunConfig
from engine.core.errors import DataError
from engine.core.shortlist import shortlist
from engine.data.market import Market
from engine.data.sources.exchange_calendar import closes_early
from engine.depot.orders.exchange_rates import ExchangeRates
from engine.depot.orders.order_plan import OrderPlan
from engine.depot.orders.own_depot import OwnDepot
from engine.depot.orders.share_splits import are_splits
from engine.depot.records import Position
from engine.portfolio.costs import BrokerCosts
from engine.portfolio.policy import PolicyT
from engine.portfolio.tariffs import load_tariffs

_MUCH_UNKNOWN: Final = 0.05
_MOSTLY_UNKNOWN: Final = 0.5
"""Share of a depot from which on orders may be for another depot than is meant."""
_MANY: Final = 5
"""Orders left out of which each is told by itself."""
_OLD_FILE: Final = 3
_OTHER_SIZE: Final = 10.0
_SPARE_CASH: Final = 0.02
_YEAR: Final = re.compile(r"(?P<year>[0-9]{4})(-(?P<month>[0-9]{2}))?")


def list_warnings(
    config: RunConfig[PolicyT], plan: OrderPlan, depot: OwnDepot, market: Market, rates: ExchangeRates
) -> list[str]:
    """Return everything about orders that their reader should know, in one order for all outputs.

    What stands above all of it is :func:`list_foremost`.
    """
    return [
        *plan.sized.notes,
        *_unknown(config, plan, depot, rates),
        *_old_file(plan, depot, market),
        *_session(config, plan),
        *_flows(config, plan),
        *_costs(config, plan),
        *_sizes(config, plan),
        *_fractions(config, plan),
        *_between_rebalances(plan),
        *_left_out(plan),
    ]


def list_foremost(
    config: RunConfig[PolicyT], plan: OrderPlan, depot: OwnDepot, rates: ExchangeRates
) -> tuple[str, ...]:
    """Return that a plan knows nothing, or not half, of a depot: a code may be misnamed, and then no order is right."""
    mostly = unknown_share(plan, depot, rates) > _MOSTLY_UNKNOWN
    remedy = f"where one is an asset of the plan, no order is right: say which, as {_naming(depot, rates)}"
    told = (f"{_share_text(config, plan, depot, rates)}; {remedy}",) if mostly else ()
    return tuple(_none_of_the_plan(plan, depot, rates)) or told


def unknown_share(plan: OrderPlan, depot: OwnDepot, rates: ExchangeRates) -> float:
    """Return which part of a depot the plan does not name, by the prices of its file [fraction]."""
    known = sum(_worth_of_unknown(depot, rates).values())
    whole = plan.value + known
    return known / whole if whole > 0.0 else 0.0


def value_of_unknown(position: Position, rates: ExchangeRates) -> float | None:
    """Return what a position that the plan does not name is worth at its file's price [currency], None for no price."""
    if position.price is None:
        return None
    try:
        return float(position.price * position.quantity) * rates.factor(position.currency)
    except DataError:
        return None


def _left_out(plan: OrderPlan) -> Iterator[str]:
    left_out, money = plan.sized.left_out, plan.currency
    if len(left_out) > _MANY:
        total, names = sum(one.money for one in left_out), shortlist(one.ticker for one in left_out)
        found = f"{len(left_out)} orders of {total:,.2f} {money} together are left out"
        yield f"{found}, each for a reason under left_out in orders.json; nothing is bought or sold for them: {names}"
        return
    for one in left_out:
        order, stays = ("a purchase", "its money stays in cash") if one.side == "buy" else ("a sale", "it stays held")
        yield f"{one.ticker}: {order} of {one.money:,.2f} {money} is left out: {one.why}; {stays}"


def _none_of_the_plan(plan: OrderPlan, depot: OwnDepot, rates: ExchangeRates) -> Iterator[str]:
    if depot.unknown and not any(depot.held.values()):
        tickers = shortlist(one.ticker for one in plan.positions)
        found = f"no holding of the file is known as an asset of the plan ({tickers}), so all of these would be bought"
        yield f"{found} anew; where one is, say which in the plan, as {_naming(depot, rates)}"


def _naming(depot: OwnDepot, rates: ExchangeRates) -> str:
    """Return the key that names the largest of what a plan does not know."""
    largest = max(depot.unknown, key=lambda one: value_of_unknown(one, rates) or 0.0, default=None)
    return f"identifiers: {{{largest.codes.key if largest and largest.codes.key else 'its code'}: its ticker}}"


def _worth_of_unknown(depot: OwnDepot, rates: ExchangeRates) -> dict[str, float]:
    """Return what is worth how much of that which has a price [currency]."""
    worth = {(one.name or one.codes.key): value_of_unknown(one, rates) for one in depot.unknown}
    return {name: money for name, money in worth.items() if money is not None}


def _share_text(config: RunConfig[PolicyT], plan: OrderPlan, depot: OwnDepot, rates: ExchangeRates) -> str:
    sold = config.orders.unknown == "sell"
    done = "sold whole where anything is due (orders.unknown: sell)" if sold else "kept out of its value"
    found = f"{unknown_share(plan, depot, rates):.1%} of the depot is not named by the plan and is {done}"
    return f"{found}: {shortlist(_worth_of_unknown(depot, rates))}"


def _unknown(config: RunConfig[PolicyT], plan: OrderPlan, depot: OwnDepot, rates: ExchangeRates) -> Iterator[str]:
    if _MUCH_UNKNOWN < unknown_share(plan, depot, rates) <= _MOSTLY_UNKNOWN:
        yield _share_text(config, plan, depot, rates)
    known = _worth_of_unknown(depot, rates)
    if unpriced := [name for name in (one.name or one.codes.key for one in depot.unknown) if name not in known]:
        names = shortlist(unpriced)
        yield f"the file has no price of {names}, which the plan does not name: the share of the depot is unknown"


def _old_file(plan: OrderPlan, depot: OwnDepot, market: Market) -> Iterator[str]:
    if depot.date is None:
        return
    date, decided = np.datetime64(depot.date), np.datetime64(plan.decided_on)
    sessions = int(((market.dates > date) & (market.dates <= decided)).sum())
    if sessions > _OLD_FILE:
        found = f"the holdings are of {depot.date}, {sessions} sessions before the last closes, of {plan.decided_on}"
        yield f"{found}; export them once more if anything was traded since"
    for ticker in _split_since(market, date, decided, depot.held):
        yield f"{ticker}: its shares were split after {depot.date}, the day of the holdings; export them once more"


def _split_since(market: Market, date: np.datetime64, last: np.datetime64, held: Mapping[str, float]) -> Iterator[str]:
    if market.shares is None:
        return
    first, end = int(np.searchsorted(market.dates, date, side="right")), int(np.searchsorted(market.dates, last)) + 1
    if not 0 < first < end:
        return
    ratio = market.shares[first:end] / market.shares[first - 1 : end - 1]
    for ticker in sorted(held):
        if are_splits(ratio[:, market.columns[ticker]]).any():
            yield ticker


def _session(config: RunConfig[PolicyT], plan: OrderPlan) -> Iterator[str]:
    if closes_early(config.data.calendar, np.datetime64(plan.day)):
        yield f"{config.data.calendar} closes early on {plan.day}: orders of the day end with it"


def _flows(config: RunConfig[PolicyT], plan: OrderPlan) -> Iterator[str]:
    if config.account.has_flows and not plan.flow:
        found = (
            "the plan pays money in or out by its calendar (account.contributions), and orders take none of it as done"
        )
        yield f"{found}; say what was moved by --contribute or --withdraw"


def _costs(config: RunConfig[PolicyT], plan: OrderPlan) -> Iterator[str]:
    if isinstance(config.costs, BrokerCosts):
        as_of = load_tariffs()[config.costs.tariff].as_of
        if _is_older_than_a_year(as_of, dt.date.fromisoformat(plan.day)):
            known = f"as known in {as_of}" if _YEAR.match(as_of) else "from a page without a date"
            yield f"fees are those of the tariff {config.costs.tariff} {known}; compare them with your broker's list"
    tickers = [one.ticker for one in plan.positions]
    wide = dict(zip(tickers, config.costs.spreads(tickers).tolist(), strict=True))
    if wider := [ticker for ticker, spread in wide.items() if spread > config.orders.limit]:
        limit = f"{config.orders.limit:.2%}"
        found = f"{shortlist(wider)}: half the spread is wider than orders.limit, {limit}"
        yield f"{found}; limits are as far from the price as that"


def _is_older_than_a_year(as_of: str, day: dt.date) -> bool:
    """Tell whether a price list is known from more than a year ago; what bears no date may be."""
    found = _YEAR.match(as_of)
    if found is None:
        return True
    return (day.year - int(found["year"])) * 12 + day.month - int(found["month"] or 12) > 12


def _sizes(config: RunConfig[PolicyT], plan: OrderPlan) -> Iterator[str]:
    capital = config.account.capital
    if plan.value > 0.0 and not 1.0 / _OTHER_SIZE <= plan.value / capital <= _OTHER_SIZE:
        found = f"the depot is worth {plan.value:,.0f} {plan.currency} and the plan was tested with {capital:,.0f}"
        yield f"{found}: fees and whole shares weigh otherwise; test it with --set account.capital={plan.value:.0f}"


def _fractions(config: RunConfig[PolicyT], plan: OrderPlan) -> Iterator[str]:
    """Say how to have whole shares, to whom did not say that parts of them can be ordered."""
    said = {one.ticker for one in config.identifiers.values() if one.fractions is not None}
    unsaid = config.account.shares == "fractional" and config.orders.shares.buy is None
    if unsaid and any(order.quantity % 1.0 for order in plan.sized.orders if order.ticker not in said):
        yield (
            "quantities are parts of shares, as the plan was tested; where your broker takes whole shares only, write "
            "orders: {shares: whole} into the plan, where it takes sums of money, {shares: {buy: amount}}"
        )


def _between_rebalances(plan: OrderPlan) -> Iterator[str]:
    if plan.due or plan.value <= 0.0:
        return
    over = [one for one in plan.positions if one.cap is not None and one.weight > one.cap]
    if over:
        names = ", ".join(f"{one.ticker} {one.weight:.2%} of {one.cap:.2%}" for one in over)
        yield f"above its cap, which binds when the plan next rebalances: {names}"
    spare = plan.cash / plan.value - max(1.0 - sum(one.target for one in plan.positions), 0.0)
    if spare > _SPARE_CASH:
        yield (
            f"cash is {plan.cash / plan.value:.1%} of the value, {100.0 * spare:.1f} pp above its target; it waits for "
            "the next decision, or for --contribute or --now"
        )
