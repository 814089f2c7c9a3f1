"""What is remembered of an account between two orders, as JSON: what was decided; what is held comes from the depot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, Literal

import numpy as np

from engine.core.errors import DataError
from engine.core.fields import ConfigModel
from engine.core.json_files import Json
from engine.core.regular_files import read_regular
from engine.depot.cells import MAX_NUMBER
from engine.depot.orders.tax_state_file import Taxes, is_iso_day, read_taxes, taxes_json
from engine.simulation.account_state import CLOSES_KEPT, AccountState, DueResponse, LastCloses

_MAX_BYTES: Final = 64_000_000
"""Taxes are kept booking by booking: decades of monthly savings in hundreds of assets are some 20 million bytes."""
_VERSION: Final = 1
_LEAST_PRICE: Final = 1e-15
_LEAST_WEIGHT: Final = -1e-6
"""Weights are as solvers leave them."""


class _Response(ConfigModel):
    sessions: int
    drift: str
    trims: tuple[int, ...]
    breaches: tuple[tuple[int, float], ...]


class _Seen(ConfigModel):
    date: str
    prices: tuple[float, ...]


class _State(ConfigModel):
    version: Literal[1]
    config: str
    date: str
    opened: str
    assets: tuple[str, ...]
    units: tuple[float, ...]
    cash: float
    target: tuple[float, ...]
    drift_base: tuple[float, ...]
    waits: tuple[int, ...]
    scaled_down: tuple[bool, ...]
    reference_price: tuple[float, ...]
    watching: tuple[bool, ...]
    barred: tuple[int, ...]
    values: tuple[float, ...]
    cash_before: tuple[float, ...]
    units_before: tuple[tuple[float, ...], ...]
    response: _Response | None = None
    seen: _Seen | None = None
    tax: Taxes | None = None


def state_json(state: AccountState, config_sha256: str) -> dict[str, Json]:
    """Return a state as JSON-ready data, with the hash of the config that it is of."""
    arrays = ("units", "target", "drift_base", "waits", "scaled_down", "reference_price", "watching", "barred")
    plain: dict[str, Json] = {
        "version": _VERSION,
        "config": config_sha256,
        "date": str(state.date),
        "opened": str(state.opened),
        "assets": list(state.assets),
        "cash": state.cash,
        **{name: getattr(state, name).tolist() for name in (*arrays, "values", "cash_before", "units_before")},
    }
    if state.response is not None:
        one = state.response
        breaches: list[Json] = [list(breach) for breach in one.breaches]
        trims: list[Json] = list(one.trims)
        plain["response"] = {"sessions": one.sessions, "drift": one.drift, "trims": trims, "breaches": breaches}
    if state.seen is not None:
        plain["seen"] = {"date": str(state.seen.date), "prices": state.seen.prices.tolist()}
    if state.tax is not None:
        plain["tax"] = taxes_json(state.tax)
    return plain


def read_state(path: Path, config_sha256: str) -> AccountState:
    """Return the state in a file.

    Raises DataError when it is none, or of another config.
    """
    try:
        state = _State.model_validate(json.loads(read_regular(path, _MAX_BYTES)))
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        message = f"{path}: found no state of an account ({reason}), expected state.json of `engine orders`"
        raise DataError(f"{message}; leave --state out to build it again") from None
    if state.config != config_sha256:
        found = f"found what was decided by a plan that reads otherwise (config {state.config[:12]})"
        expected = f"expected that of this one ({config_sha256[:12]})"
        remedy = "name the config it is of, or after a change of the plan leave --state out"
        raise DataError(f"{path}: {found}, {expected}; {remedy}")
    return _to_state(state, path)


def _to_state(state: _State, path: Path) -> AccountState:
    _refuse_changed(state, path)
    response = state.response
    return AccountState(
        date=np.datetime64(state.date),
        opened=np.datetime64(state.opened),
        assets=state.assets,
        units=np.array(state.units),
        cash=state.cash,
        target=np.array(state.target),
        drift_base=np.array(state.drift_base),
        waits=np.array(state.waits, dtype=np.int64),
        scaled_down=np.array(state.scaled_down, dtype=np.bool_),
        reference_price=np.array(state.reference_price),
        watching=np.array(state.watching, dtype=np.bool_),
        barred=np.array(state.barred, dtype=np.int64),
        values=np.array(state.values),
        cash_before=np.array(state.cash_before),
        units_before=np.array(state.units_before),
        response=None
        if response is None
        else DueResponse(response.sessions, response.drift, response.trims, response.breaches),
        seen=None if state.seen is None else LastCloses(np.datetime64(state.seen.date), np.array(state.seen.prices)),
        tax=None if state.tax is None else read_taxes(state.tax, len(state.assets), str(path)),
    )


def _refuse_changed(state: _State, path: Path) -> None:
    """Raise DataError for what no order wrote: vectors of other lengths, columns that are none, days that are none."""
    count = len(state.assets)
    vectors = (state.units, state.target, state.drift_base, state.waits, state.scaled_down)
    more = (state.reference_price, state.watching, state.barred, *state.units_before)
    seen = (state.seen.prices,) if state.seen else ()
    pairs = (state.values, state.cash_before, state.units_before)
    response = state.response or _Response(sessions=0, drift="", trims=(), breaches=())
    columns = (*response.trims, *(column for column, _ in response.breaches))
    fits = all(len(one) == count for one in (*vectors, *more, *seen)) and all(len(one) == CLOSES_KEPT for one in pairs)
    if not fits or response.sessions < 0 or not all(0 <= column < count for column in columns):
        raise DataError(f"{path}: found vectors of other lengths than its {count} assets; it was changed by hand")
    numbers = ((state.cash,), state.units, state.target, state.drift_base, state.reference_price, state.values)
    held = (
        state.waits,
        state.barred,
        state.cash_before,
        *state.units_before,
        *seen,
        tuple(change for _, change in response.breaches),
    )
    if not all(abs(number) <= float(MAX_NUMBER) for one in (*numbers, *held) for number in one):  # NaN is neither
        raise DataError(f"{path}: found a number that no account has, expected some up to 1e15; it was changed by hand")
    if not all(price == 0.0 or price >= _LEAST_PRICE for one in seen for price in one):  # none at all is 0
        raise DataError(f"{path}: found a close that no asset has; it was changed by hand")
    if not all(_LEAST_WEIGHT <= weight <= 1.0 - _LEAST_WEIGHT for weight in (*state.target, *state.drift_base)):
        raise DataError(f"{path}: found a weight that is not between 0 and 1; it was changed by hand")
    for day in (state.date, state.opened, *((state.seen.date,) if state.seen else ())):
        if not is_iso_day(day):
            message = f"{path}: found the day {day[:20]!r}, expected one as 2027-01-04; it was changed by hand"
            raise DataError(message)
