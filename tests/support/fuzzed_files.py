"""Files beside a config that are damaged, hostile or none: of prices, universes, filings, verdicts, rates and indices.

A seed makes a file, the config that names it, and the command that is to read it. Price files are those of
:mod:`tests.support.corrupted_files`; here they are read through the command, as all others are.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import random
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from tests.support import corrupted_files
from tests.support.corrupted_files import damage
from tests.support.fuzzed_configs import FIGURES, HOSTILE, VALUES, damaged_text, dump, mutated
from tests.support.watched_commands import Command
from tests.support.workbooks import xlsx

_MIX = "{kind: fixed_mix, weights: {AAA: 60%, BBB: 40%}, rebalance: {kind: annual}}"
_PLAN = f"""name: files
data: {{source: {{kind: files, path: p.csv}}}}
window: {{start: 2024-01-02, end: 2024-03-22}}
account: {{capital: 100000, currency: USD}}
strategy: {_MIX}
"""
_CORE = "{kind: core_satellite, core: {AAA: rest}, cap: 3%, satellites: "
_CHOSEN = _CORE + "{universe: FILE, choose: {kind: top, count: 3, by: momentum}, weight: 2%}}"
_GATED = (
    _CORE
    + "{universe: [CRS, UNF, ITRI], choose: {kind: named, names: [CRS, UNF, ITRI]}, weight: 2%, where: [roic > wacc], table: {path: FILE}}}"
)
_REVIEWED = (
    _CORE
    + "{CRS: 2%, UNF: 2%, BBB: 2%}, loss_review: {trigger: 20%, thesis: {kind: list, verdicts: {path: FILE}}, broken: exit}}"
)
_RATES = "date,rate\n" + "".join(
    f"2024-{month:02}-{day:02},{5 + day / 100:.2f}\n" for month in (1, 2, 3) for day in (1, 2, 15)
)
_FX = "date,EURUSD,EURGBP\n" + "".join(
    f"{day.date()},1.{at + 10},0.8{at:02}\n" for at, day in enumerate(corrupted_files.frame().index)
)
_VERDICTS = "date,ticker,verdict\n2024-01-02,BBB,broken\n2024-02-02,BBB,intact\n2024-02-05,BBB,Broken\n"
_UNIVERSE = "ticker,name,sector,from,to\nCRS,Carpenter,Industrials,2004-01-02,2014-12-15\nUNF,UniFirst,Industrials,,\nITRI,Itron,Technology,2010-01-04,\n"
_SNAPSHOTS = 'date,tickers\n2024-01-02,"CRS,UNF"\n2024-02-01,"CRS,ITRI"\n2024-03-01,"UNF,ITRI"\n'
_STOCKS = "names:\n- {ticker: CRS, name: C, sector: I, brokers: [a, b], tags: [x]}\n- {ticker: UNF, name: U, sector: I, brokers: [a]}\n- {ticker: ITRI, name: I, sector: T, brokers: [], from: 2010-01-04}\n"


STEERING = (
    "\x1b[2J",
    "\x9b31m",
    "\u202e",
    "\r",
    "\n",
    "\u2028",
    "\x7f",
    "=1+1 ",
    "<b>",
    "{0}",
    "%s",
    "[bold]",
    " ",
)
"""What a name may begin with that somebody would print."""


@dataclass(frozen=True)
class Kind:
    """A kind of file: undamaged ones by name, what of the plan is replaced so that it names one, and who reads it."""

    originals: Mapping[str, str]
    part: str
    names_it: str
    words: tuple[str, ...] = ("validate", "c.yaml")

    def plan(self, file: str) -> str:
        return _PLAN.replace(self.part, self.names_it.replace("FILE", file))


KINDS: Mapping[str, Kind] = {
    "universe": Kind({"u.csv": _UNIVERSE, "s.csv": _SNAPSHOTS, "u.yaml": _STOCKS}, _MIX, _CHOSEN),
    "filings": Kind({"f.csv": FIGURES}, _MIX, _GATED),
    "verdicts": Kind({"v.csv": _VERDICTS}, _MIX, _REVIEWED),
    "rates": Kind({"r.csv": _RATES}, "currency: USD", "currency: USD, cash: {rate: {path: FILE, unit: percent}}"),
    "index": Kind(
        {"i.csv": _RATES.replace("rate", "CPIAUCSL")},
        "currency: USD",
        "currency: USD, contributions: {amount: 5, every: month, indexed: {path: FILE}}",
    ),
    "fx": Kind(
        {"fx.csv": _FX},
        "{source: {kind: files, path: p.csv}}\n",
        "{source: {kind: files, path: p.csv, currency: EUR}, fx: {kind: files, path: FILE}}\n",
        ("data", "check", "c.yaml"),
    ),
    "prices": Kind(
        {"p.csv": corrupted_files.frame().to_csv()}, "path: p.csv", "path: FILE", ("data", "check", "c.yaml")
    ),
}


def make_file(seed: int, folder: Path) -> Command:
    """Write the file of a seed and a config that names it; return the command that reads it."""
    rng = random.Random(seed)
    if rng.random() < 0.45:
        return _make_prices(rng, folder)
    kind = rng.choice([*KINDS, "filings", "universe"])
    name, content = _fuzzed(rng, KINDS[kind])
    if rng.random() < 0.05:
        name = f"{rng.choice(STEERING)}{name}"
    (folder / "p.csv").write_bytes(KINDS["prices"].originals["p.csv"].encode())
    (folder / name).write_bytes(content)
    (folder / "c.yaml").write_text(KINDS[kind].plan(json.dumps(name)))
    return Command(f"file: {kind}", KINDS[kind].words, ("c.yaml", name))


def _make_prices(rng: random.Random, folder: Path) -> Command:
    """Write a damaged price file; half of them are asked for bare, without a config."""
    chance = np.random.default_rng(rng.randrange(2**32))
    whole = _whole_files()
    match rng.randrange(4):
        case 0:
            name, content = corrupted_files.odd_text(chance)
        case 1:
            name, content = corrupted_files.odd_parquet(chance)
        case _:
            name = rng.choice(list(whole))
            content = damage(whole[name], chance)
    if rng.random() < 0.05:
        name = f"{rng.choice(STEERING)}{name}"
    (folder / name).write_bytes(content)
    (folder / "c.yaml").write_text(KINDS["prices"].plan(json.dumps(name)))
    named = ("c.yaml", name, *corrupted_files.TICKERS, "window")
    if rng.random() < 0.5:
        return Command("file: prices, bare", ("data", "check", name), named)
    return Command("file: prices", ("data", "check", "c.yaml"), named)


@cache
def _whole_files() -> dict[str, bytes]:
    return corrupted_files.originals()


def _fuzzed(rng: random.Random, kind: Kind) -> tuple[str, bytes]:
    """Return name and bytes of a file of a kind with a few faults in it."""
    name = rng.choice(list(kind.originals))
    text = kind.originals[name]
    chance = np.random.default_rng(rng.randrange(2**32))
    match rng.randrange(10):
        case 0 | 1:
            return name, damage(text.encode(), chance)
        case 2 if name == "u.yaml":
            return name, damaged_text(rng, text.encode())
        case 3 | 4 | 5 | 6 if name == "u.yaml":
            return name, dump(mutated(rng, (yaml.load(text, yaml.CBaseLoader),)), rng)
        case 3 if name == "f.csv":
            return _odd_filings(rng, chance)
        case 4:
            return name, rng.randbytes(rng.choice([0, 1, 2, 50, 4000]))
        case 5:
            return rng.choice(["x.parquet", "x.csv", "x.yaml", "x", "x.xlsx", "x.csv.gz"]), text.encode()
        case 6:
            return name, text.encode(rng.choice(["utf-16", "cp037", "utf-8-sig", "utf-32"]))
    return name, odd_cells(rng, text)


def odd_cells(rng: random.Random, text: str) -> bytes:
    """Return a CSV with cells that belong nowhere, rows too long or too short, other separators and ends of lines."""
    rows = [line.split(",") for line in text.splitlines()]
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        row = rows[rng.randrange(len(rows)) if rng.random() < 0.8 else 0]
        match rng.randrange(8):
            case 0:
                row.insert(rng.randrange(len(row) + 1), rng.choice(VALUES))
            case 1 if row:
                row.pop()
            case 2:
                rows.insert(rng.randrange(len(rows)), list(row))
            case 3:
                row[:] = [rng.choice(VALUES)]
            case _ if row:
                row[rng.randrange(len(row))] = rng.choice([*VALUES, *corrupted_files.ODD_CELLS])
    if rng.random() < 0.05:
        rows = [row * 2 for row in rows]
    separator = rng.choice([",", ",", ",", ",", ";", "\t", "|"])
    return rng.choice(["\n", "\n", "\r\n", "\r"]).join(map(separator.join, rows)).encode("utf-8", "surrogatepass")


def _odd_filings(rng: random.Random, chance: np.random.Generator) -> tuple[str, bytes]:
    """Return a Parquet table of filings with columns of wrong types, names and metadata."""
    names = ["ticker", "period_end", "available_date", "roic", "wacc"]
    right: list[Callable[[], pa.Array]] = [
        lambda: pa.array(["CRS", "UNF"] * 10),
        lambda: pa.array(np.arange("2020-01-01", "2020-01-21", dtype="datetime64[D]")),
        lambda: pa.array(np.arange("2020-03-01", "2020-03-21", dtype="datetime64[D]")),
        lambda: pa.array(chance.normal(0.1, 0.1, 20)),
        lambda: pa.array(chance.normal(0.1, 0.1, 20)),
    ]
    odd = set(rng.sample(range(len(names)), rng.choice([0, 1, 1, 2])))
    columns = [
        corrupted_files.odd_column(chance, 20, dates=at in (1, 2), odd=True) if at in odd else make()
        for at, make in enumerate(right)
    ]
    if rng.random() < 0.3:
        names[rng.randrange(len(names))] = (
            rng.choice(["", "ticker", "period", "filing_date", *HOSTILE]).encode("utf-8", "replace").decode()
        )
    table = pa.table(columns, names=names)
    if rng.random() < 0.3:
        table = table.replace_schema_metadata({b"pandas": corrupted_files.odd_metadata(chance)})
    content = corrupted_files.parquet(table, store_schema=rng.random() < 0.5)
    if rng.random() < 0.2:
        content = content.replace(b"CRS", rng.choice([b"C\xc3(", b"\xff\xfeA", b"C\0S"]))
    return "f.parquet", damage(content, chance) if rng.random() < 0.3 else content


def _put_nothing(_: Path) -> None:
    """Leave the place empty."""


def _put_socket(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(place.name)  # relative: the whole path may be too long for one


def _put_large(place: Path) -> None:
    place.touch()
    os.truncate(place, 600_000_000)


PLACES: Mapping[str, Callable[[Path], None]] = {
    "nothing": _put_nothing,
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "socket": _put_socket,
    "loop": lambda place: place.symlink_to(place.name),
    "dangling": lambda place: place.symlink_to("gone"),
    "zeros": lambda place: place.symlink_to("/dev/zero"),
    "null": lambda place: place.symlink_to("/dev/null"),
    "memory": lambda place: place.symlink_to("/proc/self/mem"),
    "unreadable": lambda place: place.touch(0),
    "empty": Path.touch,
    "large": _put_large,
}
"""What may stand where a file is expected."""
_FILES = [(kind, name) for kind, one in KINDS.items() for name in one.originals] + [("filings", "f.parquet"), ("prices", "p.parquet"), ("prices", "p.xlsx"), ("prices", "p.csv.gz"), ("config", "c.yaml")]  # fmt: skip
PLACE_COUNT = len(_FILES) * len(PLACES)


def make_place(seed: int, folder: Path) -> Command:
    """Put something that is no such file in the place of each kind of file: all of them, by number."""
    (kind, name), put = _FILES[seed // len(PLACES)], list(PLACES)[seed % len(PLACES)]
    owner = KINDS["prices" if kind == "config" else kind]
    (folder / "p.csv").write_bytes(KINDS["prices"].originals["p.csv"].encode())
    (folder / "c.yaml").write_text(owner.plan(name if kind != "config" else "p.csv"))
    (folder / name).unlink(missing_ok=True)
    PLACES[put](folder / name)
    return Command(f"place: {put}", owner.words, ("c.yaml", name, "p.csv"))


def _parquet_of_rows(count: int) -> bytes:
    """Return a small Parquet table of so many rows that are all the same."""
    sink = io.BytesIO()
    chunk = pa.table({"date": np.zeros(1_000_000, "datetime64[D]"), "AAA": np.ones(1_000_000)})
    with pq.ParquetWriter(sink, chunk.schema, compression="zstd") as writer:
        for _ in range(count // len(chunk)):
            writer.write_table(chunk)
    return sink.getvalue()


def _workbook_of_zeros() -> bytes:
    """Return a workbook whose sheet unpacks to 400 MB."""
    return xlsx({"P": [["date", "AAA"]]}, end="</sheetData>" + " " * 400_000_000)


BOMBS: Mapping[str, Callable[[], bytes]] = {
    "p.csv.gz": lambda: gzip.compress(bytes(400_000_000), 9),
    "q.csv.gz": lambda: gzip.compress(b"date,AAA,BBB\n" + b"2024-01-02,1.00,1.00\n" * 15_000_000, 1),
    "p.csv.xz": lambda: lzma.compress(bytes(400_000_000), preset=1),
    "p.csv.bz2": lambda: bz2.compress(bytes(400_000_000)),
    "p.csv.zip": lambda: corrupted_files.zipped(bytes(400_000_000)),
    "p.xlsx": _workbook_of_zeros,
    "wide.csv": lambda: b"date," + b",".join(b"T%d" % at for at in range(1_000_000)) + b"\n2024-01-02" + b",1" * 1_000_000 + b"\n",
    "broad.csv": lambda: b"date," + b",".join(b"T%d" % at for at in range(19_900)) + b"\n2024-01-02" + b",1" * 19_900 + b"\n",
    "commas.csv": lambda: b"," * 16_000_000,
    "quotes.csv": lambda: b'"' * 16_000_000,
    "lines.csv": lambda: b"\n" * 16_000_000,
    "cell.csv": lambda: b"date,AAA\n2024-01-02," + b"1" * 16_000_000,
    "p.parquet": lambda: _parquet_of_rows(300_000_000),
    "wide.parquet": lambda: corrupted_files.parquet(pa.table({f"T{at}": [1.0] for at in range(100_000)})),
}  # fmt: skip
"""Files that are small, or at least not large, and unpack or parse to very much."""


def make_bomb(seed: int, folder: Path) -> Command:
    """Write one of the bombs, by number: asked for bare, then by a config."""
    name = list(BOMBS)[seed // 2]
    (folder / name).write_bytes(BOMBS[name]())
    (folder / "c.yaml").write_text(KINDS["prices"].plan(name))
    words = ("data", "check", ("c.yaml", name)[seed % 2])
    honest = name == "broad.csv"  # whose time has to be proportional to its columns
    return Command(f"bomb: {name}", words, ("c.yaml", name, *corrupted_files.TICKERS), simulates=honest)
