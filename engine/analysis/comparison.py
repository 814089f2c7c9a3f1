"""A strategy beside buy-and-hold and the benchmarks: the same market, account and costs for all."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.analysis import metrics
from engine.analysis.bootstrap import Bootstrap, Draw, Interval, Pair, draw_intervals
from engine.analysis.performance import Performance, figures
from engine.analysis.published_figures import Difference, Published, differences
from engine.analysis.timeline import Happening, chronicle
from engine.core.arrays import BoolArray, FloatArray
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.cost_table import CostTable
from engine.portfolio.policy import Policy
from engine.simulation.kernel import OVER
from engine.simulation.ledger import Checks, Ledger, checks
from engine.simulation.simulate import simulate


@dataclass(frozen=True)
class Peak:
    """The highest weight a capped asset drifted to, when, and at how many closes it stood above its cap."""

    weight: float
    date: np.datetime64
    sessions_over_cap: int
    cap: float


@dataclass(frozen=True)
class Portfolio:
    """One portfolio of a comparison: what happened and what it earned."""

    name: str
    ledger: Ledger
    performance: Performance
    peaks: Mapping[str, Peak]

    def figures(self) -> dict[str, float | int | None]:
        """Return every metric by name."""
        return figures(self.performance)


@dataclass(frozen=True)
class Versus:
    """The strategy against another portfolio over the sessions both have; differences are strategy minus other."""

    sessions: int
    start: np.datetime64
    cagr_difference: float | None
    interval: tuple[float, float] | None
    tracking_error: float | None
    information_ratio: float | None
    beta: float | None
    correlation: float | None


@dataclass(frozen=True)
class Enforcement:
    """What watching caps between rebalances cost: the strategy minus the same strategy with caps at rebalances only.

    ``orders`` and ``costs`` [currency] more, ``cagr`` more [fraction]; the highest weight of any capped asset with the
    caps watched and without.
    """

    orders: int
    costs: float
    cagr: float | None
    highest: float
    highest_without: float


@dataclass(frozen=True)
class Comparison:
    """All portfolios of a run, the strategy first, with what can be said about the differences."""

    market: Market
    portfolios: Mapping[str, Portfolio]
    versus: Mapping[str, Versus]
    checks: Checks
    published: tuple[Difference, ...]
    happenings: tuple[Happening, ...] = ()
    enforcement: Enforcement | None = None

    @property
    def strategy(self) -> Portfolio:
        """The portfolio that the config is about."""
        return self.portfolios["strategy"]


def compare(  # noqa: PLR0913  (what a comparison is made of)
    market: Market,
    policy: Policy,
    others: Mapping[str, Policy],
    account: Account,
    costs: CostTable,
    *,
    start: int,
    buy_and_hold: bool,
    risk_free: float | FloatArray,
    bootstrap: Bootstrap,
    published: Published | None = None,
    draw: Draw = draw_intervals,
) -> Comparison:
    """Simulate ``policy``, its own opening portfolio held for ever, and ``others``; measure the differences.

    Every portfolio starts with the same capital at its first price at or after row ``start``; one that starts later is
    compared over the sessions both have. ``risk_free`` is a rate a session, or one for each from row ``start`` on.
    """
    runs = {"strategy": simulate(market, policy, account, costs, start=start)}
    if buy_and_hold:
        runs["buy_and_hold"] = simulate(market, policy, account, costs, start=start, version="bought_and_held")
    for name, other in others.items():
        runs[name] = simulate(market, other, account, costs, start=start)
    policies = {"strategy": policy, "buy_and_hold": policy, **others}
    portfolios = {
        name: Portfolio(name, ledger, Performance.of(ledger, risk_free), peaks(ledger, market, policies[name]))
        for name, ledger in runs.items()
    }
    unwatched = None
    if policy.watch_caps:
        ledger = simulate(market, policy, account, costs, start=start, version="caps_at_rebalance")
        unwatched = Portfolio("", ledger, Performance.of(ledger, risk_free), peaks(ledger, market, policy))
    rivals = {name: portfolio for name, portfolio in portfolios.items() if name != "strategy"}
    shared = {name: _common(portfolios["strategy"], rival) for name, rival in rivals.items()}
    intervals = draw(list(shared.values()), bootstrap)
    return Comparison(
        market=market,
        portfolios=portfolios,
        versus={
            name: against(portfolios["strategy"], rival, shared[name], interval)
            for (name, rival), interval in zip(rivals.items(), intervals, strict=True)
        },
        checks=_worst([checks(portfolio.ledger, market) for portfolio in portfolios.values()]),
        published=differences(published, {name: portfolio.figures() for name, portfolio in portfolios.items()}),
        happenings=chronicle(portfolios["strategy"].ledger, market, policy),
        enforcement=_enforcement(portfolios["strategy"], unwatched) if unwatched else None,
    )


def _enforcement(watched: Portfolio, unwatched: Portfolio) -> Enforcement:
    mine, other = watched.performance, unwatched.performance
    growth, other_growth = watched.figures()["cagr"], unwatched.figures()["cagr"]
    return Enforcement(
        orders=mine.trades - other.trades,
        costs=mine.costs - other.costs,
        cagr=None if growth is None or other_growth is None else growth - other_growth,
        highest=max((peak.weight for peak in watched.peaks.values()), default=0.0),
        highest_without=max((peak.weight for peak in unwatched.peaks.values()), default=0.0),
    )


def _common(strategy: Portfolio, other: Portfolio) -> Pair:
    """Return the daily returns of the sessions that both portfolios have."""
    mine, theirs = strategy.performance, other.performance
    count = min(len(mine.returns), len(theirs.returns))
    days = float((mine.dates[-1] - mine.dates[-1 - count]) / np.timedelta64(1, "D"))
    size = len(mine.returns) - count, len(theirs.returns) - count
    return Pair(mine.returns[size[0] :], theirs.returns[size[1] :], days / metrics.DAYS_PER_YEAR)


def against(strategy: Portfolio, other: Portfolio, pair: Pair, interval: Interval) -> Versus:
    """Return the strategy's figures relative to ``other``, over their common sessions."""
    mine, theirs = strategy.performance, other.performance
    sessions = len(pair.returns) + 1
    whole = len(mine.dates) == len(theirs.dates)  # then the opening costs count, else both start after them
    size = sessions + 1 if whole else sessions
    days = pair.years * metrics.DAYS_PER_YEAR
    growth, other_growth = metrics.cagr(mine.level[-size:], days), metrics.cagr(theirs.level[-size:], days)
    return Versus(
        sessions=sessions,
        start=mine.dates[-sessions],
        cagr_difference=None if growth is None or other_growth is None else growth - other_growth,
        interval=interval,
        tracking_error=metrics.tracking_error(pair.returns, pair.other),
        information_ratio=metrics.information_ratio(pair.returns, pair.other),
        beta=metrics.beta(pair.returns, pair.other),
        correlation=metrics.correlation(pair.returns, pair.other),
    )


def peaks(ledger: Ledger, market: Market, policy: Policy) -> dict[str, Peak]:
    """Return the highest weight of every capped asset that was held (S6)."""
    weights = ledger.weights(market)
    result = {}
    for ticker, cap in policy.caps().items():
        path: FloatArray = weights[:, market.index(ticker)]
        if path.any():
            over: BoolArray = path > cap * (1.0 + OVER)
            top = int(path.argmax())
            result[ticker] = Peak(float(path[top]), ledger.dates[top], int(over.sum()), cap)
    return result


def _worst(all_checks: list[Checks]) -> Checks:
    return Checks(*(max(getattr(check, field.name) for check in all_checks) for field in dataclasses.fields(Checks)))
