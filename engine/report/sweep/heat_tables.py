"""Two axes at once as tables: in each cell how far its variants are from those of the plan's own cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from engine.report import number_format as fmt
from engine.report.charts.heat_table import HeatCell, HeatTable, heat_table
from engine.report.sweep.axis_titles import HOLDS, axis_titles
from engine.report.sweep.labels import difference_text, metric_style, parameter_text
from engine.sweep.axis_maps import AxisMap, MapSide
from engine.sweep.summary import SweepSummary

_STEPS: Final = (1.0 / 6.0, 0.5, 5.0 / 6.0)
"""Where colours change, as shares of the largest difference of a map."""


@dataclass(frozen=True)
class DrawnMap:
    """A map of two axes: titles and paths of its sides, the ``table``, and what is ``told`` of its cells."""

    rows_title: str
    rows_path: str
    columns_title: str
    columns_path: str
    table: Markup
    told: str


def heat_tables(summary: SweepSummary) -> list[DrawnMap]:
    """Return the maps of a sweep as tables."""
    titles = axis_titles(summary.effects, summary.sweep.baskets)
    return [_draw(f"map-{at}", one, summary.sweep.rank_by, titles) for at, one in enumerate(summary.maps)]


def _draw(key: str, one: AxisMap, metric: str, titles: Mapping[str, str]) -> DrawnMap:
    known = [value for row in one.differences for value in row if value is not None]
    most = max((abs(value) for value in known), default=0.0) or 1.0
    suffix = " pp" if metric_style(metric) == "percent" else ""

    def cell(row: int, column: int, value: float | None) -> HeatCell:
        text = fmt.typeset(difference_text(value, metric).removesuffix(suffix))
        is_plan = one.rows.baseline == row and one.columns.baseline == column
        return HeatCell(value, text, doubtful=bool(one.within[row][column]) and not is_plan, strong=is_plan)

    rows = [
        (side_text(one.rows, row), [cell(row, column, value) for column, value in enumerate(values)])
        for row, values in enumerate(one.differences)
    ]
    cells = [cell for _, row in rows for cell in row if not cell.strong and cell.value is not None]
    has_band = any(value is not None for row in one.within for value in row)
    inside = f"{sum(cell.doubtful for cell in cells):,} of {len(cells):,} cells are within the noise of this history"
    columns = [side_text(one.columns, column) for column in range(len(one.columns.labels))]
    paths = _path(one.rows), _path(one.columns)
    table = HeatTable(
        key,
        f"Down: {titles[paths[0]]}; across: {titles[paths[1]]}",
        columns,
        rows,
        corner=f"Difference{' [pp]' if suffix else ''}",
        steps=[share * most for share in _STEPS],
    )
    return DrawnMap(
        titles[paths[0]], paths[0], titles[paths[1]], paths[1], heat_table(table), inside if has_band else ""
    )


def _path(side: MapSide) -> str:
    return side.name + HOLDS if side.held else side.name


def side_text(side: MapSide, at: int) -> str:
    """Return a label of a side: a value, or the first and the last of a group."""
    first, last = side.labels[at]
    text = parameter_text(first)
    return text if first == last else f"{text} to {parameter_text(last)}"
