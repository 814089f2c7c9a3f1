"""Prices in memory: the same run, to the last bit, as on a file of the same columns."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import engine
from engine import cli
from engine.core.errors import DataError, EngineError
from engine.data.market import Market

DAYS = pd.bdate_range("2018-01-01", "2020-12-31")
TICKERS = ["AAA", "BBB", "CCC"]
PLAN = {
    "name": "mine",
    "data": {"source": {"kind": "files", "path": "nowhere"}},
    "account": {"capital": 10_000},
    "strategy": {"kind": "fixed_mix", "weights": {"AAA": 0.5, "BBB": 0.5}},
    "compare": {"benchmarks": ["CCC"]},
}
SAID_OF_THE_SOURCE = ("summary.json", "manifest.json", "config.resolved.yaml", "report.html")


def closes() -> pd.DataFrame:
    steps = np.random.default_rng(3).normal(0.0003, 0.01, (len(DAYS), len(TICKERS)))
    frame = pd.DataFrame(100.0 * np.exp(steps.cumsum(axis=0)), index=DAYS, columns=TICKERS)
    frame.iloc[5, 1] = np.nan
    return frame


def long() -> pd.DataFrame:
    """Closes as traded with dividends, a split, and a currency, a row for each ticker and day."""
    wide = closes().rename_axis("date").reset_index()
    frame = wide.melt("date", var_name="ticker", value_name="close").dropna().reset_index(drop=True)
    paid = (frame["date"].dt.month == 6) & (frame["date"].dt.day == 15)
    return frame.assign(dividend=np.where(paid, 0.5, 0.0), split=1.0, currency="USD")


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def run_both(tmp_path: Path, frame: pd.DataFrame, *overrides: str, prices: object = None) -> tuple[Path, Path]:
    """The folders of a run on a frame, and of one on the same frame as a Parquet file."""
    path = tmp_path / "prices.parquet"
    frame.to_parquet(path)
    before = frame.copy(deep=True)
    engine.run(PLAN, *overrides, prices=frame if prices is None else prices, out=tmp_path / "memory")
    pd.testing.assert_frame_equal(frame, before, check_exact=True)
    engine.run(PLAN, f"data.source.path={path}", *overrides, out=tmp_path / "file")
    return tmp_path / "memory" / "mine", tmp_path / "file" / "mine"


def without_source(folder: Path) -> dict[str, object]:
    """The summary without what names the source: its name, and the lines that name the file."""
    summary = json.loads((folder / "summary.json").read_text())
    summary["data"].pop("source")
    summary["warnings"] = [one.replace("prices.parquet", "prices") for one in summary["warnings"]]
    return summary


def same_tables(one: Path, other: Path) -> None:
    """Every value of every table, and every byte of the trades."""
    import pyarrow.parquet as pq

    assert written(one).keys() == written(other).keys()
    for path in one.glob("*.parquet"):
        here, there = pq.read_table(path), pq.read_table(other / path.name)
        assert here.schema.equals(there.schema)
        for name in here.column_names:
            left, right = (table[name].combine_chunks().buffers()[-1].to_pybytes() for table in (here, there))
            assert left == right, f"{path.name}: {name}"
    assert (one / "trades.csv").read_bytes() == (other / "trades.csv").read_bytes()
    assert without_source(one) == without_source(other)


@pytest.mark.parametrize("shape", ["wide", "long"])
def test_a_frame_makes_the_run_that_its_parquet_file_makes(tmp_path: Path, shape: str) -> None:
    """To the last bit, in all files, with dividends and currencies where the columns carry them."""
    frame = closes() if shape == "wide" else long()
    more = () if shape == "wide" else ("account.currency=EUR", "data.dividends=cash")
    same_tables(*run_both(tmp_path, frame, *more))


def test_polars_arrow_and_series_are_read_as_the_frame_they_hold(tmp_path: Path) -> None:
    """Whoever makes the columns, the closes are the same, hash included."""
    pl = pytest.importorskip("polars", reason="polars is not installed")
    wide = closes().rename_axis("date").reset_index()
    columns = {name: wide[name].to_numpy() for name in TICKERS}
    days = [day.date() for day in DAYS]
    frame = pl.DataFrame({"date": days, **columns})
    expected = engine.data(PLAN, prices=closes()).sha256
    for form in (frame, frame.to_arrow(), {name: closes()[name] for name in TICKERS}):
        assert engine.data(PLAN, prices=form).sha256 == expected


def test_a_market_is_its_closes() -> None:
    """None that was carried over a day without a close is taken for one."""
    market = Market.build(DAYS.to_numpy().astype("datetime64[D]"), tuple(TICKERS), closes().to_numpy())
    assert engine.data(PLAN, prices=market).sha256 == engine.data(PLAN, prices=closes()).sha256


def test_columns_of_any_name_are_told_by_the_keys_of_files() -> None:
    """``columns`` of the config's own source say what is what, as of a file."""
    named = long().rename(columns={"date": "zeit", "ticker": "papier", "close": "preis"})[["zeit", "papier", "preis"]]
    keys = "data.source.columns={date: zeit, ticker: papier, close: preis}"
    assert engine.data(PLAN, keys, prices=named).closes.equals(engine.data(PLAN, prices=closes()).closes)


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        (7, "prices: found an int, expected a pandas or polars frame"),
        (pd.DataFrame(), "prices: found the header nothing"),
        (closes().assign(AAA="high"), "prices:1: AAA: found .high"),
        (closes().mask(closes() > 100.0, -1.0), "prices: .*found the close -1, expected a finite price above 0"),
        (closes()[["AAA"]].iloc[[0, 0, 1]], "prices: .*found 2018-01-01 twice"),
        (closes()[["AAA", "AAA", "BBB"]], "prices: found columns that Arrow cannot hold .Duplicate column names"),
        (closes()[["AAA", "BBB"]], "prices: CCC: found no such ticker"),
        ({"AAA": [1.0, 2.0]}, "prices: AAA: found a list, expected a Series"),
        (closes().assign(AAA=[{1, 2}] * len(DAYS)), "prices: "),
    ],
    ids=["number", "empty", "text", "negative", "twice", "two columns", "missing", "lists", "sets"],
)
def test_a_frame_that_cannot_be_read_is_told_in_a_line(prices: object, message: str) -> None:
    """With what was found and what to do, as of a file; no traceback of another library."""
    with pytest.raises(EngineError, match=message) as told:
        engine.run(PLAN, prices=prices)
    assert all("\n" not in str(line) for line in told.value.args)


def test_a_run_on_a_frame_says_so_and_cannot_be_replayed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The config names the frame by what it held; without it nobody can have the run again."""
    engine.run(PLAN, prices=closes(), out=tmp_path)
    source = json.loads((tmp_path / "mine" / "summary.json").read_text())["data"]["source"]
    text = (tmp_path / "mine" / "config.resolved.yaml").read_text()
    assert (source, "kind: frame" in text, "nowhere" in text) == ("frame", True, False)
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["engine", "replay", str(tmp_path / "mine")])
    code, (out, err) = cli.main(), capsys.readouterr()
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "the prices were a frame in a program's memory" in err
    engine.run(PLAN, prices=closes(), out=tmp_path, keep_prices=True)
    assert cli.main() == 0


def test_a_frame_in_the_accounts_own_currency_and_exchange_is_said_to_be_in_two_overrides() -> None:
    """As the docstring of ``engine.run`` says it: no rate is taken, and the sessions are those of Xetra."""
    plan = {**PLAN, "account": {"capital": 10_000, "currency": "EUR"}, "evidence": {"draws": 100}}
    said = engine.run(plan, "data.source.currency=EUR", "data.calendar=XETR", prices=closes()).warnings
    assert not any("taken as USD" in one or "Converted" in one or "XNYS" in one for one in said)


def test_another_frame_is_another_config_and_the_same_one_the_same() -> None:
    """The config's hash tells frames apart by what they hold."""
    one = engine.run(PLAN, prices=closes()).result.config_sha256
    assert engine.run(PLAN, prices=closes().copy()).result.config_sha256 == one
    assert engine.run(PLAN, prices=closes() * 2.0).result.config_sha256 != one


def test_a_frame_is_gone_once_its_run_is_over() -> None:
    """A config that was run on one cannot be run without it."""
    config = engine.run(PLAN, prices=closes()).result.config
    with pytest.raises(DataError, match=r"hand it to engine\.run again"):
        engine.run(dict(config))


def test_dates_of_any_kind_are_days() -> None:
    """Objects of Python, stamps and text, in the index or in a column."""
    expected = engine.data(PLAN, prices=closes()).sha256
    for index in (DAYS.date, DAYS.strftime("%Y-%m-%d"), DAYS.as_unit("ms"), DAYS.tz_localize("America/New_York")):
        assert engine.data(PLAN, prices=closes().set_axis(index, axis=0)).sha256 == expected
    assert isinstance(DAYS.date[0], dt.date)
