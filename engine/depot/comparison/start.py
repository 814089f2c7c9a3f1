"""Where both accounts start: with what, and at which session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

from engine.backtest.config import RunConfig
from engine.core.errors import DataError
from engine.depot.comparison.asset_prices import AssetPrices
from engine.depot.comparison.exact import ZERO
from engine.depot.comparison.flags import DepotFlags
from engine.depot.comparison.own_account import (
    OwnAccount,
    Replay,
    first_funded_row,
    imply_deposits,
    settle_account,
)
from engine.depot.comparison.own_bookings import NamedAssets, OwnBooking, row_of
from engine.depot.comparison.plan_account import opening_row
from engine.depot.comparison.priced_market import PricedMarket
from engine.depot.flag_values import read_money
from engine.depot.records import Holdings
from engine.portfolio.policy import PolicyT

_LEAST: Final = Fraction(1, 100)
"""What an account may open with [currency]."""


class Opening(NamedTuple):
    """What is there before all bookings: ``units`` of closes as traded by ticker, and cash."""

    units: Mapping[str, Fraction]
    cash: Fraction
    given: bool


class Said(NamedTuple):
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


def read_opening(
    config: RunConfig[PolicyT],
    at_start: Holdings | None,
    names: NamedAssets,
    prices: AssetPrices,
    first: dt.date,
    flags: DepotFlags,
) -> Opening:
    """Return what is held ``at_start``, before all bookings, as of the day ``first``.

    Raises DataError where nobody says what cash there was, or it is in another currency.
    """
    text = flags.cash_at_start
    cash = Fraction(read_money("--cash-at-start", text)) if text else None
    if at_start is None:
        return Opening({}, cash or ZERO, given=False)
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
        known = one.currency in {"", own}
        if ticker not in prices.columns and one.price is not None and known:
            day = one.date or first
            at = max(row_of(prices.market.traded, day), 0)
            prices.learn_prices(ticker, [(at, Fraction(one.price))], day)
    return Opening(units, cash, given=True)


def find_start(
    config: RunConfig[PolicyT], replay: Replay, opening: Opening, first: dt.date, flags: DepotFlags, said: Said
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


def own_account(config: RunConfig[PolicyT], replay: Replay, opening: Opening, start: int, path: Path) -> OwnAccount:
    """Return one's own account from row ``start`` on; raises DataError where it is worth nothing then."""
    shared = config.strategy.tickers if opening.given else ()
    own = settle_account(replay, start, opening.units, opening.cash, shared)
    if own.opening_value < _LEAST:
        day = replay.prices.market.traded.dates[start]
        found = f"found {float(own.opening_value):,.2f} in the account on {day}, expected 0.01 at least"
        raise DataError(f"{path}: {found}; choose a later --start, or give --holdings-at-start FILE")
    return own
