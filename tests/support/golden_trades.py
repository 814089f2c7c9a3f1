"""The shipped plans on a made-up market, kept: ``python -m tests.support.golden_trades "WHY THEY CHANGE"``.

Their trades, every metric of plan and buy-and-hold, and the verdict's class. Without a reason nothing is written; the
command prints the line that CHANGELOG.md has to have. Of plans whose weights a solver finds there are no trades: they
may differ in their last bits (S14).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from engine.analysis.metrics_table import METRICS
from engine.backtest.loading import config_tickers
from engine.backtest.outputs import RunResult, trades_csv
from engine.backtest.workflow import run_backtest
from engine.composition import load_run
from engine.core.stand_ins import StandIns, read_instead
from tests.support.configs import ROOT, SHIPPED

PLANS: Final = SHIPPED
TAXED: Final = frozenset(path.stem for path in PLANS if "\ntax:" in path.read_text())
"""Plans that want closes as traded, with dividends."""
FOUND: Final = frozenset(path.stem for path in PLANS if path.stem.startswith("optimised"))
"""Plans whose weights a solver finds."""
KEPT: Final = ROOT / "tests" / "golden_trades.yaml"
_MENTION: Final = re.compile(r"golden runs `([0-9a-f]{12})`")
_DAYS: Final = ("1995-01-02", "2025-12-31")


def write_market(folder: Path) -> None:
    """Write closes of every name of the plans: uniform steps, so that no logarithm of a processor's own is in them.

    Beside them what two plans read from files: filed figures, and rates of cash.
    """
    plans = [path for path in PLANS if path.stem not in {*FOUND, "quality_gate", "cash_rate"}]
    names = sorted({ticker for plan in plans for ticker in config_tickers(load_run(plan))})
    dates = np.arange(*_DAYS, dtype="datetime64[D]")
    dates = dates[np.is_busday(dates)]
    steps = 1.0 + np.random.default_rng(21).uniform(-0.03, 0.0307, (len(dates), len(names)))
    closes = np.round(50.0 * np.cumprod(steps, axis=0), 4) + 0.01
    closes[: len(dates) // 2, :: len(names) // 3] = np.nan  # some list late
    pq.write_table(pa.table({"date": dates, **dict(zip(names, closes.T, strict=True))}), folder / "market.parquet")
    _write_events(folder / "events.parquet", dates, dict(zip(names, closes.T, strict=True)))
    months = np.arange("1995-01", "2026-01", dtype="datetime64[M]")
    rates = [f"{month}-01,{1.0 + at % 50 / 10:.1f}" for at, month in enumerate(months)]
    (folder / "DTB3.csv").write_text("\n".join(["date,rate", *rates]) + "\n")
    rows = ["ticker,period_end,available_date,free_cash_flow,roic,wacc,net_debt,ebitda"]
    for at, year in enumerate(range(2000, 2025)):
        for k, ticker in enumerate(("CRS", "UNF", "MMSI", "ITRI")):
            flow = -5 if (at + k) % 6 == 0 else 40
            debt = 90 if (at + 2 * k) % 7 == 0 else 30
            rows.append(f"{ticker},{year}-12-31,{year + 1}-02-20,{flow},0.{9 + k:02},0.08,{debt},40")
    (folder / "figures.csv").write_text("\n".join(rows) + "\n")


def _write_events(path: Path, dates: np.ndarray, closes: Mapping[str, np.ndarray]) -> None:
    """Write the closes as traded, a row a day and name, with a dividend every 63 sessions and a split each."""
    columns: dict[str, list[object]] = {"date": [], "ticker": [], "close": [], "dividend": [], "split": []}
    for at, (name, own) in enumerate(closes.items()):
        seen = np.flatnonzero(np.isfinite(own))
        halved = seen >= 3000 + 200 * at
        columns["date"] += dates[seen].tolist()
        columns["ticker"] += [name] * len(seen)
        columns["close"] += np.where(halved, np.round(own[seen] / 2.0, 4), own[seen]).tolist()
        columns["dividend"] += np.where(seen % 63 == 7 + at, np.round(own[seen] / 250.0, 3), 0.0).tolist()
        columns["split"] += np.where(seen == 3000 + 200 * at, 2.0, 1.0).tolist()
    pq.write_table(pa.table(columns), path)


@contextmanager
def made_up_files(folder: Path) -> Iterator[None]:
    """Have these files read where the plans name theirs."""
    with read_instead(StandIns({name: folder / name for name in ("DTB3.csv", "figures.csv")})):
        yield


def run_plan(plan: Path, folder: Path, *, intervals: bool = False) -> RunResult:
    """Return a plan's run on the made-up market."""
    path, closes = ("events.parquet", "raw") if plan.stem in TAXED else ("market.parquet", "adjusted")
    source = (f"data.source={{kind: files, path: {folder / path}, closes: {closes}, currency: USD}}",)
    with made_up_files(folder):
        return run_backtest(load_run(plan, source), intervals=intervals, parts=False)


def trades_of(done: RunResult) -> str:
    """Return how many orders a plan has, its last value and the digest of its ``trades.csv``."""
    text = trades_csv(done.comparison)
    value = float(done.comparison.strategy.ledger.value[-1])
    return f"{text.count(chr(10)) - 1} orders, {value!r}, {hashlib.sha256(text.encode()).hexdigest()}"


def figures_of(done: RunResult) -> dict[str, dict[str, float | None]]:
    """Return every metric of the plan and of buy-and-hold."""
    portfolios = done.comparison.portfolios
    return {
        name: {metric: portfolios[name].metrics[metric] for metric in METRICS}
        for name in ("strategy", "buy_and_hold")
        if name in portfolios
    }


def verdict_of(done: RunResult) -> str:
    """Return the class of what a run with its intervals says of the plan."""
    assert done.summary.verdict is not None
    return done.summary.verdict.kind


def digest(golden: Mapping[str, object]) -> str:
    """Return the SHA-256 of all that is kept but the reasons."""
    plain = {name: golden[name] for name in ("trades", "verdicts", "figures")}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def mentioned(changelog: str) -> str:
    """Return the digest that the newest mention in a changelog has; "" where there is none."""
    found = _MENTION.search(changelog)
    return found[1] if found else ""


def _keep(why: str) -> None:
    golden: dict[str, dict[str, object]] = {"trades": {}, "verdicts": {}, "figures": {}}
    with tempfile.TemporaryDirectory() as place:
        write_market(Path(place))
        for plan in PLANS:
            done = run_plan(plan, Path(place), intervals=True)
            if plan.stem not in FOUND:
                golden["trades"][plan.stem] = trades_of(done)
            golden["verdicts"][plan.stem] = verdict_of(done)
            golden["figures"][plan.stem] = figures_of(done)
    before = yaml.safe_load(KEPT.read_text()) if KEPT.exists() else {"reasons": []}
    changed = [
        plan.stem
        for plan in PLANS
        if any(before.get(part, {}).get(plan.stem) != golden[part].get(plan.stem) for part in golden)
    ]
    reason = {"day": str(dt.datetime.now(dt.UTC).date()), "why": why, "sha256": digest(golden)}
    kept = {"reasons": [*before["reasons"], reason], **golden}
    KEPT.write_text(yaml.safe_dump(kept, sort_keys=False, width=200))
    told = f"golden runs `{digest(golden)[:12]}`: {why}"
    sys.stdout.write(f"changed: {', '.join(changed) or 'none'}\nCHANGELOG.md, newest section: {told}\n")


if __name__ == "__main__":
    _keep(sys.argv[1])
