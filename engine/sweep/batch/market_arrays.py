"""The market of one family, as the lanes take it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.summation import block_ends
from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.data.sessions import period_numbers
from engine.simulation.kernel.batch.mark_to_market import CHECK_BANDS, DAY, GROWTH, PACKED_EXTRAS, RISK_FREE
from engine.simulation.kernel.batch.records import BatchMarket
from engine.sweep.batch.planner import BatchKey, PolicyCache


@dataclass(frozen=True)
class PatternedMarket:
    """A family's market: the ``market``, the row of the market at which each pattern of eligible assets first holds."""

    market: BatchMarket
    pattern_rows: tuple[int, ...]


def build_market(planner: PolicyCache, family: BatchKey, risk_free: float | FloatArray) -> PatternedMarket:
    """Return the family's market from its opening on; ``risk_free`` as :func:`engine.lanes.run` takes it."""
    market, columns = planner.market_until(family.end_row), list(family.assets)
    span = slice(family.opening_row, family.end_row)
    listed, fresh = market.listed[span, columns], market.fresh[span, columns]
    dates = market.dates[span]
    pattern, rows = _holding_patterns(planner, family)
    ends = _block_and_year_ends(dates)
    gone = _delistings(listed)
    points = np.flatnonzero(ends)
    points = np.unique(np.concatenate([[1], points, gone[0], [len(dates)]]))
    following = np.searchsorted(points, np.arange(len(dates) + 1), side="right")
    prices = np.ascontiguousarray(np.nan_to_num(market.prices[span, columns]))
    days = dates.astype("datetime64[D]").astype(np.float64)
    free = np.full(len(dates), risk_free) if isinstance(risk_free, float) else risk_free[span]
    capped = np.zeros_like(prices)
    capped[:, family.capped] = prices[:, family.capped]
    facts = np.zeros((len(dates), PACKED_EXTRAS))
    facts[:-1, GROWTH] = 1.0 + market.cash_rate[span][1:]
    facts[:, DAY], facts[:, RISK_FREE] = days, free
    facts[:, CHECK_BANDS] = np.frombuffer(family.band_checks, dtype=np.bool_)[span] if family.band_checks else False
    tape = BatchMarket(
        prices=prices,
        packed=np.hstack([prices, facts, capped] if family.capped else [prices, facts]).ravel(),
        days=float(days[-1] - days[0]),
        fresh=np.ascontiguousarray(fresh),
        eligible=np.ascontiguousarray(market.eligible[span, columns]),
        missing=np.ascontiguousarray(listed & ~fresh),
        pattern=pattern,
        stops=np.append(points, len(dates))[following],
        period_ends=ends,
        delisting_rows=gone[0],
        delisted=gone[1],
        capped=np.array(family.capped, dtype=np.int64),
        watched=family.watches_caps,
        excess=bool(free.any()),
        bands=bool(family.band_checks),
    )
    return PatternedMarket(tape, rows)


def _holding_patterns(planner: PolicyCache, family: BatchKey) -> tuple[IntArray, tuple[int, ...]]:
    """Return (T,) the number of the pattern of assets that can be held or were seen, and a row for each pattern."""
    market, columns = planner.market_until(family.end_row), list(family.assets)
    span = slice(family.opening_row, family.end_row)
    seen = np.maximum(np.arange(family.opening_row, family.end_row) - family.delay, family.opening_row + 1) - 1
    state = np.hstack([market.eligible[span, columns], market.age[seen][:, columns] >= 0])
    state[0, : len(columns)] = market.listed[family.opening_row, columns]
    state[0, len(columns) :] = market.age[family.opening_row - 1, columns] >= 0 if family.opening_row else False
    begins = np.flatnonzero(np.concatenate([[True], (state[1:] != state[:-1]).any(axis=1)]))
    numbers: dict[bytes, int] = {}
    found = [numbers.setdefault(state[row].tobytes(), len(numbers)) for row in begins.tolist()]
    first = {number: int(row) for row, number in reversed(list(zip(begins.tolist(), found, strict=True)))}
    lengths = np.diff(np.append(begins, len(state)))
    rows = tuple(family.opening_row + first[number] for number in range(len(numbers)))
    return np.repeat(np.array(found, dtype=np.int64), lengths), rows


def _block_and_year_ends(dates: np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]) -> IntArray:
    """Return (T + 1,) 1 where a block of returns ended with the session before, 2 where a year did, 3 for both."""
    ends = np.zeros(len(dates) + 1, dtype=np.int64)
    ends[[end + 1 for end in block_ends(len(dates) - 1)]] = 1
    year = period_numbers(dates, "year")
    ends[1:][np.concatenate([year[1:] != year[:-1], [True]])] += 2
    return ends


def _delistings(listed: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the rows after the last close of what is delisted in a run, and the columns, in order of time."""
    sessions = len(listed)
    ever = listed.any(axis=0)
    last = sessions - 1 - listed[::-1].argmax(axis=0)
    gone = np.flatnonzero(ever & (last < sessions - 1))
    gone = gone[np.argsort(last[gone], kind="stable")]
    return (last[gone] + 1).astype(np.int64), gone.astype(np.int64)
