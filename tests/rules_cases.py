"""Random cases for the reference ledger with band geometry, a choice of satellites and a loss review."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction as F

from oracle import Case
from oracle_rules import Choose, Review

LATEST_OPENING = 12


def random_rule_case(rng: random.Random) -> Case:
    """Draw a base case and switch the new rules on at random."""
    from test_reference_ledger import random_case

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
        case = replace(case, flows={}, flows_first=False)
    if rng.random() < 0.4:
        case = _choose(rng, case, satellites)
    elif rng.random() < 0.3:
        case = replace(case, min_history={name: rng.randrange(1, 20) for name in satellites})
    if rng.random() < 0.7:
        case = replace(case, review=_review(rng, case, satellites))
    return case


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
    return replace(
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
        ),
    )


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
