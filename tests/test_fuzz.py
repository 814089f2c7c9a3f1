"""No bytes in place of a config or a file beside it end in a traceback: some of each kind; ``make fuzz`` has the rest."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support import fuzzed_configs, fuzzed_files, watched_commands
from tests.support.fuzz import MAKERS, warm_up
from tests.support.fuzzed_files import KINDS
from tests.support.watched_commands import Answer, ask, fault_of, watch


def test_fuzzed_configs_are_checked_or_refused() -> None:
    """Each refusal is lines of file, fault and remedy, soon and in little memory."""
    warm_up()
    assert watch(fuzzed_configs.make_config, range(50)).failures == []


def test_fuzzed_files_are_read_or_refused() -> None:
    """As above, of files that a config names."""
    assert watch(fuzzed_files.make_file, range(50)).failures == []


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, one in KINDS.items() for name in one.originals])
def test_undamaged_files_are_accepted(kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise all that damage does is hidden behind a refusal of what was there before."""
    monkeypatch.chdir(tmp_path)
    for file, text in ({"p.csv": KINDS["prices"].originals["p.csv"]} | {name: KINDS[kind].originals[name]}).items():
        Path(file).write_text(text)
    Path("c.yaml").write_text(KINDS[kind].plan(name))
    assert ask(*KINDS[kind].words).err == ""


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(0, "fine\n", "", 0.0), ""),
        (Answer(1, "", "error: c.yaml:1: found x; write y\n", 0.0), ""),
        (Answer(1, "", "error: c.yaml:1: found x\n", 0.0), "no remedy"),
        (Answer(1, "", "error: found x; write y\n", 0.0), "not located"),
        (Answer(1, "", "", 0.0), "no word"),
        (Answer(0, "\x1b[2J", "", 0.0), "control characters"),
        (Answer(1, "", "Traceback (most recent call last)", 0.0), "a traceback"),
        (Answer(3, "", "this is a bug", 0.0), "a bug"),
    ],
)
def test_what_is_wrong_with_an_answer_is_noticed(answer: Answer, fault: str) -> None:
    """The judge of a hundred thousand answers can tell."""
    found = fault_of(answer, ("c.yaml",))
    assert found.startswith(fault) if fault else found == ""


def hang(_: int, __: Path) -> None:
    """Take processor time for ever, as a parser may."""
    while True:
        random.random()


def test_an_input_that_hangs_is_counted_and_the_next_one_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop without end must not look like a test that is not done yet."""
    monkeypatch.setattr(watched_commands, "KILLED_AFTER_SECONDS", 0.1)
    assert [seed for _, seed, _ in watch(hang, range(2)).failures] == [0, 1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in MAKERS if kind not in {"places", "bombs"}])
def test_many_fuzzed_inputs_are_read_or_refused(kind: str) -> None:
    """As above, more of every kind, finished runs and sweeps among them."""
    assert watch(MAKERS[kind], range(200)).failures == []


@pytest.mark.slow
def test_what_is_no_file_is_refused_in_place_of_one() -> None:
    """Folders, pipes, sockets, devices, links and files that are too large, in the place of each kind of file."""
    assert watch(fuzzed_files.make_place, range(fuzzed_files.PLACE_COUNT)).failures == []


@pytest.mark.slow
def test_what_unpacks_or_parses_to_very_much_is_refused() -> None:
    """Archives, workbooks, tables of a million columns or three hundred million rows, cells of 16 MB."""
    assert watch(fuzzed_files.make_bomb, range(2 * len(fuzzed_files.BOMBS))).failures == []
