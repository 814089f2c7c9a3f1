"""Figures that a page begins with, each in a box of its own."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Card:
    """A figure: its title, the figure, a line below it, and a drawing beside it where there is one."""

    title: str
    figure: str
    note: str
    drawing: Markup | None = None
