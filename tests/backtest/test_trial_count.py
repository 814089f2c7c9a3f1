"""How many variants were tried is counted in files of the engine's own, and in nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.backtest import trial_count
from engine.backtest.trial_count import record_trials
from tests.support.folder_state import folder_state

DATA, PLAN, OTHER = (letter * 64 for letter in "abc")


@pytest.fixture
def file(monkeypatch, tmp_path: Path) -> Path:
    """The file that counts what was run on some data, not made yet."""
    monkeypatch.setattr(trial_count, "user_state_path", lambda _: tmp_path)
    return tmp_path / "trials" / f"{DATA[:32]}.txt"


def test_different_plans_and_variants_add_up_and_the_same_plan_counts_once(file: Path) -> None:
    """One line a plan, or a sweep with its number of variants."""
    assert [record_trials(DATA, PLAN), record_trials(DATA, PLAN), record_trials(DATA, OTHER, 500)] == [1, 1, 501]
    assert file.read_text() == f"{PLAN}\n{OTHER}x500\n"
    assert record_trials(OTHER, PLAN) == 1


@pytest.mark.parametrize("content", ["notes", f"{PLAN}\nnotes\n", f"{PLAN}x\n", "é", f"{PLAN}x{'9' * 5000}"])
def test_a_file_of_somebody_elses_is_left_as_it_is(file: Path, content: str) -> None:
    """Whatever stands where the count should be."""
    file.parent.mkdir()
    file.write_text(content, encoding="utf-8")
    before = folder_state(file.parent)
    assert record_trials(DATA, OTHER) == 0
    assert folder_state(file.parent) == before


@pytest.mark.skipif(os.name != "posix", reason="links and pipes are POSIX")
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("target")])
def test_a_link_is_not_followed_and_a_pipe_not_waited_for(file: Path, make) -> None:
    """Nothing is written through them."""
    file.parent.mkdir()
    (file.parent / "target").write_text(PLAN)
    make(file)
    before = folder_state(file.parent)
    assert record_trials(DATA, OTHER) == 0
    assert folder_state(file.parent) == before


def test_without_a_home_nothing_is_counted(monkeypatch) -> None:
    """A service may have none."""

    def homeless(_: str) -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(trial_count, "user_state_path", homeless)
    assert record_trials(DATA, PLAN) == 0


def test_a_line_that_a_killed_process_began_is_cut_off(file: Path) -> None:
    """What was counted before stays counted, and the plan of the broken line counts once when it is run again."""
    record_trials(DATA, PLAN)
    whole = file.read_bytes()
    for begun in (b"b", b"b" * 64, b"b" * 64 + b"x", b"b" * 64 + b"x1"):
        file.write_bytes(whole + begun)
        assert record_trials(DATA, "b" * 64, 12) == 13
        assert file.read_bytes() == whole + b"b" * 64 + b"x12\n"
