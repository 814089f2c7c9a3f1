"""A page is built from a whole folder only: what is missing, damaged or of another run is named."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from engine.backtest.outputs import RunResult
from engine.core.errors import DataError, OutputError
from engine.report.run.page import build_run_report
from tests.support.runs import make_run, sign

FILES = ("summary.json", "manifest.json", "equity.parquet", "levels.parquet", "weights.parquet")


def test_a_summary_of_an_earlier_version_still_builds(eventful: RunResult, tmp_path: Path) -> None:
    """Without events and parts of the difference the page leaves both out."""
    eventful.write(tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    del summary["events"], summary["versus"]["buy_and_hold"]["parts"]
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    sign(tmp_path)
    page = build_run_report(tmp_path).read_text(encoding="utf-8")
    assert 'id="events"' not in page
    assert "is made of" not in page
    assert 'id="trades"' in page


@pytest.mark.parametrize(
    "name",
    [*FILES, "trades.csv", "config.resolved.yaml"],
)
def test_a_missing_file_is_named_with_the_remedy(folder: Path, name: str) -> None:
    """A folder without one of its files says which one and how to get it back."""
    (folder / name).unlink()
    with pytest.raises(OutputError, match=f"{re.escape(name)}: is missing; run the config again"):
        build_run_report(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [b"", b"{}", b"\x00\xff garbage"])
def test_a_damaged_file_is_named_with_the_remedy(folder: Path, name: str, content: bytes) -> None:
    """A file that cannot be what the run wrote is refused, not shown."""
    (folder / name).write_bytes(content)
    if name != "manifest.json":
        sign(folder)
    with pytest.raises(DataError, match=f"{re.escape(name)}: damaged: .*run the config again"):
        build_run_report(folder)


def test_a_flipped_bit_in_a_price_series_is_noticed(folder: Path) -> None:
    """Parquet pages carry checksums, and the page is built only from pages that pass."""
    path = folder / "levels.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x10
    path.write_bytes(bytes(content))
    sign(folder)
    with pytest.raises(DataError, match=r"levels\.parquet: damaged"):
        build_run_report(folder)


@pytest.mark.parametrize("name", [*FILES[2:], "summary.json", "trades.csv", "config.resolved.yaml"])
def test_a_file_of_another_run_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    """Every file has to be the one that the manifest signs, however sound it is."""
    other = tmp_path / "other"
    make_run(("another warning",), flows=10.0, name="another").write(other)
    shutil.copyfile(other / name, folder / name)
    with pytest.raises(DataError, match=rf"{re.escape(name)}: damaged: it is not the file that manifest\.json signs"):
        build_run_report(folder)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A wrong folder is told from a run without files."""
    with pytest.raises(OutputError, match="no such folder"):
        build_run_report(tmp_path / "nowhere")
