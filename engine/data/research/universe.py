"""Universe: the stocks a plan may choose from, with sector, brokers and the user's own tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError

from engine.core.errors import ConfigError, DataError, shortened
from engine.core.fields import Choice, Date, Ticker, refuse
from engine.core.validation import closest, validated
from engine.core.yaml_document import read
from engine.data.research.csv_reader import located

_LONGEST = 80

Aspect: TypeAlias = Literal["ticker", "sector", "broker", "tag"]
"""What of a name a strategy can ask for."""


def _label(value: object) -> str:
    if isinstance(value, str) and 0 < len(value.strip()) <= _LONGEST and value.isprintable():
        return value.strip()
    words = "{found} is not a label; write 1 to {most} printable characters"
    raise PydanticCustomError("label", words, {"found": shortened(repr(value), 60), "most": _LONGEST})


def _listed(value: object) -> object:
    if isinstance(value, str):
        raise PydanticCustomError(
            "list",
            "expected a list, found {found}; write [{inner}]",
            {"found": shortened(repr(value), 60), "inner": shortened(value.strip(), 60)},
        )
    if isinstance(value, list | tuple):
        twice = sorted({str(word) for word in value if value.count(word) > 1})
        refuse([((), f"'{twice[0]}' stands there twice; keep one of the two")] if twice else [])
    return value


Label: TypeAlias = Annotated[str, BeforeValidator(_label)]
"""Printable text of at most 80 characters."""

Labels: TypeAlias = Annotated[tuple[Label, ...], BeforeValidator(_listed)]
"""A list of labels, none of them twice."""


class Stock(Choice):
    """One name of a universe.

    ``brokers``: where it can be bought; ``listed_since``: its first session, information only, for eligibility is read
    from the prices; ``tags``: the user's own words for it.
    """

    ticker: Ticker
    name: Label
    sector: Label
    brokers: Labels
    listed_since: Date | None = None
    tags: Labels = ()


class Universe(Choice):
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

    def where(self, available_at: Iterable[str] = (), tags: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the tickers that are available at every one of the brokers and have every one of the tags."""
        brokers, wanted = set(available_at), set(tags)
        return tuple(
            ticker
            for ticker, stock in self._stocks.items()
            if brokers <= set(stock.brokers) and wanted <= set(stock.tags)
        )

    def unknown(self, aspect: Aspect, words: Iterable[str]) -> Iterator[tuple[int, str]]:
        """Yield place in ``words`` and ``message; remedy`` of each that no name of this universe has."""
        known = self._known[aspect]
        for at, word in enumerate(words):
            if word not in known:
                remedy = closest(word, known) if known else f"no name in it has a {aspect}"
                yield at, f"the universe has no {aspect} '{word}'; {remedy}"

    @cached_property
    def _stocks(self) -> Mapping[str, Stock]:
        return {stock.ticker: stock for stock in sorted(self.names, key=lambda stock: stock.ticker)}

    @cached_property
    def _known(self) -> Mapping[Aspect, tuple[str, ...]]:
        return {
            "ticker": tuple(self._stocks),
            "sector": tuple(sorted({stock.sector for stock in self.names})),
            "broker": tuple(sorted({broker for stock in self.names for broker in stock.brokers})),
            "tag": tuple(sorted({tag for stock in self.names for tag in stock.tags})),
        }

    @model_validator(mode="after")
    def _distinct(self) -> Universe:
        refuse([] if self.names else [(("names",), "no names in it; list at least one stock")])
        first: dict[str, int] = {}
        for at, stock in enumerate(self.names):
            first.setdefault(stock.ticker, at)
        refuse(
            (("names", at, "ticker"), f"{stock.ticker} stands in the universe twice; keep one of the two")
            for at, stock in enumerate(self.names)
            if first[stock.ticker] != at
        )
        return self


def _from_file(value: object) -> object:
    """Read the universe that a path names; the file's own faults are told at the path, each with its file and line."""
    if not isinstance(value, str):
        return value
    try:
        return validated(Universe, read(located(value)))
    except DataError as error:
        refuse(((), line) for line in error.args)
    except ConfigError as error:
        refuse(((), str(fault)) for fault in error.faults)
    return value  # pragma: no cover  (refuse raised)


AnyUniverse: TypeAlias = Annotated[Universe, BeforeValidator(_from_file, json_schema_input_type=str | Universe)]
"""A universe written out, or the path of a YAML file with its content; read back it is always written out."""
