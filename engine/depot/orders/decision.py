"""Which decision is due for an account of one's own, and what it trades: one more session of the same run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.core.errors import AccountError, DataError
from engine.data.market import Market
from engine.depot.orders.closeness import Aim
from engine.depot.orders.loss_reviews import restore_reviews
from engine.depot.orders.order_taxes import OrderTaxes
from engine.depot.orders.own_lots import AccountHoldings
from engine.depot.orders.own_taxes import own_taxes
from engine.portfolio.account import Account
from engine.portfolio.cash_flow_plans import SessionFlow
from engine.portfolio.cost_table import CostTable
from engine.portfolio.policy import Policy
from engine.simulation.account_state import AccountState, in_units_of, restore, snapshot, state_before
from engine.simulation.kernel.records import BELOW_MIN_ORDER, EATEN_BY_COSTS, NO_WHOLE_SHARE
from engine.simulation.kernel.valuation import account_value
from engine.simulation.order_execution import END_EARLIER, STOP_WHEN_SPENT
from engine.simulation.run_setup import AS_WRITTEN, RunSetup
from engine.simulation.spine import Spine
from engine.simulation.trade_events import WITHDRAWAL, YEAR_END_PURCHASE, YEAR_END_SALE, TradeEvent
from engine.tax.book import Taxation

ASKED_FOR = "asked for"
"""Why a rebalance is planned that no rule has called for."""


@dataclass(frozen=True)
class PlannedTrades:
    """What the rule asks for at one session, netted.

    ``trades`` (N,) signed [shares], ``fees`` (N,) [currency], ``reasons`` by column, ``due`` in words, empty where
    nothing is; ``targets`` (N,) the weights in force, ``drift_base`` (N,) those that drift is measured from, ``caps``
    (N,); ``cash`` that is left [currency], ``after`` what is to be remembered, ``assumptions`` where nothing was.
    ``yearly_fee`` is taken from cash before [currency]; the tickers ``saved_up`` are traded by contributions alone.
    ``taxes`` of the account before it trades; ``renewed`` by column what is sold and bought back for its taxes, which
    is in no trade [shares]. ``left_out`` by column is why the run places no order there.
    """

    day: np.datetime64
    prices: FloatArray
    trades: FloatArray
    fees: FloatArray
    reasons: Mapping[int, str]
    due: tuple[str, ...]
    targets: FloatArray
    drift_base: FloatArray
    caps: FloatArray
    cash: float
    after: AccountState
    assumptions: tuple[str, ...] = ()
    yearly_fee: float = 0.0
    saved_up: frozenset[str] = frozenset()
    taxes: OrderTaxes | None = None
    renewed: Mapping[int, float] = field(default_factory=dict)
    aim: Aim = "trades"
    never_sold: BoolArray | None = None
    left_out: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PlanTerms:
    """A plan as it was tested: its ``policy``, how orders are filled and charged, and where its window starts.

    ``taxation``: by what law it is taxed; ``following``: the session after the last one of a market, where it is known.
    """

    policy: Policy
    account: Account
    costs: CostTable
    start: int
    taxation: Taxation | None = None
    following: np.datetime64 | None = None

    def setup(self, market: Market) -> RunSetup:
        """Return the run of the plan over ``market``, before anything has happened."""
        terms = (self.policy, self.account, self.costs, self.start, AS_WRITTEN)
        return RunSetup.build(market, *terms, self.taxation, self.following)


def plan_trades(
    market: Market,
    plan: PlanTerms,
    own: AccountHoldings,
    saved: AccountState | None,
    *,
    flow: float = 0.0,
    now: bool = False,
) -> PlannedTrades:
    """Return what ``plan`` trades at the last session of ``market`` in an account of one's ``own``.

    ``saved`` is what was remembered before that session; without it the targets are those of the plan's own run, and
    drift is measured from them. ``flow`` [currency] is paid in, or out where negative; with ``now`` the whole portfolio
    is rebalanced whatever the calendar says.
    """
    row = len(market.dates) - 1
    spine = Spine.open(plan.setup(market))
    assumptions: tuple[str, ...] = _ASSUMED if saved is None else ()
    saved = None if saved is None else in_units_of(saved, market)
    if saved is not None and saved.date == market.dates[row]:
        state = dataclasses.replace(saved, units=own.units, cash=own.cash)
    else:
        state, told = _as_decided(plan, market, own, saved)
        assumptions += told
    begun = 0
    if plan.taxation is not None:
        known = None if saved is None or saved.tax is None else (saved.date, saved.tax)
        tax, told = own_taxes(plan.taxation, market, own.settled, spine.setup.taxes, known)
        state, begun, assumptions = dataclasses.replace(state, tax=tax), len(tax.bookings), (*assumptions, *told)
    _restore(spine, state)
    schedule = spine.schedule
    _replace_flows(spine, row, flow)
    if market.dates[row].astype("datetime64[Y]") == market.dates[row - 1].astype("datetime64[Y]"):
        schedule.fees.pop(row, None)  # the last session known is no end of a year
    if not own.units.any():
        schedule.rebalances[row] = "opening"
    elif now:
        schedule.rebalances[row] = schedule.rebalances.get(row, ASKED_FOR)
    try:
        spine.trade(row)
    except AccountError as error:  # neither a window nor the end of a run is a remedy for orders
        raise AccountError(str(error).replace(END_EARLIER, "").replace(STOP_WHEN_SPENT, "")) from None
    return _netted(spine, row, begun, (*assumptions, *_fallbacks(spine, row)))


_ASSUMED = (
    "targets are those that the plan's own run has now, unless your last orders' state.json is given by --state FILE",
    "no earlier order waits for a price, and no loss review has sold anything",
)


def _as_decided(
    plan: PlanTerms, market: Market, own: AccountHoldings, saved: AccountState | None
) -> tuple[AccountState, tuple[str, ...]]:
    """Return the state of one's ``own`` account before the last session, and what is assumed for it.

    What was decided is what an earlier session ``saved``, or the targets of the plan's own run, from which drift is
    measured then.
    """
    row = len(market.dates) - 1
    planned = state_before(Spine.open(plan.setup(market)), row) if saved is None else _move_on(saved, market, row)
    last, before = market.prices[row - 1], market.prices[max(row - 2, 0)]
    values = [account_value(own.units, prices, own.cash) for prices in (last, before)]
    untouched = np.full(len(own.units), -1)
    fresh = dataclasses.replace(
        planned,
        units=own.units,
        cash=own.cash,
        drift_base=planned.target if saved is None else planned.drift_base,
        waits=untouched,
        scaled_down=np.zeros(len(own.units), dtype=np.bool_),
        barred=untouched if saved is None else planned.barred,
        values=np.array(values),
        cash_before=np.array([own.cash, own.cash]),
        units_before=np.stack([own.units, own.units]),
        response=None,
        tax=None,
    )
    opened = int(np.searchsorted(market.dates, planned.opened))
    if not own.units.any() or row - 1 <= opened:
        return fresh, ()
    since = -1 if saved is None else int(np.searchsorted(market.dates, saved.date))
    spine = Spine.open(plan.setup(market))
    rebalanced = [at for at in range(row - plan.account.fill_delay, row) if at in spine.schedule.rebalances]
    at = max(row - 1 - plan.account.fill_delay, opened, since, *rebalanced)  # the first close to be answered now
    fresh, at, told = restore_reviews(Spine.open(plan.setup(market)), fresh, own.lots, since, at)
    _restore(spine, fresh)  # what closes have broken is found as the run finds it: by marking them once more
    while at < row:
        at = spine.advance(at, row)
    marked = snapshot(spine, row)
    reference, watching = marked.reference_price, marked.watching
    return dataclasses.replace(fresh, response=marked.response, reference_price=reference, watching=watching), told


def _move_on(saved: AccountState, market: Market, row: int) -> AccountState:
    """Return an earlier state as that before ``row``; raises DataError for one of a later session."""
    before = int(np.searchsorted(market.dates, saved.date))
    if before > row:
        found = f"found what was decided on {saved.date}, expected a day up to {market.dates[row]}, that of the orders"
        raise DataError(f"--state: {found}; name an earlier one, or leave it out")
    barred = np.where(saved.barred >= 0, saved.barred + (row - before), -1)
    return dataclasses.replace(saved, date=market.dates[row], barred=barred, response=None)


def _fallbacks(spine: Spine, row: int) -> list[str]:
    """Return what is traded at ``row`` where the optimiser has no answer, and why; one that fails has raised it."""
    return [
        f"strategy.fallback: {one.fallback}, for the optimiser has no weights on {spine.state.market.dates[row]}: "
        f"{one.status}"
        for one in spine.state.steps
        if one.row == row and one.fallback
    ]


def _restore(spine: Spine, saved: AccountState) -> None:
    """Put a state into ``spine``; raises DataError, with the flag that names it, for one of other data."""
    try:
        restore(spine, saved)
    except DataError as error:
        raise DataError(f"--state: {error}; leave --state out to build it again from these prices") from None


def _replace_flows(spine: Spine, row: int, flow: float) -> None:
    """Let only ``flow`` be paid in or out: what the plan pays in is in the account, or is not."""
    flows = spine.schedule.flows
    if not isinstance(flows, dict):
        flows = dict(flows)
    flows.pop(row, None)
    if flow:
        flows[row] = SessionFlow(flow)
    spine.schedule.flows = flows


def _netted(spine: Spine, row: int, begun: int, assumptions: tuple[str, ...]) -> PlannedTrades:
    state, market = spine.state, spine.state.market
    events = [event for event in state.events if event.row == row]
    count = len(market.assets)
    trades, fees, reasons, due = np.zeros(count), np.zeros(count), dict[int, str](), list[str]()
    renewed = dict[int, float]()
    for event in events:
        if event.reason.text in {YEAR_END_SALE, YEAR_END_PURCHASE}:
            renewed |= {j: -float(event.trades[j]) for j in np.flatnonzero(event.trades < 0.0).tolist()}
            continue
        trades, fees = trades + event.trades, fees + event.costs
        text = event.reason.text if isinstance(event.reason.text, str) else event.reason.text()
        due.append(text)
        for j in np.flatnonzero(event.trades).tolist():
            own = event.reason.by_asset.get(j, text)
            reasons[j] = f"{reasons[j]}; {own}" if j in reasons and own not in reasons[j] else reasons.get(j, own)
    left_out = _left_out(spine, row, trades)
    if left_out and not due:
        flow = spine.schedule.flows.get(row)
        asked = WITHDRAWAL if flow is not None and flow.amount < 0.0 else "contribution" if flow is not None else ""
        due += [one for one in (spine.schedule.rebalances.get(row) or asked,) if one]
    return PlannedTrades(
        day=market.dates[row],
        prices=market.prices[row],
        trades=trades,
        fees=fees,
        reasons=reasons,
        due=tuple(dict.fromkeys(due)),
        targets=state.target.copy(),
        drift_base=state.drift_base.copy(),
        caps=state.terms.caps,
        cash=state.cash,
        after=snapshot(spine, row),
        assumptions=assumptions,
        yearly_fee=float(state.fees[row]),
        saved_up=_saved_up(events, market.assets),
        taxes=OrderTaxes.after_settling(state, row, begun),
        renewed=renewed,
        aim=_aim_of(events, state.account.invest),
        never_sold=state.never_sold,
        left_out=left_out,
    )


def _left_out(spine: Spine, row: int, trades: FloatArray) -> dict[int, str]:
    """Return by column why orders of a session are not worth placing for the run."""
    words = {
        EATEN_BY_COSTS: "its costs are as large as what it moves",
        BELOW_MIN_ORDER: f"below account.min_order of {spine.state.account.min_order:,.2f}",
        NO_WHOLE_SHARE: "smaller than one share",
    }
    causes = [one.causes.tolist() for one in spine.state.left_out if one.row == row]
    found = {j: words[cause] for one in causes for j, cause in enumerate(one) if cause in words}
    return {j: why for j, why in sorted(found.items()) if not trades[j]}


def _aim_of(events: Sequence[TradeEvent], invest: str) -> Aim:
    """Return what whole orders may come closer to than the rule's trades are: its weights, or its trades alone."""
    if any(event.reason.full_rebalance for event in events):
        return "weights"
    flows = [event.reason.contribution or event.reason.text == WITHDRAWAL for event in events]
    return "flow" if flows and all(flows) and invest == "towards_targets" else "trades"


def _saved_up(events: Sequence[TradeEvent], assets: tuple[str, ...]) -> frozenset[str]:
    """Return the tickers that contributions alone trade: a broker's savings plan buys them, where there is one."""
    by_plan, other = set[int](), set[int]()
    for event in events:
        (by_plan if event.reason.contribution else other).update(np.flatnonzero(event.trades).tolist())
    return frozenset(assets[j] for j in by_plan - other)
