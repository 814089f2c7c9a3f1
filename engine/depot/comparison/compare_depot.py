"""``compare_depot``: from a config and a file of transactions to what was done beside what the plan would have done."""

from __future__ import annotations

import dataclasses
import datetime as dt
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from engine.backtest.config import RunConfig
from engine.core.arrays import read_only
from engine.core.errors import AccountError, ContradictionError, DataError
from engine.data.market import Market
from engine.depot.comparison.asset_prices import AssetPrices
from engine.depot.comparison.difference import as_parts, split_difference
from engine.depot.comparison.exact import HELD_AT_START, ZERO, Bookings, ExactQuotes, gain
from engine.depot.comparison.figures import compare_figures
from engine.depot.comparison.flags import DepotFlags, read_positions
from engine.depot.comparison.held_check import check_holdings
from engine.depot.comparison.own_account import (
    OwnAccount,
    Replay,
    learn_own_quotes,
)
from engine.depot.comparison.own_bookings import (
    NamedAssets,
    in_own_currency,
    read_bookings,
    read_corrections,
    read_end_prices,
    row_of,
)
from engine.depot.comparison.plan_account import PlanRun, held_units, list_bookings, run_plan
from engine.depot.comparison.priced_market import load_priced_market, load_taxed_market
from engine.depot.comparison.records import DepotComparison
from engine.depot.comparison.start import Said, find_start, own_account, read_opening
from engine.depot.comparison.trade_pairs import set_reinvested_apart
from engine.depot.flag_values import read_day
from engine.depot.holdings import read_transactions
from engine.portfolio.policy import PolicyT

TOLERANCE: Final = 1e-9
"""Share of the value by which sums of floats may miss the exact ones."""
_CENT: Final = 0.01


def compare_depot(config: RunConfig[PolicyT], transactions: Path, flags: DepotFlags) -> DepotComparison:
    """Return what a file of ``transactions`` did beside what ``config`` would have done with the same flows.

    Raises DataError for what the files leave open, and ContradictionError where exact sums and the run disagree.
    """
    found = read_transactions(str(transactions), flags.layout, account=flags.account)
    codes = {code: one.ticker for code, one in config.identifiers.items()}
    names = NamedAssets.build(codes, config.strategy.tickers)
    bookings = [*read_bookings(found, names), *read_corrections(flags.corrections, names)]
    if not bookings:
        raise DataError(f"{transactions}: found no booking, expected some; export the transactions of a longer time")
    at_start = read_positions(flags.holdings_at_start, flags)
    first = read_day("--start", flags.start) if flags.start else min(one.date for one in bookings)
    end = read_day("--end", flags.end) if flags.end else None
    if end is not None and end <= first:
        raise DataError(f"--end: found {end}, expected a day after {first}, with which the comparison starts")
    listed = {one.ticker for one in config.identifiers.values()}
    held_codes = {names.name(one.codes) for one in (at_start.positions if at_start else ())}
    others = sorted(({one.ticker for one in bookings} | held_codes) & listed - set(config.strategy.tickers))
    market = load_priced_market(config, others, first, end)
    bookings, notes = in_own_currency(bookings, config.account.currency, config.data.fx, str(transactions))
    prices = AssetPrices(market, [*config.strategy.tickers, *others])
    if at_start is not None:
        bookings = [one for one in bookings if row_of(market.traded, one.date) >= row_of(market.traded, first)]
    unknown = learn_own_quotes(bookings, prices)
    opening = read_opening(config, at_start, names, prices, first, flags)
    replay = Replay(prices, str(transactions))
    replay.run(bookings, opening.units)
    said = Said([*found.notes, *notes], [])
    said.about_bookings(bookings, replay, market, unknown)
    start = find_start(config, replay, opening, first, flags, said)
    own = own_account(config, replay, opening, start, transactions)
    if faults := prices.set_end_prices(
        read_end_prices(flags.prices, names, config.account.currency), own.units, config.orders.max_age
    ):
        raise DataError(*faults)
    own = own_account(config, replay, opening, start, transactions)  # marked at the prices of the end
    if (stated := read_positions(flags.holdings, flags)) is not None:
        check_holdings(stated, names, own, prices)
    shares = market.planned.shares_at(start) / market.traded.shares_at(start)
    held = held_units(market.planned, own.opening_units, config.strategy.tickers, shares) if opening.given else None
    run = run_plan(config.before_tax, market.planned, own, held)
    taxed = None if opening.given else _run_after_tax(config, own, market.traded, (first, end), said)
    comparison = _compare(config, own, (run, taxed), prices, said)
    hashes = {"config": config.sha256(), "data": market.traded.provenance.sha256, "transactions": found.sha256}
    return dataclasses.replace(comparison, sha256=hashes)


def _run_after_tax(
    config: RunConfig[PolicyT],
    own: OwnAccount,
    market: Market,
    window: tuple[dt.date, dt.date | None],
    said: Said,
) -> PlanRun | None:
    """Return the plan's run after its tax, None where it is not taxed or cannot be."""
    try:
        found = load_taxed_market(config, *window)
        if found is None:
            return None
        taxed, taxation = found
        if not np.array_equal(taxed.dates, market.dates):
            said.warnings.append("the plan after its tax has other sessions, and is left out")
            return None
        return run_plan(config, taxed, own, taxation=taxation)
    except (DataError, AccountError) as error:
        said.warnings.append(f"the plan after its tax is left out: {error}")
        return None


def _compare(
    config: RunConfig[PolicyT],
    own: OwnAccount,
    runs: tuple[PlanRun, PlanRun | None],
    prices: AssetPrices,
    said: Said,
) -> DepotComparison:
    """Put the figures and parts together; ``runs`` are those of the plan before its tax and, if there is one, after."""
    market, start, run = prices.market.traded, own.start, runs[0]
    planned = list_bookings(run, prices)
    mine = set_reinvested_apart(own.bookings) if planned.reinvested else own.bookings
    quotes = _quotes(market, prices, mine, planned)
    found = split_difference(mine, planned, quotes)
    exact = gain(mine, quotes.last) - gain(planned, quotes.last)
    difference = float(own.value[-1]) - float(run.value[-1])
    _require_agreement(config, exact, sum((one.money for one in found), ZERO), difference, own, run)
    dates = market.dates[start:]
    flows = np.zeros(len(dates))
    for row, money in own.flows.items():
        flows[row - start] = float(money)
    said.notes.extend(market.provenance.notes)
    if (least := float(_least_cash(own))) < -_CENT:
        said.warnings.append(f"your cash was below zero, down to {least:,.2f}: a credit, or deposits that are missing")
    return DepotComparison(
        name=config.name,
        currency=market.currency,
        start=str(dates[0]),
        end=str(dates[-1]),
        dates=dates,
        mine=own.value,
        plan=read_only(run.value),
        flows=read_only(flows),
        figures=compare_figures(dates, own, runs, flows),
        difference=difference,
        parts=as_parts(found, tuple(quotes.dates)),
        notes=tuple(dict.fromkeys(said.notes)),
        warnings=tuple(dict.fromkeys(said.warnings)),
    )


def _quotes(market: Market, prices: AssetPrices, mine: Bookings, planned: Bookings) -> ExactQuotes:
    tickers = {one.ticker for account in (mine, planned) for one in account.every_trade()}
    growth, grown = [Fraction(1)] * len(market.dates), 1.0
    for row in range(len(market.dates) - 2, -1, -1):
        grown *= 1.0 + float(market.cash_rate[row + 1])
        growth[row] = Fraction(grown)
    last = {ticker: prices.last(ticker) for ticker in sorted(tickers)}
    return ExactQuotes([str(day) for day in market.dates], prices.close, prices.shares, last, growth)


def _require_agreement(
    config: RunConfig[PolicyT],
    exact: Fraction,
    parts: Fraction,
    difference: float,
    own: OwnAccount,
    run: PlanRun,
) -> None:
    """Raise ContradictionError where parts do not add up exactly, or to what the run itself has."""
    size = max(float(np.abs(own.value).max()), float(np.abs(run.value).max()))
    if parts != exact or abs(float(exact) - difference) > TOLERANCE * size:
        message = f"the parts add up to {float(parts)!r}, the bookings to {float(exact)!r}, the runs to {difference!r}"
        raise ContradictionError(f"{config.name}: {message}", folder="of the config and the transactions")


def _least_cash(own: OwnAccount) -> Fraction:
    """Return the least that the account's cash ever was at the end of a session."""
    change: dict[int, Fraction] = dict(own.flows)
    for trade in own.bookings.trades:
        if trade.words != HELD_AT_START:
            change[trade.row] = change.get(trade.row, ZERO) - trade.cost
    for one in own.bookings.cash:
        change[one.row] = change.get(one.row, ZERO) + one.money
    cash = least = own.opening_cash
    for _, money in sorted(change.items()):
        cash += money
        least = min(least, cash)
    return least
