"""Sweeps over taxed plans: each variant is taxed as its own run, and no axis changes what all of them share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.backtest.prices import LoadedPrices, load_prices
from engine.core.errors import ConfigError, DataError
from engine.simulation.simulate import simulate
from engine.sweep.variant_lookup import find_variant_config
from engine.sweep.worker import ChunkEvaluator
from tests.support.sweeps import spanned, sweeping

PLAN = """
name: small
data: {{source: {{kind: files, path: {path}, currency: USD}}, calendar: 24/7}}
window: {{start: 2019-01-02, end: 2021-12-30}}
strategy: {{kind: fixed_mix, weights: {{AAA: 60%, BBB: 40%}}, rebalance: {{kind: annual, month: january}}}}
compare: {{buy_and_hold: false}}
tax: {tax}
sweep:
"""
FLAT = "{kind: flat, gains: 25%, income: 20%, assets: {AAA: {income: accumulating, withheld_inside: 15%}}}"
ACCUMULATING = FLAT.replace("{AAA:", "{BBB: {income: accumulating}, AAA:")


def plan(folder: Path, tax: str = FLAT) -> str:
    """Return a plan over two tickers of four years of weekdays, of which one pays a dividend every quarter."""
    rng, days = np.random.default_rng(7), np.busday_offset("2018-06-01", np.arange(950), roll="forward")
    for ticker in ("AAA", "BBB", "CCC"):
        closes = 50.0 * np.cumprod(1.0 + rng.normal(0.0006, 0.012, len(days)))
        paid = np.where(np.arange(len(days)) % 63 == 20, 0.4, 0.0)
        rows = (f"{day},{close:.4f},{one}" for day, close, one in zip(days, closes, paid, strict=True))
        (folder / f"{ticker}.csv").write_text("\n".join(("date,close,dividend", *rows)))
    return PLAN.format(path=folder, tax=tax)


@pytest.mark.parametrize("tax", [FLAT, ACCUMULATING])
def test_variants_are_taxed_as_their_own_runs_are(tax: str, tmp_path: Path) -> None:
    """Rates, allowance, lots and months vary; also where no dividend is paid, and untaxed plans run in lanes."""
    axes = """
  axes:
    tax.gains: [10%, 50%]
    tax.allowance: [0, 500]
    strategy.rebalance.month: [january, june]
"""
    text = plan(tmp_path, tax)
    sweep = sweeping(axes, text)
    evaluator = ChunkEvaluator(sweep.job)
    indices = sweep.points.indices_between(0, sweep.points.count)
    assert not evaluator.runs_in_batches(indices)
    chunk = evaluator.evaluate(0, indices)
    assert len(chunk.point_numbers) == 8
    finals = set()
    for point, figures in zip(chunk.point_numbers.tolist(), chunk.metrics, strict=True):
        own = find_variant_config(sweep.base_config, sweep.space, str(point), str)
        prices: LoadedPrices = load_prices(own)
        market, start, _ = prices.sessions_of(own.strategy)[:3]
        costs = own.costs.cost_table(market.assets, market.foreign)
        ledger = simulate(market, own.strategy, own.account, costs, start=start, taxation=prices.taxation)
        assert ledger.taxes is not None
        assert ledger.taxes.paid.any()
        assert figures[0] == ledger.value[-1]
        finals.add(figures[0])
    assert len(finals) == 8


@pytest.mark.parametrize(
    "axis",
    [
        "tax: [{kind: none}]",
        "tax.kind: [none, flat]",
        "tax.twin: [gross, net_of_withholding]",
        "tax.assets.AAA: [{income: distributing}]",
        "tax.assets.AAA.income: [distributing, accumulating]",
        "tax.assets.AAA.withheld_inside: [0%, 15%]",
    ],
)
def test_an_axis_that_would_change_the_dividends_is_refused(axis: str, tmp_path: Path) -> None:
    """All variants share the closes; the error says so."""
    with pytest.raises(ConfigError, match="prices before and after tax are prepared once for all variants"):
        spanned(f"\n  axes: {{{axis}}}\n", plan(tmp_path))


def test_a_window_that_the_law_cannot_tax_is_no_variant(tmp_path: Path) -> None:
    """Before 2018 funds were taxed otherwise."""
    fund = "{fund: equity, income: distributing}"
    tax = f"{{kind: germany, law: of_the_year, assets: {{AAA: {fund}, BBB: {fund}}}}}"
    text = plan(tmp_path, tax).replace("calendar: 24/7}", "calendar: 24/7}\naccount: {currency: EUR}")
    sweep = sweeping("\n  axes: {window.start: [2017-06-01, 2019-01-02]}\n", text)
    chunk = ChunkEvaluator(sweep.job).evaluate(0, sweep.points.indices_between(0, 2))
    assert chunk.point_numbers.tolist() == [1]
    assert next(iter(chunk.rejections)).startswith("tax.law: of_the_year cannot tax 2017")


def test_a_ticker_that_only_variants_hold_needs_attributes_too(tmp_path: Path) -> None:
    """It is told before anything is computed."""
    stock = "{stock: US}"
    tax = f"{{kind: germany, assets: {{AAA: {stock}, BBB: {stock}}}}}"
    text = plan(tmp_path, tax).replace("calendar: 24/7}", "calendar: 24/7}\naccount: {currency: EUR}")
    axes = "\n  axes: {strategy.weights: [{AAA: 60%, BBB: 40%}, {AAA: 60%, CCC: 40%}]}\n"
    with pytest.raises(DataError, match=r"tax\.assets: no attributes of CCC; paste and correct assets: \{CCC: "):
        sweeping(axes, text)
