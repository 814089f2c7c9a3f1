"""Short ways to write exact inputs of the reference ledger."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tests.reference.rules import Cost

F = Fraction
Row = Sequence[str | int | None]


def q(*numbers: str | int) -> list[Fraction]:
    """Read exact numbers."""
    return [F(number) for number in numbers]


def market(*columns: Row) -> list[list[Fraction | None]]:
    """Turn one list of closes an asset into rows."""
    rows = zip(*columns, strict=True)
    return [[None if price is None else F(price) for price in row] for row in rows]


def mix(**weights: str) -> dict[str, Fraction]:
    """Read weights by ticker."""
    return {ticker: F(weight) for ticker, weight in weights.items()}


def rates(tickers: str, rate: str) -> dict[str, Cost]:
    """Charge the same rate for every asset."""
    return {ticker: Cost(rate=F(rate)) for ticker in tickers}
