"""Prices from Yahoo Finance, kept in the local store: a run whose window the store covers needs no network."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from engine.core.errors import DataError
from engine.core.fields import Choice
from engine.data.market import Provenance
from engine.data.sources import store
from engine.data.sources.base import Closes, Request, Series, assemble
from engine.data.sources.exchange_calendar import last_closed, sessions_of
from engine.data.sources.store import Stored
from engine.data.sources.yahoo_refresh import updated

_SOURCE: Final = "yahoo"
_HUNDREDTHS: Final = {"GBp": "GBP", "ZAc": "ZAR", "ILA": "ILS"}
"""Yahoo's codes for pence, South African cents and agorot, and the currency that has a hundred of them."""
_BEYOND: Final = np.timedelta64(15, "D")
"""Runs read two weeks past their window, to tell an asset that pauses from one that is gone."""
_LONGEST_CLOSURE: Final = np.timedelta64(40, "D")
"""Every exchange has a session within this time."""
_NOTE: Final = "Yahoo's adjusted closes, from the local price store: dividends are reinvested at once and free of cost"

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the ticker at work, how many are done, and how many there are."""


@dataclass(frozen=True)
class FetchReport:
    """What a refresh of the store did: tickers fetched and already covered, (ticker, reason) failed, and notes."""

    fetched: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


class Yahoo(Choice):
    """Yahoo Finance's daily adjusted closes, through yfinance and the local store."""

    kind: Literal["yahoo"] = "yahoo"

    def load(self, request: Request, *, now: dt.datetime | None = None) -> Closes:
        """Return adjusted closes up to the last closed session, from the store where it covers the window.

        Parameters
        ----------
        request : what is wanted
        now : with its time zone; decides which sessions are closed; the clock when None

        Raises
        ------
        DataError
            When Yahoo does not know a ticker or cannot be reached for closes that the store lacks, when a stored file
            is damaged, or when the tickers are quoted in different currencies.

        """
        moment = now or dt.datetime.now(dt.UTC)
        needed = _needed(request, moment)
        tickers = _unique(request)
        missing = tuple(ticker for ticker in tickers if not _covers(store.read(_SOURCE, ticker), needed))
        report = _refresh(missing, request.exchange, moment) if missing else FetchReport()
        if report.failed:
            raise DataError(*(_explain(ticker, reason, needed) for ticker, reason in report.failed))
        held = {ticker: _held(ticker) for ticker in tickers}
        currency = _one_currency(held)
        notes = [_NOTE, *report.notes]
        series: dict[str, Series] = {}
        for ticker, stored in held.items():
            series[ticker], said = _on_sessions(ticker, stored, request.exchange)
            notes += said
        return assemble(series, request, currency, Provenance(_SOURCE, "adjusted", notes=tuple(notes)))

    def fetch(
        self, request: Request, progress: Progress | None = None, *, now: dt.datetime | None = None
    ) -> FetchReport:
        """Bring the store up to the last closed session; one ticker's failure does not keep the others from it.

        A damaged file is replaced here, and only here; the report says so.
        """
        return _refresh(_unique(request), request.exchange, now or dt.datetime.now(dt.UTC), progress)


def _unique(request: Request) -> tuple[str, ...]:
    return tuple(sorted(set(request.tickers)))


def _needed(request: Request, now: dt.datetime) -> np.datetime64:
    """Return the last session that a run needs: the window's last one, if it is closed already."""
    limit = last_closed(request.exchange, now)
    if request.end is not None:
        limit = min(limit, np.datetime64(request.end, "D"))
    sessions = sessions_of(request.exchange, limit - _LONGEST_CLOSURE, limit)
    return np.datetime64(sessions[-1], "D") if len(sessions) else limit


def _covers(stored: Stored | None, needed: np.datetime64) -> bool:
    return stored is not None and bool(stored.through >= needed)


def _held(ticker: str) -> Stored:
    stored = store.read(_SOURCE, ticker)
    if stored is None:
        raise DataError(f"{ticker}: its stored prices were removed during the run; start it again")
    return stored


def _explain(ticker: str, reason: str, needed: np.datetime64) -> str:
    stored = store.read(_SOURCE, ticker)
    if stored is None:
        return (
            f"{ticker}: {reason}; the store holds nothing of it, closes up to {needed} are needed: connect and run "
            "`engine data fetch`, or name another source"
        )
    earlier = stored.through - _BEYOND
    return (
        f"{ticker}: {reason}; the store holds it through {stored.through}, closes up to {needed} are needed: connect "
        f"and run `engine data fetch`, or end the run earlier with `--set window.end={earlier}`"
    )


def _refresh(
    tickers: tuple[str, ...], exchange: str, now: dt.datetime, progress: Progress | None = None
) -> FetchReport:
    """Fetch what the store lacks of each ticker."""
    closed = last_closed(exchange, now)
    fetched: list[str] = []
    covered: list[str] = []
    failed: list[tuple[str, str]] = []
    notes: list[str] = []
    for done, ticker in enumerate(tickers):
        if progress:
            progress(ticker, done, len(tickers))
        old, damage = _readable(ticker)
        if _covers(old, closed):
            covered.append(ticker)
            continue
        try:
            fresh, said = updated(ticker, old, exchange, closed)
            store.write(_SOURCE, ticker, fresh)
        except DataError as error:
            failed.append((ticker, str(error)))
        else:
            fetched.append(ticker)
            notes += damage + said
    if progress:
        progress("", len(tickers), len(tickers))
    return FetchReport(tuple(fetched), tuple(covered), tuple(failed), tuple(notes))


def _readable(ticker: str) -> tuple[Stored | None, list[str]]:
    """Return what the store has; a damaged file counts as nothing, for its whole series is about to be fetched."""
    try:
        return store.read(_SOURCE, ticker), []
    except DataError as error:
        return None, [f"{error} (done now)"]


def _one_currency(held: dict[str, Stored]) -> str:
    """Return the currency of all tickers; different ones are refused, for they cannot be added up."""
    currencies = {ticker: _HUNDREDTHS.get(stored.currency, stored.currency) for ticker, stored in held.items()}
    if len(set(currencies.values())) > 1:
        quoted = ", ".join(f"{ticker} in {currency}" for ticker, currency in currencies.items())
        raise DataError(
            f"data.source: found closes of {quoted}, expected one currency; choose listings in one currency"
        )
    return next(iter(currencies.values()), "USD")


def _on_sessions(ticker: str, stored: Stored, exchange: str) -> tuple[Series, list[str]]:
    """Return adjusted closes in whole units of currency, without days on which the exchange was closed."""
    notes: list[str] = []
    adjusted = stored.adjusted
    if stored.currency in _HUNDREDTHS:
        adjusted = adjusted / 100.0
        notes.append(f"{ticker}: quoted in {stored.currency}, divided by 100 into {_HUNDREDTHS[stored.currency]}")
    sessions = sessions_of(exchange, stored.dates[0] - _LONGEST_CLOSURE, stored.dates[-1])
    known = np.isin(stored.dates, sessions)
    if len(sessions):
        known |= stored.dates < sessions[0]  # older than the calendar, which then cannot tell
    if not known.all():
        first = stored.dates[~known][0]
        notes.append(f"{ticker}: left out {(~known).sum()} rows that are no sessions of {exchange}, the first {first}")
    return Series(stored.dates[known], adjusted[known]), notes
