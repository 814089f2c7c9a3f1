"""A chart of a page as one SVG of its own: words are letters in it, colours are in it, it needs no page around it.

It is made from the markup of the very chart that the page shows. As an image it runs no script, asks for nothing from
outside and shares no id with anything beside it; where the reader's screen is dark, so is it.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree.ElementTree import Element

from markupsafe import Markup

from engine.report.charts.figure_tree import (
    classes,
    first_of_class,
    number_in,
    of_class,
    read_figure,
    style_of,
    text_of,
)
from engine.report.charts.frame import WIDTH, join, plain
from engine.report.charts.svg_style import svg_style

_WIDE: Final = 900
"""Width of a picture [px]."""
_LETTER: Final = 6.9
"""Width of a letter, as far as room is kept for it [px]."""
_EDGE: Final = 14.0
_TITLE: Final = 34.0
_ROW: Final = 26.0
"""Height of a lying bar's row [px]."""
_LOWER: Final = 4.0
"""From the middle of a letter to the line it stands on [px]."""
_CLAMPED: Final = re.compile(r"clamp\(([0-9.]+)px,([0-9.]+)%,.*\) \+ (-?[0-9.]+)px\)")


def svg_picture(figure: str) -> str:
    """Return a chart of ``engine.report.charts`` as a whole SVG file."""
    tree = read_figure(figure)
    title = next(tree.iter("figcaption"), None)
    plot = first_of_class(tree, "plot")
    shapes, height = _upright(tree, plot) if plot is not None else _lying(tree)
    head = Markup('<text class="title" x="{}" y="20">{}</text>').format(_EDGE, "" if title is None else text_of(title))
    says = first_of_class(tree, "sr")
    return str(
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {height}" width="{wide}" height="{height}"'
            ' role="img"><title>{title}</title><desc>{says}</desc><style>{style}</style>'
            '<rect class="paper" width="{wide}" height="{height}" rx="6"/>{head}{shapes}</svg>\n'
        ).format(
            wide=_WIDE,
            height=int(height + 0.5),
            title="" if title is None else text_of(title),
            says="" if says is None else text_of(says),
            style=svg_style(),
            head=head,
            shapes=shapes,
        )
    )


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}"{}{}>{}</text>').format(
        x,
        y,
        Markup(' class="{}"').format(kind) if kind else "",
        Markup(' text-anchor="{}"').format(anchor) if anchor != "start" else "",
        plain(text),
    )


def _marker(element: Element, x: float, y: float) -> Markup:
    """Return the marker inside an element with its middle at a place; nothing where it has none."""
    drawn = first_of_class(element, "mark")
    path = None if drawn is None else drawn.find("path")
    if drawn is None or path is None:
        return Markup("")
    return Markup('<path class="{}" transform="translate({:.1f} {:.1f})" d="{}"/>').format(
        drawn.get("class", ""), x - 5.0, y - 5.0, path.get("d", "")
    )


class _Box:
    """Where in the SVG the picture of an upright chart lies."""

    def __init__(self, left: float, top: float, width: float, height: float) -> None:
        self.left, self.top, self.width, self.height = left, top, width, height

    def x(self, element: Element) -> float:
        """Return where an element stands, whose ``left`` is in per cent."""
        return self.left + self.width * number_in(style_of(element).get("left", "")) / 100.0

    def y(self, element: Element) -> float:
        """Return how low it stands, its ``bottom`` being in per cent, or what an end label's is."""
        place = style_of(element).get("bottom", "")
        found = _CLAMPED.search(place)
        if not found:
            return self.top + self.height * (1.0 - number_in(place) / 100.0)
        half, centre, shift = (float(one) for one in found.groups())
        held = min(max(half, self.height * centre / 100.0), self.height - half)
        return self.top + self.height - held - shift


def _upright(tree: Element, plot: Element) -> tuple[Markup, float]:
    room = style_of(plot)
    rows = max(number_in(style_of(tree).get("--rows", "")), 0.0) if first_of_class(plot, "names") is not None else 0.0
    titled = first_of_class(plot, "axis-x") is not None
    left = _EDGE + _LETTER * number_in(room.get("--axis", "")) + 6.0
    ends = min(_LETTER * number_in(room.get("--ends", "")), 0.34 * _WIDE)
    noted = first_of_class(plot, "notes") is not None
    top = _TITLE + 18.0 * rows + (18.0 if titled or noted else 0.0)
    box = _Box(left, top, _WIDE - left - max(ends, _EDGE), number_in(room["--tall"]))
    drawn = next(one for one in plot if one.tag == "svg")
    shapes = Markup('<g class="plot" transform="translate({:.1f} {:.1f}) scale({:.5f} 0.5)">{}</g>').format(
        box.left, box.top, box.width / WIDTH, join(_shape(one) for one in drawn)
    )
    words = [*_axis_words(plot, box), *_end_words(plot, box), *_notes(plot, box), *_names(plot, box)]
    bottom = box.top + box.height + (50.0 if titled else 30.0)
    keys = first_of_class(tree, "keys")
    if keys is not None:
        words.append(_keys(keys, box.left, bottom + 8.0))
        bottom += 24.0
    return join([shapes, *words]), bottom


def _shape(element: Element) -> Markup:
    if element.tag == "g":
        return Markup("<g>{}</g>").format(join(_shape(one) for one in element))
    return Markup('<path class="{}" d="{}"/>').format(element.get("class", ""), element.get("d", ""))


def _axis_words(plot: Element, box: _Box) -> list[Markup]:
    words = [
        _text(box.left - 6.0, box.y(one) + _LOWER, text_of(one), anchor="end")
        for side in of_class(plot, "y")
        for one in side
    ]
    for side in of_class(plot, "x"):
        for one in side:
            anchor = "start" if "first" in classes(one) else "end" if "last" in classes(one) else "middle"
            words.append(_text(box.x(one), box.top + box.height + 18.0, text_of(one), anchor=anchor))
    right, low = box.left + box.width, box.top + box.height
    words += [_text(right, low + 36.0, text_of(one), anchor="end") for one in of_class(plot, "axis-x")]
    words += [_text(box.left, box.top - 8.0, text_of(one)) for one in of_class(plot, "axis-y")]
    return words


def _end_words(plot: Element, box: _Box) -> list[Markup]:
    words, right = [], box.left + box.width
    for side in of_class(plot, "ends"):
        for one in side:
            y = box.y(one)
            if one.tag == "i":
                words.append(_marker(one, right, y))
                continue
            swatch = first_of_class(one, "swatch")
            if swatch is not None:
                words.append(_square(swatch, right + 8.0, y))
            mark = _marker(one, right + 13.0, y)
            words += [
                mark,
                _text(right + (8.0 if not mark and swatch is None else 22.0), y + _LOWER, text_of(one), "ink"),
            ]
    return words


def _square(swatch: Element, x: float, middle: float) -> Markup:
    return Markup('<rect class="full {}" x="{:.1f}" y="{:.1f}" width="10" height="10"/>').format(
        swatch.get("class", ""), x, middle - 5.0
    )


def _notes(plot: Element, box: _Box) -> list[Markup]:
    words = []
    for side in of_class(plot, "notes"):
        for one in side:
            kinds = classes(one)
            anchor = "start" if "first" in kinds else "end" if "last" in kinds else "middle"
            words.append(
                _text(box.x(one), box.y(one) + (14.0 if "low" in kinds else -6.0), text_of(one), "ink", anchor)
            )
    for side in of_class(plot, "numbers"):
        words += [_text(box.x(one), box.y(one) + 13.0, text_of(one), "number", "middle") for one in side]
    return words


def _names(plot: Element, box: _Box) -> list[Markup]:
    """Return the names above the lines of a histogram and those beside the points of a scatter."""
    words = []
    for side in of_class(plot, "names"):
        for one in side:
            style, text = style_of(one), text_of(one)
            wide = _LETTER * len(text) + 14.0
            x = box.x(one) + wide * number_in(style.get("--lean", "")) / 100.0
            y = box.top - 18.0 * number_in(style.get("--row", "")) - 6.0
            words += [_marker(one, x + 5.0, y - _LOWER), _text(x + 14.0, y, text, "ink")]
    for spot in of_class(plot, "spot"):
        x, y = box.x(spot), box.y(spot)
        words.append(_marker(spot, x, y))
        if text := text_of(spot):
            leans = "leans" in classes(spot)
            words.append(_text(x - 9.0 if leans else x + 9.0, y + _LOWER, text, "ink", "end" if leans else "start"))
    return words


def _keys(keys: Element, x: float, y: float) -> Markup:
    words = []
    for one in keys:
        swatch = first_of_class(one, "swatch")
        if swatch is not None:
            words += [_square(swatch, x, y), _text(x + 15.0, y + _LOWER, text_of(one))]
            x += 15.0 + _LETTER * len(text_of(one)) + 18.0
    return join(words)


def _lying(tree: Element) -> tuple[Markup, float]:
    """Return rows of a name, a drawing and a figure each, then the axis below them where there is one."""
    listed = next(of_class(tree, "lying"))
    room = style_of(listed)
    names = min(7.4 * (number_in(room.get("--names", "")) + 1.0), 0.4 * _WIDE)
    figures = 7.4 * number_in(room.get("--figures", ""), 8.0)
    box = _Box(_EDGE + names + 10.0, 0.0, _WIDE - 2.0 * _EDGE - names - figures - 20.0, 0.0)
    words, y = [], _TITLE
    for row in listed:
        words.append(_lying_row(row, box, y))
        y += _ROW
    for axis in of_class(tree, "axis"):
        words += [_text(box.x(one), y + 12.0, text_of(one), anchor="middle") for one in axis.iter("b")]
        y += 20.0
    for hint in of_class(tree, "hint"):
        words.append(_text(_EDGE, y + 14.0, text_of(hint)))
        y += 20.0
    return join(words), y + 8.0


def _lying_row(row: Element, box: _Box, top: float) -> Markup:
    middle = top + _ROW / 2.0
    name, figure, drawn = (next(row.iter(tag), None) for tag in ("span", "em", "i"))
    words = []
    if name is not None:
        words.append(_text(_EDGE, middle + _LOWER, text_of(name), "name"))
    if figure is not None:
        words.append(_text(_WIDE - _EDGE, middle + _LOWER, text_of(figure), "name", "end"))
    return join([*words, *(_lying_part(one, box, middle) for one in (() if drawn is None else drawn))])


_THICK: Final = {"bar": 12.0, "zero": _ROW, "whisker": 2.0, "reach": 2.0, "tick": 14.0, "median": 20.0, "joint": _ROW}
_FILLS: Final = {"zero": "zero", "joint": "zero", "whisker": "dark", "median": "dark", "tick": "faint c0"}


def _lying_part(part: Element, box: _Box, middle: float) -> Markup:
    kinds = classes(part)
    kind = kinds[0] if kinds else ""
    x = box.x(part)
    if kind == "point":
        return _marker(part, x, middle)
    if kind not in _THICK:
        return Markup("")
    thick, colour = _THICK[kind], next((one for one in kinds if re.fullmatch(r"[ac]\d", one)), "")
    wide = box.width * number_in(style_of(part).get("width", "")) / 100.0 or (
        2.0 if kind in {"tick", "median"} else 1.0
    )
    fill = _FILLS.get(kind) or f"{'thin' if 'hatched' in kinds else 'full'} {colour}"
    y = middle if kind == "joint" else middle - thick / 2.0
    return Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
        fill, x - (wide / 2.0 if kind in {"tick", "median"} else 0.0), y, wide, thick
    )
