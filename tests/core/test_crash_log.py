"""The log of a bug: readable by the user alone, always a new file, and not ever more of them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from engine.core import crash_log
from engine.core.crash_log import MOST_LOGS, MOST_TEXT, write_crash_log
from tests.support.folder_state import folder_state


@pytest.fixture
def folder(monkeypatch, tmp_path: Path) -> Path:
    """The folder of logs, not made yet."""
    monkeypatch.setattr(crash_log, "user_log_path", lambda _: tmp_path / "logs")
    return tmp_path / "logs"


def crash(message: str = "lost") -> Path:
    try:
        {}[message]
    except KeyError:
        return write_crash_log()
    return Path()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_log_is_a_new_file_that_only_the_user_can_read(folder: Path) -> None:
    """It holds what was typed, whatever the umask is."""
    before = os.umask(0)
    try:
        first, second = crash(), crash()
    finally:
        os.umask(before)
    assert first != second
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert "KeyError: 'lost'" in first.read_text()


def test_only_the_last_logs_are_kept_and_files_of_others_stay(folder: Path) -> None:
    """A file with such a name that is no log, a link, and a log under another name are not the engine's to remove."""
    log = crash()
    (folder / "portfolio-engine-crash-aaaaaaaa.log").write_text("notes")
    (folder / "portfolio-engine-crash-bbbbbbbb.log").symlink_to(log)
    log.rename(folder / "my portfolio-engine-crash-cccccccc.log")
    for path in folder.iterdir():
        os.utime(path, (0, 0), follow_symlinks=False)
    before = folder_state(folder)
    oldest = crash()
    os.utime(oldest, (1, 1))
    for _ in range(MOST_LOGS):
        newest = crash()
    assert not oldest.exists()
    assert newest.exists()
    assert len(list(folder.iterdir())) == 3 + MOST_LOGS
    after = folder_state(folder)
    assert {path: state for path, state in before.items() if path != folder}.items() <= after.items()


def test_a_log_is_bounded_and_holds_both_its_ends(folder: Path) -> None:
    """A message may hold the input that it is about, and that may be anything."""
    text = crash(f"<begin>\ud800{'x' * 3 * MOST_TEXT}<end>").read_text()
    assert MOST_TEXT < len(text) < MOST_TEXT + 200
    assert "Traceback" in text
    assert "<begin>" in text
    assert "<end>" in text


def test_without_a_home_or_a_folder_the_log_is_in_the_temporary_folder(monkeypatch, tmp_path: Path, folder) -> None:
    """What cannot be kept there either is printed."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    folder.touch()
    assert crash().parent == tmp_path / "temporary"

    def homeless(_: str) -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(crash_log, "user_log_path", homeless)
    assert crash().parent == tmp_path / "temporary"
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "nothing"))
    assert crash() == Path("the text above")
