"""Figures as of a day: what had been filed by then, from Parquet and CSV, and what is wrong in the table."""

from __future__ import annotations

import datetime as dt
import math
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backtest.config import to_plain_data
from engine.core.errors import ConfigError, DataError
from engine.data.research.formula import Criterion, Measure
from engine.data.research.fundamentals import Fundamentals
from tests.support.configs import QUICK
from tests.support.research import day, message, reread, research_config, written


@pytest.fixture(scope="module")
def edgar(shared_data: Path) -> Path:
    path = shared_data / "fundamentals" / "sec_edgar_point_in_time.parquet"
    if not path.is_file():
        pytest.skip("the table of SEC filings is not in shared/data/fundamentals")
    return path


def reference(frame: pd.DataFrame, ticker: str, on: dt.date) -> dict[str, float] | None:
    """Return what was known on a day, by the definition and with pandas alone."""
    known = frame[(frame.ticker == ticker) & (frame.available_date <= pd.Timestamp(on))]
    if known.empty:
        return None
    of_last = known[known.period_end == known.period_end.max()]
    return of_last.loc[of_last.available_date.idxmax()].drop(["ticker", "period_end", "available_date"]).to_dict()


def test_figures_as_of_a_day_equal_the_definition_on_real_filings(edgar: Path) -> None:
    frame = pd.read_parquet(edgar)
    table = Fundamentals(path=str(edgar))
    random_ = random.Random(3)
    tickers = [*sorted(set(frame.ticker)), "NOBODY"]
    pairs = [(random_.choice(tickers), day("2008-06-01") + dt.timedelta(random_.randrange(6600))) for _ in range(200)]
    answers = [table.as_of(ticker, on) for ticker, on in pairs]
    assert answers.count(None) in range(1, 100)
    for (ticker, on), found in zip(pairs, answers, strict=True):
        np.testing.assert_equal(found, reference(frame, ticker, on))


def test_parquet_and_csv_of_the_same_filings_give_the_same_figures(edgar: Path, tmp_path: Path) -> None:
    frame = pd.read_parquet(edgar)
    frame = frame[frame.ticker.isin(["HD", "KO", "WMT"])]
    frame.rename(columns={"period_end": "period", "available_date": "filing_date"}).to_csv(
        tmp_path / "f.csv", index=False
    )
    one, other = Fundamentals(path=str(edgar)), Fundamentals(path=str(tmp_path / "f.csv"))
    assert other.tickers == ("HD", "KO", "WMT")
    assert set(one.columns) == set(other.columns)
    for on in pd.date_range("2009-01-01", "2026-06-01", freq="31D"):
        np.testing.assert_equal(one.as_of("KO", on.date()), other.as_of("KO", np.datetime64(on)))


HEAD = "ticker,period_end,available_date,form,net_income,equity\n"


def table(tmp_path: Path, *rows: str, head: str = HEAD) -> Fundamentals:
    return Fundamentals(path=str(written(tmp_path / "figures.csv", head + "\n".join(rows) + "\n")))


def test_a_filing_counts_from_its_day_and_a_late_correction_of_an_older_period_does_not_replace_newer_figures(
    tmp_path: Path,
) -> None:
    known = table(
        tmp_path,
        "A,2019-12-31,2020-02-10,10-K,1,10",
        "A,2020-03-31,2020-05-10,10-Q,2,10",
        "A,2019-12-31,2020-06-10,10-K/A,99,10",
        "A,2020-03-31,2020-07-10,10-Q/A,3,",
    )
    by_day = {on: known.as_of("A", day(on)) for on in ("2020-02-09", "2020-02-10", "2020-05-10", "2020-06-10")}
    assert [None if figures is None else figures["net_income"] for figures in by_day.values()] == [
        None,
        1.0,
        2.0,
        2.0,
    ]
    assert known.as_of("A", day("2030-01-01"))["net_income"] == 3.0
    assert math.isnan(known.as_of("A", day("2030-01-01"))["equity"])
    assert known.columns == ("net_income", "equity")
    assert known.as_of("B", day("2030-01-01")) is None


DAYS = st.integers(0, 40).map(lambda n: dt.date(2020, 1, 1) + dt.timedelta(n))
FILINGS = st.lists(
    st.tuples(st.sampled_from("AB"), DAYS, st.integers(0, 40)), min_size=1, max_size=12, unique_by=lambda row: row
)


@given(rows=FILINGS, on=DAYS)
def test_a_row_that_is_filed_after_the_day_never_changes_what_was_known_on_it(tmp_path_factory, rows, on) -> None:
    folder = tmp_path_factory.mktemp("poison")
    lines = [
        (f"{who},{end},{end + dt.timedelta(lag)},10-K,{at},1", end + dt.timedelta(lag) <= on)
        for at, (who, end, lag) in enumerate(rows)
    ]
    whole = table(folder, *(line for line, _ in lines)).as_of("A", on)
    past = [line for line, filed in lines if filed]
    assert whole == (table(folder, *past).as_of("A", on) if past else None)


def test_the_dumped_table_always_names_its_content_and_other_content_is_refused(tmp_path: Path) -> None:
    known = table(tmp_path, "A,2019-12-31,2020-02-10,10-K,1,10")
    config = research_config(f"table: {{path: {known.path}}}")
    assert to_plain_data(config)["table"] == {"path": known.path, "sha256": known.sha256}
    assert len(known.sha256) == 64
    assert reread(config) == config
    table(tmp_path, "A,2019-12-31,2020-02-10,10-K,1,11.5")
    with pytest.raises(ConfigError, match=r"table\.sha256: .* has [0-9a-f]{64}: other content"):
        reread(config)


def test_a_table_that_changes_between_config_and_first_use_is_refused(tmp_path: Path) -> None:
    known = table(tmp_path, "A,2019-12-31,2020-02-10,10-K,1,10")
    table(tmp_path, "A,2019-12-31,2020-02-10,10-K,1,11.5")
    with pytest.raises(DataError, match="changed since the config was read; start again"):
        known.as_of("A", day("2021-01-01"))


GOOD = "A,2019-12-31,2020-02-10,10-K,1,10"
TABLES = {
    "date": (HEAD + "A,2019-13-31,2020-02-10,10-K,1,10", ":2: period_end: '2019-13-31' is not a date"),
    "no date": (HEAD + "A,2019-12-31,,10-K,1,10", ":2: available_date: '' is not a date"),
    "text": (HEAD + GOOD + "\nA,2020-03-31,2020-05-10,10-Q,n.m.,2", ":3: net_income: found 'n.m.', expected a number"),
    "twice": (f"{HEAD}{GOOD}\n\n{GOOD}", ":4: A, period 2019-12-31, filed 2020-02-10: stands there already"),
    "infinite": (HEAD + GOOD.replace("10-K,1", "10-K,inf"), ":2: net_income: found an infinite number"),
    "too early": (HEAD + "A,2019-12-31,2019-12-30,10-K,1,10", "filed before its period was over"),
    "no ticker": (HEAD + GOOD[1:], ":2: ticker: found ''; write a ticker"),
    "missing column": (HEAD.replace("available", "availble") + GOOD, "column 'available_date' is missing; did you mean 'availble_date'?"),
    "cells": (HEAD + GOOD + ",7", ":2: found 7 cells, expected 6 as in the header"),
    "doubled": (HEAD.replace("form", "equity") + GOOD, ":1: column 'equity' stands there twice"),
    "semicolons": (HEAD.replace(",", ";") + GOOD, ":1: found semicolons between the columns; save it with commas"),
    "no rows": (HEAD, ": found no rows, expected figures"),
    "empty": ("", ": found no header"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_a_fault_of_the_table_is_told_at_its_line(case: str, tmp_path: Path) -> None:
    text, expected = TABLES[case]
    path = written(tmp_path / "f.csv", text)
    faults = message(f"count: many\ntable: {{path: {path}}}")
    assert f"plan.yaml:2: table.path: {path}" in faults
    assert expected in faults
    assert "plan.yaml:1: count:" in faults


def test_what_is_no_table_is_refused_with_a_remedy(tmp_path: Path) -> None:
    assert "found no such file" in message("table: {path: nowhere.parquet}")
    assert "found a folder" in message(f"table: {{path: {tmp_path}}}")
    assert "found the ending '.yaml', expected .parquet or .csv" in message(f"table: {{path: {QUICK}}}")
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 but no more")
    assert "found no readable Parquet table" in message(f"table: {{path: {broken}}}")
    (tmp_path / "latin.csv").write_bytes(b"ticker\n\xe9")
    assert "not UTF-8 text at byte 7" in message(f"table: {{path: {tmp_path / 'latin.csv'}}}")
    assert "is not a SHA-256" in message(f"table: {{path: {table(tmp_path, GOOD).path}, sha256: abc}}")


def test_parquet_columns_of_every_kind_are_read_as_what_they_are(tmp_path: Path) -> None:
    stamp = dt.datetime(2020, 2, 11, 2, 30, tzinfo=dt.UTC)  # half past nine in the evening before, in New York
    columns = {
        "Ticker": pa.array(["A"]).dictionary_encode(),
        "period": pa.array([dt.date(2019, 12, 31)]),
        "filing_date": pa.array([stamp], pa.timestamp("ns", "America/New_York")),
        "Whole": pa.array([3], pa.int32()),
        "narrow": pa.array([0.5], pa.float32()),
        "absent": pa.nulls(1),
        "form": pa.array(["10-K"]),
    }
    pq.write_table(pa.table(columns), tmp_path / "f.parquet")
    known = Fundamentals(path=str(tmp_path / "f.parquet"))
    assert known.as_of("A", day("2020-02-09")) is None
    np.testing.assert_equal(known.as_of("A", day("2020-02-10")), {"Whole": 3.0, "narrow": 0.5, "absent": math.nan})
    assert "holds no numbers" in next(known.unknown_column_faults([Measure("form * 2")]))[1]


def test_a_column_that_the_table_lacks_is_told_with_the_nearest_and_all_known(tmp_path: Path) -> None:
    known = table(tmp_path, GOOD)
    formulas = [Criterion("net_income > 0"), Criterion("net_incom / equity > roic")]
    assert list(known.unknown_column_faults(formulas)) == [
        (1, f"{known.path} has no column 'net_incom'; did you mean 'net_income'? known: equity, net_income"),
        (1, f"{known.path} has no column 'roic'; known: equity, net_income"),
    ]
