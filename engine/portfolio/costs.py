"""Cost models of one order, and brokers' tariffs, as a CostTable for the kernel.

The cost of an order of money ``x`` at price ``p`` is
``clip(fixed + rate x + per_share x / p, minimum, min(maximum, maximum_rate x)) + spread x``.
``fx`` is charged beside it on trades in another currency than the account's (S17), ``yearly`` by itself (S11). A fund's
own fee (TER) is inside its price and never charged here.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Annotated, Final, Literal, TypeAlias, cast

import numpy as np
from pydantic import AfterValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from engine.core.arrays import BoolArray
from engine.core.fields import (
    BasisPoints,
    ConfigModel,
    FieldFault,
    NonNegative,
    Positive,
    Weight,
    format_percent,
    validates_fields,
)
from engine.core.yaml_document import load_plain
from engine.portfolio.cost_table import CostTable


def _check_exchange_cost(share: float) -> float:
    if share > _DEAREST_EXCHANGE:
        message = (
            "{found} of the money is no cost of an exchange; write a share up to 10%, as 0.25%; rates are looked up"
        )
        raise PydanticCustomError("exchange_cost", message, {"found": format_percent(share)})
    return share


def _check_yearly_fee(share: float) -> float:
    if share > _DEAREST_CUSTODY:
        message = "{found} of the account a year is no fee of a bank; write a share up to 10%, as 0.1%"
        raise PydanticCustomError("yearly_fee", message, {"found": format_percent(share)})
    return share


_DEAREST_EXCHANGE: Final = 0.1
_DEAREST_CUSTODY: Final = 0.1
ExchangeCost: TypeAlias = Annotated[Weight, AfterValidator(_check_exchange_cost)]
"""A share of the money of a trade in another currency than the account's."""
YearlyFee: TypeAlias = Annotated[Weight, AfterValidator(_check_yearly_fee)]
"""What keeping the account costs a year, a share of its value (custody)."""


class NoCosts(ConfigModel):
    """Orders are free, but for the spread."""

    kind: Literal["none"] = "none"
    spread: BasisPoints = 0.0
    fx: ExchangeCost = 0.0
    yearly: YearlyFee = 0.0

    def describe(self) -> str:
        """Return what an order costs, in words."""
        return f"orders are free{_describe_extras(self)}"

    def cost_table(self, count: int, foreign: BoolArray | None = None) -> CostTable:
        """Return the costs of ``count`` assets, of which (N,) some are ``foreign``."""
        return _build_table(count, self, foreign)


class PercentCosts(ConfigModel):
    """Orders cost ``rate`` of the traded money, one way, opening purchase included."""

    kind: Literal["percent"] = "percent"
    rate: Weight
    spread: BasisPoints = 0.0
    fx: ExchangeCost = 0.0
    yearly: YearlyFee = 0.0

    def describe(self) -> str:
        """Return what an order costs, in words.

        >>> PercentCosts(rate="0.1%").describe()
        'orders cost 0.1 % of the money traded, the opening purchase included'
        """
        money = f"{format_percent(self.rate)} of the money traded"
        return f"orders cost {money}, the opening purchase included{_describe_extras(self)}"

    def cost_table(self, count: int, foreign: BoolArray | None = None) -> CostTable:
        """Return the costs of ``count`` assets, of which (N,) some are ``foreign``."""
        return _build_table(count, self, foreign, rate=self.rate)


class PerOrderCosts(ConfigModel):
    """Orders cost ``fixed`` plus ``rate`` of the traded money, at least ``minimum`` and at most ``maximum``."""

    kind: Literal["per_order"] = "per_order"
    fixed: NonNegative = 0.0
    rate: Weight = 0.0
    minimum: NonNegative = 0.0
    maximum: Positive | None = None
    spread: BasisPoints = 0.0
    fx: ExchangeCost = 0.0
    yearly: YearlyFee = 0.0

    @validates_fields
    def _bound_faults(self) -> Iterator[FieldFault]:
        if self.maximum is not None and self.maximum < self.minimum:
            yield ("minimum",), f"minimum {self.minimum:g} is above maximum {self.maximum:g}; swap or correct them"

    def describe(self) -> str:
        """Return what an order costs, in words."""
        return f"orders cost {_describe_terms(self)}{_describe_extras(self)}"

    def cost_table(self, count: int, foreign: BoolArray | None = None) -> CostTable:
        """Return the costs of ``count`` assets, of which (N,) some are ``foreign``."""
        most = self.maximum or np.inf
        return _build_table(count, self, foreign, rate=self.rate, fixed=self.fixed, minimum=self.minimum, maximum=most)


class Tariff(ConfigModel):
    """A broker's published price of one order, in the broker's currency."""

    title: str
    currency: str
    source: str
    as_of: str
    fixed: NonNegative = 0.0
    rate: Weight = 0.0
    per_share: NonNegative = 0.0
    minimum: NonNegative = 0.0
    maximum: Positive | None = None
    maximum_rate: Weight | None = None

    def describe(self) -> str:
        """Return what an order costs, in words."""
        share = f"{self.per_share:g} a share" if self.per_share else ""
        most = f", at most {format_percent(self.maximum_rate)} of the money" if self.maximum_rate else ""
        return f"{_describe_terms(self, share)}{most}"


class BrokerCosts(ConfigModel):
    """Orders cost what a named broker charges; a tariff in another currency is converted at the rate of the day."""

    kind: Literal["broker"] = "broker"
    name: str
    spread: BasisPoints = 0.0
    fx: ExchangeCost = 0.0
    yearly: YearlyFee = 0.0

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str) -> str:
        if name not in load_tariffs():
            raise PydanticCustomError(
                "tariff",
                "unknown broker '{found}'; known: {known}",
                {"found": name, "known": ", ".join(load_tariffs())},
            )
        return name

    @property
    def tariff(self) -> Tariff:
        """The tariff of that name."""
        return load_tariffs()[self.name]

    def describe(self) -> str:
        """Return what an order costs, in words, with the tariff's source and date."""
        tariff = self.tariff
        terms = f"{tariff.describe()} in {tariff.currency}{_describe_extras(self)}"
        return f"{tariff.title}: {terms} (source: {tariff.source}, {tariff.as_of})"

    def cost_table(self, count: int, foreign: BoolArray | None = None) -> CostTable:
        """Return the costs of ``count`` assets, of which (N,) some are ``foreign``, in the tariff's currency."""
        tariff = self.tariff
        rates = {"rate": tariff.rate, "maximum_rate": tariff.maximum_rate or np.inf}
        amounts = {"fixed": tariff.fixed, "per_share": tariff.per_share, "minimum": tariff.minimum}
        return _build_table(count, self, foreign, **amounts, **rates, maximum=tariff.maximum or np.inf)


@cache
def load_tariffs() -> dict[str, Tariff]:
    """Return the brokers' tariffs by name, from ``tariffs.yaml`` beside this file.

    >>> load_tariffs()["comdirect"].minimum
    9.9
    """
    text = resources.files("engine.portfolio").joinpath("tariffs.yaml").read_text(encoding="utf-8")
    return {name: Tariff.model_validate(fields) for name, fields in cast("dict[str, object]", load_plain(text)).items()}


def tariff_currency(costs: AnyCosts) -> str | None:
    """Return the currency of what orders cost, None where it is the account's."""
    return costs.tariff.currency if isinstance(costs, BrokerCosts) else None


def _describe_extras(costs: AnyCosts) -> str:
    text = f", plus a spread of {costs.spread:g} bp" if costs.spread else ""
    text += f", plus {format_percent(costs.fx)} of trades in another currency" if costs.fx else ""
    return text + (f", plus {format_percent(costs.yearly)} of the account's value a year" if costs.yearly else "")


def _describe_terms(terms: PerOrderCosts | Tariff, per_share: str = "") -> str:
    parts = [f"{terms.fixed:,.2f}"] if terms.fixed else []
    parts += [f"{format_percent(terms.rate)} of the money"] if terms.rate else []
    parts += [per_share] if per_share else []
    text = " + ".join(parts) or "nothing"
    text += f", at least {terms.minimum:,.2f}" if terms.minimum else ""
    return text + (f", at most {terms.maximum:,.2f}" if terms.maximum else "")


def _build_table(count: int, costs: AnyCosts, foreign: BoolArray | None, **terms: float) -> CostTable:
    """Return the same terms for each of ``count`` assets, no cost or bound where none is named."""
    free = {"rate": 0.0, "fixed": 0.0, "per_share": 0.0, "minimum": 0.0, "maximum": np.inf, "maximum_rate": np.inf}
    spread = np.full(count, costs.spread / 10_000.0)
    if foreign is not None:
        spread += costs.fx * foreign
    arrays = {name: np.full(count, value) for name, value in {**free, **terms}.items()}
    return CostTable(**arrays, spread=spread, yearly=costs.yearly)


AnyCosts: TypeAlias = Annotated[NoCosts | PercentCosts | PerOrderCosts | BrokerCosts, Field(discriminator="kind")]
"""Everything `costs:` can be."""
