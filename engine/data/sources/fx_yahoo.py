"""Rates of currencies from Yahoo Finance, kept in the local store beside its prices."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from engine.core.errors import DataError
from engine.core.fields import ConfigModel
from engine.data.sources.base import PriceRequest
from engine.data.sources.fx_rates import Fixings
from engine.data.sources.price_store import read_series
from engine.data.sources.yahoo import Yahoo


class YahooRates(ConfigModel):
    """Yahoo's daily closes of a currency pair, London time; each pair is fetched once and kept."""

    kind: Literal["yahoo"] = "yahoo"

    def fixings(self, currency: str, account: str, end: dt.date | None) -> Fixings:
        """Return every close of the pair that the store has; it is fetched first where it ends before ``end``."""
        ticker = f"{currency}{account}=X"
        try:
            Yahoo().load(PriceRequest((ticker,), end=end))
        except DataError as error:
            raise DataError(*(f"data.fx: {line}" for line in error.args)) from None
        stored = read_series("yahoo", ticker)
        if stored is None:
            raise DataError(f"data.fx: {ticker}: its stored rates were removed during the run; start it again")
        return Fixings(
            stored.dates, stored.closes, f"Yahoo's closes of {ticker}", "`engine data fetch` brings later ones"
        )
