"""One ticker's daily closes from Yahoo Finance, through yfinance as it is."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import Final

import numpy as np

from engine.core.errors import DataError
from engine.data.sources.price_store import StoredSeries

_NOT_FOUND: Final = 404
_TIMEOUT: Final = 30.0
"""Seconds to wait for one answer."""


def download_series(ticker: str, since: np.datetime64 | None) -> StoredSeries:
    """Fetch closes as printed and adjusted closes, from ``since`` or from the beginning.

    Rows without both closes are left out; a row of the session going on is not. ``through`` is the last date.

    Raises DataError when Yahoo does not know the ticker, refuses or cannot be reached; the message goes after the
    ticker.
    """
    with _quiet_yfinance():
        import yfinance as yf  # noqa: PLC0415  (0.7 seconds, and only to fetch)
        from yfinance.exceptions import YFRateLimitError, YFTickerMissingError  # noqa: PLC0415

        source = yf.Ticker(ticker)
        span = {"period": "max"} if since is None else {"start": str(since)}
        try:
            frame = source.history(
                **span, interval="1d", auto_adjust=False, actions=False, repair=False, timeout=_TIMEOUT
            )
            currency = str(source.history_metadata.get("currency") or "USD")
        except YFRateLimitError as error:
            raise DataError("Yahoo refuses more requests for now; wait some minutes and try again") from error
        except YFTickerMissingError as error:
            raise DataError(f"Yahoo has no prices of it ({error.rationale}); check the ticker") from error
        except Exception as error:
            if getattr(getattr(error, "response", None), "status_code", None) == _NOT_FOUND:
                raise DataError("Yahoo has no prices of it (not found); check the ticker") from error
            # yfinance lets through whatever its parsers and its network library raise.
            raise DataError(f"Yahoo cannot be reached or understood ({_first_line(error)})") from error
    closes = frame["Close"].to_numpy(dtype=np.float64)
    adjusted = frame["Adj Close"].to_numpy(dtype=np.float64)
    printed = np.isfinite(closes) & np.isfinite(adjusted)
    # The stamps are midnights in the exchange's zone: dropping the zone keeps the session's day.
    dates = frame.index.tz_localize(None).to_numpy().astype("datetime64[D]")[printed]
    through = dates[-1] if len(dates) else np.datetime64("1970-01-01", "D")
    return StoredSeries(dates, closes[printed], adjusted[printed], currency, through)


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
