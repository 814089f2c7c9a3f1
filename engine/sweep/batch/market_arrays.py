"""The market of one batch, as the kernel takes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine.analysis.summation import block_ends
from engine.core.arrays import DateArray, FloatArray, IntArray
from engine.data.sessions import period_numbers
from engine.simulation.kernel.batch.mark_to_market import CHECK_BANDS, DAY, GROWTH, NEXT_DAY, PACKED_EXTRAS, RISK_FREE
from engine.simulation.kernel.batch.records import BatchMarket
from engine.sweep.batch.planner import BatchKey, MarketPlanner


def build_batch_market(
    planner: MarketPlanner,
    key: BatchKey,
    risk_free: float | FloatArray,
    ends_of: Callable[[int], list[int]] = block_ends,
) -> tuple[BatchMarket, tuple[int, ...]]:
    """Return the market of a batch from its opening on, and the row at which each pattern of assets first holds.

    ``risk_free`` as in :func:`engine.sweep.batch.run_batch.variant_metric_table`; ``ends_of`` says where blocks of so
    many returns end, the last of them with the last return.
    """
    market, columns = planner.market_until(key.end_row), list(key.assets)
    span = slice(key.opening_row, key.end_row)
    listed, fresh, dates = market.listed[span, columns], market.fresh[span, columns], market.dates[span]
    sessions = len(dates)
    pattern, pattern_rows = _find_patterns(planner, key)
    ends = ends_of(sessions - 1)
    period_ends = _block_and_year_ends(dates, ends)
    rows_after, delisted = market.delistings_from(key.opening_row, columns)
    delisting_rows = rows_after - key.opening_row
    stops = np.unique(np.concatenate([[1], np.flatnonzero(period_ends), delisting_rows, [sessions]]))
    following = np.searchsorted(stops, np.arange(sessions + 1), side="right")
    prices = np.ascontiguousarray(np.nan_to_num(market.prices[span, columns]))
    days = dates.astype("datetime64[D]").astype(np.float64)
    free = np.full(sessions, risk_free) if isinstance(risk_free, float) else risk_free[span]
    capped = np.zeros_like(prices)
    capped[:, key.capped] = prices[:, key.capped]
    facts = np.zeros((sessions, PACKED_EXTRAS))
    facts[:-1, GROWTH] = 1.0 + market.cash_rate[span][1:]
    facts[:, DAY], facts[:, NEXT_DAY], facts[:, RISK_FREE] = days, np.append(days[1:], days[-1:]), free
    facts[:, CHECK_BANDS] = np.frombuffer(key.band_checks, dtype=np.bool_)[span] if key.band_checks else False
    batch_market = BatchMarket(
        packed=np.hstack([prices, facts, capped] if key.capped else [prices, facts]).ravel(),
        days=float(days[-1] - days[0]),
        fresh=np.ascontiguousarray(fresh),
        eligible=np.ascontiguousarray(market.eligible[span, columns]),
        missing=np.ascontiguousarray(listed & ~fresh),
        pattern=pattern,
        stops=np.append(stops, sessions)[following],
        period_ends=period_ends,
        block_ends=np.array(ends, dtype=np.int64),
        delisting_rows=delisting_rows,
        delisted=delisted,
        capped=np.array(key.capped, dtype=np.int64),
        watched=key.watches_caps,
        excess=bool(free.any()),
        bands=bool(key.band_checks),
        periods_per_year=market.periods_per_year,
    )
    return batch_market, pattern_rows


def _find_patterns(planner: MarketPlanner, key: BatchKey) -> tuple[IntArray, tuple[int, ...]]:
    """Return (T,) the number of the pattern of assets that can be held or were seen, and a row for each pattern."""
    market, columns, opening = planner.market_until(key.end_row), list(key.assets), key.opening_row
    seen = np.maximum(np.arange(opening, key.end_row) - key.delay, opening + 1) - 1
    patterns = np.hstack([market.eligible[opening : key.end_row, columns], market.age[seen][:, columns] >= 0])
    patterns[0, : len(columns)] = market.listed[opening, columns]
    patterns[0, len(columns) :] = market.age[opening - 1, columns] >= 0 if opening else False
    begins = np.flatnonzero(np.concatenate([[True], (patterns[1:] != patterns[:-1]).any(axis=1)]))
    numbers: dict[bytes, int] = {}
    found = [numbers.setdefault(patterns[row].tobytes(), len(numbers)) for row in begins.tolist()]
    first_rows = opening + begins[np.unique(found, return_index=True)[1]]
    lengths = np.diff(np.append(begins, len(patterns)))
    return np.repeat(np.array(found, dtype=np.int64), lengths), tuple(first_rows.tolist())


def _block_and_year_ends(dates: DateArray, ends: Sequence[int]) -> IntArray:
    """Return (T + 1,) 1 where a block of returns ended with the session before, 2 where a year did, 3 for both.

    ``ends`` are how many returns there are up to the end of each block.
    """
    marks = np.zeros(len(dates) + 1, dtype=np.int64)
    marks[[end + 1 for end in ends]] = 1
    year = period_numbers(dates, "year")
    marks[1:][np.concatenate([year[1:] != year[:-1], [True]])] += 2
    return marks
