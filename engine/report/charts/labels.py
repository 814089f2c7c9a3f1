"""Labels at the ends of lines: none covers another, on any height of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from engine.report.charts.frame import join, marker, per_cent, plain, short_label

LINE: int = 17
"""Height of a label [px]."""


@dataclass(frozen=True)
class EndLabel:
    """A line's name where the line ends; ``fraction`` counts from the bottom; without a ``place`` it has no marker.

    ``swatch`` is the class of a coloured square in place of a marker.
    """

    label: str
    fraction: float
    place: int | None
    swatch: str = ""


def end_labels(labels: Sequence[EndLabel], height: int) -> Markup:
    """Return the labels right of the picture, each as near to its line's end as those beside it leave room.

    ``height`` [px] is the lowest that the picture ever has: labels that would touch there stand together as a stack
    around their mean, whatever the height is. A label's marker stands at its line's end, in a stack beside the label.
    """
    stacks = spread([one.fraction for one in labels], LINE / height)
    spans, alone = [], {stack[0] for stack, _ in stacks if len(stack) == 1}
    for stack, centre in stacks:
        half = len(stack) * LINE // 2
        for number, which in enumerate(stack):
            shift = half - LINE * number - LINE // 2
            spans.append(_label(labels[which], centre, half, shift, alone=which in alone))
    marks = (
        Markup('<i style="bottom:{}">{}</i>').format(per_cent(one.fraction), marker(one.place))
        for which, one in enumerate(labels)
        if one.place is not None and which in alone
    )
    return Markup('<div class="ends" aria-hidden="true">{}{}</div>').format(join(marks), join(spans))


def _label(one: EndLabel, centre: float, half: int, shift: int, *, alone: bool) -> Markup:
    return Markup(
        '<span style="bottom:calc(clamp({half}px,{centre},100% - {half}px) + {shift}px)" title="{whole}">{mark}{label}'
        "</span>"
    ).format(
        half=half,
        centre=per_cent(centre),
        shift=shift,
        whole=plain(one.label),
        mark="" if alone and one.place is not None else _mark(one),  # it stands at the line, beside the label
        label=plain(short_label(one.label)),
    )


def _mark(one: EndLabel) -> Markup:
    if one.place is not None:
        return marker(one.place)
    return Markup('<i class="swatch {}"></i>').format(one.swatch) if one.swatch else Markup("")


def spread(fractions: Sequence[float], gap: float) -> list[tuple[list[int], float]]:
    """Return stacks of labels from the top down, each with the fraction of its centre.

    Labels nearer than ``gap`` share a stack, which may reach into the next and then takes that in too (pooling of
    adjacent violators). A stack stays inside the picture.

    >>> spread([0.5, 0.52, 0.1], 0.1)
    [([1, 0], 0.51), ([2], 0.1)]
    """
    stacks: list[tuple[list[int], float]] = []
    for which in sorted(range(len(fractions)), key=lambda k: -fractions[k]):
        members, centre = [which], _inside(fractions[which], gap)
        while stacks and stacks[-1][1] - centre < gap * (len(stacks[-1][0]) + len(members)) / 2 - 1e-12:
            members = stacks.pop()[0] + members
            centre = _inside(sum(fractions[k] for k in members) / len(members), gap * len(members))
        stacks.append((members, centre))
    return stacks


def _inside(centre: float, length: float) -> float:
    return min(max(centre, length / 2), 1.0 - length / 2) if length < 1.0 else 0.5
