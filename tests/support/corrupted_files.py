"""Price files damaged in every way that a disk, a line or a careless export knows, and what becomes of them.

``python -m tests.support.corrupted_files 20000`` reads so many and prints the outcomes: each is read, or refused in
words that name the file. Bytes are turned, lost, doubled and cut off; names, types, metadata and cells are wrong.
"""

# ruff: noqa: T201

from __future__ import annotations

import gzip
import io
import json
import lzma
import resource
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from engine.backtest.prices import load_prices
from engine.core.errors import EngineError
from tests.support.configs import config
from tests.support.workbooks import ods, xls, xlsx

TICKERS = ("AAA", "BBB")
PLAN = "name: case\ndata: {source: {kind: files, path: p.csv}}\nstrategy: {kind: fixed_mix, weights: {AAA: 60%, BBB: 40%}, rebalance: {kind: annual}}"


@cache
def frame() -> pd.DataFrame:
    """Sixty sessions of two tickers, in cents."""
    rng = np.random.default_rng(3)
    days = pd.DatetimeIndex(np.busday_offset("2024-01-02", np.arange(60), roll="forward"), name="date")
    closes = np.round(50.0 * np.cumprod(1.0 + rng.normal(0.0, 0.01, (60, 2)), axis=0), 2)
    return pd.DataFrame(closes, days.as_unit("s"), list(TICKERS))


def long_frame() -> pd.DataFrame:
    """Return the same below each other, as traded, with the events beside them."""
    whole = frame().melt(var_name="ticker", value_name="close", ignore_index=False).reset_index()
    return whole.assign(dividend=0.0, split=1.0, currency="USD").sort_values(["ticker", "date"])


def zipped(content: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("p.csv", content)
    return sink.getvalue()


def parquet(table: pd.DataFrame | pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table if isinstance(table, pa.Table) else pa.Table.from_pandas(table), sink, **options)
    return sink.getvalue()


def originals() -> dict[str, bytes]:
    """Return undamaged files by name."""
    whole, text = frame(), frame().to_csv()
    german = whole.to_csv(sep=";", decimal=",", date_format="%d.%m.%Y")
    doubled = pd.concat({"Close": whole}, axis=1, names=["Price", "Ticker"])
    cells = [
        ["Date", *TICKERS],
        *([day.date(), *row] for day, row in zip(whole.index, whole.to_numpy().tolist(), strict=True)),
    ]
    return {
        "wide.csv": text.encode(),
        "german.csv": german.encode("cp1252"),
        "utf16.csv": text.encode("utf-16"),
        "long.csv": long_frame().to_csv(index=False).encode(),
        "doubled.csv": doubled.to_csv().encode(),
        "wide.csv.gz": gzip.compress(text.encode(), mtime=0),
        "wide.csv.zip": zipped(text.encode()),
        "wide.csv.xz": lzma.compress(text.encode()),
        "wide.xlsx": xlsx({"Prices": cells}),
        "wide.ods": ods({"Prices": cells}),
        "wide.xls": xls("Prices", cells),
        "wide.parquet": parquet(whole),
        "checked.parquet": parquet(whole, write_page_checksum=True, compression="zstd", row_group_size=25),
        "plain.parquet": parquet(whole, compression="none", use_dictionary=False, store_schema=False),
        "long.parquet": parquet(long_frame(), compression="gzip"),
        "doubled.parquet": parquet(doubled),
    }


def damage(content: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes with a few faults of a disk or a line in them, most often a single one."""
    data = bytearray(content)
    for _ in range(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1])):
        at, size = int(rng.integers(len(data) or 1)), int(rng.integers(1, 65))
        match rng.choice(7, p=[0.36, 0.2, 0.08, 0.08, 0.1, 0.08, 0.1]):
            case 0 if data:
                data[at] ^= 1 << int(rng.integers(8))
            case 1 if data:
                data[at] = int(rng.integers(256))
            case 2:
                del data[at:]
            case 3:
                del data[at : at + size]
            case 4:
                data[at:at] = rng.bytes(size)
            case 5:
                data[at:at] = data[max(0, at - size) : at]
            case _:
                data[at : at + size] = bytes(size)
    return bytes(data)


ODD_CELLS = (
    *("", " ", "nan", "inf", "-inf", "-1", "0", "-0", "1e400", "1e-400", "TRUE", "1,5", "1.234,56", "١٢", "½", "\0"),
    *('"', '""', "'", "=A1+B1", "$", "--", "#REF!", "2024-13-45", "99999999", "9999-12-31", "0001-01-01", "31.12.2024"),
    *("12/31/2024", "now", "NaT", "A" * 5000, "\r", "\n", ",", ";", "\t", "\u202e", "\ufeff", "1_000", "0x10", "1.2.3"),
    *("-", "%", "5%", "1:2", "(5)", "1 000", "1'000", "9" * 400, "e5", ".", "+5", "5-", "\ud7ff"),
)


def odd_text(rng: np.random.Generator) -> tuple[str, bytes]:
    """Return a text file or a workbook with wrong cells in it, some in the header."""
    head = [
        ["date", *TICKERS],
        ["Date", "Close", "Adj Close"],
        ["date", "ticker", "close"],
        ["Datum", "Schluss", "AAA"],
    ]
    names = list(head[rng.integers(len(head))])
    whole = frame()
    rows = [
        names,
        *([str(day.date()), *map(repr, row)] for day, row in zip(whole.index, whole.to_numpy().tolist(), strict=True)),
    ]
    if names[1] == "ticker":
        rows[1:] = [[row[0], "AAA", row[2]] for row in rows[1:]]
    for _ in range(rng.integers(1, 4)):
        row = rows[0 if rng.random() < 0.15 else rng.integers(len(rows))]
        match rng.integers(6):
            case 0:
                row.insert(int(rng.integers(len(row) + 1)), str(rng.choice(ODD_CELLS)))
            case 1 if row:
                row.pop()
            case _ if row:
                row[rng.integers(len(row))] = ODD_CELLS[rng.integers(len(ODD_CELLS))]
    if rng.random() < 0.1:
        letters = str.maketrans(dict.fromkeys(map(chr, range(32)), ""))
        cells = [[_as_cell(cell.translate(letters), rng) for cell in row] for row in rows]
        return "odd.xlsx", xlsx(
            {"P": cells, **({"Q": cells[:9]} if rng.random() < 0.3 else {})}, serials=rng.random() < 0.5
        )
    separator, ending = rng.choice([",", ";", "\t", "|"]), rng.choice(["\n", "\r\n", "\r"])
    return "odd.csv", ending.join(separator.join(row) for row in rows).encode("utf-8", "surrogatepass")


def _as_cell(text: str, rng: np.random.Generator) -> str | float:
    try:
        return float(text) if rng.random() < 0.9 and np.isfinite(float(text)) else text
    except ValueError:
        return text


def odd_parquet(rng: np.random.Generator) -> tuple[str, bytes]:
    """Return a Parquet file with columns of wrong types, wrong names or wrong metadata."""
    count = int(rng.integers(0, 40)) if rng.random() < 0.2 else 40
    names = list(
        [
            ("date", *TICKERS),
            ("date", "ticker", "close"),
            ("date", "close", "dividend"),
            ("Date", "Adj Close", "Close", "Stock Splits"),
        ][rng.integers(4)]
    )
    columns: list[pa.Array] = [
        odd_column(rng, count, dates=name.lower() == "date", odd=rng.random() < 0.5) for name in names
    ]
    while rng.random() < 0.4:
        names[rng.integers(len(names))] = str(
            rng.choice(
                [
                    "",
                    " ",
                    "date",
                    "AAA",
                    "close",
                    "a\nb",
                    "('Close', 'AAA')",
                    "\u202eAAA",
                    "9" * 3000,
                    "__index_level_0__",
                    "Currency",
                ]
            )
        )
    table = pa.table(columns, names=names)
    if rng.random() < 0.5:
        table = table.replace_schema_metadata({b"pandas": odd_metadata(rng)})
    content = parquet(table, store_schema=bool(rng.random() < 0.5))
    if rng.random() < 0.3:
        content = content.replace(b"AAA", rng.choice([b"A\xc3(", b"\xff\xfeA", b"A\0A", b"AA\xed"]))
    return "odd.parquet", content


def odd_column(rng: np.random.Generator, count: int, *, dates: bool, odd: bool) -> pa.Array:
    days = np.busday_offset("2024-01-02", np.arange(count), roll="forward")
    closes = np.round(rng.uniform(10.0, 20.0, count), 2)
    if not odd:
        return pa.array(days if dates else closes)
    numbers = days.astype(np.int64) if dates else closes
    wild = rng.integers(-(2**62), 2**62, count)
    makers: list[Callable[[], pa.Array]] = [
        lambda: pa.array([{"a": float(x)} for x in numbers], pa.struct({"a": pa.float64()})),
        lambda: pa.array([[float(x)] for x in numbers], pa.list_(pa.float64())),
        lambda: pa.array([[("k", float(x))] for x in numbers], pa.map_(pa.string(), pa.float64())),
        lambda: pa.array([str(x).encode() for x in numbers], pa.binary()),
        lambda: pa.array(
            [str(x) for x in (days if dates else closes)],
            rng.choice([pa.string(), pa.large_string(), pa.string_view()]),
        ),
        lambda: pa.array([str(rng.choice(ODD_CELLS[:12])) for _ in numbers]),
        lambda: pa.array(numbers > 15.0),
        lambda: pa.array(wild, pa.int64()).cast(pa.time64("us"), safe=False),
        lambda: pa.array(wild, pa.duration("ns")),
        lambda: pa.array(wild, pa.timestamp(str(rng.choice(["ms", "us", "ns"])))),
        lambda: pa.array(
            wild // 10**9, pa.timestamp("s", rng.choice(["UTC", "Mars/Base", "+25:00", "America/New_York"]))
        ),
        lambda: pa.array((wild // 2**32).astype(np.int32), pa.date32()),
        lambda: pa.array(wild // 86_400_000 * 86_400_000, pa.date64()),
        lambda: pa.array(wild.astype(np.uint64), pa.uint64()),
        lambda: pa.array(numbers.astype(np.float16)),
        lambda: pa.array(numbers.astype(np.float32)),
        lambda: pa.nulls(count),
        lambda: pa.array([None if rng.random() < 0.3 else x for x in (days if dates else closes).tolist()]),
        lambda: pa.array([round(float(x), 2) for x in numbers]).cast(pa.decimal128(30, 5)),
        lambda: pa.array([str(x) for x in (days if dates else closes)]).dictionary_encode(),
        lambda: pa.array([int(str(day).replace("-", "")) for day in days], pa.int64()),
        lambda: pa.array(rng.choice([np.nan, np.inf, -np.inf, 0.0, -1.0, 5.0, 1e308], count)),
        lambda: pa.array(rng.choice(list(TICKERS), count)),
        lambda: pa.array(np.repeat(np.resize(TICKERS, 2), -(-count // 2))[:count].tolist(), pa.string()),
    ]
    return makers[rng.integers(len(makers))]()


def odd_metadata(rng: np.random.Generator) -> bytes:
    odd: list[object] = [
        None,
        5,
        "date",
        [],
        ["date"],
        [["date"]],
        {"a": 1},
        [{"kind": "range"}],
        [None, 1.5],
        ["no such"],
        "\ud800",
    ]
    written = {"index_columns": odd[rng.integers(len(odd))], "columns": odd[rng.integers(len(odd))]}
    texts = [
        json.dumps(written),
        json.dumps(odd[rng.integers(len(odd))]),
        "[" * 30000,
        "{",
        "\xff",
        "1e999",
        "9" * 5000,
    ]
    return texts[rng.integers(len(texts))].encode("latin-1", "replace")


@dataclass
class Outcomes:
    """What became of the files: how many by kind and outcome, and those that were neither read nor refused well."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")


def read_corrupted(seeds: Iterable[int], folder: Path) -> Outcomes:
    """Make and read one corrupted file for each seed."""
    outcomes, whole = Outcomes(), originals()
    names, plan = list(whole), config(PLAN)
    alone = config(PLAN.replace("{AAA: 60%, BBB: 40%}", "{AAA: 100%}"))
    for seed in seeds:
        rng = np.random.default_rng(seed)
        choice = rng.integers(len(names) + 6)
        if choice < len(names):
            name, content = names[choice], damage(whole[names[choice]], rng)
        else:
            name, content = odd_text(rng) if choice < len(names) + 3 else odd_parquet(rng)
        path = folder / name
        path.write_bytes(content)
        begun = time.process_time()
        source = plan.data.source.model_copy(update={"path": str(path)})
        asked = alone if name.startswith("odd") and rng.random() < 0.5 else plan
        run = asked.model_copy(update={"data": plan.data.model_copy(update={"source": source})})
        outcome, failure = read_outcome(run, name)
        outcomes.counts[name, outcome] += 1
        outcomes.failures += [f"{name} of seed {seed}: {failure}"] if failure else []
        outcomes.slowest = max(outcomes.slowest, (time.process_time() - begun, f"{name} of seed {seed}"))
    return outcomes


def read_outcome(run: object, name: str) -> tuple[str, str]:
    """Return what became of a file, and what is wrong with that, or ``""``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy's would reach the terminal
            market = load_prices(run).market
    except EngineError as error:
        lines = str(error).splitlines()
        bare = [line for line in lines if not any(word in line for word in (name, *TICKERS, "window", " more; mend"))]
        return "refused", f"not located: {bare[0]}" if bare else "" if lines else "an empty message"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return "broken", f"{type(error).__name__}: {error}"
    sound = (
        (np.diff(market.dates).astype(int) > 0).all()
        and not (market.prices <= 0.0).any()
        and not np.isinf(market.prices).any()
    )
    same = market.prices.shape == frame().shape and np.array_equal(market.prices, frame().to_numpy())
    if name == "checked.parquet" and not same:
        return "read otherwise", "other closes than were written, in spite of page checksums"
    return "read as written" if same else "read otherwise", "" if sound else "closes that cannot be"


def print_outcomes(outcomes: Outcomes) -> None:
    """Print a table of the outcomes and every failure."""
    kinds, columns = sorted({kind for kind, _ in outcomes.counts}), sorted({outcome for _, outcome in outcomes.counts})
    print(f"| file | {' | '.join(columns)} |\n|---|{'---:|' * len(columns)}")
    for kind in [*kinds, "all"]:
        cells = [
            sum(count for (own, what), count in outcomes.counts.items() if what == column and kind in (own, "all"))
            for column in columns
        ]
        print(f"| {kind} | {' | '.join(map(str, cells))} |")
    print("\n".join(outcomes.failures[:50]) or "none ended in a traceback")
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"slowest: {outcomes.slowest[0]:.2f} s of CPU, {outcomes.slowest[1]}; most memory: {used:,.0f} MB")


if __name__ == "__main__":
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    with tempfile.TemporaryDirectory() as place:
        found = read_corrupted(range(first, first + int(sys.argv[1])), Path(place))
    print_outcomes(found)
    sys.exit(bool(found.failures))
