"""One ticker's daily closes and events from Yahoo Finance, through yfinance as it is.

Yahoo adjusts closes and dividends for all splits up to today. Both are brought back to what was traded and paid, so
that neither changes when a stock splits again.
"""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from engine.core.arrays import DateArray, FloatArray
from engine.core.errors import DataError, UnavailableError, UnknownTickerError
from engine.data.closes import CloseSeries
from engine.data.sources.price_store import StoredSeries
from engine.data.sources.yahoo_answers import require_sound, states_absence

_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_REFUSALS: Final = frozenset({401, 403, 407, 408, 425, _TOO_MANY})
"""HTTP statuses that say nothing of the ticker; those of a broken server come after them."""
CONNECT: Final = "connect and try again"
"""What can be done when there is no network."""
_UNREACHED: Final[Mapping[str, str]] = {
    "DNSError": "its address is not found",
    "ProxyError": "the proxy does not let through",
    "SSLError": "no secure connection",
    "Timeout": "no answer in time",
    "ConnectionError": "no connection",
}
"""What an error of the network library means, by the name of its class or of one that it is made from."""
_CURRENCY: Final = re.compile("([A-Za-z]{3})?")
_MINOR_UNITS: Final = {("GBP", "GBp"), ("ZAR", "ZAc"), ("ILS", "ILA")}
"""Currencies of dividends, and of closes in hundredths of them."""


def download_series(ticker: str, since: np.datetime64 | None) -> tuple[StoredSeries, list[str]]:
    """Fetch closes, adjusted closes and events from ``since`` or from the beginning, and what is to know about them.

    Rows without both closes are left out, their events move to the next row; a row of the session going on is not.
    ``through`` is the last date.

    Raises DataError when Yahoo does not know the ticker, answers for another one or with something else than daily
    closes, refuses or cannot be reached; the message goes after the ticker.
    """
    with _quiet_yfinance():
        import yfinance as yf  # noqa: PLC0415  (0.7 seconds, and only to fetch)
        from curl_cffi.requests.exceptions import RequestException  # noqa: PLC0415
        from yfinance.exceptions import YFRateLimitError, YFTickerMissingError  # noqa: PLC0415

        from engine.data.sources.yahoo_session import MAX_SECONDS, shared_session  # noqa: PLC0415  (loads a library)

        session = shared_session()
        session.restart()
        span = {"period": "max"} if since is None else {"start": str(since)}
        try:
            source = yf.Ticker(ticker, session=session)
            frame = source.history(**span, interval="1d", auto_adjust=False, repair=False, timeout=MAX_SECONDS)
            said = {name: source.history_metadata.get(name) for name in ("symbol", "currency", "dataGranularity")}
            # The stamps are midnights in the exchange's zone: dropping the zone keeps the session's day.
            dates = frame.index.tz_localize(None).to_numpy().astype("datetime64[D]")
            columns = {name: frame[name].to_numpy(dtype=np.float64) for name in frame}
            abroad = require_sound(session.answer)
        except DataError:
            raise
        except Exception as error:
            # yfinance lets through whatever its parsers and its network library raise.
            if isinstance(error, YFRateLimitError) or session.status == _TOO_MANY:
                refused = "Yahoo refuses more requests for now; wait some minutes and try again"
                raise UnavailableError(refused) from error
            if session.status in _REFUSALS or session.status >= _SERVER_ERROR:
                refused = f"Yahoo answers with an error (HTTP {session.status}); try again later"
                raise UnavailableError(refused) from error
            if isinstance(error, YFTickerMissingError) and states_absence(session.answer):
                raise UnknownTickerError(f"Yahoo has no prices of it ({error.rationale}); check the ticker") from error
            if session.status == _NOT_FOUND:
                raise UnknownTickerError("Yahoo has no prices of it (not found); check the ticker") from error
            if unreached := _unreached(error):
                raise UnavailableError(f"Yahoo cannot be reached ({unreached}); {CONNECT}") from error
            kind = UnavailableError if isinstance(error, RequestException) else DataError
            reason = "no prices and no reason" if isinstance(error, YFTickerMissingError) else _first_line(error)
            raise kind(f"Yahoo cannot be reached or understood ({reason}); try again later") from error
    _check_subject(ticker, said)
    currency = str(said["currency"] or "")
    scale = _dividend_scale(abroad, currency)
    dividends, notes = _distributions(ticker, columns)
    return _to_stored(dates, columns, dividends * scale, currency), notes


def _check_subject(ticker: str, said: Mapping[str, object]) -> None:
    """Refuse an answer about another ticker, or of other than daily closes."""
    symbol, step, currency = said["symbol"], said["dataGranularity"], said["currency"]
    if _canonical(str(symbol)) != _canonical(ticker):
        raise DataError(f"Yahoo answered for {symbol or 'nobody'}; if that is the same paper, write {symbol or 'it'}")
    if step not in {None, "1d"}:
        raise DataError(f"Yahoo answered with one close for each {step}, expected daily ones; try again later")
    if not _CURRENCY.fullmatch(str(currency or "")):
        raise DataError(f"Yahoo states closes in {currency!r}, expected a currency as USD; try again later")


def _canonical(ticker: str) -> str:
    """Return one name for what Yahoo calls by two: ``USDJPY=X`` is ``JPY=X`` as well."""
    upper = ticker.upper()
    return upper[3:] if upper.startswith("USD") and upper.endswith("=X") and len(upper) == len("USDJPY=X") else upper


def _dividend_scale(abroad: set[str], currency: str) -> float:
    """Return what dividends are multiplied by to be in the currency of the closes."""
    if abroad <= {currency}:
        return 1.0
    if len(abroad) == 1 and (*abroad, currency) in _MINOR_UNITS:
        return 100.0
    stated = ", ".join(sorted(abroad))
    raise DataError(f"Yahoo states dividends in {stated} and closes in {currency or '?'}; name another source for it")


def _distributions(ticker: str, columns: Mapping[str, FloatArray]) -> tuple[FloatArray, list[str]]:
    """Return dividends and capital gains by row, adjusted for splits.

    Yahoo writes some funds' capital gains a second time into their dividends; how far the closes fell on these days
    tells which of the two it is.
    """
    dividends, closes = columns["Dividends"], columns["Close"]
    gains = columns.get("Capital Gains", np.zeros(len(dividends)))
    at = np.flatnonzero(gains[1:] > 0) + 1
    at = at[np.isfinite(closes[at]) & np.isfinite(closes[at - 1])]
    if not gains.any():
        return dividends, []
    fell = closes[at - 1] - closes[at]
    apart = np.abs(fell - dividends[at] - gains[at]).sum() <= np.abs(fell - dividends[at]).sum()
    if apart or (dividends[at] < gains[at]).any():
        return dividends + gains, [f"{ticker}: capital gains count as dividends ({np.count_nonzero(gains)} of them)"]
    return dividends, [f"{ticker}: dividends hold the capital gains already ({np.count_nonzero(gains)} of them)"]


def _to_stored(
    dates: DateArray, columns: Mapping[str, FloatArray], dividends: FloatArray, currency: str
) -> StoredSeries:
    """Return the rows that have both closes, as traded."""
    splits = np.where(columns["Stock Splits"] == 0, 1.0, columns["Stock Splits"])
    closes, adjusted = columns["Close"], columns["Adj Close"]
    with np.errstate(over="ignore", invalid="ignore"):  # a split into nothing is refused with the whole answer
        later = np.append(np.cumprod(splits[::-1])[::-1][1:], 1.0) if len(splits) else splits
        traded, paid = closes * later, dividends * later
    printed = ~np.isnan(closes) & ~np.isnan(adjusted)
    series = CloseSeries(dates, np.where(printed, traded, np.nan), paid, splits).printed()
    return StoredSeries(
        series.dates,
        series.closes,
        adjusted[~np.isnan(traded) & printed],
        dividends=np.asarray(series.dividends, dtype=np.float64),
        splits=np.asarray(series.splits, dtype=np.float64),
        currency=currency,
        through=series.dates[-1] if len(series.dates) else np.datetime64("1970-01-01", "D"),
    )


def _unreached(error: Exception) -> str:
    """Return what kept a request from any answer, "" for another error; the network library's own words stay its own.

    >>> _unreached(ValueError("no number"))
    ''
    """
    kinds = (one.__name__ for one in type(error).__mro__ if one.__module__.startswith("curl_cffi"))
    return next((_UNREACHED[kind] for kind in kinds if kind in _UNREACHED), "")


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


@contextlib.contextmanager
def _quiet_yfinance() -> Iterator[None]:
    """Let yfinance raise instead of logging, and keep its messages and its dependencies' warnings to itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import yfinance as yf  # noqa: PLC0415  (0.7 seconds, and only to fetch)

        logger = logging.getLogger("yfinance")
        level, hidden = logger.level, yf.config.debug.hide_exceptions
        logger.setLevel(logging.CRITICAL + 1)
        yf.config.debug.hide_exceptions = False
        try:
            yield
        finally:
            yf.config.debug.hide_exceptions = hidden
            logger.setLevel(level)
