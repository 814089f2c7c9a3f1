"""What happened to single assets in a run: listings, delistings, loss reviews, choices; with date and effect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.core.fields import format_percent
from engine.data.market import Market
from engine.portfolio.policy import Policy, SelectsAssets
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


def asset_events(ledger: Ledger, market: Market, policy: Policy) -> tuple[AssetEvent, ...]:
    """Return everything that happened to single assets of a portfolio, in order of time."""
    found = [
        *_listings(ledger, market, policy),
        *_delistings(ledger, market, policy),
        *_loss_reviews(ledger, policy),
        *_selections(ledger, policy),
    ]
    return tuple(sorted(found, key=lambda one: (one.date, one.kind, one.asset)))


def _listings(ledger: Ledger, market: Market, policy: Policy) -> Iterator[AssetEvent]:
    opening = len(market.dates) - len(ledger.dates)
    wanted = {ticker for ticker in policy.tickers if ticker in market.assets}
    for ticker in sorted(wanted):
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
        words = f"bought at {100.0 * share:.2f} % of the portfolio; first close {market.dates[rows[0]]}"
        if policy.targets_before_listing(ticker):
            words += f"; until then its weight was in {policy.unlisted_goes_to}"
        yield AssetEvent(str(ledger.dates[row]), "listed", ticker, words)


def _delistings(ledger: Ledger, market: Market, policy: Policy) -> Iterator[AssetEvent]:
    opening = len(market.dates) - len(ledger.dates)
    for event, reason in enumerate(ledger.reasons):
        if not reason.startswith("delisted: ") or ledger.trades[event].max() > 0.0:
            continue
        j = int(ledger.trades[event].argmin())
        row, paid = int(ledger.rows[event]), abs(float(ledger.order_values[event, j]))
        last = f"last close {market.dates[opening + row - 1]} at {market.prices[opening + row, j]:g}"
        haircut = f" after a haircut of {format_percent(policy.haircut)}" if policy.haircut else ""
        heir = f"; proceeds to {policy.delisted_goes_to}" if paid > 0.0 else ""
        words = f"paid out {paid:,.2f} {market.currency}{haircut}, {last}{heir}"
        yield AssetEvent(str(ledger.dates[row]), "delisted", ledger.assets[j], words)


def _loss_reviews(ledger: Ledger, policy: Policy) -> Iterator[AssetEvent]:
    review = policy.review
    since = (
        {"cost": "average cost", "rebalance": "last rebalance", "peak": "its peak"}[review.reference] if review else ""
    )
    for found in ledger.reviews:
        words = (
            f"{100.0 * found.loss:.1f} % against {since}, {found.verdict.explanation}: {_review_result(ledger, found)}"
        )
        yield AssetEvent(str(ledger.dates[found.row]), "review", found.asset, words)


def _review_result(ledger: Ledger, found: ReviewRecord) -> str:
    """Return what became of a review's decision, as the session's own trades show it."""
    j = ledger.assets.index(found.asset)
    if found.verdict.action == "exit":
        return "sold" if ledger.units[found.row, j] == 0.0 else "kept, for its sale would cost what it brings"
    if found.verdict.action == "top_up":
        bought = (ledger.trades[ledger.rows == found.row, j] > 0.0).any()
        return "topped up to its target" if bought else "kept, being at its target or too small a purchase for its cost"
    return "kept"


def _selections(ledger: Ledger, policy: Policy) -> Iterator[AssetEvent]:
    """Yield what a policy that chooses holds, at every rebalance that changes it."""
    if not isinstance(policy, SelectsAssets) or not policy.fewest:
        return
    before: set[str] | None = None
    for event in np.flatnonzero(ledger.rebalances):
        held = {ticker for ticker in policy.caps() if ledger.targets[event, ledger.assets.index(ticker)] > 0.0}
        if held == before:
            continue
        few = (
            f" (fewer than {policy.fewest}: no more were eligible within the limits)"
            if len(held) < policy.fewest
            else ""
        )
        named = ", ".join(sorted(held)) or "none"
        turns = (("in", held - (before or set())), ("out", (before or set()) - held))
        changes = ", ".join(f"{word} {', '.join(sorted(names))}" for word, names in turns if names)
        words = f"{named}{few}; {'start' if before is None else changes}"
        yield AssetEvent(str(ledger.dates[ledger.rows[event]]), "choice", "", words)
        before = held
