"""`engine run --state-at DATE`: orders go on from the account that a run had before a session."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

from engine.cli import main
from engine.composition import load_run

CONFIGS = Path(__file__).parents[2] / "configs"
ORDERS = ("--set", "orders.limit=0", "--set", "orders.max_fee=1")


def call(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["engine", *map(str, words)])
    return main()


def write_closes(source: Path, day: str, place: Path) -> Path:
    """Write the closes of a day as `--prices` reads them."""
    import pandas as pd

    table = pd.read_parquet(source)
    rows = [f"{one.ticker},{one.close!r}" for one in table[table["date"] == day].itertuples()]
    place.write_text("\n".join(["ticker,price", *rows]))
    return place


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "asked", "day"),
    [
        ("us_small_caps", "2014-01-01", "2014-01-02"),
        ("us_small_caps", "2024-01-02", "2024-01-02"),
        ("us_small_caps_moderate", "2019-01-01", "2019-01-02"),
        ("rules/review_trend", "2010-01-01", "2010-01-04"),
        ("us_small_caps_germany", "2014-01-01", "2014-01-02"),
    ],
)
def test_orders_from_the_state_of_a_run_are_its_trades(
    name: str, asked: str, day: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Path
) -> None:
    """Through files alone: state and holdings that a run has written, closes of the session as traded."""
    config, raw = CONFIGS / f"{name}.yaml", shared_data / "raw.parquet"
    source = ("--set", "data.source.kind=files", "--set", f"data.source.path={raw}", *ORDERS)
    assert call(monkeypatch, "run", config, "--state-at", asked, "--out", tmp_path, *source) == 0
    folder = tmp_path / load_run(config).name
    with (folder / "trades.csv").open() as stream:
        trades = {one["asset"]: float(one["quantity"]) for one in csv.DictReader(stream) if one["date"] == day}
    prices = write_closes(raw, day, tmp_path / "closes.csv")
    account = ("--holdings", folder / "holdings.csv", "--state", folder / "state.json", "--prices", prices)
    assert call(monkeypatch, "orders", config, *account, "--as-of", asked, "--exact", "--out", tmp_path, *source) == 0
    plan = json.loads((tmp_path / folder.name / day / "orders.json").read_text())
    signed = {one["ticker"]: one["quantity"] * (1 if one["side"] == "buy" else -1) for one in plan["orders"]}
    assert trades
    assert signed == pytest.approx(trades, rel=1e-9)


def test_a_run_says_where_its_state_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "run", CONFIGS / "quickstart.yaml", "--state-at", "2023-01-01", "--out", tmp_path) == 0
    assert str(tmp_path / "quickstart" / "state.json") in capsys.readouterr().out
    assert json.loads((tmp_path / "quickstart" / "state.json").read_text())["date"] == "2023-01-03"


@pytest.mark.parametrize(("day", "told"), [("2030-13-01", "expected a date"), ("1990-01-01", "the account opens on")])
def test_a_day_without_a_state_is_one_line(
    day: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "run", CONFIGS / "quickstart.yaml", "--state-at", day, "--out", tmp_path) == 1
    assert told in capsys.readouterr().err


def test_a_close_that_is_missing_at_the_end_of_the_data_is_a_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B has none for the last three sessions: nobody knows yet whether it is gone, so it is held, and not paid out."""
    days = [f"2024-01-{day:02d}" for day in (2, 3, 4, 5, 8, 9, 10, 11, 12)]
    rows = [f"{day},100,{'50' if at < 6 else ''}" for at, day in enumerate(days)]
    (tmp_path / "closes.csv").write_text("\n".join(["date,A,B", *rows, ""]))
    (tmp_path / "plan.yaml").write_text(
        f"name: two\nwindow: {{start: 2024-01-02}}\ncompare: {{buy_and_hold: false}}\n"
        f"data: {{source: {{kind: files, path: {tmp_path / 'closes.csv'}}}, calendar: XNYS}}\n"
        "strategy: {kind: fixed_mix, weights: {A: 50%, B: 50%}, rebalance: {kind: annual}}\n"
    )
    for day in ("2024-01-11", "2024-01-16"):
        assert call(monkeypatch, "run", tmp_path / "plan.yaml", "--state-at", day, "--out", tmp_path) == 0
        with (tmp_path / "two" / "holdings.csv").open() as stream:
            held = {one["ticker"]: float(one["quantity"]) for one in csv.DictReader(stream)}
        assert held["B"] == pytest.approx(2.0 * held["A"], rel=0.01), day
