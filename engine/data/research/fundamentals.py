"""Fundamentals: what companies had filed by a day. A figure counts from its filing date on, never before (S2)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from engine.core.did_you_mean import did_you_mean
from engine.core.errors import DataError, shorten
from engine.core.fields import ConfigModel, FilePath, file_faults
from engine.data.csv_reader import Day, to_date
from engine.data.research.filings import FilingsTable, load_filings
from engine.data.research.formula import Criterion, Measure

_SHA256_DIGITS = 64


class Fundamentals(ConfigModel):
    """A Parquet or CSV file with the columns ``ticker, period_end, available_date`` and any columns of numbers.

    ``available_date`` (or ``filing_date``) is the day on which a row became public, ``period_end`` (or ``period``) the
    end of the time it is about. An empty cell or NaN is a missing figure. ``sha256`` is that of the file's bytes: left
    out, it is filled in, so that a resolved config names its data; given, the file has to have it.
    """

    path: FilePath
    sha256: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of numbers."""
        return self._table.columns

    @property
    def tickers(self) -> tuple[str, ...]:
        """The companies the table has figures of."""
        return tuple(sorted(self._table.filing_dates))

    def as_of(self, ticker: str, day: Day) -> Mapping[str, float] | None:
        """Return the figures of the last period that was filed on or before ``day``, NaN where one is missing.

        Of several filings about the same period the latest counts. None: nothing of this ticker was filed yet.
        """
        return self._table.as_of(ticker, to_date(day))

    def filed_on(self, ticker: str, day: Day) -> dt.date | None:
        """Return when the figures of :meth:`as_of` were filed."""
        return self._table.filed_on(ticker, to_date(day))

    def unknown_column_faults(self, formulas: Iterable[Criterion | Measure]) -> Iterator[tuple[int, str]]:
        """Yield place in ``formulas`` and ``message; remedy`` of each column that they use and the table lacks."""
        for at, formula in enumerate(formulas):
            for column in formula.columns:
                if column in self._table.text_columns:
                    yield at, f"column '{column}' of {self.path} holds no numbers; {self._known_columns()}"
                elif column not in self.columns:
                    near = did_you_mean(column, self.columns, otherwise="")
                    remedy = " ".join(filter(None, (near, self._known_columns())))
                    yield at, f"{self.path} has no column '{column}'; {remedy}"

    def unit_faults(self, criteria: Iterable[Criterion], tickers: Iterable[str]) -> Iterator[tuple[int, str]]:
        """Yield place and ``message; remedy`` of each criterion that asks shares of 1 for a number above 1."""
        figures = [known for ticker in tickers for known in self._table.figures_of(ticker)]
        for at, criterion in enumerate(criteria):
            left, number = criterion.beside_number() or (None, 0.0)
            values = [value for known in figures if left and (value := left.value(known)) is not None]
            if left and number > 1.0 and values and max(map(abs, values)) <= 1.0:
                span = f"of the candidates lies between {min(values):.4g} and {max(values):.4g}"
                yield (
                    at,
                    f"{left.root} {span}, beside which {number:g} is in another unit; {number:g}% is {number / 100:g}",
                )

    def _known_columns(self) -> str:
        return f"known: {', '.join(sorted(self.columns)) or 'none'}"

    @cached_property
    def _table(self) -> FilingsTable:
        table = load_filings(self.path)
        if table.sha256 != self.sha256:
            raise DataError(f"{self.path}: changed since the config was read; start again")
        return table

    @field_validator("path")
    @classmethod
    def _check_readable(cls, path: str) -> str:
        with file_faults():
            load_filings(path)
        return path

    @field_validator("sha256")
    @classmethod
    def _check_sha256(cls, sha256: str, info: ValidationInfo) -> str:
        """Fill in the hash of the content, or hold the content against the one that is given."""
        given = sha256.strip().lower()
        if given and (len(given) != _SHA256_DIGITS or set(given) - set("0123456789abcdef")):
            message = "{found} is not a SHA-256; write its {digits} hexadecimal digits, or leave the key out"
            raise PydanticCustomError("sha256", message, {"found": shorten(repr(sha256), 80), "digits": _SHA256_DIGITS})
        if "path" not in info.data:  # its fault is told already
            return given
        found = load_filings(info.data["path"]).sha256
        if given and found != given:
            message = "{path} has {found}: other content than was meant; bring that file back, or leave the key out"
            raise PydanticCustomError("sha256", message, {"path": info.data["path"], "found": found})
        return found
