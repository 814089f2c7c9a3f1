"""Random cases for the reference ledger with band geometry, a choice of satellites and a loss review."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction as F

from tests.reference.ledger import Case
from tests.reference.rules import Choose, Cost, Review

LATEST_OPENING = 12
SESSIONS, NAMES = 40, "ABCD"


def random_case(rng: random.Random) -> Case:
    """A short market with late listings, delistings and gaps, under rules switched on at random."""
    columns = []
    for i in range(4):
        first = 0 if i == 0 else rng.choice([0, 0, 0, rng.randrange(1, 25)])
        last = (
            SESSIONS - 1 if i == 0 else rng.choice([SESSIONS - 1, SESSIONS - 1, rng.randrange(first + 3, SESSIONS + 5)])
        )
        price, column = rng.uniform(5, 200), []
        for t in range(SESSIONS):
            price *= 1 + rng.gauss(0, 0.05)
            printed = first <= t <= last and not (rng.random() < 0.08 and t > 0)
            column.append(F(round(price, rng.choice([2, 12]))) if printed else None)
        columns.append(column)
    rows = [list(row) for row in zip(*columns, strict=True)]
    start = rng.choice([0, 2])
    parts = [rng.randrange(1, 10) for _ in range(5)]
    parts[-1] = 0 if rng.random() < 0.6 else parts[-1]
    weights = {name: F(part, sum(parts)) for name, part in zip(NAMES, parts, strict=False)}
    core = {"A": weights["A"], "B": weights["B"]} if rng.random() < 0.7 else {"A": weights["A"]}
    capped = rng.random() < 0.6
    same = random_cost(rng)
    period = rng.choice([5, 10, 21])
    band = rng.random() < 0.5
    capital = F(rng.choice([100000, 100000, 100000, 800]))  # with 800, fees often eat the order
    own = random.Random(repr(rows[-1]))  # shares of the value; a tiny account has none, as in `random_rule_case`
    paid = own.random() < 0.4 and capital > 1000
    return Case(
        NAMES,
        rows,
        weights,
        core=core,
        capital=capital,
        opening=next(t for t in range(start, SESSIONS) if any(rows[t])),  # S1
        decisions=dict.fromkeys(range(7, SESSIONS, rng.choice([9, 13, 50])), "calendar"),
        delay=rng.choice([0, 1]),
        growth=[F(1.0001)] * SESSIONS if rng.random() < 0.5 else (),
        flows={t: capital / 1000 * rng.choice([5, -4, 15, -10]) for t in range(period, SESSIONS, period)}
        if rng.random() < 0.6
        else {},
        flow_shares={t: F(own.choice(["0.01", "-0.004", "-0.02"])) for t in range(9, SESSIONS, 15)} if paid else {},
        invest=rng.choice(["towards_targets", "pro_rata", "wait"]),
        caps={name: weights[name] * F(rng.choice(["1", "1.1", "1.3"])) for name in "CD"} if capped else {},
        watch_caps=rng.random() < 0.6,
        before_listing=rng.choice(["redistribute", "cash", "B", "C"]),
        after_delisting=rng.choice(["redistribute", "cash", "B"]),
        haircut=F(rng.choice(["0", "0.3"])),
        absolute=F("0.05") if band else None,
        relative=rng.choice([None, F("0.25")]) if band else None,
        look=frozenset(range(0, SESSIONS, rng.choice([1, 5, 20]))) if band else frozenset(),
        costs={name: same if rng.random() < 0.6 else random_cost(rng) for name in NAMES},
        whole=rng.random() < 0.3,
    )


def random_cost(rng: random.Random) -> Cost:
    kind = rng.random()
    if kind < 0.3:
        return Cost()
    if kind < 0.6:
        return Cost(rate=F(rng.choice(["0.001", "0.01"])), spread=F(rng.choice(["0", "0.0005"])))
    return Cost(
        fixed=F(rng.choice(["0", "1"])),
        rate=F("0.001"),
        per_share=F(rng.choice(["0", "0.005"])),
        minimum=F(rng.choice(["0", "2"])),
        maximum=rng.choice([None, F(20)]),
        maximum_rate=rng.choice([None, F("0.01")]),
        spread=F("0.0003"),
    )


def random_rule_case(rng: random.Random) -> Case:
    """Draw a base case and switch the new rules on at random."""
    return random_rules(rng, random_case(rng))


def random_rules(rng: random.Random, case: Case) -> Case:
    """Switch band geometry, choosing satellites and a loss review on at random over a base case."""
    satellites = [name for name in case.tickers if name in "CD" or (name == "B" and "B" not in case.core)]
    if rng.random() < 0.3:
        satellites = [name for name in satellites if name != "B"]
    if "B" in satellites:  # a capped or barred proxy is not what these cases are about
        case = replace(case, before_listing=_home(rng), after_delisting=_home(rng))
    case = _open_late(rng, case) if rng.random() < 0.5 else case
    if rng.random() < 0.6:
        case = _band(rng, case)
    if case.capital < 1000:  # in a tiny account a minimum fee can leave the equation of a flow two solutions (S11)
        case = replace(case, flows={}, flow_shares={}, flows_first=False)
    if rng.random() < 0.4:
        case = _choose(rng, case, satellites)
    elif rng.random() < 0.3:
        case = replace(case, min_history={name: rng.randrange(1, 20) for name in satellites})
    if rng.random() < 0.7:
        case = replace(case, review=_review(rng, case, satellites))
    return case


def random_order_case(rng: random.Random) -> Case:
    """Draw a case of any rules in an account whose costs, or whose least order, are as large as some of its orders."""
    case = random_rule_case(rng)
    capital = F(rng.choice([1000, 5000, 20000]))
    fee, proportional = F(rng.choice(["1", "4.9", "9.9"])), rng.random() < 0.3
    costs = {name: Cost(rate=F("0.002")) if proportional else order_cost(rng, fee) for name in case.tickers}
    least = rng.choice([F(0), F(0), capital / 511, capital / 101, capital / 31])  # no flow is exactly as large
    return replace(
        case,
        capital=capital,
        flows={row: money / case.capital * capital for row, money in case.flows.items()},
        costs=costs,
        min_order=least,
        dividends=dividends(rng, case) if rng.random() < 0.4 else {},
        invests_dividends=case.invest != "wait" and rng.random() < 0.5,
    )


def random_fee_case(rng: random.Random) -> Case:
    """Draw a case of any rules in an account that itself costs something, over sessions of up to eight years."""
    case = (random_order_case if rng.random() < 0.4 else random_rule_case)(rng)
    step, first = rng.choice([1, 7, 30, 70]), date(2009, rng.randrange(1, 13), rng.randrange(1, 29))
    return replace(
        case,
        yearly=F(rng.choice(["0.001", "0.01", "0.05"])),
        days=[first + timedelta(days=step * t + t // 5 * 2) for t in range(len(case.prices))],
    )


def random_limit_case(rng: random.Random) -> Case:
    """Draw a case of any rules whose orders have limits, some of them as large as a session's usual change."""
    case = rng.choice([random_order_case, random_rule_case, random_rule_case, random_fee_case])(rng)
    return replace(case, delay=0, margin=F(rng.choice(["0", "0.005", "0.03", "0.08"])))


def random_spent_case(rng: random.Random) -> Case:
    """Draw a case of any rules whose withdrawals soon take all there is, at which the run ends."""
    draws = [random_order_case, random_rule_case, random_fee_case, random_limit_case, random_savings_case]
    case = rng.choice(draws)(rng)
    while case.capital < 1000:  # as in `random_rules`
        case = rng.choice(draws)(rng)
    part, step = case.capital / rng.choice([2, 3, 5, 9]), rng.choice([2, 4, 9])
    rows = range(rng.randrange(1, 12), SESSIONS, step)
    whole = {rng.choice(rows): F(-1)} if rng.random() < 0.1 else {}
    kept = {row: money for row, money in case.flows.items() if money > 0}
    return replace(
        case,
        flows=kept | {row: -part * rng.choice([F("0.5"), F(1), F("1.3")]) for row in rows},
        flow_shares=whole or case.flow_shares,
        ends_when_spent=True,
    )


def random_never_sold_case(rng: random.Random) -> Case:
    """Draw a case of any rules in which some of what no other rule would sell is never sold."""
    case = rng.choice([random_order_case, random_rule_case, random_rule_case, random_fee_case, random_limit_case])(rng)
    case = replace(case, trade_to="target", trade_only="all", watch_caps=case.watch_caps and rng.random() < 0.5)
    chosen, reviewed = case.choose.names if case.choose else (), case.review.names if case.review else ()
    trimmed = case.caps if case.watch_caps else ()
    able = [name for name in case.targets if name not in {*chosen, *reviewed, *trimmed}]
    return replace(case, never_sold=frozenset(rng.sample(able, rng.randint(1, len(able)))))


def random_savings_case(rng: random.Random) -> Case:
    """Draw a case of any rules in which contributions are charged by a savings plan, and each asset has its spread."""
    case = rng.choice([random_order_case, random_rule_case, random_fee_case])(rng)
    if not case.flows and case.capital > 1000:
        case = replace(case, flows=dict.fromkeys(range(5, SESSIONS, 10), case.capital / 70))
    spreads = {name: F(rng.choice(["0", "0.0002", "0.001", "0.01"])) for name in case.tickers}
    plan = rng.choice([Cost(), Cost(rate=F("0.015")), Cost(fixed=F("1.5")), Cost(rate=F("0.0025"), minimum=F("1"))])
    own = {name: replace(case.costs.get(name, Cost()), spread=spread) for name, spread in spreads.items()}
    return replace(case, costs=own, plan_costs={name: replace(plan, spread=spread) for name, spread in spreads.items()})


def order_cost(rng: random.Random, fee: F) -> Cost:
    kind = rng.random()
    if kind < 0.4:
        return Cost(fixed=fee)
    if kind < 0.8:
        return Cost(rate=F("0.0025"), minimum=fee, maximum=rng.choice([None, F(60)]))
    return Cost(fixed=fee / 2, rate=F("0.001"), spread=F("0.0005"))


def dividends(rng: random.Random, case: Case) -> dict[int, dict[str, F]]:
    """About one in twenty closes pays up to 2 % of itself."""
    paid = {
        row: {
            name: F(round(float(price) * rng.uniform(0.001, 0.02), 6))
            for name, price in zip(case.tickers, case.prices[row], strict=True)
            if price is not None and rng.random() < 0.05
        }
        for row in range(case.opening + 1, len(case.prices))
    }
    return {row: of for row, of in paid.items() if of}


def _home(rng: random.Random) -> str:
    return rng.choice(["redistribute", "cash"])


def _open_late(rng: random.Random, case: Case) -> Case:
    """Open at a session that leaves a past to look at, while every asset is still alive, and decide more often."""
    last = [max(t for t, row in enumerate(case.prices) if row[i] is not None) for i in range(len(case.tickers))]
    opening = max(case.opening, min(LATEST_OPENING, *last))
    opening = next((t for t in range(opening, min(last) + 1) if any(case.prices[t])), case.opening)
    rows = range(opening + rng.randrange(1, 8), len(case.prices), rng.choice([4, 7, 13, 50]))
    return replace(case, opening=opening, decisions=dict.fromkeys(rows, "calendar"))


def _band(rng: random.Random, case: Case) -> Case:
    """Add a band with a geometry; flows come first only where there are flows that go towards the targets."""
    absolute = rng.choice([None, F("0.02"), F("0.03"), F("0.05")])
    relative = F(rng.choice(["0.1", "0.25"])) if absolute is None or rng.random() < 0.4 else None
    flows = case.flows
    if rng.random() < 0.4:
        flows = {t: case.capital / 1000 * rng.choice([40, -30, 80]) for t in range(2, len(case.prices), 3)}
    first = bool(flows) and case.invest == "towards_targets" and rng.random() < 0.6
    return replace(
        case,
        absolute=absolute,
        relative=relative,
        look=frozenset(range(0, len(case.prices), rng.choice([1, 1, 5]))),
        trade_to=(to := rng.choice(["target", "edge", "inside", "of_band"])),
        inside=F("0.5") if to == "of_band" else F("0.01"),
        trade_only=rng.choice(["all", "drifted"]),
        flows=flows,
        flows_first=first,
    )


def _choose(rng: random.Random, case: Case, satellites: Sequence[str]) -> Case:
    """Choose among the satellites instead of naming them; their caps, where there are any, allow the weight."""
    names = tuple(satellites)
    count = rng.randrange(1, len(names) + 1)
    weight = F(rng.choice(["0.05", "0.1", "0.2"]))
    rest = 1 - count * weight - (F("0.05") if rng.random() < 0.3 else 0)
    total = sum((case.targets[name] for name in case.core), F(0))
    core = {name: case.targets[name] / total * rest for name in case.core}
    lookback = rng.randrange(3, 11)
    pair = tuple(rng.sample(names, 2))
    choosing = replace(
        case,
        targets=core,
        core=core,
        caps={name: weight * F(rng.choice(["1", "1.1", "1.3"])) for name in names} if case.caps else {},
        before_listing=_home(rng),
        after_delisting=_home(rng),
        choose=Choose(
            names,
            count,
            weight,
            lookback,
            by=rng.choice(["momentum", "low_volatility"]),
            skip=rng.choice([0, 1]),
            min_history=rng.choice([0, 5, 12]),
            limits=((pair, weight),) if rng.random() < 0.3 else (),
            members=_members(random.Random(f"{names} {count} {pair} {case.opening}"), names, len(case.prices)),
        ),
    )
    own = random.Random(f"named {names} {count} {pair} {case.opening}")
    return _hold_all(own, choosing) if own.random() < 0.25 else choosing


def _hold_all(rng: random.Random, case: Case) -> Case:
    """Hold every name while it belongs to the universe, all of them together at what the chosen ones weighed."""
    choose = case.choose
    assert choose is not None
    count = len(choose.names)
    named = Choose(choose.names, count, choose.weight * choose.count / count, 0, by="named")
    rows = len(case.prices)
    return replace(
        case, choose=replace(named, members=_members(rng, choose.names, rows) or _members(rng, choose.names, rows))
    )


def _members(rng: random.Random, names: Sequence[str], rows: int) -> dict[str, list[tuple[int, int]]]:
    """Let some names join, leave and come back, in two cases of five; ``rng`` is their own."""
    found: dict[str, list[tuple[int, int]]] = {}
    if rng.random() >= 0.4:
        return found
    for name in names:
        first, leaves, again, last = sorted(rng.sample(range(rows), 4))
        if kind := rng.randrange(4):
            found[name] = [[], [(0, leaves)], [(first, rows)], [(first, leaves), (again, last)]][kind]
    return found


def _review(rng: random.Random, case: Case, satellites: Sequence[str]) -> Review:
    """Review the satellites at small triggers, so that there is much to review."""
    days = range(len(case.prices))
    return Review(
        tuple(satellites),
        F(rng.choice(["0.05", "0.1", "0.15", "0.2"])),
        reference=rng.choice(["cost", "rebalance", "peak"]),
        thesis=rng.choice(["always", "never", "never", "trend", "trend", "list"]),
        sessions=rng.randrange(3, 12),
        verdicts={
            name: [(t, rng.random() < 0.5) for t in sorted(rng.sample(days, rng.randrange(1, 6)))]
            for name in satellites
            if rng.random() < 0.8
        },
        intact=rng.choice(["top_up", "keep"]),
        broken=rng.choice(["exit", "exit", "keep"]),
        unknown=rng.choice(["keep", "top_up", "exit"]),
        proceeds=rng.choice(["core", "cash"]),
        reenter=rng.choice(["next_rebalance", "never"]),
    )
