"""A range of points computed: what workers send, the journal keeps and the table is written from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.core.arrays import FloatArray
from engine.sweep.batch.batch_metrics import sweep_metrics
from engine.sweep.section_values import RejectionCounts


@dataclass(frozen=True)
class Chunk:
    """The points ``first`` to ``last`` (not included), S of them valid.

    Attributes
    ----------
    point_numbers : (S,) of the valid points
    spans : (S, 3) day of the first session and of the last since 1970, and how many sessions there are
    metrics : (S, F) by ``sweep_metrics``; NaN where one does not exist

    """

    first: int
    last: int
    point_numbers: npt.NDArray[np.int64]
    spans: npt.NDArray[np.int32]
    metrics: FloatArray
    rejections: RejectionCounts = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the chunk as bytes: a line of JSON, then its arrays."""
        head = {"first": self.first, "last": self.last, "rows": len(self.point_numbers), "refused": self.rejections}
        arrays = (self.point_numbers.astype("<i8"), self.spans.astype("<i4"), self.metrics.astype("<f8"))
        return b"".join([json.dumps(head).encode(), b"\n", *(array.tobytes() for array in arrays)])

    @classmethod
    def decode(cls, content: bytes) -> Chunk:
        """Return the chunk that :meth:`encode` made ``content`` of."""
        line, _, body = content.partition(b"\n")
        head = json.loads(line)
        rows = int(head["rows"])
        return cls(
            head["first"],
            head["last"],
            np.frombuffer(body[: 8 * rows], dtype="<i8"),
            np.frombuffer(body[8 * rows : 20 * rows], dtype="<i4").reshape(rows, 3),
            _table(np.frombuffer(body[20 * rows :], dtype="<f8"), rows),
            {reason: (count, first) for reason, (count, first) in head["refused"].items()},
        )

    @property
    def is_whole(self) -> bool:
        """Tell whether each point is there once, valid with figures that can be, or counted with its reason."""
        numbers = [self.first, self.last, *(number for pair in self.rejections.values() for number in pair)]
        if not all(type(number) is int and number >= 0 for number in numbers):
            return False
        if np.isinf(self.metrics).any() or np.isnan(self.metrics[:, 0]).any():  # each has a final value
            return False
        opening, last, sessions = self.spans.T
        if (sessions < 1).any() or (last < opening).any():
            return False
        if any(not count or not self.first <= first < self.last for count, first in self.rejections.values()):
            return False
        counted = sum(count for count, _ in self.rejections.values())
        inside = (self.first <= self.point_numbers) & (self.point_numbers < self.last)
        rising = bool((np.diff(self.point_numbers) > 0).all())
        return (
            self.first < self.last == self.first + len(self.point_numbers) + counted and rising and bool(inside.all())
        )


def _table(numbers: FloatArray, rows: int) -> FloatArray:
    """Return the metrics of so many points, those after tax and those of plug-ins where there are any."""
    widths = [len(sweep_metrics(taxed=taxed, of_plug_ins=more)) for more in ((), ("",)) for taxed in (False, True)]
    width = next((one for one in widths if len(numbers) == rows * one), widths[0])
    return numbers.reshape(rows, width)


def decode_chunk(content: bytes) -> Chunk | None:
    """Return the chunk that is encoded in ``content``; None where there is none, whatever it is instead."""
    try:
        chunk = Chunk.decode(content)
        whole = chunk.is_whole
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return None
    return chunk if whole else None
