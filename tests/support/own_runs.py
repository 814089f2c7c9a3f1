"""A run over real prices, gone on with at any of its sessions from files alone: what orders ask for, and what it did."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from engine.backtest.prices import load_prices
from engine.composition import load_run
from engine.data.market import Market
from engine.depot.orders.decision import PlanTerms
from engine.depot.orders.order_plan import OrderPlan, OrderRequest
from engine.depot.orders.plan_orders import plan_orders
from engine.depot.orders.state_file import read_state, state_json
from engine.simulation.account_state import AccountState, snapshot
from engine.simulation.simulate import simulate
from engine.simulation.spine import Spine
from engine.simulation.tax_state import keep_bookings

AS_THE_RUN = ("orders.limit=0", "orders.max_fee=1")
"""Sized as the run sizes: no limit keeps cash back, no fee is too large."""


_EVERY = 97


def written_and_read(state: AccountState) -> AccountState:
    """Return a state after it was in a file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "state.json"
        path.write_text(json.dumps(state_json(state, "a" * 64)))
        return read_state(path, "a" * 64)


class OwnRun:
    """One run, and what orders say at its sessions."""

    def __init__(self, path: Path, changes: tuple[str, ...]) -> None:
        """Make it."""
        self.config = load_run(path, changes)
        prices = load_prices(self.config)
        self.sessions, taxation = prices.sessions_of(self.config.strategy), prices.taxation
        self.market: Market = self.sessions.market
        config = self.config
        costs = config.costs.cost_table(self.market.assets, self.market.foreign)
        start = self.sessions.start
        self.ledger = simulate(self.market, config.strategy, config.account, costs, start=start, taxation=taxation)
        self.opening = self.ledger.opening_row(self.market)
        self.plan = PlanTerms(config.strategy, config.account, costs, start, taxation)

    @cached_property
    def trading(self) -> set[int]:
        """The rows after the opening at which something is traded."""
        last = self.opening + len(self.ledger.dates) - 1
        ends = {last} if self.plan.costs.yearly else set()  # the fee of a year that is not over is no order's
        return {int(row) + self.opening for row in self.ledger.rows} - {self.opening} - ends - self._corporate_actions

    @property
    def _corporate_actions(self) -> set[int]:
        """The rows at which a run taxes dividends or pays out fractions of a split: a depot has that already."""
        setup = self.plan.setup(self.market)
        return set(setup.taxes.paid) | set(setup.splits)

    @property
    def idle(self) -> set[int]:
        """Some rows, spread evenly, at which nothing is traded; never the end, where a yearly fee is taken early."""
        return (
            set(range(self.opening + 5, self.opening + len(self.ledger.dates) - 1, _EVERY))
            - self.trading
            - self._corporate_actions
        )

    @cached_property
    def calendar(self) -> list[int]:
        """The rows of the calendar after the opening."""
        return sorted(Spine.open(self.plan.setup(self.market)).schedule.rebalances)

    def states(self, rows: set[int]) -> dict[int, AccountState]:
        """Return the state before each of ``rows``, after it was in a file."""
        spine, at, found = Spine.open(self.plan.setup(self.market)), self.opening, dict[int, AccountState]()
        keep_bookings(spine.state)
        for row in sorted(rows):
            while at < row:
                spine.trade(at)
                at = spine.advance(at, row)
                if spine.state.last_withdrawal is not None:
                    return found
            found[row] = written_and_read(snapshot(spine, row))
        return found

    def traded(self, row: int) -> np.ndarray:
        """Return (N,) what the run trades at a row, netted."""
        net = np.zeros(len(self.market.assets))
        for k in np.flatnonzero(self.ledger.rows + self.opening == row):
            net = net + self.ledger.trades[k]
        return net

    def orders(self, row: int, state: AccountState) -> tuple[np.ndarray, OrderPlan]:
        """Return (N,) signed what is ordered at a row by who has only the state, and its closes as prices."""
        flow, assets = float(self.ledger.flows[row - self.opening]), self.market.assets
        fresh, shares = self.market.age[row] == 0, self._shares(row)
        request = OrderRequest(
            day=self.market.dates[row],
            held=dict(zip(assets, (state.units * shares).tolist(), strict=True)),
            cash=state.cash,
            prices={
                ticker: float(self.market.prices[row, j] / shares[j]) for j, ticker in enumerate(assets) if fresh[j]
            },
            flow=flow,
            exact=True,
            saved=state,
            taxation=self.plan.taxation,
        )
        plan = plan_orders(self.config, self.sessions, request)
        signed = np.zeros(len(assets))
        for order in plan.sized.orders:
            signed[self.market.columns[order.ticker]] += order.quantity if order.side == "buy" else -order.quantity
        return signed / shares, plan

    def _shares(self, row: int) -> np.ndarray:
        """Return (N,) the shares of the day that a unit is."""
        return np.ones(len(self.market.assets)) if self.market.shares is None else self.market.shares[row - 1]
