"""The page on replay shows what its commands print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from engine import cli
from tests.support.configs import ROOT

PAGE = ROOT / "docs" / "replay.md"


def test_the_page_s_commands_run_and_its_table_is_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = re.search(r"<!-- commands -->\n```\n(.*?)```", PAGE.read_text(), re.DOTALL)
    table = re.search(r"<!-- diff -->\n```\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert commands
    assert table
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    printed = []
    for line in commands[1].splitlines():
        monkeypatch.setattr("sys.argv", shlex.split(line))
        assert cli.main() == 0, line
        printed.append(capsys.readouterr().out)
    assert "came out the same" in printed[1]
    assert table[1].splitlines() == [line.rstrip() for line in printed[-1].splitlines()]
