"""Random sweeps on small random markets, written as a user writes them: valid plans, some invalid, some on the edge."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.data.sessions import MONTH_NAMES
from engine.data.sources.exchange_calendar import exchange_sessions

TICKERS = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG", "HHH")
FIRST_DAY, LAST_DAY = "2015-11-03", "2018-11-02"
WINDOW_STARTS = ("2015-11-03", "2016-03-01", "2016-08-15", "2017-02-01", "2018-11-01")
WINDOW_ENDS = ("2017-02-03", "2017-06-30", "2018-10-31", "2018-11-02")
PLACES = ("redistribute", "cash", {"proxy": "AAA"}, {"proxy": "HHH"}, {"proxy": "DDD"})
REBALANCES = (
    {"kind": "never"},
    {"kind": "annual", "month": "june", "session": "last"},
    {"kind": "annual", "month": "march"},
    {"kind": "every", "period": "month"},
    {"kind": "band", "absolute": "2%"},
    {"kind": "band", "relative": "25%", "look": "month"},
    {"kind": "any", "of": [{"kind": "annual"}, {"kind": "band", "absolute": "5%"}]},
)
COSTS = (
    {"kind": "none"},
    {"kind": "none", "spread": "3 bp"},
    {"kind": "percent", "rate": "0.1%"},
    {"kind": "percent", "rate": "30%"},
    {"kind": "per_order", "fixed": "1", "rate": "0.1%", "minimum": "5", "maximum": "20"},
    {"kind": "per_order", "minimum": "9", "maximum": "5"},
    {"kind": "broker", "name": "interactive_brokers_fixed"},
    {"kind": "broker", "name": "comdirect", "fx": "0.25%"},
    {"kind": "broker", "name": "euros"},
    {"kind": "percent", "rate": "0.1%", "fx": "0.5%"},
    {"kind": "percent", "rate": "6%", "fx": "5%"},
)
CURRENCIES = ({}, {"AAA": "EUR", "CCC": "GBX"}, dict.fromkeys(TICKERS, "EUR"))
"""What closes are quoted in, USD where nothing is said."""


def write_market(rng: random.Random, folder: Path) -> Path:
    """Write three years of closes, some of them listed late, delisted, with gaps; DDD and HHH are cheap to have gone."""
    days = exchange_sessions("XNYS", np.datetime64(FIRST_DAY), np.datetime64(LAST_DAY))
    draws = np.random.default_rng(rng.randrange(2**32))
    returns = draws.normal(4e-4, rng.choice([0.004, 0.02]), (len(days), len(TICKERS))).clip(-0.3, 0.3)
    closes = rng.choice([3.0, 80.0]) * np.cumprod(1.0 + returns, axis=0)
    for column in range(1, len(TICKERS)):
        kind, at = rng.random(), rng.randrange(60, len(days) - 60)
        if kind < 0.25:
            closes[:at, column] = np.nan
        elif kind < 0.45:
            closes[at:, column] = np.nan
        elif kind < 0.55:
            closes[at : at + rng.choice([1, 3, 20]), column] = np.nan
    if rng.random() < 0.3:
        closes[: rng.randrange(40, 300), 0] = np.nan
    if rng.random() < 0.3:
        at = rng.randrange(60, len(days) - 60)
        closes[at : at + 2, : rng.randrange(3, 8)] = np.nan  # sessions that only some assets have
    path = folder / f"prices.{rng.choice(['parquet', 'csv'])}"
    columns = [closes[:, at] for at in range(len(TICKERS))]
    table = pa.table({"date": days.astype("datetime64[D]"), **dict(zip(TICKERS, columns, strict=True))})
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        rows = (
            ",".join([str(day), *("" if np.isnan(close) else repr(float(close)) for close in row)])
            for day, row in zip(days, closes, strict=True)
        )
        path.write_text("\n".join([",".join(["date", *TICKERS]), *rows]) + "\n")
    return path


def random_sweep(rng: random.Random, prices: Path, samples: int) -> str:
    """Return the text of a config with a sweep of up to ``samples`` variants around it."""
    kind = rng.choice(["core_satellite"] * 5 + ["fixed_mix"] * 3 + ["buy_and_hold"])
    strategy: dict[str, object] = {"kind": kind}
    if kind == "core_satellite":
        axes = _core_satellite(rng, strategy)
    else:
        strategy["weights"] = {"AAA": "40%", "BBB": "35%", "CCC": rng.choice(["25%", "10%"])}
        axes = {
            "strategy.weights.AAA": ["0%", "40%", "45%", "40.0000001%"],
            "strategy.weights.BBB": {"from": "5%", "to": "50%", "step": "5%"},
        }
        if rng.random() < 0.4:
            names = rng.sample(TICKERS, 5)
            axes = {"strategy.weights": {"choose": [2, 3], "of": names, "weight": ["33%", "33.3333333333%", "50%"]}}
    if kind != "buy_and_hold" and rng.random() < 0.3:
        strategy["rebalance"] = rng.choice(REBALANCES)
    if rng.random() < 0.3:
        strategy["before_listing"] = rng.choice(PLACES)
    if rng.random() < 0.3:
        strategy["after_delisting"] = {"to": rng.choice(PLACES), "haircut": rng.choice(["0%", "35%", "100%"])}
    account: dict[str, object] = {"capital": rng.choice(["1000", "100000"])}
    compare: dict[str, object] = {"buy_and_hold": "false", "risk_free": rng.choice(["0%", "2%"])}
    if rng.random() < 0.3:
        compare["benchmarks"] = ["AAA"]
    window = {"start": rng.choice(WINDOW_STARTS[:3]), "end": rng.choice(WINDOW_ENDS[2:])}
    axes |= _common_axes(rng, kind, strategy)
    mode = {"kind": rng.choice(["random", "sobol"]), "samples": samples, "seed": rng.randrange(1000)}
    data: dict[str, object] = {"source": {"kind": "files", "path": str(prices)}}
    if rng.random() < 0.3:
        data["currencies"], account["currency"] = rng.choice(CURRENCIES), rng.choice(["USD", "EUR"])
    plan = {
        "name": "random",
        "data": data,
        "window": window if rng.random() < 0.8 else {},
        "strategy": strategy,
        "account": account,
        "costs": rng.choice(COSTS[:5]),
        "compare": compare,
        "sweep": {"mode": mode, "axes": axes},
    }
    return json.dumps(plan, default=str)


def _core_satellite(rng: random.Random, strategy: dict[str, object]) -> dict[str, object]:
    """Fill in a base plan; return axes over its core, its satellites and their cap."""
    chosen = dict.fromkeys(rng.sample(TICKERS[2:], rng.choice([3, 4])), "2.5%")
    strategy |= {"core": {"AAA": "rest", "BBB": rng.choice(["15%", "0%", "90%"])}, "satellites": chosen, "cap": "3%"}
    strategy["caps"] = rng.choice(["at_rebalance", "always"])
    exact = f"{100 - 2.5 * len(chosen)}%"  # all of the 100 %: nothing is left for the rest
    axes: dict[str, object] = {}
    core = rng.random()
    if core < 0.6:
        axes["strategy.core.BBB"] = ["0%", "15%", "60%", exact, "92.50000001%", "92.6%", "rest"]
        if rng.random() < 0.3:
            axes["strategy.core.AAA"] = ["rest", "10%", "40%", "0%"]
    elif core < 0.8:
        mixes = [{"AAA": "rest"}, {"BBB": "50%", "AAA": "42.5%"}, {"AAA": "0%", "BBB": "rest"}, {"CCC": "rest"}]
        axes["strategy.core"] = [*mixes, {"AAA": "rest", "BBB": "rest"}, {"AAA": "100%"}, {"AAA": "0%", "BBB": "0%"}]
    satellites = rng.random()
    if satellites < 0.4:
        names = rng.sample(TICKERS[1:], 5)
        axes["strategy.satellites"] = {"choose": [3, 4], "of": names, "weight": ["0%", "2%", "2.5%", "3%", "3.1%"]}
    elif satellites < 0.7:
        for ticker in list(chosen)[:2]:
            axes[f"strategy.satellites.{ticker}"] = ["0%", "2.5%", "3%", "3.00000005%", "3.0000002%", "5%"]
    if rng.random() < 0.4:
        axes["strategy.cap"] = rng.choice([["3%", "2.5%", "10%"], ["1%", "3%", "100%"], ["0%", "3%"]])
    if rng.random() < 0.2:
        limits = [[], [{"group": "satellites", "max": "7.5%"}], [{"group": ["BBB"], "max": "15%"}]]
        axes["strategy.limits"] = [
            *limits,
            [{"group": ["satellites", "BBB"], "max": "25%"}],
            [{"group": "X", "max": 1}],
        ]
    elif rng.random() < 0.15:
        strategy["limits"] = [{"group": ["satellites", "BBB"], "max": "99%"}]
    if rng.random() < 0.2:
        axes["strategy.caps"] = "all"
    return axes or {"strategy.cap": ["2.5%", "3%", "2%"]}


def _common_axes(rng: random.Random, kind: str, strategy: dict[str, object]) -> dict[str, object]:
    """Return a few axes that every kind of strategy can have."""
    rebalance = strategy.get("rebalance", {"kind": "annual"})
    found: dict[str, object] = {
        "strategy.before_listing": list(PLACES),
        rng.choice(["strategy.after_delisting.to", "strategy.after_delisting"]): None,
        "strategy.after_delisting.haircut": ["0%", "50%", "100%"],
        "costs": list(COSTS),
        "account.capital": ["500", "100000", rng.choice(["2000", "0"])],
        "account.shares": "all",
        "account.min_order": ["0", "40", "5000"],
        "account.execution": "all",
        "account.cash.rate": ["0%", "3%", "-1%"],
        "account.contributions.amount": ["0", "50", "-20000"],
        "window.start": list(WINDOW_STARTS),
        "window.end": list(WINDOW_ENDS),
    }
    for name in [name for name, values in found.items() if values is None]:
        given = list(PLACES[:4])
        found[name] = given if name.endswith(".to") else [{"to": place, "haircut": "20%"} for place in given]
    if "strategy.after_delisting" in found:
        del found["strategy.after_delisting.haircut"]
    if kind != "buy_and_hold":
        if rebalance == {"kind": "annual"} or "month" in rebalance:
            found["strategy.rebalance.month"] = [*MONTH_NAMES[::2], "moon"]
            found["strategy.rebalance.session"] = ["first", "last", "3", rng.choice(["4", "23"])]
        else:
            found["strategy.rebalance"] = list(REBALANCES)
        found["strategy.trade_only"] = "all"
        found["strategy.funding"] = "all"
    chosen = rng.sample(sorted(found), rng.randrange(1, 5))
    return {name: found[name] for name in chosen}
