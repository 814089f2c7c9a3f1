"""Our figures out of other programs: each reads a run's own files and computes by its own formulas what the summary says.

Where a tool's convention differs, it is given the parameter that makes it ours, or the factor between the two stands
beside it. What a tool is given is the return of every session: the first, which has the opening's costs, too where we
count from the capital (growth, falls, calendar periods), from the second on where we do not (docs/files.md).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from tests.support.cli import engine

ROOT = Path(__file__).parents[2]
PLANS = {"quickstart": "configs/quickstart.yaml", "my-savings-plan": "engine/backtest/starters/savings.yaml"}
DIFFERS = 1e-10
"""Relative; sums in another order differ by less."""


@dataclass(frozen=True)
class Portfolio:
    """What the files of a run have of one portfolio, and what its summary says of it."""

    folder: Path
    name: str
    capital: float
    level: pd.Series
    says: Mapping[str, float]

    @property
    def returns(self) -> pd.Series:
        """From the second session on."""
        return self.level.pct_change().iloc[1:]

    @property
    def from_capital(self) -> pd.Series:
        """The same, and before it the opening's."""
        return self.level.pct_change().fillna(self.level.iloc[0] / self.capital - 1.0)

    @property
    def a_year(self) -> float:
        """Sessions a year by the calendar; tools that count sessions say 252."""
        return len(self.level) / ((self.level.index[-1] - self.level.index[0]).days / 365.25)

    def agrees(self, theirs: Mapping[str, object]) -> None:
        """Hold what a tool found to the summary; 0 of something is 0 exactly."""
        assert theirs
        ours = {name: self.says[name] for name in theirs}
        found = {name: float(value) for name, value in theirs.items()}
        assert found == pytest.approx(ours, rel=DIFFERS, abs=1e-14), self.name


@pytest.fixture(scope="module", params=PLANS)
def portfolios(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Portfolio]:
    """Make a run and export it: a plan with one payment, and one of monthly payments, where value and level part."""
    home = tmp_path_factory.mktemp("others")
    engine("run", ROOT / PLANS[request.param], "--set", f"name={request.param}", cwd=home)
    engine("export", f"runs/{request.param}", "--to", "parquet", "--out", "tables", cwd=home)
    folder = home / "runs" / request.param
    summary = json.loads((folder / "summary.json").read_text())
    levels = pd.read_parquet(folder / "levels.parquet")
    capital = summary["account"]["capital"]
    found = [
        Portfolio(folder, name, capital, levels[name].dropna(), figures)
        for name, figures in summary["portfolios"].items()
    ]
    assert len(found) >= 4
    return found


def package(name: str) -> ModuleType:
    """Import another tool, or skip with what is missing."""
    module: ModuleType = pytest.importorskip(name, reason=f"{name} is not installed", exc_type=ImportError)
    return module


def test_quantstats_gives_our_figures(portfolios: list[Portfolio]) -> None:
    stats = package("quantstats").stats
    for one in portfolios:
        n = len(one.returns)
        fourth = stats.kurtosis(one.returns)
        one.agrees(
            {
                "total_return": stats.comp(one.from_capital),
                "cagr": stats.cagr(one.from_capital, periods=one.a_year),
                "volatility": stats.volatility(one.returns),
                "sharpe": stats.sharpe(one.returns),
                "sortino": stats.sortino(one.returns),
                "max_drawdown": stats.max_drawdown(one.from_capital),
                "calmar": stats.calmar(one.from_capital, periods=one.a_year),
                "omega": stats.omega(one.returns),
                "best_day": stats.best(one.returns),
                "worst_day": stats.worst(one.returns),
                "best_year": stats.best(one.from_capital, aggregate="YE"),
                "worst_year": stats.worst(one.from_capital, aggregate="YE"),
                "best_month": stats.best(one.from_capital, aggregate="ME"),
                "worst_month": stats.worst(one.from_capital, aggregate="ME"),
                # one less than the number of returns below the root, where we have the number of levels, the capital's too
                "ulcer": stats.ulcer_index(one.from_capital) * math.sqrt(n / (n + 2)),
                # corrected for the size of the sample, the fourth moment less that of a normal distribution
                "skew": stats.skew(one.returns) * (n - 2) / math.sqrt(n * (n - 1)),
                "kurtosis": 3.0 + (fourth * (n - 2) * (n - 3) / (n - 1) - 6.0) / (n + 1),
            }
        )


def test_empyrical_gives_our_figures(portfolios: list[Portfolio]) -> None:
    ep = package("empyrical")
    for one in portfolios:
        months, years = (ep.aggregate_returns(one.from_capital, period) for period in ("monthly", "yearly"))
        one.agrees(
            {
                "total_return": ep.cum_returns_final(one.from_capital),
                "cagr": ep.annual_return(one.from_capital, annualization=one.a_year),
                "annual_return_by_count": ep.annual_return(one.returns),
                "volatility": ep.annual_volatility(one.returns),
                "sharpe": ep.sharpe_ratio(one.returns),
                "sortino": ep.sortino_ratio(one.returns),
                "max_drawdown": ep.max_drawdown(one.from_capital),
                "calmar": ep.calmar_ratio(one.from_capital, annualization=one.a_year),
                "omega": ep.omega_ratio(one.returns),
                "var_95": ep.value_at_risk(one.returns, 0.05),
                "best_month": months.max(),
                "worst_month": months.min(),
                "win_months": (months > 0.0).mean(),
                "best_year": years.max(),
                "worst_year": years.min(),
            }
        )


@pytest.mark.filterwarnings(
    "ignore:Module .zipline.assets. not found:UserWarning",
    "ignore:The inplace keyword:pandas.errors.Pandas4Warning",
)
def test_pyfolio_gives_our_figures_falls_weights_and_turnover(portfolios: list[Portfolio]) -> None:
    package("pyfolio")
    from pyfolio.pos import get_percent_alloc
    from pyfolio.timeseries import gen_drawdown_table, perf_stats
    from pyfolio.txn import get_txn_vol

    for one in portfolios:
        stats, whole = perf_stats(one.returns), perf_stats(one.from_capital)
        one.agrees(
            {
                "volatility": stats["Annual volatility"],
                "sharpe": stats["Sharpe ratio"],
                "sortino": stats["Sortino ratio"],
                "omega": stats["Omega ratio"],
                "skew": stats["Skew"],
                "kurtosis": stats["Kurtosis"] + 3.0,
                "annual_return_by_count": stats["Annual return"],
                "total_return": whole["Cumulative returns"],
                "cagr": (1.0 + whole["Annual return"]) ** (one.a_year / 252.0) - 1.0,
                "max_drawdown": whole["Max drawdown"],
            }
        )
    strategy = portfolios[0]
    tables = strategy.folder.parents[1] / "tables"
    falls = pd.read_parquet(tables / "falls.parquet").query("portfolio == 'strategy'")
    theirs = gen_drawdown_table(strategy.from_capital, top=2)
    assert theirs["Peak date"].astype("datetime64[ms]").tolist() == falls["peak"].head(2).tolist()
    assert theirs["Valley date"].astype("datetime64[ms]").tolist() == falls["trough"].head(2).tolist()
    assert theirs["Net drawdown in %"].astype(float).tolist() == pytest.approx(
        (-100.0 * falls["depth"].head(2)).tolist()
    )
    positions = pd.read_parquet(tables / "positions.parquet")
    weights = pd.read_parquet(strategy.folder / "weights.parquet")
    pd.testing.assert_frame_equal(get_percent_alloc(positions), weights, rtol=1e-9, atol=1e-12, check_freq=False)
    trades = pd.read_parquet(tables / "trades.parquet").set_index("date")
    traded = trades.rename(columns={"quantity": "amount", "asset": "symbol"})
    volume = get_txn_vol(traded)["txn_volume"].iloc[1:].sum()  # the opening is no turnover
    years = len(strategy.level) / strategy.a_year
    strategy.agrees({"turnover": volume / 2.0 / positions.sum(axis=1).mean() / years})


def test_duckdb_gives_our_figures(portfolios: list[Portfolio]) -> None:
    duckdb = package("duckdb")
    for one in portfolios:
        found = duckdb.sql(f"""
            WITH levels AS (SELECT date, "{one.name}" AS level FROM '{one.folder / "levels.parquet"}'),
            steps AS (
                SELECT date, level,
                    level / lag(level) OVER (ORDER BY date) - 1 AS change,
                    level / greatest(max(level) OVER (ORDER BY date), {one.capital}) - 1 AS fall
                FROM levels WHERE level IS NOT NULL
            )
            SELECT
                last(level ORDER BY date) / {one.capital} - 1 AS total_return,
                (1 + total_return) ** (365.25 / date_diff('day', min(date), max(date))) - 1 AS cagr,
                stddev_samp(change) * sqrt(252) AS volatility,
                avg(change) / stddev_samp(change) * sqrt(252) AS sharpe,
                avg(change) / sqrt(avg(least(change, 0) ** 2) FILTER (change IS NOT NULL)) * sqrt(252) AS sortino,
                min(fall) AS max_drawdown, cagr / -max_drawdown AS calmar,
                min(change) AS worst_day, max(change) AS best_day,
                quantile_cont(change, 0.05) AS var_95, count(*) AS sessions
            FROM steps
        """)
        one.agrees(dict(zip(found.columns, found.fetchall()[0], strict=True)))
    strategy = portfolios[0]
    trades = duckdb.sql(f"SELECT count(*), sum(cost) FROM '{strategy.folder / 'trades.csv'}'").fetchall()[0]
    strategy.agrees(dict(zip(("trades", "costs"), trades, strict=True)))
    last = f"SELECT last(strategy ORDER BY date) FROM '{strategy.folder / 'equity.parquet'}'"
    strategy.agrees({"final_value": duckdb.sql(last).fetchall()[0][0]})


def test_polars_gives_our_figures(portfolios: list[Portfolio]) -> None:
    pl = package("polars")
    for one in portfolios:
        level = pl.col(one.name)
        change, last = level.pct_change(), level.last() / one.capital
        years = (pl.col("date").last() - pl.col("date").first()).dt.total_days() / 365.25
        fall = level / pl.max_horizontal(level.cum_max(), pl.lit(one.capital)) - 1.0
        found = (
            pl.read_parquet(one.folder / "levels.parquet")
            .filter(level.is_not_null())
            .select(
                total_return=last - 1.0,
                cagr=last.pow(1.0 / years) - 1.0,
                volatility=change.std() * math.sqrt(252),
                sharpe=change.mean() / change.std() * math.sqrt(252),
                sortino=change.mean() / change.clip(upper_bound=0.0).pow(2).mean().sqrt() * math.sqrt(252),
                max_drawdown=fall.min(),
                worst_day=change.min(),
                best_day=change.max(),
                skew=change.skew(),
                kurtosis=change.kurtosis(fisher=False),
                sessions=pl.len(),
            )
        )
        one.agrees(found.row(0, named=True))
    strategy = portfolios[0]
    weights = pl.read_parquet(strategy.folder / "weights.parquet")
    assert weights.select(pl.sum_horizontal(pl.exclude("date"))).to_series().to_list() == pytest.approx(
        [1.0] * len(weights), abs=1e-12
    )
    for name, largest in strategy.says["max_weight"].items():
        row = weights.sort(name).tail(1)
        assert row["date"].item().date().isoformat() == largest["date"]
        assert row[name].item() == pytest.approx(largest["weight"], rel=1e-12)
