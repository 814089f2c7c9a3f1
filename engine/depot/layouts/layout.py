"""What a layout is: how it is recognised, and the functions that read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from engine.depot.documents import Document
from engine.depot.faults import Faults
from engine.depot.records import Statement
from engine.depot.table import Columns

Reader: TypeAlias = Callable[[Document, Faults], Statement]
"""Reads what a document holds; what is wrong goes to the faults, and is raised by whoever asked."""


@dataclass(frozen=True)
class Layout:
    """One kind of file of one broker.

    ``holdings`` reads positions, ``transactions`` bookings, None where the file has none; ``replays``: its bookings
    are all there ever were, so that what is held follows of them. ``columns`` is empty for what is no plain table.
    """

    name: str
    title: str
    recognises: Callable[[Document], bool]
    holdings: Reader | None = None
    transactions: Reader | None = None
    replays: bool = False
    columns: Columns | None = None


def table_layout(
    name: str,
    title: str,
    columns: Columns,
    holdings: Reader | None = None,
    transactions: Reader | None = None,
    *,
    replays: bool = False,
) -> Layout:
    """Return the layout of a table, which its columns tell."""
    return Layout(name, title, columns.recognises, holdings, transactions, replays, columns)
