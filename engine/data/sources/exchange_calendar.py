"""The sessions of an exchange, kept on disk: the library that knows them takes a second to import."""

from __future__ import annotations

import contextlib
import datetime as dt
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np

from engine.core.arrays import DateArray, IntArray, read_only
from engine.core.did_you_mean import suggestion
from engine.core.errors import DataError, OutputError
from engine.core.files import atomic_write
from engine.core.regular_files import read_regular
from engine.core.seal import prepend_digest, strip_digest
from engine.data.sources.price_store import MAX_STORED_BYTES, store_folder

ALWAYS_OPEN = "24/7"
"""The calendar of markets that never close."""
LONGEST_CLOSURE = np.timedelta64(40, "D")
"""No exchange of the library has been shut for longer; the look-back for the last closed session."""
_DAY, _EARLY = 86_400, 5_400
"""Seconds of a day, and those by which a session that ends early does so at least: more than summer time moves it."""


def exchange_sessions(exchange: str, first: np.datetime64, last: np.datetime64) -> DateArray:
    """Return the session dates of ``exchange`` from ``first`` to ``last``, both included.

    Where the calendar begins later than ``first`` (Tokyo: 1997) so do the sessions. ``24/7`` has every day.

    Raises DataError for an exchange that has no calendar.
    """
    if exchange == ALWAYS_OPEN:
        return read_only(np.arange(first, last + np.timedelta64(1, "D")))
    days, _ = _load_sessions(exchange, _year(first), _year(last))
    return read_only(days[(days >= first) & (days <= last)])


def last_closed_session(exchange: str, now: dt.datetime) -> np.datetime64:
    """Return the last session whose closing time is not after ``now`` (with its time zone)."""
    moment = np.datetime64(int(now.timestamp()), "s")
    if exchange == ALWAYS_OPEN:
        return np.datetime64(now.astimezone(dt.UTC).date(), "D") - np.timedelta64(
            1, "D"
        )  # a day closes at midnight, UTC
    days, closes = _load_sessions(exchange, _year(moment - LONGEST_CLOSURE), _year(moment))
    at = int(np.searchsorted(closes, moment.astype(np.int64), side="right")) - 1
    if at < 0:
        raise DataError(f"data.calendar: {exchange} has had no session lately; name the exchange of these prices")
    return np.datetime64(days[at], "D")


def closes_early(exchange: str, day: np.datetime64) -> bool:
    """Tell whether a session ends more than an hour and a half before those around it do, as on Christmas Eve."""
    if exchange == ALWAYS_OPEN:
        return False
    days, closes = _load_sessions(exchange, _year(day), _year(day))
    at = int(np.searchsorted(days, day))
    if at == len(days) or days[at] != day:
        return False
    near = slice(max(at - 5, 0), at + 6)
    time_of_day = closes[near] - days[near].astype(np.int64) * _DAY
    return bool(np.median(time_of_day) - (closes[at] - int(days[at].astype(np.int64)) * _DAY) > _EARLY)


def _year(date: np.datetime64) -> int:
    return int(date.astype("datetime64[Y]").astype(np.int64)) + 1970


def _load_sessions(exchange: str, first: int, last: int) -> tuple[DateArray, IntArray]:
    """Return all sessions of whole years and their closing times [seconds since 1970, UTC]."""
    if not exchange.isalnum():
        raise DataError(f"exchange {exchange!r}: expected a market identifier code as XNYS; write its four letters")
    path = store_folder() / "calendars" / f"{exchange}-{first}-{last}-{version('exchange_calendars')}.days"
    table = _read_cache(path)
    if table is None:
        table = compute_sessions(exchange, first, last)
        with contextlib.suppress(OutputError):  # the file only saves time
            atomic_write(path, prepend_digest(table.astype("<i8").tobytes()))
    return table[0].astype("datetime64[D]"), table[1]


def _read_cache(path: Path) -> IntArray | None:
    """Return (2, T) days and closing times, or None when the file is missing or not what its SHA-256 says."""
    try:
        return decode_calendar(read_regular(path, MAX_STORED_BYTES))
    except OSError:
        return None


def decode_calendar(content: bytes) -> IntArray | None:
    """Return (2, T) days and closing times of a calendar's file, or None when it is not one that was written."""
    body = strip_digest(content)
    if body is None or len(body) % 16:
        return None
    return np.frombuffer(body, dtype="<i8").astype(np.int64).reshape(2, -1)


def compute_sessions(exchange: str, first: int, last: int) -> IntArray:
    """Ask exchange_calendars; years before a calendar's own beginning are left out."""
    import exchange_calendars as xcals  # noqa: PLC0415  (a second, and only when the cache is cold)

    known = xcals.get_calendar_names()
    if exchange not in known:
        message = f"no such calendar, a market identifier code as XNYS is expected{suggestion(exchange, known)}"
        raise DataError(f"exchange {exchange}: {message}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its use of pandas is not ours to mend
        try:
            return _query_library(exchange, first, last)
        except Exception as error:
            # some of its calendars do not get along with this pandas, and each says so in another way
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:120]
            raise DataError(
                f"data.calendar: exchange_calendars cannot serve {exchange} from {first} to {last} ({reason}); "
                "name another exchange with the same holidays, as XNYS"
            ) from error


def _query_library(exchange: str, first: int, last: int) -> IntArray:
    """Return (2, T) days and closing times between the bounds that the calendar itself has."""
    import exchange_calendars as xcals  # noqa: PLC0415  (as above)

    try:
        calendar = xcals.get_calendar(exchange, start=f"{first}-01-01", end=f"{last}-12-31")
    except ValueError:
        default = xcals.get_calendar(exchange)
        bounds = type(default).bound_min(), type(default).bound_max()
        start = max(f"{first}-01-01", str(bounds[0].date()) if bounds[0] else "")
        end = min(f"{last}-12-31", str(bounds[1].date()) if bounds[1] else "9999")
        if start > end:
            return np.empty((2, 0), dtype=np.int64)
        calendar = xcals.get_calendar(exchange, start=start, end=end)
    days = calendar.sessions.to_numpy().astype("datetime64[D]").astype(np.int64)
    closes = calendar.closes.dt.tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)
    return np.stack([days, closes])
