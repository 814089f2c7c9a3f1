"""Runs that kept their prices: a plan whose inputs are all kinds of files, and what makes folders of it again."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from engine import composition
from engine.backtest.kept_file import kept_bytes
from engine.backtest.kept_prices import load_and_keep
from engine.backtest.workflow import run_backtest
from engine.diagnostics.replay.folder import Makers
from engine.report.run.page import publish_run

PLAN = """
name: kept
data:
  source: {{kind: files, path: '{place}/prices.csv', closes: raw}}
  fx: {{kind: files, path: '{place}/fx.csv'}}
  dividends: cash
window: {{start: 2019-01-02, end: 2021-06-30}}
account:
  capital: 20000
  currency: EUR
  shares: whole
  cash: {{rate: {{path: '{place}/cash.csv', unit: percent}}}}
  contributions: {{amount: 300, every: quarter, indexed: {{path: '{place}/cpi.csv'}}}}
strategy: {{kind: fixed_mix, weights: {{AAA: 50%, BBB: 30%, CCC: 15%}}, rebalance: {{kind: annual, month: january}}}}
costs: {{kind: percent, rate: 0.1%}}
compare: {{risk_free: {{path: '{place}/cash.csv', unit: percent}}, benchmarks: [AAA]}}
"""


def write_inputs(place: Path) -> None:
    """Write closes with dividends, a split and two currencies; rates of these; rates of cash; consumer prices."""
    place.mkdir(exist_ok=True)
    days = np.arange("2018-12-03", "2021-07-20", dtype="datetime64[D]")
    days = days[np.is_busday(days)]
    rng = np.random.default_rng(5)
    rows = ["date,ticker,close,dividend,split,currency"]
    for ticker, currency in (("AAA", "USD"), ("BBB", "EUR"), ("CCC", "USD")):
        closes = np.round(40.0 * np.cumprod(1.0 + rng.uniform(-0.02, 0.0207, len(days))), 4)
        for at, day in enumerate(days):
            dividend = 0.25 if at % 63 == 40 and ticker != "CCC" else 0.0
            split = 2.0 if ticker == "CCC" and at == 300 else 1.0
            close = closes[at] / 2.0 if ticker == "CCC" and at >= 300 else closes[at]
            if not (ticker == "BBB" and at % 97 == 5):
                rows.append(f"{day},{ticker},{close:.4f},{dividend},{split},{currency}")
    (place / "prices.csv").write_text("\n".join(rows) + "\n")
    rates = np.round(1.1 * np.cumprod(1.0 + rng.uniform(-0.004, 0.004, len(days))), 5)
    lines = [f"{day},{rate}" for day, rate in zip(days, rates, strict=True)]
    (place / "fx.csv").write_text("\n".join(["date,EURUSD", *lines]) + "\n")
    months = np.arange("2018-01", "2021-09", dtype="datetime64[M]")
    dated = [f"{month}-01,{1.0 + 0.05 * at:.2f}" for at, month in enumerate(months)]
    (place / "cash.csv").write_text("\n".join(["date,rate", *dated]) + "\n")
    dated = [f"{month}-01,{250.0 + at:.1f}" for at, month in enumerate(months)]
    (place / "cpi.csv").write_text("\n".join(["date,value", *dated]) + "\n")


def make_folder(text: str, folder: Path, *overrides: str, keep: bool = True) -> Path:
    """Run a plan into a folder as ``engine run`` does, with its prices or without."""
    plan = folder.parent / f"{folder.name}.yaml"
    plan.write_text(text)
    config = composition.load_run(plan, overrides)
    prices, kept = load_and_keep(config)
    result = run_backtest(config, prices)
    publish_run(dataclasses.replace(result, kept=kept_bytes(kept)) if keep else result, folder)
    return folder


def makers() -> Makers:
    """What `engine replay` makes folders with."""
    return composition.replay_makers("", 1)
