"""The Policy protocol: what decides, and what it is told when it does."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import fsum
from typing import Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np

from engine.core.arrays import BoolArray, DateArray, FloatArray, read_only
from engine.core.conventions import WEIGHT_SUM_TOLERANCE
from engine.data.market import History
from engine.portfolio.cost_table import CostTable
from engine.portfolio.optimiser_step import OptimiserStep


@lru_cache(maxsize=64)
def _weight_vector(assets: tuple[str, ...], weights: tuple[tuple[str, float], ...], missing: float) -> FloatArray:
    """Return ``weights`` by ticker as a read-only (N,) array; most decisions ask for the same few."""
    w = np.full(len(assets), missing)
    for ticker, weight in weights:
        w[assets.index(ticker)] = weight
    return read_only(w)


@dataclass(frozen=True)
class Decision:
    """What a policy knows when it decides (S2).

    Attributes
    ----------
    history : the market up to the session before the decision; nothing later exists here
    weights : (N,) of the account at the history's last close; zeros at the opening
    value : of the account at that close; the capital at the opening [currency]
    row : session at which the decision is filled
    eligible : (N,) which assets may be bought at the fill (S7)
    barred : (N,) which assets a loss review has sold and not let in again
    costs : what orders cost, for those who weigh trading against its use
    steps : where a policy that optimises writes down how, for the ledger to remember

    """

    history: History
    weights: FloatArray
    value: float
    row: int
    eligible: BoolArray
    barred: BoolArray
    costs: CostTable | None = None
    steps: list[OptimiserStep] = field(default_factory=list)

    @property
    def buyable(self) -> BoolArray:
        """(N,) which assets may be bought, by the market and by the loss review."""
        return self.eligible & ~self.barred

    def has_past_close(self, column: int) -> bool:
        """Return whether an asset has had a close before the decision."""
        age = self.history.age
        return bool(len(age)) and bool(age[-1, column] >= 0)

    def column(self, ticker: str) -> int:
        """Return the column of ``ticker``."""
        return self.history.columns[ticker]

    def weight_vector(self, weights: Mapping[str, float], missing: float = 0.0) -> FloatArray:
        """Return ``weights`` by ticker as an (N,) array in the market's order; assets not named get ``missing``."""
        return _weight_vector(self.history.assets, tuple(weights.items()), missing).copy()


@dataclass(frozen=True)
class Band:
    """Drift that starts a rebalance between scheduled ones, and what is traded then.

    ``absolute`` and ``relative`` [fraction], infinity is none; ``check_rows`` (T,) closes at which drift is looked at.
    An asset is brought back to ``edge_fraction`` of its band's width less ``edge_margin`` [fraction] from its target:
    0 is the target, 1 the edge.
    ``drifted_only``: others trade as far as they must; ``flows_first``: not at all when a flow due then will do.
    """

    absolute: float
    relative: float
    check_rows: BoolArray
    edge_fraction: float = 0.0
    edge_margin: float = 0.0
    drifted_only: bool = False
    flows_first: bool = False

    @property
    def is_full_rebalance(self) -> bool:
        """Whether its answer is a rebalance of the whole portfolio, decided anew."""
        return self.edge_fraction == 0.0 and not self.drifted_only


LossReference: TypeAlias = Literal["cost", "rebalance", "peak"]
"""What a loss is measured from: average price paid, price at the last rebalance, highest close since bought."""


@dataclass(frozen=True)
class ReviewVerdict:
    """What a review found: the thesis in words, whether it stands (None: not known), and what is done."""

    explanation: str
    intact: bool | None
    action: Literal["top_up", "exit", "keep"]


@dataclass(frozen=True)
class LossReviewRule:
    """A watch over single assets that have lost ``trigger`` [fraction] of their ``reference`` price.

    ``judge`` says what becomes of a ticker, from a decision's history alone; ``to_core``: what is sold goes to the
    core, not to cash; ``allows_reentry``: it may be bought again at the next rebalance.
    """

    tickers: tuple[str, ...]
    trigger: float
    reference: LossReference
    judge: Callable[[Decision, str], ReviewVerdict]
    to_core: bool = True
    allows_reentry: bool = True


class Schedule(Protocol):
    """WHEN: scheduled decisions and the drift looked at between them."""

    @property
    def decides(self) -> bool:
        """Whether it may ever decide again after the opening, however long the run."""

    def calendar(self, dates: DateArray) -> dict[int, str]:
        """Return the decision sessions as row -> reason; ``dates`` (T,) are the market's sessions."""

    def band(self, dates: DateArray) -> Band | None:
        """Return the drift band, or None when only the calendar decides."""


class Policy(Protocol):
    """WHICH weights: any strategy. Weights are non-negative and sum to at most 1; the rest is cash."""

    @property
    def schedule(self) -> Schedule:
        """When this policy decides."""

    @property
    def tickers(self) -> tuple[str, ...]:
        """Every asset it may hold, proxies included."""

    @property
    def watch_caps(self) -> bool:
        """Whether caps bind between rebalances too (S6)."""

    @property
    def haircut(self) -> float:
        """What a delisted asset loses of its last price (S8) [fraction]."""

    @property
    def unlisted_goes_to(self) -> str:
        """Where the weight of an asset that is not listed yet is, in words (S7)."""

    @property
    def delisted_goes_to(self) -> str:
        """Where the payout of a delisted asset goes, in words (S8)."""

    def targets_before_listing(self, ticker: str) -> bool:
        """Return whether ``ticker`` has a target that waits for its listing."""

    @property
    def review(self) -> LossReviewRule | None:
        """What is done about an asset that has lost too much, or None."""

    def caps(self) -> Mapping[str, float]:
        """Return the highest weight of each capped ticker [fraction]."""

    def opening_tickers(self) -> tuple[str, ...]:
        """Return the assets with a positive target, whose first price starts the run (S1)."""

    def target_weights(self, decision: Decision) -> FloatArray:
        """Return the (N,) weights to trade to."""

    def fixed_targets(self) -> Mapping[str, float] | None:
        """Return the targets of every rebalance at which all of them can be held, or None when they are decided."""

    def core(self) -> Mapping[str, float]:
        """Return the targets of the core, by which it takes what a cap cuts or a review sells (S6)."""

    def reallocation_weights(self, decision: Decision) -> FloatArray:
        """Return (N,) shares, summing to 1 or 0, by which a delisted asset's payout is reinvested (S8)."""


PolicyT = TypeVar("PolicyT", bound=Policy)


# What a policy may also be able to do: asked with isinstance ---------------------------------------------------------


@runtime_checkable
class HasTargetWeights(Protocol):
    """A policy whose targets stand in the config."""

    def nominal_weights(self) -> Mapping[str, float]:
        """Return every target by ticker."""


@runtime_checkable
class SelectsSatellites(Protocol):
    """A policy that can list its candidate satellites before any price is read."""

    @property
    def satellite_count(self) -> int:
        """How many it will choose, 0 when they are named."""

    def candidate_weights(self) -> Mapping[str, float]:
        """Return every candidate with the weight it has when it is chosen."""


@dataclass(frozen=True)
class GroupCeiling:
    """A limit on one group of assets.

    ``weight`` is what its ``members``' targets add up to, or with ``at_most`` (some are yet to be chosen) the highest
    that a choice can make it; ``limit`` is the highest it may be.
    """

    name: str
    members: tuple[str, ...]
    weight: float
    limit: float
    at_most: bool


@runtime_checkable
class HasGroupLimits(Protocol):
    """A policy with limits on groups of assets."""

    def group_limits(self) -> Sequence[GroupCeiling]:
        """Return every group of every limit."""


@runtime_checkable
class DescribesRules(Protocol):
    """A policy that can say its rules."""

    def rules(self) -> Mapping[str, Sequence[str]]:
        """Return the rules in words, by title."""


@runtime_checkable
class SharesTargets(Protocol):
    """A policy that says what it shares with those that always want the same weights."""

    def targets_key(self) -> Hashable:
        """Return a key that is equal for policies which differ in nothing but when they trade."""


@runtime_checkable
class SelectsAssets(Protocol):
    """A policy that changes which assets it holds; ``fewest`` is the number below which the run warns."""

    @property
    def fewest(self) -> int:
        """The fewest it is content with; 0 when it names them."""


def validate_weights(w: FloatArray, decision: Decision, caps: FloatArray) -> FloatArray:
    """Return ``w`` (N,) after asserting what every policy owes: no debt, no short, no cap broken, nothing unlisted.

    A sum above 1 by rounding is scaled back; anything else is a bug of the policy and raises ValueError.
    """
    total = fsum(w.tolist())  # exact, so that columns nobody wants change nothing
    if np.count_nonzero(w >= 0.0) < len(w) or not total <= 1.0 + WEIGHT_SUM_TOLERANCE:  # NaN is neither
        raise ValueError(f"weights {w} at row {decision.row} are not shares of one portfolio")
    if np.count_nonzero(w > caps * (1.0 + 1e-12)):
        raise ValueError(f"weights {w} at row {decision.row} break the caps {caps}")
    if np.count_nonzero(w[~decision.buyable]):
        raise ValueError(f"weights {w} at row {decision.row} name assets that are not listed or were sold by a review")
    return w / total if total > 1.0 else w
