"""A dated list of names as a CSV: ticker, first and last day, under the headings that published lists have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from engine.core.did_you_mean import did_you_mean
from engine.core.errors import DataError
from engine.core.yaml_document import Document, KeyPath, Tree
from engine.data.csv_reader import parse_csv, read_bytes

_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "ticker": ("ticker", "symbol", "ticker symbol"),
    "from": ("from", "start", "start date", "added", "date added", "added date", "entry date", "first day"),
    "to": ("to", "end", "end date", "thru", "removed", "date removed", "removed date", "exit date", "last day"),
    "name": ("name", "security", "company", "company name"),
    "sector": ("sector", "gics sector"),
}
"""Accepted headings of each key, in any case; an underscore or hyphen counts as a space."""

_REQUIRED: Final = ("ticker", "from", "to")

NO_SECTOR: Final = "none given"
"""The sector of names whose list has none."""


def read_csv_document(path: str) -> Document:
    """Return the rows of the CSV at ``path`` as the entries of a universe, each on its own line.

    A row without a last day is still a member, one without a first day always was. Raises DataError when a column
    is missing or two mean the same; further columns are ignored.
    """
    rows = parse_csv(path, read_bytes(path))
    places = _find_columns(f"{path}:1", rows.header)
    lines: dict[KeyPath, int] = {(): 1, ("names",): 1}
    names: list[Tree] = []
    for at, (line, row) in enumerate(zip(rows.lines, rows.cells, strict=True)):
        entry: dict[str, Tree] = {key: row[place] for key, place in places.items() if row[place]}
        entry.setdefault("ticker", "")
        entry.setdefault("name", entry["ticker"] or "nameless")
        entry.setdefault("sector", NO_SECTOR)
        names.append({**entry, "brokers": []})
        lines |= {("names", at): line} | {("names", at, key): line for key in _HEADINGS}
    return Document(path, {"names": names}, lines)


def _find_columns(where: str, header: Sequence[str]) -> dict[str, int]:
    """Return the column of every key that has one."""
    plain = [" ".join(column.lower().replace("_", " ").replace("-", " ").split()) for column in header]
    found: dict[str, int] = {}
    faults: list[str] = []
    for key, accepted in _HEADINGS.items():
        columns = [at for at, column in enumerate(plain) if column in accepted]
        if len(columns) > 1:
            twice = " and ".join(f"'{header[at]}'" for at in columns)
            faults.append(f"{where}: columns {twice} both mean {key}; remove one")
        elif columns:
            found[key] = columns[0]
        elif key in _REQUIRED:
            nearest = next((at for word in accepted for at, one in enumerate(plain) if _is_near(word, one)), None)
            expected = f"expected one of {', '.join(accepted)}"
            remedy = f"did you mean '{header[nearest]}'?" if nearest is not None else "add it"
            remedy += "" if key == "ticker" or nearest is not None else ", its cells empty where there is no such day"
            faults.append(f"{where}: column '{key}' is missing, {expected}; {remedy}")
    if faults:
        raise DataError(*faults)
    return found


def _is_near(word: str, column: str) -> bool:
    every = {one for accepted in _HEADINGS.values() for one in accepted}
    return column not in every and did_you_mean(word, [column], otherwise="") != ""
