"""What is written down of a run while it goes on: each event with what was traded and why.

A reason is put into words when somebody reads it: until then it is text, or a function that returns it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.data.market import Market
from engine.simulation.band_targets import band_widths
from engine.simulation.kernel.records import (
    BELOW_MIN_ORDER,
    EATEN_BY_COSTS,
    NEVER_SOLD,
    NO_WHOLE_SHARE,
    NOT_AT_LIMIT,
    NOTHING_TO_SELL,
)
from engine.simulation.kernel.tolerances import LIMIT_TOLERANCE

LazyText: TypeAlias = str | Callable[[], str]
"""A reason, or what says it when asked."""

LATE_PURCHASE: Final = "listed late: bought once"
"""Why buy-and-hold buys after its opening (S18)."""
WITHDRAWAL, LAST_WITHDRAWAL, YEARLY_FEE = "withdrawal", "last withdrawal", "yearly fee"
"""Why cash is raised (S11)."""
DIVIDENDS, PROCEEDS = "dividends", "delisted: proceeds reinvested"
TAX, TAXED_DIVIDEND = "tax", "dividend reinvested after tax"
YEAR_END_SALE, YEAR_END_PURCHASE = "tax: sold at the year's end", "tax: bought back"
"""Why taxes trade (S19)."""
"""Why what an asset has paid is invested (S8, S16)."""

_CAUSES: Final[Mapping[int, str]] = {
    EATEN_BY_COSTS: "Costs would have eaten {count}",
    BELOW_MIN_ORDER: "account.min_order left out {count}",
    NO_WHOLE_SHARE: "What the account had for it, fees included, or the cap allows was less than one share in {count}",
    NOTHING_TO_SELL: "Nothing could be sold to pay for {count}",
    NOT_AT_LIMIT: "The close was beyond the limit, or missing, for {count}",
    NEVER_SOLD: "strategy.never_sell left out {count}",
}
"""How a note begins of orders that were left out for each cause."""

_NAMES_SHOWN: Final = 6
"""Names a cause lists; those that were never bought are always listed."""

_NOTHING: Final[Mapping[int, str]] = {}


class TradeReason(NamedTuple):
    """Why something is traded.

    ``text`` for all of it, ``by_asset`` by column for assets with a reason of their own; ``full_rebalance`` and
    ``partial_rebalance`` say whether the portfolio is rebalanced, wholly or in part; ``payout`` whether it
    is no order but paid out by others, ``contribution`` whether it invests what is paid in; ``since`` the row from
    which all of it waited for prices, -1 where it did not.
    """

    text: LazyText
    by_asset: Mapping[int, str] = _NOTHING
    full_rebalance: bool = False
    partial_rebalance: bool = False
    payout: bool = False
    contribution: bool = False
    since: int = -1

    @classmethod
    def for_assets(cls, own: Mapping[int, str], assets: Sequence[int]) -> TradeReason:
        """Return the reasons of several assets together."""
        return cls("; ".join(own[j] for j in assets), own)


class LeftOutOrders(NamedTuple):
    """The orders of one vector at session ``row`` that were not placed: ``causes`` (N,) as ``OrderFills.left_out``."""

    row: int
    causes: IntArray


class TradeEvent(NamedTuple):
    """What was traded at one session for one reason; fields as in :class:`engine.simulation.ledger.Ledger`.

    ``prices`` only where they are not those of the session.
    """

    row: int
    target: FloatArray
    trades: FloatArray
    costs: FloatArray
    reason: TradeReason
    prices: FloatArray | None = None


def resolve_text(text: LazyText) -> str:
    """Return a reason as text."""
    return text if isinstance(text, str) else text()


def describe_broken_caps(assets: Sequence[str], seen: FloatArray, caps: FloatArray) -> str:
    """Return which ``caps`` (N,) the weights ``seen`` (N,) broke."""
    over = np.flatnonzero(seen > caps * (1.0 + LIMIT_TOLERANCE)).tolist()
    return "cap: " + ", ".join(f"{assets[j]} {100.0 * seen[j]:.4g} % > {100.0 * caps[j]:.3g} %" for j in over)


def describe_drift(
    assets: Sequence[str], seen: FloatArray, reference: FloatArray, absolute: float, relative: float
) -> str:
    """Return which asset had left its band around ``reference`` (N,) furthest at weights ``seen`` (N,), in widths."""
    drift = seen - reference
    worst = int((np.abs(drift) / np.maximum(band_widths(reference, absolute, relative), 1e-12)).argmax())
    return f"band: {assets[worst]} {100.0 * drift[worst]:+.1f} pp"


def asset_reasons_by_event(events: Sequence[TradeEvent], market: Market, opening: int) -> tuple[Mapping[int, str], ...]:
    """Return the own reasons of every event; an asset listed after the opening is first bought as ``listed`` (S7)."""
    own = [event.reason.by_asset for event in events]
    for j, first in enumerate(market.life_rows[0].tolist()):
        joined = next((k for k, event in enumerate(events) if event.trades[j] > 0.0), None) if first > opening else None
        if joined is not None:
            own[joined] = {**own[joined], j: own[joined].get(j, "listed")}
    return tuple(own)


def left_out_notes(
    left_out: Sequence[LeftOutOrders], trades: Sequence[FloatArray] | FloatArray, market: Market
) -> tuple[str, ...]:
    """Return what a reader should know of orders that were not placed, given the ``trades`` (R, N) that were (S3)."""
    if not left_out:
        return ()
    causes = np.stack([one.causes for one in left_out])
    bought = np.any(np.array(trades).reshape(len(trades), len(market.assets)) > 0.0, axis=0).tolist()
    said = []
    for cause, words in _CAUSES.items():
        of_cause = causes == cause
        counts = of_cause.sum(axis=0).tolist()
        if not any(counts):
            continue
        columns = sorted(np.flatnonzero(counts).tolist(), key=lambda j: -counts[j])
        shown = [j for at, j in enumerate(columns) if at < _NAMES_SHOWN or not bought[j]]
        names = [f"{market.assets[j]} {counts[j]}{'' if bought[j] else ' (never bought)'}" for j in shown]
        more = f" and {len(columns) - len(shown)} more" if len(shown) < len(columns) else ""
        first = left_out[int(of_cause.any(axis=1).argmax())].row
        total = sum(counts)
        text = words.format(count=f"{total} order{'s' if total > 1 else ''}")
        said.append(f"{text}, the first on {market.dates[first]}: {', '.join(names)}{more}.")
    said.append("Orders left out are not tried again before the next decision; their money stays where it was.")
    return (" ".join(said),)
