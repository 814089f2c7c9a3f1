"""What a run wrote of its taxes: bookings and lots beside what was paid, what is held and what is left (S19)."""

from __future__ import annotations

from collections.abc import Iterator
from math import fsum

import numpy as np

from engine.backtest.finished_run import FinishedRun
from engine.diagnostics.verify.figures import FigureGroup, ReferenceFigure
from engine.tax.record import booked_tax

_TAXES = FigureGroup("taxes", "taxes.csv, lots.csv and the values in equity.parquet, beside summary.json")


def replay_taxes(run: FinishedRun) -> Iterator[ReferenceFigure]:
    """Yield the sums of the strategy's bookings, the value of its lots, and what is left of each portfolio's value."""
    if run.taxes is None or run.lots is None:
        return
    told = run.summary.portfolios["strategy"].tax
    if told is not None:
        yield _TAXES.figure("withheld abroad", told.withheld_abroad, fsum(one.withheld for one in run.taxes))
        paid, booked = told.paid + told.outside, fsum(one.tax for one in run.taxes)
        yield _TAXES.figure("tax paid", booked_tax(run.taxes, paid, told.accrued_unpaid), booked)
        due = fsum(year.total for year in told.by_year.values())
        yield _TAXES.figure("tax of all years", paid + told.accrued_unpaid, due)
    yield from _lots(run)
    for name, one in run.summary.portfolios.items():
        if one.tax is not None and one.after_tax is not None:
            values = run.equity.columns[name]
            held = float(values[np.isfinite(values)][-1]) - one.tax.accrued_unpaid
            yield _TAXES.figure(f"{name}: value held", one.after_tax.held.final_value, held)
            yield _TAXES.figure(f"{name}: value sold", one.after_tax.sold.final_value, held - one.tax.latent)


def _lots(run: FinishedRun) -> Iterator[ReferenceFigure]:
    """Yield for each asset the value of its lots beside what the last weight says is held."""
    values: dict[str, float] = {}
    for lot in run.lots or ():
        values[lot.asset] = values.get(lot.asset, 0.0) + lot.value
    last = float(run.equity.columns["strategy"][run.equity.dates == run.weights.dates[-1]][0])
    for asset, weights in run.weights.columns.items():
        if asset != "cash":
            yield _TAXES.figure(f"{asset}: value of its lots", float(weights[-1]) * last, values.get(asset, 0.0))
