"""``GermanTaxation``: the German law as ``simulate`` asks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.core.arrays import DateArray
from engine.data.market import Market
from engine.tax.germany.book import GermanBook
from engine.tax.germany.terms import GermanTerms


@dataclass(frozen=True)
class GermanTaxation:
    """The law with one investor's ``terms``; ``reinvests`` and ``outside`` as a ``Taxation`` has them."""

    terms: GermanTerms
    reinvests: bool
    outside: bool

    def assessment_rows(self, dates: DateArray, opening: int) -> Sequence[int]:
        """Return the rows at which the tax of the year before is due; none where a bank withholds."""
        return () if self.terms.at_once else self.terms.pay_on.assessment_rows(dates, opening)

    def open_book(self, market: Market, opening: int) -> GermanBook:
        """Return the empty book of a portfolio that opens at row ``opening`` of ``market``."""
        return GermanBook(self.terms, market, opening)
