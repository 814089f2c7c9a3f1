"""Series by date: what a Parquet file of a run has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.arrays import DateArray, FloatArray


@dataclass(frozen=True)
class SeriesTable:
    """``dates (M,)`` and one ``(M,)`` column a name, NaN where there is no value."""

    dates: DateArray
    columns: Mapping[str, FloatArray]
