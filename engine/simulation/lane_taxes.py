"""Tax laws as lanes take them: tables and calendars over the sessions of one run."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import IntArray
from engine.data.market import Market
from engine.simulation.kernel.batch.tax_records import (
    BEGINS,
    DUE,
    ENDS,
    GERMANY,
    PAYS,
    UNITED_STATES,
    GermanLaw,
    LaneTaxes,
    UnitedStatesLaw,
)
from engine.simulation.tax_calendar import TaxCalendar
from engine.tax.book import Taxation
from engine.tax.germany.advance_lump_sum import AdvanceTable
from engine.tax.germany.taxation import GermanTaxation
from engine.tax.united_states.book import UnitedStatesBook
from engine.tax.united_states.holding_period import long_term_from
from engine.tax.united_states.law import UnitedStatesTaxation
from engine.tax.united_states.rates import FlatRates


def lane_taxes(
    taxation: Taxation, market: Market, opening: int, columns: tuple[int, ...], calendar: TaxCalendar
) -> LaneTaxes | None:
    """Return what taxes a run in some ``columns`` of ``market``, to its end; None for what only the book knows."""
    german, american = no_german_law(), no_american_law()
    if isinstance(taxation, GermanTaxation):
        found, country = german_law(taxation, market, opening, columns), GERMANY
        german = german if found is None else found
    elif isinstance(taxation, UnitedStatesTaxation):
        own, country = american_law(taxation, market, opening, columns), UNITED_STATES
        american = american if own is None else own
    if german.fund.size == american.qualified.size:
        return None
    span = slice(opening, None)
    months = market.dates[span].astype("datetime64[M]").astype(np.int64)
    asked = _calendar_bits(calendar, opening, len(months))
    at = np.append(np.where(asked > 0, np.arange(len(months)), len(months)), len(months))
    growth, dividends = 1.0 + market.cash_rate[span], np.zeros((len(months), len(columns)))
    if market.dividends is not None:
        dividends = market.dividends[span][:, list(columns)]
    return LaneTaxes(
        calendar=asked,
        next_row=np.minimum.accumulate(at[::-1])[::-1].copy(),
        years=months // 12 - months[0] // 12,
        months=months % 12 + 1,
        dividends=np.ascontiguousarray(dividends),
        growth=growth if (growth != 1.0).any() else np.zeros(0),
        reinvests=taxation.reinvests,
        outside=taxation.outside,
        country=country,
        germany=german,
        united_states=american,
    )


def german_law(taxation: GermanTaxation, market: Market, opening: int, columns: tuple[int, ...]) -> GermanLaw | None:
    """Return the law of Germany; None where no bank withholds, or lots are sold and bought back at a year's end."""
    terms = taxation.terms
    if not terms.at_once or terms.use_allowance or terms.harvest:
        return None
    every = [terms.assets[ticker] for ticker in market.assets]
    table = AdvanceTable.build(market, [one.fund for one in every], terms.base_rate, opening)
    own, at = [every[column] for column in columns], list(columns)
    return GermanLaw(
        fund=np.array([one.fund for one in own]),
        exempt=np.array([one.exempt for one in own]),
        withheld=np.array([one.withheld for one in own]),
        creditable=np.array([min(one.creditable, terms.rate) for one in own]),
        per_unit=np.array(table.per_unit).reshape(-1, len(every))[:, at].copy(),
        before=np.array(table.before)[:, at].copy(),
        allowances=np.array([terms.of_year(table.first_year + k).allowance for k in range(len(table.before))]),
        rate=terms.rate,
        church=terms.church,
        one_pot=terms.one_pot,
        cents=terms.cents,
        pots=np.array(terms.pots, dtype=np.float64),
    )


def no_german_law() -> GermanLaw:
    """Return a law of nothing."""
    nothing, none, no = np.zeros(0), np.zeros((0, 0)), np.zeros(0, dtype=np.bool_)
    numbers = nothing, nothing, nothing, none, none, nothing
    return GermanLaw(no, *numbers, rate=0.0, church=0.0, one_pot=False, cents=False, pots=np.zeros(2))


def american_law(
    taxation: UnitedStatesTaxation, market: Market, opening: int, columns: tuple[int, ...]
) -> UnitedStatesLaw | None:
    """Return the law of the United States; None where rates are not flat, or lots are not first in, first out."""
    book = taxation.open_book(market, opening)
    if not isinstance(book, UnitedStatesBook):
        return None
    terms, own = book.terms, list(columns)
    simple = all(terms.methods[column] == "fifo" for column in own) and not any(terms.harvested)
    if terms.wash_sales or not simple or not isinstance(terms.rates, FlatRates):
        return None
    days, rates = book.days[opening:], terms.rates
    return UnitedStatesLaw(
        qualified=np.array([terms.qualified[column] for column in own]),
        days=np.array(days, dtype=np.int64),
        long_from=np.array([long_term_from(day) for day in days], dtype=np.int64),
        ordinary=rates.ordinary,
        long_term=rates.long_term,
        net_investment=rates.net_investment,
        state=rates.state,
        loss_limit=terms.loss_limit,
    )


def no_american_law() -> UnitedStatesLaw:
    """Return a law of nothing."""
    no = np.zeros(0, dtype=np.int64)
    return UnitedStatesLaw(np.zeros(0), no, no, 0.0, 0.0, 0.0, 0.0, 0.0)


def most_lots(taxes: LaneTaxes, purchases: int) -> int:
    """Return how many lots one asset can come to have, given how often orders may buy it."""
    paid = int((taxes.dividends != 0.0).sum(axis=0).max(initial=0))
    return purchases + 1 + (paid if taxes.reinvests else 0)


def _calendar_bits(calendar: TaxCalendar, opening: int, sessions: int) -> IntArray:
    asked = np.zeros(sessions, dtype=np.int64)
    kinds = ((BEGINS, calendar.begins), (DUE, calendar.due), (PAYS, calendar.paid), (ENDS, calendar.ends))
    for bit, rows in kinds:
        at = np.array(sorted(rows), dtype=np.int64) - opening
        asked[at] |= bit
    return asked
