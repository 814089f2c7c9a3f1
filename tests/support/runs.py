"""Finished runs to show: a small one, one with many events, and what reads a page."""

from __future__ import annotations

import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.bootstrap import Evidence
from engine.analysis.comparison import ComparisonTerms, compare
from engine.analysis.portfolio_market import PortfolioMarket
from engine.analysis.published_comparison import Published
from engine.backtest.outputs import RunResult
from engine.backtest.run_summary import RunManifest
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.costs import PercentCosts
from engine.sweep.summary import SweepManifest
from strategies.buy_and_hold import BuyAndHold
from strategies.core_satellite import CoreSatellite

SESSIONS = 700
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def make_run(
    warnings: tuple[str, ...] = ("only survivors",), *, flows: float = 0.0, name: str = "synthetic"
) -> RunResult:
    """Return a small finished run with a benchmark that begins late and a published table."""
    rng = np.random.default_rng(7)
    dates = np.busday_offset("2019-01-02", np.arange(SESSIONS), roll="forward").astype("datetime64[D]")
    tickers = ("AAA", "BBB", "CCC", "DDD", "EEE", "LATE")
    closes = 50.0 * np.exp(np.cumsum(rng.normal(0.0004, 0.012, (SESSIONS, len(tickers))), axis=0))
    closes[:300, 5] = np.nan
    market = Market.build(dates, tickers, closes)
    plan = CoreSatellite.model_validate(
        {"core": {"AAA": "rest", "BBB": "20%"}, "satellites": dict.fromkeys(("CCC", "DDD", "EEE"), "2.5%"), "cap": "3%"}
    )
    others = {t: BuyAndHold.model_validate({"weights": {t: "100%"}}) for t in ("AAA", "LATE")}
    account = {"contributions": {"amount": flows}}
    comparison = compare(
        market,
        lambda _: PortfolioMarket(market, 0),
        plan,
        Account.model_validate(account),
        PercentCosts.model_validate({"rate": "0.1%"}).cost_table(len(tickers)),
        ComparisonTerms(
            others=others,
            evidence=Evidence(draws=100),
            published=Published.model_validate({"source": "a book", "figures": {"AAA": {"cagr": "12.34%"}}}),
        ),
    )
    plain = {"name": name, "account": account}
    return RunResult(name, "a description", plain, "c" * 64, comparison, warnings, published_source="a book")


def eventful_run(review: str = "5%") -> RunResult:
    """Return a run that chooses, reviews, watches caps, meets a listing and a delisting: more or fewer by ``review``."""
    rng = np.random.default_rng(7)
    dates = np.busday_offset("2019-01-02", np.arange(SESSIONS), roll="forward").astype("datetime64[D]")
    tickers = ("AAA", "BBB", "CCC", "DDD", "EEE", "GONE", "LATE")
    closes = 50.0 * np.exp(np.cumsum(rng.normal(0.0004, 0.012, (SESSIONS, len(tickers))), axis=0))
    closes[400:600, 5] = closes[399, 5] * 1.001 ** np.arange(1, 201)  # held to its end
    closes[600:, 5] = closes[:300, 6] = np.nan
    names = [{"ticker": t, "name": t, "sector": f"Sector {t[0]}", "brokers": ["shop"]} for t in tickers[2:]]
    plan = CoreSatellite.model_validate(
        {
            "core": {"AAA": "rest", "BBB": "20%"},
            "satellites": {
                "universe": {"names": names},
                "choose": {"kind": "top", "count": 5, "by": "momentum", "lookback": 20},
                "weight": "2.5%",
            },
            "cap": "3%",
            "caps": "always",
            "rebalance": {"kind": "every", "period": "half_year"},
            "loss_review": {"trigger": review, "from": "peak", "thesis": {"kind": "trend", "sessions": 20}},
        }
    )
    market = Market.build(dates, tickers, closes)
    comparison = compare(
        market,
        lambda _: PortfolioMarket(market, 30),
        plan,
        Account(),
        PercentCosts.model_validate({"rate": "0.1%"}).cost_table(len(tickers)),
        ComparisonTerms(evidence=Evidence(draws=100)),
    )
    return RunResult("eventful", "", {"name": "eventful"}, "c" * 64, comparison, ())


def sign(folder: Path, **changes: object) -> None:
    """Let the manifest sign the files as they are now, so that what lies behind the signature is reached.

    ``changes`` are other keys of the manifest.
    """
    plain = {**json.loads((folder / "manifest.json").read_text()), **changes}
    manifest = (SweepManifest if plain["kind"] == "sweep" else RunManifest).model_validate(plain)
    for name in manifest.files:
        manifest = manifest.sign(name, (folder / name).read_bytes())
    (folder / "manifest.json").write_bytes(manifest.to_bytes())


class Skeleton(HTMLParser):
    """Every tag and attribute of a page in order: what is left when its text is taken away."""

    def __init__(self, page: str) -> None:
        """Read ``page`` to its end."""
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag with its attributes."""
        self.tags.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep the text between tags; a blank that ends no line is one like others."""
        self.text.append(data.replace("\N{NO-BREAK SPACE}", " "))


def browse(page: Path, profile: Path) -> tuple[str, list[str]]:
    """Return the DOM after a headless browser ran the page, and what it wrote to the console."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    command = [CHROMIUM, *flags.split(), "--disable-component-update", "--disable-sync", "--enable-logging=stderr"]
    done = subprocess.run(
        [*command, f"--user-data-dir={profile}", "--virtual-time-budget=10000", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]
