"""A folder for a while is there as long as its process, and takes no folder of another with it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from engine.core.scratch import MARKER_FILE, scratch_folder


@pytest.fixture(name="place")
def place_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def make(place: Path, name: str, *files: str) -> Path:
    folder = place / name
    (folder / "run").mkdir(parents=True)
    for file in files:
        (folder / file).write_text("")
    return folder


def test_nothing_is_left_whatever_ends_it(place: Path) -> None:
    def interrupted() -> None:
        with scratch_folder() as folder:
            (folder / "run").mkdir()
            (folder / "run" / "file").write_text("")
            (folder / "file").write_text("")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not list(place.iterdir())


def test_what_a_killed_process_left_is_removed_by_the_next(place: Path) -> None:
    """Whatever is in it; also the empty one of a process that was killed before it could mark it."""
    make(place, "portfolio-engine-scratch-0123456789abcdef", MARKER_FILE, "run/file", "0.csv")
    (place / "portfolio-engine-scratch-fedcba9876543210").mkdir()
    with scratch_folder() as folder:
        assert list(place.iterdir()) == [folder]


def test_a_folder_in_use_stays(place: Path) -> None:
    with scratch_folder() as first, scratch_folder() as second:
        assert {first, second} == set(place.iterdir())


def test_nothing_of_another_is_removed(place: Path) -> None:
    """Neither what has no marker or another name, nor what a link leads to."""
    kept = {
        make(place, "portfolio-engine-scratch-0123456789abcdef", "run/file"),
        make(place, "portfolio-engine-scratch-abc", MARKER_FILE),
        make(place, "portfolio-engine-scratch", MARKER_FILE),
    }
    link = place / "portfolio-engine-scratch-aaaaaaaaaaaaaaaa"
    link.symlink_to(place / "portfolio-engine-scratch")
    own = make(place, "portfolio-engine-scratch-1111111111111111", MARKER_FILE)
    (own / "elsewhere").symlink_to(place / "portfolio-engine-scratch")
    with scratch_folder():
        pass
    assert set(place.iterdir()) == {*kept, link}
    assert all((folder / "run").is_dir() for folder in kept)
