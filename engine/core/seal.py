"""Files that carry their own SHA-256, in their text or before it: no bit of one can turn unnoticed."""

from __future__ import annotations

import hashlib
from typing import Final

BLANK: Final = "0" * 64
"""What stands after the label of a seal before it is taken, and while it is."""
_DIGEST_SIZE: Final = hashlib.sha256().digest_size


def seal(content: bytes, label: bytes) -> bytes:
    """Return ``content`` with its SHA-256 in place of the blank after the last ``label``."""
    at = content.rindex(label + BLANK.encode()) + len(label)
    return content[:at] + hashlib.sha256(content).hexdigest().encode() + content[at + len(BLANK) :]


def is_sealed(content: bytes, label: bytes) -> bool:
    """Tell whether the digits after the last ``label`` are the SHA-256 of all the rest."""
    at = content.rfind(label) + len(label)
    blank = content[:at] + BLANK.encode() + content[at + len(BLANK) :]
    return at >= len(label) and content[at : at + len(BLANK)] == hashlib.sha256(blank).hexdigest().encode()


def prepend_digest(content: bytes) -> bytes:
    """Return ``content`` after its SHA-256."""
    return hashlib.sha256(content).digest() + content


def strip_digest(content: bytes) -> bytes | None:
    """Return what stands after its SHA-256, None where that is another's."""
    rest = content[_DIGEST_SIZE:]
    return rest if prepend_digest(rest) == content else None
