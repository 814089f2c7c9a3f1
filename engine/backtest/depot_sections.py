"""The sections of a config that orders are made by: how they are sized, and what brokers call the plan's assets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

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
    raise_faults,
)
from engine.core.security_codes import list_code_faults


class OrderShares(ConfigModel):
    """Which quantities can be ordered: whole shares, any, or multiples of a number; else what the account holds.

    ``buy: amount`` is for money in whole cents. ``sell: whole_or_all``: whole shares, and what is left of one when all
    is sold.
    """

    buy: Literal["whole", "any", "amount"] | Positive | None = None
    sell: Literal["whole", "whole_or_all", "any"] | Positive | None = None


def _same_both_ways(value: object) -> object:
    return {"buy": value, "sell": "whole_or_all" if value == "whole" else value} if value in ("whole", "any") else value


AnyOrderShares = Annotated[OrderShares, BeforeValidator(_same_both_ways)]
"""A mapping, or ``whole`` or ``any`` for purchases and sales."""


class OrderRules(ConfigModel):
    """How orders are sized and limited.

    ``unknown``: what becomes of holdings that the plan does not name. ``limit``: how far a limit is from the sizing
    price, at least half the asset's spread; ``tick``: the step of limits [currency]. ``max_fee``: an order whose fee is
    a larger share of its money is left out. ``reserve``: cash that stays [currency]. ``max_age``: weekdays that a price
    may be old. ``shares``: which quantities can be ordered.
    """

    unknown: Literal["ignore", "fail", "sell"] = "ignore"
    limit: Weight = 0.005
    tick: Annotated[Positive, Field(ge=1e-6)] = 0.01
    max_fee: Weight = 0.01
    reserve: NonNegative = 0.0
    max_age: Annotated[WholeNumber, Field(ge=0)] = 3
    shares: AnyOrderShares = OrderShares()


class Identifier(ConfigModel):
    """What a broker's code stands for: the plan's ``ticker``, and what an order at Interactive Brokers names.

    ``fractions``: whether parts of a share can be ordered; else what ``orders.shares`` says.
    """

    ticker: Ticker
    ibkr: DisplayText = ""
    exchange: DisplayText = ""
    currency: Currency | None = None
    fractions: Switch | None = None


def _name_ticker(value: object) -> object:
    return {"ticker": value} if isinstance(value, str) else value


AnyIdentifier = Annotated[Identifier, BeforeValidator(_name_ticker)]
"""A ticker, or a mapping with one."""


def _check_codes(identifiers: Mapping[str, Identifier]) -> Mapping[str, Identifier]:
    """Refuse an ISIN with a wrong check digit, and one code of two tickers."""
    codes = {code: one.ticker for code, one in identifiers.items()}
    raise_faults(((code,), wrong) for code, wrong in list_code_faults(codes))
    return identifiers


Identifiers = Annotated[
    Mapping[Annotated[str, Field(max_length=30)], AnyIdentifier],
    AfterValidator(_check_codes),
]
"""What brokers' codes stand for, by code."""
