"""Heat maps as tables: every cell has its number, and a colour from orange over grey to blue."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from engine.report.charts.frame import join, plain

RETURN_STEPS: Final = (0.005, 0.02, 0.05)
"""Where colours of monthly returns change, by size [fraction]."""
_MIDDLE: Final = 3


@dataclass(frozen=True)
class HeatCell:
    """One cell: what its colour comes from, what is written, what its tip adds; ``doubtful`` ones have dots."""

    value: float | None
    text: str
    tip: str = ""
    doubtful: bool = False
    strong: bool = False


def heat_step(value: float | None, steps: Sequence[float] = RETURN_STEPS) -> int | None:
    """Return the colour of a value, 0 the lowest and 6 the highest of seven, None where there is none.

    >>> [heat_step(one) for one in (-0.08, -0.03, -0.01, 0.0, 0.01, 0.03, 0.08, None)]
    [0, 1, 2, 3, 4, 5, 6, None]
    """
    if value is None or math.isnan(value):
        return None
    size = sum(abs(value) >= step for step in steps)
    return _MIDDLE + size if value >= 0.0 else _MIDDLE - size


@dataclass(frozen=True)
class HeatTable:
    """Cells under ``columns``, a name before each row; colours change at ``steps``; ``foot`` rows stand below."""

    key: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[HeatCell]]]
    corner: str = ""
    steps: Sequence[float] = RETURN_STEPS
    foot: Sequence[tuple[str, Sequence[HeatCell]]] = ()


def heat_table(table: HeatTable) -> Markup:
    """Return the table, which scrolls in a box of its own."""
    heads = join(Markup('<th scope="col" class="n">{}</th>').format(plain(name)) for name in table.columns)
    return Markup(
        '<div class="wide" tabindex="0" role="group" aria-labelledby="{key}-title">'
        '<table class="heat" id="{key}" data-marks>'
        '<caption id="{key}-title">{caption}</caption><thead><tr>{corner}{heads}</tr></thead>'
        "<tbody>{rows}</tbody>{foot}</table></div>"
    ).format(
        key=table.key,
        caption=plain(table.caption),
        corner=Markup('<th scope="col">{}</th>').format(plain(table.corner)) if table.corner else Markup("<td></td>"),
        heads=heads,
        rows=join(_row(name, cells, table.steps) for name, cells in table.rows),
        foot=Markup("<tfoot>{}</tfoot>").format(join(_row(name, cells, ()) for name, cells in table.foot))
        if table.foot
        else "",
    )


def _row(name: str, cells: Sequence[HeatCell], steps: Sequence[float]) -> Markup:
    return Markup('<tr><th scope="row">{}</th>{}</tr>').format(plain(name), join(_cell(one, steps) for one in cells))


def _cell(cell: HeatCell, steps: Sequence[float]) -> Markup:
    step = heat_step(cell.value, steps) if steps else None
    kinds = ["n", *([] if step is None else [f"h{step}"]), *(["doubtful"] if cell.doubtful else [])]
    kinds += ["strong"] if cell.strong else []
    say = Markup(' data-say="{}"').format(plain(cell.tip)) if cell.tip else ""
    return Markup('<td class="{}"{}>{}</td>').format(" ".join(kinds), say, plain(cell.text))
