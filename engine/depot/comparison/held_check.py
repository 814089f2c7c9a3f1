"""Whether all bookings add up to what somebody says is held."""

from __future__ import annotations

from fractions import Fraction

from engine.core.errors import DataError
from engine.depot.comparison.asset_prices import AssetPrices
from engine.depot.comparison.exact import DUST, ZERO
from engine.depot.comparison.own_account import OwnAccount
from engine.depot.comparison.own_bookings import NamedAssets
from engine.depot.records import Holdings


def check_holdings(stated: Holdings, names: NamedAssets, own: OwnAccount, prices: AssetPrices) -> None:
    """Raise DataError where the file of what is held says other quantities than the bookings."""
    end, listed = prices.rows - 1, dict[str, Fraction]()
    for one in stated.positions:
        ticker = names.name(one.codes)
        listed[ticker] = listed.get(ticker, ZERO) + Fraction(one.quantity)
    booked = {ticker: units * prices.shares(ticker, end) for ticker, units in own.units.items()}
    faults = []
    for ticker in sorted(listed.keys() | booked.keys()):
        there, said = booked.get(ticker, ZERO), listed.get(ticker, ZERO)
        if abs(there - said) > DUST * max(ZERO + 1, abs(said)):
            faults.append(
                f"{stated.path}: found {float(said):,.10g} shares of {ticker}, and all bookings up to "
                f"{prices.market.traded.dates[end]} add up to {float(there):,.10g}; export all transactions, or say "
                "what is missing by --corrections FILE"
            )
    if faults:
        raise DataError(*faults)
