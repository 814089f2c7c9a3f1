"""Which variants run side by side, and what is asked of their policies beforehand.

No rule is written twice: targets are placed by the engine's own rule or the policy's ``target_weights``, for every
pattern of assets that can be held; dates come from its schedule. What policies share is asked once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Generic, TypeVar, cast

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.data.market import Market
from engine.data.sources.rates import RateFile
from engine.portfolio.costs import AnyCosts, tariff_currency
from engine.portfolio.policy import Band, Decision, Schedule, validate_weights
from engine.portfolio.policy_abilities import NeverSells, TabulatesTargets, schedule_since
from engine.portfolio.spread import SpreadByName
from engine.simulation.kernel.batch.tax_records import LaneTaxes
from engine.simulation.kernel.order_costs import is_proportional
from engine.simulation.placement import PLACEMENT
from engine.simulation.run_setup import tax_calendar
from engine.sweep.batch.policy_groups import PolicyGroup, TradingTerms, Variant, distinct_and_index, group_policies
from engine.tax.book import Taxation

MIN_SESSIONS: Final = 3
"""Sessions below which there is nothing for a batch to gain."""
MAX_CACHED_ANSWERS: Final = 4_096
"""Answers of one kind that are kept at a time."""
MAX_CACHED_MARKETS: Final = 64
"""Ends of windows whose market is kept."""

AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True)
class BatchKey:
    """What variants have in common that run side by side.

    ``assets`` are columns of the market, ``capped`` positions among them; ``band_checks`` (T,) the closes at which
    bands are looked at, as bytes, so that it can be hashed; empty without a band.
    """

    assets: tuple[int, ...]
    capped: tuple[int, ...]
    opening_row: int
    end_row: int
    delay: int
    cash_rate: RateFile | float
    watches_caps: bool
    band_checks: bytes
    proportional: bool
    judges_orders: bool

    def fill_key(self, row: int) -> Hashable:
        """Return what is equal for two fills at which a policy is told the same."""
        return self.opening_row, self.end_row, self.delay, row


@dataclass(frozen=True)
class CalendarSpec:
    """When a schedule decides over a market: rows of its calendar, and its band."""

    rows: IntArray
    band: Band | None

    @property
    def band_checks(self) -> bytes:
        """The closes at which its band is looked at, as :class:`BatchKey` has them."""
        return self.band.check_rows.tobytes() if self.band else b""

    @property
    def band_widths(self) -> tuple[float, float]:
        """Absolute and relative width of its band [fraction]."""
        return (self.band.absolute, self.band.relative) if self.band else (np.inf, np.inf)


@dataclass(frozen=True)
class Memo(Generic[AnswerT]):
    """Answers by key; all are forgotten when ``capacity`` of them are known, as a sweep may ask about millions."""

    capacity: int
    answers: dict[Hashable, AnswerT] = field(default_factory=dict)

    def recall(self, key: Hashable, compute: Callable[[], AnswerT]) -> AnswerT:
        """Return the answer to ``key``, computed when it is not known; threads may ask at the same time."""
        try:
            return self.answers[key]
        except KeyError:
            answer = compute()
        if len(self.answers) >= self.capacity:
            self.answers.clear()
        self.answers[key] = answer
        return answer


class MarketPlanner:
    """All that is asked of one market and of the policies over it; asks everything once."""

    def __init__(self, market: Market, capacity: int = MAX_CACHED_ANSWERS) -> None:
        """Begin with no answer about ``market``, which reaches to the end of the data."""
        self.market = market
        self.markets: Memo[Market] = Memo(MAX_CACHED_MARKETS)
        self.calendar_specs: Memo[CalendarSpec] = Memo(capacity)
        self.due_rows: Memo[IntArray] = Memo(MAX_CACHED_MARKETS)
        self.decisions: Memo[Decision] = Memo(capacity)
        self.opening_rows: Memo[int | None] = Memo(capacity)
        self.costs: Memo[tuple[tuple[float, ...], bool]] = Memo(capacity)
        self.taxes: Memo[tuple[Taxation, LaneTaxes | None]] = Memo(MAX_CACHED_MARKETS)

    def market_until(self, end: int, charged_in: str | None = None) -> Market:
        """Return the market up to before row ``end``, with the rates of what costs are in."""

        def cut() -> Market:
            return self.market.truncate(self.market.dates[end - 1]).charged_in(charged_in)

        return self.markets.recall((end, charged_in), cut)

    def batch_key(
        self, group: PolicyGroup, row: int, terms: TradingTerms, schedule: Schedule, start: int, end: int
    ) -> BatchKey | None:
        """Return what variants must share to run beside one of the policy at ``row`` of a group.

        None when only ``simulate`` can run it.
        """
        return None if terms.taxation is not None else self._batch_key(group, row, terms, schedule, (start, end))

    def taxed_batch_key(
        self, group: PolicyGroup, row: int, terms: TradingTerms, schedule: Schedule, start: int, end: int
    ) -> BatchKey | None:
        """Return the same for variants that may be taxed; only ``batch_metric_table`` knows what to do with them."""
        return self._batch_key(group, row, terms, schedule, (start, end))

    def _batch_key(
        self, group: PolicyGroup, row: int, terms: TradingTerms, schedule: Schedule, window: tuple[int, int]
    ) -> BatchKey | None:
        start, end = window
        account, policy = terms.account, group.policy
        if isinstance(policy, NeverSells) and policy.never_sell:
            return None
        pays = self.market.dividends is not None and (terms.taxation is None or self.market.invests_dividends)
        if account.shares == "whole" or account.has_flows or pays:
            return None
        if terms.costs.yearly or isinstance(terms.costs.spread, SpreadByName):
            return None
        if account.limit_margin is not None or not self.is_charged_alike(group, terms.costs):
            return None
        taxation = terms.taxation
        opening = self.opening_row(group, row, start)
        if opening is None or end - opening < MIN_SESSIONS:
            return None
        calendar, watches_caps = self.calendar_spec(schedule, end), group.policy.watch_caps
        if (calendar.band or watches_caps) and account.fill_delay:
            return None
        asked = calendar.band and not calendar.band.is_full_rebalance
        if asked or not (taxation is None or self.is_taxed_in_lanes(group, taxation, opening, end)):
            return None
        proportional = self.cost_terms(terms.costs, group.columns)[1]
        return BatchKey(
            assets=group.columns,
            capped=group.capped,
            opening_row=opening,
            end_row=end,
            delay=account.fill_delay,
            cash_rate=account.cash.rate,
            watches_caps=watches_caps,
            band_checks=calendar.band_checks,
            proportional=proportional,
            judges_orders=not proportional or account.min_order > 0.0,
        )

    def is_taxed_in_lanes(self, group: PolicyGroup, taxation: Taxation, opening: int, end: int) -> bool:
        """Return whether lanes know the law, and nothing but rebalances is traded from the opening to the end."""
        if group.policy.watch_caps or len(self.market_until(end).delistings_from(opening, list(group.columns))[0]):
            return False
        return self.lane_taxes(group, taxation, opening, end) is not None

    def lane_taxes(self, group: PolicyGroup, taxation: Taxation, opening: int, end: int) -> LaneTaxes | None:
        """Return what taxes the variants of a group, None where only their books know."""
        from engine.simulation.lane_taxes import lane_taxes  # noqa: PLC0415  (the laws of all countries)

        def compute() -> tuple[Taxation, LaneTaxes | None]:
            market, columns = self.market_until(end), group.columns
            tickers = tuple(market.assets[column] for column in columns)
            calendar = tax_calendar(taxation, market, tickers, opening)
            return taxation, lane_taxes(taxation, market, opening, columns, calendar)

        return self.taxes.recall((id(taxation), group.columns, opening, end), compute)[1]

    def opening_row(self, group: PolicyGroup, row: int, start: int) -> int | None:
        """Return when the assets are bought that the policy at ``row`` of a group has a positive target for (S1)."""
        wanted = np.flatnonzero(group.table.targets[row] > 0.0).tolist()
        tickers = tuple(self.market.assets[group.columns[at]] for at in wanted)
        return self.opening_rows.recall((tickers, start), lambda: self.market.first_close_row(tickers, start))

    def calendar_spec(self, schedule: Schedule, end: int) -> CalendarSpec:
        """Return when a schedule decides up to before row ``end``."""

        def build() -> CalendarSpec:
            dates = self.market.dates[:end]
            rows = np.array(sorted(schedule.calendar(dates)), dtype=np.int64)
            return CalendarSpec(rows, schedule.band(dates))

        return self.calendar_specs.recall((cast("Hashable", schedule), end), build)

    def next_due(self, schedule: Schedule, key: BatchKey) -> IntArray:
        """Return (T + 1,) the next rebalance of a calendar at or after each row of a batch, the opening included."""

        def compute() -> IntArray:
            since = schedule_since(schedule, self.market.dates[key.opening_row])
            rows, sessions = self.calendar_spec(since, key.end_row).rows, key.end_row - key.opening_row
            fills = rows[rows > key.opening_row] + key.delay - key.opening_row
            due = np.concatenate([[0], fills[fills < sessions], [sessions]])
            return due[np.searchsorted(due, np.arange(sessions + 1), side="left")]

        found = cast("Hashable", schedule), key.opening_row, key.end_row, key.delay
        return self.due_rows.recall(found, compute)

    def cost_terms(self, costs: AnyCosts, columns: tuple[int, ...]) -> tuple[tuple[float, ...], bool]:
        """Return what an order of some assets costs, the fields of a ``CostTable``, and whether all are small rates."""
        foreign = self.market.foreign[list(columns[:1])]  # all are, or none

        def compute() -> tuple[tuple[float, ...], bool]:
            table = costs.cost_table(1, foreign)
            terms = table[:7]  # no lane has a yearly fee or a contribution
            return tuple(float(column[0]) for column in terms), bool(is_proportional(table.of_orders()))

        return self.costs.recall((costs, foreign.tobytes()), compute)

    def is_charged_alike(self, group: PolicyGroup, costs: AnyCosts) -> bool:
        """Return whether an order costs the same in each asset at every session, whatever a share and a rate are."""
        foreign = self.market.foreign[list(group.columns)]
        if costs.fx and foreign.any() and not foreign.all():
            return False
        at_home = tariff_currency(costs) in {None, self.market.currency}
        return self.cost_terms(costs, group.columns)[1] or (self.market.shares is None and at_home)

    def place_targets(self, group: PolicyGroup, key: BatchKey, row: int) -> FloatArray:
        """Return (U, n) the targets of a rebalance filled at ``row``."""
        decision, columns = self.decision(key, row), list(group.columns)
        if not group.policies:
            rules = group.slice_rules(cast("TabulatesTargets", group.policy).placement_rules(decision))
            weights = PLACEMENT.place(group.table.targets, group.table.core, group.caps, rules)
        else:
            weights = np.array([policy.target_weights(decision)[columns] for policy in group.policies])
        return validate_weights(weights, decision.buyable[columns], group.caps, row)

    def recipient_shares(self, group: PolicyGroup, key: BatchKey, row: int) -> FloatArray:
        """Return (U, n) who receives the payout of an asset delisted at ``row`` (S8)."""
        decision, columns = self.decision(key, row), list(group.columns)
        if not group.policies:
            recipient = group.position(cast("TabulatesTargets", group.policy).payout_recipient(decision))
            return PLACEMENT.recipient_shares(group.table.core, decision.buyable[columns], recipient)
        return np.array([policy.reallocation_weights(decision)[columns] for policy in group.policies])

    def decision(self, key: BatchKey, row: int) -> Decision:
        """Return what a policy without reviews is told of a fill at ``row``, its own weights left out (S2)."""

        def build() -> Decision:
            market, nobody = self.market_until(key.end_row), np.zeros(len(self.market.assets), dtype=np.bool_)
            opens = row == key.opening_row
            seen = row if opens else max(row - key.delay, key.opening_row + 1)
            eligible, nothing = market.listed[row] if opens else market.eligible[row], np.zeros(len(nobody))
            day, history = market.dates[row] if opens else None, market.history_before(seen)
            return Decision(history, nothing, 1.0, row, eligible, nobody, placement=PLACEMENT, opens_on=day)

        return self.decisions.recall(key.fill_key(row), build)


@dataclass(frozen=True)
class VariantColumns:
    """S variants with one batch key, as columns.

    Each index (S,) says which of the group's policies, the ``terms`` and the ``schedules`` a variant has.
    """

    key: BatchKey
    group: PolicyGroup
    terms: Sequence[TradingTerms]
    schedules: Sequence[Schedule]
    policy_index: IntArray
    terms_index: IntArray
    schedule_index: IntArray

    @classmethod
    def from_variants(cls, planner: MarketPlanner, variants: Sequence[Variant]) -> VariantColumns | None:
        """Return ``variants`` in columns; None when only ``simulate`` can run them."""
        first = variants[0]
        policies, policy_index = distinct_and_index([v.policy for v in variants], [id(v.policy) for v in variants])
        pairs = [(id(v.account), id(v.costs), id(v.taxation)) for v in variants]
        every = [TradingTerms(v.account, v.costs, v.taxation) for v in variants]
        terms, terms_index = distinct_and_index(every, pairs)
        found = [policy.schedule for policy in policies]
        schedules, schedule_of = distinct_and_index(found, cast("Sequence[Hashable]", found))
        if (group := group_policies(planner.market.assets, policies)) is None:
            return None
        key = planner.batch_key(group, 0, terms[0], schedules[0], first.start, first.end)
        indices = policy_index, terms_index, schedule_of[policy_index]
        return None if key is None else cls(key, group, terms, schedules, *indices)


@lru_cache(maxsize=4)
def planner_for(market: Market) -> MarketPlanner:
    """Return the planner of a market, the same as long as it is in use."""
    return MarketPlanner(market)


def clear_caches() -> None:
    """Let go of all that was asked of any market."""
    planner_for.cache_clear()
