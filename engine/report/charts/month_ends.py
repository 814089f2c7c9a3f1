"""The data of a chart over time as a table, closed at first: a row for the last session of each month.

Of a chart that follows the period the page's script fills the table when it is opened, so that a page of twenty years
is not half as large again; of the others it is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from markupsafe import Markup

from engine.core.arrays import DateArray, FloatArray
from engine.report.charts.frame import join, plain
from engine.report.charts.styles import FigureStyle, write_figure

FILLED_LATER: Final = Markup('<details class="ends-of-months live-only"><summary>Data as table</summary></details>')
"""What the page's script fills."""


def month_ends(dates: DateArray, columns: Sequence[tuple[str, FloatArray]], style: FigureStyle) -> Markup:
    """Return the table of labelled ``columns`` (T,) over ``dates`` (T,)."""
    months = dates.astype("datetime64[M]")
    rows = np.flatnonzero(np.append(months[1:] != months[:-1], True)) if len(dates) else np.array([], dtype=np.int64)
    heads = join(Markup('<th class="n" scope="col">{}</th>').format(plain(label)) for label, _ in columns)
    lines = (
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            str(dates[row].astype("datetime64[D]")),
            join(
                Markup('<td class="n">{}</td>').format(write_figure(float(values[row]), style)) for _, values in columns
            ),
        )
        for row in rows.tolist()
    )
    return Markup(
        '<details class="ends-of-months"><summary>Data as table</summary><div class="scroll"><table><thead><tr>'
        '<th scope="col">Date</th>{}</tr></thead><tbody>{}</tbody></table></div></details>'
    ).format(heads, join(lines))
