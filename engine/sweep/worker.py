"""A range of points computed: validated, run, measured. Where it is done changes no bit of it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from engine.backtest.config import RunConfig
from engine.backtest.loading import beyond
from engine.backtest.workflow import risk_free_of, windowed
from engine.core.arrays import BoolArray, FloatArray
from engine.core.errors import EngineError
from engine.core.yaml_document import Tree
from engine.data.market import Market
from engine.data.sources.base import Closes
from engine.portfolio.policy import Policy
from engine.sweep.batch import run_batch as lanes
from engine.sweep.chunk import Chunk, Refusals
from engine.sweep.config_sections import REMEMBERED, Key, Refused
from engine.sweep.space import Digits, Space
from engine.sweep.variants import Plan, Stem, Variants

PolicyT = TypeVar("PolicyT", bound=Policy)


@dataclass(frozen=True)
class Job(Generic[PolicyT]):
    """What every process needs to compute any range: the config's own plan as text, its space, and the closes.

    ``schema`` returns the class that validates the plan; ``key`` names the job: its config and its closes.
    """

    schema: Callable[[], type[RunConfig[PolicyT]]]
    tree: dict[str, Tree]
    space: Space
    closes: Closes
    key: str


@dataclass(frozen=True)
class Windowed:
    """A market with the rows that a window takes of it, and the risk-free rate: one a session, or (T,) of them."""

    market: Market
    start: int
    end: int
    risk_free: float | FloatArray


class Worker(Generic[PolicyT]):
    """Computes ranges of one job."""

    def __init__(self, job: Job[PolicyT], threads: int = 1) -> None:
        """Validate the plan again; what is derived from it is kept for all ranges."""
        self.threads = threads
        self.base = job.schema().model_validate(job.tree)
        self.closes = job.closes
        self.variants = Variants(self.base, job.space)
        self._benchmarks = tuple(t for other in self.base.compare.benchmarks for t in other.strategy.tickers)
        self._places: dict[object, tuple[Windowed, BoolArray]] = {}
        self._whole: dict[object, bool] = {}
        self._families: dict[object, tuple[Windowed | None, lanes.Family | None]] = {}

    def chunk(self, first: int, digits: Digits) -> Chunk:
        """Compute the points from ``first`` on that have ``digits`` (n, D)."""
        with _without_gc():
            return self._chunk(first, digits)

    def _chunk(self, first: int, digits: Digits) -> Chunk:
        plans: list[Plan[PolicyT]] = []
        numbers: list[int] = []
        refusals = Refusals()
        for number, plan in enumerate(self.variants.plans(digits.tolist()), first):
            if isinstance(plan, Refused):
                refusals.add(number, plan)
            else:
                plans.append(plan)
                numbers.append(number)
        figures, faults = self._figures(plans)
        for at in sorted(faults):
            refusals.add(numbers[at], faults[at])
        kept = np.delete(np.arange(len(plans)), sorted(faults))
        ids = np.frombuffer(b"".join(plan.sha256 for plan in plans), dtype=np.uint8).reshape(-1, 32)
        return Chunk(
            first,
            first + len(digits),
            np.array(numbers, dtype=np.int64)[kept],
            ids[kept],
            figures[kept],
            refusals.found(),
        )

    def runs_beside(self, digits: Sequence[int]) -> bool:
        """Tell whether a point runs beside others rather than through the spine."""
        plan = self.variants.plan(digits)
        return isinstance(plan, Plan) and self._family(plan)[1] is not None

    def own(self, stem: Stem[PolicyT]) -> Windowed:
        """Return the market that a plan's own config would load."""
        window = stem.window
        end = beyond(window.end) if window.end else None
        closes = self.closes.only((*stem.tickers, *self._benchmarks), end)
        return self._windowed(closes, stem)

    def shared(self, stem: Stem[PolicyT]) -> Windowed | None:
        """Return a market of all closes that is as good as a plan's own: the same sessions, and assets nobody wants.

        None when the plan's own assets lack some of the sessions.
        """
        window, rate = stem.window, stem.account.cash.rate
        key = (window.start, window.end, rate)
        if key not in self._places:
            end = beyond(window.end) if window.end else None
            closes = self.closes.only(self.closes.tickers, end)
            self._places[key] = self._windowed(closes, stem), ~np.isnan(closes.closes)
        place, printed = self._places[key]
        whole = (stem.tickers, window.end)
        if whole not in self._whole:
            columns = [place.market.columns[ticker] for ticker in (*stem.tickers, *self._benchmarks)]
            rows = np.logical_or.reduce(printed[:, columns], axis=1)
            self._whole[whole] = bool(rows[int(rows.argmax()) :].all())
        return place if self._whole[whole] else None

    def _windowed(self, closes: Closes, stem: Stem[PolicyT]) -> Windowed:
        window = stem.window
        market = closes.market(stem.account.cash.rate)
        cut, start = windowed(market, window)
        end = len(cut.dates)
        free = risk_free_of(self.base.compare.risk_free, cut.dates[start:])
        if not isinstance(free, float):
            free = np.concatenate([np.full(start, np.nan), free, np.full(len(market.dates) - end, np.nan)])
        return Windowed(market, start, end, free)

    def _figures(self, plans: Sequence[Plan[PolicyT]]) -> tuple[FloatArray, dict[int, Refused]]:
        """Run S plans, those of one family together.

        Returns (S, F) their figures, and by position why a plan's prices or account do not allow it.
        """
        figures = np.empty((len(plans), len(lanes.FIGURES)))
        faults: dict[int, Refused] = {}
        alone: list[int] = []
        families: dict[tuple[int, lanes.Family], _Gathered[PolicyT]] = {}
        stem, gathered = None, None
        for at, plan in enumerate(plans):
            if plan.stem is not stem:
                stem = plan.stem
                place, family = self._family(plan)
                gathered = None
                if place and family:
                    gathered = families.setdefault((id(place), family), _Gathered(place))
            if gathered is None:
                alone.append(at)
            else:
                gathered.add(at, plan)
        for one in families.values():
            try:
                figures[one.members] = lanes.run_columns(
                    one.place.market, one.columns(plans), one.place.risk_free, self.threads
                )
            except EngineError:  # one of them: let each say for itself
                alone += one.members
        for at in alone:
            outcome = self._alone(plans[at])
            if isinstance(outcome, Refused):
                faults[at] = outcome
            else:
                figures[at] = outcome
        return figures, faults

    def _family(self, plan: Plan[PolicyT]) -> tuple[Windowed | None, lanes.Family | None]:
        """Return where a plan runs beside others, and beside which; nothing when it runs through the spine.

        Asked once for all plans that differ in ``alone`` values only.
        """
        key = plan.stem.key
        if key not in self._families:
            if len(self._families) >= REMEMBERED:
                self._families.clear()
            try:
                place = self.shared(plan.stem)
                family = lanes.family(_variant(plan, place), place.market) if place else None
            except EngineError:
                place, family = None, None
            self._families[key] = place, family
        return self._families[key]

    def _alone(self, plan: Plan[PolicyT]) -> FloatArray | Refused:
        """Run one plan through the spine, on its own market."""
        try:
            place = self.own(plan.stem)
            return lanes.run_spine(place.market, _variant(plan, place), place.risk_free)
        except EngineError as error:
            return Refused(str(error))


class _Gathered(Generic[PolicyT]):
    """Plans of one family, as they come: neighbours share a stem."""

    def __init__(self, place: Windowed) -> None:
        """Begin with none."""
        self.place = place
        self.members: list[int] = []
        self._kinds: list[lanes.Variant] = []
        self._kind: list[int] = []
        self._moments: dict[Key, tuple[int, lanes.Variant]] = {}
        self._moment: list[int] = []
        self._stem: Stem[PolicyT] | None = None

    def add(self, at: int, plan: Plan[PolicyT]) -> None:
        """Add the plan at a position."""
        if plan.stem is not self._stem:
            self._stem = plan.stem
            self._kinds.append(_variant(plan, self.place))
        if plan.when not in self._moments:
            self._moments[plan.when] = len(self._moments), _variant(plan, self.place)
        self.members.append(at)
        self._kind.append(len(self._kinds) - 1)
        self._moment.append(self._moments[plan.when][0])

    def columns(self, plans: Sequence[Plan[PolicyT]]) -> lanes.Columns:
        """Return them as lanes take them, from all ``plans``."""
        return lanes.Columns(
            self._kinds,
            [variant for _, variant in self._moments.values()],
            np.array(self._kind, dtype=np.int64),
            np.array(self._moment, dtype=np.int64),
            lambda number: _variant(plans[self.members[number]], self.place),
        )


def _variant(plan: Plan[PolicyT], place: Windowed) -> lanes.Variant:
    stem = plan.stem
    return lanes.Variant(
        stem.strategy, stem.account, stem.costs, place.start, place.end, stem.wants, plan.when, plan.strategy
    )


@contextmanager
def _without_gc() -> Iterator[None]:
    """Leave the collector off: of a hundred thousand small records none is in a cycle, and looking takes longer."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
