"""A folder made again: the same bytes on the prices that it saw, and the first place where anything differs."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import cli
from engine.backtest.finished_run import read_run
from engine.backtest.kept_file import kept_bytes, read_kept
from engine.backtest.output_folders import KEPT_FILE, SUMMARY_FILE
from engine.backtest.run_summary import RunManifest
from engine.backtest.signed_files import RUN_FILES
from engine.core.arrow_columns import read_days
from engine.core.errors import DataError, OutputError
from engine.core.stand_ins import find_stand_in
from engine.diagnostics.replay.files import locate_difference, read_manifest
from engine.diagnostics.replay.folder import replay_folder
from engine.diagnostics.verify.summary_replay import replay_words
from tests.support.kept_runs import PLAN, make_folder, makers, write_inputs
from tests.support.runs import sign
from tests.support.sweeps import swept


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of which nothing is left but its folder: its prices, rates and files are gone."""
    place = tmp_path_factory.mktemp("kept")
    write_inputs(place / "inputs")
    folder = make_folder(PLAN.format(place=place / "inputs"), place / "run")
    shutil.rmtree(place / "inputs")
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(kept, tmp_path / "run"))


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A run that kept nothing, beside its inputs."""
    write_inputs(tmp_path / "inputs")
    return make_folder(PLAN.format(place=tmp_path / "inputs"), tmp_path / "run", keep=False)


def test_a_run_whose_inputs_are_gone_comes_again_from_what_it_kept(kept: Path) -> None:
    replay = replay_folder(kept, makers())
    assert replay.is_same
    assert not any(one.where for one in replay.files)
    assert {one.name for one in replay.files} == {path.name for path in kept.iterdir()}
    replay.require_same_files()


def test_what_is_kept_reads_back_bit_by_bit_and_has_every_kind_of_input(kept: Path) -> None:
    content = (kept / KEPT_FILE).read_bytes()
    found = read_kept(kept / KEPT_FILE, content)
    assert kept_bytes(found) == content
    assert found.closes.dividends is not None
    assert found.closes.splits is not None
    assert set(found.fixings) == {"USD"}
    assert {Path(path).name for path in found.files} == {"cash.csv", "cpi.csv"}
    with zipfile.ZipFile(kept / KEPT_FILE) as archive:
        assert "closes.parquet" in archive.namelist()


def test_prices_are_kept_only_when_that_is_asked_for(
    folder: Path, bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not (bare / KEPT_FILE).exists()
    plan = bare.parent / "run.yaml"
    for options, is_kept in ((["--keep-prices"], True), ([], False)):
        monkeypatch.setattr("sys.argv", ["engine", "run", str(plan), "--out", str(bare.parent), *options])
        assert cli.main() == 0
        assert ("prices kept: kept_prices.zip, " in capsys.readouterr().out) == is_kept
        assert (bare.parent / "kept" / KEPT_FILE).exists() == is_kept  # those of the run before are gone


def test_a_run_that_kept_nothing_comes_again_while_its_source_is_the_same(bare: Path) -> None:
    replay = replay_folder(bare, makers())
    assert replay.is_same
    assert {one.name for one in replay.files} == {path.name for path in bare.iterdir()}


def test_other_prices_are_told_by_ticker_and_date(bare: Path) -> None:
    prices = bare.parent / "inputs" / "prices.csv"
    lines = prices.read_text().splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith("2020-01-01,AAA"))
    cells = lines[at].split(",")
    cells[2] = f"{float(cells[2]) + 1.0:.4f}"
    prices.write_text("\n".join([*lines[:at], ",".join(cells), *lines[at + 1 :]]) + "\n")
    with pytest.raises(DataError, match=r"not those of the run: AAA \S+ on 2020-01-01, \S+ in trades\.csv; bring"):
        replay_folder(bare, makers())


def test_a_price_that_nobody_paid_is_told_without_a_date(bare: Path) -> None:
    prices = bare.parent / "inputs" / "prices.csv"
    prices.write_text(prices.read_text().replace("2020-05-05,BBB,", "2020-05-05,BBB,1"))
    with pytest.raises(DataError, match="no price of an order is another"):
        replay_folder(bare, makers())


def test_a_figure_that_was_changed_and_signed_again_is_found_where_it_stands(folder: Path) -> None:
    summary = json.loads((folder / SUMMARY_FILE).read_text())
    summary["portfolios"]["strategy"]["cagr"] += 0.01
    (folder / SUMMARY_FILE).write_text(json.dumps(summary, indent=2) + "\n")
    sign(folder)
    replay = replay_folder(folder, makers())
    assert next(one.name for one in replay.files if one.where) == SUMMARY_FILE
    with pytest.raises(DataError, match=r"summary\.json: .*portfolios\.strategy\.cagr: \S+ is written, \S+ comes out"):
        replay.require_same_files()


def test_a_difference_has_other_versions_beside_it(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    sign(folder, versions={**manifest["versions"], "numpy": "1.0.0"})
    replay = replay_folder(folder, makers())
    assert [(one.package, one.then) for one in replay.versions] == [("numpy", "1.0.0")]
    assert [one.name for one in replay.files if one.where] == ["manifest.json"]
    with pytest.raises(DataError, match=r"manifest\.json: versions\.numpy: 1\.0\.0 is .*made with \(numpy 1\.0\.0\)"):
        replay.require_same_files()


def test_kept_prices_that_were_changed_are_refused(folder: Path) -> None:
    content = (folder / KEPT_FILE).read_bytes()
    (folder / KEPT_FILE).write_bytes(content.replace(b'"account": "EUR"', b'"account": "USD"'))
    with pytest.raises(DataError, match=r"kept_prices\.zip: damaged: it is not the file that manifest\.json signs"):
        replay_folder(folder, makers())
    with pytest.raises(DataError, match="damaged"):
        read_kept(folder / KEPT_FILE, content[:-30])
    with pytest.raises(DataError, match="damaged"):
        read_kept(folder / KEPT_FILE, b"no archive")
    found = read_kept(folder / KEPT_FILE, content)
    backwards = dataclasses.replace(found, closes=dataclasses.replace(found.closes, dates=found.closes.dates[::-1]))
    with pytest.raises(DataError, match="its dates do not rise"):
        read_kept(folder / KEPT_FILE, kept_bytes(backwards))


def test_kept_prices_of_a_stranger_take_no_more_than_their_size(folder: Path) -> None:
    """Members that lie over each other or say that they are encrypted, one for two files, a table of equal rows."""
    content = (folder / KEPT_FILE).read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
        directory = archive.start_dir

    def rewritten(**changes: object) -> bytes:
        sink = io.BytesIO()
        record = {**json.loads(members["kept.json"]), **changes}
        with zipfile.ZipFile(sink, "w") as archive:
            for name, one in {**members, "kept.json": json.dumps(record).encode()}.items():
                archive.writestr(name, one)
        return sink.getvalue()

    def patched(place: int, *number: int) -> bytes:
        return content[: directory + place] + bytes(number) + content[directory + place + len(number) :]

    many = np.arange(1_000_000).astype("datetime64[D]")
    table = pa.table({"date": pa.array(many), "x": pa.array(np.zeros(len(many)))})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    files = json.loads(members["kept.json"])["files"]
    for wrong, why in (
        (patched(8, 1), "encrypted"),
        (patched(20, 0, 0, 0, 64, 0, 0, 0, 64), "lie over each other"),
        (rewritten(files={**files, "again.csv": next(iter(files.values()))}), "more than one file"),
    ):
        with pytest.raises(DataError, match=f"damaged: .*{why}"):
            read_kept(folder / KEPT_FILE, wrong)
    with pytest.raises(ValueError, match="1,000,000 rows, at most 200,000 days are read"):
        read_days(sink.getvalue().to_pybytes())
    ending = {"a.\0b": next(iter(files.values())), **dict(list(files.items())[1:])}
    with read_kept(folder / KEPT_FILE, rewritten(files=ending)).in_place():
        assert Path(find_stand_in("a.\0b")).is_file()


@pytest.mark.parametrize("name", ["../x", "/etc/hostname", "a\0b", "x" * 10_000, "", ".", "a/b", "a\u202eb"])
def test_a_manifest_that_signs_what_is_no_file_of_the_folder_is_refused(name: str, folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = RunManifest.model_validate_json(path.read_bytes())
    path.write_bytes(manifest.sign(name, b"").to_bytes())
    with pytest.raises(
        DataError, match=r"manifest\.json: damaged: it signs '.*', which is no file of the run"
    ) as error:
        read_manifest(folder, RUN_FILES)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("name", "one", "other", "where"),
    [
        ("trades.csv", b"a,b\n1,2\n", b"a,b\n1,3\n", "line 2: 1,2 is written, 1,3 comes out"),
        ("trades.csv", b"a,b\n1,2\n", b"a,b\n", "line 2: 1,2 is written, nothing comes out"),
        ("summary.json", b'{"a": [1, 2]}', b'{"a": [1]}', "a[1]: 2 is written, nothing comes out"),
        ("summary.json", b'{"a": 1}', b'{"b": 1}', "a: is only in the folder"),
        ("manifest.json", b'{"files": {"x": "1"}}', b'{"files": {"x": "2"}}', "digests of files that differ"),
        ("x.parquet", b"", b"1", "it cannot be read"),
    ],
)
def test_the_first_difference_is_located(name: str, one: bytes, other: bytes, where: str) -> None:
    assert locate_difference(name, one, other) == where


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no folder of a finished run, sweep or luck"):
        replay_folder(tmp_path, makers())


@pytest.mark.slow
def test_a_sweep_comes_again(tmp_path: Path) -> None:
    swept("  axes:\n    strategy.cap: [3%, 4%]\n", tmp_path / "sweep")
    assert replay_folder(tmp_path / "sweep", makers()).is_same


def test_verify_makes_a_run_that_kept_its_prices_again_and_asks_every_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def verified() -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["engine", "verify", str(folder), "--json"])
        return cli.main(), capsys.readouterr().out

    code, out = verified()
    again = {one["name"].split(".")[0].split("[")[0] for one in json.loads(out) if one["group"] == "made again"}
    summary = json.loads((folder / SUMMARY_FILE).read_text())
    assert code == 0
    assert again == {key for key, value in summary.items() if value not in ([], {})}
    summary["falls"]["deepest"][0]["depth"] -= 1e-6
    (folder / SUMMARY_FILE).write_text(json.dumps(summary))
    sign(folder)
    code, out = verified()
    assert code == 3
    wrong = [one["name"] for one in json.loads(out) if not one["holds"] and one["group"] == "made again"]
    assert wrong == ["falls.deepest[0].depth"]


def test_sentences_are_made_again_without_prices(bare: Path) -> None:
    finished = read_run(bare)
    assert all(one.agrees for one in replay_words(finished))
    verdict = dataclasses.replace(finished.summary.verdict, kind="ahead", sentence="Ahead.")
    changed = finished.summary.model_copy(update={"verdict": verdict, "plan_sentence": "A plan."})
    wrong = [one.name for one in replay_words(dataclasses.replace(finished, summary=changed)) if not one.agrees]
    assert wrong == ["plan_sentence", "verdict.class", "verdict.sentence"]
