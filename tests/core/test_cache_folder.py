"""Where compiled kernels and templates lie, who may have put them there, and what is removed."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.core import cache_folder
from engine.core.cache_folder import MARKER, MONTH, PRIVATE_FOLDER, find_cache_folder, hash_files, remove_stale_caches
from tests.support.folder_state import folder_state

NAME = "kernel-0.68.1-0123456789abcdef"
OTHER = "kernel-0.67.0-0123456789abcdef"

posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX")


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """A folder that the user names for caches, with one state in it."""
    home = tmp_path / "told"
    assert find_told(home)
    return home


def find_told(home: Path, name: str = NAME) -> Path | None:
    return find_cache_folder(name, home / "no package", str(home)).path


def leave_unused(state: Path, seconds: float = MONTH + 60) -> None:
    """Make a state one that was used so long ago."""
    before = time.time() - seconds
    os.utime(state / MARKER, (before, before))


def test_compiled_things_lie_beside_the_sources_or_with_the_user_or_where_it_is_told(
    monkeypatch, tmp_path: Path
) -> None:
    """The first place that can be used is taken; a place that is told has no other beside it."""
    package, home = tmp_path / "package", tmp_path / "home"
    package.mkdir()
    monkeypatch.setattr(cache_folder.platformdirs, "user_cache_path", lambda: home)
    assert find_cache_folder(NAME, package).path == package / "__pycache__" / PRIVATE_FOLDER / NAME
    other = tmp_path / "other"
    other.touch()  # no folder can be made there
    assert find_cache_folder(NAME, other).path == home / PRIVATE_FOLDER / NAME

    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(cache_folder.platformdirs, "user_cache_path", homeless)
    assert find_cache_folder(NAME, other) == (None, "no home")
    assert find_cache_folder(NAME, package).path == package / "__pycache__" / PRIVATE_FOLDER / NAME
    assert find_told(tmp_path / "told") == tmp_path / "told" / PRIVATE_FOLDER / NAME


@posix
def test_folders_are_private_whatever_the_umask(tmp_path: Path) -> None:
    """Nobody else can enter what is made, also for a user who keeps everything open to all."""
    before = os.umask(0)
    try:
        found = find_told(tmp_path / "new" / "told")
    finally:
        os.umask(before)
    assert found
    assert {place.stat().st_mode & 0o777 for place in (found, *found.parents[:3])} == {0o700}


@posix
@pytest.mark.parametrize("place", [PRIVATE_FOLDER, f"{PRIVATE_FOLDER}/{NAME}", "."])
@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_what_others_could_have_written_is_not_used(monkeypatch, told: Path, place: str, mode: int) -> None:
    """A cache in which others can write, or in whose place they can put another, is left as it is and not loaded."""
    monkeypatch.setattr(cache_folder, "_is_own_group", lambda _: False)
    (told / place).chmod(mode)
    before = folder_state(told)
    folder, refusal = find_cache_folder(NAME, told, str(told))
    assert (folder, refusal) == (None, f"{(told / place)}: others can write there")
    assert folder_state(told) == before


@posix
@pytest.mark.parametrize(
    ("name", "members", "first", "own"),
    [("me", [], 0, True), ("me", ["you"], 0, False), ("staff", [], 0, False), ("me", [], 1, False)],
)
def test_a_folder_can_be_open_to_the_group_that_holds_nobody_but_the_user(
    monkeypatch, told: Path, name: str, members: list[str], first: int, own: bool
) -> None:
    """As OpenSSH decides on Debian: the user's first group, of the user's name, with nobody else in it."""
    import grp
    import pwd

    group = told.stat().st_gid
    monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_gid=group + first, pw_name="me"))
    monkeypatch.setattr(grp, "getgrgid", lambda gid: SimpleNamespace(gr_gid=gid, gr_name=name, gr_mem=members))
    told.chmod(0o770)
    assert (find_told(told) is not None) == own
    (told / PRIVATE_FOLDER).chmod(0o770)  # never made so by the engine
    assert find_told(told) is None


@posix
def test_a_temporary_folder_of_the_system_can_be_told(told: Path) -> None:
    """Where everybody can write but nobody can rename what is another's, a private folder is safe."""
    told.chmod(0o1777)
    assert find_told(told)


@posix
def test_what_belongs_to_somebody_else_is_not_used_and_nothing_is_left_there(monkeypatch, told: Path) -> None:
    """As root over a user's folder: neither is the user's cache loaded nor one of root's made."""
    before = folder_state(told)
    monkeypatch.setattr(cache_folder.os, "geteuid", lambda: told.stat().st_uid + 1)
    if told.stat().st_uid == 0:  # what is the system's can hold a private folder
        assert find_cache_folder(NAME, told, str(told)).refusal == f"{told / PRIVATE_FOLDER}: belongs to another user"
    else:
        assert find_cache_folder(NAME, told, str(told)).refusal == f"{told}: belongs to another user"
        assert find_told(told / "new") is None
    assert folder_state(told) == before


@posix
def test_root_leaves_nothing_in_the_folder_of_a_user(monkeypatch, tmp_path: Path) -> None:
    """What root makes there the user could neither use nor remove."""
    if os.geteuid() == 0:
        os.chown(tmp_path, 54_321, -1)
    else:
        another = os.geteuid() + 1
        monkeypatch.setattr(cache_folder.os, "geteuid", lambda: another)
    for home in (tmp_path, tmp_path / "new" / "folder"):
        assert find_cache_folder(NAME, home, str(home)) == (None, f"{tmp_path}: belongs to another user")
    assert not list(tmp_path.iterdir())


def test_links_are_not_followed(told: Path, tmp_path: Path) -> None:
    """Neither the private folder nor a state in it may be a link, whoever has made it."""
    state = told / PRIVATE_FOLDER / NAME
    state.rename(tmp_path / "state")
    state.symlink_to(tmp_path / "state")
    assert find_cache_folder(NAME, told, str(told)) == (None, f"{state}: is a link or no folder")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / PRIVATE_FOLDER).symlink_to(told / PRIVATE_FOLDER)
    assert find_told(tmp_path / "linked") is None


def test_a_folder_of_somebody_elses_with_the_name_of_a_state_is_not_used(told: Path) -> None:
    """Without the marker it is not the engine's, though the name fits."""
    mine = told / PRIVATE_FOLDER / OTHER
    mine.mkdir()
    (mine / "notes").write_text("mine")
    assert find_told(told, OTHER) is None
    os.mkfifo(mine / MARKER) if os.name == "posix" else (mine / MARKER).mkdir()
    assert find_cache_folder(OTHER, told, str(told)).refusal == f"{mine}: is not a cache of the engine"
    assert sorted(path.name for path in mine.iterdir()) == [MARKER, "notes"]


def test_of_two_processes_that_make_a_folder_at_once_both_use_it(told: Path) -> None:
    """The later one finds it made, with its marker and what is in it already, and leaves nothing else behind."""
    state = told / PRIVATE_FOLDER / NAME
    (state / ("0" * 40)).touch()
    before = {path.name for path in state.parent.iterdir()}
    cache_folder._make_state(state)
    assert find_told(told) == state
    assert {path.name for path in state.parent.iterdir()} == before
    assert {path.name for path in state.iterdir()} == {MARKER, "0" * 40}


def test_a_state_is_removed_after_a_month_without_use_and_two_in_use_leave_each_other_alone(told: Path) -> None:
    """Two versions side by side keep theirs; what has served nobody for a month goes."""
    state, other = told / PRIVATE_FOLDER / NAME, find_told(told, OTHER)
    assert other
    (other / "kernel_5f").mkdir()
    for name in ("stop.sell-12.py312.nbi", "stop.sell-12.py312.1.nbc", "stop.sell-12.py312.1.nbc.tmp.0123456789abcdef"):
        (other / "kernel_5f" / name).touch()
    (other / ("0" * 40)).touch()
    leave_unused(other, MONTH - 60)
    remove_stale_caches(state)
    assert len(list(other.rglob("*"))) == 6
    leave_unused(other)
    assert find_told(told, OTHER)  # its version is used again
    remove_stale_caches(state)
    assert other.exists()
    leave_unused(other)
    remove_stale_caches(state)
    remove_stale_caches(None)
    assert [path.name for path in (told / PRIVATE_FOLDER).iterdir()] == [NAME]


def test_nothing_of_somebody_elses_is_removed(told: Path) -> None:
    """Names that begin as the engine's do, folders without its marker, links, and files in a state that it never wrote."""
    private = told / PRIVATE_FOLDER
    state, other = private / NAME, find_told(told, OTHER)
    assert other
    (other / "notes").mkdir()
    (other / "notes" / "kernel.nbi").write_text("not numba's")
    (other / "linked.x-1.py312.nbi").symlink_to(other / "notes" / "kernel.nbi")
    (other / "kernel.x-1.py312.nbi.bak").write_text("mine")
    for name in ("kernel-backup", "templates-old", "kernel-0.66.0-fedcba9876543210", f"{OTHER}-copy"):
        (private / name).mkdir()
        (private / name / ("a" * 40)).write_text("mine")
    (private / f"{OTHER}-copy" / MARKER).write_bytes(cache_folder.MARK)
    (private / "kernel-0.66.0-fedcba9876543210" / MARKER).write_bytes(b"Signature: of another program")
    leave_unused(private / "kernel-0.66.0-fedcba9876543210")
    (private / "kernel-0.66.0-aaaaaaaaaaaaaaaa").symlink_to(private / f"{OTHER}-copy")
    leave_unused(other)
    leave_unused(private / f"{OTHER}-copy")
    before = folder_state(told)
    remove_stale_caches(state)
    after = folder_state(told)
    changed = {path for path in before if before[path] != after.get(path)}
    assert changed == {private / OTHER / MARKER, private / OTHER}  # the folder's own time


def test_a_state_is_named_by_the_names_and_contents_of_its_files(tmp_path: Path) -> None:
    """Any edit, and a file that is new or renamed, makes another state."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("text")
    before = hash_files([one])
    other.write_text("text")
    assert len({before, hash_files([other]), hash_files([one, other])}) == 3
    one.write_text("texts")
    assert hash_files([one]) != before
