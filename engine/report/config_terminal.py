"""A validated config on the terminal: weights, limits, schedule and costs, before any price is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from rich.console import Console

from engine.backtest.config import RunConfig
from engine.backtest.loading import config_tickers
from engine.core.arrays import DateArray
from engine.core.shortlist import foremost, shortlist
from engine.data.price_index import PriceIndex
from engine.data.sources.exchange_calendar import exchange_sessions
from engine.portfolio.cash_flow_plans import CashFlowPlan
from engine.portfolio.policy import Policy, PolicyT
from engine.portfolio.policy_abilities import (
    DescribesRules,
    HasGroupLimits,
    HasTargetWeights,
    SelectsSatellites,
    schedule_since,
)
from engine.report import number_format as fmt
from engine.report.console import console, print_bullet, print_heading, print_table, text
from engine.report.phrases import plural
from engine.tax.none import NoTax

_SCHEDULE_LOOKBACK = np.timedelta64(400, "D")
"""How long before the window the sessions begin that a schedule is computed on, as a run's prices do."""

_SCHEDULE_AHEAD = np.timedelta64(1200, "D")
"""How far ahead coming rebalances are looked for: three years and the rest of one."""
_YEAR = np.timedelta64(366, "D")
_MOST_COMING: Final = 3
"""Coming rebalances that are listed."""

_MOST_ROWS: Final = 40
"""Assets of the plan that are listed."""
_MOST_NAMED: Final = 60
"""Assets of a benchmark or a group that are listed."""
_MOST_GROUPS: Final = 100
"""Groups with a limit that are listed."""

_DIVIDENDS: Final = {
    "reinvest": "buy more of what paid them",
    "cash": "wait in cash for the next rebalance",
    "towards_targets": "are invested on the day they are paid, towards the targets",
}


def print_config(config: RunConfig[PolicyT], name: str, out: Console | None = None) -> None:
    """Print what a config resolves to; ``name`` is where it came from."""
    out = out or console()
    out.print(text(f"{name}: valid", "bold green"))
    out.print(text(f"{config.name}: {config.description}" if config.description else config.name))
    _print_weights(out, config.strategy)
    _print_limits(out, config.strategy)
    sections = {
        **(config.strategy.rules() if isinstance(config.strategy, DescribesRules) else {}),
        "Schedule": _schedule_lines(config),
        "Costs and account": (config.costs.describe(), *_account_lines(config)),
        **({} if isinstance(config.tax, NoTax) else {"Taxes": _tax_lines(config)}),
        "Compared with": _comparison_lines(config),
    }
    for title, lines in sections.items():
        print_heading(out, title)
        for line in lines:
            print_bullet(out, line)
    out.print()


def _print_weights(out: Console, policy: Policy) -> None:
    print_heading(out, "Weights")
    if not isinstance(policy, HasTargetWeights):
        print_bullet(out, f"decided from prices, over {', '.join(policy.tickers)}")
        return
    targets, core, caps = policy.nominal_weights(), policy.core(), policy.caps()
    count, candidates = _satellite_choice(policy)
    rows = [
        [ticker, "core" if ticker in core else "satellite", fmt.percent(weight), *_cap_cells(caps.get(ticker), weight)]
        for ticker, weight in targets.items()
    ]
    if count:
        ticker, weight = max(candidates.items(), key=lambda item: item[1])
        each = f"{'at most ' if len(set(candidates.values())) > 1 else ''}{fmt.percent(weight)} each"
        rows.append([f"{count} of {len(candidates)}", "satellites", each, *_cap_cells(caps.get(ticker), weight)])
    others = (ticker for ticker in policy.tickers if ticker not in targets and ticker not in candidates)
    rows += [[ticker, "stand-in", fmt.DASH, fmt.DASH, fmt.DASH] for ticker in others]
    shown = foremost([row[1] != "core" for row in rows], _MOST_ROWS)  # satellites and stand-ins before the core
    names = ["asset", "role", "target", "cap", "room below cap"]
    print_table(out, names, [rows[at] for at in shown], left=(0, 1))
    if hidden := len(rows) - len(shown):
        print_bullet(out, f"and {hidden} more, which the config names; `engine run` writes weights.parquet with all")
    total = sum(targets.values()) + sum(list(candidates.values())[:count])
    inside, cash = sum(core.values()), f"cash {fmt.percent(max(1.0 - total, 0.0))}"
    if set(targets) <= set(core) and not count:
        print_bullet(out, f"together {fmt.percent(total)}; {cash}")
        return
    parts = f"core {fmt.percent(inside)} + satellites {fmt.percent(total - inside)}"
    print_bullet(out, f"{parts} = {fmt.percent(total)}; {cash}")


def _satellite_choice(policy: Policy) -> tuple[int, Mapping[str, float]]:
    """Return how many satellites are chosen from prices, and the candidates' weights; none when they are named."""
    if isinstance(policy, SelectsSatellites) and policy.satellite_count:
        return policy.satellite_count, policy.candidate_weights()
    return 0, {}


def _cap_cells(cap: float | None, weight: float) -> tuple[str, str]:
    return fmt.percent(cap), fmt.DASH if cap is None else fmt.percentage_points(cap - weight)


def _print_limits(out: Console, policy: Policy) -> None:
    """Print each group's total, its limit and the difference."""
    groups = policy.group_limits() if isinstance(policy, HasGroupLimits) else ()
    if not groups:
        return
    print_heading(out, "Limits")
    rows = []
    for group in groups[:_MOST_GROUPS]:
        most, least = ("at most ", "at least ") if group.at_most else ("", "")
        total, free = fmt.percent(group.weight), fmt.percentage_points(group.limit - group.weight)
        members = shortlist(group.members, _MOST_NAMED)
        rows.append([group.name, members, f"{most}{total}", fmt.percent(group.limit), f"{least}{free}"])
    print_table(out, ["group", "assets", "targets", "limit", "room"], rows, left=(0, 1))
    if len(groups) > _MOST_GROUPS:
        print_bullet(out, f"and {len(groups) - _MOST_GROUPS:,} more groups")


def _schedule_lines(config: RunConfig[PolicyT]) -> Iterator[str]:
    """Yield when the strategy decides: the dates of the window, as far as the config fixes it."""
    window = config.window
    yield f"window {window.start or 'from the first price'} to {window.end or 'the last price'}"
    account = config.account
    yield f"orders fill at the close of the session {'after' if account.fill_delay else 'of'} the decision"
    if (margin := account.limit_margin) is not None:
        yield (
            f"a purchase fills where that close is at most {fmt.short_percent(margin)} above the close before, a sale "
            f"where it is at most {fmt.short_percent(margin)} below; others are left out until the next decision"
        )
    if window.start is None:
        yield from _coming_lines(config)
        return
    first = np.datetime64(window.start, "D")
    last = np.datetime64(window.end or dt.datetime.now(dt.UTC).date(), "D")
    sessions = exchange_sessions(config.data.calendar, first - _SCHEDULE_LOOKBACK, last)
    opening = int(np.searchsorted(sessions, first))
    if opening >= len(sessions):
        yield f"no session of {config.data.calendar} in the window"
        return
    yield f"opening {sessions[opening]}, the first session of {config.data.calendar} in the window"
    yield from _decision_lines(config.strategy, sessions, opening)
    if window.end is None:
        yield "counted up to today, for window.end is open"


def _coming_lines(config: RunConfig[PolicyT]) -> Iterator[str]:
    """Yield the next dates of a plan that opens with its first price, where no opening moves them."""
    window, today = config.window, np.datetime64(dt.datetime.now(dt.UTC).date(), "D")
    past = "rebalances up to today follow from the first price, which is not read here; name window.start to see them"
    schedule = schedule_since(config.strategy.schedule, today)
    if schedule != schedule_since(config.strategy.schedule, today - _YEAR):
        yield f"{past}, and the next, which are counted in years from it"
        return
    last = today + _SCHEDULE_AHEAD
    sessions = exchange_sessions(config.data.calendar, today - _SCHEDULE_LOOKBACK, last)
    last = last if window.end is None else min(last, np.datetime64(window.end, "D"))
    calendar = schedule.calendar(sessions)
    rows = [row for row in sorted(calendar) if today <= sessions[row] <= last][:_MOST_COMING]
    yield past if rows or window.end else "no scheduled rebalance"
    if rows:
        reasons = ", ".join(dict.fromkeys(calendar[row] for row in rows))
        dates = ", ".join(str(sessions[row]) for row in rows)
        yield f"the next scheduled rebalances ({reasons}), on sessions of {config.data.calendar}: {dates}, ..."


def _decision_lines(policy: Policy, sessions: DateArray, opening: int) -> Iterator[str]:
    calendar = schedule_since(policy.schedule, sessions[opening]).calendar(sessions)
    rows = [row for row in sorted(calendar) if row > opening]
    if rows:
        dates = [str(sessions[row]) for row in rows]
        shown = dates if len(dates) <= 5 else [*dates[:3], "...", dates[-1]]
        reasons = ", ".join(dict.fromkeys(calendar[row] for row in rows))
        yield f"{plural(len(rows), 'scheduled rebalance')} ({reasons}): {', '.join(shown)}"
    else:
        yield "no scheduled rebalance"
    band = policy.schedule.band(sessions)
    if band is not None:
        yield f"drift is looked at on {plural(int(band.check_rows[opening:].sum()), 'close')} of the window"


def _account_lines(config: RunConfig[PolicyT]) -> Iterator[str]:
    account = config.account
    yield f"capital {fmt.money(account.capital)} {account.currency}, {account.shares} shares"
    abroad = sorted(config.data.named_currencies - {account.currency})
    if abroad:
        whose = {"ecb": "the European Central Bank's", "yahoo": "Yahoo's", "files": "your"}[config.data.fx.kind]
        yield f"closes in {', '.join(abroad)} are converted to {account.currency} by {whose} rates of the day"
    use = config.data.dividends or account.default_dividends
    if config.data.dividends or use != "reinvest":
        yield f"dividends beside closes as traded {_DIVIDENDS[use]}"
    elif not isinstance(config.tax, NoTax):
        yield f"dividends after tax {_DIVIDENDS[use]}"
    rate = account.cash.rate
    earned = f"{fmt.short_percent(rate)} a year" if isinstance(rate, float) else f"the rate of the day in {rate.path}"
    yield f"cash earns {earned}"
    for plan in account.flow_plans:
        if not plan.is_none:
            outside = plan.misses(config.window.start, config.window.end)
            never = "; its dates are outside the window, so nothing is" if outside else ""
            yield f"{_flow_sentence(plan, account.currency)}, {account.invest.replace('_', ' ')}{never}"
    if account.withdraws and account.stops_when_spent:
        yield "a portfolio ends with the withdrawal that takes all there is: it pays that"
    elif account.withdraws:
        yield "a withdrawal of all there is, or more, is an error; account.when_spent: stop ends the run there"


def _tax_lines(config: RunConfig[PolicyT]) -> Iterator[str]:
    """Yield whose law is applied, what each asset is to it, what it leaves out, and what its twin before tax is."""
    law, tickers = config.tax, config_tickers(config)
    yield law.describe_law()
    for ticker in tickers:
        yield f"{ticker}: {law.describe(ticker)}"
    net = "net of what is withheld abroad and inside funds" if law.twin != "gross" else "with dividends in full"
    yield f"beside every portfolio stands itself before tax, {net}"
    if config.window.start:
        yield from law.caveats(tickers, config.window.start.year)


def _flow_sentence(plan: CashFlowPlan, currency: str) -> str:
    """Return what a plan pays, and when."""
    signed, what = plan.amount, f"{fmt.money(abs(plan.amount))} {currency}"
    if plan.percent is not None:
        signed, what = plan.percent, f"{fmt.short_percent(abs(plan.percent))} of the value"
    amount = f"{what} {'paid in' if signed > 0 else 'withdrawn'}"
    if plan.on:
        return f"{amount} at the first session from {plan.on} on"
    dates = f"{f' from {plan.first}' if plan.first else ''}{f' to {plan.last}' if plan.last else ''}"
    if plan.indexed is None:
        rise = ""
    elif isinstance(plan.indexed, PriceIndex):
        rise = f", rising with {plan.indexed.path}"
    else:
        rise = f", {fmt.short_percent(plan.indexed)} more every year"
    return f"{amount} every {plan.every.replace('_', '-')}{dates}{rise}"


def _comparison_lines(config: RunConfig[PolicyT]) -> Iterator[str]:
    compare = config.compare
    if compare.buy_and_hold:
        late = "names that list later are bought once, else it is " if compare.late_purchases else ""
        yield f"Buy & hold: the same opening portfolio, {late}never traded again"
    for benchmark in compare.benchmarks:
        policy = benchmark.strategy
        weights: Mapping[str, float] = policy.nominal_weights() if isinstance(policy, HasTargetWeights) else {}
        mix = shortlist((f"{ticker} {fmt.short_percent(weight)}" for ticker, weight in weights.items()), _MOST_NAMED)
        yield f"{benchmark.name}: {mix}" if weights else benchmark.name
    if not compare.buy_and_hold and not compare.benchmarks:
        yield "nothing"
    if compare.published is not None:
        yield f"published figures of {', '.join(compare.published.figures)}: {compare.published.source}"
