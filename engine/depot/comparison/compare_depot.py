"""``compare_depot``: from a config and a file of transactions to what was done beside what the plan would have done."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from engine.backtest.config import RunConfig
from engine.core.arrays import DateArray, FloatArray, read_only
from engine.core.conventions import CASH_DAYS_PER_YEAR
from engine.core.errors import ContradictionError, DataError
from engine.core.powers import power
from engine.data.market import Market
from engine.depot.comparison.asset_prices import AssetPrices
from engine.depot.comparison.difference import as_parts, split_difference
from engine.depot.comparison.exact import HELD_AT_START, ZERO, Bookings, ExactQuotes, gain
from engine.depot.comparison.own_account import (
    OwnAccount,
    Replay,
    first_funded_row,
    imply_deposits,
    learn_own_quotes,
    settle_account,
)
from engine.depot.comparison.own_bookings import (
    NamedAssets,
    OwnBooking,
    in_own_currency,
    read_bookings,
    read_corrections,
    read_end_prices,
    row_of,
)
from engine.depot.comparison.plan_account import PlanRun, held_units, list_bookings, opening_row, run_plan
from engine.depot.comparison.priced_market import PricedMarket, load_priced_market
from engine.depot.comparison.records import ComparedFigure, DepotComparison
from engine.depot.comparison.returns import level, money_weighted, time_weighted
from engine.depot.comparison.trade_pairs import set_reinvested_apart
from engine.depot.holdings import read_holdings, read_transactions
from engine.depot.records import Holdings
from engine.portfolio.policy import PolicyT

TOLERANCE: Final = 1e-9
"""Share of the value by which sums of floats may miss the exact ones."""
_CENT: Final = 0.01
_YEAR: Final = 365
_SAME_SHARES: Final = Fraction(1, 10**6)


class DepotFlags(NamedTuple):
    """What a command line says beside config and transactions; texts as they were typed, "" where nothing was."""

    holdings_at_start: Path | None = None
    cash_at_start: str = ""
    holdings: Path | None = None
    start: str = ""
    end: str = ""
    prices: Path | None = None
    layout: str = ""
    account: str = ""
    corrections: Path | None = None


class _Opening(NamedTuple):
    """What is there before all bookings: ``units`` of closes as traded by ticker, and cash."""

    units: Mapping[str, Fraction]
    cash: Fraction
    given: bool


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
    at_start = _read_positions(flags.holdings_at_start, flags)
    first = _day("--start", flags.start) or min(one.date for one in bookings)
    end = _day("--end", flags.end)
    listed = {one.ticker for one in config.identifiers.values()}
    held_codes = {names.name(one.codes) for one in (at_start.positions if at_start else ())}
    others = sorted(({one.ticker for one in bookings} | held_codes) & listed - set(config.strategy.tickers))
    market = load_priced_market(config, others, first, end)
    bookings, notes = in_own_currency(bookings, market.traded, str(transactions))
    prices = AssetPrices(market, [*config.strategy.tickers, *others])
    if at_start is not None:
        bookings = [one for one in bookings if row_of(market.traded, one.date) >= row_of(market.traded, first)]
    unknown = learn_own_quotes(bookings, prices)
    opening = _opening(config, at_start, names, prices, first, flags)
    replay = Replay(prices, str(transactions))
    replay.run(bookings, opening.units)
    said = _Said([*found.notes, *notes], [])
    said.about_bookings(bookings, replay, market, unknown)
    start = _start_row(config, replay, opening, first, flags, said)
    own = _own_account(config, replay, opening, start, transactions)
    if faults := prices.set_end_prices(read_end_prices(flags.prices, names), own.units, config.orders.max_age):
        raise DataError(*faults)
    own = _own_account(config, replay, opening, start, transactions)  # marked at the prices of the end
    _check_holdings(flags, names, own, prices)
    shares = market.planned_shares(start) / market.traded_shares(start)
    held = held_units(market.planned, own.opening_units, config.strategy.tickers, shares) if opening.given else None
    run = run_plan(config.before_tax, market.planned, own, held)
    comparison = _compare(config, own, run, prices, said)
    hashes = {"config": config.sha256(), "data": market.traded.provenance.sha256, "transactions": found.sha256}
    return dataclasses.replace(comparison, sha256=hashes)


class _Said(NamedTuple):
    """Notes and warnings, as they are found."""

    notes: list[str]
    warnings: list[str]

    def about_bookings(
        self, bookings: Sequence[OwnBooking], replay: Replay, market: PricedMarket, unknown: Sequence[str]
    ) -> None:
        """Say what was left out, and what is priced by one's own file."""
        last = market.traded.dates[-1]
        if late := sum(row_of(market.traded, one.date) >= len(market.traded.dates) for one in bookings):
            self.notes.append(f"{late} bookings after {last}, the last session compared, are left out")
        if replay.splits_known:
            self.notes.append(f"{replay.splits_known} splits of the file are in the prices already, and count once")
        for ticker in unknown:
            self.notes.append(
                f"{ticker}: not in the plan, and no ticker of the source in identifiers; between your own trades it is "
                "marked at their prices"
            )
        bought = any(one.kind == "dividend" for one in bookings)
        if not bought and market.traded.dividends is not None and market.traded.dividends.any():
            self.warnings.append(
                "the file books no dividends, which the plan gets: where yours are missing, so is what they brought"
            )


def _opening(
    config: RunConfig[PolicyT],
    at_start: Holdings | None,
    names: NamedAssets,
    prices: AssetPrices,
    first: dt.date,
    flags: DepotFlags,
) -> _Opening:
    cash = _money("--cash-at-start", flags.cash_at_start)
    if at_start is None:
        return _Opening({}, cash or ZERO, given=False)
    own = config.account.currency
    if cash is None:
        if foreign := sorted(set(at_start.cash) - {"", own}):
            message = f"found cash in {', '.join(foreign)}, expected {own}"
            raise DataError(f"{at_start.path}: {message}; give all of it by --cash-at-start 1234.56")
        if not at_start.cash:
            raise DataError(f"{at_start.path}: found no cash; give it by --cash-at-start, 0 where there was none")
        cash = Fraction(sum(at_start.cash.values(), Decimal(0)))
    units: dict[str, Fraction] = {}
    for one in at_start.positions:
        ticker = names.name(one.codes)
        units[ticker] = units.get(ticker, ZERO) + Fraction(one.quantity) / prices.shares_on(ticker, first)
        if ticker not in prices.columns and one.price is not None:
            prices.learn_prices(ticker, [(row_of(prices.market.traded, one.date or first), Fraction(one.price))])
    return _Opening(units, cash, given=True)


def _start_row(
    config: RunConfig[PolicyT], replay: Replay, opening: _Opening, first: dt.date, flags: DepotFlags, said: _Said
) -> int:
    """Return the row at which both accounts start: the one asked for, or the first at which there is money."""
    market = replay.prices.market
    row: int | None = max(row_of(market.traded, first), 0)
    empty = not opening.units and not opening.cash
    if empty and not any(replay.flows.values()) and (count := imply_deposits(replay)):
        said.warnings.append(
            f"the file books no deposits: what {count} sessions lacked is taken as paid in when it was needed"
        )
    if empty and not flags.start:
        row = first_funded_row(replay)
        if row is None:
            raise DataError(f"{replay.path}: found no money paid in, expected some; give --holdings-at-start FILE")
        row = max(row, 0)
    if row is None or row >= len(market.traded.dates) - 1:
        raise DataError(
            f"found prices up to {market.traded.dates[-1]}, expected two sessions from {first} on; fetch newer ones"
        )
    opens = opening_row(config, market.planned, row)
    if opens is None or opens >= len(market.traded.dates) - 1:
        raise DataError(f"no asset of the plan has a price from {market.traded.dates[row]} on; name others, or --end")
    if opens > row:
        said.notes.append(
            f"the comparison starts on {market.traded.dates[opens]}, when the plan's first asset is there"
        )
    if early := sum(trade.row < opens for trade in replay.trades):
        day = market.traded.dates[opens]
        said.notes.append(f"{early} trades before {day} are not compared: what they left is held at the start")
    return opens


def _own_account(config: RunConfig[PolicyT], replay: Replay, opening: _Opening, start: int, path: Path) -> OwnAccount:
    shared = config.strategy.tickers if opening.given else ()
    own = settle_account(replay, start, opening.units, opening.cash, shared)
    if own.opening_value <= 0:
        day = replay.prices.market.traded.dates[start]
        found = f"found {float(own.opening_value):,.2f} in the account on {day}, expected more than nothing"
        raise DataError(f"{path}: {found}; choose a later --start, or give --holdings-at-start FILE")
    return own


def _compare(
    config: RunConfig[PolicyT], own: OwnAccount, run: PlanRun, prices: AssetPrices, said: _Said
) -> DepotComparison:
    market, start = prices.market.traded, own.start
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
        figures=_figures(dates, own, run, flows),
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


def _figures(dates: DateArray, own: OwnAccount, run: PlanRun, flows: FloatArray) -> tuple[ComparedFigure, ...]:
    capital, paid = float(own.opening_value), float(flows.sum())
    sides = ((own.value, own.before), (run.value, run.before))
    final = [float(value[-1]) for value, _ in sides]
    linked = [time_weighted(dates, level(capital, value, before, flows)) for value, before in sides]
    rates = [money_weighted(dates, capital, value, flows) for value, _ in sides]
    whole, yearly = zip(*linked, strict=True)
    days = int((dates[-1] - dates[0]).astype("timedelta64[D]").astype(np.int64))
    returns = [ComparedFigure("time-weighted return", whole[0], whole[1], "percent")]
    if days >= _YEAR:
        returns.append(ComparedFigure("time-weighted, a year", yearly[0], yearly[1], "percent"))
        returns.append(ComparedFigure("money-weighted, a year", rates[0], rates[1], "percent"))
    else:  # what a few weeks would make of a year says nothing
        rates = [None if rate is None else power(1.0 + rate, days / CASH_DAYS_PER_YEAR) - 1.0 for rate in rates]
        returns.append(ComparedFigure("money-weighted return", rates[0], rates[1], "percent"))
    return (
        ComparedFigure("value at the end", final[0], final[1], "money"),
        ComparedFigure("there at the start and paid in since", capital + paid, capital + paid, "money"),
        ComparedFigure("gain", final[0] - capital - paid, final[1] - capital - paid, "money"),
        *returns,
    )


def _check_holdings(flags: DepotFlags, names: NamedAssets, own: OwnAccount, prices: AssetPrices) -> None:
    """Raise DataError where the file of what is held says other quantities than the bookings."""
    stated = _read_positions(flags.holdings, flags)
    if stated is None:
        return
    end, listed = prices.rows - 1, dict[str, Fraction]()
    for one in stated.positions:
        ticker = names.name(one.codes)
        listed[ticker] = listed.get(ticker, ZERO) + Fraction(one.quantity)
    booked = {ticker: units * prices.shares(ticker, end) for ticker, units in own.units.items()}
    faults = []
    for ticker in sorted(listed.keys() | booked.keys()):
        there, said = booked.get(ticker, ZERO), listed.get(ticker, ZERO)
        if abs(there - said) > _SAME_SHARES * max(ZERO + 1, abs(said)):
            faults.append(
                f"{stated.path}: found {float(said):,.10g} shares of {ticker}, and all bookings up to "
                f"{prices.market.traded.dates[end]} add up to {float(there):,.10g}; export all transactions, or say "
                "what is missing by --corrections FILE"
            )
    if faults:
        raise DataError(*faults)


def _read_positions(path: Path | None, flags: DepotFlags) -> Holdings | None:
    return None if path is None else read_holdings(str(path), account=flags.account)


def _day(flag: str, text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise DataError(f"{flag}: found {text[:40]!r}, expected a date as 2025-01-02") from None


def _money(flag: str, text: str) -> Fraction | None:
    if not text:
        return None
    try:
        money = Decimal(text)
    except InvalidOperation:
        money = Decimal("NaN")
    if not money.is_finite():
        raise DataError(f"{flag}: found {text[:40]!r}, expected money with a point, as 1234.56")
    return Fraction(money)
