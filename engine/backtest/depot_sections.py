"""The sections of a config that orders are made by: how they are sized, and what brokers call the plan's assets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from engine.core.fields import (
    ConfigModel,
    Currency,
    DisplayText,
    NonNegative,
    Positive,
    Switch,
    Ticker,
    Weight,
    WholeNumber,
)


class OrderRules(ConfigModel):
    """How orders are sized and limited.

    ``unknown``: what becomes of holdings that the plan does not name. ``limit``: how far a limit is from the sizing
    price, at least half the asset's spread; ``tick``: the step of limits [currency]. ``max_fee``: an order whose fee is
    a larger share of its money is left out. ``reserve``: cash that stays [currency]. ``max_age``: weekdays that a price
    may be old. ``step``: shares that orders are multiples of, 1 for whole ones.
    """

    unknown: Literal["ignore", "fail", "sell"] = "ignore"
    limit: Weight = 0.005
    tick: Positive = 0.01
    max_fee: Weight = 0.01
    reserve: NonNegative = 0.0
    max_age: WholeNumber = 3
    step: Positive | None = None


class Identifier(ConfigModel):
    """What a broker's code stands for: the plan's ``ticker``, and what an order at Interactive Brokers names.

    ``fractions``: whether parts of a share can be ordered.
    """

    ticker: Ticker
    ibkr: DisplayText = ""
    exchange: DisplayText = ""
    currency: Currency | None = None
    fractions: Switch = False


def _name_ticker(value: object) -> object:
    return {"ticker": value} if isinstance(value, str) else value


AnyIdentifier = Annotated[Identifier, BeforeValidator(_name_ticker)]
"""A ticker, or a mapping with one."""
