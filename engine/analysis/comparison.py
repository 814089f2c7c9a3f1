"""A strategy beside buy-and-hold and the benchmarks: the same market, account and costs for all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from engine.analysis import metrics
from engine.analysis.after_tax import AfterTaxDifference, TaxedResult, TaxTerms, after_tax_difference
from engine.analysis.bootstrap import DifferenceInterval, Evidence, cagr_difference_interval
from engine.analysis.common_sessions import CommonSessions
from engine.analysis.difference_parts import DifferenceParts, Plan, PlanTax, split_difference
from engine.analysis.limit_orders import LimitOrderFigures, measure_limit_orders
from engine.analysis.metrics_table import compute_metrics
from engine.analysis.never_sold import NeverSoldFigures, measure_never_sold
from engine.analysis.performance import Performance
from engine.analysis.portfolio_market import PortfolioMarket
from engine.analysis.published_comparison import Published, PublishedDifference, compare_published
from engine.analysis.timeline import AssetEvent, list_asset_events
from engine.core.arrays import BoolArray, FloatArray
from engine.core.errors import EngineError
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.cost_table import CostTable
from engine.portfolio.policy import Policy
from engine.simulation.kernel.tolerances import LIMIT_TOLERANCE
from engine.simulation.ledger import Ledger, LedgerChecks, ledger_checks
from engine.simulation.run_setup import AS_WRITTEN, PolicyVersion
from engine.tax.book import Taxation


@dataclass(frozen=True)
class PeakWeight:
    """The highest weight a capped asset drifted to, when, and at how many closes it stood above its cap."""

    weight: float
    date: str
    sessions_over_cap: int
    cap: float


@dataclass(frozen=True)
class PortfolioResult:
    """One portfolio of a comparison: its market, what happened and what it earned; and where it is ``taxed``, that."""

    name: str
    market: Market
    ledger: Ledger
    performance: Performance
    peak_weights: Mapping[str, PeakWeight]
    note: str = ""
    taxed: TaxedResult | None = None

    @cached_property
    def metrics(self) -> dict[str, float | int | None]:
        """Every metric by name."""
        return compute_metrics(self.performance)


@dataclass(frozen=True)
class RelativePerformance:
    """The strategy against another portfolio over the sessions both have; differences are strategy minus other.

    ``years`` is how long those are, ``total_return`` and ``other_total_return`` what each earned in them.
    ``interval_missing`` says why there is no interval, and is empty where there is one; ``parts`` are those of the
    difference of CAGRs to buy-and-hold. With taxes all of these are of what is left in the account, before what is owed
    at the end; ``after_tax`` has that.
    """

    start: str
    sessions: int
    years: float
    total_return: float | None
    other_total_return: float | None
    cagr_difference: float | None
    cagr_difference_interval: tuple[float, float] | None
    interval_missing: str
    tracking_error: float | None
    information_ratio: float | None
    beta: float | None
    correlation: float | None
    parts: DifferenceParts | None = None
    after_tax: AfterTaxDifference | None = None


@dataclass(frozen=True)
class Comparison:
    """All portfolios of a run, the strategy first, with what can be said about the differences.

    ``market`` has every session of any of them; each has its own. ``parts_missing``: why the difference to buy-and-hold
    has no parts. ``limit_orders``: what limits did to the strategy, where its account has them;
    ``never_sold`` what keeping assets did, where it keeps some.
    """

    market: Market
    portfolios: Mapping[str, PortfolioResult]
    versus: Mapping[str, RelativePerformance]
    checks: LedgerChecks
    published: tuple[PublishedDifference, ...]
    events: tuple[AssetEvent, ...] = ()
    parts_missing: str = ""
    limit_orders: LimitOrderFigures | None = None
    never_sold: NeverSoldFigures | None = None

    @property
    def strategy(self) -> PortfolioResult:
        """The portfolio that the config is about."""
        return self.portfolios["strategy"]


@dataclass(frozen=True)
class ComparisonTerms:
    """What a strategy is compared with, and what is measured of the differences.

    ``others`` by name, its own opening portfolio held for ever with ``buy_and_hold``, which with ``late_purchases``
    buys names that list late, once, and the ``published`` figures of any of them. Without ``evidence`` no intervals are
    drawn, without ``parts`` the difference to buy-and-hold is not split. With ``tax`` every portfolio is taxed, and has
    a twin that is not.
    """

    others: Mapping[str, Policy] = field(default_factory=dict)
    buy_and_hold: bool = True
    late_purchases: bool = True
    published: Published | None = None
    evidence: Evidence | None = None
    parts: bool = True
    tax: TaxTerms | None = None


def compare(
    market: Market,
    sessions: Callable[[Policy], PortfolioMarket],
    policy: Policy,
    account: Account,
    costs: CostTable,
    terms: ComparisonTerms,
) -> Comparison:
    """Simulate ``policy`` and all that ``terms`` name beside it; measure the differences.

    Every portfolio starts with the same capital at its first price on its own ``sessions``, those of its tickers, which
    have the assets of ``market``; two are compared over the sessions both have.
    """
    from engine.simulation.simulate import simulate  # noqa: PLC0415  (whoever reads results needs no compiler)

    tax = terms.tax
    taxation = tax.taxation if tax else None

    def run(
        where: PortfolioMarket, policy: Policy, version: PolicyVersion, taxation: Taxation | None
    ) -> tuple[Ledger, Performance, PortfolioMarket]:
        ledger = simulate(where.market, policy, account, costs, start=where.start, version=version, taxation=taxation)
        own = where.until(ledger)
        return ledger, Performance.from_ledger(ledger, own.risk_free, own.market.periods_per_year), own

    def portfolio(name: str, policy: Policy, version: PolicyVersion = AS_WRITTEN) -> PortfolioResult:
        ledger, performance, own = run(sessions(policy), policy, version, taxation)
        taxed = None
        if tax:
            twin, twin_performance, _ = run(tax.untaxed(policy), policy, version, None)
            taxed = TaxedResult.of(ledger, performance, twin, twin_performance)
        peaks = capped_peak_weights(ledger, own.market, policy)
        return PortfolioResult(name, own.market, ledger, performance, peaks, own.note, taxed)

    strategy = portfolio("strategy", policy)
    portfolios = {"strategy": strategy}
    plan = Plan(sessions(policy), policy, account, costs, strategy.ledger, PlanTax.of(tax, policy))
    held = plan.bought_and_held(late=terms.buy_and_hold and terms.late_purchases)
    if terms.buy_and_hold:
        portfolios["buy_and_hold"] = portfolio("buy_and_hold", policy, held)
    portfolios |= {name: portfolio(name, other) for name, other in terms.others.items()}
    versus = _compare_performance(portfolios, terms.evidence)
    missing = _add_parts(versus, plan, portfolios, held) if terms.buy_and_hold and terms.parts else ""
    return Comparison(
        market=market,
        portfolios=portfolios,
        versus=versus,
        checks=_worst_checks([ledger_checks(portfolio.ledger, portfolio.market) for portfolio in portfolios.values()]),
        published=compare_published(
            terms.published, {name: portfolio.metrics for name, portfolio in portfolios.items()}
        ),
        events=list_asset_events(strategy.ledger, strategy.market, policy),
        parts_missing=missing,
        limit_orders=measure_limit_orders(sessions(policy).market, policy, account, costs, strategy.ledger, taxation),
        never_sold=measure_never_sold(sessions(policy).market, policy, account, costs, strategy.ledger, taxation),
    )


def _add_parts(
    versus: dict[str, RelativePerformance], plan: Plan, portfolios: Mapping[str, PortfolioResult], held: PolicyVersion
) -> str:
    """Split the difference to buy-and-hold, where there is one; return why that cannot be done, "" where it can."""
    both = [portfolios[name] for name in ("strategy", "buy_and_hold")]
    if both[0].ledger.dates[-1] != both[1].ledger.dates[-1]:
        return "the money of both was spent on different days"
    growth, held_growth = (one.performance.cagr for one in both)
    if growth is None or held_growth is None:
        return ""
    try:
        parts = split_difference(plan, growth, held_growth, held)
    except EngineError as error:
        return str(error)
    versus["buy_and_hold"] = dataclasses.replace(versus["buy_and_hold"], parts=parts)
    return ""


def _compare_performance(
    portfolios: Mapping[str, PortfolioResult], evidence: Evidence | None
) -> dict[str, RelativePerformance]:
    """Return the strategy's figures relative to each other portfolio; without ``evidence`` no intervals are drawn."""
    strategy, others = portfolios["strategy"], [name for name in portfolios if name != "strategy"]
    common = [CommonSessions.of(strategy.performance, portfolios[name].performance) for name in others]
    found = {name: _relative_performance(both, evidence) for name, both in zip(others, common, strict=True)}
    if strategy.taxed is None:
        return found
    mine = strategy.performance, strategy.taxed
    after = {name: after_tax_difference(mine, (portfolios[name].performance, portfolios[name].taxed)) for name in found}
    return {name: dataclasses.replace(versus, after_tax=after[name]) for name, versus in found.items()}


def compare_performances(mine: Performance, other: Performance, evidence: Evidence | None) -> RelativePerformance:
    """Return a portfolio's figures relative to another one's; without ``evidence`` no interval is drawn."""
    return _relative_performance(CommonSessions.of(mine, other), evidence)


def _relative_performance(common: CommonSessions, evidence: Evidence | None) -> RelativePerformance:
    """Return the strategy's figures relative to another portfolio, over their common sessions."""
    pair = common.returns
    total, other_total = (metrics.total_return(level) if pair.years > 0.0 else None for level in common.levels)
    growth, other_growth = (metrics.cagr(level, common.days) for level in common.levels)
    periods = common.periods_per_year
    difference = None if growth is None or other_growth is None else growth - other_growth
    interval = DifferenceInterval(None, "no interval was drawn")
    if evidence:
        interval = cagr_difference_interval(pair, difference or 0.0, evidence)
    return RelativePerformance(
        start=str(common.dates[0]) if len(common.mine) else "",
        sessions=len(common.mine),
        years=pair.years,
        total_return=total,
        other_total_return=other_total,
        cagr_difference=difference,
        cagr_difference_interval=interval.bounds,
        interval_missing=interval.missing,
        tracking_error=metrics.tracking_error(pair.returns, pair.other_returns, periods),
        information_ratio=metrics.information_ratio(pair.returns, pair.other_returns, periods),
        beta=metrics.beta(pair.returns, pair.other_returns),
        correlation=metrics.correlation(pair.returns, pair.other_returns),
    )


def capped_peak_weights(ledger: Ledger, market: Market, policy: Policy) -> dict[str, PeakWeight]:
    """Return the highest weight of every capped asset that was held (S6)."""
    weights = ledger.weights(market)
    result = {}
    for ticker, cap in policy.caps().items():
        path: FloatArray = weights[:, market.column_index(ticker)]
        if path.any():
            over: BoolArray = path > cap * (1.0 + LIMIT_TOLERANCE)
            top = int(path.argmax())
            result[ticker] = PeakWeight(float(path[top]), str(ledger.dates[top]), int(over.sum()), cap)
    return result


def _worst_checks(checks: list[LedgerChecks]) -> LedgerChecks:
    *always, lots, taxes = zip(*map(dataclasses.astuple, checks), strict=True)
    of_taxes = (None if None in values else max(values) for values in (lots, taxes))
    return LedgerChecks(*map(max, always), *of_taxes)
