"""The page's controls: period, lines, log; they appear with the script and are not there without it."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from engine.report.charts.frame import colour, join, marker, plain, short_label


def period_bar(
    first: str, last: str, lines: Sequence[tuple[str, str, int, bool]], *, log: bool | None = None
) -> Markup:
    """Return the bar of a page with packed levels, whose first and last dates are ``first`` and ``last``.

    ``lines`` are (series, label, place, shown at first); ``log`` is how growth is drawn at first, None where it can
    only be linear.
    """
    dates = join(
        Markup(
            '<label>{} <input type="text" id="{}" value="{}" size="10" inputmode="numeric" autocomplete="off"'
            ' spellcheck="false" aria-describedby="period-note"></label>'
        ).format(word, key, value)
        for word, key, value in (("Period", "from", first), ("to", "to", last))
    )
    years = join(
        Markup('<button type="button" data-years="{}">{}</button>').format(span, text)
        for span, text in ((1, "1y"), (3, "3y"), (5, "5y"), (10, "10y"), (0, "All"))
    )
    scale = Markup("")
    if log is not None:
        scale = Markup('<button type="button" id="log" aria-pressed="{}">Log</button>').format(
            "true" if log else "false"
        )
    return Markup(
        '<div class="bar live-only" id="controls"><span class="dates">{}</span><span class="years">{}</span>{}'
        '<span class="lines" role="group" aria-label="Lines">{}</span></div>'
        '<p class="hint live-only" id="period-note" aria-live="polite"></p>'
    ).format(dates, years, scale, join(_line_button(*line) for line in lines))


def _line_button(series: str, label: str, place: int, shown: bool) -> Markup:  # noqa: FBT001
    return Markup('<button type="button" class="{}" data-line="{}" aria-pressed="{}" title="{}">{}{}</button>').format(
        colour(place),
        plain(series),
        "true" if shown else "false",
        plain(label),
        marker(place),
        plain(short_label(label)),
    )
