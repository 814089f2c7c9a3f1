"""Universe: the stocks a strategy may choose from, with sector, brokers and the user's own tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from engine.core.did_you_mean import did_you_mean
from engine.core.errors import shorten
from engine.core.fields import ConfigModel, Date, FieldFault, Ticker, file_faults, raise_faults, validates_fields
from engine.core.validation import validate
from engine.core.yaml_document import read_document
from engine.data.csv_reader import resolve_file

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
        twice = sorted({str(word) for word in value if value.count(word) > 1})
        raise_faults([((), f"'{twice[0]}' stands there twice; keep one of the two")] if twice else [])
    return value


ShortLabel: TypeAlias = Annotated[str, BeforeValidator(_parse_label)]
"""Printable text of at most 80 characters."""

ShortLabels: TypeAlias = Annotated[tuple[ShortLabel, ...], BeforeValidator(_check_list)]
"""A list of labels, none of them twice."""


class Stock(ConfigModel):
    """One name of a universe.

    ``brokers``: where it can be bought; ``listed_since``: its first session, information only, for eligibility is read
    from the prices; ``tags``: the user's own words for it.
    """

    ticker: Ticker
    name: ShortLabel
    sector: ShortLabel
    brokers: ShortLabels
    listed_since: Date | None = None
    tags: ShortLabels = ()


class Universe(ConfigModel):
    """The names a plan may choose from. Whatever it answers is in ticker order, however the file is ordered."""

    names: tuple[Stock, ...]

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
    def sectors(self) -> Mapping[str, tuple[str, ...]]:
        """The tickers of each sector."""
        return {
            sector: tuple(ticker for ticker, stock in self._stocks.items() if stock.sector == sector)
            for sector in self._known["sector"]
        }

    def tickers_where(self, available_at: Iterable[str] = (), tags: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the tickers that are available at every one of the brokers and have every one of the tags."""
        brokers, wanted = set(available_at), set(tags)
        return tuple(
            ticker
            for ticker, stock in self._stocks.items()
            if brokers <= set(stock.brokers) and wanted <= set(stock.tags)
        )

    def unknown_value_faults(self, aspect: StockAttribute, words: Iterable[str]) -> Iterator[tuple[int, str]]:
        """Yield place in ``words`` and ``message; remedy`` of each that no name of this universe has."""
        known = self._known[aspect]
        for at, word in enumerate(words):
            if word not in known:
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
        seen: set[str] = set()
        for at, stock in enumerate(self.names):
            if stock.ticker in seen:
                yield ("names", at, "ticker"), f"{stock.ticker} stands in the universe twice; keep one of the two"
            seen.add(stock.ticker)


def _read_universe(value: object) -> object:
    """Read the universe that a path names; the file's own faults are told at the path, each with its file and line."""
    if isinstance(value, str):
        with file_faults():
            value = validate(Universe, read_document(resolve_file(value)))
    return value


UniverseOrPath: TypeAlias = Annotated[Universe, BeforeValidator(_read_universe, json_schema_input_type=str | Universe)]
"""A universe written out, or the path of a YAML file with its content; read back it is always written out."""
