"""Results as a notebook shows them: a table with a line above and below it, in whatever colours the notebook has.

There is no style sheet and no script, so nothing else in the notebook looks otherwise, and nothing is missing where a
notebook is not trusted. Every text is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from engine.report import number_format as fmt
from engine.report.charts.frame import join, plain

_RIGHT = Markup(' style="text-align:right"')
_LEFT = Markup(' style="text-align:left"')


def table_html(heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 1) -> Markup:
    """Return a table whose first ``words`` columns are words and whose others are figures."""
    return Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(
        join(_cell("th", place, text, words) for place, text in enumerate(heads)),
        join(
            Markup("<tr>{}</tr>").format(
                join(_cell("td" if place else "th", place, text, words) for place, text in enumerate(row))
            )
            for row in rows
        ),
    )


def result_html(title: str, facts: str, lines: Sequence[str], body: Sequence[Markup], foot: str = "") -> str:
    """Return a result: its title and ``facts``, a paragraph for each of ``lines``, the ``body``, and a ``foot``."""
    return str(
        Markup("<div><p><strong>{}</strong> {}</p>{}{}{}</div>").format(
            plain(title),
            plain(facts),
            join(Markup("<p>{}</p>").format(plain(fmt.typeset(line))) for line in lines if line),
            join(body),
            Markup("<p><small>{}</small></p>").format(plain(foot)) if foot else "",
        )
    )


def _cell(tag: str, place: int, text: str, words: int) -> Markup:
    return Markup("<{tag}{lean}>{text}</{tag}>").format(
        tag=Markup(tag),  # noqa: S704  (one of two written above)
        lean=_LEFT if place < words else _RIGHT,
        text=plain(fmt.typeset(text)),
    )
