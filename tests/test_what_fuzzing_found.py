"""Inputs that once ended as a bug of the engine, or steered a terminal, each as small as it gets."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from engine.core.json_files import to_json
from tests.support.corrupted_files import parquet
from tests.support.fuzzed_files import KINDS
from tests.support.watched_commands import Answer, ask, fault_of

PLAN = """name: t
data: {source: {kind: sample}}
strategy: {kind: fixed_mix, weights: {HD: 50%}, rebalance: REBALANCE}
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def answer_to(text: str, *words: str) -> Answer:
    Path("c.yaml").write_text(text)
    return ask(*(words or ("validate", "c.yaml")))


def test_a_mistyped_key_that_ends_in_the_right_one() -> None:
    """It was taken for the key that is missing because of it, and its fault left out: the config was held for whole."""
    text = PLAN.replace("REBALANCE", "{kind: never}").replace("data:", "..name: u\ndata:", 1)
    found = answer_to(text)
    assert (found.code, fault_of(found, ["c.yaml:2"])) == (1, "")


@pytest.mark.parametrize("period", ["[year]", "{kind: year}"])
def test_a_list_as_period(period: str) -> None:
    """What cannot be looked up in a set of words is no word."""
    found = answer_to(PLAN.replace("REBALANCE", f"{{kind: every, period: {period}}}"))
    assert (found.code, fault_of(found, ["c.yaml:3: strategy.rebalance"])) == (1, "")


def test_an_asset_whose_closes_have_impossible_dates() -> None:
    """No row of it is left among the closes, so it has no first day."""
    days = pa.array([663_167_064, -950_845_028], pa.int32()).cast(pa.date32())
    table = pa.table({"date": days, "ticker": ["A", "B"], "close": [1.0, 1.0]})
    Path("p.parquet").write_bytes(parquet(table))
    found = ask("data", "check", "p.parquet")
    assert (found.code, fault_of(found, ["p.parquet", "B"])) == (1, "")


@pytest.mark.parametrize("kind", [kind for kind, one in KINDS.items() if kind != "prices"])
def test_a_file_too_large_to_be_read(kind: str) -> None:
    """A file of rates of 600 MB was read whole, and then looked at."""
    name = next(iter(KINDS[kind].originals))
    Path("p.csv").write_text(KINDS["prices"].originals["p.csv"])
    with Path(name).open("wb") as file:
        file.truncate(600_000_000)
    found = answer_to(KINDS[kind].plan(name), *KINDS[kind].words)
    assert (found.code, fault_of(found, [name])) == (1, "")


def test_a_text_with_more_columns_than_a_table_has() -> None:
    """A million of them made the reader end the process, which nothing can catch."""
    Path("p.csv").write_text("date" + ",A" * 20_000 + "\n2024-01-02" + ",1" * 20_000 + "\n")
    found = ask("data", "check", "p.csv")
    assert (found.code, fault_of(found, ["p.csv: found 20,001 columns"])) == (1, "")


def test_marks_that_turn_text_around_are_spelled_out() -> None:
    """JSON goes to a terminal; what is only far away from ASCII stays."""
    assert to_json("\u202e\x9b\U000e0041\x7fé😀") == '"\\u202e\\u009b\\udb40\\udc41\\u007fé😀"\n'.encode()


@pytest.mark.parametrize("split", ["1e+200", "1e-200"])
def test_splits_that_together_make_more_shares_than_there_are_numbers_or_none(split: str) -> None:
    """Their product was taken before it was looked at: a library's warning stood on the terminal."""
    Path("p.csv").write_text(
        "date,close,split\n2024-01-02,1e3,1\n" + "".join(f"2024-01-{day:02},1e3,{split}\n" for day in range(3, 6))
    )
    found = ask("data", "check", "p.csv")
    assert (found.code, fault_of(found, ["p.csv"])) == (1, "")
    assert f"{split} of 2024-01-03" in found.err


def test_a_column_with_an_endless_name() -> None:
    """It stood whole at either end of the line, and what to do was cut off."""
    table = pa.table({"Date": ["2024-01-02", "2024-01-03"], "Adj Close": [1.0, 2.0], "9" * 3000: [1.0, 2.0]})
    Path("p.parquet").write_bytes(parquet(table))
    found = ask("data", "check", "p.parquet")
    assert (found.code, fault_of(found, ["p.parquet"])) == (1, "")
