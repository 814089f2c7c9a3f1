"""What a program may hand over by mistake ends in a line that names it, and what means something else is never taken."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import engine
from engine.core.errors import EngineError

DAYS = pd.bdate_range("2018-01-01", "2018-12-31").rename("date")
CLOSES = pd.DataFrame({"AAA": np.linspace(10.0, 20.0, len(DAYS)), "BBB": np.linspace(9.0, 8.0, len(DAYS))}, index=DAYS)
PLAN: dict[str, Any] = {
    "name": "plan",
    "data": {"source": {"kind": "yahoo"}},
    "window": {"start": "2018-02-01"},
    "strategy": {"kind": "fixed_mix", "weights": {"AAA": 0.6, "BBB": 0.4}},
}


class Count(enum.IntEnum):
    """A number with a name."""

    SOME = 5000


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"account": {"capital": 10**5000}}, "account.capital: found a number of thousands of digits"),
        ({"window": {"start": pd.NaT}}, "window.start: found a NaTType, expected text"),
        ({"window": {"start": np.datetime64("NaT")}}, "window.start: found a datetime64, expected text"),
        ({"strategy": {"kind": "fixed_mix", "weights": {1: 0.6, "1": 0.2}}}, "strategy.weights.1: found the key twice"),
        ({"description": "half \ud800"}, "description: found half of a pair of UTF-16"),
    ],
    ids=["digits", "no day", "no day of numpy", "key", "half a character"],
)
def test_a_value_that_no_config_has_is_told_with_its_key(keys: dict[str, object], message: str) -> None:
    """No traceback, and none of two values is dropped."""
    with pytest.raises(EngineError, match=message):
        engine.validate(PLAN | keys)


def test_stamps_of_numpy_and_named_numbers_are_what_they_say() -> None:
    """Of nanoseconds numpy itself would make a number."""
    start = np.datetime64("2018-03-01", "ns")
    config = engine.validate(PLAN | {"window": {"start": start}, "account": {"capital": Count.SOME}}).config
    assert (str(config.window.start), config.account.capital) == ("2018-03-01", 5000.0)


def test_what_is_no_override_is_told_with_where_prices_go() -> None:
    """A frame as the second argument is the likeliest slip."""
    with pytest.raises(EngineError, match=r"found a DataFrame after the config, .* hand prices over as prices="):
        engine.run(PLAN, CLOSES)  # type: ignore[arg-type]


@pytest.mark.parametrize("workers", [-1, 1.5, 257, True])
def test_workers_are_a_whole_number(workers: Any) -> None:
    with pytest.raises(EngineError, match=r"workers: found .*, expected a whole number from 0 to 256"):
        engine.sweep(PLAN | {"sweep": {"axes": {"account.capital": [1000, 2000]}}}, prices=CLOSES, workers=workers)


def test_a_count_of_shares_beyond_every_number_is_told() -> None:
    with pytest.raises(EngineError, match=r"holdings: AAA: found 1000.*, expected a number of shares"):
        engine.orders(PLAN, prices=CLOSES, holdings={"AAA": 10**400}, as_of="2018-12-31")


@pytest.mark.parametrize("below", ["", "further/down"])
def test_a_file_in_place_of_the_folder_is_told_before_anything_runs(below: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(EngineError, match="file: is a file, expected a folder"):
        engine.run(PLAN, prices=CLOSES, out=tmp_path / "file" / below)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_dates_are_found_in_either_level_of_an_index_and_tickers_of_any_category() -> None:
    """``(ticker, date)`` as panels have it; categories of views of text as polars hands them over."""
    expected = engine.data(PLAN, prices=CLOSES).closes
    long = CLOSES.reset_index().melt("date", var_name="ticker", value_name="close")
    codes = pa.array([("AAA", "BBB").index(one) for one in long["ticker"]], pa.uint32())
    views = pa.DictionaryArray.from_arrays(codes, pa.array(["AAA", "BBB"], pa.string_view()))
    categories = pa.table({"date": pa.array(long["date"]), "ticker": views, "close": pa.array(long["close"])})
    for prices in (long.set_index(["ticker", "date"]), long.set_index(["date", "ticker"]), categories):
        assert engine.data(PLAN, prices=prices).closes.equals(expected)


@pytest.mark.parametrize(
    ("holdings", "as_of", "line"),
    [
        ({"AAA": -3}, "2018-12-31", "holdings:2: found -3 shares"),
        ({"AAA": 3}, "soon", "--as-of: found 'soon'"),
        ({"AAA": 3}, "2019-06-03", "config: frame: found closes up to 2018-12-31"),
    ],
    ids=["file", "option", "prices"],
)
def test_a_line_about_orders_names_one_place(holdings: dict[str, float], as_of: str, line: str) -> None:
    """The config, the holdings or the option: not one before the other, and none twice."""
    plan = PLAN | {"account": {"shares": "whole"}, "data": {"source": {"kind": "files", "path": "x", "closes": "raw"}}}
    prices = CLOSES.reset_index().melt("date", var_name="ticker", value_name="close").assign(dividend=0.0)
    with pytest.raises(EngineError) as told:
        engine.orders(plan, prices=prices, holdings=holdings, cash=100, as_of=as_of)
    assert str(told.value.args[0]).startswith(line)
