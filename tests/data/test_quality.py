"""The quality gate: every kind of fault has a name of its own, and clean data pass in silence."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.errors import DataError
from engine.data.closes import Closes, CloseSeries
from engine.data.frequency import read_frequencies
from engine.data.market import Provenance
from engine.data.quality.findings import MAX_FINDINGS_PER_KIND, Finding, limit_findings, raise_error_findings
from engine.data.quality.inspection import inspect_closes
from engine.data.sources.base import PriceRequest
from engine.data.sources.combine import combine_series
from engine.data.sources.exchange_calendar import exchange_sessions
from engine.data.sources.files import Files

pytestmark = pytest.mark.usefixtures("price_store")

Change = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

START, END = np.datetime64("2020-01-02"), np.datetime64("2021-12-31")


def clean(assets: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Two years of New York sessions and lognormal closes; the last asset ends a month early."""
    dates = exchange_sessions("XNYS", START, END)
    steps = np.random.default_rng(5).normal(0.0003, 0.01, (len(dates), assets))
    closes = 100.0 * np.exp(steps.cumsum(axis=0))
    closes[-21:, -1] = np.nan
    return dates.copy(), closes


def examine(dates: np.ndarray, closes: np.ndarray, *, calendar: bool = True) -> tuple[Finding, ...]:
    """Inspect closes of the tickers AAA, BBB, ..."""
    tickers = tuple(chr(65 + column) * 3 for column in range(closes.shape[1]))
    sessions = exchange_sessions("XNYS", dates.min(), dates.max()) if calendar and len(dates) else None
    return inspect_closes(
        Closes(dates, tickers, closes, ("USD",) * len(tickers), Provenance("test", "adjusted")), "XNYS", sessions
    )


def kinds(findings: tuple[Finding, ...]) -> set[str]:
    """Return the kinds found, but for the delisting that clean data have."""
    return {finding.kind for finding in findings if (finding.kind, finding.ticker) != ("ended", "CCC")}


def test_clean_data_pass() -> None:
    """Nothing is found in clean prices but the one delisting in them."""
    findings = examine(*clean())
    assert kinds(findings) == set()
    expected = "last close 2021-12-01, 21 sessions before the data end: treated as delisted, sold at its last price"
    assert [str(finding) for finding in findings] == [f"warning: CCC: {expected}"]
    raise_error_findings(findings)


def put(value: float, rows: slice = slice(200, 201), column: int = 0) -> Change:
    """Overwrite closes."""

    def change(dates: np.ndarray, closes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        closes[rows, column] = value
        return dates, closes

    return change


def times(factor: float, rows: slice) -> Change:
    """Multiply closes of the first asset."""

    def change(dates: np.ndarray, closes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        closes[rows, 0] *= factor
        return dates, closes

    return change


def rows(order: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Choose rows by number."""

    def change(dates: np.ndarray, closes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        chosen = order(np.arange(len(dates)))
        return dates[chosen], closes[chosen]

    return change


def moved(row: int, day: str) -> Change:
    """Give a row another date."""

    def change(dates: np.ndarray, closes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        dates[row] = np.datetime64(day)
        return dates, closes

    return change


def twin(dates: np.ndarray, closes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Make two assets the same."""
    closes[:, 1] = closes[:, 0]
    return dates, closes


def quantised(dates: np.ndarray, closes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Let the first asset hardly move, as a fund of treasury bills does."""
    closes[:, 0] = 90.0 + 0.01 * np.floor(np.arange(len(dates)) * 0.6)
    return dates, closes


def nobody_ended(dates: np.ndarray, closes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave out the asset that ended."""
    return dates, closes[:, :2]


def weekend(dates: np.ndarray, closes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shift every date back by a day, as stamps in UTC do."""
    return dates - np.timedelta64(1, "D"), closes


FAULTS: dict[str, tuple[Change, str, str]] = {
    "zero": (put(0.0), "error", "not_a_price"),
    "negative": (put(-3.0), "error", "not_a_price"),
    "infinite": (put(np.inf), "error", "not_a_price"),
    "beyond all money": (put(1e300), "error", "not_a_price"),
    "next to nothing": (put(1e-308), "error", "not_a_price"),
    "duplicate date": (rows(lambda at: np.sort(np.append(at, 7))), "error", "duplicate"),
    "unsorted dates": (rows(lambda at: np.roll(at, 5)), "error", "unsorted"),
    "no rows": (rows(lambda at: at[:0]), "error", "empty"),
    "pence from a day on": (times(100.0, slice(200, None)), "error", "unit"),
    "pounds from a day on": (times(0.01, slice(200, None)), "error", "unit"),
    "one day in pence": (times(100.0, slice(200, 201)), "warning", "spike"),
    "one day in pounds": (times(0.01, slice(200, 201)), "warning", "spike"),
    "one day at a quarter": (times(0.25, slice(200, 201)), "warning", "spike"),
    "2:1 split": (times(0.5, slice(200, None)), "warning", "split"),
    "3:1 split": (times(1 / 3, slice(200, None)), "warning", "split"),
    "20:1 split": (times(1 / 20, slice(200, None)), "warning", "split"),
    "1:10 split": (times(10.0, slice(200, None)), "warning", "split"),
    "jump up": (times(1.7, slice(200, None)), "warning", "jump"),
    "jump down": (times(0.4, slice(200, None)), "warning", "jump"),
    "stale run": (put(100.0, slice(200, 212)), "warning", "stale"),
    "hardly moving": (quantised, "warning", "near_constant"),
    "missing session": (put(np.nan), "warning", "gap"),
    "missing row": (rows(lambda at: np.delete(at, 77)), "warning", "gap"),
    "weekend row": (moved(1, "2020-01-04"), "warning", "weekend"),
    "shifted dates": (weekend, "warning", "weekend"),
    "holiday row": (moved(12, "2020-01-20"), "warning", "not_a_session"),
    "missing last row": (put(np.nan, slice(-1, None)), "warning", "ended"),
    "delisted": (put(np.nan, slice(300, None)), "warning", "ended"),
    "late listing": (put(np.nan, slice(0, 100)), "note", "late_listing"),
    "short life": (put(np.nan, slice(0, 480)), "warning", "short"),
    "no close": (put(np.nan, slice(None)), "warning", "no_close"),
    "one file under two names": (twin, "warning", "twins"),
    "survivors": (nobody_ended, "warning", "survivors"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(fault: str) -> None:
    """A fault put into clean data is found, with its own kind, severity, ticker and date."""
    change, severity, kind = FAULTS[fault]
    findings = examine(*change(*clean()))
    found = [one for one in findings if one.kind == kind and one.ticker != "CCC"]
    assert found, (fault, [str(one) for one in findings])
    assert found[0].severity == severity
    assert kind in {"empty", "no_close", "twins", "survivors", "near_constant"} or found[0].date is not None
    assert found[0].ticker in found[0].message
    if severity == "error":
        with pytest.raises(DataError):
            raise_error_findings(findings)


@pytest.mark.parametrize(
    ("factor", "name"), [(0.5, "2:1"), (0.25, "4:1"), (0.2, "5:1"), (0.1, "10:1"), (2.0, "1:2"), (3.0, "1:3")]
)
def test_splits_are_named(factor: float, name: str) -> None:
    """The message says which split it looks like."""
    findings = examine(*times(factor, slice(200, None))(*clean()))
    assert any(f"looks like an unadjusted {name} split" in finding.message for finding in findings)


def test_a_close_a_quarter_too_high_is_a_wrong_print_and_no_split_of_the_day_after() -> None:
    dates, closes = times(1.25, slice(200, 201))(*clean())
    found = [one for one in examine(dates, closes) if one.kind in {"spike", "split"} and one.ticker == "AAA"]
    assert [(one.kind, one.date) for one in found] == [("spike", dates[200])]
    assert "and back the next session" in found[0].message
    assert "looks like a wrong print" in found[0].message


def test_a_real_crash_is_not_called_a_split() -> None:
    """A fall of 60 % that stays is a jump: it may be real."""
    assert kinds(examine(*times(0.4, slice(200, None))(*clean()))) == {"jump"}


def test_one_row_is_one_row() -> None:
    """The count of rows on closed days is told in the number that it has."""
    rows = {
        "2020-01-04": "1 row falls on a Saturday or Sunday, the first is 2020-01-04",
        "2020-01-20": "1 row is no session of XNYS, the first is 2020-01-20",
    }
    for day, words in rows.items():
        row = 1 if day == "2020-01-04" else 12
        assert any(words in one.message for one in examine(*moved(row, day)(*clean())))


def test_without_a_calendar() -> None:
    """Weekends are still seen; gaps and holidays cannot be."""
    dates, closes = weekend(*clean())
    assert kinds(examine(dates, closes, calendar=False)) == {"weekend"}
    assert kinds(examine(*put(np.nan)(*clean()), calendar=False)) == set()


def test_many_findings_stay_readable() -> None:
    """Of one kind a few are listed; many are one line with their count and the worst; errors are never hidden."""
    dates, closes = clean(26)
    for column in range(20):
        closes[100 + column :, column] *= 1.7 + 0.01 * column
    jumps = [one for one in examine(dates, closes) if one.kind == "jump"]
    assert len(jumps) == 20
    (line,) = limit_findings(jumps)
    worst = max(jumps, key=lambda one: one.size)
    assert line.message.startswith("20 findings of the kind jump (")
    assert line.message.endswith(f"and 12 more), the worst is {worst.message}")
    assert list(limit_findings(jumps[:MAX_FINDINGS_PER_KIND])) == jumps[:MAX_FINDINGS_PER_KIND]
    closes[5, :20] = -1.0
    assert len([one for one in limit_findings(examine(dates, closes)) if one.kind == "not_a_price"]) == 20


def test_errors_come_first() -> None:
    """The order is errors, warnings, notes."""
    dates, closes = clean()
    closes[:50, 0] = np.nan
    closes[200, 1] = -1.0
    order = [one.severity for one in examine(dates, closes)]
    assert order == sorted(order, key=("error", "warning", "note").index)
    assert order[0] == "error"


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_closes_are_examined(data: st.DataObject) -> None:
    """Whatever the numbers are, the gate answers with findings and never fails."""
    length = data.draw(st.integers(0, 40))
    dates = np.datetime64("2020-01-01") + np.array(
        data.draw(st.lists(st.integers(0, 60), min_size=length, max_size=length)), "int64"
    )
    cells = st.one_of(st.floats(), st.sampled_from([1.0, 100.0, 0.01, 2.0]))
    closes = np.array(data.draw(st.lists(cells, min_size=2 * length, max_size=2 * length))).reshape(length, 2)
    findings = examine(np.sort(dates) if data.draw(st.booleans()) else dates, closes, calendar=False)
    assert all(finding.message for finding in findings)


def test_real_prices(shared_data: Path) -> None:
    """In 71 real series there is no error; every real move over 60 % and the fund of bills are found."""
    import pyarrow.parquet as pq

    names = [name for name in pq.read_schema(shared_data / "prices.parquet").names if name != "date"]
    closes = Files(path=shared_data / "prices.parquet").load(PriceRequest(tuple(names)))
    findings = inspect_closes(closes, "XNYS", exchange_sessions("XNYS", closes.dates[0], closes.dates[-1]))
    assert not [one for one in findings if one.severity == "error"]
    assert {"jump", "split", "spike", "stale", "near_constant", "survivors", "late_listing"} == {
        one.kind for one in findings
    }
    assert [one.ticker for one in findings if one.kind == "near_constant"] == ["BIL"]
    moves = {(one.ticker, str(one.date)) for one in findings if one.kind in {"jump", "split"}}
    assert {("ASTS", "2024-05-16"), ("VKTX", "2015-12-28"), ("VKTX", "2018-05-31"), ("RXRX", "2023-07-12")} <= moves


def test_real_splits_in_raw_prices(shared_data: Path) -> None:
    """Raw closes of IWM halve on its split day; the file states that, so that only a source that does not is warned."""
    closes = Files(path=shared_data / "raw.parquet").load(PriceRequest(("IWM", "SPY", "MMSI")))
    assert ("split", "warning") not in {(one.kind, one.severity) for one in inspect_closes(closes, "XNYS", None)}
    unsaid = dataclasses.replace(closes, splits=None)
    splits = {(one.ticker, str(one.date)) for one in inspect_closes(unsaid, "XNYS", None) if one.kind == "split"}
    assert splits >= {("IWM", "2005-06-09"), ("MMSI", "2011-05-06")}


def test_real_delistings(shared_data: Path) -> None:
    """Companies that were bought or went bankrupt are reported as ended on their last day."""
    closes = Files(path=shared_data / "delisted").load(PriceRequest(("Avaya", "First", "NYSE", "Catalent")))
    ended = {one.ticker: str(one.date) for one in inspect_closes(closes, "XNYS", None) if one.kind == "ended"}
    assert ended == {"Avaya": "2023-03-10", "First": "2019-07-26", "NYSE": "2013-11-12"}


def at_frequencies(**columns: np.ndarray) -> tuple[Finding, ...]:
    """Inspect lognormal closes of tickers on their own dates, each with its frequency."""
    rng = np.random.default_rng(5)
    series = {
        name: CloseSeries(dates, 100.0 * np.exp(rng.normal(0.0, 0.01, len(dates)).cumsum()))
        for name, dates in columns.items()
    }
    closes = combine_series(series, PriceRequest(tuple(series)), Provenance("test", "adjusted"), "USD")
    return inspect_closes(read_frequencies(closes), "XNYS", exchange_sessions("XNYS", START, END))


def test_months_weeks_and_coins_keep_no_calendar_of_an_exchange() -> None:
    """Clean closes of any frequency, alone or beside daily ones, have no gaps, weekends, ends or too few rows."""
    days = np.arange(START, END + 1)
    sessions = exchange_sessions("XNYS", START, END)
    month_ends = days[np.append(np.diff(days.astype("datetime64[M]").astype(int)) != 0, [True])]
    week_ends = sessions[np.append(np.diff((sessions.astype(int) + 3) // 7) != 0, [True])]
    for found in (
        at_frequencies(MONTH=month_ends),
        at_frequencies(COIN=days),
        at_frequencies(DAY=sessions, COIN=days, MONTH=month_ends, WEEK=week_ends),
    ):
        assert {finding.kind for finding in found} <= {"survivors", "late_listing"}


def test_what_is_missing_is_counted_by_the_frequency_of_the_closes() -> None:
    """A month without a close is one gap, a weekend without one are two of a seven-day column."""
    days = np.arange(START, END + 1)
    month_ends = days[np.append(np.diff(days.astype("datetime64[M]").astype(int)) != 0, [True])]
    coin = days[(days != np.datetime64("2020-05-02")) & (days != np.datetime64("2020-05-03"))]
    found = {
        one.ticker: one.message
        for one in at_frequencies(COIN=coin, MONTH=np.delete(month_ends, 7))
        if one.kind == "gap"
    }
    assert "1 of 24 sessions" in found["MONTH"]
    assert "2020-08-31" in found["MONTH"]
    assert "2 of 730 sessions" in found["COIN"]


@pytest.mark.parametrize(("every", "reported"), [(1, True), (63, False)])
def test_a_yearly_dividend_on_every_row_is_reported(every: int, reported: bool) -> None:
    """A dollar at every close of about 100 would be 250 % a year; one a quarter is a dividend."""
    dates, closes = clean(1)
    dividends = np.zeros_like(closes)
    dividends[::every] = 1.0
    found = Closes(dates, ("AAA",), closes, ("USD",), Provenance("test", "raw"), dividends=dividends)
    assert ("dividends" in kinds(inspect_closes(found, "XNYS", None))) == reported
