"""Findings of the quality gate: an *error* makes a run meaningless, a *warning* may be real, a *note* is a fact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from engine.core.errors import DataError
from engine.core.shortlist import shortlist

Severity: TypeAlias = Literal["error", "warning", "note"]

MAX_FINDINGS_PER_KIND: Final = 8
"""Findings of one kind that are shown one by one."""
_MAX_TICKERS: Final = 8
_SEVERITIES: Final = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing found; the message names the ticker, which is empty (and ``date`` None) where it concerns all data.

    Of findings of one kind the one with the largest ``size`` is the worst.
    """

    severity: Severity
    kind: str
    ticker: str
    date: np.datetime64 | None
    message: str
    size: float = 0.0

    def __str__(self) -> str:
        """Return ``severity: message``."""
        return f"{self.severity}: {self.message}"


def raise_error_findings(findings: Iterable[Finding]) -> None:
    """Raise one DataError with a line for each error; warnings and notes pass."""
    errors = [finding.message for finding in findings if finding.severity == "error"]
    if errors:
        raise DataError(*errors)


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return errors first; findings of one kind stand together, the worst first."""
    groups: dict[tuple[int, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((_SEVERITIES.index(finding.severity), finding.kind), []).append(finding)
    by_severity = sorted(groups.items(), key=lambda group: group[0][0])
    return tuple(one for _, group in by_severity for one in sorted(group, key=lambda one: -one.size))


def limit_findings(findings: Iterable[Finding], most: int = MAX_FINDINGS_PER_KIND) -> Iterator[Finding]:
    """Yield findings; more than ``most`` of one kind become a line with their count and the worst. Errors all stay."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in sort_findings(findings):
        groups.setdefault((finding.severity, finding.kind), []).append(finding)
    for (severity, kind), group in groups.items():
        if severity == "error" or len(group) <= most:
            yield from group
            continue
        worst, whose = group[0], list(dict.fromkeys(finding.ticker for finding in group))
        listed, which = shortlist(whose, _MAX_TICKERS), "the worst is" if worst.size else "for example"
        message = f"{len(group)} findings of the kind {kind.replace('_', ' ')} ({listed}), {which} {worst.message}"
        yield Finding(worst.severity, kind, "", worst.date, message, worst.size)
