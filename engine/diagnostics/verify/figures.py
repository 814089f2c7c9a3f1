"""A published figure beside the one that is computed on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.core.json_files import Json


@dataclass(frozen=True)
class ReferenceFigure:
    """One published number or date, and the same computed here.

    ``expected`` is what ``source`` gives, ``found`` what the engine computes here; they agree within ``tolerance``, of
    the expected size where that is above 1, else as it stands. Texts must be equal.
    """

    group: str
    name: str
    source: str
    expected: float | str
    found: float | str | None
    tolerance: float = 1e-9

    @property
    def difference(self) -> float:
        """How far apart they are, in parts of the expected size where that is above 1; infinite for unequal texts."""
        if isinstance(self.expected, str) or isinstance(self.found, str) or self.found is None:
            return 0.0 if self.found == self.expected else float("inf")
        return abs(self.found - self.expected) / max(1.0, abs(self.expected))

    @property
    def agrees(self) -> bool:
        """Whether they agree."""
        return self.difference <= self.tolerance


@dataclass(frozen=True)
class FigureGroup:
    """A group of figures of one source, which makes its figures."""

    group: str
    origin: str

    def figure(
        self, name: str, expected: float | str, found: float | str | None, tolerance: float = 1e-9
    ) -> ReferenceFigure:
        """Return one figure."""
        return ReferenceFigure(self.group, name, self.origin, expected, found, tolerance)

    def compare(self, name: str, written: Json, found: float | str | None, tolerance: float = 1e-9) -> ReferenceFigure:
        """Return a figure of a file beside itself computed anew; one that does not exist is equal to none only.

        Raises OverflowError for digits without end.
        """
        number = float(written) if isinstance(written, float | int) else None
        expected = number if number is not None else written if isinstance(written, str) else "null"
        return self.figure(name, expected, "null" if found is None else found, tolerance)

    def figures(
        self, name: str, expected: Iterable[float], found: Iterable[float], tolerance: float = 1e-9
    ) -> Iterator[ReferenceFigure]:
        """Yield the entries of a vector."""
        for number, pair in enumerate(zip(expected, found, strict=True), 1):
            yield self.figure(f"{name} {number}", pair[0], float(pair[1]), tolerance)
