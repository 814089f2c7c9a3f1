"""What is known of a run before its first session: terms, dates, and what is watched in between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import fsum
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.core.conventions import WEIGHT_SUM_TOLERANCE
from engine.core.errors import DataError
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.cash_flow_plans import SessionFlow
from engine.portfolio.cost_table import CostTable
from engine.portfolio.policy import Band, LossReviewRule, Policy
from engine.portfolio.policy_abilities import schedule_since
from engine.portfolio.yearly_fee import yearly_fee_shares
from engine.simulation import market_memory, unfilled_orders
from engine.simulation.corporate_actions import dividend_rows, split_rows
from engine.simulation.kernel.records import MarketArrays, OrderTerms
from engine.simulation.sleeves_due import SleeveDue, sleeves_by_row
from engine.simulation.tax_calendar import TaxCalendar
from engine.tax.book import Taxation


class PolicyVersion(NamedTuple):
    """How much of a policy runs: all of it as it is written, or less (S18).

    It ``decides`` again after the opening or never, ``watches_caps`` between rebalances or not, ``reviews`` losses or
    not; the tickers ``left_out`` are taken as never listed. ``late_purchases``, row -> target by column: what one that
    never decides again still buys, once. It ``never_sells`` what it says, or sells that as any other.
    """

    decides: bool = True
    watches_caps: bool = True
    reviews: bool = True
    left_out: tuple[str, ...] = ()
    late_purchases: Mapping[int, Mapping[int, float]] = MappingProxyType({})
    never_sells: bool = True


AS_WRITTEN: Final = PolicyVersion()
BOUGHT_AND_HELD: Final = PolicyVersion(decides=False)


class RunSetup(NamedTuple):
    """One policy's run over one market, before anything has happened.

    ``arrays`` are the market as the kernel takes it, with what is left unfilled: beyond a limit, or never sold.
    ``fixed_targets`` (N,) are the targets of every rebalance at which all of them can be held, None when they are
    decided. ``contribution_terms`` are those of what is paid in between rebalances. ``fills`` (K,) are the rows of the
    opening and of scheduled rebalances, in order, with their ``reasons``; ``flows`` row -> money in or out, ``fees``
    row -> share of the value, ``delistings`` row -> assets; at the rows ``splits`` fractions of whole shares are paid
    out, at ``dividends`` those of the policy's assets are to be invested;
    ``late_purchases`` as in ``PolicyVersion``; ``sleeves``, row -> the parts of the core that are rebalanced inside
    themselves. In between a ``band`` and the loss ``review`` are looked at, and caps where ``watches_caps``.
    ``taxation``: by what law gains are taxed, None by none; ``taxes``: when it has something to do.
    """

    market: Market
    arrays: MarketArrays
    policy: Policy
    account: Account
    terms: OrderTerms
    contribution_terms: OrderTerms
    opening: int
    fixed_targets: FloatArray | None
    fills: IntArray
    reasons: tuple[str, ...]
    flows: Mapping[int, SessionFlow]
    fees: dict[int, float]
    delistings: dict[int, list[int]]
    splits: tuple[int, ...]
    dividends: tuple[int, ...]
    late_purchases: Mapping[int, Mapping[int, float]]
    sleeves: Mapping[int, Sequence[SleeveDue]]
    band: Band | None
    review: LossReviewRule | None
    watches_caps: bool
    taxation: Taxation | None
    taxes: TaxCalendar

    @classmethod
    def build(  # noqa: PLR0913, PLR0917  (all that a run is made of)
        cls,
        market: Market,
        policy: Policy,
        account: Account,
        costs: CostTable,
        start: int,
        version: PolicyVersion,
        taxation: Taxation | None = None,
        following: np.datetime64 | None = None,
    ) -> RunSetup:
        """Return the run of ``policy`` that opens at the first session from row ``start`` on with a price for it.

        ``following``: the session after the last one of ``market``, where it is known.
        """
        opening = market.first_close_row(policy.opening_tickers(), start)
        if opening is None:
            names = ", ".join(policy.opening_tickers())
            raise DataError(f"{names}: no price from {market.dates[start]} on; move window.start or name other assets")
        if version.left_out:
            market = market_memory.recall(market).without(version.left_out, market)
        limits, decides, rule = policy.caps(), version.decides, policy.schedule
        count = len(market.assets)
        caps = np.array([limits.get(ticker, np.inf) for ticker in market.assets]) if limits else np.full(count, np.inf)
        if not (decides and rule.decides):
            account = account.without_waiting_contributions()
        whole, least = account.shares == "whole", account.min_order
        terms = OrderTerms(costs.of_orders(), caps, whole, spend_remainder=True, min_order=least)
        memory = market_memory.recall(market)
        never_sold = _never_sold(policy, market) if version.never_sells else None
        arrays = unfilled_orders.arrays_under_limits(market, memory.arrays, account.limit_margin, opening)
        since = schedule_since(rule, market.dates[opening])
        schedule = memory.schedule_rows(since, market) if decides else market_memory.NEVER
        fills, reasons = schedule.fills(opening, account.fill_delay, len(market.dates))
        return cls(
            market=market,
            arrays=unfilled_orders.arrays_without_sales(arrays, never_sold),
            policy=policy,
            account=account,
            terms=terms,
            contribution_terms=terms if costs.savings_plan is None else terms._replace(costs=costs.savings_plan),
            opening=opening,
            fixed_targets=_fixed_targets(policy, market, caps),
            fills=fills,
            reasons=reasons,
            flows=account.flows_by_row(market.dates, opening),
            fees=yearly_fee_shares(market.dates, opening, costs.yearly),
            delistings=_delistings_by_row(memory.delistings, opening),
            splits=_after(opening, split_rows(market) if account.shares == "whole" else ()),
            dividends=_after(opening, dividend_rows(market, policy.tickers) if market.invests_dividends else ()),
            band=schedule.band,
            late_purchases=version.late_purchases,
            sleeves=sleeves_by_row(policy, market, opening, account.fill_delay, fills) if decides else {},
            review=policy.review if decides and version.reviews else None,
            watches_caps=policy.watch_caps and decides and version.watches_caps,
            taxation=taxation,
            taxes=tax_calendar(taxation, market, policy.tickers, opening, following),
        )


def tax_calendar(
    taxation: Taxation | None,
    market: Market,
    tickers: tuple[str, ...],
    opening: int,
    following: np.datetime64 | None = None,
) -> TaxCalendar:
    """Return when taxes have something to do in a run of ``tickers`` that opens at a row."""
    if taxation is None:
        return TaxCalendar()
    due = taxation.assessment_rows(market.dates, opening)
    return TaxCalendar.build(market.dates, opening, due, dividend_rows(market, tickers), following)


def _fixed_targets(policy: Policy, market: Market, caps: FloatArray) -> FloatArray | None:
    """Return the policy's fixed targets in the market's order, where it has some that keep its ``caps`` (N,)."""
    fixed = policy.fixed_targets()
    if fixed is None:
        return None
    weights = [fixed.get(ticker, 0.0) for ticker in market.assets]
    targets, total = np.array(weights), fsum(weights)
    if min(weights) < 0.0 or not total <= 1.0 + WEIGHT_SUM_TOLERANCE or np.count_nonzero(targets > caps):
        return None
    return targets / total if total > 1.0 else targets


def _never_sold(policy: Policy, market: Market) -> BoolArray | None:
    """Return (N,) what ``policy`` never sells, None where that is nothing; a protocol would take a tenth of a run."""
    kept: tuple[str, ...] = getattr(policy, "never_sell", ())
    return np.array([ticker in kept for ticker in market.assets], dtype=np.bool_) if kept else None


def _after(opening: int, rows: Iterable[int]) -> tuple[int, ...]:
    return tuple(row for row in rows if row > opening)


def _delistings_by_row(delistings: Iterable[tuple[int, int]], opening: int) -> dict[int, list[int]]:
    """Return assets by the first row after their last close, where that is no earlier than the opening (S8)."""
    gone: dict[int, list[int]] = {}
    for row, j in delistings:
        if row > opening:
            gone.setdefault(row, []).append(j)
    return gone
