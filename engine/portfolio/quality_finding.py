"""What a quality gate found of one company at one decision, for the ledger to remember."""

from __future__ import annotations

import datetime as dt
from typing import Literal, NamedTuple, TypeAlias

Outcome: TypeAlias = Literal["passed", "failed", "unknown"]


class QualityFinding(NamedTuple):
    """What the figures filed by the last close seen say of ``ticker``.

    ``filed``: when they were filed, None where nothing was. ``criteria`` and ``holds`` go together: whether each holds,
    None where that is not known. ``explanation``: why it does not pass, "" where it does. ``admitted``: whether it may
    be held, as one that is held already may be though it fails, where the plan says so.
    """

    ticker: str
    filed: dt.date | None
    criteria: tuple[str, ...]
    holds: tuple[bool | None, ...]
    explanation: str
    admitted: bool

    @property
    def outcome(self) -> Outcome:
        """Failed when any criterion is not met, else unknown when any is not known."""
        return "failed" if False in self.holds else "unknown" if None in self.holds else "passed"
