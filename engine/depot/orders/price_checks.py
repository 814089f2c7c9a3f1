"""Whether the prices of a file of holdings are those of the same shares: no split between them, no other unit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from engine.core.errors import DataError
from engine.depot.orders.exchange_rates import ExchangeRates
from engine.depot.records import Position

_APART: Final = 1.2
"""Prices of one share that differ by a larger factor are not compared any further."""
_NEAR: Final = 0.01
"""How far a ratio may be from that of a split, as a share of it."""
_MOST: Final = 50
_SPLITS: Final = (*((n, 1) for n in range(2, _MOST + 1)), (3, 2), (5, 4), (5, 3), (4, 3))
_HUNDREDTHS: Final = 100.0


class SharePrice(NamedTuple):
    """What a share is sized at [currency of the account], and the day of that price."""

    price: float
    date: str


def describe_ratio(ratio: float) -> str:
    """Return what a price of a file by ours looks like, ``""`` for nothing known.

    >>> describe_ratio(4.02), describe_ratio(0.6667), describe_ratio(100.0), describe_ratio(1.37)
    ('looks like a split 4:1', 'looks like a split 2:3', 'looks like hundredths of the currency, as pence', '')
    """
    for new, old in _SPLITS:
        for words, expected in ((f"{new}:{old}", new / old), (f"{old}:{new}", old / new)):
            if abs(ratio / expected - 1.0) <= _NEAR:
                return f"looks like a split {words}"
    if any(abs(ratio / expected - 1.0) <= _NEAR for expected in (_HUNDREDTHS, 1.0 / _HUNDREDTHS)):
        return "looks like hundredths of the currency, as pence"
    return ""


def check_file_prices(
    path: str, held: Mapping[str, Iterable[Position]], sized: Mapping[str, SharePrice], rates: ExchangeRates
) -> None:
    """Raise DataError for each position of a file whose price is more than 20 % off the one that orders are sized at.

    A price in another currency than the account's is converted; where its currency or the rate is unknown, that is the
    fault.
    """
    faults = []
    for ticker, positions in held.items():
        for position in positions:
            if position.price is None or not position.price or ticker not in sized:
                continue
            try:
                faults += _fault(path, ticker, position, sized[ticker], rates)
            except DataError as error:
                faults.append(f"{path}:{position.line}: {ticker}: {error}")
    if faults:
        raise DataError(*faults)


def _fault(path: str, ticker: str, position: Position, own: SharePrice, rates: ExchangeRates) -> list[str]:
    """Return what is wrong with one price, if anything."""
    stated, words = float(position.price or 0), f"{position.price:f} {position.currency}".strip()
    if position.currency and position.currency != rates.account:
        rate = rates.find(position.currency)
        stated *= rate.rate
        words += f" ({stated:,.4g} {rates.account} at {rate.words})"
    ratio = stated / own.price
    if not math.isfinite(ratio) or 1.0 / _APART <= ratio <= _APART:
        return []
    dated = f" of {position.date}" if position.date else " without a date"
    found = f"found the price {words}{dated}, expected about {own.price:,.6g} {rates.account} of {own.date}"
    guess = describe_ratio(ratio)
    remedy = "export the file once more, or correct the price by --prices"
    if guess.startswith("looks like a split"):
        remedy = "export holdings from after the split, or give the price of today's shares by --prices"
    return [f"{path}:{position.line}: {ticker}: {found}, ratio {ratio:.4g}{f', {guess}' if guess else ''}; {remedy}"]
