"""Rates between the account's currency and those of a depot: as typed, else the newest that was fixed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np

from engine.core.errors import DataError, shorten
from engine.data.sources.fx_rates import FxSource

_GIVEN: Final = re.compile(r"(?P<base>[A-Z]{3})/?(?P<quote>[A-Z]{3})=(?P<rate>[0-9]{1,9}(\.[0-9]{1,12})?)", re.ASCII)
EXAMPLE: Final = "EURUSD=1.0832"
"""One euro is 1.0832 dollars."""


class Rate(NamedTuple):
    """Money of the account for one unit of ``currency``; ``date`` of the fixing, ``""`` where the rate was typed.

    ``pair`` is the rate as it is written in the market, as ``EURUSD 1.0832``.
    """

    currency: str
    rate: float
    date: str
    pair: str

    @property
    def words(self) -> str:
        """The pair and where it is from."""
        return f"{self.pair} of {self.date}" if self.date else f"{self.pair} (--fx)"


def parse_rates(texts: Iterable[str]) -> dict[tuple[str, str], float]:
    """Return typed rates by base and quote: ``EURUSD=1.0832`` says that 1 EUR is 1.0832 USD.

    Raises DataError for each that is written otherwise, or named twice.

    >>> parse_rates(["EURUSD=1.0832"])
    {('EUR', 'USD'): 1.0832}
    """
    rates: dict[tuple[str, str], float] = {}
    faults = []
    for text in texts:
        found = _GIVEN.fullmatch(text.strip().upper())
        if found is None or not float(found["rate"]) or found["base"] == found["quote"]:
            faults.append(f"--fx: found {shorten(text, 40)!r}, expected a pair as {EXAMPLE} (1 EUR = 1.0832 USD)")
            continue
        pair = found["base"], found["quote"]
        if pair in rates or pair[::-1] in rates:
            faults.append(f"--fx: found the pair {''.join(pair)} twice, expected one rate; remove one")
        rates[pair] = float(found["rate"])
    if faults:
        raise DataError(*faults)
    return rates


class ExchangeRates:
    """What other currencies are worth in that of the ``account`` before the session ``day``.

    ``given`` rates come first, then the newest fixing of ``source`` that is at most ``max_age`` weekdays old.
    """

    def __init__(
        self,
        account: str,
        given: Mapping[tuple[str, str], float],
        source: FxSource,
        day: np.datetime64,
        max_age: int = 3,
    ) -> None:
        """Look nothing up yet."""
        self.account, self.given, self._source, self._day, self._max_age = account, given, source, day, max_age
        self._found: dict[tuple[str, str], Rate] = {}

    def typed(self, currency: str) -> Rate | None:
        """Return the rate that was typed, None where none was."""
        for (base, quote), number in self.given.items():
            if {base, quote} == {currency, self.account}:
                rate = number if base == currency else 1.0 / number
                return Rate(currency, rate, "", f"{base}{quote} {number:g}")
        return None

    def all_typed(self) -> dict[str, float]:
        """Return by currency what was typed of it."""
        found = (self.typed(currency) for pair in self.given for currency in pair)
        return {one.currency: one.rate for one in found if one is not None}

    def find(self, currency: str) -> Rate:
        """Return the rate; raises DataError with the pair and how to give it where none is known, or it is too old."""
        typed = self.typed(currency)
        if typed is not None:
            return typed
        found = self.fixed(currency, self._day - 1)
        age = int(np.busday_count(np.datetime64(found.date), self._day)) - 1
        if age > self._max_age:
            pair = found.pair.split()[0]
            message = f"found the rate {found.words}, {age} weekdays before {self._day}"
            raise DataError(f"{message}, expected one at most {self._max_age} old; give it by --fx {pair}=1.0832")
        return found

    def factor(self, currency: str) -> float:
        """Return the account's money for one unit of a currency; 1 for its own, which ``""`` stands for too."""
        return 1.0 if currency in {"", self.account} else self.find(currency).rate

    def fixed(self, currency: str, on: np.datetime64) -> Rate:
        """Return the newest fixing on or before a day."""
        key = currency, str(on)
        if key not in self._found:
            self._found[key] = self._look_up(currency, on)
        return self._found[key]

    def _look_up(self, currency: str, on: np.datetime64) -> Rate:
        base, quote = _market_pair(currency, self.account)
        try:
            fixings = self._source.fixings(currency, self.account, on.astype(dt.date))
        except DataError as error:
            remedy = f"give it by --fx {base}{quote}=1.0832 (1 {base} = 1.0832 {quote})"
            raise DataError(f"found no rate between {currency} and {self.account} ({error}); {remedy}") from None
        at = int(np.searchsorted(fixings.dates, on, side="right")) - 1
        if at < 0:
            message = f"found no rate of {currency} in {self.account} on or before {on}"
            raise DataError(f"{message}; give it by --fx {base}{quote}=1.0832 (1 {base} = 1.0832 {quote})")
        rate = float(fixings.rates[at])
        number = rate if base == currency else 1.0 / rate
        return Rate(currency, rate, str(fixings.dates[at]), f"{base}{quote} {number:.6g}")


def _market_pair(currency: str, account: str) -> tuple[str, str]:
    """Return base and quote as the market writes them: the euro first, then the pound."""
    for base in ("EUR", "GBP"):
        if base in {currency, account}:
            return base, account if base == currency else currency
    return currency, account
