"""A folder is published whole: what was there before is replaced in one step, and what is not ours stays."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sys
import threading
import time
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.core import publication
from engine.core.errors import OutputError
from engine.core.publication import MARKER_FILE, lock_folder, stage_folder


def publish(folder: Path, text: str) -> None:
    with stage_folder(folder) as staging:
        for name in ("manifest", "table"):
            (staging / name).write_text(text)


def content(folder: Path) -> dict[str, str]:
    """Return what is in a folder, hidden or not, as paths and texts."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir())
    return {str(path.relative_to(folder)): path.read_text() for path in paths}


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """An old result in which a user has left a file, a sub-folder and a symbolic link, and closed it to others."""
    folder = tmp_path / "run"
    publish(folder, "old")
    (folder / "notes.txt").write_text("mine")
    (folder / "drafts" / "deep").mkdir(parents=True)
    (folder / "drafts" / "deep" / "note").write_text("mine")
    (folder / "link").symlink_to("notes.txt")
    folder.chmod(0o750)
    return folder


MINE = {"notes.txt": "mine", "drafts/deep/note": "mine", "link": "mine"}


def results(text: str) -> dict[str, str]:
    return {"manifest": text, "table": text}


def alone(folder: Path) -> bool:
    return list(folder.parent.iterdir()) == [folder]


def test_a_new_folder_appears_whole_and_with_ordinary_permissions(tmp_path: Path) -> None:
    publish(tmp_path / "a" / "b" / "run", "new")
    (tmp_path / "plain").mkdir()
    assert content(tmp_path) == {"a/b/run/manifest": "new", "a/b/run/table": "new"}
    assert (tmp_path / "a" / "b" / "run").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("exchange", [True, False])
def test_a_new_folder_is_seen_when_it_is_whole_unless_files_are_moved_one_by_one(
    tmp_path: Path, exchange: bool
) -> None:
    with stage_folder(tmp_path / "run", exchange=exchange) as staging:
        (staging / "table").write_text("new")
        assert (tmp_path / "run").exists() is not exchange
        assert staging.parent == (tmp_path if exchange else tmp_path / "run")
    assert content(tmp_path) == {"run/table": "new"}


@pytest.mark.parametrize("exchange", [True, False])
def test_what_is_the_users_stays(used: Path, monkeypatch: pytest.MonkeyPatch, exchange: bool) -> None:
    """Files, sub-folders, links and the folder's mode are as before, with an exchange and where there is none."""
    inode = (used / "notes.txt").stat().st_ino
    if not exchange:
        monkeypatch.setattr(publication, "_exchange", lambda one, other: False)
    publish(used, "new")
    assert content(used) == MINE | results("new")
    assert (used / "link").is_symlink()
    assert used.stat().st_mode & 0o777 == 0o750
    assert (used / "notes.txt").stat().st_ino == inode
    assert alone(used)


def test_a_folder_elsewhere_is_published_from_a_shell_whose_folder_is_gone(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = used.parent / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    publish(used, "new")
    assert content(used) == MINE | results("new")


@pytest.mark.parametrize(
    "library", [object(), SimpleNamespace(renameat2=lambda *_: -1, renamex_np=lambda *_: -1)], ids=["none", "refused"]
)
def test_what_a_c_library_cannot_exchange_is_moved(
    used: Path, monkeypatch: pytest.MonkeyPatch, library: object
) -> None:
    """An old one has no exchange, and some file systems refuse it: files are moved one by one."""
    monkeypatch.setattr("engine.core.publication.ctypes.CDLL", lambda name: library)
    publish(used, "new")
    assert content(used) == MINE | results("new")
    assert alone(used)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems forbid some of these names")
@pytest.mark.parametrize("name", [b"two words", b"two\nlines", b"latin \xfc", "ü".encode() * 127, "😀".encode() * 63])
def test_whatever_a_folder_is_called_what_is_the_users_stays(used: Path, name: bytes) -> None:
    """Names with lines broke the marker, so that sub-folders stayed in the staging folder; names not UTF-8 were a bug."""
    folder = used.rename(used.parent / os.fsdecode(name))
    publish(folder, "new")
    assert content(folder) == MINE | results("new")
    assert alone(folder)


def exchanges(place: Path) -> bool:
    """Tell whether the file system of ``place`` can exchange two folders."""
    (place / "one").mkdir(parents=True)
    (place / "two").mkdir()
    library = ctypes.CDLL(None)
    done = library.renameat2(-100, os.fsencode(place / "one"), -100, os.fsencode(place / "two"), 1 << 1)
    shutil.rmtree(place)
    return done == 0


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for an exchange")
@pytest.mark.parametrize("why_not", ["", "in it", "below it", "mounted", "parent closed", "no links"])
def test_a_folder_is_replaced_in_one_step_unless_something_forbids_it(
    used: Path, monkeypatch: pytest.MonkeyPatch, why_not: str
) -> None:
    """Another folder is there then; where this process stands in it, it is mounted or cannot be made anew, the same."""
    if not exchanges(used.parent / "asked"):
        pytest.skip("this file system exchanges no folders")
    access = os.access
    if why_not in {"in it", "below it"}:
        monkeypatch.chdir(used if why_not == "in it" else used / "drafts" / "deep")
    elif why_not == "mounted":
        monkeypatch.setattr(Path, "is_mount", lambda path: path == used)
    elif why_not == "parent closed":
        monkeypatch.setattr(os, "access", lambda path, mode: path != used.parent and access(path, mode))
    elif why_not == "no links":
        monkeypatch.setattr(os, "link", refused)
    before = used.stat().st_ino
    publish(used, "new")
    assert (used.stat().st_ino == before) is bool(why_not)
    assert content(used) == MINE | results("new")
    assert alone(used)


def refused(*_: object, **__: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_a_folder_that_is_made_meanwhile_keeps_what_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Just before the rename another process makes it; where nobody did, what the system said is raised."""
    rename = Path.rename

    def late(path: Path, target: Path) -> Path:
        if not target.exists():
            target.mkdir()
            (target / "notes.txt").write_text("mine")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)
    publish(tmp_path / "run", "new")
    assert content(tmp_path / "run") == {"notes.txt": "mine"} | results("new")
    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(PermissionError):
        publish(tmp_path / "other", "new")
    assert alone(tmp_path / "run")


def test_a_folder_that_is_closed_is_refused_before_anything_is_replaced(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: path != used)
    with pytest.raises(PermissionError, match="run"):
        publish(used, "new")
    assert content(used) == MINE | results("old")
    assert alone(used)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(
    ("marker", "found"), [("staged", "old"), ("committed", "half"), ("half", "old"), ("no text", "old"), ("", "old")]
)
def test_what_a_killed_process_staged_is_removed_or_moved_once_it_was_committed(
    used: Path, marker: str, found: str, inside: bool
) -> None:
    """Beside the folder or in it; a marker that is half written commits nothing, and an empty folder goes."""
    staging = (used if inside else used.parent) / f"{publication._staging_stem(used)}01234567.tmp"
    staging.mkdir()
    if marker:
        (staging / "table").write_text("half")
        publication._Marker(staging, ["table", "moved"], committed=marker != "staged").write(staging)
        text = (staging / MARKER_FILE).read_bytes()
        if marker in {"half", "no text"}:
            (staging / MARKER_FILE).write_bytes(text[:-1] if marker == "half" else b"\xff")
    with lock_folder(used):
        assert content(used) == MINE | {"manifest": "old", "table": found}
        assert alone(used)


def test_what_a_living_process_stages_stays(used: Path) -> None:
    """Another one that touches the folder meanwhile takes nothing of it away."""
    with stage_folder(used.parent / "run") as staging:
        (staging / "table").write_text("new")
        publication._settle(used)
        assert (staging / "table").read_text() == "new"
    assert content(used) == MINE | {"manifest": "old", "table": "new"}


def test_a_staging_folder_that_was_found_empty_and_removed_is_made_anew(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, removed = publication._Marker.write, []

    def late(marker: publication._Marker, folder: Path) -> None:
        if not removed:
            removed.append(folder)
            folder.rmdir()
        write(marker, folder)

    monkeypatch.setattr(publication._Marker, "write", late)
    publish(used, "new")
    assert content(used) == MINE | results("new")
    assert alone(used)


@pytest.mark.parametrize("length", [1, 39, 40, 41, 200])
def test_a_staging_folder_is_known_by_its_name_however_long_the_folder_s_is(tmp_path: Path, length: int) -> None:
    with stage_folder(tmp_path / ("x" * length)) as staging:
        assert publication._STAGING_NAME.fullmatch(staging.name)
        assert staging.name.startswith("." + "x" * min(length, 40) + "-")


def test_nothing_staged_is_nothing_published(used: Path) -> None:
    before = used.stat()
    with stage_folder(used):
        pass
    assert used.stat().st_ino == before.st_ino
    assert alone(used)


def test_a_fault_leaves_the_old_folder(used: Path) -> None:
    def write_half() -> None:
        with stage_folder(used) as staging:
            (staging / "manifest").write_text("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert content(used) == MINE | results("old")
    assert alone(used)


@pytest.mark.parametrize("make", [Path.mkdir, lambda place: place.symlink_to("notes.txt")])
def test_a_taken_place_is_refused(used: Path, make) -> None:
    """A folder or a symbolic link where a file has to go is named, and nothing is replaced."""
    (used / "table").unlink()
    make(used / "table")
    with pytest.raises(OutputError, match="table: a plain file is expected there"):
        publish(used, "new")
    assert (used / "manifest").read_text() == "old"
    assert alone(used)


def test_a_file_where_the_folder_goes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(OutputError, match="run: a folder is expected there"):
        publish(tmp_path / "run", "new")
    assert (tmp_path / "run").read_text() == "mine"


def test_what_a_user_changes_meanwhile_is_kept(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that an editor replaces, and a folder that is made, just before or after the exchange, are not lost."""
    exchange = publication._exchange

    def replace(folder: Path, name: str) -> None:
        (folder / "new").write_text("later")
        (folder / "new").replace(folder / name)

    def busy(staging: Path, folder: Path) -> bool:
        replace(folder, "notes.txt")
        (folder / "late").write_text("late")
        done = exchange(staging, folder)
        time.sleep(0.01)
        replace(folder, "link")
        (folder / "drafts").mkdir()
        (folder / "drafts" / "second").write_text("late")
        return done

    monkeypatch.setattr(publication, "_exchange", busy)
    publish(used, "new")
    found = {"notes.txt": "later", "link": "later", "late": "late", "drafts/second": "late", "drafts/deep/note": "mine"}
    assert content(used) == results("new") | found
    assert alone(used)


@pytest.mark.parametrize(("old", "kept"), [(1, "new"), (2, "old"), (3, "old")])
def test_of_two_files_of_one_name_the_later_is_carried_over(tmp_path: Path, old: int, kept: str) -> None:
    """Of two of one instant it is that which was there before."""
    for name, instant in (("old", old), ("new", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
        os.utime(tmp_path / name / "file", ns=(instant, instant))
    publication._carry_over(tmp_path / "old", tmp_path / "new", ())
    assert content(tmp_path) == {"new/file": kept}


def test_an_interrupt_waits_until_all_is_in_place(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = publication._exchange

    def interrupted(staging: Path, folder: Path) -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        return exchange(staging, folder)

    monkeypatch.setattr(publication, "_exchange", interrupted)
    with pytest.raises(KeyboardInterrupt):
        publish(used, "new")
    assert content(used) == MINE | results("new")
    assert alone(used)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_copy_of_a_folder_that_was_just_exchanged_takes_nothing(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a kill the folder is copied: the copy does not bring over what belongs to the other, which does later."""

    def killed(old: Path, new: Path, replaced: object) -> None:
        raise SystemError

    with monkeypatch.context() as patch:
        patch.setattr(publication, "_carry_over", killed)
        with pytest.raises(SystemError):
            publish(used, "new")
    assert (used / MARKER_FILE).exists()
    assert content(used).items() >= results("new").items()
    shutil.copytree(used, used.parent / "copy", symlinks=True)
    publish(used.parent / "copy", "newer")
    with lock_folder(used):
        assert content(used) == MINE | results("new")
    assert sorted(path.name for path in used.parent.iterdir()) == ["copy", "run"]


def test_a_staging_folder_that_is_asked_for_itself_keeps_its_files(used: Path) -> None:
    """It is not what was there before itself."""
    staging = used.parent / f"{publication._staging_stem(used)}01234567.tmp"
    staging.mkdir()
    (staging / "table").write_text("half")
    publication._Marker(staging, ["table"]).write(staging)
    with lock_folder(staging):
        assert (staging / "table").read_text() == "half"


@pytest.mark.parametrize("inode", ["1", "99999999999999999999"])
def test_a_folder_without_the_marker_is_never_touched(used: Path, inode: str) -> None:
    """Whatever its name is, and whatever marker it has from elsewhere."""
    stem = publication._staging_stem(used)
    foreign = used.parent / f"{stem}01234567.tmp"
    foreign.mkdir()
    (foreign / "mine").write_text("mine")
    copied = used.parent / f"{stem}76543210.tmp"
    copied.mkdir()
    (copied / MARKER_FILE).write_text(f"{copied.name}\n{inode}\ncommitted\nmine\nend")
    (copied / "mine").write_text("mine")
    publish(used, "new")
    assert content(used) == MINE | results("new")
    assert (foreign / "mine").exists()
    assert (copied / "mine").exists()


@pytest.mark.skipif(os.name != "posix", reason="pipes and links are POSIX")
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("notes.txt")])
def test_a_marker_that_is_no_file_is_not_read(used: Path, make) -> None:
    """A pipe has no end, and a link leads anywhere; both have the name of ours, and go."""
    make(used / MARKER_FILE)
    publish(used, "new")
    assert content(used) == MINE | results("new")
    assert alone(used)


def test_two_publications_take_their_places_one_after_the_other(used: Path) -> None:
    """While one is at work in a folder another one waits; what it waited for was replaced, and it finds what is there."""
    with lock_folder(used):
        others = [threading.Thread(target=publish, args=(used, text)) for text in "abc"]
        for other in others:
            other.start()
        time.sleep(0.1)
        assert content(used) == MINE | results("old")
    for other in others:
        other.join()
    assert content(used) in [MINE | results(text) for text in "abc"]
    assert alone(used)


@pytest.mark.parametrize("races", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_two_processes_that_publish_at_once_never_mix(races: int, used: Path) -> None:
    """Each race ends with the files of one of the two, and nothing else; so does what is read meanwhile."""
    context = get_context("spawn")
    barrier = context.Barrier(3)
    writers = [context.Process(target=_race, args=(barrier, used, races, letter)) for letter in "ab"]
    for writer in writers:
        writer.start()
    for race in range(races):
        barrier.wait()
        with lock_folder(used):
            assert len(set(content(used).items() - MINE.items())) == 2
            assert len({(used / name).read_text() for name in results("")}) == 1
        barrier.wait()
        assert content(used) in [MINE | results(f"{race}a"), MINE | results(f"{race}b")]
        assert alone(used)
    for writer in writers:
        writer.join()


def _race(barrier: Barrier, folder: Path, races: int, letter: str) -> None:
    for race in range(races):
        barrier.wait()
        publish(folder, f"{race}{letter}")
        barrier.wait()


def test_a_clock_that_was_set_back_changes_nothing(used: Path) -> None:
    """Files of the future are replaced, and those of the user kept, as any others."""
    for path in used.rglob("*"):
        os.utime(path, (4e9, 4e9), follow_symlinks=False)
    publish(used, "new")
    assert content(used) == MINE | results("new")
    assert alone(used)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("closed", [".", ".."])
def test_a_folder_that_cannot_be_written_to_stays_as_it_is(used: Path, closed: str) -> None:
    """Closed itself, or, where nothing can be made beside it, replaced file by file."""
    (used / closed).chmod(0o555)
    try:
        if closed == ".":
            with pytest.raises(PermissionError, match="run"):
                publish(used, "new")
        else:
            publish(used, "new")
    finally:
        (used / closed).chmod(0o755)
    assert content(used) == MINE | results("old" if closed == "." else "new")
    assert alone(used)
