"""What bars and intervals draw: a value with its name, and the ends of its interval where it has one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.report.charts.scales import Scale, fit_scale
from engine.report.charts.styles import FigureStyle, write_figure


@dataclass(frozen=True)
class Mark:
    """One value; ``low`` and ``high`` are the ends of its interval, ``hatched`` says that there is little behind it.

    One without a value has its name and nothing drawn. ``note`` stands in its tip, after its figure.
    """

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    place: int = 0
    hatched: bool = False
    note: str = ""

    def tell(self, style: FigureStyle) -> str:
        """Return it in words."""
        told = f"{self.label}: {write_figure(self.value, style)}"
        if self.low is not None and self.high is not None:
            told += f" ({write_figure(self.low, style)} to {write_figure(self.high, style)})"
        return told + (f", {self.note}" if self.note else "")


def mark_scale(marks: Sequence[Mark], zero: float | None = 0.0, *, log: bool = False) -> Scale:
    """Return one scale with room for all of them and for ``zero``, which a log scale has not: nothing is cut."""
    ends = (one for mark in marks for one in (mark.value, mark.low, mark.high) if one is not None)
    seen = [one for one in ends if one > 0.0 or not log]
    return fit_scale([np.array(seen, dtype=np.float64)], log=log and bool(seen), anchor=None if log else zero)
