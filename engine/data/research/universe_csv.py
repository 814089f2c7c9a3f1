"""A dated list of names as a CSV, under the headings that published lists have.

A row is a ticker with its first and last day, or a day with all the tickers that belonged to the list from then on. A
list that has no days is read too: tickers under a heading, or one on each line.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Final

from engine.core.did_you_mean import did_you_mean
from engine.core.errors import DataError
from engine.core.yaml_document import Document
from engine.core.yaml_tree import KeyPath, Tree
from engine.data.csv_reader import CsvRows, parse_csv, read_bytes

_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "ticker": ("ticker", "symbol", "ticker symbol"),
    "from": ("from", "start", "start date", "added", "date added", "added date", "entry date", "first day"),
    "to": ("to", "end", "end date", "thru", "removed", "date removed", "removed date", "exit date", "last day"),
    "name": ("name", "security", "company", "company name"),
    "sector": ("sector", "gics sector"),
}
"""Accepted headings of each key, in any case; an underscore or hyphen counts as a space."""

_DAYS: Final = ("from", "to")
_UNDATED: Final = {heading for key in ("ticker", "name", "sector") for heading in _HEADINGS[key]}
"""Headings of a list without days: where another stands, its days may be in it."""

_SNAPSHOT_DAY: Final = ("date", "day")
_SNAPSHOT_NAMES: Final = ("tickers", "symbols", "constituents", "members", "components")
_SNAPSHOT: Final = (_SNAPSHOT_DAY, _SNAPSHOT_NAMES)
"""Accepted headings of a list that has a day and all its tickers in a row."""

MAX_NAMES: Final = 5000
"""Names, or memberships, of one universe."""
MAX_UNIVERSE_ROWS: Final = 20_000
"""Rows of its file: memberships, or days with all their names."""

NO_SECTOR: Final = "none given"
"""The sector of names whose list has none."""


def plain_entry(ticker: str) -> dict[str, Tree]:
    """Return the entry of a name of which a list says no more than its ticker."""
    return {"ticker": ticker, "name": ticker or "nameless", "sector": NO_SECTOR, "brokers": []}


def read_csv_document(path: str) -> Document:
    """Return the rows of the CSV at ``path`` as the entries of a universe, each on its own line.

    A row without a last day is still a member, one without a first day always was; so is every name of a list that has
    no columns but tickers, names and sectors, or one ticker on each line and no heading. Of a list that has all tickers
    of a day in one cell, a name belongs to it from the first row that has it to the day before the next that has not.
    Raises DataError when a column is missing, two mean the same, or days are out of order; further columns are ignored.
    """
    rows = parse_csv(path, read_bytes(path), MAX_UNIVERSE_ROWS)
    plain = [_plain(column) for column in rows.header]
    day, names = (next((at for at, one in enumerate(plain) if one in known), None) for known in _SNAPSHOT)
    if day is not None and names is not None:
        return _read_snapshots(path, rows, day, names)
    if len(plain) == 1 and plain[0] not in {*_HEADINGS["ticker"], *_SNAPSHOT_NAMES} and not _nearest("ticker", plain):
        rows = CsvRows(("ticker",), (1, *rows.lines), (rows.header, *rows.cells))
    return _read_spans(path, rows)


def _read_spans(path: str, rows: CsvRows) -> Document:
    places = _find_columns(f"{path}:1", rows.header)
    if len(rows.cells) > MAX_NAMES:
        raise _too_many(f"{path}:{rows.lines[MAX_NAMES]}", len(rows.cells))
    lines: dict[KeyPath, int] = {(): 1, ("names",): 1}
    names: list[Tree] = []
    for at, (line, row) in enumerate(zip(rows.lines, rows.cells, strict=True)):
        given: dict[str, Tree] = {key: row[place] for key, place in places.items() if row[place]}
        names.append(plain_entry(row[places["ticker"]]) | given)
        lines |= {("names", at): line} | {("names", at, key): line for key in _HEADINGS}
    return Document(path, {"names": names}, lines)


def _too_many(where: str, count: int) -> DataError:
    return DataError(f"{where}: {count:,} names or memberships, a universe has at most {MAX_NAMES:,}; leave some out")


def _read_snapshots(path: str, rows: CsvRows, day: int, names: int) -> Document:
    """Return the memberships that follow from who is in the list on which day."""
    days = _snapshot_days(path, rows, day)
    there: dict[str, tuple[dt.date, int]] = {}
    ended: list[tuple[str, dt.date, dt.date | None, int]] = []
    for first, line, row in zip(days, rows.lines, rows.cells, strict=True):
        members = {word for word in re.split(r"[,;|\s]+", row[names]) if word}
        if not members:
            raise DataError(f'{path}:{line}: no tickers on {first}; write them into one cell, as "AAPL,MSFT"')
        for ticker in sorted(there.keys() - members):
            since, at = there.pop(ticker)
            ended.append((ticker, since, first - dt.timedelta(days=1), at))
        there |= dict.fromkeys(members - there.keys(), (first, line))
        if (count := len(ended) + len(there)) > MAX_NAMES:
            raise _too_many(f"{path}:{line}", count)
    spans = sorted([*ended, *((ticker, since, None, at) for ticker, (since, at) in there.items())])
    lines: dict[KeyPath, int] = {(): 1, ("names",): 1}
    entries: list[Tree] = []
    for at, (ticker, since, until, line) in enumerate(spans):
        last: dict[str, Tree] = {"to": until.isoformat()} if until else {}
        entries.append({**plain_entry(ticker), "from": since.isoformat(), **last})
        lines |= {("names", at): line} | {("names", at, key): line for key in _HEADINGS}
    return Document(path, {"names": entries}, lines)


def _snapshot_days(path: str, rows: CsvRows, day: int) -> list[dt.date]:
    """Return the day of every row; raises DataError with the lines of those that are none, or not after the last."""
    days: list[dt.date] = []
    faults: list[str] = []
    for line, row in zip(rows.lines, rows.cells, strict=True):
        try:
            found = dt.date.fromisoformat(row[day])
        except ValueError:
            faults.append(f"{path}:{line}: date: '{row[day]}' is not a date; write year-month-day, as 2004-02-01")
            continue
        if days and found <= days[-1]:
            faults.append(f"{path}:{line}: date: {found} is not after {days[-1]}; sort the rows, one for each day")
        days.append(found)
    if faults:
        raise DataError(*faults)
    return days


def _plain(column: str) -> str:
    return " ".join(column.lower().replace("_", " ").replace("-", " ").split())


def _find_columns(where: str, header: Sequence[str]) -> dict[str, int]:
    """Return the column of every key that has one; raises DataError unless both days have theirs, or none can."""
    plain = [_plain(column) for column in header]
    found: dict[str, int] = {}
    faults: list[str] = []
    for key, accepted in _HEADINGS.items():
        columns = [at for at, column in enumerate(plain) if column in accepted]
        if len(columns) > 1:
            twice = " and ".join(f"'{header[at]}'" for at in columns)
            faults.append(f"{where}: columns {twice} both mean {key}; remove one")
        elif columns:
            found[key] = columns[0]
        elif key == "ticker" or (key in _DAYS and not _UNDATED.issuperset(plain)):
            nearest = _nearest(key, plain)
            expected = f"expected one of {', '.join(accepted)}"
            remedy = f"did you mean '{header[nearest[0]]}'?" if nearest else "add it"
            if key != "ticker" and not nearest:
                remedy += ", its cells empty where there is no such day; an undated list has only ticker, name, sector"
            faults.append(f"{where}: column '{key}' is missing, {expected}; {remedy}")
    if faults:
        raise DataError(*faults)
    return found


def _nearest(key: str, plain: Sequence[str]) -> list[int]:
    """Return the columns whose heading is nearly one of ``key``, the nearest to its first heading first."""
    return [at for word in _HEADINGS[key] for at, one in enumerate(plain) if _is_near(word, one)]


def _is_near(word: str, column: str) -> bool:
    every = {one for accepted in _HEADINGS.values() for one in accepted}
    return column not in every and did_you_mean(word, [column], otherwise="") != ""
