"""Requests to Yahoo that can neither fill memory nor wait without end: limits of size and time."""

from __future__ import annotations

import functools
import time
from typing import Final, cast

from curl_cffi.curl import CURL_WRITEFUNC_ERROR
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException

from engine.core.errors import DataError

MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
"""Of one answer, decompressed; fifty years of one ticker take less than five million."""
MAX_SECONDS: Final = 40.0
"""For all requests of one ticker together."""


class LimitedSession(Session):  # type: ignore[type-arg]
    """The session that yfinance makes for itself, with limits.

    ``answer`` is the body of the last answer. Raises DataError when an answer is too large or the ticker's time is up;
    the message goes after the ticker.
    """

    def __init__(self) -> None:
        super().__init__(impersonate="chrome")
        self.answer = b""
        self.restart()

    def restart(self) -> None:
        """Give the next ticker its time."""
        self._deadline = time.monotonic() + MAX_SECONDS

    def request(self, method: str, url: str, timeout: float = MAX_SECONDS, **options: object) -> Response:  # type: ignore[override]
        """Send one request and return its answer."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise DataError(f"Yahoo did not answer within {MAX_SECONDS:.0f} seconds; try again later")
        received = bytearray()
        too_large = False

        def receive(part: bytes) -> int:
            nonlocal too_large
            too_large = len(received) + len(part) > MAX_ANSWER_BYTES
            received.extend(b"" if too_large else part)
            return CURL_WRITEFUNC_ERROR if too_large else len(part)

        try:
            limited = {**options, "timeout": min(timeout, left), "content_callback": receive}
            response = cast("Response", super().request(method, url, **limited))  # type: ignore[arg-type]
        except RequestException:
            if too_large:
                limit = MAX_ANSWER_BYTES // 1024**2
                raise DataError(
                    f"Yahoo's answer is larger than {limit} MB, which no history is; try again later"
                ) from None
            raise
        self.answer = response.content = bytes(received)
        return response


@functools.cache
def shared_session() -> LimitedSession:
    """Return the one session of this process: Yahoo's cookies belong to it."""
    return LimitedSession()
