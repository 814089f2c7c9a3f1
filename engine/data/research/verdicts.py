"""Verdicts: the user's own judgement of each satellite, dated, from a CSV or written into the config."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    PrivateAttr,
    RootModel,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from engine.core.did_you_mean import did_you_mean
from engine.core.errors import ConfigError, shorten
from engine.core.fields import ConfigModel, Date, Ticker, file_faults, raise_faults
from engine.core.validation import validate
from engine.core.yaml_document import Document
from engine.core.yaml_tree import KeyPath
from engine.data.csv_reader import Day, find_column_name, parse_csv, read_bytes, to_date

_CSV_COLUMNS = ("date", "ticker", "verdict")
_VERDICTS = ("intact", "broken")
MAX_VERDICTS: Final = 5000
"""Verdicts of one file."""
_LARGEST_UTC_OFFSET = dt.timedelta(hours=14)


def _refuse_future(day: dt.date) -> dt.date:
    """Refuse a day that has not begun anywhere on earth: nobody has judged it yet."""
    today = (dt.datetime.now(dt.UTC) + _LARGEST_UTC_OFFSET).date()
    if day > today:
        message = "future date: {day} is after today, {today}; date a verdict on the day it was made"
        raise PydanticCustomError("future", message, {"day": day.isoformat(), "today": today.isoformat()})
    return day


def _parse_verdict(value: object) -> object:
    word = value.strip().lower() if isinstance(value, str) else value
    if word in _VERDICTS:
        return word
    remedy = did_you_mean(str(word), _VERDICTS, otherwise="write one of the two")
    context = {"found": shorten(repr(value), 60), "remedy": remedy}
    raise PydanticCustomError("verdict", "found {found}, expected intact or broken; {remedy}", context)


class Verdict(ConfigModel):
    """What the user thought of one satellite's thesis from ``date`` on."""

    date: Annotated[Date, AfterValidator(_refuse_future)]
    ticker: Ticker
    verdict: Annotated[Literal["intact", "broken"], BeforeValidator(_parse_verdict)]


def _check_distinct(entries: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    first: dict[tuple[str, dt.date], int] = {}
    raise_faults(
        ((at, "date"), f"{entry.ticker} has two verdicts on {entry.date}; keep one of the two")
        for at, entry in enumerate(entries)
        if first.setdefault((entry.ticker, entry.date), at) != at
    )
    return entries


_Entries: TypeAlias = Annotated[tuple[Verdict, ...], AfterValidator(_check_distinct)]


class _VerdictsFile(ConfigModel):
    """The rows of a CSV, to be validated as if they stood in a config."""

    rows: _Entries


class Verdicts(RootModel[_Entries]):
    """A list of ``{date, ticker, verdict}``, or ``{path: verdicts.csv}`` with these columns; read back always a list.

    ``verdict`` is ``intact`` or ``broken``, in any case; further columns of the CSV are ignored. Two verdicts on one
    ticker and day contradict each other, one of a day to come was not made: both are errors.
    """

    model_config = ConfigDict(frozen=True)

    _places: tuple[str, ...] = PrivateAttr(default=())  # file:line of each entry, when it came from a file

    @property
    def tickers(self) -> tuple[str, ...]:
        """Every ticker that a verdict is about, sorted."""
        return tuple(self._by_ticker)

    def is_intact(self, ticker: str, day: Day) -> bool | None:
        """Return whether the last verdict dated on or before ``day`` was ``intact``; None when there is none yet."""
        days, intact = self._by_ticker.get(ticker, ((), ()))
        count = bisect_right(days, to_date(day))
        return intact[count - 1] if count else None

    def unknown_ticker_faults(self, known: Iterable[str]) -> Iterator[tuple[KeyPath, str]]:
        """Yield keys below the verdicts and ``message; remedy`` of each verdict on a ticker that is not ``known``."""
        names = frozenset(known)
        for at, entry in enumerate(self.root):
            if entry.ticker not in names:
                message = f"a verdict on '{entry.ticker}', which is no satellite; {did_you_mean(entry.ticker, names)}"
                yield (("path",), f"{self._places[at]}: {message}") if self._places else ((at, "ticker"), message)

    @cached_property
    def _by_ticker(self) -> Mapping[str, tuple[tuple[dt.date, ...], tuple[bool, ...]]]:
        found: dict[str, list[Verdict]] = {}
        for entry in sorted(self.root, key=lambda entry: (entry.ticker, entry.date)):
            found.setdefault(entry.ticker, []).append(entry)
        return {
            ticker: (tuple(one.date for one in own), tuple(one.verdict == "intact" for one in own))
            for ticker, own in found.items()
        }

    def __eq__(self, other: object) -> bool:
        """Return whether both say the same, wherever they were read."""
        return isinstance(other, Verdicts) and self.root == other.root

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash(self.root)

    @model_validator(mode="wrap")
    @classmethod
    def _read_value(cls, value: object, handler: ModelWrapValidatorHandler[Verdicts]) -> Verdicts:
        if isinstance(value, str):
            message = f"expected a list of verdicts, found '{value}'; write {{path: verdicts.csv}} to name a file"
            raise_faults([((), message)])
        if not isinstance(value, Mapping):
            return handler(value)
        entries, places = _read_verdicts(value)
        verdicts = handler(entries)
        verdicts._places = places  # noqa: SLF001  (its own)
        return verdicts

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe both ways to write it."""
        path = {"type": "object", "required": ["path"], "properties": {"path": {"type": "string"}}}
        return {"anyOf": [{**path, "additionalProperties": False}, handler(core)]}


def _read_verdicts(value: Mapping[str, object]) -> tuple[tuple[Verdict, ...], tuple[str, ...]]:
    """Read the CSV that ``{path: ...}`` names: the verdicts and where each stands."""
    strange = [key for key in value if key != "path"]
    raise_faults(((key,), f"unknown key '{key}'; a file of verdicts is {{path: ...}}") for key in strange)
    path = value.get("path")
    if not isinstance(path, str):
        raise_faults([((), "the path of the verdicts is missing; write {path: verdicts.csv}")])
    with file_faults(("path",)):
        document = _csv_document(str(path))
        try:
            rows = validate(_VerdictsFile, document).rows
        except ConfigError as error:
            raise ConfigError([replace(one, path=one.path.split(".")[-1]) for one in error.faults]) from None
    return rows, tuple(document.locate(("rows", at)) for at in range(len(rows)))


def _csv_document(path: str) -> Document:
    rows = parse_csv(path, read_bytes(path), MAX_VERDICTS)
    places = {column: rows.header.index(find_column_name(f"{path}:1", rows.header, column)) for column in _CSV_COLUMNS}
    lines: dict[KeyPath, int] = {(): 1, ("rows",): 1}
    for at, line in enumerate(rows.lines):
        lines |= {("rows", at): line} | {("rows", at, column): line for column in _CSV_COLUMNS}
    return Document(path, {"rows": [{key: row[at] for key, at in places.items()} for row in rows.cells]}, lines)
