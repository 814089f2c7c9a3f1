"""What is asked of a price source and what it answers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from engine.data.closes import Closes


@dataclass(frozen=True)
class PriceRequest:
    """The closes a run needs.

    ``start`` and ``end`` are the window, both days included, None for all there is; rows before ``start`` are wanted
    too (estimates look back). ``exchange`` names the calendar of the sessions by its market identifier code,
    ``tariffs`` the currencies of what orders cost, whose rates are needed too. ``optional`` are the tickers that can be
    done without where the source has no price: names of a dated list that are gone.
    """

    tickers: tuple[str, ...]
    start: dt.date | None = None
    end: dt.date | None = None
    exchange: str = "XNYS"
    tariffs: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()


class PriceSource(Protocol):
    """What every price source can do."""

    @property
    def kind(self) -> str:
        """What a config calls it."""
        ...

    def load(self, request: PriceRequest) -> Closes:
        """Return the closes of exactly the requested tickers, all history up to ``request.end``."""
        ...


@dataclass(frozen=True)
class FetchReport:
    """What a refresh of the store did: tickers fetched and already covered, (ticker, reason) failed, and notes.

    ``unknown`` are those that failed because the source has no price of them.
    """

    fetched: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@runtime_checkable
class SupportsFetch(Protocol):
    """A source that keeps a store and can fill it."""

    def fetch(self, request: PriceRequest, *, refresh: bool = False) -> FetchReport:
        """Bring the store up to the last closed session; ``refresh`` reads what it has again, too."""
