"""Where a price file keeps what: the numbers of its columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

CloseKind: TypeAlias = Literal["adjusted", "raw", "unsaid"]


@dataclass(frozen=True)
class FieldColumns:
    """The columns of one ticker: its closes by kind; its events and its currency where the file states them.

    ``dividends`` are added up: some vendors write capital gains beside them. ``stated`` is the currency that the
    header names.
    """

    closes: Mapping[CloseKind, int]
    dividends: tuple[int, ...] = ()
    split: int | None = None
    currency: int | None = None
    stated: str = ""

    def __iter__(self) -> Iterator[int]:
        """Iterate over all columns that are to be read."""
        yield from self.closes.values()
        yield from self.dividends
        yield from (at for at in (self.split, self.currency) if at is not None)


@dataclass(frozen=True)
class PriceColumns:
    """All columns of a file that are to be read, and what its header tells about them.

    ``series`` by ticker, the ticker None where the header does not name it; ``ticker`` is the column that names it;
    ``names`` are all tickers that the header names; ``roles``, what each column is read as, by its name.
    """

    date: int
    series: Mapping[str | None, FieldColumns]
    ticker: int | None = None
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    roles: tuple[tuple[str, str], ...] = ()

    def in_currency(self, currency: str) -> PriceColumns:
        """Return these columns with the currency of those whose header names none."""
        series = {name: replace(fields, stated=fields.stated or currency) for name, fields in self.series.items()}
        return replace(self, series=series)

    def in_currencies(self, row: Sequence[str]) -> PriceColumns:
        """Return these columns with the currencies that a row of the header states of each."""
        said = {
            name: {row[at] for at in fields.closes.values() if at < len(row)} for name, fields in self.series.items()
        }
        series = {
            name: replace(fields, stated=fields.stated or "".join(sorted(said[name])))
            for name, fields in self.series.items()
        }
        return replace(self, series=series)

    def used(self) -> set[int]:
        """Return every column that is to be read."""
        whole = {self.date, *(at for fields in self.series.values() for at in fields)}
        return whole if self.ticker is None else whole | {self.ticker}
