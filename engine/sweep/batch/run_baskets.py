"""One plan with other names in place of some of its own: the metrics of each basket, all of them side by side.

The plan's names stand for the places of a basket. What is wanted of a place is asked of the plan itself, for every set
of places whose names are gone; closes and payouts are those of each basket's own names. Sums run over the places in
their order, so the last bits of a figure may differ from those of a run in which the names stand in another order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Generic

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray, read_only
from engine.core.errors import EngineError
from engine.core.waiting import WAITING
from engine.data.market import Market
from engine.portfolio.policy import Decision, PolicyT, validate_weights
from engine.simulation.kernel.batch.records import BatchMarket, BatchPlans
from engine.simulation.kernel.batch.run_basket_lanes import Baskets, run_basket_lanes
from engine.simulation.kernel.batch.run_path_lanes import chunk_size
from engine.simulation.kernel.records import LANE_COUNT
from engine.simulation.kernel.valuation import normalise
from engine.sweep.batch.batch_inputs import build_inputs
from engine.sweep.batch.batch_metrics import SWEEP_METRICS
from engine.sweep.batch.market_arrays import build_batch_market
from engine.sweep.batch.planner import MarketPlanner, VariantColumns
from engine.sweep.batch.policy_groups import Variant
from engine.sweep.batch.run_batch import ThreadBuffers, aligned_zeros, reference_metrics

CHUNK_BASKETS: Final = 1024
"""Baskets that a thread runs and evaluates at a time."""
MOST_ASSETS: Final = 60
"""Assets that a basket can have, core and names: which of them are gone is one number of 64 bits."""
_NEVER: Final = -1


@dataclass(frozen=True)
class BasketPlan(Generic[PolicyT]):
    """A variant whose ``places`` take other names of a market, all listed at its start; ``hold`` gives it some."""

    market: Market
    variant: Variant
    places: tuple[str, ...]
    hold: Callable[[Sequence[str]], PolicyT]

    @property
    def runs_in_lanes(self) -> bool:
        """Whether baskets are run side by side, not one by one."""
        return _LaneBaskets.of(self) is not None

    def metric_table(self, names: IntArray, risk_free: float | FloatArray = 0.0, threads: int = 1) -> FloatArray:
        """Return (S, len(SWEEP_METRICS)) the metrics of baskets; NaN where one does not exist, or cannot be run.

        ``names`` (S, k) are columns of the market, ``risk_free`` is a rate a session, or (T,) one for each. What lanes
        cannot run is run by ``simulate``, one by one. The bits do not depend on ``threads``.
        """
        result = np.full((len(names), len(SWEEP_METRICS)), np.nan)
        if (lanes := _LaneBaskets.of(self)) is not None:
            lanes.fill(result, names, risk_free, threads)
        for at in np.flatnonzero(np.isnan(result[:, 0])).tolist():
            WAITING.tick()
            policy = self.hold([self.market.assets[column] for column in names[at].tolist()])
            with suppress(EngineError):  # a name whose closes have a long gap is nobody else's fault
                result[at] = reference_metrics(self.market, self.variant._replace(policy=policy), risk_free)
        return result


@dataclass(frozen=True)
class _LaneBaskets(Generic[PolicyT]):
    """A plan over a market in which its places are names that are always listed; ``columns`` one variant of it."""

    plan: BasketPlan[PolicyT]
    planner: MarketPlanner
    columns: VariantColumns

    @classmethod
    def of(cls, plan: BasketPlan[PolicyT]) -> _LaneBaskets[PolicyT] | None:
        """Return it; None when only ``simulate`` can run the plan."""
        market, own = plan.market, sorted(plan.variant.policy.tickers)
        if len(own) > MOST_ASSETS:
            return None
        core = [market.column_index(ticker) for ticker in own if ticker not in plan.places]
        delisted = market.delistings_from(plan.variant.start, core)[1]
        planner = MarketPlanner(_market_of_places(market, own, plan.places))
        columns = VariantColumns.from_variants(planner, [plan.variant])
        if len(delisted) or columns is None or columns.key.opening_row != plan.variant.start:
            return None
        return cls(plan, planner, columns)

    def fill(self, result: FloatArray, names: IntArray, risk_free: float | FloatArray, threads: int) -> None:
        """Overwrite ``result`` (S, len(SWEEP_METRICS)); baskets that need ``simulate`` get no final value."""
        market, pattern_rows = build_batch_market(self.planner, self.columns.key, risk_free)
        names_of = _Names.of(self, names)
        inputs = build_inputs(self.planner, market, pattern_rows, self.columns)
        plans, wanted = inputs.plans_for(np.zeros(1, dtype=np.int64)), _Wanted(self, names_of, market, pattern_rows)
        segments = wanted.segments()
        market = market._replace(pattern=segments.pattern, stops=names_of.stops(market.stops))
        n, capital = len(self.columns.key.assets), float(plans.terms[0, 0])

        def run(begin: int) -> None:
            lanes = np.arange(begin, min(begin + CHUNK_BASKETS, len(names)))
            padded = np.append(lanes, np.repeat(lanes[-1:], -len(lanes) % LANE_COUNT))
            buffers = ThreadBuffers.allocate(n, len(lanes))
            chunk = aligned_zeros(chunk_size(n, len(market.capped) > 0))
            own = segments.plans(plans, padded)
            with np.errstate(all="ignore"):  # what a mask leaves out may divide by nothing
                run_basket_lanes(
                    market, own, names_of.lanes(padded), buffers.state, chunk, buffers.outputs, buffers.block_sums
                )
            result[lanes] = buffers.fill_metrics(market, np.full(len(lanes), capital))

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, range(0, len(names), CHUNK_BASKETS)))


@dataclass(frozen=True)
class _Names:
    """The names of S baskets from the opening on: ``baskets`` of the kernel, (n, S) places, and ``payout_rows``."""

    closes: FloatArray
    lacks: FloatArray
    places: IntArray
    payout_rows: IntArray

    @classmethod
    def of(cls, lanes: _LaneBaskets[PolicyT], names: IntArray) -> _Names:
        """Return the names of baskets (S, k), columns of the market."""
        whole, key = lanes.plan.market, lanes.columns.key
        span = slice(key.opening_row, key.end_row)
        assets = [lanes.planner.market.assets[column] for column in key.assets]
        every = np.arange(len(whole.assets))
        rows, gone = whole.truncate(whole.dates[key.end_row - 1]).delistings_from(key.opening_row, every.tolist())
        payouts = np.full(len(every), _NEVER)
        payouts[gone] = rows - key.opening_row
        places = np.empty((len(assets), len(names)), dtype=np.int64)
        for at, asset in enumerate(assets):
            known = asset in lanes.plan.places
            places[at] = names[:, lanes.plan.places.index(asset)] if known else whole.column_index(asset)
        return cls(
            np.ascontiguousarray(np.nan_to_num(whole.prices[span])),
            np.ascontiguousarray(whole.listed[span] & ~whole.fresh[span]).astype(np.float64),
            places,
            payouts[places],
        )

    @property
    def payout_days(self) -> IntArray:
        """(R,) the rows at which any basket has a name paid out."""
        days: IntArray = np.unique(self.payout_rows[self.payout_rows != _NEVER])
        return days

    def lanes(self, which: IntArray) -> Baskets:
        """Return some baskets, by number, as the kernel takes them."""
        payouts = np.full(len(self.closes), _NEVER)
        payouts[self.payout_days] = np.arange(len(self.payout_days))
        return Baskets(
            self.closes,
            self.lacks,
            np.asarray(self.lacks.any(axis=1)),
            np.ascontiguousarray(self.places[:, which]),
            np.ascontiguousarray(self.payout_rows[:, which]).astype(np.float64),
            payouts,
        )

    def stops(self, stops: IntArray) -> IntArray:
        """Return (T + 1,) the next row with something for all: the market's ``stops``, or a payout."""
        days = np.append(self.payout_days, len(self.closes))
        after = np.minimum(np.searchsorted(days, np.arange(len(stops)), side="right"), len(days) - 1)
        following: IntArray = np.minimum(stops, days[after])
        return following


@dataclass(frozen=True)
class _Segments:
    """What is wanted between changes of who can be held.

    ``pattern`` (T,) which of P spans a session is in; ``targets`` (K, n) all that is ever wanted, ``target_index``
    (P, S) which of them a basket wants; ``recipients`` and ``tradable`` (K', n) who takes payouts, ``recipient_index``
    (R, S) which of them take those of a basket.
    """

    pattern: IntArray
    targets: FloatArray
    target_index: IntArray
    recipients: FloatArray
    tradable: FloatArray
    recipient_index: IntArray

    def plans(self, plans: BatchPlans, which: IntArray) -> BatchPlans:
        """Return the plans of some baskets, by number; ``plans`` have the terms of one."""
        count, mine = len(which), self.recipient_index[:, which]
        return plans._replace(
            targets=np.ascontiguousarray(self.targets[self.target_index[:, which]].transpose(0, 2, 1)),
            core=np.ascontiguousarray(np.repeat(plans.core[:, :1], count, axis=1)),
            recipients=np.ascontiguousarray(self.recipients[mine].transpose(0, 2, 1)),
            tradable_recipients=np.ascontiguousarray(self.tradable[mine].transpose(0, 2, 1)),
            terms=np.ascontiguousarray(np.repeat(plans.terms[:, :1], count, axis=1)),
            calendar=np.repeat(plans.calendar[:1], count),
        )


@dataclass(frozen=True)
class _Wanted(Generic[PolicyT]):
    """The plan asked what it wants: once for each pattern of core and places that can be held."""

    lanes: _LaneBaskets[PolicyT]
    names: _Names
    market: BatchMarket
    pattern_rows: tuple[int, ...]

    def segments(self) -> _Segments:
        """Return all answers, and which of them holds when."""
        core, days = self.market.pattern, self.names.payout_days
        begins = np.unique(np.concatenate([[0], np.flatnonzero(core[1:] != core[:-1]) + 1, days]))
        targets: dict[tuple[int, int], int] = {}
        rows: list[FloatArray] = []
        index = np.empty((len(begins), self.names.places.shape[1]), dtype=np.int64)
        for at, begin in enumerate(begins.tolist()):
            index[at] = self._answers(begin, (int(core[begin]),), targets, rows, self._targets)
        shares: dict[tuple[int, int], int] = {}
        taken: list[FloatArray] = []
        takers = np.empty((len(days), index.shape[1]), dtype=np.int64)
        for at, day in enumerate(days.tolist()):
            takers[at] = self._answers(day, (day,), shares, taken, self._recipients)
        both = np.array(taken).reshape(len(taken), 2, self.names.places.shape[0])
        counts = np.diff(np.append(begins, len(core)))
        pattern = np.repeat(np.arange(len(begins)), counts)
        return _Segments(pattern, np.array(rows), index, both[:, 0], both[:, 1], takers)

    def _answers(
        self,
        row: int,
        key: tuple[int],
        known: dict[tuple[int, int], int],
        answers: list[FloatArray],
        ask: Callable[[int, BoolArray], FloatArray],
    ) -> IntArray:
        """Return (S,) which of the ``answers`` each basket has at a row; what is not ``known`` by ``key`` is asked."""
        gone = (self.names.payout_rows >= 0) & (self.names.payout_rows <= row)
        bits = np.left_shift(np.int64(1), np.arange(len(gone), dtype=np.int64))
        masks, which = np.unique(np.add.reduce(np.where(gone, bits[:, None], 0), axis=0), return_inverse=True)
        numbers = np.empty(len(masks), dtype=np.int64)
        for at, mask in enumerate(masks.tolist()):
            if (*key, mask) not in known:
                known[(*key, mask)] = len(answers)
                answers.append(ask(row, (mask & bits) != 0))
            numbers[at] = known[(*key, mask)]
        return numbers[which]

    def _decision(self, row: int, gone: BoolArray) -> Decision:
        """Return what the plan is told at a row, the assets of ``gone`` (n,) being no longer listed."""
        key = self.lanes.columns.key
        found = self.lanes.planner.decision(key, key.opening_row + row)
        eligible = found.eligible.copy()
        eligible[np.array(key.assets)[gone]] = False
        return dataclasses.replace(found, eligible=eligible)

    def _targets(self, row: int, gone: BoolArray) -> FloatArray:
        group, columns = self.lanes.columns.group, list(self.lanes.columns.key.assets)
        at = self.pattern_rows[int(self.market.pattern[row])] - self.lanes.columns.key.opening_row
        decision = self._decision(at, gone)
        weights = group.policy.target_weights(decision)[columns]
        wanted: FloatArray = validate_weights(weights[None], decision.buyable[columns], group.caps[:1], row)[0]
        return wanted

    def _recipients(self, row: int, gone: BoolArray) -> FloatArray:
        columns = list(self.lanes.columns.key.assets)
        shares = self.lanes.columns.group.policy.reallocation_weights(self._decision(row, gone))[columns]
        return np.array([shares, normalise(self.market.fresh[row] & ~gone, shares)])


def _market_of_places(market: Market, tickers: Sequence[str], places: Sequence[str]) -> Market:
    """Return a market of ``tickers`` in which those of ``places`` always have a close."""
    columns = [market.column_index(ticker) for ticker in tickers]
    always = np.array([ticker in places for ticker in tickers])
    return dataclasses.replace(
        market,
        assets=tuple(tickers),
        prices=read_only(np.where(always, 1.0, market.prices[:, columns])),
        listed=read_only(market.listed[:, columns] | always),
        age=read_only(np.where(always, 0, market.age[:, columns])),
        currencies=tuple(market.currencies[column] for column in columns) if market.currencies else (),
        close_rates=None if market.close_rates is None else read_only(market.close_rates[:, columns]),
        shares=None if market.shares is None else read_only(market.shares[:, columns]),
        dividends=None if market.dividends is None else read_only(market.dividends[:, columns]),
    )
