"""What was tried is counted in files of the engine's own, each line chained to the one before."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from engine.core.errors import DataError
from engine.evidence import trial_registry
from engine.evidence.trial_registry import read_registries, record_trials
from tests.support.folder_state import folder_state

DATA, PLAN, OTHER = (letter * 64 for letter in "abc")


@pytest.fixture
def file(monkeypatch, tmp_path: Path) -> Path:
    """The registry of some data, not made yet."""
    monkeypatch.setattr(trial_registry, "user_state_path", lambda _: tmp_path)
    return tmp_path / "trials" / f"{DATA}.txt"


def test_different_plans_and_variants_add_up_and_the_same_plan_counts_once(file: Path) -> None:
    """One line a plan, or a sweep with its number of variants; other data have another file."""
    assert [record_trials(DATA, PLAN), record_trials(DATA, PLAN), record_trials(DATA, OTHER, 500)] == [1, 1, 501]
    assert record_trials(OTHER, PLAN) == 1
    assert [(one.data, one.plans, one.variants) for one in read_registries()] == [(DATA, 2, 501), (OTHER, 1, 1)]


def test_each_line_carries_the_hash_of_the_one_before_and_of_its_own_content(file: Path) -> None:
    """The chain begins with the data's hash; recomputed here from the text alone."""
    record_trials(DATA, PLAN)
    record_trials(DATA, OTHER, 500)
    chain = DATA
    for line, variants in zip(file.read_text().splitlines(), (1, 500), strict=True):
        said, found = line.rsplit(" ", 1)
        chain = hashlib.sha256(f"{chain} {said}".encode()).hexdigest()
        assert (found, said.split()[2]) == (chain, str(variants))


def _without_first(lines: list[str]) -> list[str]:
    return lines[1:]


def _fewer_variants(lines: list[str]) -> list[str]:
    return [lines[0], lines[1].replace(" 500 ", " 5 "), lines[2]]


def _swapped(lines: list[str]) -> list[str]:
    return [lines[1], lines[0], lines[2]]


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (_without_first, 1),
        (_fewer_variants, 2),
        (_swapped, 1),
        (lambda lines: [lines[0], lines[2]], 2),
        (lambda lines: [*lines, lines[2]], 4),
        (lambda lines: [*lines, "notes"], 4),
        (lambda lines: [lines[0], "", *lines[1:]], 2),
    ],
)
def test_an_edited_registry_is_named_by_file_and_line_and_left_as_it_is(file: Path, edit, line: int) -> None:
    """It is never counted silently, neither by a run nor in the list."""
    for plan, variants in ((PLAN, 1), (OTHER, 500), ("d" * 64, 3)):
        record_trials(DATA, plan, variants)
    file.write_text("\n".join(edit(file.read_text().splitlines())) + "\n")
    before = folder_state(file.parent)
    with pytest.raises(DataError, match=rf"{DATA}\.txt, line {line}: is not as it was written"):
        record_trials(DATA, "e" * 64)
    with pytest.raises(DataError, match=rf"line {line}:"):
        read_registries()
    assert folder_state(file.parent) == before


def test_a_registry_of_other_data_is_no_registry_of_these(file: Path) -> None:
    """A file that is copied under another name breaks the chain at its first line."""
    record_trials(OTHER, PLAN)
    file.with_name(f"{OTHER}.txt").rename(file)
    with pytest.raises(DataError, match="line 1:"):
        record_trials(DATA, OTHER)


@pytest.mark.parametrize("content", [b"notes", b"notes\n", "é".encode(), b"\xff\x00"])
def test_a_file_of_somebody_elses_is_left_as_it_is(file: Path, content: bytes) -> None:
    """Whatever stands where the registry should be."""
    file.parent.mkdir()
    file.write_bytes(content)
    before = folder_state(file.parent)
    with pytest.raises(DataError, match="line 1:"):
        record_trials(DATA, OTHER)
    assert folder_state(file.parent) == before


@pytest.mark.skipif(os.name != "posix", reason="links and pipes are POSIX")
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("target")])
def test_a_link_is_not_followed_and_a_pipe_not_waited_for(file: Path, make) -> None:
    """Nothing is written through them, and the list is without them."""
    file.parent.mkdir()
    (file.parent / "target").write_text(PLAN)
    make(file)
    before = folder_state(file.parent)
    assert (record_trials(DATA, OTHER), read_registries()) == (0, [])
    assert folder_state(file.parent) == before


def test_without_a_home_nothing_is_counted(monkeypatch) -> None:
    """A service may have none."""

    def homeless(_: str) -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(trial_registry, "user_state_path", homeless)
    assert (record_trials(DATA, PLAN), read_registries()) == (0, [])


def test_a_line_that_a_killed_process_began_is_cut_off(file: Path) -> None:
    """What was counted before stays counted, wherever in the line it ended; the list is without the broken line."""
    record_trials(DATA, PLAN)
    whole = file.read_bytes()
    record_trials(DATA, OTHER, 12)
    line = file.read_bytes()[len(whole) :]
    for length in range(1, len(line)):
        file.write_bytes(whole + line[:length])
        assert read_registries()[0].variants == 1
        assert record_trials(DATA, OTHER, 12) == 13
        assert file.read_bytes().count(b"\n") == 2
        assert read_registries()[0].variants == 13
