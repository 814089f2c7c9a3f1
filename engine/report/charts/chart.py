"""One chart of a report by itself: what ``.plot()`` returns, for a notebook, a file or another document."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from markupsafe import Markup

from engine.core.errors import EngineError, OutputError
from engine.core.files import atomic_write
from engine.report.charts.figure_tree import first_of_class, read_figure, text_of
from engine.report.charts.svg_picture import svg_picture

_SUFFIXES: Final = (".svg", ".html")


@dataclass(frozen=True, eq=False, repr=False)
class Chart:
    """A chart that a notebook shows; ``svg`` is its picture, ``save`` writes it.

    A notebook gets it as an image with everything in it: no script runs, nothing is loaded from outside, and it is
    shown as well where a notebook is not trusted. Where the screen is dark, so is the picture.

    Attributes
    ----------
    kind : what it was asked for by
    figure : the markup of the chart in the report's page

    """

    kind: str
    figure: Markup

    @cached_property
    def svg(self) -> str:
        """The picture as the text of an SVG file."""
        return svg_picture(self.figure)

    @cached_property
    def title(self) -> str:
        """What stands above it."""
        found = next(read_figure(self.figure).iter("figcaption"), None)
        return "" if found is None else text_of(found)

    @cached_property
    def says(self) -> str:
        """What it shows, in a sentence; "" where figures stand in the picture itself."""
        found = first_of_class(read_figure(self.figure), "sr")
        return "" if found is None else text_of(found)

    def save(self, path: str | Path) -> Path:
        """Write the chart and return where: a picture for ``.svg``, a page that opens in a browser for ``.html``.

        Raises
        ------
        OutputError
            When the file is called otherwise, or cannot be written.

        """
        place = Path(path)
        if place.suffix.lower() not in _SUFFIXES:
            raise OutputError(f"{place}: a chart is written as {' or '.join(_SUFFIXES)}; end the name with one of them")
        content = self.svg if place.suffix.lower() == ".svg" else _PAGE.format(title=self.title, body=self.to_html())
        atomic_write(place, content.encode("utf-8"))
        return place

    def to_html(self) -> Markup:
        """Return the chart as an HTML image that is complete in itself."""
        content = base64.b64encode(self.svg.encode("utf-8")).decode("ascii")
        return Markup('<img alt="{}" style="max-width:100%;height:auto" src="data:image/svg+xml;base64,{}">').format(
            f"{self.title}: {self.says}" if self.says else self.title, content
        )

    def _repr_html_(self) -> str:
        return str(self.to_html())

    def __repr__(self) -> str:
        """Return the kind and the title of the chart, and what it shows."""
        return f"{self.kind}: {self.title}" + (f". {self.says}" if self.says else "")


_PAGE: Final = Markup(
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta http-equiv="Content-Security-Policy"'
    " content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
    '<meta name="color-scheme" content="light dark"><title>{title}</title>'
    "<style>body {{ margin: 20px; }}</style></head><body>{body}</body></html>\n"
)


def unknown_kind(kind: str, known: list[str]) -> EngineError:
    """Return the error for a chart that is not there, which names those that are."""
    there = ", ".join(known) if known else "none"
    return EngineError(f"plot: there is no chart called {kind!r} here; there are: {there}")
