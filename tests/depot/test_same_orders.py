"""Orders made from a run's own state before a session are that run's trades there, bit for bit."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from engine.backtest.prices import load_prices
from engine.composition import load_run
from engine.data.market import Market
from engine.depot.orders.state_file import read_state, state_json
from engine.portfolio.cost_table import CostTable
from engine.portfolio.policy import Policy
from engine.simulation.account_state import AccountState, restore, snapshot
from engine.simulation.ledger import Ledger
from engine.simulation.run_setup import AS_WRITTEN, RunSetup
from engine.simulation.simulate import simulate
from engine.simulation.spine import Spine
from engine.simulation.tax_events import settle_taxes
from engine.simulation.tax_state import keep_bookings, tax_state
from engine.tax.book import Taxation
from engine.tax.booking_log import LoggedBook, LoggedBooking
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, market_of, percent
from tests.support.taxed_plans import FLAT, GERMANY, UNITED_STATES, law_of

CONFIGS = Path(__file__).parents[2] / "configs"
RULES = [
    {"rebalance": {"kind": "annual"}},
    {"rebalance": {"kind": "every", "period": "month"}},
    {"rebalance": {"kind": "band", "absolute": "5%"}},
    {"rebalance": {"kind": "band", "absolute": "5%"}, "trade_to": "edge"},
]
ACCOUNTS = [
    {},
    {"shares": "whole"},
    {"execution": "next_close"},
    {"contributions": {"amount": 300}},
    {"contributions": {"amount": -200}, "cash": {"rate": "3%"}},
]


def written_and_read(state: AccountState) -> AccountState:
    """Return a state after it was in a file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "state.json"
        path.write_text(json.dumps(state_json(state, "a" * 64)))
        return read_state(path, "a" * 64)


class Run:
    """One run, and its states before the sessions at which it trades."""

    def __init__(
        self,
        market: Market,
        policy: Policy,
        own: object,
        costs: CostTable,
        start: int = 0,
        taxation: Taxation | None = None,
    ) -> None:
        """Make it."""
        self.market, self.parts = market, (policy, own, costs, start, AS_WRITTEN, taxation)
        self.ledger: Ledger = simulate(market, policy, own, costs, start=start, taxation=taxation)  # type: ignore[arg-type]
        self.opening = self.ledger.opening_row(market)

    @property
    def rows(self) -> list[int]:
        """The rows after the opening at which something is traded."""
        return sorted({int(row) + self.opening for row in self.ledger.rows} - {self.opening})

    def states(self, every: int) -> dict[int, AccountState]:
        """Return the state before one of so many of them, and before each rebalance of the calendar."""
        spine, at, found = Spine.open(RunSetup.build(self.market, *self.parts)), self.opening, {}
        keep_bookings(spine.state)
        chosen = set(self.rows[::every]) | (set(self.rows) & spine.schedule.rebalances.keys())
        for row in sorted(chosen):
            while at < row:
                spine.trade(at)
                at = spine.advance(at, row)
            found[row] = written_and_read(snapshot(spine, row))
        return found

    def traded(self, row: int) -> list[np.ndarray]:
        """Return what the run trades at a row."""
        return [self.ledger.trades[k] for k in np.flatnonzero(self.ledger.rows + self.opening == row)]

    def traded_from(self, saved: AccountState, row: int) -> list[np.ndarray]:
        """Return what is traded at ``row`` by who knows the market up to it and the state before."""
        following = self.market.dates[row + 1] if row + 1 < len(self.market.dates) else None
        known = self.market.truncate(self.market.dates[row])
        spine = Spine.open(RunSetup.build(known, *self.parts, following=following))  # type: ignore[arg-type]
        assert restore(spine, saved) == row
        spine.trade(row)
        return [event.trades for event in spine.state.events]


def assert_same(run: Run, every: int = 1) -> int:
    states = run.states(every)
    for row, saved in states.items():
        theirs, own = run.traded(row), run.traded_from(saved, row)
        assert [one.tobytes() for one in own] == [one.tobytes() for one in theirs], str(run.market.dates[row])
    return len(states)


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("fields", ACCOUNTS, ids=str)
def test_every_session_of_a_small_run_is_gone_on_with(rule: dict[str, object], fields: dict[str, object]) -> None:
    rng = np.random.default_rng(3)
    closes = np.round(100.0 * np.cumprod(1.0 + rng.normal(0.0003, 0.02, (420, 3)), axis=0), 4)
    weights = {"A": "50%", "B": "30%", "C": "15%"}
    policy = FixedMix.model_validate({"kind": "fixed_mix", "weights": weights, **rule})
    assert assert_same(Run(market_of(closes), policy, account(**fields), percent(0.001, 3))) > 0


TAXED = [
    {"rebalance": {"kind": "annual"}},
    {"rebalance": {"kind": "every", "period": "quarter"}},
    {"rebalance": {"kind": "band", "absolute": "5%"}, "trade_to": "edge"},
]
OWN = [
    {},
    {"shares": "whole", "cash": {"rate": "3%"}},
    {"contributions": {"amount": 300}},
    {"contributions": {"amount": -200}, "execution": "next_close"},
]
LAWS = [
    GERMANY,
    {**GERMANY, "harvest": "year_end", "use_allowance": "true"},
    {**GERMANY, "collect": "assessment", "church": "9%"},
    {**GERMANY, "budget": "40"},
    UNITED_STATES,
    {**UNITED_STATES, "lots": "hifo", "harvest": "year_end"},
    {**UNITED_STATES, "account": "traditional"},
    {**FLAT, "losses": "carry", "lots": "average", "wealth": "0.5%"},
]


PAIRS = [*zip(TAXED, OWN, strict=False), (TAXED[1], OWN[3])]
EVERY = [(law, *pair) for law in LAWS for pair in PAIRS]
QUICK = [EVERY[at] for at in (0, 5, 10, 17, 22, 27, 29)]


@pytest.mark.parametrize(("law", "rule", "fields"), QUICK, ids=str)
def test_every_session_of_a_small_taxed_run_is_gone_on_with(
    law: dict[str, object], rule: dict[str, object], fields: dict[str, object]
) -> None:
    _assert_taxed_run_is_gone_on_with(law, rule, fields)


@pytest.mark.slow
@pytest.mark.parametrize(("law", "rule", "fields"), [one for one in EVERY if one not in QUICK], ids=str)
def test_every_session_of_any_small_taxed_run_is_gone_on_with(
    law: dict[str, object], rule: dict[str, object], fields: dict[str, object]
) -> None:
    _assert_taxed_run_is_gone_on_with(law, rule, fields)


def _assert_taxed_run_is_gone_on_with(
    law: dict[str, object], rule: dict[str, object], fields: dict[str, object]
) -> None:
    rng = np.random.default_rng(5)
    closes = np.round(100.0 * np.cumprod(1.0 + rng.normal(0.0003, 0.02, (700, 3)), axis=0), 4)
    dividends = np.zeros_like(closes)
    dividends[40::63, 0], dividends[55::126, 2] = 0.6, 0.9
    market = market_of(closes, currency="USD" if law["kind"] == "united_states" else "EUR")
    market = dataclasses.replace(market, dividends=dividends)
    policy = FixedMix.model_validate({"kind": "fixed_mix", "weights": {"A": "50%", "B": "30%", "C": "15%"}, **rule})
    taxation = law_of(law).taxation(reinvests="shares" not in fields)
    assert assert_same(Run(market, policy, account(**fields), percent(0.001, 3), taxation=taxation)) > 0


REAL = [
    ("us_small_caps", ()),
    ("us_small_caps", ("strategy.caps=always",)),
    ("us_small_caps", ("strategy.caps=always", "account.execution=next_close")),
    ("us_small_caps", ("account.shares=whole", "account.contributions={amount: 300, every: month}")),
    ("us_small_caps", ("strategy.rebalance={kind: band, absolute: 2%}", "account.execution=next_close")),
    ("us_small_caps_savings", ()),
    ("us_small_caps_moderate", ()),
    ("euro_account", ()),
]


@pytest.mark.parametrize("law", [GERMANY, UNITED_STATES, {**FLAT, "wealth": "0.5%"}], ids=str)
def test_a_years_end_books_what_the_run_does_from_a_state_before_it(law: dict[str, object]) -> None:
    """The interest of the year so far is remembered; what was settled before a state is not settled again."""
    closes = np.round(100.0 * np.cumprod(1.0 + np.random.default_rng(5).normal(0.0003, 0.02, (700, 2)), axis=0), 4)
    market = market_of(closes, currency="USD" if law["kind"] == "united_states" else "EUR", annual_cash_rate=0.03)
    assets = {ticker: law["assets"][ticker] for ticker in "AB"} if "assets" in law else {}  # type: ignore[index]
    taxation = law_of({**law, "assets": assets}).taxation(reinvests=False)
    weights = {"A": "50%", "B": "30%"}
    policy = FixedMix.model_validate({"kind": "fixed_mix", "weights": weights, "rebalance": {"kind": "annual"}})
    parts = (policy, account(), percent(0.001, 2), 0, AS_WRITTEN, taxation)
    spine, at, booked = Spine.open(RunSetup.build(market, *parts)), 0, 0
    keep_bookings(spine.state)
    for row in sorted(spine.setup.taxes.rows):
        while at < row:
            spine.trade(at)
            at = spine.advance(at, row)
        known = market.truncate(market.dates[row])
        again = Spine.open(RunSetup.build(known, *parts, following=market.dates[row + 1]))
        restore(again, written_and_read(snapshot(spine, row)))
        spine.trade(row)
        again.trade(row)
        assert bookings(again) == bookings(spine)
        settled = dataclasses.replace(snapshot(spine, row), tax=tax_state(spine.state, row, settled=True))
        once = Spine.open(RunSetup.build(known, *parts, following=market.dates[row + 1]))
        restore(once, written_and_read(settled))
        settle_taxes(once.state, once.setup.taxes, row)
        assert bookings(once) == bookings(spine)
        at, booked = spine.advance(row, row + 1), len(bookings(spine))
    assert booked > 8


def bookings(spine: Spine) -> list[LoggedBooking]:
    """Return what was booked."""
    assert spine.state.tax is not None
    assert isinstance(spine.state.tax.book, LoggedBook)
    return spine.state.tax.book.bookings


REAL_TAXED = [
    ("us_small_caps_germany", ()),
    ("us_small_caps_germany", ("tax.harvest=year_end", "tax.use_allowance=true", "costs={kind: percent, rate: 0.1%}")),
    ("us_small_caps_germany", ("account.shares=whole", "data.dividends=towards_targets", "tax.collect=assessment")),
    ("us_small_caps_germany", ("strategy.rebalance={kind: band, absolute: 2%}", "tax.budget=200")),
    ("us_small_caps_united_states", ()),
    ("us_small_caps_united_states", ("tax.lots=hifo", "tax.harvest=year_end", "account.execution=next_close")),
    ("us_small_caps_united_states", ("account.shares=whole", "data.dividends=cash", "account.cash.rate=3%")),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "changes"), REAL_TAXED, ids=str)
def test_every_session_of_twenty_taxed_years_is_gone_on_with(
    name: str, changes: tuple[str, ...], shared_data: Path
) -> None:
    prices = ("data.source.kind=files", f"data.source.path={shared_data / 'raw.parquet'}")
    config = load_run(CONFIGS / f"{name}.yaml", (*prices, *changes))
    loaded = load_prices(config)
    sessions = loaded.sessions_of(config.strategy)
    costs = config.costs.cost_table(sessions.market.assets, sessions.market.foreign)
    run = Run(sessions.market, config.strategy, config.account, costs, sessions.start, loaded.taxation)
    assert assert_same(run, every=3) > 15


@pytest.mark.slow
@pytest.mark.parametrize(("name", "changes"), REAL, ids=str)
def test_every_session_of_twenty_years_is_gone_on_with(name: str, changes: tuple[str, ...], shared_data: Path) -> None:
    prices = ("data.source.kind=files", f"data.source.path={shared_data / 'prices.parquet'}")
    config = load_run(CONFIGS / f"{name}.yaml", (*prices, *changes))
    sessions = load_prices(config).sessions_of(config.strategy)
    costs = config.costs.cost_table(sessions.market.assets, sessions.market.foreign)
    assert assert_same(Run(sessions.market, config.strategy, config.account, costs, sessions.start)) > 15
