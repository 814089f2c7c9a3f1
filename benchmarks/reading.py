"""How long price files take to be read, held to what is asked: ``python benchmarks/reading.py`` (``make reading``).

Thirty years of 89 tickers as one wide Parquet file and as a folder of one file a ticker, and 10 MB of text in several
layouts, from a path to closes that are checked and signed. Seconds of CPU, in turns; the libraries are loaded before.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from bars import Bar, print_bars

from engine.data.closes import Closes
from engine.data.sources.base import PriceRequest
from engine.data.sources.files import Files
from engine.diagnostics.bench.stopwatch import LocalRun, Spread, time_in_turns

SESSIONS = 7560
TICKERS = tuple(f"T{number:02d}" for number in range(89))
TEN_MEGABYTES = 10_000_000
ROUNDS = 5
ASKED = {
    "wide.parquet": ("0.06 s", 0.060),
    "wide.csv": ("0.68 s", 1.0),
    "long.csv": ("1.54 s", 1.0),
    "german.csv": ("refused", 1.0),
    "closes": ("2.18 s", 1.5),
    "bars": ("3.67 s", 1.5),
}
"""What a file took before, and seconds at most; ``closes`` and ``bars`` are folders of text."""


def seeded_closes() -> pd.DataFrame:
    """Return closes with all their digits, as vendors write adjusted ones."""
    rng = np.random.default_rng(30)
    days = pd.DatetimeIndex(np.busday_offset("1995-01-02", np.arange(SESSIONS), roll="forward"), name="date")
    walk = 30.0 * np.exp(np.cumsum(rng.normal(0.0003, 0.012, (SESSIONS, len(TICKERS))), axis=0))
    return pd.DataFrame(walk, days, list(TICKERS))


def write_files(folder: Path) -> None:
    """Write a file or folder for each line of the table; text is cut at ten megabytes."""
    wide = seeded_closes()
    wide.to_parquet(folder / "wide.parquet")
    texts = {
        "wide.csv": wide.to_csv(),
        "long.csv": wide.melt(var_name="ticker", value_name="close", ignore_index=False).sort_index().to_csv(),
        "german.csv": wide.to_csv(sep=";", decimal=",", date_format="%d.%m.%Y"),
    }
    for name, text in texts.items():
        (folder / name).write_text(text[: text.rfind("\n", 0, TEN_MEGABYTES) + 1], encoding="utf-8")
    for name in ("closes", "bars"):
        (folder / name).mkdir()
    for ticker, own in wide.items():
        columns = {"Open": own * 0.99, "High": own * 1.01, "Low": own * 0.98, "Close": own * 1.1, "Adj Close": own}
        bars = pd.DataFrame(columns).round(6).assign(Volume=1_234_500).rename_axis("Date")
        bars.to_csv(folder / "bars" / f"{ticker}.csv")
        bars[["Adj Close"]].to_csv(folder / "closes" / f"{ticker}.csv")


def read(path: Path) -> Closes:
    """Read as a config would."""
    return Files(path=str(path)).load(PriceRequest(TICKERS))


def reading_bars(folder: Path) -> Iterator[Bar]:
    """Yield a bar for each file or folder."""
    write_files(folder)
    runs = [LocalRun(partial(read, folder / name)) for name in ASKED]
    for (name, (before, limit)), samples in zip(ASKED.items(), time_in_turns(runs, ROUNDS, show), strict=True):
        path = folder / name
        size = sum(file.stat().st_size for file in ([path] if path.is_file() else path.iterdir()))
        what = f"{name}, {len(TICKERS)} {'tickers' if path.is_file() else 'files'}, {size / 1e6:.1f} MB: CPU"
        yield Bar(what, before, limit, Spread.of(sample.cpu for sample in samples), unit=" s")


def show(turn: int) -> None:
    """Say on a terminal how far it is."""
    if sys.stderr.isatty():
        print(f"timing: round {turn} of {ROUNDS}", file=sys.stderr)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        print_bars(list(reading_bars(Path(place))), os.cpu_count() or 1)
