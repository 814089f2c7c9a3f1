"""From variants to what the lanes take: who may run side by side, and the arrays of their market, plans and terms.

No rule is written twice: targets come from the policy's own ``target_weights`` for every pattern of who can be held,
heirs from ``heir_weights``, dates from its schedule. What plans share is asked once.
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
from engine.portfolio.policy import Band, Decision, Policy, Schedule, checked_weights
from engine.simulation.kernel.order_costs import proportional

FEWEST: Final = 3
"""Sessions below which there is nothing for lanes to gain."""

REMEMBERED: Final = 8_192
"""Policies whose answers are kept at a time; a sweep asks about each of its own a few times in a row."""

ENDS: Final = 64
"""Ends of windows whose market is kept."""

CALENDARS: Final = 4_096
"""Calendars that are kept, each over a window's end."""

Thing = TypeVar("Thing")
Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


class Variant(NamedTuple):
    """One point of a sweep: a policy over rows ``start`` to before ``end`` of a market, with its account and costs.

    ``wants`` and ``when`` save asking what the caller knows: equal keys say that policies want the same weights, or
    decide at the same times, over this market. With both, ``policy`` need only be one that wants the same, and
    ``make`` returns the variant's own when it is needed.
    """

    policy: Policy
    account: Account
    costs: AnyCosts
    start: int
    end: int
    wants: Hashable = None
    when: Hashable = None
    make: Callable[[], Policy] | None = None

    @property
    def own(self) -> Policy:
        """The variant's own policy."""
        return self.make() if self.make else self.policy


@dataclass(frozen=True)
class Columns:
    """S variants of one family, each one of the ``kinds`` (wants, account, costs) at one of the ``moments`` (calendar).

    ``kind`` and ``moment`` (S,) say of which of the ``kinds`` a variant is, and with which of the ``moments`` it
    decides; ``variant`` makes one by its number.
    """

    kinds: Sequence[Variant]
    moments: Sequence[Variant]
    kind: IntArray
    moment: IntArray
    variant: Callable[[int], Variant]

    @classmethod
    def of(cls, variants: Sequence[Variant]) -> Columns:
        """Return ``variants`` in columns."""
        kinds, kind = numbered(variants, [(id(one.policy), id(one.account), id(one.costs)) for one in variants])
        moments, moment = kinds, kind
        if any(one.when is not None for one in variants):
            moments, moment = numbered(variants, [id(one.policy) if one.when is None else one.when for one in variants])
        return cls(kinds, moments, kind, moment, variants.__getitem__)


def numbered(things: Sequence[Thing], keys: Sequence[Hashable]) -> tuple[list[Thing], IntArray]:
    """Return the first thing with each key, in order of appearance, and (S,) which of the keys each has."""
    known: dict[Hashable, int] = {}
    number = np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64)
    return [things[at] for at in np.unique(number, return_index=True)[1].tolist()], number


@runtime_checkable
class Comparable(Protocol):
    """A policy that says what it shares with those that always want the same weights."""

    def wants_key(self) -> Hashable:
        """Return a key that is equal for policies which differ in nothing but when they trade."""


@dataclass(frozen=True)
class Family:
    """What variants have in common that run side by side.

    ``look`` (T,) at which closes bands are looked at, as bytes, so that it can be hashed; empty without a band.
    """

    assets: tuple[int, ...]
    capped: tuple[int, ...]
    opening: int
    end: int
    delay: int
    cash_rate: float
    watched: bool
    look: bytes
    proportional: bool

    def fill(self, row: int) -> Hashable:
        """Return what two fills share at which a policy is told the same."""
        return self.opening, self.end, self.delay, row


@dataclass(frozen=True)
class Wants:
    """What a policy always wants, in its own assets' order: columns of the market, caps, core; and its haircut.

    ``weights`` remembers (n,) targets by fill.
    """

    policy: Policy
    assets: tuple[int, ...]
    capped: tuple[int, ...]
    cap: float
    core: FloatArray
    caps: FloatArray
    haircut: float
    plain: bool
    watched: bool
    opening: tuple[str, ...]
    weights: dict[Hashable, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True)
class When:
    """When a schedule decides over a market: rows of its calendar, and its band."""

    rows: IntArray
    band: Band | None
    look: bytes


def _bounded(answers: dict[Key, Answer], most: int) -> dict[Key, Answer]:
    """Return what is remembered, forgotten first when it is too much: a sweep may ask about millions."""
    if len(answers) >= most:
        answers.clear()
    return answers


class Planner:
    """All that is asked of one market and of the policies over it; asks everything once."""

    def __init__(self, market: Market) -> None:
        """Plan over ``market``, which reaches to the end of the data."""
        self.market = market
        self._cut: dict[Hashable, Market] = {}
        self._wants: dict[Hashable, Wants] = {}
        self._when: dict[Hashable, When] = {}
        self._wants_of: dict[int, tuple[Policy, Wants]] = {}
        self._when_of: dict[tuple[int, int], tuple[Policy, When]] = {}
        self._decisions: dict[Hashable, Decision] = {}
        self._openings: dict[Hashable, int | None] = {}
        self._terms: dict[Hashable, tuple[tuple[float, ...], bool]] = {}

    def cut(self, end: int) -> Market:
        """Return the market up to before row ``end``."""
        if end not in self._cut:
            _bounded(self._cut, ENDS)[end] = self.market.through(self.market.dates[end - 1])
        return self._cut[end]

    def family(self, variant: Variant) -> Family | None:
        """Return what ``variant`` has to share with others to run beside them; None when only the spine can run it."""
        account = variant.account
        if account.shares == "whole" or account.contributions.amount:
            return None
        wants, when = self.wants(variant), self.when(variant)
        opening = self.opening(wants, variant.start, variant.end)
        if not wants.plain or opening is None or variant.end - opening < FEWEST:
            return None
        if (when.band or wants.watched) and account.delay:
            return None
        if when.band and not when.band.whole:
            return None
        return Family(
            assets=wants.assets,
            capped=wants.capped,
            opening=opening,
            end=variant.end,
            delay=account.delay,
            cash_rate=account.cash.rate,
            watched=wants.watched,
            look=when.look,
            proportional=self.terms(variant.costs)[1],
        )

    def wants(self, variant: Variant) -> Wants:
        """Return what a variant's policy always wants."""
        policy = variant.policy
        known = self._wants_of.get(id(policy))
        if known is not None and known[0] is policy:
            return known[1]
        key = variant.wants
        if key is None:
            key = policy.wants_key() if isinstance(policy, Comparable) else id(policy)
        found = self._wants.get(key)
        if found is None:
            found = _bounded(self._wants, REMEMBERED)[key] = self._ask(policy)
        _bounded(self._wants_of, REMEMBERED)[id(policy)] = policy, found
        return found

    def _ask(self, policy: Policy) -> Wants:
        caps, core, columns = policy.caps(), policy.core(), self.market.columns
        known = all(ticker in columns for ticker in policy.tickers)
        assets = tuple(sorted(columns[ticker] for ticker in policy.tickers)) if known else ()
        names = [self.market.assets[column] for column in assets]
        return Wants(
            policy=policy,
            assets=assets,
            capped=tuple(at for at, name in enumerate(names) if name in caps),
            cap=next(iter(caps.values()), np.inf),
            core=np.array([core.get(name, 0.0) for name in names]),
            caps=np.array([caps.get(ticker, np.inf) for ticker in self.market.assets]),
            haircut=policy.haircut,
            plain=known
            and policy.review is None
            and policy.fixed_targets() is not None
            and len(set(caps.values())) <= 1,
            watched=policy.watch_caps,
            opening=policy.opening_tickers(),
        )

    def opening(self, wants: Wants, start: int, end: int) -> int | None:
        """Return the row of the opening purchase, or None where there is none before ``end``."""
        key = (wants.opening, start)
        if key not in self._openings:
            _bounded(self._openings, REMEMBERED)[key] = (
                self.market.first_row(wants.opening, start) if wants.plain else None
            )
        row = self._openings[key]
        return row if row is not None and row < end else None

    def when(self, variant: Variant) -> When:
        """Return when a variant's schedule decides."""
        if variant.when is not None:
            return self._decides(variant, (variant.when, variant.end))
        policy, key = variant.policy, (id(variant.policy), variant.end)
        known = self._when_of.get(key)
        if known is None or known[0] is not policy:
            found = self._decides(variant, (cast("Hashable", policy.schedule), variant.end))
            known = _bounded(self._when_of, REMEMBERED)[key] = policy, found
        return known[1]

    def _decides(self, variant: Variant, key: Hashable) -> When:
        if key not in self._when:
            schedule: Schedule = variant.own.schedule
            dates = self.market.dates[: variant.end]
            band = schedule.band(dates)
            rows = np.array(sorted(schedule.calendar(dates)), dtype=np.int64)
            _bounded(self._when, CALENDARS)[key] = When(rows, band, band.look.tobytes() if band else b"")
        return self._when[key]

    def terms(self, costs: AnyCosts) -> tuple[tuple[float, ...], bool]:
        """Return what one order costs, the fields of a ``CostTable``, and whether all of it is a small rate."""
        if costs not in self._terms:
            table = costs.table(1)
            _bounded(self._terms, REMEMBERED)[costs] = (
                tuple(float(column[0]) for column in table),
                bool(proportional(table)),
            )
        return self._terms[costs]

    def weights(self, wants: Wants, family: Family, row: int) -> FloatArray:
        """Return (n,) the targets of a rebalance filled at ``row``; asked once for all variants that want the same."""
        key = family.fill(row)
        if key not in wants.weights:
            decision = self.decision(family, row)
            checked = checked_weights(wants.policy.target_weights(decision), decision, wants.caps)
            wants.weights[key] = checked[list(family.assets)]
        return wants.weights[key]

    def decision(self, family: Family, row: int) -> Decision:
        """Return what a policy without reviews is told of a fill at ``row``, its own weights left out (S2)."""
        key = family.fill(row)
        if key not in self._decisions:
            _bounded(self._decisions, REMEMBERED)[key] = self._decision(family, row)
        return self._decisions[key]

    def _decision(self, family: Family, row: int) -> Decision:
        market, nobody = self.cut(family.end), np.zeros(len(self.market.assets), dtype=np.bool_)
        opens = row == family.opening
        seen = row if opens else max(row - family.delay, family.opening + 1)
        eligible = market.listed[row] if opens else market.eligible[row]
        return Decision(market.until(seen), np.zeros(len(nobody)), 1.0, row, eligible, nobody)


class _Same:
    """A market by identity, as a key."""

    def __init__(self, market: Market) -> None:
        self.market = market

    def __hash__(self) -> int:
        return id(self.market)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.market is self.market


@lru_cache(maxsize=4)
def _planner(key: _Same) -> Planner:
    return Planner(key.market)


def forget() -> None:
    """Let go of all that was asked of any market."""
    _planner.cache_clear()


def planner_of(market: Market) -> Planner:
    """Return the planner of a market, the same as long as it is in use."""
    return _planner(_Same(market))
