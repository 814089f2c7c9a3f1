"""Which variants run side by side, and what is asked of their policies beforehand.

No rule is written twice: targets come from the policy's own ``target_weights`` for every pattern of assets that can be
held, recipients of payouts from ``reallocation_weights``, dates from its schedule. What policies share is asked once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Generic, NamedTuple, TypeVar, cast

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.costs import AnyCosts
from engine.portfolio.policy import Band, Decision, Policy, validate_weights
from engine.simulation.kernel.order_costs import is_proportional
from engine.simulation.placement import PLACEMENT

MIN_SESSIONS: Final = 3
"""Sessions below which there is nothing for a batch to gain."""
MAX_CACHED_ANSWERS: Final = 8_192
"""Answers of one kind that are kept at a time; a sweep asks about each of its policies a few times in a row."""
MAX_CACHED_CALENDARS: Final = 4_096
"""Calendars that are kept, each over a window's end."""
MAX_CACHED_MARKETS: Final = 64
"""Ends of windows whose market is kept."""

ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")


class Variant(NamedTuple):
    """One point of a sweep: a policy over rows ``start`` to before ``end`` of a market, with its account and costs.

    ``targets_key`` and ``calendar_key`` save asking what the caller knows: policies with equal ones want the same
    weights, or decide at the same times, over this market. With both, ``policy`` need only be one that wants the same,
    and ``make_policy`` returns the variant's own when it is needed.
    """

    policy: Policy
    account: Account
    costs: AnyCosts
    start: int
    end: int
    targets_key: Hashable = None
    calendar_key: Hashable = None
    make_policy: Callable[[], Policy] | None = None

    @property
    def own_policy(self) -> Policy:
        """The variant's own policy."""
        return self.make_policy() if self.make_policy else self.policy


@dataclass(frozen=True)
class VariantColumns:
    """S variants with one batch key, as columns.

    ``target_variants`` differ in targets, account or costs, ``calendar_variants`` in their calendar; the indices (S,)
    say with which of each a variant agrees. ``make_variant`` makes one by its number.
    """

    target_variants: Sequence[Variant]
    calendar_variants: Sequence[Variant]
    target_index: IntArray
    calendar_index: IntArray
    make_variant: Callable[[int], Variant]

    @classmethod
    def from_variants(cls, variants: Sequence[Variant]) -> VariantColumns:
        """Return ``variants`` in columns."""
        # by id: the variants hold these objects for as long, and equal ones that are two only cost a column
        targets, target = distinct_and_index(variants, [(id(v.policy), id(v.account), id(v.costs)) for v in variants])
        calendars, calendar = targets, target
        if any(variant.calendar_key is not None for variant in variants):
            keys = [id(v.policy) if v.calendar_key is None else v.calendar_key for v in variants]
            calendars, calendar = distinct_and_index(variants, keys)
        return cls(targets, calendars, target, calendar, variants.__getitem__)


def distinct_and_index(items: Sequence[ItemT], keys: Sequence[Hashable]) -> tuple[list[ItemT], IntArray]:
    """Return the first item with each key, in order of appearance, and (S,) which of them has each item's key.

    >>> distinct_and_index("aBAb", ["a", "b", "a", "b"])
    (['a', 'B'], array([0, 1, 0, 1]))
    """
    known: dict[Hashable, int] = {}
    index = np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64)
    return [items[at] for at in np.unique(index, return_index=True)[1].tolist()], index


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
    cash_rate: float
    watches_caps: bool
    band_checks: bytes
    proportional: bool

    def fill_key(self, row: int) -> Hashable:
        """Return what is equal for two fills at which a policy is told the same."""
        return self.opening_row, self.end_row, self.delay, row


@dataclass(frozen=True)
class TargetSpec:
    """What a policy always wants, in its own assets' order: columns of the market, caps, core.

    ``targets_by_fill`` remembers (n,) targets by fill.
    """

    policy: Policy
    assets: tuple[int, ...]
    capped: tuple[int, ...]
    cap: float
    core: FloatArray
    caps: FloatArray
    is_batchable: bool
    targets_by_fill: dict[Hashable, FloatArray] = field(default_factory=dict)


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
        """Return the answer to ``key``, computed when it is not known."""
        if key not in self.answers:
            answer = compute()
            if len(self.answers) >= self.capacity:
                self.answers.clear()
            self.answers[key] = answer
        return self.answers[key]


class PolicyCache:
    """All that is asked of one market and of the policies over it; asks everything once."""

    def __init__(self, market: Market, capacity: int = MAX_CACHED_ANSWERS) -> None:
        """Begin with no answer about ``market``, which reaches to the end of the data."""
        self.market = market
        self.markets: Memo[Market] = Memo(MAX_CACHED_MARKETS)
        self.targets_keys: Memo[tuple[Policy, Hashable]] = Memo(capacity)
        self.target_specs: Memo[TargetSpec] = Memo(capacity)
        self.calendar_specs: Memo[CalendarSpec] = Memo(min(capacity, MAX_CACHED_CALENDARS))
        self.decisions: Memo[Decision] = Memo(capacity)
        self.opening_rows: Memo[int | None] = Memo(capacity)
        self.costs: Memo[tuple[tuple[float, ...], bool]] = Memo(capacity)

    def market_until(self, end: int) -> Market:
        """Return the market up to before row ``end``."""
        return self.markets.recall(end, lambda: self.market.truncate(self.market.dates[end - 1]))

    def batch_key(self, variant: Variant) -> BatchKey | None:
        """Return what variants must share with this one to run beside it; None when only ``simulate`` can run it."""
        account = variant.account
        if account.shares == "whole" or account.contributions.amount:
            return None
        spec, calendar = self.target_spec(variant), self.calendar_spec(variant)
        watches_caps, opening = spec.policy.watch_caps, self._opening_row(spec, variant.start)
        if opening is None or variant.end - opening < MIN_SESSIONS:
            return None
        if (calendar.band or watches_caps) and account.fill_delay:
            return None
        if calendar.band and not calendar.band.is_full_rebalance:
            return None
        return BatchKey(
            assets=spec.assets,
            capped=spec.capped,
            opening_row=opening,
            end_row=variant.end,
            delay=account.fill_delay,
            cash_rate=account.cash.rate,
            watches_caps=watches_caps,
            band_checks=calendar.band_checks,
            proportional=self.cost_terms(variant.costs)[1],
        )

    def target_spec(self, variant: Variant) -> TargetSpec:
        """Return what a variant's policy always wants."""
        key = variant.targets_key if variant.targets_key is not None else self._targets_key(variant.policy)
        return self.target_specs.recall(key, lambda: self._build_target_spec(variant.policy))

    def _targets_key(self, policy: Policy) -> Hashable:
        """Return the key of a policy, remembered by identity: to build it takes longer than to run a variant.

        The policy is kept beside its key, so that no other can get its identity meanwhile.
        """
        found = self.targets_keys.recall(id(policy), lambda: (policy, id(policy)))
        return found[1]

    def _build_target_spec(self, policy: Policy) -> TargetSpec:
        caps, core, columns = policy.caps(), policy.core(), self.market.columns
        known = all(ticker in columns for ticker in policy.tickers)
        assets = tuple(sorted(columns[ticker] for ticker in policy.tickers)) if known else ()
        names = [self.market.assets[column] for column in assets]
        is_fixed = policy.review is None and policy.fixed_targets() is not None
        return TargetSpec(
            policy=policy,
            assets=assets,
            capped=tuple(at for at, name in enumerate(names) if name in caps),
            cap=next(iter(caps.values()), np.inf),
            core=np.array([core.get(name, 0.0) for name in names]),
            caps=np.array([caps.get(ticker, np.inf) for ticker in self.market.assets]),
            is_batchable=known and is_fixed and len(set(caps.values())) <= 1,
        )

    def _opening_row(self, spec: TargetSpec, start: int) -> int | None:
        """Return the row of the opening purchase; None without one, or for a policy that no batch can run."""
        if not spec.is_batchable:
            return None
        tickers = spec.policy.opening_tickers()
        return self.opening_rows.recall((tickers, start), lambda: self.market.first_close_row(tickers, start))

    def calendar_spec(self, variant: Variant) -> CalendarSpec:
        """Return when a variant's schedule decides."""
        key = variant.calendar_key if variant.calendar_key is not None else cast("Hashable", variant.policy.schedule)

        def build() -> CalendarSpec:
            schedule, dates = variant.own_policy.schedule, self.market.dates[: variant.end]
            rows = np.array(sorted(schedule.calendar(dates)), dtype=np.int64)
            return CalendarSpec(rows, schedule.band(dates))

        return self.calendar_specs.recall((key, variant.end), build)

    def cost_terms(self, costs: AnyCosts) -> tuple[tuple[float, ...], bool]:
        """Return what one order costs, the fields of a ``CostTable``, and whether all of it is a small rate."""

        def compute() -> tuple[tuple[float, ...], bool]:
            table = costs.cost_table(1)
            return tuple(float(column[0]) for column in table), bool(is_proportional(table))

        return self.costs.recall(costs, compute)

    def target_weights(self, spec: TargetSpec, key: BatchKey, row: int) -> FloatArray:
        """Return (n,) the targets of a rebalance filled at ``row``; asked once for all variants that want the same."""
        fill = key.fill_key(row)
        if fill not in spec.targets_by_fill:
            decision = self.decision(key, row)
            weights = validate_weights(spec.policy.target_weights(decision), decision.buyable, spec.caps, row)
            spec.targets_by_fill[fill] = weights[list(key.assets)]
        return spec.targets_by_fill[fill]

    def decision(self, key: BatchKey, row: int) -> Decision:
        """Return what a policy without reviews is told of a fill at ``row``, its own weights left out (S2)."""

        def build() -> Decision:
            market, nobody = self.market_until(key.end_row), np.zeros(len(self.market.assets), dtype=np.bool_)
            opens = row == key.opening_row
            seen = row if opens else max(row - key.delay, key.opening_row + 1)
            eligible = market.listed[row] if opens else market.eligible[row]
            return Decision(
                market.history_before(seen), np.zeros(len(nobody)), 1.0, row, eligible, nobody, placement=PLACEMENT
            )

        return self.decisions.recall(key.fill_key(row), build)


@lru_cache(maxsize=4)
def policy_cache_for(market: Market) -> PolicyCache:
    """Return the policy cache of a market, the same as long as it is in use."""
    return PolicyCache(market)


def clear_caches() -> None:
    """Let go of all that was asked of any market."""
    policy_cache_for.cache_clear()
