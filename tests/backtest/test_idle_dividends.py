"""Dividends that wait for a rebalance which never comes are said, as they alone make a difference (S16)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.backtest.workflow import run_backtest
from tests.support.configs import config

pytestmark = pytest.mark.usefixtures("price_store")

PLAN = """
name: dividends
data: {source: {kind: files, path: closes.csv, currency: USD}, dividends: cash}
strategy: {kind: fixed_mix, weights: {A: 100%}, rebalance: {kind: annual, month: january}}
costs: {kind: none}
"""


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("data.dividends=cash", ["buy and hold"]),
        ("strategy.rebalance={kind: never}", ["strategy", "buy and hold"]),
        ("data.dividends=towards_targets", []),
        ("data.dividends=reinvest", []),
    ],
)
def test_whose_dividends_nobody_invests_is_said(override: str, said: list[str], tmp_path: Path) -> None:
    """A yearly rebalance invests them; buying and holding leaves them in cash, unless they are invested at once."""
    days = np.arange("2018-01-01", "2020-12-31", dtype="datetime64[D]")
    days = days[np.is_busday(days)]
    rows = [f"{day},{100 + t % 7},{1.0 if t % 60 == 59 else 0.0}" for t, day in enumerate(days)]
    (tmp_path / "A.csv").write_text("\n".join(["Date,Close,Dividend", *rows]))
    plan = config(PLAN, f"data.source.path={tmp_path / 'A.csv'}", "data.source.closes=raw", override)
    warnings = [one for one in run_backtest(plan, intervals=False).summary.warnings if "waited in cash" in one]
    assert len(warnings) == bool(said)
    for name in ("strategy", "buy and hold"):
        assert any(f"{name} " in one.split(". ")[0] for one in warnings) == (name in said)
