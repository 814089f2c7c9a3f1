"""Published figures by name, as ``engine verify`` states them: they are typed once, there."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count, takewhile

from engine.diagnostics.verify.figures import ReferenceFigure


class ExpectedFigures:
    """The expected values of a group of figures, by name."""

    def __init__(self, figures: Iterable[ReferenceFigure]) -> None:
        """Keep what the source gives; what this engine finds is of no interest here."""
        self.expected = {figure.name: figure.expected for figure in figures}

    def __getitem__(self, name: str) -> float:
        """Return one figure."""
        return self.expected[name]

    def vector(self, name: str) -> list[float]:
        """Return the figures ``name 1``, ``name 2`` and so on."""
        names = (f"{name} {number}" for number in count(1))
        return [self.expected[one] for one in takewhile(self.expected.__contains__, names)]
