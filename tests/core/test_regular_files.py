"""Plain files are read, whatever else stands in their place is named; a seal covers every byte of a file."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from engine.core.json_files import json_depth
from engine.core.regular_files import read_regular, regular_sha256
from engine.core.seal import BLANK, is_sealed, prepend_digest, seal, strip_digest


def test_a_file_of_the_most_bytes_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    """Both readers hold the same bound, and an empty file is a file."""
    path = tmp_path / "file"
    for size in (0, 10):
        path.write_bytes(b"x" * size)
        assert read_regular(path, size) == b"x" * size
        assert regular_sha256(path, size) == hashlib.sha256(b"x" * size).hexdigest()
    for read in (read_regular, regular_sha256):
        with pytest.raises(OSError, match="10 bytes, at most 9 are read"):
            read(path, 9)
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "none", 9)


def test_what_is_no_file_is_told_by_its_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link to a file, to nothing and to itself; a pipe without a writer; a folder, a device and a socket."""
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(b"x")
    for name, target in (("link", "file"), ("loose", "none"), ("loop", "loop")):
        Path(name).symlink_to(target)
    os.mkfifo("pipe")
    Path("folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        kinds = dict.fromkeys(("link", "loose", "loop"), "a symbolic link") | {"pipe": "a named pipe"}
        for name, kind in (
            kinds | {"folder": "a folder", "/dev/zero": "a device or socket", "socket": "a device or socket"}
        ).items():
            with pytest.raises(OSError, match=f"{kind}, a plain file is expected"):
                read_regular(Path(name), 9)


def test_what_is_put_there_after_it_was_looked_at_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the opening a file may be exchanged for a link or a pipe: neither is read nor waited for."""
    whole, link, pipe = tmp_path / "whole", tmp_path / "link", tmp_path / "pipe"
    whole.write_bytes(b"x")
    link.symlink_to(whole)
    os.mkfifo(pipe)
    status = whole.lstat()
    monkeypatch.setattr(Path, "lstat", lambda path: status)
    for path in (link, pipe):
        with pytest.raises(OSError, match=r"symbolic link|a named pipe"):
            read_regular(path, 9)


def test_every_bit_of_a_sealed_text_counts() -> None:
    """The label, the digits, what stands before and after them; and a file without a seal has none."""
    content = seal(b"before seal:" + BLANK.encode() + b" after", b"seal:")
    assert is_sealed(content, b"seal:")
    assert not is_sealed(b"before", b"seal:")
    assert not is_sealed(b"", b"seal:")
    for bit in range(8 * len(content)):
        turned = bytearray(content)
        turned[bit // 8] ^= 1 << bit % 8
        assert not is_sealed(bytes(turned), b"seal:")
    with pytest.raises(ValueError, match="not found"):
        seal(content, b"seal:")


@pytest.mark.parametrize("place", [0, 1, 59, 100, 1000])
def test_a_seal_stands_at_any_place_of_a_file(place: int) -> None:
    """Before it and after it all is as it was, and the digits are the SHA-256 of the file with the blank."""
    blank = b"x" * place + b"seal:" + BLANK.encode() + b" after"
    digits = hashlib.sha256(blank).hexdigest().encode()
    assert seal(blank, b"seal:") == blank.replace(BLANK.encode(), digits)
    assert is_sealed(blank.replace(BLANK.encode(), digits), b"seal:")


def test_what_stands_after_its_digest_comes_back_and_what_stands_after_another_s_does_not() -> None:
    """Also when it is empty; and what is too short for a digest has none."""
    for rest in (b"", b"rest"):
        whole = prepend_digest(rest)
        assert whole == hashlib.sha256(rest).digest() + rest
        assert strip_digest(whole) == rest
        for wrong in (whole + b"x", b"\x00" * 32 + rest, b"\xff" * 32 + rest, whole[:-1], b""):
            assert strip_digest(wrong) is None


def test_depth_is_counted_outside_of_texts() -> None:
    """Escaped quotes, texts without an end and brackets that do not fit neither hide a level nor take long."""
    assert json_depth(b'"[[[" 1') == 0
    assert json_depth(rb'["\"[[[", {"a\\": [1]}]') == 3
    assert json_depth(b"[" * 1000 + b"]" * 1000) == 1000
    assert json_depth(b"]]][") == 0
    assert json_depth(rb'["\"' + rb"\"" * 500_000) == 1
