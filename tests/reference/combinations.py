"""Random plans of all rules together: what one helper of the engine has built meets what another has."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction as F

from tests.reference.cases import dividends, order_cost, random_cost, random_rule_case
from tests.reference.dated_rules import Annual
from tests.reference.flow_plans import FlowPlan
from tests.reference.ledger import Case
from tests.reference.rules import Cost, Gate, cut_to_caps


def random_combination(rng: random.Random) -> Case:
    """Draw a case of the rule book, and every other rule over it, each in about two cases of five."""
    case = random_rule_case(rng)
    case = replace(
        case,
        capital=(capital := F(rng.choice([2000, 20000, 100000]))),
        flows={row: money / case.capital * capital for row, money in case.flows.items()},
        days=_days(rng, case),
        growth=_growth(rng, case),
        whole=rng.random() < 0.4,
        invest=case.invest if case.flows_first else rng.choice(["towards_targets", "pro_rata", "wait"]),
    )
    case = _annual(rng, case) if rng.random() < 0.35 else case
    case = replace(case, growth=[], rates=_rates(rng, case)) if case.growth and rng.random() < 0.5 else case
    case = name_satellites(rng, case) if case.choose and rng.random() < 0.3 else case
    case = _over_cap(rng, case) if rng.random() < 0.3 else case
    case = _gate(rng, case) if case.choose and rng.random() < 0.5 else case
    case = replace(case, plans=_plans(rng, case)) if rng.random() < 0.5 else case
    case = _costs(rng, case)
    case = replace(case, yearly=F(rng.choice(["0.001", "0.01", "0.05"]))) if rng.random() < 0.4 else case
    case = replace(case, delay=0, margin=F(rng.choice(["0.005", "0.03", "0.08"]))) if rng.random() < 0.35 else case
    case = _ends(rng, _events(rng, case))
    own = random.Random(f"foreign {case.capital} {case.opening} {case.prices[-1]}")
    case = _foreign(own, case) if own.random() < 0.3 else case
    own = random.Random(f"sleeves {case.capital} {case.opening} {case.prices[-1]}")
    return replace(case, sleeves=sleeves(own, case)) if own.random() < 0.35 else case


def sleeves(rng: random.Random, case: Case) -> dict[int, list[list[str]]]:
    """Let names without a cap or a review trade among themselves: all of the core, and some of them in between."""
    watched = {*case.caps, *(case.review.names if case.review else ()), *(case.choose.names if case.choose else ())}
    free = [name for name in case.tickers if name in case.core or name not in watched]
    if len(free) < 2:
        return {}
    groups = [sorted(rng.sample(free, rng.randrange(2, len(free) + 1)))]
    inner = sorted(rng.sample(groups[0], 2))
    groups += [inner] if len(groups[0]) > 2 else []
    found: dict[int, list[list[str]]] = {}
    for names in groups:
        for row in range(rng.randrange(1, 9), len(case.prices), rng.choice([2, 5, 9])):
            found.setdefault(row, []).append(names)
    return found


def _foreign(rng: random.Random, case: Case) -> Case:
    """Quote some assets in another currency, whose rate moves about as much as limits are wide."""
    rate, rates = 1.0, list[F]()
    for _ in case.prices:
        rate = round(rate * (1 + rng.gauss(0, 0.02)), 6)
        rates.append(F(rate))
    names = rng.sample(list(case.tickers), rng.randint(1, len(case.tickers)))
    return replace(case, foreign=dict.fromkeys(names, rates), fx=F(rng.choice(["0", "0.0003", "0.002"])))


def _days(rng: random.Random, case: Case) -> list[date]:
    """Return sessions of two months to eight years."""
    step, first = rng.choice([1, 1, 7, 30, 70]), date(2009, rng.randrange(1, 13), rng.randrange(1, 29))
    return [first + timedelta(days=step * t + t // 5 * 2) for t in range(len(case.prices))]


def _annual(rng: random.Random, case: Case) -> Case:
    """Rebalance once in one to ten years, over sessions of three to twenty years, in place of most other dates."""
    months, count = rng.choice([1, 2, 3, 6]), rng.choice([1, 1, 2, 3])
    first, days = rng.randrange(12), list[date]()
    for k in range(len(case.prices) // count + 1):
        month = first + k * months
        days += [date(2005 + month // 12, month % 12 + 1, day) for day in sorted(rng.sample(range(1, 29), count))]
    days = days[: len(case.prices)]
    due = rng.choice([day.month for day in days])
    whole = due not in {days[0].month, days[-1].month}  # else which session of that month it is may not be known
    session = rng.choice(["first", "last", rng.randint(1, count)]) if whole else "first"
    annual = Annual(due, session, rng.choice([1, 2, 2, 3, 4, 5, 10]))
    return replace(case, days=days, annual=annual, decisions={} if rng.random() < 0.7 else case.decisions)


def _rates(rng: random.Random, case: Case) -> list[tuple[date, F]]:
    """Publish rates of cash, some below zero, from the opening or before it on, as often as it happens."""
    day, found = case.days[case.opening] - timedelta(days=rng.choice([0, 0, 3, 50])), list[tuple[date, F]]()
    most = rng.choice([3, 40, 400])
    while day <= case.days[-1]:
        found.append((day, F(rng.randrange(-16, 80), 8 * 100)))
        day += timedelta(days=rng.randint(1, most))
    return [*found, (day, F(rng.randrange(-16, 80), 8 * 100))]


def _growth(rng: random.Random, case: Case) -> list[F]:
    """Let cash earn nothing, one rate, or a dated one, in numbers that are exact in binary."""
    kind = rng.random()
    if kind < 0.4:
        return []
    rates = [rng.randrange(1, 2000) / 2**23 for _ in case.prices]
    return [F(1) + F(rates[0] if kind < 0.6 else rate) for rate in rates]


def name_satellites(rng: random.Random, case: Case) -> Case:
    """Name all candidates of a choice, each listed for a while before it is bought."""
    choose = case.choose
    assert choose is not None
    share = (1 - len(choose.names) * choose.weight) / (1 - choose.count * choose.weight)
    core = {name: weight * share for name, weight in case.core.items()}
    return replace(
        case,
        targets=core,
        core=core,
        min_history={name: rng.choice([0, 0, rng.randrange(1, 20)]) for name in choose.names},
        choose=replace(choose, by="named", count=len(choose.names), limits=(), min_history=0),
    )


def _over_cap(rng: random.Random, case: Case) -> Case:
    """Want satellites above their caps, each by name, and let the core take what is cut."""
    choose = case.choose
    names = choose.names if choose else [name for name in case.targets if name not in case.core]
    wanted = {name: choose.weight if choose else case.targets[name] for name in names}
    caps = {name: weight * F(rng.choice(["0.4", "0.8", "1", "1.2"])) for name, weight in wanted.items()}
    if choose:
        return replace(case, caps=caps, choose=replace(choose, cut_to=caps))
    cut = cut_to_caps(case.targets, case.core, caps)
    return replace(case, caps=caps, targets=cut, core={name: cut[name] for name in case.core})


def _gate(rng: random.Random, case: Case) -> Case:
    """Ask the candidates for a figure that they file, do not have, or have below zero."""
    rows, choose = range(len(case.prices)), case.choose
    assert choose is not None
    filings = {
        name: [(row, rng.choice([F(1), F(2), F(-1), None])) for row in sorted(rng.sample(rows, rng.randrange(6)))]
        for name in choose.names
    }
    filings[choose.names[0]] = filings[choose.names[0]] or [(0, F(1))]  # a table has a line
    filed = {name: lines for name, lines in filings.items() if lines}
    gate = Gate(filed, rng.choice(["out", "in"]), rng.choice(["sell", "keep"]))
    return replace(case, choose=replace(choose, gate=gate))


def _plans(rng: random.Random, case: Case) -> list[FlowPlan]:
    """Draw up to three plans of money: from one date to another, once, indexed, or of a percentage."""
    return [_plan(rng, case) for _ in range(rng.randrange(1, 4))]


def _plan(rng: random.Random, case: Case) -> FlowPlan:
    day, other = sorted(rng.sample(list(case.days), 2))
    amount = case.capital / 1000 * rng.choice([7, 31, 90, -6, -13])
    every = rng.choice(["week", "month", "month", "quarter", "half_year", "year"])
    kind = rng.random()
    if kind < 0.2:
        return FlowPlan(amount=3 * amount, on=day + timedelta(days=rng.randrange(3)))
    first, last = rng.choice([None, day]), rng.choice([None, other])
    if kind < 0.45:
        return FlowPlan(percent=F(rng.choice(["0.01", "-0.004", "-0.015"])), every=every, first=first, last=last)
    plan = FlowPlan(amount=amount, every=every, first=first, last=last)
    if kind < 0.6:
        return replace(plan, rate=F(rng.choice(["0.02", "-0.01", "0.1"])))
    if kind < 0.75:
        span = (case.days[-1] - case.days[0]).days
        steps = range(-40, span + 1, max(min(span // 12, 240), 20))
        values = [(case.days[0] + timedelta(days=step), F(rng.randrange(8000, 12000), 64)) for step in steps]
        return replace(plan, index=values)
    return plan


def _costs(rng: random.Random, case: Case) -> Case:
    """Charge orders as a broker does, spreads by name, and contributions by a savings plan."""
    kind, fee = rng.random(), case.capital / 1000 * F(rng.choice(["0.05", "0.3", "0.7"]))
    costs = {name: Cost() if kind < 0.15 else order_cost(rng, fee) for name in case.tickers}
    if 0.15 <= kind < 0.45:
        one = random_cost(rng)
        costs = {name: one if rng.random() < 0.6 else random_cost(rng) for name in case.tickers}
    if rng.random() < 0.4:
        spreads = {name: F(rng.choice(["0", "0.0002", "0.001", "0.01"])) for name in case.tickers}
        costs = {name: replace(costs[name], spread=spread) for name, spread in spreads.items()}
    least = rng.choice([F(0), F(0), F(0), case.capital / 511, case.capital / 101])  # no flow is exactly as large
    if rng.random() < 0.35:
        plan = rng.choice([Cost(), Cost(rate=F("0.015")), Cost(fixed=fee / 3), Cost(rate=F("0.0025"), minimum=fee / 2)])
        case = replace(case, plan_costs={name: replace(plan, spread=costs[name].spread) for name in case.tickers})
    return replace(case, costs=costs, min_order=least)


def _ends(rng: random.Random, case: Case) -> Case:
    """Never sell some of what no other rule would sell, or live on the account until its money is spent."""
    kind = rng.random()
    whole = case.trade_to == "target" and case.trade_only == "all"
    sold = {*(case.choose.names if case.choose else ()), *(case.review.names if case.review else ()), *case.caps}
    able = [name for name in case.targets if name not in sold]
    if kind < 0.3 and whole and able:
        return replace(case, never_sold=frozenset(rng.sample(able, rng.randint(1, len(able)))))
    if 0.3 <= kind < 0.45:
        living = FlowPlan(amount=-case.capital / rng.choice([8, 20, 50]), every=rng.choice(["week", "month", "year"]))
        return replace(case, ends_when_spent=True, plans=[*case.plans, living])
    return case


def _events(rng: random.Random, case: Case) -> Case:
    """Let assets pay dividends and split."""
    if rng.random() < 0.4:
        invests = case.invest != "wait" and rng.random() < 0.6
        case = replace(case, dividends=dividends(rng, case), invests_dividends=invests)
    if rng.random() < 0.4:
        case = replace(case, splits=_splits(rng, case))
    return case


def _splits(rng: random.Random, case: Case) -> dict[int, dict[str, F]]:
    """Split about two assets, or join their shares, on days on which they have a close."""
    found: dict[int, dict[str, F]] = {}
    for _ in range(rng.randrange(1, 4)):
        i, row = rng.randrange(len(case.tickers)), rng.randrange(case.opening + 1, len(case.prices))
        if case.prices[row][i] is not None:
            found.setdefault(row, {})[case.tickers[i]] = rng.choice([F(2), F(3), F(3, 2), F(1, 4), F(1, 10)])
    return found
