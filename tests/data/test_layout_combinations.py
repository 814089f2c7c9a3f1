"""A known table in random layouts is read rightly or refused: never another table."""

from __future__ import annotations

import datetime as dt
import random
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.data.sources.base import PriceRequest
from engine.data.sources.files import Files

DATES = (
    "Date",
    "date",
    "Datum",
    "timestamp",
    "Trade Date",
    "",
    "index",
    "Zeit",
    "DAY1",
    "Exchange Date",
    "Date.1",
    "T",
)
CLOSES = (
    "Close",
    "close",
    "Last",
    "Schlusskurs",
    "PX_LAST",
    "Price",
    "Kurs",
    "NAV",
    "CLOSE",
    "Close/Last",
    "Closing",
    "X9",
)
ADJUSTED = ("Adj Close", "adjusted", "Adj. Close", "closeadj", "AdjClose", "adjusted_close", "Adj", "AdjC", "Total adj")
NOISE = (
    "Open",
    "High",
    "Low",
    "Volume",
    "open",
    "high",
    "Sector",
    "MA50",
    "Value",
    "Change %",
    "Prev Close",
    "",
    "Bid",
)
TICKERS = ("AAA", "OPEN", "LOW", "DATA", "NAV", "BRK.B", "007", "NO")
TICKER_COLUMNS = ("ticker", "Symbol", "Name", "tic", "Stock", "code", "Emittent", "Index", "Paper")


@dataclass
class Table:
    """What is written: days, and closes and adjusted closes of two tickers."""

    days: list[dt.date]
    tickers: tuple[str, str]
    closes: dict[str, list[float]]
    adjusted: dict[str, list[float]]


def make_table(rng: random.Random) -> Table:
    """Return closes of two tickers that differ in every cell, whatever is confused with what."""
    days = [dt.date(2024, 1, 2) + dt.timedelta(days=step) for step in range(8)]
    tickers = tuple(rng.sample(TICKERS, 2))
    closes = {name: [round(rng.uniform(20, 80), 2) for _ in days] for name in tickers}
    adjusted = {name: [round(close * rng.uniform(0.5, 0.9), 2) for close in own] for name, own in closes.items()}
    return Table(days, (tickers[0], tickers[1]), closes, adjusted)


def field_columns(rng: random.Random, table: Table, ticker: str) -> list[tuple[str, list[str]]]:
    """Return named columns of one ticker in random order: closes, perhaps adjusted ones, perhaps others."""
    columns = [(rng.choice(CLOSES), [f"{close}" for close in table.closes[ticker]])]
    if rng.random() < 0.6:
        columns.append((rng.choice(ADJUSTED), [f"{close}" for close in table.adjusted[ticker]]))
    columns += [
        (name, [f"{rng.uniform(100, 200):.2f}" for _ in table.days]) for name in rng.sample(NOISE, rng.randrange(5))
    ]
    rng.shuffle(columns)
    return columns


def single(rng: random.Random, table: Table) -> list[list[str]]:
    """Fields of one ticker."""
    columns = field_columns(rng, table, table.tickers[0])
    columns.insert(rng.choice([0, 0, 0, 1]), (rng.choice(DATES), [str(day) for day in table.days]))
    return [[name for name, _ in columns], *map(list, zip(*(cells for _, cells in columns), strict=True))]


def long(rng: random.Random, table: Table) -> list[list[str]]:
    """Two tickers below each other, or in turns."""
    parts: list[list[list[str]]] = []
    state, date, ticker = rng.getstate(), rng.choice(DATES), rng.choice(TICKER_COLUMNS)
    for name in table.tickers:
        rng.setstate(state)
        columns = field_columns(rng, table, name)
        rows = [list(row) for row in zip(*(cells for _, cells in columns), strict=True)]
        parts.append([[str(day), *row, name] for day, row in zip(table.days, rows, strict=True)])
    header = [date, *(name for name, _ in columns), ticker]
    rows = [row for pair in zip(*parts, strict=True) for row in pair] if rng.random() < 0.5 else parts[0] + parts[1]
    return [header, *rows]


def wide(rng: random.Random, table: Table) -> list[list[str]]:
    """A column a ticker, perhaps an adjusted one beside it, names joined or plain."""
    joint = rng.choice(["{t}", "{t}", "{t}.{f}", "{f}_{t}", "{t} {f}", "('{f}', '{t}')"])
    close, adjusted = rng.choice(["Close", "close", "Last"]), rng.choice(["Adj Close", "adjusted", "adj"])
    columns = [(joint.format(t=name, f=close), table.closes[name]) for name in table.tickers]
    if rng.random() < 0.5:
        joint = joint if "{f}" in joint else rng.choice(["{t}_{f}", "{t} {f}", "{f}{t}", "{t}{f}", "{f}"])
        columns += [(joint.format(t=name, f=adjusted), table.adjusted[name]) for name in table.tickers]
    rng.shuffle(columns)
    rows = zip(*(own for _, own in columns), strict=True)
    body = [[str(day), *map(str, row)] for day, row in zip(table.days, rows, strict=True)]
    return [[rng.choice(DATES), *(f'"{name}"' if "," in name else name for name, _ in columns)], *body]


def doubled(rng: random.Random, table: Table) -> list[list[str]]:
    """Fields above tickers or below, with or without the row of the index."""
    close, adjusted = rng.choice(["Close", "close"]), rng.choice(["Adj Close", "adjusted"])
    columns = [(close, name, table.closes[name]) for name in table.tickers]
    if rng.random() < 0.5:
        columns += [(adjusted, name, table.adjusted[name]) for name in table.tickers]
    columns += [("Volume", name, [9.0] * len(table.days)) for name in table.tickers if rng.random() < 0.5]
    labels = rng.choice([("Price", "Ticker"), ("", ""), ("", "Date"), ("Attributes", "Symbols")])
    top, below = [labels[0], *(field for field, _, _ in columns)], [labels[1], *(name for _, name, _ in columns)]
    if rng.random() < 0.5:
        top, below = below, top
    rows = zip(*(own for _, _, own in columns), strict=True)
    body = [[str(day), *map(str, row)] for day, row in zip(table.days, rows, strict=True)]
    index = [["Date", *[""] * len(columns)]] if rng.random() < 0.5 else []
    return [top, below, *index, *body]


def blocks(rng: random.Random, table: Table) -> list[list[str]]:
    """Each ticker with its own dates, the second a day later."""
    gap = [""] * rng.randrange(2)
    first, second = table.tickers
    date = rng.choice(DATES)
    other = rng.choice([date, date, *DATES])
    header = [date, first, *gap, other, second]
    days = [day + dt.timedelta(days=40) for day in table.days]
    rows = [
        [str(day), str(table.closes[first][at]), *gap, str(days[at]), str(table.closes[second][at])]
        for at, day in enumerate(table.days)
    ]
    return [header, *rows]


LAYOUTS = {"single": single, "long": long, "wide": wide, "doubled": doubled, "blocks": blocks}
PREAMBLES = ([], [], [], ["Prices"], ["Report", "", "As of,2024-02-01"], ["Name,A,B", ""], ["Currency: USD"])


def outcome(seed: int, folder: Path) -> str:
    """Write a table in a random layout, read it, and say what came of it: read, refused, or what is wrong."""
    rng = random.Random(seed)
    table, layout = make_table(rng), rng.choice(list(LAYOUTS))
    rows = LAYOUTS[layout](rng, table)
    text = "\n".join(
        [*rng.choice(PREAMBLES), *(",".join(cell if "," not in cell else f'"{cell}"' for cell in row) for row in rows)]
    )
    tickers = table.tickers[:1] if layout == "single" or rng.random() < 0.3 else table.tickers
    closes = rng.choice(["auto", "auto", "adjusted", "raw"])
    path = folder / "p.csv"
    path.write_text(text + "\n" + rng.choice(["", "", "Source: us\n"]))
    try:
        loaded = Files.model_validate({"path": str(path), "closes": closes}).load(PriceRequest(tickers))
    except DataError:
        return f"{layout}: refused"
    late = dt.timedelta(days=40) if layout == "blocks" else dt.timedelta(0)
    has_adjusted = all(any(str(close) in row for row in rows) for close in table.adjusted[tickers[0]])
    for at, ticker in enumerate(loaded.tickers):
        own = ~np.isnan(loaded.closes[:, at])
        expected = table.closes if closes == "raw" or not has_adjusted else table.adjusted
        days = [day + (late if ticker == table.tickers[1] else dt.timedelta(0)) for day in table.days]
        if loaded.closes[own, at].tolist() != expected[ticker] or loaded.dates[own].tolist() != days:
            return f"{layout}: WRONG (seed {seed}, {closes}, {tickers})\n{text}"
    return f"{layout}: read"


@pytest.mark.parametrize("begin", range(0, 400, 100))
def test_a_layout_is_read_rightly_or_refused(tmp_path: Path, begin: int) -> None:
    """Some hundred random layouts, none read as another table; most of each kind are read."""
    outcomes = [outcome(seed, tmp_path) for seed in range(begin, begin + 100)]
    assert not [one for one in outcomes if "WRONG" in one]
    assert sum("read" in one for one in outcomes) > 40


@pytest.mark.slow
def test_ten_thousand_layouts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """None of them is read as another table; how many are read and refused is printed."""
    outcomes = Counter(outcome(seed, tmp_path) for seed in range(1000, 11_000))
    with capsys.disabled():
        sys.stdout.write(f"{dict(sorted(outcomes.items()))}\n")
    assert not [one for one in outcomes if "WRONG" in one]
