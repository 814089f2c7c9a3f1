"""Path luck: the same plan over histories drawn from what its assets did, and its buy-and-hold over the same ones.

The stationary bootstrap of Politis and Romano (1994), doi:10.1080/01621459.1994.10476870, of the joint returns of all
assets, in blocks whose mean length is that of Politis and White (2004), doi:10.1081/ETC-120028836, for the plan's own
returns.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from engine.analysis.bootstrap import mean_block_length
from engine.backtest.manifest import FileRecord
from engine.core.arrays import BoolArray, DateArray, FloatArray, IntArray
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR
from engine.core.errors import DataError
from engine.core.powers import power
from engine.core.shortlist import shortlist
from engine.data.market import Market
from engine.data.sessions import calendar_years
from engine.evidence.luck.measured_plan import MeasuredPlan
from engine.evidence.luck.spread import metric_column, percentiles
from engine.sweep.batch.policy_groups import Variant
from engine.sweep.batch.run_paths import ResampledHistories, path_metric_table, runs_in_lanes

FEWEST_SESSIONS: Final = 60
"""Common sessions below which nothing is drawn."""
_LEAST_OF_FAN: Final = 20
"""Sessions before the first end of a year at which histories are looked at."""
_FEW_YEARS: Final = 4
_MOST_NAMED: Final = 10
MOST_ONE_BY_ONE: Final = 200
"""Histories of a plan whose decisions are not known beforehand: they are run one by one."""


class FanPoint(FileRecord):
    """Levels of many histories on one ``date`` [multiples of the capital]: percentiles, and the median held."""

    date: str
    plan: dict[str, float] | None
    held: float | None


class PathLuck(FileRecord):
    """What became of a plan in many histories, beside its buy-and-hold in the same ones.

    ``start``, ``end``, ``sessions``: the common sessions that joint returns are drawn from, and that a history has;
    ``of_sessions`` how many the plan has. ``mean_block`` [sessions]. ``plan``, ``held`` and ``difference`` (plan less
    held) by figure: percentiles by their number; None where a history has none. Chances are shares of histories, of
    which ``below_held`` compares money, the others growth, flows taken out: where the plan ``has_flows``, growth below
    the capital is not less money than was paid in. ``inflation`` is that of the common sessions [fraction a year], None
    where none is given. ``fan``: where histories stand at the end of each year, flows taken out; of those that are run
    one by one a few years only.
    """

    histories: int
    one_by_one: bool
    start: str
    end: str
    sessions: int
    of_sessions: int
    seed: int
    mean_block: float
    plan: dict[str, dict[str, float] | None]
    held: dict[str, dict[str, float] | None]
    difference: dict[str, dict[str, float] | None]
    below_capital: float
    below_held: float
    inflation: float | None = None
    below_inflation: float | None = None
    has_flows: bool = False
    fan: tuple[FanPoint, ...] = ()


@dataclasses.dataclass(frozen=True)
class PathMarket:
    """The common sessions of a plan's assets, with their joint ``returns`` (T - 1, N) and the risk-free rate."""

    market: Market
    returns: FloatArray
    risk_free: float | FloatArray

    @classmethod
    def of(cls, plan: MeasuredPlan) -> PathMarket:
        """Return the sessions from the plan's opening on at which all of its assets have a close.

        Dividends are in the closes, as if each were reinvested in what paid it. Raises DataError for too few sessions.
        """
        whole, opening = plan.sessions.market, plan.opening
        columns = sorted(whole.column_index(ticker) for ticker in plan.policy.tickers)
        fresh: BoolArray = np.logical_and.reduce(whole.fresh[opening:, columns], axis=1)
        rows: IntArray = opening + np.flatnonzero(fresh)
        if len(rows) < FEWEST_SESSIONS:
            raise DataError(_too_few(whole, columns, opening, len(rows)))
        closes = whole.total_return_prices[rows][:, columns]
        names = tuple(whole.assets[column] for column in columns)
        market = dataclasses.replace(
            Market.build(whole.dates[rows], names, closes, currency=whole.currency, provenance=whole.provenance),
            cash_rate=_rate_between(whole.cash_rate, rows),
            frequency=whole.frequency,
            currencies=tuple(whole.currencies[column] for column in columns) if whole.currencies else (),
            fx={currency: rates[rows] for currency, rates in whole.fx.items()},
            tariff_rates=None if whole.tariff_rates is None else whole.tariff_rates[rows],
        )
        free = plan.risk_free
        return cls(market, closes[1:] / closes[:-1] - 1.0, free if isinstance(free, float) else free[rows])


def measure_paths(plan: MeasuredPlan, price_growth: float | None = None, threads: int = 1) -> PathLuck:
    """Return what became of a plan in other histories.

    ``price_growth``: the rise of consumer prices over the common sessions, as a factor. Raises DataError when the
    plan's assets have too few sessions in common, or one of them a return that no history can have.
    """
    common = PathMarket.of(plan)
    market = common.market
    variant = Variant(plan.policy, plan.account, plan.costs, 0, len(market.dates))
    histories = ResampledHistories(common.returns, plan.terms.seed, plan_block_length(plan, common))
    lanes = all(runs_in_lanes(market, variant, held=held) for held in (False, True))
    count = plan.terms.draws if lanes else min(plan.terms.draws, MOST_ONE_BY_ONE)
    numbers = np.arange(count)

    def run(end: int) -> tuple[FloatArray, FloatArray]:
        cut = variant._replace(end=end)
        mine, held = (
            path_metric_table(market, cut, histories, numbers, common.risk_free, threads, held=one)
            for one in (False, True)
        )
        return mine, held

    mine, held = run(len(market.dates))
    growth, money = (1.0 + metric_column(mine, "total_return")), metric_column(mine, "final_value")
    names = ("final_value", "cagr", "max_drawdown")
    years = float((market.dates[-1] - market.dates[0]) / np.timedelta64(1, "D")) / CALENDAR_DAYS_PER_YEAR
    return PathLuck(
        histories=count,
        one_by_one=not lanes,
        start=str(market.dates[0]),
        end=str(market.dates[-1]),
        sessions=len(market.dates),
        of_sessions=len(plan.ledger.dates),
        seed=plan.terms.seed,
        mean_block=histories.mean_block,
        plan={name: percentiles(metric_column(mine, name)) for name in names},
        held={name: percentiles(metric_column(held, name)) for name in names},
        difference={name: percentiles(metric_column(mine, name) - metric_column(held, name)) for name in names},
        below_capital=float((growth < 1.0).mean()),
        below_held=float((money < metric_column(held, "final_value")).mean()),
        inflation=None if price_growth is None else power(price_growth, 1.0 / years) - 1.0,
        below_inflation=None if price_growth is None else float((growth < price_growth).mean()),
        has_flows=plan.account.has_flows,
        fan=(
            *(_fan_point(market.dates, end, *run(end)) for end in _fan_ends(market.dates, few=not lanes)),
            _fan_point(market.dates, len(market.dates), mine, held),
        ),
    )


def _fan_ends(dates: DateArray, *, few: bool) -> list[int]:
    """Return how many sessions histories have at the ends of years, the last end left out; of ``few`` years four."""
    years = calendar_years(dates)
    ends = (np.flatnonzero(years[1:] != years[:-1]) + 1).tolist()
    ends = [end for end in ends if _LEAST_OF_FAN <= end < len(dates)]
    if few and len(ends) > _FEW_YEARS:
        ends = [ends[(number + 1) * len(ends) // (_FEW_YEARS + 1)] for number in range(_FEW_YEARS)]
    return ends


def _fan_point(dates: DateArray, end: int, mine: FloatArray, held: FloatArray) -> FanPoint:
    levels, others = (percentiles(1.0 + metric_column(one, "total_return")) for one in (mine, held))
    return FanPoint(date=str(dates[end - 1]), plan=levels, held=None if others is None else others["50"])


def plan_block_length(plan: MeasuredPlan, common: PathMarket) -> float:
    """Return the mean length of blocks that suits the returns of the plan over the common sessions [sessions]."""
    from engine.simulation.simulate import simulate  # noqa: PLC0415  (a record needs no compiler)

    market = common.market
    ledger = simulate(market, plan.policy, plan.account, plan.costs.cost_table(market.assets, market.foreign))
    return mean_block_length(plan.performance_of(ledger).returns)


def _rate_between(rates: FloatArray, rows: IntArray) -> FloatArray:
    """Return (K,) what cash earns from each of ``rows`` (K,) to the next, from ``rates`` (T,) of all sessions."""
    if rows[-1] - rows[0] == len(rows) - 1:
        return rates[rows[0] : rows[-1] + 1]
    grown = np.multiply.accumulate(1.0 + rates)[rows]
    return np.concatenate([rates[rows[:1]], grown[1:] / grown[:-1] - 1.0])


def _too_few(market: Market, columns: list[int], opening: int, count: int) -> str:
    """Say how many sessions all assets have in common, and which of them begins last."""
    begins, ends = ({market.assets[at]: int(rows[at]) for at in columns} for rows in market.life_rows)
    last, first = max(begins, key=begins.__getitem__), min(ends, key=ends.__getitem__)
    names = f"{last} begins on {market.dates[begins[last] % len(market.dates)]}, {first} ends on "
    names += str(market.dates[ends[first]])
    if absent := [name for name, row in ends.items() if row < 0]:
        names = f"{shortlist(absent, _MOST_NAMED)} without any"
    message = f"the {len(columns)} assets have {count} sessions in common from {market.dates[opening]} on ({names})"
    return f"{message}, {FEWEST_SESSIONS} are needed; leave out what is short-lived, or widen the window"
