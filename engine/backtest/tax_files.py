"""``taxes.csv`` and ``lots.csv``: what was booked of a taxed strategy, and the lots that are left, written and read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeVar

from engine.analysis.comparison import PortfolioResult
from engine.tax.record import TaxRecord

TAXES_FILE: Final = "taxes.csv"
LOTS_FILE: Final = "lots.csv"


class TaxLine(NamedTuple):
    """One booking: a row of ``taxes.csv`` [currency]; dates are empty where there is none, as the asset of cash is.

    ``year`` whose income it is; ``units`` signed as traded, in shares of the day; ``gain`` before any exemption, of
    which ``exempt`` is not taxed; ``tax`` due by it, ``withheld`` abroad.
    """

    date: str
    year: int
    asset: str
    kind: str
    lot_date: str
    units: float
    gain: float
    exempt: float
    taxable: float
    tax: float
    withheld: float


class LotLine(NamedTuple):
    """What is left of one purchase: a row of ``lots.csv``.

    ``cost`` with its fees and ``deemed`` income that was taxed already, of all ``units``, and their ``value`` at the
    last close [currency]; units are shares of that day.
    """

    asset: str
    lot_date: str
    units: float
    cost: float
    deemed: float
    value: float


LineT = TypeVar("LineT", TaxLine, LotLine)


def tax_files(portfolio: PortfolioResult) -> dict[str, bytes]:
    """Return the content of both files by name; none where nothing is taxed."""
    taxes = portfolio.ledger.taxes
    if taxes is None:
        return {}
    return {
        TAXES_FILE: _csv_bytes(TaxLine._fields, list_taxes(portfolio, taxes.record)),
        LOTS_FILE: _csv_bytes(LotLine._fields, list_lots(portfolio, taxes.record)),
    }


def list_taxes(portfolio: PortfolioResult, record: TaxRecord) -> Iterator[TaxLine]:
    """Yield a portfolio's bookings in their order."""
    for one in record.entries:
        yield TaxLine(
            date=_date(portfolio, one.row),
            year=one.year,
            asset=portfolio.ledger.assets[one.asset] if one.asset >= 0 else "",
            kind=one.kind,
            lot_date=_date(portfolio, one.lot_row),
            units=_shares(portfolio, one.row, one.asset, one.units),
            gain=float(one.gain),
            exempt=float(one.exempt),
            taxable=float(one.taxable),
            tax=float(one.tax),
            withheld=float(one.withheld),
        )


def list_lots(portfolio: PortfolioResult, record: TaxRecord) -> Iterator[LotLine]:
    """Yield what a portfolio holds at its end, by asset, the oldest lots first."""
    last = portfolio.ledger.session_rows(portfolio.market).stop - 1
    prices = portfolio.market.prices[last]
    for one in sorted(record.lots, key=lambda lot: (lot.asset, lot.row)):
        yield LotLine(
            asset=portfolio.ledger.assets[one.asset],
            lot_date=_date(portfolio, one.row),
            units=_shares(portfolio, last, one.asset, one.units),
            cost=float(one.cost),
            deemed=float(one.deemed),
            value=float(one.units) * float(prices[one.asset]),
        )


def parse_taxes(text: str) -> tuple[TaxLine, ...]:
    """Return the bookings of a file; raises ValueError or csv.Error for what is none, naming the line."""
    return tuple(
        TaxLine(date, int(year), asset, kind, lot_date, *map(float, numbers))
        for date, year, asset, kind, lot_date, *numbers in _rows(text, TaxLine._fields)
    )


def parse_lots(text: str) -> tuple[LotLine, ...]:
    """Return the lots of a file; raises as ``parse_taxes`` does."""
    return tuple(
        LotLine(asset, lot_date, *map(float, numbers)) for asset, lot_date, *numbers in _rows(text, LotLine._fields)
    )


def _rows(text: str, fields: tuple[str, ...]) -> Iterator[list[str]]:
    lines = csv.reader(io.StringIO(text))
    if tuple(next(lines, ())) != fields:
        raise ValueError(f"the columns {', '.join(fields)} are expected")
    for line in lines:
        if len(line) != len(fields):
            raise ValueError(f"line {lines.line_num}: {len(fields)} cells are expected")
        yield line


def _csv_bytes(fields: Sequence[str], lines: Iterator[LineT]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([fields, *lines])
    return text.getvalue().encode()


def _date(portfolio: PortfolioResult, row: int) -> str:
    return str(portfolio.market.dates[row].astype("datetime64[D]")) if row >= 0 else ""


def _shares(portfolio: PortfolioResult, row: int, asset: int, units: float) -> float:
    """Return units as shares of the day, to twelve digits where splits are known (S10)."""
    shares = portfolio.market.shares
    if shares is None or row < 0 or asset < 0:
        return float(units)
    return float(f"{float(units) * float(shares[row, asset]):.12g}")
