"""Closes in many currencies, seen from an account in one (S17): pence become pounds, dollars euros of their day."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, DateArray, FloatArray, read_only
from engine.core.errors import DataError
from engine.core.shortlist import shortlist
from engine.data.closes import Closes
from engine.data.currency_codes import QuotedUnit, StatedUnit, settle_unit
from engine.data.sources.fx_rates import Fixings, FxSource

_UNSAID: Final = "USD"
"""What closes are taken to be in where nothing says."""
_DOLLAR_CALENDARS: Final = frozenset({"XNYS", "XNAS", "XASE", "ARCX", "BATS", "IEXG", "XCBF", "CMES", "24/5", "24/7"})
"""Exchanges that quote in dollars, and calendars that are of no country."""
_SUFFIXES: Final = {
    **dict.fromkeys(("DE", "F", "PA", "AS", "BR", "MI", "MC", "VI", "HE", "LS", "IR"), "EUR"),
    "L": "GBX",
    "SW": "CHF",
    "TO": "CAD",
    "V": "CAD",
    "AX": "AUD",
    "NZ": "NZD",
    "HK": "HKD",
    "T": "JPY",
    "KS": "KRW",
    "ST": "SEK",
    "OL": "NOK",
    "CO": "DKK",
    "WA": "PLN",
    "JO": "ZAc",
    "TA": "ILA",
    "SI": "SGD",
    "SA": "BRL",
    "NS": "INR",
    "BO": "INR",
    "SS": "CNY",
    "SZ": "CNY",
    "MX": "MXN",
}
"""What exchanges mostly quote in, by what Yahoo and others put behind the tickers of theirs."""
_LONGEST_CARRY: Final = np.timedelta64(5, "D")
"""How long a fixing serves where there is no newer one: four days of Easter, and one to spare."""


@dataclass(frozen=True)
class CurrencyTerms:
    """How closes come into the money of an ``account``.

    ``stated`` is what a config says of a ticker's currency, ``fx`` knows rates, ``tariffs`` are further currencies in
    which something is charged. Sessions from ``start`` to ``end``, None for all there are, need their rates.
    ``calendar`` is the exchange whose closes are looked at.
    """

    account: str
    stated: Callable[[str], StatedUnit]
    fx: FxSource
    start: dt.date | None = None
    end: dt.date | None = None
    tariffs: tuple[str, ...] = ()
    calendar: str = "XNYS"


def convert_currencies(closes: Closes, terms: CurrencyTerms) -> Closes:
    """Return ``closes`` and their dividends in money of the account, with the rates that made them.

    Closes before the first fixing are left out where no ``start`` asks for them.

    Raises DataError when a currency is unknown or stated otherwise by the source, or a session has no rate.
    """
    pairs = zip(closes.tickers, closes.currencies, strict=True)
    found = [settle_unit(ticker, said, terms.stated(ticker)) for ticker, said in pairs]
    units = [unit or QuotedUnit(_UNSAID, 1) for unit in found]
    own = tuple(unit.currency for unit in units)
    others = sorted({*own, *terms.tariffs} - {terms.account})
    unsaid = [ticker for ticker, unit in zip(closes.tickers, found, strict=True) if unit is None]
    notes = [_unsaid_note(unsaid, terms)] if unsaid and others else _abroad_notes(unsaid)
    notes += _parts_notes(closes, units)
    closes = _in_whole_units(dataclasses.replace(closes, currencies=own), units)
    fixings = {currency: terms.fx.fixings(currency, terms.account, terms.end) for currency in others}
    fx = {currency: _carry(fixed, closes.dates, terms.end) for currency, fixed in fixings.items()}
    for currency, fixed in fixings.items():
        _require_rates(closes, np.isnan(fx[currency]), currency, fixed, terms)
    if quoted := {currency: fixed for currency, fixed in fixings.items() if currency in own}:
        notes.append(_conversion_note(closes, quoted, terms))
    return (_convert(closes, fx) if fx else closes).with_notes(*notes)


def _in_whole_units(closes: Closes, units: list[QuotedUnit]) -> Closes:
    """Return closes and dividends in pounds and not in pence."""
    parts = np.array([unit.parts for unit in units], dtype=np.float64)
    if (parts == 1.0).all():
        return closes
    dividends = None if closes.dividends is None else read_only(closes.dividends / parts)
    return dataclasses.replace(closes, closes=read_only(closes.closes / parts), dividends=dividends)


def _parts_notes(closes: Closes, units: list[QuotedUnit]) -> Iterator[str]:
    """Yield whose closes the source has in parts of a currency."""
    for unit in sorted({unit for unit in units if unit.parts != 1}):
        tickers = shortlist(ticker for ticker, own in zip(closes.tickers, units, strict=True) if own == unit)
        yield f"{tickers}: quoted in parts of {unit.currency}, divided by {unit.parts}"


def _carry(fixings: Fixings, dates: DateArray, end: dt.date | None) -> FloatArray:
    """Return (T,) the last rate fixed on or before each date, NaN where that is too old; after ``end`` nothing is."""
    at = np.searchsorted(fixings.dates, dates, side="right") - 1
    last = np.maximum(at, 0)
    stale = dates - fixings.dates[last] > _LONGEST_CARRY
    if end is not None:  # later sessions only tell whether an asset still prints
        stale &= dates <= np.datetime64(end)
    return np.where((at < 0) | stale, np.nan, fixings.rates[last])


def _require_rates(closes: Closes, missing: BoolArray, currency: str, fixings: Fixings, terms: CurrencyTerms) -> None:
    """Raise DataError when a session of the run is among those whose rate is ``missing`` (T,).

    Closes before the first fixing can be left out, what is charged then cannot.
    """
    dates, first, last = closes.dates, fixings.dates[0], fixings.dates[-1]
    since = first
    if currency in terms.tariffs:
        since = dates[0]
    else:
        columns = [at for at, own in enumerate(closes.currencies) if own == currency]
        missing = missing & ~np.isnan(closes.closes[:, columns]).all(axis=1)
    missing = missing & (dates >= (np.datetime64(terms.start) if terms.start else since))
    if not missing.any():
        return
    day = dates[missing][0]
    message = f"no rate of {currency} in {terms.account} for {day}; {fixings.publisher} have it from {first} to {last}"
    if day < first:
        remedy = f"move window.start to {first}"
    elif day > last:
        remedy = f"end the run with window.end: {last}; {fixings.remedy}"
    else:
        before = fixings.dates[fixings.dates < day][-1]
        message += f", but none from {before} on for {int((dates[missing] <= day).sum())} days"
        remedy = "name others by data.fx: {kind: files, path: rates.csv}"
    raise DataError(f"data.fx: {message}; {remedy}")


def _convert(closes: Closes, fx: dict[str, FloatArray]) -> Closes:
    """Return closes times the rates of their currencies; what has no rate is not known in the account's money."""
    table = closes.closes.copy()
    dividends = None if closes.dividends is None else closes.dividends.copy()
    for j, currency in enumerate(closes.currencies):
        if currency in fx:
            table[:, j] *= fx[currency]
            if dividends is not None:
                dividends[:, j] *= np.nan_to_num(fx[currency])
    digest = hashlib.sha256(closes.provenance.sha256.encode())
    for currency, rates in fx.items():
        digest.update(currency.encode() + rates.astype("<f8").tobytes())
    provenance = dataclasses.replace(closes.provenance, sha256=digest.hexdigest())
    dividends = None if dividends is None else read_only(dividends)
    closes = dataclasses.replace(closes, closes=read_only(table), dividends=dividends, provenance=provenance)
    closes = dataclasses.replace(closes, fx={currency: read_only(rates) for currency, rates in fx.items()})
    printed: BoolArray = np.asarray(~np.isnan(table).all(axis=1))
    return closes.take(printed)


def _unsaid_note(unsaid: list[str], terms: CurrencyTerms) -> str:
    """Say whose currency was taken on trust; raises DataError where the exchange speaks against it."""
    found = f"{shortlist(unsaid)}: nothing says in which currency these closes are"
    if terms.account != _UNSAID and terms.calendar not in _DOLLAR_CALENDARS:
        remedy = f"write data.source.currency: {terms.account} if all are, or data.currencies: {{{unsaid[0]}: ...}}"
        raise DataError(f"{found}, and {terms.calendar} is no exchange of the United States; {remedy}")
    into = f" and converted to {terms.account}" if terms.account != _UNSAID else ""
    remedy = f"data.currencies: {{{unsaid[0]}: {_UNSAID}}}, or data.source.currency for all files, settles it"
    return f"{found}; they are taken as {_UNSAID}{into} ({remedy})"


def _abroad_notes(unsaid: list[str]) -> list[str]:
    """Say which tickers are called as those of exchanges that quote in something else than what is assumed."""
    abroad = {
        ticker: _SUFFIXES[ticker.rpartition(".")[2]] for ticker in unsaid if ticker.rpartition(".")[2] in _SUFFIXES
    }
    abroad = {ticker: currency for ticker, currency in abroad.items() if "." in ticker}
    if not abroad:
        return []
    found = f"{shortlist(abroad)}: nothing says in which currency these closes are; they are taken as {_UNSAID}"
    keys = ", ".join(f"{ticker}: {currency}" for ticker, currency in abroad.items())
    return [f"{found}, although exchanges of such names quote otherwise (data.currencies: {{{keys}}} if they do)"]


def _conversion_note(closes: Closes, fixings: Mapping[str, Fixings], terms: CurrencyTerms) -> str:
    """Say what was converted, by whose rates, and how often one had to serve for a later day."""
    froms, begins, carried = [], [], 0
    for currency, fixed in fixings.items():
        tickers = shortlist(t for t, own in zip(closes.tickers, closes.currencies, strict=True) if own == currency)
        froms.append(f"{tickers} from {currency}")
        first, last = np.datetime64(terms.start or fixed.dates[0]), np.datetime64(terms.end or closes.dates[-1])
        inside = closes.dates[(closes.dates >= first) & (closes.dates <= last)]
        carried = max(carried, int((~np.isin(inside, fixed.dates)).sum()))
        if terms.start is None and closes.dates[0] < first:
            begins.append(f"; closes in {currency} before its first rate, of {first}, are left out")
    publishers = dict.fromkeys(fixed.publisher for fixed in fixings.values())
    text = f"Converted to {terms.account} by {', '.join(publishers)} of the day: {'; '.join(froms)}"
    served = f"; {carried} sessions without a fixing take the last one" if carried else ""
    return f"{text}{served}{''.join(begins)}"
