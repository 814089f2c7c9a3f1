"""Grid: a price file as rows of cells, whatever it was written in; what its owner says about how to read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from engine.core.fields import ConfigModel, Positive, Ticker, WholeNumber
from engine.data.sources.number_forms import Decimal, prove_decimal

Count: TypeAlias = Annotated[WholeNumber, Field(ge=0, le=1000)]


@dataclass(frozen=True)
class Grid:
    """The cells of one file or sheet, as text.

    Attributes
    ----------
    file : its name, for messages
    rows : cells without blanks around them; rows of equal length below the header, blank rows left out
    lines : the line or sheet row of each row, for messages
    decimal : what stands before the decimals of its numbers; None where they have to tell themselves
    notes : what was assumed to get them

    """

    file: str
    rows: list[list[str]]
    lines: Sequence[int]
    decimal: Decimal | None = "."
    notes: tuple[str, ...] = ()

    @cached_property
    def proven_decimal(self) -> Decimal | None:
        """The decimal sign that some number of the file can only have and none contradicts."""
        return self.decimal or prove_decimal(cell for row in self.rows for cell in row)


class ColumnKeys(ConfigModel):
    """Which column is what: its name in the header, or ``#3`` for the third."""

    date: str | None = None
    close: str | None = None
    adjusted: str | None = None
    ticker: str | None = None
    dividend: str | None = None
    split: str | None = None
    currency: str | None = None


class ReadingKeys(ConfigModel):
    """What cannot be inferred from a file can be said; each is None where the file has to tell.

    ``order`` of day, month and year in its dates; ``separator`` of its columns, ``decimal`` sign, text ``encoding``;
    ``sheet`` of a workbook; ``skip_rows`` above its header; ``scale`` that closes are multiplied by; ``missing``, the
    texts that stand for no close; ``columns``, which one is what; ``rename``, what a name in the file is called in
    the plan; ``values``, prices or simple returns.
    """

    order: Literal["ymd", "dmy", "mdy"] | None = None
    separator: Literal[",", ";", "tab", "|", "space"] | None = None
    decimal: Decimal | None = None
    encoding: str | None = None
    sheet: str | None = None
    skip_rows: Count | None = None
    scale: Positive | None = None
    missing: tuple[str, ...] | None = None
    columns: ColumnKeys | None = None
    rename: dict[str, Ticker] | None = None
    values: Literal["prices", "returns"] | None = None


NO_KEYS: Final = ReadingKeys()
