"""Bytes as text: UTF-8 and UTF-16 by their marks and rules, and what Windows writes in Western Europe otherwise."""

from __future__ import annotations

import codecs
import re
from typing import Final

from engine.core.errors import DataError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as the next one does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL: Final = bytes({*range(9), *range(14, 26), *range(27, 32), 127})
_NO_TEXT: Final = re.compile(f"[{re.escape(_CONTROL.decode())}]")


def decode_text(file: str, content: bytes, encoding: str | None) -> tuple[str, tuple[str, ...]]:
    """Return the text of ``content`` and what was assumed about its encoding.

    Parameters
    ----------
    file : its name, for messages
    content : a byte order mark wins, then what is UTF-16 by its zeros, then UTF-8, then Windows-1252
    encoding : what its owner says it is, None for nothing

    Raises
    ------
    DataError
        When it is no text, or none in that encoding.

    """
    notes: tuple[str, ...] = ()
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    if encoding is not None:
        text = _decode_as(file, content, encoding).removeprefix("\ufeff")
    elif codec := marked or _utf16_without_mark(content):
        text = _decode_as(file, content, codec).removeprefix("\ufeff")
    else:
        text, notes = _decode_unmarked(file, content)
    text = text.rstrip("\x1a\r\n ")  # the end of a file of old
    found = _NO_TEXT.search(text) if _has_control(text) else None
    if found:
        line = text.count("\n", 0, found.start()) + 1
        message = f"found the byte {ord(found[0]):#04x}, which no text has, expected CSV; save it as CSV in UTF-8"
        raise DataError(f"{file}:{line}: {message}")
    return text, notes


def _has_control(text: str) -> bool:
    """Tell quickly for plain text."""
    return not text.isascii() or len(text.encode().translate(None, _CONTROL)) < len(text)


def _decode_as(file: str, content: bytes, encoding: str) -> str:
    try:
        codec = codecs.lookup(encoding)
        text, _ = codec.decode(content)
    except LookupError:
        message = f"found encoding: {encoding!r}, expected a known one; write utf-8, utf-16, cp1252 or the like"
        raise DataError(f"{file}: {message}") from None
    except (UnicodeError, ValueError) as error:
        message = f"found no {encoding} text ({error}); write the right `encoding:` or save it as CSV in UTF-8"
        raise DataError(f"{file}: {message}") from None
    if not isinstance(text, str):
        raise DataError(f"{file}: found encoding: {encoding!r}, which makes no text; write utf-8, cp1252 or the like")
    return text


def _utf16_without_mark(content: bytes) -> str | None:
    """Tell UTF-16 by zeros in every other byte."""
    head = content[:4096]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if len(content) % 2 == 0 and 2 * max(even, odd) > len(head) // 2 and min(even, odd) == 0:
        return "utf-16-le" if odd > even else "utf-16-be"
    return None


def _decode_unmarked(file: str, content: bytes) -> tuple[str, tuple[str, ...]]:
    try:
        return content.decode("utf-8"), ()
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError:
            message = "found text that is neither UTF-8 nor Windows-1252, expected one of them"
            remedy = "write its `encoding:`, as utf-16, gbk or cp1251, or save it as CSV in UTF-8"
            raise DataError(f"{file}:{line}: {message}; {remedy}") from None
    note = f"{file}: is not UTF-8 (line {line}) and was read as Windows-1252 (`encoding:` settles it)"
    return text, (note,)
