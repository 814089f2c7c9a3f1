"""The trades of the shipped plans on a made-up market, kept: ``python -m tests.support.golden_trades "WHY THEY CHANGE"``.

Without a reason nothing is written. Weights that a solver finds are left out: they may differ in their last bits (S14).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from engine.backtest.loading import config_tickers
from engine.backtest.outputs import trades_csv
from engine.backtest.workflow import run_backtest
from engine.composition import load_run
from tests.support.configs import ROOT, SELF_CONTAINED

PLANS: Final = [path for path in SELF_CONTAINED if not path.stem.startswith("optimised")]
KEPT: Final = ROOT / "tests" / "golden_trades.yaml"


def write_market(path: Path) -> None:
    """Write closes of every name of the plans: uniform steps, so that no logarithm of a processor's own is in them."""
    names = sorted({ticker for plan in PLANS for ticker in config_tickers(load_run(plan))})
    dates = np.arange("1995-01-02", "2025-12-31", dtype="datetime64[D]")
    dates = dates[np.is_busday(dates)]
    steps = 1.0 + np.random.default_rng(21).uniform(-0.03, 0.0307, (len(dates), len(names)))
    closes = np.round(50.0 * np.cumprod(steps, axis=0), 4) + 0.01
    closes[: len(dates) // 2, :: len(names) // 3] = np.nan  # some list late
    pq.write_table(pa.table({"date": dates, **dict(zip(names, closes.T, strict=True))}), path)


def trades_of(plan: Path, market: Path) -> str:
    """Return how many orders a plan has, its last value and the digest of its ``trades.csv``."""
    source = (f"data.source={{kind: files, path: {market}, closes: adjusted, currency: USD}}",)
    done = run_backtest(load_run(plan, source), intervals=False, parts=False)
    text = trades_csv(done.comparison)
    value = float(done.comparison.strategy.ledger.value[-1])
    return f"{text.count(chr(10)) - 1} orders, {value!r}, {hashlib.sha256(text.encode()).hexdigest()}"


def digest(trades: dict[str, str]) -> str:
    return hashlib.sha256("".join(f"{name}: {line}\n" for name, line in sorted(trades.items())).encode()).hexdigest()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        write_market(Path(place) / "market.parquet")
        found = {plan.stem: trades_of(plan, Path(place) / "market.parquet") for plan in PLANS}
    reasons = yaml.safe_load(KEPT.read_text())["reasons"] if KEPT.exists() else []
    reasons.append({"day": str(dt.datetime.now(dt.UTC).date()), "why": sys.argv[1], "sha256": digest(found)})
    KEPT.write_text(yaml.safe_dump({"reasons": reasons, "trades": found}, sort_keys=False, width=200))
