"""From variants to what the lanes take: who may run side by side, and the arrays of their market, plans and terms.

No rule is written twice: targets come from the policy's own ``target_weights`` for every pattern of who can be held,
heirs from ``reallocation_weights``, dates from its schedule. What plans share is asked once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple, Protocol, TypeVar, cast, runtime_checkable

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.costs import AnyCosts
from engine.portfolio.policy import Band, Decision, Policy, Schedule, validate_weights
from engine.simulation.kernel.order_costs import is_proportional

MIN_SESSIONS: Final = 3
"""Sessions below which there is nothing for lanes to gain."""

MAX_CACHED_ANSWERS: Final = 8_192
"""Policies whose answers are kept at a time; a sweep asks about each of its own a few times in a row."""

MAX_CACHED_MARKETS: Final = 64
"""Ends of windows whose market is kept."""

MAX_CACHED_CALENDARS: Final = 4_096
"""Calendars that are kept, each over a window's end."""

ItemT = TypeVar("ItemT")
KeyT = TypeVar("KeyT", bound=Hashable)
AnswerT = TypeVar("AnswerT")


class Variant(NamedTuple):
    """One point of a sweep: a policy over rows ``start`` to before ``end_row`` of a market, with its account and costs.

    ``target_spec`` and ``calendar_spec`` save asking what the caller knows: equal keys say that policies want the same weights, or
    decide at the same times, over this market. With both, ``policy`` need only be one that wants the same, and
    ``make_policy`` returns the variant's own when it is needed.
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
    """S variants of one family, each one of the ``target_variants`` (wants, account, costs) at one of the ``calendar_variants`` (calendar).

    ``target_index`` and ``calendar_index`` (S,) say of which of the ``target_variants`` a variant is, and with which of the ``calendar_variants`` it
    decides; ``make_variant`` makes one by its number.
    """

    target_variants: Sequence[Variant]
    calendar_variants: Sequence[Variant]
    target_index: IntArray
    calendar_index: IntArray
    make_variant: Callable[[int], Variant]

    @classmethod
    def from_variants(cls, variants: Sequence[Variant]) -> VariantColumns:
        """Return ``variants`` in columns."""
        kinds, kind = distinct_by_key(variants, [(id(one.policy), id(one.account), id(one.costs)) for one in variants])
        moments, moment = kinds, kind
        if any(one.calendar_key is not None for one in variants):
            moments, moment = distinct_by_key(
                variants, [id(one.policy) if one.calendar_key is None else one.calendar_key for one in variants]
            )
        return cls(kinds, moments, kind, moment, variants.__getitem__)


def distinct_by_key(things: Sequence[ItemT], keys: Sequence[Hashable]) -> tuple[list[ItemT], IntArray]:
    """Return the first thing with each key, in order of appearance, and (S,) which of the keys each has."""
    known: dict[Hashable, int] = {}
    number = np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64)
    return [things[at] for at in np.unique(number, return_index=True)[1].tolist()], number


@runtime_checkable
class SharesTargets(Protocol):
    """A policy that says what it shares with those that always want the same weights."""

    def targets_key(self) -> Hashable:
        """Return a key that is equal for policies which differ in nothing but when they trade."""


@dataclass(frozen=True)
class BatchKey:
    """What variants have in common that run side by side.

    ``band_checks`` (T,) at which closes bands are looked at, as bytes, so that it can be hashed; empty without a band.
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
        """Return what two fills share at which a policy is told the same."""
        return self.opening_row, self.end_row, self.delay, row


@dataclass(frozen=True)
class TargetSpec:
    """What a policy always wants, in its own assets' order: columns of the market, caps, core; and its haircut.

    ``target_weights`` remembers (n,) targets by fill.
    """

    policy: Policy
    assets: tuple[int, ...]
    capped: tuple[int, ...]
    cap: float
    core: FloatArray
    caps: FloatArray
    haircut: float
    is_batchable: bool
    watches_caps: bool
    opening_tickers: tuple[str, ...]
    targets_by_fill: dict[Hashable, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True)
class CalendarSpec:
    """When a schedule decides over a market: rows of its calendar, and its band."""

    rows: IntArray
    band: Band | None
    band_checks: bytes


def _clear_when_full(answers: dict[KeyT, AnswerT], most: int) -> dict[KeyT, AnswerT]:
    """Return what is remembered, forgotten first when it is too much: a sweep may ask about millions."""
    if len(answers) >= most:
        answers.clear()
    return answers


class PolicyCache:
    """All that is asked of one market and of the policies over it; asks everything once."""

    def __init__(self, market: Market) -> None:
        """Plan over ``market``, which reaches to the end of the data."""
        self.market = market
        self._markets: dict[Hashable, Market] = {}
        self._target_specs: dict[Hashable, TargetSpec] = {}
        self._calendar_specs: dict[Hashable, CalendarSpec] = {}
        self._target_specs_by_policy: dict[int, tuple[Policy, TargetSpec]] = {}
        self._calendar_specs_by_policy: dict[tuple[int, int], tuple[Policy, CalendarSpec]] = {}
        self._decisions: dict[Hashable, Decision] = {}
        self._opening_rows: dict[Hashable, int | None] = {}
        self._cost_terms: dict[Hashable, tuple[tuple[float, ...], bool]] = {}

    def market_until(self, end: int) -> Market:
        """Return the market up to before row ``end_row``."""
        if end not in self._markets:
            _clear_when_full(self._markets, MAX_CACHED_MARKETS)[end] = self.market.truncate(self.market.dates[end - 1])
        return self._markets[end]

    def batch_key(self, variant: Variant) -> BatchKey | None:
        """Return what ``make_variant`` has to share with others to run beside them; None when only the spine can run it."""
        account = variant.account
        if account.shares == "whole" or account.contributions.amount:
            return None
        wants, when = self.target_spec(variant), self.calendar_spec(variant)
        opening = self.opening_row(wants, variant.start, variant.end)
        if not wants.is_batchable or opening is None or variant.end - opening < MIN_SESSIONS:
            return None
        if (when.band or wants.watches_caps) and account.fill_delay:
            return None
        if when.band and not when.band.is_full_rebalance:
            return None
        return BatchKey(
            assets=wants.assets,
            capped=wants.capped,
            opening_row=opening,
            end_row=variant.end,
            delay=account.fill_delay,
            cash_rate=account.cash.rate,
            watches_caps=wants.watches_caps,
            band_checks=when.band_checks,
            proportional=self.cost_terms(variant.costs)[1],
        )

    def target_spec(self, variant: Variant) -> TargetSpec:
        """Return what a variant's policy always wants."""
        policy = variant.policy
        known = self._target_specs_by_policy.get(id(policy))
        if known is not None and known[0] is policy:
            return known[1]
        key = variant.targets_key
        if key is None:
            key = policy.targets_key() if isinstance(policy, SharesTargets) else id(policy)
        found = self._target_specs.get(key)
        if found is None:
            found = _clear_when_full(self._target_specs, MAX_CACHED_ANSWERS)[key] = self._build_target_spec(policy)
        _clear_when_full(self._target_specs_by_policy, MAX_CACHED_ANSWERS)[id(policy)] = policy, found
        return found

    def _build_target_spec(self, policy: Policy) -> TargetSpec:
        caps, core, columns = policy.caps(), policy.core(), self.market.columns
        known = all(ticker in columns for ticker in policy.tickers)
        assets = tuple(sorted(columns[ticker] for ticker in policy.tickers)) if known else ()
        names = [self.market.assets[column] for column in assets]
        return TargetSpec(
            policy=policy,
            assets=assets,
            capped=tuple(at for at, name in enumerate(names) if name in caps),
            cap=next(iter(caps.values()), np.inf),
            core=np.array([core.get(name, 0.0) for name in names]),
            caps=np.array([caps.get(ticker, np.inf) for ticker in self.market.assets]),
            haircut=policy.haircut,
            is_batchable=known
            and policy.review is None
            and policy.fixed_targets() is not None
            and len(set(caps.values())) <= 1,
            watches_caps=policy.watch_caps,
            opening_tickers=policy.opening_tickers(),
        )

    def opening_row(self, wants: TargetSpec, start: int, end: int) -> int | None:
        """Return the row of the opening purchase, or None where there is none before ``end_row``."""
        key = (wants.opening_tickers, start)
        if key not in self._opening_rows:
            _clear_when_full(self._opening_rows, MAX_CACHED_ANSWERS)[key] = (
                self.market.first_close_row(wants.opening_tickers, start) if wants.is_batchable else None
            )
        row = self._opening_rows[key]
        return row if row is not None and row < end else None

    def calendar_spec(self, variant: Variant) -> CalendarSpec:
        """Return when a variant's schedule decides."""
        if variant.calendar_key is not None:
            return self._calendar_spec_by_key(variant, (variant.calendar_key, variant.end))
        policy, key = variant.policy, (id(variant.policy), variant.end)
        known = self._calendar_specs_by_policy.get(key)
        if known is None or known[0] is not policy:
            found = self._calendar_spec_by_key(variant, (cast("Hashable", policy.schedule), variant.end))
            known = _clear_when_full(self._calendar_specs_by_policy, MAX_CACHED_ANSWERS)[key] = policy, found
        return known[1]

    def _calendar_spec_by_key(self, variant: Variant, key: Hashable) -> CalendarSpec:
        if key not in self._calendar_specs:
            schedule: Schedule = variant.own_policy.schedule
            dates = self.market.dates[: variant.end]
            band = schedule.band(dates)
            rows = np.array(sorted(schedule.calendar(dates)), dtype=np.int64)
            _clear_when_full(self._calendar_specs, MAX_CACHED_CALENDARS)[key] = CalendarSpec(
                rows, band, band.check_rows.tobytes() if band else b""
            )
        return self._calendar_specs[key]

    def cost_terms(self, costs: AnyCosts) -> tuple[tuple[float, ...], bool]:
        """Return what one order costs, the fields of a ``CostTable``, and whether all of it is a small rate."""
        if costs not in self._cost_terms:
            table = costs.cost_table(1)
            _clear_when_full(self._cost_terms, MAX_CACHED_ANSWERS)[costs] = (
                tuple(float(column[0]) for column in table),
                bool(is_proportional(table)),
            )
        return self._cost_terms[costs]

    def target_weights(self, wants: TargetSpec, family: BatchKey, row: int) -> FloatArray:
        """Return (n,) the targets of a rebalance filled at ``row``; asked once for all variants that want the same."""
        key = family.fill_key(row)
        if key not in wants.targets_by_fill:
            decision = self.decision(family, row)
            checked = validate_weights(wants.policy.target_weights(decision), decision, wants.caps)
            wants.targets_by_fill[key] = checked[list(family.assets)]
        return wants.targets_by_fill[key]

    def decision(self, family: BatchKey, row: int) -> Decision:
        """Return what a policy without reviews is told of a fill at ``row``, its own weights left out (S2)."""
        key = family.fill_key(row)
        if key not in self._decisions:
            _clear_when_full(self._decisions, MAX_CACHED_ANSWERS)[key] = self._build_decision(family, row)
        return self._decisions[key]

    def _build_decision(self, family: BatchKey, row: int) -> Decision:
        market, nobody = self.market_until(family.end_row), np.zeros(len(self.market.assets), dtype=np.bool_)
        opens = row == family.opening_row
        seen = row if opens else max(row - family.delay, family.opening_row + 1)
        eligible = market.listed[row] if opens else market.eligible[row]
        return Decision(market.history_before(seen), np.zeros(len(nobody)), 1.0, row, eligible, nobody)


class _MarketIdentity:
    """A market by identity, as a key."""

    def __init__(self, market: Market) -> None:
        self.market = market

    def __hash__(self) -> int:
        return id(self.market)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _MarketIdentity) and other.market is self.market


@lru_cache(maxsize=4)
def _cached_policy_cache(key: _MarketIdentity) -> PolicyCache:
    return PolicyCache(key.market)


def clear_caches() -> None:
    """Let go of all that was asked of any market."""
    _cached_policy_cache.cache_clear()


def policy_cache_for(market: Market) -> PolicyCache:
    """Return the planner of a market, the same as long as it is in use."""
    return _cached_policy_cache(_MarketIdentity(market))
