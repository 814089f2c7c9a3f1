"""`engine depot` as its user meets it: files that only their owner can read, and nothing of the file but its trades."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

from engine.cli import main
from tests.support.depot_statements import Statement, sessions, write_market, write_plan

DAYS = sessions()
CANARY = "Canary-4711"


def depot(folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> int:
    write_plan(folder, write_market(folder), dividends="cash")
    own = Statement.of_flows({DAYS[20]: "7000"}).trade(DAYS[23], "AAA", "50", "-2600", "5")
    own.trade(DAYS[40], "CCC", "3", "-330")
    lines = own.write(folder / "own.csv").read_text().splitlines()
    named = [f"{lines[0]},counterparty_name", *(f"{line},{CANARY}" for line in lines[1:])]
    (folder / "own.csv").write_text("\n".join(named).replace("STOCK,,", f"STOCK,{CANARY},") + "\n")
    command = ["engine", "depot", str(folder / "plan.yaml"), "--transactions", str(folder / "own.csv")]
    monkeypatch.setattr(sys, "argv", [*command, "--out", str(folder / "depot"), *more])
    return main()


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_figures_parts_and_lines_are_files_of_their_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert depot(tmp_path, monkeypatch) == 0
    folder = tmp_path / "depot" / "small" / DAYS[-1]
    names = {"depot.html", "depot.json", "parts.csv", "deviations.csv", "equity.csv", "manifest.json"}
    assert {path.name for path in folder.iterdir()} == names
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (folder, folder.parent)} == {0o700}
    found = json.loads((folder / "depot.json").read_text())
    assert sum(part["money"] for part in found["parts"]) == pytest.approx(found["difference"], rel=1e-9)
    assert set(found["sha256"]) == {"config", "data", "transactions"}
    parts = rows_of(folder / "parts.csv")
    assert [float(row["money"]) for row in parts] == [part["money"] for part in found["parts"]]
    listed = rows_of(folder / "deviations.csv")
    assert len(listed) == sum(len(part["deviations"]) for part in found["parts"])
    lines = rows_of(folder / "equity.csv")
    assert float(lines[-1]["mine"]) - float(lines[-1]["plan"]) == pytest.approx(found["difference"], rel=1e-9)
    printed = capsys.readouterr()
    assert max(map(len, printed.out.splitlines())) <= 80
    everything = [path.read_text() for path in folder.iterdir()] + [printed.out, printed.err]
    assert not [one for one in everything if CANARY in one]


def test_json_is_all_that_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert depot(tmp_path, monkeypatch, "--json") == 0
    assert json.loads(capsys.readouterr().out)["end"] == DAYS[-1]


def test_a_folder_that_was_changed_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert depot(tmp_path, monkeypatch) == 0
    assert depot(tmp_path, monkeypatch) == 0
    (tmp_path / "depot" / "small" / DAYS[-1] / "parts.csv").write_text("mine now")
    assert depot(tmp_path, monkeypatch) == 1
    assert "is not as `engine depot` left it" in capsys.readouterr().err


def test_faults_of_files_are_lines_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "end.csv").write_text("ticker,price\nCCC,twelve\n")
    assert depot(tmp_path, monkeypatch, "--prices", str(tmp_path / "end.csv")) == 1
    said = capsys.readouterr().err
    assert "end.csv:2: found no price of a code" in said
    assert "Traceback" not in said


def test_a_price_at_the_end_in_pence_is_not_taken_for_one_in_dollars(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "end.csv").write_text("ticker,price,currency\nCCC,12,GBX\n")
    assert depot(tmp_path, monkeypatch, "--prices", str(tmp_path / "end.csv")) == 1
    assert "end.csv:2: found a price in GBX, expected one in USD" in capsys.readouterr().err
