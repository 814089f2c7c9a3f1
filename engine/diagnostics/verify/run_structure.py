"""What must be there before the files of a run can be held against each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from engine.backtest.finished_run import FinishedRun
from engine.backtest.manifest import MANIFEST_FILE
from engine.backtest.output_folders import CONFIG_FILE, SUMMARY_FILE
from engine.backtest.signed_files import RUN_FILES
from engine.core.arrays import DateArray
from engine.diagnostics.verify.run_replay import ReplayedRun


def require_structure(run: FinishedRun) -> None:
    """Raise DataError for the first file that lacks what another one names, or contradicts the manifest."""
    for name, why in _faults(run):
        raise RUN_FILES.damage_error(run.path / name, why)


def _faults(run: FinishedRun) -> Iterator[tuple[str, str]]:
    manifest, summary, weights = run.manifest, run.summary, run.weights
    if manifest.trades_sha256 != manifest.files["trades.csv"]:
        yield MANIFEST_FILE, "trades_sha256 is not that of files.trades.csv"
    if manifest.data_sha256 != summary.data.sha256:
        yield MANIFEST_FILE, f"data_sha256 is not that of {SUMMARY_FILE}"
    portfolios = {"strategy", *summary.portfolios, *summary.versus}
    yield from _lacking(SUMMARY_FILE, portfolios, summary.portfolios, "portfolio")
    yield from _lacking("equity.parquet", portfolios, run.equity.columns, "column")
    yield from _lacking("levels.parquet", portfolios, run.levels.columns, "column")
    for name, table in (("equity", run.equity), ("levels", run.levels)):
        empty = [one for one in portfolios if np.isnan(table.columns[one]).all()]
        yield from ((f"{name}.parquet", f"its column {one} is empty") for one in empty)
    own = run.equity.dates[~np.isnan(run.equity.columns["strategy"])]
    for name, dates in (("equity", run.equity.dates), ("levels", run.levels.dates), ("weights", weights.dates)):
        if not (dates[1:] > dates[:-1]).all():
            yield f"{name}.parquet", "its dates do not rise"
    if not np.array_equal(own, weights.dates):
        yield "weights.parquet", "its dates are not those of the strategy's values in equity.parquet"
    held = {"cash", *summary.portfolios["strategy"].max_weight, *(one.asset for one in run.trades)}
    yield from _lacking("weights.parquet", held, weights.columns, "column")
    yield from _trade_date_faults(run, weights.dates)
    replayed = ReplayedRun(run)
    if replayed.risk_free is not None and not -0.5 <= replayed.risk_free <= 1.0:
        yield CONFIG_FILE, "compare.risk_free is no rate"


def _lacking(file: str, wanted: Collection[str], there: Collection[str], what: str) -> Iterator[tuple[str, str]]:
    missing = sorted(set(wanted) - set(there))
    if missing:
        yield file, f"it has no {what} {missing[0]}"


def _trade_date_faults(run: FinishedRun, sessions: DateArray) -> Iterator[tuple[str, str]]:
    known = {str(day) for day in sessions}
    for one in run.trades:
        if one.date not in known:
            yield "trades.csv", f"an order of {one.asset} is dated {one.date}, which is no session of the run"
            return
