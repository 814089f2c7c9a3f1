"""``NoTax``: a config without taxes, which is every config that does not name them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from engine.core.fields import FieldFault
from engine.tax.book import Taxation
from engine.tax.law import TaxLaw


class NoTax(TaxLaw):
    """Nothing is taxed: dividends and gains are what they are before tax."""

    kind: Literal["none"] = "none"

    @property
    def currency(self) -> None:
        """Any."""
        return

    def asset_faults(self, tickers: Iterable[str]) -> Iterator[FieldFault]:
        """Yield nothing."""
        yield from ()

    def accumulates(self, ticker: str) -> bool:
        """Return that nobody asks."""
        return False

    def withheld_inside(self, ticker: str) -> float:
        """Return that nothing is withheld beyond what prices show."""
        return 0.0

    def withheld_abroad(self, ticker: str) -> float:
        """Return that nothing is."""
        return 0.0

    def describe(self, ticker: str) -> str:
        """Return that it is not taxed."""
        return "not taxed"

    def describe_law(self) -> str:
        """Return that nothing is taxed."""
        return "nothing is taxed"

    def window_faults(self, first_year: int, last_year: int) -> Iterator[FieldFault]:
        """Yield nothing."""
        yield from ()

    def caveats(self, tickers: Sequence[str], first_year: int) -> Iterator[str]:
        """Yield nothing."""
        yield from ()

    def taxation(self, *, reinvests: bool) -> Taxation:
        """Refuse: a run without taxes has no book of them."""
        raise RuntimeError("a run without taxes has no book of them")
