"""What a hostile server may do with a connection on which a request has come in."""

from __future__ import annotations

import gzip
import itertools
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa


@dataclass(frozen=True)
class Connection:
    """A request has come in; ``body`` is its honest answer, ``elsewhere`` the address of another server."""

    socket: socket.socket
    body: bytes
    path: str
    elsewhere: str

    def send(self, parts: Iterable[bytes], pause: float = 0.0) -> None:
        """Send parts with a pause before each, until the client has gone."""
        for part in parts:
            time.sleep(pause)
            self.socket.sendall(part)

    def reset(self) -> None:
        """Close so that the client sees a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


Behaviour = Callable[[Connection], None]


def head(status: str = "200 OK", length: object = None, **headers: str) -> bytes:
    """Return the head of an answer after which the connection is closed."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode()


def answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """Return a whole answer."""
    return head(status, len(body), **headers) + body


def gzip_bomb(megabytes: int) -> bytes:
    """Return a thousandth of as many bytes, which unfold to spaces."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b" " * 2**24
    first, again = (packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + again * (megabytes // 16 - 1) + packer.flush()


def _packed(codec: str) -> bytes:
    return bytes(pa.compress(b" " * 2**26, codec=codec, asbytes=True))


def _single_bytes(content: bytes) -> Iterable[bytes]:
    return (content[at : at + 1] for at in range(len(content)))


def _send(*parts: bytes) -> Behaviour:
    return lambda connection: connection.send(parts)


def _endless(start: bytes, part: bytes, pause: float = 0.0) -> Behaviour:
    return lambda connection: connection.send(itertools.chain([start], itertools.repeat(part)), pause)


def _status(status: str, body: bytes = b"{}", **headers: str) -> Behaviour:
    return _send(answer(body, status, **headers))


def _coded(body: Callable[[], bytes], encoding: str) -> Behaviour:
    return lambda connection: connection.send([answer(body(), Content_Encoding=encoding)])


def _redirect(place: str) -> Behaviour:
    """Return what sends the client to ``place``, in which the other server's address may stand."""
    return lambda one: one.send([head("302 Found", 0, Location=place.format(elsewhere=one.elsewhere, path=one.path))])


def _stall(connection: Connection, *sent: bytes) -> None:
    connection.send(sent)
    connection.socket.recv(1)  # until the client hangs up


_PAGE: Final = b"<!doctype html><title>Yahoo</title><form action='/login'><input name=csrfToken></form>"

WIRE: Final[Mapping[str, Behaviour]] = {
    "stall before the answer": _stall,
    "stall after half the head": lambda one: _stall(one, head(length=99)[:40]),
    "stall after the head": lambda one: _stall(one, head(length=len(one.body))),
    "stall after half the body": lambda one: _stall(one, answer(one.body)[: len(one.body) // 2]),
    "head byte by byte": lambda one: one.send(_single_bytes(head(length=9)), pause=0.1),
    "body byte by byte": lambda one: one.send(_single_bytes(answer(one.body)), pause=0.005),
    "body without end": _endless(head(), b" " * 2**16),
    "body without end, slowly": _endless(head(), b" ", pause=0.01),
    "chunks without end": _endless(head(Transfer_Encoding="chunked"), b"10000\r\n" + b" " * 2**16 + b"\r\n"),
    "headers without end": _endless(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 4000 + b"\r\n"),
    "one header without end": _endless(b"HTTP/1.1 200 OK\r\nX-More: ", b"x" * 4096),
    "status line without end": _endless(b"HTTP/1.1 200 ", b"x" * 4096),
    "100 Continue without end": _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "103 Early Hints without end, slowly": _endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", pause=0.01),
    "3 GB as they are": lambda one: one.send(
        itertools.chain([head(length=3 * 2**30)], itertools.repeat(b" " * 2**20, 3072))
    ),
    "gzip of 420 MB": _coded(lambda: gzip_bomb(420), "gzip"),
    "gzip of 10 GB": _coded(lambda: gzip_bomb(10_000), "gzip"),
    "gzip in gzip of 10 GB": _coded(lambda: gzip.compress(gzip_bomb(10_000)), "gzip, gzip"),
    "gzip, said ten times": _coded(lambda: gzip_bomb(420), ", ".join(["gzip"] * 10)),
    "brotli of 64 MB": _coded(lambda: _packed("brotli"), "br"),
    "zstd of 64 MB": _coded(lambda: _packed("zstd"), "zstd"),
    "gzip that is none": _coded(lambda: b"garbage" * 100, "gzip"),
    "brotli that is none": _coded(lambda: b"garbage" * 100, "br"),
    "zstd that is none": _coded(lambda: b"garbage" * 100, "zstd"),
    "deflate that is none": _coded(lambda: b"garbage" * 100, "deflate"),
    "encoding nobody knows": _coded(lambda: b"garbage" * 100, "x-secret"),
    "gzip cut off": lambda one: one.send([answer(gzip.compress(one.body)[:-200], Content_Encoding="gzip")]),
    "length too short": lambda one: one.send([head(length=len(one.body) // 2) + one.body]),
    "length too long": lambda one: one.send([head(length=len(one.body) * 2) + one.body]),
    "length 1e18": lambda one: _stall(one, head(length=10**18) + one.body),
    "length that is none": lambda one: one.send([head(length="many") + one.body]),
    "length negative": lambda one: one.send([head(length=-1) + one.body]),
    "chunks that are none": _send(head(Transfer_Encoding="chunked"), b"zz\r\ngarbage\r\n" * 10),
    "chunk of 1e18": _send(head(Transfer_Encoding="chunked"), b"de0b6b3a7640000\r\nx"),
    "closed at once": lambda one: one.socket.close(),
    "reset at once": lambda one: one.reset(),
    "reset after half the body": lambda one: (one.send([answer(one.body)[: len(one.body) // 2]]), one.reset())[1],
    "no HTTP": _send(b"\x00\xff" * 5000),
    "an older HTTP": _send(b"garbage" * 1000),
    "redirected for ever": _redirect("{path}"),
    "redirected to a file": _redirect("file:///etc/passwd"),
    "redirected to FTP": _redirect("ftp://{elsewhere}/"),
    "redirected elsewhere": _redirect("http://{elsewhere}{path}"),
    "redirected to nobody": _redirect("http://"),
    "200 and no body": _send(answer(b"")),
    "204 No Content": _send(head("204 No Content")),
    "a page to log in": _send(answer(_PAGE)),
    "a page of tags": _send(answer(b"<a>" * 2_000_000)),
    "400": _status("400 Bad Request"),
    "401": _status("401 Unauthorized"),
    "403": _status("403 Forbidden", _PAGE),
    "404": _status("404 Not Found"),
    "429, wait for 30 years": _status("429 Too Many Requests", Retry_After="1000000000"),
    "500": _status("500 Internal Server Error"),
    "503, wait for 30 years": _status("503 Service Unavailable", Retry_After="1000000000"),
    "503 as Yahoo writes it": _status(
        "503 Service Unavailable", b'{"chart": {"result": null, "error": {"code": "Down", "description": "Down"}}}'
    ),
    "999 nobody knows": _status("999 \x1b[2J"),
    "cookies without number": lambda one: one.send(
        [
            head(length=len(one.body)).replace(
                b"\r\n\r\n", b"".join(b"\r\nSet-Cookie: c%d=%s" % (n, b"x" * 4000) for n in range(70))
            )
            + b"\r\n\r\n"
            + one.body
        ]
    ),
    "codec that takes hours": lambda one: one.send(
        [answer(b"a" * 2_000_000 + b"-" + b"a" * 2_000_000).replace(b"json", b"json; charset=punycode", 1)]
    ),
}
"""What each kind of hostile server does with the request for a ticker's chart."""
