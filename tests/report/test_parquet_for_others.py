"""A run's Parquet in other programs: pandas finds the index, DuckDB and polars the columns, other tools our figures."""

from __future__ import annotations

import doctest
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.core.arrow_columns import to_dates
from engine.core.parquet_files import dated_table, table_bytes
from tests.support.cli import engine

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "files.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
DATED = ("equity", "levels", "weights", "months", "rolling")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder in which the page's run was made."""
    folder = tmp_path_factory.mktemp("files")
    engine("run", ROOT / "configs" / "quickstart.yaml", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def sweep_table(home: Path) -> Path:
    """Make the page's sweep, without its tests of luck, which no block shows."""
    engine("sweep", ROOT / "configs" / "sweeps" / "quickstart_sweep.yaml", "--no-evidence", cwd=home)
    return home / "runs" / "quickstart-sweep.sweep" / "results.parquet"


@pytest.mark.filterwarnings("ignore:Module .zipline.assets. not found:UserWarning")  # pyfolio's, at its import
@pytest.mark.parametrize("block", BLOCKS, ids=[re.sub(r"\W+", " ", block)[8:40] for block in BLOCKS])
def test_every_block_of_the_page_prints_what_it_says(
    block: str, home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "quickstart-sweep" in block:
        request.getfixturevalue("sweep_table")
    for name in re.findall(r"import (\w+)", block):
        pytest.importorskip(name, reason=f"{name} is not installed", exc_type=ImportError)
    monkeypatch.chdir(home)
    names: dict[str, object] = {"pd": pd}
    if "(returns)" in block:
        names["returns"] = pd.read_parquet("runs/quickstart/levels.parquet")["strategy"].pct_change().dropna()
    test = doctest.DocTestParser().get_doctest(block, names, "docs/files.md", "docs/files.md", 0)
    said: list[str] = []
    failed, tried = doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert tried
    assert not failed, "".join(said)


def test_pandas_finds_the_dates_as_the_index_of_every_table_of_days(home: Path) -> None:
    manifest = json.loads((home / "runs" / "quickstart" / "manifest.json").read_text())
    for name in DATED:
        path = home / "runs" / "quickstart" / f"{name}.parquet"
        frame, about = pd.read_parquet(path), pq.read_schema(path).metadata
        assert isinstance(frame.index, pd.DatetimeIndex), name
        assert frame.index.name == "date"
        assert frame.index.is_monotonic_increasing
        assert "date" not in frame.columns
        assert set(frame.dtypes) == {np.dtype("float64")}
        assert about[b"config_sha256"].decode() == manifest["config_sha256"]
        assert (about[b"name"], about[b"currency"]) == (b"quickstart", b"USD")


def test_pandas_finds_the_points_of_a_sweep_as_the_index(sweep_table: Path) -> None:
    frame, about = pd.read_parquet(sweep_table), pq.read_schema(sweep_table).metadata
    assert frame.index.name == "point"
    assert frame.index.is_unique
    assert str(frame["strategy.rebalance.month"].dtype) == "category"
    assert (about[b"name"], about[b"currency"], len(about[b"config_sha256"])) == (b"quickstart-sweep", b"USD", 64)


def test_duckdb_and_polars_find_in_a_sweep_s_table_what_the_run_of_its_best_variant_says(
    sweep_table: Path, home: Path
) -> None:
    duckdb, polars = (
        pytest.importorskip(name, reason=f"{name} is not installed", exc_type=ImportError)
        for name in ("duckdb", "polars")
    )
    best = duckdb.sql(f"SELECT * FROM '{sweep_table}' ORDER BY sharpe DESC LIMIT 1")
    row = dict(zip(best.columns, best.fetchall()[0], strict=True))
    assert polars.read_parquet(sweep_table).sort("sharpe").row(-1, named=True) == row
    config = ROOT / "configs" / "sweeps" / "quickstart_sweep.yaml"
    engine("run", config, "--variant", row["point"], "--out", "best", cwd=home)
    (path,) = (home / "best").rglob("summary.json")
    says = json.loads(path.read_text())["portfolios"]["strategy"]
    figures = {name for name in row if isinstance(says.get(name), float)}
    assert {"cagr", "volatility", "sharpe", "max_drawdown", "final_value"} <= figures
    for name in figures:
        assert row[name] == pytest.approx(says[name], rel=1e-9), name


def test_an_export_has_the_dates_of_days_as_its_index_and_those_of_trades_as_a_column(home: Path) -> None:
    engine("export", "runs/quickstart", "--to", "parquet", "--out", "tables", cwd=home)
    returns, trades = (pd.read_parquet(home / "tables" / f"{name}.parquet") for name in ("returns", "trades"))
    assert isinstance(returns.index, pd.DatetimeIndex)
    assert trades.index.equals(pd.RangeIndex(len(trades)))
    assert str(trades["date"].dtype).startswith("datetime64")
    levels = pd.read_parquet(home / "runs" / "quickstart" / "levels.parquet")
    assert (levels.pct_change().iloc[1:] - returns).abs().max().max() < 1e-15


def test_what_is_written_is_what_pandas_would_describe(tmp_path: Path) -> None:
    """The description that pandas makes of the same frame has the same index, columns and types."""
    dates = np.array(["2019-12-31", "2020-01-02", "1969-12-31"], dtype="datetime64[D]")
    content = table_bytes(dated_table(dates, {"A": np.arange(3.0)}), {"name": "x"}, index="date")
    frame = pd.DataFrame({"A": np.arange(3.0)}, index=pd.DatetimeIndex(dates.astype("datetime64[ms]"), name="date"))
    frame.to_parquet(tmp_path / "theirs.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(pa.BufferReader(content)), frame)
    ours = json.loads(pq.read_schema(pa.BufferReader(content)).metadata[b"pandas"])
    theirs = json.loads(pq.read_schema(tmp_path / "theirs.parquet").metadata[b"pandas"])
    assert ours["index_columns"] == theirs["index_columns"]
    described = {one["name"]: (one["pandas_type"], one["numpy_type"]) for one in theirs["columns"]}
    assert {one["name"]: (one["pandas_type"], one["numpy_type"]) for one in ours["columns"]} == described
    assert content == table_bytes(dated_table(dates, {"A": np.arange(3.0)}), {"name": "x"}, index="date")


def test_days_are_read_back_from_dates_and_from_midnights_and_from_nothing_else() -> None:
    days = np.array(["1969-12-31", "2020-02-29"], dtype="datetime64[D]")
    stamps = pa.chunked_array([pa.array(days.astype("datetime64[ms]").tolist(), pa.timestamp("ms"))])
    assert to_dates(stamps).tolist() == to_dates(stamps.cast(pa.date32())).tolist() == days.tolist()
    with pytest.raises(ValueError, match="a date has a time of day"):
        to_dates(pa.chunked_array([pa.array([1], pa.timestamp("ms"))]))
    with pytest.raises(ValueError):
        to_dates(pa.chunked_array([pa.array([None, 0], pa.timestamp("ms"))]))
