"""The ledger: what happened in a run, as arrays, and the checks anyone can do on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import fsum
from typing import NamedTuple

import numpy as np

from engine.core.arrays import BoolArray, DateArray, FloatArray, IntArray, read_only
from engine.data.market import Market
from engine.portfolio.optimiser_step import OptimiserStep
from engine.portfolio.quality_finding import QualityFinding
from engine.simulation.loss_review_state import ReviewRecord
from engine.simulation.trade_events import LazyText, LeftOutOrders, resolve_text
from engine.tax.record import TaxFlows, booked_tax


class LastWithdrawal(NamedTuple):
    """The withdrawal with which the money ended: what was ``due``, and what of it was ``paid`` [currency]."""

    due: float
    paid: float


@dataclass(frozen=True)
class Ledger:
    """One portfolio's run over T sessions, R events and N assets; rows count from the run's first session.

    Attributes
    ----------
    dates : (T,) sessions of the run
    assets : N tickers
    capital : before the opening purchase [currency]
    value, cash : (T,) at each close [currency]
    flows : (T,) paid in (positive) or out before the session's trading [currency]
    before_flows : (T,) value at a close with a flow, after interest, dividends and payouts, before the flow and any
        trading; 0 at others [currency]
    fees : (T,) charged for keeping the account, before the session's trading; no order's costs [currency]
    rows : (R,) session of each event; several events may share one
    targets : (R, N) weights in force at the event
    trades : (R, N) signed [shares]
    prices : (R, N) at which they were filled [currency/share]
    costs : (R, N) [currency]
    lazy_reasons : R reasons why the event happened, text or what says it
    asset_reasons : R mappings of column -> text, where an order has a reason of its own
    rebalances : (R,) where the whole portfolio was traded to its targets, the opening included
    partial_rebalances : (R,) where it was brought back into its bands
    opening : (R,) which are the opening purchase: those of the first session, and orders that waited since then
    contributions : (R,) which invest what was paid in, outside a rebalance
    payouts : (R,) which are no orders: what was paid for delisted assets and for fractions that a split left
    left_out : the orders that were not worth placing, rows counted as above (S3)
    reviews : what the loss review found, rows counted as above
    notes : what a reader should know of this run
    steps : how decisions were optimised, where a policy does that; their rows are the market's
    shortfalls : by row, why a policy that chooses held fewer assets than it wants
    departures : by row and asset, why a policy that chooses gave up what it held
    findings : by row, what a quality gate found of each candidate
    last_withdrawal : of a run that ended as its money was spent, at its last session; None where none did
    taxes : what was paid and why, rows of its record counted in the market's; None without taxes (S19)

    """

    dates: DateArray
    assets: tuple[str, ...]
    capital: float
    value: FloatArray
    cash: FloatArray
    flows: FloatArray
    before_flows: FloatArray
    fees: FloatArray
    rows: IntArray
    targets: FloatArray
    trades: FloatArray
    prices: FloatArray
    costs: FloatArray
    lazy_reasons: tuple[LazyText, ...]
    asset_reasons: tuple[Mapping[int, str], ...]
    rebalances: BoolArray
    partial_rebalances: BoolArray
    opening: BoolArray
    contributions: BoolArray
    payouts: BoolArray
    left_out: tuple[LeftOutOrders, ...] = ()
    reviews: tuple[ReviewRecord, ...] = ()
    notes: tuple[str, ...] = ()
    steps: tuple[OptimiserStep, ...] = ()
    shortfalls: Mapping[int, str] = field(default_factory=dict)
    departures: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    findings: Mapping[int, tuple[QualityFinding, ...]] = field(default_factory=dict)
    last_withdrawal: LastWithdrawal | None = None
    taxes: TaxFlows | None = None

    @cached_property
    def units(self) -> FloatArray:
        """(T, N) held at each close: what was traded until then, added in order [shares]."""
        held = np.add.accumulate(np.concatenate([np.zeros((1, len(self.assets))), self.trades]))
        until = np.concatenate([self.rows, [len(self.dates)]])
        return read_only(np.repeat(held, np.diff(until, prepend=0), axis=0))

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """R texts: why each event happened."""
        return tuple(resolve_text(text) for text in self.lazy_reasons)

    def reason(self, event: int, asset: int) -> str:
        """Return why ``asset`` (a column) was traded at ``event``."""
        return self.asset_reasons[event].get(asset, self.reasons[event])

    @property
    def order_values(self) -> FloatArray:
        """(R, N) money of each order, signed [currency]."""
        return np.where(self.trades == 0.0, 0.0, self.trades * self.prices)

    def opening_row(self, market: Market) -> int:
        """Return the row of ``market`` at which the run opened; it may go on after the run's end."""
        return int(np.searchsorted(market.dates, self.dates[0]))

    def session_rows(self, market: Market) -> slice:
        """Return the T rows of ``market`` that are the run's sessions."""
        first = self.opening_row(market)
        return slice(first, first + len(self.dates))

    def dividends(self, market: Market) -> FloatArray:
        """Return (T,) the dividends paid into cash at each session [currency]."""
        paid = np.zeros(len(self.dates))
        if market.dividends is not None:
            held, each = self.units[:-1], market.dividends[self.session_rows(market)][1:]
            paid[1:] = np.where(held == 0.0, 0.0, held * each).sum(axis=1)
        return paid

    def weights(self, market: Market) -> FloatArray:
        """Return (T, N) weights at each close; cash is what they leave of 1."""
        money = np.where(self.units == 0.0, 0.0, self.units * market.prices[self.session_rows(market)])
        value = self.value[:, None]
        return np.divide(money, value, out=np.zeros_like(money), where=value != 0.0)


@dataclass(frozen=True)
class LedgerChecks:
    """What a run proves about itself.

    ``worst_cash_residual``: largest change of cash that trades, costs, fees, flows, interest and dividends do not
    explain, over value.
    ``worst_weight_residual``: largest distance of a weight from its target right after a rebalance, orders that waited
    or were not placed left out, and rebalances that a budget of tax ended. ``as_of_fills``: orders filled at a price
    older than their session (delisting payouts).
    ``oldest_price_age``: of any price a holding was marked at [sessions].
    With taxes: ``worst_lot_residual`` is the largest distance of the units in an asset's lots from those held, over
    all that were bought; ``worst_tax_residual`` that of the taxes of all years from what was paid and is owed, of
    bookings from what was paid, and of what was withheld from its bookings, over all of it.
    """

    worst_cash_residual: float
    worst_weight_residual: float
    as_of_fills: int
    oldest_price_age: int
    worst_lot_residual: float | None = None
    worst_tax_residual: float | None = None


def ledger_checks(ledger: Ledger, market: Market) -> LedgerChecks:
    """Recompute cash and weights from the ledger's own trades."""
    rows = ledger.session_rows(market)
    spent = np.zeros(len(ledger.dates))
    np.add.at(spent, ledger.rows, (ledger.order_values + ledger.costs).sum(axis=1))
    growth = 1.0 + market.cash_rate[rows]
    before = np.concatenate([[ledger.capital], ledger.cash[:-1] * growth[1:]])
    received = ledger.flows + ledger.dividends(market) - ledger.fees
    if ledger.taxes is not None:
        received = received - ledger.taxes.paid - ledger.taxes.withheld
    there = ledger.value.copy() if ledger.taxes is None else np.maximum(ledger.value, ledger.taxes.paid)
    if ledger.last_withdrawal is not None:  # which leaves nothing to measure by
        there[-1] += ledger.last_withdrawal.paid
    residual = np.abs(ledger.cash - (before + received - spent)) / np.maximum(there, 1e-300)
    age = market.age[rows]
    held = ledger.units != 0.0
    stale = age[ledger.rows] > 0
    return LedgerChecks(
        worst_cash_residual=float(residual.max()),
        worst_weight_residual=_worst_weight_residual(ledger, market, stale),
        as_of_fills=int(((ledger.trades != 0.0) & stale).sum()),
        oldest_price_age=int(age[held].max()) if held.any() else 0,
        worst_lot_residual=None if ledger.taxes is None else _worst_lot_residual(ledger, ledger.taxes),
        worst_tax_residual=None if ledger.taxes is None else _tax_residual(ledger.taxes),
    )


def _worst_lot_residual(ledger: Ledger, taxes: TaxFlows) -> float:
    """Return how far the units of lots are from those held, at most."""
    lots = np.zeros(len(ledger.assets))
    for lot in taxes.record.lots:
        lots[lot.asset] += lot.units
    bought = np.maximum(ledger.trades, 0.0).sum(axis=0)
    held = ledger.units[-1] if len(ledger.units) else np.zeros_like(lots)
    return float((np.abs(lots - held) / np.maximum(bought, 1e-300))[(bought > 0.0) | (lots != 0.0)].max(initial=0.0))


def _tax_residual(taxes: TaxFlows) -> float:
    """Return how far the taxes of all years are from what was paid and is owed, and bookings from what was withheld."""
    record = taxes.record
    paid, owed = fsum([*taxes.paid.tolist(), *taxes.outside.tolist()]), record.accrued
    due, booked = fsum(year.total for year in record.years), fsum(entry.tax for entry in record.entries)
    withheld = fsum(taxes.withheld.tolist()) - fsum(entry.withheld for entry in record.entries)
    apart = max(abs(due - paid - owed), abs(booked - booked_tax(record.entries, paid, owed)), abs(withheld))
    moved = fsum([*np.abs(taxes.paid).tolist(), *taxes.withheld.tolist(), *taxes.outside.tolist(), abs(owed)])
    return apart / moved if moved > 0.0 else 0.0


def _worst_weight_residual(ledger: Ledger, market: Market, stale: BoolArray) -> float:
    weights = ledger.weights(market)
    last = np.concatenate([ledger.rows[1:] != ledger.rows[:-1], [True]])
    apart = [one.row for one in ledger.left_out] + list(ledger.taxes.stopped if ledger.taxes else ())
    whole = ledger.rebalances & last & ~np.isin(ledger.rows, apart)
    distance = np.abs(weights[ledger.rows] - ledger.targets)[whole]
    # a waiting order leaves its own weight, and those scaled for it, off target until it is filled
    concerned = np.asarray(stale & ((ledger.targets > 0.0) | (weights[ledger.rows] > 0.0)))
    waited = np.asarray(concerned.any(axis=1))
    distance = distance[~waited[whole]]
    return float(distance.max()) if distance.size else 0.0
