"""Cost models of one order, and brokers' tariffs, as a CostTable for the kernel.

The cost of an order of money ``x`` at price ``p`` is
``clip(fixed + rate x + per_share x / p, minimum, min(maximum, maximum_rate x)) + spread x``.
``fx`` is charged beside it on trades in another currency than the account's (S17), ``yearly`` by itself (S11). A fund's
own fee (TER) is inside its price and never charged here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Annotated, Final, Literal, TypeAlias, cast

import numpy as np
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError

from engine.core.arrays import BoolArray, FloatArray
from engine.core.did_you_mean import did_you_mean
from engine.core.fields import (
    NUMBER_PATTERN,
    ConfigModel,
    FieldFault,
    NonNegative,
    Positive,
    Switch,
    Weight,
    format_percent,
    parse_basis_points,
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


FeeKind: TypeAlias = Literal["orders", "savings_plan", "spread", "fx", "yearly"]
"""What is paid for: orders, purchases of a savings plan, half the spread, an exchange of currencies, the account."""


def _parse_spread(value: object) -> object:
    """Read a share, as ``0.1%``, as basis points."""
    if isinstance(value, str) and value.strip().endswith("%") and NUMBER_PATTERN.fullmatch(value.strip()[:-1].strip()):
        return float(Decimal(value.strip()[:-1].strip()) * 100)
    return value


def _check_spread(basis_points: float) -> float:
    """Refuse what no market quotes: a fraction written for basis points is far below, a slip far above."""
    if basis_points and not _NARROWEST_SPREAD <= basis_points <= _WIDEST_SPREAD:
        message = "a spread of {found} bp is none of a market; 0 or 0.01 bp to 10% is, as 0.1%, 10 bp, or 10, the same"
        raise PydanticCustomError("spread", message, {"found": f"{basis_points:g}"})
    return basis_points


_NARROWEST_SPREAD: Final = 0.01
_WIDEST_SPREAD: Final = 1000.0
SpreadShare: TypeAlias = Annotated[
    float,
    AfterValidator(_check_spread),
    BeforeValidator(parse_basis_points),
    BeforeValidator(_parse_spread),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[0-9.]+\s*(bps?|%)$"}]}),
]
"""Half a quoted spread [basis points]: ``5``, ``5 bp`` or ``0.05%``."""


class SpreadByName(ConfigModel):
    """What half a quoted spread is of the money of an order, by ticker; ``rest`` for all that are not named."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, SpreadShare]
    rest: SpreadShare

    @property
    def by_name(self) -> Mapping[str, float]:
        """The spreads of the assets that are named [basis points]."""
        return self.__pydantic_extra__


def _spread_form(value: object) -> str:
    return "by_name" if isinstance(value, (dict, SpreadByName)) else "alike"


Spread: TypeAlias = Annotated[
    Annotated[SpreadShare, Tag("alike")] | Annotated[SpreadByName, Tag("by_name")],
    Discriminator(_spread_form),
]
"""Basis points or a share, one for all assets or by name."""


class Costs(ConfigModel):
    """What every kind of costs has: a spread, what an exchange of currencies costs, a yearly fee."""

    kind: str
    spread: Spread = 0.0
    fx: ExchangeCost = 0.0
    yearly: YearlyFee = 0.0

    def describe(self) -> str:
        """Return what an order costs, in words."""
        raise NotImplementedError

    def order_price(self) -> OrderPrice:
        """Return what an order costs beside these."""
        raise NotImplementedError

    def savings_plan_price(self) -> OrderPrice | None:
        """Return what an order of the broker's savings plan costs, None where contributions are ordinary orders."""
        return None

    def cost_table(self, assets: Sequence[str] | int, foreign: BoolArray | None = None) -> CostTable:
        """Return the costs of N ``assets``, of which (N,) some are ``foreign``, in the tariff's currency.

        A number of assets serves where none has a spread of its own.
        """
        charged = self.spreads(assets)
        if foreign is not None:
            charged = charged + self.fx * foreign
        plan = self.savings_plan_price()
        table = self.order_price().table(charged)._replace(yearly=self.yearly)
        return table._replace(savings_plan=plan.table(charged)) if plan else table

    def tables_by_kind(self, assets: Sequence[str], foreign: BoolArray) -> dict[FeeKind, CostTable]:
        """Return the costs of ``assets`` in parts that add up, those that are nothing left out; none is ``yearly``."""
        nothing, plan = np.zeros(len(assets)), self.savings_plan_price()
        tables: dict[FeeKind, CostTable] = {
            "orders": self.order_price().table(nothing),
            "savings_plan": (plan or OrderPrice()).table(nothing),
            "spread": OrderPrice().table(self.spreads(assets)),
            "fx": OrderPrice().table(np.where(foreign, self.fx, 0.0)),
        }
        return {kind: table for kind, table in tables.items() if table.is_charged or (kind == "savings_plan" and plan)}

    def spreads(self, assets: Sequence[str] | int) -> FloatArray:
        """Return (N,) the spread of each of ``assets`` [fraction of the traded money]."""
        if not isinstance(self.spread, SpreadByName):
            return np.full(assets if isinstance(assets, int) else len(assets), self.spread / 10_000.0)
        if isinstance(assets, int):
            raise TypeError("spreads by name need the names of the assets")
        return np.array([self.spread.by_name.get(name, self.spread.rest) for name in assets]) / 10_000.0


class OrderPrice(ConfigModel):
    """The terms of one order: ``clip(fixed + rate x + per_share x / p, minimum, min(maximum, maximum_rate x))``."""

    fixed: NonNegative = 0.0
    rate: Weight = 0.0
    per_share: NonNegative = 0.0
    minimum: NonNegative = 0.0
    maximum: Positive | None = None
    maximum_rate: Weight | None = None

    def describe(self) -> str:
        """Return what an order costs, in words."""
        parts = [f"{self.fixed:,.2f}"] if self.fixed else []
        parts += [f"{format_percent(self.rate)} of the money"] if self.rate else []
        parts += [f"{self.per_share:g} a share"] if self.per_share else []
        text = " + ".join(parts) or "nothing"
        text += f", at least {self.minimum:,.2f}" if self.minimum else ""
        text += f", at most {self.maximum:,.2f}" if self.maximum else ""
        return text + (f", at most {format_percent(self.maximum_rate)} of the money" if self.maximum_rate else "")

    def table(self, spread: FloatArray) -> CostTable:
        """Return these terms for each of N assets with its ``spread`` (N,)."""
        most, most_rate = self.maximum or np.inf, self.maximum_rate or np.inf
        terms = self.rate, self.fixed, self.per_share, self.minimum, most, most_rate
        rate, fixed, per_share, minimum, maximum, maximum_rate = (np.full(len(spread), term) for term in terms)
        return CostTable(rate, fixed, per_share, minimum, maximum, maximum_rate, spread)


class NoCosts(Costs):
    """Orders are free, but for the spread."""

    kind: Literal["none"] = "none"

    def describe(self) -> str:
        """Return what an order costs, in words."""
        return f"orders are free{_describe_extras(self)}"

    def order_price(self) -> OrderPrice:
        """Return that nothing is charged."""
        return OrderPrice()


class PercentCosts(Costs):
    """Orders cost ``rate`` of the traded money, one way, opening purchase included."""

    kind: Literal["percent"] = "percent"
    rate: Weight

    def describe(self) -> str:
        """Return what an order costs, in words.

        >>> PercentCosts(rate="0.1%").describe()
        'orders cost 0.1 % of the money traded, the opening purchase included'
        """
        money = f"{format_percent(self.rate)} of the money traded"
        return f"orders cost {money}, the opening purchase included{_describe_extras(self)}"

    def order_price(self) -> OrderPrice:
        """Return the rate."""
        return OrderPrice(rate=self.rate)


class PerOrderCosts(Costs):
    """Orders cost ``fixed`` plus ``rate`` of the traded money, at least ``minimum`` and at most ``maximum``."""

    kind: Literal["per_order"] = "per_order"
    fixed: NonNegative = 0.0
    rate: Weight = 0.0
    minimum: NonNegative = 0.0
    maximum: Positive | None = None

    @validates_fields
    def _bound_faults(self) -> Iterator[FieldFault]:
        if self.maximum is not None and self.maximum < self.minimum:
            yield ("minimum",), f"minimum {self.minimum:g} is above maximum {self.maximum:g}; swap or correct them"

    def describe(self) -> str:
        """Return what an order costs, in words."""
        return f"orders cost {self.order_price().describe()}{_describe_extras(self)}"

    def order_price(self) -> OrderPrice:
        """Return the terms."""
        return OrderPrice(fixed=self.fixed, rate=self.rate, minimum=self.minimum, maximum=self.maximum)


class SavingsPlan(OrderPrice):
    """A broker's published price of one purchase of its savings plan."""

    source: str
    as_of: str


class OtherOrders(ConfigModel):
    """Orders above or below an amount of money that cost ``fixed`` each in place of the tariff's price."""

    above: Positive | None = None
    below: Positive | None = None
    fixed: NonNegative

    def describe(self) -> str:
        """Return which these are, in words."""
        return f"above {self.above:,.0f}" if self.above else f"below {self.below:,.0f}"


class Tariff(OrderPrice):
    """A broker's published price of one order, in the broker's currency.

    ``other_orders``, and the ``subscription`` [currency/year], are told and not charged.
    """

    title: str
    currency: str
    source: str
    as_of: str
    other_orders: OtherOrders | None = None
    subscription: NonNegative = 0.0
    savings_plan: SavingsPlan | None = None


class BrokerCosts(Costs):
    """Orders cost what a named broker charges; a tariff in another currency is converted at the rate of the day.

    With ``savings_plan`` contributions outside a rebalance cost what its savings plan does.
    """

    kind: Literal["broker"] = "broker"
    tariff: str
    savings_plan: Switch = False

    @field_validator("tariff")
    @classmethod
    def _check_tariff(cls, name: str) -> str:
        if name not in load_tariffs():
            raise PydanticCustomError(
                "tariff",
                "unknown broker '{found}'; {remedy}",
                {"found": name, "remedy": did_you_mean(name, load_tariffs())},
            )
        return name

    @validates_fields
    def _plan_faults(self) -> Iterator[FieldFault]:
        if self.savings_plan and self.published.savings_plan is None:
            able = ", ".join(name for name, tariff in load_tariffs().items() if tariff.savings_plan)
            yield ("savings_plan",), f"{self.tariff} publishes no savings plan; leave it out, or use one of: {able}"

    @property
    def published(self) -> Tariff:
        """The tariff of that name."""
        return load_tariffs()[self.tariff]

    def describe(self) -> str:
        """Return what an order costs, in words, with the tariff's source and date."""
        tariff, plan = self.published, self.savings_plan_price()
        terms = f"{tariff.describe()} in {tariff.currency}"
        read = f"source: {tariff.source}, {tariff.as_of}"
        if isinstance(plan, SavingsPlan):
            terms += f", but contributions between rebalances cost {plan.describe()} by its savings plan"
            read += f"; of the savings plan: {plan.source}, {plan.as_of}"
        return f"{tariff.title}: {terms}{_describe_extras(self)} ({read})"

    def order_price(self) -> OrderPrice:
        """Return the broker's price of an order."""
        return self.published

    def savings_plan_price(self) -> OrderPrice | None:
        """Return the broker's price of a purchase of its savings plan, where that is used."""
        return self.published.savings_plan if self.savings_plan else None


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
    return costs.published.currency if isinstance(costs, BrokerCosts) else None


def _describe_extras(costs: Costs) -> str:
    text = _describe_spread(costs.spread)
    text += f", plus {format_percent(costs.fx)} of trades in another currency" if costs.fx else ""
    return text + (f", plus {format_percent(costs.yearly)} of the account's value a year" if costs.yearly else "")


def _describe_spread(spread: float | SpreadByName) -> str:
    if isinstance(spread, SpreadByName):
        named = "".join(f"{format_percent(points / 10_000.0)} for {name}, " for name, points in spread.by_name.items())
        return f", plus a spread of {named}{format_percent(spread.rest / 10_000.0)} for the rest"
    return f", plus a spread of {spread:g} bp" if spread else ""


AnyCosts: TypeAlias = Annotated[NoCosts | PercentCosts | PerOrderCosts | BrokerCosts, Field(discriminator="kind")]
"""Everything `costs:` can be."""
