"""Rates of currencies from the user's own files: the European Central Bank's table, or columns or files of pairs."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np

from engine.core.errors import DataError
from engine.core.fields import FilePath
from engine.core.files import expand_home
from engine.core.shortlist import shortlist
from engine.data.closes import CloseSeries
from engine.data.price_files.grid import ReadingKeys
from engine.data.price_files.price_table import PriceTable
from engine.data.price_files.read_file import is_price_file, read_price_file
from engine.data.sources.fx_rates import Fixings

_PAIR: Final = re.compile("([A-Z]{3})[ /_-]?([A-Z]{3})(=X)?|([A-Z]{3})")
_BANK_BASE: Final = "EUR"


class Pair(NamedTuple):
    """What a series of rates is of: the price of one unit of ``base`` in ``quote``."""

    base: str
    quote: str


Places: TypeAlias = Mapping[Pair, tuple[Path, str]]
"""The file that each pair is in, and what it is called there."""


class FxFiles(ReadingKeys):
    """Rates from a file, or a folder of files, of any layout that prices are read from.

    A column or file called ``EURUSD`` says how many dollars a euro costs; one called ``USD`` says the same, as in the
    European Central Bank's table. A rate that no series is of goes through a third currency.
    """

    kind: Literal["files"] = "files"
    path: FilePath

    def fixings(self, currency: str, account: str, end: dt.date | None) -> Fixings:  # noqa: ARG002  (all are at hand)
        """Return the days on which the files have both currencies."""
        path = expand_home(Path(self.path), "data.fx.path")
        if not path.exists():
            raise DataError(f"data.fx.path: {path}: found nothing there, expected a file or folder; correct the path")
        if not (path.is_file() or path.is_dir()):
            raise DataError(f"data.fx.path: {path}: is no plain file, expected a file or folder; copy it into one")
        try:
            places, others = self._find_pairs(path)
        except OSError as error:
            raise DataError(f"data.fx.path: {path}: {error.strerror}; check its permissions") from error
        legs = _route(places, currency, account)
        if not legs:
            known, pair = shortlist(["".join(pair) for pair in places] + others), f"{currency}{account}"
            message = f"found {known}, expected a rate of {currency} in {account}"
            remedy = f"name a column {pair}, or write fx: {{..., rename: {{{(others or ['NAME'])[0]}: {pair}}}}}"
            raise DataError(f"data.fx.path: {path}: {message}; {remedy}")
        series = [self._read(places, one) for one in legs]
        dates = series[0].dates if len(series) == 1 else np.intersect1d(series[0].dates, series[1].dates)
        if not len(dates):
            message = f"found no day with a rate of both {' and '.join(''.join(leg) for leg in legs)}"
            raise DataError(f"data.fx.path: {path}: {message}; name files of the same days")
        rates = np.prod([one.closes[np.isin(one.dates, dates)] for one in series], axis=0)
        return Fixings(dates, rates, f"the rates of {path.name}", "supply later ones")

    def _find_pairs(self, path: Path) -> tuple[Places, list[str]]:
        """Return where each pair is, and names that are of none.

        A file that names no pair inside is of the one that it is called by itself.
        """
        files = (
            sorted(one for one in path.iterdir() if is_price_file(one) and one.is_file()) if path.is_dir() else [path]
        )
        found: dict[Pair, tuple[Path, str]] = {}
        others: list[str] = []
        for file in files:
            names = self._table(file).names
            pairs = [(pair, name) for name in names if (pair := _parse_pair(name))]
            own = _parse_pair(file.name.partition(".")[0])
            if not pairs and own and len(names) < 2:
                pairs = [(own, names[0] if names else "")]
            for pair, name in pairs:
                if pair in found:
                    message = f"found {''.join(pair)} twice, in {found[pair][0].name} too; remove one of them"
                    raise DataError(f"data.fx.path: {file}: {message}")
                found[pair] = file, name
            others += [name for name in names if name not in dict(pairs).values()]
        return found, others

    def _table(self, file: Path, *names: str) -> PriceTable:
        """Return a file's rates by name; messages name the keys as they stand below ``data.fx``."""
        try:
            return read_price_file(file, names, self)
        except DataError as error:
            raise DataError(*(f"data.fx: {line.replace('data.source', 'data.fx')}" for line in error.args)) from None

    def _read(self, places: Places, leg: Pair) -> CloseSeries:
        """Return the rates of a pair, turned over where the files have it the other way round."""
        turned = leg not in places
        file, name = places[Pair(leg.quote, leg.base) if turned else leg]
        series = next(iter(self._table(file, name).by_kind(name).values())).printed()
        wrong = series.dates[~((series.closes > 0.0) & np.isfinite(series.closes))]
        if len(wrong):
            raise DataError(f"data.fx.path: {file}: found a rate of {name} that is none on {wrong[0]}; correct it")
        return CloseSeries(series.dates, 1.0 / series.closes) if turned else series


def _parse_pair(name: str) -> Pair | None:
    """Return the pair that a name is of.

    >>> _parse_pair("EUR/USD"), _parse_pair("USD"), _parse_pair("rate")
    (Pair(base='EUR', quote='USD'), Pair(base='EUR', quote='USD'), None)
    """
    found = _PAIR.fullmatch(name.upper())
    if found is None:
        return None
    return Pair(_BANK_BASE, found[4]) if found[4] else Pair(found[1], found[2])


def _route(places: Places, base: str, quote: str) -> list[Pair]:
    """Return the pair itself where there is a series of it, either way round, or two that lead to it."""

    def has(pair: Pair) -> bool:
        return pair in places or Pair(pair.quote, pair.base) in places

    if has(Pair(base, quote)):
        return [Pair(base, quote)]
    between = sorted({currency for pair in places for currency in pair}, key=lambda one: (one != _BANK_BASE, one))
    ways = ([Pair(base, one), Pair(one, quote)] for one in between)
    return next((way for way in ways if all(map(has, way))), [])
