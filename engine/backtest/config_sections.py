"""The sections of a config: plain data, each checked by itself.

Sections that other rooms act on stand here as plain data, so that no import points upwards.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Generic, Literal, TypeVar

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from engine.analysis.published_comparison import Published
from engine.core.fields import (
    ConfigModel,
    Date,
    Exchange,
    FieldFault,
    PortfolioName,
    Switch,
    Ticker,
    validates_fields,
)
from engine.data.currency_codes import QuotedCurrency, StatedUnit, parse_currency
from engine.data.events import DividendUse
from engine.data.period_stamps import Stamps
from engine.data.portfolio_sessions import ReadFrequency
from engine.data.price_index import PriceIndex
from engine.data.sources import AnyFxSource, AnyPriceSource
from engine.data.sources.files import Files
from engine.data.sources.frame import Frame
from engine.data.sources.fx_rates import EcbRates
from engine.data.sources.rates import DatedRate
from engine.data.sources.sample import Sample

StrategyT = TypeVar("StrategyT")

MAX_BENCHMARKS: Final = 100
_HEADINGS: Final = ("strategy", "Strategy", "buy_and_hold", "Buy & hold", "date", "cash")
"""What columns of the results are called, in files and in tables."""


class Data(ConfigModel):
    """Where prices come from; ``calendar`` is the exchange whose sessions they are checked against.

    ``dividends`` of closes as traded are reinvested in what paid them (``reinvest``), kept until the next rebalance
    (``cash``), or invested at once (``towards_targets``); by default the first, the last where shares are whole (S16).
    ``currencies`` says by ticker in what its closes are quoted where the source does not; ``fx`` is whose rates convert
    them into the account's currency.
    ``frequency``: the one at which closes of a higher are read too, so that one portfolio may hold both (S1).
    ``stamps`` says whether dates of monthly, weekly or quarterly closes are sessions (``as_written``), or name the
    period that begins with them (``start_of_period``); by default the dates tell.
    """

    source: AnyPriceSource
    calendar: Exchange = "XNYS"
    dividends: DividendUse | None = None
    frequency: ReadFrequency | None = None
    stamps: Stamps | None = None
    currencies: Mapping[Ticker, QuotedCurrency] = Field(default_factory=dict)
    fx: AnyFxSource = EcbRates()

    @property
    def named_currencies(self) -> frozenset[str]:
        """What closes are quoted in as far as the config says, in whole units."""
        source = self.source
        named = [source.currency] if isinstance(source, Files | Frame) and source.currency else []
        sample = ["USD"] if isinstance(source, Sample) else []
        found = (parse_currency(text) for text in (*sample, *named, *self.currencies.values()))
        return frozenset(unit.currency for unit in found if unit)

    def stated_unit(self, ticker: str) -> StatedUnit:
        """Return what the config says of the currency of a ticker's closes, and by which key."""
        files = self.source if isinstance(self.source, Files | Frame) else None
        scaled = files is not None and files.scale is not None and files.values != "returns"
        if ticker in self.currencies:
            return StatedUnit(self.currencies[ticker], f"data.currencies.{ticker}", scaled)
        return StatedUnit((files and files.currency) or "", "data.source.currency", scaled)


class Window(ConfigModel):
    """First and last day of a run; a bound that is not given is the data's own."""

    start: Date | None = None
    end: Date | None = None

    @validates_fields
    def _order_faults(self) -> Iterator[FieldFault]:
        if self.start and self.end and self.end <= self.start:
            yield ("end",), f"end {self.end} is not after start {self.start}; correct one of them"


def _as_read(name: str) -> str:
    """Return what a reader tells names apart by: neither case, width, spaces nor what cannot be seen.

    >>> _as_read("Buy & Hold") == _as_read("buy_and_hold")
    True
    """
    seen = "".join(one for one in unicodedata.normalize("NFKC", name).casefold() if unicodedata.category(one) != "Cf")
    return "".join(seen.replace("&", "and").replace("_", " ").split())


def _separate_name(value: object) -> object:
    """Turn ``SPY`` and ``{name: 60/40, kind: fixed_mix, ...}`` into a name and a strategy."""
    if isinstance(value, str):
        return {"name": value, "strategy": {"kind": "buy_and_hold", "weights": {value: "100%"}}}
    if isinstance(value, dict) and "strategy" not in value:
        named = {"name": value["name"]} if "name" in value else {}
        return {**named, "strategy": {key: item for key, item in value.items() if key != "name"}}
    return value


class Benchmark(ConfigModel, Generic[StrategyT]):
    """A reference portfolio: a ticker bought and held, or a named strategy."""

    name: PortfolioName
    strategy: StrategyT

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe what stands in the file: a ticker, or a strategy's own keys with a name beside them."""
        handler(core)
        named = {"type": "object", "required": ["name", "kind"], "properties": {"name": {"type": "string"}}}
        return {"anyOf": [{"type": "string"}, named]}


class BuyAndHoldTerms(ConfigModel):
    """Whether buy-and-hold buys a name that lists late once, when the plan first does, or never (S18)."""

    late: Literal["buy_once", "never"] = "buy_once"


def _name_both_forms(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    """Say of what is neither a switch nor a mapping that it may be either."""
    try:
        return validate(value)
    except ValidationError:
        if isinstance(value, Mapping):
            raise
        message = "'{found}' is none of its forms; write true, false or {late: never}"
        raise PydanticCustomError("buy_and_hold", message, {"found": str(value)}) from None


class Compare(ConfigModel, Generic[StrategyT]):
    """What the strategy is set beside.

    ``buy_and_hold`` buys a name that lists late once; ``{late: never}`` leaves that out.
    ``risk_free`` is the annual effective rate of the Sharpe and Sortino ratios, or a dated series of it.
    ``inflation``: a file of consumer prices, for the chance of ending below them.
    """

    buy_and_hold: Annotated[Switch | BuyAndHoldTerms, WrapValidator(_name_both_forms)] = True
    benchmarks: tuple[Annotated[Benchmark[StrategyT], BeforeValidator(_separate_name)], ...] = Field(
        default=(), max_length=MAX_BENCHMARKS
    )
    risk_free: DatedRate = 0.0
    inflation: PriceIndex | None = None
    published: Published | None = None

    @property
    def late_purchases(self) -> bool:
        """Whether buy-and-hold buys names that list late."""
        return not isinstance(self.buy_and_hold, BuyAndHoldTerms) or self.buy_and_hold.late == "buy_once"

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        """Yield every name that reads as one that is taken already, and every printed figure of no portfolio."""
        taken = {_as_read(heading): heading for heading in _HEADINGS}
        for at, benchmark in enumerate(self.benchmarks):
            name = benchmark.name
            if first := taken.get(_as_read(name)):
                alike = f"'{name}' reads like '{first}', a heading of the results"
                fault = f"two portfolios are called '{name}'" if name == first else alike
                yield ("benchmarks", at), f"{fault}; give this benchmark another name"
            taken.setdefault(_as_read(name), name)
        names = {"strategy", "buy_and_hold", *(benchmark.name for benchmark in self.benchmarks)}
        known = ", ".join(sorted(names))
        for name in self.published.figures if self.published else ():
            if name not in names:
                message = f"figures for '{name}', which is not a portfolio of this run; known: {known}"
                yield ("published", "figures", name), message
