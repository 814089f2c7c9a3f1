"""What every chart has around it: a title, a picture whose words are HTML beside it, its description, its data.

The picture is an SVG that stretches with its box; whatever is written stands beside it in per cent of the box, so that
letters keep their size on every screen and on paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from markupsafe import Markup, escape

from engine.core.errors import spell_out_controls

Size: TypeAlias = Literal["tall", "medium", "low"]
"""How high a picture is; a phone has less room for all of them."""

HEIGHTS: Final[dict[Size, tuple[int, int]]] = {"tall": (340, 150), "medium": (220, 140), "low": (120, 110)}
"""[px] on a desk, on a phone."""
WIDTH: Final = 1160
"""Width of a picture in its own units, of which a point of its lines is a whole number."""
_COLOURS: Final = 5
_FIRST: Final = 0.02
_LAST: Final = 0.98
"""Before and after which place a text leans inwards."""
_PHONE: Final = 140.0
"""Width of a picture beside its labels on the smallest phone [px]."""
_LETTER: Final = 7.7
_GAP: Final = 5.0
"""Width of a letter below a picture, and between two texts [px]."""
_SHAPES: Final = (
    "M5 1a4 4 0 1 0 .01 0Z",  # circle
    "M1 1H9V9H1Z",  # square
    "M5 .5 9.7 9H.3Z",  # triangle
    "M5 0 10 5 5 10 0 5Z",  # diamond
    "M3.5 0h3v3.5H10v3H6.5V10h-3V6.5H0v-3h3.5Z",  # cross
)


@dataclass(frozen=True)
class Frame:
    """A chart's name in the page, its title, and how high it is; ``wide`` axis texts and end labels in letters."""

    key: str
    title: str
    size: Size = "medium"
    axis: int = 5
    ends: int = 0


def colour(place: int) -> str:
    """Return the class of a line's colour; 0 is the strategy, 1 buy and hold."""
    return f"c{place % _COLOURS}"


def marker(place: int) -> Markup:
    """Return the shape that stands for a line beside its colour; no two of 25 places share both."""
    shape = _SHAPES[(place + place // _COLOURS) % len(_SHAPES)]
    return Markup('<svg class="mark {}" viewBox="0 0 10 10" aria-hidden="true"><path d="{}"/></svg>').format(
        colour(place), shape
    )


def plain(text: str) -> Markup:
    """Return a text of anybody's as HTML that shows it letter for letter."""
    return escape(spell_out_controls(text))


def short_label(text: str, letters: int = 22) -> str:
    """Return a long name cut in its middle.

    >>> short_label("A portfolio with a very long name", 15)
    'A portf…ng name'
    """
    text = spell_out_controls(text)
    if len(text) <= letters:
        return text
    front = letters // 2
    return f"{text[:front]}…{text[len(text) - (letters - front - 1) :]}"


def widest(texts: Iterable[str]) -> int:
    """Return the letters of the longest text."""
    return max((len(text) for text in texts), default=0)


def per_cent(fraction: float) -> str:
    """Return a place in the box, as style sheets have it.

    >>> per_cent(0.5), per_cent(1.0 / 3.0)
    ('50%', '33.33%')
    """
    return f"{100.0 * fraction:.2f}".rstrip("0").rstrip(".") + "%"


def join(parts: Iterable[Markup | str]) -> Markup:
    """Return pieces of HTML as one; what is not Markup is escaped."""
    return Markup("").join(parts)


def y_texts(ticks: Sequence[tuple[float, str]]) -> Markup:
    """Return the texts beside the picture, each with its place from the bottom."""
    spans = (Markup('<span style="bottom:{}">{}</span>').format(per_cent(at), text) for at, text in ticks)
    return Markup('<div class="y" aria-hidden="true">{}</div>').format(join(spans))


def x_texts(ticks: Sequence[tuple[float, str]]) -> Markup:
    """Return the texts below the picture, each with its place from the left; those at the ends lean inwards.

    Of many, a phone shows those that do not touch.
    """
    spans, end = [], -1.0
    for at, text in ticks:
        width = (_LETTER * len(text) + _GAP) / _PHONE
        begin = at - (0.0 if at < _FIRST else width if at > _LAST else width / 2)
        spans.append(
            Markup('<span{} style="left:{}">{}</span>').format(_lean(at, odd=begin < end), per_cent(at), plain(text))
        )
        end = end if begin < end else begin + width
    return Markup('<div class="x" aria-hidden="true">{}</div>').format(join(spans))


def _lean(at: float, *, odd: bool) -> Markup:
    kinds = [*(["first"] if at < _FIRST else ["last"] if at > _LAST else []), *(["odd"] if odd else [])]
    return Markup(' class="{}"').format(" ".join(kinds)) if kinds else Markup("")


def picture(
    frame: Frame,
    shapes: Markup,
    around: Markup,
    *,
    describe: str,
    attributes: Markup | str = "",
    below: Markup | str = "",
) -> Markup:
    """Return a chart: its shapes, with the words ``around`` them, what it shows in a sentence, and what is below."""
    tall, low = HEIGHTS[frame.size]
    return Markup(
        '<figure class="chart" id="{key}"{attributes}><figcaption id="{key}-title">{title}</figcaption>'
        '<div class="plot" style="--tall:{tall}px;--low:{low}px;--axis:{axis}ch;--ends:{ends}ch">'
        '<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img"'
        ' aria-labelledby="{key}-title {key}-says">{shapes}</svg>{around}</div>'
        '<p class="sr" id="{key}-says">{describe}</p>{below}</figure>'
    ).format(
        key=frame.key,
        attributes=attributes,
        title=plain(frame.title),
        tall=tall,
        low=low,
        axis=frame.axis,
        ends=frame.ends,
        width=WIDTH,
        height=2 * tall,
        shapes=shapes,
        around=around,
        describe=plain(describe),
        below=below,
    )
