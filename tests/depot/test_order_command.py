"""`engine orders` on real prices, as its user meets it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from engine.cli import main

CONFIG = Path(__file__).parents[2] / "configs" / "us_small_caps.yaml"
HELD = "ticker,quantity\nSPY,150\nVB,70\nCRS,30\nUNF,12.5\nMMSI,30\nITRI,20\nCASH,1500\n"


def orders(folder: Path, monkeypatch: pytest.MonkeyPatch, prices: Path, *more: str) -> int:
    (folder / "held.csv").write_text(HELD)
    source = ("--set", "data.source.kind=files", "--set", f"data.source.path={prices}")
    command = ["engine", "orders", str(CONFIG), "--holdings", str(folder / "held.csv"), "--out", str(folder), *source]
    monkeypatch.setattr(sys, "argv", [*command, *more])
    return main()


@pytest.mark.parametrize("day", ["2024-01-02", "2023-06-12", "2014-06-16"])
def test_sizing_prices_are_closes_as_traded_whenever_the_orders_are(
    day: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Path
) -> None:
    """Dividends a few days later (SPY on 2023-06-16 and 2014-06-20), which the source knows, move none of them."""
    import pandas as pd

    assert orders(tmp_path, monkeypatch, shared_data / "raw.parquet", "--as-of", day, "--now") == 0
    raw = pd.read_parquet(shared_data / "raw.parquet")
    before = raw[raw["date"] < day].groupby("ticker")["close"].last()
    plan = json.loads((tmp_path / "us-small-caps" / day / "orders.json").read_text())
    assert {one["ticker"]: one["price"] for one in plan["positions"]} == pytest.approx(
        {one["ticker"]: before[one["ticker"]] for one in plan["positions"]}
    )
    assert plan["due"]
    assert plan["cash"]["worst"] >= 0.0


def test_adjusted_closes_of_a_day_gone_by_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert orders(tmp_path, monkeypatch, shared_data / "prices.parquet", "--as-of", "2024-01-02") == 1
    assert "adjusted closes that go on to 2024-01-02" in capsys.readouterr().err


def test_a_person_reads_why_something_is_due_and_what_was_taken_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        orders(tmp_path, monkeypatch, shared_data / "raw.parquet", "--as-of", "2024-01-02", "--withdraw", "4000") == 0
    )
    printed = " ".join(capsys.readouterr().out.split())
    assert "Due on Tuesday 2 January 2024: the rebalance of January. Decided by the closes up to Friday 29" in printed
    assert "before (4,000.00 taken out)" in printed
    assert "-0.00" not in printed
