"""Brokers' files damaged by chance: bytes, cells, columns, lines, encodings and markup that are not what they were."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.core.errors import DataError, unsafe_characters
from engine.depot.holdings import read_holdings, read_transactions
from engine.depot.layouts.catalogue import LAYOUTS
from tests.support.depot_files import FILES

_CELLS: Final = (
    b"",
    b"-",
    b"-,--",
    b"1e99",
    b"1E-99",
    b"999999999999999",
    b"0,000000001",
    b"NaN",
    b"=1+1",
    b'"',
    b'""',
    b"0",
    b"-5",
    b"31.02.2026",
    b"0000-00-00",
    b"9999-12-31",
    b"GBX",
    b"\xc2\xa0",
    b"\xff\xfe",
    b"\xe2\x80\xae",
    b"IE00B4L5Y983",
    b"CASH",
    b"SPLIT",
    b"x" * 200_000,
    b"0" * 200,
)
_MARKUP: Final = (
    b"<!DOCTYPE a>",
    b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]>',
    b"&c;",
    b"<a>" * 50,
    b"</FlexStatement>",
    b"]]>",
    b"<?xml version='1.0' encoding='utf-16'?>",
)


def _split(raw: bytes, rng: random.Random) -> tuple[list[bytes], int]:
    lines = raw.splitlines(keepends=True) or [b""]
    return lines, rng.randrange(len(lines))


def _turn_bytes(raw: bytes, rng: random.Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(rng.randint(1, 6)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _cut(raw: bytes, rng: random.Random) -> bytes:
    start, end = sorted(rng.randrange(len(raw) + 1) for _ in range(2))
    return rng.choice([raw[:start], raw[end:], raw[:start] + raw[end:], raw[:end] + raw[start:]])


def _change_cell(raw: bytes, rng: random.Random) -> bytes:
    lines, at = _split(raw, rng)
    mark = max((b",", b";", b'"'), key=lines[at].count)
    cells = lines[at].split(mark)
    for _ in range(rng.randint(1, 3)):
        cells[rng.randrange(len(cells))] = rng.choice(_CELLS)
    return b"".join([*lines[:at], mark.join(cells), *lines[at + 1 :]])


def _shuffle_columns(raw: bytes, rng: random.Random) -> bytes:
    lines, at = _split(raw, rng)
    mark = max((b",", b";"), key=lines[at].count)
    cells = lines[at].split(mark)
    rng.shuffle(cells)
    return b"".join([*lines[:at], mark.join(cells), *lines[at + 1 :]])


def _move_lines(raw: bytes, rng: random.Random) -> bytes:
    lines, at = _split(raw, rng)
    other = rng.randrange(len(lines))
    lines[at], lines[other] = lines[other], lines[at]
    return b"".join(rng.choice([lines, [*lines[:at], *lines[at + 1 :]], [*lines, lines[at]]]))


def _encode(raw: bytes, rng: random.Random) -> bytes:
    text = raw.decode("utf-8", "replace")
    return text.encode(rng.choice(["utf-16", "utf-32", "utf-8-sig", "cp1252", "latin-1"]), "replace")


def _insert(raw: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(raw) + 1)
    return raw[:at] + rng.choice([*_MARKUP, *_CELLS, b"\0", b"\n" * 9, b"\r", b"'"]) + raw[at:]


def _mix(raw: bytes, rng: random.Random) -> bytes:
    other = rng.choice(list(FILES.values()))[1]
    return rng.choice([raw + other, other + raw, raw[: rng.randrange(len(raw))] + other[rng.randrange(len(other)) :]])


DAMAGES: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (
    _turn_bytes,
    _cut,
    _change_cell,
    _shuffle_columns,
    _move_lines,
    _encode,
    _insert,
    _mix,
)


def damaged(seed: int) -> tuple[str, bytes, random.Random]:
    """Return the name and bytes of a file that ``seed`` damages once to three times."""
    rng = random.Random(seed)
    name = rng.choice(list(FILES))
    raw = FILES[name][1]
    for _ in range(rng.choice([1, 1, 2, 3])):
        raw = rng.choice(DAMAGES)(raw or b" ", rng)
    return name, raw, rng


def read_damaged(seed: int, folder: Path) -> tuple[int, str]:
    """Return how often a damaged file was read, and what went wrong, ``""`` for nothing.

    A file is read, or refused with lines that name it, all of which can be printed; no holding is below zero.
    """
    name, raw, rng = damaged(seed)
    path = folder / name
    path.write_bytes(raw)
    layout = rng.choice(["", "", "", rng.choice(LAYOUTS).name])
    count = 0
    for read in (read_holdings, read_transactions):
        try:
            found = read(str(path), layout)
        except DataError as error:
            lines = str(error).split("\n")
            if any(unsafe_characters(line) or len(line) > 1000 for line in lines) or str(path) not in lines[0]:
                return count, f"{seed}: {lines[0][:200]}"
        except Exception as error:  # noqa: BLE001 - a traceback is what is looked for
            return count, f"{seed} {name}: {type(error).__name__}: {str(error)[:200]}"
        else:
            count += 1
            if any(one.quantity <= 0 or not one.quantity.is_finite() for one in getattr(found, "positions", ())):
                return count, f"{seed} {name}: a holding of nothing or less"
    return count, ""
