"""Cost models of one order as a CostTable for the kernel.

The cost of an order of money ``x`` at price ``p`` is
``clip(fixed + rate x + per_share x / p, minimum, min(maximum, maximum_rate x)) + spread x``.
``fx`` is charged beside it on trades in another currency than the account's (S17), ``yearly`` by itself (S11). A fund's
own fee (TER) is inside its price and never charged here.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

import numpy as np
from pydantic import AfterValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from engine.core.arrays import BoolArray, FloatArray
from engine.core.did_you_mean import did_you_mean
from engine.core.fields import (
    ConfigModel,
    FieldFault,
    NonNegative,
    Positive,
    Switch,
    Weight,
    WordsOf,
    format_percent,
    validates_fields,
)
from engine.core.plug_in_models import model_preparer
from engine.core.plug_ins import lazy_union
from engine.portfolio.cost_table import CostTable
from engine.portfolio.spread import Spread, SpreadByName, describe_spread
from engine.portfolio.tariffs import OrderPrice, SavingsPlan, Tariff, load_tariffs


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


class Costs(ConfigModel):
    """The abstract base of all kinds: a spread, what an exchange of currencies costs, a yearly fee."""

    kind: str
    spread: Spread = 0.0
    fx: ExchangeCost = 0.0
    yearly: YearlyFee = 0.0

    @abstractmethod
    def describe(self) -> str:
        """Return what an order costs, in words."""

    @abstractmethod
    def order_price(self) -> OrderPrice:
        """Return what an order costs beside these."""

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


class BrokerCosts(Costs):
    """Orders cost what a named broker charges; a tariff in another currency is converted at the rate of the day.

    With ``savings_plan`` contributions outside a rebalance cost what its savings plan does.
    """

    kind: Literal["broker"] = "broker"
    tariff: Annotated[str, WordsOf(load_tariffs)]
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


def tariff_currency(costs: AnyCosts) -> str | None:
    """Return the currency of what orders cost, None where it is the account's."""
    return costs.published.currency if isinstance(costs, BrokerCosts) else None


def _describe_extras(costs: Costs) -> str:
    text = describe_spread(costs.spread)
    text += f", plus {format_percent(costs.fx)} of trades in another currency" if costs.fx else ""
    return text + (f", plus {format_percent(costs.yearly)} of the account's value a year" if costs.yearly else "")


def _check_table(_: Costs, answer: object, *given: object, **named: object) -> str | None:
    """Return what is wrong with the table that a plug-in's costs answer, None for nothing."""
    if not isinstance(answer, CostTable):
        return f"answers {type(answer).__name__}; a CostTable is expected"
    assets = given[0] if given else named["assets"]
    count = assets if isinstance(assets, int) else len(assets) if isinstance(assets, Sequence) else 0
    for name in ("rate", "fixed", "per_share", "minimum", "maximum", "maximum_rate", "spread"):
        column = getattr(answer, name)
        if not (isinstance(column, np.ndarray) and column.dtype == np.float64 and column.shape == (count,)):
            return f"answers a {name} that is no float64 array of {count} numbers"
        if not np.all(column >= 0.0) or (not name.startswith("maximum") and np.isinf(column).any()):
            return f"answers a {name} that is no number from 0 on"
    return None if 0.0 <= answer.yearly <= 1.0 else "answers a yearly fee that is no share"


BuiltInCosts: TypeAlias = Annotated[NoCosts | PercentCosts | PerOrderCosts | BrokerCosts, Field(discriminator="kind")]
"""Everything `costs:` can be without plug-ins."""

_GUARDED: Final = ("describe", "order_price", "savings_plan_price", "cost_table", "tables_by_kind", "spreads")

if TYPE_CHECKING:
    AnyCosts: TypeAlias = BuiltInCosts
else:
    _prepare = model_preparer(Costs, _GUARDED, checks={"cost_table": _check_table})
    __getattr__ = lazy_union("AnyCosts", "costs", lambda: BuiltInCosts, _prepare)
