"""The console: plain text in a pipe, colour on a terminal, and no text from outside interpreted as markup."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.core.errors import escape_controls

_WIDE: Final = 100
"""Columns of a terminal on which no name has to be broken."""

_BEHIND_UNDERSCORES: Final = re.compile(r"(?=\S{21})\S{1,19}_")
"""Where a name of more than 20 characters may be broken."""

_BEFORE_UNITS: Final = re.compile(r"(?<=[0-9]) (?=(?:%|pp)(?![0-9A-Za-z]))")
"""Where a line may not end: between a figure and its unit."""

_JOINT: Final = "\ue000"
"""Stands for such a space while text is wrapped, for a space of any kind would be a place to break."""


class _PipeTolerantConsole(Console):
    """A console whose reader may close the pipe, as `head` does: printing ends quietly, the work goes on."""

    def on_broken_pipe(self) -> None:
        """Discard the rest of the output; rich itself would exit with code 1."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def console() -> Console:
    """Return a console that never interprets text: no markup, no emoji names, no guessed highlighting."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # a dash that an old code page lacks is no reason to lose a run's tables
        sys.stdout.reconfigure(errors="replace")
    return _PipeTolerantConsole(markup=False, emoji=False, highlight=False, soft_wrap=False)


def recording_console(columns: int = 100) -> Console:
    """Return a console of so many columns whose lines ``file`` keeps, without colours; nothing is printed."""
    return Console(file=io.StringIO(), width=columns, color_system=None, markup=False, emoji=False, highlight=False)


def text(content: str, style: str = "") -> Text:
    """Return ``content`` as text that wraps and is never cut, control characters spelled out."""
    return Text(escape_controls(content), style=style, overflow="fold")


def print_heading(out: Console, content: str) -> None:
    """Print the title of a section."""
    out.print()
    out.print(text(content, "bold"))


def print_bullet(out: Console, content: str, mark: str = "-", style: str = "") -> None:
    """Print one point of a list, its lines aligned behind the mark."""
    indent = len(mark) + 2
    for number, line in enumerate(_lines_of(out, content, indent)):
        lead = text(f" {mark} ", style) if number == 0 else text(" " * indent)
        out.print(lead + line)


def print_paragraph(out: Console, content: str, style: str = "") -> None:
    """Print lines without an indent, none of which ends with spaces or between a figure and its unit."""
    for line in _lines_of(out, content, 0):
        out.print(text(line.plain, style))


def _lines_of(out: Console, content: str, indent: int) -> list[Text]:
    """Return ``content`` in lines as wide as the console less an ``indent``; a figure stays with its unit."""
    whole = text(content)
    whole.plain = _BEFORE_UNITS.sub(_JOINT, whole.plain)
    lines = list(whole.wrap(out, max(out.width - indent, 20)))
    for line in lines:
        line.plain = line.plain.replace(_JOINT, " ")
        line.rstrip()
    return lines


def table(
    names: Sequence[str], *, left: Collection[int] = (0,), tight: bool = False, whole: Collection[int] = ()
) -> Table:
    """Return an empty table; the columns in ``left`` are words, the others numbers.

    ``tight``: less space between columns, for tables with long texts; cells of columns in ``whole`` are never wrapped.
    """
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold", show_edge=False)
    result.collapse_padding = tight
    for column, name in enumerate(names):
        result.add_column(
            text(name), justify="left" if column in left else "right", overflow="fold", no_wrap=column in whole
        )
    return result


def print_table(
    out: Console,
    names: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    left: Collection[int] = (0,),
    tight: bool = False,
    styles: Mapping[int, str] | None = None,
) -> None:
    """Print a table with all its rows; the arguments are those of :func:`table` and :func:`add_row`."""
    result = table(names, left=left, tight=tight)
    for cells in rows:
        add_row(result, cells, styles)
    out.print(result)


def print_names(out: Console, result: Table, rows: Iterable[Sequence[str]], column: int) -> None:
    """Print a table with more rows, long names in ``column`` broken behind underscores if the terminal is not wide."""
    for cells in rows:
        add_row(result, cells, broken=(column,) if out.width < _WIDE else ())
    out.print(result)


def add_row(
    table: Table, cells: Sequence[str], styles: Mapping[int, str] | None = None, broken: Collection[int] = ()
) -> None:
    """Add a row of plain text; ``styles`` gives some of its cells a colour, names in ``broken`` ones are broken."""
    shown = [text(cell, (styles or {}).get(column, "")) for column, cell in enumerate(cells)]
    for column in broken:
        lines = _BEHIND_UNDERSCORES.sub(lambda part: f"{part[0]}\n", shown[column].plain)
        shown[column] = Text(lines, style=shown[column].style, overflow="fold")
    table.add_row(*shown)
