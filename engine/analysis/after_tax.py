"""What a taxed portfolio leaves: held on, sold at the end, beside its twin before tax (S19)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import fsum
from typing import NamedTuple

import numpy as np

from engine.analysis import metrics
from engine.analysis.common_sessions import CommonSessions
from engine.analysis.performance import Performance
from engine.analysis.portfolio_market import PortfolioMarket
from engine.analysis.tax_figures import AfterTax, TaxFigures, ValueAndGrowth, YearTax
from engine.core.arrays import FloatArray
from engine.portfolio.policy import Policy
from engine.simulation.ledger import Ledger
from engine.tax.book import Taxation
from engine.tax.record import TaxFlows, TaxYear


class TaxTerms(NamedTuple):
    """The law that all portfolios of a comparison are taxed by, and the sessions that their twins before tax have."""

    taxation: Taxation
    untaxed: Callable[[Policy], PortfolioMarket]


@dataclass(frozen=True)
class AfterTaxDifference:
    """A strategy less another portfolio, in growth a year over their common sessions [fraction].

    ``before`` tax, and after tax ``held`` and ``sold`` at the end; the first is that of both twins.
    """

    before: float
    held: float
    sold: float


@dataclass(frozen=True)
class TaxedResult:
    """What taxes did to one portfolio: the figures, and how its ``twin`` did on the market before tax.

    ``own``: what growth after tax keeps of each euro, as the investor paid taxes from elsewhere [fraction].
    """

    tax: TaxFigures
    after_tax: AfterTax
    pre_tax: ValueAndGrowth
    twin: Performance
    own: float = 1.0

    @classmethod
    def of(cls, ledger: Ledger, performance: Performance, twin_ledger: Ledger, twin: Performance) -> TaxedResult | None:
        """Return the figures of a taxed run beside its twin's, None for a run without taxes."""
        flows = ledger.taxes
        if flows is None:
            return None
        left, sale = flows.record.accrued, flows.record.latent
        value = performance.final_value
        own = _kept_of_gifts(ledger.value, flows.outside)
        after = AfterTax(*(_end(performance, value - owed, own) for owed in (left, left + sale)))
        before = ValueAndGrowth(twin.final_value, twin.cagr)
        gains = (
            _gain(one, value) for one, value in ((ledger, after.sold.final_value), (twin_ledger, before.final_value))
        )
        return cls(_tax_figures(flows, after, before, *gains), after, before, twin, own)


def after_tax_difference(
    mine: tuple[Performance, TaxedResult | None], other: tuple[Performance, TaxedResult | None]
) -> AfterTaxDifference | None:
    """Return how a strategy differs from another portfolio; None where one is not taxed, or has no such figure.

    Where the sessions in common end before one of the two does, what it would have owed then is not known.
    """
    (own, taxed), (theirs, other_taxed) = mine, other
    if taxed is None or other_taxed is None:
        return None
    both, twins = CommonSessions.of(own, theirs), CommonSessions.of(taxed.twin, other_taxed.twin)
    if not len(both.mine) or both.mine[-1] != len(own.dates) - 1 or both.theirs[-1] != len(theirs.dates) - 1:
        return None
    before, held, sold = (
        _difference(one, shares)
        for one, shares in (
            (twins, (1.0, 1.0)),
            (both, (_left(taxed, taxed.after_tax.held, own), _left(other_taxed, other_taxed.after_tax.held, theirs))),
            (both, (_left(taxed, taxed.after_tax.sold, own), _left(other_taxed, other_taxed.after_tax.sold, theirs))),
        )
    )
    if before is None or held is None or sold is None:
        return None
    return AfterTaxDifference(before, held, sold)


def _difference(both: CommonSessions, shares: tuple[float | None, float | None]) -> float | None:
    """Return the difference of CAGRs where of each last level a share is left."""
    growth, other = (
        None if share is None else metrics.cagr(_scaled(level, share), both.days)
        for level, share in zip(both.levels, shares, strict=True)
    )
    return None if growth is None or other is None else growth - other


def _end(performance: Performance, final_value: float, own: float) -> ValueAndGrowth:
    found = ValueAndGrowth(final_value, None)
    share = _share(found, performance)
    if share is None:
        return found
    return ValueAndGrowth(final_value, metrics.cagr(_scaled(performance.level, share * own), performance.days))


def _kept_of_gifts(value: FloatArray, outside: FloatArray) -> float:
    """Return what is left of growth once taxes paid from elsewhere are taken for what they are: paid in, and gone.

    As for every contribution (S12), a session's growth is of what is there with it: ``value / (value + outside)``.
    """
    kept = 1.0
    for t in np.flatnonzero(outside):
        kept *= float(value[t]) / float(value[t] + outside[t])
    return kept


def _left(taxed: TaxedResult, end: ValueAndGrowth, performance: Performance) -> float | None:
    share = _share(end, performance)
    return None if share is None else share * taxed.own


def _share(end: ValueAndGrowth, performance: Performance) -> float | None:
    """Return what is left of the last value, None of a value of nothing."""
    value = performance.final_value
    return end.final_value / value if value > 0.0 else None


def _scaled(level: FloatArray, share: float) -> FloatArray:
    return np.append(level[:-1], level[-1] * share)


def _gain(ledger: Ledger, final_value: float) -> float:
    """Return what came of the money that the investor brought [currency]."""
    outside = [] if ledger.taxes is None else ledger.taxes.outside.tolist()
    return final_value - fsum([ledger.capital, *ledger.flows.tolist(), *outside])


def _tax_figures(flows: TaxFlows, after: AfterTax, before: ValueAndGrowth, sold: float, twin: float) -> TaxFigures:
    """Return what was paid; ``sold`` and ``twin`` are the gains after and before tax [currency]."""
    years, record = flows.record.years, flows.record
    grown, left = before.cagr, after.sold.cagr

    def total(amount: Callable[[TaxYear], float]) -> float:
        return fsum(map(amount, years))

    return TaxFigures(
        paid=fsum(flows.paid.tolist()),
        withheld_abroad=fsum(flows.withheld.tolist()),
        outside=fsum(flows.outside.tolist()),
        credited=total(lambda year: year.credited),
        credit_lost=total(lambda year: year.credit_lost),
        realised_gains=total(lambda year: year.gains),
        realised_losses=total(lambda year: year.losses),
        pots_end=dict(record.pots),
        accrued_unpaid=record.accrued,
        latent=record.latent,
        drag=None if grown is None or left is None else grown - left,
        share=1.0 - sold / twin if twin > 0.0 else None,
        by_year={
            str(one.year): YearTax(one.total, one.dividends, one.advance, one.sales, one.interest) for one in years
        },
    )
