"""Compressed files: gzip, zip, xz and bzip2, told by their first bytes and unpacked within a limit."""

from __future__ import annotations

from typing import Final, Protocol

from engine.core.errors import DataError
from engine.core.shortlist import shortlist

_MAX_BYTES: Final = 500_000_000
_FREE_BYTES: Final = 16_000_000
_MAX_RATIO: Final = 100
"""Prices as text shrink to a fifth or a tenth; what grows more than this, beyond ``_FREE_BYTES``, is no price file."""
_OF_SYSTEMS: Final = ("__MACOSX/", ".DS_Store")


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


def is_zip(content: bytes) -> bool:
    """Tell a zip archive, as workbooks are as well."""
    return content.startswith(b"PK\x03\x04")


def decompress(file: str, content: bytes) -> bytes:
    """Return the bytes of the one file in ``content``, which may be compressed or not.

    Raises DataError for a damaged archive, one of several files, one with a password, and one that grows too large.
    """
    limit = min(_MAX_BYTES, max(_FREE_BYTES, _MAX_RATIO * len(content)))
    if content.startswith(b"\x1f\x8b"):
        return _unpack_gzip(file, content, limit)
    if content.startswith(b"\xfd7zXZ\x00"):
        import lzma  # noqa: PLC0415  (most files are not compressed)

        return _unpack_stream(file, content, lzma.LZMADecompressor, lzma.LZMAError, limit)
    if content.startswith(b"BZh") and content[4:10] == b"1AY&SY":
        import bz2  # noqa: PLC0415

        return _unpack_stream(file, content, bz2.BZ2Decompressor, OSError, limit)
    return _unpack_zip(file, content, limit) if is_zip(content) else content


def _unpack_gzip(file: str, content: bytes, limit: int) -> bytes:
    import gzip  # noqa: PLC0415
    import io  # noqa: PLC0415
    import zlib  # noqa: PLC0415

    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            unpacked = stream.read(limit + 1)
            return _within(file, unpacked, limit)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(file, error) from None


def _unpack_stream(
    file: str, content: bytes, decompressor: type[_Decompressor], fault: type[Exception], limit: int
) -> bytes:
    """Unpack the streams of ``content``, one after the other."""
    unpacked = b""
    try:
        while content:
            stream = decompressor()
            unpacked = _within(file, unpacked + stream.decompress(content, limit + 1 - len(unpacked)), limit)
            if not stream.eof:
                raise _damaged(file, "it is cut")
            content = stream.unused_data
    except (fault, EOFError) as error:
        raise _damaged(file, error) from None
    return unpacked


def _unpack_zip(file: str, content: bytes, limit: int) -> bytes:
    import io  # noqa: PLC0415
    import lzma  # noqa: PLC0415
    import zipfile  # noqa: PLC0415
    import zlib  # noqa: PLC0415

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [
                one
                for one in archive.infolist()
                if not one.filename.endswith("/") and not _is_of_a_system(one.filename)
            ]
            if len(members) != 1:
                held = shortlist((one.filename for one in members), 6) if members else "no file"
                message = f"found an archive of {held}, expected one file; unpack it and name the file or folder"
                raise DataError(f"{file}: {message}")
            with archive.open(members[0]) as stream:
                return _within(file, stream.read(limit + 1), limit)
    except RuntimeError as error:  # a password, or a method that this Python was built without
        raise DataError(f"{file}: found an archive that does not open ({error}); unpack it") from None
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, lzma.LZMAError) as error:
        raise _damaged(file, error) from None


def _is_of_a_system(name: str) -> bool:
    return name.startswith(_OF_SYSTEMS[0]) or name.endswith(_OF_SYSTEMS[1])


def _within(file: str, unpacked: bytes, limit: int) -> bytes:
    if len(unpacked) > limit:
        message = f"found more than {limit / 1e6:,.0f} MB inside, expected a price file; unpack it and have a look"
        raise DataError(f"{file}: {message}")
    return unpacked


def _damaged(file: str, fault: object) -> DataError:
    return DataError(f"{file}: found a damaged archive ({fault}), expected one that unpacks; fetch it again")
