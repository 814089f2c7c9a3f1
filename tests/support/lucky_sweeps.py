"""Small random sweeps on small random markets, in some of which one asset is truly better than the others."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.data.sources.exchange_calendar import exchange_sessions

TICKERS = ("AAA", "BBB", "CCC")


def write_lucky_market(seed: int, folder: Path) -> Path:
    """Write closes of three assets, from a few months of them to six years; BBB may have a drift."""
    rng, draws = random.Random(seed), np.random.default_rng(seed)
    count = rng.choice([40, 200, 560, 800, 1_000, 1_560])
    days = exchange_sessions("XNYS", np.datetime64("2015-01-02"), np.datetime64("2021-12-31"))[:count]
    drift = np.array([0.0003, rng.choice([0.0, 0.0003, 0.001, 0.003]), 0.0])
    returns = (draws.normal(0.0, 0.01, (count, 3)) + 0.5 * draws.normal(0.0, 0.01, (count, 1)) + drift).clip(-0.5, 0.5)
    closes = 50.0 * np.cumprod(1.0 + returns, axis=0)
    path = folder / f"prices{seed}.parquet"
    columns = {name: closes[:, at] for at, name in enumerate(TICKERS)}
    pq.write_table(pa.table({"date": days.astype("datetime64[D]"), **columns}), path)
    return path


def lucky_sweep(seed: int, folder: Path) -> str:
    """Return the text of a config with a sweep over a new market: weights, months and costs, in one of the modes."""
    rng = random.Random(seed)
    axes: dict[str, object] = {
        "strategy.weights.AAA": {"from": "10%", "to": "40%", "step": rng.choice(["5%", "10%", "30%"])},
        "strategy.weights.BBB": {"from": "5%", "to": "60%", "step": rng.choice(["5%", "11%", "55%"])},
    }
    if rng.random() < 0.4:
        axes["strategy.rebalance.month"] = ["january", "may", "june"]
    if rng.random() < 0.3:
        axes["costs"] = [{"kind": "none"}, {"kind": "percent", "rate": "0.2%"}]
    if rng.random() < 0.15:
        axes["window.start"] = ["2015-01-02", "2015-03-02"]
    mode: object = "grid" if rng.random() < 0.7 else {"kind": "random", "samples": 40, "seed": seed}
    return json.dumps(
        {
            "name": f"lucky{seed}",
            "data": {"source": {"kind": "files", "path": str(write_lucky_market(seed, folder))}},
            "strategy": {
                "kind": "fixed_mix",
                "weights": {"AAA": "20%", "BBB": "5%", "CCC": "0%"},
                "rebalance": {"kind": "annual", "month": "january"},
            },
            "account": {"shares": rng.choice(["fractional"] * 9 + ["whole"]), "capital": "100000"},
            "compare": {"buy_and_hold": rng.random() < 0.9, "risk_free": rng.choice(["0%", "0%", "2%"])},
            "evidence": {"draws": 199, "seed": rng.randrange(100), "level": rng.choice(["90%", "95%", "99%"])},
            "sweep": {"mode": mode, "axes": axes, "rank_by": rng.choice(["sharpe", "sharpe", "cagr", "max_drawdown"])},
        }
    )


def sweep_with_a_still_asset(folder: Path, noise: float) -> str:
    """Return the text of a sweep of 16 variants; AAA never moves, and is all the first one has."""
    weights, draws, path = ["0%", "10%", "20%", "30%"], np.random.default_rng(5), folder / "steady.parquet"
    days = exchange_sessions("XNYS", np.datetime64("2015-01-02"), np.datetime64("2018-12-31"))[:800]
    closes = 50.0 * np.cumprod(1.0 + draws.normal(0.0, noise, (800, 3)) * [0.0, 1.0, 1.0], axis=0)
    columns = {name: closes[:, at] for at, name in enumerate(TICKERS)}
    pq.write_table(pa.table({"date": days.astype("datetime64[D]"), **columns}), path)
    return json.dumps(
        {
            "name": "steady",
            "data": {"source": {"kind": "files", "path": str(path)}},
            "strategy": {
                "kind": "fixed_mix",
                "weights": {"AAA": "10%", "BBB": "10%", "CCC": "10%"},
                "rebalance": {"kind": "annual", "month": "january"},
            },
            "evidence": {"draws": 100},
            "sweep": {"axes": {"strategy.weights.BBB": weights, "strategy.weights.CCC": weights}, "rank_by": "cagr"},
        }
    )
