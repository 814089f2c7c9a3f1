"""What is remembered of a market: schedules once asked, and nothing after the market is gone."""

from __future__ import annotations

import gc

import numpy as np

from engine.data.market import Market
from engine.portfolio.policy import Band
from engine.simulation import market_memory
from strategies.schedules import Annual, Every
from tests.support.markets import market_of


class Unhashable:
    """A schedule of a user's own that cannot be a key."""

    __hash__ = None
    decides = True

    def __init__(self) -> None:
        self.asked = 0

    def calendar(self, dates: np.ndarray) -> dict[int, str]:
        self.asked += 1
        return {9: "late", 3: "early"}

    def band(self, dates: np.ndarray) -> Band | None:
        return None


def market() -> Market:
    return market_of(np.full((300, 2), 10.0))


def test_schedules_that_are_equal_are_asked_once() -> None:
    prices = market()
    memory = market_memory.recall(prices)
    first = memory.schedule_rows(Annual(month="march"), prices)
    assert memory.schedule_rows(Annual(month="march"), prices) is first
    assert memory.schedule_rows(Annual(month="april"), prices) is not first
    assert memory.schedule_rows(Every(period="month"), prices).rows.tolist() == sorted(
        Every(period="month").calendar(prices.dates)
    )


def test_a_schedule_without_a_hash_is_asked_every_time() -> None:
    prices, schedule = market(), Unhashable()
    found = [market_memory.recall(prices).schedule_rows(schedule, prices) for _ in range(2)]
    assert [(one.rows.tolist(), one.reasons) for one in found] == [([3, 9], ("early", "late"))] * 2
    assert schedule.asked == 2


def test_no_more_than_a_few_schedules_are_remembered() -> None:
    prices = market()
    memory = market_memory.recall(prices)
    for session in range(1, 18):
        for month in ("march", "april", "may", "june"):
            rows = memory.schedule_rows(Annual(month=month, session=session), prices).rows
            assert rows.tolist() == sorted(Annual(month=month, session=session).calendar(prices.dates))
    assert len(memory._schedules) <= 64


def test_a_market_that_is_gone_is_forgotten() -> None:
    gc.collect()
    before = len(market_memory._MEMORIES)
    prices = market()
    market_memory.recall(prices)
    assert len(market_memory._MEMORIES) == before + 1
    del prices
    gc.collect()
    assert len(market_memory._MEMORIES) == before


def test_fills_are_those_after_the_opening_and_before_the_end() -> None:
    dated = market_memory.ScheduleRows(np.array([2, 5, 8, 9]), ("a", "b", "c", "d"), None)
    rows, reasons = dated.fills(5, 0, 10)
    assert (rows.tolist(), reasons) == ([5, 8, 9], ("opening", "c", "d"))
    rows, reasons = dated.fills(4, 1, 10)
    assert (rows.tolist(), reasons) == ([4, 6, 9], ("opening", "b", "c"))
    rows, reasons = dated.fills(9, 1, 10)
    assert (rows.tolist(), reasons) == ([9], ("opening",))
