"""Prices from Yahoo Finance, kept in the local store: a run whose window the store covers needs no network."""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal

import numpy as np

from engine.core.errors import DataError, UnavailableError, UnknownTickerError
from engine.core.fields import ConfigModel
from engine.core.shortlist import shorten_failures
from engine.core.waiting import WAITING
from engine.data.closes import Closes, CloseSeries
from engine.data.market import Provenance
from engine.data.sessions import weekdays
from engine.data.sources import price_store as store
from engine.data.sources.base import FetchReport, PriceRequest
from engine.data.sources.combine import combine_series
from engine.data.sources.exchange_calendar import LONGEST_CLOSURE, exchange_sessions, last_closed_session
from engine.data.sources.network import is_offline, require_network
from engine.data.sources.price_store import StoredSeries
from engine.data.sources.yahoo_download import CONNECT
from engine.data.sources.yahoo_refresh import refresh_series

_SOURCE: Final = "yahoo"
_TOLERANCE: Final = 2e-3
"""Difference of a day's return, adjusted and by the events, that no rounding explains."""
_WEEKEND_SHARE: Final = 0.05
"""Share of Saturdays, and of Sundays, from which on a ticker trades on seven days."""
_LOOK_AHEAD: Final = np.timedelta64(15, "D")
"""Runs read two weeks past their window, to tell an asset that pauses from one that is gone."""
_MOST_UNANSWERED: Final = 3
"""Tickers in a row for which Yahoo did not answer or refused to; no more are asked for then."""
_TRY_LATER: Final = "try again later"
_NOT_ASKED: Final = f"not asked for, as Yahoo left {_MOST_UNANSWERED} before it unanswered; {_TRY_LATER}"
_NOTE: Final = "Yahoo's closes, adjusted and as traded, from the local price store"


class Yahoo(ConfigModel):
    """Yahoo Finance's daily closes, adjusted and as traded with their events, through yfinance and the local store."""

    kind: Literal["yahoo"] = "yahoo"

    def load(self, request: PriceRequest, *, now: dt.datetime | None = None) -> Closes:
        """Return adjusted closes up to the last closed session, from the store where it covers the window.

        Parameters
        ----------
        request : what is wanted
        now : with its time zone; decides which sessions are closed; the clock when None

        An optional ticker that Yahoo did not know when a later session than the window's last was closed is not asked
        for again: a list of the past would be looked up at every run.

        Raises
        ------
        DataError
            When Yahoo does not know a ticker or cannot be reached for closes that the store lacks, or when a stored
            file is damaged.

        """
        moment = now or dt.datetime.now(dt.UTC)
        needed = _last_needed_session(request, moment)
        tickers = sorted(set(request.tickers))
        missing = [ticker for ticker in tickers if not _covers(store.read_series(_SOURCE, ticker), needed)]
        absent = [one for one in missing if one in request.optional and store.is_absent(_SOURCE, one, needed)]
        missing = [ticker for ticker in missing if ticker not in absent]
        report = _refresh_store(missing, request.exchange, moment) if missing else FetchReport()
        unknown = (*report.unknown, *absent)
        if failed := [*report.failed, *((ticker, "Yahoo had no prices of it when last asked") for ticker in absent)]:
            lines = shorten_failures((ticker, _explain(ticker, reason, needed)) for ticker, reason in failed)
            raise UnknownTickerError(*lines, tickers=unknown) if len(unknown) == len(failed) else DataError(*lines)
        held = {ticker: _require_stored(ticker) for ticker in tickers}
        notes = [_NOTE, *report.notes]
        series: dict[str, CloseSeries] = {}
        for ticker, stored in held.items():
            series[ticker], remarks = _restrict_to_sessions(ticker, stored, request.exchange)
            notes += remarks
        return combine_series(series, request, Provenance(_SOURCE, "adjusted", notes=tuple(notes)))

    def fetch(self, request: PriceRequest, *, refresh: bool = False, now: dt.datetime | None = None) -> FetchReport:
        """Bring the store up to the last closed session; one ticker's failure does not keep the others from it.

        ``refresh`` reads every history again from its beginning. A damaged file is replaced here, and only here; the
        report says so.
        """
        tickers = sorted(set(request.tickers))
        return _refresh_store(tickers, request.exchange, now or dt.datetime.now(dt.UTC), refresh=refresh)


def _last_needed_session(request: PriceRequest, now: dt.datetime) -> np.datetime64:
    """Return the last session that a run needs: the window's last one, if it is closed already."""
    limit = last_closed_session(request.exchange, now)
    if request.end is not None:
        limit = min(limit, np.datetime64(request.end, "D"))
    sessions = exchange_sessions(request.exchange, limit - LONGEST_CLOSURE, limit)
    return np.datetime64(sessions[-1], "D") if len(sessions) else limit


def _covers(stored: StoredSeries | None, needed: np.datetime64) -> bool:
    return stored is not None and bool(stored.through >= needed)


def _require_stored(ticker: str) -> StoredSeries:
    stored = store.read_series(_SOURCE, ticker)
    if stored is None:
        raise DataError(f"{ticker}: its stored prices were removed during the run; start it again")
    return stored


def _explain(ticker: str, reason: str, needed: np.datetime64) -> str:
    """Return why a run cannot go on without what was not fetched of ``ticker``, and one remedy: to fetch it later."""
    for remedy in (_TRY_LATER, CONNECT):
        reason = reason.removesuffix(f"; {remedy}")
    stored = store.read_series(_SOURCE, ticker)
    held, other = "nothing of it", "name another source"
    if stored is not None:
        held = f"it through {stored.through}"
        other = f"end the run earlier with `--set window.end={stored.through - _LOOK_AHEAD}`"
    needs = f"the store holds {held}, closes up to {needed} are needed"
    return f"{reason}; {needs}: connect and run `engine data fetch`, or {other}"


def _refresh_store(tickers: list[str], exchange: str, now: dt.datetime, *, refresh: bool = False) -> FetchReport:
    """Fetch what the store lacks of each ticker, or all of it; not the rest once Yahoo has left several unanswered."""
    closed = last_closed_session(exchange, now)
    fetched: list[str] = []
    covered: list[str] = []
    failed: list[tuple[str, str]] = []
    unknown: list[str] = []
    notes: list[str] = []
    unanswered = 0
    with WAITING.until_over():
        for done, ticker in enumerate(tickers):
            old, damage = _read_or_discard(ticker)
            if _covers(old, closed) and not refresh:
                covered.append(ticker)
                continue
            if unanswered == _MOST_UNANSWERED:
                failed.append((ticker, _NOT_ASKED))
                continue
            try:
                require_network()
                WAITING.start(f"{ticker} from Yahoo", done, len(tickers))
                fresh, remarks = refresh_series(ticker, old, exchange, closed, whole=refresh)
                store.write_series(_SOURCE, ticker, fresh)
            except DataError as error:
                failed.append((ticker, str(error)))
                unanswered = unanswered + 1 if isinstance(error, UnavailableError) and not is_offline() else 0
                if isinstance(error, UnknownTickerError):
                    unknown.append(ticker)
                    store.mark_absent(_SOURCE, ticker, closed)
            else:
                fetched.append(ticker)
                notes += damage + remarks
                unanswered = 0
    return FetchReport(tuple(fetched), tuple(covered), tuple(failed), tuple(notes), tuple(unknown))


def _read_or_discard(ticker: str) -> tuple[StoredSeries | None, list[str]]:
    """Return what the store has; a damaged file counts as nothing, for its whole series is about to be fetched."""
    try:
        return store.read_series(_SOURCE, ticker), []
    except DataError as error:
        return None, [f"{error} (done now)"]


def _restrict_to_sessions(ticker: str, stored: StoredSeries, exchange: str) -> tuple[CloseSeries, list[str]]:
    """Return adjusted closes beside those as traded, without days on which the exchange was closed.

    What trades on Saturdays and Sundays has no such exchange, and keeps its days (S1).
    """
    notes = _compare_with_events(ticker, stored)
    sessions = exchange_sessions(exchange, stored.dates[0] - LONGEST_CLOSURE, stored.dates[-1])
    known = np.isin(stored.dates, sessions)
    if len(sessions):
        known |= stored.dates < sessions[0]  # older than the calendar, which then cannot tell
    known |= bool((np.bincount(weekdays(stored.dates), minlength=7)[5:] > _WEEKEND_SHARE * len(known)).all())
    if not known.all():
        first = stored.dates[~known][0]
        notes.append(f"{ticker}: left out {(~known).sum()} rows that are no sessions of {exchange}, the first {first}")
    events = stored.dividends, stored.splits
    closes = np.where(known, stored.adjusted, np.nan)  # an event of a day left out moves to the next
    return CloseSeries(stored.dates, closes, *events, stored.currency, stored.closes).printed(), notes


def _compare_with_events(ticker: str, stored: StoredSeries) -> list[str]:
    """Say where Yahoo's adjusted closes are not what its closes, dividends and splits make, by its own formula."""
    before, after = stored.closes[:-1], stored.closes[1:] * stored.splits[1:]
    expected = after / (before - stored.dividends[1:] * stored.splits[1:])
    apart = np.abs(stored.adjusted[1:] / stored.adjusted[:-1] / expected - 1.0)
    if not (apart > _TOLERANCE).any():
        return []
    worst = int(np.argmax(apart))
    found = f"differ on {(apart > _TOLERANCE).sum()} days, the most on {stored.dates[1:][worst]} by {apart[worst]:.2%}"
    return [f"{ticker}: Yahoo's adjusted closes and what its dividends and splits make of its closes {found}"]
