"""What a rule asks for, and the orders that are made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

OrderKind: TypeAlias = Literal["limit", "fraction"]
Fee: TypeAlias = Callable[[str, float], float]
"""The cost of an order of so much money in an asset [currency]."""
TaxAtOnce: TypeAlias = Callable[[Mapping[str, float]], float]
"""The tax that signed quantities by ticker [shares] are due at once [currency]."""


class Wanted(NamedTuple):
    """What the rule asks for in one asset: ``units`` signed [shares] at ``price``, of ``held`` ones; ``target`` weight.

    ``spread``: half of it, a share of the price; ``cap``: the highest weight, infinity for none. ``waiting`` is signed
    what open orders trade already [shares]: what they buy counts and cannot be sold, what they sell is not free.
    ``may_buy`` and ``may_sell`` are what the rule allows today. ``exact``: the units before they were made whole ones,
    None where they were not.
    """

    ticker: str
    units: float
    price: float
    held: float
    target: float
    spread: float
    cap: float
    reason: str
    waiting: float = 0.0
    may_buy: bool = True
    may_sell: bool = True
    exact: float | None = None

    def overshoot(self, quantity: float) -> float:
        """Return by how much a signed quantity is above the exact one [shares]."""
        return quantity - (self.units if self.exact is None else self.exact)

    @property
    def owned(self) -> float:
        """What is held with what open orders buy [shares]."""
        return self.held + max(self.waiting, 0.0)

    @property
    def sellable(self) -> float:
        """What is held without what open orders sell [shares]."""
        return max(self.held + min(self.waiting, 0.0), 0.0)


@dataclass(frozen=True)
class SizedOrder:
    """One order: ``quantity`` positive [shares], ``limit`` [currency/share], its ``money`` at the sizing price and fee.

    ``wave`` 2 needs the proceeds of wave 1, of which it ``needs`` so much [currency]; a ``fraction`` is executed apart,
    at market. ``spread`` is half of it, a share of the money that the fee has in it.
    """

    ticker: str
    side: Literal["buy", "sell"]
    quantity: float
    price: float
    limit: float | None
    fee: float
    reason: str
    kind: OrderKind = "limit"
    wave: int = 1
    needs: float = 0.0
    spread: float = 0.0

    @property
    def money(self) -> float:
        """At the sizing price, without its fee [currency]."""
        return self.quantity * self.price

    @property
    def signed(self) -> float:
        """The quantity, negative for a sale [shares]."""
        return self.quantity if self.side == "buy" else -self.quantity

    @property
    def spent(self) -> float:
        """Cash that it takes at the sizing price, fee included; negative for a sale [currency]."""
        return self.signed * self.price + self.fee

    @property
    def worst(self) -> float:
        """Cash that it takes when it fills at its limit, fee included; negative for a sale [currency].

        Who fills at a limit has paid the spread in it, and not once more as a fee.
        """
        if self.limit is None:
            return self.spent
        return max(self.signed * self.limit + self.fee - self.spread * self.money, self.spent)


class LeftOut(NamedTuple):
    """An order that is not placed: its ``money`` [currency], and why."""

    ticker: str
    side: Literal["buy", "sell"]
    money: float
    why: str


@dataclass(frozen=True)
class SizedOrders:
    """All orders, sales first; what was left out; cash after them at the sizing prices, and at all limits.

    ``tax`` is due at once for them, and no longer in either cash [currency].
    """

    orders: tuple[SizedOrder, ...]
    left_out: tuple[LeftOut, ...]
    cash: float
    worst_cash: float
    notes: tuple[str, ...] = field(default=())
    tax: float = 0.0


def signed_quantities(orders: Iterable[SizedOrder]) -> dict[str, float]:
    """Return what orders trade by ticker [shares], negative for sales."""
    found: dict[str, float] = {}
    for order in orders:
        found[order.ticker] = found.get(order.ticker, 0.0) + order.signed
    return found
