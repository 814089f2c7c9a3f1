"""The Policy protocol: what decides, and what it is told when it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import fsum
from typing import Literal, Protocol, TypeAlias, TypeVar

import numpy as np

from engine.core.arrays import BoolArray, DateArray, FloatArray, read_only
from engine.core.conventions import WEIGHT_SUM_TOLERANCE
from engine.data.market import History
from engine.portfolio.cost_table import CostTable
from engine.portfolio.optimiser_step import OptimiserStep
from engine.portfolio.quality_finding import QualityFinding
from engine.portfolio.weight_placement import WeightPlacement


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
    placement : what places the weights of absent and capped assets
    shortfalls : where a policy that chooses writes down by row why it holds fewer assets than it wants
    departures : where a policy that chooses writes down by row why it gives up each asset that it held
    opens_on : the session of the opening, None at any later decision
    findings : where a policy with a quality gate writes down by row what it found of each candidate

    """

    history: History
    weights: FloatArray
    value: float
    row: int
    eligible: BoolArray
    barred: BoolArray
    costs: CostTable | None = None
    steps: list[OptimiserStep] = field(default_factory=list)
    placement: WeightPlacement | None = None
    shortfalls: dict[int, str] = field(default_factory=dict)
    departures: dict[int, Mapping[str, str]] = field(default_factory=dict)
    opens_on: np.datetime64 | None = None
    findings: dict[int, tuple[QualityFinding, ...]] = field(default_factory=dict)

    @property
    def day(self) -> np.datetime64:
        """The day as of which dated lists are read: of the last close seen, at the opening its own."""
        last: np.datetime64 = self.history.dates[-1] if self.opens_on is None else self.opens_on
        return last

    @property
    def buyable(self) -> BoolArray:
        """(N,) which assets may be bought, by the market and by the loss review."""
        return self.eligible & ~self.barred

    @property
    def past_closes(self) -> BoolArray:
        """(N,) which assets have had a close before the decision."""
        age = self.history.age
        return np.asarray(age[-1] >= 0) if len(age) else np.zeros(len(self.eligible), dtype=np.bool_)

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

    def weights_before_listing(self, decision: Decision) -> FloatArray:
        """Return (N,) shares, summing to 1 or 0, in which the weight of an asset is held before its listing (S7)."""

    def reallocation_weights(self, decision: Decision) -> FloatArray:
        """Return (N,) shares, summing to 1 or 0, by which a delisted asset's payout is reinvested (S8)."""


PolicyT = TypeVar("PolicyT", bound=Policy)


def validate_weights(w: FloatArray, buyable: BoolArray, caps: FloatArray, row: int) -> FloatArray:
    """Return ``w`` (..., N) after asserting what every policy owes: no debt, no short, no cap broken, nothing unlisted.

    ``buyable`` (N,) at the decision that is filled at ``row``, ``caps`` (..., N). A sum above 1 by rounding is scaled
    back; anything else is a bug of the policy and raises ValueError.
    """
    rows = w.reshape(-1, w.shape[-1]).tolist()
    total = np.array([fsum(row) for row in rows]).reshape(*w.shape[:-1], 1)  # exact: what nobody wants changes nothing
    if np.count_nonzero(w >= 0.0) < w.size or not (total <= 1.0 + WEIGHT_SUM_TOLERANCE).all():  # NaN is neither
        raise ValueError(f"weights {w} at row {row} are not shares of one portfolio")
    if np.count_nonzero(w > caps * (1.0 + 1e-12)):
        raise ValueError(f"weights {w} at row {row} break the caps {caps}")
    if np.count_nonzero(w[..., ~buyable]):
        raise ValueError(f"weights {w} at row {row} name assets that are not listed or were sold by a review")
    return w / np.maximum(total, 1.0) if (total > 1.0).any() else w
