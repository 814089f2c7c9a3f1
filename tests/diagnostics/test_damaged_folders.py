"""No bit of a run, a sweep or a price store turns unseen, and no folder of somebody else's leads a reader astray."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import cli
from engine.backtest.manifest import Manifest, is_manifest_sealed
from engine.core.json_files import to_json
from engine.core.seal import BLANK, seal
from engine.report.run.page import add_run_report
from tests.support.bit_flips import damage_all, run_command
from tests.support.runs import make_run, sign


def test_every_damage_is_found_and_named(tmp_path: Path) -> None:
    """One bit of each file of a run, a sweep and a store, a byte more, a part less: one line with the file's name."""
    found = damage_all(tmp_path, 9)
    assert found.missed == []
    assert {key[0] for key in found.named} == {"run", "sweep", "store"}
    assert sum(found.named.values()) == 5 * 9 + 2 * (2 * 9 + 2 * 5 + 5)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with its page."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    make_run().write(folder)
    add_run_report(folder)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(whole, tmp_path / "run"))


def test_all_damaged_files_are_named_together(folder: Path) -> None:
    """Three files changed: three lines, the page among them, from either verb."""
    names = ("levels.parquet", "trades.csv", "report.html")
    for name in names:
        (folder / name).write_bytes((folder / name).read_bytes() + b"\n")
    for verb in ("report", "verify"):
        code, lines = run_command(verb, str(folder))
        assert code == 1
        assert [line.removeprefix("error: ").split(":")[0] for line in lines] == [str(folder / name) for name in names]


def test_a_page_that_is_as_it_was_written_is_not_written_again(folder: Path) -> None:
    """`engine report` leaves a right page and its manifest alone; one that is missing is made, to the same bytes."""
    before = {path.name: (path.stat().st_ino, path.read_bytes()) for path in folder.iterdir()}
    assert run_command("report", str(folder)) == (0, [])
    assert {path.name: (path.stat().st_ino, path.read_bytes()) for path in folder.iterdir()} == before
    (folder / "report.html").unlink()
    assert run_command("report", str(folder)) == (0, [])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {name: x for name, (_, x) in before.items()}


def _sealed(folder: Path, **changes: object) -> None:
    """Put other keys into the manifest and seal it again."""
    plain = json.loads((folder / "manifest.json").read_bytes())
    content = to_json({**plain, **changes, "sha256": BLANK})
    (folder / "manifest.json").write_bytes(seal(content, b'\n  "sha256": "'))
    assert is_manifest_sealed((folder / "manifest.json").read_bytes())


def _replace(name: str, make: Callable[[Path], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return apply


def _make_sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10_000_000_000)


def _nest(folder: Path) -> None:
    (folder / "summary.json").write_text('{"deep": ' * 51 + "1" + "}" * 51)
    sign(folder)


FILES_ELSEWHERE = dict.fromkeys(("../../../etc/passwd", "/etc/passwd", "/dev/zero", "mine.txt"), "0" * 64)
HOSTILE = {
    "a file of ten gigabytes": (_replace("equity.parquet", _make_sparse), "equity.parquet", "10,000,000,000 bytes"),
    "a pipe": (_replace("trades.csv", os.mkfifo), "trades.csv", "a named pipe"),
    "a device": (_replace("trades.csv", lambda path: path.symlink_to("/dev/zero")), "trades.csv", "a symbolic link"),
    "a link": (_replace("summary.json", lambda path: path.symlink_to("/etc/passwd")), "summary.json", "symbolic link"),
    "a folder": (_replace("levels.parquet", Path.mkdir), "levels.parquet", "a folder"),
    "a piped manifest": (_replace("manifest.json", os.mkfifo), "manifest.json", "a named pipe"),
    "a linked page": (
        _replace("report.html", lambda path: path.symlink_to("/etc/passwd")),
        "report.html",
        "a symbolic",
    ),
    "a long manifest": (lambda folder: _sealed(folder, more="x" * 10_000_000), "manifest.json", "at most 1,000,000"),
    "a deep manifest": (lambda folder: _sealed(folder, more=json.loads("[" * 60 + "]" * 60)), "manifest.json", "deep"),
    "a deep summary": (_nest, "summary.json", "more than 50 levels deep"),
    "a manifest of nothing": (lambda folder: _sealed(folder, files={}), "equity.parquet", "is not the file"),
    "a manifest of lists": (lambda folder: _sealed(folder, files=[1]), "manifest.json", "files"),
}


@pytest.mark.parametrize(("change", "name", "said"), HOSTILE.values(), ids=list(HOSTILE))
def test_what_is_not_a_file_of_a_run_is_named_and_not_waited_for(
    folder: Path, change: Callable[[Path], None], name: str, said: str
) -> None:
    """Neither verb reads without end, follows a link or takes a deep text apart: exit code 1 and the file's name."""
    change(folder)
    for verb in ("report", "verify"):
        code, lines = run_command(verb, str(folder))
        assert code == 1
        assert any(f"{folder / name}: " in line and said in line for line in lines), lines


def test_files_that_a_manifest_lists_are_not_looked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the names of a run's own files are opened, whatever else is signed; what lies beside them is the user's."""
    plain = json.loads((folder / "manifest.json").read_bytes())
    _sealed(folder, files={**plain["files"], **FILES_ELSEWHERE})
    opened: list[str] = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, *rest, **more: opened.append(str(path)) or real(path, *rest, **more))
    assert run_command("report", str(folder)) == (0, [])
    assert str(folder / "trades.csv") in opened
    assert not [path for path in opened if "passwd" in path or "zero" in path or "mine" in path]


def test_a_manifest_without_a_seal_still_tells_what_else_is_wrong(folder: Path) -> None:
    """Digests that nobody signs prove nothing, but a config that is too deep is named beside the manifest."""
    (folder / "config.resolved.yaml").write_text("[" * 5000 + "]" * 5000)
    sign(folder)
    plain = json.loads((folder / "manifest.json").read_bytes())
    del plain["sha256"]
    (folder / "manifest.json").write_bytes(to_json(plain))
    code, lines = run_command("report", str(folder))
    assert code == 1
    assert "manifest.json: damaged: it does not match the SHA-256 at its end" in lines[0]
    assert "config.resolved.yaml: damaged: more than 50 levels deep" in lines[1]


def test_the_seal_is_the_digest_of_the_file_with_its_digits_blank() -> None:
    """Who has no engine can check it with any tool; the digits themselves count, too."""
    content = Manifest(kind="run", versions={}, config_sha256="", data_sha256="", files={"a": "b"}).to_bytes()
    assert json.loads(content)["sha256"] == content[-68:-4].decode()
    assert content == seal(content.replace(content[-68:-4], BLANK.encode()), b'"sha256": "')
    assert is_manifest_sealed(content)
    for at in range(len(content)):
        assert not is_manifest_sealed(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert not is_manifest_sealed(content[:at])


def _change_summary(folder: Path, change: Callable[[dict], None]) -> None:
    summary = json.loads((folder / "summary.json").read_bytes())
    change(summary)
    (folder / "summary.json").write_text(json.dumps(summary))
    sign(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda summary: summary["portfolios"].pop("strategy"),
        lambda summary: summary["portfolios"]["strategy"].update(cagr=10**400),
    ],
)
def test_sound_files_that_contradict_each_other_are_no_bug_of_the_engine(
    folder: Path, change: Callable[[dict], None]
) -> None:
    """Who signs a changed file again gets one line with the folder's name from either verb, and no log."""
    _change_summary(folder, change)
    for verb in ("report", "verify"):
        code, lines = run_command(verb, str(folder))
        assert code == 1
        assert len(lines) == 1
        assert str(folder) in lines[0]


@pytest.mark.parametrize("verb", ["replay", "export", "report", "compare", "verify", "diff"])
def test_a_folder_that_is_a_link_to_itself_or_of_no_known_kind_is_refused(
    verb: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    more = {"export": ["--to", "csv"], "compare": [folder], "diff": [folder]}.get(verb, [])
    loop, other = folder.parent / "loop", folder.parent / "other"
    loop.symlink_to("loop")
    other.mkdir()
    (other / "manifest.json").write_text('{"kind": ["run"]}')
    for place in (loop, other):
        monkeypatch.setattr("sys.argv", ["engine", verb, *map(str, [place, *more])])
        assert cli.main() == 1
        told = capsys.readouterr().err.splitlines()[-1]
        assert told.startswith(f"error: {place}")
        assert "; " in told
