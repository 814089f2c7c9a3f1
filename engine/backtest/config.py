"""RunConfig: YAML in, a validated run or all its faults out. Generic over the strategy catalogue."""

from __future__ import annotations

from typing import Generic, Self

from pydantic import BaseModel, Field

from engine.analysis.bootstrap import Evidence
from engine.backtest.config_sections import Compare, Data, StrategyT, Window
from engine.backtest.depot_sections import Identifiers, OrderRules
from engine.backtest.plan_identity import config_sha256
from engine.core.fields import ConfigModel, DisplayText, Slug
from engine.portfolio.account import Account
from engine.portfolio.costs import AnyCosts, NoCosts
from engine.tax.laws import AnyTax
from engine.tax.none import NoTax


class RunConfig(ConfigModel, Generic[StrategyT]):
    """One run, every default spelled out."""

    name: Slug
    description: DisplayText = ""
    data: Data
    window: Window = Window()
    account: Account = Account()
    strategy: StrategyT
    costs: AnyCosts = NoCosts()
    tax: AnyTax = NoTax()
    compare: Compare[StrategyT] = Compare()
    evidence: Evidence = Evidence()
    orders: OrderRules = OrderRules()
    identifiers: Identifiers = Field(default_factory=dict)

    @property
    def before_tax(self) -> Self:
        """The same config without taxes."""
        return self.model_copy(update={"tax": NoTax()})

    def canonical(self) -> dict[str, object]:
        """Return the config as plain data, every default spelled out, that reads back as this config."""
        return to_plain_data(self)

    def sha256(self) -> str:
        """Return the SHA-256 of what the canonical config says, with the content of the files that it names (S14)."""
        return config_sha256(self.canonical())


def to_plain_data(model: BaseModel) -> dict[str, object]:
    """Return a model as JSON-ready data by its YAML names, benchmarks flat again, absent options left out.

    So are ``tax`` of a run that is not taxed, and what orders are made by where nothing is said of it.
    """
    data = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    for key, default in (("orders", OrderRules()), ("identifiers", {})):
        if getattr(model, key, None) == default:
            data.pop(key, None)
    if isinstance(tax := data.get("tax"), dict) and tax.get("kind") == "none":
        del data["tax"]
    return _flatten_benchmarks(data)


def _flatten_benchmarks(data: dict[str, object]) -> dict[str, object]:
    compare = data.get("compare")
    if isinstance(compare, dict):
        compare["benchmarks"] = [
            {"name": item["name"], **item["strategy"]} if "strategy" in item else item for item in compare["benchmarks"]
        ]
    return data
