"""A panel of a run's page: a question, its answer in a sentence, and what a template of its own shows below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from engine.backtest.finished_run import FinishedRun


@dataclass(frozen=True)
class Panel:
    """One panel of a page.

    Attributes
    ----------
    anchor : id of its section, to which the contents link
    short : what the contents call it
    title : the question that it answers
    answer : one sentence with the figures in it, "" for none; a hyphen before a number becomes a minus
    template : name of its template in ``assets/panels``, without ``.html.j2``
    content : what that template reads, each by its name; figures are formatted by filters, charts are markup
    how : sentences on how it is computed, shown on request; none where the panel says so itself
    follows : whether its charts and cells follow a chosen period; the others say that they are of the whole window

    """

    anchor: str
    short: str
    title: str
    template: str
    answer: str = ""
    content: Mapping[str, object] = field(default_factory=dict)
    how: tuple[str, ...] = ()
    follows: bool = False


PanelMaker: TypeAlias = Callable[[FinishedRun], Panel | None]
"""Returns a panel of a run, None where there is nothing to show."""
