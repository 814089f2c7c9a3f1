"""Verdicts: the last one dated on or before a day is in force, wherever it was written."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from engine.backtest.config import to_plain_data
from tests.support.research import day, message, reread, research_config, written

LIST = 'date,ticker,verdict,note\n2020-01-10,CRS,Intact,"good, cheap"\n\n2021-03-01,CRS,BROKEN,\n2020-06-01,UNF,intact,x\n'  # fmt: skip


def test_the_verdict_in_force_is_the_last_one_dated_on_or_before_the_day(tmp_path: Path) -> None:
    verdicts = research_config(f"verdicts: {{path: {written(tmp_path / 'v.csv', LIST)}}}").verdicts
    days = ("2020-01-09", "2020-01-10", "2021-02-28", "2021-03-01", "2026-01-01")
    assert [verdicts.is_intact("CRS", day(on)) for on in days] == [None, True, True, False, False]
    assert verdicts.is_intact("CRS", np.datetime64("2021-03-01")) is False
    assert verdicts.is_intact("MMSI", day("2026-01-01")) is None
    assert verdicts.tickers == ("CRS", "UNF")


def test_verdicts_from_a_file_are_dumped_inline_and_equal_the_same_list_inline(tmp_path: Path) -> None:
    config = research_config(f"verdicts: {{path: {written(tmp_path / 'v.csv', LIST)}}}")
    assert to_plain_data(config)["verdicts"][1] == {"date": "2021-03-01", "ticker": "CRS", "verdict": "broken"}
    (tmp_path / "v.csv").unlink()
    assert reread(config) == config
    assert hash(reread(config)) == hash(config)
    assert reread(config).verdicts.is_intact("CRS", day("2021-03-01")) is False


def test_a_verdict_on_an_unknown_ticker_is_told_where_it_stands(tmp_path: Path) -> None:
    path = written(tmp_path / "v.csv", LIST)
    config = research_config(f"verdicts: {{path: {path}}}")
    words = "a verdict on 'UNF', which is no satellite; known: CRS, MMSI"
    assert list(config.verdicts.unknown_ticker_faults(["CRS", "MMSI"])) == [(("path",), f"{path}:5: {words}")]
    assert list(reread(config).verdicts.unknown_ticker_faults(["CRS", "MMSI"])) == [((2, "ticker"), words)]


TOMORROW = (dt.datetime.now(dt.UTC) + dt.timedelta(2)).date()
LISTS = {
    "date": ("2020-13-10,CRS,intact,", ":2: date: '2020-13-10' is not a date"),
    "word": ("2020-01-10,CRS,brokn,", ":2: verdict: found 'brokn', expected intact or broken; did you mean 'broken'?"),
    "future": (f"{TOMORROW},CRS,intact,", f":2: date: future date: {TOMORROW} is after today"),
    "twice": ("2020-01-10,CRS,intact,\n2020-01-10,CRS,broken,", ":3: date: CRS has two verdicts on 2020-01-10"),
    "ticker": ("2020-01-10,,intact,", ":2: ticker: '' is not a ticker"),
    "cells": ("2020-01-10,CRS,intact,cheap, good", ":2: found 5 cells, expected 4"),
}


@pytest.mark.parametrize("case", LISTS)
def test_a_fault_of_the_list_is_told_at_its_line(case: str, tmp_path: Path) -> None:
    text, expected = LISTS[case]
    path = written(tmp_path / "v.csv", f"date,ticker,verdict,note\n{text}\n")
    faults = message(f"verdicts: {{path: {path}}}\ncount: many")
    assert f"plan.yaml:1: verdicts.path: {path}{expected}" in faults
    assert "plan.yaml:2: count:" in faults


def test_faults_of_verdicts_in_the_config_are_told_at_their_own_lines(tmp_path: Path) -> None:
    first = "verdicts:\n- {date: 2020-01-10, ticker: CRS, verdict: intact}\n"
    assert "plan.yaml:3: verdicts.1.date: CRS has two verdicts" in message(first + first[10:])
    assert "plan.yaml:2: verdicts.0.verdict: found 'good'" in message(first.replace("intact", "good"))
    assert "found no such file" in message("verdicts: {path: nowhere.csv}")
    assert "unknown key 'pth'" in message("verdicts: {pth: v.csv}")
    assert "found 'v.csv'; write {path: verdicts.csv} to name a file" in message("verdicts: v.csv")
    headless = written(tmp_path / "v.csv", "day,ticker,verdict\n")
    assert f"{headless}:1: column 'date' is missing; known: day, ticker, verdict" in message(
        f"verdicts: {{path: {headless}}}"
    )


def test_a_verdict_of_today_is_accepted_wherever_on_earth_today_is() -> None:
    ahead = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=14)).date()
    assert research_config(f"verdicts: [{{date: {ahead}, ticker: CRS, verdict: intact}}]").verdicts.tickers == ("CRS",)
