"""The series of a page's charts, packed for its script: whole numbers, their differences, bytes by place, gzip, base64.

A level is kept as the logarithm of its ratio to the capital in steps of 1e-8, which takes half the bytes of six digits
and gives figures of any period to 1e-6.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from markupsafe import Markup

from engine.core.arrays import DateArray, FloatArray, IntArray
from engine.core.errors import spell_out_controls
from engine.core.powers import logarithms

SeriesKind: TypeAlias = Literal["level", "share", "number"]
_STEPS: Final[dict[SeriesKind, float]] = {"level": 1e-8, "share": 2e-5, "number": 1e-7}
"""Of a logarithm, of a weight [fraction], of a rate or ratio."""


@dataclass(frozen=True)
class PackedSeries:
    """``values`` (T,) over ``dates`` (T,), NaN before it begins and after it ends; ``name`` is what charts ask for.

    A ``level`` [currency] begins with the capital and is what figures of a period are made of; ``label`` heads it in
    tips. A ``share`` is a weight, a ``number`` a rate or a ratio. ``periods`` are its
    sessions a year where they are not the page's: it is then not compared with others for a period. Before
    ``daily_from`` it lacks sessions, so that there are no figures of a period from before.
    """

    name: str
    label: str
    dates: DateArray
    values: FloatArray
    kind: SeriesKind = "level"
    periods: float | None = None
    daily_from: np.datetime64 | None = None


def packed_data(
    series: Sequence[PackedSeries], *, capital: float, periods: float = 252.0, risk_free: float | None = 0.0
) -> Markup:
    """Return the two elements that the page's script reads all series from.

    ``periods`` are sessions a year, ``risk_free`` the rate a session, None where there is not one for all.
    Series over the same dates share them; one with sessions missing in between has dates of its own.
    """
    grids: list[DateArray] = []
    body: list[bytes] = []
    told = []
    for whole in series:
        one = _without_gaps(whole)
        grid = next((k for k, dates in enumerate(grids) if np.array_equal(dates, one.dates)), len(grids))
        if grid == len(grids):
            grids.append(one.dates)
        place, packed_values = _pack(one, capital)
        told.append(
            {"name": one.name, "label": spell_out_controls(one.label), "grid": grid, **place}
            | ({"periods": one.periods} if one.periods else {})
            | (
                {}
                if one.daily_from is None
                else {"daily": int(one.daily_from.astype("datetime64[D]").astype(np.int64))}
            )
        )
        body.append(packed_values)
    days = [dates.astype("datetime64[D]").astype(np.int64) for dates in grids]
    meta = {
        "capital": capital,
        "periods": periods,
        "rate": risk_free,
        "grids": [{"first": int(one[0]), "count": len(one)} for one in days],
        "series": told,
    }
    content = b"".join([*(_planes(np.diff(one, prepend=one[:1]), 2) for one in days), *body])
    packed = base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")
    facts = Markup(script_safe_json(meta))  # noqa: S704  (no character in it can end the element)
    elements = '<script type="application/json" id="meta">{}</script><script type="text/plain" id="data">{}</script>'
    return Markup(elements).format(facts, packed)  # noqa: S704  (a constant)


def _without_gaps(one: PackedSeries) -> PackedSeries:
    finite = np.isfinite(one.values)
    rows = np.flatnonzero(finite)
    if not len(rows) or rows[-1] - rows[0] == len(rows) - 1:
        return one
    return replace(one, dates=one.dates[finite], values=one.values[finite])


def _pack(one: PackedSeries, capital: float) -> tuple[dict[str, object], bytes]:
    """Return what is said of a series and its bytes; a level that reaches 0 ends there."""
    alive = np.isfinite(one.values) & (one.values > 0.0) if one.kind == "level" else np.isfinite(one.values)
    rows = np.flatnonzero(alive)
    facts: dict[str, object] = {"kind": one.kind, "from": 0, "count": 0, "planes": 1}
    if not len(rows):
        return facts, b""
    first = int(rows[0])
    gaps = np.flatnonzero(~alive[first:])
    count = int(gaps[0]) if len(gaps) else len(alive) - first
    values = one.values[first : first + count]
    scaled = (logarithms(values / capital) if one.kind == "level" else values) / _STEPS[one.kind]
    steps = np.diff(np.rint(scaled).astype(np.int64), prepend=0)
    zigzag = np.where(steps < 0, -2 * steps - 1, 2 * steps)
    planes = max(-(-int(zigzag.max()).bit_length() // 8), 1)
    end = first + count
    spent = one.kind == "level" and end < len(alive) and one.values[end] == 0.0
    facts |= {"from": first, "count": count, "planes": planes} | ({"spent": True} if spent else {})
    return facts, _planes(zigzag, planes)


def _planes(numbers: IntArray, planes: int) -> bytes:
    """Return whole numbers below 256 ** planes, first the lowest byte of all, then the next of all."""
    return b"".join(((numbers >> (8 * k)) & 255).astype(np.uint8).tobytes() for k in range(planes))


def script_safe_json(data: object) -> str:
    """Return JSON that can neither end a script element nor open a comment in it."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
