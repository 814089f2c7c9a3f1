"""A column of numbers, strictly: its decimal sign by its own cells, then by those of the file, or by its owner."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.errors import DataError
from engine.data.price_files.grid import CellGrid
from engine.data.price_files.number_forms import Decimal, read_number, says_missing, split_unit

_MAYBE_THOUSANDS: Final = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_CURRENCIES: Final = {"€": "EUR", "£": "GBP", "US$": "USD", "$": "", "%": "", "": ""}
"""A dollar may be of several countries."""

_SIGNS: Final = {".": "point", ",": "comma"}


def parse_numbers(
    grid: CellGrid,
    name: str,
    cells: Sequence[str],
    lines: Sequence[int],
    missing: Collection[str] = (),
    *,
    percent: bool = False,
) -> FloatArray:
    """Return (T,) the numbers of a column; NaN where a cell is empty or says that there is none.

    Parameters
    ----------
    grid : of which they are cells; its numbers tell the decimal sign where the column does not
    name : of the column or its ticker, for messages
    cells : as ``1234.5``, ``1,234.50``, ``1.234,50``, ``1'234.50``, ``1 234,50``, ``$30``, ``30 EUR``
    lines : the line of each cell, for messages
    missing : texts that stand for no number, beside the usual ones
    percent : whether a percent sign may stand behind; the number is then divided by 100

    Raises
    ------
    DataError
        For a cell that is no number, for two readings of which nothing proves one, and for mixed units.

    """
    if missing:
        cells = ["" if cell in missing else cell for cell in cells]
    for sign in (grid.decimal,) if grid.decimal else (".", ","):
        plain = _parse_plain(cells, sign)
        if plain is not None and (grid.decimal or not _may_all_be_thousands(cells, sign)):
            return plain
    texts: dict[str, str] = {}
    units: dict[str, str] = {}
    for cell, line in zip(cells, lines, strict=True):
        if cell in texts or says_missing(cell):
            continue
        parts = split_unit(cell)
        if parts is None or (parts[1] == "%" and not percent):
            raise _no_number(grid, name, cell, line)
        texts[cell], units[cell] = parts
    if len(set(units.values())) > 1:
        raise _mixed_units(grid, name, units, cells, lines)
    values = _read_texts(grid, name, texts, cells, lines)
    divisor = 100.0 if "%" in units.values() else 1.0
    return np.array([values[cell] / divisor if cell in values else math.nan for cell in cells])


def stated_currency(cells: Iterable[str]) -> str:
    """Return the currency that stands beside the first number of a column; ``""`` for none and for a dollar sign."""
    first = next((cell for cell in cells if not says_missing(cell)), "")
    parts = split_unit(first)
    unit = "" if parts is None else parts[1]
    return _CURRENCIES.get(unit, unit)


def _parse_plain(cells: Sequence[str], decimal: Decimal) -> FloatArray | None:
    """Return numbers as Python writes them, but for the decimal sign; None where one is not."""
    whole = "\n".join(cells)
    if "_" in whole or not whole.isascii():  # float() reads 1_000 and digits of every script
        return None
    if decimal == ",":
        if "." in whole:
            return None
        cells = whole.replace(",", ".").split("\n")
    with suppress(ValueError):
        return np.array(list(map(float, cells)))
    with suppress(ValueError):
        return np.array([float(cell) if cell else math.nan for cell in cells])
    return None


def _may_all_be_thousands(cells: Sequence[str], sign: Decimal) -> bool:
    """Tell whether every such sign may stand between thousands, and there is one."""
    found = False
    for cell in cells:
        if sign in cell:
            if not _MAYBE_THOUSANDS.fullmatch(cell):
                return False
            found = True
    return found


def _read_texts(
    grid: CellGrid, name: str, texts: dict[str, str], cells: Sequence[str], lines: Sequence[int]
) -> dict[str, float]:
    """Return the number of every cell with the one decimal sign that they can have."""
    signs: tuple[Decimal, ...] = (grid.decimal,) if grid.decimal else (".", ",")
    readings = {sign: {cell: read_number(text, sign) for cell, text in texts.items()} for sign in signs}
    whole = {
        sign: {cell: value for cell, value in numbers.items() if value is not None}
        for sign, numbers in readings.items()
        if None not in numbers.values()
    }
    if not whole:
        raise _unreadable(grid, name, readings, cells, lines)
    if len(whole) == 1 or whole["."] == whole[","]:
        return next(iter(whole.values()))
    if grid.proven_decimal is not None:
        return whole[grid.proven_decimal]
    at, cell = next(
        (at, cell) for at, cell in enumerate(cells) if cell in texts and whole["."][cell] != whole[","][cell]
    )
    found = f"found {cell!r}, which may be {whole['.'][cell]:g} or {whole[','][cell]:g}, and nothing in the file tells"
    raise DataError(f"{grid.file}:{lines[at]}: {name}: {found}; write `decimal: '.'` or `decimal: ','` in data.source")


def _unreadable(
    grid: CellGrid,
    name: str,
    readings: dict[Decimal, dict[str, float | None]],
    cells: Sequence[str],
    lines: Sequence[int],
) -> DataError:
    """Return the error for cells that no decimal sign makes numbers of."""
    first = {
        sign: next(at for at, cell in enumerate(cells) if cell in numbers and numbers[cell] is None)
        for sign, numbers in readings.items()
    }
    never = [at for at, cell in enumerate(cells) if all(cell in one and one[cell] is None for one in readings.values())]
    if never and len(readings) > 1:
        return _no_number(grid, name, cells[never[0]], lines[never[0]])
    if len(readings) > 1:
        (point, at), (comma, other) = ((cells[at], at) for at in (first[","], first["."]))
        found = f"found {comma!r} with a decimal comma and in line {lines[at]} {point!r} with a point"
        return DataError(f"{grid.file}:{lines[other]}: {name}: {found}, expected one decimal sign; write all alike")
    at = next(iter(first.values()))
    return _no_number(grid, name, cells[at], lines[at])


def _no_number(grid: CellGrid, name: str, cell: str, line: int) -> DataError:
    parts = split_unit(cell)
    place = f"{grid.file}:{line}: {name}: found {cell!r}"
    if parts and parts[1] == "%":
        return DataError(f"{place}, a percentage, expected a price; write `values: returns` in data.source for returns")
    other: Decimal = "," if grid.decimal == "." else "."
    if parts and grid.decimal and read_number(parts[0], other) is not None:
        expected = f"expected the decimal {_SIGNS[grid.decimal]} of the rest of the file"
        return DataError(f"{place}, {expected}; correct it, or write `decimal: '{other}'` in data.source")
    remedy = "correct it, leave it empty, or name it in `missing:` of data.source"
    return DataError(f"{place}, expected a number as 1234.5, 1,234.50 or 1.234,50; {remedy}")


def _mixed_units(
    grid: CellGrid, name: str, units: dict[str, str], cells: Sequence[str], lines: Sequence[int]
) -> DataError:
    first = next(cell for cell in cells if cell in units)
    at, other = next((at, cell) for at, cell in enumerate(cells) if cell in units and units[cell] != units[first])
    message = f"found {other!r} below {first!r}, expected one unit throughout; correct it"
    return DataError(f"{grid.file}:{lines[at]}: {name}: {message}")
