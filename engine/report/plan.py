"""A validated config on the terminal: weights, limits, schedule and costs, before any price is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from rich.console import Console

from engine.arrays import DateArray
from engine.config import RunConfig
from engine.costs import AnyCosts, Tariff
from engine.policy import Policy
from engine.report import format as fmt
from engine.report.console import bullet, console, heading, row, table, text
from engine.report.words import plural
from engine.sources.calendar import sessions_of

PolicyT = TypeVar("PolicyT", bound=Policy)

_LOOK_BACK = np.timedelta64(400, "D")
"""A schedule is asked over sessions that begin this much before the window, as a run's prices do."""


@runtime_checkable
class NamesWeights(Protocol):
    """A policy whose targets stand in the config."""

    def wanted(self) -> Mapping[str, float]:
        """Return every target by ticker."""

    def core(self) -> Mapping[str, float]:
        """Return the targets of the core."""


def print_plan(config: RunConfig[PolicyT], name: str) -> None:
    """Print what a config resolves to; ``name`` is where it came from."""
    out = console()
    out.print(text(f"{name}: valid", "bold green"))
    out.print(text(f"{config.name}: {config.description}" if config.description else config.name))
    plain = config.canonical()
    _weights(out, config.strategy)
    _limits(out, config.strategy, plain)
    heading(out, "Schedule")
    for line in _schedule(config):
        bullet(out, line)
    heading(out, "Costs and account")
    for line in (cost_words(config.costs), *_account(config)):
        bullet(out, line)
    heading(out, "Compared with")
    for line in _rivals(config):
        bullet(out, line)
    out.print()


def _weights(out: Console, policy: Policy) -> None:
    heading(out, "Weights")
    if not isinstance(policy, NamesWeights):
        bullet(out, f"decided from prices, over {', '.join(policy.tickers)}")
        return
    wanted, core, caps = policy.wanted(), policy.core(), policy.caps()
    result = table(["asset", "role", "target", "cap", "room below cap"], words=frozenset({0, 1}))
    for ticker, weight in wanted.items():
        cap = caps.get(ticker)
        room = fmt.DASH if cap is None else fmt.points(cap - weight)
        row(result, [ticker, "core" if ticker in core else "satellite", fmt.percent(weight), fmt.percent(cap), room])
    for ticker in policy.tickers:
        if ticker not in wanted:
            row(result, [ticker, "stand-in", fmt.DASH, fmt.DASH, fmt.DASH])
    out.print(result)
    total, inside = sum(wanted.values()), sum(core.values())
    bullet(
        out,
        f"core {fmt.percent(inside)} + satellites {fmt.percent(total - inside)} = {fmt.percent(total)}; "
        f"cash {fmt.percent(max(1.0 - total, 0.0))}",
    )


def _limits(out: Console, policy: Policy, plain: Mapping[str, object]) -> None:
    """Print each group's sum, its limit and what is left between them."""
    strategy = plain["strategy"]
    limits = strategy.get("limits") if isinstance(strategy, Mapping) else None
    if not limits or not isinstance(policy, NamesWeights):
        return
    heading(out, "Limits")
    wanted, caps = policy.wanted(), policy.caps()
    result = table(["group", "targets", "limit", "room"])
    for limit in limits:
        names = [ticker for part in limit["group"] for ticker in (caps if part == "satellites" else (part,))]
        total = sum(wanted[ticker] for ticker in dict.fromkeys(names))
        highest = float(limit["max"])
        room = fmt.points(highest - total)
        row(result, [", ".join(limit["group"]), fmt.percent(total), fmt.percent(highest), room])
    out.print(result)


def _schedule(config: RunConfig[PolicyT]) -> Iterator[str]:
    """Yield when the strategy decides: the dates of the window, as far as the config fixes it."""
    window = config.window
    yield f"window {window.start or 'from the first price'} to {window.end or 'the last price'}"
    delayed = config.account.execution == "next_close"
    yield f"orders fill at the close of the session {'after' if delayed else 'of'} the decision"
    if window.start is None:
        yield "rebalances: their dates follow from the first price; name window.start to see them here"
        return
    first = np.datetime64(window.start, "D")
    last = np.datetime64(window.end or dt.datetime.now(dt.UTC).date(), "D")
    sessions = sessions_of(config.data.calendar, first - _LOOK_BACK, last)
    opening = int(np.searchsorted(sessions, first))
    if opening >= len(sessions):
        yield f"no session of {config.data.calendar} in the window"
        return
    yield f"opening {sessions[opening]}, the first session of {config.data.calendar} in the window"
    yield from _decisions(config.strategy, sessions, opening)
    if window.end is None:
        yield "counted up to today, for window.end is open"


def _decisions(policy: Policy, sessions: DateArray, opening: int) -> Iterator[str]:
    calendar = policy.schedule.calendar(sessions)
    days = [(sessions[at], calendar[at]) for at in sorted(calendar) if at > opening]
    if days:
        named = [str(day) for day, _ in days]
        shown = named if len(named) <= 5 else [*named[:3], "...", named[-1]]
        reasons = ", ".join(dict.fromkeys(reason for _, reason in days))
        yield f"{plural(len(days), 'scheduled rebalance')} ({reasons}): {', '.join(shown)}"
    else:
        yield "no scheduled rebalance"
    band = policy.schedule.band(sessions)
    if band is not None:
        widths = [
            f"{fmt.short_percent(width)} {kind}"
            for width, kind in ((band.absolute, "of the portfolio"), (band.relative, "of its target"))
            if np.isfinite(width)
        ]
        looks = int(band.look[opening:].sum())
        yield f"also when a weight leaves its target by more than {' or '.join(widths)}, looked at on {looks:,} closes"
    if policy.watch_caps:
        yield "also when a capped asset closes above its cap: it is trimmed back to its target"


def cost_words(costs: AnyCosts) -> str:
    """Return in words what an order costs; a broker's tariff with its source and date."""
    spread = f", plus a spread of {costs.spread:g} bp" if costs.spread else ""
    if costs.kind == "none":
        return f"orders are free{spread}"
    if costs.kind == "percent":
        return f"orders cost {fmt.short_percent(costs.rate)} of the money traded, the opening purchase included{spread}"
    if costs.kind == "per_order":
        return f"orders cost {_terms(costs.fixed, costs.rate, 0.0, costs.minimum, costs.maximum)}{spread}"
    tariff = costs.tariff
    rate = f", converted at {costs.fx:g}" if costs.fx else ""
    terms = f"{_tariff(tariff)} in {tariff.currency}{rate}{spread}"
    return f"{tariff.title}: {terms} (source: {tariff.source}, {tariff.as_of})"


def _tariff(tariff: Tariff) -> str:
    words = _terms(tariff.fixed, tariff.rate, tariff.per_share, tariff.minimum, tariff.maximum)
    return words + (f", at most {fmt.short_percent(tariff.maximum_rate)} of the money" if tariff.maximum_rate else "")


def _terms(fixed: float, rate: float, per_share: float, minimum: float, maximum: float | None) -> str:
    parts = [fmt.cents(fixed)] if fixed else []
    parts += [f"{fmt.short_percent(rate)} of the money"] if rate else []
    parts += [f"{per_share:g} a share"] if per_share else []
    words = " + ".join(parts) or "nothing"
    words += f", at least {fmt.cents(minimum)}" if minimum else ""
    return words + (f", at most {fmt.cents(maximum)}" if maximum else "")


def _account(config: RunConfig[PolicyT]) -> Iterator[str]:
    account = config.account
    yield f"capital {fmt.money(account.capital)} {account.currency}, {account.shares} shares"
    yield f"cash earns {fmt.short_percent(account.cash.rate)} a year"
    flow = account.contributions
    if flow.amount:
        word = "paid in" if flow.amount > 0 else "withdrawn"
        amount = f"{fmt.money(abs(flow.amount))} {account.currency}"
        yield f"{amount} {word} every {flow.every.replace('_', '-')}, {flow.invest.replace('_', ' ')}"


def _rivals(config: RunConfig[PolicyT]) -> Iterator[str]:
    compare = config.compare
    if compare.buy_and_hold:
        yield "Buy & hold: the same opening portfolio, never traded again"
    for benchmark in compare.benchmarks:
        policy = benchmark.strategy
        named: Mapping[str, float] = policy.wanted() if isinstance(policy, NamesWeights) else {}
        mix = ", ".join(f"{ticker} {fmt.short_percent(weight)}" for ticker, weight in named.items())
        yield f"{benchmark.name}: {mix}" if mix else benchmark.name
    if not compare.buy_and_hold and not compare.benchmarks:
        yield "nothing"
    if compare.published is not None:
        yield f"published figures of {', '.join(compare.published.figures)}: {compare.published.source}"
