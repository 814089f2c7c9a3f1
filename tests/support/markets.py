"""Markets that tests share: the synthetic one of the published figures, and small ones written out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.costs import NoCosts, PercentCosts
from engine.simulation import run_setup
from engine.simulation.kernel.records import OrderTerms

A32, C32, M32 = 1664525, 1013904223, 2**32


def lcg_returns(seed: int = 42, rows: int = 240, columns: int = 10) -> np.ndarray:
    """Daily returns of the published figures' linear congruential generator: 12 uniforms a draw, drawn row by row."""
    x, result = seed, np.empty((rows, columns))
    for t in range(rows):
        for j in range(columns):
            total = 0.0
            for _ in range(12):
                x = (A32 * x + C32) % M32
                total += (x + 0.5) / M32
            result[t, j] = 0.01 * (total - 6.0) + 0.0001 * j
    return result


def synthetic_closes() -> tuple[np.ndarray, np.ndarray]:
    """Dates and prices of the synthetic market: every Monday to Friday from 2014-12-31 to 2024-12-31, four assets A to D."""
    days = np.arange(np.datetime64("2014-12-31"), np.datetime64("2025-01-01"))
    dates = days[np.is_busday(days)]
    returns = lcg_returns(7, len(dates), 4)
    returns[0] = 0.0
    return dates, 100.0 * np.cumprod(1.0 + returns, axis=0)


def market_of(
    closes: np.ndarray, assets: tuple[str, ...] | None = None, start: str = "2020-01-01", **kwargs: object
) -> Market:
    """A market of ``closes`` (T, N) on consecutive weekdays."""
    closes = np.asarray(closes, dtype=float)
    names = assets or tuple("ABCDEFGHIJ"[: closes.shape[1]])
    dates = np.busday_offset(np.datetime64(start), np.arange(len(closes)), roll="forward")
    return Market.build(dates, names, closes, **kwargs)


def account(**fields: object) -> Account:
    return Account.model_validate(fields)


def percent(rate: float, count: int):
    return PercentCosts(rate=rate).cost_table(count)


def free(count: int):
    return NoCosts().cost_table(count)


def leave_remainder_in_cash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Floor whole shares as other engines do; this one then spends the cash that is left."""

    def floor_only(*args: object, **fields: object) -> OrderTerms:
        return OrderTerms(*args, **{**fields, "spend_remainder": False})

    monkeypatch.setattr(run_setup, "OrderTerms", floor_only)
