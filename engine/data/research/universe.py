"""Universe: the stocks a strategy may choose from, with sector, brokers and the user's own tags."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from engine.core.did_you_mean import did_you_mean
from engine.core.errors import ConfigError, DataError, shorten
from engine.core.fields import ConfigModel, Date, FieldFault, Ticker, file_faults, raise_faults, validates_fields
from engine.core.validation import validate
from engine.core.yaml_document import read_document
from engine.data.csv_reader import Day, resolve_file, to_date
from engine.data.research.universe_csv import MAX_NAMES, plain_entry, read_csv_document

_MAX_LABEL_CHARACTERS = 80

StockAttribute: TypeAlias = Literal["ticker", "sector", "broker", "tag"]
"""What of a name a strategy can ask for."""


def _parse_label(value: object) -> str:
    if isinstance(value, str) and 0 < len(value.strip()) <= _MAX_LABEL_CHARACTERS and value.isprintable():
        return value.strip()
    message = "{found} is not a label; write 1 to {most} printable characters"
    raise PydanticCustomError("label", message, {"found": shorten(repr(value), 60), "most": _MAX_LABEL_CHARACTERS})


def _check_list(value: object) -> object:
    if isinstance(value, str):
        context = {"found": shorten(repr(value), 60), "inner": shorten(value.strip(), 60)}
        raise PydanticCustomError("list", "expected a list, found {found}; write [{inner}]", context)
    if isinstance(value, list | tuple):
        seen = Counter(map(str, value))
        twice = sorted(word for word, count in seen.items() if count > 1)
        raise_faults([((), f"'{twice[0]}' stands there twice; keep one of the two")] if twice else [])
    return value


ShortLabel: TypeAlias = Annotated[str, BeforeValidator(_parse_label)]
"""Printable text of at most 80 characters."""

ShortLabels: TypeAlias = Annotated[tuple[ShortLabel, ...], BeforeValidator(_check_list)]
"""A list of labels, none of them twice."""


class Stock(ConfigModel):
    """One name of a universe, or one of its memberships.

    ``brokers``: where it can be bought; ``listed_since``: its first session, information only, for eligibility is read
    from the prices; ``tags``: the user's own words for it; ``from`` and ``to``: the first and last day on which it
    belongs to the universe, without limit where one is left out.
    """

    ticker: Ticker
    name: ShortLabel
    sector: ShortLabel
    brokers: ShortLabels
    listed_since: Date | None = None
    tags: ShortLabels = ()
    since: Date | None = Field(default=None, alias="from")
    until: Date | None = Field(default=None, alias="to")

    @property
    def span(self) -> tuple[dt.date, dt.date]:
        """The first and the last day of its membership."""
        return self.since or dt.date.min, self.until or dt.date.max

    @validates_fields
    def _span_faults(self) -> Iterator[FieldFault]:
        first, last = self.span
        if first > last:
            yield ("to",), f"{self.ticker} leaves on {last}, before it joins on {first}; swap the two dates"


def _complete_ticker(value: object) -> object:
    return plain_entry(value) if isinstance(value, str) else value


class Universe(ConfigModel):
    """The names a plan may choose from. Whatever it answers is in ticker order, however the file is ordered.

    A ticker that left and came back has an entry for each membership; their dates do not overlap. A bare ticker is a
    name of which no more is known.
    """

    names: tuple[Annotated[Stock, BeforeValidator(_complete_ticker, json_schema_input_type=Ticker | Stock)], ...] = (
        Field(max_length=MAX_NAMES)
    )

    @property
    def tickers(self) -> tuple[str, ...]:
        """Every ticker."""
        return tuple(self._stocks)

    @property
    def brokers(self) -> tuple[str, ...]:
        """Every broker at which at least one name can be bought."""
        return self._known["broker"]

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag that at least one name has."""
        return self._known["tag"]

    @cached_property
    def is_dated(self) -> bool:
        """Whether the membership of any name begins or ends."""
        return any(stock.since or stock.until for stock in self.names)

    def is_member(self, ticker: str, day: Day) -> bool:
        """Return whether ``ticker`` belongs to the universe on ``day``, the first and last day included."""
        asked = to_date(day)
        return any(first <= asked <= last for first, last in self.memberships.get(ticker, ()))

    def last_day(self, ticker: str, day: Day) -> dt.date | None:
        """Return when the last membership of ``ticker`` ended that is over on ``day``; None where there is none."""
        asked = to_date(day)
        return max((last for _, last in self.memberships.get(ticker, ()) if last < asked), default=None)

    @cached_property
    def memberships(self) -> Mapping[str, tuple[tuple[dt.date, dt.date], ...]]:
        """The first and last day of every membership, by ticker, in order of time."""
        found: dict[str, list[tuple[dt.date, dt.date]]] = {ticker: [] for ticker in self._stocks}
        for stock in self.names:
            found[stock.ticker].append(stock.span)
        return {ticker: tuple(sorted(spans)) for ticker, spans in found.items()}

    @cached_property
    def sectors(self) -> Mapping[str, tuple[str, ...]]:
        """The tickers of each sector."""
        found: dict[str, list[str]] = {sector: [] for sector in self._known["sector"]}
        for ticker, stock in self._stocks.items():
            found[stock.sector].append(ticker)
        return {sector: tuple(tickers) for sector, tickers in found.items()}

    def tickers_where(self, available_at: Iterable[str] = (), tags: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the tickers that are available at every one of the brokers and have every one of the tags."""
        brokers, wanted = set(available_at), set(tags)
        there = {s.ticker for s in self.names if brokers <= set(s.brokers) and wanted <= set(s.tags)}
        return tuple(ticker for ticker in self._stocks if ticker in there)

    def unknown_value_faults(self, aspect: StockAttribute, words: Iterable[str]) -> Iterator[tuple[int, str]]:
        """Yield place in ``words`` and ``message; remedy`` of each that no name of this universe has."""
        known = self._known[aspect]
        there = frozenset(known)
        for at, word in enumerate(words):
            if word not in there:
                remedy = did_you_mean(word, known) if known else f"no name in it has a {aspect}"
                yield at, f"the universe has no {aspect} '{word}'; {remedy}"

    @cached_property
    def _stocks(self) -> Mapping[str, Stock]:
        return {stock.ticker: stock for stock in sorted(self.names, key=lambda stock: stock.ticker)}

    @cached_property
    def _known(self) -> Mapping[StockAttribute, tuple[str, ...]]:
        return {
            "ticker": tuple(self._stocks),
            "sector": tuple(sorted({stock.sector for stock in self.names})),
            "broker": tuple(sorted({broker for stock in self.names for broker in stock.brokers})),
            "tag": tuple(sorted({tag for stock in self.names for tag in stock.tags})),
        }

    @validates_fields
    def _name_faults(self) -> Iterator[FieldFault]:
        if not self.names:
            yield ("names",), "no names in it; list at least one stock"
        entries: dict[str, list[int]] = {}
        for at, stock in enumerate(self.names):
            entries.setdefault(stock.ticker, []).append(at)
        for places in entries.values():
            yield from self._repeat_faults(places)

    def _repeat_faults(self, places: list[int]) -> Iterator[FieldFault]:
        """Yield what several entries of one ticker contradict each other in."""
        for before, after in pairwise(sorted(places, key=lambda at: self.names[at].span)):
            one, other = self.names[before], self.names[after]
            later = max(before, after)
            if not any((one.since, one.until, other.since, other.until)):
                yield ("names", later, "ticker"), f"{one.ticker} stands in the universe twice; keep one of the two"
            elif other.span[0] <= one.span[1]:
                overlap = f"{one.ticker} is a member twice from {_words(other.since)} to "
                overlap += _words(min(one.until or dt.date.max, other.until or dt.date.max))
                yield ("names", later, "from"), f"{overlap}; end one membership before the next begins"
            if one.sector != other.sector:
                differ = f"{one.ticker} is '{one.sector}' and '{other.sector}'"
                yield ("names", later, "sector"), f"{differ}; give it one sector"


def _words(day: dt.date | None) -> str:
    return "the beginning" if day is None else "today" if day == dt.date.max else day.isoformat()


def _read_universe(value: object) -> object:
    """Read the universe that tickers or a path name; a file's faults are told at its path, with file and line."""
    if isinstance(value, list | tuple):
        return {"names": _check_list(value)}
    if isinstance(value, str):
        with file_faults():
            return read_universe(value)
    return value


def read_universe(path: str) -> Universe:
    """Return the universe of a YAML file or CSV; raises ConfigError or DataError with file and line."""
    place = resolve_file(path)
    if place.suffix.lower() not in {"", ".yaml", ".yml", ".json", ".csv", ".txt"}:
        expected = "expected .yaml, .csv or .txt"
        raise DataError(f"{path}: found the ending '{place.suffix}', {expected}; convert the file")
    if place.suffix.lower() not in {".csv", ".txt"}:
        return validate(Universe, read_document(place))
    try:
        return validate(Universe, read_csv_document(path))
    except ConfigError as error:  # a row has a line and a column, no place in a list
        raise ConfigError([replace(one, path=one.path.split(".")[-1]) for one in error.faults]) from None


UniverseOrPath: TypeAlias = Annotated[Universe, BeforeValidator(_read_universe, json_schema_input_type=str | Universe)]
"""A universe written out, or the path of a YAML file or CSV with its content; read back it is always written out."""

UniverseOrTickers: TypeAlias = Annotated[
    Universe, BeforeValidator(_read_universe, json_schema_input_type=str | Universe | list[Ticker])
]
"""The same, or no more than its tickers."""
