"""The session that orders are for, as one more row of the market: sizing prices stand for its closes."""

from __future__ import annotations

import dataclasses

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, read_only
from engine.core.errors import DataError
from engine.data.market import Market


def append_session(
    market: Market,
    day: np.datetime64,
    prices: FloatArray,
    priced: BoolArray,
    tariff_rate: float | None = None,
    paused: BoolArray | None = None,
) -> Market:
    """Return ``market`` up to before ``day``, with ``day`` as its last session.

    ``prices`` (N,) are those of that session [currency/share]; what is not ``priced`` (N,) waits, as an asset without a
    close does. Cash earns nothing into the session: its interest is in the account already. ``tariff_rate`` stands for
    the last one in which costs are [currency/unit]. What is ``paused`` (N,) lives on after its last close: nobody can
    tell on the day whether a close that is missing is the end (S8), and an end would be sold.
    """
    before = int(np.searchsorted(market.dates, day))
    if before == 0:
        raise DataError(f"no close before {day}; the prices begin on {market.dates[0]}")
    known = market.age[before - 1] >= 0
    held = np.where(priced, prices, market.prices[before - 1])
    age = np.where(priced, 0, np.where(known, market.age[before - 1] + 1, -1))

    def extend(rows: np.ndarray, last: np.ndarray) -> np.ndarray:
        return read_only(np.concatenate([rows[:before], np.asarray(last, dtype=rows.dtype)[None]]))

    tariff_rates = market.tariff_rates
    if tariff_rates is not None:
        tariff_rates = extend(
            tariff_rates, np.asarray(tariff_rates[before - 1] if tariff_rate is None else tariff_rate)
        )

    def repeat(rows: np.ndarray | None) -> np.ndarray | None:
        return None if rows is None else extend(rows, rows[before - 1])

    return dataclasses.replace(
        market,
        dates=extend(market.dates, np.asarray(day)),
        prices=extend(market.prices, held),
        listed=_with_pauses(market, before, priced, paused),
        age=extend(market.age, age),
        cash_rate=extend(market.cash_rate, np.asarray(0.0)),
        dividends=None if market.dividends is None else extend(market.dividends, np.zeros(len(market.assets))),
        shares=repeat(market.shares),
        close_rates=repeat(market.close_rates),
        tariff_rates=tariff_rates,
        fx={currency: extend(rates, rates[before - 1]) for currency, rates in market.fx.items()},
    )


def _with_pauses(market: Market, before: int, priced: BoolArray, paused: BoolArray | None) -> BoolArray:
    """Return (T,) rows of who lives, up to the session of the orders: what is ``paused`` from its last close on."""
    listed = np.concatenate([market.listed[:before], (market.listed[before - 1] | priced)[None]])
    for j in np.flatnonzero(paused & (market.age[before - 1] > 0)).tolist() if paused is not None else ():
        listed[before - 1 - int(market.age[before - 1, j]) :, j] = True
    return read_only(listed)
