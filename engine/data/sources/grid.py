"""Grid: a price file as rows of cells, whatever it was written in; what its owner says about how to read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.core.fields import ConfigModel


@dataclass(frozen=True)
class Grid:
    """The cells of one file or sheet, as text.

    Attributes
    ----------
    file : its name, for messages
    rows : cells without blanks around them; rows of equal length below the header, blank rows left out
    lines : the line or sheet row of each row, for messages
    decimal : what stands before the decimals of its numbers

    """

    file: str
    rows: list[list[str]]
    lines: list[int]
    decimal: Literal[".", ","] = "."


class ReadingKeys(ConfigModel):
    """What cannot be inferred from a file can be said; each is None where the file has to tell.

    ``order`` of day, month and year in its dates; ``separator`` of its columns, ``decimal`` sign, text ``encoding``;
    ``sheet`` of a workbook; ``skip_rows`` above its header; ``scale`` that closes are multiplied by; ``missing``, the
    texts that stand for no close.
    """

    order: Literal["ymd", "dmy", "mdy"] | None = None
    separator: Literal[",", ";", "tab", "|", "space"] | None = None
    decimal: Literal[".", ","] | None = None
    encoding: str | None = None
    sheet: str | None = None
    skip_rows: int | None = None
    scale: float | None = None
    missing: tuple[str, ...] | None = None
