"""A state that was cut, turned or changed by hand is refused in one line, or read; it never ends in a traceback."""

from __future__ import annotations

import dataclasses
import json
import random
from pathlib import Path

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.depot.orders.state_file import read_state, state_json
from engine.simulation.account_state import AccountState, DueResponse, LastCloses, in_units_of, restore
from engine.simulation.run_setup import AS_WRITTEN, RunSetup
from engine.simulation.spine import Spine
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, market_of, percent

HASH = "a" * 64
CLOSES = np.round(100.0 * np.cumprod(1.0 + np.random.default_rng(8).normal(0.0, 0.01, (60, 3)), axis=0), 4)
MARKET = market_of(CLOSES)
STRANGE = (None, -1, 99, 1e308, "x", "", [], {}, True, "0000-00-00", "9999-12-31", [1], "2024", float("nan"))


def state() -> AccountState:
    two, three = np.array([1e4, 1e4]), np.array([10.0, 20.0, 30.0])
    return AccountState(
        date=MARKET.dates[40],
        opened=MARKET.dates[0],
        assets=MARKET.assets,
        units=three,
        cash=5.0,
        target=np.full(3, 0.3),
        drift_base=np.full(3, 0.3),
        waits=np.array([-1, 2, -1]),
        scaled_down=np.array([False, True, False]),
        reference_price=three,
        watching=np.full(3, True),
        barred=np.array([-1, -1, 3]),
        values=two,
        cash_before=two,
        units_before=np.stack([three, three]),
        response=DueResponse(0, "", (1,), ((0, -0.2),)),
        seen=LastCloses(MARKET.dates[39], MARKET.prices[39]),
    )


def spine() -> Spine:
    weights = {"A": "50%", "B": "30%", "C": "15%"}
    policy = FixedMix.model_validate({"kind": "fixed_mix", "weights": weights, "rebalance": {"kind": "annual"}})
    return Spine.open(RunSetup.build(MARKET, policy, account(), percent(0.001, 3), 0, AS_WRITTEN))


def damaged(seed: int) -> bytes:
    rng = random.Random(seed)
    plain = json.loads(json.dumps(state_json(state(), HASH)))
    if rng.random() < 0.7:
        key = rng.choice([*plain])
        inner = plain[key]
        if isinstance(inner, dict):
            plain[key] = {**inner, rng.choice([*inner]): rng.choice(STRANGE)}
        elif isinstance(inner, list) and rng.random() < 0.7:
            inner[rng.randrange(len(inner))] = rng.choice(STRANGE)
        else:
            plain[key] = rng.choice(STRANGE)
        return json.dumps(plain).encode()
    raw = bytearray(json.dumps(plain).encode())
    for _ in range(rng.randint(1, 4)):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    return bytes(raw[: rng.choice([len(raw), rng.randrange(len(raw))])])


def test_damaged_states_are_refused_in_a_line_or_gone_on_with(tmp_path: Path) -> None:
    path, read = tmp_path / "state.json", 0
    for seed in range(200):
        path.write_bytes(damaged(seed))
        try:
            saved = read_state(path, HASH)
            restore(spine(), in_units_of(saved, MARKET))
            read += 1
        except DataError as error:
            assert "\n" not in str(error)
    assert 4 < read < 150


@pytest.mark.parametrize("growth", [1.0, 0.5, 4.0])
def test_a_state_of_other_units_is_the_same_account(growth: float) -> None:
    """Prices of a unit times ``growth``: so many fewer units, a reference as much higher; the same bits where none."""
    other = dataclasses.replace(MARKET, prices=MARKET.prices * growth)
    saved, moved = state(), in_units_of(state(), other)
    assert moved.reference_price.tolist() == (saved.reference_price * growth).tolist()
    assert moved.units_before.tolist() == (saved.units_before / growth).tolist()
    assert (moved.cash, moved.target.tolist()) == (saved.cash, saved.target.tolist())


def test_a_state_that_nobody_answers_yet_waits_its_sessions() -> None:
    saved = dataclasses.replace(state(), response=DueResponse(1, "", (1,), ()))
    opened = spine()
    restore(opened, saved)
    assert opened.schedule.response_row == 41
    assert [*opened.schedule.trims] == [41]
    assert opened.state.pending.since.tolist() == [-1, 38, -1]
    assert opened.state.reviews.barred_since.tolist() == [-1, -1, 37]
