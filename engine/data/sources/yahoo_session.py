"""Requests to Yahoo that can neither fill memory nor wait without end: limits of size, time and content."""

from __future__ import annotations

import functools
import threading
import time
from typing import Final, cast
from urllib.parse import urlsplit

from curl_cffi.const import CurlOpt
from curl_cffi.curl import CURL_WRITEFUNC_ERROR
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException

from engine.core.errors import DataError, UnavailableError
from engine.core.waiting import WAITING

MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024
"""Of one answer, decompressed; a hundred years of one ticker take less than four million."""
MAX_PAGE_BYTES: Final = 256 * 1024
"""Of an answer that is no history, as a page that asks for consent; what follows is not read."""
MAX_PAGE_TAGS: Final = 5_000
"""Of such a page; a parser makes a kilobyte of every tag."""
MAX_FIGURES: Final = 400_000
"""Commas in an answer: a hundred years of one ticker have less than half as many."""
MAX_TABLES: Final = 50_000
"""Lists and mappings in an answer; a dividend of every day of a hundred years has half as many."""
MAX_SECONDS: Final = 40.0
"""For all requests of one download together."""
_MAX_REDIRECTS: Final = 10
_POLL_SECONDS: Final = 0.1
_CURL_GRACE: Final = 1.0
"""Seconds past the limit after which the network library itself counts as stuck."""


class LimitedSession(Session):  # type: ignore[type-arg]
    """The session that yfinance makes for itself, with limits.

    A thread of its own does the waiting, so that an interrupt is felt at once. ``answer`` is the body of the last
    answer, ``status`` its HTTP status. Raises DataError when an answer is too large or from elsewhere, and
    UnavailableError when the download's time is up; the message goes after the ticker.
    """

    def __init__(self) -> None:
        super().__init__(
            impersonate="chrome",
            use_thread_local_curl=False,
            max_redirects=_MAX_REDIRECTS,
            curl_options={CurlOpt.REDIR_PROTOCOLS_STR: "http,https"},
        )
        self.restart()

    def restart(self) -> None:
        """Give the next download its time."""
        self.answer, self.status = b"", 0
        self._deadline = time.monotonic() + MAX_SECONDS

    def request(self, method: str, url: str, timeout: float = MAX_SECONDS, **options: object) -> Response:  # type: ignore[override]
        """Send one request and return its answer."""
        self.answer, self.status = b"", 0  # what an earlier page said is not about this one
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise _too_slow()
        receiver = _Receiver()
        limited = {**options, "timeout": min(timeout, left), "content_callback": receiver.take}
        send = functools.partial(super().request, method, url, **limited)  # type: ignore[arg-type]
        exchange = _Exchange(send)
        try:
            response = exchange.wait(self._deadline + _CURL_GRACE)
        except RequestException as error:
            if receiver.too_large:
                raise _too_large(f"has more than {MAX_ANSWER_BYTES // 1024**2} MB") from None
            if time.monotonic() >= self._deadline:
                raise _too_slow() from error
            raise
        except BaseException:
            receiver.stopped = True  # the abandoned thread ends with the next byte, or by its own limit of time
            shared_session.cache_clear()
            raise
        if response.redirect_count:
            _require_same_place(url, str(response.url))
        response.encoding = "utf-8"  # some codecs that a server can name take hours
        asked = cast("dict[str, object]", options.get("params") or {})
        response.content = receiver.content(is_history="period1" in asked)
        self.answer, self.status = response.content, response.status_code
        return response


class _Receiver:
    """Takes the parts of a body as long as they are not too many."""

    def __init__(self) -> None:
        self._body = bytearray()
        self.too_large = self.stopped = False

    def take(self, part: bytes) -> int:
        self.too_large = len(self._body) + len(part) > MAX_ANSWER_BYTES
        if self.too_large or self.stopped:
            self._body.clear()
            return CURL_WRITEFUNC_ERROR
        self._body += part
        return len(part)

    def content(self, *, is_history: bool) -> bytes:
        """Return the body; one that a parser would turn into far more than its bytes is refused."""
        if not is_history:
            return b"<".join(self._body[:MAX_PAGE_BYTES].split(b"<", MAX_PAGE_TAGS)[:MAX_PAGE_TAGS])
        if self._body.count(b",") > MAX_FIGURES:
            raise _too_large(f"has more than {MAX_FIGURES:,} figures")
        if self._body.count(b"[") + self._body.count(b"{") > MAX_TABLES:
            raise _too_large(f"has more than {MAX_TABLES:,} lists")
        return bytes(self._body)


class _Exchange:
    """One request, sent by a thread that nobody has to wait for."""

    def __init__(self, send: functools.partial[object]) -> None:
        self._send = send
        self._over = threading.Event()
        self._response: object = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._response = self._send()
        except BaseException as error:  # noqa: BLE001  (whatever it is, it belongs to the thread that waits)
            self._error = error
        self._over.set()

    def wait(self, limit: float) -> Response:
        """Return the response or raise what kept it away, at the moment ``limit`` at the latest."""
        while not self._over.wait(_POLL_SECONDS):
            WAITING.tick()
            if time.monotonic() > limit:
                raise _too_slow()
        if self._error is not None:
            raise self._error
        return cast("Response", self._response)


def _require_same_place(asked: str, answered: str) -> None:
    """Refuse the answer of a server to which another one has sent us."""
    one, two = urlsplit(asked), urlsplit(answered)
    yahoo = (two.hostname or "").endswith(".yahoo.com") and two.scheme == "https"
    if not yahoo and (one.scheme, one.netloc) != (two.scheme, two.netloc):
        found = f"{two.scheme}://{two.netloc}"
        raise DataError(f"Yahoo's answer came from {found}, which is not Yahoo; check the network and try again")


def _too_large(found: str) -> DataError:
    return DataError(f"Yahoo's answer {found}, no history does; try again later")


def _too_slow() -> UnavailableError:
    return UnavailableError(f"Yahoo did not answer within {MAX_SECONDS:.0f} seconds; try again later")


@functools.cache
def shared_session() -> LimitedSession:
    """Return the one session of this process: Yahoo's cookies belong to it."""
    return LimitedSession()
