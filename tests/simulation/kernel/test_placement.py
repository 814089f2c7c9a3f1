"""Weights are placed as a plain reading of the rules places them, and nothing is lost but what stays in cash."""

from __future__ import annotations

from fractions import Fraction
from math import fsum

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.portfolio.weight_placement import CASH_RECEIVES, CORE_RECEIVES, PlacementRules
from engine.simulation.placement import PLACEMENT

WEIGHTS = st.one_of(
    st.sampled_from([0.0, 0.025, 0.1, 1 / 3, 0.925, 1.0, 5e-324, 1e-17, 2.0**-53]),
    st.floats(0.0, 1.0),
)


@st.composite
def markets(draw: st.DrawFn) -> tuple[list[float], list[float], list[float], list[bool], list[bool], list[int]]:
    """Weights, core, caps, absent, buyable and recipients of up to 9 assets."""
    n = draw(st.integers(1, 9))
    weights = draw(st.lists(WEIGHTS, min_size=n, max_size=n))
    core = [weight if draw(st.booleans()) else 0.0 for weight in weights]
    caps = draw(st.lists(st.one_of(st.just(np.inf), WEIGHTS), min_size=n, max_size=n))
    absent, buyable = (draw(st.lists(st.booleans(), min_size=n, max_size=n)) for _ in range(2))
    places = st.one_of(st.sampled_from([CORE_RECEIVES, CASH_RECEIVES]), st.integers(0, n - 1))
    return weights, core, caps, absent, buyable, draw(st.lists(places, min_size=n, max_size=n))


def shares_of(core: list[float], buyable: list[bool], recipient: int) -> list[float]:
    """Who takes money that goes to ``recipient``: a proxy that can be bought, else the core, pro rata, else nobody."""
    if recipient == CASH_RECEIVES:
        return [0.0] * len(core)
    if recipient >= 0 and buyable[recipient]:
        return [float(at == recipient) for at in range(len(core))]
    able = [weight if can else 0.0 for weight, can in zip(core, buyable, strict=True)]
    total = fsum(able)
    return [weight / total if total else 0.0 for weight in able]


def placed(weights, core, caps, absent, buyable, recipients) -> list[float]:
    """Place weights one recipient after the other, in the order in which each is first named; then cut to the caps."""
    n = range(len(weights))
    result = [0.0 if absent[at] else weights[at] for at in n]
    named = [recipients[at] for at in n if absent[at] and weights[at] != 0.0]
    for recipient in dict.fromkeys(named):
        freed = fsum(weights[at] for at in n if absent[at] and recipients[at] == recipient)
        taken = shares_of(core, buyable, recipient)
        result = [held + freed * share for held, share in zip(result, taken, strict=True)]
    cut = [max(held - cap, 0.0) for held, cap in zip(result, caps, strict=True)]
    if not any(cut):
        return result
    taken = shares_of(core, buyable, CORE_RECEIVES)
    return [held - off + fsum(cut) * share for held, off, share in zip(result, cut, taken, strict=True)]


def rules_of(absent: list[bool], buyable: list[bool], recipients: list[int]) -> PlacementRules:
    return PlacementRules(np.array(absent), np.array(buyable), np.array(recipients, dtype=np.int64))


@settings(max_examples=400)
@given(markets())
@example(([0.925, 0.025, 0.025, 0.025], [0.925, 0.0, 0.0, 0.0], [np.inf] * 4, [True] * 4, [False] * 4, [3, -1, 0, -2]))
def test_weights_are_placed_as_the_rules_read(market) -> None:
    weights, core, caps, _, buyable, _ = market
    own = PLACEMENT.place(np.array([weights]), np.array([core]), np.array([caps]), rules_of(*market[3:]))
    assert own.tolist() == [placed(*market)]
    for recipient in (CORE_RECEIVES, CASH_RECEIVES, *range(len(core))):
        found = PLACEMENT.recipient_shares(np.array([core]), np.array(buyable), recipient)
        assert found.tolist() == [shares_of(core, buyable, recipient)]


@settings(max_examples=200)
@given(st.lists(markets(), min_size=2, max_size=4))
def test_the_rows_of_many_policies_are_placed_as_each_alone(found) -> None:
    n = min(len(market[0]) for market in found)
    weights, core, caps = (np.array([market[at][:n] for market in found]) for at in range(3))
    recipients = [one if one < n else CORE_RECEIVES for one in found[0][5][:n]]
    rules = rules_of(found[0][3][:n], found[0][4][:n], recipients)
    alone = [PLACEMENT.place(*(part[u : u + 1] for part in (weights, core, caps)), rules)[0] for u in range(len(found))]
    assert PLACEMENT.place(weights, core, caps, rules).tobytes() == np.array(alone).tobytes()


@settings(max_examples=200)
@given(markets())
def test_what_is_placed_adds_up_to_what_was_wanted_less_cash(market) -> None:
    weights, core, caps, absent, buyable, recipients = market
    own = PLACEMENT.place(np.array([weights]), np.array([core]), np.array([caps]), rules_of(*market[3:]))[0]
    if not any(weight for weight, can in zip(core, buyable, strict=True) if can):
        return  # nobody takes what is left
    cash = sum(
        Fraction(weight)
        for weight, gone, place in zip(weights, absent, recipients, strict=True)
        if gone and place == CASH_RECEIVES
    )
    wanted = sum(map(Fraction, weights)) - cash
    assert abs(sum(map(Fraction, own.tolist())) - wanted) <= Fraction(1, 10**14) * (1 + wanted)


@settings(max_examples=400)
@given(st.lists(st.one_of(WEIGHTS, st.floats(-1e16, 1e16)), min_size=1, max_size=12))
@example([1.0, 2.0**-53, 2.0**-106])
@example([1e16, 1.0, -1e16, 2.0**-53])
def test_sums_are_rounded_once(terms: list[float]) -> None:
    """One absent asset after the other goes to the first, which has nothing of its own."""
    n = len(terms) + 1
    rules = rules_of([False] + [True] * len(terms), [True] + [False] * len(terms), [0] * n)
    weights, core = np.array([[0.0, *terms]]), np.zeros((1, n))
    assert PLACEMENT.place(weights, core, np.full((1, n), np.inf), rules)[0, 0] == float(sum(map(Fraction, terms)))
