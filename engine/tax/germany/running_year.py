"""One calendar year while it runs: its sums, and the tax so far, which every booking moves."""

from __future__ import annotations

from collections.abc import Sequence

from engine.core.ordered_sum import add_in_order
from engine.tax.germany.year import Assessment, LossPots, YearSums, YearTerms, assess_year
from engine.tax.record import IncomeKind, TaxYear


class RunningYear:
    """A ``year`` with what it is taxed by: its ``sums`` so far, ``assessed`` as they stand, and ``taxes`` by kind."""

    def __init__(self, year: int, pots: LossPots, terms: YearTerms) -> None:
        """Begin the year with the ``pots`` that are carried into it."""
        self.year, self.pots, self.terms = year, pots, terms
        self.sums = YearSums(0.0, 0.0, 0.0)
        self.assessed = assess_year(self.sums, pots, terms)
        self.taxes: dict[IncomeKind, float] = dict.fromkeys(("dividend", "advance", "sale", "interest"), 0.0)
        self.gains = self.losses = 0.0

    def assess_with(self, stocks: float, other: float, credit: float = 0.0) -> Assessment:
        """Return the tax of the year if these came to its sums."""
        own = self.sums
        return assess_year(YearSums(own.stocks + stocks, own.other + other, own.credit + credit), self.pots, self.terms)

    def tax_of(self, stocks: float, other: float) -> float:
        """Return how far sales of these gains would move the tax [EUR]."""
        return self.assess_with(stocks, other).tax - self.assessed.tax

    def book(self, kind: IncomeKind, stocks: float, other: float, credit: float = 0.0) -> float:
        """Add to the sums; return how far that moves the tax, negative where some comes back [EUR]."""
        after, before = self.assess_with(stocks, other, credit), self.assessed.tax
        own = self.sums
        self.sums = YearSums(own.stocks + stocks, own.other + other, own.credit + credit)
        self.assessed = after
        self.taxes[kind] += after.tax - before
        return after.tax - before

    def realise(self, gains: Sequence[float]) -> None:
        """Count gains and losses of sold lots, before any exemption."""
        self.gains += add_in_order(gain for gain in gains if gain > 0.0)
        self.losses += add_in_order(gain for gain in gains if gain < 0.0)

    def left(self) -> LossPots:
        """Return the losses that go into the next year."""
        return LossPots(self.assessed.stock_pot, self.assessed.other_pot)

    def summary(self) -> TaxYear:
        """Return the year as it stands."""
        end, taxes = self.assessed, self.taxes
        kinds = taxes["dividend"], taxes["advance"], taxes["sale"], taxes["interest"]
        lost = self.sums.credit - end.credited
        return TaxYear(self.year, end.tax, *kinds, end.credited, lost, self.gains, self.losses, end.used)
