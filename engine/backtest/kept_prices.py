"""What a run read, kept: closes and events as the source had them, fixings of currencies, files that the config names.

``engine run --keep-prices`` puts it into the run's folder as ``kept_prices.zip``: Parquet tables that anything reads,
the files as they were, and ``kept.json``, which says the rest. The same market comes from it on any machine.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from engine.backtest.config import RunConfig
from engine.backtest.loading import price_request
from engine.backtest.plan_identity import content_hash
from engine.backtest.prices import LoadedPrices, Sources, load_checked
from engine.core.errors import DataError, UnknownTickerError
from engine.core.json_files import Json
from engine.core.scratch import scratch_folder
from engine.core.stand_ins import StandIns, find_stand_in, read_instead
from engine.data.closes import Closes
from engine.data.sources.base import PriceRequest, PriceSource
from engine.data.sources.fx_rates import Fixings, FxSource
from engine.portfolio.policy import PolicyT

_SERIES: Final = (("data", "source"), ("data", "fx"))
"""Sections whose files are kept as the series that were read from them."""
_ENDING: Final = re.compile(r"\.\w{1,20}", re.ASCII)
"""What a copy's name ends in as its original's does; any other ending says nothing of a file, or cannot be written."""


@dataclass(frozen=True)
class KeptPrices:
    """All that a run read beside its config.

    ``closes`` are those of the source, before anything was done to them; ``missing`` has what it said of each optional
    ticker without a price; ``fixings`` those of each currency in the ``account``'s; ``files`` the content of each file
    by its path in the config, ``hashes`` what the config's hash has in place of the paths that are not among them.
    """

    closes: Closes
    missing: Mapping[str, str]
    account: str
    fixings: Mapping[str, Fixings] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    hashes: Mapping[str, Json] = field(default_factory=dict)

    @property
    def sources(self) -> Sources:
        """What a run reads in place of the config's own sources."""
        return Sources(_KeptSource(self), _KeptRates(self))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Have the kept files read wherever the config names them."""
        with scratch_folder() as folder:
            places = {}
            for at, (path, content) in enumerate(self.files.items()):
                ending = Path(path).suffix
                places[path] = folder / f"{at}{ending if _ENDING.fullmatch(ending) else ''}"
                places[path].write_bytes(content)
            with read_instead(StandIns(places, self.hashes)):
                yield


def files_of(kept: KeptPrices | None) -> AbstractContextManager[None]:
    """Have the kept files read wherever a config names them; without any kept, those that are there."""
    return nullcontext() if kept is None else kept.in_place()


@dataclass(frozen=True)
class _KeptSource:
    kept: KeptPrices
    kind: str = "kept"

    def load(self, request: PriceRequest) -> Closes:
        """Return the closes as they were loaded, or those of fewer tickers."""
        gone = {ticker: told for ticker, told in self.kept.missing.items() if ticker in request.tickers}
        if gone:
            raise UnknownTickerError(*gone.values(), tickers=list(gone))
        if set(request.tickers) == set(self.kept.closes.tickers):
            return self.kept.closes
        unknown = sorted(set(request.tickers) - set(self.kept.closes.tickers))
        if unknown:
            raise UnknownTickerError(f"{', '.join(unknown)}: not among the kept prices", tickers=unknown)
        return self.kept.closes.select(request.tickers, request.end)


@dataclass(frozen=True)
class _KeptRates:
    kept: KeptPrices
    kind: str = "kept"

    def fixings(self, currency: str, account: str, end: dt.date | None) -> Fixings:  # noqa: ARG002  (as they were)
        """Return the fixings as they were read."""
        if account == self.kept.account and currency in self.kept.fixings:
            return self.kept.fixings[currency]
        raise DataError(f"data.fx: {currency} in {account}: not among the kept rates; run with --keep-prices again")


@dataclass
class _RecordedSource:
    source: PriceSource
    found: list[Closes] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """That of the source."""
        return self.source.kind

    def load(self, request: PriceRequest) -> Closes:
        """Return the source's closes, and remember them."""
        self.found.append(self.source.load(request))
        return self.found[-1]


@dataclass
class _RecordedRates:
    source: FxSource
    found: dict[str, Fixings] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """That of the source."""
        return self.source.kind

    def fixings(self, currency: str, account: str, end: dt.date | None) -> Fixings:
        """Return the source's fixings, and remember them."""
        self.found[currency] = self.source.fixings(currency, account, end)
        return self.found[currency]


def load_and_keep(config: RunConfig[PolicyT], sources: Sources | None = None) -> tuple[LoadedPrices, KeptPrices]:
    """Load a config's prices as :func:`engine.backtest.prices.load_prices` does; return also all that was read."""
    own = sources or Sources(config.data.source, config.data.fx)
    closes, rates = _RecordedSource(own.prices), _RecordedRates(own.fx)
    checked, findings, missing = load_checked(config, price_request(config), Sources(closes, rates))
    plain = config.canonical()
    kept = KeptPrices(
        closes=closes.found[-1],
        missing=missing,
        account=config.account.currency,
        fixings=dict(sorted(rates.found.items())),
        files=_read_files(plain),
        hashes={path: cast("Json", content_hash(path)) for path in sorted(set(_series_paths(plain)))},
    )
    return LoadedPrices(config, checked, findings), kept


def _read_files(config: Mapping[str, object]) -> dict[str, bytes]:
    """Return the content of every file that a plain config names, but for those of prices and rates."""
    places = {path: Path(find_stand_in(path)).expanduser() for path in sorted(set(_paths(config)))}
    return {path: place.read_bytes() for path, place in places.items() if place.is_file()}


def _paths(node: object, place: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the paths of files in a plain config, but for those of prices and rates."""
    if isinstance(node, Mapping) and place not in _SERIES:
        for key, item in node.items():
            if key == "path" and isinstance(item, str):
                yield item
            else:
                yield from _paths(item, (*place, str(key)))
    elif isinstance(node, list):
        for item in node:
            yield from _paths(item, (*place, "-"))


def _series_paths(config: Mapping[str, object]) -> Iterator[str]:
    data = config.get("data")
    for _, name in _SERIES:
        section = data.get(name) if isinstance(data, Mapping) else None
        if isinstance(section, Mapping) and isinstance(path := section.get("path"), str):
            yield path
