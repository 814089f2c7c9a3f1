"""Bringing a stored Yahoo series up to date, and noticing when Yahoo has rewritten what is stored.

Yahoo rewrites the whole adjusted history at every dividend. So a refresh fetches the last stored sessions again and
compares them; when they differ, the series is fetched anew and the change is reported. What lies further back is only
read again when a whole series is asked for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from engine.core.errors import DataError, UnknownTickerError
from engine.data.sources.exchange_calendar import exchange_sessions
from engine.data.sources.price_store import StoredSeries
from engine.data.sources.yahoo_answers import refuse_absurd
from engine.data.sources.yahoo_download import download_series

OVERLAP_SESSIONS: Final = 10
"""Stored sessions that a refresh fetches again."""
REWRITE_TOLERANCE: Final = 1e-6
"""Relative difference above which an overlapping close counts as rewritten."""
MOST_GONE: Final = 0.1
"""Part of the stored sessions that a new history may lack before it is taken for an answer cut short."""
MAX_LAG_SESSIONS: Final = 5
"""Sessions a series may lag behind before it counts as ended and is no longer asked for."""


def refresh_series(
    ticker: str, old: StoredSeries | None, exchange: str, closed: np.datetime64, *, whole: bool = False
) -> tuple[StoredSeries, list[str]]:
    """Return the series as Yahoo has it now up to the session ``closed``, and notes on what changed in it.

    ``whole`` reads all of it again, and takes it even where much of what is stored is gone.

    Raises DataError when Yahoo has no close of the ticker, sends figures that are none or cannot be reached; the
    message goes after the ticker.
    """
    if old is not None and len(old.dates) > OVERLAP_SESSIONS and not whole:
        since = old.dates[-OVERLAP_SESSIONS]
        tail, notes = _fetch(ticker, since, closed)
        _require_same_currency(old, tail)
        if len(tail.dates) and not describe_change(old, tail, since):
            joined = _append_tail(old, tail)
            refuse_absurd(joined)
            return _with_through(joined, exchange, closed), notes
    fresh, notes = _fetch(ticker, None, closed)
    if not len(fresh.dates):
        raise UnknownTickerError("Yahoo has no close of it; check the ticker")
    if old is not None:
        if not whole:
            _require_same_currency(old, fresh)
        gone = np.setdiff1d(old.dates, fresh.dates)
        if len(gone) > MOST_GONE * len(old.dates) and not whole:
            found = f"Yahoo's answer lacks {len(gone)} of the {len(old.dates)} stored sessions, the first is {gone[0]}"
            raise DataError(f"{found}; try again later, or `engine data fetch --refresh` to take it as it is")
        differs = describe_change(old, fresh, old.dates[0])
        notes += [f"{ticker}: {differs}"] if differs else []
    return _with_through(fresh, exchange, closed), notes


def _require_same_currency(old: StoredSeries, new: StoredSeries) -> None:
    if len(new.dates) and new.currency != old.currency:
        found = f"Yahoo now states closes in {new.currency or 'no currency'} and has stated {old.currency or 'none'}"
        raise DataError(f"{found}; try again later, or `engine data fetch --refresh` to take it as it is")


def describe_change(old: StoredSeries, new: StoredSeries, since: np.datetime64) -> str:
    """Describe how the closes from ``since`` on differ from those stored, ``""`` when they do not."""
    past = old.dates[old.dates >= since]
    recent = new.dates[(new.dates >= since) & (new.dates <= old.dates[-1])]
    gone, added = np.setdiff1d(past, recent), np.setdiff1d(recent, past)
    if len(gone) or len(added):
        first = min(np.concatenate([gone, added]))
        return f"Yahoo's history changed: {len(gone)} dates are gone and {len(added)} are new, the first is {first}"
    _, before, after = np.intersect1d(old.dates, new.dates, assume_unique=True, return_indices=True)
    pairs = zip(
        ("unadjusted closes", "adjusted closes", "dividends", "splits"),
        old.columns().values(),
        new.columns().values(),
        strict=True,
    )
    for name, one, two in pairs:
        changed = np.flatnonzero(np.abs(two[after] - one[before]) > REWRITE_TOLERANCE * np.abs(one[before]))
        if len(changed):
            at = changed[0]
            ratio = float(two[after][at] / one[before][at]) if one[before][at] else np.inf
            return (
                f"Yahoo rewrote its {name} (a dividend, a split or a correction) on {len(changed)} dates, first "
                f"{old.dates[before][at]}: new / old = {ratio:.6f}"
            )
    return ""


def _fetch(ticker: str, since: np.datetime64 | None, closed: np.datetime64) -> tuple[StoredSeries, list[str]]:
    """Fetch without the rows after the last closed session: a price during a session is not a close."""
    stored, notes = download_series(ticker, since)
    kept = stored.dates <= closed
    refuse_absurd(stored.select(kept))
    if kept.all():
        return stored, notes
    note = f"{ticker}: left out {stored.dates[~kept][0]}: its session is not closed; the last closed one is {closed}"
    return stored.select(kept), [*notes, note]


def _append_tail(old: StoredSeries, tail: StoredSeries) -> StoredSeries:
    kept = old.select(old.dates < tail.dates[0])
    return replace(
        tail,
        dates=np.concatenate([kept.dates, tail.dates]),
        closes=np.concatenate([kept.closes, tail.closes]),
        adjusted=np.concatenate([kept.adjusted, tail.adjusted]),
        dividends=np.concatenate([kept.dividends, tail.dividends]),
        splits=np.concatenate([kept.splits, tail.splits]),
    )


def _with_through(stored: StoredSeries, exchange: str, closed: np.datetime64) -> StoredSeries:
    """Say how far the series answers: to its last date while it may only lag, to ``closed`` once it has ended."""
    last = stored.dates[-1]
    ended = len(exchange_sessions(exchange, last, closed)) > MAX_LAG_SESSIONS + 1
    return replace(stored, through=closed if ended else last)
