"""Who passed a quality gate, failed it or was unknown, as the terminal and the page show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from engine.analysis.gate_findings import GateFinding
from engine.report import number_format as fmt

COUNT_HEADS: Final = ("criterion", "met", "not met", "unknown")
_ANSWERS: Final = {True: "met", False: "not met", None: "unknown"}


def count_rows(findings: Sequence[GateFinding]) -> list[list[str]]:
    """Return for each criterion, then for all of them together, how often it was met, not met and unknown."""
    rows = []
    for criterion in findings[0].criteria if findings else ():
        found = Counter(one.criteria[criterion] for one in findings)
        rows.append([criterion, *(fmt.count(found[answer]) for answer in _ANSWERS)])
    whole = Counter(one.outcome for one in findings)
    return [*rows, ["all criteria", *(fmt.count(whole[outcome]) for outcome in ("passed", "failed", "unknown"))]]


def finding_heads(findings: Sequence[GateFinding]) -> list[str]:
    """Return the heads of :func:`finding_rows`."""
    return ["Date", "Asset", "Filed", "Found", *findings[0].criteria, "Let through", "Why not passed"]


def finding_rows(findings: Sequence[GateFinding]) -> list[list[str]]:
    """Return a row for each finding, by date and asset."""
    return [
        [
            one.date,
            one.asset,
            one.filed or fmt.DASH,
            one.outcome,
            *(_ANSWERS[answer] for answer in one.criteria.values()),
            "yes" if one.admitted else "no",
            one.explanation,
        ]
        for one in findings
    ]
