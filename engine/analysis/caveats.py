"""Caveats of a run: hindsight, survivors, kinds of prices, late starts, fallbacks (S15)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from engine.analysis.comparison import Comparison
from engine.analysis.gate_findings import empty_cell_caveats
from engine.core.fields import format_percent
from engine.core.shortlist import shortlist
from engine.data.csv_reader import to_date
from engine.data.market import Market
from engine.optimisation.constraints import FEASIBILITY_TOLERANCE
from engine.portfolio.policy import Policy
from engine.portfolio.policy_abilities import HasMemberships, SelectsAssets
from engine.simulation.trade_events import LATE_PURCHASE

HINDSIGHT: Final = "Hindsight: "
"""How a sentence on hindsight begins."""

_YEAR: Final = np.timedelta64(365, "D")

_MOST_NAMES: Final = 30
"""Names of a dated list that are written out."""

_MUCH_CASH: Final = 0.01
"""Share of cash at the end from which dividends that nobody invested are said."""


def caveats(
    comparison: Comparison, policy: Policy, window: tuple[np.datetime64 | None, np.datetime64 | None], start: int
) -> list[str]:
    """Return the warnings of a run, the general ones first, then what its own data and trades ask for."""
    market, own = comparison.market, comparison.strategy.market
    first = comparison.strategy.ledger.dates[0]
    return [
        *hindsight_caveat(policy, first, comparison.strategy.ledger.dates[-1], _ended_names(own, first)),
        *_survivorship_caveat(comparison),
        *_price_kind_caveats(market, taxed=comparison.strategy.taxed is not None),
        *_spent_caveats(comparison),
        *_window_caveats(own, first, window, spent=comparison.strategy.ledger.last_withdrawal is not None),
        *_short_window_caveat(comparison),
        *_late_listing_caveats(own, policy, first, start),
        *_late_portfolio_caveats(comparison, first),
        *_other_session_caveats(comparison),
        *_idle_dividends_caveat(comparison),
        *_few_satellites_caveat(comparison),
        *empty_cell_caveats(comparison.strategy.ledger),
        *_portfolio_caveats(comparison),
        *_late_purchase_caveats(comparison),
    ]


def hindsight_caveat(
    policy: Policy, first: np.datetime64, last: np.datetime64, ended: Collection[str]
) -> Iterable[str]:
    """Say which names were picked knowing how they did (S15), unless a dated list answers for them.

    ``first`` and ``last`` are the sessions of the window, ``ended`` the names whose prices end inside it.
    """
    names = sorted(policy.caps())
    spans = policy.memberships() if isinstance(policy, HasMemberships) else {}
    if isinstance(policy, SelectsAssets) and policy.fewest:
        if missing := _undated(spans, first, last, ended):
            shown = shortlist(names, _MOST_NAMES) if spans else ", ".join(names)
            yield (
                f"{HINDSIGHT}the list that is chosen from ({shown}) was drawn up knowing how these names did. "
                f"The choice looks at the past only; the list does not{f': {missing}' if spans else ''}."
            )
    elif names:
        yield (
            f"{HINDSIGHT}{', '.join(names)} were named knowing how they did. Nobody could have named just these at the "
            "start; the result says what they did, not what such a choice earns."
        )


def _undated(
    spans: Mapping[str, Sequence[tuple[dt.date, dt.date]]],
    first: np.datetime64,
    last: np.datetime64,
    ended: Collection[str],
) -> str:
    """Return what a list lacks to be one that somebody could have had at the start; "" where it lacks nothing."""
    always = (dt.date.min, dt.date.max)
    start, end = to_date(first), to_date(last)
    undated = sorted(ticker for ticker, own in spans.items() if always in own)
    if undated or not spans:
        return f"{len(undated)} of its {len(spans)} names have no dates ({shortlist(undated, 6)})"
    earliest = min(own[0][0] for own in spans.values())
    if earliest > start:
        return f"its first membership begins on {earliest}, after the run does ({start})"
    gone = {ticker for ticker, own in spans.items() if start <= own[-1][1] < end} | (set(ended) & set(spans))
    return "" if gone else f"none of its names left it or was delisted between {start} and {end}"


def _ended_names(market: Market, first: np.datetime64) -> tuple[str, ...]:
    """Return the assets that were listed at the ``first`` session or later, and are not at the last."""
    listed = market.listed[int(np.searchsorted(market.dates, first)) :]
    gone = listed.any(axis=0) & ~listed[-1]
    return tuple(market.assets[j] for j in np.flatnonzero(gone).tolist())


def _survivorship_caveat(comparison: Comparison) -> Iterable[str]:
    """Say what ended: on the sessions of those who held it, or of the strategy where nobody did (S1)."""
    own = comparison.strategy.market
    ended, held = np.zeros(len(own.assets), dtype=np.bool_), np.zeros(len(own.assets), dtype=np.bool_)
    for portfolio in comparison.portfolios.values():
        wanted = (portfolio.ledger.targets != 0.0).any(axis=0)
        ended |= wanted & ~portfolio.market.listed[-1]
        held |= wanted
    gone = (ended | (~held & ~own.listed[-1])) & own.listed.any(axis=0)
    names = [own.assets[j] for j in np.flatnonzero(gone).tolist()]
    if names:
        yield f"Ended before the data do: {', '.join(names)}; paid out at a last price that may not have been on offer."
    else:
        yield "Survivors only: every asset of this run is still listed at its end, so failures are missing from it."


def _price_kind_caveats(market: Market, *, taxed: bool) -> Iterable[str]:
    if market.provenance.closes == "adjusted":
        counts = "Share counts and prices are not those of a broker's statement."
        if market.shares is not None:
            counts = "Orders are in the shares and prices of their day."
        yield f"Total-return prices: dividends are reinvested the day they are paid, without cost or tax. {counts}"
    elif market.provenance.closes == "with_events" and market.dividends is None:
        yield (
            "Total return: each dividend buys more of what paid it at the close of its ex-date, without cost or tax. "
            "Orders are in the shares and prices of their day."
        )
    elif market.provenance.closes == "with_events" and taxed:
        yield "Dividends are paid and taxed on their ex-date. Orders are in the shares and prices of their day."
    elif market.provenance.closes == "with_events":
        yield "Dividends are paid on their ex-date, before tax. Orders are in the shares and prices of their day."
    elif market.provenance.closes == "raw":
        yield "Price-only closes: dividends are missing from every return."
    yield from market.provenance.notes


def _spent_caveats(comparison: Comparison) -> Iterable[str]:
    """Say whose money was spent, and that its figures are of fewer sessions than those of the others."""
    ledgers = {name: one.ledger for name, one in comparison.portfolios.items()}
    for name, ledger in ledgers.items():
        if ledger.last_withdrawal is not None:
            due, paid = ledger.last_withdrawal
            alone = len(ledgers) == 1 or all(one.dates[-1] == ledger.dates[-1] for one in ledgers.values())
            yield (
                f"The money of {name.replace('buy_and_hold', 'buy and hold')} was spent on {ledger.dates[-1]}: "
                f"{paid:,.2f} of a withdrawal of {due:,.2f} was paid, and its run ends there."
                + ("" if alone else " Its own figures are of the sessions until then; it is compared over common ones.")
            )


def _window_caveats(
    market: Market, first: np.datetime64, window: tuple[np.datetime64 | None, np.datetime64 | None], *, spent: bool
) -> Iterable[str]:
    start, end = window
    seen = market.dates[market.dates < first]
    late = start is not None and not (len(seen) and seen[-1] < start)  # else it is the window's first session
    if start is not None and late and first - start > np.timedelta64(7, "D"):
        yield f"The run begins on {first}, not on {start}: no asset with a positive weight has a price before."
    if not spent and end is not None and end - market.dates[-1] > np.timedelta64(7, "D"):
        yield f"The run ends on {market.dates[-1]}, not on {end}: the prices end there."


def _short_window_caveat(comparison: Comparison) -> Iterable[str]:
    """Yield whose figures a year come of less than one, with the days there are."""
    ends = {name: one.ledger.dates[-1] for name, one in comparison.portfolios.items()}
    spans = {name: ends[name] - one.ledger.dates[0] for name, one in comparison.portfolios.items()}
    for name, versus in comparison.versus.items():
        common = min(ends[name], ends["strategy"]) - np.datetime64(versus.start) if versus.sessions else spans[name]
        if common < _YEAR <= min(spans[name], spans["strategy"]):
            spans[f"what it is beside {name}"] = common
    by_span: dict[np.timedelta64, list[str]] = {}
    for name, span in spans.items():
        if span < _YEAR:
            by_span.setdefault(span, []).append(name.replace("buy_and_hold", "buy and hold"))
    for span, names in by_span.items():
        days = int(span / np.timedelta64(1, "D"))
        yield (
            f"Less than a year ({days} days): {shortlist(names)}. CAGR, volatility, Sharpe and all else a year are not "
            "annual figures there: they are what these days would come to, gone on like that for a year."
        )


def _late_listing_caveats(market: Market, policy: Policy, first: np.datetime64, start: int) -> Iterable[str]:
    listed = market.listed[int(np.searchsorted(market.dates, first))]
    for ticker in policy.opening_tickers():
        row = market.first_close_row((ticker,), start)
        if row is None:
            yield f"{ticker} has no price in this run; its weight went elsewhere throughout."
        elif listed[market.column_index(ticker)] and market.dates[row] > first:
            continue  # in its life: its order waits for the next close, which the ledger's notes say
        elif market.dates[row] > first and not policy.targets_before_listing(ticker):
            yield f"{ticker} has no price before {market.dates[row]}; it may be held once it has enough of a past."
        elif market.dates[row] > first:
            yield (
                f"{ticker} has no price before {market.dates[row]}; until the first rebalance after that its weight "
                "goes where `before_listing` says."
            )


def _late_portfolio_caveats(comparison: Comparison, first: np.datetime64) -> Iterable[str]:
    for name, portfolio in comparison.portfolios.items():
        if portfolio.ledger.dates[0] > first:
            yield (
                f"{name} begins on {portfolio.ledger.dates[0]}: its own figures count from there, and it is compared "
                "over the sessions both have."
            )


def _other_session_caveats(comparison: Comparison) -> Iterable[str]:
    """Yield which portfolios end before the strategy does, or have sessions of another frequency (S1)."""
    own = comparison.strategy
    for name, other in comparison.portfolios.items():
        last = other.ledger.dates[-1]
        if other.ledger.last_withdrawal is None and own.ledger.dates[-1] - last > np.timedelta64(7, "D"):
            yield f"{name} ends on {last}: its own figures end there, and it is compared over the sessions both have."
        if name in comparison.versus and not comparison.versus[name].sessions:
            yield f"{name} and the strategy have no session in common: there is no difference between them to show."
        elif own.market.frequency != other.market.frequency:
            kind, mine = (one.market.frequency.replace("_", "-") for one in (other, own))
            periods = min(own.market.periods_per_year, other.market.periods_per_year)
            yield (
                f"{name} has {kind} closes, the strategy {mine} ones: each is annualised by its own sessions a year, "
                f"their difference, over the sessions both have, by {periods:.0f}."
            )


def _idle_dividends_caveat(comparison: Comparison) -> Iterable[str]:
    """Yield whose dividends wait for a rebalance that never comes: beside others, that alone makes a difference."""
    idle = []
    for name, portfolio in comparison.portfolios.items():
        ledger, own = portfolio.ledger, portfolio.market
        trades_again = ((ledger.rebalances & ~ledger.opening) | ledger.partial_rebalances).any()
        if own.dividends is None or own.invests_dividends or trades_again:
            continue
        share = float(ledger.cash[-1] / ledger.value[-1]) if ledger.value[-1] > 0.0 else 0.0
        if share >= _MUCH_CASH:
            idle.append(f"{name.replace('buy_and_hold', 'buy and hold')} {100 * share:.0f} %")
    if idle:
        yield (
            f"Dividends waited in cash for a rebalance that never came; cash at the end: {', '.join(idle)}. "
            "Differences from these portfolios are partly that; data.dividends: towards_targets invests them at once."
        )


def _few_satellites_caveat(comparison: Comparison) -> Iterable[str]:
    ledger = comparison.strategy.ledger
    if few := sorted(ledger.shortfalls.items()):
        times = f"at {len(few)} of {int(ledger.rebalances.sum())} rebalances"
        (first, why), (last, still) = few[0], few[-1]
        again = f", last on {ledger.dates[last]} ({still})" if last > first else ""
        yield (
            f"Fewer satellites than count.min were chosen {times}, first on {ledger.dates[first]} ({why}){again}; what "
            "they leave was in the core."
        )


def _late_purchase_caveats(comparison: Comparison) -> Iterable[str]:
    """Yield what buy-and-hold bought after its opening, and why the difference to it has no parts (S18)."""
    held = comparison.portfolios.get("buy_and_hold")
    if held is not None:
        rows = np.flatnonzero([reason == LATE_PURCHASE for reason in held.ledger.reasons])
        names = [
            f"{held.ledger.assets[j]} on {held.ledger.dates[held.ledger.rows[k]]}"
            for k in rows.tolist()
            for j in np.flatnonzero(held.ledger.trades[k] > 0.0).tolist()
        ]
        if names:
            yield f"buy_and_hold: of what listed late, bought once as the strategy first did: {shortlist(names)}."
    if comparison.parts_missing:
        yield f"The difference to buy and hold is not split into its parts: {comparison.parts_missing}"


def _portfolio_caveats(comparison: Comparison) -> Iterable[str]:
    """Yield the notes of each ledger, then how often its optimiser had no answer, and what its estimates lacked."""
    for name, portfolio in comparison.portfolios.items():
        prefix = "" if name == "strategy" else f"{name}: "
        own = portfolio.note if name == "strategy" or portfolio.note != comparison.strategy.note else ""
        yield from (prefix + note for note in dict.fromkeys((own, *portfolio.ledger.notes)) if note)
    for name, portfolio in comparison.portfolios.items():
        prefix = "" if name == "strategy" else f"{name}: "
        steps, dates = portfolio.ledger.steps, portfolio.market.dates
        without = [step for step in steps if step.fallback]
        if without:
            first, worst = without[0], max(without, key=lambda step: step.residual)
            broken = ""
            if worst.residual > FEASIBILITY_TOLERANCE:
                most = f"{worst.broken_limit} is broken by {format_percent(worst.residual)} on {dates[worst.row]}"
                broken = f"; at worst, {most}"
            yield (
                f"{prefix}The optimiser had no answer at {len(without)} of {len(steps)} decisions, first on "
                f"{dates[first.row]} ({first.fallback.replace('_', ' ')} instead): {first.status}{broken}."
            )
        remarks = [step for step in steps if step.remark]
        if remarks:
            yield f"{prefix}{remarks[0].remark} (the first of {len(remarks)} such decisions, {dates[remarks[0].row]})."
