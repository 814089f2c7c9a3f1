"""The gain of an account in parts that add up: what prices did at home, what currencies did, and the rest (S17)."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum

import numpy as np

from engine.core.arrays import FloatArray
from engine.data.market import Market
from engine.simulation.ledger import Ledger


@dataclass(frozen=True)
class CurrencyParts:
    """What the final value less the capital is made of; costs are negative, withdrawals too [account's currency].

    ``local``: each session's change of the price in its own currency, at that session's rate; the haircut of a
    delisting is among it. ``currency``: each session's change of the rate, on the price of the session before.
    ``dividends`` are those paid in cash, ``taxes`` negative, where there are any.
    """

    local: float
    currency: float
    dividends: float
    interest: float
    flows: float
    costs: float
    taxes: float | None = None


def split_gain(ledger: Ledger, market: Market) -> CurrencyParts | None:
    """Return the parts of a run's gain, None where all of its prices are in the account's currency."""
    if not market.foreign.any():
        return None
    rows = ledger.session_rows(market)
    prices, rates, held = market.prices[rows], market.rates[rows], ledger.units != 0.0
    units = ledger.units[:-1]
    own = np.where(held, prices / rates, 0.0)  # a price that nobody holds may be unknown
    after = np.where(held[:-1], prices[1:] / rates[1:], 0.0)
    changes = np.where(held[:-1], rates[1:] - rates[:-1], 0.0)
    filled_beside = np.where(ledger.trades == 0.0, 0.0, ledger.trades * (prices[ledger.rows] - ledger.prices))
    paid = np.zeros(1) if market.dividends is None else units * market.dividends[rows][1:]
    return CurrencyParts(
        local=_total(units * (after - own[:-1]) * np.where(held[:-1], rates[1:], 0.0)) + _total(filled_beside),
        currency=_total(units * own[:-1] * changes),
        dividends=_total(paid),
        interest=_total(ledger.cash[:-1] * market.cash_rate[rows][1:]),
        flows=_total(ledger.flows),
        costs=-_total(ledger.costs) - _total(ledger.fees),
        taxes=None if ledger.taxes is None else -_total(ledger.taxes.paid) - _total(ledger.taxes.withheld),
    )


def _total(amounts: FloatArray) -> float:
    """Return the sum, rounded once: of many amounts of both signs little may be left."""
    return fsum(amounts.ravel().tolist())
