"""What happened to single assets in a run: listings, delistings, loss reviews, choices; with date and effect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.core.fields import format_percent
from engine.data.market import Market
from engine.portfolio.policy import Policy
from engine.portfolio.policy_abilities import HasMemberships, SelectsAssets
from engine.simulation.ledger import Ledger
from engine.simulation.loss_review_state import ReviewRecord


@dataclass(frozen=True)
class AssetEvent:
    """What happened to an asset (empty: to several), in words.

    ``kind`` is ``listed``, ``delisted``, ``review`` or ``choice``; ``date`` is the session, in ISO form.
    """

    date: str
    kind: str
    asset: str
    text: str


def list_asset_events(ledger: Ledger, market: Market, policy: Policy) -> tuple[AssetEvent, ...]:
    """Return everything that happened to single assets of a portfolio, in order of time."""
    found = [
        *_listings(ledger, market, policy),
        *_delistings(ledger, market, policy),
        *_loss_reviews(ledger, policy),
        *_selections(ledger, market, policy),
    ]
    return tuple(sorted(found, key=lambda one: (one.date, one.kind, one.asset)))


def _listings(ledger: Ledger, market: Market, policy: Policy) -> Iterator[AssetEvent]:
    opening = ledger.opening_row(market)
    for ticker in sorted(set(policy.tickers) & set(market.assets)):
        j = market.column_index(ticker)
        rows = np.flatnonzero(market.listed[:, j])
        if not len(rows) or rows[0] <= opening:
            continue
        bought = next((k for k in range(len(ledger.rows)) if ledger.trades[k, j] > 0.0), None)
        if bought is None:
            yield AssetEvent(str(market.dates[rows[0]]), "listed", ticker, "first close; not bought in this run")
            continue
        row = int(ledger.rows[bought])
        share = ledger.units[row, j] * market.prices[opening + row, j] / ledger.value[row]
        text = f"bought at {100.0 * share:.2f} % of the portfolio; first close {market.dates[rows[0]]}"
        if policy.targets_before_listing(ticker):
            text += f"; until then its weight was in {policy.unlisted_goes_to}"
        yield AssetEvent(str(ledger.dates[row]), "listed", ticker, text)


def _delistings(ledger: Ledger, market: Market, policy: Policy) -> Iterator[AssetEvent]:
    opening = ledger.opening_row(market)
    for event, reason in enumerate(ledger.reasons):
        if not reason.startswith("delisted: ") or ledger.trades[event].max() > 0.0:
            continue
        j = int(ledger.trades[event].argmin())
        row, paid = int(ledger.rows[event]), abs(float(ledger.order_values[event, j]))
        last = f"last close {market.dates[opening + row - 1]} at {market.share_prices[opening + row, j]:.6g}"
        haircut = f" after a haircut of {format_percent(policy.haircut)}" if policy.haircut else ""
        proceeds = f"; proceeds to {policy.delisted_goes_to}" if paid > 0.0 else ""
        text = f"paid out {paid:,.2f} {market.currency}{haircut}, {last}{proceeds}"
        yield AssetEvent(str(ledger.dates[row]), "delisted", ledger.assets[j], text)


def _loss_reviews(ledger: Ledger, policy: Policy) -> Iterator[AssetEvent]:
    names = {"cost": "average cost", "rebalance": "last rebalance", "peak": "its peak"}
    reference = names[policy.review.reference] if policy.review else ""
    for found in ledger.reviews:
        loss, result = f"{100.0 * found.loss:.1f} % against {reference}", _review_result(ledger, found)
        text = f"{loss}, {found.verdict.explanation}: {result}"
        yield AssetEvent(str(ledger.dates[found.row]), "review", found.asset, text)


def _review_result(ledger: Ledger, found: ReviewRecord) -> str:
    """Return what became of a review's decision, as the session's own trades show it."""
    j = ledger.assets.index(found.asset)
    if found.verdict.action == "exit":
        return "sold" if ledger.units[found.row, j] == 0.0 else "kept, for its sale would cost what it brings"
    if found.verdict.action == "top_up":
        bought = (ledger.trades[ledger.rows == found.row, j] > 0.0).any()
        return "topped up to its target" if bought else "kept, being at its target or too small a purchase for its cost"
    return "kept"


def _selections(ledger: Ledger, market: Market, policy: Policy) -> Iterator[AssetEvent]:
    """Yield what a policy that chooses holds, where it changes; of a dated or gated list, why names left too."""
    dated = isinstance(policy, HasMemberships) and bool(policy.memberships())
    tells = dated or bool(ledger.findings)
    fewest = policy.fewest if isinstance(policy, SelectsAssets) else 0
    if not (fewest or dated):
        return
    before: set[str] | None = None
    for event in np.flatnonzero(ledger.rebalances):
        held = {ticker for ticker in policy.caps() if ledger.targets[event, ledger.assets.index(ticker)] > 0.0}
        if held == before:
            continue
        row = int(ledger.rows[event])
        named, why = ", ".join(sorted(held)) or "none", ledger.shortfalls.get(row, "")
        if len(held) < fewest:
            named += f" (fewer than {fewest}{f': {why}' if why else ''})"
        elif why:
            named += f" (left out: {why})"
        gone = {ticker: _departure(ledger, market, row, ticker) if tells else "" for ticker in (before or set()) - held}
        outs = [f"{ticker} ({text})" if text else ticker for ticker, text in sorted(gone.items())]
        turns = (("in", sorted(held - (before or set()))), ("out", outs))
        changes = ", ".join(f"{word} {', '.join(names)}" for word, names in turns if names)
        text = f"{named}; {'start' if before is None else changes}"
        yield AssetEvent(str(ledger.dates[row]), "choice", "", text)
        before = held


def _departure(ledger: Ledger, market: Market, row: int, ticker: str) -> str:
    """Return why ``ticker`` is given up at ``row``; "" where it was not held any more."""
    opening = ledger.opening_row(market)
    if not market.listed[opening + row, market.column_index(ticker)]:
        return "delisted"
    return ledger.departures.get(row, {}).get(ticker, "")
