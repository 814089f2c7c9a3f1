"""A dated list with names that are gone, run: who is chosen each year, who left and why, and what the source lacks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine import composition
from engine.analysis.timeline import list_asset_events
from engine.backtest.config import RunConfig
from engine.backtest.outputs import RunResult
from engine.backtest.workflow import run_backtest
from engine.core.errors import UnknownTickerError
from engine.core.yaml_document import parse_document
from engine.diagnostics.verify.folder import read_finished, verify_finished
from engine.report.run.page import build_run_report
from tests.support.configs import config
from tests.support.sweeps import evaluate_as_own_runs

DEAD = {
    "AVYA": ("Avaya", "2018-01-17,2023-02-14"),
    "CTLT": ("Catalent_Inc", "2014-07-31,2024-12-17"),
    "FDC": ("First_Data_Corp", "2015-10-15,2019-07-26"),
    "NYX": ("NYSE_Euronext", "2007-04-04,2013-11-12"),
}
LIVING = {"CRS": "2004-01-02,2014-12-31", "KO": "2004-01-02,2012-06-29", "MRK": "2012-07-02,", "UNF": "2004-01-02,"}
PLAN = """
name: dated
data: {{source: {{kind: files, path: {prices}, closes: raw}}}}
window: {{start: 2010-09-01, end: 2024-12-31}}
account: {{capital: 100000, currency: USD}}
strategy:
  kind: core_satellite
  core: {{SPY: rest}}
  satellites:
    universe: {universe}
    choose: {{kind: top, count: 3, by: momentum, lookback: 200}}
    weight: 2.5%
  cap: 3%
  rebalance: {{kind: annual, month: january}}
costs: {{kind: percent, rate: 0.1%}}
"""


def spans() -> dict[str, str]:
    return {**LIVING, **{ticker: span for ticker, (_, span) in DEAD.items()}}


def run(prices: Path, folder: Path, *overrides: str) -> tuple[RunResult, RunConfig]:
    universe = folder / "list.csv"
    universe.write_text("ticker,start_date,end_date\n" + "".join(f"{one},{span}\n" for one, span in spans().items()))
    plan = config(PLAN.format(prices=prices, universe=universe), *overrides)
    return run_backtest(plan, intervals=False, parts=False), plan


def choices(result: RunResult, plan: RunConfig) -> dict[str, str]:
    own = result.comparison.strategy
    events = list_asset_events(own.ledger, own.market, plan.strategy)
    return {one.date[:4]: one.text for one in events if one.kind == "choice"}


@pytest.fixture
def folder(shared_data: Path, tmp_path: Path) -> Path:
    """A folder with a file for each name: the living ones from one table, the dead as they were downloaded."""
    prices = pd.read_parquet(shared_data / "prices.parquet")
    for ticker in (*LIVING, "SPY"):
        prices[ticker].dropna().loc["2009":].rename_axis("Date").to_frame("Close").to_csv(tmp_path / f"{ticker}.csv")
    for ticker, (name, _) in DEAD.items():
        (tmp_path / f"{ticker}.csv").write_bytes((shared_data / "delisted" / f"investing.com_{name}.csv").read_bytes())
    return tmp_path


def test_the_choice_of_each_year_from_a_list_with_names_that_are_gone(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each choice is what pandas ranks among the members of the day, and everyone who leaves has the true reason."""
    result, plan = run(folder, tmp_path_factory.mktemp("plan"))
    said = choices(result, plan)
    assert said["2010"] == "CRS, KO, NYX; start"
    assert said["2013"].endswith("in MRK, NYX, out CRS (outranked), KO (membership ended 2012-06-29)")
    assert said["2014"].endswith("out NYX (delisted)")
    assert said["2016"].endswith("in CTLT, out CRS (membership ended 2014-12-31)")
    assert said["2020"].endswith("out FDC (delisted)")
    assert "AVYA" in said["2021"]
    assert said["2022"].endswith("out AVYA (outranked)")
    assert not [one for one in result.summary.warnings if one.startswith(("Hindsight", "Survivors", "No price"))]

    ledger, market = result.comparison.strategy.ledger, result.comparison.strategy.market
    table = pd.DataFrame(np.where(market.age >= 0, market.prices, np.nan), market.dates, market.assets)
    opening = ledger.opening_row(market)
    for event in np.flatnonzero(ledger.rebalances):
        row = opening + int(ledger.rows[event])
        day = str(market.dates[row if row == opening else row - 1])
        there = [one for one, span in spans().items() if span[:10] <= day <= (span[11:] or "9999")]
        there = [one for one in there if market.eligible[row, market.column_index(one)]]
        momentum = (table.iloc[row - 1] / table.iloc[row - 201] - 1.0)[there].dropna()
        held = {one for one in spans() if ledger.targets[event, ledger.assets.index(one)] > 0.0}
        assert held == set(momentum.nlargest(3).index)


SWEEP = """
sweep:
  axes:
    strategy.satellites.universe: [{universe}, {other}]
    strategy.core: [{{SPY: rest}}, {{SPY: rest, NYX: 5%}}]
    strategy.satellites.weight: [2%, 2.5%]
"""


def made_up_closes(folder: Path, *tickers: str) -> None:
    days = pd.bdate_range("2009-11-02", "2013-12-31", name="Date")
    for at, ticker in enumerate(tickers):
        closes = 10.0 * np.cumprod(1.0 + np.random.default_rng(at).normal(0.0004, 0.01, len(days)))
        pd.DataFrame({"Close": closes}, days).to_csv(folder / f"{ticker}.csv")


def test_a_sweep_over_dated_lists_has_the_bits_of_each_plan_s_own_run(tmp_path: Path) -> None:
    """A list whose dead names have no price is gone through, as alone; a core that needs one is refused."""
    made_up_closes(tmp_path, "SPY", "CRS", "KO", "UNF", "MRK", "HD")
    (tmp_path / "lists").mkdir()
    universe, other = (tmp_path / "lists" / name for name in ("own.csv", "other.csv"))
    universe.write_text("ticker,start_date,end_date\n" + "".join(f"{one},{span}\n" for one, span in spans().items()))
    other.write_text('date,tickers\n2009-01-02,"CRS,HD,ENRNQ,KO,UNF"\n2012-03-01,"HD,MRK,UNF,KO"\n')
    text = PLAN.format(prices=tmp_path, universe=universe) + SWEEP.format(universe=universe, other=other)
    sweep, chunk = evaluate_as_own_runs(parse_document(text, "sweep.yaml"))
    assert chunk.point_numbers.tolist() == [0, 1, 2, 3]  # the first half has the core without NYX
    assert len({figures.tobytes() for figures in chunk.metrics}) == 4
    assert any(
        "of 5 of the 10 names of the dated universe: AVYA, CTLT, ENRNQ" in one
        for one in sweep.job.closes.provenance.notes
    )


def test_members_without_a_price_are_told_once_and_the_run_goes_on(tmp_path: Path) -> None:
    """Of a list with names that are gone a source lacks some: one sentence with their number and names."""
    days = pd.bdate_range("2009-11-02", "2013-12-31", name="Date")
    for at, ticker in enumerate(("SPY", "CRS", "KO", "UNF", "MRK")):
        pd.DataFrame({"Close": 10.0 * (1.0 + at / 10_000.0) ** np.arange(len(days))}, days).to_csv(
            tmp_path / f"{ticker}.csv"
        )
    folder = tmp_path / "plan"
    folder.mkdir()
    result, plan = run(tmp_path, folder)
    told = [one for one in result.summary.warnings if "No price in the source" in one]
    assert len(told) == 1
    assert "of 4 of the 8 names of the dated universe: AVYA, CTLT, FDC, NYX." in told[0]
    assert choices(result, plan) == {
        "2010": "CRS, KO, UNF; start",
        "2013": "CRS, MRK, UNF; in MRK, out KO (membership ended 2012-06-29)",
    }
    with pytest.raises(UnknownTickerError, match="GONE") as caught:
        run(tmp_path, folder, "strategy.core={SPY: rest, GONE: 5%}")
    assert "NYX" not in str(caught.value)


@pytest.mark.slow
def test_verify_and_the_audit_reproduce_a_run_whose_list_has_names_without_prices(tmp_path: Path) -> None:
    """What could not be chosen changes neither the figures of the folder nor what another engine makes of the trades."""
    pytest.importorskip("vectorbt")
    from engine.backtest.vectorbt_audit import audit_run

    made_up_closes(tmp_path, "SPY", "CRS", "KO", "UNF", "MRK")
    (tmp_path / "plan").mkdir()
    result, _ = run(tmp_path, tmp_path / "plan")
    audited = audit_run(result)
    assert audited.audit is not None
    audited.write(tmp_path / "out")
    build_run_report(tmp_path / "out")
    figures, _ = verify_finished(read_finished(tmp_path / "out"), composition.prepare_sweep)
    assert [one for one in figures if not one.agrees] == []
    assert {"orders", "cash", "weights", "levels", "figures"} <= {one.group for one in figures}
