"""Vendors' files as people change them: whatever is done to one, it gives its closes or a refusal, never other closes."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from engine.core.errors import DataError
from tests.data import test_vendor_libraries as libraries
from tests.data import test_vendor_services as services
from tests.data import test_vendor_tables as tables
from tests.data import test_vendor_websites as websites
from tests.support.vendor_files import DAYS, SERIES, Layout, load

LAYOUTS = (
    *(*websites.AMERICAN, *websites.GLOBAL, *websites.EUROPEAN, *websites.ASIAN),
    *(*libraries.PYTHON, *libraries.R, *tables.INSTITUTIONS, *tables.OWN),
    *(*services.INTERFACES, *services.KAGGLE, *services.FUNDS, *services.DATA),
)


@dataclass(frozen=True)
class Written:
    """The lines of a file."""

    header: list[str]
    rows: list[str]
    footer: list[str]
    separator: str

    def text(self) -> str:
        """Return the file."""
        return "\n".join([*self.header, *self.rows, *self.footer]) + "\n"


def written(layout: Layout) -> Written:
    """Return a layout's file by its parts."""
    lines, above = layout.text().split("\n")[:-1], layout.header.count("\n") + 1
    end = len(lines) - bool(layout.footer)
    separator = max(";\t|,", key=lines[above - 1].count)
    return Written(lines[:above], lines[above:end], lines[end:], separator)


def exchange_columns(file: Written, chance: random.Random) -> Written:
    """Put the columns in another order, where there is one row of names and every row has all of them."""
    table = csv.reader(
        io.StringIO("\n".join([*file.header, *file.rows])), delimiter=file.separator, skipinitialspace=True
    )
    cells = list(table)
    width = len(cells[-1])
    if len(file.header) > 1 or {len(row) for row in cells} != {width} or not cells[0][0].strip():
        return file
    order = chance.sample(range(width), width)
    sink = io.StringIO()
    csv.writer(sink, delimiter=file.separator, lineterminator="\n").writerows(
        [row[at] for at in order] for row in cells
    )
    header, *rows = sink.getvalue().split("\n")[:-1]
    return replace(file, header=[header], rows=rows)


def drop_row(file: Written, chance: random.Random) -> Written:
    """Leave out a row."""
    at = chance.randrange(len(file.rows))
    return replace(file, rows=file.rows[:at] + file.rows[at + 1 :])


CHANGES: dict[str, Callable[[Written, random.Random], Written]] = {
    "columns exchanged": exchange_columns,
    "a row left out": drop_row,
    "the other way round": lambda file, _: replace(file, rows=file.rows[::-1]),
    "two rows only": lambda file, _: replace(file, rows=file.rows[:2]),
    "a row twice": lambda file, _: replace(file, rows=file.rows + file.rows[:1]),
    "lines above": lambda file, _: replace(file, header=["some text of a vendor", "", *file.header]),
    "lines below": lambda file, _: replace(file, footer=[*file.footer, "", "source: a vendor"]),
    "an empty column": lambda file, _: replace(
        file,
        header=[*file.header[:-1], file.header[-1] + file.separator],
        rows=[row + file.separator for row in file.rows],
    ),
}


def outcome(layout: Layout, file: Written, path: Path) -> str:
    """Load a file; tell whether it gave its closes, a refusal of one line a ticker at most, or anything else."""
    path.write_bytes(file.text().encode(layout.encoding))
    try:
        loaded = load(path, layout.tickers, "auto", layout.keys)
    except DataError as error:
        return "refused" if len(str(error).splitlines()) <= len(layout.tickers) else "refused in many lines"
    known = dict(zip(DAYS, SERIES[layout.reads["auto"]], strict=True))
    right = [known.get(day, np.inf) for day in loaded.dates.astype(object)]
    for ticker in layout.tickers:
        column = loaded.closes[:, loaded.tickers.index(ticker)]
        wanted = np.array(right) * (0.5 if ticker == "BBB" else 1.0)
        if not (np.isnan(column) | (np.abs(column - wanted) < 2e-6)).all():
            return f"other closes: {loaded.dates[0]} {column}"
    return "read"


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
def test_a_changed_file_gives_its_closes_or_a_refusal(count: int, tmp_path: Path) -> None:
    """Some changes of some vendor's file at random; most are read all the same."""
    chance = random.Random(count)
    seen: Counter[str] = Counter()
    for _ in range(count):
        layout = chance.choice(LAYOUTS)
        names = chance.sample(sorted(CHANGES), chance.randrange(4))
        file = written(layout)
        for name in names:
            file = CHANGES[name](file, chance)
        found = outcome(layout, file, tmp_path / layout.file)
        assert found in {"read", "refused"}, (layout.name, names, found, file.text())
        seen[found] += 1
    assert seen["read"] > 0.7 * count, seen
