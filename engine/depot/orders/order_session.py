"""The session that orders are for, as one more row of the market: sizing prices stand for its closes."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from engine.backtest.config import RunConfig
from engine.core.arrays import BoolArray, FloatArray, read_only
from engine.core.errors import DataError
from engine.data.market import Market
from engine.depot.orders.order_plan import OrderRequest
from engine.portfolio.costs import tariff_currency
from engine.portfolio.policy import PolicyT

_PAUSE: Final = 21
"""Sessions without a close after which an asset that is not held is at its end; one that is held never is."""


def append_order_session(market: Market, config: RunConfig[PolicyT], request: OrderRequest) -> Market:
    """Return the market with the session of the orders; raises DataError for prices that are missing or old."""
    before = int(np.searchsorted(market.dates, request.day))
    if before == 0:
        raise DataError(f"the prices begin on {market.dates[0]}, after {request.day}; ask for a later day (--as-of)")
    prices, faults = market.prices[before - 1].copy(), []
    shares = market.shares_at(before - 1)
    priced = np.zeros(len(market.assets), dtype=np.bool_)
    for ticker in config.strategy.tickers:
        j = market.column_index(ticker)
        given = request.prices.get(ticker)
        age = int(market.age[before - 1, j]) + int(np.busday_count(market.dates[before - 1], request.day) - 1)
        if given is not None:
            prices[j], priced[j] = given * shares[j], True
        elif market.age[before - 1, j] >= 0 and age <= config.orders.max_age:
            priced[j] = True
            if market.foreign[j] and market.currencies[j] in request.rates:
                prices[j] *= request.rates[market.currencies[j]] / market.rates[before - 1, j]
        elif request.held.get(ticker) and not request.stale_ok:
            last = market.dates[before - 1 - int(market.age[before - 1, j])] if market.age[before - 1, j] >= 0 else None
            found = f"found its last close on {last}" if last is not None else "found no close"
            expected = f"expected one at most {config.orders.max_age} weekdays before {request.day} (orders.max_age)"
            faults.append(f"{ticker}: {found}, {expected}; fetch prices, or give them by --prices FILE")
    if faults:
        raise DataError(*faults)
    paused = market.age[before - 1] <= _PAUSE
    for ticker in request.held.keys() & market.columns.keys():
        paused[market.columns[ticker]] |= request.held[ticker] > 0.0
    tariff_rate = request.rates.get(tariff_currency(config.costs) or "")
    return append_session(market, request.day, prices, priced, tariff_rate, paused)


def let_pause(market: Market) -> Market:
    """Return ``market`` in which no asset has ended whose closes are missing for a short time before its last session.

    Nobody can tell on that day whether a close that is missing is the end (S8).
    """
    listed = market.listed.copy()
    for j in np.flatnonzero((market.age[-1] > 0) & (market.age[-1] <= _PAUSE)).tolist():
        listed[len(listed) - 1 - int(market.age[-1, j]) :, j] = True
    return dataclasses.replace(market, listed=read_only(listed))


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
