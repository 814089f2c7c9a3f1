"""Findings are about the window: nothing in it is hidden by what came before, nothing outside it is reported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.data.closes import Closes
from engine.data.market import Provenance
from engine.data.quality.findings import Finding
from engine.data.quality.inspection import inspect_closes
from engine.data.sources.base import PriceRequest
from engine.data.sources.exchange_calendar import exchange_sessions
from engine.data.sources.files import Files

pytestmark = pytest.mark.usefixtures("price_store")

DATES = exchange_sessions("XNYS", np.datetime64("2019-01-02"), np.datetime64("2021-12-31"))
START, END = np.datetime64("2020-01-02"), np.datetime64("2020-12-31")
FIRST, LAST = int(np.searchsorted(DATES, START)), int(np.searchsorted(DATES, END))


def quiet_closes(seed: int = 3) -> np.ndarray:
    """(T, 1) closes that move 1 % a day, in full precision."""
    return 50.0 * np.exp(np.random.default_rng(seed).normal(0.0, 0.01, (len(DATES), 1)).cumsum(axis=0))


def inspect(closes: np.ndarray, kind: str = "adjusted", **events: np.ndarray) -> tuple[Finding, ...]:
    """Inspect one asset over the year 2020 of three years of closes."""
    whole = Closes(DATES, ("AAA",), closes, ("USD",), Provenance("test", kind), **events)
    return inspect_closes(whole, "XNYS", exchange_sessions("XNYS", DATES[0], DATES[-1]), (START, END))


def found(findings: tuple[Finding, ...], kind: str) -> list[str]:
    """Return the messages of one kind."""
    return [one.message for one in findings if one.kind == kind]


def test_a_gap_in_the_window_is_counted_whatever_lies_before_it() -> None:
    """Sessions without a close before and after the window are neither counted nor named."""
    closes = quiet_closes()
    closes[[FIRST - 20, FIRST + 30, *range(FIRST + 60, FIRST + 100), LAST + 3]] = np.nan
    (text,) = found(inspect(closes), "gap")
    expected = f"41 of 253 sessions from 2020-01-02 to 2020-12-31 have no close, the longest gap is 40 from {DATES[FIRST + 60]}"
    assert text.startswith(f"AAA: {expected}")
    assert "not to be trusted" in text


def test_the_longest_run_of_equal_closes_is_that_of_the_window() -> None:
    """A longer run before the window does not hide one inside; one that begins before counts as far as it is inside."""
    closes = quiet_closes()
    closes[FIRST - 200 : FIRST - 100] = 40.0
    closes[FIRST + 50 : FIRST + 65] = 41.0
    assert found(inspect(closes), "stale") == [
        f"AAA: 15 equal closes in a row from {DATES[FIRST + 50]}; 1 such run of 10 or more"
    ]
    closes[FIRST - 90 : FIRST + 5] = 39.0
    assert found(inspect(closes), "stale")[0].startswith(f"AAA: 15 equal closes in a row from {DATES[FIRST + 50]}; 2 ")
    closes[FIRST - 4 : FIRST + 20] = 42.0
    assert found(inspect(closes), "stale")[0].startswith("AAA: 20 equal closes in a row from 2020-01-02; 2 such runs")


@pytest.mark.parametrize("row", [FIRST - 1, LAST + 1])
def test_what_happens_outside_the_window_is_no_warning(row: int) -> None:
    """Jumps, splits, wrong prints, equal closes, gaps and ends before or after the window concern another run."""
    before = row < FIRST
    for change in ("jump", "spike", "split", "gap"):
        closes = quiet_closes()
        if change == "gap":
            closes[row] = np.nan
        elif change == "spike":
            closes[row - 1 if before else row] *= 1.7
        else:
            closes[row:] *= 1.7 if change == "jump" else 0.5
        assert {one.kind for one in inspect(closes)} == set(), change


def test_errors_count_wherever_they_are() -> None:
    """A close that is none, and a change of unit, before the window: estimates look back."""
    closes = quiet_closes()
    closes[FIRST - 30] = -1.0
    closes[: FIRST - 100] *= 100.0
    assert {one.kind for one in inspect(closes) if one.severity == "error"} == {"not_a_price", "unit"}


SPLITS = {
    "5:4": 1.25,
    "4:3": 4 / 3,
    "3:2": 1.5,
    "2:1": 2.0,
    "6:1": 6.0,
    "7:1": 7.0,
    "1:2": 0.5,
    "1:8": 0.125,
    "1:15": 1 / 15,
}


@pytest.mark.parametrize("name", SPLITS)
def test_splits_of_closes_as_traded_are_recognised(name: str) -> None:
    """A split that nobody states is named, on closes in whole cents and on closes that the source calls raw."""
    closes = 40.0 * quiet_closes()
    closes[FIRST + 99 :] /= SPLITS[name]
    for one in (inspect(closes, "raw"), inspect(np.round(closes, 2))):
        (text,) = [finding.message for finding in one if finding.kind == "split" and finding.severity == "warning"]
        assert f"on {DATES[FIRST + 99]}: looks like an unadjusted {name} split" in text


@pytest.mark.parametrize("name", SPLITS)
def test_a_stated_split_explains_its_jump(name: str) -> None:
    """The jump of a split on its own day is none; one that the closes do not show is applied, and makes a jump."""
    closes, splits = quiet_closes(), np.ones((len(DATES), 1))
    splits[FIRST + 99] = SPLITS[name]
    (text,) = found(inspect(closes, "raw", splits=splits), "split")
    assert f"on {DATES[FIRST + 99]} with the split of {SPLITS[name]:g} that is stated for that day" in text
    closes[FIRST + 99 :] /= SPLITS[name]
    assert {one.kind for one in inspect(closes, "raw", splits=splits)} == set()
    assert {one.kind for one in inspect(closes, "raw")} == {"split"}


def test_a_stated_dividend_explains_its_fall() -> None:
    """A special dividend of two thirds of the price is no jump."""
    closes, dividends = quiet_closes(), np.zeros((len(DATES), 1))
    dividends[FIRST + 99] = closes[FIRST + 99, 0] * 2 / 3
    closes[FIRST + 99 :] /= 3.0
    assert {one.kind for one in inspect(closes, "raw")} == {"split"}
    assert {one.kind for one in inspect(closes, "raw", dividends=dividends)} == set()


def test_a_split_stated_for_another_day_is_named() -> None:
    """Closes halve two sessions before the day that the source states: both days stand in the message."""
    closes, splits = quiet_closes(), np.ones((len(DATES), 1))
    splits[FIRST + 101] = 2.0
    closes[FIRST + 99 :] /= 2.0
    first, second = sorted(inspect(closes, "raw", splits=splits), key=lambda one: one.date)
    assert "looks like an unadjusted 2:1 split" in first.message
    assert f"the source states a split of 2 on {DATES[FIRST + 101]}" in first.message
    assert f"on {DATES[FIRST + 101]} with the split of 2 that is stated for that day" in second.message


def test_adjusted_closes_contain_what_is_stated_beside_them() -> None:
    """Adjusted closes are not adjusted again; those that halve on the day of a stated split are not adjusted for it."""
    closes, splits = quiet_closes(), np.ones((len(DATES), 1))
    splits[FIRST + 99] = 2.0
    events = {"splits": splits, "dividends": np.zeros_like(splits), "traded": closes.copy()}
    assert {one.kind for one in inspect(closes, **events)} == set()
    closes[FIRST + 99 :] /= 2.0
    assert "looks like an unadjusted 2:1 split" in found(inspect(closes, **events), "split")[0]


def test_bad_news_is_no_small_split() -> None:
    """A fall of a fifth amid a crash, or in a volatile stock, is not called a split."""
    crash = quiet_closes()
    crash[FIRST + 99 :] *= 0.8
    for day, factor in enumerate((0.95, 1.06, 0.93, 1.05, 0.94, 1.07), FIRST + 96):
        crash[day + (day >= FIRST + 99) :] *= factor
    volatile = 50.0 * np.exp(np.random.default_rng(3).normal(0.0, 0.05, (len(DATES), 1)).cumsum(axis=0))
    volatile[FIRST + 99 :] *= 0.8
    for closes in (crash, volatile):
        assert not [one for one in inspect(closes, "raw") if one.kind == "split" and one.date == DATES[FIRST + 99]]


def test_an_asset_without_any_close_is_an_error(tmp_path: Path) -> None:
    """A column that is empty throughout is refused by name; one whose closes begin after the window is a note (S7)."""
    rows = [f"{day},{10 + k},,{'' if k < 20 else 5}" for k, day in enumerate(DATES[:40])]
    path = tmp_path / "prices.csv"
    path.write_text("\n".join(["date,AAA,BBB,CCC", *rows]))
    end = DATES[10].item()
    loaded = Files(path=path).load(PriceRequest(("AAA", "CCC"), end=end))
    assert any("CCC: no close inside the window" in note for note in loaded.provenance.notes)
    with pytest.raises(DataError, match="BBB: found no close at all"):
        Files(path=path).load(PriceRequest(("AAA", "BBB", "CCC"), end=end))
