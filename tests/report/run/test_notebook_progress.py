"""What takes a while, below the cell of a notebook."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from engine.core.waiting import WAITING
from engine.report import notebook_progress
from engine.report.notebook_progress import show_progress


class Cell:
    """A cell's output, as IPython keeps it: every text that it ever had."""

    def __init__(self, *, kernel: bool) -> None:
        self.texts: list[str] = []
        self.module = ModuleType("IPython")
        shell = SimpleNamespace(kernel=object()) if kernel else SimpleNamespace()
        self.module.get_ipython = lambda: shell
        self.display_module = ModuleType("IPython.display")
        self.display_module.display = self.display

    def display(self, content: dict[str, str], *, raw: bool, display_id: bool) -> Cell:
        assert raw
        assert display_id
        self.texts.append(content["text/plain"])
        return self

    def update(self, content: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.texts.append(content["text/plain"])


def cell(monkeypatch: pytest.MonkeyPatch, *, kernel: bool = True, patience: float = 0.0) -> Cell:
    found = Cell(kernel=kernel)
    monkeypatch.setitem(sys.modules, "IPython", found.module)
    monkeypatch.setitem(sys.modules, "IPython.display", found.display_module)
    monkeypatch.setattr(notebook_progress, "PATIENCE", patience)
    monkeypatch.setattr(notebook_progress, "_BETWEEN", 0.0)
    monkeypatch.setattr(WAITING, "listener", None)  # a command that ran in this process before leaves its own
    return found


def test_a_wait_and_a_count_replace_one_line_which_is_empty_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    found = cell(monkeypatch)
    with show_progress() as count:
        WAITING.start("SPY from Yahoo", 0, 3)
        count(50, 200)
    assert found.texts[0] == "waiting for SPY from Yahoo, 0 s (1 of 3)"
    assert "50 of 200" in found.texts[1]
    assert found.texts[2:] == [""]
    assert WAITING.listener is None


def test_what_is_over_at_once_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = cell(monkeypatch, patience=60.0)
    with show_progress() as count:
        WAITING.start("SPY from Yahoo")
        count(1, 2)
    assert found.texts == []


def test_a_line_ends_however_the_work_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    found = cell(monkeypatch)

    def fail() -> None:
        with show_progress() as count:
            count(1, 2)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert found.texts[-1] == ""
    assert WAITING.listener is None


def test_a_pipe_and_an_ipython_without_notebook_are_told_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = cell(monkeypatch, kernel=False)
    with show_progress() as count:
        WAITING.start("SPY from Yahoo")
        count(1, 2)
    assert found.texts == []
    assert capsys.readouterr().err == ""
