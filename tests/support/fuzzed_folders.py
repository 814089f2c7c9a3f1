"""Folders of finished runs and sweeps, and journals, that are damaged or from somebody else.

Half of the folders are signed anew after the change: what a stranger sends has a manifest that fits.
"""

from __future__ import annotations

import atexit
import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import yaml

from tests.support import corrupted_files
from tests.support.corrupted_files import damage
from tests.support.fuzzed_configs import HOSTILE, VALUES, dump, mutated
from tests.support.fuzzed_files import PLACES, odd_cells
from tests.support.runs import sign
from tests.support.watched_commands import Command

_PLAN = """name: result
description: two years
data: {source: {kind: sample}}
window: {start: 2019-01-02, end: 2020-12-30}
strategy:
  kind: core_satellite
  core: {QUAL: rest, SIZE: 15%}
  satellites: {HD: 2.5%, JNJ: 2.5%, PG: 2.5%}
  cap: 3%
costs: {kind: percent, rate: 0.1%}
compare: {benchmarks: [QUAL]}
"""
_SWEEP = """sweep:
  axes:
    strategy.satellites: {choose: [3, 4], of: [HD, JNJ, PG, UNH], weight: [2%, 3%]}
    strategy.core.SIZE: {from: 5%, to: 25%, step: 10%}
"""
_MAKE_JOURNAL = """
import sys
from engine import cli
from engine.sweep.journal import Journal
from pathlib import Path
append = Journal.append
Journal.append = lambda self, chunk: (append(self, chunk), Path("journal").write_bytes(self.path.read_bytes()))
sys.exit(cli.main())
"""
_RECORD_HEAD = 44
"""Bytes before a record of the journal: a word, its length and its SHA-256."""


@cache
def finished() -> Path:
    """Return a folder with a finished run, a finished sweep and its journal; removed when Python ends."""
    place = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    home = {**os.environ, "XDG_STATE_HOME": str(place / "state"), "PYTHONPATH": os.pathsep.join(sys.path)}
    for name, text, code in (("run", _PLAN, ["-m", "engine"]), ("sweep", _PLAN + _SWEEP, ["-c", _MAKE_JOURNAL])):
        (place / f"{name}.yaml").write_text(text)
        command = [sys.executable, *code, name, f"{name}.yaml"]
        subprocess.run(command, cwd=place, env=home, check=True, capture_output=True)
    return place


def make_folder(seed: int, folder: Path) -> Command:
    """Copy a finished run or sweep, change a file of it; return the command that reads it."""
    rng = random.Random(seed)
    kind = rng.choice(["run", "sweep"])
    place = folder / "result"
    shutil.copytree(finished() / "runs" / ("result" if kind == "run" else "result.sweep"), place)
    for _ in range(rng.choice([1, 1, 1, 2])):
        _change(place, rng)
    plain = all(file.is_file() and file.stat().st_size < 10**8 for file in place.iterdir())
    if plain and rng.random() < 0.5:
        with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):  # no manifest any more
            sign(place)
    verb = "report" if rng.random() < 0.7 else "verify"
    return Command(f"folder: {kind}, {verb}", (verb, "result"), ("result",), simulates=True)


def _change(place: Path, rng: random.Random) -> None:
    """Change one file of a folder: its bytes, what it says, or what it is."""
    file = rng.choice(sorted(place.iterdir()))
    if rng.random() < 0.12 or not file.is_file() or file.is_symlink():
        if not file.is_dir():
            file.unlink()
            PLACES[rng.choice([one for one in PLACES if one != "socket"])](file)
        return
    content = file.read_bytes()
    if rng.random() < 0.35:
        file.write_bytes(damage(content, np.random.default_rng(rng.randrange(2**32))))
        return
    file.write_bytes(_REWRITERS.get(file.suffix, lambda content, _: content[::-1])(content, rng))


def _other_json(content: bytes, rng: random.Random) -> bytes:
    """Return JSON with values of other types, or none, or as deep as it gets."""
    try:
        tree = json.loads(content)
    except ValueError:
        return content
    match rng.randrange(8):
        case 0:
            return rng.choice(
                [b"", b"[]", b"null", b"{", b"[" * 30_000, b"1e999", b"NaN", b"\xff", b'"\\ud800"', b"9" * 5000]
            )
        case 1:
            return json.dumps(mutated(rng, (tree,))).encode()
    for _ in range(rng.choice([1, 1, 2, 5])):
        _replace_leaf(tree, rng)
    return json.dumps(tree).encode()


def _replace_leaf(tree: Any, rng: random.Random) -> None:
    """Give one value of a tree another one, most often of its own type."""
    node, key = tree, None
    while isinstance(node, dict | list) and node:
        owner, key = node, rng.choice(list(node) if isinstance(node, dict) else range(len(node)))
        node = owner[key]
        if rng.random() < 0.03:
            break
    if key is None:
        return
    odd: list[Any] = [
        None,
        True,
        -1,
        0,
        1e308,
        -1e308,
        1e-320,
        10**30,
        10**400,
        float("nan"),
        float("inf"),
        [],
        {},
        "",
        *HOSTILE,
    ]
    numbers: list[Any] = [-1, 0, 1, 10**9, 1e308, -1e300, 5e-324, 0.5]
    text: list[Any] = [*VALUES]
    own = text if isinstance(node, str) else numbers if isinstance(node, int | float) else odd
    owner[key] = rng.choice(own if rng.random() < 0.6 else odd)


def _other_yaml(content: bytes, rng: random.Random) -> bytes:
    try:
        tree = yaml.load(content, yaml.CBaseLoader)
    except yaml.YAMLError:
        return content
    return dump(mutated(rng, (tree,)), rng)


def _other_csv(content: bytes, rng: random.Random) -> bytes:
    return odd_cells(rng, content.decode("utf-8", "replace") or ",")


def _other_parquet(content: bytes, rng: random.Random) -> bytes:
    """Return a table with a column of other type, name, length or values; or one of prices."""
    chance = np.random.default_rng(rng.randrange(2**32))
    if rng.random() < 0.1:
        return corrupted_files.odd_parquet(chance)[1]
    try:
        table = pq.read_table(io.BytesIO(content))
    except (OSError, ValueError):
        return content
    at = rng.randrange(table.num_columns)
    match rng.randrange(5):
        case 0:
            table = table.remove_column(at)
        case 1:
            table = table.rename_columns(
                [
                    rng.choice([*HOSTILE]).encode("utf-8", "replace").decode() if one == at else name
                    for one, name in enumerate(table.column_names)
                ]
            )
        case 2:
            table = table.slice(0, rng.choice([0, 1, 2]))
        case 3:
            table = table.append_column(rng.choice(table.column_names), table.column(at))
        case _:
            table = table.set_column(
                at, table.column_names[at], corrupted_files.odd_column(chance, table.num_rows, dates=at == 0, odd=True)
            )
    return corrupted_files.parquet(table)


_REWRITERS: Mapping[str, Callable[[bytes, random.Random], bytes]] = {
    ".json": _other_json,
    ".yaml": _other_yaml,
    ".csv": _other_csv,
    ".parquet": _other_parquet,
}


def make_journal(seed: int, folder: Path) -> Command:
    """Write a journal that is damaged, cut or another's beside a sweep; return the command that goes on with it."""
    rng = random.Random(seed)
    (folder / "sweep.yaml").write_text(_PLAN + _SWEEP)
    place = folder / "runs" / "result.sweep" / "unfinished" / "sweep.journal"
    place.parent.mkdir(parents=True)
    content = (finished() / "journal").read_bytes()
    if rng.random() < 0.4:
        place.write_bytes(damage(content, np.random.default_rng(rng.randrange(2**32))))
    elif rng.random() < 0.1:
        PLACES[rng.choice([one for one in PLACES if one != "socket"])](place)
    else:
        place.write_bytes(_forged_journal(content, rng))
    return Command(
        "folder: journal",
        ("sweep", "--resume", "--workers", "1", "sweep.yaml"),
        ("sweep.yaml", "result.sweep"),
        simulates=True,
    )


def _forged_journal(content: bytes, rng: random.Random) -> bytes:
    """Return a journal whose records say something else, under checksums that fit."""
    records = []
    while content:
        length = int.from_bytes(content[4:12], "little")
        records.append(content[_RECORD_HEAD : _RECORD_HEAD + length])
        content = content[_RECORD_HEAD + length :]
    at = rng.randrange(len(records))
    line, _, arrays = records[at].partition(b"\n")
    match rng.randrange(5):
        case 0:
            records[at] = rng.randbytes(rng.choice([0, 1, 100]))
        case 1:
            records.insert(at, rng.choice(records))
        case 2:
            records[at] = line + b"\n" + damage(arrays, np.random.default_rng(rng.randrange(2**32)))
        case _:
            records[at] = _other_json(line, rng) + b"\n" + arrays
    return b"".join(b"SWP1" + len(one).to_bytes(8, "little") + hashlib.sha256(one).digest() + one for one in records)
