"""A slow reference ledger: the rules of `docs/semantics.md` in exact fractions, one session and one rule at a time.

It shares nothing with the engine: no arrays, no floats, no code. Quantities and cash are kept to `10**-30`.
`run(case)` gives the value, cash and units of every session from the opening on, and the list of trades.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from math import floor

from tests.reference.dated_rules import Annual, interest
from tests.reference.flow_plans import FlowPlan, planned
from tests.reference.rules import (
    ONE,
    TOUCH,
    ZERO,
    Broken,
    Choose,
    Closes,
    Cost,
    LedgerError,
    NoSolution,
    Review,
    ReviewState,
    WaitedTooLong,
    chosen,
    flow_alone,
    normalised,
    old_enough,
    outside,
    part_of_the_way,
    ranked,
    root,
    score,
    settled_root,
    span,
    take_the_missing,
    tidy,
    verdict,
)

DUST = Fraction(1, 10**12)  # S3: an order of at most DUST x V is no order
SNAP = Fraction(1, 10**18)  # what rounding may leave of a cash that is zero, as a share of V
GRACE = Fraction(1, 10**9)  # S10: shares of grace before rounding down
MAX_WAITING_SESSIONS = 5  # S9: sessions an order waits for a price

Usable = Callable[[int], bool]
Plan = tuple[dict[int, Fraction], Fraction, list[object]]  # signed moves of money, their costs, their pieces


FREE = Cost()


@dataclass(frozen=True)
class Case:
    """One run: tickers in sorted order, `prices[t][i]` or None, and everything else by row or by ticker."""

    tickers: Sequence[str]
    prices: Sequence[Sequence[Fraction | None]]
    targets: Mapping[str, Fraction]
    core: Mapping[str, Fraction] = field(default_factory=dict)  # weights that share what is redistributed
    capital: Fraction = Fraction(100)
    opening: int = 0
    decisions: Mapping[int, str] = field(default_factory=dict)  # scheduled row -> label
    annual: Annual | None = None  # S2: beside these; needs `days`
    delay: int = 0  # 0: execution close, 1: next_close
    growth: Sequence[Fraction] = ()  # S5: cash factor into each session; empty: no interest
    rates: Sequence[tuple[date, Fraction]] = ()  # S5: a year, by day of publication, in place of these; needs `days`
    flows: Mapping[int, Fraction] = field(default_factory=dict)  # S11: row -> signed money
    flow_shares: Mapping[int, Fraction] = field(default_factory=dict)  # S11: row -> signed share of the value
    plans: Sequence[FlowPlan] = ()  # S11: what is planned by dates, beside these; needs `days`
    invest: str = "towards_targets"  # towards_targets | pro_rata | wait
    ends_when_spent: bool = False  # S11: a withdrawal of all there is, or more, is the last one; else an error
    caps: Mapping[str, Fraction] = field(default_factory=dict)
    watch_caps: bool = False  # caps: always
    before_listing: str = "redistribute"  # redistribute | cash | a ticker
    after_delisting: str = "redistribute"
    haircut: Fraction = ZERO
    absolute: Fraction | None = None
    relative: Fraction | None = None
    look: frozenset[int] = frozenset()  # rows whose close the band looks at
    trade_to: str = "target"  # target | edge | inside | of_band
    inside: Fraction = ZERO  # how far within the edge, or at which part of the band
    trade_only: str = "all"  # all | drifted
    flows_first: bool = False  # funding
    min_history: Mapping[str, int] = field(default_factory=dict)  # named satellites: sessions they must have had
    choose: Choose | None = None  # the targets are then the core's, as they are when `count` names are chosen
    review: Review | None = None
    costs: Mapping[str, Cost] = field(default_factory=dict)
    plan_costs: Mapping[str, Cost] | None = None  # S11: of contributions outside a rebalance; None: as `costs`
    fx: Fraction = ZERO  # S17: a share of the money of every order in what is foreign
    foreign: Mapping[str, Sequence[Fraction]] = field(default_factory=dict)  # S17: the rate in each of its `prices`
    whole: bool = False
    spend_rest: bool = True  # False: whole shares are only rounded down
    min_order: Fraction = ZERO  # S3: money below which an order is left out
    yearly: Fraction = ZERO  # S11: the fee for keeping the account, a share of its value a year
    days: Sequence[date] = ()  # the sessions, where something goes by their dates
    margin: Fraction | None = None  # S3: how far a close may be worse than the one before for an order to be filled
    never_sold: frozenset[str] = frozenset()  # S3: bought but never sold
    dividends: Mapping[int, Mapping[str, Fraction]] = field(default_factory=dict)  # S16: row -> per share held before
    splits: Mapping[int, Mapping[str, Fraction]] = field(default_factory=dict)  # S16: row -> shares for one before
    invests_dividends: bool = False  # S16: they are invested at once; else they wait for the next rebalance
    sleeves: Mapping[int, Sequence[Sequence[str]]] = field(
        default_factory=dict
    )  # scheduled row -> names that trade among themselves, an outer sleeve before what is inside it
    late_purchases: Mapping[int, Mapping[str, Fraction]] = field(
        default_factory=dict
    )  # S18: row -> targets bought once


@dataclass(frozen=True)
class Event:
    """One netted set of trades: opening, rebalance, delisting, split, reinvest, waiting, exit, top_up, part, trim or flow."""

    row: int
    kind: str
    label: str
    quantities: tuple[Fraction, ...]
    costs: tuple[Fraction, ...]
    prices: tuple[Fraction, ...] = ()
    targets: tuple[Fraction, ...] = ()
    opening: bool = False  # S13: part of the opening purchase, however long it waited for a price


@dataclass
class Run:
    """The marks of the sessions from the opening on, the trades, and what became of each verdict on its session.

    An action is `missed` when the asset had no close on that session.
    """

    value: list[Fraction] = field(default_factory=list)
    cash: list[Fraction] = field(default_factory=list)
    units: list[tuple[Fraction, ...]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    reviews: list[tuple[int, str, str, str]] = field(default_factory=list)  # row, ticker, verdict, action
    left_out: list[tuple[int, str]] = field(default_factory=list)  # S3: row, ticker of an order too small to be placed
    unsolved: list[int] = field(default_factory=list)  # S3: rows at which no value after costs solves the equation
    jumps: list[int] = field(
        default_factory=list
    )  # sessions at which the law leaves more than one answer, as no V' solves it exactly
    fees: dict[int, Fraction] = field(default_factory=dict)  # S11: row -> fee for keeping the account
    flows: dict[int, Fraction] = field(default_factory=dict)  # S11: row -> money paid in or out, 0 where none is
    last: tuple[Fraction, Fraction] | None = None  # S11: due and paid by the withdrawal at the end, where money ended
    before_flow: list[Fraction] = field(default_factory=list)  # S12: value after interest, dividends and payouts


def levels(case: Case, result: Run) -> list[Fraction]:
    """S12: the capital, the value after the opening, then the day's factors linked at each flow, chained onto it."""
    level = [case.capital, result.value[0]]
    for k in range(1, len(result.value)):
        flow, before, last = result.flows.get(case.opening + k, ZERO), result.before_flow[k], result.value[k - 1]
        paid_in, paid_out = max(flow, ZERO), max(-flow, ZERO)
        alive = level[-1] > 0 and last > 0 and before + paid_in > 0
        factor = before / last * (result.value[k] + paid_out) / (before + paid_in) if alive else ZERO
        level.append(level[-1] * factor)
    return level


def total_returns(case: Case) -> Closes:
    """S16: closes of a share that takes more of itself for every dividend; what estimates look at."""
    shares, rows = dict.fromkeys(case.tickers, ONE), []
    for t, row in enumerate(case.prices):
        paid = case.dividends.get(t, {})
        for name, price in zip(case.tickers, row, strict=True):
            shares[name] *= 1 + paid.get(name, ZERO) / price if price else ONE
        closes = zip(case.tickers, row, strict=True)
        rows.append([None if price is None else tidy(price * shares[name]) for name, price in closes])
    return rows


def run(case: Case) -> Run:
    """Keep the books of one case from its opening to the last row."""
    if list(case.tickers) != sorted(case.tickers):
        raise ValueError("tickers must be in sorted order")
    ledger = ExactLedger(case)
    for t in range(case.opening, len(case.prices)):
        ledger.session(t)
        if ledger.run.last is not None:
            break
    return ledger.run


class ExactLedger:
    """The account between two sessions: units, cash, last prices, last targets, and what is still to be done."""

    def __init__(self, case: Case) -> None:
        self.case, self.assets = case, range(len(case.tickers))
        self.estimated_from = total_returns(case) if case.dividends else case.prices
        names = case.tickers
        self.index = {name: i for i, name in enumerate(names)}
        money, shares = planned(case.plans, case.days, case.opening) if case.plans else ({}, {})
        self.flows = {t: case.flows.get(t, ZERO) + money.get(t, ZERO) for t in {*case.flows, *money}}
        self.shares_paid = {
            t: case.flow_shares.get(t, ZERO) + shares.get(t, ZERO) for t in {*case.flow_shares, *shares}
        }
        self.per_unit = [ONE for _ in names]  # S16: shares of the day that a unit, a share of the last day, is
        for of in (of for row, of in case.splits.items() if row > case.opening):
            self.per_unit = [shares / of.get(name, ONE) for name, shares in zip(names, self.per_unit, strict=True)]
        self.weights = [case.targets.get(name, ZERO) for name in names]
        self.core = [case.core.get(name, ZERO) for name in names]
        self.caps = [case.caps.get(name) for name in names]
        self.costs = self.charged(case.costs)
        closes = [[t for t, row in enumerate(case.prices) if row[i] is not None] for i in self.assets]
        never = (len(case.prices), len(case.prices))
        self.life = [(rows[0], rows[-1]) if rows else never for rows in closes]
        self.units, self.cash = [ZERO for _ in names], case.capital
        self.price = [ZERO for _ in names]
        self.targets = [ZERO for _ in names]
        self.reference = [ZERO for _ in names]  # what drift is measured from
        self.never_sold = {self.index[name] for name in case.never_sold}
        self.kept: set[int] = set()  # whose sale the last vector left out, as they are never sold
        self.eaten: set[int] = set()  # what the last plan of flows has no money left for, or would get none from
        self.waiting: dict[int, int] = {}  # asset -> row of its order
        self.scaled: set[int] = set()
        self.growth = interest(case.rates, case.days, case.opening) if case.rates else dict(enumerate(case.growth))
        by_year = case.annual.rows(case.days, case.opening) if case.annual else []
        scheduled = {**dict.fromkeys(by_year, "annual"), **case.decisions}
        self.due = {row + case.delay: label for row, label in scheduled.items()}
        self.trims: dict[int, set[int]] = {}
        self.answer = -1  # row at which a band or cap that was broken is answered
        self.broken: dict[int, Broken] = {}  # row of a band's answer -> the close at which it broke
        self.barred: dict[int, int] = {}  # asset that a review sold -> row of its exit
        self.review_states: dict[int, ReviewState] = {}  # of the reviewed satellites that are held
        self.verdicts: dict[int, dict[int, tuple[str, str]]] = {}  # row -> asset -> verdict, action
        self.reviewed = -1  # row at which a breach is answered
        self.run = Run()

    # -- what is known at a session

    def fresh(self, t: int, i: int) -> bool:
        """Tell whether an asset has a close at the session itself."""
        return self.case.prices[t][i] is not None

    def eligible(self, t: int, i: int) -> bool:
        """S7: the session before the fill lies in the asset's life, which a payout at `t` has ended (S8)."""
        first, last = self.life[i]
        return first <= (t if t == self.case.opening else t - 1) and t <= last

    def open(self, t: int, i: int) -> bool:
        """S7 and loss review: tell whether an asset is eligible and not barred."""
        return self.eligible(t, i) and i not in self.barred

    def recipients(self, t: int, to: str, without: Iterable[int] = ()) -> dict[int, Fraction]:
        """S7, S9: say who is bought outside a rebalance; an asset without a close is left out."""
        shares = self.shares(to, lambda i: self.open(t, i), without)
        return normalised({i: share for i, share in shares.items() if self.fresh(t, i)})

    def money(self, i: int) -> Fraction:
        """Return the money in an asset at its last price (S9)."""
        return self.units[i] * self.price[i]

    def value(self) -> Fraction:
        """Return the value of the account."""
        return self.cash + sum(self.money(i) for i in self.assets)

    def charged(self, costs: Mapping[str, Cost]) -> list[Cost]:
        """Return what an order in each asset costs, with the exchange where it is foreign (S17)."""
        own = {name: costs.get(name, FREE) for name in self.case.tickers}
        return [
            replace(c, spread=c.spread + self.case.fx) if name in self.case.foreign else c for name, c in own.items()
        ]

    def fee(self, i: int, move: Fraction, dust: Fraction) -> tuple[Fraction, object]:
        """Return the cost of a signed order, and the name of its linear piece."""
        cost, piece = self.costs[i].of(abs(move), self.price[i] / self.per_unit[i], dust)
        return cost, (i, move > 0, piece)

    # -- one session

    def session(self, t: int) -> None:
        """One session in the order of the rules: interest, dividends, delistings, flow, trading, mark."""
        case = self.case
        self.price = [old if new is None else new for old, new in zip(self.price, case.prices[t], strict=True)]
        for name, factor in case.splits.get(t, {}).items() if t > case.opening else ():
            self.per_unit[self.index[name]] *= factor
        if t == case.opening:
            self.run.before_flow.append(case.capital)
            self.rebalance(t, "opening", "opening")
            self.mark(t)
            return
        self.cash = tidy(self.cash * self.growth.get(t, ONE))
        dividends = sum((self.units[self.index[k]] * d for k, d in case.dividends.get(t, {}).items()), ZERO)
        self.cash += tidy(dividends)
        if t in case.splits and case.whole:
            self.pay_fractions(t)
        payout = self.delist(t)
        flow = self.run.flows[t] = self.flow_due(t, self.value())
        self.run.before_flow.append(self.value())
        fee = self.yearly_fee(t)
        self.move_targets(t)
        if t in self.due:
            self.bar_before_rebalance(t)
            if self.takes_all(t, flow, self.cash - fee):
                self.cash -= fee
                self.withdraw_last(t, -flow)
            else:
                self.cash += flow - fee
                self.rebalance(t, "rebalance", self.due[t])
                self.raise_what_is_lacking(t, fee - min(flow, ZERO) if fee or case.ends_when_spent else ZERO)
        else:
            self.cash += max(flow, ZERO)
            self.pay_fee(t, fee)
            self.spend(t, "reinvest", min(payout, self.cash), self.recipients(t, case.after_delisting))
            self.fill_waiting(t)
            self.buy_late(t)
            self.answer_breaches(t)
            self.rebalance_sleeves(t)
            above = self.trims.get(t, set())
            if t in self.broken:
                self.partial_rebalance(t)
                above = {i for i in above if self.money(i) > (self.caps[i] or ONE) * self.value() * (1 + GRACE)}
            self.trim(t, above)
            if flow > 0:
                self.contribute(t, flow)
            elif self.takes_all(t, flow, self.cash):
                self.withdraw_last(t, -flow)
            elif flow < 0:
                self.withdraw(t, -flow)
            if dividends > 0 and case.invests_dividends and self.run.last is None:
                self.invest_spare(t)
        self.mark(t)

    def mark(self, t: int) -> None:
        """Record the session, then look at its close: bands, caps and reviews decide what comes next."""
        self.snap()
        if self.cash < 0 or min(self.units) < 0:
            raise LedgerError(f"the money due at row {t} cannot be raised")
        value = self.value()
        self.run.value.append(value)
        self.run.cash.append(self.cash)
        self.run.units.append(tuple(self.units))
        if self.run.last is not None:
            return
        awaited = t < max(self.answer, self.reviewed)
        if not awaited:
            self.ask(t)
        self.watch(t, awaited=awaited)

    def ask(self, t: int) -> None:
        """Band, S6: a close that breaks a band is answered by a rebalance or a part of one, else caps by a trim."""
        value, due = self.value(), t + 1 + self.case.delay
        weights = [self.money(i) / value for i in self.assets]
        above = {i for i, cap in enumerate(self.caps) if cap is not None and weights[i] > cap * (1 + GRACE)}
        if t in self.case.look and self.left_band(weights):
            self.answer = due
            broken = Broken([self.money(i) for i in self.assets], self.cash)
            whole = self.case.trade_to == "target" and self.case.trade_only == "all"
            if self.flow_settles(due, broken):
                pass
            elif whole:
                self.due.setdefault(due, "band")
            else:
                self.broken[due] = broken
            if whole:
                return
        if self.case.watch_caps and above:
            self.trims[due] = above
            self.answer = due

    def left_band(self, weights: Sequence[Fraction], among: Iterable[int] | None = None) -> set[int]:
        """Band: say which assets have left their last target by more than the band."""
        case = self.case
        return {
            i
            for i in (self.assets if among is None else among)
            if outside(weights[i], self.reference[i], case.absolute, case.relative)
        }

    # -- rebalance

    def shares(self, to: str, usable: Usable, without: Iterable[int] = ()) -> dict[int, Fraction]:
        """S7: say who takes money that looks for a home; nobody means that it stays in cash."""
        if to == "cash":
            return {}
        if to != "redistribute" and usable(self.index[to]):
            return {self.index[to]: ONE}
        left_out = set(without)
        return normalised({i: self.core[i] for i in self.assets if usable(i) and i not in left_out})

    def seen(self, t: int) -> int:
        """S1, S2: return the last row that a decision filled at `t` has seen; the opening looks at nothing of its own."""
        return t - 1 - (self.case.delay if t > self.case.opening else 0)

    def plan(self, t: int) -> list[Fraction]:
        """Choosing satellites: the chosen names have their weight, the core has what fewer names leave."""
        choose, plan = self.case.choose, list(self.weights)
        if choose is None:
            return plan
        seen, scores = self.seen(t), {}
        for name in choose.names:
            first = self.life[self.index[name]][0]
            old = old_enough(first, seen, choose.min_history) and seen - first >= choose.lookback
            member = choose.is_member(name, t if t == self.case.opening else seen)
            held = t > self.case.opening and self.run.units[seen - self.case.opening][self.index[name]] > 0
            asked = choose.gate is None or choose.gate.admits(name, seen, held)
            if choose.by == "named" and asked and member:
                scores[name] = ZERO
            elif choose.by != "named" and asked and member and old and self.open(t, self.index[name]):
                scores[name] = score(choose, self.estimated_from, self.index[name], seen)
        names = chosen(choose, scores)
        for name in names:
            plan[self.index[name]] += choose.weight_of([name])
        for j, share in normalised(dict(enumerate(self.core))).items():
            plan[j] += share * (choose.weight * choose.count - choose.weight_of(names))
        return plan

    def elsewhere(self, t: int, i: int) -> str:
        """S7, S8, loss review: say where the target of an asset goes that cannot be held; empty: it can."""
        case, review = self.case, self.case.review
        if review and i in self.barred:
            return "redistribute" if review.proceeds == "core" else "cash"
        if not self.eligible(t, i):
            return case.after_delisting if self.life[i][1] < t else case.before_listing
        sessions = case.min_history.get(case.tickers[i], 0)
        return "" if not sessions or old_enough(self.life[i][0], self.seen(t), sessions) else case.before_listing

    def targets_at(self, t: int) -> list[Fraction]:
        """S7 and S6: give away the targets of assets that cannot be held, then what the caps cut."""
        plan = self.plan(t)
        targets = list(plan)

        def usable(i: int) -> bool:
            return self.open(t, i)

        for i in self.assets:
            if plan[i] and (to := self.elsewhere(t, i)):
                targets[i] -= plan[i]
                for j, share in self.shares(to, usable).items():
                    targets[j] += plan[i] * share
        cut: set[int] = set()
        while over := {i: cap for i, cap in enumerate(self.caps) if cap is not None and targets[i] > cap}:
            excess = sum((targets[i] - cap for i, cap in over.items()), ZERO)
            cut |= set(over)
            for i, cap in over.items():
                targets[i] = cap
            for j, share in self.shares("redistribute", usable, cut).items():
                targets[j] += excess * share
        return targets

    def rebalance(self, t: int, kind: str, label: str) -> None:
        """S3, S4, S9: trade the whole portfolio to its targets; orders without a price begin to wait."""
        self.trims.clear()
        self.broken.clear()
        self.lift_bars(t)
        self.due = {row: name for row, name in self.due.items() if row <= t or name != "band"}
        self.answer = -1
        self.targets = self.targets_at(t)
        after, scaled = self.to_targets(t, {i: self.targets[i] for i in self.assets if self.fresh(t, i)}, kind, label)
        for i, held_review in self.review_states.items():
            held_review.rebalance = self.price[i]
        stuck = [i for i in self.assets if self.eligible(t, i) and not self.fresh(t, i)]
        wanting = [i for i in stuck if abs(self.targets[i] * after - self.money(i)) > DUST * after]
        if self.case.margin is not None:  # nothing waits: it is left out, as any other that finds no price
            self.run.left_out += [(t, self.case.tickers[i]) for i in wanting]
            wanting = []
        self.waiting = {i: self.waiting.get(i, t) for i in wanting}
        self.refuse_late(t)
        value = self.value()
        reached = self.case.whole or bool(self.kept)
        self.reference = [self.money(i) / value for i in self.assets] if reached else list(self.targets)
        self.scaled = {i for i in scaled if self.targets[i] > 0} if self.waiting else set()

    def to_targets(self, t: int, targets: Mapping[int, Fraction], kind: str, label: str) -> tuple[Fraction, list[int]]:
        """S3 and S9: bring assets to their targets; return `V'` and those that may be scaled down."""
        solution: tuple[Fraction, list[int]] = (self.value(), [])

        def goals(left_out: set[int]) -> dict[int, Fraction]:
            nonlocal solution
            placed = {i: target for i, target in targets.items() if i not in left_out}
            after, money, scaled = self.solved(placed)
            solution = (after, list(placed) if scaled else [])
            if self.case.ends_when_spent:  # more than all of an asset is not sold: what lacks is raised (S11)
                return {i: max(goal, ZERO) for i, goal in money.items()}
            return money

        self.fill(t, kind, self.worth_placing(t, goals), label)
        return solution

    def worth_placing(
        self,
        t: int,
        goals: Callable[[set[int]], dict[int, Fraction]],
        buyers: Iterable[int] = (),
        owed: bool = False,
    ) -> dict[int, Fraction]:
        """S3: solve again without all orders that are too small, until none is; nothing where there is no solution.

        The `buyers` share what others bring: they are not sold for its costs, but left out, too. What is
        `owed` does not wait: its orders are of any size, and have no limit.
        """
        left_out = set[int]()
        self.kept, self.eaten = set(), set()
        while True:
            try:
                money = goals(left_out)
            except NoSolution:
                self.run.unsolved.append(t)
                return {}
            sold = {j for j in buyers if money.get(j, self.money(j)) < self.money(j) - DUST * self.value()}
            small = self.too_small(t, money, owed) or sold
            small |= set() if small & self.kept else self.eaten
            if not small:
                self.run.left_out += [(t, self.case.tickers[i]) for i in sorted(left_out)]
                return money
            left_out |= small

    def too_small(self, t: int, goals: Mapping[int, Fraction], owed: bool) -> set[int]:
        """S3: say which orders cost what they move, are smaller than the least order, or are not at their limit."""
        dust = DUST * self.value()
        moves = {i: (q - self.units[i]) * self.price[i] for i, q in self.quantities(goals).items()}
        self.kept |= (kept := {i for i, move in moves.items() if move < 0 and i in self.never_sold})
        return kept or {
            i
            for i, move in moves.items()
            if self.fee(i, move, dust)[0] >= abs(move)
            or (not owed and (abs(move) < self.case.min_order or self.beyond_limit(t, i, move)))
        }

    def beyond_limit(self, t: int, i: int, move: Fraction) -> bool:
        """Limit orders: tell whether a close is worse than the one before by more than the margin; the opening may be."""
        margin = self.case.margin
        if margin is None or t == self.case.opening:
            return False
        rates = self.case.foreign.get(self.case.tickers[i], dict.fromkeys(range(t + 1), ONE))
        closes = (p / rates[row] for row in range(t, -1, -1) if (p := self.case.prices[row][i]) is not None)
        now, before = next(closes), next(closes)
        bound = (1 + margin) * (1 + TOUCH) if move > 0 else (1 - margin) * (1 - TOUCH)
        return now > before * bound if move > 0 else now < before * bound

    def solved(self, targets: Mapping[int, Fraction]) -> tuple[Fraction, dict[int, Fraction], bool]:
        """S3 and S9: the money that assets are brought to, scaled down where cash would fall below zero.

        An asset that wants more is not sold for it: it is left alone, and the others are scaled again.
        """
        after = planned = self.fixpoint({i: (target, ZERO) for i, target in targets.items()})
        kept = [i for i in self.assets if i in self.never_sold and i not in targets]
        shared = sum((self.targets[i] for i in self.assets if i not in kept), ZERO)
        left = sum((self.money(i) for i in kept), ZERO)
        able, lines = list(targets), {i: (target, ZERO) for i, target in targets.items()}
        scaled = False
        while True:
            untouched = sum((self.money(i) for i in self.assets if i not in able), ZERO)
            total = sum((targets[i] for i in able), ZERO)
            if not total or planned * (1 - total) - untouched >= -SNAP * planned:
                break
            scaled = True
            lines = {i: (targets[i] / total, -targets[i] * untouched / total) for i in able}
            after = self.fixpoint(lines)
            turned = [
                i
                for i in able
                if self.money(i) > lines[i][0] * after + lines[i][1]
                and targets[i] * planned > self.money(i)
                and not (left and shared and targets[i] / shared * (after - left) <= self.money(i))
            ]
            if not turned:
                break
            able = [i for i in able if i not in turned]
            if not able:  # costs leave nothing of the cash there is: who is left out first the law does not say
                self.run.jumps.append(len(self.run.value))
            lines = {i: (targets[i], ZERO) for i in able}
        if scaled and lines and not any(b for _, b in lines.values()):
            after = self.fixpoint(lines)
        return after, {i: a * after + b for i, (a, b) in lines.items()}, scaled

    def fixpoint(self, lines: Mapping[int, tuple[Fraction, Fraction]]) -> Fraction:
        """S3: the `V'` that solves `V' = V - sum of cost_i(|a_i V' + b_i - h_i|)`."""
        value = self.value()
        held = {i: self.money(i) for i in lines}

        def evaluate(y: Fraction) -> tuple[Fraction, object]:
            fees = [self.fee(i, a * y + b - held[i], DUST * value) for i, (a, b) in lines.items()]
            return y - value + sum(fee for fee, _ in fees), [piece for _, piece in fees]

        return settled_root(evaluate, value, DUST * value)

    def quantities(self, goals: Mapping[int, Fraction]) -> dict[int, Fraction]:
        """Return the quantities of the assets that are traded to be brought to given money, whole where asked (S10)."""
        dust = DUST * self.value()
        moved = {i: goal for i, goal in goals.items() if abs(goal - self.money(i)) > dust}
        gone = SNAP * self.value()  # a holding that only rounding has left is sold whole
        wanted = {i: tidy(goal / self.price[i]) if abs(goal) > gone else ZERO for i, goal in moved.items()}
        if self.case.whole:
            wanted = self.rounded(wanted, dust)
        return {i: q for i, q in wanted.items() if q != self.units[i]}

    def fill(self, t: int, kind: str, goals: Mapping[int, Fraction], label: str = "") -> None:
        """Trade assets to given money, in whole shares where asked (S10), and book it as one event."""
        dust, wanted = DUST * self.value(), self.quantities(goals)
        if not wanted:
            return
        quantities, costs = [ZERO for _ in self.assets], [ZERO for _ in self.assets]
        for i, q in wanted.items():
            quantities[i] = q - self.units[i]
            costs[i] = self.fee(i, quantities[i] * self.price[i], dust)[0]
        self.cash = tidy(self.cash_after(wanted, dust))
        for i, q in wanted.items():
            self.keep_references(i, q)
            self.units[i] = q
        self.snap()
        event = Event(
            t, kind, label, tuple(quantities), tuple(costs), tuple(self.price), tuple(self.targets), kind == "opening"
        )
        self.run.events.append(event)

    def snap(self) -> None:
        """S5: cash that only rounding has left is zero."""
        if abs(self.cash) <= SNAP * self.value():
            self.cash = ZERO

    def cash_after(self, wanted: Mapping[int, Fraction], dust: Fraction) -> Fraction:
        """Return the cash that is left when assets are brought to given quantities."""
        moves = {i: (q - self.units[i]) * self.price[i] for i, q in wanted.items()}
        return self.cash - sum(move + self.fee(i, move, dust)[0] for i, move in moves.items())

    def rounded(self, exact: Mapping[int, Fraction], dust: Fraction) -> dict[int, Fraction]:
        """S10: round shares of the day down, then spend what that leaves one share an asset, by largest remainder."""
        one = [1 / shares for shares in self.per_unit]  # a share of the day in units
        wanted = {i: floor(q / one[i] + GRACE) * one[i] for i, q in exact.items()}
        least = self.cash_after(exact, dust) - SNAP * self.value()
        rest = ranked({i: (q - wanted[i]) / one[i] for i, q in exact.items() if q > wanted[i]}, GRACE)
        for i, _ in rest if self.case.spend_rest else []:
            more = {**wanted, i: wanted[i] + one[i]}
            cash = self.cash_after(more, dust)
            if cash >= least and self.keeps_caps(i, wanted, more, dust):
                wanted = more
        planned = self.cash_after(exact, dust) + sum(exact.get(j, self.units[j]) * self.price[j] for j in self.assets)
        for i, cap in enumerate(self.caps):  # S6: fees of whole shares may leave less value than was planned
            if cap is not None and i in exact and exact[i] * self.price[i] <= cap * planned * (1 + GRACE):
                money = sum(wanted.get(j, self.units[j]) * self.price[j] for j in self.assets)
                room = cap * (1 + GRACE) * (self.cash_after(wanted, dust) + money)
                while wanted[i] >= one[i] and wanted[i] * self.price[i] > room:
                    wanted = {**wanted, i: wanted[i] - one[i]}
        return wanted

    def keeps_caps(self, i: int, fewer: Mapping[int, Fraction], more: Mapping[int, Fraction], dust: Fraction) -> bool:
        """S10: tell whether one more share keeps its own cap and, through its cost, lifts nobody else over theirs."""

        def above(wanted: Mapping[int, Fraction]) -> set[int]:
            money = [wanted.get(j, self.units[j]) * self.price[j] for j in self.assets]
            value = self.cash_after(wanted, dust) + sum(money)
            return {j for j, cap in enumerate(self.caps) if cap is not None and money[j] > cap * value}

        now = above(more)
        return i not in now and now <= above(fewer)

    # -- partial trades

    def delist(self, t: int) -> Fraction:
        """S8: pay out the assets whose last close was at the session before, and return the money."""
        paid = ZERO
        for i in self.assets:
            if self.life[i][1] == t - 1 and self.units[i]:
                paid += tidy(self.money(i) * (1 - self.case.haircut))
                quantities = tuple(-self.units[j] if j == i else ZERO for j in self.assets)
                self.units[i] = ZERO
                self.review_states.pop(i, None)
                self.run.events.append(Event(t, "delisting", "", quantities, tuple(ZERO for _ in self.assets)))
        self.cash += paid
        return paid

    def pay_fractions(self, t: int) -> None:
        """S10: what a split leaves of a share of the day is paid in cash, free of cost."""
        for i in self.assets:
            shares = self.units[i] * self.per_unit[i]
            left = (shares - floor(shares + GRACE)) / self.per_unit[i]
            if left > 0:
                quantities = tuple(-left if j == i else ZERO for j in self.assets)
                self.cash = tidy(self.cash + left * self.price[i])
                self.keep_references(i, self.units[i] - left)
                self.units[i] -= left
                self.run.events.append(Event(t, "split", "", quantities, tuple(ZERO for _ in self.assets)))

    def move_targets(self, t: int) -> None:
        """S8: the target of an asset that is gone moves where its money was meant to go."""
        for i in self.assets:
            if self.life[i][1] == t - 1 and t > self.case.opening:
                self.move_target(i, self.shares(self.case.after_delisting, lambda k: self.open(t, k)))

    def move_target(self, i: int, recipients: Mapping[int, Fraction]) -> None:
        """S8 and loss review: one target moves, to cash where nobody inherits."""
        for weights in (self.targets, self.reference):
            gone, weights[i] = weights[i], ZERO
            for j, share in recipients.items():
                weights[j] += gone * share

    def affordable(self, money: Fraction, shares: Mapping[int, Fraction], dust: Fraction) -> Fraction:
        """Return how much can be bought in given shares when the costs are paid out of the same money."""

        def evaluate(y: Fraction) -> tuple[Fraction, object]:
            fees = [self.fee(i, share * y, dust) for i, share in shares.items()]
            return y - money + sum(fee for fee, _ in fees), [piece for _, piece in fees]

        bought = root(evaluate, money)
        return bought if abs(evaluate(bought)[0]) <= dust else ZERO

    def bought_with(self, money: Fraction, shares: Mapping[int, Fraction], left_out: set[int]) -> Fraction:
        """S3: return how much is bought; where the costs of all are above the money, more are left out.

        Each of them is judged by its share of what is missing, and all are left out when that rules out none.
        """
        dust = DUST * self.value()
        while placed := self.without(shares, left_out):
            bought = self.affordable(money, placed, dust)
            if bought or money <= dust:
                return bought
            missing = sum((self.fee(i, share * money, dust)[0] for i, share in placed.items()), -money)
            eaten = {i for i, share in placed.items() if self.fee(i, share * missing, dust)[0] >= share * missing}
            left_out |= eaten or set(placed)
        return ZERO

    def spend(self, t: int, kind: str, money: Fraction, shares: Mapping[int, Fraction]) -> None:
        """Buy assets in given shares with given money, costs paid out of it (S8, S11)."""

        def goals(left_out: set[int]) -> dict[int, Fraction]:
            bought = self.bought_with(money, shares, left_out)
            return {i: self.money(i) + share * bought for i, share in self.without(shares, left_out).items()}

        if money > 0 and shares:
            self.fill(t, kind, self.worth_placing(t, goals))

    @staticmethod
    def without(shares: Mapping[int, Fraction], left_out: Iterable[int]) -> dict[int, Fraction]:
        """S3: what is left out takes nothing; what was meant for it stays in cash."""
        return {i: share for i, share in shares.items() if i not in left_out}

    def buy_late(self, t: int) -> None:
        """S18: buy names that list late once, at their targets, from what has held their weight since the opening."""
        wanted = {self.index[name]: target for name, target in self.case.late_purchases.get(t, {}).items()}
        if not wanted:
            return
        opening = self.case.opening
        holders = self.shares(self.case.before_listing, lambda i: self.eligible(opening, i))

        def payers(weights: Mapping[int, Fraction]) -> dict[int, Fraction]:
            held = normalised({i: share for i, share in weights.items() if self.units[i] > 0})
            able = {
                i: share
                for i, share in held.items()
                if self.eligible(t, i) and self.fresh(t, i) and i not in self.never_sold
            }
            return normalised(able)

        sellers = payers(holders) or (payers(dict(enumerate(self.core))) if holders else {})
        for weights in (self.targets, self.reference):
            lacking = {i: max(target - weights[i], ZERO) for i, target in wanted.items()}
            for i, share in sellers.items():
                weights[i] = max(weights[i] - share * sum(lacking.values()), ZERO)
            for i, part in lacking.items():
                weights[i] += part

        def goals(left_out: set[int]) -> dict[int, Fraction]:
            return self.with_partners(self.without({i: self.targets[i] for i in wanted}, left_out), sellers, left_out)

        self.fill(t, "late", self.worth_placing(t, goals))

    def refuse_late(self, t: int) -> None:
        """S9: stop a run in which an order waits too long; a rebalance in between does not make it younger."""
        for i, since in sorted(self.waiting.items()):
            if t - since >= MAX_WAITING_SESSIONS and not self.fresh(t, i):
                raise WaitedTooLong(self.case.tickers[i], t, since)

    def fill_waiting(self, t: int) -> None:
        """S9: fill the orders that find a price, together with what was scaled down; stop a run that waits too long."""
        self.refuse_late(t)
        found = {i for i in self.waiting if self.fresh(t, i)}
        if not found:
            return
        with_them = {i for i in self.scaled if t <= self.life[i][1]}
        traded = sorted(found | {i for i in with_them if self.fresh(t, i)})
        before = len(self.run.events)
        _, scaled = self.to_targets(t, {i: self.targets[i] for i in traded}, "waiting", "")
        opening = all(self.waiting[i] == self.case.opening for i in found)
        self.run.events[before:] = [replace(event, opening=opening) for event in self.run.events[before:]]
        self.waiting = {i: since for i, since in self.waiting.items() if i not in found}
        self.waiting |= {i: t for i in with_them if i not in traded}
        self.scaled = {i for i in scaled if self.targets[i] > 0} if self.waiting else set()

    def trim(self, t: int, above: Iterable[int]) -> None:
        """S6: sell assets that were above their caps down to target; the core buys with what they bring."""
        value = self.value()
        over = [i for i in sorted(above) if self.fresh(t, i) and self.money(i) > self.targets[i] * value * (1 + GRACE)]
        shares = self.recipients(t, "redistribute", over)

        def goals(left_out: set[int]) -> dict[int, Fraction]:
            sold = [i for i in over if i not in left_out]
            brought = sum((self.money(i) for i in sold), ZERO)
            kept = sum((self.targets[i] for i in sold), ZERO)
            lines = {i: (self.targets[i], ZERO) for i in sold}
            for j, share in self.without(shares, left_out).items() if sold else ():
                lines[j] = (share * (1 - kept), self.money(j) + share * (brought - value))
            after = self.fixpoint(lines)
            return {i: a * after + b for i, (a, b) in lines.items()}

        if over:
            self.fill(t, "trim", self.worth_placing(t, goals, shares))

    def rebalance_sleeves(self, t: int) -> None:
        """Sleeves: the assets of each trade among themselves, as an account of their own would that has no cash."""
        row, done = t - self.case.delay, list[set[str]]()
        for names in self.case.sleeves.get(row, ()) if row > self.case.opening else ():
            if any(set(names) <= outer for outer in done):
                continue
            done.append(set(names))
            able = {i for i in map(self.index.__getitem__, names) if self.fresh(t, i) and self.eligible(t, i)}
            shares = normalised({i: self.targets[i] for i in able})
            units, cash, targets, before = self.units, self.cash, self.targets, len(self.run.events)
            self.units, self.cash = [held if i in able else ZERO for i, held in enumerate(units)], ZERO
            self.targets = [shares.get(i, ZERO) for i in self.assets]
            if shares and self.value() > 0:
                self.to_targets(t, {i: shares.get(i, ZERO) for i in able}, "part", "sleeve")
            self.units = [self.units[i] if i in able else held for i, held in enumerate(units)]
            self.cash, self.targets = self.cash + cash, targets
            self.run.events[before:] = [replace(event, targets=tuple(targets)) for event in self.run.events[before:]]

    # -- band geometry

    def flow_due(self, t: int, value: Fraction) -> Fraction:
        """S11: the money that is paid in or out at `t` by an account of `value`."""
        return self.flows.get(t, ZERO) + tidy(self.shares_paid.get(t, ZERO) * value)

    def flow_settles(self, due: int, broken: Broken) -> bool:
        """Band geometry, flows first: tell whether the flow due then would alone bring all assets into their bands."""
        value = broken.cash + sum(broken.money)
        flow = self.flow_due(due, value)
        if not (self.case.flows_first and flow and value + flow > 0):
            return False
        movable = [i for i in self.assets if flow > 0 or i not in self.never_sold]
        return not self.left_band(flow_alone(broken, flow, self.reference, movable))

    def partial_rebalance(self, t: int) -> None:
        """Band geometry: trade towards the targets in force, from the weights at the fill."""
        del self.broken[t]
        case, value = self.case, self.value()
        weights = [self.money(i) / value for i in self.assets]
        usable = [i for i in self.assets if self.eligible(t, i)]  # one that is barred has no target, and may be sold
        drifted = self.left_band(weights, usable)
        if not drifted:
            return
        spans = [
            span(w, self.width(w), case.trade_to, case.inside, cap)
            for w, cap in zip(self.reference, self.caps, strict=True)
        ]
        able = [i for i in usable if self.fresh(t, i)]
        if case.trade_only == "all":
            part = part_of_the_way({i: weights[i] for i in usable}, self.reference, spans)
            goals = {i: weights[i] + part * (self.reference[i] - weights[i]) for i in able}
            self.to_targets(t, goals, "part", "band")
            return
        nearest = {i: min(max(weights[i], spans[i][0]), spans[i][1]) for i in able if i in drifted}
        partners = [i for i in able if i not in drifted and self.caps[i] is None]
        goals, shares = take_the_missing(dict(enumerate(weights)), nearest, self.reference, partners)

        def placed(left_out: set[int]) -> dict[int, Fraction]:
            return self.with_partners(self.without(goals, left_out), shares, left_out)

        self.fill(t, "part", self.worth_placing(t, placed), "band")

    def width(self, target: Fraction) -> Fraction:
        """Band geometry: the narrower of the absolute and the relative width."""
        absolute, relative = self.case.absolute, self.case.relative
        widths = [width for width in (absolute, None if relative is None else relative * target) if width is not None]
        return min(widths)

    def frees(self, goals: Mapping[int, Fraction]) -> bool:
        """Band geometry: tell whether assets that are brought to weights bring money, costs aside."""
        return sum((self.money(i) - weight * self.value() for i, weight in goals.items()), ZERO) > 0

    def with_partners(
        self, goals: Mapping[int, Fraction], shares: Mapping[int, Fraction], left_out: Iterable[int] = ()
    ) -> dict[int, Fraction]:
        """Bring assets to weights of `V'`; partners buy or sell the difference, costs included, cash does not change.

        A partner is sold at most whole, the others then share; without one, cash takes the difference (S9). What one
        would buy that is left out stays in cash, what it would sell the others sell (S3).
        """
        frees = self.frees(goals)
        kept_shares = self.without(shares, left_out)
        partners = self.without(normalised(shares), left_out) if frees else normalised(kept_shares)
        fixed = dict(goals)
        while partners and goals:
            brought, kept = sum((self.money(i) for i in fixed), ZERO), sum(fixed.values(), ZERO)
            lines = {i: (weight, ZERO) for i, weight in fixed.items()}
            for j, share in partners.items():
                lines[j] = (share * (1 - kept), self.money(j) + share * (brought - self.value()))
            after = self.fixpoint(lines)
            money = {i: a * after + b for i, (a, b) in lines.items()}
            short = {j for j in partners if money[j] < 0}
            if not short:
                return money
            fixed |= dict.fromkeys(short, ZERO)
            partners = normalised({j: share for j, share in partners.items() if j not in short})
        return self.solved(fixed)[1] if goals else {}

    # -- loss review

    def keep_references(self, i: int, units: Fraction) -> None:
        """Loss review: a position that is bought begins as watching, a purchase averages in, one that is sold ends."""
        review, price = self.case.review, self.price[i]
        if review is None or self.case.tickers[i] not in review.names:
            return
        if not units:
            self.review_states.pop(i, None)
        elif i not in self.review_states:
            self.review_states[i] = ReviewState(price, price, price)
        elif units > self.units[i]:
            self.review_states[i].average(self.units[i], units - self.units[i], price)

    def watch(self, t: int, *, awaited: bool) -> None:
        """Loss review: look at the closes of the satellites that are held; a breach is asked about once."""
        review, due = self.case.review, t + 1 + self.case.delay
        if review is None:
            return
        actions = {"intact": review.intact, "broken": review.broken, "unknown": review.unknown}
        for i, held_review in sorted(self.review_states.items()):
            held_review.peak = max(held_review.peak, self.price[i])
            if not held_review.breached(review, self.price[i]):
                held_review.state = "watching"
            elif held_review.state == "watching" and not awaited:
                held_review.state = "reviewed"
                said = verdict(review, self.estimated_from, self.case.tickers[i], i, t)
                self.verdicts.setdefault(due, {})[i] = (said, actions[said])
                self.reviewed = due

    def due_actions(self, t: int) -> list[tuple[int, str]]:
        """Loss review: what is to be done at a session; an asset without a close is watched again instead."""
        actions = []
        for i, (said, action) in sorted(self.verdicts.pop(t, {}).items()):
            if i not in self.review_states:  # paid out or sold since
                continue
            missed = action != "keep" and not self.fresh(t, i)
            if missed:
                self.review_states[i].state = "watching"
            else:
                actions.append((i, action))
            self.run.reviews.append((t, self.case.tickers[i], said, "missed" if missed else action))
        return actions

    def bar_before_rebalance(self, t: int) -> None:
        """Loss review: on a session with a rebalance, what is to be sold is barred and the rebalance trades."""
        self.barred |= {i: t for i, action in self.due_actions(t) if action == "exit"}

    def lift_bars(self, t: int) -> None:
        """Loss review: the next rebalance after the session of the exit lifts the bar."""
        if self.case.review and self.case.review.reenter == "next_rebalance":
            self.barred = {i: row for i, row in self.barred.items() if row >= t}

    def answer_breaches(self, t: int) -> None:
        """Loss review: all exits of a session are one netted vector, all top-ups another after it."""
        actions = self.due_actions(t)
        self.exit(t, [i for i, action in actions if action == "exit"])
        self.top_up(t, [i for i, action in actions if action == "top_up"])

    def exit(self, t: int, assets: Iterable[int]) -> None:
        """Loss review: sell whole positions; the core buys with what they bring, or it stays in cash."""
        dust = DUST * self.value()
        to = "redistribute" if self.case.review and self.case.review.proceeds == "core" else "cash"
        sold = list(assets)
        shares = self.recipients(t, to, sold)

        def goals(left_out: set[int]) -> dict[int, Fraction]:
            brings = {i: self.money(i) - self.fee(i, -self.money(i), dust)[0] for i in sold if i not in left_out}
            bought = self.bought_with(max(sum(brings.values(), ZERO), ZERO), shares, left_out)
            placed = self.without(shares, left_out)
            return dict.fromkeys(brings, ZERO) | {j: self.money(j) + share * bought for j, share in placed.items()}

        money = self.worth_placing(t, goals)
        gone = [i for i in sold if i in money and self.units[i]]
        self.barred |= dict.fromkeys(gone, t)
        for i in gone:
            self.scaled.discard(i)
            self.move_target(i, self.shares(to, lambda k: self.open(t, k)))
        self.fill(t, "exit", money)

    def top_up(self, t: int, assets: Iterable[int]) -> None:
        """Loss review: buy assets below their target up to it; the core sells for it, pro rata to its weights."""
        value = self.value()
        below = [i for i in assets if self.targets[i] * value - self.money(i) > DUST * value]
        sellers = normalised(self.without(self.recipients(t, "redistribute"), self.never_sold))

        def goals(left_out: set[int]) -> dict[int, Fraction]:
            bought = {i: self.targets[i] for i in below if i not in left_out}
            return self.with_partners(bought, sellers, left_out)

        if below and sellers:
            self.fill(t, "top_up", self.worth_placing(t, goals))

    # -- the fee for keeping the account

    def yearly_fee(self, t: int) -> Fraction:
        """S11: the fee that is due on a new year's first session, and on the last, for the days since the last one."""
        case, days = self.case, self.case.days

        def due(row: int) -> bool:
            return days[row].year != days[row - 1].year or row == len(days) - 1

        if not case.yearly or not due(t):
            return ZERO
        since = max(row for row in range(case.opening, t) if row == case.opening or due(row))
        fee = case.yearly * max(self.value(), ZERO) * (days[t] - days[since]).days / 365
        self.run.fees[t] = fee
        return fee

    def pay_fee(self, t: int, fee: Fraction) -> None:
        """S11: take the fee from cash; the most overweight are sold for what it lacks, by orders of any size."""
        if self.cash < fee:
            self.sell_for(t, fee, lambda y: fee - self.cash, owed=True)
        self.cash -= fee
        self.snap()
        if self.cash < 0:
            raise LedgerError(f"the fee due at row {t} cannot be raised")

    def raise_what_is_lacking(self, t: int, due: Fraction) -> None:
        """S11: raise what a rebalance left cash below zero, as its orders were too small or had no price."""
        self.snap()
        if due and self.cash < 0:
            self.cash += due
            self.pay_fee(t, due)

    # -- flows

    def takes_all(self, t: int, flow: Fraction, cash: Fraction) -> bool:
        """S11: tell whether a withdrawal is all that sales can bring beside `cash`, or more, where that ends the run.

        What has no close counts as it is: money that is only stuck is not spent.
        """
        if flow >= 0 or not self.case.ends_when_spent:
            return False
        for i in self.assets:
            money = self.money(i)
            cash += max(money - self.fee(i, -money, ZERO)[0], ZERO) if self.fresh(t, i) else money
        return cash <= -flow

    def withdraw_last(self, t: int, due: Fraction) -> None:
        """S11: sell everything that brings more than it costs, in orders of any size, and pay out what is there."""

        def nothing(left_out: set[int]) -> dict[int, Fraction]:
            return {i: ZERO for i in self.assets if self.units[i] and self.fresh(t, i) and i not in left_out}

        self.fill(t, "flow", self.worth_placing(t, nothing, owed=True), "last")
        paid = min(self.cash, due)
        self.cash -= paid
        self.run.flows[t], self.run.last = -paid, (due, paid)

    def contribute(self, t: int, flow: Fraction) -> None:
        """S11: invest a contribution that has entered cash, at what the savings plan costs."""
        ordinary = self.costs
        if self.case.plan_costs is not None:
            self.costs = self.charged(self.case.plan_costs)
        if self.case.invest == "pro_rata":
            money = min(flow, self.cash)  # a waiting order may have taken some of it
            self.spend(t, "flow", money, self.pro_rata_shares(t, money))
        elif self.case.invest == "towards_targets":
            self.invest_spare(t)
        self.costs = ordinary

    def invest_spare(self, t: int) -> None:
        """S11: invest the cash above its target."""
        target = 1 - sum(self.targets)
        self.step_by_step(t, self.value(), lambda y, left_out: self.buys(t, y, self.cash - target * y, left_out))

    def withdraw(self, t: int, amount: Fraction) -> None:
        """S11: raise a withdrawal that is still in cash or in assets, and pay it out."""
        target = 1 - sum(self.targets)

        def need(y: Fraction) -> Fraction:
            spare = self.cash if self.case.invest == "wait" else self.cash - target * y
            return amount - max(spare, ZERO)

        if amount > self.value():
            raise LedgerError(f"a withdrawal at row {t} is above the account")
        if self.case.invest == "pro_rata":
            self.sell_pro_rata(t, amount)
        else:
            self.sell_for(t, amount, need)
        self.cash -= amount

    def sell_for(self, t: int, amount: Fraction, need: Callable[[Fraction], Fraction], *, owed: bool = False) -> None:
        """S11: sell the largest excess first for what is needed, then the same part of all."""

        def sold(y: Fraction, left_out: set[int]) -> Plan:
            return self.sales(t, y, need(y), left_out)

        def goals(left_out: set[int]) -> dict[int, Fraction]:
            moves, fees, _ = self.settled(self.value() - amount, lambda y: sold(y, left_out))
            if self.cash - sum(moves.values()) - fees < amount * (1 - SNAP):
                value = self.value() - amount
                moves, _, _ = self.settled(
                    value, lambda y: self.of_all_that_is_left(t, amount, sold(y, left_out), left_out)
                )
            return self.judged(moves)

        self.fill(t, "flow", self.worth_placing(t, goals, owed=owed))

    def judged(self, moves: Mapping[int, Fraction]) -> dict[int, Fraction]:
        """Return the money that assets are brought to; a move of nothing is an order that its cost has eaten."""
        self.eaten = {i for i, move in moves.items() if not move}
        return {i: self.money(i) + move for i, move in moves.items() if move}

    def settled(self, value: Fraction, plan: Callable[[Fraction], Plan]) -> Plan:
        """Solve `V' = V - costs` for a plan that depends on `V'`."""

        def evaluate(y: Fraction) -> tuple[Fraction, object]:
            _, fees, pieces = plan(y)
            return y - value + fees, pieces

        y = root(evaluate, value)
        if abs(evaluate(y)[0]) > DUST * self.value():
            self.run.jumps.append(len(self.run.value))
        return plan(y)

    def of_all_that_is_left(self, t: int, amount: Fraction, plan: Plan, left_out: set[int]) -> Plan:
        """S11: add to sales the same part of what every asset still holds, one netted order each, for all of `amount`."""
        sold = {i: -plan[0].get(i, ZERO) for i in self.assets if self.fresh(t, i) and i not in left_out}
        dust = DUST * (self.value() - amount)

        def orders(part: Fraction) -> dict[int, Fraction]:
            return {i: sale + part * (self.money(i) - sale) for i, sale in sold.items()}

        def evaluate(part: Fraction) -> tuple[Fraction, object]:
            fees = [self.fee(i, -sale, dust) for i, sale in orders(part).items()]
            brought = sum(orders(part).values(), ZERO) - sum((fee for fee, _ in fees), ZERO)
            return brought - (amount - self.cash), [piece for _, piece in fees]

        if evaluate(ZERO)[0] >= 0:
            return plan
        sales = orders(root(evaluate, ONE))
        fees = [self.fee(i, -sale, dust) for i, sale in sales.items()]
        moves = {i: -sale for i, sale in sales.items() if sale > dust}
        return moves, sum((fee for fee, _ in fees), ZERO), [plan[2], [piece for _, piece in fees]]

    def step_by_step(self, t: int, value: Fraction, plan: Callable[[Fraction, set[int]], Plan]) -> None:
        """Solve `V' = V - costs` for a plan that depends on `V'`, and carry the plan out."""

        def goals(left_out: set[int]) -> dict[int, Fraction]:
            return self.judged(self.settled(value, lambda y: plan(y, left_out))[0])

        self.fill(t, "flow", self.worth_placing(t, goals))

    def buys(self, t: int, y: Fraction, left: Fraction, left_out: set[int]) -> Plan:
        """Buy the largest gap first, up to its target, then the next, until the money is spent."""
        usable = [i for i in self.assets if self.fresh(t, i) and i not in left_out]
        moves, fees, pieces, dust = dict[int, Fraction](), ZERO, list[object](), DUST * y
        gaps = ranked({i: self.targets[i] * y - self.money(i) for i in usable}, dust)
        for i, gap in gaps:
            if gap <= dust or left <= dust:
                break
            fee, piece = self.fee(i, gap, dust)
            bought = gap if gap + fee <= left else self.affordable(left, {i: ONE}, dust)
            if bought != gap:
                fee, piece = self.fee(i, bought, dust)
            moves[i], fees, left = bought, fees + fee, left - bought - fee
            pieces.append((piece, bought == gap))
        return moves, fees, pieces

    def sales(self, t: int, y: Fraction, left: Fraction, left_out: set[int]) -> Plan:
        """Sell the largest excess first, down to its target, then the next, until the money is raised."""
        usable = [i for i in self.assets if self.fresh(t, i) and i not in left_out]
        moves, fees, pieces, dust = dict[int, Fraction](), ZERO, list[object](), DUST * max(y, ZERO)
        excesses = ranked({i: self.money(i) - self.targets[i] * y for i in usable}, dust)
        for i, excess in excesses:
            if excess <= dust or left <= dust:
                break
            sold = self.raised(left, {i: excess}, dust)
            fee, piece = self.fee(i, -sold, dust)
            moves[i] = -sold if sold > fee else ZERO
            if sold > fee:
                fees, left = fees + fee, left - sold + fee
            pieces.append((piece, sold == excess))
        return moves, fees, pieces

    def raised(self, need: Fraction, holdings: Mapping[int, Fraction], dust: Fraction) -> Fraction:
        """Return how much to sell, pro rata to holdings, to be left with given money after costs; at most all."""
        total = sum(holdings.values(), ZERO)

        def evaluate(y: Fraction) -> tuple[Fraction, object]:
            fees = [self.fee(i, -h / total * y, dust) for i, h in holdings.items()]
            return y - need - sum(fee for fee, _ in fees), [piece for _, piece in fees]

        return root(evaluate, total)

    def sell_pro_rata(self, t: int, need: Fraction) -> None:
        """Sell all assets with a close pro rata to their holdings."""
        holdings = {i: self.money(i) for i in self.assets if self.fresh(t, i) and self.units[i]}
        dust = DUST * (self.value() - need)

        def goals(left_out: set[int]) -> dict[int, Fraction]:
            sold = self.without(holdings, left_out)
            total = sum(sold.values(), ZERO)
            kept = 1 - self.raised(need, sold, dust) / total if total else ONE
            return {i: h * kept for i, h in sold.items()}

        if holdings:
            self.fill(t, "flow", self.worth_placing(t, goals))

    def pro_rata_shares(self, t: int, flow: Fraction) -> dict[int, Fraction]:
        """Share a contribution pro rata to the targets, without the assets that it would lift over their caps."""
        value = self.value()
        shares = normalised({i: self.targets[i] for i in self.assets if self.fresh(t, i)})
        while shares:
            caps = {i: cap for i in shares if (cap := self.caps[i]) is not None}
            lifted = {i for i, cap in caps.items() if self.money(i) + shares[i] * flow > cap * value * (1 + GRACE)}
            if not lifted:
                break
            shares = normalised({i: share for i, share in shares.items() if i not in lifted})
        return shares
