"""Variants, and policies whose weights are laid out together: those that differ in numbers only."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.portfolio.account import Account
from engine.portfolio.costs import AnyCosts
from engine.portfolio.policy import Policy
from engine.portfolio.policy_abilities import TargetTable, sleeves_of
from engine.portfolio.weight_placement import PlacementRules
from engine.tax.book import Taxation

ItemT = TypeVar("ItemT")


class Variant(NamedTuple):
    """One plan: a policy over rows ``start`` to before ``end`` of a market, with its account, costs and taxes."""

    policy: Policy
    account: Account
    costs: AnyCosts
    start: int
    end: int
    taxation: Taxation | None = None


class TradingTerms(NamedTuple):
    """With which account, costs and taxes a policy trades."""

    account: Account
    costs: AnyCosts
    taxation: Taxation | None = None


@dataclass(frozen=True)
class PolicyGroup:
    """U policies that differ in targets, core and cap only, over the same n assets.

    ``columns`` (n,) are those of the market, in its order, ``capped`` positions among them. ``policy`` speaks for all,
    and tabulates them; where the U ``policies`` are there, each is asked for its targets.
    """

    policy: Policy
    columns: tuple[int, ...]
    capped: tuple[int, ...]
    table: TargetTable
    policies: Sequence[Policy] = ()

    @property
    def haircuts(self) -> FloatArray:
        """(U,) what a delisted asset loses of its last price [fraction]."""
        own = [policy.haircut for policy in self.policies]
        return np.array(own) if own else np.full(len(self.table.cap), self.policy.haircut)

    @cached_property
    def caps(self) -> FloatArray:
        """(U, n) the highest weights; infinity for assets without a cap."""
        caps = np.full_like(self.table.targets, np.inf)
        caps[:, list(self.capped)] = self.table.cap[:, None]
        return caps

    def slice_rules(self, rules: PlacementRules) -> PlacementRules:
        """Return the rules of a market's assets for those of the group."""
        columns = list(self.columns)
        return PlacementRules(
            rules.absent[columns],
            rules.buyable[columns],
            np.array([self.position(one) for one in rules.recipients[columns].tolist()], dtype=np.int64),
        )

    def position(self, recipient: int) -> int:
        """Return a recipient, the position among the group's assets where it is one of the market's."""
        return recipient if recipient < 0 else self.columns.index(recipient)


def distinct_and_index(items: Sequence[ItemT], keys: Sequence[Hashable]) -> tuple[list[ItemT], IntArray]:
    """Return the first item with each key, in order of appearance, and (S,) which of them has each item's key.

    >>> distinct_and_index("aBAb", ["a", "b", "a", "b"])
    (['a', 'B'], array([0, 1, 0, 1]))
    """
    known: dict[Hashable, int] = {}
    index = np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64)
    return [items[at] for at in np.unique(index, return_index=True)[1].tolist()], index


def group_policies(assets: tuple[str, ...], policies: Sequence[Policy]) -> PolicyGroup | None:
    """Return policies of the same tickers that are asked one by one, over a market's ``assets``.

    None when only ``simulate`` can run them.
    """
    names = frozenset(policies[0].tickers)
    if not names <= frozenset(assets) or not all(is_batchable(p) and frozenset(p.tickers) == names for p in policies):
        return None
    columns = sorted(assets.index(name) for name in names)
    own = [assets[column] for column in columns]
    capped = tuple(at for at, asset in enumerate(own) if asset in policies[0].caps())
    targets = np.array([[(p.fixed_targets() or {}).get(asset, 0.0) for asset in own] for p in policies])
    core = np.array([[p.core().get(asset, 0.0) for asset in own] for p in policies])
    cap = np.array([next(iter(p.caps().values()), np.inf) for p in policies])
    table = TargetTable(targets, core, cap, np.ones(len(policies), dtype=np.bool_))
    return PolicyGroup(policies[0], tuple(columns), capped, table, policies)


def is_batchable(policy: Policy) -> bool:
    """Return whether a policy's decisions are known beforehand: the same targets, one cap, nothing else in between."""
    if sleeves_of(policy):
        return False
    return policy.review is None and policy.fixed_targets() is not None and len(set(policy.caps().values())) <= 1
