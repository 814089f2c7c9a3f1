"""RunConfig: YAML in, a validated run or all its faults out. Generic over the strategy catalogue."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from engine.analysis.bootstrap import Bootstrap
from engine.analysis.published_comparison import Published
from engine.core.fields import (
    ConfigModel,
    Date,
    DisplayText,
    Exchange,
    FieldFault,
    PortfolioName,
    Rate,
    Slug,
    Switch,
    validates_fields,
)
from engine.data.sources import AnyPriceSource
from engine.data.sources.rates import RateFile
from engine.portfolio.account import Account
from engine.portfolio.costs import AnyCosts, NoCosts

StrategyT = TypeVar("StrategyT")


class Data(ConfigModel):
    """Where prices come from; ``calendar`` is the exchange whose sessions they are checked against."""

    source: AnyPriceSource
    calendar: Exchange = "XNYS"


class Window(ConfigModel):
    """First and last day of a run; a bound that is not given is the data's own."""

    start: Date | None = None
    end: Date | None = None

    @validates_fields
    def _order_faults(self) -> Iterator[FieldFault]:
        if self.start and self.end and self.end <= self.start:
            yield ("end",), f"end {self.end} is not after start {self.start}; correct one of them"


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


class Compare(ConfigModel, Generic[StrategyT]):
    """What the strategy is set beside.

    ``risk_free`` is the annual effective rate of the Sharpe and Sortino ratios, or a dated series of it.
    """

    buy_and_hold: Switch = True
    benchmarks: tuple[Annotated[Benchmark[StrategyT], BeforeValidator(_separate_name)], ...] = ()
    risk_free: RateFile | Rate = 0.0
    bootstrap: Bootstrap = Bootstrap()
    published: Published | None = None

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        """Yield every name that is taken already, and every printed figure of no portfolio."""
        taken = {"strategy", "buy_and_hold", "date"}
        for at, benchmark in enumerate(self.benchmarks):
            if benchmark.name in taken:
                words = f"two portfolios are called '{benchmark.name}'; give this benchmark another name"
                yield ("benchmarks", at), words
            taken.add(benchmark.name)
        known = ", ".join(sorted(taken - {"date"}))
        for name in self.published.figures if self.published else ():
            if name not in taken:
                words = f"figures for '{name}', which is not a portfolio of this run; known: {known}"
                yield ("published", "figures", name), words


class RunConfig(ConfigModel, Generic[StrategyT]):
    """One run, every default spelled out."""

    name: Slug
    description: DisplayText = ""
    data: Data
    window: Window = Window()
    account: Account = Account()
    strategy: StrategyT
    costs: AnyCosts = NoCosts()
    compare: Compare[StrategyT] = Compare()

    def canonical(self) -> dict[str, object]:
        """Return the config as plain data, every default spelled out, that reads back as this config."""
        return to_plain_data(self)

    def sha256(self) -> str:
        """Return the SHA-256 of the canonical config as JSON."""
        return hashlib.sha256(json.dumps(self.canonical(), sort_keys=True).encode()).hexdigest()


def to_plain_data(model: BaseModel) -> dict[str, object]:
    """Return a model as JSON-ready data by its YAML names, benchmarks flat again, absent options left out."""
    data = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    return _flatten_benchmarks(data)


def _flatten_benchmarks(data: dict[str, object]) -> dict[str, object]:
    compare = data.get("compare")
    if isinstance(compare, dict):
        compare["benchmarks"] = [
            {"name": item["name"], **item["strategy"]} if "strategy" in item else item for item in compare["benchmarks"]
        ]
    return data
