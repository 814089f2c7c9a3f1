"""Price files as vendors write them, made from one table of known values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from engine.core.errors import DataError
from engine.data.closes import Closes
from engine.data.sources import AnyPriceSource
from engine.data.sources.base import PriceRequest

DAYS = [dt.date(2019, 1, day) for day in (10, 11, 14, 15, 16, 17, 18, 22)]
SPLITS = [1, 1, 1, 2, 1, 1, 1, 1]
DIVIDENDS = [0.0, 0.0, 0.0, 0.0, 0.0, 10.0, 0.0, 0.0]
TRADED = [1975.30, 1990.00, 2010.50, 1005.75, 1011.20, 998.40, 1003.60, 1020.25]
"""What AAA closed at; BBB closes at half of it."""
CLOSES = [round(close / 2, 2) if at < 3 else close for at, close in enumerate(TRADED)]
"""In shares of the last day, as most vendors write what they call closes."""
ADJUSTED = [round(close * (1 - 10 / 1011.20), 6) if at < 5 else close for at, close in enumerate(CLOSES)]
SERIES = {"closes": CLOSES, "adjusted": ADJUSTED, "traded": TRADED}
GERMAN_MONTHS = ("Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez")
KEYS = r"columns|order|values|skip_rows|sheet|scale|rename|separator|decimal|encoding|missing|closes: "


class Number(float):
    """A number that can be written in the way of a country: ``us``, ``de``, ``ch``, ``fr``, or ``dec`` (no groups)."""

    def __format__(self, spec: str) -> str:
        """Return the text; the plain one has two decimals, or six where it needs them."""
        text = f"{float(self):,.2f}" if round(self, 2) == self else f"{float(self):,.6f}"
        marks = {"us": ",.", "de": ".,", "ch": "'.", "fr": "\u202f,", "dec": ("", ",")}.get(spec, ("", "."))
        return text.translate({ord(","): marks[0], ord("."): marks[1]})


class Day(dt.date):
    """A day that can be written as ``epoch`` [s], ``ms``, ``ns``, Excel's ``serial``, with a ``german`` month, or ``short``."""

    def __format__(self, spec: str) -> str:
        """Return the text."""
        days = (self - dt.date(1970, 1, 1)).days
        known = {
            "epoch": str(days * 86400),
            "ms": str(days * 86400_000),
            "ns": str(days * 86400_000_000_000),
            "open": str(days * 86400 + 52200),
            "serial": str(days + 25569),
            "german": f"{self.day:02d}. {GERMAN_MONTHS[self.month - 1]} {self.year}",
            "short": f"{self.month}/{self.day}/{self.year}",
        }
        return known.get(spec) or super().__format__(spec or "%Y-%m-%d")


@dataclass(frozen=True)
class Layout:
    """A vendor's file, and what has to be read from it.

    ``row`` is written once a day, or for each day and ticker when ``long``; its fields are the day ``d``, the name
    ``n``, close ``c``, adjusted ``a``, as traded ``t``, open, high, low ``o h l``, volume ``v``, dividend ``x``, split
    ``s`` (1 or 2) and ``y`` (0 or 2); ``c2``, ``a2`` are BBB's. ``reads`` names the series for each setting of
    ``closes``. ``told``: the file itself tells what its closes are. ``refused``: it can be read in several ways, or in
    none, and is refused with the key that settles it. ``keys`` of ``data.source`` are what the file needs to be read.
    """

    name: str
    header: str
    row: str
    reads: dict[str, str] = field(default_factory=lambda: {"auto": "closes"})
    footer: str = ""
    file: str = "AAA.csv"
    tickers: tuple[str, ...] = ("AAA",)
    long: bool = False
    newest_first: bool = False
    encoding: str = "utf-8"
    told: bool = False
    refused: bool = False
    keys: dict[str, object] = field(default_factory=dict)

    def text(self) -> str:
        """Return the text of the file."""
        order = range(len(DAYS))[:: -1 if self.newest_first else 1]
        names = self.tickers if self.long else self.tickers[:1]
        rows = [self.row.format_map(_fields(at, name)) for at in order for name in names]
        return "\n".join([self.header, *rows, *([self.footer] if self.footer else [])]) + "\n"


def _fields(at: int, name: str) -> dict[str, object]:
    """Return what a row of one day and ticker can hold."""
    part = 1.0 if name != "BBB" else 0.5
    close, traded, adjusted = CLOSES[at] * part, TRADED[at] * part, ADJUSTED[at] * part
    numbers = {"c": close, "t": traded, "a": adjusted, "o": close - 1, "h": close + 2, "l": close - 3}
    numbers |= {"c2": CLOSES[at] / 2, "a2": ADJUSTED[at] / 2, "t2": TRADED[at] / 2, "x": DIVIDENDS[at] * part}
    split = SPLITS[at]
    day = Day(DAYS[at].year, DAYS[at].month, DAYS[at].day)
    rounded = {key: Number(round(value, 6)) for key, value in numbers.items()}
    return {**rounded, "d": day, "n": name, "v": 123400 + at, "s": float(split), "y": 0.0 if split == 1 else split}


def load(path: Path, tickers: tuple[str, ...], closes: str, keys: dict[str, object]) -> Closes:
    """Load tickers from a path as a config would."""
    said = {"kind": "files", "path": str(path), "closes": closes, **keys}
    return TypeAdapter(AnyPriceSource).validate_python(said).load(PriceRequest(tickers))


def check(layout: Layout, path: Path) -> None:
    """Load the file at ``path`` in every way and compare; a refusal has to name a key, in a line a ticker at most."""
    for closes, wanted in layout.reads.items():
        if layout.refused:
            with pytest.raises(DataError, match=KEYS) as caught:
                load(path, layout.tickers, closes, layout.keys)
            assert len(str(caught.value).splitlines()) <= len(layout.tickers)
            continue
        loaded = load(path, layout.tickers, closes, layout.keys)
        compare(loaded, layout.tickers, wanted)
        assumed = any("nothing in the file says" in note for note in loaded.provenance.notes)
        if closes == "auto" and not layout.told:
            assert assumed or loaded.provenance.closes == "raw", loaded.provenance


def compare(loaded: Closes, tickers: tuple[str, ...], wanted: str) -> None:
    """Check days and closes of every ticker against the table."""
    assert loaded.dates.astype(object).tolist() == DAYS
    for ticker in tickers:
        part = 0.5 if ticker == "BBB" else 1.0
        column = loaded.closes[:, loaded.tickers.index(ticker)]
        assert np.allclose(column, np.array(SERIES[wanted]) * part, rtol=0, atol=2e-6), (ticker, column)
