"""A universe whose names join and leave: membership by day, CSV files as published, and what is wrong in them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from engine.data.research.universe import Universe
from tests.support.research import message, reread, research_config, written

ENTRY = "- {{ticker: {0}, name: a, sector: x, brokers: [b]{1}}}\n"
CSV = "ticker,start_date,end_date\nA,2010-01-04,2012-06-29\nB,,2011-03-31\nA,2014-02-03,\nC,2011-01-03,\n"


def universe_of(folder: Path, text: str, name: str = "u.csv") -> Universe:
    universe = research_config(f"universe: {written(folder / name, text)}").universe
    assert universe is not None
    return universe


def members(universe: Universe, day: str) -> str:
    return "".join(one for one in universe.tickers if universe.is_member(one, dt.date.fromisoformat(day)))


@pytest.mark.parametrize(
    "header",
    ["ticker,start_date,end_date", "Symbol,Date Added,Date-Removed", "TICKER,from,to", "ticker,added,removed"],
)
def test_a_published_list_is_read_under_its_own_headings(header: str, tmp_path: Path) -> None:
    """The first and the last day belong to a membership; an empty cell has no limit; A left and came back."""
    universe = universe_of(tmp_path, CSV.replace("ticker,start_date,end_date", header))
    assert universe.tickers == ("A", "B", "C")
    assert universe.is_dated
    days = ["2009-12-31", "2010-01-04", "2011-03-31", "2011-04-01", "2012-06-29", "2012-06-30", "2014-02-03"]
    assert [members(universe, day) for day in days] == ["B", "AB", "ABC", "AC", "AC", "C", "AC"]
    assert universe.last_day("A", dt.date(2013, 1, 1)) == dt.date(2012, 6, 29)
    assert universe.last_day("A", dt.date(2012, 6, 29)) is None


def test_a_yaml_says_the_same_as_a_csv_and_reads_back(tmp_path: Path) -> None:
    """Names, sectors and brokers are what a CSV may lack; the dates are the same ones."""
    text = "names:\n" + "".join(
        ENTRY.format(ticker, span)
        for ticker, span in [
            ("A", ", from: 2010-01-04, to: 2012-06-29"),
            ("B", ", to: 2011-03-31"),
            ("A", ", from: 2014-02-03"),
            ("C", ", from: 2011-01-03"),
        ]
    )
    universe = universe_of(tmp_path, text, "u.yaml")
    assert universe.memberships == universe_of(tmp_path, CSV).memberships
    config = research_config(f"universe: {tmp_path / 'u.csv'}")
    assert reread(config) == config


def test_a_list_without_dates_is_not_dated_and_has_its_names_every_day(tmp_path: Path) -> None:
    """What was written before there were dates means what it meant."""
    universe = universe_of(tmp_path, "names:\n" + ENTRY.format("A", ""), "u.yaml")
    assert not universe.is_dated
    assert members(universe, "1900-01-01") == "A"


def test_bare_tickers_in_the_plan_or_a_file_are_names_without_dates(tmp_path: Path) -> None:
    """A list of tickers needs no further key, column or heading."""
    lists = {"u.csv": "ticker\nKO\nMSFT\n", "u.txt": "KO\nMSFT\n", "u.yaml": "names: [KO, MSFT]\n"}
    lists["v.csv"] = "Symbol,Sector\nKO,none given\nMSFT,none given\n"
    inline = research_config("universe: [KO, MSFT]")
    assert inline.universe is not None
    assert inline.universe.tickers == ("KO", "MSFT")
    assert not inline.universe.is_dated
    assert reread(inline) == inline
    assert all(universe_of(tmp_path, text, name) == inline.universe for name, text in lists.items())


def test_a_fault_of_bare_tickers_is_told_at_its_place(tmp_path: Path) -> None:
    """In the plan at the list's entry, in a file at its line."""
    assert "plan.yaml:1: universe.1: 'a b' is not a ticker" in message("universe: [KO, a b]")
    assert "plan.yaml:1: universe: 'KO' stands there twice" in message("universe: [KO, KO]")
    assert "universe.names: no names in it" in message("universe: []")
    bare, misspelt = written(tmp_path / "u.txt", "KO\na b"), written(tmp_path / "v.csv", "tickr\nKO")
    assert "u.txt:2: ticker: 'a b' is not a ticker" in message(f"universe: {bare}")
    misspelt = message(f"universe: {misspelt}")
    assert "v.csv:1: column 'ticker' is missing" in misspelt
    assert "did you mean 'tickr'?" in misspelt


def test_further_columns_are_ignored_and_a_sector_is_read(tmp_path: Path) -> None:
    """A list as an encyclopedia has it: more columns than are needed."""
    universe = universe_of(tmp_path, "Symbol,Security,GICS Sector,CIK,added,removed\nA,Alpha,Energy,1,2010-01-04,\n")
    assert universe.sectors == {"Energy": ("A",)}
    assert universe.names[0].name == "Alpha"


SNAPSHOTS = 'date,tickers\n2010-01-04,"A,BRK.B,C"\n2010-06-01,"BRK.B,C,D"\n2011-01-03,"A,C,D"\n'


def test_a_list_of_a_day_and_all_its_tickers_is_read_as_memberships(tmp_path: Path) -> None:
    """As published for indices: each name from the first row that has it to the day before the next that has not."""
    universe = universe_of(tmp_path, SNAPSHOTS)
    spans = {name: [tuple(map(str, span)) for span in own] for name, own in universe.memberships.items()}
    assert spans == {
        "A": [("2010-01-04", "2010-05-31"), ("2011-01-03", "9999-12-31")],
        "BRK.B": [("2010-01-04", "2011-01-02")],
        "C": [("2010-01-04", "9999-12-31")],
        "D": [("2010-06-01", "9999-12-31")],
    }
    for header, cell in (("Day,Constituents", "A;BRK.B;C"), ("date,symbols", "A BRK.B  C")):
        other = SNAPSHOTS.replace("date,tickers", header).replace('"A,BRK.B,C"', cell)
        assert universe_of(tmp_path, other).memberships == universe.memberships
    config = research_config(f"universe: {tmp_path / 'u.csv'}")
    assert reread(config) == config


FAULTS = {
    "overlap": (
        CSV.replace("2014-02-03", "2012-06-29"),
        ":4: from: A is a member twice from 2012-06-29 to 2012-06-29; end one membership before the next begins",
    ),
    "no end": (
        CSV.replace("2012-06-29", ""),
        ":4: from: A is a member twice from 2014-02-03 to today; end one membership before the next begins",
    ),
    "backwards": (
        CSV.replace("2012-06-29", "2009-06-29"),
        ":2: to: A leaves on 2009-06-29, before it joins on 2010-01-04; swap the two dates",
    ),
    "date": (CSV.replace("2011-03-31", "31.3.2011"), ":3: to: '31.3.2011' is not a date"),
    "ticker": (CSV.replace("C,", "c d,"), ":5: ticker: 'c d' is not a ticker"),
    "no ticker": (CSV.replace("C,", ","), ":5: ticker: '' is not a ticker"),
    "column": (CSV.replace("end_date", "end_dat"), ":1: column 'to' is missing, expected one of to, end, end date"),
    "near": (CSV.replace("end_date", "end_dat"), "did you mean 'end_dat'?"),
    "none": (CSV.replace("end_date", "weight"), "add it, its cells empty where there is no such day"),
    "maybe days": (
        "ticker,joined\nA,2010-01-04\n",
        "there is no such day; an undated list has only ticker, name, sector",
    ),
    "two": (
        CSV.replace("ticker,", "added,ticker,")
        .replace("\nA,", "\n,A,")
        .replace("\nB,", "\n,B,")
        .replace("\nC,", "\n,C,"),
        ":1: columns 'added' and 'start_date' both mean from; remove one",
    ),
    "changes": (
        "date,added,removed\n2010-01-04,A,B\n",
        ":1: column 'ticker' is missing, expected one of ticker, symbol, ticker symbol; add it",
    ),
    "snapshot order": (
        SNAPSHOTS.replace("2011-01-03", "2010-06-01"),
        ":4: date: 2010-06-01 is not after 2010-06-01; sort the rows, one for each day",
    ),
    "snapshot date": (SNAPSHOTS.replace("2010-06-01", "1.6.2010"), ":3: date: '1.6.2010' is not a date"),
    "snapshot ticker": (SNAPSHOTS.replace("D", "$"), ":3: ticker: '$' is not a ticker"),
    "snapshot empty": (SNAPSHOTS.replace('"A,C,D"', ""), ":4: no tickers on 2011-01-03; write them into one cell"),
    "ragged": (CSV + "D,2010-01-04\n", ":6: found 2 cells, expected 3 as in the header"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_of_the_list_is_told_with_its_line(case: str, tmp_path: Path) -> None:
    """One located line each, below the key that names the file."""
    text, expected = FAULTS[case]
    faults = message(f"name: plan\nuniverse: {written(tmp_path / 'u.csv', text)}")
    assert f"plan.yaml:2: universe: {tmp_path / 'u.csv'}:" in faults
    assert expected in faults
