"""A finished run with figures of taxes put into its summary, as a taxed run has them."""

from __future__ import annotations

import dataclasses

from engine.analysis.after_tax import AfterTaxDifference
from engine.analysis.tax_figures import AfterTax, TaxFigures, ValueAndGrowth, YearTax
from engine.backtest.finished_run import FinishedRun
from engine.backtest.run_summary import PortfolioSummary

SENTENCE = "Before tax the January rule was ahead of buy-and-hold by 0.46 points a year, after tax by 0.29."
_SOLD = {"strategy": 0.09398, "buy_and_hold": 0.09106}


def tax_figures(scale: float, years: tuple[int, ...]) -> TaxFigures:
    """Return figures whose years have every kind, a refund and nothing, and whose sums are those of the years."""
    by_year = {}
    for at, year in enumerate(years):
        dividends, advance, interest = (scale * one * (at + 1) for one in (110.25, 3.5, 0.75))
        sales = -scale * 260.5 if at % 5 == 3 else scale * 90.125 * at
        kinds = (0.0, 0.0, 0.0, 0.0) if at == 1 else (dividends, advance, sales, interest)
        by_year[str(year)] = YearTax(sum(kinds), *kinds)
    return TaxFigures(
        paid=sum(one.total for one in by_year.values()),
        withheld_abroad=scale * 7000.0,
        outside=0.0,
        credited=scale * 6500.0,
        credit_lost=scale * 500.0,
        realised_gains=scale * 90000.0,
        realised_losses=-scale * 4000.0,
        pots_end={"stocks": scale * 12000.0, "other": 0.0},
        accrued_unpaid=0.0,
        latent=scale * 90900.0,
        drag=0.0118,
        share=0.185,
        by_year=by_year,
    )


def taxed(run: FinishedRun, years: tuple[int, ...] = tuple(range(2004, 2025))) -> FinishedRun:
    """Return the run with taxes of every portfolio."""
    portfolios = {}
    for at, (name, portfolio) in enumerate(run.summary.portfolios.items()):
        value, sold = float(portfolio.metrics["final_value"] or 0.0), _SOLD.get(name, 0.08)
        figures = {
            "tax": tax_figures(1.0 / (at + 1), years),
            "pre_tax": ValueAndGrowth(1.2 * value, sold + 0.0118),
            "after_tax": AfterTax(ValueAndGrowth(value, sold + 0.0076), ValueAndGrowth(0.9 * value, sold)),
        }
        portfolios[name] = portfolio.model_copy(update=figures)
    strategy = portfolios["strategy"]
    versus = {
        name: dataclasses.replace(one, after_tax=_difference(strategy, portfolios[name]))
        for name, one in run.summary.versus.items()
    }
    words = {"tax_sentence": SENTENCE, "tax_law": "Germany, today's rules, 1,000 EUR of allowance, no church tax"}
    return dataclasses.replace(
        run, summary=run.summary.model_copy(update={"portfolios": portfolios, "versus": versus, **words})
    )


def _difference(own: PortfolioSummary, other: PortfolioSummary) -> AfterTaxDifference:
    before, held, sold = (
        mine.cagr - theirs.cagr
        for mine, theirs in (
            (own.pre_tax, other.pre_tax),
            (own.after_tax.held, other.after_tax.held),
            (own.after_tax.sold, other.after_tax.sold),
        )
    )
    return AfterTaxDifference(before, held, sold)
