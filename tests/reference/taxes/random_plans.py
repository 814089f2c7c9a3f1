"""Random plans of several calendar years under a law of taxes."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction as F

from tests.reference.cases import dividends, random_rule_case
from tests.reference.dated_rules import Annual
from tests.reference.ledger import Case
from tests.reference.rules import Cost
from tests.reference.taxes.attributes import EXEMPT, Asset, Fund, Germany, Stock, TaxedCase, UnitedStates

RULED = 0.3  # of the plans
SCHEDULED = [1, 1, 1, 4, 12]  # months
STOCKS = [("0.15", "0.15"), ("0.30", "0.15"), ("0.35", "0.15"), ("0", "0"), ("0.2", "0")]


def random_days(rng: random.Random) -> list[date]:
    """Sessions on weekdays, in every month, over three to six calendar years; no scheduled month is unfinished."""
    day, days = date(rng.randrange(2018, 2021), rng.choice([2, 3, 6, 9, 11]), rng.randrange(1, 20)), []
    last = date(day.year + rng.randrange(2, 6), rng.choice([2, 3, 6, 9, 11]), rng.randrange(1, 29))
    step = rng.choice([6, 14, 25])
    while day < last:
        day += timedelta(days=max(day.weekday() - 4, 0) and 7 - day.weekday())
        days.append(day)
        day += timedelta(days=rng.randrange(1, step))
    while days[-1].month in SCHEDULED:
        days.pop()
    return days


def random_market(
    rng: random.Random, days: list[date], names: str
) -> tuple[list[list[F | None]], dict[int, dict[str, F]]]:
    """Prices with deep falls, in a third of the plans a delisting, and dividends after the first month."""
    columns, last = [], {}
    for i, name in enumerate(names):
        price, column = rng.uniform(5, 200), []
        drift, width = rng.gauss(0.002, 0.004), rng.choice([0.01, 0.03, 0.06])
        last[name] = rng.randrange(len(days) // 3, len(days)) if i > 1 and rng.random() < 0.2 else len(days)
        for t in range(len(days)):
            price *= max(1 + rng.gauss(drift, width), 0.3)
            column.append(F(round(price, 8)) if t <= last[name] else None)
        columns.append(column)
    paid: dict[int, dict[str, F]] = {}
    for i, name in enumerate(names):
        pays, size = rng.choice([0, 0.02, 0.08]), rng.uniform(0.002, 0.02)
        for t in range(1, len(days)):
            price = columns[i][t]
            if price is not None and rng.random() < pays:
                paid.setdefault(t, {})[name] = F(round(float(price) * size, 8))
    return [list(row) for row in zip(*columns, strict=True)], paid


def random_case(rng: random.Random) -> Case:
    """Draw a plan of two to five assets that is rebalanced by the calendar, by bands or never."""
    names, days = "ABCDE"[: rng.randrange(2, 6)], random_days(rng)
    prices, paid = random_market(rng, days, names)
    parts = [rng.randrange(1, 10) for _ in names] + [rng.choice([0, 0, rng.randrange(1, 4)])]
    weights = {name: F(part, sum(parts)) for name, part in zip(names, parts, strict=False)}
    banded = rng.random() < 0.4
    capital = F(rng.choice([20000, 100000, 1000000]))
    case = Case(
        names,
        prices,
        weights,
        core={name: weights[name] for name in names[:2]},
        capital=capital,
        annual=Annual(rng.choice(SCHEDULED), rng.choice(["first", "first", "last", "last"]))
        if rng.random() < 0.8
        else None,
        growth=[F(1.0002)] * len(days) if rng.random() < 0.5 else (),
        after_delisting=rng.choice(["redistribute", "cash"]),
        haircut=F(rng.choice(["0", "0.5", "1"])),
        absolute=F("0.05") if banded else None,
        relative=rng.choice([None, F("0.25")]) if banded else None,
        look=frozenset(range(0, len(days), rng.choice([1, 5]))) if banded else frozenset(),
        costs=dict.fromkeys(names, Cost(rate=F(rng.choice(["0", "0.001", "0.01"])))),
        days=days,
        dividends=paid,
    )
    if rng.random() < 0.4:
        every, size = rng.choice([7, 20]), capital / rng.choice([50, 200])
        flows = {t: size * rng.choice([1, 1, -1]) for t in range(every, len(days), every)}
        case = replace(case, flows=flows, invest=rng.choice(["wait", "towards_targets", "pro_rata"]))
    return case


def random_ruled_case(rng: random.Random) -> Case:
    """Draw a short plan of any rules of the reference ledger, with gaps in its prices, over one to four years."""
    case = random_rule_case(rng)
    while case.capital < 1000:
        case = random_rule_case(rng)
    day, days = date(2019, rng.randrange(1, 13), rng.randrange(1, 28)), []
    for _ in case.prices:
        days.append(day)
        day += timedelta(days=rng.randrange(8, 40))
    rate = F(rng.choice(["0", "0.001", "0.01"]))
    return replace(
        case,
        days=days,
        costs=dict.fromkeys(case.tickers, Cost(rate=rate)),
        whole=False,
        delay=0,
        dividends=dividends(rng, case),
    )


def in_whole_shares(rng: random.Random, taxed: TaxedCase) -> TaxedCase:
    """Let one plan in eight trade whole shares, in which dividends cannot be invested."""
    if rng.random() < 1 / 8:
        return TaxedCase(replace(taxed.case, whole=True), replace(taxed.law, invests=False))
    return taxed


def random_german_plan(rng: random.Random) -> TaxedCase:
    """Draw a plan of funds of all types and stocks, taxed by a German bank or by assessment."""
    case = random_ruled_case(rng) if rng.random() < RULED else random_case(rng)
    assets: dict[str, Asset] = {}
    for name in case.tickers:
        withheld, creditable = rng.choice(STOCKS)
        fund = Fund(rng.choice(list(EXEMPT)))
        assets[name] = fund if rng.random() < 0.6 else Stock(F(withheld), F(creditable))
    carried = rng.random() < 0.3
    law = Germany(
        assets,
        church=F(rng.choice(["0", "0", "0.08", "0.09"])),
        allowance=rng.choice(["single", "single", "couple", F(0), F(600)]),
        of_the_year=rng.random() < 0.4,
        one_pot=rng.random() < 0.3,
        opening_stocks=F(rng.choice([0, 500, 5000])) if carried else F(0),
        opening_other=F(rng.choice([0, 300, 8000])) if carried else F(0),
        assessed=rng.random() < 0.3,
        outside=rng.random() < 0.3,
        invests=rng.random() < 0.5,
    )
    return in_whole_shares(rng, TaxedCase(case, law))


def random_american_plan(rng: random.Random) -> TaxedCase:
    """Draw a plan of funds and stocks in an American taxable account."""
    case = random_ruled_case(rng) if rng.random() < RULED else random_case(rng)
    lots = rng.choice(["fifo", "fifo", "hifo", "min_tax", "average"])
    fund_only = lots == "average"
    assets: dict[str, Asset] = {
        name: Fund("other", F(rng.choice(["1", "0.95", "0"]))) if fund_only or rng.random() < 0.6 else Stock()
        for name in case.tickers
    }
    law = UnitedStates(
        assets,
        ordinary=F(rng.choice(["0.24", "0.37", "0.1"])),
        long_term=F(rng.choice(["0", "0.15", "0.2"])),
        net_investment=F(rng.choice(["0", "0.038"])),
        state=F(rng.choice(["0", "0.05"])),
        lots=lots,
        wash_sales=rng.random() < 0.7,
        against_income=F(rng.choice([3000, 3000, 1500])),
        invests=rng.random() < 0.5,
    )
    return in_whole_shares(rng, TaxedCase(case, law))
