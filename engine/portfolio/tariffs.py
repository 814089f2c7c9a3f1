"""The price of one order, and what brokers publish of it."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import cast

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.fields import ConfigModel, NonNegative, Positive, Weight, format_percent
from engine.core.yaml_document import load_plain
from engine.portfolio.cost_table import CostTable


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


class SavingsPlan(OrderPrice):
    """A broker's published price of one purchase of its savings plan."""

    source: str
    as_of: str


class Exchange(OrderPrice):
    """A broker's published price of exchanging money into another currency once, in ``currency``."""

    currency: str
    source: str
    as_of: str

    def describe(self) -> str:
        """Return what an exchange costs, in words."""
        return f"{super().describe()}, in {self.currency}"


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

    ``other_orders``, ``exchange`` and the ``subscription`` [currency/year] are told and not charged.
    """

    title: str
    currency: str
    source: str
    as_of: str
    other_orders: OtherOrders | None = None
    exchange: Exchange | None = None
    subscription: NonNegative = 0.0
    savings_plan: SavingsPlan | None = None


@cache
def load_tariffs() -> dict[str, Tariff]:
    """Return the brokers' tariffs by name, from ``tariffs.yaml`` beside this file.

    >>> load_tariffs()["comdirect"].minimum
    9.9
    """
    text = resources.files("engine.portfolio").joinpath("tariffs.yaml").read_text(encoding="utf-8")
    return {name: Tariff.model_validate(fields) for name, fields in cast("dict[str, object]", load_plain(text)).items()}
