"""A config's run with the prices that it was made on, what it read and what an independent engine says of it."""

from __future__ import annotations

import dataclasses

from engine.backtest.config import RunConfig
from engine.backtest.kept_file import kept_bytes
from engine.backtest.kept_prices import load_and_keep
from engine.backtest.outputs import RunResult
from engine.backtest.prices import LoadedPrices, load_prices
from engine.backtest.vectorbt_audit import audit_run, require_vectorbt
from engine.backtest.workflow import run_backtest
from engine.portfolio.policy import PolicyT


def load_and_run(
    config: RunConfig[PolicyT], *, keep: bool = False, audit: bool = False
) -> tuple[RunResult, LoadedPrices]:
    """Return a config's run and the prices that it was made on.

    With ``keep`` the run has the content of a file with all that was read, with ``audit`` how far a replay of its
    trades in vectorbt is from it; OutputError where that is not installed, before anything is read.
    """
    if audit:
        require_vectorbt()
    prices, kept = _load_with_file(config) if keep else (load_prices(config), b"")
    result = dataclasses.replace(run_backtest(config, prices), kept=kept)
    return (audit_run(result) if audit else result), prices


def _load_with_file(config: RunConfig[PolicyT]) -> tuple[LoadedPrices, bytes]:
    prices, kept = load_and_keep(config)
    return prices, kept_bytes(kept)
