"""Pick luck: the same plan with names drawn at random from a universe, in place of those that were picked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.backtest.manifest import FileRecord
from engine.core.arrays import IntArray
from engine.core.errors import DataError
from engine.core.shortlist import shortlist
from engine.data.research.universe import Universe
from engine.evidence.luck.measured_plan import MeasuredPlan
from engine.evidence.luck.spread import Counts, FigureSpread, figure_spreads, metric_column, plan_figures
from engine.portfolio.policy import Policy
from engine.sweep.batch.policy_groups import Variant
from engine.sweep.batch.run_baskets import BasketPlan

FEWEST_BASKETS: Final = 20
"""Different baskets below which there is nothing to compare with."""
MOST_ONE_BY_ONE: Final = 200
"""Baskets of a plan that is run one by one."""
_STREAM: Final = 0x7069636B
"""Added to the seed, so that baskets are not drawn by the numbers that histories are."""
_MOST_NAMED: Final = 10


class PickLuck(FileRecord):
    """A plan beside baskets of as many other names, of the same weights and caps.

    ``names`` a basket has; ``members`` belong to the universe on the day of the ``opening``, ``listed`` of them have a
    close there and are drawn from, ``ended`` of these are delisted before the end; ``without_price`` of the universe
    are not in the source. ``growth``: CAGRs of the baskets in bins. ``hindsight``: what the universe knows that nobody
    knew; None where it has dates and ends.
    """

    baskets: int
    one_by_one: bool
    names: int
    opening: str
    universe: int
    members: int
    listed: int
    ended: int
    without_price: int
    late_names: tuple[str, ...]
    seed: int
    spreads: dict[str, FigureSpread]
    growth: Counts | None = None
    hindsight: str | None = None


@dataclass(frozen=True)
class NamePool:
    """The names of a universe that can be drawn: ``columns`` (M,) of the plan's market, in the order of tickers."""

    columns: IntArray
    members: int
    ended: int
    without_price: int

    @classmethod
    def of(cls, plan: MeasuredPlan, universe: Universe, picked: Mapping[str, float]) -> NamePool:
        """Return the members at the plan's opening that have a close there; what its core holds is not drawn."""
        market, opening = plan.sessions.market, plan.opening
        others = set(plan.policy.core()) if set(plan.policy.core()) != set(picked) else set()
        day = market.dates[opening]
        members = [ticker for ticker in universe.tickers if ticker not in others]
        if universe.is_dated:
            members = [ticker for ticker in members if universe.is_member(ticker, day)]
        known = [market.column_index(ticker) for ticker in members if ticker in market.columns]
        columns = np.array(
            [one for one in known if market.listed[opening, one] and market.fresh[opening, one]], dtype=np.int64
        )
        priced = [t for t in universe.tickers if t in market.columns and market.listed[:, market.columns[t]].any()]
        ended = len(market.delistings_from(opening, columns.tolist())[1])
        return cls(columns, len(members), ended, len(universe.tickers) - len(priced))

    def require_enough(self, plan: MeasuredPlan, count: int) -> None:
        """Raise DataError when there are too few different baskets of ``count`` names."""
        different = math.comb(len(self.columns), count)
        if different >= FEWEST_BASKETS:
            return
        day = plan.sessions.market.dates[plan.opening]
        baskets = f"{different} different {'basket' if different == 1 else 'baskets'}"
        raise DataError(
            f"{len(self.columns)} of the universe's {self.members} members of {day} have a close on that day, which "
            f"makes {baskets} of {count} names; {FEWEST_BASKETS} are needed: name a wider universe "
            "(--universe FILE), or a later window.start"
        )


@dataclass(frozen=True)
class Picks:
    """How a plan's names are replaced: ``weights`` returns those of its own, ``hold`` the plan with some others."""

    weights: Callable[[Policy], Mapping[str, float]]
    hold: Callable[[Policy, Sequence[str]], Policy]


def measure_picks(plan: MeasuredPlan, universe: Universe, picks: Picks, threads: int = 1) -> PickLuck:
    """Return where the plan lies among baskets drawn from a universe.

    A basket is bought at the plan's opening and keeps its names, whether they stay members or not. Raises DataError
    when too few names are listed then, or the plan has no names that could be others.
    """
    own = picks.weights(plan.policy)
    pool = NamePool.of(plan, universe, own)
    pool.require_enough(plan, len(own))
    baskets = basket_plan(plan, pool, picks)
    lanes = baskets.runs_in_lanes
    count = plan.terms.draws if lanes else min(plan.terms.draws, MOST_ONE_BY_ONE)
    drawn = draw_baskets(len(pool.columns), len(own), count, plan.terms.seed)
    table = baskets.metric_table(pool.columns[drawn], plan.risk_free, threads)
    market = plan.sessions.market
    late = tuple(
        ticker for ticker in own if ticker in market.columns and not market.listed[plan.opening, market.columns[ticker]]
    )
    return PickLuck(
        baskets=count,
        one_by_one=not lanes,
        names=len(own),
        opening=str(market.dates[plan.opening]),
        universe=len(universe.tickers),
        members=pool.members,
        listed=len(pool.columns),
        ended=pool.ended,
        without_price=pool.without_price,
        late_names=late,
        seed=plan.terms.seed,
        spreads=figure_spreads(plan_figures(plan.performance), table),
        growth=Counts.of(metric_column(table, "cagr")),
        hindsight=_hindsight(universe, pool, late),
    )


def basket_plan(plan: MeasuredPlan, pool: NamePool, picks: Picks) -> BasketPlan[Policy]:
    """Return the plan with places for names of the pool; the first of them stand for these."""
    market, count = plan.sessions.market, len(picks.weights(plan.policy))
    places = tuple(market.assets[column] for column in pool.columns[:count].tolist())

    def hold(names: Sequence[str]) -> Policy:
        return picks.hold(plan.policy, names)

    variant = Variant(hold(places), plan.account, plan.costs, plan.opening, len(market.dates))
    return BasketPlan(market, variant, places, hold)


def draw_baskets(names: int, size: int, count: int, seed: int) -> IntArray:
    """Return (count, size) numbers below ``names``, none twice in a row: every set is as likely as any other."""
    from engine.simulation.kernel.batch.basket_draws import fill_baskets  # noqa: PLC0415  (a record needs no compiler)

    drawn = np.empty((count, size), dtype=np.int64)
    fill_baskets(drawn, 0, names, np.uint64((seed + _STREAM) % 2**64))
    return drawn


def _hindsight(universe: Universe, pool: NamePool, late: Sequence[str]) -> str | None:
    """Say what the universe knows that nobody knew at the opening; None where nothing is seen."""
    found = []
    if not universe.is_dated:
        found.append("the universe has no dates of membership, so who is in it was chosen later than the opening")
    elif undated := sum(not (stock.since or stock.until) for stock in universe.names):
        found.append(
            f"{undated} of its names have no first or last day of membership, as if they always belonged to it"
        )
    if pool.without_price:
        found.append(
            f"{pool.without_price} of its names have no price in the source, and what is gone is missing first"
        )
    elif not pool.ended:
        found.append("none of the names that were drawn from was delisted before the end, so they are survivors")
    if late:
        found.append(f"the plan's own {shortlist(late, _MOST_NAMED)} listed after the opening, which no basket could")
    return "; ".join(found) or None
