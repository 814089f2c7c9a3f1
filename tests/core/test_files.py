"""Atomic writes: a reader finds the old content or the new one, and a failure names path and bytes."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path

import pytest

from engine.core.errors import DataError, OutputError
from engine.core.files import _is_alive, atomic_write, expand_home, file_sha256, lock_file

_FULL_DISK = """
import resource, sys
from pathlib import Path
from engine.core.errors import OutputError
from engine.core.files import atomic_write
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    atomic_write(Path(sys.argv[1]), b"new" * 100_000)
except OutputError as error:
    print(error)
    sys.exit(1)
"""


def test_content_arrives_and_folders_are_made(tmp_path: Path) -> None:
    """The bytes stand at the path, byte for byte, and nothing else is left in the folder."""
    path = tmp_path / "a" / "b" / "c.bin"
    atomic_write(path, b"\0one\r\n")
    atomic_write(path, b"two")
    assert path.read_bytes() == b"two"
    assert [one.name for one in path.parent.iterdir()] == ["c.bin"]


def test_text_is_utf8_with_its_own_line_ends(tmp_path: Path) -> None:
    """Line ends are not translated on any system."""
    atomic_write(tmp_path / "t.txt", "Köln\n".encode())
    assert (tmp_path / "t.txt").read_bytes() == "Köln\n".encode()


def test_a_new_file_has_ordinary_permissions(tmp_path: Path) -> None:
    """The file may be read by whom an ordinary file of this user may be read by."""
    (tmp_path / "plain").write_bytes(b"")
    atomic_write(tmp_path / "atomic", b"")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    """Neither the link nor its target is touched."""
    target = tmp_path / "target"
    target.write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to(target)
    with pytest.raises(OutputError, match="link: is a symbolic link"):
        atomic_write(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"old"


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """When the bytes do not fit, the old content stays, no temporary file is left, and the message names both."""
    path = tmp_path / "result.bin"
    path.write_bytes(b"old")
    run = subprocess.run([sys.executable, "-c", _FULL_DISK, str(path)], capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stderr
    assert f"{path}: cannot write 300,000 bytes" in run.stdout
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["result.bin"]


@pytest.mark.parametrize("place", ["folder", "file/inside"])
def test_an_impossible_place_is_named(tmp_path: Path, place: str) -> None:
    """A path that is a folder, or that leads through a file, ends as one line."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(
        OutputError, match=f"{place}: cannot write 3 bytes: (Is a directory|File exists); free"
    ) as caught:
        atomic_write(tmp_path / place, b"new")
    assert "\n" not in str(caught.value)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "folder"]


def test_an_interrupt_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stops the write, the folder is as it was."""

    def stop(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("engine.core.files.os.fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        atomic_write(tmp_path / "file", b"new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="folders reach the disk on POSIX")
def test_file_and_folder_reach_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The content before its name, under one that the next writer knows as ours, and the name after it."""
    seen: list[str | bool] = []

    def sync(descriptor: int) -> None:
        names = [re.sub(rf"-{os.getpid()}-[0-9a-f]{{12}}\.", "-PID-HEX.", path.name) for path in tmp_path.iterdir()]
        seen.extend([*names, stat.S_ISDIR(os.fstat(descriptor).st_mode)])

    monkeypatch.setattr("engine.core.files.os.fsync", sync)
    atomic_write(tmp_path / "file", b"new")
    assert seen == [".portfolio-engine-PID-HEX.tmp", False, "file", True]


def test_a_process_of_another_user_is_alive_and_a_number_that_is_none_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a process that may be there is removed."""

    def forbid(process: int, signal: int) -> None:
        assert signal == 0  # any other one would end it
        raise PermissionError

    assert _is_alive(os.getpid())
    assert not _is_alive(4194305)
    assert _is_alive(10**30)
    monkeypatch.setattr(os, "kill", forbid)
    assert _is_alive(4194305)


def test_a_home_is_found_or_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere/me")
    assert expand_home(Path("~/a"), "--out") == Path("/somewhere/me/a")
    with pytest.raises(DataError, match=r"--out: ~nobody-here/a: found no home folder for ~nobody-here; write the"):
        expand_home(Path("~nobody-here/a"), "--out")


def test_a_digest_is_that_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert file_sha256(tmp_path / "file").startswith("ba7816bf8f01cfea")


def _write_often(path: str, letter: str) -> None:
    for _ in range(50):
        atomic_write(Path(path), letter.encode() * 200_000)


def test_two_writers_never_mix(tmp_path: Path) -> None:
    """While two processes write the same file, every reading is whole and of one of them."""
    path = tmp_path / "raced"
    atomic_write(path, b"a" * 200_000)
    context = get_context("spawn")
    writers = [context.Process(target=_write_often, args=(str(path), letter)) for letter in "ab"]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        content = path.read_bytes()
        assert len(content) == 200_000
        assert len(set(content)) == 1
        seen.add(content[:1])
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert seen <= {b"a", b"b"}
    assert [one.name for one in tmp_path.iterdir()] == ["raced"]


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """Only the temporary file of a process that is dead, and only when nobody has it open to write."""
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    left = tmp_path / f".portfolio-engine-{int(dead.stdout)}-0123456789ab.tmp"
    alive = tmp_path / f".portfolio-engine-{os.getpid()}-0123456789ab.tmp"
    for path in (left, alive, tmp_path / ".portfolio-engine-mine.tmp"):
        path.write_bytes(b"half")
    atomic_write(tmp_path / "result", b"new")
    assert sorted(tmp_path.iterdir()) == sorted([alive, tmp_path / ".portfolio-engine-mine.tmp", tmp_path / "result"])


@pytest.mark.skipif(os.name != "posix", reason="links and pipes are POSIX")
def test_what_is_no_file_is_not_taken_for_one_that_a_dead_process_left(tmp_path: Path) -> None:
    """Links, folders and pipes that are called as the engine's temporary files; a pipe would never be read to its end."""
    dead = [tmp_path / f".portfolio-engine-4194305-{kind * 12}.tmp" for kind in "abcd"]
    dead[0].mkdir()
    dead[1].symlink_to(tmp_path / "theirs")
    os.mkfifo(dead[2])
    dead[3].touch()
    (tmp_path / "theirs").touch()
    atomic_write(tmp_path / "file", b"")
    assert {path.name for path in tmp_path.iterdir()} == {"file", "theirs", *(path.name for path in dead[:3])}


@pytest.mark.skipif(os.name != "posix", reason="locks of open files are POSIX")
def test_a_file_that_somebody_holds_is_not_removed_though_its_process_seems_dead(tmp_path: Path) -> None:
    """A container or another machine has processes of its own: the lock tells, not the number."""
    held = tmp_path / ".portfolio-engine-4194305-0123456789ab.tmp"
    with held.open("wb") as stream:
        assert lock_file(stream)
        with held.open("rb") as second, pytest.raises(BlockingIOError):
            lock_file(second, wait=False)
        atomic_write(tmp_path / "file", b"")
    assert held.exists()
