"""A dated list with names that are gone, as ``benchmarks/studies/universe.md``: who is chosen each year, who left and why.

``python benchmarks/studies/universe.py --prices FILE --gone FOLDER``, or ``make universe``. The list is
``configs/universe_dated.csv``; the folder has a file of closes of each name that is gone, called by its ticker or as below.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engine.analysis.timeline import list_asset_events
from engine.backtest.config import RunConfig
from engine.backtest.outputs import RunResult
from engine.backtest.workflow import run_backtest
from engine.composition import load_run
from engine.core.files import atomic_write
from engine.report import number_format as fmt

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "benchmarks" / "studies" / "universe.md"
PLAN = ROOT / "configs" / "rules" / "dated_universe.yaml"
LIST = ROOT / "configs" / "universe_dated.csv"
GONE = {
    "AVYA": "investing.com_Avaya.csv",
    "CTLT": "investing.com_Catalent_Inc.csv",
    "FDC": "investing.com_First_Data_Corp.csv",
    "NYX": "investing.com_NYSE_Euronext.csv",
}
LIVING = ("CRS", "ITRI", "MMSI", "SRCE", "UNF", "SPY", "VB")
LOOKBACK, SKIP, COUNT = 252, 21, 3

INTRODUCTION = """\
# A dated list with names that are gone

Made by `make universe` (`benchmarks/studies/universe.py`); nothing here is typed by hand. `configs/rules/dated_universe.yaml`: every
January the three names with the best momentum among those that belong to `configs/universe_dated.csv` on the day of the last close
seen, 2.5 % each, 100,000 USD, 0.1 % a trade. Four of its nine names are gone; their closes are without dividends.
"""


def main() -> None:
    """Run everything, print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prices", type=Path, required=True, metavar="FILE")
    parser.add_argument("--gone", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        text = "\n".join([*page(options.prices.resolve(), options.gone.resolve(), Path(temporary)), ""])
    atomic_write(PAGE, text.encode())
    print(text)


def page(prices: Path, gone: Path, folder: Path) -> Iterator[str]:
    """Yield the lines of the page."""
    whole, living = folder / "whole", folder / "living"
    for place in (whole, living):
        place.mkdir()
        write_closes(prices, place)
    for ticker, name in GONE.items():
        write_gone(gone, ticker, name, whole / f"{ticker}.csv")
    names = pd.read_csv(LIST).drop_duplicates("ticker")
    undated = write_names(folder / "undated.csv", names)
    survivors = write_names(folder / "survivors.csv", names[~names["ticker"].isin(GONE)])
    plan = config(whole, LIST)
    dated = run_backtest(plan, intervals=False, parts=False)
    runs = {
        "the list as it was": dated,
        "the same, no prices of what is gone": run_backtest(config(living, LIST), intervals=False, parts=False),
        "the same names without dates": run_backtest(config(whole, undated), intervals=False, parts=False),
        "only those that are still listed": run_backtest(config(living, survivors), intervals=False, parts=False),
    }
    yield INTRODUCTION
    yield from ("## The choice of each year", "", *choices(dated, plan), "")
    yield from ("## What the list is worth", "", *figures(runs), "")
    yield "One history of nine names, five of them known to have lasted, joining days that are made up: no figure here is a forecast."


def write_closes(prices: Path, folder: Path) -> None:
    """Write a file of closes of each name that is still listed."""
    table = pd.read_parquet(prices)
    for ticker in LIVING:
        table[ticker].dropna().rename_axis("Date").to_frame("Close").to_csv(folder / f"{ticker}.csv")


def write_gone(folder: Path, ticker: str, name: str, to: Path) -> None:
    """Write the closes of a name that is gone: a vendor's table, or a file called by the ticker as it stands."""
    if not (folder / name).is_file():
        shutil.copyfile(folder / f"{ticker}.csv", to)
        return
    table = pd.read_csv(folder / name, usecols=["Date", "Price"], encoding="utf-8-sig")
    days = pd.to_datetime(table["Date"], format="%m/%d/%Y")
    table.assign(Date=days).set_index("Date")["Price"].sort_index().to_frame("Close").to_csv(to)


def write_names(path: Path, names: pd.DataFrame) -> Path:
    """Write names that always belong to the list, and return where."""
    names.assign(**{"from": "", "to": ""}).to_csv(path, index=False)
    return path


def config(prices: Path, universe: Path) -> RunConfig[Any]:
    """Return the plan with its closes in a folder and its names in a file."""
    source = f"data.source={{kind: files, path: '{prices}', closes: adjusted}}"
    return load_run(PLAN, (source, f"strategy.satellites.universe={universe}"))


def choices(result: RunResult, plan: RunConfig[Any]) -> Iterator[str]:
    """Yield for every decision who belonged to the list, who of them could not be bought, who was chosen, and who left.

    Each choice is counted again: the best by momentum, as numpy ranks them, among the members that could be bought.
    """
    own = result.comparison.strategy
    ledger, market, universe = own.ledger, own.market, plan.strategy.satellites.universe
    told = {
        event.date: event.text for event in list_asset_events(ledger, market, plan.strategy) if event.kind == "choice"
    }
    opening, agreed = ledger.opening_row(market), 0
    events = np.flatnonzero(ledger.rebalances)
    yield "| decision | members | of these not to be bought | chosen; in, out and why |"
    yield "| --- | --- | --- | --- |"
    for event in events:
        row = opening + int(ledger.rows[event])
        day = market.dates[row if row == opening else row - 1]
        members = [ticker for ticker in universe.tickers if universe.is_member(ticker, day)]
        at = {ticker: market.column_index(ticker) for ticker in members}
        ready = [
            ticker
            for ticker in members
            if market.eligible[row, at[ticker]] and market.age[row - 1 - LOOKBACK, at[ticker]] >= 0
        ]
        momentum = {
            ticker: market.prices[row - 1 - SKIP, at[ticker]] / market.prices[row - 1 - LOOKBACK, at[ticker]]
            for ticker in ready
        }
        best = set(sorted(ready, key=lambda ticker: (-momentum[ticker], ticker))[:COUNT])
        held = {ticker for ticker in universe.tickers if ledger.targets[event, ledger.assets.index(ticker)] > 0.0}
        agreed += held == best
        date = str(market.dates[row])
        out = ", ".join(ticker for ticker in members if ticker not in ready) or fmt.DASH
        yield f"| {date} | {', '.join(members)} | {out} | {told.get(date, 'as before: ' + ', '.join(sorted(held)))} |"
    yield ""
    yield f"{agreed} of {len(events)} choices are what numpy ranks among the members of the day that could be bought."


def figures(runs: Mapping[str, RunResult]) -> Iterator[str]:
    """Yield what each list earned, and what the run says that it cannot know of it."""
    yield "| list | CAGR | volatility | max drawdown | said of the list |"
    yield "| --- | ---: | ---: | ---: | --- |"
    for label, result in runs.items():
        metrics = result.comparison.strategy.metrics
        percents = [fmt.percent(metrics[name]) for name in ("cagr", "volatility", "max_drawdown")]
        said = [
            one for one in result.summary.warnings if one.startswith(("Hindsight", "No price", "Survivors", "Ended"))
        ]
        yield f"| {' | '.join([label, *percents, ' '.join(said) or fmt.DASH])} |"


if __name__ == "__main__":
    main()
