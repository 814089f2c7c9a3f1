"""The audit: vectorbt's word on every portfolio's orders, and what a run says when it is another than its own."""

from __future__ import annotations

import dataclasses
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from engine import cli
from engine.backtest import vectorbt_audit
from engine.backtest.loaded_run import load_and_run
from engine.backtest.vectorbt_audit import Replay, largest_difference, replay
from engine.core.errors import OutputError
from engine.data.market import Market
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, market_of, percent

QUICK = "configs/quickstart.yaml"


@pytest.fixture(scope="module")
def quarter() -> tuple[Ledger, Market]:
    """A mix rebalanced every month, with costs, a yearly fee, interest and contributions."""
    closes = 50.0 * np.cumprod(1.0 + np.random.default_rng(3).normal(0.0, 0.02, (70, 2)), axis=0)
    market = market_of(closes, annual_cash_rate=0.03)
    plan = FixedMix(weights={"A": 0.5, "B": 0.4}, rebalance={"kind": "every", "period": "month"})
    costs = percent(0.001, 2)._replace(yearly=0.01)
    return simulate(market, plan, account(contributions={"amount": 500, "every": "month"}), costs), market


def sale_below_its_fee() -> tuple[Ledger, Market]:
    """Ten shares at 10 and 100 in cash; 0.1 share is sold for 1.00, its fee is 3.00: 98 in cash, 99 in shares."""
    market = market_of(np.full((4, 1), 10.0))
    rows = np.array([0, 2])
    ledger = Ledger(
        dates=market.dates,
        assets=("A",),
        capital=200.0,
        value=np.array([200.0, 200.0, 197.0, 197.0]),
        cash=np.array([100.0, 100.0, 98.0, 98.0]),
        flows=np.zeros(4),
        before_flows=np.zeros(4),
        fees=np.zeros(4),
        rows=rows,
        targets=np.array([[0.5], [0.5]]),
        trades=np.array([[10.0], [-0.1]]),
        prices=np.full((2, 1), 10.0),
        costs=np.array([[0.0], [3.0]]),
        lazy_reasons=("start", "trim"),
        asset_reasons=({}, {}),
        rebalances=np.array([True, False]),
        partial_rebalances=np.zeros(2, dtype=bool),
        opening=np.array([True, False]),
        contributions=np.zeros(2, dtype=bool),
        payouts=np.zeros(2, dtype=bool),
    )
    return ledger, market


def test_a_sale_that_brings_less_than_its_fee_is_replayed_as_the_cash_it_moves() -> None:
    """Vectorbt refuses such a sale; what it moves is 10 x 0.1 - 3 = -2."""
    ledger, market = sale_below_its_fee()
    found = replay(ledger, market)
    np.testing.assert_allclose(found.value, [200.0, 200.0, 197.0, 197.0], rtol=1e-14)
    np.testing.assert_allclose(found.size[1], [-0.1], rtol=1e-14)
    assert found.paid[1] == pytest.approx(3.0, rel=1e-14)


def test_an_account_that_trades_nothing_is_its_cash() -> None:
    """There is no order to replay: 200 and what comes in, here a flow of 50 and interest."""
    ledger, _ = sale_below_its_fee()
    market = market_of(np.full((4, 1), 10.0), annual_cash_rate=0.03)
    cash, flows = np.empty(4), np.array([0.0, 0.0, 50.0, 0.0])
    cash[0] = 200.0
    for t in range(1, 4):
        cash[t] = cash[t - 1] * (1.0 + market.cash_rate[t]) + flows[t]
    none = {name: getattr(ledger, name)[:0] for name in ("rows", "targets", "trades", "prices", "costs")}
    idle = dataclasses.replace(ledger, value=cash, cash=cash, flows=flows, **none)
    assert largest_difference(idle, market) < 1e-15
    assert largest_difference(dataclasses.replace(idle, value=cash * 1.0001), market) > 1e-9


@pytest.mark.parametrize("field", ["costs", "trades", "prices", "value", "flows", "fees"])
def test_no_part_of_a_ledger_can_be_changed_unseen(quarter: tuple[Ledger, Market], field: str) -> None:
    """A ten-thousandth more of the largest entry of each array is more than rounding explains."""
    ledger, market = quarter
    assert largest_difference(ledger, market) < 1e-13
    changed = getattr(ledger, field).copy()
    place = np.unravel_index(np.abs(changed).argmax(), changed.shape)
    changed[place] *= 1.0001
    assert largest_difference(dataclasses.replace(ledger, **{field: changed}), market) > 1e-9


def test_a_value_that_is_no_number_is_a_difference(quarter: tuple[Ledger, Market]) -> None:
    """NaN is below no bound and above none; here it is all of the value."""
    ledger, market = quarter
    value = ledger.value.copy()
    value[-1] = np.nan
    assert largest_difference(dataclasses.replace(ledger, value=value), market) == 1.0


def test_a_run_that_its_replay_contradicts_is_a_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An engine without the third order: exit code 3, the order, the log and the folder; the files are there."""

    def without_third_order(ledger: Ledger, _market: Market) -> Replay:
        size, value = ledger.trades.copy(), ledger.value.copy()
        events, columns = np.nonzero(size)
        if len(events) > 2:
            size[events[2], columns[2]] = 0.0
            value[ledger.rows[events[2]] :] *= 1.0 + 1e-8
        return Replay(value, size, np.where(size == 0.0, 0.0, ledger.costs), ledger.capital)

    monkeypatch.setattr(vectorbt_audit, "replay", without_third_order)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["engine", "run", QUICK, "--audit", "--out", str(tmp_path)])
    assert cli.main() == 3
    said = capsys.readouterr().err
    order = r"(buy|sell) \S+ \S+ for \S+ here, none there"
    assert re.search(
        rf"strategy differs from its replay .* 1.0e-08 .* first differing order on \d{{4}}-\d\d-\d\d: {order}", said
    )
    assert re.search(r"please report it with \S+\.log and the folder \S+quickstart", said)
    assert (tmp_path / "quickstart" / "summary.json").exists()


def test_without_vectorbt_an_audit_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its licence is one that not everybody can take, so it may have been removed."""
    monkeypatch.setitem(sys.modules, "vectorbt", None)
    with pytest.raises(OutputError, match=r"^--audit: vectorbt .* run `pip install 'portfolio-engine\[audit\]'`$"):
        load_and_run(None, audit=True)  # before anything is read
