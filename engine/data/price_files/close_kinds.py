"""Which closes of a source are taken, adjusted or as traded, one rule for all its tickers; what is said about them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from engine.core.errors import DataError
from engine.core.shortlist import shortlist
from engine.data.closes import CloseSeries
from engine.data.price_files.as_traded import are_split_adjusted, undo_split_adjustment
from engine.data.price_files.price_columns import CloseKind

WantedCloses: TypeAlias = Literal["auto", "adjusted", "raw"]

FoundSeries: TypeAlias = dict[str, tuple[str, dict[CloseKind, CloseSeries]]]
"""By ticker: the file it is in, and its closes by kind."""


class ChosenCloses(NamedTuple):
    """One series a ticker, what they are together (see ``Provenance.closes``), and what a reader should know.

    ``contained``: of closes with events, the tickers that have none beside them, as theirs contain dividends.
    """

    series: dict[str, CloseSeries]
    kind: str
    notes: tuple[str, ...]
    contained: tuple[str, ...] = ()


def choose_closes(found: FoundSeries, wanted: WantedCloses) -> ChosenCloses:
    """Decide for one kind of closes for all tickers: a mix would compare a total return with a price.

    Closes as traded with their dividends are as good as adjusted ones. Adjusted closes keep those as traded, with the
    events that lie between the two, beside them.
    """
    as_total = _first_kinds(found, ("adjusted", "raw", "unsaid"), total=True)
    as_raw = _first_kinds(found, ("raw", "unsaid"))
    raw = wanted == "raw" or (wanted == "auto" and not as_total)
    expected, kinds = ("raw", as_raw) if raw else ("adjusted", as_total)
    if missing := [ticker for ticker in found if ticker not in kinds]:
        has = shortlist(f"{ticker} {' and '.join(sorted(own))} ({name})" for ticker, (name, own) in found.items())
        remedy = "write `closes: raw` in data.source" if len(as_raw) == len(found) else f"supply {expected} closes"
        message = f"found no {expected} closes of {shortlist(missing)}, expected one kind for every ticker ({has})"
        raise DataError(f"data.source: closes: {wanted}: {message}; {remedy}")
    traded, notes = _closes_as_traded(found, kinds)
    series = {ticker: _with_traded(found[ticker][1][kind], kind, traded.get(ticker)) for ticker, kind in kinds.items()}
    unpaid = [ticker for ticker, kind in kinds.items() if (raw or kind == "raw") and series[ticker].dividends is None]
    events = any(one.dividends is not None and one.traded is None for one in series.values())
    kind = "raw" if unpaid else "with_events" if events else "adjusted"
    inside = [ticker for ticker, one in series.items() if kinds[ticker] == "adjusted" and one.traded is None]
    if kind == "with_events" and inside:
        names = shortlist(inside)
        notes += (f"{names}: adjusted closes beside others as traded; their dividends are reinvested in any case",)
    told = (*notes, *_assumptions(found, kinds, wanted), *_missing_events(series, unpaid))
    contained = [ticker for ticker, one in series.items() if kinds[ticker] != "raw" and _has_no_events(one)]
    return ChosenCloses(series, kind, told, tuple(contained) if kind == "with_events" else ())


def _has_no_events(one: CloseSeries) -> bool:
    """Return whether closes have neither dividends nor splits beside them, nor those as traded."""
    return one.traded is None and one.dividends is None and one.splits is None


def _first_kinds(found: FoundSeries, order: Sequence[CloseKind], *, total: bool = False) -> dict[str, CloseKind]:
    """Return, for each ticker that has one, the first kind in ``order``; ``total``: one without dividends is none."""
    first: dict[str, CloseKind] = {}
    for ticker, (_, own) in found.items():
        kinds = [
            kind for kind in order if kind in own and not (total and kind == "raw" and own[kind].dividends is None)
        ]
        if kinds:
            first[ticker] = kinds[0]
    return first


def _closes_as_traded(
    found: FoundSeries, kinds: Mapping[str, CloseKind]
) -> tuple[dict[str, CloseSeries], tuple[str, ...]]:
    """Return the closes as traded of tickers with events, made from those in shares of the last day; and notes."""
    with_events = {
        ticker: own[kind]
        for ticker, (_, own) in found.items()
        for kind in ("raw", "unsaid")
        if kind in own and (own[kind].dividends is not None or own[kind].splits is not None)
    }
    adjusted = {ticker: own["adjusted"] for ticker, (_, own) in found.items() if "adjusted" in own}
    notes = []
    for ticker in sorted(with_events.keys() & adjusted.keys()):
        if kinds[ticker] == "adjusted":  # whose returns do not hang on a column of splits
            try:
                are_split_adjusted({ticker: with_events[ticker]}, adjusted)
            except DataError as error:
                del with_events[ticker]
                notes.append(f"{error}; its adjusted closes are taken without the shares of the day")
    contained = are_split_adjusted(with_events, adjusted)
    undone = [ticker for ticker, yes in contained.items() if yes]
    unclear = [ticker for ticker, yes in contained.items() if yes is None and _has_splits(with_events[ticker])]
    series = {ticker: undo_split_adjustment(one) if ticker in undone else one for ticker, one in with_events.items()}
    if undone:
        notes.append(
            f"{shortlist(undone)}: closes and dividends do not fall at the splits stated beside them: they are in "
            "shares of the last day, and turned into those of each day"
        )
    if unclear:
        notes.append(
            f"{shortlist(unclear)}: taken as traded; the splits stated are too small for the closes to show it"
        )
    return series, tuple(notes)


def _has_splits(series: CloseSeries) -> bool:
    return series.splits is not None and bool((series.splits != 1.0).any())


def _with_traded(chosen: CloseSeries, kind: CloseKind, traded: CloseSeries | None) -> CloseSeries:
    """Return closes with their events, adjusted ones with the closes as traded that those belong to."""
    if traded is None:
        return chosen
    if kind != "adjusted":
        return traded
    if traded.dividends is None or traded.splits is None or not np.array_equal(traded.dates, chosen.dates):
        return chosen
    return dataclasses.replace(chosen, dividends=traded.dividends, splits=traded.splits, traded=traded.closes)


def _assumptions(found: FoundSeries, kinds: Mapping[str, CloseKind], wanted: WantedCloses) -> Iterator[str]:
    """Yield what was assumed about the closes."""
    unsaid = sorted({found[ticker][0] for ticker, kind in kinds.items() if kind == "unsaid"})
    if unsaid and wanted == "auto":
        yield (
            f"{shortlist(unsaid)}: nothing in the file says whether its closes are adjusted; they are taken as "
            "adjusted for splits and dividends (say `closes: adjusted` or `closes: raw` to settle it)"
        )
    for ticker, (name, own) in found.items():
        both = kinds[ticker] == "adjusted" and "raw" in own
        if both and np.array_equal(own["adjusted"].closes, own["raw"].closes, equal_nan=True):
            yield f"{name}: adjusted and raw closes of {ticker} are the same: it paid nothing, or they are not adjusted"


def _missing_events(series: Mapping[str, CloseSeries], unpaid: Sequence[str]) -> Iterator[str]:
    """Yield what closes as traded lack without dividends, or without splits, beside them."""
    if not unpaid:
        return
    unsplit = any(series[ticker].splits is None for ticker in unpaid)
    names = "" if len(unpaid) == len(series) else f" of {shortlist(unpaid)}"
    splits = ", and splits may show as jumps" if unsplit else "; the splits stated are applied"
    yield f"raw closes{names}: dividends are missing from every return{splits}"
