"""What each session of a run earned, in parts that add up: of assets, of costs, interest, yearly fees and taxes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from engine.core.arrays import DateArray, FloatArray, read_only
from engine.data.market import Market
from engine.simulation.ledger import Ledger

OTHERS: Final = ("costs", "interest", "fees")
"""The parts that no asset has earned, in the order of their columns; with taxes these come after them."""


@dataclass(frozen=True)
class SessionGains:
    """A run's gains over T sessions of the M assets that it ever held, the heaviest first.

    Attributes
    ----------
    dates : (T,) sessions
    assets : M tickers, by ``mean_weights`` (M,) at all closes
    begun_with : (T,) value before each session: the capital, then the close before [currency]
    gains : (T, M) what prices did to the units held at the close before, dividends paid on them, and what a payout
        brought beside the close [currency]
    costs : (T, M) of orders [currency]
    interest, fees, flows : (T,) what cash earned, what keeping the account cost, what was paid in [currency]
    before_flows : (T,) value at a session with a flow, just before it [currency]
    taxes : (T,) that left the account, refunds negative [currency]; None where nothing is taxed

    """

    dates: DateArray
    assets: tuple[str, ...]
    mean_weights: FloatArray
    begun_with: FloatArray
    gains: FloatArray
    costs: FloatArray
    interest: FloatArray
    fees: FloatArray
    flows: FloatArray
    before_flows: FloatArray
    taxes: FloatArray | None = None

    @classmethod
    def of(cls, ledger: Ledger, market: Market) -> SessionGains:
        """Return the gains of a run over its own sessions."""
        weights = mean_weights(ledger, market)
        rows, columns = ledger.session_rows(market), _by_weight(ledger, weights)
        units, gains = ledger.units[:, columns], np.zeros((len(ledger.dates), len(columns)))
        prices, held = market.prices[rows][:, columns], units[:-1] != 0.0
        gains[1:] = np.where(held, units[:-1] * (prices[1:] - prices[:-1]), 0.0)  # of others none may be known
        if market.dividends is not None:
            gains[1:] += np.where(held, units[:-1] * market.dividends[rows][1:, columns], 0.0)
        trades, costs = ledger.trades[:, columns], np.zeros_like(gains)
        beside = prices[ledger.rows] - ledger.prices[:, columns]
        np.add.at(gains, ledger.rows, np.where(trades == 0.0, 0.0, trades * beside))
        np.add.at(costs, ledger.rows, ledger.costs[:, columns])
        interest = np.zeros(len(ledger.dates))
        interest[1:] = ledger.cash[:-1] * market.cash_rate[rows][1:]
        return cls(
            dates=ledger.dates,
            assets=tuple(ledger.assets[j] for j in columns),
            mean_weights=read_only(weights[columns]),
            begun_with=read_only(np.concatenate([[ledger.capital], ledger.value[:-1]])),
            gains=read_only(gains),
            costs=read_only(costs),
            interest=read_only(interest),
            fees=ledger.fees,
            flows=ledger.flows,
            before_flows=ledger.before_flows,
            taxes=None if ledger.taxes is None else read_only(ledger.taxes.paid + ledger.taxes.withheld),
        )

    @property
    def others(self) -> tuple[str, ...]:
        """The parts that no asset has earned, in the order of their columns."""
        return OTHERS if self.taxes is None else (*OTHERS, "taxes")

    @cached_property
    def returns(self) -> FloatArray:
        """(T-1, M + 3) the parts of each return from the second session on: assets, then ``others``.

        They add up to the time-weighted return (S12): where money is paid in, costs and fees are of what is there
        after it, and so weigh less; so do taxes on what is sold then.
        """
        before, until = self.begun_with[1:], np.zeros(len(self.dates) - 1)
        paid = self.flows[1:] != 0.0
        there = before != 0.0
        first = np.divide(1.0, before, out=np.zeros_like(before), where=there)
        np.divide(self.before_flows[1:], before, out=until, where=there & paid)
        grown = np.where(there, until, 1.0)  # before a flow, of what was there; nothing grows out of nothing
        base = np.where(paid, self.before_flows[1:] + np.maximum(self.flows[1:], 0.0), 0.0)
        after = np.where(paid, np.divide(grown, base, out=np.zeros_like(base), where=base != 0.0), first)
        others = [-self.costs[1:].sum(axis=1) * after, self.interest[1:] * first, -self.fees[1:] * after]
        if self.taxes is not None:
            settled = before + self.gains[1:].sum(axis=1) + self.interest[1:] - self.before_flows[1:]
            early = np.where(paid, settled, 0.0)  # what was due before the flow
            others.append(-early * first - (self.taxes[1:] - early) * after)
        return read_only(np.column_stack([self.gains[1:] * first[:, None], *others]))


def mean_weights(ledger: Ledger, market: Market) -> FloatArray:
    """Return (N,) the mean weight at the closes of a run."""
    weights = ledger.weights(market)
    found: FloatArray = weights.mean(axis=0)
    return found


def _by_weight(ledger: Ledger, weights: FloatArray) -> list[int]:
    """Return the columns of what was ever held or traded, by mean ``weights`` (N,) from above, then by ticker."""
    known = (ledger.units != 0.0).any(axis=0) | (ledger.trades != 0.0).any(axis=0)
    columns: list[int] = np.flatnonzero(known).tolist()
    return sorted(columns, key=lambda j: (-weights[j], j))
