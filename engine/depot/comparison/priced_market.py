"""The closes that a depot is compared on: as traded, with dividends as cash, and as the plan's run sees them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from engine.backtest.config import RunConfig
from engine.backtest.loading import price_request
from engine.backtest.prices import LoadedPrices, load_members, load_prices, prepare_closes, quality_findings
from engine.core.errors import DataError
from engine.core.shortlist import shortlist
from engine.data.closes import Closes
from engine.data.market import Market
from engine.data.quality.findings import raise_error_findings
from engine.depot.comparison.exact import as_price, as_ratio
from engine.portfolio.policy import PolicyT
from engine.tax.book import Taxation
from engine.tax.none import NoTax


@dataclass(frozen=True)
class PricedMarket:
    """Two markets of the same sessions and assets.

    ``planned`` is that of the plan's run, ``traded`` has closes as traded, in shares of the last session, and dividends
    as cash; they are one where the plan's dividends are cash. ``reinvests`` tells whether the plan's buy more of what
    paid them; ``missing`` are tickers that are not in the plan and of which the source has no price.
    """

    planned: Market
    traded: Market
    reinvests: bool
    missing: tuple[str, ...]

    def shares(self, column: int, row: int) -> Fraction:
        """Return the shares of a day that one unit of ``traded`` is."""
        return as_ratio(float(self.traded.shares_at(row)[column]))

    def close(self, column: int, row: int) -> Fraction:
        """Return a unit's close: that of a share of the day as it is printed, times the shares that the unit is."""
        price = float(self.traded.prices[row, column])
        return as_price(price / float(self.traded.shares_at(row)[column])) * self.shares(column, row)


def load_priced_market(
    config: RunConfig[PolicyT], others: Sequence[str], start: dt.date, end: dt.date | None
) -> PricedMarket:
    """Return the market of the plan and of ``others``, tickers that it does not name, from ``start`` to ``end``.

    Raises DataError where closes are adjusted and nothing is known beside them: nobody could trade at these.
    """
    config = _with_window(config.before_tax, start, end)
    request = price_request(config)
    added = tuple(sorted(set(others) - set(request.tickers)))
    request = dataclasses.replace(
        request, tickers=(*request.tickers, *added), optional=request.optional | frozenset(added)
    )
    closes, missing = load_members(config.data, request)
    if (last := closes.dates[-1]) <= np.datetime64(start):
        message = f"found prices up to {last}, expected some after {start}, with which the comparison starts"
        raise DataError(f"{closes.provenance.source}: {message}; fetch newer ones, or choose an earlier --start")
    if end is not None and closes.dates[0] >= np.datetime64(end):
        message = f"found prices from {closes.dates[0]} on, expected some before {end}"
        raise DataError(f"{closes.provenance.source}: {message}; choose a later --end")
    _refuse_adjusted(closes)
    findings = quality_findings(closes, config.data.calendar, config.window)
    raise_error_findings(findings)
    use = config.data.dividends or config.account.default_dividends
    reinvests = use == "reinvest" and closes.provenance.closes != "raw" and closes.dividends is not None

    def market(form: RunConfig[PolicyT]) -> Market:
        prepared = prepare_closes(form, closes, request).with_empty_columns(tuple(missing), form.account.currency)
        return LoadedPrices(form, prepared, findings).sessions_of(form.strategy).market

    planned = market(config)
    traded = planned
    if reinvests:
        data = config.data.model_copy(update={"dividends": "cash"})
        traded = market(config.model_copy(update={"data": data}))
    return PricedMarket(planned, traded, reinvests, tuple(sorted(set(missing) & set(added))))


def load_taxed_market(
    config: RunConfig[PolicyT], start: dt.date, end: dt.date | None
) -> tuple[Market, Taxation] | None:
    """Return the market and the law of a plan that is taxed, None for one that is not."""
    if isinstance(config.tax, NoTax):
        return None
    prices = load_prices(_with_window(config, start, end))
    taxation = prices.taxation
    return None if taxation is None else (prices.sessions_of(config.strategy).market, taxation)


def _with_window(config: RunConfig[PolicyT], start: dt.date, end: dt.date | None) -> RunConfig[PolicyT]:
    """Return the config with prices up to ``end``, and a window that has ``start``."""
    window = {"start": min(start, config.window.start or start), "end": end}
    return config.model_copy(update={"window": config.window.model_copy(update=window)})


def _refuse_adjusted(closes: Closes) -> None:
    """Raise DataError for closes that contain their dividends, and none as traded beside them."""
    source = closes.provenance
    if source.closes != "adjusted":
        return
    traded = np.full_like(closes.closes, np.nan) if closes.traded is None else closes.traded
    if inside := [ticker for at, ticker in enumerate(closes.tickers) if np.isnan(traded[:, at]).all()]:
        found = (
            f"found adjusted closes of {shortlist(inside)}, expected closes as traded, at which your orders were filled"
        )
        remedy = (
            "name a source that has them with dividends and splits (data.source: {kind: yahoo}, or files with the "
            "columns date, ticker, close, dividend, split)"
        )
        raise DataError(f"{source.source}: {found}; {remedy}")
