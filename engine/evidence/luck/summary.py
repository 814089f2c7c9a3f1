"""All luck of a plan together: what ``engine luck`` prints and writes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from engine.analysis.comparison import compare_performances
from engine.analysis.verdict import PlanVerdict, PlanVerdictFigures, state_verdict
from engine.backtest.config import RunConfig
from engine.backtest.loading import price_request
from engine.backtest.manifest import FileRecord, Manifest
from engine.backtest.output_folders import LUCK_KIND
from engine.backtest.outputs import window_of
from engine.backtest.plan_words.sentence import describe_plan
from engine.backtest.prices import LoadedPrices, load_checked
from engine.backtest.run_summary import AccountSummary, DataSummary, VerdictRecord, WindowSummary
from engine.core.errors import DataError, EngineError
from engine.core.waiting import WAITING
from engine.data.price_index import PriceIndex
from engine.data.research.universe import Universe
from engine.evidence.luck.measured_plan import MeasuredPlan
from engine.evidence.luck.path import PathLuck, PathMarket, measure_paths
from engine.evidence.luck.pick import PickLuck, Picks, measure_picks
from engine.evidence.luck.spread import plan_figures
from engine.evidence.luck.start import StartLuck, measure_starts
from engine.evidence.luck.timing import TimingLuck, measure_timing
from engine.portfolio.policy import Policy, PolicyT
from engine.tax.none import NoTax

PARTS: Final = ("timing", "start", "pick", "path")
"""The kinds of luck, in the order in which they are shown."""

PartT = TypeVar("PartT")


class LuckSummary(FileRecord):
    """The content of the ``summary.json`` of ``engine luck``; a part that cannot be told is in ``missing`` with why."""

    name: str
    description: str = ""
    window: WindowSummary
    account: AccountSummary
    data: DataSummary
    plan_sentence: str | None = None
    verdict: VerdictRecord | None = None
    plan: dict[str, float | None]
    timing: TimingLuck | None = None
    start: StartLuck | None = None
    pick: PickLuck | None = None
    path: PathLuck | None = None
    missing: dict[str, str]


class LuckManifest(Manifest):
    """The content of the ``manifest.json`` beside it."""

    kind: str = LUCK_KIND


@dataclass(frozen=True)
class PlanChanges:
    """How a plan is changed by one thing only.

    ``move`` returns it with its yearly rebalance in another month, on another session of it; ``picks`` with other
    names.
    """

    move: Callable[[Policy, str, int], Policy]
    picks: Picks


def load_luck_prices(config: RunConfig[PolicyT], universe: Universe | None) -> LoadedPrices:
    """Load the prices of a plan before tax, and of all names of a universe; the source may lack some of these.

    Raises DataError as :func:`engine.backtest.prices.load_prices` does.
    """
    request = price_request(config)
    known = frozenset(request.tickers)
    others = tuple(ticker for ticker in universe.tickers if ticker not in known) if universe else ()
    optional = request.optional | frozenset(others)
    request = dataclasses.replace(request, tickers=(*request.tickers, *others), optional=optional)
    closes, findings, _ = load_checked(config, request)
    loaded = LoadedPrices(config, closes, findings)
    return loaded.untaxed or loaded


def measure_luck(
    config: RunConfig[PolicyT],
    prices: LoadedPrices,
    changes: PlanChanges,
    universe: Universe | None = None,
    threads: int = 1,
) -> LuckSummary:
    """Return the luck of a plan before tax in its parts; raises DataError when no part can be told, with each reason.

    ``universe``: what other names are drawn from; its prices are among ``prices``.
    """
    plan = MeasuredPlan(
        config.strategy,
        config.account,
        config.costs,
        prices.sessions_of(config.strategy),
        config.evidence,
        config.compare.late_purchases,
    )
    missing: dict[str, str] = {}

    def measure(name: str, part: Callable[[], PartT]) -> PartT | None:
        WAITING.start(f"{name} luck", PARTS.index(name), len(PARTS))
        try:
            return part()
        except EngineError as error:
            missing[name] = str(error)
            return None

    with WAITING.until_over():
        timing = measure("timing", lambda: measure_timing(plan, changes.move, threads))
        start = measure("start", lambda: measure_starts(plan))
        pick = measure("pick", lambda: measure_picks(plan, _require(universe), changes.picks, threads))
        path = measure("path", lambda: measure_paths(plan, _price_growth(config.compare.inflation, plan), threads))
    if not (timing or start or pick or path):
        raise DataError(*_each_once(missing))
    market = plan.sessions.market
    return LuckSummary(
        name=config.name,
        description=_describe(config),
        window=window_of(plan.ledger),
        account=AccountSummary(capital=plan.ledger.capital, currency=market.currency),
        data=DataSummary(
            source=market.provenance.source, closes=market.provenance.closes, sha256=market.provenance.sha256
        ),
        plan_sentence=describe_plan(config.before_tax.canonical(), str(plan.ledger.dates[0])).sentence,
        verdict=_judge(plan, pick),
        plan=plan_figures(plan.performance),
        timing=timing,
        start=start,
        pick=pick,
        path=path,
        missing=missing,
    )


def _describe(config: RunConfig[PolicyT]) -> str:
    """Return a config's own description; of a plan that is taxed, also that its luck is told before tax."""
    if isinstance(config.tax, NoTax):
        return config.description
    return f"{config.description} (Luck is told before tax.)".strip()


def _judge(plan: MeasuredPlan, pick: PickLuck | None) -> PlanVerdict:
    """Return what can be said of the plan beside its buy-and-hold, with how often lucky names do at least as well."""
    held = plan.performance_of(plan.held_from(plan.sessions.start, plan.ledger))
    versus = compare_performances(plan.performance, held, plan.terms)
    growth = pick.spreads.get("cagr") if pick else None
    figures = PlanVerdictFigures(
        rival="buy and hold",
        years=versus.years,
        sessions=versus.sessions,
        level=plan.terms.level,
        own=versus.total_return,
        theirs=versus.other_total_return,
        difference=versus.cagr_difference,
        interval=versus.cagr_difference_interval,
        interval_missing=versus.interval_missing,
    )
    if pick is None or growth is None or growth.percentile is None:
        return state_verdict(figures)
    return state_verdict(dataclasses.replace(figures, p=1.0 - growth.percentile, tried=pick.baskets))


def _each_once(missing: Mapping[str, str]) -> list[str]:
    """Return why no part can be told, each reason once with the parts: a plan that cannot be run has the same in all.

    >>> _each_once({"timing": "it ends", "start": "it ends", "pick": "no names"})
    ['timing, start luck: it ends', 'pick luck: no names']
    """
    parts = {why: [part for part, one in missing.items() if one == why] for why in dict.fromkeys(missing.values())}
    return [f"{', '.join(names)} luck: {why}" for why, names in parts.items()]


def _require(universe: Universe | None) -> Universe:
    if universe is None:
        raise DataError(
            "it needs a universe to draw other names from; add --universe FILE, as configs/universe_dated.csv"
        )
    return universe


def _price_growth(inflation: PriceIndex | None, plan: MeasuredPlan) -> float | None:
    """Return by what factor consumer prices rose over the common sessions of the plan's assets, where that is known."""
    if inflation is None:
        return None
    dates = PathMarket.of(plan).market.dates
    first, last = inflation.values_on(dates[[0, -1]]).tolist()
    return float(last / first)
