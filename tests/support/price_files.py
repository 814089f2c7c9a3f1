"""Small price files, and what a config makes of a path."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import TypeAdapter

from engine.data.closes import Closes
from engine.data.sources import AnyPriceSource
from engine.data.sources.base import PriceRequest


def load(path: Path, *tickers: str, closes: str = "auto", end: dt.date | None = None) -> Closes:
    """Load tickers from a path as a config would."""
    source = TypeAdapter(AnyPriceSource).validate_python({"kind": "files", "path": str(path), "closes": closes})
    return source.load(PriceRequest(tickers, end=end))


def wide(*rows: str, header: str = "date,AAA,BBB") -> bytes:
    """Return a small wide file."""
    return "\n".join([header, *rows]).encode() + b"\n"
